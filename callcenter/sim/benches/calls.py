"""Benchmark `calls`: how many calls a second, how fast, and at what cost? Ours beside `Queue()` and `Dial()`.

SIPp calls, SIPp answers at once and hangs up after a second; one Asterisk carries everybody's calls, one system at a
time, in alternating order. Set-up is from the caller's INVITE to the moment when Asterisk has both parties in one
bridge (its own BridgeEnter events), in the same way for all: our callers are answered before there is an agent, so the
caller's 200 OK would flatter us. A rate is clean when no call failed, SIPp sent nothing twice and p99 set-up is below
100 ms (after RFC 7502). CPU is that of Asterisk and of our program; Postgres is told apart.
"""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from callcenter.errors import PeerFault
from callcenter.sim.benches.calls_report import (
    DIAL,
    OURS,
    OURS_SOUND,
    QUEUE,
    QUEUE_SOUND,
    SYSTEMS,
    WIDE_QUEUE,
    Found,
    Load,
    report,
)
from callcenter.sim.benches.live_center import LiveCenter, PeerQueue, Plan, live_center
from callcenter.sim.benches.live_traffic import setups_s
from callcenter.sim.benches.report import Report
from callcenter.sim.peers.scenarios import Step
from callcenter.sim.peers.sipp import Caller, Crowd, PhoneBank

PHONES: Final = 400
QUEUE_MEMBERS: Final = 100
HOLD_S: Final = 1.0
RATES: Final = (25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 300, 350)
COMMON_RATE: Final = 50
AT_RATE: Final = 100
ROUNDS: Final = 4  # A-B-B-A
STEP_S: Final = 8.0
WARM_UP_S: Final = 3.0
WARM_UP_RATE: Final = 20
TRIES: Final = 2  # of a rate, before it counts as too much: other programs may have disturbed the first
CLEAR_LIMIT_S: Final = 30.0
OVERLOADED_CLEAR_LIMIT_S: Final = 90.0  # calls whose callers are gone end by a time-out of SIP (32 s)
REST_S: Final = 0.5
REGISTER_EVERY_S: Final = 300.0
REGISTERED_LIMIT_S: Final = 40.0

SOUND_CALLS: Final = 40
SOUND_S: Final = 20.0
SOUND_HOLD_S: Final = 8.0
SOUND_RATE: Final = SOUND_CALLS / SOUND_HOLD_S
TONE_HZ: Final = 700

NUMBERS: Final[Mapping[str, str]] = {
    OURS: "7001",
    QUEUE: "8100",
    WIDE_QUEUE: "8400",
    DIAL: "9",  # and the number of a phone
    OURS_SOUND: "7002",
    QUEUE_SOUND: "8101",
}


def run(folder: Path, step_s: float = STEP_S) -> Report:
    """Run it all; each step lasts `step_s`."""
    return report(asyncio.run(_measure(folder, step_s)))


async def _measure(folder: Path, step_s: float) -> Found:
    phones = tuple(str(2001 + at) for at in range(PHONES))
    plan = Plan(
        phones=phones,
        agents=phones,
        ours={NUMBERS[OURS]: False, NUMBERS[OURS_SOUND]: True},
        queues=(
            # the friendliest setting: no member is ever looked at for being busy
            PeerQueue(name=QUEUE, number=NUMBERS[QUEUE], members=phones[:QUEUE_MEMBERS], retry_s=1, ring_in_use=True),
            PeerQueue(name=WIDE_QUEUE, number=NUMBERS[WIDE_QUEUE], members=phones, retry_s=1),
            PeerQueue(
                name=QUEUE_SOUND,
                number=NUMBERS[QUEUE_SOUND],
                members=phones[:QUEUE_MEMBERS],
                retry_s=1,
                ring_in_use=True,
                record=True,
            ),
        ),
        dial_prefix=NUMBERS[DIAL],
    )
    found = Found(common_rate=COMMON_RATE, at_rate=AT_RATE)
    async with live_center(folder, plan) as center:
        accounts = await center.accounts()
        async with _bank(center, "phones", accounts, HOLD_S, None) as bank:
            await bank.registered(REGISTERED_LIMIT_S)
            await center.agents_ready()
            stage = _Stage(center, bank, phones)
            for system in SYSTEMS:
                await stage.load(system, WARM_UP_RATE, WARM_UP_S)
            for name in _alternating(SYSTEMS, ROUNDS):
                found.common.setdefault(name, []).append(await stage.load(name, COMMON_RATE, step_s))
            for name in _alternating(SYSTEMS, ROUNDS):
                found.at.setdefault(name, []).append(await stage.load(name, AT_RATE, step_s))
            await _climb(stage, found, step_s)
        async with _bank(center, "phones-sound", accounts, SOUND_HOLD_S, TONE_HZ) as bank:
            await bank.registered(REGISTERED_LIMIT_S)
            await center.agents_ready()
            stage = _Stage(center, bank, phones, tone_hz=TONE_HZ)
            for name in _alternating((OURS_SOUND, QUEUE_SOUND), ROUNDS):
                found.sound.setdefault(name, []).append(await stage.load(name, SOUND_RATE, max(SOUND_S, step_s)))
    return found


