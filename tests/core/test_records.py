"""The fold of facts into rows, row by row, and what a contact's rows must agree on."""

from dataclasses import dataclass

import msgspec
import pytest

from callcenter.core.record_checks import check_parts
from callcenter.core.records import COUNTED, rows
from callcenter.model.agent import AgentState, AgentStatus, NailState
from callcenter.model.callback_facts import CallbackWaits, CallerRangBack, PlaceRestored
from callcenter.model.campaign import CampaignState
from callcenter.model.campaign_messages import (
    AnswererJudged,
    AttemptEnded,
    CampaignChanged,
    ContactDropped,
    DialRefused,
    LeadAnswered,
    LeadDialled,
    LeadShown,
    MachinesTrusted,
    OptedOut,
)
from callcenter.model.card import PaymentStep
from callcenter.model.colleagues import (
    ColleagueAnswered,
    ColleagueHeld,
    ColleagueMissed,
    ColleagueRang,
    ColleagueTransferred,
)
from callcenter.model.contact import Direction, EndReason, LookupOutcome, Medium, OfferEnd, QueueExit
from callcenter.model.control import HeldBy, PartyEnd, TransferTo
from callcenter.model.control_facts import (
    AgentMuted,
    ConsultAnswered,
    ConsultBegan,
    ContactHeld,
    ContactResumed,
    ContactTaken,
    ContactTransferred,
    KeysSent,
    PartyLeft,
    PhoneRefused,
    TransferFailed,
)
from callcenter.model.detection import Answerer
from callcenter.model.entry import Entry, Output
from callcenter.model.events import TimePassed
from callcenter.model.facts import (
    AgentAsked,
    AgentChanged,
    AgentLost,
    AgentTold,
    ConfigurationChanged,
    Considered,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    ContactQueued,
    CustomerMarksTaken,
    Fact,
    LookupEnded,
    NeedsRelaxed,
    NodeEntered,
    OfferEnded,
    OutsideCalled,
    PhoneNailed,
    PhoneSeen,
    QueueDraining,
    QueueLeft,
    RulesChanged,
    ScriptRun,
    Surprise,
    SurveyAnswered,
    SurveyOffered,
    TalkEnded,
)
from callcenter.model.ids import (
    AgentId,
    CardId,
    ContactId,
    FlowName,
    LegId,
    MonitorId,
    OfferId,
    QueueName,
    RecordingId,
    Version,
)
from callcenter.model.lead import CampaignName, LeadId
from callcenter.model.lead import Outcome as Dialled
from callcenter.model.monitor import MonitorEnd, MonitorMode, MonitorState
from callcenter.model.monitor_messages import BroadcastSent, MonitorBegan, MonitorChanged, MonitorEnded
from callcenter.model.parking import ContactParked, ParkEnd, ParkOver, PhoneTurnedAway, PickUpMissed, PickUpRang
from callcenter.model.payment_messages import PaymentAside, PaymentMoved
from callcenter.model.phone_use import PhoneUsedOutside
from callcenter.model.recording_facts import (
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingSwitched,
    RecordingVerified,
)
from callcenter.model.records import (
    AgentActivityRow,
    ContactRow,
    HoldRow,
    OfferRow,
    ParkRow,
    PartyRow,
    QueueVisitRow,
    RecordingRow,
    Row,
    SurveyAnswerRow,
    SurveyOfferRow,
    TalkRow,
    TransferRow,
    merged_all,
)

C, LEG, AGENT_LEG = ContactId("c-1"), LegId("l-1"), LegId("l-2")
MONITOR = MonitorId("m-1")
ANNA, SALES = AgentId("anna"), QueueName("sales")
OFFER, RECORDING = OfferId("o-1"), RecordingId("r-1")

OPENED = ContactOpened(
    contact=C,
    leg=LEG,
    medium=Medium.VOICE,
    direction=Direction.INBOUND,
    caller="0901234567",
    caller_name="Lan",
    dialled="1000",
)
OFFERED = ContactOffered(
    contact=C,
    offer=OFFER,
    agent=ANNA,
    leg=AGENT_LEG,
    queue=SALES,
    strategy="longest_idle",
    why="idle longest",
    considered=(Considered(agent=ANNA, rank=(3.0,)),),
    free=2,
)
ACCEPTED = OfferEnded(contact=C, offer=OFFER, agent=ANNA, leg=AGENT_LEG, queue=SALES, end=OfferEnd.ACCEPTED, rang_s=2.0)
ANSWERED = QueueLeft(
    contact=C,
    queue=SALES,
    exit=QueueExit.CONNECTED,
    entered=104.0,
    waited_s=6.0,
    priority=50,
    service_level_s=20.0,
)
TALKED = TalkEnded(contact=C, agent=ANNA, leg=AGENT_LEG, queue=SALES, began=110.0, talk_s=30.0)
ENDED = ContactEnded(
    contact=C,
    reason=EndReason.CALLER_HUNG_UP,
    medium=Medium.VOICE,
    direction=Direction.INBOUND,
    caller="0901234567",
    caller_name="Lan",
    dialled="1000",
    began=100.0,
    flow_s=4.0,
    wait_s=6.0,
    talk_s=30.0,
    forward_s=0.0,
    queue=SALES,
    agent=ANNA,
    why="idle longest",
    offers=1,
    missed=0,
    language="vi",
)


