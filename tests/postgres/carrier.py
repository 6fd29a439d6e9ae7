"""A carrier for tests: a program of its own behind a socket, with a log of every call that it was asked to make.

It answers each call with an outcome that depends on the number only, after a moment. A channel's id that was used is
refused, as Asterisk does. It outlives the diallers, which are killed, and knows afterwards what became of their calls.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from callcenter.model.lead import AttemptId, Fate, OpenAttempt, Outcome
from callcenter.postgres.attempts import Found

OUTCOMES = (Outcome.ANSWERED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.INVALID, Outcome.ANSWERED)


def outcome_of(number: str) -> Outcome:
    """What comes of calling this number, always."""
    return OUTCOMES[int(number[-3:]) % len(OUTCOMES)]


class Carrier:
    """The server. `log` holds (id, number) of each call, in the order in which they were made."""

    def __init__(self, socket: Path, talk_s: float) -> None:
        self._socket = socket
        self._talk_s = talk_s
        self._over: dict[str, float] = {}
        self.log: list[tuple[str, str]] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Carrier":
        self._server = await asyncio.start_unix_server(self._serve, self._socket)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := (await reader.readline()).decode().split():
                writer.write((self._answer(line) + "\n").encode())
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, words: list[str]) -> str:
        known = dict(self.log)
        match words:
            case ["dial", id_, number]:
                if id_ in known:
                    return "refused"
                self.log.append((id_, number))
                self._over[id_] = time.time() + self._talk_s
                return "dialled"
            case ["fate", id_]:
                if id_ not in known:
                    return "never"
                if time.time() < self._over[id_]:
                    return "live"
                return f"ended {outcome_of(known[id_])} {self._over[id_]}"
            case _:
                return "what?"


class Line:
    """A dialler's line to the carrier."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._lock = asyncio.Lock()

    @classmethod
    async def open(cls, socket: Path) -> "Line":
        return cls(*await asyncio.open_unix_connection(socket))

    async def ask(self, *words: str) -> list[str]:
        async with self._lock:
            self._writer.write((" ".join(words) + "\n").encode())
            return (await self._reader.readline()).decode().split()

    async def fate(self, attempt: str) -> Found:
        match await self.ask("fate", attempt):
            case ["ended", outcome, at]:
                answered = float(at) if Outcome(outcome) is Outcome.ANSWERED else None
                return Found(fate=Fate.ENDED, outcome=Outcome(outcome), at=float(at), answered_at=answered)
            case [fate]:
                return Found(fate=Fate(fate))
            case said:
                raise AssertionError(said)

    async def fates(self, attempts: Sequence[OpenAttempt]) -> Mapping[AttemptId, Found]:
        return {one.id: await self.fate(one.id) for one in attempts}

    async def close(self) -> None:
        self._writer.close()