def _bank(
    center: LiveCenter, name: str, accounts: Sequence[tuple[str, str]], hold_s: float, tone_hz: int | None
) -> PhoneBank:
    return PhoneBank(
        center.sipp,
        center.folder / name,
        server=center.sip,
        accounts=accounts,
        ring_s=0.0,
        talk_s=hold_s,
        tone_hz=tone_hz,
        rate=100.0,
        sounding_max=2 * SOUND_CALLS,
        register_every_s=REGISTER_EVERY_S,
    )


def _alternating(systems: Sequence[str], rounds: int) -> list[str]:
    """A-B-B-A and so on: what drifts while it runs meets all alike."""
    turns = (systems if at % 2 == 0 else systems[::-1] for at in range(rounds))
    return list(itertools.chain.from_iterable(turns))


async def _climb(stage: "_Stage", found: Found, step_s: float) -> None:
    """Every system up the ladder of rates, side by side, until it was not clean TRIES times at one rate."""
    climbing = list(SYSTEMS)
    for at, rate in enumerate(RATES):
        for name in climbing[:: 1 if at % 2 == 0 else -1]:
            for _ in range(TRIES):
                try:
                    step = await stage.load(name, rate, step_s)
                except PeerFault:
                    continue  # so overloaded that nothing could be counted
                found.steps.append(step)
                if step.clean:
                    found.clean_rate[name] = rate
                    break
            else:
                climbing.remove(name)


async def _outcome(crowd: Crowd, calls: int, within_s: float) -> tuple[int, int]:
    """How many calls failed, and how much was sent twice. A load that is not over in time has failed as a load."""
    try:
        result = await crowd.finished(within_s)
    except PeerFault:
        return max(calls - sum(line.what == "ended" for line in crowd.lines()), 1), 0
    return result.failed, result.retransmissions


class _Stage:
    """Where one load after the other is put on."""

    def __init__(
        self, center: LiveCenter, bank: PhoneBank, phones: Sequence[str], *, tone_hz: int | None = None
    ) -> None:
        self._center = center
        self._bank = bank
        self._phones = phones
        self._tone_hz = tone_hz
        self._runs = itertools.count()
        self._next_phone = itertools.cycle(phones)

    async def load(self, system: str, rate: float, seconds: float) -> Load:
        """Put this many calls a second on one system; wait until all is over."""
        center, number = self._center, next(self._runs)
        await center.idle(CLEAR_LIMIT_S)
        await asyncio.sleep(REST_S)  # what the last load left behind in Asterisk is cleared away
        steps: tuple[Step, ...] = ()
        callers = [
            Caller(number=f"0{number:03}{at:06}", dialled=self._dialled(system)) for at in range(round(rate * seconds))
        ]
        crowd = Crowd(
            center.sipp,
            center.folder / f"{self._tone_hz or 0}-{number:03}-{system}",
            server=center.sip,
            callers=callers,
            steps=steps,
            rate=rate,
            at_once_max=len(callers),
            tone_hz=self._tone_hz,
            hang_up=False,
        )
        loop = asyncio.get_running_loop()
        phones_before = self._bank.counts()
        async with center.bridges_watched() as seen:
            before, started = center.spent(), loop.time()
            async with crowd:
                failed, retransmissions = await _outcome(crowd, len(callers), seconds + CLEAR_LIMIT_S + SOUND_HOLD_S)
            await center.idle(CLEAR_LIMIT_S if not failed else OVERLOADED_CLEAR_LIMIT_S)
            after, lasted_s = center.spent(), loop.time() - started
        phones_after = self._bank.counts()
        return Load(
            system=system,
            rate=rate,
            calls=len(callers),
            failed=failed + (phones_after.failed - phones_before.failed),
            retransmissions=retransmissions + (phones_after.retransmissions - phones_before.retransmissions),
            setups_s=tuple(setups_s(crowd.lines(), seen)),
            spent=after.since(before),
            lasted_s=lasted_s,
        )

    def _dialled(self, system: str) -> str:
        number = NUMBERS[system]
        return number + next(self._next_phone) if system == DIAL else number