def entry(at: float, *outputs: Output, seq: int = 7) -> Entry:
    return Entry(seq=seq, at=at, event=TimePassed(), outputs=outputs)


def folded(*told: tuple[float, Output]) -> list[Row]:
    return [row for seq, (at, output) in enumerate(told, start=1) for row in rows(entry(at, output, seq=seq))]


CALL: tuple[tuple[float, Output], ...] = (
    (100.0, OPENED),
    (108.0, OFFERED),
    (110.0, ACCEPTED),
    (110.0, ANSWERED),
    (140.0, TALKED),
    (140.0, ENDED),
)


# -- each fact ---------------------------------------------------------------------------------------------------------


def test_a_contact_is_open_from_its_first_fact() -> None:
    assert rows(entry(100.0, OPENED)) == [
        ContactRow(
            contact=C,
            leg=LEG,
            medium=Medium.VOICE,
            direction=Direction.INBOUND,
            caller="0901234567",
            caller_name="Lan",
            dialled="1000",
            began=100.0,
        )
    ]


def test_the_cdr_says_all_that_the_ending_says() -> None:
    (row,) = rows(entry(140.0, ENDED))
    assert isinstance(row, ContactRow)
    assert (row.ended, row.end_reason) == (140.0, EndReason.CALLER_HUNG_UP)
    same = set(ContactRow.__struct_fields__) & set(ContactEnded.__struct_fields__)
    assert {name: getattr(row, name) for name in same} == {name: getattr(ENDED, name) for name in same}
    assert set(ContactRow.__struct_fields__) - same == {"leg", "ended", "end_reason"}
    assert set(ContactEnded.__struct_fields__) - same == {"reason"}


def test_the_cdr_keeps_the_leg_of_the_opening() -> None:
    (row,) = merged_all(folded((100.0, OPENED), (140.0, ENDED)))
    assert isinstance(row, ContactRow)
    assert (row.leg, row.ended, row.talk_s) == (LEG, 140.0, 30.0)


def test_an_offer_is_one_row_of_two_facts() -> None:
    begun, over = folded((108.0, OFFERED), (110.0, ACCEPTED))
    assert isinstance(begun, OfferRow)
    assert (begun.offered, begun.end, begun.free) == (108.0, None, 2)
    assert merged_all([begun, over]) == [
        msgspec.structs.replace(begun, ended=110.0, end=OfferEnd.ACCEPTED, rang_s=2.0),
    ]


def test_a_visit_and_a_talk_are_named_by_their_place_in_the_journal() -> None:
    assert rows(entry(140.0, Surprise(what="before"), ANSWERED, TALKED)) == [
        QueueVisitRow(
            seq=7,
            n=1,
            contact=C,
            queue=SALES,
            medium=Medium.VOICE,
            entered=104.0,
            ended=140.0,
            waited_s=6.0,
            exit=QueueExit.CONNECTED,
            priority=50,
            service_level_s=20.0,
        ),
        TalkRow(seq=7, n=2, contact=C, agent=ANNA, leg=AGENT_LEG, queue=SALES, began=110.0, ended=140.0, talk_s=30.0),
    ]


def test_a_recording_learns_from_three_facts() -> None:
    told = folded(
        (110.0, RecordingStarted(contact=C, recording=RECORDING, kind="call", agent=ANNA)),
        (140.0, RecordingStopped(contact=C, recording=RECORDING, expected_s=30.0)),
        (
            150.0,
            RecordingVerified(contact=C, recording=RECORDING, path="a.wav", seconds=29.9, channels=2, problem=""),
        ),
    )
    assert merged_all(told) == [
        RecordingRow(
            recording=RECORDING,
            contact=C,
            kind="call",
            agent=ANNA,
            mailbox="",
            started=110.0,
            stopped=140.0,
            expected_s=30.0,
            path="a.wav",
            seconds=29.9,
            channels=2,
            problem="",
            checked=150.0,
        )
    ]


