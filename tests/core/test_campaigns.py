"""Campaigns in stories: whom they dial and when, who answers, who is dropped, what becomes of each attempt."""

import heapq
import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from callcenter.core.campaign_claims import JUDGED_WITHIN_S
from callcenter.core.campaign_state import TRANSITIONS, CampaignInput, CampaignRecord, next_state
from callcenter.errors import IllegalTransition
from callcenter.model.agent import AgentState, PhoneRules
from callcenter.model.campaign import CallerNumber, Campaign, CampaignState, MachineRule, Mode
from callcenter.model.campaign_messages import (
    AttemptEnded,
    AttemptSettled,
    CampaignStartRequested,
    CampaignStopRequested,
    ClaimLeads,
    ContactDropped,
    DetectMachine,
    DialJudged,
    DiallerLost,
    DiallerReady,
    DialRefused,
    HourCount,
    JudgeDial,
    LeadAnswered,
    LeadDecided,
    LeadDialled,
    LeadRequested,
    LeadsClaimed,
    LeadShown,
    MachineJudged,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.commands import (
    DialNumber,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RingAgent,
    StartMusic,
    StopMusic,
)
from callcenter.model.contact import EndReason, LegEnd, TransportFault
from callcenter.model.detection import JUDGE_WITHIN_S, Answerer
from callcenter.model.disposition import DispositionRules, DispositionTree
from callcenter.model.disposition import Outcome as Recorded
from callcenter.model.events import (
    CommandFailed,
    DigitPressed,
    DispositionRequested,
    LegAnswered,
    LegEnded,
    PlaybackEnded,
)
from callcenter.model.facts import ContactConnected, ContactEnded, Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, LegId, QueueName, TreeName
from callcenter.model.lead import CampaignName, Lead, LeadId, LeadNumber, ListOfLeads, Outcome
from callcenter.model.queue import Overflow, Target
from callcenter.model.trunk import Guard, Trunk
from callcenter.nodes.collect import Collect
from callcenter.nodes.fields import Key, NextNode, VariableName
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from tests.core.center import Center, flow, queue

SPRING = CampaignName("spring")
LIST = ListOfLeads("first")
SORRY = Prompt(name="sorry")
MAIN = Trunk(name="main", lines_max=50, calls_per_s=100.0)
SHOWN = (CallerNumber(number="+842400000000"),)


def campaign(**rules: Any) -> Campaign:
    given: dict[str, Any] = {
        "name": SPRING,
        "queue": QueueName("out"),
        "lists": {LIST: 1},
        "caller_ids": SHOWN,
        "safe_harbour": SORRY,
    }
    return Campaign(**{**given, **rules})


class Floor(Center):
    """A center with a campaign, and Postgres played by hand: leads, and a law that allows what it is told to."""

    def __init__(self, *, leads: int = 100, rules: dict[str, Any] | None = None, **more: Any) -> None:
        given: dict[str, Any] = {"trunks": (MAIN,), **more}
        queues = given.pop("queues", (queue("out"),))
        super().__init__(*queues, campaigns=(campaign(**(rules or {})),), **given)
        self.left = [self.lead(n) for n in range(1, leads + 1)]
        self.against = ""
        self.kept = False
        self.needs_agent: set[str] = set()
        self.settled: dict[LegId, SettleAttempt] = {}
        self.answers = True

    @staticmethod
    def lead(n: int) -> Lead:
        number = LeadNumber(n=1, number=f"+8490{n:07d}", region="VN", line="mobile")
        return Lead(id=LeadId(n), list=LIST, name=f"Lead {n}", numbers=(number,), custom={"city": "Hanoi"})

    def begins(self, name: str = "first") -> None:
        self.tell(DiallerReady(dialler=name))

    def starts(self) -> str:
        return self.ask(CampaignStartRequested(request=self.request(), campaign=SPRING))

    def stops(self, *, drain: bool = False) -> str:
        return self.ask(CampaignStopRequested(request=self.request(), campaign=SPRING, drain=drain))

    def tell(self, event: Any) -> Any:
        out = super().tell(event)
        if getattr(self, "answers", False):
            for command in list(out):
                self.carried_out(command)
        return out

    def carried_out(self, command: object) -> None:
        match command:
            case ClaimLeads(campaign=name, count=count):
                taken, self.left = self.left[:count], self.left[count:]
                self.tell(LeadsClaimed(campaign=name, leads=tuple(taken)))
            case JudgeDial(dial=dial, against=against):
                why = self.against or "; ".join(against)
                needs = dial.number.number in self.needs_agent
                leg = LegId(dial.id)
                self.tell(DialJudged(attempt=leg, authorised=not why, why=why, kept=self.kept, needs_agent=needs))
            case SettleAttempt(attempt=attempt):
                assert attempt not in self.settled
                self.settled[attempt] = command
                self.tell(AttemptSettled(attempt=attempt))
            case _:
                pass

    @property
    def state(self) -> str:
        return self.record.state.value

    @property
    def record(self) -> CampaignRecord:
        return self.engine.world.campaigns[SPRING]

    @property
    def ringing(self) -> list[LegId]:
        return [one.leg for one in self.record.attempts.values() if one.answered_at is None]

    def answered(self, leg: LegId) -> None:
        self.tell(LegAnswered(leg=leg))

    def ended(self, leg: LegId, end: LegEnd = LegEnd.NORMAL, cause: int = 16) -> None:
        self.tell(LegEnded(leg=leg, end=end, cause=cause))

    def agent_answers(self) -> RingAgent:
        [ring] = self.lately(RingAgent)
        self.tell(LegAnswered(leg=ring.leg))
        return ring


@pytest.mark.parametrize(("state", "told"), list(itertools.product(CampaignState, CampaignInput)))
def test_every_cell_is_listed_or_refused(state: CampaignState, told: CampaignInput) -> None:
    if (state, told) in TRANSITIONS:
        assert next_state(SPRING, state, told) is TRANSITIONS[state, told]
    else:
        with pytest.raises(IllegalTransition, match=f"spring: {told} while {state}"):
            next_state(SPRING, state, told)


def test_a_line_for_each_free_agent_and_each_is_judged_before_it_rings() -> None:
    floor = Floor()
    ann, bea = floor.agent("ann"), floor.agent("bea")
    floor.begins()
    assert floor.starts() == ""
    floor.passes(0.1)
    asked, dialled = floor.all(JudgeDial), floor.all(DialNumber)
    assert len(asked) == len(dialled) == 2
    assert [str(one.dial.id) for one in asked] == [str(one.leg) for one in dialled]
    assert all(one.dial.agent_ready and one.dial.ring_s == 25.0 and one.drops for one in asked)
    assert {one.number for one in dialled} == {"+84900000001", "+84900000002"}
    assert {one.caller for one in dialled} == {"+842400000000"}
    floor.passes(5.0)
    assert len(floor.all(DialNumber)) == 2
    assert ann.record.state is bea.record.state is AgentState.READY
    floor.told_again()


def test_lines_begin_one_after_the_other_as_far_apart_as_the_trunks_calls_per_second_say() -> None:
    """Begun at once they would be answered at once, and each answer would wait for the others to be connected."""
    floor = Floor(trunks=(replace(MAIN, calls_per_s=8.0),))
    for n in range(6):
        floor.agent(f"agent{n}")
    floor.begins()
    assert floor.starts() == ""
    begun = []
    for at in range(60):
        floor.passes(0.0125 if at else 0.0)
        begun.append(len(floor.all(DialNumber)))
    assert begun[0] == 1
    assert sorted(set(begun)) == [1, 2, 3, 4, 5, 6]
    firsts = [begun.index(count) for count in (1, 2, 3, 4, 5, 6)]
    assert [later - sooner for sooner, later in itertools.pairwise(firsts)] == [10] * 5  # an eighth of a second
    assert [receipt.dial.agent_ready for receipt in floor.all(JudgeDial)] == [True] * 6


def test_what_was_left_to_begin_is_forgotten_when_nobody_is_there_any_more() -> None:
    floor = Floor(trunks=(replace(MAIN, calls_per_s=2.0),))
    agents = [floor.agent(f"agent{n}") for n in range(3)]
    floor.begins()
    assert floor.starts() == ""
    floor.passes(0.1)
    assert len(floor.all(DialNumber)) == 1
    for agent in agents:
        agent.logs_out()
    floor.passes(3.0)
    assert len(floor.all(DialNumber)) == 1


def test_who_answers_has_an_agent_at_once_and_the_next_number_is_dialled_after_the_talk() -> None:
    floor = Floor()
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.answered(leg)
    assert floor.lately(LeadAnswered)[0].rang_s == pytest.approx(3.0, abs=0.2)
    floor.agent_answers()
    assert floor.lately(ContactConnected)
    assert ann.record.state is AgentState.ON_CONTACT
    floor.passes(60.0)
    floor.ended(leg)
    assert floor.settled[leg].outcome is Outcome.ANSWERED
    assert floor.settled[leg].answered_at is not None
    floor.passes(1.1)
    assert len(floor.all(LeadDialled)) == 2
    assert floor.record.outcomes == {Outcome.ANSWERED: 1}
    assert floor.record.talks == 1
    assert floor.record.talk_s == pytest.approx(60.0)
    floor.told_again()


@pytest.mark.parametrize(
    ("end", "cause", "outcome"),
    [
        (LegEnd.BUSY, 17, Outcome.BUSY),
        (LegEnd.NO_ANSWER, 19, Outcome.NO_ANSWER),
        (LegEnd.UNREACHABLE, 1, Outcome.INVALID),
        (LegEnd.UNREACHABLE, 18, Outcome.FAILED),
        (LegEnd.FAILED, 34, Outcome.FAILED),
        (LegEnd.REJECTED, 21, Outcome.BUSY),
    ],
)
def test_a_call_that_nobody_answers_ends_with_what_the_network_says(end: LegEnd, cause: int, outcome: Outcome) -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(4.0)
    [leg] = floor.ringing
    floor.ended(leg, end, cause)
    assert floor.settled[leg].outcome is outcome
    assert floor.all(AttemptEnded)[0].outcome is outcome
    failures = floor.record.pace.trunk.failed_in_a_row
    assert failures == (1 if outcome is Outcome.FAILED and cause == 34 else 0)
    assert not floor.engine.world.contacts or floor.ringing


def test_a_person_without_an_agent_is_told_who_called_after_two_seconds_and_counts_as_a_drop() -> None:
    floor = Floor()
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.call("out")  # somebody calls in and takes the agent
    floor.answered(leg)
    floor.passes(1.9)
    assert not floor.all(ContactDropped)
    floor.passes(0.2)
    [dropped] = floor.all(ContactDropped)
    assert dropped.waited_s == pytest.approx(2.0)
    assert floor.all(PlayPrompts)[-1].prompts == ("sorry",)
    assert floor.record.pace.counted(floor.now)[0].drops == 1
    floor.tell(PlaybackEnded(playback=floor.all(PlayPrompts)[-1].playback))
    assert floor.settled[leg].outcome is Outcome.DROPPED
    assert ann.record.state is AgentState.OFFERED
    floor.told_again()


def test_a_person_whom_her_queue_sent_elsewhere_is_a_drop_too_if_nobody_speaks_with_her_in_time() -> None:
    elsewhere = flow("elsewhere", hello=Play(prompt=Prompt(name="elsewhere"), next=NextNode("bye")), bye=Hangup())
    out = queue("out", no_agents=Target(to=Overflow.FLOW, name="elsewhere"))
    floor = Floor(queues=(out,), flows=(elsewhere,))
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.answered(leg)
    ann.logs_out()
    assert floor.all(PlayPrompts)[-1].prompts == ("elsewhere",)
    floor.passes(2.1)
    [dropped] = floor.all(ContactDropped)
    assert dropped.waited_s == pytest.approx(2.0)
    assert floor.all(PlayPrompts)[-1].prompts == ("sorry",)
    assert floor.record.pace.counted(floor.now)[0].drops == 1
    floor.tell(PlaybackEnded(playback=floor.all(PlayPrompts)[-1].playback))
    assert floor.settled[leg].outcome is Outcome.DROPPED
    floor.told_again()


@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.RATIO, Mode.PREDICTIVE])
def test_phones_that_nobody_picks_up_in_time_drop_two_people_and_then_nobody_is_dialled_for_them(mode: Mode) -> None:
    floor = Floor(rules={"mode": mode, "ratio": 3.0})
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    for _ in range(20):
        floor.passes(1.0)
        for leg in floor.ringing:
            floor.answered(leg)
        floor.passes(2.5)  # her phone rings, and she is somewhere else
        for playing in floor.all(PlayPrompts):
            floor.tell(PlaybackEnded(playback=playing.playback))
    assert ann.record.state is AgentState.READY
    assert floor.record.pace.counted(floor.now)[0].drops == 2
    assert "2 of 2 live answers of 24 hours were dropped: until it is 2.5%" in floor.record.why
    floor.agent("bea", phone=PhoneRules(nailed=True))
    floor.passes(3.0)
    assert not floor.ringing, "ann, who has been free for longer, would be given the call"
    ann.logs_out()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.answered(leg)
    assert floor.record.pace.counted(floor.now)[0].drops == 2
    assert floor.all(ContactConnected)
    floor.told_again()


