"""A campaign on a real Asterisk, with a second Asterisk as the carrier: every number once, whatever is killed."""

import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from callcenter.embedded.ports import Kind
from callcenter.model.campaign import CampaignState
from callcenter.model.facts import ContactConnected
from callcenter.model.receipt import Receipt, ReceiptKind
from callcenter.model.view import CampaignView, CenterView
from callcenter.postgres.receipts import between, verify
from callcenter.sim.peers.places import free_ports
from tests.live import carrier as carriers
from tests.live import office
from tests.live.carrier import Carrier, carrier
from tests.live.center import Center
from tests.live.outbound import SHOWN
from tests.live.waiting import eventually
from tests.postgres.lead_story import add_lead

pytestmark = pytest.mark.live

AGENTS = office.BANK[:6]
LEADS = 60
CARRIER_LIMIT_S = 15.0
TALKS_BEFORE_THE_KILL = 9
OVER_LIMIT_S = 180.0
CERTAIN = {
    carriers.BUSY: "busy",
    carriers.RINGS_ON: "no_answer",
    carriers.FAILS: "failed",
    carriers.UNKNOWN: "invalid",
}
BY_A_PERSON = {"answered", "hung_up", "dropped"}


@pytest.fixture
async def far_end(center: Center) -> AsyncIterator[Carrier]:
    """The carrier is there, and the center knows."""
    async with carrier(center.premises.carrier_port, free_ports(400, Kind.UDP)) as made:

        async def noticed() -> bool | None:
            return True if "Avail " in await center.premises.console("pjsip show contacts like carrier") else None

        await eventually(noticed, "the carrier is there", CARRIER_LIMIT_S)
        yield made


def spring(view: CenterView) -> CampaignView:
    return next(one for one in view.campaigns if one.name == "spring")


async def receipts(center: Center) -> list[Receipt]:
    return [one async for _, one in between(center.pool, "spring", center.began - 1, time.time() + 1)]


async def test_each_lead_is_dialled_once_and_has_a_receipt_although_the_center_is_killed(
    center: Center, far_end: Carrier
) -> None:
    numbers = [f"+8490{time.time_ns() // 1000 % 100_000:05}{n:02}" for n in range(LEADS)]
    for number in numbers:
        await add_lead(center.pool, [number], list_="spring-list")
    await center.bank(AGENTS, talk_s=8.0)  # longer than the center is away: no talk ends without its recording
    await center.asks("/v1/campaigns/spring/start", {"by": "test"})
    await center.facts(ContactConnected, TALKS_BEFORE_THE_KILL, within_s=60)
    center.expects("Asterisk left no file|s long, the talk was")  # of talks that began as we died
    await center.is_killed()
    await center.comes_back()

    async def all_settled() -> bool | None:
        rows = await center.rows(
            "SELECT count(*) AS left FROM lead WHERE list = 'spring-list' AND state IN ('ready', 'waiting', 'claimed')"
        )
        return True if rows[0]["left"] == 0 else None

    await eventually(all_settled, "every lead has its outcome", OVER_LIMIT_S)
    await center.asks("/v1/campaigns/spring/stop", {"by": "test"})
    await center.until(lambda view: spring(view).state is CampaignState.STOPPED, "the campaign has stopped", 30)

    outcomes = {
        row["number"]: row["outcome"]
        for row in await center.rows("SELECT number, outcome FROM attempt WHERE number = ANY($1)", numbers)
    }
    dialled = far_end.dialled()
    written = await receipts(center)
    dials = {one.number: one for one in written if one.kind is ReceiptKind.DIAL}
    # nobody twice; whom the carrier never heard of was lost in the kill, or its attempt was void and made again
    at_carrier = Counter(one.number for one in dialled)
    assert max(at_carrier.values()) == 1, at_carrier.most_common(3)
    assert set(at_carrier) <= set(dials)
    assert set(outcomes) == set(numbers)
    missed = {number: outcomes[number] for number in numbers if number not in at_carrier}
    assert set(missed.values()) <= {"lost"}, missed
    # each call of the carrier's log has its receipt, written before
    for one in dialled:
        assert one.caller == SHOWN
        assert dials[one.number].at <= one.at + 1.0
        assert all(finding.held for finding in dials[one.number].findings)
    for number, outcome in outcomes.items():
        expected = CERTAIN.get(number[-1])
        if expected is not None:
            assert outcome in {expected, "lost"}, (number, outcome)
        else:
            assert outcome in BY_A_PERSON | {"lost"}, (number, outcome)
    lost = [number for number, outcome in outcomes.items() if outcome == "lost"]
    assert len(lost) <= len(AGENTS), lost
    [proof] = await verify(center.pool, "spring")
    assert not proof.flaws
