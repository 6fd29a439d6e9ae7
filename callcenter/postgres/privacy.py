"""One person, across every table: what is there of her, and how it goes. Knows tables; knows no file and no screen.

Theory: all rows go in one transaction, so a run that is killed has done nothing, and a dry run is the same transaction
taken back. A contact goes whole or stays whole: of one whose recording is held everything stays, its number too, so
that whoever comes again finds it. The ledger is written before it and holds a keyed hash only. What must not go is told
and not erased: live calls, what somebody holds, what the next start tells again (after the last snapshot); done again
later, it is whole. `TREATED` names every column of the schema that is marked PERSONAL; a law test compares.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any, Final

import msgspec

from callcenter.core.flows import ERASED_DIGIT
from callcenter.model.numbers import ERASED_TAG_CHARS
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql
from callcenter.postgres.typed import STEPS, Key, typed
from callcenter.postgres.unnamed import ERASED, WITHIN_CHARS, Unnaming

PAGE: Final = 500  # entries of the journal at a time
EXPORTED_MAX: Final = 100_000  # rows of one table

STAFF: Final = "of a person who works here, not of a caller"
PROOF: Final = "proves that she might be called, or asked not to be (GDPR 17(3)(b) and (e)); kept, and told"
OPERATOR: Final = "written by the operator; a number in it is a rule of hers"

TREATED: Final[Mapping[str, str]] = {
    "journal.event": ERASED,
    "journal.outputs": ERASED,
    "journal_refused.line": ERASED,
    "snapshot.state": ERASED,
    "contact.caller": ERASED,
    "contact.caller_name": ERASED,
    "agent_activity.reason": STAFF,
    "recording.path": ERASED,
    "agent.name": STAFF,
    "agent.phone": STAFF,
    "configuration_file.text": OPERATOR,
    "configuration.made_by": STAFF,
    "callback.number": ERASED,
    "callback.note": ERASED,
    "callback_attempt.number": ERASED,
    "api_token.agent": STAFF,
    "api_token.made_by": STAFF,
    "api_token.person": STAFF,
    "api_token.revoked_by": STAFF,
    "audit.who": STAFF,
    "audit.subject": ERASED,
    "api_answer.body": ERASED,
    "lead.reference": ERASED,
    "lead.name": ERASED,
    "lead.custom": ERASED,
    "lead_number.number": ERASED,
    "attempt.number": ERASED,
    "callback_dial.number": ERASED,
    "do_not_call_entry.entry": PROOF,
    "do_not_call_entry.reason": PROOF,
    "consent.number": PROOF,
    "consent.proof": PROOF,
    "receipt.body": PROOF,
    "disposition.note": ERASED,
    "disposition.fields": ERASED,
    "customer.reference": ERASED,
    "customer.name": ERASED,
    "customer.language": ERASED,
    "customer.fields": ERASED,
    "customer.tags": ERASED,
    "customer.do_not_call_source": ERASED,
    "customer_number.number": ERASED,
    "customer_number.raw": ERASED,
    "customer_address.text": ERASED,
    "customer_note.text": ERASED,
    "customer_change.what": ERASED,
    "webhook.made_by": STAFF,
    "webhook_delivery.body": ERASED,
    "recording_file.source": ERASED,
    "recording_hold.reason": STAFF,
    "recording_deed.note": STAFF,
    "party.number": ERASED,
    "transfer.name": ERASED,
    "erasure.done_by": STAFF,
}
"""Every column marked PERSONAL -> ERASED, or why it stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom the database knows by a number."""

    forms: tuple[str, ...]  # every form of every number of hers
    contacts: tuple[str, ...]  # that are over, and can go
    live: tuple[str, ...]
    kept_back: Mapping[str, str]  # contacts that are over, and why they stay as they are for now
    customers: tuple[int, ...]
    leads: tuple[int, ...]
    recordings: tuple[Mapping[str, Any], ...]
    called_back_at: frozenset[str] = frozenset()  # numbers that she asked to be called at, by whomever they are known

    @property
    def patterns(self) -> list[str]:
        """For LIKE: the forms as they stand in JSON. Very short ones would be found in anything."""
        return [f'%"{_escaped(form)}"%' for form in self.forms]

    @property
    def wide_patterns(self) -> list[str]:
        """Likewise, for what is looked at more closely afterwards: long forms within texts too."""
        return [*self.patterns, *(f"%{_escaped(form)}%" for form in self.forms if len(form) >= WITHIN_CHARS)]

    def without(self, stay: Mapping[str, str]) -> "Person":
        """The same, but that these contacts stay as they are as well."""
        contacts = tuple(contact for contact in self.contacts if contact not in stay)
        return replace(self, contacts=contacts, kept_back={**self.kept_back, **stay})

    def unnaming(self, tag: str) -> Unnaming:
        """Who takes her out of the journal."""
        whole = frozenset((*self.live, *self.kept_back))
        return Unnaming(frozenset(self.forms), frozenset(self.contacts), whole, tag, self.called_back_at)


@dataclass(slots=True, kw_only=True)
class Report:
    """What was touched, by table, and what was left."""

    rows: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)  # on purpose
    copies: list[str] = field(default_factory=list)  # given out before

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {"rows": self.rows, "left": self.left, "kept": self.kept, "copies": self.copies}


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


class Privacy:
    """Looks for a person, and erases her."""

    def __init__(self, pool: Pool, key: bytes) -> None:
        """`key` makes hashes of numbers that nobody can guess back without it."""
        self._pool = pool
        self._key = key

    def hash_of(self, number: str) -> str:
        """The person in the ledger."""
        return hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()

    async def numbers_of(self, forms: Sequence[str]) -> list[tuple[str, str]]:
        """All numbers of the customer who has one of these: as kept, as entered."""
        with asking():
            found: list[tuple[str, str]] = []
            for row in await self._pool.fetch(sql("privacy.customer"), list(forms)):
                rows = await self._pool.fetch(sql("privacy.numbers_of_customer"), row["customer"])
                found += [(one["number"], one["raw"]) for one in rows]
            return found

    async def agent_of(self, forms: Sequence[str]) -> str:
        """Whose phone of the house has one of these numbers; "" if nobody's."""
        with asking():
            agent: str | None = await self._pool.fetchval(sql("privacy.agent"), list(forms))
        return agent or ""

    async def find(self, forms: Sequence[str]) -> Person:
        """Everything that hangs on these forms of numbers."""
        with asking():
            given = list(dict.fromkeys(forms))
            contacts = await self._pool.fetch(sql("privacy.contacts"), given)
            over = [row["id"] for row in contacts if row["over"]]
            recordings = [dict(row) for row in await self._pool.fetch(sql("privacy.recordings"), over)]
            kept_back = _kept_back([dict(row) for row in contacts], recordings)
            customers = await self._pool.fetch(sql("privacy.customer"), given)
            leads = await self._pool.fetch(sql("privacy.leads"), given)
            asked = await self._pool.fetch(sql("privacy.typed_numbers"), over)
            return Person(
                forms=tuple(given),
                contacts=tuple(contact for contact in over if contact not in kept_back),
                live=tuple(row["id"] for row in contacts if not row["over"]),
                kept_back=kept_back,
                customers=tuple(row["customer"] for row in customers),
                leads=tuple(row["lead"] for row in leads),
                recordings=tuple(one for one in recordings if one["contact"] not in kept_back),
                called_back_at=frozenset(row["number"] for row in asked),
            )

    async def begin(self, person: str, by: str) -> int:
        """A line in the ledger, before anything is done."""
        async with changing(self._pool) as connection:
            number: int = await connection.fetchval(sql("privacy.begun"), person, by)
        return number

    async def end(self, erasure: int, report: Report) -> None:
        """What came of it."""
        document = msgspec.json.encode(report.document()).decode()
        async with changing(self._pool) as connection:
            await connection.execute(sql("privacy.done"), erasure, not report.left, document)

    async def unfinished(self) -> set[str]:
        """Persons of the ledger, as hashes: all of them, since a restored database may hold any of them again."""
        with asking():
            return {row["person"] for row in await self._pool.fetch(sql("privacy.unfinished"))}

    async def known_numbers(self) -> list[str]:
        """Every number that the database still holds."""
        with asking():
            return [row["number"] for row in await self._pool.fetch(sql("privacy.known_numbers"))]

    async def erase(self, person: Person, *, dry: bool) -> Report:
        """Erase every row of hers, or (`dry`) do so, count, and take it back. Raises as `changing`."""
        report, unnaming = Report(), person.unnaming(token_hex(ERASED_TAG_CHARS // 2))
        try:
            async with changing(self._pool) as connection:
                await self._rows(connection, person, report)
                await self._snapshots(connection, person, unnaming, report)
                await self._journal(connection, person, unnaming, report)
                await self._told(connection, person, report)
                if dry:
                    raise _TakenBack
        except _TakenBack:
            pass
        return report

    async def _rows(self, connection: Borrowed, person: Person, report: Report) -> None:
        contacts, forms, leads = list(person.contacts), list(person.forms), list(person.leads)
        deeds: tuple[tuple[str, str, tuple[object, ...]], ...] = (
            ("contact", sql("privacy.erase_contact"), (contacts, ERASED)),
            ("callback", sql("privacy.erase_callback"), (contacts,)),
            ("callback_attempt", sql("privacy.erase_callback_attempt"), (contacts,)),
            ("party", sql("privacy.erase_party"), (forms, ERASED)),
            ("transfer", sql("privacy.erase_transfer"), (forms, ERASED)),
            ("disposition", sql("privacy.erase_disposition"), (contacts,)),
            ("customer", sql("privacy.erase_customer"), (list(person.customers),)),
            ("lead", sql("privacy.erase_lead"), (leads,)),
            ("lead_number", sql("privacy.erase_lead_number"), (leads,)),
            ("attempt", sql("privacy.erase_attempt"), (forms, ERASED)),
            ("callback_dial", sql("privacy.erase_callback_dial"), (forms, ERASED)),
            ("webhook_delivery", sql("privacy.erase_webhook_delivery"), (person.patterns, contacts)),
            ("audit", sql("privacy.erase_audit"), (forms, ERASED)),
            ("api_answer", sql("privacy.erase_api_answer"), (person.patterns,)),
            ("journal_refused", sql("privacy.erase_journal_refused"), (person.patterns,)),
        )
        for table, query, values in deeds:
            done = await connection.execute(query, *values)
            report.rows[table] = int(done.rpartition(" ")[2])

    async def _snapshots(self, connection: Borrowed, person: Person, unnaming: Unnaming, report: Report) -> None:
        """Those from which `replay` and `explain` begin; one that is no JSON goes."""
        changed = 0
        for row in await connection.fetch(sql("privacy.snapshots"), person.wide_patterns):
            state: bytes = await connection.fetchval(sql("privacy.snapshot"), row["seq"])
            try:
                unnamed = unnaming.snapshot(state)
            except msgspec.DecodeError:
                unnamed = b""
            if unnamed != state:
                query = sql("privacy.erase_snapshot" if unnamed else "privacy.remove_snapshot")
                await connection.execute(query, row["seq"], *([unnamed] if unnamed else []))
                changed += 1
        report.rows["snapshot"] = changed

    async def _journal(self, connection: Borrowed, person: Person, unnaming: Unnaming, report: Report) -> None:
        """Entries up to the last snapshot; later ones are told again at the next start, and must be as they were."""
        last = await connection.fetchval(sql("privacy.last_snapshot"))
        contacts, at, changed, later = list(person.contacts), 0, 0, 0
        while page := await connection.fetch(sql("privacy.journal"), contacts, person.wide_patterns, at, PAGE):
            for row in page:
                at = row["seq"]
                event, outputs = unnaming.entry(row["event"], row["outputs"])
                if (event, outputs) == (row["event"], row["outputs"]):
                    continue
                if at > last:
                    later += 1
                else:
                    await connection.execute(sql("privacy.rewrite_journal"), at, event, outputs)
                    changed += 1
        report.rows["journal"] = changed + await self._typed(connection, contacts)
        if later:
            report.left.append(f"{later} entries of the journal after its last snapshot: erase again in a while")

    async def _typed(self, connection: Borrowed, contacts: list[str]) -> int:
        """What she typed on her phone; gives how many keys. The next start tells none of these contacts again."""
        keys = [Key(**dict(row)) for row in await connection.fetch(sql("privacy.keys"), contacts)]
        facts = [msgspec.json.encode([{"type": name}]).decode() for name in STEPS]
        steps = {row["contact"]: row["seqs"] for row in await connection.fetch(sql("privacy.steps"), contacts, facts)}
        entries = typed(keys, steps)
        await connection.execute(sql("privacy.erase_keys"), entries, ERASED_DIGIT)
        return len(entries)

    async def _told(self, connection: Borrowed, person: Person, report: Report) -> None:
        """What stays, and why."""
        report.left += [f"{contact} is up now: erase again when it is over" for contact in person.live]
        report.left += [f"{contact}: {why}" for contact, why in person.kept_back.items()]
        report.kept["receipt"] = await connection.fetchval(sql("privacy.receipts"), person.patterns)
        for row in await connection.fetch(sql("privacy.exports"), list(person.contacts)):
            what = f"{row['recording']} was written to {row['note']} by {row['done_by']}"
            report.copies.append(f"{what} on {row['at']:%Y-%m-%d}")

    async def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        """Everything there is of her, table by table, as it stands."""
        with asking():
            contacts = [*person.contacts, *person.kept_back, *person.live]
            asked: Mapping[str, tuple[str, object]] = {
                "contact": ("id = ANY($1::text[])", contacts),
                "callback": ("contact = ANY($1::text[])", contacts),
                "callback_attempt": ("contact = ANY($1::text[])", contacts),
                "disposition": ("contact = ANY($1::text[])", contacts),
                "recording": ("contact = ANY($1::text[])", contacts),
                "survey_answer": ("contact = ANY($1::text[])", contacts),
                "party": ("number = ANY($1::text[])", list(person.forms)),
                "customer": ("id = ANY($1::bigint[])", list(person.customers)),
                "customer_number": ("customer = ANY($1::bigint[])", list(person.customers)),
                "customer_address": ("customer = ANY($1::bigint[])", list(person.customers)),
                "customer_note": ("customer = ANY($1::bigint[])", list(person.customers)),
                "customer_change": ("customer = ANY($1::bigint[])", list(person.customers)),
                "lead": ("id = ANY($1::bigint[])", list(person.leads)),
                "lead_number": ("lead = ANY($1::bigint[])", list(person.leads)),
                "attempt": ("number = ANY($1::text[])", list(person.forms)),
                "callback_dial": ("number = ANY($1::text[])", list(person.forms)),
                "consent": ("number = ANY($1::text[])", list(person.forms)),
                "do_not_call_entry": ("entry = ANY($1::text[])", list(person.forms)),
                "receipt": ("body LIKE ANY($1::text[])", person.patterns),
            }
            found: dict[str, list[dict[str, Any]]] = {}
            for table, (where, values) in asked.items():
                query = f"SELECT to_jsonb(t)::text AS row FROM {table} AS t WHERE {where} LIMIT {EXPORTED_MAX}"
                rows = await self._pool.fetch(query, values)
                found[table] = [msgspec.json.decode(row["row"]) for row in rows]
            return found


def _kept_back(contacts: Sequence[Mapping[str, Any]], recordings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Contacts of which something must stay: with their number, or nobody would find what is left of them."""
    found = {
        row["id"]: "is in the journal after its last snapshot: erase again in a while"
        for row in contacts
        if row["over"] and row["told_again"]
    }
    for one in recordings:
        if one["held"]:
            found[one["contact"]] = f"recording {one['id']} is under legal hold"
        elif one["step"] is None and one["path"]:
            found.setdefault(one["contact"], f"recording {one['id']} is not put away yet: erase again in a while")
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