def changed(since: float, was: AgentState, state: AgentState, contact: ContactId | None = None) -> AgentChanged:
    return AgentChanged(
        agent=ANNA,
        was_status=AgentStatus.AVAILABLE,
        was_state=was,
        was_reason="",
        since=since,
        status=AgentStatus.AVAILABLE,
        state=state,
        contact=contact,
    )


def period(since: float, until: float | None, state: AgentState, contact: ContactId | None = None) -> AgentActivityRow:
    return AgentActivityRow(
        agent=ANNA,
        since=since,
        until=until,
        status=AgentStatus.AVAILABLE,
        state=state,
        reason="",
        contact=contact,
    )


def test_a_change_ends_one_period_and_begins_another() -> None:
    told = folded(
        (110.0, changed(90.0, AgentState.READY, AgentState.ON_CONTACT, C)),
        (140.0, changed(110.0, AgentState.ON_CONTACT, AgentState.WRAP_UP, C)),
        (145.0, changed(140.0, AgentState.WRAP_UP, AgentState.READY)),
    )
    assert merged_all(told) == [
        period(90.0, 110.0, AgentState.READY),
        period(110.0, 140.0, AgentState.ON_CONTACT, C),
        period(140.0, 145.0, AgentState.WRAP_UP, C),
        period(145.0, None, AgentState.READY),
    ]


def test_a_period_of_no_time_leaves_no_trace() -> None:
    told = rows(
        entry(
            140.0,
            changed(110.0, AgentState.ON_CONTACT, AgentState.WRAP_UP, C),
            changed(140.0, AgentState.WRAP_UP, AgentState.READY),
        )
    )
    assert merged_all(told) == [
        period(110.0, 140.0, AgentState.ON_CONTACT),
        period(140.0, None, AgentState.READY),
    ]


