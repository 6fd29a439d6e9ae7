"""The AMI link and the FastAGI server against a real Asterisk, with Local channels only."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from callcenter.asterisk.agi import AgiScript, AgiServer
from callcenter.asterisk.agi_session import AgiSession
from callcenter.asterisk.agi_wire import AgiEnded
from callcenter.asterisk.ami import AmiLink, AmiState, EventFilter
from callcenter.asterisk.ami_actions import AmiActions
from callcenter.errors import ConfigurationError, OutcomeUnknown, PeerRefused
from tests.adapters.fake_ami import Heard
from tests.live.minimal_asterisk import MinimalAsterisk, minimal_asterisk

pytestmark = pytest.mark.live

LIMIT_S = 15.0


def link_to(asterisk: MinimalAsterisk, heard: Heard, *filters: EventFilter, secret: str | None = None) -> AmiLink:
    return AmiLink(
        "127.0.0.1",
        asterisk.ami_port,
        asterisk.ami_user,
        asterisk.ami_secret if secret is None else secret,
        on_event=heard.on_event,
        on_state=heard.on_state,
        filters=filters,
    )


@asynccontextmanager
async def connected(asterisk: MinimalAsterisk, heard: Heard, *filters: EventFilter) -> AsyncIterator[AmiLink]:
    link = link_to(asterisk, heard, *filters)
    try:
        await link.connect()
        yield link
    finally:
        await link.close()


async def channel_of(heard: Heard, context: str) -> str:
    """The channel that arrived in `context`."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            for event in heard.events:
                if event.event == "Newexten" and event.get("Context") == context:
                    return event.get("Channel")
            await heard.until_heard(len(heard.events) + 1)


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


async def grows(file: Path, bytes_: int) -> None:
    """Returns once the recording is longer by so much; no event tells."""
    before = size_of(file)
    async with asyncio.timeout(LIMIT_S):
        while size_of(file) < before + bytes_:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def originate(number: str, **more: str) -> dict[str, str]:
    call = {"Channel": f"Local/{number}@test/n", "Application": "Wait", "Data": "30"}
    return {**call, **more}


async def test_log_in_ping_list_and_refusal() -> None:
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        await AmiActions(link).ping()
        await heard.until("up", "FullyBooted")
        assert (await link.action("CoreShowChannels")).items == ()
        answer = await link.action("Command", {"Command": "core show version"})
        assert any("Asterisk 22" in line for line in answer.output)
        with pytest.raises(PeerRefused, match="No such channel"):
            await AmiActions(link).start_mixmonitor("Local/none@test-00000000;1", "x.wav")

        wrong = link_to(asterisk, Heard(), secret="wrong")
        with pytest.raises(ConfigurationError, match="Authentication failed"):
            await wrong.connect()
        assert wrong.state is AmiState.REFUSED
        await wrong.close()


async def test_a_queue_member_is_added_and_listed() -> None:
    files = {"queues.conf": "[sales]\nstrategy = ringall\n"}
    async with minimal_asterisk(files=files) as asterisk, connected(asterisk, Heard()) as link:
        added = await link.action("QueueAdd", {"Queue": "sales", "Interface": "Local/answer@test"})
        assert "Added interface to queue" in added.text
        listed = await link.action("QueueStatus")
        assert [item.get("Name") for item in listed.items if item.event == "QueueMember"] == ["Local/answer@test"]


async def test_originate_with_and_without_async() -> None:
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        queued = await link.action("Originate", originate("answer"))
        assert queued.text == "Originate successfully queued"
        await link.action("Originate", originate("slow", Async="true", Variable="NAME=Nguyễn Ánh"))
        await heard.until("OriginateResponse", within_s=LIMIT_S)
        assert [event.get("Reason") for event in heard.events if event.event == "OriginateResponse"] == ["4"]
        listed = await link.action("CoreShowChannels")
        assert len(listed.items) == 4


async def test_an_originate_that_blocks_the_session_is_not_taken_for_death() -> None:
    """Asterisk serves a session's actions one after the other: it is mute until the call is answered or given up."""
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        with pytest.raises(PeerRefused, match="Originate failed"):
            await link.action("Originate", originate("ring", Timeout="7000"), timeout_s=20.0)
        assert heard.story.count("down") == 0


