"""Supervisors who listen, whisper and barge: who hears whom, who may, and what is left when they go."""

import itertools
from dataclasses import replace

import pytest

from callcenter.core.monitoring import TOLD_MAX_S, TOLD_PROMPT
from callcenter.core.monitors import TRANSITIONS, MonitorInput, MonitorRecord, lane_of, move
from callcenter.errors import IllegalTransition
from callcenter.model.agent import AgentState, AgentStatus, PhoneState, Supervision
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RenewRecording,
    RingPhone,
    Snoop,
    StopRecording,
)
from callcenter.model.contact import ContactState, LegEnd, TransportFault
from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.control_facts import ContactTaken
from callcenter.model.disposition import DispositionRules, DispositionTree, Outcome
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    ConsultActRequested,
    ConsultRequested,
    DigitPressed,
    DispositionRequested,
    HoldRequested,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegSeen,
    LegSilent,
    PlaybackEnded,
    Resynced,
)
from callcenter.model.facts import TalkEnded
from callcenter.model.ids import AgentId, LegId, MonitorId, QueueName, Team, TreeName
from callcenter.model.monitor import MonitorEnd, MonitorMode, MonitorState
from callcenter.model.monitor_messages import (
    MonitorEnded,
    MonitorEndRequested,
    MonitorHeard,
    MonitorModeRequested,
    MonitorRequested,
    TakeOverRequested,
)
from tests.core.center import Ann, Call, Center, queue

LISTEN, WHISPER, BARGE = MonitorMode.LISTEN, MonitorMode.WHISPER, MonitorMode.BARGE


class Boss:
    """A supervisor."""

    def __init__(self, center: Center, name: str = "boss", rights: Supervision | None = None) -> None:
        self.center = center
        self.ann = center.agent(name, at_work=False)
        self.ann.phone(PhoneState.REACHABLE)
        self.may(Supervision(everything=True) if rights is None else rights)

    def may(self, rights: Supervision | None) -> None:
        """Give her rights."""
        agent = replace(self.ann.record.agent, supervises=rights)
        assert self.center.ask(AgentSaved(request=self.center.request(), agent=agent)) == ""

    @property
    def monitor(self) -> MonitorRecord:
        """What the engine remembers of her."""
        [found] = [one for one in self.center.engine.world.monitors.values() if one.supervisor == self.ann.id]
        return found

    def is_in(self, state: MonitorState) -> bool:
        """Whether she is in this state (for stories in which it changes)."""
        return self.monitor.state is state

    def asks(self, agent: Ann | None = None, call: Call | None = None, mode: MonitorMode = LISTEN) -> str:
        """A request to hear somebody."""
        return self.center.ask(
            MonitorRequested(
                request=self.center.request(),
                supervisor=self.ann.id,
                agent=agent.id if agent is not None else None,
                contact=call.id if call is not None else None,
                mode=mode,
            )
        )

    def picks_up(self) -> None:
        """Her phone is answered."""
        self.center.tell(LegAnswered(leg=self.monitor.leg))

    def hears(self, agent: Ann | None = None, call: Call | None = None, mode: MonitorMode = LISTEN) -> None:
        """She is on the line, and her ear, if she has one, has come."""
        assert self.asks(agent, call, mode) == ""
        self.picks_up()
        self.ear_comes()

    def ear_comes(self) -> None:
        """Asterisk has made the ear that was asked for."""
        if self.monitor.snoop is not None:
            self.center.tell(LegAnswered(leg=self.monitor.snoop))

    def takes(self) -> str:
        """The talk is to be hers."""
        return self.center.ask(TakeOverRequested(request=self.center.request(), supervisor=self.ann.id))

    def wants(self, mode: MonitorMode) -> str:
        """Another mode."""
        request = MonitorModeRequested(request=self.center.request(), supervisor=self.ann.id, mode=mode)
        return self.center.ask(request)

    def leaves(self) -> str:
        """A request to be let go."""
        return self.center.ask(MonitorEndRequested(request=self.center.request(), supervisor=self.ann.id))


@pytest.fixture
def center() -> Center:
    return Center(queue("sales"), queue("support"), queue("told", tell_monitored=True))


def talking(center: Center, to: str = "sales", name: str = "ann") -> tuple[Ann, Call]:
    """An agent and a caller who talk."""
    ann = center.agent(name)
    call = center.call(to)
    ann.answers()
    return ann, call


