"""The link: list first, then go on; phones that stir, once or all at once; an Asterisk that is slow, away or odd."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from callcenter.asterisk.ami import AmiState
from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.asterisk.ari import Access, Ari, Down, Inbox
from callcenter.asterisk.ari.messages import Reader
from callcenter.asterisk.ari.resources import Endpoint
from callcenter.media.voice.link import STIRRED_MAX, VoiceLink
from callcenter.media.voice.phone_use import PhoneUseEars
from callcenter.media.voice.silence import LEGS_MAX, Silence
from callcenter.model.agent import PhoneState
from callcenter.model.events import ContactArrived, DigitPressed, Event, LegSilent, PhoneChanged, Resynced
from callcenter.model.ids import LegId
from callcenter.model.phone_use import PhonesListed, PhoneUsed
from tests.media.rig import LIMIT_S, Asterisk

E = TypeVar("E")
SILENT_S = 0.02


class Desk:
    """A link, what it posts, and the hand that moves its inbox."""

    def __init__(self, asterisk: Asterisk, ari: Ari) -> None:
        self.asterisk = asterisk
        self.inbox = Inbox()
        self.posted: list[Event] = []
        self._changed = asyncio.Event()
        self.link = VoiceLink(ari, self.inbox, self._take, Silence(ari, self._take, silent_s=SILENT_S))
        self._reader = Reader()

    def _take(self, event: Event) -> None:
        self.posted.append(event)
        self._changed.set()

    def says(self, text: str) -> None:
        message = self._reader.decode(text)
        assert message is not None
        self.inbox.on_message(message)

    def presses(self, digit: str) -> None:
        self.says(f'{{"type":"ChannelDtmfReceived","channel":{{"id":"in-1"}},"digit":"{digit}"}}')

    def stirs(self, number: str, kind: str = "ContactStatus") -> None:
        self.link.phone_stirred(AmiMessage(first={"event": kind, "endpointname": number}))

    def device(self, device: str, state: str) -> None:
        """AMI says what a device does."""
        self.link.phone_stirred(AmiMessage(first={"event": "DeviceStateChange", "device": device, "state": state}))

    async def until(self, kind: type[E], count: int = 1) -> list[E]:
        """So many events of a kind, in order."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                found: list[E] = [event for event in self.posted if isinstance(event, kind)]
                if len(found) >= count:
                    return found
                self._changed.clear()
                await self._changed.wait()

    async def in_step(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            await self.link.in_step.wait()


@asynccontextmanager
async def a_desk() -> AsyncIterator[Desk]:
    asterisk = Asterisk()
    async with asterisk:
        asterisk.serve("callcenter")
        access = Access(port=asterisk.port, username=asterisk.username, password=asterisk.password)
        async with Ari(access, command_timeout_s=1.5) as ari:
            desk = Desk(asterisk, ari)
            running = asyncio.create_task(desk.link.run())
            try:
                yield desk
            finally:
                running.cancel()
                await asyncio.wait({running})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with a_desk() as one:
        yield one


# -- in step -----------------------------------------------------------------------------------------------------------


async def test_what_lives_is_told_before_anything_else_and_the_phones_after(desk: Desk) -> None:
    desk.asterisk.caller_arrives("in-1", "in", number="0901")
    desk.asterisk.phones = {"1001": "ring", "1002": "ring"}
    desk.asterisk.unreachable = {"1002"}
    desk.inbox.on_up()
    desk.presses("1")
    await desk.until(DigitPressed)
    resynced, *phones, digit = desk.posted
    assert isinstance(resynced, Resynced)
    assert [leg.leg for leg in resynced.legs] == ["in-1"]
    assert phones == [
        PhoneChanged(number="1001", state=PhoneState.REACHABLE),
        PhoneChanged(number="1002", state=PhoneState.UNREACHABLE),
        PhonesListed(used=()),
    ]
    assert digit == DigitPressed(leg=LegId("in-1"), digit="1")
    await desk.in_step()
    assert desk.link.resyncs == 1


async def test_only_our_legs_and_bridges_are_told(desk: Desk) -> None:
    desk.asterisk.caller_arrives("in-1", "in")
    desk.asterisk.serve("other")
    desk.asterisk.caller_arrives("theirs", app="other")
    desk.asterisk.caller_arrives("dialplan", app="nobody serves this")
    for path, query in ((["b-1"], {"name": "callcenter", "type": "mixing"}), (["b-2"], {"name": "conference"})):
        await desk.asterisk.dispatch("POST", ["bridges", *path], query, {})
    await desk.asterisk.dispatch("POST", ["bridges", "b-1", "addChannel"], {"channel": "in-1"}, {})
    desk.inbox.on_up()
    [resynced] = await desk.until(Resynced)
    assert [leg.leg for leg in resynced.legs] == ["in-1"]
    assert [(bridge.bridge, bridge.legs) for bridge in resynced.bridges] == [("b-1", ("in-1",))]


async def test_a_listing_that_fails_is_tried_again_and_messages_wait_for_it(
    desk: Desk,
) -> None:
    desk.asterisk.refuse("GET /channels", 503, times=1)
    desk.asterisk.cut("GET /bridges", times=2)  # aiohttp repeats a GET once by itself
    desk.inbox.on_up()
    desk.presses("1")
    await desk.until(DigitPressed)
    assert [type(event) for event in desk.posted] == [Resynced, PhonesListed, DigitPressed]


async def test_messages_are_kept_while_asterisk_takes_its_time(desk: Desk) -> None:
    released = desk.asterisk.hold("GET /channels")
    desk.inbox.on_up()
    await desk.asterisk.received("GET /channels")
    for digit in "123":
        desk.presses(digit)
    assert (desk.posted, desk.link.in_step.is_set()) == ([], False)
    released.set()
    assert [event.digit for event in await desk.until(DigitPressed, 3)] == ["1", "2", "3"]
    assert isinstance(desk.posted[0], Resynced)


async def test_a_link_that_breaks_while_it_lists_lists_again_when_it_is_back(desk: Desk) -> None:
    released = desk.asterisk.hold("GET /channels")
    desk.inbox.on_up()
    await desk.asterisk.received("GET /channels")
    desk.inbox.on_down(Down.CUT)
    desk.inbox.on_up()
    desk.presses("1")
    desk.asterisk.caller_arrives("in-2", "in")
    released.set()
    await desk.until(DigitPressed)
    *_, last = await desk.until(Resynced, 2)
    assert [leg.leg for leg in last.legs] == ["in-2"]
    assert [type(event) for event in desk.posted] == [Resynced, PhonesListed, Resynced, PhonesListed, DigitPressed]
    await desk.in_step()


async def test_a_link_that_breaks_is_out_of_step_until_it_is_back(desk: Desk) -> None:
    desk.inbox.on_up()
    await desk.in_step()
    desk.inbox.on_down(Down.SILENT)
    desk.presses("1")  # the last word before it broke came before on_down; this stands for one that is late
    await desk.until(DigitPressed)
    assert not desk.link.in_step.is_set()
    desk.inbox.on_up()
    await desk.in_step()
    assert desk.link.resyncs == 2


async def test_a_flapping_link_lists_each_time(desk: Desk) -> None:
    for _ in range(3):
        desk.inbox.on_up()
        await desk.in_step()
        desk.inbox.on_down(Down.CUT)
        desk.presses("0")
    await desk.until(DigitPressed, 3)
    assert desk.link.resyncs == 3


async def test_phones_that_cannot_be_listed_keep_nobody_from_being_in_step(desk: Desk) -> None:
    desk.asterisk.refuse("GET /endpoints/PJSIP", 500)
    desk.inbox.on_up()
    await desk.in_step()
    assert [type(event) for event in desk.posted] == [Resynced]


async def test_a_caller_who_came_while_we_listed_comes_once_from_the_link(desk: Desk) -> None:
    desk.inbox.on_up()
    desk.says('{"type":"StasisStart","channel":{"id":"in-9"},"args":["in"]}')
    await desk.until(ContactArrived)
    assert [type(event) for event in desk.posted] == [Resynced, PhonesListed, ContactArrived]


# -- phones ------------------------------------------------------------------------------------------------------------


async def test_a_phone_that_stirs_is_looked_at(desk: Desk) -> None:
    desk.inbox.on_up()
    await desk.in_step()
    desk.asterisk.phones["1001"] = "ring"
    desk.stirs("1001")
    desk.stirs("gone")
    assert await desk.until(PhoneChanged, 2) == [
        PhoneChanged(number="1001", state=PhoneState.REACHABLE),
        PhoneChanged(number="gone", state=PhoneState.UNREACHABLE),
    ]


async def test_a_phone_that_stirs_all_the_time_is_looked_at_once_more_and_no_oftener(desk: Desk) -> None:
    desk.asterisk.phones["1001"] = "ring"
    desk.inbox.on_up()
    await desk.in_step()
    await desk.until(PhoneChanged)
    released = desk.asterisk.hold("GET /endpoints/PJSIP/1001")
    for _ in range(50):
        desk.stirs("1001")
    await desk.asterisk.received("GET /endpoints/PJSIP/1001")
    desk.asterisk.unreachable = {"1001"}
    for _ in range(50):
        desk.stirs("1001")  # the answer that is on its way may be older than this
    released.set()
    assert (await desk.until(PhoneChanged, 3))[1:] == 2 * [PhoneChanged(number="1001", state=PhoneState.UNREACHABLE)]
    assert len(desk.asterisk.asked("GET", "/endpoints/PJSIP/1001")) == 2


async def test_when_everybody_stirs_everybody_is_listed(desk: Desk) -> None:
    desk.inbox.on_up()
    await desk.in_step()
    numbers = [str(number) for number in range(1000, 1000 + 10 * STIRRED_MAX)]
    desk.asterisk.phones = dict.fromkeys(numbers, "ring")
    for number in numbers:
        desk.stirs(number)
    found = await desk.until(PhoneChanged, len(numbers) + STIRRED_MAX)
    assert {event.number for event in found} == set(numbers)
    assert len(desk.asterisk.asked("GET", "/endpoints/PJSIP")) == 2  # one of them when the link came up


async def test_a_phone_that_could_not_be_asked_about_is_asked_about_again(desk: Desk) -> None:
    desk.inbox.on_up()
    await desk.in_step()
    desk.asterisk.phones["1001"] = "ring"
    desk.asterisk.refuse("GET /endpoints/PJSIP/1001", 500)
    desk.stirs("1001")
    assert await desk.until(PhoneChanged) == [PhoneChanged(number="1001", state=PhoneState.REACHABLE)]


async def test_phones_wait_for_a_link_and_are_listed_with_it(desk: Desk) -> None:
    desk.asterisk.phones["1001"] = "ring"
    desk.stirs("1001")
    desk.inbox.on_up()
    found = await desk.until(PhoneChanged, 2)
    assert set(found) == {PhoneChanged(number="1001", state=PhoneState.REACHABLE)}
    assert isinstance(desk.posted[0], Resynced)


async def test_a_phone_that_came_while_nobody_listened_is_found_when_ami_is_back(desk: Desk) -> None:
    """After a start of Asterisk we are linked, and have listed the phones, before AMI tells of their coming."""
    desk.asterisk.phones["1001"] = "ring"
    desk.asterisk.unreachable = {"1001"}
    desk.inbox.on_up()
    await desk.in_step()
    desk.link.phones_heard(AmiState.DOWN)
    desk.asterisk.unreachable = set()
    desk.link.phones_heard(AmiState.UP)
    assert await desk.until(PhoneChanged, 2) == [
        PhoneChanged(number="1001", state=PhoneState.UNREACHABLE),
        PhoneChanged(number="1001", state=PhoneState.REACHABLE),
    ]


async def test_a_phone_that_does_not_answer_is_silent_when_no_packet_comes_on_its_leg_any_more(desk: Desk) -> None:
    desk.asterisk.phones = {"1001": "ring", "1002": "ring", "1003": "ring", "trunk": "ring"}
    desk.asterisk.unreachable = {"1001", "1002", "trunk"}
    callers = [f"l-caller{n}" for n in range(LEGS_MAX + 1)]
    desk.asterisk.phone_legs = {
        "1001": ["l-dead", "l-gone"],
        "1002": ["l-heard"],
        "1003": ["l-muted"],
        "trunk": callers,
    }
    desk.asterisk.heard = {"l-dead": 7, "l-heard": 7, "l-muted": 7, **dict.fromkeys(callers, 7)}
    desk.asterisk.says = {"l-heard": 1}
    desk.inbox.on_up()
    silent = await desk.until(LegSilent, 3)
    assert {event.leg for event in silent} == {"l-dead"}, "neither who is heard, nor who answers though she is muted"
    assert len(desk.asterisk.asked("GET", "/channels/l-heard/rtp_statistics")) >= 2
    assert not desk.asterisk.asked("GET", "/channels/l-caller0/rtp_statistics"), "a trunk is no phone"

    desk.asterisk.unreachable = set()
    desk.stirs("1001")
    desk.stirs("1002")
    assert [one.state for one in (await desk.until(PhoneChanged, 6))[4:]] == 2 * [PhoneState.REACHABLE]
    desk.asterisk.unreachable = {"1001"}
    before = len(await desk.until(LegSilent))
    desk.stirs("1001")  # once more: it is looked at again
    await desk.until(LegSilent, before + 2)


@pytest.mark.parametrize("number", ["", "a b", "x,y", "é", "../channels", "1" * 65, "1\r\n2"])
async def test_odd_names_of_endpoints_are_left_alone(desk: Desk, number: str) -> None:
    desk.inbox.on_up()
    await desk.in_step()
    desk.stirs(number)
    desk.stirs("1001", kind="FullyBooted")
    desk.stirs("last")
    await desk.until(PhoneChanged)
    assert [one for one in desk.asterisk.requests if "endpoints/PJSIP/" in one] == ["GET /endpoints/PJSIP/last"]


# -- phones in use -----------------------------------------------------------------------------------------------------


async def test_each_change_of_a_phones_use_is_told_once_and_all_of_them_when_they_are_listed(desk: Desk) -> None:
    desk.asterisk.phones = {"1001": "ring", "1002": "ring"}
    desk.asterisk.phone_legs = {"1002": ["in-7"]}
    desk.inbox.on_up()
    await desk.in_step()
    assert await desk.until(PhonesListed) == [PhonesListed(used=("1002",))]
    for device, state in (
        ("PJSIP/1001", "RINGING"),
        ("PJSIP/1001", "INUSE"),
        ("PJSIP/1002", "ONHOLD"),
        ("Local/1001@x", "NOT_INUSE"),
        ("PJSIP/1001", "NOT_INUSE"),
        ("PJSIP/1001", "UNAVAILABLE"),
        ("PJSIP/1002", "NOT_INUSE"),
    ):
        desk.device(device, state)
    assert await desk.until(PhoneUsed, 3) == [
        PhoneUsed(number="1001", used=True),
        PhoneUsed(number="1001", used=False),
        PhoneUsed(number="1002", used=False),
    ]


def endpoint(number: str, *channels: str) -> Endpoint:
    return Endpoint(technology="PJSIP", resource=number, state="online", channel_ids=channels)


def test_a_list_that_crosses_a_change_is_older_than_it_and_one_alone_is_not_believed() -> None:
    posted: list[Event] = []
    ears = PhoneUseEars(posted.append, lambda number: number != "trunk")

    def says(number: str, state: str) -> None:
        ears.told(AmiMessage(first={"event": "DeviceStateChange", "device": f"PJSIP/{number}", "state": state}))

    says("1001", "INUSE")
    says("trunk", "INUSE")
    ears.asks()
    says("1001", "NOT_INUSE")
    says("1002", "RINGING")
    ears.listed((endpoint("1001", "a"), endpoint("1002"), endpoint("trunk", "b")), always=True)
    assert posted[1:] == [
        PhoneUsed(number="1001", used=False),
        PhoneUsed(number="1002", used=True),
        PhonesListed(used=("1002",)),
    ]
    del posted[:]
    ears.asks()
    ears.listed((endpoint("1001", "c"), endpoint("1002", "d")), always=False)
    assert posted == [], "a channel that was about to come to nothing, perhaps"
    ears.asks()
    ears.listed((endpoint("1001", "c"), endpoint("1002", "d")), always=False)
    ears.asks()
    ears.listed((endpoint("1001", "c"), endpoint("1002")), always=False)
    assert posted == [PhonesListed(used=("1001", "1002")), PhonesListed(used=("1001",))]
