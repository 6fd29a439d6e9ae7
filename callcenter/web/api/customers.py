"""Customers over the API: found, entered, changed, noted, merged; what a screen shows of a call.

Knows routes and shapes; what a wish means is `customers/register`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field, JsonValue

from callcenter.customers.pop import (
    CallShown,
    CustomerShown,
    HistoryShown,
    OutcomeShown,
    PathStep,
    ScreenPop,
    Written,
)
from callcenter.customers.register import Wish
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.rights import Area
from callcenter.web.api.commands import STRICT, TELEPHONE, Name, Text
from callcenter.web.api.problems import Refusal
from callcenter.web.api.public import Public
from callcenter.web.api.route import (
    CURSOR,
    CURSOR_CHARS_MAX,
    QUERY,
    Asked,
    Route,
    covers_call,
    cursor_after,
    not_found,
    place_of,
    reading,
    whole,
    writing,
)

CALLS_MAX: Final = 20
LIST_MAX: Final = 50

Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Number = Annotated[str, Field(min_length=3, max_length=64, pattern=TELEPHONE)]
Numbers = Annotated[list[Number], Field(max_length=LIST_MAX)]
KNOWN_BY: Final[list[JsonValue]] = [
    {"required": ["numbers"], "properties": {"numbers": {"minItems": 1}}},
    {"required": ["reference"], "properties": {"reference": {"type": "string", "minLength": 1}}},
]
Names = Annotated[list[Name], Field(max_length=LIST_MAX)]
Fields = Annotated[dict[Name, Text], Field(max_length=LIST_MAX)]

WRITTEN: Final = Public(Written, "Written")
PAST_CALL: Final = Public(CallShown, "CallOfCustomer")
CUSTOMER: Final = Public(
    CustomerShown,
    "Customer",
    also={
        "fields": (dict[str, str], dict),
        "tags": (list[str], list),
        "numbers": (list[str], list),
        "emails": (list[str], list),
        "addresses": (list[str], list),
        "notes": (list[WRITTEN.shape], lambda notes: [WRITTEN.of(one) for one in notes]),  # type: ignore[name-defined]
    },
)
HISTORY: Final = Public(
    HistoryShown,
    "History",
    also={"calls": (list[PAST_CALL.shape], lambda calls: [PAST_CALL.of(one) for one in calls])},  # type: ignore[name-defined]
)
STEP: Final = Public(PathStep, "PathStep", times=("at",))
OUTCOME: Final = Public(OutcomeShown, "OutcomeOfCall", also={"fields": (dict[str, str], dict)})
SCREEN: Final = Public(
    ScreenPop,
    "Screen",
    times=("began",),
    also={
        "variables": (dict[str, str], dict),
        "path": (list[STEP.shape], lambda steps: [STEP.of(one) for one in steps]),  # type: ignore[name-defined]
        "outcomes": (list[OUTCOME.shape], lambda found: [OUTCOME.of(one) for one in found]),  # type: ignore[name-defined]
        "customer": (CUSTOMER.shape | None, lambda one: None if one is None else CUSTOMER.of(one)),
        "history": (HISTORY.shape, HISTORY.of),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLine:
    """A customer in a list."""

    id: int
    number: str | None
    reference: str | None
    name: str
    language: str
    tags: list[str]
    vip: bool
    do_not_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage:
    """Customers, in the order in which they were entered."""

    items: list[CustomerLine]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSheet:
    """A customer, her latest calls, and who changed what. `customer` is null for a number of nobody that has called."""

    customer: CUSTOMER.shape | None  # type: ignore[name-defined]
    history: HISTORY.shape  # type: ignore[name-defined]
    changes: list[WRITTEN.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is done. `warning` says why the running center does not know of it yet, if it does not."""

    customer: int
    warning: str


class CustomersQuery(BaseModel):
    """Which customers; `name` is how a name begins."""

    model_config = QUERY

    name: Name | None = None
    tag: Name | None = None
    vip: bool | None = None
    do_not_call: bool | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    cursor: Annotated[str, Field(max_length=CURSOR_CHARS_MAX, pattern=CURSOR)] | None = None


class CallsQuery(BaseModel):
    """How many of her calls."""

    model_config = QUERY

    calls: Annotated[int, Field(ge=1, le=CALLS_MAX)] = CALLS_MAX


class CustomerBody(BaseModel):
    """What is to be known of her; what is left out stays as it is. A field that is said empty is taken away."""

    model_config = STRICT

    name: Short | None = None
    reference: Short | None = None
    language: Short | None = None
    numbers: Numbers = []
    emails: Names = []
    addresses: Names = []
    tags: Names = []
    fields: Fields = {}
    vip: bool | None = None
    do_not_call: bool | None = None
    source: Short = ""


class NewCustomer(CustomerBody):
    """A customer to enter; she needs a number or a reference."""

    model_config = STRICT | {"json_schema_extra": {"anyOf": KNOWN_BY}}

    note: Text = ""


class CustomerChange(CustomerBody):
    """What is to be different; numbers, addresses and tags come besides those that she has."""

    without_numbers: Numbers = []
    without_tags: Names = []


class NoteBody(BaseModel):
    """Something that is known of her."""

    model_config = STRICT

    text: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")]


class MergeBody(BaseModel):
    """Who becomes the same: a number or an id."""

    model_config = STRICT

    other: Number


# -- looking -----------------------------------------------------------------------------------------------------------


