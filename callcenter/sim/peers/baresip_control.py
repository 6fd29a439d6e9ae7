"""baresip's control connection (module ctrl_tcp). Knows its framing; knows no phone.

JSON in netstrings (<length>:<text>,): commands with a token, answers with that token, and events in between.
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from callcenter.errors import PeerFault, PeerUnavailable
from callcenter.sim.peers.places import LOOPBACK, tail

START_LIMIT_S: Final = 10.0
COMMAND_LIMIT_S: Final = 5.0
POLL_S: Final = 0.02
FRAME_MAX: Final = 1_000_000


class Control:
    """The control connection: JSON in netstrings (<length>:<text>,), answers in the order of the questions."""

    def __init__(self, told: Callable[[dict[str, Any]], None]) -> None:
        self._told = told
        self._reader_task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._tokens = itertools.count(1)

    async def connect(self, port: int, process: asyncio.subprocess.Process, output: Path) -> None:
        """Wait until baresip listens. Raises PeerUnavailable if it ends or does not in time."""
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while process.returncode is None:
                    try:
                        reader, self._writer = await asyncio.open_connection(LOOPBACK, port)
                    except OSError:
                        await asyncio.sleep(POLL_S)
                        continue
                    self._reader_task = asyncio.create_task(self._read(reader), name="baresip control")
                    return
        except TimeoutError:
            pass
        raise PeerUnavailable(f"baresip did not start: {tail(output)}")

    async def say(self, command: str, words: str = "") -> str:
        """Give a command; its answer in words. Raises PeerFault if it is refused, or nothing comes back."""
        if self._writer is None or self._reader_task is None or self._reader_task.done():
            raise PeerUnavailable("baresip's control connection is closed")
        token = str(next(self._tokens))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[token] = answer
        text = json.dumps({"command": command, "params": words, "token": token}).encode()
        try:
            self._writer.write(b"%d:%s," % (len(text), text))
            await self._writer.drain()
            async with asyncio.timeout(COMMAND_LIMIT_S):
                return await answer
        except (OSError, TimeoutError) as problem:
            raise PeerFault(f"baresip: no answer to {command}") from problem
        finally:
            self._asked.pop(token, None)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        if self._reader_task is not None:
            self._reader_task.cancel()
            await asyncio.wait({self._reader_task})

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                if length > FRAME_MAX:
                    raise PeerFault("baresip: absurd frame")
                text = (await reader.readexactly(length + 1))[:-1]
                self._take(json.loads(text.decode(errors="replace")))
        except (asyncio.IncompleteReadError, OSError):
            pass  # it ended
        finally:
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(PeerUnavailable("baresip ended"))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("event"):
            self._told(message)
            return
        answer = self._asked.get(str(message.get("token")))
        if answer is None or answer.done():
            return
        if message.get("ok"):
            answer.set_result(str(message.get("data", "")))
        else:
            answer.set_exception(PeerFault(f"baresip: {str(message.get('data', '')).strip()}"))
