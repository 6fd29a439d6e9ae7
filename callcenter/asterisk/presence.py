"""Tells Asterisk, again and again, that the call center is there. Knows one global variable; knows no call.

Asterisk keeps calls in line for our application while we are away, without end and without a word to the caller. The
dialplan therefore looks at the time left here before it gives us a call, and takes its fallback when it is too old
(`asterisk-conf/callcenter/extensions.conf.j2`). Run it only while the link is up and the loop decides: a sign of life
from something that does not live would be worse than none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from callcenter.asterisk.conf import SEEN_EVERY_S, SEEN_VARIABLE
from callcenter.errors import PeerFault

log = structlog.get_logger(__name__)

RETRY_S: Final = 1.0


class SetsVariables(Protocol):
    """What `Ari.asterisk` offers here."""

    async def set_global_var(self, name: str, value: str) -> None: ...


async def say_present(asterisk: SetsVariables, now: Callable[[], float]) -> None:
    """Leave the time once. `now` is UTC seconds, by the clock Asterisk sees too. Raises PeerFault."""
    await asterisk.set_global_var(SEEN_VARIABLE, str(int(now())))


async def stay_present(
    asterisk: SetsVariables,
    there: asyncio.Event,
    now: Callable[[], float] = time.time,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Until cancelled: leave the time at once and every SEEN_EVERY_S, as long as `there` is set.

    `there` says that we could take a call. The clock is the machine's own, as Asterisk's EPOCH is.
    """
    while True:
        await there.wait()
        waited_s: float = SEEN_EVERY_S
        try:
            await say_present(asterisk, now)
        except PeerFault as fault:
            log.warning("asterisk does not hear that we are here", fault=str(fault))
            waited_s = RETRY_S
        await pause(waited_s)
