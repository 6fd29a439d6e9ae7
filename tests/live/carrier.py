"""The carrier of the live tests: at the far end of the center's trunk, and what its log says beside our receipts."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from callcenter.model.campaign import CampaignState
from callcenter.model.receipt import Receipt, ReceiptKind
from callcenter.model.view import CampaignView
from callcenter.postgres.receipts import between, verify
from callcenter.sim.peers import carrier as peers
from callcenter.sim.peers.carrier import Carrier, Habits
from tests.live.center import Center
from tests.live.outbound import SHOWN
from tests.live.real_asterisk import installed_tool
from tests.live.waiting import eventually

CARRIER_LIMIT_S: Final = 15.0
CERTAIN: Final = {
    peers.BUSY: "busy",
    peers.RINGS_ON: "no_answer",
    peers.FAILS: "failed",
    peers.UNKNOWN: "invalid",
}


@asynccontextmanager
async def at_the_far_end(center: Center, habits: Habits) -> AsyncIterator[Carrier]:
    """The carrier is there, and the center knows."""
    folder = center.premises.folder / f"carrier-{time.monotonic_ns()}"
    port = center.premises.carrier_port
    with center.premises.lent(port):
        espeak = installed_tool("espeak-ng")
        async with peers.carrier(center.premises.root, espeak, folder, port=port, habits=habits) as made:

            async def noticed() -> bool | None:
                return True if "Avail " in await center.premises.console("pjsip show contacts like carrier") else None

            await eventually(noticed, "the carrier is there", CARRIER_LIMIT_S)
            yield made


def numbers(endings: str) -> list[str]:
    """Numbers that were never called, with these last digits."""
    prefix = f"+8490{time.time_ns() // 10_000_000 % 10_000:04}"
    return [f"{prefix}{n:02}{ending}" for n, ending in enumerate(endings)]


async def campaign(center: Center, name: str) -> CampaignView:
    return next(one for one in (await center.view()).campaigns if one.name == name)


async def all_settled(center: Center, list_: str, within_s: float) -> None:
    """Every lead of a list has had its call."""

    async def none_left() -> bool | None:
        rows = await center.rows(
            "SELECT count(*) AS left FROM lead WHERE list = $1 AND state IN ('ready', 'waiting', 'claimed')", list_
        )
        return True if rows[0]["left"] == 0 else None

    await eventually(none_left, f"every lead of {list_} has its outcome", within_s)


async def is_stopped(center: Center, name: str) -> None:
    """It is stopped, and has stopped."""
    await center.asks(f"/v1/campaigns/{name}/stop", {"by": "test"})
    await center.until(
        lambda view: any(one.name == name and one.state is CampaignState.STOPPED for one in view.campaigns),
        f"{name} has stopped",
        30,
    )


async def outcomes(center: Center, called: Sequence[str]) -> dict[str, str]:
    """Number -> what came of its one attempt."""
    rows = await center.rows("SELECT number, outcome FROM attempt WHERE number = ANY($1)", list(called))
    return {row["number"]: row["outcome"] for row in rows}


async def receipts(center: Center, name: str) -> list[Receipt]:
    """All of a campaign, of this story."""
    return [one async for _, one in between(center.pool, name, center.began - 1, time.time() + 1)]


async def matched(center: Center, far_end: Carrier, name: str, called: Sequence[str]) -> dict[str, Receipt]:
    """Number -> receipt. Nobody was dialled twice, each call of the carrier's log has a receipt of before, whose rules
    all held, and the campaign's chain is whole. A dial that the carrier never heard of is the story's to explain."""
    wanted = set(called)
    dialled = [one for one in far_end.dialled() if one.number in wanted]
    told = await receipts(center, name)
    dials = {one.number: one for one in told if one.kind is ReceiptKind.DIAL}
    at_carrier = Counter(one.number for one in dialled)
    assert max(at_carrier.values()) == 1, at_carrier.most_common(3)
    assert set(at_carrier) <= set(dials)
    for one in dialled:
        assert one.caller == SHOWN
        ours = [(row.kind, row.at, row.attempt) for row in told if row.number == one.number]
        assert dials[one.number].at <= one.at, (one, ours)
        assert all(finding.held for finding in dials[one.number].findings)
    [proof] = await verify(center.pool, name)
    assert not proof.flaws
    return dials
