"""The FastAGI server as its scripts see it: routes, commands, variables, hangups, and peers that send junk."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.asterisk.agi import AgiScript, AgiServer
from callcenter.asterisk.agi_session import AgiLimits, AgiSession
from callcenter.asterisk.agi_wire import AgiEnded
from callcenter.asterisk.ami_wire import UnsafeText
from callcenter.errors import Bug, ConfigurationError, PeerRefused
from tests.adapters.fake_agi_peer import WAIT_S, FakeCall
from tests.examples import examples

QUICK = AgiLimits(header_timeout_s=0.2, idle_max_s=0.2, hangup_grace_s=0.1, end_grace_s=0.1)


@asynccontextmanager
async def serving(routes: dict[str, AgiScript], limits: AgiLimits | None = None) -> AsyncIterator[AgiServer]:
    server = AgiServer("127.0.0.1", 0, routes, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def until_alone(server: AgiServer) -> None:
    async with asyncio.timeout(WAIT_S):
        await server.wait_until_empty()


async def run_one(act: AgiScript, call: FakeCall | None = None, limits: AgiLimits | None = None) -> FakeCall:
    """One call through one script; raises what the script raised."""
    faults: list[BaseException] = []

    async def script(session: AgiSession) -> None:
        try:
            await act(session)
        except BaseException as fault:
            faults.append(fault)
            raise

    call = call or FakeCall()
    async with serving({"flow/sales": script}, limits) as server:
        await call.connect(server.port)
        await call.until_ended()
        await call.close()
        await until_alone(server)
    for fault in faults:
        raise fault
    return call


async def test_paths_find_the_nearest_script() -> None:
    seen: list[tuple[str, str]] = []

    def noting(name: str) -> AgiScript:
        async def script(session: AgiSession) -> None:
            seen.append((name, session.request.path))

        return script

    routes = {"flow/": noting("flows"), "flow/sales": noting("sales"), "flow/deep/": noting("deep"), "x": noting("x")}
    async with serving(routes) as server:
        for path in ("flow/sales", "flow/other", "flow/a/b", "flow/deep/a/b", "x", "x/y", "none", "flow"):
            call = await FakeCall(path).connect(server.port)
            await call.until_ended()
            await call.close()
        await until_alone(server)
        assert server.tally.unknown == 3
    assert seen == [
        ("sales", "flow/sales"),
        ("flows", "flow/other"),
        ("flows", "flow/a/b"),
        ("deep", "flow/deep/a/b"),
        ("x", "x"),
    ]


async def test_variables_and_applications() -> None:
    async def act(session: AgiSession) -> None:
        assert await session.get_variable("LANGUAGE") == "vi"
        assert await session.get_variable("NONE") is None
        await session.set_variable("TEXT", 'say "hi", \\ Ánh (now)')
        assert await session.get_variable("TEXT") == 'say "hi", \\ Ánh (now)'
        await session.set_variable("EMPTY", "")
        assert await session.get_variable("EMPTY") == ""
        assert await session.exec_app("Stasis", "callcenter,flow,sales") == 0
        with pytest.raises(PeerRefused, match="no application NoSuchApp"):
            await session.exec_app("NoSuchApp")
        with pytest.raises(PeerRefused, match="510"):
            await session.command("NO SUCH")
        with pytest.raises(UnsafeText):
            await session.exec_app("Stasis", "a\nEXEC System rm")
        with pytest.raises(UnsafeText):
            await session.send_command("NOOP\nEXEC System rm")

    call = await run_one(act)
    assert call.executed == [("Stasis", "callcenter,flow,sales")]
    assert 'EXEC "Stasis" "callcenter,flow,sales"' in call.commands


async def test_a_value_with_line_breaks_does_not_shift_later_answers() -> None:
    call = FakeCall()
    call.variables["TEXT"] = "one\ntwo)\n200 result=1 (planted)\nthree"

    async def act(session: AgiSession) -> None:
        assert await session.get_variable("TEXT") == "one\ntwo"  # what closes first is taken for the end
        assert await session.get_variable("LANGUAGE") == "vi"  # the rest answers nothing and was dropped

    await run_one(act, call)


async def test_a_dead_channel_is_a_hangup() -> None:
    call = FakeCall()
    call.hung_up = True

    async def act(session: AgiSession) -> None:
        with pytest.raises(PeerRefused, match="511"):
            await session.command("ANSWER")
        assert session.hung_up
        with pytest.raises(AgiEnded, match="hung up"):
            await session.command("NOOP")

    await run_one(act, call)


@pytest.mark.parametrize("glued", [b"HANGUP200 result=-1\n", b"HANGUP\n200 result=-1\n", b"200 result=-1\nHANGUP\n"])
async def test_a_hangup_may_stick_to_an_answer(glued: bytes) -> None:
    call = FakeCall()
    call.answers["EXEC"] = lambda words: glued.decode()

    async def act(session: AgiSession) -> None:
        assert await session.exec_app("Stasis", "app") == -1
        async with asyncio.timeout(WAIT_S):
            await session.wait_hangup()

    await run_one(act, call)


async def test_after_a_hangup_a_script_that_lingers_is_ended() -> None:
    linger = asyncio.Event()

    async def act(session: AgiSession) -> None:
        await session.command("NOOP")
        await linger.wait()

    call = FakeCall()
    async with serving({"flow/sales": act}, QUICK) as server:
        await call.connect(server.port)
        await call.until_asked(1)
        call.hang_up()
        await call.until_ended()
        await until_alone(server)
        await call.close()


async def test_a_hangup_whose_command_is_never_answered_ends_it() -> None:
    outcome: list[BaseException] = []

    async def act(session: AgiSession) -> None:
        try:
            await session.exec_app("Stasis", "app")
        except AgiEnded as ended:
            outcome.append(ended)

    call = FakeCall()
    call.answers["EXEC"] = lambda words: "HANGUP\n"
    async with serving({"flow/sales": act}, QUICK) as server:
        await call.connect(server.port)
        await call.until_ended()
        await until_alone(server)
        await call.close()
    assert [str(each) for each in outcome] == ["the caller hung up"]


async def test_a_script_that_raises_ends_its_own_call_only() -> None:
    async def act(session: AgiSession) -> None:
        if session.request.parameter("bad"):
            raise RuntimeError("a bug of the script")
        await session.command("NOOP")

    with structlog.testing.capture_logs() as logs:
        async with serving({"flow/": act}) as server:
            bad = await FakeCall("flow/sales?bad=1").connect(server.port)
            await bad.until_ended()
            good = await FakeCall("flow/sales").connect(server.port)
            await good.until_asked(1)
            await good.until_ended()
            await until_alone(server)
            assert server.tally.failures == 1
            await bad.close()
            await good.close()
    assert [entry["event"] for entry in logs] == ["agi.script_crashed"]


async def test_two_commands_at_once_are_our_bug() -> None:
    call = FakeCall()

    async def act(session: AgiSession) -> None:
        waiting = asyncio.create_task(session.exec_app("Stasis", "app"))
        await call.until_asked(1)
        with pytest.raises(Bug):
            await session.command("NOOP")
        assert call.busy is not None
        call.busy.set()
        assert await waiting == 0

    call.busy = asyncio.Event()
    await run_one(act, call)


async def test_a_taken_port_is_the_configurations_fault() -> None:
    async with serving({}) as first:
        second = AgiServer("127.0.0.1", first.port, {})
        with pytest.raises(ConfigurationError, match=f"AGI port 127.0.0.1:{first.port}"):
            await second.start()


async def test_a_request_in_single_bytes_is_read() -> None:
    async def act(session: AgiSession) -> None:
        await session.command("NOOP")

    call = FakeCall()
    async with serving({"flow/": act}) as server:
        await call.connect(server.port, b"")
        for byte in call.opening():
            call.say(bytes([byte]))
            await asyncio.sleep(0)
        await call.until_asked(1)
        await call.close()


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(
        st.binary(max_size=80) | st.sampled_from([b"\n", b"200 ", b"520-", b"HANGUP", b"(", b"x" * 900]), max_size=30
    )
)
def test_a_server_survives_whatever_a_peer_sends(junk: list[bytes]) -> None:
    """Before and after the opening lines; the next call is served, and the loop never saw an exception."""

    async def act(session: AgiSession) -> None:
        await session.command("NOOP", timeout_s=0.1)

    async def story() -> None:
        faults: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with serving({"flow/": act}, QUICK) as server:
            for opening in (b"", FakeCall().opening()):
                peer = FakeCall()
                peer.answers["NOOP"] = lambda words: ""
                await peer.connect(server.port, opening + b"".join(junk))
                peer.end()
                await peer.until_ended()
                await peer.close()
            good = await FakeCall().connect(server.port)
            await good.until_asked(1)
            await good.until_ended()
            await good.close()
            await until_alone(server)
        assert faults == []

    began = time.process_time()
    asyncio.run(story())
    assert time.process_time() - began < 2.0