async def test_mixmonitor_starts_mutes_and_stops_on_a_local_channel() -> None:
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        actions = AmiActions(link)
        await link.action("Originate", originate("tone"))
        channel = await channel_of(heard, "test")
        file = asterisk.folder / "spool" / "mix.wav"
        id_ = await actions.start_mixmonitor(channel, str(file))
        assert id_.startswith("0x")
        await heard.until("MixMonitorStart", within_s=LIMIT_S)
        await grows(file, 16_000)
        await actions.mute_mixmonitor(channel, id_, muted=True)
        await heard.until("MixMonitorMute", within_s=LIMIT_S)
        await grows(file, 16_000)  # a second of 8 kHz, 16 bit
        heard_before, heard_muted = file.read_bytes()[2_000:10_000], file.read_bytes()[-4_000:]
        await actions.mute_mixmonitor(channel, id_, muted=False)
        await actions.stop_mixmonitor(channel, id_)
        await heard.until("MixMonitorStop", within_s=LIMIT_S)
        assert any(heard_before)
        assert not any(heard_muted)  # recorded as silence, not skipped
        with pytest.raises(PeerRefused):
            await actions.stop_mixmonitor(channel, id_)


async def test_a_filter_keeps_events_away() -> None:
    heard = Heard()
    silent = EventFilter(criteria="action(exclude),name(Newexten)")
    async with minimal_asterisk() as asterisk, connected(asterisk, heard, silent) as link:
        await link.action("Originate", originate("answer"))
        await heard.until("Newchannel", within_s=LIMIT_S)
        await link.action("Ping")
        assert "Newexten" not in heard.story


async def test_the_link_comes_back_after_asterisk_has_cut_it() -> None:
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        session = next(
            line.split()[4]
            for line in (await asterisk.cli("manager show connected")).splitlines()
            if "127.0.0.1" in line
        )
        await asterisk.cli(f"manager kick session {session}")
        await heard.until("up", "down", "up", within_s=LIMIT_S)
        await AmiActions(link).ping()


async def test_a_stopped_asterisk_is_noticed_and_found_again() -> None:
    """SIGSTOP leaves the connection open and mute, as a hung machine does."""
    heard = Heard()
    async with minimal_asterisk() as asterisk, connected(asterisk, heard) as link:
        await asterisk.stops()
        try:
            with pytest.raises(OutcomeUnknown):
                await AmiActions(link).ping()
            await heard.until("down", within_s=6.0)
        finally:
            asterisk.goes_on()
        await heard.until("up", "up", within_s=2 * LIMIT_S)
        await AmiActions(link).ping()


# -- FastAGI ------------------------------------------------------------------------------------------------------

DIALPLAN = """
[flow]
exten => agi,1,Answer()
 same => n,AGI(agi://127.0.0.1:{port}/flow/sales?day=monday&name=%C3%81nh,first,second)
 same => n,Set(GLOBAL(after)=${{AGISTATUS}})
 same => n,UserEvent(Went on,Status: ${{AGISTATUS}})
 same => n,Wait(30)
"""


@dataclass(kw_only=True)
class Flows:
    """A FastAGI server, and an Asterisk whose extension agi@flow asks it."""

    asterisk: MinimalAsterisk
    server: AgiServer
    link: AmiLink
    heard: Heard
    began: asyncio.Event  # the script runs

    async def call(self) -> str:
        """A caller who has reached the script; the channel."""
        await self.link.action("Originate", {"Channel": "Local/agi@flow/n", "Application": "Wait", "Data": "30"})
        channel = await channel_of(self.heard, "flow")
        async with asyncio.timeout(LIMIT_S):
            await self.began.wait()
        return channel


@asynccontextmanager
async def flows(script: AgiScript) -> AsyncIterator[Flows]:
    began, heard = asyncio.Event(), Heard()

    async def begun(session: AgiSession) -> None:
        began.set()
        await script(session)

    server = AgiServer("127.0.0.1", 0, {"flow/": begun})
    await server.start()
    try:
        # res_agi does not load without res_speech
        extensions, modules = DIALPLAN.format(port=server.port), ("res_speech.so",)
        async with (
            minimal_asterisk(extensions=extensions, modules=modules) as asterisk,
            connected(asterisk, heard) as link,
        ):
            yield Flows(asterisk=asterisk, server=server, link=link, heard=heard, began=began)
    finally:
        await server.close()


async def refused(asking: Awaitable[object]) -> str:
    with pytest.raises(PeerRefused) as raised:
        await asking
    return str(raised.value)