def test_a_phone_that_rings_for_the_dropped_stops() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.answered(leg)
    [ring] = floor.lately(RingAgent)
    floor.passes(2.1)
    assert ring.leg in {one.leg for one in floor.all(HangUp)}
    assert floor.all(ContactDropped)


def test_the_key_to_be_called_no_more() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.passes(2.1)
    floor.tell(DigitPressed(leg=leg, digit="1"))
    assert not floor.all(OptOut)
    floor.tell(DigitPressed(leg=leg, digit="9"))
    [out] = floor.all(OptOut)
    assert out.number == "+84900000001"
    assert floor.settled[leg].outcome is Outcome.DROPPED


def test_nothing_is_dialled_when_nobody_is_there_or_no_dialler() -> None:
    floor = Floor()
    floor.starts()
    floor.passes(10.0)
    assert not floor.all(ClaimLeads)
    floor.begins()
    floor.passes(10.0)
    assert floor.all(ClaimLeads)
    assert not floor.all(JudgeDial)
    floor.agent("ann")
    floor.passes(3.0)
    assert floor.all(DialNumber)
    floor.tell(DiallerLost())
    [leg] = floor.ringing
    floor.ended(leg, LegEnd.BUSY, 17)
    floor.passes(10.0)
    assert len(floor.all(DialNumber)) == 1


