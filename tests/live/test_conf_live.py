"""asterisk-conf/ on a real Asterisk: what it loads, whom it lets in, where calls go, what happens while we are away."""

import asyncio
import json
import re
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ami_actions import AmiActions
from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.asterisk.ari import Access, Ari
from callcenter.asterisk.ari.channels import Call, ToStasis
from callcenter.asterisk.ari.rest import basic_authorization
from callcenter.asterisk.conf import SEEN_VARIABLE, modules_to_reload, render
from callcenter.asterisk.conf_check import Verdict, check
from callcenter.asterisk.conf_values import PhoneAccount
from callcenter.asterisk.presence import say_present
from callcenter.embedded.programs import Tool
from callcenter.errors import PeerFault, PeerRefused
from callcenter.sim.peers.baresip import CallState, Habit, SoftPhone
from callcenter.sim.peers.scenarios import Wait
from callcenter.sim.peers.sipp import Caller, Crowd, CrowdResult
from callcenter.sim.peers.tones import seconds_of, spans, tones_in
from callcenter.speech.wav import Sound, inspect_wav, write_wav
from tests.live.real_asterisk import TEMPLATES, RealAsterisk
from tests.live.waiting import passes

pytestmark = pytest.mark.live

AWAY_FOR_S = 3600.0
LOUD_DBFS = -45.0


def phone(asterisk: RealAsterisk, baresip: Tool, folder: Path, number: str, **more: Any) -> SoftPhone:
    """An agent's softphone with the right password."""
    return SoftPhone(
        baresip, folder / number, number=number, secret=asterisk.secret(number), server=asterisk.sip, **more
    )


def customer(asterisk: RealAsterisk, baresip: Tool, folder: Path, number: str, **more: Any) -> SoftPhone:
    """A caller from outside: no account."""
    return SoftPhone(baresip, folder / number, number=number, server=asterisk.sip, **more)


@asynccontextmanager
async def ari_of(asterisk: RealAsterisk) -> AsyncIterator[Ari]:
    values = asterisk.values
    access = Access(port=values.http_port, username=values.ari_username, password=values.ari_password)
    async with Ari(access) as ari:
        yield ari


@asynccontextmanager
async def ami_of(asterisk: RealAsterisk) -> AsyncIterator[AmiLink]:
    values = asterisk.values

    async def ignore(_: AmiMessage) -> None:
        return None

    link = AmiLink("127.0.0.1", values.ami_port, values.ami_username, values.ami_password, on_event=ignore)
    await link.connect()
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def away(asterisk: RealAsterisk) -> AsyncIterator[None]:
    """The call center was last heard of an hour ago."""
    async with ari_of(asterisk) as ari:
        await say_present(ari.asterisk, lambda: time.time() - AWAY_FOR_S)
        try:
            yield
        finally:
            await ari.asterisk.set_global_var(SEEN_VARIABLE, "")


@dataclass(slots=True)
class Listener:
    """The call center's end of the outbound websocket, as small as can be."""

    authorizations: list[str] = field(default_factory=list)
    protocols: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, request: web.Request) -> web.WebSocketResponse:
        self.authorizations.append(request.headers.get("Authorization", ""))
        self.protocols.append(request.headers.get("Sec-WebSocket-Protocol", ""))
        socket = web.WebSocketResponse(protocols=("ari",))
        await socket.prepare(request)
        async for message in socket:
            async with self.arrived:
                self.events.append(json.loads(message.data))
                self.arrived.notify_all()
        return socket

    async def event(self, kind: str, caller: str | None = None, within_s: float = 8.0) -> dict[str, Any]:
        """The first event of this kind, of this caller's call."""

        def fits(event: dict[str, Any]) -> bool:
            return event["type"] == kind and caller in (None, event.get("channel", {}).get("caller", {}).get("number"))

        def found() -> dict[str, Any] | None:
            return next((event for event in self.events if fits(event)), None)

        async with asyncio.timeout(within_s), self.arrived:
            await self.arrived.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event


