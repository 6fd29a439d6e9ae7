"""Who may serve a caller, and how that widens while she waits: relaxation, the agent who knows her, the reserve."""

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason, OfferEnd
from callcenter.model.facts import ContactConnected, ContactOffered, NeedsRelaxed, OfferEnded
from callcenter.sim.peers.baresip import CallState, Habit
from tests.live.center import Center

pytestmark = pytest.mark.live

AT_ONCE_S = 0.5
REGULAR = "0908000777"  # calls again and again


def when(center: Center, fact: object) -> float:
    """The time of a fact that this test has been told."""
    return next(told.at for told in center.told if told.fact == fact)


async def test_what_is_asked_goes_on_widening_while_a_phone_rings(center: Center) -> None:
    carol = await center.works("carol", habit=Habit.IGNORE)  # the only one who is good enough at first
    dave = await center.works("dave")
    caller = await center.calls("2023")
    ringing = await carol.rings()
    relaxed = await center.fact(NeedsRelaxed, contact=await caller.contact())
    assert relaxed.needs == "support >= 2"
    assert ringing.state is not CallState.ENDED, "her phone rings on"
    missed = await center.fact(OfferEnded, agent="carol")
    assert missed.end is OfferEnd.NO_ANSWER
    offered = await center.fact(ContactOffered, agent="dave")
    assert when(center, offered) - when(center, missed) < AT_ONCE_S, "nobody begins to wait anew"
    await caller.talks_to(dave)
    await caller.hangs_up()
    assert (await caller.ended()).missed == 1


async def test_a_caller_gets_the_agent_who_knows_her_for_a_while_and_then_anybody(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2024", number=REGULAR)
    await caller.talks_to(alice)
    await caller.hangs_up()
    await caller.ended()
    bob = await center.works("bob")
    other = await center.calls("2024")
    await other.talks_to(alice)  # she has been free for longer than bob
    again = await center.calls("2024", number=REGULAR)
    let_go = await center.fact(NeedsRelaxed, queue="sticking")
    assert let_go.waited_s >= 1.9, "for so long bob was free, and not asked"
    await center.fact(ContactConnected, contact=let_go.contact, agent="bob")
    await bob.hears_caller(again)
    await again.hangs_up()
    await other.hangs_up()
    assert (await other.ended()).reason is EndReason.CALLER_HUNG_UP


async def test_the_reserve_is_spared_until_a_caller_has_waited(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2025")
    await caller.waits()
    assert (await alice.seen()).state is AgentState.READY
    offered = await center.fact(ContactOffered, agent="alice")
    relaxed = await center.fact(NeedsRelaxed, queue="sparing")
    assert relaxed.waited_s >= 1.9
    assert when(center, offered) - when(center, relaxed) < AT_ONCE_S
    await caller.talks_to(alice)
    await caller.hangs_up()
    await caller.ended()
