"""Rows of the reports, as values. Knows what a row says and which rows are the same row; knows no SQL.

Theory: a fact gives a row, or the part of a row that it knows. Two rows with one `key` are one row at two times, and
`merged` says what the later one adds; None means "says nothing of this". The keys of rows that never change are the
place of their fact in the journal: entry `seq`, output `n`. Times are UTC seconds, lengths are seconds.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

import msgspec

from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.callback import CallbackEnd, CalledFirst
from callcenter.model.contact import Direction, EndReason, Medium, OfferEnd, QueueExit
from callcenter.model.control import PartyEnd, TransferTo
from callcenter.model.detection import Answerer
from callcenter.model.facts import Considered
from callcenter.model.ids import (
    AgentId,
    ContactId,
    FlowName,
    LegId,
    MonitorId,
    OfferId,
    QueueName,
    RecordingId,
    TreeName,
)
from callcenter.model.mail import MailEnd
from callcenter.model.monitor import MonitorState
from callcenter.model.parking import ParkEnd


class ContactRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One contact's CDR: open while `ended` is None, complete afterwards."""

    contact: ContactId
    medium: Medium
    direction: Direction
    caller: str  # personal
    caller_name: str  # personal
    dialled: str
    began: float
    leg: LegId | None = None  # the customer's
    ended: float | None = None
    end_reason: EndReason | None = None
    flow_s: float = 0.0
    wait_s: float = 0.0
    talk_s: float = 0.0
    forward_s: float = 0.0
    queue: QueueName | None = None  # the last one
    agent: AgentId | None = None  # the last one
    why: str = ""  # why that agent
    offers: int = 0
    missed: int = 0
    language: str = ""
    callback_s: float = 0.0
    hold_s: float = 0.0  # of talk_s
    parked_s: float = 0.0


class QueueVisitRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stay in one queue, from coming in to leaving."""

    seq: int
    n: int
    contact: ContactId
    queue: QueueName
    medium: Medium
    entered: float
    ended: float
    waited_s: float
    exit: QueueExit
    priority: int
    service_level_s: float  # the threshold in force
    callback: bool = False  # of somebody who was promised a callback


class OfferRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One ringing of one agent for one contact; `end` is None while it rings."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    leg: LegId
    queue: QueueName
    offered: float | None = None
    strategy: str | None = None
    why: str | None = None
    considered: tuple[Considered, ...] | None = None
    free: int | None = None
    ended: float | None = None
    end: OfferEnd | None = None
    rang_s: float | None = None


class TalkRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agent's part of a contact: who spoke with whom, and when."""

    seq: int
    n: int
    contact: ContactId
    agent: AgentId
    leg: LegId  # the agent's
    queue: QueueName
    began: float
    ended: float
    talk_s: float
    hold_s: float = 0.0  # of it


class AgentActivityRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One period in which an agent's status and state did not change; `until` is None while it lasts."""

    agent: AgentId
    since: float
    status: AgentStatus
    state: AgentState
    reason: str
    until: float | None = None
    contact: ContactId | None = None  # the one she was offered, talked to or wraps up


class RecordingRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One recording. `problem` is None until the file was looked at, and "" when nothing is wrong with it."""

    recording: RecordingId
    contact: ContactId
    kind: str | None = None  # "call" or "message"
    agent: AgentId | None = None
    mailbox: str | None = None
    started: float | None = None
    stopped: float | None = None
    expected_s: float | None = None
    path: str | None = None
    seconds: float | None = None
    channels: int | None = None
    problem: str | None = None
    checked: float | None = None


class CallbackRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One promise to call a customer back; `end` is None while it stands."""

    contact: ContactId
    promised: float
    queue: QueueName
    number: str | None = None  # personal
    first: CalledFirst | None = None
    not_before: float | None = None
    until: float | None = None
    by: str | None = None
    note: str | None = None  # personal
    only: AgentId | None = None
    settled: float | None = None
    end: CallbackEnd | None = None
    in_time: bool | None = None
    attempts: int | None = None
    agent: AgentId | None = None
    why: str | None = None


class CallbackAttemptRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One dialling of a customer who is to be called back; `end` is None while her phone rings."""

    leg: LegId
    contact: ContactId
    queue: QueueName
    attempt: int
    dialled: float | None = None
    number: str | None = None  # personal
    agent: AgentId | None = None
    ended: float | None = None
    end: str | None = None  # answered, or a LegEnd
    rang_s: float | None = None


class WaitForecastRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One prediction of a wait; what came true is the visit."""

    seq: int
    n: int
    contact: ContactId
    queue: QueueName
    predicted: float
    p50_s: float
    p90_s: float
    position: int
    entry: bool
    confident: bool
    announced: bool
    simulated: bool


class MonitoringRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stretch in which a supervisor heard a talk."""

    seq: int
    n: int
    monitor: MonitorId
    supervisor: AgentId
    agent: AgentId
    contact: ContactId
    state: MonitorState
    seconds: float
    began: float
    ended: float


class SteeringRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act of a supervisor upon a waiting contact."""

    seq: int
    n: int
    contact: ContactId
    queue: QueueName
    what: str
    by: str
    steered: float


class AnswererRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision of a detector of answering machines, and what the agent says it was."""

    seq: int
    n: int
    contact: ContactId
    campaign: str
    attempt: LegId
    trunk: str
    detector: str
    answerer: Answerer
    labelled: Answerer | None
    stands_for: int
    took_s: float
    settled: float


class SurveyOfferRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One contact led into a survey after its talk."""

    seq: int
    n: int
    contact: ContactId
    survey: FlowName
    queue: QueueName
    agent: AgentId
    offered: float


class SurveyAnswerRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question answered, by a number or by a recorded comment."""

    seq: int
    n: int
    contact: ContactId
    survey: FlowName
    question: str
    queue: QueueName | None
    agent: AgentId | None
    answer: int | None
    comment: RecordingId | None
    answered: float


class VoicemailRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message that a caller left for an agent to hear; `end` is None while it is not done with."""

    contact: ContactId
    queue: QueueName
    left_in: ContactId | None = None
    recording: RecordingId | None = None
    mailbox: str | None = None
    left_at: float | None = None
    seconds: float | None = None
    heard_by: AgentId | None = None  # the last who heard it
    next_at: float | None = None
    settled: float | None = None
    end: MailEnd | None = None
    settled_by: str | None = None
    hearings: int | None = None


class DispositionDueRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One talk after which something had to be recorded, and was not yet."""

    seq: int
    n: int
    contact: ContactId
    agent: AgentId
    queue: QueueName
    tree: TreeName
    talk_ended: float


class DispositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a talk, as it was recorded once; a change is another row with the next `number`."""

    seq: int
    n: int
    contact: ContactId
    agent: AgentId
    queue: QueueName
    tree: TreeName
    code: str
    label: str
    number: int
    by: str
    note: str  # personal
    fields: Mapping[str, str]  # personal
    callback: ContactId | None
    talk_ended: float | None  # None: they still talked, or nobody knows any more
    recorded: float


class HoldRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time that a customer was on hold."""

    seq: int
    n: int
    contact: ContactId
    agent: AgentId
    began: float
    ended: float
    held_s: float


class PartyRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One part of somebody beside customer and agent: `aside` with the agent alone, else in a conference."""

    seq: int
    n: int
    contact: ContactId
    leg: LegId
    called_by: AgentId | None
    agent: AgentId | None
    number: str  # personal
    aside: bool
    began: float
    ended: float
    spoke_s: float  # 0 if she never answered
    end: PartyEnd


class TransferRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time that an agent handed a call on."""

    seq: int
    n: int
    contact: ContactId
    agent: AgentId
    to: TransferTo
    name: str  # personal, if it is a number
    consulted: bool
    at: float


class ParkRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time that a call was parked."""

    seq: int
    n: int
    contact: ContactId
    slot: str
    agent: AgentId  # who parked it
    taker: AgentId | None  # who picked it up
    end: ParkEnd
    began: float
    ended: float
    parked_s: float


Row = (
    ContactRow
    | QueueVisitRow
    | OfferRow
    | TalkRow
    | AgentActivityRow
    | RecordingRow
    | CallbackRow
    | CallbackAttemptRow
    | WaitForecastRow
    | MonitoringRow
    | SteeringRow
    | AnswererRow
    | SurveyOfferRow
    | SurveyAnswerRow
    | VoicemailRow
    | DispositionDueRow
    | DispositionRow
    | HoldRow
    | PartyRow
    | TransferRow
    | ParkRow
)

Key = tuple[str | int | float, ...]


def key(row: Row) -> Key:  # noqa: C901 (one arm per table)
    """What makes two rows the same row. Keys of different types of rows never meet: the table comes first."""
    match row:
        case ContactRow():
            return ("contact", row.contact)
        case QueueVisitRow():
            return ("queue_visit", row.seq, row.n)
        case OfferRow():
            return ("offer", row.offer)
        case TalkRow():
            return ("talk", row.seq, row.n)
        case SurveyOfferRow():
            return ("survey_offer", row.seq, row.n)
        case SurveyAnswerRow():
            return ("survey_answer", row.seq, row.n)
        case AgentActivityRow():
            return ("agent_activity", row.agent, row.since)
        case RecordingRow():
            return ("recording", row.recording)
        case CallbackRow():
            return ("callback", row.contact, row.promised)
        case CallbackAttemptRow():
            return ("callback_attempt", row.leg)
        case VoicemailRow():
            return ("voicemail", row.contact)
        case HoldRow():
            return ("hold", row.seq, row.n)
        case PartyRow():
            return ("party", row.seq, row.n)
        case TransferRow():
            return ("transfer", row.seq, row.n)
        case ParkRow():
            return ("park", row.seq, row.n)
        case WaitForecastRow():
            return ("wait_forecast", row.seq, row.n)
        case MonitoringRow():
            return ("monitoring", row.seq, row.n)
        case SteeringRow():
            return ("steering", row.seq, row.n)
        case AnswererRow():
            return ("answerer", row.seq, row.n)
        case DispositionDueRow():
            return ("disposition_due", row.seq, row.n)
        case DispositionRow():
            return ("disposition", row.seq, row.n)
        case _:
            assert_never(row)


def merged(earlier: Row, later: Row) -> Row:
    """One row out of two with one key: what `later` says, and where it says nothing, what `earlier` said.

    A period of an agent is special: one that begins anew at the same instant replaces the earlier one, which lasted no
    time at all.
    """
    if isinstance(later, AgentActivityRow) and later.until is None:
        return later
    silent = {
        name: was
        for name in later.__struct_fields__
        if getattr(later, name) is None and (was := getattr(earlier, name)) is not None
    }
    return msgspec.structs.replace(later, **silent) if silent else later


def merged_all(rows: Iterable[Row]) -> list[Row]:
    """Each row once, as it is after all of `rows`, which come in the order of the journal; first seen stays first."""
    known: dict[Key, Row] = {}
    for row in rows:
        name = key(row)
        before = known.get(name)
        known[name] = row if before is None else merged(before, row)
    return list(known.values())
