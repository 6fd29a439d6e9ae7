"""Campaigns of other modes than the progressive one on a real Asterisk, with a second Asterisk as the carrier."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from callcenter.model.agent import Agent, NailState, PhoneRules
from callcenter.model.campaign_messages import (
    AnswererJudged,
    AnswererScored,
    AttemptEnded,
    LeadDialled,
    LeadShown,
    OptedOut,
)
from callcenter.model.facts import ContactConnected, PhoneNailed
from callcenter.model.lead import Outcome
from callcenter.model.receipt import ReceiptKind
from callcenter.postgres.directory import Directory
from callcenter.sim.peers.carrier import MACHINE, PEOPLE, Habits
from callcenter.sim.peers.tones import seconds_of
from tests.live import office
from tests.live.carrier import (
    CERTAIN,
    all_settled,
    at_the_far_end,
    campaign,
    is_stopped,
    matched,
    numbers,
    outcomes,
    receipts,
)
from tests.live.center import Center
from tests.postgres.lead_story import add_lead

pytestmark = pytest.mark.live

ENDINGS: Final = "6" + "0192345012" * 4 + "0192735801" * 3
OVER_LIMIT_S: Final = 90.0
RATIO_CREW: Final = 2
ANSWERED_BEFORE: Final = 60  # of the 40 that one drop at the hard stop of 2.5 % takes
PACED: Final = re.compile(r"2 lines for each of (\d+) free, (\d+) dialling")
TOLD_S: Final = 0.4  # of a message that lasts 0.6 s
JOINED_WITHIN_S: Final = 1.0  # on a machine that others use as well


@asynccontextmanager
async def nailed(center: Center, agents: Sequence[Agent]) -> AsyncIterator[None]:
    """Agents of the bank at phones that stay connected, for the length of a story."""
    directory = Directory(center.pool)
    for agent in agents:
        await directory.change(replace(agent, phone=PhoneRules(nailed=True)))
    await center.asks("/v1/agents/reload")
    try:
        await center.bank(agents, tone_hz=office.AGENT_TONES[0])
        await center.facts(PhoneNailed, len(agents), state=NailState.UP)
        yield
    finally:
        for agent in agents:
            await directory.change(agent)
        await center.asks("/v1/agents/reload")


async def test_a_predictive_campaign_gives_people_to_agents_and_leaves_machines_a_message(center: Center) -> None:
    called = numbers(ENDINGS)
    for number in called:
        await add_lead(center.pool, [number], list_="summer-list")
    async with at_the_far_end(center, Habits(people_s=(0.3, 0.6, 0.9, 1.2, 0.5))) as far_end:
        async with nailed(center, office.BANK):
            await center.asks("/v1/campaigns/summer/start", {"by": "test"})
            await all_settled(center, "summer-list", OVER_LIMIT_S)
            seen = await campaign(center, "summer")
            await is_stopped(center, "summer")
            assert len(center.so_far(PhoneNailed, state=NailState.ENDED)) == 0, "no phone was ever called again"
        came_of = await outcomes(center, called)
        dials = await matched(center, far_end, "summer", called)
        told_s = {
            number: seconds_of(far_end.told(number), office.PROMPT_TONES["leave_message", "en"])
            for number in called
            if far_end.told(number).exists()
        }

    # in one list everybody: once, with the outcome that the carrier gave her
    assert set(came_of) == set(dials) == {one.number for one in far_end.dialled()} == set(called)
    people = [number for number in called if number[-1] in PEOPLE]
    machines = [number for number in called if number[-1] == MACHINE]
    for number in called:
        if number[-1] in CERTAIN:
            assert came_of[number] == CERTAIN[number[-1]], number
    assert {came_of[number] for number in people} <= {"answered", "dropped"}
    assert {came_of[number] for number in machines} == {"machine", "answered"}
    # who is taken for a machine is told the message, or heard by an agent so that the detector is known
    for number in machines:
        assert (told_s[number] >= TOLD_S) == (came_of[number] == "machine"), (number, told_s, came_of)
    judged = Counter(one.answerer for one in center.so_far(AnswererScored))
    assert judged == {"human": len(people), "machine": len(machines)}
    # as soon as there was enough to learn from it dialled ahead, and kept within what is allowed
    assert {one.pacing["rule"] for one in dials.values()} == {"progressive", "predictive"}
    drops = Counter(came_of.values())["dropped"]
    assert (seen.day_live, seen.day_drops) == (
        len(people) + len(machines) - Counter(came_of.values())["machine"],
        drops,
    )
    assert drops <= 0.03 * seen.day_live
    waited = [one.waited_s for one in center.so_far(ContactConnected)]
    assert len(waited) == Counter(came_of.values())["answered"]
    assert max(waited) < 2.0, "who is not dropped has her agent in time"
    assert sorted(waited)[len(waited) // 2] < JOINED_WITHIN_S
    assert len(center.so_far(AttemptEnded)) == len(called)


async def have_answered(center: Center, name: str, called: Sequence[str]) -> None:
    """A campaign called them an hour ago, and each had an agent."""
    for at, number in enumerate(called):
        lead = await add_lead(center.pool, [number], list_="past-list")
        await center.pool.execute("UPDATE lead SET state = 'done' WHERE id = $1", lead)
        await center.pool.execute(
            "INSERT INTO attempt (id, lead, number, campaign, dialler, began, answered, ended, outcome) VALUES "
            "($1, $2, $3, $4, 'past', now() - $5::interval, now() - $5::interval, now() - $5::interval, 'answered')",
            f"past-{at}",
            lead,
            number,
            name,
            timedelta(hours=1),
        )


async def test_a_ratio_campaign_dials_so_many_lines_for_each_free_agent_and_asterisk_tells_machines(
    center: Center,
) -> None:
    """Asterisk's AMD() hears every answer; each receipt says by which free agents its line was paced. No drop may be
    risked before enough people have answered: those of the past are on record, and known after a restart."""
    await have_answered(center, "autumn", numbers("0" * ANSWERED_BEFORE))
    await center.is_killed()
    await center.comes_back()
    called = numbers("9015" + "0921" + "3578")
    for number in called:
        await add_lead(center.pool, [number], list_="autumn-list")
    async with at_the_far_end(center, Habits(people_s=(0.3, 0.6, 0.9, 1.2, 0.5))) as far_end:
        async with nailed(center, office.BANK[:RATIO_CREW]):
            await center.asks("/v1/campaigns/autumn/start", {"by": "test"})
            await all_settled(center, "autumn-list", OVER_LIMIT_S)
            seen = await campaign(center, "autumn")
            await is_stopped(center, "autumn")
        came_of = await outcomes(center, called)
        dials = await matched(center, far_end, "autumn", called)

    assert set(came_of) == set(dials) == {one.number for one in far_end.dialled()} == set(called)
    people = [number for number in called if number[-1] in PEOPLE]
    machines = [number for number in called if number[-1] == MACHINE]
    for number in called:
        assert number[-1] not in CERTAIN or came_of[number] == CERTAIN[number[-1]], number
    assert {came_of[number] for number in people} <= {"answered", "dropped"}
    assert seen.day_live == ANSWERED_BEFORE + len(people) + [came_of[number] for number in machines].count("answered")
    # of what AMD said nothing was wrong; every third of those whom it takes for machines is given to an agent
    judged = center.so_far(AnswererJudged)
    assert {one.detector for one in judged} == {"asterisk"}
    assert Counter(one.answerer for one in judged) == {"human": len(people), "machine": len(machines)}
    assert [came_of[number] for number in machines].count("machine") >= len(machines) - 1
    # the first lines are two for each agent; after that so many as are free allow, until somebody was dropped
    paced = [PACED.fullmatch(one.pacing["why"]) for one in dials.values() if one.pacing["rule"] == "ratio"]
    counted = [tuple(map(int, one.groups())) for one in paced if one is not None]
    assert len(counted) == len(paced) == len(dials) - sum(one.pacing["rule"] != "ratio" for one in dials.values())
    assert counted[: 2 * RATIO_CREW] == [(RATIO_CREW, 0)] * (2 * RATIO_CREW), counted
    assert all(free <= RATIO_CREW and dialling < 2 * free for free, dialling in counted), counted
    assert "dropped" in came_of.values() or len(counted) == len(dials)


async def test_a_broadcast_leads_to_agents_and_previews_are_dialled_for_whoever_reads_them(center: Center) -> None:
    """People who press 1 have an agent, who press 9 are called no more, who press nothing hear the end of it; and an
    agent who is shown a lead passes it over, or has it dialled and gets it."""
    told, shown = numbers("0120120125678"), numbers("3334")
    for number in told:
        await add_lead(center.pool, [number], list_="offers-list")
    habits = Habits(people_s=(3.0, 6.0, 6.0, 2.0, 2.0), spoken=False, keys=("1", "", "9", "", ""))
    async with at_the_far_end(center, habits) as far_end, nailed(center, office.BANK[:3]):
        await center.asks("/v1/campaigns/offers/start", {"by": "test"})
        await all_settled(center, "offers-list", OVER_LIMIT_S)
        came_of = await outcomes(center, told)
        dials = await matched(center, far_end, "offers", told)
        assert set(came_of) == set(dials) == {one.number for one in far_end.dialled()} == set(told)
        for number in told:
            assert came_of[number] == CERTAIN.get(number[-1], "answered"), number
        assert {one.approach for one in dials.values()} == {"recorded"}
        pressed = {key: [number for number in told if number[-1] == key] for key in "02"}
        assert len(center.so_far(ContactConnected)) == len(pressed["0"])
        assert len(center.so_far(OptedOut)) == len(pressed["2"])
        kept = await center.rows("SELECT entry FROM do_not_call_entry WHERE entry = ANY($1)", told)
        assert {row["entry"] for row in kept} == set(pressed["2"])
        await is_stopped(center, "offers")

        for number in shown:
            await add_lead(center.pool, [number], list_="winter-list")
        await center.asks("/v1/campaigns/winter/start", {"by": "test"})
        seen = await center.facts(LeadShown, 3, campaign="winter", why="")
        await center.asks("/v1/campaigns/winter/decide", {"agent": seen[0].agent, "dial": False})
        await center.facts(LeadShown, 4 + 1, campaign="winter")  # it is hidden, and she is shown the fourth
        for one in seen:
            await center.asks("/v1/campaigns/winter/decide", {"agent": one.agent, "dial": True})
        mine = {fact.contact: fact for fact in await center.facts(LeadDialled, 3, campaign="winter")}
        connected = await center.facts(ContactConnected, len(pressed["0"]) + 3)
        assert {one.agent for one in connected if one.contact in mine} == {one.agent for one in seen}
        assert seen[0].lead not in {one.lead for one in mine.values()}
        await center.facts(AttemptEnded, 3, campaign="winter", outcome=Outcome.ANSWERED)
        await is_stopped(center, "winter")
        dialled = {one.number for one in await receipts(center, "winter") if one.kind is ReceiptKind.DIAL}
        assert dialled == {one.number for one in far_end.dialled()} - set(told)
        await matched(center, far_end, "winter", shown)
