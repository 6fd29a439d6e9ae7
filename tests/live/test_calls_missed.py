"""Agents who do not take a call, in every way there is: the caller keeps her place, each way has its price."""

import asyncio

import pytest

from callcenter.media.voice.silence import SILENT_S
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import EndReason, OfferEnd
from callcenter.model.facts import (
    AgentLost,
    ContactConnected,
    ContactOffered,
    ContactQueued,
    OfferEnded,
    PhoneSeen,
    TalkEnded,
)
from callcenter.sim.peers.baresip import CallState, Habit
from tests.live import office
from tests.live.center import Center

pytestmark = pytest.mark.live


async def test_an_agent_who_lets_it_ring_is_paused_and_the_next_one_gets_the_caller_first_in_line(
    center: Center,
) -> None:
    alice = await center.works("alice", habit=Habit.IGNORE)
    caller = await center.calls("2001")
    ringing = await alice.rings()
    behind = await center.calls("2001")
    await behind.waits()
    offer = await center.fact(OfferEnded, agent="alice")
    assert offer.end is OfferEnd.NO_ANSWER
    assert 2.9 < offer.rang_s < 4.0
    await ringing.reaches(CallState.ENDED, 3)
    seen = await alice.is_(AgentState.NOT_READY)
    assert (seen.status, seen.reason) == (AgentStatus.PAUSED, "no_answer")

    bob = await center.works("bob")
    await caller.talks_to(bob)
    assert len(center.so_far(ContactQueued, contact=await caller.contact())) == 1
    await bob.hangs_up()
    await behind.talks_to(bob)
    await behind.hangs_up()
    ended = await caller.ended()
    assert (ended.offers, ended.missed, ended.agent) == (2, 1, "bob")
    assert len(alice.phone.incoming) == 1


async def test_an_agent_who_is_busy_is_left_alone_for_a_while_and_offered_again(center: Center) -> None:
    carol = await center.works("carol", habit=Habit.REJECT)  # 486, which is "busy" in SIP
    caller = await center.calls("2005")
    offer = await center.fact(OfferEnded, agent="carol")
    assert offer.end is OfferEnd.BUSY
    carol.phone.habit = Habit.ANSWER
    await caller.waits()
    assert (await carol.seen()).status is AgentStatus.AVAILABLE
    await caller.talks_to(carol)
    first, second = [
        told.at for told in center.told if isinstance(told.fact, ContactOffered) and told.fact.agent == "carol"
    ]
    assert 1.9 < second - first < 3.5
    await caller.hangs_up()
    assert (await caller.ended()).missed == 1


async def test_an_agent_who_declines_and_one_who_takes_it(center: Center) -> None:
    await center.bank(office.BANK[:1], answer=603)
    takes = await center.bank(office.BANK[1:2], tone_hz=office.AGENT_TONES[5])
    caller = await center.calls("2006")
    declined = await center.fact(OfferEnded, agent="bank0")
    assert declined.end is OfferEnd.REJECTED
    await center.fact(ContactConnected, contact=await caller.contact(), agent="bank1")
    await caller.ear.hears(office.AGENT_TONES[5], 5)
    await caller.hangs_up()
    assert (await caller.ended()).reason is EndReason.CALLER_HUNG_UP
    assert "answers" in [line.what for line in takes.lines()]


async def test_a_phone_that_is_gone_is_never_rung_and_one_that_vanishes_while_ringing_costs_its_agent_nothing(
    center: Center,
) -> None:
    alice, bob = await asyncio.gather(center.works("alice", habit=Habit.IGNORE), center.works("bob"))
    await bob.pauses()
    caller = await center.calls("2003")
    await alice.rings()
    await alice.phone.vanish()
    offer = await center.fact(OfferEnded, agent="alice")
    await bob.logs_in()
    await caller.talks_to(bob)
    assert offer.end is OfferEnd.UNREACHABLE
    assert (await alice.seen()).status is AgentStatus.AVAILABLE
    await center.fact(PhoneSeen, agent="alice", state=PhoneState.UNREACHABLE)

    other = await center.calls("2001")
    await other.waits()
    await caller.hangs_up()
    await other.talks_to(bob)
    await other.hangs_up()
    await other.ended()
    assert len(center.so_far(ContactOffered, agent="alice")) == 1


async def test_a_phone_that_lost_its_network_a_moment_ago_is_unreachable_not_unwilling(center: Center) -> None:
    center.expects(r"the phone of alice was thought reachable and is not")
    alice = await center.works("alice")
    await alice.phone.vanish()
    caller = await center.calls("2001")
    offer = await center.fact(OfferEnded, agent="alice")
    assert offer.end is OfferEnd.UNREACHABLE
    assert (await alice.seen()).status is AgentStatus.AVAILABLE
    await caller.waits()
    await caller.hangs_up()


async def test_two_agents_answer_at_once_and_one_is_connected(center: Center) -> None:
    crew = await asyncio.gather(*(center.works(one, habit=Habit.IGNORE) for one in ("alice", "bob", "carol")))
    caller = await center.calls("2002")
    rung = await asyncio.gather(*(agent.rings() for agent in crew))
    await asyncio.gather(crew[0].answers(), crew[1].answers())
    connected = await center.fact(ContactConnected, contact=await caller.contact())
    winner = next(agent for agent in crew if agent.id == connected.agent)
    assert connected.agent in ("alice", "bob")
    await caller.talks_to(winner)
    for agent, call in zip(crew, rung, strict=True):
        if agent is winner:
            continue
        await call.reaches(CallState.ENDED, 3)
        offer = await center.fact(OfferEnded, agent=agent.id)
        assert offer.end is OfferEnd.RESCINDED
        assert (await agent.is_(AgentState.READY)).status is AgentStatus.AVAILABLE
    await caller.hangs_up()
    ended = await caller.ended()
    assert (ended.offers, ended.missed, ended.agent) == (3, 0, winner.id)


async def test_a_phone_that_dies_in_a_talk_costs_its_caller_nothing(center: Center) -> None:
    """Killed: it neither answers Asterisk's questions nor is it heard. She is not waited for; her caller is kept."""
    alice = await center.works("alice")
    caller = await center.calls("2001")
    await caller.talks_to(alice)
    contact = await caller.contact()
    await alice.phone.vanish()
    await center.fact(PhoneSeen, agent="alice", state=PhoneState.UNREACHABLE, within_s=40.0)
    assert [one.state for one in (await center.view()).contacts if one.id == contact] == ["connected"]
    lost = await center.fact(AgentLost, contact=contact, agent="alice", within_s=2 * SILENT_S + 5.0)
    assert (lost.to, lost.name) == ("queue", "sales")
    assert "PJSIP/1001-" not in await center.premises.console("core show channels concise")
    seen = await alice.is_(AgentState.NOT_READY)
    assert (seen.status, seen.phone) == (AgentStatus.AVAILABLE, PhoneState.UNREACHABLE)
    await caller.hears_music()
    bob = await center.works("bob")
    await caller.talks_to(bob)
    await caller.hangs_up()
    talks = await center.facts(TalkEnded, 2, contact=contact)
    assert [talk.agent for talk in talks] == ["alice", "bob"]
    cdr = await center.cdr(contact)
    assert abs(cdr["talk_s"] - sum(talk.talk_s for talk in talks)) < 0.01