def test_an_agent_who_goes_while_it_is_judged_leaves_a_void_attempt() -> None:
    floor = Floor()
    ann = floor.agent("ann")
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.passes(0.1)
    [claim] = floor.all(ClaimLeads)
    floor.tell(LeadsClaimed(campaign=SPRING, leads=(floor.lead(1),)))
    floor.passes(2.0)
    [asked] = floor.all(JudgeDial)
    ann.logs_out()
    floor.tell(DialJudged(attempt=LegId(asked.dial.id), authorised=True))
    assert not floor.all(DialNumber)
    assert floor.lately(SettleAttempt)[0].outcome is Outcome.VOID
    assert claim.count == 200


def test_what_the_law_refuses_is_not_dialled_and_a_refusal_of_the_way_of_calling_keeps_the_lead() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.against, floor.kept = "caller_id none (shown)", True
    floor.starts()
    floor.passes(3.0)
    assert not floor.all(DialNumber)
    [refused] = floor.all(DialRefused)
    assert (floor.record.pace.lines, floor.record.pace.ordered.dials) == ({}, {}), "nothing is learnt of it"
    assert refused.lead == 1
    assert len(floor.record.hopper) == 100
    floor.against = ""
    floor.passes(5.0)
    assert floor.all(DialNumber)[0].number == "+84900000001"


