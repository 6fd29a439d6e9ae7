"""Who has answered, on a real Asterisk: phones that play recorded greetings and beeps, heard while they are in a call.

A person is known by her short greeting, a machine by its long one, its beep is heard when it is over, and the leg
itself never notices: it stays where it is in the dialplan, and is sent nothing.
"""

import asyncio
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from callcenter.asterisk.agi import AgiServer
from callcenter.asterisk.ari import Access, Ari, Call, ToDialplan
from callcenter.asterisk.audiosocket import AudioSockets
from callcenter.embedded.programs import Tool, find_tool
from callcenter.media.voice.answerers import ROUTE, Answerers
from callcenter.model.campaign_messages import AwaitBeep, BeepHeard, DetectMachine, MachineJudged
from callcenter.model.detection import BEEP_WITHIN_S, JUDGE_WITHIN_S, Answerer
from callcenter.model.events import Event
from callcenter.model.ids import ContactId, LegId
from callcenter.sim.peers.baresip import CallState, SoftPhone
from callcenter.speech.speakers import Program
from callcenter.speech.wav import Sound, write_wav
from tests.detectors.greetings import RATE, Studio, beep, over_the_line
from tests.live.real_asterisk import VAR, RealAsterisk

pytestmark = pytest.mark.live

DIALPLAN: Final = """
[answered]
exten => s,1,Wait(60)
"""
LIMIT_S: Final = 15.0
PHONE: Final = "1001"


@dataclass
class Listening:
    """The call center's side: what is asked, and what was said."""

    asterisk: RealAsterisk
    ari: Ari
    answerers: Answerers
    told: dict[type[Event], "asyncio.Queue[tuple[float, Event]]"] = field(default_factory=dict)
    legs: int = 0

    def post(self, event: Event) -> None:
        self.of(type(event)).put_nowait((time.monotonic(), event))

    def of(self, kind: type[Event]) -> "asyncio.Queue[tuple[float, Event]]":
        return self.told.setdefault(kind, asyncio.Queue())

    async def dial(self, phone: SoftPhone) -> tuple[LegId, float]:
        """Call it; gives the leg, and when it was answered."""
        self.legs += 1
        leg = LegId(f"l-{time.monotonic_ns() % 10**8:08d}-{self.legs}")
        calls = len(phone.calls)
        await self.ari.channels.originate(leg, Call(endpoint=f"PJSIP/{phone.number}"), ToDialplan(context="answered"))
        call = await phone.next_call(5, after=calls)
        await call.reaches(CallState.UP, 5)
        return leg, time.monotonic()

    async def judged(self, leg: LegId, detector: str) -> tuple[float, MachineJudged]:
        await self.answerers.judge(
            DetectMachine(contact=ContactId("c"), leg=leg, detector=detector, within_s=JUDGE_WITHIN_S)
        )
        async with asyncio.timeout(JUDGE_WITHIN_S):
            at, event = await self.of(MachineJudged).get()
        assert isinstance(event, MachineJudged)
        assert event.leg == leg
        return at, event

    async def channels(self) -> list[str]:
        return [channel.id for channel in await self.ari.channels.list()]


@asynccontextmanager
async def listening(asterisk: RealAsterisk) -> AsyncIterator[Listening]:
    values = asterisk.values
    await asterisk.custom_dialplan(DIALPLAN)
    async with AsyncExitStack() as stack:
        access = Access(
            host="127.0.0.1", port=values.http_port, username=values.ari_username, password=values.ari_password
        )
        ari = await stack.enter_async_context(Ari(access))
        sockets = await stack.enter_async_context(AudioSockets("127.0.0.1"))
        made: list[Listening] = []
        answerers = await stack.enter_async_context(Answerers(ari.channels, sockets, lambda event: made[0].post(event)))
        made.append(Listening(asterisk, ari, answerers))
        agi = AgiServer("127.0.0.1", values.fastagi_port, {ROUTE: answerers.serve})
        await agi.start()
        stack.push_async_callback(agi.close)
        yield made[0]
    await asterisk.custom_dialplan("")


@pytest.fixture
async def center_ears(asterisk: RealAsterisk) -> AsyncIterator[Listening]:
    async with listening(asterisk) as made:
        yield made


