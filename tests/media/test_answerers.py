"""Legs are heard: which channels are asked for, what is told of what they say, and how an ear ends.

The fake Asterisk makes the channels that are asked for: one that listens calls us over AudioSocket and says what the
leg says, as fast as it is read.
"""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from callcenter.asterisk.ari import Call, Gone, ToDialplan, ToStasis
from callcenter.asterisk.audiosocket import KIND_HANGUP, KIND_ID, KIND_SOUND, AudioSockets
from callcenter.detectors.detector import SAMPLES_PER_S
from callcenter.errors import PeerRefused, SubjectGone
from callcenter.media.voice.answerers import AMD, AMD_ENDPOINT, LEG, Answerers
from callcenter.model.campaign_messages import AwaitBeep, BeepHeard, DetectMachine, MachineJudged
from callcenter.model.detection import BEEP_WITHIN_S, JUDGE_WITHIN_S, AmdRules, Answerer
from callcenter.model.events import Event
from callcenter.model.ids import ContactId, LegId

LIMIT_S = 5.0
CALLED = LegId("l-aaaaaaaa-1")
OTHER = LegId("l-aaaaaaaa-2")


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLES_PER_S))


def tone(hz: float, seconds: float) -> bytes:
    step = 2 * math.pi * hz / SAMPLES_PER_S
    return array("h", (round(6_000 * math.sin(step * n)) for n in range(round(seconds * SAMPLES_PER_S)))).tobytes()


BEEPS = silence(1.0) + tone(1_000, 0.4) + silence(0.2)


@dataclass
class Asterisk:
    """Channels that listen; `says` is what each leg says, `gone` those that have just ended."""

    says: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    asked: list[tuple[str, Call, ToStasis | ToDialplan]] = field(default_factory=list)
    ended: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def originate(self, channel_id: str, call: Call, to: ToStasis | ToDialplan) -> object:
        self.asked.append((channel_id, call, to))
        leg = call.variables[LEG]
        if leg in self.gone:
            raise Gone(f"POST channels/{channel_id}", 404, "gone")
        if call.endpoint.startswith("AudioSocket/"):
            self.tasks.append(asyncio.create_task(self._listens(call.endpoint, leg)))
        return None

    async def _listens(self, endpoint: str, leg: str) -> None:
        _, place, id = endpoint.split("/")
        host, _, port = place.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        hung_up, ended = asyncio.create_task(self.hung_up.wait()), asyncio.create_task(reader.read())
        try:
            writer.write(_message(KIND_ID, UUID(id).bytes))
            sound = self.says.get(leg, b"")
            for at in range(0, len(sound), 320):
                writer.write(_message(KIND_SOUND, sound[at : at + 320]))
            await asyncio.wait({hung_up, ended}, return_when=asyncio.FIRST_COMPLETED)
            if hung_up.done():
                writer.write(_message(KIND_HANGUP, b""))
        finally:
            hung_up.cancel()
            ended.cancel()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self.ended.put_nowait(leg)


def _message(kind: int, payload: bytes) -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


@dataclass
class Ears:
    asterisk: Asterisk
    answerers: Answerers
    told: "asyncio.Queue[Event]"

    async def next(self) -> Event:
        async with asyncio.timeout(LIMIT_S):
            return await self.told.get()

    async def over(self) -> str:
        async with asyncio.timeout(LIMIT_S):
            return await self.asterisk.ended.get()

    @property
    def open(self) -> object:
        return self.answerers.health()["listening"]


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    asterisk, told = Asterisk(), asyncio.Queue[Event]()
    async with AudioSockets("127.0.0.1") as sockets, Answerers(asterisk, sockets, told.put_nowait) as answerers:
        yield Ears(asterisk, answerers, told)
        asterisk.hung_up.set()
        await asyncio.gather(*asterisk.tasks)


def judge(leg: LegId = CALLED, detector: str = "cadence", within_s: float = JUDGE_WITHIN_S) -> DetectMachine:
    return DetectMachine(contact=ContactId("c-1"), leg=leg, detector=detector, within_s=within_s)


def beep(leg: LegId = CALLED, detector: str = "cadence", within_s: float = BEEP_WITHIN_S) -> AwaitBeep:
    return AwaitBeep(contact=ContactId("c-1"), leg=leg, detector=detector, within_s=within_s)


