"""An agent's state table cell by cell, and stories of status, state, phone, rest, wrap-up and directory."""

import itertools

import pytest

from callcenter.core.agents import TRANSITIONS, WRAP_UP_EXTENSION_MAX_S, AgentInput, next_state
from callcenter.errors import IllegalTransition
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import ContactState, LegEnd, Medium
from callcenter.model.events import AgentRemoved, AgentStatusRequested, PhoneChanged, Stopping, WrapUpRequested
from callcenter.model.facts import AgentChanged, PhoneSeen
from callcenter.model.ids import AgentId
from callcenter.model.queue import MissedOffer, MissedOfferRule, MissedOfferRules
from tests.core.center import Ann, Center, queue

S, In = AgentState, AgentInput


@pytest.mark.parametrize(("state", "told"), list(itertools.product(S, In)))
def test_every_cell_is_listed_or_refused(state: AgentState, told: AgentInput) -> None:
    if (state, told) in TRANSITIONS:
        assert next_state(AgentId("ann"), state, told) is TRANSITIONS[state, told]
    else:
        with pytest.raises(IllegalTransition, match=f"ann: {told} while {state}"):
            next_state(AgentId("ann"), state, told)


def test_every_state_can_be_left_for_ready_or_for_not_ready() -> None:
    for state in S:
        targets = {after for (before, _), after in TRANSITIONS.items() if before is state}
        assert targets & {S.READY, S.NOT_READY} or state is S.NOT_READY
    from_rest = {after for (before, _), after in TRANSITIONS.items() if before is S.NOT_READY}
    assert from_rest == {S.READY, S.ON_CONTACT}, "nobody who is not ready is rung; she may take a call by herself"


def wrap_up(center: Center, ann: Ann, extend_s: float = 0.0) -> str:
    return center.ask(WrapUpRequested(request=center.request(), agent=ann.id, extend_s=extend_s))


def talking(center: Center, name: str = "ann", to: str = "sales") -> Ann:
    """An agent who talks."""
    ann = center.agent(name)
    center.call(to)
    ann.answers()
    return ann


# -- status and phone --------------------------------------------------------------------------------------------------


def test_she_is_ready_when_she_has_logged_in_and_her_phone_is_there() -> None:
    center = Center()
    ann = center.agent("ann", at_work=False)
    assert ann.state is S.NOT_READY
    ann.logs_in()
    assert ann.state is S.NOT_READY
    ann.phone(PhoneState.REACHABLE)
    assert ann.is_in(S.READY)
    ann.phone(PhoneState.UNREACHABLE)
    assert ann.is_in(S.NOT_READY)
    ann.phone(PhoneState.REACHABLE)
    ann.logs_out()
    assert ann.is_in(S.NOT_READY)


def test_a_phone_that_says_the_same_again_says_nothing() -> None:
    center = Center()
    ann = center.agent("ann")
    ann.phone(PhoneState.REACHABLE)
    assert center.last == []
    assert len(center.all(PhoneSeen)) == 1


def test_a_phone_of_nobody_says_nothing() -> None:
    center = Center()
    assert center.tell(PhoneChanged(number="4711", state=PhoneState.REACHABLE)) == []


def test_who_is_logged_out_cannot_pause() -> None:
    center = Center()
    ann = center.agent("ann", at_work=False)
    assert ann.asks_for(AgentStatus.PAUSED, "lunch") == "ann is not logged in"
    assert ann.record.status is AgentStatus.LOGGED_OUT


def test_requests_for_nobody_are_refused() -> None:
    center = Center()
    nobody = AgentId("eve")
    for event in (
        AgentStatusRequested(request=center.request(), agent=nobody, status=AgentStatus.AVAILABLE),
        WrapUpRequested(request=center.request(), agent=nobody),
        AgentRemoved(request=center.request(), agent=nobody),
    ):
        assert center.ask(event) == "there is no agent eve"


def test_a_pause_has_a_reason_and_nothing_else_has() -> None:
    center = Center()
    ann = center.agent("ann")
    ann.pauses("lunch")
    assert (ann.record.status, ann.record.reason) == (AgentStatus.PAUSED, "lunch")
    assert ann.asks_for(AgentStatus.AVAILABLE, "because") == ""
    assert ann.record.reason == ""


def test_her_day_is_one_chain_of_periods() -> None:
    center = Center(queue("sales", wrap_up_s=5.0))
    ann = center.agent("ann")
    center.passes(10.0)
    center.call("sales")
    center.passes(3.0)
    ann.answers()
    center.passes(20.0)
    ann.pauses("lunch")  # takes effect after the call
    ann.hangs_up()
    center.passes(6.0)
    changes = center.all(AgentChanged)
    for before, after in itertools.pairwise(changes):
        assert (after.was_status, after.was_state, after.was_reason) == (before.status, before.state, before.reason)
        assert after.since >= before.since
    assert [(change.status, change.state) for change in changes] == [
        (AgentStatus.AVAILABLE, S.NOT_READY),
        (AgentStatus.AVAILABLE, S.READY),
        (AgentStatus.AVAILABLE, S.OFFERED),
        (AgentStatus.AVAILABLE, S.ON_CONTACT),
        (AgentStatus.PAUSED, S.ON_CONTACT),
        (AgentStatus.PAUSED, S.WRAP_UP),
        (AgentStatus.PAUSED, S.NOT_READY),
    ]
    assert {change.contact for change in changes[2:6]} == {changes[2].contact}