def test_a_supervisor_whose_phone_dies_is_let_go_and_the_two_go_on(center: Center) -> None:
    ann, call = talking(center)
    boss = Boss(center)
    boss.hears(ann, mode=MonitorMode.BARGE)
    leg = boss.monitor.leg
    boss.ann.phone(PhoneState.UNREACHABLE)
    center.tell(LegSilent(leg=leg, silent_s=10.0))
    assert not center.engine.world.monitors
    assert leg in [hung_up.leg for hung_up in center.all(HangUp)]
    assert call.state is ContactState.CONNECTED
    center.told_again()


@pytest.mark.parametrize(("state", "told"), list(itertools.product(MonitorState, MonitorInput)))
def test_every_cell_is_listed_or_refused_and_refusal_changes_nothing(state: MonitorState, told: MonitorInput) -> None:
    monitor = MonitorRecord(
        id=MonitorId("m1"), supervisor=AgentId("b"), agent=AgentId("a"), mode=LISTEN, leg=LegId("l"), state=state
    )
    if (state, told) in TRANSITIONS:
        move(monitor, told, 5.0)
        assert (monitor.state, monitor.since) == (TRANSITIONS[state, told], 5.0)
    else:
        with pytest.raises(IllegalTransition, match=f"m1: {told} while {state}"):
            move(monitor, told, 5.0)
        assert monitor.state is state


def test_who_listens_has_an_ear_that_cannot_speak(center: Center) -> None:
    boss = Boss(center)
    ann, _ = talking(center)
    assert boss.asks(ann) == ""
    [ring] = center.lately(RingPhone)
    assert (ring.number, ring.leg) == (boss.ann.record.agent.number, boss.monitor.leg)
    boss.picks_up()
    [snoop] = center.lately(Snoop)
    assert (snoop.at, snoop.whispers) == (ann.leg, False)
    assert [one.leg for one in center.lately(JoinBridge)] == [boss.monitor.leg]
    boss.ear_comes()
    assert center.lately(JoinBridge) == [
        JoinBridge(contact=lane_of(boss.monitor), bridge=boss.monitor.bridge or "", leg=snoop.leg)  # type: ignore[arg-type]
    ]
    assert boss.is_in(MonitorState.LISTENING)
    center.told_again()


def test_who_whispers_has_another_ear_and_who_barges_is_in_the_conversation(center: Center) -> None:
    boss = Boss(center)
    ann, call = talking(center)
    boss.hears(ann)
    silent = boss.monitor.snoop
    assert boss.wants(WHISPER) == ""
    [snoop] = center.lately(Snoop)
    assert (snoop.at, snoop.whispers) == (ann.leg, True)
    assert [one.leg for one in center.lately(HangUp)] == [silent]
    assert boss.wants(BARGE) == ""
    assert [one.leg for one in center.lately(HangUp)] == [snoop.leg]
    assert [(one.bridge, one.leg) for one in center.lately(JoinBridge)] == [(call.bridge(), boss.monitor.leg)]
    assert boss.wants(LISTEN) == ""
    assert [(one.bridge, one.leg) for one in center.lately(JoinBridge)] == [(boss.monitor.bridge, boss.monitor.leg)]
    assert [one.whispers for one in center.lately(Snoop)] == [False]
    heard = [(one.state, one.contact) for one in center.all(MonitorHeard)]
    modes = (MonitorState.LISTENING, MonitorState.WHISPERING, MonitorState.BARGED)
    assert heard == [(state, call.id) for state in modes]


@pytest.mark.parametrize("hangs_up", [False, True])
def test_who_is_left_in_a_conversation_is_recorded_anew(*, hangs_up: bool) -> None:
    """A recorder is deaf to each phone but the first with which its customer was alone, and to what looks late."""
    center = Center(queue("support", record=True))
    boss = Boss(center)
    ann, call = talking(center, "support")
    boss.hears(ann, mode=BARGE)
    center.passes(60.0)
    assert not center.all(RenewRecording), "three are mixed"
    center.tell(LegHeld(leg=ann.leg, held=True))
    assert [one.leg for one in center.all(RenewRecording)] == [call.leg], "the customer speaks with the supervisor"
    center.tell(LegHeld(leg=ann.leg, held=False))
    assert len(center.all(RenewRecording)) == 1
    if hangs_up:
        center.tell(LegEnded(leg=boss.monitor.leg, end=LegEnd.NORMAL))
    else:
        assert boss.wants(LISTEN) == ""
    assert len(center.all(RenewRecording)) == 2, "and with the agent again"


