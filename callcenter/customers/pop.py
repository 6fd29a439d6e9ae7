"""What a screen shows of a call, as one answer: who calls, what was before, why, and where another program has her.

Knows calls, customers and the journal; decides nothing. The caller is found by her number, her past calls by every way
in which it may have been written, why she calls in what the flow asked her (its variables and its path).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec

from callcenter.customers.numbers import kept_form, written_forms
from callcenter.model.customer import CustomerRules
from callcenter.model.facts import DispositionRecorded, NodeEntered
from callcenter.model.ids import ContactId
from callcenter.model.numbers import Numbering
from callcenter.nodes.fields import FilledUrl, places
from callcenter.postgres.customers import Customer, Customers, History, KeptNumber, Remark, Sheet
from callcenter.postgres.reader import JournalReader

CALLS_SHOWN: Final = 20
PATH_MAX: Final = 200
FIELD: Final = "field_"


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """A call, live or past, as far as its screen needs it."""

    call: ContactId
    caller: str
    caller_name: str
    dialled: str
    began: float  # UTC seconds
    state: str  # a ContactState, or the end reason of a past call
    direction: str
    queue: str = ""
    agent: str = ""
    language: str = ""
    variables: Mapping[str, str] = {}


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the flow. `exit` is how the one before it was left."""

    at: float
    flow: str
    node: str
    exit: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A note or a change."""

    at: str
    by: str
    text: str


class CustomerShown(msgspec.Struct, frozen=True, kw_only=True):
    """A customer on a screen."""

    id: int
    reference: str
    name: str
    language: str
    vip: bool
    do_not_call: bool
    do_not_call_source: str
    do_not_call_since: str | None
    tags: tuple[str, ...]
    fields: Mapping[str, str]
    numbers: tuple[str, ...]
    emails: tuple[str, ...]
    addresses: tuple[str, ...]
    notes: tuple[Written, ...]


class CallShown(msgspec.Struct, frozen=True, kw_only=True):
    """A past call on a screen."""

    call: ContactId
    began: str
    direction: str
    queue: str | None
    agent: str | None
    end_reason: str | None
    wait_s: float
    talk_s: float
    outcome: str | None
    outcome_note: str | None


class HistoryShown(msgspec.Struct, frozen=True, kw_only=True):
    """The latest calls; `counted` is how many there are, up to 1000."""

    calls: tuple[CallShown, ...]
    counted: int


class OutcomeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded of this call so far."""

    agent: str
    code: str
    label: str
    note: str
    fields: Mapping[str, str]
    number: int