def test_a_number_that_may_not_be_called_gives_way_to_the_next_one_of_the_same_lead() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.passes(0.1)
    [first], second = floor.lead(1).numbers, LeadNumber(n=2, number="+84999999999", region="VN", line="mobile")
    lead = replace(floor.lead(1), numbers=(first, second))
    floor.tell(LeadsClaimed(campaign=SPRING, leads=(lead, floor.lead(2))))
    floor.passes(2.0)
    [asked] = floor.all(JudgeDial)
    assert asked.dial.number == first
    floor.tell(DialJudged(attempt=LegId(asked.dial.id), authorised=False, why="attempts 1", left=(second,)))
    assert [one.lead for one in floor.all(DialRefused)] == [1]
    floor.passes(1.0)
    again = floor.all(JudgeDial)[-1]
    assert (again.dial.lead.id, again.dial.number) == (1, second), "before the next lead, and at once"
    floor.tell(DialJudged(attempt=LegId(again.dial.id), authorised=True))
    assert [one.number for one in floor.all(DialNumber)] == [second.number]
    floor.told_again()


def test_the_guard_and_the_trunks_are_told_to_whoever_judges() -> None:
    floor = Floor(guard=Guard(regions=("US",)))
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(10.0)
    assert floor.all(JudgeDial)[0].against == ("VN is not allowed",)
    assert not floor.all(DialNumber)
    assert any("toll fraud" in one.what for one in floor.all(Surprise))


def test_drained_dials_what_was_claimed_and_stopped_rings_on_and_gives_back() -> None:
    floor = Floor(leads=3)
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    assert floor.stops() == ""
    assert [len(one.leads) for one in floor.all(ReleaseLeads)] == [2]
    assert floor.state == "stopping"
    [leg] = floor.ringing
    floor.ended(leg, LegEnd.NO_ANSWER, 19)
    floor.passes(3.0)
    assert floor.state == "stopped"
    assert floor.stops() == "spring does not run"
    floor.left = [floor.lead(n) for n in (2, 3)]
    floor.starts()
    floor.passes(2.0)
    assert floor.stops(drain=True) == ""
    for _ in range(2):
        [leg] = floor.ringing
        floor.ended(leg, LegEnd.NO_ANSWER, 19)
        floor.passes(3.0)
    assert floor.state == "stopped"
    assert len(floor.all(DialNumber)) == 3
    floor.told_again()


def test_a_restart_forgets_what_was_claimed_and_asked_and_goes_on_with_what_lives() -> None:
    floor = Floor(leads=400)
    ann, _ = floor.agent("ann"), floor.agent("bea")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    first, second = floor.ringing
    floor.answered(first)
    floor.agent_answers()
    floor.restarts()
    assert floor.record.hopper == []
    assert floor.record.asked == {}
    assert floor.ringing == [second]
    assert ann.record.state is AgentState.ON_CONTACT
    assert floor.engine.has_dialled(first)
    floor.passes(5.0)
    assert len(floor.all(DialNumber)) == 2  # nobody holds leads yet
    floor.begins("second")
    floor.ended(first)
    floor.passes(2.0)
    assert len(floor.all(DialNumber)) == 3
    assert floor.settled[first].outcome is Outcome.ANSWERED


