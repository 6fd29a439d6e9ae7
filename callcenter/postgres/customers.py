"""Customers in Postgres: found by number, shown with their calls, changed, merged. Knows tables and no numbering.

Numbers come in the forms in which they are kept (callcenter/customers/numbers.py). Calls are tied to a customer by her
numbers when somebody asks, so that those are hers, too, that came before she was entered. Whatever is wrong with
Postgres is raised as `asking` and `changing` say.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from callcenter.errors import ConfigurationError, Problem, at_odds
from callcenter.model.customer import MARKED_MAX
from callcenter.model.disposition import TalkOnRecord
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.postgres.pool import Borrowed, Pool, asking, changing
from callcenter.postgres.queries import sql

NAME_CHARS_MAX: Final = 200
TAG_CHARS_MAX: Final = 60
TAGS_MAX: Final = 100
NUMBERS_MAX: Final = 50
TEXT_CHARS_MAX: Final = 500  # of an address
NOTE_CHARS_MAX: Final = 4_000
NOTES_SHOWN: Final = 20
CALLS_COUNTED_MAX: Final = 1_000
PAGE: Final = 1_000
MOVES: Final = (
    "customers.move_numbers",
    "customers.move_addresses",
    "customers.move_notes",
    "customers.move_changes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNumber:
    """A number as it is kept, and as it was entered. Both personal."""

    number: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What is known of one customer, without her numbers, notes and calls. Personal. Times in UTC."""

    id: int = 0
    reference: str = ""
    name: str = ""
    language: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    vip: bool = False
    do_not_call: bool = False
    do_not_call_source: str = ""
    do_not_call_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A note, or a change: when, by whom, what."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """One call in a customer's history; `outcome` is what the agent recorded of it last."""

    call: ContactId
    began: datetime
    ended: datetime | None
    direction: str
    caller: str
    dialled: str
    queue: str | None
    agent: str | None
    end_reason: str | None
    wait_s: float
    talk_s: float
    outcome: str | None
    outcome_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The latest calls, and how many there are, counted up to CALLS_COUNTED_MAX."""

    calls: tuple[PastCall, ...] = ()
    counted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All of a customer but her calls."""

    customer: Customer
    numbers: tuple[KeptNumber, ...]
    emails: tuple[str, ...]
    addresses: tuple[str, ...]
    notes: tuple[Remark, ...]
    changes: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A number of a customer whom the running center must know of."""

    number: str
    raw: str
    vip: bool
    do_not_call: bool


class Customers:
    """The customers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # -- looking -----------------------------------------------------------------------------------------------------

    async def by_id(self, customer: int) -> Customer | None:
        """A customer; one that was merged leads to the other."""
        with asking():
            return _customer(await self._pool.fetchrow(sql("customers.by_id"), customer))

    async def by_numbers(self, forms: Sequence[str]) -> Customer | None:
        """The customer who has one of these forms of a number."""
        with asking():
            return _customer(await self._pool.fetchrow(sql("customers.by_numbers"), list(forms)))

    async def by_reference(self, reference: str) -> Customer | None:
        """The customer by her id in another program."""
        with asking():
            return _customer(await self._pool.fetchrow(sql("customers.by_reference"), reference))

    async def sheet(self, customer: Customer) -> Sheet:
        """All that is known of her."""
        with asking():
            async with self._pool.acquire() as connection:
                numbers = await connection.fetch(sql("customers.numbers_of"), customer.id)
                addresses = await connection.fetch(sql("customers.addresses_of"), customer.id)
                notes = await connection.fetch(sql("customers.notes_of"), customer.id, NOTES_SHOWN)
                changes = await connection.fetch(sql("customers.changes_of"), customer.id, NOTES_SHOWN)
        return Sheet(
            customer=customer,
            numbers=tuple(KeptNumber(number=one["number"], raw=one["raw"]) for one in numbers),
            emails=tuple(one["text"] for one in addresses if one["kind"] == "email"),
            addresses=tuple(one["text"] for one in addresses if one["kind"] == "address"),
            notes=tuple(Remark(at=one["at"], by=one["written_by"], text=one["text"]) for one in notes),
            changes=tuple(Remark(at=one["at"], by=one["changed_by"], text=one["what"]) for one in changes),
        )

    async def history(self, forms: Sequence[str], limit: int) -> History:
        """The calls that came from, or were made to, these forms of numbers (as `bare_number` leaves them)."""
        if not forms:
            return History()
        with asking():
            async with self._pool.acquire() as connection:
                calls = await connection.fetch(sql("customers.history"), list(forms), limit)
                counted = len(calls)
                if counted >= limit:
                    counted = await connection.fetchval(sql("customers.calls_counted"), list(forms), CALLS_COUNTED_MAX)
        found = tuple(PastCall(call=ContactId(one["id"]), **{k: one[k] for k in _OF_A_CALL}) for one in calls)
        return History(calls=found, counted=min(counted, CALLS_COUNTED_MAX))

    async def listed(
        self,
        *,
        name: str | None,
        tag: str | None,
        vip: bool | None,
        do_not_call: bool | None,
        limit: int,
        after: int = 0,
    ) -> list[asyncpg.Record]:
        """Customers by what is asked for, after an id; `name` is the beginning of one."""
        begins = None if name is None else _escaped(name.lower()[:40]) + "%"
        with asking():
            return list(await self._pool.fetch(sql("customers.list"), begins, tag, vip, do_not_call, limit, after))

    async def count(self) -> int:
        """How many there are."""
        with asking():
            found: int = await self._pool.fetchval(sql("customers.count"))
        return found

    async def all(self) -> AsyncIterator[tuple[Customer, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
        """Everybody, by id: the customer, her numbers, e-mail addresses and addresses. Page by page."""
        after = 0
        while True:
            with asking():
                page = await self._pool.fetch(sql("customers.export"), after, PAGE)
            for one in page:
                found = _known(one)
                yield found, tuple(one["numbers"] or ()), tuple(one["emails"] or ()), tuple(one["addresses"] or ())
            if len(page) < PAGE:
                return
            after = page[-1]["id"]

    async def marked(self) -> tuple[Marked, ...]:
        """The numbers of important customers, and of those who must not be called: one more than there is room for."""
        with asking():
            found = await self._pool.fetch(sql("customers.marked"), MARKED_MAX + 1)
        return tuple(Marked(**dict(one)) for one in found)

    async def of_contact(self, contact: ContactId) -> asyncpg.Record | None:
        """A past call, as far as a screen shows it."""
        with asking():
            return await self._pool.fetchrow(sql("customers.of_contact"), contact)

    async def talk_of(self, contact: ContactId, agent: AgentId | None) -> TalkOnRecord | None:
        """What the records know of the latest talk in a contact."""
        with asking():
            one = await self._pool.fetchrow(sql("customers.talk_of"), contact, agent)
        if one is None:
            return None
        return TalkOnRecord(
            agent=AgentId(one["agent"]),
            queue=QueueName(one["queue"]),
            caller=one["caller"],
            caller_name=one["caller_name"],
            recorded=one["recorded"],
        )

    # -- changing ----------------------------------------------------------------------------------------------------

    async def add(
        self, customer: Customer, numbers: Sequence[KeptNumber], addresses: Sequence[tuple[str, str]], by: str
    ) -> int:
        """Another customer; gives her id. `addresses` are (kind, text). Raises ConfigurationError."""
        _check(customer)
        async with changing(self._pool) as connection:
            await _reference_is_free(connection, customer)
            made: int = await connection.fetchval(sql("customers.add"), *_values(customer))
            for number in numbers:
                await _give_number(connection, made, number)
            for kind, text in addresses:
                await connection.execute(sql("customers.add_address"), made, kind, _bounded(text, TEXT_CHARS_MAX))
            await connection.execute(sql("customers.add_change"), made, by, "added")
        return made

    async def change(
        self,
        customer: Customer,
        by: str,
        what: str,
        *,
        numbers: Sequence[KeptNumber] = (),
        without: Sequence[str] = (),
        addresses: Sequence[tuple[str, str]] = (),
    ) -> None:
        """What is known of her from now on; numbers and addresses besides hers, and numbers that she has no more."""
        _check(customer)
        async with changing(self._pool) as connection:
            if await connection.fetchrow(sql("customers.lock"), customer.id) is None:
                raise _gone(customer.id)
            await _reference_is_free(connection, customer)
            await connection.execute(sql("customers.change"), customer.id, *_values(customer))
            for number in without:
                if await connection.fetchval(sql("customers.remove_number"), customer.id, number) is None:
                    raise _wrong(customer.id, f"{number} is none of her numbers")
            for one in numbers:
                await _give_number(connection, customer.id, one)
            for kind, text in addresses:
                await connection.execute(
                    sql("customers.add_address"), customer.id, kind, _bounded(text, TEXT_CHARS_MAX)
                )
            await connection.execute(sql("customers.add_change"), customer.id, by, _bounded(what, NOTE_CHARS_MAX))

    async def note(self, customer: int, by: str, text: str) -> None:
        """Write something of her down."""
        async with changing(self._pool) as connection:
            if await connection.fetchrow(sql("customers.lock"), customer) is None:
                raise _gone(customer)
            await connection.execute(sql("customers.add_note"), customer, by, _bounded(text, NOTE_CHARS_MAX))

    async def remove(self, customer: int) -> None:
        """Take her out, with all that was entered of her. Her calls stay in the records."""
        async with changing(self._pool) as connection:
            await connection.execute(sql("customers.remove"), customer)

    async def merge(self, kept: int, gone: int, by: str) -> None:
        """Two that are one: numbers, notes, tags and marks of both; of fields that differ those of `kept` hold."""
        if kept == gone:
            raise _wrong(kept, "is the same customer")
        async with changing(self._pool) as connection:
            both = {}
            for customer in sorted((kept, gone)):  # always in one order: two merges at once wait for each other
                record = await connection.fetchrow(sql("customers.lock"), customer)
                if record is None:
                    raise _gone(customer)
                both[customer] = _known(record)
            one, other = both[kept], both[gone]
            for query in MOVES:
                await connection.execute(sql(query), gone, kept)
            await connection.execute(sql("customers.drop_addresses"), gone)
            await connection.execute(sql("customers.merged"), gone, kept)
            await connection.execute(sql("customers.change"), kept, *_values(merged(one, other)))
            what = f"merged with {gone}" + (f" ({other.name})" if other.name else "")
            await connection.execute(sql("customers.add_change"), kept, by, what)


def merged(one: Customer, other: Customer) -> Customer:
    """What is known of two that are one: the first's values hold, the other's fill its gaps; marks of either count."""
    stopped = one if one.do_not_call else other
    return replace(
        one,
        reference=one.reference or other.reference,
        name=one.name or other.name,
        language=one.language or other.language,
        fields={**other.fields, **one.fields},
        tags=tuple(sorted({*one.tags, *other.tags})),
        vip=one.vip or other.vip,
        do_not_call=stopped.do_not_call,
        do_not_call_source=stopped.do_not_call_source,
        do_not_call_since=stopped.do_not_call_since,
    )


_OF_A_CALL: Final = (
    "began",
    "ended",
    "direction",
    "caller",
    "dialled",
    "queue",
    "agent",
    "end_reason",
    "wait_s",
    "talk_s",
    "outcome",
    "outcome_note",
)
_FIELDS = msgspec.json.Decoder(dict[str, str])


def _known(record: asyncpg.Record) -> Customer:
    return Customer(
        id=record["id"],
        reference=record["reference"] or "",
        name=record["name"],
        language=record["language"],
        fields=_FIELDS.decode(record["fields"]),
        tags=tuple(record["tags"]),
        vip=record["vip"],
        do_not_call=record["do_not_call"],
        do_not_call_source=record["do_not_call_source"],
        do_not_call_since=record["do_not_call_since"],
    )


def _customer(record: asyncpg.Record | None) -> Customer | None:
    return None if record is None else _known(record)


def _values(customer: Customer) -> tuple[object, ...]:
    return (
        customer.reference or None,
        customer.name,
        customer.language,
        msgspec.json.encode(dict(customer.fields)).decode(),
        list(customer.tags),
        customer.vip,
        customer.do_not_call,
        customer.do_not_call_source,
        customer.do_not_call_since,
    )


async def _give_number(connection: Borrowed, customer: int, number: KeptNumber) -> None:
    given = await connection.fetchval(sql("customers.add_number"), number.number, number.raw, customer)
    if given is not None:
        return
    owner = await connection.fetchval(sql("customers.owner_of"), number.number)
    if owner != customer:
        remedy = f"callcenter customers merge {owner} {customer}, if they are one"
        raise at_odds(number.number, f"is the number of customer {owner}", remedy)


async def _reference_is_free(connection: Borrowed, customer: Customer) -> None:
    if customer.reference:
        owner = await connection.fetchrow(sql("customers.by_reference"), customer.reference)
        if owner is not None and owner["id"] != customer.id:
            raise _wrong(customer.id, f"the reference is that of customer {owner['id']}")


def _check(customer: Customer) -> None:
    problems = [
        Problem(where=f"customer {customer.id or customer.name[:40]}", what=f"{what} is longer than {most} characters")
        for what, value, most in (
            ("the name", customer.name, NAME_CHARS_MAX),
            ("the reference", customer.reference, NAME_CHARS_MAX),
            ("the language", customer.language, TAG_CHARS_MAX),
            ("the source", customer.do_not_call_source, TEXT_CHARS_MAX),
            *(("a tag", tag, TAG_CHARS_MAX) for tag in customer.tags),
        )
        if len(value) > most
    ]
    if len(customer.tags) > TAGS_MAX:
        problems.append(Problem(where=f"customer {customer.id}", what=f"more than {TAGS_MAX} tags"))
    if problems:
        raise ConfigurationError(problems)


def _bounded(text: str, most: int) -> str:
    if len(text) > most:
        raise ConfigurationError([Problem(where="text", what=f"{len(text):,} characters; at most {most:,}")])
    return text


def _gone(customer: int) -> ConfigurationError:
    return _wrong(customer, "there is none, or she was merged into another")


def _wrong(customer: int, what: str) -> ConfigurationError:
    return ConfigurationError([Problem(where=f"customer {customer}", what=what)])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
