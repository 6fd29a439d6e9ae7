"""Every command of the API: one entry in one table. Knows which request event each route is; knows no HTTP.

Theory: a command is a request event (`core/requests.py`) without what the server knows itself: `request`, and `by`.
The fields that the path names come from the path, all others from the body, which is therefore typed, documented and
checked without another line. A new request event is a new entry in COMMANDS, or a line in ELSEWHERE that says why not;
a law test compares both with the events there are.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from callcenter.errors import Bug
from callcenter.model.campaign_messages import CampaignStartRequested, CampaignStopRequested, LeadDecided, LeadRequested
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    AgentStatusRequested,
    CallbackCancelRequested,
    CallbackNowRequested,
    CallbackRequested,
    ConfigurationApplied,
    ConsultActRequested,
    ConsultRequested,
    CustomersMarked,
    DialRequested,
    DispositionRequested,
    DrainRequested,
    Event,
    HangUpRequested,
    HoldRequested,
    KeysRequested,
    MessageDoneRequested,
    MuteRequested,
    RecordingPauseRequested,
    TransferRequested,
    WrapUpRequested,
)
from callcenter.model.ids import RequestId
from callcenter.model.message import Message
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    MonitorEndRequested,
    MonitorModeRequested,
    MonitorRequested,
    MoveRequested,
    PickRequested,
    PriorityRequested,
    TakeOverRequested,
)
from callcenter.model.parking import ParkRequested, PickUpRequested
from callcenter.model.payment_messages import PaymentCancelRequested, PaymentRequested
from callcenter.model.rights import Area
from callcenter.web.api.public import Moment, seconds_of

TEXT_MAX: Final = 1_000
NAME_MAX: Final = 200
LIST_MAX: Final = 1_000
SECONDS_MAX: Final = 1e9
WHOLE_MAX: Final = 2**31 - 1


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# No control characters but tab and line ends: what is stored and shown must be able to be.
Text = Annotated[str, Field(max_length=TEXT_MAX, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")]
TELEPHONE: Final = r"^[+(]?[0-9][0-9 ()./-]+$"
"""What may be a telephone number as people write them; whether it is one, its country's plan says."""
Seconds = Annotated[float, Field(ge=-SECONDS_MAX, le=SECONDS_MAX)]

Whole = Annotated[int, Field(ge=-WHOLE_MAX, le=WHOLE_MAX), BeforeValidator(_whole)]
"""5.0 is one, too: JSON knows numbers, and JSON Schema counts it among the integers."""


STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


@dataclass(frozen=True)
class Command:
    """One command. `path` names fields of the event in braces; the last part of the path is its verb."""

    event: type[Message]
    path: str
    area: Area
    words: str
    times: tuple[str, ...] = ()  # fields in UTC seconds, which the API takes as date-times
    fields: Mapping[str, str] = field(default_factory=dict)  # words for fields of the body
    ours: tuple[str, ...] = ()  # fields that somebody here fills in

    @property
    def name(self) -> str:
        """Such as `calls hang-up`: in the audit and as operationId."""
        plain = [part for part in self.path.strip("/").split("/") if not part.startswith("{")]
        return " ".join(plain if len(plain) > 1 else [*plain, "create"])

    @property
    def subjects(self) -> tuple[str, ...]:
        """The fields that the path names."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @cached_property
    def body(self) -> type[BaseModel]:
        """What the body must be: the event's other fields. Raises Bug for an event that cannot be said in JSON."""
        title = "".join(word.title() for word in self.name.replace("-", " ").split())
        made = _model(
            f"{title}Body", self.event, self.times, ("request", "by", *self.subjects, *self.ours), self.fields
        )
        made.__doc__ = self.words
        return made

    @cached_property
    def known(self) -> frozenset[str]:
        """The names of the event's fields."""
        return frozenset(one.name for one in msgspec.structs.fields(self.event))

    def event_of(
        self,
        request: RequestId,
        by: str,
        subjects: Mapping[str, str],
        body: BaseModel | None,
        unsaid: Mapping[str, str] = types.MappingProxyType({}),
    ) -> Event:
        """The event; `unsaid` is what holds where nothing was said. Raises Bug if the body does not fit."""
        said: dict[str, object] = {} if body is None else _plain(body)
        told = {**unsaid, **said, **subjects, "request": request, **({"by": by} if "by" in self.known else {})}
        try:
            event: Event = msgspec.convert(told, self.event)  # type: ignore[assignment]  # all of the table are events
        except msgspec.ValidationError as error:
            raise Bug(f"{self.name}: {error}") from error
        return event


