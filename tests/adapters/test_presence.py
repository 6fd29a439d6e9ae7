"""The sign of life for Asterisk's dialplan."""

import asyncio

from callcenter.asterisk.conf import SEEN_EVERY_S, SEEN_VARIABLE
from callcenter.asterisk.conf_values import ABSENCE_LIMIT_S
from callcenter.asterisk.presence import RETRY_S, stay_present
from callcenter.errors import PeerUnavailable


class Variables:
    """Asterisk's global variables; refuses as often as it is told to."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.refusals = refusals
        self.said: list[tuple[str, str]] = []

    async def set_global_var(self, name: str, value: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PeerUnavailable("no")
        self.said.append((name, value))


class Time:
    """A clock that moves by what is waited, and says when enough was waited."""

    def __init__(self, *, pauses: int) -> None:
        self.at = 1_000.9
        self.pauses: list[float] = []
        self._left = pauses
        self.over = asyncio.Event()

    def now(self) -> float:
        return self.at

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds
        if len(self.pauses) == self._left:
            self.over.set()
            await asyncio.Event().wait()


async def run(variables: Variables, time: Time, there: asyncio.Event) -> None:
    task = asyncio.create_task(stay_present(variables, there, time.now, time.pause))
    async with asyncio.timeout(2):
        await time.over.wait()
    task.cancel()
    await asyncio.wait({task})


async def test_the_time_is_left_at_once_and_again_and_again() -> None:
    variables, time, there = Variables(), Time(pauses=3), asyncio.Event()
    there.set()
    await run(variables, time, there)
    assert variables.said == [(SEEN_VARIABLE, "1000"), (SEEN_VARIABLE, "1005"), (SEEN_VARIABLE, "1010")]


async def test_a_refusal_is_tried_again_soon() -> None:
    variables, time, there = Variables(refusals=2), Time(pauses=3), asyncio.Event()
    there.set()
    await run(variables, time, there)
    assert time.pauses == [RETRY_S, RETRY_S, SEEN_EVERY_S]
    assert len(variables.said) == 1


async def test_nothing_is_said_while_no_call_could_be_taken() -> None:
    variables, time, there = Variables(), Time(pauses=1), asyncio.Event()
    task = asyncio.create_task(stay_present(variables, there, time.now, time.pause))
    await asyncio.sleep(0)
    assert variables.said == []
    there.set()
    async with asyncio.timeout(2):
        await time.over.wait()
    task.cancel()
    await asyncio.wait({task})
    assert len(variables.said) == 1


def test_several_signs_may_be_lost_before_callers_are_sent_away() -> None:
    assert ABSENCE_LIMIT_S >= 5 * SEEN_EVERY_S