async def test_a_dialplan_reaches_its_script_and_text_survives_quoting() -> None:
    nasty = 'say "hi" \\ back, a) b (c ${X} Ánh'
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        request = session.request
        assert (request.path, request.parameter("day"), request.parameter("name")) == ("flow/sales", "monday", "Ánh")
        assert request.arguments == ("first", "second")
        assert request.channel.startswith("Local/agi@flow")
        assert (request.language, request.extension, request.caller_number) == ("en", "agi", "")

        await session.set_variable("NASTY", nasty)
        assert await session.get_variable("NASTY") == nasty
        assert await session.get_variable("NEVER_SET") is None
        assert await session.get_variable("CHANNEL(language)") == "en"
        assert (await session.command("VERBOSE", "from the script", "1")).result == "1"
        assert "520 Invalid command syntax" in await refused(session.command("SET VARIABLE"))
        assert "510" in await refused(session.command("NO SUCH COMMAND"))
        assert "no application" in await refused(session.exec_app("NoSuchApp"))
        assert await session.exec_app("Set", "GLOBAL(told)=a") == 0
        assert await session.get_variable("NASTY") == nasty  # after all these, answers still fit their questions

    async def reporting(session: AgiSession) -> None:
        try:
            await script(session)
        except BaseException as fault:
            done.set_exception(fault)
            raise
        done.set_result(None)

    async with flows(reporting) as world:
        await world.call()
        async with asyncio.timeout(LIMIT_S):
            await done
            await world.server.wait_until_empty()
        await world.heard.until("UserEvent", within_s=LIMIT_S)  # the dialplan goes on after the script
        assert [each.get("Status") for each in world.heard.events if each.event == "UserEvent"] == ["SUCCESS"]
        assert "told=a" in await world.asterisk.cli("dialplan show globals")


async def test_an_exec_lasts_until_the_caller_hangs_up() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        result = await session.exec_app("Wait", "600")
        async with asyncio.timeout(LIMIT_S):
            await session.wait_hangup()
        ended.set_result(result)

    async with flows(script) as world:
        channel = await world.call()
        await world.link.action("Hangup", {"Channel": channel})
        async with asyncio.timeout(LIMIT_S):
            assert await ended == -1
            await world.server.wait_until_empty()
        assert world.server.tally.failures == 0


async def test_a_hangup_is_noticed_while_no_command_runs() -> None:
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        async with asyncio.timeout(LIMIT_S):
            await session.wait_hangup()
        with pytest.raises(AgiEnded) as raised:
            await session.command("NOOP")
        ended.set_result(str(raised.value))

    async with flows(script) as world:
        channel = await world.call()
        await world.link.action("Hangup", {"Channel": channel})
        async with asyncio.timeout(LIMIT_S):
            assert await ended == "the caller hung up"


async def test_exec_stasis_without_an_application_to_take_the_call_returns_to_the_script() -> None:
    """What the flow script does; here nobody listens on ARI, and the script must learn that."""
    status: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        await session.exec_app("Stasis", "nobody,flow,sales")
        status.set_result(await session.get_variable("STASISSTATUS"))

    async with flows(script) as world:
        await world.call()
        async with asyncio.timeout(LIMIT_S):
            assert await status == "FAILED"


@pytest.mark.parametrize("way_out", ["hangup", "continue"])
async def test_exec_stasis_holds_the_session_until_the_application_lets_the_call_go(way_out: str) -> None:
    """The flow script's main use: the call is the application's, and the session stays open beneath it."""
    over: asyncio.Future[tuple[int, bool]] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        result = await session.exec_app("Stasis", "callcenter,flow,sales")
        if way_out == "hangup":
            async with asyncio.timeout(LIMIT_S):
                await session.wait_hangup()
        over.set_result((result, session.hung_up))

    async with flows(script) as world, aiohttp.ClientSession() as http:
        asterisk = world.asterisk
        auth = {"Authorization": aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_secret)}
        ari = f"http://127.0.0.1:{asterisk.ari_port}/ari"
        async with http.ws_connect(f"{ari}/events?app=callcenter", headers=auth) as events:
            await world.call()
            async with asyncio.timeout(LIMIT_S):
                start = await events.receive_json()
                assert (start["type"], start["args"]) == ("StasisStart", ["flow", "sales"])
                channel = f"{ari}/channels/{start['channel']['id']}"
                assert len(world.server.sessions) == 1
                assert not over.done()
                if way_out == "hangup":
                    answer = await http.delete(channel, headers=auth)
                else:
                    answer = await http.post(f"{channel}/continue", headers=auth)
                assert answer.status == 204
                assert await over == (0, way_out == "hangup")  # Stasis says 0 either way
                await world.server.wait_until_empty()
        assert world.server.tally.failures == 0


async def test_asterisk_dies_in_the_middle_of_an_exec() -> None:
    ended: asyncio.Future[AgiEnded] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        with pytest.raises(AgiEnded) as raised:
            await session.exec_app("Wait", "600")
        ended.set_result(raised.value)

    async with flows(script) as world:
        await world.call()
        os.kill(world.asterisk.pid, signal.SIGKILL)
        async with asyncio.timeout(LIMIT_S):
            await ended
            await world.server.wait_until_empty()
        await world.heard.until("down", within_s=LIMIT_S)