def _model(
    title: str, kind: type[msgspec.Struct], times: tuple[str, ...], without: tuple[str, ...], words: Mapping[str, str]
) -> type[BaseModel]:
    """What one must say to make one of these."""
    fields: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind):
        if one.name in without:
            continue
        asked = Moment | None if one.name in times else _spoken(one.type, times)
        default = None if one.name in times else _default(one)
        fields[one.name] = (asked, Field(default, description=words.get(one.name)))
    made: type[BaseModel] = create_model(title, __config__=STRICT, **fields)
    made.__doc__ = kind.__doc__
    return made


def _plain(body: BaseModel) -> dict[str, object]:
    """What was said, without what was not; times in UTC seconds."""
    return {name: _plain_value(value) for name, value in dict(body).items() if value is not None}


def _plain_value(value: object) -> object:
    match value:
        case BaseModel():
            return _plain(value)
        case datetime():
            return seconds_of(value)
        case _:
            return value


def _default(one: msgspec.structs.FieldInfo) -> Any:
    if one.default is not msgspec.NODEFAULT:
        return one.default
    return ... if one.default_factory is msgspec.NODEFAULT else one.default_factory()


def _spoken(kind: Any, times: tuple[str, ...]) -> Any:
    """A field's type with the bounds that everything from outside has."""
    supertype = getattr(kind, "__supertype__", None)
    if supertype is str:
        return Name
    if supertype is not None:
        return _spoken(supertype, times)
    if kind is str:
        return Text
    if kind is float:
        return Seconds
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(_spoken(one, times) for one in of)]  # noqa: UP007 (made of a list)
    if origin is tuple:
        return _bounded(types.GenericAlias(tuple, (_spoken(of[0], times), ...)))
    if origin is not None and issubclass(origin, Mapping):
        return _bounded(types.GenericAlias(dict, tuple(_spoken(one, times) for one in of)))
    if kind is int:
        return Whole
    if kind in (bool, type(None)) or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return kind
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _model(kind.__name__, kind, times, (), {})
    raise Bug(f"the API cannot ask for a {kind}")


def _bounded(kind: Any) -> Any:
    return Annotated[kind, Field(max_length=LIST_MAX)]