@asynccontextmanager
async def listening(asterisk: RealAsterisk) -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_get("/ari", listener.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", asterisk.values.websocket_port).start()
    try:
        yield listener
    finally:
        await runner.cleanup()


# -- what it loads -----------------------------------------------------------------------------------------------------


async def test_it_starts_without_a_warning(asterisk: RealAsterisk) -> None:
    text = asterisk.log.read_text()
    before, nobody_is_there, _ = text.partition("res_websocket_client.c")
    first = before[: before.rfind("\n") + 1] if nobody_is_there else text  # without the line that says so
    assert re.findall(r"^.*(?:WARNING|ERROR)\[.*$", first, re.MULTILINE) == []


async def test_check_finds_nothing_wrong(asterisk: RealAsterisk) -> None:
    async with ari_of(asterisk) as ari, ami_of(asterisk) as ami:
        found = await check(ari, ami, asterisk.values)
    assert [finding for finding in found if finding.verdict is not Verdict.GOOD] == []
    assert len(found) >= 9


async def test_check_tells_what_is_wrong(asterisk: RealAsterisk) -> None:
    async with ari_of(asterisk) as ari, ami_of(asterisk) as ami:
        found = await check(
            ari, ami, replace(asterisk.values, app="nobody", fallback_announcement="no-such-sound", language="xx")
        )
    wrong = {finding.subject for finding in found if finding.verdict is not Verdict.GOOD}
    assert wrong == {"application", "sounds"}
    assert all(finding.remedy for finding in found if finding.verdict is not Verdict.GOOD)


async def test_the_ami_user_can_record_but_not_dial(asterisk: RealAsterisk) -> None:
    async with ami_of(asterisk) as ami:
        await ami.action("Ping")
        for name, fields in (
            ("Originate", (("Channel", "PJSIP/1001"), ("Application", "Wait"), ("Data", "1"))),
            ("Command", (("Command", "core show version"),)),
        ):
            with pytest.raises(PeerRefused, match=r"(?i)permission denied"):
                await ami.action(name, fields)


# -- who may come in ---------------------------------------------------------------------------------------------------


async def test_a_phone_registers_with_its_password_only(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    async with phone(asterisk, baresip, peers_folder, "1001") as right:
        await right.registered()
    thief = SoftPhone(baresip, peers_folder / "thief", number="1002", secret="guess", server=asterisk.sip)
    async with thief:
        with pytest.raises(PeerFault, match="not registered"):
            await thief.registered(1.5)


async def test_a_phone_that_vanished_is_noticed(asterisk: RealAsterisk, baresip: Tool, peers_folder: Path) -> None:
    async with ari_of(asterisk) as ari:
        vanishing = phone(asterisk, baresip, peers_folder, "1003")
        await vanishing.start()
        await vanishing.registered()
        assert await reaches(ari, "1003", "online")
        await vanishing.vanish()
        assert await reaches(ari, "1003", "offline")


async def reaches(ari: Ari, number: str, state: str) -> bool:
    try:
        async with asyncio.timeout(10):
            while (await ari.endpoints.get("PJSIP", number)).state != state:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # Asterisk asks phones in its own rhythm, and tells only a websocket
    except TimeoutError:
        return False
    return True


async def test_an_agents_number_in_from_is_challenged(asterisk: RealAsterisk, sipp: Tool, peers_folder: Path) -> None:
    callers = [Caller(number="1001", dialled="100"), Caller(number="anna", dialled="100")]
    async with away(asterisk):
        result = await crowd(asterisk, sipp, peers_folder, callers, wait_s=0.2)
    said = {line.party: line.what for line in result.lines if line.what not in ("began", "ended")}
    assert said["1001"] == "was refused with 401"
    assert said["anna"] == "hangs up"  # from the carrier's address: let in


async def test_names_and_secrets_cannot_become_configuration(asterisk: RealAsterisk) -> None:
    nasty = r"""a;b\;c=>d #exec [1001](callcenter-phone) "x" ;--e"""
    name = 'Đặng Thị "Thu"\\ ]; [evil]\r\ntype=endpoint'
    before = asterisk.values.phones
    try:
        changed = asterisk.change_phones(
            [
                *before,
                PhoneAccount(number="1999", name=name, secret=nasty),
                PhoneAccount(number="1998", name="", secret="x"),
            ]
        )
        async with ari_of(asterisk) as ari:
            for module in modules_to_reload(changed):
                await ari.asterisk.reload_module(module)
            auth = json.loads(await ari.rest.send("GET", "asterisk/config/dynamic/res_pjsip/auth/1999"))
            assert {"attribute": "password", "value": nasty} in auth
            endpoints = {each.resource for each in await ari.endpoints.list_by_tech("PJSIP")}
            assert endpoints == {"carrier", "1998", "1999", *(account.number for account in before)}
    finally:
        for module in modules_to_reload(asterisk.change_phones(before)):
            await asterisk.cli(f"module reload {module}")


async def test_new_phones_come_while_others_stay_registered(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    before = asterisk.values.phones
    try:
        async with phone(asterisk, baresip, peers_folder, "1001") as old, ari_of(asterisk) as ari:
            await old.registered()
            changed = asterisk.change_phones([*before, PhoneAccount(number="1500", name="New", secret="brandnew1")])
            assert modules_to_reload(changed) == ["res_pjsip.so", "app_queue.so"]
            for module in modules_to_reload(changed):
                await ari.asterisk.reload_module(module)
            async with phone(asterisk, baresip, peers_folder, "1500") as new:
                await new.registered()
                assert await reaches(ari, "1500", "online")
                assert await reaches(ari, "1001", "online")
    finally:
        for module in modules_to_reload(asterisk.change_phones(before)):
            await asterisk.cli(f"module reload {module}")


# -- where calls go ----------------------------------------------------------------------------------------------------

DIALLED = {
    "100": True,
    "+84241234567": True,
    "*31": True,
    "#": True,
    "hotline": True,
    "0": True,
    "%22x%22": True,
    "%24%7bSHELL(id)%7d": True,
    "1%0d%0aX:y": True,
    "1,2": True,
    "1001&1002": True,
    "9" * 70: True,
    "h": False,
    "i": False,
    "t": False,
    "s": False,
    "%c3%a9t%c3%a9": False,
}
"""What is dialled -> whether it is taken (else refused: 404 or 484)."""


async def test_whatever_is_dialled_goes_to_the_call_center_or_is_refused(
    asterisk: RealAsterisk, sipp: Tool, peers_folder: Path
) -> None:
    callers = [Caller(number=f"09{at:08}", dialled=dialled) for at, dialled in enumerate(DIALLED)]
    async with listening(asterisk) as listener:
        await listener.event("ApplicationRegistered")
        result = await crowd(asterisk, sipp, peers_folder, callers, wait_s=0.1, cancel_after_s=0.8, rate=20)
        await listener.event("StasisStart", callers[0].number)
    refused = {line.party for line in result.lines if line.what.startswith("was refused with 4")}
    cancelled = {line.party for line in result.lines if line.what == "cancels"}
    expected = {caller.number for caller, taken in zip(callers, DIALLED.values(), strict=True) if taken}
    assert cancelled == expected
    assert refused == {caller.number for caller in callers} - expected
    ours = {caller.number for caller in callers}
    started = [event for event in listener.events if event["type"] == "StasisStart"]
    started = [event for event in started if event["channel"]["caller"]["number"] in ours]
    assert {event["channel"]["caller"]["number"] for event in started} == expected
    assert {tuple(event["args"]) for event in started} == {("in",)}
    assert {event["channel"]["dialplan"]["context"] for event in started} == {"from-carrier"}


async def crowd(
    asterisk: RealAsterisk,
    sipp: Tool,
    folder: Path,
    callers: list[Caller],
    *,
    wait_s: float,
    cancel_after_s: float | None = None,
    rate: float = 10,
) -> CrowdResult:
    async with Crowd(
        sipp,
        folder / "crowd",
        server=asterisk.sip,
        callers=callers,
        steps=(Wait(seconds=wait_s),),
        cancel_after_s=cancel_after_s,
        rate=rate,
    ) as calling:
        return await calling.finished(30)


async def test_asterisk_comes_to_us_with_its_password_and_keeps_what_we_missed(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    async with customer(asterisk, baresip, peers_folder, "0901234567", name="Lan") as caller:
        call = await caller.dial("hotline")  # nobody listens yet
        async with listening(asterisk) as listener:
            start = await listener.event("StasisStart", "0901234567")
            assert start["channel"]["caller"] == {"name": "Lan", "number": "0901234567"}
            assert start["channel"]["dialplan"]["exten"] == "hotline"
            values = asterisk.values
            wanted = basic_authorization(values.websocket_username, values.websocket_password)
            assert listener.authorizations == [wanted]
            assert listener.protocols == ["ari"]
            async with ari_of(asterisk) as ari:
                channel = start["channel"]["id"]
                await ari.channels.answer(channel)
                await call.reaches(CallState.UP, 5)
                await caller.hang_up()
                await listener.event("StasisEnd", "0901234567")


# -- while we are away -------------------------------------------------------------------------------------------------


async def test_without_us_a_caller_hears_why_and_gets_a_phone_that_is_there(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    async with (
        away(asterisk),
        phone(asterisk, baresip, peers_folder, "1002", tone_hz=1200) as agent,
        customer(asterisk, baresip, peers_folder, "0907777777", tone_hz=500) as caller,
    ):
        await agent.registered()
        call = await caller.dial("hotline")
        await call.reaches(CallState.UP, 5)
        taken = await agent.next_call(15, after=0)
        await taken.reaches(CallState.UP, 5)
        await passes(1.5)
        await agent.hang_up()
        await call.reaches(CallState.ENDED, 10)
        await taken.reaches(CallState.ENDED, 5)
    assert call.heard is not None
    assert taken.heard is not None
    talk = spans(call.heard, 1200)
    assert talk[0].begin_s > 3.0, "the announcement comes first"
    assert seconds_of(call.heard, 1200) >= 1.0
    assert seconds_of(taken.heard, 500) >= 1.0


async def test_without_us_and_without_phones_a_caller_is_told_and_let_go(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    asterisk.allowed.append(r"app_queue\.c: Unable to join queue 'callcenter-fallback'")
    async with away(asterisk), customer(asterisk, baresip, peers_folder, "0908888888") as caller:
        call = await caller.dial("+8424100")
        await call.reaches(CallState.UP, 5)
        await call.reaches(CallState.ENDED, 25)
    assert call.heard is not None
    reading = inspect_wav(call.heard)
    assert reading.header.duration_s > 3.0
    assert reading.channels[0].rms_dbfs > LOUD_DBFS


async def test_a_call_waits_for_us_while_we_were_heard_of_just_now(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    async with ari_of(asterisk) as ari:
        await say_present(ari.asterisk, time.time)
        try:
            async with customer(asterisk, baresip, peers_folder, "0909999999") as caller:
                call = await caller.dial("hotline")
                await passes(1.5)
                assert call.state is not CallState.UP
                channels = await ari.channels.list()
                assert [channel.dialplan.app_name for channel in channels] == ["Stasis"]
                await caller.hang_up()
                await call.reaches(CallState.ENDED, 5)
        finally:
            await ari.asterisk.set_global_var(SEEN_VARIABLE, "")


async def test_a_dialplan_of_ones_own_asks_for_a_flow(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\n\n")).decode()
        asked.append(re.search(r"^agi_request: (.*)$", head, re.MULTILINE)[1])  # type: ignore[index]
        for name, value in (("CALLCENTER_STATUS", "RETURNED"), ("CALLCENTER_EXIT", "done")):
            writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
            assert (await reader.readline()).startswith(b"200")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", asterisk.values.fastagi_port)
    await asterisk.custom_dialplan("[from-carrier]\nexten => 555,1,Goto(callcenter-agi-example,555,1)\n")
    try:
        async with server, customer(asterisk, baresip, peers_folder, "0905555555") as caller:
            call = await caller.dial("555")
            await call.reaches(CallState.ENDED, 10)
    finally:
        await asterisk.custom_dialplan("")
    assert asked == [f"agi://127.0.0.1:{asterisk.values.fastagi_port}/flow/hotline"]


async def test_an_agent_cannot_be_somebody_else(asterisk: RealAsterisk, baresip: Tool, peers_folder: Path) -> None:
    """The caller id of a phone is that of its account, whatever name it shows."""
    async with listening(asterisk) as listener:
        await listener.event("ApplicationRegistered")
        async with phone(asterisk, baresip, peers_folder, "1004", name="The Boss", habit=Habit.IGNORE) as agent:
            await agent.registered()
            call = await agent.dial("*31")
            start = await listener.event("StasisStart", "1004")
            assert start["channel"]["caller"] == {"name": "Agent 1004", "number": "1004"}
            assert start["channel"]["name"].startswith("PJSIP/1004-")
            assert start["channel"]["dialplan"]["context"] == "from-phones"
            assert start["channel"]["dialplan"]["exten"] == "*31"
            await agent.hang_up()
            await call.reaches(CallState.ENDED, 5)


async def test_a_call_center_that_never_came_is_missed_too(asterisk: RealAsterisk) -> None:
    """Asterisk notes the time of its own start for it, if it is told to."""
    watched = replace(asterisk.values, present_from_start=True)
    try:
        render(watched, TEMPLATES, asterisk.etc)
        await asterisk.cli("dialplan reload")
        async with ari_of(asterisk) as ari:
            seen = await ari.asterisk.get_global_var(SEEN_VARIABLE)
            assert abs(int(seen) - time.time()) < 5
            await ari.asterisk.set_global_var(SEEN_VARIABLE, "")
    finally:
        render(asterisk.values, TEMPLATES, asterisk.etc)
        await asterisk.cli("dialplan reload")


async def test_a_phone_shows_who_calls_and_the_ami_user_records_it(
    asterisk: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    raw = asterisk.spool / "monitor" / "11111111-2222-3333-4444-555555555555.raw"
    async with (
        listening(asterisk) as listener,
        ari_of(asterisk) as ari,
        ami_of(asterisk) as ami,
        phone(asterisk, baresip, peers_folder, "1001", tone_hz=1100) as agent,
        customer(asterisk, baresip, peers_folder, "0906666666", name="Nguyễn Văn Ó", tone_hz=600) as caller,
    ):
        await agent.registered()
        call = await caller.dial("hotline")
        arrived = (await listener.event("StasisStart", "0906666666"))["channel"]
        await ari.channels.answer(arrived["id"])
        await ari.bridges.create("b-conf-1")
        await ari.channels.originate(
            "l-conf-1",
            Call(endpoint="PJSIP/1001", originator=arrived["id"]),
            ToStasis(app="callcenter", args=("agent",)),
            caller_id='"Nguyễn Văn Ó" <0906666666>',
        )
        taken = await agent.next_call(5, after=0)
        await taken.reaches(CallState.UP, 5)
        await ari.bridges.add_channel("b-conf-1", [arrived["id"], "l-conf-1"])
        mixing = await AmiActions(ami).start_mixmonitor(arrived["name"], str(raw), "D")
        await passes(1.5)
        await AmiActions(ami).stop_mixmonitor(arrived["name"], mixing)
        await caller.hang_up()
        await call.reaches(CallState.ENDED, 5)
        await ari.channels.hangup("l-conf-1")
        await taken.reaches(CallState.ENDED, 5)
        await ari.bridges.destroy("b-conf-1")
    assert taken.name == "Nguyễn Văn Ó"
    assert taken.peer.startswith("sip:0906666666@")
    samples = array("h", raw.read_bytes())
    wav = peers_folder / "recording.wav"
    write_wav(wav, Sound(rate=8000, channels=(samples[0::2], samples[1::2])))
    both = (600.0, 1100.0)
    assert await asyncio.to_thread(tones_in, wav, both, channel=0) == {600.0}, "left: what the caller says"
    assert await asyncio.to_thread(tones_in, wav, both, channel=1) == {1100.0}, "right: what she hears"


NAMES = (
    "Nguyễn Thị Ánh",
    'quoted "name" here',
    "back\\slash",
    "${EPOCH}",
    "${SHELL(id)}",
    "$[1+1]",
    "'; DROP TABLE contact; --".replace(";", ","),  # SIPp's own files have no room for a semicolon
    "<script>alert(1)</script>",
    "[brackets]",
    "#include x",
    "%0d%0aAction: Originate",
    "a|b&c,d",
    "{{ 7*7 }}",
    "=cmd()",
    "../../etc/passwd",
    "\u202egnp.exe",
    "😀" * 10,
    "x" * 300,
    "",
    " ",
)


async def test_any_name_arrives_as_it_was_sent(asterisk: RealAsterisk, sipp: Tool, peers_folder: Path) -> None:
    asterisk.allowed.append("res_pjsip.c: CallerID Name 'x+")  # it is too long, and Asterisk says so
    callers = [Caller(number=f"07{at:08}", dialled="hotline", name=name) for at, name in enumerate(NAMES)]
    async with listening(asterisk) as listener:
        await listener.event("ApplicationRegistered")
        await crowd(asterisk, sipp, peers_folder, callers, wait_s=0.1, cancel_after_s=0.8, rate=20)
        for caller in callers:
            start = await listener.event("StasisStart", caller.number)
            shown = re.sub(r"\\(.)", r"\1", start["channel"]["caller"]["name"])  # Asterisk leaves SIP's escapes in
            assert shown == caller.name or (len(caller.name) > 79 and caller.name.startswith(shown) and shown)
