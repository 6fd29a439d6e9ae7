"""A campaign on a real Asterisk, with a second Asterisk as the carrier: every number once, whatever is killed."""

from collections.abc import AsyncIterator

import pytest

from callcenter.model.facts import ContactConnected
from callcenter.sim.peers.carrier import Carrier, Habits
from tests.live import office
from tests.live.carrier import CERTAIN, all_settled, at_the_far_end, is_stopped, matched, numbers, outcomes
from tests.live.center import Center
from tests.postgres.lead_story import add_lead

pytestmark = pytest.mark.live

AGENTS = office.BANK[:6]
ENDINGS = "0123456789" * 6
TALKS_BEFORE_THE_KILL = 9
OVER_LIMIT_S = 180.0
BY_A_PERSON = {"answered", "hung_up", "dropped"}


@pytest.fixture
async def far_end(center: Center) -> AsyncIterator[Carrier]:
    async with at_the_far_end(center, Habits(spoken=False)) as made:
        yield made


async def test_each_lead_is_dialled_once_and_has_a_receipt_although_the_center_is_killed(
    center: Center, far_end: Carrier
) -> None:
    called = numbers(ENDINGS)
    for number in called:
        await add_lead(center.pool, [number], list_="spring-list")
    await center.bank(AGENTS, talk_s=8.0)  # longer than the center is away: no talk ends without its recording
    await center.asks("/v1/campaigns/spring/start", {"by": "test"})
    await center.facts(ContactConnected, TALKS_BEFORE_THE_KILL, within_s=60)
    center.expects("Asterisk left no file|s long, the talk was")  # of talks that began as we died
    await center.is_killed()
    await center.comes_back()
    await all_settled(center, "spring-list", OVER_LIMIT_S)
    await is_stopped(center, "spring")

    came_of = await outcomes(center, called)
    assert set(came_of) == set(called)
    dials = await matched(center, far_end, "spring", called)
    # whom the carrier never heard of was lost in the kill, or its attempt was void and made again
    heard = {one.number for one in far_end.dialled()}
    missed = {number: came_of[number] for number in called if number not in heard}
    assert set(missed.values()) <= {"lost"}, missed
    assert set(dials) == set(called)
    for number, outcome in came_of.items():
        expected = CERTAIN.get(number[-1])
        if expected is not None:
            assert outcome in {expected, "lost"}, (number, outcome)
        else:
            assert outcome in BY_A_PERSON | {"lost"}, (number, outcome)
    lost = [number for number, outcome in came_of.items() if outcome == "lost"]
    assert len(lost) <= len(AGENTS), lost