# -- in the middle of something ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [AgentStatus.PAUSED, AgentStatus.LOGGED_OUT])
def test_who_pauses_or_logs_out_on_a_call_finishes_it(status: AgentStatus) -> None:
    center = Center(queue("sales"))
    ann = talking(center)
    assert ann.asks_for(status) == ""
    assert ann.state is S.ON_CONTACT
    ann.hangs_up()
    assert ann.is_in(S.NOT_READY)


@pytest.mark.parametrize("status", [AgentStatus.PAUSED, AgentStatus.LOGGED_OUT])
def test_who_pauses_or_logs_out_while_her_phone_rings_does_not_want_the_call(status: AgentStatus) -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    assert ann.asks_for(status) == ""
    assert call.state is ContactState.WAITING
    assert (ann.state, ann.is_rung) == (S.NOT_READY, False)
    assert call.record.missed == 1


def test_a_phone_that_vanishes_in_a_call_counts_after_it() -> None:
    center = Center(queue("sales"))
    ann = talking(center)
    ann.phone(PhoneState.UNREACHABLE)
    assert ann.state is S.ON_CONTACT
    ann.hangs_up()
    assert ann.is_in(S.NOT_READY)


def test_a_stop_logs_everybody_out() -> None:
    center = Center(queue("sales"))
    ann, bob = talking(center), center.agent("bob")
    center.tell(Stopping())
    assert [agent.record.status for agent in (ann, bob)] == [AgentStatus.LOGGED_OUT] * 2
    assert [agent.state for agent in (ann, bob)] == [S.NOT_READY] * 2


# -- wrap-up -----------------------------------------------------------------------------------------------------------


def wrapping_up(wrap_up_s: float = 20.0) -> tuple[Center, Ann]:
    center = Center(queue("sales", wrap_up_s=wrap_up_s))
    ann = talking(center)
    ann.hangs_up()
    assert ann.state is S.WRAP_UP
    return center, ann


def test_a_wrap_up_ends_by_itself() -> None:
    center, ann = wrapping_up(20.0)
    center.passes(19.9)
    assert ann.is_in(S.WRAP_UP)
    center.passes(0.2)
    assert ann.is_in(S.READY)
    assert ann.record.ready_since == pytest.approx(center.now - 0.1)


def test_no_wrap_up_where_the_queue_has_none() -> None:
    center = Center(queue("sales"))
    ann = talking(center)
    ann.hangs_up()
    assert ann.state is S.READY


def test_a_wrap_up_is_ended_early() -> None:
    center, ann = wrapping_up()
    assert wrap_up(center, ann) == ""
    assert ann.is_in(S.READY)
    center.passes(60.0)
    assert wrap_up(center, ann) == "ann is not in wrap-up"


def test_a_wrap_up_is_extended_from_now() -> None:
    center, ann = wrapping_up(20.0)
    center.passes(15.0)
    assert wrap_up(center, ann, 30.0) == ""
    center.passes(29.9)
    assert ann.is_in(S.WRAP_UP)
    center.passes(0.2)
    assert ann.is_in(S.READY)
    assert wrap_up(center, ann, 30.0) == "ann is not in wrap-up"


@pytest.mark.parametrize("extend_s", [-1.0, WRAP_UP_EXTENSION_MAX_S + 1])
def test_a_wrap_up_is_not_extended_by_what_makes_no_sense(extend_s: float) -> None:
    center, ann = wrapping_up()
    assert wrap_up(center, ann, extend_s) == f"a wrap-up is extended by up to 1800 s, not {extend_s:g}"


def test_who_says_that_she_is_ready_in_wrap_up_is() -> None:
    center, ann = wrapping_up()
    ann.is_ready()
    assert ann.is_in(S.READY)
    center.passes(60.0)
    assert ann.is_in(S.READY)


def test_who_logs_out_in_wrap_up_is_gone() -> None:
    center, ann = wrapping_up()
    ann.logs_out()
    assert ann.is_in(S.NOT_READY)
    center.passes(60.0)
    assert ann.is_in(S.NOT_READY)


def test_who_pauses_in_wrap_up_finishes_it_and_is_paused() -> None:
    center, ann = wrapping_up(20.0)
    ann.pauses("lunch")
    assert ann.is_in(S.WRAP_UP)
    center.passes(20.0)
    assert ann.is_in(S.NOT_READY)


# -- rest --------------------------------------------------------------------------------------------------------------