def test_who_comes_to_a_customer_on_hold_is_recorded() -> None:
    center = Center(queue("support", record=True))
    boss = Boss(center)
    ann, call = talking(center, "support")
    boss.hears(ann)
    center.tell(LegHeld(leg=ann.leg, held=True))
    assert not center.all(RenewRecording)
    assert boss.wants(BARGE) == ""
    assert boss.is_in(MonitorState.BARGED)
    assert [one.leg for one in center.all(RenewRecording)] == [call.leg]


def test_the_keys_of_her_phone_are_those_of_chanspy(center: Center) -> None:
    boss = Boss(center)
    ann, _ = talking(center)
    boss.hears(ann)
    for key, state in (("5", MonitorState.WHISPERING), ("6", MonitorState.BARGED), ("4", MonitorState.LISTENING)):
        center.tell(DigitPressed(leg=boss.monitor.leg, digit=key))
        assert boss.monitor.state is state
    center.tell(DigitPressed(leg=boss.monitor.leg, digit="9"))
    assert boss.is_in(MonitorState.LISTENING)


def test_she_follows_an_agent_from_call_to_call(center: Center) -> None:
    boss = Boss(center)
    ann, first = talking(center)
    boss.hears(ann)
    first.hangs_up()
    assert boss.is_in(MonitorState.IDLE)
    second = center.call("support")
    ann.answers()
    boss.ear_comes()
    assert (boss.monitor.state, boss.monitor.contact) == (MonitorState.LISTENING, second.id)
    assert [snoop.at for snoop in center.all(Snoop)][-1] == ann.leg


def test_an_ear_at_an_agent_who_speaks_with_another_is_put_there_anew(center: Center) -> None:
    """It would be deaf to whoever is not the first that it heard there."""
    boss = Boss(center)
    ann, call = talking(center)
    boss.hears(ann)
    ben = center.agent("ben")
    ask = ConsultRequested(request=center.request(), contact=call.id, to=TransferTo.AGENT, name=ben.id)
    assert center.ask(ask) == ""
    assert not center.lately(Snoop), "ringing is no talk"
    ben.answers()
    [ear] = center.lately(Snoop)
    assert (ear.at, ear.anew) == (ann.leg, True)
    boss.ear_comes()
    center.tell(DigitPressed(leg=boss.monitor.leg, digit="5"))
    [ear] = center.lately(Snoop)
    assert (ear.whispers, ear.anew) == (True, False), "another mode, the same talk"
    boss.ear_comes()
    center.ask(ConsultActRequested(request=center.request(), contact=call.id, act=ConsultAct.DROP))
    assert [one.anew for one in center.lately(Snoop)] == [True]
    center.told_again()


def test_one_talk_is_heard_to_its_end_and_no_further(center: Center) -> None:
    boss = Boss(center)
    _, call = talking(center)
    boss.hears(call=call)
    bridge, leg = boss.monitor.bridge, boss.monitor.leg
    call.hangs_up()
    assert [fact.reason for fact in center.all(MonitorEnded)] == [MonitorEnd.TALK_OVER]
    assert leg in [one.leg for one in center.lately(HangUp)]
    assert bridge in [one.bridge for one in center.lately(CloseBridge)]
    assert boss.ann.record.own_calls == 0


def test_several_may_listen_and_one_may_coach(center: Center) -> None:
    first, second = Boss(center), Boss(center, "chief")
    ann, _ = talking(center)
    first.hears(ann, mode=WHISPER)
    assert second.asks(ann, mode=WHISPER) == "boss coaches ann already"
    second.hears(ann)
    assert second.wants(WHISPER) == "boss coaches ann already"
    assert second.monitor.state is MonitorState.LISTENING
    assert first.wants(LISTEN) == second.wants(WHISPER) == ""


