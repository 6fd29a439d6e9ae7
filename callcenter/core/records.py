"""Facts in, rows out: the fold that every report stands on. Knows facts and rows; knows no SQL and keeps no state.

Theory: the journal is the truth and rows are its shadow. An entry gives its rows without a look at any other entry, so
that a batch can be written, or every table be built anew, from the journal alone and with the same result. What a row
does not learn from one fact it learns from another with the same key (`model/records.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callcenter.core.campaign_score import CAMPAIGN_FOLDS
from callcenter.core.control_rows import CONTROL_FOLDS
from callcenter.core.monitor_records import MONITOR_FOLDS
from callcenter.model.callback_facts import CallbackAttempted, CallbackDialled, CallbackPromised, CallbackSettled
from callcenter.model.entry import Entry
from callcenter.model.facts import (
    AgentChanged,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    DispositionDue,
    DispositionRecorded,
    MessageReturned,
    MessageRouted,
    MessageSettled,
    OfferEnded,
    QueueLeft,
    SurveyAnswered,
    SurveyOffered,
    TalkEnded,
    WaitPredicted,
)
from callcenter.model.recording_facts import RecordingDropped, RecordingStarted, RecordingStopped, RecordingVerified
from callcenter.model.records import (
    AgentActivityRow,
    CallbackAttemptRow,
    CallbackRow,
    ContactRow,
    DispositionDueRow,
    DispositionRow,
    OfferRow,
    QueueVisitRow,
    RecordingRow,
    Row,
    SurveyAnswerRow,
    SurveyOfferRow,
    TalkRow,
    VoicemailRow,
    WaitForecastRow,
)


def rows(entry: Entry) -> list[Row]:
    """What one entry says of any table, in order. Commands and facts that no report counts say nothing."""
    found: list[Row] = []
    for n, output in enumerate(entry.outputs):
        fold = _FOLDS.get(type(output))
        if fold is not None:
            found.extend(fold(output, entry, n))
    return found


def _opened(fact: ContactOpened, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        ContactRow(
            contact=fact.contact,
            leg=fact.leg,
            medium=fact.medium,
            direction=fact.direction,
            caller=fact.caller,
            caller_name=fact.caller_name,
            dialled=fact.dialled,
            began=entry.at,
        ),
    )


def _ended(fact: ContactEnded, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        ContactRow(
            contact=fact.contact,
            medium=fact.medium,
            direction=fact.direction,
            caller=fact.caller,
            caller_name=fact.caller_name,
            dialled=fact.dialled,
            began=fact.began,
            ended=entry.at,
            end_reason=fact.reason,
            flow_s=fact.flow_s,
            wait_s=fact.wait_s,
            talk_s=fact.talk_s,
            forward_s=fact.forward_s,
            queue=fact.queue,
            agent=fact.agent,
            why=fact.why,
            offers=fact.offers,
            missed=fact.missed,
            language=fact.language,
            callback_s=fact.callback_s,
            hold_s=fact.hold_s,
            parked_s=fact.parked_s,
        ),
    )


def _queue_left(fact: QueueLeft, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        QueueVisitRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            queue=fact.queue,
            medium=fact.medium,
            entered=fact.entered,
            ended=entry.at,
            waited_s=fact.waited_s,
            exit=fact.exit,
            priority=fact.priority,
            service_level_s=fact.service_level_s,
            callback=fact.callback,
        ),
    )


def _offered(fact: ContactOffered, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        OfferRow(
            offer=fact.offer,
            contact=fact.contact,
            agent=fact.agent,
            leg=fact.leg,
            queue=fact.queue,
            offered=entry.at,
            strategy=fact.strategy,
            why=fact.why,
            considered=fact.considered,
            free=fact.free,
        ),
    )


def _offer_ended(fact: OfferEnded, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        OfferRow(
            offer=fact.offer,
            contact=fact.contact,
            agent=fact.agent,
            leg=fact.leg,
            queue=fact.queue,
            ended=entry.at,
            end=fact.end,
            rang_s=fact.rang_s,
        ),
    )


def _talk_ended(fact: TalkEnded, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        TalkRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            agent=fact.agent,
            leg=fact.leg,
            queue=fact.queue,
            began=fact.began,
            ended=entry.at,
            talk_s=fact.talk_s,
            hold_s=fact.hold_s,
        ),
    )


def _survey_offered(fact: SurveyOffered, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        SurveyOfferRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            survey=fact.survey,
            queue=fact.queue,
            agent=fact.agent,
            offered=entry.at,
        ),
    )


def _survey_answered(fact: SurveyAnswered, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        SurveyAnswerRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            survey=fact.survey,
            question=fact.question,
            queue=fact.queue,
            agent=fact.agent,
            answer=fact.answer,
            comment=fact.comment,
            answered=entry.at,
        ),
    )


def _disposition_due(fact: DispositionDue, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        DispositionDueRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            agent=fact.agent,
            queue=fact.queue,
            tree=fact.tree,
            talk_ended=entry.at,
        ),
    )


def _disposition(fact: DispositionRecorded, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        DispositionRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            agent=fact.agent,
            queue=fact.queue,
            tree=fact.tree,
            code=fact.code,
            label=fact.label,
            number=fact.number,
            by=fact.by,
            note=fact.note,
            fields=fact.fields,
            callback=fact.callback,
            talk_ended=fact.talk_ended or None,
            recorded=entry.at,
        ),
    )


def _agent_changed(fact: AgentChanged, entry: Entry, n: int) -> tuple[Row, ...]:
    begun = AgentActivityRow(
        agent=fact.agent,
        since=entry.at,
        status=fact.status,
        state=fact.state,
        reason=fact.reason,
        contact=fact.contact,
    )
    if fact.since >= entry.at:  # what she was before lasted no time at all: no period
        return (begun,)
    over = AgentActivityRow(
        agent=fact.agent,
        since=fact.since,
        until=entry.at,
        status=fact.was_status,
        state=fact.was_state,
        reason=fact.was_reason,
    )
    return (over, begun)


def _recording_started(fact: RecordingStarted, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        RecordingRow(
            recording=fact.recording,
            contact=fact.contact,
            kind=fact.kind,
            agent=fact.agent,
            mailbox=fact.mailbox,
            started=entry.at,
        ),
    )


def _recording_stopped(fact: RecordingStopped, entry: Entry, n: int) -> tuple[Row, ...]:
    return (RecordingRow(recording=fact.recording, contact=fact.contact, stopped=entry.at, expected_s=fact.expected_s),)


def _recording_dropped(fact: RecordingDropped, entry: Entry, n: int) -> tuple[Row, ...]:
    """Over and looked at: there is nothing, and that is as it should be."""
    return (
        RecordingRow(
            recording=fact.recording,
            contact=fact.contact,
            stopped=entry.at,
            expected_s=0.0,
            path="",
            seconds=0.0,
            channels=0,
            problem="",
            checked=entry.at,
        ),
    )


def _recording_verified(fact: RecordingVerified, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        RecordingRow(
            recording=fact.recording,
            contact=fact.contact,
            path=fact.path,
            seconds=fact.seconds,
            channels=fact.channels,
            problem=fact.problem,
            checked=entry.at,
        ),
    )


def _promised(fact: CallbackPromised, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        CallbackRow(
            contact=fact.contact,
            promised=entry.at,
            queue=fact.queue,
            number=fact.number,
            first=fact.first,
            not_before=fact.not_before,
            until=fact.until,
            by=fact.by,
            note=fact.note,
            only=fact.only,
        ),
    )


def _settled(fact: CallbackSettled, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        CallbackRow(
            contact=fact.contact,
            promised=fact.promised,
            queue=fact.queue,
            settled=entry.at,
            end=fact.end,
            in_time=fact.in_time,
            attempts=fact.attempts,
            agent=fact.agent,
            why=fact.why,
        ),
    )


def _routed(fact: MessageRouted, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        VoicemailRow(
            contact=fact.contact,
            queue=fact.queue,
            left_in=fact.left_in,
            recording=fact.recording,
            mailbox=fact.mailbox,
            left_at=entry.at,
            seconds=fact.seconds,
        ),
    )


def _returned(fact: MessageReturned, entry: Entry, n: int) -> tuple[Row, ...]:
    return (VoicemailRow(contact=fact.contact, queue=fact.queue, heard_by=fact.agent, next_at=fact.next_at),)


def _message_settled(fact: MessageSettled, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        VoicemailRow(
            contact=fact.contact,
            queue=fact.queue,
            recording=fact.recording,
            mailbox=fact.mailbox,
            heard_by=fact.agent,
            settled=entry.at,
            end=fact.end,
            settled_by=fact.by,
            hearings=fact.hearings,
        ),
    )


def _dialled(fact: CallbackDialled, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        CallbackAttemptRow(
            leg=fact.leg,
            contact=fact.contact,
            queue=fact.queue,
            attempt=fact.attempt,
            dialled=entry.at,
            number=fact.number,
            agent=fact.agent,
        ),
    )


def _attempted(fact: CallbackAttempted, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        CallbackAttemptRow(
            leg=fact.leg,
            contact=fact.contact,
            queue=fact.queue,
            attempt=fact.attempt,
            ended=entry.at,
            end="answered" if fact.end is None else fact.end.value,
            rang_s=fact.rang_s,
        ),
    )


def _wait_predicted(fact: WaitPredicted, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        WaitForecastRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            queue=fact.queue,
            predicted=entry.at,
            p50_s=fact.p50_s,
            p90_s=fact.p90_s,
            position=fact.position,
            entry=fact.entry,
            confident=fact.confident,
            announced=fact.announced,
            simulated=fact.simulated,
        ),
    )


# One line per fact that a report counts. `Any`: each fold takes the fact it stands under, which a mapping cannot say.
_FOLDS: Final[Mapping[type, Callable[[Any, Entry, int], tuple[Row, ...]]]] = {
    ContactOpened: _opened,
    ContactEnded: _ended,
    QueueLeft: _queue_left,
    ContactOffered: _offered,
    OfferEnded: _offer_ended,
    TalkEnded: _talk_ended,
    SurveyOffered: _survey_offered,
    SurveyAnswered: _survey_answered,
    AgentChanged: _agent_changed,
    RecordingStarted: _recording_started,
    RecordingStopped: _recording_stopped,
    RecordingDropped: _recording_dropped,
    RecordingVerified: _recording_verified,
    CallbackPromised: _promised,
    MessageRouted: _routed,
    MessageReturned: _returned,
    MessageSettled: _message_settled,
    CallbackSettled: _settled,
    CallbackDialled: _dialled,
    CallbackAttempted: _attempted,
    WaitPredicted: _wait_predicted,
    **MONITOR_FOLDS,
    **CAMPAIGN_FOLDS,
    DispositionDue: _disposition_due,
    DispositionRecorded: _disposition,
    **CONTROL_FOLDS,
}

COUNTED: Final = frozenset(_FOLDS)
"""The facts that give rows."""