def test_a_call_that_is_not_there_after_a_restart_is_lost_unless_asterisk_kept_its_end_for_us() -> None:
    floor = Floor()
    floor.agent("ann"), floor.agent("bea")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    first, second = floor.ringing
    floor.restarts(listing=floor.listing(without=[first, second]))
    floor.ended(second, LegEnd.BUSY, 17)
    floor.passes(4.0)
    assert {leg: one.outcome for leg, one in floor.settled.items()} == {first: Outcome.LOST, second: Outcome.BUSY}


def test_what_was_not_settled_before_a_kill_is_told_to_the_next_dialler() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answers = False
    floor.ended(leg, LegEnd.BUSY, 17)
    assert floor.lately(SettleAttempt)
    floor.restarts()
    assert floor.engine.has_dialled(leg)
    floor.answers = True
    floor.begins("second")
    assert floor.settled[leg].outcome is Outcome.BUSY
    assert not floor.engine.has_dialled(leg)


TREE = DispositionTree(name=TreeName("sales"), outcomes={"sold": Recorded(label="Sold"), "no": Recorded(label="No")})


def test_what_an_agent_records_goes_with_the_attempt_and_is_waited_for_until_her_wrap_up_is_over() -> None:
    rules = DispositionRules(tree=TREE.name, required=True)
    floor = Floor(queues=(queue("out", disposition=rules, wrap_up_s=30.0),), dispositions=(TREE,))
    floor.agent("ann")
    floor.begins()
    floor.starts()
    leg, contact = LegId(""), ContactId("")
    for recorded in ("sold", ""):
        floor.passes(2.0)
        [leg] = floor.ringing
        floor.answered(leg)
        floor.agent_answers()
        floor.passes(20.0)
        floor.ended(leg)
        assert leg not in floor.settled
        assert floor.engine.has_dialled(leg)
        contact = floor.all(ContactEnded)[-1].contact
        if recorded:
            assert not floor.ask(DispositionRequested(request=floor.request(), contact=contact, code=recorded))
            assert floor.settled[leg].disposition == "sold"
            floor.passes(31.0)
        else:
            floor.passes(29.0)
            assert leg not in floor.settled
            floor.passes(2.0)
            assert floor.settled[leg].disposition == ""
        assert floor.settled[leg].outcome is Outcome.ANSWERED
    # later, and otherwise: it is told once more, and kept until it is written
    floor.answers = False
    assert not floor.ask(DispositionRequested(request=floor.request(), contact=contact, code="no"))
    assert floor.lately(SettleAttempt)[0].disposition == "no"
    floor.settled.clear()
    floor.answers = True
    floor.restarts()
    floor.begins("second")
    assert (floor.settled[leg].disposition, floor.settled[leg].outcome) == ("no", Outcome.ANSWERED)
    assert not floor.record.settling
    floor.told_again()


def test_a_machine_is_hung_up_on_and_one_that_is_taken_for_a_person_has_an_agent() -> None:
    floor = Floor(rules={"machine": MachineRule.HANG_UP, "detector": "ear"})
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    assert floor.lately(DetectMachine)[0].detector == "ear"
    assert not floor.all(RingAgent)
    floor.tell(MachineJudged(leg=leg, answerer=Answerer.MACHINE, why="long greeting"))
    assert floor.settled[leg].outcome is Outcome.MACHINE
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.passes(JUDGE_WITHIN_S)  # the detector says nothing
    assert floor.all(RingAgent)


def test_a_detector_that_is_not_there_makes_a_person_of_everybody() -> None:
    floor = Floor(rules={"machine": MachineRule.HANG_UP, "detector": "ear"})
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.fails(floor.lately(DetectMachine)[0], TransportFault.REFUSED)
    assert floor.all(RingAgent)


def test_a_broadcast_plays_its_flow_and_needs_no_agent() -> None:
    floor = Floor(
        rules={"mode": Mode.BROADCAST, "queue": None, "flow": "news", "lines_max": 5, "safe_harbour": None},
        flows=(flow("news", say=Hangup(prompt=Prompt(name="news"))),),
        leads=7,
    )
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    assert len(floor.ringing) == 5
    leg = floor.ringing[0]
    floor.answered(leg)
    floor.tell(PlaybackEnded(playback=floor.lately(PlayPrompts)[0].playback))
    assert floor.settled[leg].outcome is Outcome.ANSWERED
    floor.passes(2.0)
    assert len(floor.ringing) == 5