def test_a_supervisor_of_one_queue_or_team_cannot_hear_another(center: Center) -> None:
    boss = Boss(center, rights=Supervision(queues=(QueueName("support"),), teams=(Team("night"),)))
    ann, call = talking(center)
    assert boss.asks(call=call) == "boss supervises neither sales nor the team of ann"
    boss.hears(ann)  # of whom she may hear what comes from support
    assert (boss.monitor.state, center.all(Snoop)) == (MonitorState.IDLE, [])
    call.hangs_up()
    center.call("support")
    ann.answers()
    assert boss.is_in(MonitorState.LISTENING)
    boss.may(Supervision(teams=(Team("night"),)))  # while she is on the line
    assert boss.is_in(MonitorState.IDLE)
    boss.may(None)
    assert center.all(MonitorEnded)[-1].reason is MonitorEnd.RIGHTS_LOST
    assert boss.asks(ann) == "boss is no supervisor"


def test_a_team_is_heard_whatever_the_queue(center: Center) -> None:
    boss = Boss(center, rights=Supervision(teams=(Team("night"),)))
    ann, _ = talking(center)
    assert boss.asks(ann) == "boss does not supervise ann"
    agent = replace(ann.record.agent, team=Team("night"))
    center.ask(AgentSaved(request=center.request(), agent=agent))
    boss.hears(ann)
    assert boss.is_in(MonitorState.LISTENING)


def test_who_monitors_is_not_rung_and_who_is_busy_does_not_monitor(center: Center) -> None:
    boss = Boss(center)
    boss.ann.logs_in()
    assert boss.ann.is_in(AgentState.READY)
    ann = center.agent("ann")
    assert boss.asks(ann) == ""
    assert boss.ann.is_in(AgentState.NOT_READY)
    assert boss.asks(ann) == "boss monitors somebody already"
    center.tell(LegEnded(leg=boss.monitor.leg, end=LegEnd.NO_ANSWER))
    assert center.all(MonitorEnded)[-1].reason is MonitorEnd.UNREACHED
    assert boss.ann.is_in(AgentState.READY)
    center.call("sales")
    center.call("sales")
    assert boss.asks(ann) == "the phone of boss is in use"
    assert boss.asks(boss.ann) == "the phone of boss is in use"
    assert boss.leaves() == "boss monitors nobody"


def test_an_agent_is_told_before_she_is_heard_where_the_queue_wants_it(center: Center) -> None:
    boss = Boss(center)
    ann, _ = talking(center, "told")
    boss.hears(ann)
    assert boss.is_in(MonitorState.TELLING)
    [said] = center.lately(PlayPrompts)
    assert (said.prompts, said.bridge) == ((TOLD_PROMPT,), boss.monitor.bridge)
    center.tell(PlaybackEnded(playback=said.playback))
    assert boss.is_in(MonitorState.LISTENING)
    assert [snoop.whispers for snoop in center.all(Snoop)] == [True, False]
    assert center.all(MonitorHeard) == []
    boss.leaves()
    boss.hears(ann)
    center.passes(TOLD_MAX_S + 1)  # nobody says that the prompt is over
    assert boss.is_in(MonitorState.LISTENING)


def test_a_kill_costs_a_supervisor_nothing_but_her_ear(center: Center) -> None:
    boss = Boss(center)
    ann, call = talking(center)
    boss.hears(ann)
    record = boss.monitor
    known = center.listing()
    own = LegSeen(leg=record.leg, up=True, ours=True)
    center.restarts(listing=Resynced(legs=(*known.legs, own), bridges=known.bridges))
    after = boss.monitor
    assert (after.leg, after.state) == (record.leg, MonitorState.LISTENING)
    assert after.snoop not in (None, record.snoop)
    assert OpenBridge(contact=lane_of(after), bridge=record.bridge or "") in center.last  # type: ignore[arg-type]
    center.tell(Resynced(legs=known.legs, bridges=known.bridges))  # and now her leg is gone
    assert center.all(MonitorEnded)[-1].reason is MonitorEnd.HUNG_UP
    assert call.is_live


@pytest.mark.parametrize("fault", TransportFault)
def test_an_ear_that_cannot_be_put_is_not_tried_for_ever(center: Center, fault: TransportFault) -> None:
    boss = Boss(center)
    ann, call = talking(center)
    boss.asks(ann)
    boss.picks_up()
    [snoop] = center.lately(Snoop)
    center.fails(snoop, fault)
    center.passes(5.0)
    assert len(center.all(Snoop)) == 1
    assert call.is_live
    ended = [fact.reason for fact in center.all(MonitorEnded)]
    lost = fault in (TransportFault.REFUSED, TransportFault.UNAVAILABLE)
    assert ended == ([MonitorEnd.FAULT] if lost else [])