async def test_a_leg_that_is_silent_is_not_known_and_its_ear_goes_away(ears: Ears) -> None:
    ears.asterisk.says[CALLED] = silence(JUDGE_WITHIN_S)
    await ears.answerers.judge(judge())
    told = await ears.next()
    assert isinstance(told, MachineJudged)
    assert (told.leg, told.answerer) == (CALLED, Answerer.UNSURE)
    assert await ears.over() == CALLED
    assert ears.open == 0
    (_, call, to), *more = ears.asterisk.asked
    assert not more
    assert call.variables == {LEG: CALLED}
    assert to == ToDialplan(context="callcenter-ear")


async def test_a_beep_before_it_was_asked_for_is_not_missed(ears: Ears) -> None:
    ears.asterisk.says[CALLED] = BEEPS
    await ears.answerers.judge(judge())
    told = await ears.next()
    assert isinstance(told, MachineJudged)
    assert told.answerer is Answerer.MACHINE
    assert ears.open == 1, "a machine is listened to for the beep that a message waits for"
    await ears.answerers.await_beep(beep())
    assert await ears.next() == BeepHeard(leg=CALLED)
    assert await ears.over() == CALLED
    assert len(ears.asterisk.asked) == 1, "one ear for both"


@pytest.mark.parametrize("detector", ["cadence", "asterisk", "no_more"])
async def test_a_beep_may_be_waited_for_without_a_judgement_of_ours(ears: Ears, detector: str) -> None:
    ears.asterisk.says[CALLED] = BEEPS
    await ears.answerers.await_beep(beep(detector=detector))
    assert await ears.next() == BeepHeard(leg=CALLED)


async def test_a_beep_is_over_too_when_the_line_sends_nothing_after_it(ears: Ears) -> None:
    """Silence suppression: a mailbox that records sends no sound."""
    ears.asterisk.says[CALLED] = silence(0.5) + tone(1_000, 0.4)
    await ears.answerers.await_beep(beep())
    assert await ears.next() == BeepHeard(leg=CALLED)


async def test_the_same_command_twice_opens_one_ear(ears: Ears) -> None:
    await ears.answerers.judge(judge())
    await ears.answerers.judge(judge())
    assert len(ears.asterisk.asked) == 1


async def test_a_leg_that_ends_takes_its_ear_with_it(ears: Ears) -> None:
    await ears.answerers.judge(judge())
    ears.asterisk.hung_up.set()
    await ears.over()
    async with asyncio.timeout(LIMIT_S):
        while ears.open:  # noqa: ASYNC110 (the last bytes are on their way)
            await asyncio.sleep(0)
    assert ears.told.empty()


async def test_an_ear_is_closed_when_its_time_is_up(ears: Ears) -> None:
    await ears.answerers.judge(judge(within_s=0.05))
    assert await ears.over() == CALLED
    assert ears.open == 0
    assert ears.told.empty()


async def test_a_leg_that_is_gone_has_no_ear(ears: Ears) -> None:
    ears.asterisk.gone.add(CALLED)
    with pytest.raises(SubjectGone):
        await ears.answerers.judge(judge())
    assert ears.open == 0


async def test_a_detector_that_nobody_knows_is_refused(ears: Ears) -> None:
    with pytest.raises(PeerRefused, match="no_more"):
        await ears.answerers.judge(judge(detector="no_more"))


def session(*arguments: str) -> Any:
    """What AMD's end of the dialplan calls."""
    return SimpleNamespace(request=SimpleNamespace(arguments=arguments))


async def test_amd_runs_at_the_other_end_of_a_channel_that_listens(ears: Ears) -> None:
    await ears.answerers.judge(judge(detector="asterisk"))
    rules = AmdRules(greeting=1200, maximum_number_of_words=5, silence_threshold=300)
    await ears.answerers.judge(msgspec.structs.replace(judge(OTHER, detector="asterisk"), amd=rules))
    (first, call, to), (second, other, _) = ears.asterisk.asked
    assert call.endpoint == AMD_ENDPOINT
    assert call.variables == {LEG: CALLED, AMD: ",,,4600"}
    assert other.variables == {LEG: OTHER, AMD: ",1200,,4600,,,5,300"}
    assert to == ToDialplan(context="callcenter-ear")
    assert len({first, second, call.other_channel_id, other.other_channel_id}) == 4
    await ears.answerers.serve(session(CALLED, "MACHINE", "LONGGREETING-1520-1500"))
    assert await ears.next() == MachineJudged(
        leg=CALLED, answerer=Answerer.MACHINE, why="AMD: spoke for 1520 ms, at most 1500 ms"
    )
    await ears.answerers.serve(session(OTHER, "HANGUP", ""))
    await ears.answerers.serve(session())
    assert ears.told.empty()