async def _list(asked: Asked) -> CustomerPage:
    whole(asked)
    query, place = asked.query_as(CustomersQuery), place_of(asked.query_as(CustomersQuery).cursor)
    found = await asked.parts.customers.listed(
        name=query.name,
        tag=query.tag,
        vip=query.vip,
        do_not_call=query.do_not_call,
        limit=query.limit,
        after=0 if place is None else place.at,
    )
    lines = [CustomerLine(**{**dict(one), "tags": list(one["tags"])}) for one in found]
    return CustomerPage(items=lines, next=cursor_after(lines[-1].id, "") if len(lines) == query.limit else None)


async def _show(asked: Asked) -> CustomerSheet:
    told = await asked.parts.register.told(asked.subjects["customer"], asked.query_as(CallsQuery).calls)
    return CustomerSheet(
        customer=None if told.customer is None else CUSTOMER.of(told.customer),
        history=HISTORY.of(_covered(asked, told.history)),
        changes=[WRITTEN.of(one) for one in told.changes],
    )


def _covered(asked: Asked, history: HistoryShown) -> HistoryShown:
    """Without calls that are beyond the limits."""
    if not asked.rights.limited:
        return history
    calls = tuple(one for one in history.calls if _may_see(asked, one))
    return HistoryShown(calls=calls, counted=len(calls))


def _may_see(asked: Asked, call: CallShown) -> bool:
    queue = None if call.queue is None else QueueName(call.queue)
    return asked.rights.covers(queue, agent=None if call.agent is None else AgentId(call.agent))


async def _screen(asked: Asked) -> object:
    wanted = asked.subjects["contact"]
    if asked.parts.desk is None:
        raise Refusal(503, "this center shows no screens")
    pop = await asked.parts.desk.pop(ContactId(wanted))
    hers = pop is not None and (
        covers_call(asked.rights, asked.parts.center.view(), wanted)
        or asked.rights.covers(QueueName(pop.queue) or None, agent=AgentId(pop.agent) if pop.agent else None)
    )
    if pop is None or not hers:
        raise not_found(f"there is no call {wanted}")
    shown = SCREEN.of(pop)
    return SCREEN.with_(shown, history=HISTORY.of(_covered(asked, pop.history)))


# -- changing ----------------------------------------------------------------------------------------------------------


def _wish(body: CustomerBody) -> Wish:
    change = body if isinstance(body, CustomerChange) else None
    return Wish(
        name=body.name,
        reference=body.reference,
        language=body.language,
        numbers=tuple(body.numbers),
        without_numbers=tuple(change.without_numbers) if change is not None else (),
        emails=tuple(body.emails),
        addresses=tuple(body.addresses),
        tags=tuple(body.tags),
        without_tags=tuple(change.without_tags) if change is not None else (),
        fields=body.fields,
        vip=body.vip,
        do_not_call=body.do_not_call,
        source=body.source,
    )


async def _told(asked: Asked, customer: int, *, marked: bool = True) -> Done:
    """Let the running center know of marks that may be different."""
    warning = ""
    if marked and asked.parts.desk is not None:
        warning = await asked.parts.desk.customers_changed()
    return Done(customer=customer, warning=warning)


async def _add(asked: Asked) -> Done:
    body = asked.body_as(NewCustomer)
    wish = _wish(body)
    return await _told(asked, await asked.parts.register.add(wish, asked.by, body.note), marked=wish.marks)


async def _change(asked: Asked) -> Done:
    wish = _wish(asked.body_as(CustomerChange))
    return await _told(asked, await asked.parts.register.change(asked.subjects["customer"], wish, asked.by))


async def _note(asked: Asked) -> Done:
    text = asked.body_as(NoteBody).text
    return Done(customer=await asked.parts.register.note(asked.subjects["customer"], text, asked.by), warning="")


async def _merge(asked: Asked) -> Done:
    whole(asked)
    other = asked.body_as(MergeBody).other
    return await _told(asked, await asked.parts.register.merge(asked.subjects["customer"], other, asked.by))


async def _remove(asked: Asked) -> Done:
    whole(asked)
    return await _told(asked, await asked.parts.register.remove(asked.subjects["customer"]))


A: Final = Area.CUSTOMERS
ROUTES: Final[Sequence[Route]] = (
    reading("customers list", "/customers", A, "Customers.", CustomerPage, _list, CustomersQuery),
    reading(
        "customers show",
        "/customers/{customer}",
        A,
        "A customer, by a number of hers or her id, and her latest calls.",
        CustomerSheet,
        _show,
        CallsQuery,
    ),
    writing("customers add", "/customers", A, "Enter a customer.", Done, _add, NewCustomer, status=201),
    writing(
        "customers change",
        "/customers/{customer}",
        A,
        "Change what is known of her.",
        Done,
        _change,
        CustomerChange,
        method="PATCH",
    ),
    writing("customers note", "/customers/{customer}/notes", A, "Write something of her down.", Done, _note, NoteBody),
    writing("customers merge", "/customers/{customer}/merge", A, "Make one customer of two.", Done, _merge, MergeBody),
    writing(
        "customers remove", "/customers/{customer}", A, "Take her out; her calls stay.", Done, _remove, method="DELETE"
    ),
    reading(
        "calls screen",
        "/calls/{contact}/screen",
        A,
        "What a screen shows of a call, live or past: who, what was before, why.",
        SCREEN.shape,
        _screen,
    ),
)