def test_an_agent_who_is_taken_out_is_not_followed_any_more(center: Center) -> None:
    boss = Boss(center)
    ann = center.agent("ann")
    boss.hears(ann)
    ann.logs_out()
    assert boss.is_in(MonitorState.IDLE)
    assert center.ask(AgentRemoved(request=center.request(), agent=ann.id)) == ""
    assert center.all(MonitorEnded)[-1].reason is MonitorEnd.AGENT_GONE
    assert center.engine.world.ears == {}
    assert boss.ann.record.own_calls == 0


# -- taking over -------------------------------------------------------------------------------------------------------


def test_the_talk_that_she_hears_is_hers_and_the_recording_goes_on() -> None:
    for by_key in (False, True):
        center = Center(queue("sales", wrap_up_s=10.0))
        ann, boss = center.agent("ann"), Boss(center)
        call = center.call("sales")
        ann.answers()
        boss.hears(ann)
        was, own = ann.leg, boss.monitor.leg
        center.passes(20.0)
        if by_key:
            center.tell(DigitPressed(leg=own, digit="7"))
        else:
            assert boss.takes() == ""
        assert (call.record.agent, call.record.agent_leg) == (boss.ann.id, own)
        assert ann.is_in(AgentState.WRAP_UP)
        assert boss.ann.is_in(AgentState.ON_CONTACT)
        hung_up = {output.leg for output in center.last if isinstance(output, HangUp)}
        assert was in hung_up
        assert own not in hung_up
        joined = [output for output in center.last if isinstance(output, JoinBridge) and output.leg == own]
        assert [output.bridge for output in joined] == [call.record.bridge]
        assert center.all(MonitorEnded)[-1].reason is MonitorEnd.TOOK_OVER
        assert [(fact.agent, fact.taker) for fact in center.all(ContactTaken)] == [("ann", boss.ann.id)]
        assert not center.all(StopRecording)
        center.passes(5.0)
        center.tell(LegEnded(leg=own, end=LegEnd.NORMAL))
        assert [(talk.agent, talk.talk_s) for talk in center.all(TalkEnded)] == [("ann", 20.0), (boss.ann.id, 5.0)]
        assert not call.is_live
        center.told_again()


def test_who_has_to_record_something_first_takes_no_talk_over() -> None:
    tree = DispositionTree(name=TreeName("talks"), outcomes={"sold": Outcome(label="Sold")})
    rules = DispositionRules(tree=tree.name, required=True, hold_s=60.0)
    center = Center(queue("sales", disposition=rules), dispositions=(tree,))
    boss = Boss(center)
    own = center.call("sales")
    assert boss.ann.asks_for(AgentStatus.AVAILABLE) == ""
    boss.ann.answers()
    own.hangs_up()
    ann, call = talking(center)
    boss.hears(ann)
    assert "is to be recorded first" in boss.takes()
    assert boss.ann.is_in(AgentState.WRAP_UP)
    assert call.record.agent == "ann"
    assert center.ask(DispositionRequested(request=center.request(), contact=own.id, code="sold")) == ""
    assert boss.takes() == ""
    assert call.record.agent == boss.ann.id
    center.told_again()


def test_what_she_does_not_hear_she_cannot_take() -> None:
    center = Center(queue("sales"))
    ann, boss = center.agent("ann"), Boss(center)
    assert "monitors nobody" in boss.takes()
    boss.hears(ann)
    assert "no talk now" in boss.takes()
    call = center.call("sales")
    ann.answers()
    assert call.record.agent == "ann"
    boss.may(None)
    assert "monitors nobody" in boss.takes(), "a right that is gone has ended it"


def test_she_comes_to_a_customer_on_hold_and_the_music_ends() -> None:
    center = Center(queue("sales", music="jazz"))
    ann, boss = center.agent("ann"), Boss(center)
    call = center.call("sales")
    ann.answers()
    boss.hears(ann, mode=BARGE)
    assert center.ask(HoldRequested(request=center.request(), contact=call.id, held=True)) == ""
    assert boss.takes() == ""
    assert call.record.music == ""
    assert call.record.held_since is None
    center.told_again()
