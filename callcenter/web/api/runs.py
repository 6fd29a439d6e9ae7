"""Work that takes longer than a request: begun by one, asked about by others. Knows tasks; knows no work by name.

A run belongs to the token that began it. It is in the audit like any act, by its own line; what came of it is kept in
memory for an hour, so after a restart nobody is told: every kind of work can be begun again.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypedDict

import structlog

from callcenter.errors import ConfigurationError, PeerFault
from callcenter.postgres.audit import Audit
from callcenter.postgres.tokens import Bearer
from callcenter.web.api.problems import Refusal
from callcenter.web.api.public import moment

RUNS_MAX: Final = 200  # that are remembered, the latest
UNDER_WAY_MAX: Final = 4
KEPT_S: Final = 3_600.0  # after its end; what it found may be all that is known of a person

log = structlog.get_logger(__name__)


class RunState(StrEnum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Run:
    """One of them. `done` counts what its kind counts: files, rows."""

    id: str
    act: str
    token: str
    began: float  # UTC seconds
    state: RunState = RunState.RUNNING
    ended: float | None = None
    done: int = 0
    result: object = None
    problem: str = ""

    def counts(self, done: int) -> None:
        """So much is done."""
        self.done = done


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNow:
    """Work that was begun. `done` counts what its kind counts: files, rows, bytes; `problem` says why it has failed."""

    id: str
    act: str
    state: RunState
    began: datetime | None
    ended: datetime | None
    done: int
    problem: str


class Head(TypedDict):
    """What is told of every run."""

    id: str
    act: str
    state: RunState
    began: datetime | None
    ended: datetime | None
    done: int
    problem: str


def head_of(run: Run) -> Head:
    """The same of one."""
    return Head(
        id=run.id,
        act=run.act,
        state=run.state,
        began=moment(run.began),
        ended=moment(run.ended),
        done=run.done,
        problem=run.problem,
    )


Work = Callable[[Run], Awaitable[object]]


class Runs:
    """All runs of one listener."""

    def __init__(self, audit: Audit, now: Callable[[], float]) -> None:
        self._audit = audit
        self._now = now
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, act: str, subject: str, bearer: Bearer, work: Work) -> Run:
        """Begin it. Raises Refusal if too many are under way."""
        if len(self._tasks) >= UNDER_WAY_MAX:
            raise Refusal(429, f"{UNDER_WAY_MAX} runs are under way", headers={"Retry-After": "30"})
        self._forget()
        run = Run(id=f"run-{secrets.token_hex(8)}", act=act, token=bearer.name, began=self._now())
        self._runs[run.id] = run
        while len(self._runs) > RUNS_MAX:
            del self._runs[next(iter(one for one in self._runs if one not in self._tasks))]
        task = asyncio.create_task(self._through(run, subject, bearer, work), name=run.id)
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run.id, None))
        return run

    def of(self, id_: str, bearer: Bearer) -> Run:
        """One of this token. Raises Refusal."""
        self._forget()
        run = self._runs.get(id_)
        if run is None or run.token != bearer.name:
            raise Refusal(404, f"there is no run {id_}, or it was before the center was started")
        return run

    def _forget(self) -> None:
        """What ended long ago."""
        before = self._now() - KEPT_S
        self._runs = {id_: run for id_, run in self._runs.items() if run.ended is None or run.ended >= before}

    async def ended(self, id_: str) -> None:
        """Wait until it is over."""
        if (task := self._tasks.get(id_)) is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """End those under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _through(self, run: Run, subject: str, bearer: Bearer, work: Work) -> None:
        try:
            async with self._audit.act(bearer.by, bearer.via, f"{run.act} run", subject, run.id) as act:
                try:
                    run.result = await work(run)
                except (PeerFault, ConfigurationError, OSError, Refusal) as fault:
                    run.problem = str(fault)
                    act.failed(run.problem)
        except Exception as error:  # nobody waits for this task
            run.problem = "the log of the call center has the details"
            log.error("a run has failed", run=run.id, act=run.act, exc_info=error)
        run.state = RunState.FAILED if run.problem else RunState.DONE
        run.ended = self._now()