SPRING = CampaignName("spring")
SILENT: list[Fact] = [
    NodeEntered(contact=C, flow="main", node="hello"),  # type: ignore[arg-type]
    ContactQueued(contact=C, queue=SALES, priority=50, needs="", since=104.0),
    NeedsRelaxed(contact=C, queue=SALES, needs="", waited_s=1.0),
    RulesChanged(contact=C, queue=SALES, version=Version(2), priority=50, needs=""),
    ConfigurationChanged(version=Version(2), was=Version(1)),
    ContactConnected(contact=C, agent=ANNA, leg=AGENT_LEG, queue=SALES, waited_s=6.0),
    PhoneSeen(agent=ANNA, state="reachable"),  # type: ignore[arg-type]
    PhoneUsedOutside(agent=ANNA, used=True),
    AgentAsked(contact=C, offer=OfferId("o1"), agent=ANNA, leg=AGENT_LEG, until=200.0),
    AgentLost(contact=C, agent=ANNA, queue=SALES, to="queue", name="sales"),
    AgentTold(contact=C, agent=ANNA, leg=AGENT_LEG, told_s=2.0),
    PhoneNailed(agent=ANNA, leg=AGENT_LEG, state=NailState.UP),
    QueueDraining(queue=SALES, draining=True, by=""),
    CallbackWaits(contact=C, queue=SALES, next_at=300.0, why="the last attempt failed"),
    CallerRangBack(contact=C, leg=AGENT_LEG, caller="0901", dialled="100"),
    PlaceRestored(contact=C, queue=SALES, since=50.0, left_at=60.0),
    Surprise(what="odd"),
    RecordingPaused(contact=C, recording=RECORDING, by="anna", until=200.0),
    RecordingResumed(contact=C, recording=RECORDING, by="cap", paused_s=30.0),
    RecordingSwitched(allowed=False, why="the disk is nearly full"),
    CustomerMarksTaken(changed=1, important=1, not_to_be_called=0),
    MonitorBegan(monitor=MONITOR, supervisor=ANNA, agent=ANNA, contact=None, mode=MonitorMode.LISTEN, by=""),
    MonitorChanged(monitor=MONITOR, supervisor=ANNA, agent=ANNA, contact=None, state=MonitorState.IDLE),
    MonitorEnded(monitor=MONITOR, supervisor=ANNA, agent=ANNA, reason=MonitorEnd.HUNG_UP),
    BroadcastSent(text="hello", agents=(ANNA,), by="boss"),
    CustomerMarksTaken(changed=1, important=1, not_to_be_called=0),
    ContactHeld(contact=C, agent=ANNA, by=HeldBy.PHONE),
    AgentMuted(contact=C, agent=ANNA, muted=True),
    KeysSent(contact=C, agent=ANNA, count=3),
    TransferFailed(contact=C, agent=ANNA, why="busy"),
    PhoneRefused(contact=C, agent=ANNA, name="0999", why="it may not be called"),
    ColleagueRang(contact=C, agent=ANNA, colleague=AgentId("bert"), leg=AGENT_LEG),
    ColleagueAnswered(contact=C, agent=ANNA, colleague=AgentId("bert"), leg=AGENT_LEG, rang_s=2.0),
    ColleagueMissed(contact=C, colleague=AgentId("bert"), why="no answer"),
    ColleagueHeld(contact=C, agent=ANNA, held=True),
    ColleagueTransferred(contact=C, agent=ANNA, stays=AgentId("bert"), to=AgentId("cora"), by="phone"),
    ContactTaken(contact=C, agent=ANNA, taker=AgentId("bert"), leg=AGENT_LEG),
    ConsultBegan(contact=C, agent=ANNA, leg=AGENT_LEG, number="0280"),
    ConsultAnswered(contact=C, agent=ANNA, leg=AGENT_LEG, number="0280", rang_s=2.0),
    OutsideCalled(contact=C, answered=False, why="busy"),
    LookupEnded(contact=C, name="main.who", outcome=LookupOutcome.FOUND, took_s=0.2),
    CampaignChanged(campaign=SPRING, was=CampaignState.STOPPED, state=CampaignState.RUNNING),
    DialRefused(campaign=SPRING, lead=LeadId(1), attempt=AGENT_LEG, why="too early"),
    LeadDialled(
        contact=C,
        campaign=SPRING,
        lead=LeadId(1),
        attempt=AGENT_LEG,
        number="+84",
        trunk="main",
        caller_id="+84",
        why="1 ready",
    ),
    LeadShown(campaign=SPRING, agent=ANNA, lead=LeadId(1)),
    LeadAnswered(contact=C, campaign=SPRING, attempt=AGENT_LEG, rang_s=3.0),
    AnswererJudged(
        contact=C, campaign=SPRING, attempt=AGENT_LEG, detector="ear", answerer=Answerer.HUMAN, took_s=1.0, why=""
    ),
    MachinesTrusted(campaign=SPRING, detector="ear", trusted=False, labelled=9, people=4),
    ContactDropped(contact=C, campaign=SPRING, attempt=AGENT_LEG, waited_s=2.0),
    OptedOut(contact=C, campaign=SPRING, attempt=AGENT_LEG),
    AttemptEnded(
        contact=C, campaign=SPRING, lead=LeadId(1), attempt=AGENT_LEG, outcome=Dialled.ANSWERED, lasted_s=60.0
    ),
    ScriptRun(contact=C, url="agi://127.0.0.1/pay", status="SUCCESS", took_s=12.0),
    PaymentMoved(contact=C, card=CardId("k-1"), step=PaymentStep.PAID, last="1111"),
    ContactParked(contact=C, agent=ANNA, slot="701", until=200.0),
    PickUpRang(contact=C, agent=ANNA, slot="701", leg=AGENT_LEG),
    PickUpMissed(contact=C, agent=ANNA, slot="701", leg=AGENT_LEG, end=PartyEnd.BUSY, rang_s=2.0),
    PhoneTurnedAway(agent=ANNA, number="702", why="nobody is parked in 702"),
    PaymentAside(contact=C, agent=ANNA, flow=FlowName("pay"), began=True),
]


def test_a_survey_gives_a_row_for_the_offer_and_one_for_each_answer() -> None:
    how = FlowName("how")
    told = rows(
        entry(
            140.0,
            SurveyOffered(contact=C, survey=how, queue=SALES, agent=ANNA),
            SurveyAnswered(contact=C, survey=how, question="friendly", queue=SALES, agent=ANNA, answer=4),
            SurveyAnswered(contact=C, survey=how, question="comment", comment=RECORDING),
        )
    )
    assert merged_all(told) == told
    offer, number, comment = told
    assert isinstance(offer, SurveyOfferRow)
    assert (offer.n, offer.survey, offer.queue, offer.agent, offer.offered) == (0, how, SALES, ANNA, 140.0)
    assert isinstance(number, SurveyAnswerRow)
    assert isinstance(comment, SurveyAnswerRow)
    assert (number.question, number.answer, number.comment, number.answered) == ("friendly", 4, None, 140.0)
    assert (comment.n, comment.answer, comment.comment, comment.agent) == (2, None, RECORDING, None)


