"""Every command as requests, and every way in which Asterisk fails them as a fault that the engine understands."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from callcenter.errors import Bug, ConfigurationError, PeerFault
from callcenter.media.voice.hands import Dialling
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    DialNumber,
    HangUp,
    JoinBridge,
    LeaveBridge,
    MuteLeg,
    MuteRecording,
    OpenBridge,
    PlayPrompts,
    PlayTone,
    RecordMessage,
    RenewRecording,
    Reply,
    ReturnLeg,
    RingAgent,
    SendKeys,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    StopRecording,
)
from callcenter.model.contact import LegEnd, TransportFault
from callcenter.model.ids import AgentId, BridgeId, ContactId, LegId, OfferId, PlaybackId, RecordingId, RequestId
from callcenter.runtime.perform import kind_of
from tests.media.rig import CALLER, Office, an_office

C = ContactId("c-aaaaaaaa-1")
BRIDGE = BridgeId("b-aaaaaaaa-2")
AGENT_LEG = LegId("l-aaaaaaaa-3")
RECORDING = RecordingId("0000007a-a7a7-a7a7-cc00-000000000004")
GONE, REFUSED = TransportFault.GONE, TransportFault.REFUSED
UNAVAILABLE, UNKNOWN = TransportFault.UNAVAILABLE, TransportFault.UNKNOWN

ANSWER = AnswerLeg(contact=C, leg=CALLER)
OPEN = OpenBridge(contact=C, bridge=BRIDGE)
CLOSE = CloseBridge(contact=C, bridge=BRIDGE)
JOIN = JoinBridge(contact=C, bridge=BRIDGE, leg=CALLER)
HELLO = PlayPrompts(contact=C, bridge=BRIDGE, playback=PlaybackId("p-1"), prompts=("hello",), language="en")
HUSH = StopPlayback(contact=C, playback=PlaybackId("p-1"))
MUSIC = StartMusic(contact=C, bridge=BRIDGE, music="jazz")
SILENCE = StopMusic(contact=C, bridge=BRIDGE)
RING = RingAgent(
    contact=C,
    leg=AGENT_LEG,
    offer=OfferId("o-1"),
    agent=AgentId("ann"),
    number="1001",
    caller="0901",
    caller_name='An "x" <1>\r\n',
    timeout_s=20.2,
    like=CALLER,
)
AT_HOME = msgspec.structs.replace(RING, outside="0901234567", auto_answer=True)
DIAL = DialNumber(contact=C, leg=AGENT_LEG, number="0123#", caller="0901", timeout_s=30.0, like=CALLER)
HANG_UP = HangUp(contact=C, leg=CALLER)
RETURN = ReturnLeg(contact=C, leg=CALLER, exit="done")
RECORD = StartRecording(contact=C, recording=RECORDING, leg=CALLER)
RENEW = RenewRecording(contact=C, recording=RECORDING, leg=CALLER, seconds=2.5)
MUTE = MuteRecording(contact=C, recording=RECORDING, leg=CALLER, muted=True)
STOP_RECORDING = StopRecording(contact=C, recording=RECORDING, leg=CALLER)
MESSAGE = RecordMessage(contact=C, recording=RECORDING, bridge=BRIDGE, max_s=59.5, silence_s=3.2)
STOP_MESSAGE = StopMessage(contact=C, recording=RECORDING)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with an_office() as one:
        yield one


async def fault_of(office: Office, command: Command) -> TransportFault | None:
    """How a command failed; None if it did not."""
    try:
        await office.hands.perform(command)
    except PeerFault as fault:
        return kind_of(fault)
    return None


# -- what is asked of Asterisk -----------------------------------------------------------------------------------------


async def test_a_call_from_answer_to_end(office: Office) -> None:
    world = office.asterisk
    for command in (ANSWER, OPEN, JOIN, HELLO, HUSH, MUSIC, SILENCE):
        await office.hands.perform(command)
    assert world.channels[CALLER].state == "Up"
    assert world.bridges[BRIDGE].channels == [CALLER]
    assert world.asked("POST", f"/bridges/{BRIDGE}") == [{"type": "mixing", "name": "callcenter"}]
    assert world.asked("POST", f"/bridges/{BRIDGE}/play/p-1") == [{"media": "sound:/prompts/en/hello", "lang": "en"}]
    assert world.asked("POST", f"/bridges/{BRIDGE}/moh") == [{"mohClass": "jazz"}]
    assert (world.playbacks, world.music) == ({}, {})
    await office.hands.perform(HANG_UP)
    await office.hands.perform(CLOSE)
    assert (world.channels, world.bridges) == ({}, {})


async def test_a_leg_leaves_a_bridge_goes_to_another_is_muted_and_is_sent_keys(office: Office) -> None:
    world, aside = office.asterisk, BridgeId("b-2")
    for command in (OPEN, JOIN, OpenBridge(contact=C, bridge=aside)):
        await office.hands.perform(command)
    leave = LeaveBridge(contact=C, bridge=BRIDGE, leg=CALLER)
    await office.hands.perform(leave)
    assert (world.bridges[BRIDGE].channels, CALLER in world.channels) == ([], True)
    assert await fault_of(office, leave) is None, "it can be repeated"
    await office.hands.perform(JOIN)
    await office.hands.perform(JoinBridge(contact=C, bridge=aside, leg=CALLER))
    assert (world.bridges[BRIDGE].channels, world.bridges[aside].channels) == ([], [CALLER])
    await office.hands.perform(MuteLeg(contact=C, leg=CALLER, muted=True))
    assert world.channels[CALLER].muted == "in", "what it says, not what it hears"
    await office.hands.perform(MuteLeg(contact=C, leg=CALLER, muted=False))
    await office.hands.perform(SendKeys(contact=C, leg=CALLER, keys="12#A"))
    assert (world.channels[CALLER].muted, world.channels[CALLER].keys) == ("", "12#A")
    await office.hands.perform(PlayTone(contact=C, bridge=aside, playback=PlaybackId("p-9"), tone="ring"))
    assert world.asked("POST", f"/bridges/{aside}/play/p-9")[0]["media"] == "tone:ring"
    await office.hands.perform(HANG_UP)
    for gone in (leave, MuteLeg(contact=C, leg=CALLER, muted=True), SendKeys(contact=C, leg=CALLER, keys="1")):
        assert await fault_of(office, gone) is TransportFault.GONE


async def test_an_agents_phone_and_an_outside_number_are_dialled_as_the_settings_say() -> None:
    dialling = Dialling(phone="PJSIP/{number}/sip:{number}@sbc", outside="PJSIP/{number}@trunk-b")
    async with an_office(dialling) as office:
        office.asterisk.phones |= {"1001/sip:1001@sbc": "ring", "0123#@trunk-b": "ring", "0901234567@trunk-b": "ring"}
        await office.hands.perform(RING)
        await office.hands.perform(HangUp(contact=C, leg=AGENT_LEG))
        await office.hands.perform(DIAL)
        await office.hands.perform(HangUp(contact=C, leg=AGENT_LEG))
        await office.hands.perform(AT_HOME)
        [rung, dialled, at_home] = office.asterisk.asked("POST", f"/channels/{AGENT_LEG}")
    assert rung == {
        "endpoint": "PJSIP/1001/sip:1001@sbc",
        "originator": CALLER,
        "app": "callcenter",
        "appArgs": "out",
        "callerId": '"An x 1" <0901>',  # nothing of the caller's name ends the quotes
        "timeout": "21",
    }
    assert (dialled["endpoint"], dialled["callerId"], dialled["timeout"]) == ("PJSIP/0123#@trunk-b", "<0901>", "30")
    assert (at_home["endpoint"], at_home["callerId"], at_home["timeout"]) == (
        "PJSIP/0901234567@trunk-b",
        "<0901>",
        "21",
    )


@pytest.mark.parametrize("template", ["Local/{number}@x", "PJSIP/{number} x", "PJSIP/{number}&SIP/2", "{number}"])
def test_what_cannot_be_dialled_is_said_when_it_is_configured(template: str) -> None:
    with pytest.raises(ConfigurationError, match=r"dial\.phone"):
        Dialling(phone=template)
    with pytest.raises(ConfigurationError, match=r"dial\.outside"):
        Dialling(outside=template)


@pytest.mark.parametrize(("end", "reason"), [(LegEnd.CANCELLED, "answered_elsewhere"), (LegEnd.NO_ANSWER, "no_answer")])
async def test_a_phone_is_told_why_it_stops_ringing(office: Office, end: LegEnd, reason: str) -> None:
    await office.hands.perform(RING)
    await office.hands.perform(HangUp(contact=C, leg=AGENT_LEG, end=end))
    assert office.asterisk.asked("DELETE", f"/channels/{AGENT_LEG}") == [{"reason": reason}]


@pytest.mark.parametrize("end", LegEnd)
async def test_there_is_a_reason_for_every_end(office: Office, end: LegEnd) -> None:
    await office.hands.perform(HangUp(contact=C, leg=CALLER, end=end))
    assert CALLER not in office.asterisk.channels


async def test_a_leg_goes_back_to_its_dialplan(office: Office) -> None:
    await office.hands.perform(RETURN)
    assert office.asterisk.channels[CALLER].app is None


async def test_a_message_is_recorded_and_stopped(office: Office) -> None:
    await office.hands.perform(OPEN)
    await office.hands.perform(MESSAGE)
    [asked] = office.asterisk.asked("POST", f"/bridges/{BRIDGE}/record")
    assert asked == {
        "name": RECORDING,
        "format": "wav",
        "maxDurationSeconds": "60",
        "maxSilenceSeconds": "4",
        "ifExists": "fail",
        "beep": "true",
        "terminateOn": "#",
    }
    await office.hands.perform(STOP_MESSAGE)
    await office.hands.perform(STOP_MESSAGE)  # has ended already: fine
    assert office.asterisk.live == {}


@pytest.mark.parametrize("command", [RECORD, STOP_MESSAGE, MESSAGE])
async def test_nothing_but_our_own_names_becomes_a_file(office: Office, command: Command) -> None:
    evil = msgspec.structs.replace(command, recording=RecordingId("../../etc/passwd"))
    with pytest.raises(Bug, match="no name of a recording"):
        await office.hands.perform(evil)


async def test_a_reply_is_nobodys_to_perform(office: Office) -> None:
    with pytest.raises(Bug):
        await office.hands.perform(Reply(request=RequestId("r")))


# -- commands may be repeated ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [ANSWER, OPEN, JOIN, MUSIC, SILENCE, HUSH, HANG_UP, CLOSE, RING, RECORD], ids=lambda c: type(c).__name__
)
async def test_a_command_that_was_carried_out_already_is_done(office: Office, command: Command) -> None:
    await office.hands.perform(OPEN)
    assert await fault_of(office, command) is None
    assert await fault_of(office, command) is None


async def test_a_recording_is_not_begun_twice_over_what_was_said(office: Office) -> None:
    await office.hands.perform(RECORD)
    await office.hands.perform(RECORD)
    await office.hands_of_the_next_run().perform(RECORD)
    assert len(office.manager.running(CALLER)) == 1


# -- prompts -----------------------------------------------------------------------------------------------------------


def saying(*prompts: str) -> PlayPrompts:
    return PlayPrompts(
        contact=C, bridge=BRIDGE, playback=PlaybackId("p-1"), prompts=prompts, language="vi", variables={"n": "3"}
    )


async def test_several_prompts_are_one_playback(office: Office) -> None:
    await office.hands.perform(OPEN)
    await office.hands.perform(saying("hello", "place"))
    [asked] = office.asterisk.asked("POST", f"/bridges/{BRIDGE}/play/p-1")
    assert asked["media"] == "sound:/prompts/en/hello,sound:/prompts/cache/0a1b"
    assert office.shelf.wanted == [("hello", "vi", {"n": "3"}), ("place", "vi", {"n": "3"})]


async def test_what_asterisk_cannot_play_because_the_prompt_before_is_just_ending_is_played_a_moment_later(
    office: Office,
) -> None:
    await office.hands.perform(OPEN)
    office.asterisk.refuse(f"POST /bridges/{BRIDGE}/play", 500, "Allocation failed", times=2)
    await office.hands.perform(HELLO)
    assert len(office.asterisk.asked("POST", f"/bridges/{BRIDGE}/play/p-1")) == 1  # that was carried out


@pytest.mark.parametrize("broken", ["mute", "nonexistent", "odd"])
async def test_the_others_are_said_when_one_cannot_be(office: Office, broken: str) -> None:
    await office.hands.perform(OPEN)
    await office.hands.perform(saying(broken, "hello"))
    [asked] = office.asterisk.asked("POST", f"/bridges/{BRIDGE}/play/p-1")
    assert asked["media"] == "sound:/prompts/en/hello"


@pytest.mark.parametrize("broken", ["mute", "nonexistent", "odd"])
async def test_nothing_to_say_is_a_refusal_that_says_why(office: Office, broken: str) -> None:
    await office.hands.perform(OPEN)
    assert await fault_of(office, saying(broken)) is REFUSED
    assert office.asterisk.asked("POST", f"/bridges/{BRIDGE}/play/p-1") == []


# -- recordings --------------------------------------------------------------------------------------------------------


async def test_the_recording_that_was_started_is_stopped_and_no_other(office: Office) -> None:
    office.manager.ami.mixmonitors[CALLER]["0x99"] = "0"  # somebody else's
    await office.hands.perform(RECORD)
    [asked] = office.manager.ami.asked("MixMonitor")
    assert dict(asked)["File"] == f"{RECORDING}.raw"
    assert dict(asked)["Options"].startswith("aD")
    await office.hands.perform(STOP_RECORDING)
    assert office.manager.running(CALLER) == ["0x99"]


async def test_after_a_restart_whatever_records_the_channel_is_stopped(office: Office) -> None:
    await office.hands.perform(RECORD)
    await office.hands_of_the_next_run().perform(STOP_RECORDING)
    assert office.manager.running(CALLER) == []
    assert "MixMonitorID" not in dict(office.manager.ami.asked("StopMixMonitor")[0])


async def test_a_renewed_recording_goes_on_in_its_file_and_is_as_long_as_the_talk(office: Office) -> None:
    await office.hands.perform(RECORD)
    [first] = office.manager.running(CALLER)
    file = office.recordings / f"{RECORDING}.raw"
    file.write_bytes(b"\x01" * 32_000 * 2)
    await office.hands.perform(RENEW)
    [second] = office.manager.running(CALLER)
    assert [dict(one)["MixMonitorID"] for one in office.manager.ami.asked("StopMixMonitor")] == [first]
    assert [dict(one)["File"] for one in office.manager.ami.asked("MixMonitor")] == [f"{RECORDING}.raw"] * 2
    whole = file.read_bytes()
    assert 2.5 * 32_000 <= len(whole) < 3.5 * 32_000
    assert (whole[:64_000], whole[64_000:]) == (b"\x01" * 64_000, bytes(len(whole) - 64_000))
    await office.hands.perform(RECORD)
    assert office.manager.running(CALLER) == [second], "it is the same recording still"


@pytest.mark.parametrize("still_runs", [True, False])
async def test_whoever_died_while_a_recording_was_renewed_begins_it_once(office: Office, still_runs: bool) -> None:
    await office.hands.perform(RECORD)
    office.manager.files[CALLER] = ""  # as far as he came
    if not still_runs:
        office.manager.ami.mixmonitors[CALLER].clear()
    (office.recordings / f"{RECORDING}.raw").write_bytes(b"\x01" * 32_000)
    await office.hands_of_the_next_run().perform(msgspec.structs.replace(RECORD, seconds=3.0))
    assert len(office.manager.running(CALLER)) == 1
    assert (office.recordings / f"{RECORDING}.raw").stat().st_size == 3 * 32_000


async def test_a_gap_that_cannot_be_filled_is_no_reason_not_to_record(office: Office) -> None:
    await office.hands.perform(msgspec.structs.replace(RECORD, seconds=3.0))
    assert len(office.manager.running(CALLER)) == 1


async def test_a_recording_on_a_leg_that_is_gone_is_gone(office: Office) -> None:
    await office.hands.perform(RECORD)
    office.asterisk.hangs_up(CALLER)
    del office.manager.ami.mixmonitors[CALLER]
    assert await fault_of(office, STOP_RECORDING) is GONE
    assert await fault_of(office, RECORD) is GONE


async def test_a_pause_mutes_the_recording_that_was_started_and_no_other(office: Office) -> None:
    await office.hands.perform(RECORD)
    [monitor] = office.manager.running(CALLER)
    for muted in (True, True, False):
        await office.hands.perform(msgspec.structs.replace(MUTE, muted=muted))
    asked = [dict(one) for one in office.manager.ami.asked("MixMonitorMute")]
    assert [(one["Channel"], one["MixMonitorID"], one["Direction"], one["State"]) for one in asked] == [
        (CALLER, monitor, "both", state) for state in "110"
    ]


async def test_after_a_restart_the_channel_says_what_is_to_be_muted(office: Office) -> None:
    await office.hands.perform(RECORD)
    await office.hands_of_the_next_run().perform(MUTE)
    [asked] = office.manager.ami.asked("MixMonitorMute")
    assert [dict(asked)["MixMonitorID"]] == office.manager.running(CALLER)
    assert dict(asked)["State"] == "1"


async def test_without_ami_nothing_is_recorded_and_it_is_said(office: Office) -> None:
    await office.ami.close()
    assert await fault_of(office, RECORD) is UNAVAILABLE
    assert await fault_of(office, STOP_RECORDING) is UNAVAILABLE


# -- faults ------------------------------------------------------------------------------------------------------------

PLACES: dict[str, tuple[str, str, Command]] = {
    "AnswerLeg": ("POST", f"/channels/{CALLER}/answer", ANSWER),
    "OpenBridge": ("POST", f"/bridges/{BRIDGE}", OPEN),
    "CloseBridge": ("DELETE", f"/bridges/{BRIDGE}", CLOSE),
    "JoinBridge": ("POST", f"/bridges/{BRIDGE}/addChannel", JOIN),
    "PlayPrompts": ("POST", f"/bridges/{BRIDGE}/play/p-1", HELLO),
    "StopPlayback": ("DELETE", "/playbacks/p-1", HUSH),
    "StartMusic": ("POST", f"/bridges/{BRIDGE}/moh", MUSIC),
    "StopMusic": ("DELETE", f"/bridges/{BRIDGE}/moh", SILENCE),
    "RingAgent": ("POST", f"/channels/{AGENT_LEG}", RING),
    "DialNumber": ("POST", f"/channels/{AGENT_LEG}", DIAL),
    "HangUp": ("DELETE", f"/channels/{CALLER}", HANG_UP),
    "ReturnLeg": ("POST", f"/channels/{CALLER}/continue", RETURN),
    "RecordMessage": ("POST", f"/bridges/{BRIDGE}/record", MESSAGE),
    "StopMessage": ("POST", f"/recordings/live/{RECORDING}/stop", STOP_MESSAGE),
}
REFUSALS: dict[
    tuple[int, str], dict[str, TransportFault | None]
] = {  # status and words -> what it means for each command, if not REFUSED
    (404, "Channel not found"): {
        "AnswerLeg": REFUSED,  # the list says that it lives, so it is something else
        "JoinBridge": REFUSED,
        "CloseBridge": None,
        "StopPlayback": None,
        "HangUp": None,
        "StopMusic": None,
        "StopMessage": None,
        "": GONE,
    },
    (409, "Channel not in Stasis application"): {"AnswerLeg": GONE, "JoinBridge": GONE, "StopMusic": None},
    (422, "Unprocessable"): {},
    (500, "Allocation failed"): {"PlayPrompts": GONE},  # it is tried again, and by then there is no bridge
    (503, ""): {},
}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_what_a_no_means(office: Office, name: str, refusal: tuple[int, str]) -> None:
    method, path, command = PLACES[name]
    office.asterisk.refuse(f"{method} {path}", *refusal)
    meanings = REFUSALS[refusal]
    assert await fault_of(office, command) is meanings.get(name, meanings.get("", REFUSED))


AT_ONCE = 5  # requests; more would wait for each other


@pytest.mark.parametrize("first", range(0, len(PLACES), AT_ONCE))
async def test_an_answer_that_does_not_come_means_that_nobody_knows(office: Office, first: int) -> None:
    places = list(PLACES.values())[first : first + AT_ONCE]
    await office.hands.perform(OPEN)
    released = [office.asterisk.hold(f"{method} {path}", times=2) for method, path, _ in places]
    assert await asyncio.gather(*(fault_of(office, command) for _, _, command in places)) == [UNKNOWN] * len(places)
    for one in released:
        one.set()


@pytest.mark.parametrize("name", [name for name, (method, _, _) in PLACES.items() if method == "POST"])
async def test_a_cut_means_that_nobody_knows_and_nothing_is_repeated(office: Office, name: str) -> None:
    method, path, command = PLACES[name]
    office.asterisk.cut(f"{method} {path}")
    assert await fault_of(office, command) is UNKNOWN
    assert len(office.asterisk.asked(method, path)) == 1


@pytest.mark.parametrize("name", PLACES)
async def test_an_asterisk_that_is_not_there_was_sent_nothing(office: Office, name: str) -> None:
    await office.asterisk.__aexit__()
    assert await fault_of(office, PLACES[name][2]) is UNAVAILABLE


@pytest.mark.parametrize("name", PLACES)
async def test_an_asterisk_without_ari_was_sent_nothing(office: Office, name: str) -> None:
    method, path, command = PLACES[name]
    office.asterisk.refuse(f"{method} {path}", 404, html=True)
    assert await fault_of(office, command) is UNAVAILABLE


async def test_a_caller_who_is_gone_is_gone(office: Office) -> None:
    await office.hands.perform(OPEN)
    office.asterisk.hangs_up(CALLER)
    assert await fault_of(office, ANSWER) is GONE
    assert await fault_of(office, JOIN) is GONE
    assert await fault_of(office, RETURN) is GONE
    assert await fault_of(office, HANG_UP) is None


async def test_a_bridge_that_is_gone_is_not_a_caller_who_is_gone(office: Office) -> None:
    """The engine would let go of a caller who is still there, and nobody would ever hang her up."""
    assert CALLER in office.asterisk.channels
    assert await fault_of(office, JOIN) is REFUSED
    assert await fault_of(office, HELLO) is GONE
    assert await fault_of(office, MESSAGE) is GONE


async def test_a_phone_that_asterisk_does_not_know_is_refused(office: Office) -> None:
    office.asterisk.phones.clear()
    assert await fault_of(office, RING) is REFUSED