def test_who_hears_a_broadcast_may_be_called_no_more_by_a_key_that_its_flow_does_not_want() -> None:
    news = flow(
        "news",
        say=Play(prompt=Prompt(name="news"), next=NextNode("ask")),
        ask=Menu(prompt=Prompt(name="ask"), choices={Key("8"): NextNode("pin")}, no_input=NextNode("say")),
        pin=Collect(
            prompt=Prompt(name="pin"),
            into=VariableName("pin"),
            max_digits=4,
            next=NextNode("say"),
            failed=NextNode("say"),
        ),
    )
    for menu, key, opts_out in ((False, "9", True), (True, "9", True), (True, "8", False)):
        floor = Floor(
            rules={
                "mode": Mode.BROADCAST,
                "queue": None,
                "flow": "news",
                "safe_harbour": None,
                "opted_out": Prompt(name="bye"),
            },
            flows=(news,),
            leads=1,
        )
        floor.begins()
        floor.starts()
        floor.passes(2.0)
        [leg] = floor.ringing
        floor.answered(leg)
        if menu:
            floor.tell(PlaybackEnded(playback=floor.lately(PlayPrompts)[0].playback))
        floor.tell(DigitPressed(leg=leg, digit=key))
        assert bool(floor.all(OptOut)) is opts_out
        if not opts_out:  # it leads to digits, of which a 9 is one
            floor.tell(DigitPressed(leg=leg, digit="9"))
            assert not floor.all(OptOut)
            continue
        [said] = floor.lately(PlayPrompts)
        floor.tell(DigitPressed(leg=leg, digit="9"))
        assert len(floor.all(OptOut)) == 1
        floor.tell(PlaybackEnded(playback=said.playback))
        assert floor.all(ContactEnded)[-1].reason is EndReason.FLOW_ENDED
        assert floor.settled[leg].outcome is Outcome.ANSWERED
        floor.passes(60.0)
        floor.told_again()


def test_what_was_judged_for_a_trunk_that_has_begun_to_rest_is_void_and_its_lead_is_kept() -> None:
    floor = Floor()
    for n in range(12):
        floor.agent(f"ann{n}")
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.passes(0.1)
    floor.tell(LeadsClaimed(campaign=SPRING, leads=tuple(floor.lead(n) for n in range(1, 13))))
    floor.passes(3.0)
    asked = [one.dial for one in floor.all(JudgeDial)]
    assert len(asked) > MAIN.failures_max + 1
    for dial in asked:
        [done] = [one for one in floor.tell(DialJudged(attempt=LegId(dial.id), authorised=True)) if is_dial_or_end(one)]
        if isinstance(done, DialNumber):
            floor.tell(
                CommandFailed(
                    contact=done.contact, command="DialNumber", subject=done.leg, fault=TransportFault.REFUSED
                )
            )
    outcomes = [one.outcome for one in floor.all(SettleAttempt)]
    failed = MAIN.failures_max
    assert outcomes == [Outcome.FAILED] * failed + [Outcome.VOID] * (len(asked) - failed)


def test_what_waited_long_for_its_turn_is_dialled_if_it_was_judged_just_now() -> None:
    """Else a machine that judges slowly for a while would make every call void, and ask for it again, and again."""
    floor = Floor()
    for name in ("ann", "ben", "cat"):
        floor.agent(name)
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.passes(0.1)
    floor.tell(LeadsClaimed(campaign=SPRING, leads=tuple(floor.lead(n) for n in range(1, 4))))
    floor.passes(3.0)
    just_now, long_ago, not_told = [LegId(one.dial.id) for one in floor.all(JudgeDial)]
    floor.passes(3 * JUDGED_WITHIN_S)
    floor.tell(DialJudged(attempt=just_now, authorised=True, at=floor.now - JUDGED_WITHIN_S))
    floor.tell(DialJudged(attempt=long_ago, authorised=True, at=floor.now - JUDGED_WITHIN_S - 1.0))
    floor.tell(DialJudged(attempt=not_told, authorised=True))
    assert [one.leg for one in floor.all(DialNumber)] == [just_now]
    assert [(one.attempt, one.outcome) for one in floor.all(SettleAttempt)] == [
        (long_ago, Outcome.VOID),
        (not_told, Outcome.VOID),
    ]
    assert {one.why for one in floor.all(DialRefused)} == {"it was judged too long ago"}
    floor.told_again()