def test_who_spoke_with_whom_and_when() -> None:
    told = rows(
        entry(
            140.0,
            ContactResumed(contact=C, agent=ANNA, began=120.0, held_s=20.0),
            PartyLeft(
                contact=C, agent=ANNA, leg=AGENT_LEG, number="0280", aside=True, end=PartyEnd.TOOK_OVER, began=125.0,
                spoke_s=15.0,
            ),
            ContactTransferred(contact=C, agent=ANNA, to=TransferTo.NUMBER, name="0280", consulted=True),
            ParkOver(contact=C, slot="701", parker=ANNA, end=ParkEnd.HUNG_UP, began=130.0, parked_s=10.0),
        )
    )  # fmt: skip
    assert merged_all(told) == told
    hold, party, transfer, park = told
    assert isinstance(park, ParkRow)
    assert (park.slot, park.agent, park.taker, park.began, park.ended) == ("701", ANNA, None, 130.0, 140.0)
    assert hold == HoldRow(seq=7, n=0, contact=C, agent=ANNA, began=120.0, ended=140.0, held_s=20.0)
    assert isinstance(party, PartyRow)
    assert (party.n, party.called_by, party.agent, party.number) == (1, ANNA, None, "0280")
    assert (party.began, party.ended, party.spoke_s, party.aside) == (125.0, 140.0, 15.0, True)
    assert isinstance(transfer, TransferRow)
    assert (transfer.agent, transfer.to, transfer.name, transfer.at) == (ANNA, TransferTo.NUMBER, "0280", 140.0)


@pytest.mark.parametrize("fact", SILENT, ids=lambda fact: type(fact).__name__)
def test_facts_that_no_report_counts_say_nothing(fact: Fact) -> None:
    assert rows(entry(1.0, fact)) == []


def test_every_fact_is_either_counted_or_known_to_be_silent() -> None:
    assert COUNTED | {type(fact) for fact in SILENT} == set(Fact.__args__)


def test_where_the_journal_is_cut_does_not_matter() -> None:
    """Rows of two batches merge to what one batch gives."""
    whole = merged_all(folded(*CALL))
    all_rows = folded(*CALL)
    for cut in range(len(all_rows) + 1):
        assert merged_all([*merged_all(all_rows[:cut]), *merged_all(all_rows[cut:])]) == whole


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_a_whole_call_agrees() -> None:
    assert check_parts(folded(*CALL)) == []


def test_a_call_that_still_runs_agrees_so_far() -> None:
    for shown in range(1, len(CALL)):
        assert check_parts(folded(*CALL[:shown])) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    told: tuple[tuple[float, Output], ...]
    says: str


def without(output: Output) -> tuple[tuple[float, Output], ...]:
    return tuple(told for told in CALL if told[1] is not output)


def instead(output: Output, other: Output) -> tuple[tuple[float, Output], ...]:
    return tuple((at, other if told is output else told) for at, told in CALL)


WRONGS = {
    "never opened": Wrong(told=without(OPENED), says="opened 0 times"),
    "opened twice": Wrong(told=(CALL[0], *CALL), says="opened 2 times"),
    "two CDRs": Wrong(told=(*CALL, CALL[-1]), says="has 2 CDRs"),
    "a part is missing": Wrong(
        told=instead(ENDED, msgspec.structs.replace(ENDED, wait_s=5.0)),
        says="parked_s 0.000000 = 39.000000 is not its length 40",
    ),
    "a part is negative": Wrong(
        told=instead(ENDED, msgspec.structs.replace(ENDED, flow_s=-4.0, forward_s=8.0)), says="flow_s is -4.0"
    ),
    "an answer without a talk": Wrong(told=without(TALKED), says="has no talk"),
    "a talk before the answer": Wrong(
        told=instead(TALKED, msgspec.structs.replace(TALKED, began=109.0)), says="has no talk"
    ),
    "a talk in another queue": Wrong(
        told=instead(TALKED, msgspec.structs.replace(TALKED, queue=QueueName("support"))), says="has no talk"
    ),
    "a visit before the contact": Wrong(
        told=instead(ANSWERED, msgspec.structs.replace(ANSWERED, entered=90.0)), says="is outside the contact"
    ),
    "an offer that never ended": Wrong(told=without(ACCEPTED), says="offer o-1 to anna never ended"),
    "an offer not counted": Wrong(
        told=instead(ENDED, msgspec.structs.replace(ENDED, offers=0)), says="counts 0 offers, there were 1"
    ),
    "more missed than offered": Wrong(
        told=instead(ENDED, msgspec.structs.replace(ENDED, missed=2)), says="2 missed of 1 offers"
    ),
}


@pytest.mark.parametrize("name", WRONGS)
def test_what_does_not_agree_is_said(name: str) -> None:
    wrong = WRONGS[name]
    assert any(wrong.says in problem for problem in check_parts(folded(*wrong.told)))
