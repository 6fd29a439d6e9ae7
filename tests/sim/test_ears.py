"""Ears at UDP ports, and what the benchmark of connecting makes of what they heard."""

import socket
from typing import Final

from callcenter.model.receipt import Receipt, ReceiptKind
from callcenter.sim.benches.connect import Joined, joined
from callcenter.sim.benches.outbound_world import Books
from callcenter.sim.peers.ears import Ear, Ears, heard_at
from callcenter.sim.peers.places import LOOPBACK
from callcenter.sim.peers.tones import RATE, tone, ulaw
from tests.live.waiting import eventually

HZ: Final = 1000.0
FRAME: Final = RATE // 50


def packet(samples: "list[int]") -> bytes:
    return bytes(12) + ulaw(samples)  # a header of RTP, whose fields no ear looks at


async def test_an_ear_hears_its_tone_and_nothing_else() -> None:
    prefix = heard_at(["1001"])
    ours, other = (packet(list(tone(hz, 0.02))) for hz in (HZ, 1500.0))
    async with Ears(prefix, ["1001"], HZ) as ears:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            for data in (packet([0] * FRAME), other, bytes(12), ours, other, ours):
                mouth.sendto(data, (LOOPBACK, int(prefix + "1001")))

            async def both() -> bool | None:
                return len(ears.of["1001"].heard) == 2 or None

            await eventually(both, "two packets are heard")
    heard = ears.of["1001"].heard
    assert len(heard) == 2
    assert heard == sorted(heard)
    assert ears.of["1001"].first_after(0.0) == heard[0]
    assert ears.of["1001"].first_after(heard[1]) == heard[1]
    assert ears.of["1001"].first_after(heard[1] + 1e-6) is None


def test_who_is_heard_is_who_is_in_the_bridge_not_who_was_there_before() -> None:
    """Two calls of one agent, the second so soon after the first that no pause is between them."""
    ear = Ear(HZ)
    ear.heard = [10.10, 10.12, 10.30, 10.52]

    def receipts(attempt: str, number: str, at: float) -> tuple[Receipt, Receipt]:
        dialled = Receipt(kind=ReceiptKind.DIAL, at=9.0, campaign="c", attempt=attempt, number=number)
        return dialled, Receipt(kind=ReceiptKind.OUTCOME, at=11.0, campaign="c", attempt=attempt, answered_at=at + 0.01)

    def enters(bridge: str, unique: str, channel: str, at: float) -> dict[str, str]:
        return {"bridgeuniqueid": bridge, "uniqueid": unique, "channel": channel, "timestamp": str(at)}

    books = Books(receipts=(*receipts("a1", "+1", 10.0), *receipts("a2", "+2", 10.25)), flaws=0)
    entered = [
        enters("b1", "a1", "PJSIP/carrier-1", 10.05),
        enters("b1", "x1", "PJSIP/1001-1", 10.08),
        enters("b2", "a2", "PJSIP/carrier-2", 10.35),
        enters("b2", "x1", "PJSIP/1001-1", 10.50),
    ]
    found = joined(books, {"+1": 10.0, "+2": 10.25, "+3": 10.4}, entered, {"1001": ear})
    rounded = [
        [None if ms is None else round(ms) for ms in (one.told_ms, one.bridged_ms, one.heard_ms)] for one in found
    ]
    assert rounded == [[10, 80, 100], [10, 250, 270], [None, None, None]]
    ear.heard = [10.10]
    assert joined(books, {"+2": 10.25}, entered, {"1001": ear}) == [
        Joined(told_ms=found[1].told_ms, bridged_ms=found[1].bridged_ms, heard_ms=None)
    ]
