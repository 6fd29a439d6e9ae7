"""Each fault that the raw FastAGI library has, and that ours must not have. The far end is a real TCP client."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from callcenter.asterisk.agi import AgiScript, AgiServer
from callcenter.asterisk.agi_session import AgiLimits, AgiSession
from callcenter.asterisk.agi_wire import HEADERS_MAX, LINE_MAX_BYTES, AgiEnded
from callcenter.errors import OutcomeUnknown, PeerRefused
from tests.adapters.fake_agi_peer import WAIT_S, FakeCall

QUICK = AgiLimits(header_timeout_s=0.2, idle_max_s=0.2, hangup_grace_s=0.2, end_grace_s=0.2)


@asynccontextmanager
async def serving(script: AgiScript, limits: AgiLimits | None = None) -> AsyncIterator[AgiServer]:
    server = AgiServer("127.0.0.1", 0, {"flow/": script}, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def calling(server: AgiServer, opening: bytes | None = None) -> AsyncIterator[FakeCall]:
    call = FakeCall()
    await call.connect(server.port, opening)
    try:
        yield call
    finally:
        await call.close()


class Outcome:
    """What became of a script: its result, or the error that it saw."""

    def __init__(self, act: Callable[[AgiSession], Awaitable[object]]) -> None:
        self._act = act
        self.result: object = None
        self.error: BaseException | None = None
        self.over = asyncio.Event()

    async def script(self, session: AgiSession) -> None:
        try:
            self.result = await self._act(session)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.over.set()

    async def until_over(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.over.wait()


async def nothing(session: AgiSession) -> None:
    await session.command("NOOP")


async def until_alone(server: AgiServer) -> None:
    async with asyncio.timeout(WAIT_S):
        await server.wait_until_empty()


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\n", b"agi_network: yes\nagi_net", b"\x16\x03\x01\x02\x00"])
async def test_row_14_a_probe_that_leaves_in_mid_header_is_dropped(sent: bytes) -> None:
    async with serving(nothing) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        await writer.drain()
        writer.close()
        began = time.process_time()
        async with calling(server) as call:  # the process is not spinning: the next caller is served
            await call.until_asked(1)
            await call.until_ended()
        await until_alone(server)
        assert time.process_time() - began < 1.0
        assert server.tally.dropped == 1
        assert server.tally.sessions == 1


async def test_row_15_a_usage_answer_has_several_lines_and_later_answers_fit() -> None:
    async def act(session: AgiSession) -> str | None:
        with pytest.raises(PeerRefused, match="520 Invalid command syntax"):
            await session.command("SET VARIABLE")
        await session.set_variable("A", "1")
        return await session.get_variable("A")

    outcome = Outcome(act)
    async with serving(outcome.script) as server, calling(server):
        await outcome.until_over()
    assert outcome.error is None
    assert outcome.result == "1"


@pytest.mark.parametrize("urgent", [False, True], ids=["in band", "urgent, as older Asterisks send it"])
async def test_row_16_a_hangup_is_no_answer_but_a_clean_end(urgent: bool) -> None:
    async def act(session: AgiSession) -> int:
        result = await session.exec_app("Stasis", "app,flow,sales")
        async with asyncio.timeout(WAIT_S):
            await session.wait_hangup()
        with pytest.raises(AgiEnded):
            await session.command("NOOP")
        return result

    outcome = Outcome(act)
    async with serving(outcome.script) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await call.until_asked(1)
        call.hang_up(urgent=urgent)
        call.busy.set()
        await outcome.until_over()
        await call.until_ended()
        await until_alone(server)
        assert outcome.error is None
        assert outcome.result == -1  # the application's own answer, not the hangup taken for it
        assert server.tally.failures == 0


@pytest.mark.parametrize("way", ["end", "vanish"])
async def test_row_16_the_end_of_the_connection_ends_an_exec_that_lasts_hours(way: str) -> None:
    outcome = Outcome(lambda session: session.exec_app("Stasis", "app,flow,sales"))
    async with serving(outcome.script) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await call.until_asked(1)
        getattr(call, way)()
        await outcome.until_over()
        await until_alone(server)
        assert isinstance(outcome.error, AgiEnded)
        assert server.tally.failures == 0  # an end, not an error


async def test_row_16_a_cancelled_script_is_cancelled() -> None:
    outcome = Outcome(lambda session: session.exec_app("Stasis", "app"))
    async with serving(outcome.script) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await call.until_asked(1)
        await server.close()
        assert isinstance(outcome.error, asyncio.CancelledError)
        call.busy.set()  # only now does Asterisk look at the connection again
        await call.until_ended()


async def test_row_17_more_headers_than_a_request_has_are_refused() -> None:
    opening = b"".join(b"agi_%d: x\n" % number for number in range(HEADERS_MAX + 1)) + b"\n"
    async with serving(nothing) as server, calling(server, opening) as call:
        await call.until_ended()
        assert server.tally.dropped == 1


async def test_row_17_a_line_without_end_is_refused() -> None:
    async with serving(nothing) as server, calling(server, b"agi_network: " + b"x" * 4 * LINE_MAX_BYTES) as call:
        await call.until_ended()
        assert server.tally.dropped == 1


async def test_row_17_a_line_without_end_ends_a_session() -> None:
    outcome = Outcome(lambda session: session.exec_app("Stasis", "app"))
    async with serving(outcome.script) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await call.until_asked(1)
        call.say(b"x" * 4 * LINE_MAX_BYTES)
        await outcome.until_over()
        call.busy.set()
        await call.until_ended()
        assert isinstance(outcome.error, AgiEnded)


async def test_row_17_a_request_that_does_not_come_is_dropped() -> None:
    async with serving(nothing, QUICK) as server, calling(server, b"agi_network: yes\n") as call:
        await call.until_ended()
        assert server.tally.dropped == 1


async def test_row_17_a_session_without_commands_is_ended() -> None:
    outcome = Outcome(lambda session: asyncio.Event().wait())
    async with serving(outcome.script, QUICK) as server, calling(server) as call:
        await call.until_ended()
        await outcome.until_over()
        await until_alone(server)
        assert isinstance(outcome.error, asyncio.CancelledError)


async def test_row_17_an_exec_may_last_longer_than_the_idle_limit() -> None:
    outcome = Outcome(lambda session: session.exec_app("Stasis", "app"))
    async with serving(outcome.script, QUICK) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await call.until_asked(1)
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(3 * QUICK.idle_max_s):
                await outcome.over.wait()
        call.busy.set()
        await outcome.until_over()
        assert outcome.result == 0


async def test_row_17_sessions_above_the_limit_are_refused_and_the_others_go_on() -> None:
    async with serving(lambda session: session.exec_app("Stasis", "app"), AgiLimits(sessions_max=2)) as server:
        async with calling(server) as first, calling(server) as second:
            first.busy, second.busy = asyncio.Event(), asyncio.Event()
            await first.until_asked(1)
            await second.until_asked(1)
            async with calling(server) as third:
                await third.until_ended()
                assert third.commands == []
            assert server.tally.refused == 1
            assert len(server.sessions) == 2
        await until_alone(server)
        async with calling(server) as again:
            await again.until_asked(1)


async def test_row_17_a_command_without_an_answer_ends_the_session() -> None:
    outcome = Outcome(lambda session: session.command("EXEC", "Stasis", timeout_s=0.05))
    async with serving(outcome.script) as server, calling(server) as call:
        call.busy = asyncio.Event()
        await outcome.until_over()
        assert isinstance(outcome.error, OutcomeUnknown)  # who reads on would take this answer for the next one's
        call.busy.set()
        await call.until_ended()