class SlowFloor(Floor):
    """Postgres takes its time: it judges and settles one after the other, and everybody who is called is busy."""

    def __init__(self, takes_s: float, agents: int) -> None:
        super().__init__(leads=1_000, checked=False)
        self.answers = False
        self._takes_s, self._free_at = takes_s, self.now
        self._coming: list[tuple[float, int, Any]] = []
        for n in range(agents):
            self.agent(f"ann{n:02}")

    def carried_out(self, command: object) -> None:
        match command:
            case JudgeDial(dial=dial):
                at = self._in_turn()
                self._comes(at, DialJudged(attempt=LegId(dial.id), authorised=True, at=at))
            case SettleAttempt(attempt=attempt):
                self.settled[attempt] = command
                self._comes(self._in_turn(), AttemptSettled(attempt=attempt))
            case DialNumber(leg=leg):
                self._comes(self.now + 0.2, LegEnded(leg=leg, end=LegEnd.BUSY, cause=17))
            case _:
                super().carried_out(command)

    def _in_turn(self) -> float:
        self._free_at = max(self._free_at, self.now) + self._takes_s
        return self._free_at

    def _comes(self, at: float, event: Any) -> None:
        heapq.heappush(self._coming, (at, len(self.outputs), event))

    def goes_on(self, seconds: float) -> None:
        for _ in range(round(10 * seconds)):
            self.passes(0.1)
            while self._coming and self._coming[0][0] <= self.now:
                self.tell(heapq.heappop(self._coming)[2])


def test_where_calls_are_judged_slowly_they_are_made_slowly_and_none_is_void() -> None:
    """Where a call is void that was asked about more than 10 s ago, most are, and their askings delay all others."""
    floor = SlowFloor(takes_s=0.25, agents=60)
    floor.begins()
    floor.answers = True
    floor.starts()
    floor.goes_on(60.0)
    assert len(floor.record.asked) > JUDGED_WITHIN_S / 0.25 / 2  # they wait longer than what is judged is good for
    assert {one.outcome for one in floor.settled.values()} == {Outcome.BUSY}
    made = len(floor.all(DialNumber))
    assert made >= 0.9 * 60.0 / 0.25 / 2  # each is judged and settled


def test_calls_that_are_not_made_say_nothing_of_their_trunk() -> None:
    """Between refusals of the law a carrier that is not there is found out all the same."""
    floor = Floor()
    for n in range(12):
        floor.agent(f"ann{n}")
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.passes(0.1)
    floor.tell(LeadsClaimed(campaign=SPRING, leads=tuple(floor.lead(n) for n in range(1, 13))))
    floor.passes(3.0)
    dials = [LegId(one.dial.id) for one in floor.all(JudgeDial)]
    for fails, refused in zip(dials[:10:2], dials[1:10:2], strict=True):
        floor.tell(DialJudged(attempt=fails, authorised=True, at=floor.now))
        [dialled] = floor.lately(DialNumber)
        floor.fails(dialled, TransportFault.REFUSED)
        floor.tell(DialJudged(attempt=refused, authorised=False, why="do_not_call"))
    assert floor.engine.world.trunk_uses["main"].rests_until > floor.now


def is_dial_or_end(command: object) -> bool:
    return isinstance(command, DialNumber | SettleAttempt)


def test_two_campaigns_do_not_dial_for_the_same_agent() -> None:
    other = CampaignName("autumn")
    floor = Floor(queues=(queue("out"),))
    configuration = floor.configuration
    both = {SPRING: campaign(), other: campaign(name=other)}
    floor.engine.world.configuration = type(configuration)(
        **{name: getattr(configuration, name) for name in configuration.__slots__ if name != "campaigns"},
        campaigns=both,
    )
    for name in ("ann", "bea", "cat"):
        floor.agent(name)
    floor.begins()
    floor.starts()
    assert not floor.ask(CampaignStartRequested(request=floor.request(), campaign=other))
    floor.passes(5.0)
    assert len(floor.all(DialNumber)) == 3


def test_a_caller_id_has_one_limit_a_day_whichever_campaign_shows_it() -> None:
    other = CampaignName("autumn")
    pool = (CallerNumber(number="+842411111111", per_day_max=2), CallerNumber(number="+842422222222", per_day_max=1))
    floor = Floor(queues=(queue("out"),), rules={"caller_ids": pool})
    configuration = floor.configuration
    floor.engine.world.configuration = replace(
        configuration, campaigns={**configuration.campaigns, other: campaign(name=other, caller_ids=pool)}
    )
    for name in ("ann", "bea", "cat", "dan", "eve"):
        floor.agent(name)
    floor.begins()
    floor.starts()
    assert not floor.ask(CampaignStartRequested(request=floor.request(), campaign=other))
    floor.passes(5.0)
    showing = Counter(judge.dial.caller_id for judge in floor.all(JudgeDial))
    assert showing == {"+842411111111": 2, "+842422222222": 1}, "nobody is called who would be shown nothing"