COMMANDS: Final[Sequence[Command]] = (
    Command(AgentStatusRequested, "/agents/{agent}/status", Area.AGENTS, "Log in, pause, be ready again, or log out."),
    Command(
        WrapUpRequested,
        "/agents/{agent}/wrap-up",
        Area.AGENTS,
        "End a wrap-up, or give it more time.",
        fields={"extend_s": "So many seconds from now; 0 ends it."},
    ),
    Command(HangUpRequested, "/calls/{contact}/hang-up", Area.CALLS, "End a live call."),
    Command(HoldRequested, "/calls/{contact}/hold", Area.CALLS, "Put the caller on hold, or take her back."),
    Command(MuteRequested, "/calls/{contact}/mute", Area.CALLS, "Let nobody hear the agent, or let her be heard."),
    Command(
        KeysRequested,
        "/calls/{contact}/keys",
        Area.CALLS,
        "Send keys to whom the agent speaks with.",
        fields={"digits": "0-9, *, #, A-D; 32 at most. They stand in the journal."},
    ),
    Command(
        TransferRequested,
        "/calls/{contact}/transfer",
        Area.CALLS,
        "Hand a call on without a word.",
        fields={"priority": "Of a queue: in place of the queue's own.", "needs": "Likewise."},
    ),
    Command(ConsultRequested, "/calls/{contact}/consult", Area.CALLS, "Call somebody aside; the caller hears music."),
    Command(
        ConsultActRequested, "/calls/{contact}/consult/act", Area.CALLS, "Do something with the one who is consulted."
    ),
    Command(
        ParkRequested,
        "/calls/{contact}/park",
        Area.CALLS,
        "Park a call in a slot; its agent is free, and anybody picks it up.",
        fields={"slot": "Left out: the first one that is free."},
    ),
    Command(PickUpRequested, "/slots/{slot}/pick-up", Area.CALLS, "Ring an agent for the call in a slot."),
    Command(
        PaymentRequested,
        "/calls/{contact}/payment",
        Area.CALLS,
        "Let the caller pay by her keys, in a flow; her agent waits and hears nothing of it.",
        fields={"flow": "One in which no node leads the call away."},
    ),
    Command(PaymentCancelRequested, "/calls/{contact}/payment/cancel", Area.CALLS, "Back to the agent."),
    Command(
        DrainRequested, "/queues/{queue}/drain", Area.QUEUES, "Let no new calls into a queue, or let them in again."
    ),
    Command(
        CallbackRequested,
        "/callbacks",
        Area.CALLBACKS,
        "Have a number called back for a queue, within a window of time.",
        times=("not_before", "until"),
        fields={"only": "The one agent who may call.", "not_before": "Left out: as the queue's rules say."},
    ),
    Command(DialRequested, "/agents/{agent}/dial", Area.CALLS, "Her phone rings, then the customer's; once."),
    Command(CallbackCancelRequested, "/callbacks/{contact}/cancel", Area.CALLBACKS, "Take a promised callback back."),
    Command(CallbackNowRequested, "/callbacks/{contact}/now", Area.CALLBACKS, "Do not wait for its time."),
    Command(MessageDoneRequested, "/messages/{contact}/done", Area.MESSAGES, "Nothing is left to be done about it."),
    Command(
        RecordingPauseRequested,
        "/calls/{contact}/recording",
        Area.RECORDINGS,
        "Record silence instead of what is said, or record again what is said.",
    ),
    Command(
        DispositionRequested,
        "/calls/{contact}/disposition",
        Area.CALLS,
        "Record what came of a talk: during it, in the wrap-up, or later.",
        times=("not_before", "until"),
        fields={"code": "Of an outcome of the queue's tree.", "agent": "Whose talk; left out: the latest."},
        ours=("on_record",),
    ),
    Command(CampaignStartRequested, "/campaigns/{campaign}/start", Area.CAMPAIGNS, "Begin to dial."),
    Command(
        CampaignStopRequested,
        "/campaigns/{campaign}/stop",
        Area.CAMPAIGNS,
        "Dial no more; phones that ring are not cut short.",
        fields={"drain": "Dial what has been claimed first."},
    ),
    Command(
        LeadRequested,
        "/campaigns/{campaign}/next",
        Area.CAMPAIGNS,
        "An agent wants to see her next lead, of a campaign that is dialled by hand.",
        fields={"agent": "Whose screen it is for."},
    ),
    Command(
        LeadDecided,
        "/agents/{agent}/lead",
        Area.CAMPAIGNS,
        "She has read who it is: have the number dialled, or pass her over.",
        fields={"dial": "false: pass her over."},
    ),
    Command(
        MonitorRequested,
        "/supervision/{supervisor}/monitor",
        Area.SUPERVISION,
        "A supervisor hears an agent's talks from now on, or one call.",
        fields={"agent": "Whose talks.", "contact": "The one call, to its end."},
    ),
    Command(
        MonitorModeRequested, "/supervision/{supervisor}/mode", Area.SUPERVISION, "Be something else to the same talk."
    ),
    Command(TakeOverRequested, "/supervision/{supervisor}/take", Area.SUPERVISION, "The talk that she hears is hers."),
    Command(MonitorEndRequested, "/supervision/{supervisor}/leave", Area.SUPERVISION, "She has heard enough."),
    Command(BroadcastRequested, "/supervision/broadcast", Area.SUPERVISION, "Words for the screens of those who work."),
    Command(
        MoveRequested, "/calls/{contact}/move", Area.SUPERVISION, "A waiting call goes to another queue, in its place."
    ),
    Command(PriorityRequested, "/calls/{contact}/priority", Area.SUPERVISION, "A waiting call is worth more, or less."),
    Command(PickRequested, "/calls/{contact}/pick", Area.SUPERVISION, "A free agent is to have this waiting call."),
)

ELSEWHERE: Final[Mapping[type[Message], str]] = {
    AgentSaved: "POST and PATCH /agents write the directory first; the center is told by it",
    AgentRemoved: "DELETE /agents/{agent} likewise",
    CustomersMarked: "customers are marked in the directory of customers; the center compares it with what it knows",
    ConfigurationApplied: "POST /configuration/apply and /rollback store a version first",
}
"""Request events that are no entry above, and why."""
