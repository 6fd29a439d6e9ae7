"""Waiting in live tests: for something to be true, with a limit; or that a call grows longer. Knows no call center."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

LIMIT_S: Final = 8.0
"""How long a story waits for what should happen at once: much more than it takes, for machines are busy at times."""
LOOK_EVERY_S: Final = 0.05

T = TypeVar("T")


async def eventually(
    look: Callable[[], Awaitable[T | None]],
    what: str,
    within_s: float = LIMIT_S,
    evidence: Callable[[], Awaitable[str]] | None = None,
) -> T:
    """Look again and again until there is something. Raises AssertionError, with the evidence, if there is nothing."""
    deadline = time.monotonic() + within_s
    while True:
        found = await look()
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            told = await evidence() if evidence is not None else ""
            raise AssertionError(f"{what}: not within {within_s:g} s\n{told}")
        await asyncio.sleep(LOOK_EVERY_S)


async def passes(seconds: float) -> None:
    """The call is so much longer: people talk, or hold. A length that is part of the story, no wait for something."""
    await asyncio.sleep(seconds)