def test_a_goal_ends_it_and_a_dropped_count_on_record_is_known_to_the_pacer() -> None:
    floor = Floor(rules={"goal": 1})
    floor.agent("ann")
    hour = int(floor.now // 3600) - 1
    floor.starts()
    floor.tell(DiallerReady(dialler="first", counts={SPRING: (HourCount(hour=hour, answered=40, dropped=2),)}))
    assert floor.record.pace.counted(floor.now)[0].drops == 2
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.agent_answers()
    floor.passes(10.0)
    floor.ended(leg)
    floor.passes(5.0)
    assert floor.state == "stopped"
    assert len(floor.all(DialNumber)) == 1


def test_what_a_campaign_brought_counts_once_however_often_a_dialler_is_there_again() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    [leg] = floor.ringing
    floor.answered(leg)
    floor.agent_answers()
    floor.passes(10.0)
    floor.ended(leg)
    hour = int(floor.now // 3600)
    on_record: dict[str, tuple[HourCount, ...]] = {
        SPRING: (HourCount(hour=hour, answered=1, dropped=0),),
        "put away": (HourCount(hour=hour - 1, answered=40, dropped=2),),
    }
    for name in ("second", "third"):
        floor.tell(DiallerReady(dialler=name, counts=on_record))
        assert [window.live for window in floor.record.pace.counted(floor.now)] == [1, 1]
    put_away = floor.engine.world.campaigns[CampaignName("put away")]  # it may be configured again tomorrow
    assert put_away.pace.counted(floor.now)[0].drops == 2
    assert [one.name for one in floor.engine.view(floor.now).campaigns] == [SPRING]


def test_a_lead_is_shown_read_and_dialled_and_nobody_else_is_given_to_her_agent_meanwhile() -> None:
    floor = Floor(rules={"mode": Mode.PREVIEW})
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    assert not floor.all(JudgeDial)
    [shown] = floor.all(LeadShown)
    assert (shown.agent, shown.lead) == (ann.id, 1)
    assert floor.engine.view(floor.now).campaigns[0].shown[0].number == "+84900000001"
    assert not floor.ask(LeadDecided(request=floor.request(), agent=ann.id))
    [leg] = floor.ringing
    assert floor.all(JudgeDial)[0].dial.agent_ready
    caller = floor.call("out")  # waits: ann makes a call of her own
    assert not floor.all(RingAgent)
    floor.passes(5.0)
    floor.answered(leg)
    ring = floor.agent_answers()
    assert ring.caller == "+84900000001"
    floor.passes(30.0)
    floor.ended(leg)
    assert floor.settled[leg].outcome is Outcome.ANSWERED
    assert floor.all(RingAgent)[-1].contact == caller.id
    floor.told_again()


def test_who_is_passed_over_rests_and_another_is_shown() -> None:
    floor = Floor(rules={"mode": Mode.PREVIEW, "skip_rest_s": 600.0})
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    assert not floor.ask(LeadDecided(request=floor.request(), agent=ann.id, dial=False))
    [back] = floor.all(ReleaseLeads)
    assert (back.leads, back.rest_s) == ((1,), 600.0)
    floor.passes(2.0)
    assert floor.all(LeadShown)[-1].lead == 2
    ann.logs_out()
    floor.passes(3.0)
    assert floor.all(LeadShown)[-1].lead is None
    assert floor.record.hopper[0].id == 2


def test_a_manual_campaign_shows_a_lead_to_who_asks_and_dials_it_after_she_has_read() -> None:
    floor = Floor(rules={"mode": Mode.MANUAL, "preview_s": 5.0, "skip": False})
    ann = floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    assert not floor.all(LeadShown)
    assert "no lead to decide" in floor.ask(LeadDecided(request=floor.request(), agent=ann.id))
    assert not floor.ask(LeadRequested(request=floor.request(), campaign=SPRING, agent=ann.id))
    assert "not passed over" in floor.ask(LeadDecided(request=floor.request(), agent=ann.id, dial=False))
    floor.passes(8.0)
    [leg] = floor.ringing
    floor.ended(leg, LegEnd.NO_ANSWER, 19)
    assert ann.record.state is AgentState.READY
    assert floor.settled[leg].outcome is Outcome.NO_ANSWER


def test_a_person_who_answers_is_with_an_agent_whose_phone_is_nailed_up_in_the_same_turn() -> None:
    floor = Floor()
    ann = floor.agent("ann", phone=PhoneRules(nailed=True))
    ann.takes_the_line()
    floor.begins()
    floor.starts()
    floor.passes(3.0)
    [leg] = floor.ringing
    out = Center.tell(floor, LegAnswered(leg=leg))
    assert not [one for one in out if isinstance(one, RingAgent)]
    assert [one.leg for one in out if isinstance(one, JoinBridge)] == [leg, ann.line]
    assert [one.agent for one in out if isinstance(one, ContactConnected)] == [ann.id]
    # Music that was never begun is not ended: that is a request less between the two.
    assert [type(one).__name__ for one in out if isinstance(one, OpenBridge | JoinBridge | StartMusic | StopMusic)] == [
        "OpenBridge",
        "JoinBridge",
        "JoinBridge",
    ]
    floor.passes(20.0)
    floor.ended(leg)
    assert floor.settled[leg].outcome is Outcome.ANSWERED
    floor.passes(1.1)
    assert len(floor.ringing) == 1
    floor.told_again()
