"""What is done over the control socket is in the audit, by whom the kernel says, and is done without Postgres too."""

import getpass
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from callcenter.errors import PeerUnavailable
from callcenter.postgres.audit import Act, Outcome
from callcenter.runtime.feed import Feed
from callcenter.web.audited import audited
from callcenter.web.control import ControlSocket
from tests.web.test_control import LOOK_EVERY_S, Center


class Books:
    """Remembers, unless it is away."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str, str, Act]] = []
        self.away = False

    @asynccontextmanager
    async def act(self, who: str, via: str, act: str, subject: str = "", told: str = "") -> AsyncIterator[Act]:
        if self.away:
            raise PeerUnavailable("Postgres does not answer")
        done = Act()
        self.lines.append((who, via, act, subject, done))
        yield done


@asynccontextmanager
async def served(center: Center, books: Books) -> AsyncIterator[aiohttp.ClientSession]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.sock"
        connector = aiohttp.UnixConnector(path=str(path))
        async with (
            ControlSocket(path, center, Feed(), LOOK_EVERY_S, middlewares=[audited(books)]),
            aiohttp.ClientSession("http://center", connector=connector) as http,
        ):
            yield http


@pytest.mark.parametrize(("problem", "outcome"), [("", Outcome.DONE), ("it is not on hold", Outcome.REFUSED)])
async def test_an_act_is_on_record_by_whom_the_kernel_names(problem: str, outcome: Outcome) -> None:
    center, books = Center(), Books()
    center.problem = problem
    async with served(center, books) as http:
        await (await http.get("/v1/view")).read()
        await (await http.post("/v1/calls/c-1/hold", json={"by": "cli:somebody else"})).read()
    [(who, via, act, subject, done)] = books.lines
    assert (who, via, act, subject) == (f"cli:{getpass.getuser()}", "socket", "calls hold", "c-1")
    assert done.outcome is outcome


async def test_without_postgres_it_is_done_all_the_same() -> None:
    center, books = Center(), Books()
    books.away = True
    async with served(center, books) as http:
        response = await http.post("/v1/queues/sales/drain", json={"draining": True})
        assert response.status == 200
    assert len(center.asked) == 1
