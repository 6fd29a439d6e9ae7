"""Writes rows into their tables. Knows columns and their order; knows neither facts nor the journal's mark.

Theory: rows that never change are copied in binary; rows that are begun by one fact and completed by another are
upserted with one statement per table, whatever their number. A statement may touch a row once, so rows of one key are
merged first; the statements say the same as `merged` does for rows that are already there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

import msgspec

from callcenter.model.records import (
    AgentActivityRow,
    AnswererRow,
    CallbackAttemptRow,
    CallbackRow,
    ContactRow,
    DispositionDueRow,
    DispositionRow,
    HoldRow,
    MonitoringRow,
    OfferRow,
    ParkRow,
    PartyRow,
    QueueVisitRow,
    RecordingRow,
    Row,
    SteeringRow,
    SurveyAnswerRow,
    SurveyOfferRow,
    TalkRow,
    TransferRow,
    VoicemailRow,
    WaitForecastRow,
    merged_all,
)
from callcenter.postgres.pool import Borrowed, Connection
from callcenter.postgres.queries import sql

# Tables whose rows never change, and their columns.
COPIED: Final[Mapping[str, Sequence[str]]] = {
    "queue_visit": (
        "seq", "n", "contact", "queue", "medium", "entered", "ended", "waited_s", "exit", "priority", "service_level_s",
        "callback",
    ),
    "survey_offer": ("seq", "n", "contact", "survey", "queue", "agent", "offered"),
    "survey_answer": (
        "seq", "n", "contact", "survey", "question", "queue", "agent", "answer", "comment", "answered",
    ),
    "monitoring": (
        "seq", "n", "monitor", "supervisor", "agent", "contact", "state", "seconds", "began", "ended",
    ),
    "answerer": (
        "seq", "n", "contact", "campaign", "attempt", "trunk", "detector", "answerer", "labelled", "stands_for",
        "took_s", "settled",
    ),
    "steering": ("seq", "n", "contact", "queue", "what", "by", "steered"),
    "talk": ("seq", "n", "contact", "agent", "leg", "queue", "began", "ended", "talk_s", "hold_s"),
    "hold": ("seq", "n", "contact", "agent", "began", "ended", "held_s"),
    "party": (
        "seq", "n", "contact", "leg", "called_by", "agent", "number", "aside", "began", "ended", "spoke_s",
        "end_reason",
    ),
    "transfer": ("seq", "n", "contact", "agent", "place", "name", "consulted", "at"),
    "park": ("seq", "n", "contact", "slot", "agent", "taker", "end_reason", "began", "ended", "parked_s"),
    "wait_forecast": (
        "seq", "n", "contact", "queue", "predicted", "p50_s", "p90_s", "position", "entry", "confident", "announced",
        "simulated",
    ),
    "disposition_due": ("seq", "n", "contact", "agent", "queue", "tree", "talk_ended"),
    "disposition": (
        "seq", "n", "contact", "agent", "queue", "tree", "code", "label", "number", "recorded_by", "note", "fields",
        "callback", "talk_ended", "recorded",
    ),
}  # fmt: skip


def time_of(seconds: float) -> datetime:
    """UTC seconds as Postgres wants them; rounded to microseconds."""
    return datetime.fromtimestamp(seconds, UTC)


def _time_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


async def write_rows(connection: Connection | Borrowed, rows: Iterable[Row]) -> None:
    """Write rows, which come in the order of the journal, in the caller's transaction: at most one statement per table.

    Raises ValueError or OverflowError for a row that no table can hold, and what asyncpg raises.
    """
    tables: dict[str, list[tuple[object, ...]]] = {}
    for row in merged_all(rows):
        table, values = _placed(row)
        tables.setdefault(table, []).append(values)
    for table, records in tables.items():
        if table in COPIED:
            await connection.copy_records_to_table(table, records=records, columns=COPIED[table])
        else:
            await connection.execute(sql(f"records.{table}"), *(list(column) for column in zip(*records, strict=True)))


def _placed(row: Row) -> tuple[str, tuple[object, ...]]:  # noqa: C901 (one arm per table)
    """The table of a row and its values in the order of the columns there."""
    match row:
        case ContactRow():
            return "contact", _contact(row)
        case QueueVisitRow():
            return "queue_visit", _visit(row)
        case OfferRow():
            return "offer", _offer(row)
        case TalkRow():
            return "talk", _talk(row)
        case SurveyOfferRow():
            return "survey_offer", (*msgspec.structs.astuple(row)[:-1], time_of(row.offered))
        case SurveyAnswerRow():
            return "survey_answer", (*msgspec.structs.astuple(row)[:-1], time_of(row.answered))
        case AgentActivityRow():
            return "agent_activity", _period(row)
        case RecordingRow():
            return "recording", _recording(row)
        case CallbackRow():
            return "callback", _callback(row)
        case CallbackAttemptRow():
            return "callback_attempt", _attempt(row)
        case VoicemailRow():
            return "voicemail", _voicemail(row)
        case HoldRow():
            return "hold", _hold(row)
        case PartyRow():
            return "party", _party(row)
        case TransferRow():
            return "transfer", (*msgspec.structs.astuple(row)[:-1], time_of(row.at))
        case ParkRow():
            return "park", (*msgspec.structs.astuple(row)[:-3], time_of(row.began), time_of(row.ended), row.parked_s)
        case WaitForecastRow():
            return "wait_forecast", _forecast(row)
        case MonitoringRow():
            return "monitoring", (*msgspec.structs.astuple(row)[:-2], time_of(row.began), time_of(row.ended))
        case SteeringRow():
            return "steering", (*msgspec.structs.astuple(row)[:-1], time_of(row.steered))
        case AnswererRow():
            return "answerer", (*msgspec.structs.astuple(row)[:-1], time_of(row.settled))
        case DispositionDueRow():
            return "disposition_due", (*msgspec.structs.astuple(row)[:-1], time_of(row.talk_ended))
        case DispositionRow():
            return "disposition", _disposition(row)
        case _:
            assert_never(row)


def _contact(r: ContactRow) -> tuple[object, ...]:
    return (
        r.contact, r.leg, r.medium, r.direction, r.caller, r.caller_name, r.dialled,
        time_of(r.began), _time_or_none(r.ended), r.end_reason,
        r.flow_s, r.wait_s, r.talk_s, r.forward_s, r.queue, r.agent, r.why, r.offers, r.missed, r.language,
        r.callback_s, r.hold_s, r.parked_s,
    )  # fmt: skip


def _visit(r: QueueVisitRow) -> tuple[object, ...]:
    return (
        r.seq, r.n, r.contact, r.queue, r.medium, time_of(r.entered), time_of(r.ended), r.waited_s, r.exit,
        r.priority, r.service_level_s, r.callback,
    )  # fmt: skip


def _offer(r: OfferRow) -> tuple[object, ...]:
    considered = None if r.considered is None else msgspec.json.encode(r.considered).decode()
    return (
        r.offer, r.contact, r.agent, r.leg, r.queue, _time_or_none(r.offered), r.strategy, r.why, considered, r.free,
        _time_or_none(r.ended), r.end, r.rang_s,
    )  # fmt: skip


def _talk(r: TalkRow) -> tuple[object, ...]:
    return (r.seq, r.n, r.contact, r.agent, r.leg, r.queue, time_of(r.began), time_of(r.ended), r.talk_s, r.hold_s)


def _hold(r: HoldRow) -> tuple[object, ...]:
    return (r.seq, r.n, r.contact, r.agent, time_of(r.began), time_of(r.ended), r.held_s)


def _party(r: PartyRow) -> tuple[object, ...]:
    return (
        r.seq, r.n, r.contact, r.leg, r.called_by, r.agent, r.number, r.aside, time_of(r.began), time_of(r.ended),
        r.spoke_s, r.end,
    )  # fmt: skip


def _forecast(r: WaitForecastRow) -> tuple[object, ...]:
    return (
        r.seq, r.n, r.contact, r.queue, time_of(r.predicted), r.p50_s, r.p90_s, r.position, r.entry, r.confident,
        r.announced, r.simulated,
    )  # fmt: skip


def _disposition(r: DispositionRow) -> tuple[object, ...]:
    return (
        r.seq, r.n, r.contact, r.agent, r.queue, r.tree, r.code, r.label, r.number, r.by, r.note,
        msgspec.json.encode(dict(r.fields)).decode(), r.callback, _time_or_none(r.talk_ended), time_of(r.recorded),
    )  # fmt: skip


def _period(r: AgentActivityRow) -> tuple[object, ...]:
    return (r.agent, time_of(r.since), _time_or_none(r.until), r.status, r.state, r.reason, r.contact)


def _recording(r: RecordingRow) -> tuple[object, ...]:
    return (
        r.recording, r.contact, r.kind, r.agent, r.mailbox, _time_or_none(r.started), _time_or_none(r.stopped),
        r.expected_s, r.path, r.seconds, r.channels, r.problem, _time_or_none(r.checked),
    )  # fmt: skip


def _callback(r: CallbackRow) -> tuple[object, ...]:
    return (
        r.contact, time_of(r.promised), r.queue, r.number, r.first, _time_or_none(r.not_before), _time_or_none(r.until),
        r.by, r.note, r.only, _time_or_none(r.settled), r.end, r.in_time, r.attempts, r.agent, r.why,
    )  # fmt: skip


def _voicemail(r: VoicemailRow) -> tuple[object, ...]:
    return (
        r.contact, r.queue, r.left_in, r.recording, r.mailbox, _time_or_none(r.left_at), r.seconds, r.heard_by,
        _time_or_none(r.next_at), _time_or_none(r.settled), r.end, r.settled_by, r.hearings,
    )  # fmt: skip


def _attempt(r: CallbackAttemptRow) -> tuple[object, ...]:
    return (
        r.leg, r.contact, r.queue, r.attempt, _time_or_none(r.dialled), r.number, r.agent, _time_or_none(r.ended),
        r.end, r.rang_s,
    )  # fmt: skip