def test_who_missed_an_offer_rests_and_is_ready_again() -> None:
    center = Center(queue("sales", missed=MissedOfferRules(busy=MissedOfferRule(rest_s=15.0))))
    ann = center.agent("ann")
    center.call("sales")
    ann.declines(LegEnd.BUSY)
    center.passes(14.9)
    assert ann.is_in(S.NOT_READY)
    center.passes(0.2)
    assert ann.is_rung


def test_who_rests_and_says_that_she_is_ready_is() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    center.call("sales")
    ann.declines(LegEnd.BUSY)
    assert not ann.is_rung
    ann.is_ready()
    assert ann.is_rung


def test_who_let_it_ring_is_paused_until_she_says_that_she_is_back() -> None:
    center = Center(queue("sales", missed=MissedOfferRules(no_answer=MissedOfferRule(then=MissedOffer.PAUSE))))
    ann = center.agent("ann")
    center.call("sales")
    ann.rings()
    center.passes(20.0)
    assert (ann.record.status, ann.record.reason) == (AgentStatus.PAUSED, "no_answer")
    center.passes(3600.0)
    assert not ann.is_rung
    ann.is_ready()
    assert ann.is_rung


# -- the directory -----------------------------------------------------------------------------------------------------


def test_two_agents_do_not_share_a_number() -> None:
    center = Center()
    center.agent("ann")
    assert center.save("bob", number="n-ann") == "number n-ann belongs to ann"
    assert AgentId("bob") not in center.engine.world.agents.records


def test_saving_the_same_again_changes_nothing() -> None:
    center = Center()
    ann = center.agent("ann", sales=3)
    free = center.engine.world.agents.free
    listing = free._free[Medium.VOICE][ann.id]
    assert center.save("ann", {"sales": 3}) == ""
    assert free._free[Medium.VOICE][ann.id] is listing


def test_new_skills_count_at_once() -> None:
    center = Center(queue("sales", "sales"))
    ann = center.agent("ann")
    call = center.call("sales")
    assert not ann.is_rung
    center.save("ann", {"sales": 1})
    assert call.rung == ["ann"]


def test_old_skills_do_not_count_any_more() -> None:
    center = Center(queue("sales", "sales"))
    ann = center.agent("ann", sales=5)
    center.save("ann", {"support": 5})
    center.call("sales")
    assert not ann.is_rung


def test_an_agent_with_a_new_number_is_ready_when_that_phone_is_there() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann")
    assert center.save("ann", number="n-new") == ""
    assert ann.state is S.NOT_READY
    assert center.tell(PhoneChanged(number="n-ann", state=PhoneState.REACHABLE)) == []
    call = center.call("sales")
    assert call.rung == []
    ann.phone(PhoneState.REACHABLE)
    assert call.rung == ["ann"]
    assert center.save("bob", number="n-ann") == ""


def test_who_is_at_work_is_not_removed() -> None:
    center = Center(queue("sales"))
    ann = talking(center)
    assert remove(center, ann) == "ann is at work; log her out first"
    ann.logs_out()
    assert remove(center, ann) == "ann is at work; log her out first"
    ann.hangs_up()
    assert remove(center, ann) == ""
    assert remove(center, ann) == "there is no agent ann"


def remove(center: Center, ann: Ann) -> str:
    return center.ask(AgentRemoved(request=center.request(), agent=ann.id))


# -- capacity ----------------------------------------------------------------------------------------------------------


def two_at_once() -> tuple[Center, Ann]:
    center = Center(queue("sales", wrap_up_s=10.0), checked=False)
    return center, center.agent("ann", capacity={Medium.VOICE: 2})


def test_an_agent_takes_as_many_contacts_as_she_can_hold() -> None:
    center, ann = two_at_once()
    calls = [center.call("sales") for _ in range(3)]
    ann.answers()
    assert ann.is_rung
    ann.answers()
    assert not ann.is_rung
    assert [call.state for call in calls] == [ContactState.CONNECTED, ContactState.CONNECTED, ContactState.WAITING]
    calls[0].hangs_up()
    assert (ann.state, ann.is_rung) == (S.ON_CONTACT, True)


@pytest.mark.parametrize("then", ["answers", "declines"])
def test_an_offer_outlives_the_contact_beside_it(then: str) -> None:
    center, ann = two_at_once()
    first, second = center.call("sales"), center.call("sales")
    ann.answers()
    first.hangs_up()
    assert ann.is_rung
    getattr(ann, then)()
    if then == "answers":
        assert (second.state, ann.state) == (ContactState.CONNECTED, S.ON_CONTACT)
        ann.hangs_up()
        assert ann.state is S.WRAP_UP
    else:
        assert (second.state, ann.state) == (ContactState.WAITING, S.NOT_READY)


def test_an_agent_without_room_for_calls_gets_none() -> None:
    center = Center(queue("sales"))
    ann = center.agent("ann", capacity={Medium.VOICE: 0})
    center.call("sales")
    assert not ann.is_rung