@pytest.fixture
async def greetings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recorded answers: what is heard of a person, and of a machine with its beep."""
    tool = await asyncio.to_thread(find_tool, "espeak-ng", VAR)
    studio = Studio(Program(argv=tuple(tool.argv()), environment=tool.environment()), 1)
    folder = tmp_path_factory.mktemp("greetings")
    person = await studio.says("en-us+f2", "Hello?")
    machine = await studio.says(
        "en-us+m3", "You have reached the mailbox of John Miller. Please leave a message after the tone."
    )
    pause = np.zeros(RATE // 2)
    made = {
        "person": np.concatenate([pause, person, np.zeros(12 * RATE)]),
        "machine": np.concatenate([pause, machine, pause, beep(1_000, 0.5, -15), np.zeros(12 * RATE)]),
        "silence": np.zeros(12 * RATE),
    }
    paths = {}
    for name, samples in made.items():
        paths[name] = folder / f"{name}.wav"
        write_wav(paths[name], Sound(rate=RATE, channels=(array("h", over_the_line(samples)),)))
    return paths


def phone(asterisk: RealAsterisk, baresip: Tool, folder: Path, sound: Path) -> SoftPhone:
    return SoftPhone(baresip, folder, number=PHONE, secret=asterisk.secret(PHONE), server=asterisk.sip, sound=sound)


@pytest.mark.parametrize("detector", ["cadence", "asterisk"])
async def test_a_person_and_a_machine_are_told_apart_and_the_call_does_not_notice(
    center_ears: Listening, baresip: Tool, greetings: dict[str, Path], peers_folder: Path, detector: str
) -> None:
    for name, expected in (("person", Answerer.HUMAN), ("machine", Answerer.MACHINE)):
        async with phone(center_ears.asterisk, baresip, peers_folder / name, greetings[name]) as called:
            await called.registered()
            leg, answered = await center_ears.dial(called)
            at, judged = await center_ears.judged(leg, detector)
            print(f"{detector}: {name} is {judged.answerer} after {at - answered:.2f} s: {judged.why}")  # noqa: T201
            assert judged.answerer is expected
            there = await center_ears.ari.channels.get(leg)
            assert (there.dialplan.context, there.dialplan.app_name) == ("answered", "Wait")
            await center_ears.ari.channels.hangup(leg)
            await called.calls[-1].reaches(CallState.ENDED, 5)


async def test_the_end_of_a_machines_beep_is_heard_by_the_same_ear(
    center_ears: Listening, baresip: Tool, greetings: dict[str, Path], peers_folder: Path
) -> None:
    async with phone(center_ears.asterisk, baresip, peers_folder / "m", greetings["machine"]) as called:
        await called.registered()
        leg, answered = await center_ears.dial(called)
        await center_ears.judged(leg, "cadence")
        await center_ears.answerers.await_beep(
            AwaitBeep(contact=ContactId("c"), leg=leg, detector="cadence", within_s=BEEP_WITHIN_S)
        )
        async with asyncio.timeout(LIMIT_S):
            at, event = await center_ears.of(BeepHeard).get()
        assert event == BeepHeard(leg=leg)
        lasts = len(greetings["machine"].read_bytes()) / (2 * RATE) - 12.0
        print(f"beep over {lasts:.2f} s into the recording, heard {at - answered:.2f} s after the answer")  # noqa: T201
        assert -0.3 < at - answered - lasts < 1.0
        await center_ears.ari.channels.hangup(leg)


async def test_an_ear_goes_away_with_its_leg(
    center_ears: Listening, baresip: Tool, greetings: dict[str, Path], peers_folder: Path
) -> None:
    async with phone(center_ears.asterisk, baresip, peers_folder / "s", greetings["silence"]) as called:
        await called.registered()
        leg, _ = await center_ears.dial(called)
        await center_ears.answerers.judge(
            DetectMachine(contact=ContactId("c"), leg=leg, detector="cadence", within_s=JUDGE_WITHIN_S)
        )
        assert center_ears.answerers.health()["listening"] == 1
        await center_ears.ari.channels.hangup(leg)
        async with asyncio.timeout(5):
            while await center_ears.channels():  # noqa: ASYNC110 (Asterisk is asked, it tells nobody)
                await asyncio.sleep(0.05)
            while center_ears.answerers.health()["listening"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
