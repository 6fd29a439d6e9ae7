"""Lookups over real sockets, to a program that answers well, badly, late or not at all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from callcenter.errors import PeerUnavailable
from callcenter.lookups import asker as asking
from callcenter.lookups.asker import ANSWER_BYTES_MAX, TRIES_MAX, Asker
from callcenter.lookups.breaker import FAILURES_MAX
from callcenter.model.commands import LookUp
from callcenter.model.contact import LookupOutcome
from callcenter.model.events import Event, LookedUp
from callcenter.model.ids import ContactId, LookupId

LIMIT_S = 5.0
FOUND, NOT_FOUND, FAILED = LookupOutcome


@dataclass
class Outside:
    """A program outside: what it answers, and what it was asked."""

    port: int = 0
    answers: list[web.StreamResponse | float] = field(default_factory=list)  # or for how long it says nothing
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append(
            {"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "body": body}
        )
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, float):
            await asyncio.sleep(given)
            return web.json_response({})
        return given


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    program = Outside()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", program.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    program.port = runner.addresses[0][1]
    try:
        yield program
    finally:
        await runner.cleanup()


@dataclass
class Desk:
    """An asker, and what it told."""

    asker: Asker
    told: "asyncio.Queue[Event]"
    crashes: list[BaseException]

    async def answer(self, command: LookUp) -> LookedUp:
        self.asker.ask(command)
        async with asyncio.timeout(LIMIT_S):
            event = await self.told.get()
        assert isinstance(event, LookedUp)
        assert event.lookup == command.lookup
        return event


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "crm_token").write_text("Bearer s3cret\n")
    told: asyncio.Queue[Event] = asyncio.Queue()
    crashes: list[BaseException] = []
    async with Asker(told.put_nowait, tmp_path, crashes.append) as asker:
        yield Desk(asker, told, crashes)
    assert crashes == []


@pytest.fixture
async def program() -> AsyncIterator[Outside]:
    async with outside() as made:
        yield made


def question(program: Outside, n: int = 1, *, timeout_s: float = 2.0, **more: Any) -> LookUp:
    given: Mapping[str, Any] = {"method": "GET", "take": {"name": "customer.name", "level": "level"}, **more}
    return LookUp(
        contact=ContactId("c-1"),
        lookup=LookupId(f"q-{n}"),
        name="hotline.who",
        url=f"http://127.0.0.1:{program.port}/c?phone=09%2001",
        timeout_s=timeout_s,
        **given,
    )


def json_(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


async def test_what_the_program_says_is_told(desk: Desk, program: Outside) -> None:
    program.answers = [json_({"customer": {"name": "Hà"}, "level": 3, "rest": "unasked"})]
    headers = {"X-From": "hot\r\nline"}
    told = await desk.answer(question(program, headers=headers, secret_headers={"Authorization": "crm_token"}))
    assert (told.outcome, told.values, told.detail) == (FOUND, {"name": "Hà", "level": "3"}, "")
    [asked] = program.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("GET", "/c?phone=09%2001", None)
    assert (asked["headers"]["Authorization"], asked["headers"]["X-From"]) == ("Bearer s3cret", "hotline")


async def test_a_body_is_json(desk: Desk, program: Outside) -> None:
    program.answers = [json_({}, 201)]
    told = await desk.answer(question(program, method="POST", take={}, body={"note": 'a "quote", Hà'}))
    assert told.outcome is FOUND
    assert program.asked[0]["body"] == {"note": 'a "quote", Hà'}


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        (web.Response(status=404), NOT_FOUND, ""),
        (web.Response(status=204), NOT_FOUND, ""),
        (json_({"customer": {"age": 3}}), NOT_FOUND, ""),
        (json_([]), NOT_FOUND, ""),
        (web.Response(text="<html>"), FAILED, "the answer is not JSON"),
        (web.Response(status=403), FAILED, "status 403"),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), FAILED, "status 302"),
        (
            web.Response(body=b" " * (ANSWER_BYTES_MAX + 1)),
            FAILED,
            "the answer is longer than 65536 bytes",
        ),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_an_answer_that_another_try_would_not_change_is_asked_for_once(
    desk: Desk, program: Outside, answer: web.Response, outcome: LookupOutcome, detail: str
) -> None:
    program.answers = [answer]
    told = await desk.answer(question(program))
    assert (told.outcome, told.detail, len(program.asked)) == (outcome, detail, 1)


async def test_what_may_be_asked_twice_is_and_what_may_not_is_not(desk: Desk, program: Outside) -> None:
    program.answers = [json_({}, 503), json_({}, 500), json_({"level": 1})]
    assert (await desk.answer(question(program))).outcome is FOUND
    assert len(program.asked) == TRIES_MAX
    program.answers = [json_({}, 503), json_({"level": 1})]
    told = await desk.answer(question(program, 2, method="POST"))
    assert (told.outcome, told.detail, len(program.asked)) == (FAILED, "status 503", TRIES_MAX + 1)


async def test_a_silent_program_is_not_waited_for(desk: Desk, program: Outside) -> None:
    program.answers = [LIMIT_S]
    clock = asyncio.get_running_loop().time
    began = clock()
    told = await desk.answer(question(program, timeout_s=0.3))
    assert (told.outcome, told.detail) == (FAILED, "no answer in time")
    assert 0.25 < clock() - began < 1.5


async def test_a_secret_that_is_not_there_is_no_question(desk: Desk, program: Outside) -> None:
    program.answers = [json_({"level": 1})]
    told = await desk.answer(question(program, secret_headers={"Authorization": "other"}))
    assert told.outcome is FAILED
    assert told.detail.startswith("the secret other cannot be read in ")
    assert program.asked == []


async def test_a_host_that_fails_is_left_alone_and_status_says_so(desk: Desk, program: Outside) -> None:
    nobody = replace(program, port=1)
    for n in range(FAILURES_MAX):
        assert (await desk.answer(question(nobody, n, method="POST"))).detail == "ClientConnectorError"
    told = await desk.answer(question(nobody, 99))
    assert told.detail.startswith("127.0.0.1:1 has failed too often and is left alone for ")
    assert list(desk.asker.health()["left_alone"]) == ["127.0.0.1:1"]  # type: ignore[call-overload]
    program.answers = [json_({"level": 1})]
    assert (await desk.answer(question(program, 100))).outcome is FOUND, "another host is another matter"


async def test_one_question_is_asked_once_however_often_it_is_told(desk: Desk, program: Outside) -> None:
    program.answers = [0.2]
    desk.asker.ask(question(program))
    await desk.answer(question(program))
    assert len(program.asked) == 1


async def test_too_many_at_once_are_refused(desk: Desk, program: Outside) -> None:
    program.answers = [LIMIT_S]
    for n in range(asking.UNDER_WAY_MAX):
        desk.asker.ask(question(program, n, timeout_s=30.0))
    with pytest.raises(PeerUnavailable, match="are under way"):
        desk.asker.ask(question(program, -1))


async def test_neither_address_nor_answer_nor_secret_is_logged(
    desk: Desk, program: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    program.answers = [web.Response(status=403, text="hidden answer")]
    await desk.answer(question(program, secret_headers={"Authorization": "crm_token"}))
    await desk.answer(question(replace(program, port=1), 2, secret_headers={"Authorization": "crm_token"}))
    said = capsys.readouterr()
    text = said.out + said.err
    assert "lookup failed" in text
    assert not [secret for secret in ("s3cret", "hidden", "phone", "09%2001") if secret in text]