class ScreenPop(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. `number` is the caller's, in E.164 where that can be; `customer` is None for a stranger."""

    call: ContactId
    caller: str
    number: str
    caller_name: str
    dialled: str
    began: float
    state: str
    direction: str
    queue: str
    agent: str
    language: str
    variables: Mapping[str, str]
    path: tuple[PathStep, ...]
    outcomes: tuple[OutcomeShown, ...]
    customer: CustomerShown | None
    history: HistoryShown
    crm_url: str


async def screen_pop(
    customers: Customers, reader: JournalReader, calling: Calling, rules: CustomerRules, numbering: Numbering
) -> ScreenPop:
    """All that is known of a call. Raises PeerFault if Postgres does not answer."""
    number = kept_form(calling.caller, numbering)
    customer = await customers.by_numbers([number, numbering.normal(calling.caller)]) if number else None
    shown, forms = None, written_forms(number, (calling.caller,), numbering) if number else ()
    if customer is not None:
        sheet = await customers.sheet(customer)
        shown = customer_shown(sheet)
        forms = forms_of(sheet.numbers, numbering) + forms
    history = await customers.history(tuple(dict.fromkeys(forms)), CALLS_SHOWN + 1)
    path, outcomes = await _told(reader, calling.call)
    return ScreenPop(
        **{name: getattr(calling, name) for name in calling.__struct_fields__},
        number=number,
        path=path,
        outcomes=outcomes,
        customer=shown,
        history=shown_history(history, without=calling.call),
        crm_url=crm_url(rules.crm_url, calling, number, customer),
    )


def forms_of(numbers: tuple[KeptNumber, ...], numbering: Numbering) -> tuple[str, ...]:
    """The forms in which calls may have come from a customer's numbers."""
    return tuple(form for one in numbers for form in written_forms(one.number, (one.raw,), numbering))


def crm_url(template: str, calling: Calling, number: str, customer: Customer | None) -> str:
    """Where another program shows her, every value percent-encoded; "" if nobody said where that is.

    The template was checked when the configuration was read: host and scheme are written out, the names are known.
    """
    if not template:
        return ""
    values = {
        "call": calling.call,
        "caller": calling.caller,
        "number": number,
        "dialled": calling.dialled,
        "queue": calling.queue,
        "agent": calling.agent,
        "language": calling.language,
        "customer": (customer.reference or str(customer.id)) if customer is not None else "",
        "name": customer.name if customer is not None else "",
        **{f"{FIELD}{name}": value for name, value in (customer.fields if customer is not None else {}).items()},
    }
    filled = template
    for name in dict.fromkeys(places(FilledUrl(template))):
        for place in (f"{{{{ {name} }}}}", f"{{{{{name}}}}}"):
            filled = filled.replace(place, f"\0{name}\0")
    return "".join(
        quote(str(values.get(part, "")), safe="") if at % 2 else part for at, part in enumerate(filled.split("\0"))
    )


def customer_shown(sheet: Sheet) -> CustomerShown:
    """All of a customer but her calls, for a screen."""
    one = sheet.customer
    return CustomerShown(
        id=one.id,
        reference=one.reference,
        name=one.name,
        language=one.language,
        vip=one.vip,
        do_not_call=one.do_not_call,
        do_not_call_source=one.do_not_call_source,
        do_not_call_since=None if one.do_not_call_since is None else stamped(one.do_not_call_since),
        tags=one.tags,
        fields=one.fields,
        numbers=tuple(number.number for number in sheet.numbers),
        emails=sheet.emails,
        addresses=sheet.addresses,
        notes=tuple(written(note) for note in sheet.notes),
    )


def written(remark: Remark) -> Written:
    """A note or a change, for a screen."""
    return Written(at=stamped(remark.at), by=remark.by, text=remark.text)


def shown_history(history: History, *, without: ContactId | None = None) -> HistoryShown:
    """Past calls for a screen, without the one that it is about."""
    calls = [call for call in history.calls if call.call != without]
    return HistoryShown(
        calls=tuple(
            CallShown(
                call=one.call,
                began=stamped(one.began),
                direction=one.direction,
                queue=one.queue,
                agent=one.agent,
                end_reason=one.end_reason,
                wait_s=round(one.wait_s, 3),
                talk_s=round(one.talk_s, 3),
                outcome=one.outcome,
                outcome_note=one.outcome_note,
            )
            for one in calls[:CALLS_SHOWN]
        ),
        counted=history.counted - (len(history.calls) - len(calls)),
    )


def stamped(at: datetime) -> str:
    """ISO 8601, UTC, milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _told(reader: JournalReader, call: ContactId) -> tuple[tuple[PathStep, ...], tuple[OutcomeShown, ...]]:
    """What the journal tells of a call: its way through the flows, and what was recorded."""
    path: list[PathStep] = []
    outcomes: list[OutcomeShown] = []
    async for entry in reader.entries_of(call):
        for fact in entry.outputs:
            match fact:
                case NodeEntered() if fact.contact == call and len(path) < PATH_MAX:
                    path.append(PathStep(at=entry.at, flow=fact.flow, node=fact.node, exit=fact.exit))
                case DispositionRecorded() if fact.contact == call:
                    outcomes.append(
                        OutcomeShown(
                            agent=fact.agent,
                            code=fact.code,
                            label=fact.label,
                            note=fact.note,
                            fields=fact.fields,
                            number=fact.number,
                        )
                    )
                case _:
                    pass
    return tuple(path), tuple(outcomes)
