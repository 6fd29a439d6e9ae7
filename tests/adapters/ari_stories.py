"""What a user of ARI lives through, told once and run against the fake and against a real Asterisk.

`World` is where a story happens: requests, a link's inbox, both already up. Endpoints are those of both sides:
`Local/answer@test/n` and its kind.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest

from callcenter.asterisk.ari import (
    AllocationFailed,
    AlreadyExists,
    Ari,
    AriRefused,
    Call,
    Conflict,
    Gone,
    HangupReason,
    Inbox,
    LinkDown,
    LinkUp,
    Message,
    NotInStasis,
    ToStasis,
)
from callcenter.asterisk.ari import messages as m
from callcenter.errors import OutcomeUnknown

APP: Final = "callcenter"
WAIT_S: Final = 5.0
T = TypeVar("T")


@dataclass(kw_only=True)
class World:
    ari: Ari
    inbox: Inbox
    seen: list[Message | LinkUp | LinkDown] = field(default_factory=list)

    async def until(self, kind: type[T], matches: Callable[[T], bool] = lambda _: True) -> T:
        """The next item of this kind that matches; what comes before is passed over (and kept in `seen`)."""
        async with asyncio.timeout(WAIT_S):
            while True:
                item = await self.inbox.next()
                self.seen.append(item)
                if isinstance(item, kind) and matches(item):
                    return item

    async def of_channel(self, kind: type[T], channel_id: str) -> T:
        """The next event of this kind about this channel."""

        def about(item: T) -> bool:
            about_what: Any = item
            return bool(getattr(about_what, "peer" if kind is m.Dial else "channel").id == channel_id)

        return await self.until(kind, about)

    async def collect(self, last: type[T], channel_id: str) -> list[Message]:
        """All messages up to and including the one of kind `last` about this channel."""
        start = len(self.seen)
        await self.of_channel(last, channel_id)
        return [item for item in self.seen[start:] if not isinstance(item, LinkUp | LinkDown)]


def local(behaviour: str, channel_id: str) -> Call:
    return Call(endpoint=f"Local/{behaviour}@test/n", other_channel_id=f"{channel_id}-far", formats=("alaw",))


async def answered(world: World, channel_id: str, behaviour: str = "answer") -> None:
    await world.ari.channels.originate(channel_id, local(behaviour, channel_id), ToStasis(app=APP, args=("out",)))
    await world.of_channel(m.StasisStart, channel_id)


async def an_answered_call_is_bridged_played_to_recorded_and_hung_up(world: World) -> None:
    ari = world.ari
    await answered(world, "a-1")
    await answered(world, "a-2", "echo")
    bridge = await ari.bridges.create("br-1", name="one")
    assert bridge.id == "br-1"
    assert bridge.bridge_type == "mixing"
    await ari.bridges.add_channel("br-1", ["a-1", "a-2"])
    await world.of_channel(m.ChannelEnteredBridge, "a-2")
    assert sorted((await ari.bridges.get("br-1")).channels) == ["a-1", "a-2"]

    recording = await ari.bridges.record("br-1", "day/rec-1")
    assert recording.name == "day/rec-1"
    await world.until(m.RecordingStarted)
    playback = await ari.bridges.play("br-1", "p-1", ["sound:hello-world"])
    assert playback.target_uri == "bridge:br-1"
    assert (await world.until(m.PlaybackStarted)).playback.id == "p-1"
    await ari.playbacks.stop("p-1")
    assert (await world.until(m.PlaybackFinished)).playback.state == "done"

    assert await ari.recordings.stop("day/rec-1")
    assert (await world.until(m.RecordingFinished)).recording.name == "day/rec-1"
    assert (await ari.recordings.get_stored("day/rec-1")).format == "wav"
    assert not await ari.recordings.stop("day/rec-1")

    assert await ari.channels.hangup("a-1", reason=HangupReason.ANSWERED_ELSEWHERE)
    told = await world.collect(m.ChannelDestroyed, "a-1")
    ours = [one for one in told if getattr(getattr(one, "channel", None), "id", "") == "a-1"]
    kinds = [type(one).__name__ for one in ours if not isinstance(one, m.ChannelVarset)]
    assert kinds == ["ChannelHangupRequest", "ChannelLeftBridge", "StasisEnd", "ChannelDestroyed"], kinds
    assert isinstance(told[-1], m.ChannelDestroyed)
    assert told[-1].cause == 26
    assert not await ari.channels.hangup("a-1")
    assert await ari.channels.find("a-1") is None
    assert (await ari.channels.get("a-2")).state == "Up"  # left alone in the bridge, and alive

    assert await ari.channels.hangup("a-2")
    assert await ari.bridges.destroy("br-1")
    assert not await ari.bridges.destroy("br-1")


async def a_created_channel_is_dialled_at_once(world: World) -> None:
    """Pitfall 1: it has not entered Stasis yet, which Asterisk says with 409."""
    for number in range(5):
        channel_id = f"cd-{number}"
        await world.ari.channels.create(channel_id, local("answer", channel_id), ToStasis(app=APP))
        await world.ari.channels.dial(channel_id, timeout_s=10)
        dial = await world.of_channel(m.Dial, channel_id)
        while dial.dialstatus != m.DialStatus.ANSWER:
            dial = await world.of_channel(m.Dial, channel_id)
        assert dial.peer.state == "Up"
        assert await world.ari.channels.hangup(channel_id)


async def a_busy_created_channel_stays_until_it_is_deleted(world: World) -> None:
    await world.ari.channels.create("b-1", local("busy", "b-1"), ToStasis(app=APP))
    await world.ari.channels.dial("b-1")
    await world.until(m.Dial, lambda one: one.dialstatus == m.DialStatus.BUSY)
    assert (await world.ari.channels.get("b-1")).id == "b-1"
    assert await world.ari.channels.hangup("b-1")
    await world.of_channel(m.ChannelDestroyed, "b-1")


async def a_busy_originated_call_ends_without_stasis(world: World) -> None:
    await world.ari.channels.originate("b-2", local("busy", "b-2"), ToStasis(app=APP))
    told = await world.collect(m.ChannelDestroyed, "b-2")
    assert m.DialStatus.BUSY in [one.dialstatus for one in told if isinstance(one, m.Dial)]
    assert not [one for one in told if isinstance(one, m.StasisStart)]


async def a_rejected_call_tells_its_cause(world: World) -> None:
    """Dial says NOANSWER; only the cause says what it was."""
    await world.ari.channels.originate("r-1", local("reject", "r-1"), ToStasis(app=APP))
    assert (await world.of_channel(m.ChannelDestroyed, "r-1")).cause == 21


async def a_ringing_call_is_cancelled(world: World) -> None:
    await world.ari.channels.originate("x-1", local("ring", "x-1"), ToStasis(app=APP))
    await world.until(m.Dial, lambda one: one.dialstatus == m.DialStatus.RINGING)
    assert await world.ari.channels.hangup("x-1", reason=HangupReason.ANSWERED_ELSEWHERE)
    assert (await world.of_channel(m.ChannelDestroyed, "x-1")).cause == 26


async def an_id_in_use_is_told_apart_from_a_call_that_cannot_be_made(world: World) -> None:
    """Pitfall 2: Asterisk answers both with the same 409 once it has seen a real duplicate."""
    to = ToStasis(app=APP)
    await answered(world, "d-1")
    with pytest.raises(AlreadyExists) as exists:
        await world.ari.channels.originate("d-1", local("answer", "d-1"), to, again=True)
    assert exists.value.channel.id == "d-1"
    with pytest.raises(AllocationFailed):
        await world.ari.channels.originate("d-2", Call(endpoint="PJSIP/nobody"), to)
    assert await world.ari.channels.hangup("d-1")


async def a_playback_on_a_channel_holds_up_others(world: World) -> None:
    """Pitfall 4: the request that was given up is carried out later."""
    await answered(world, "w-1")
    await world.ari.bridges.create("w-br")
    await world.ari.channels.play("w-1", "w-p", ["sound:demo-congrats"])
    await world.until(m.PlaybackStarted)
    with pytest.raises(OutcomeUnknown):
        await world.ari.bridges.add_channel("w-br", ["w-1"])
    assert (await world.ari.bridges.get("w-br")).channels == ()
    assert await world.ari.playbacks.stop("w-p")
    entered = await world.of_channel(m.ChannelEnteredBridge, "w-1")
    assert entered.bridge.id == "w-br"
    assert await world.ari.channels.hangup("w-1")
    assert await world.ari.bridges.destroy("w-br")


async def moving_to_the_same_application_adopts_a_call(world: World) -> None:
    await answered(world, "m-1")
    await world.ari.channels.move("m-1", ToStasis(app=APP, args=("adopted", "7")))
    await world.of_channel(m.StasisEnd, "m-1")
    assert (await world.of_channel(m.StasisStart, "m-1")).args == ("adopted", "7")
    place = (await world.ari.channels.get("m-1")).dialplan
    assert (place.app_name, place.app_data) == ("Stasis", f"{APP},out")  # the first arguments for ever
    await world.ari.channels.move("m-1", ToStasis(app="nobody"))
    assert (await world.until(m.ApplicationMoveFailed)).destination == "nobody"
    assert await world.ari.channels.hangup("m-1")


async def what_is_gone_is_gone(world: World) -> None:
    ari = world.ari
    with pytest.raises(Gone):
        await ari.channels.get("nobody")
    with pytest.raises(Gone):
        await ari.channels.answer("nobody")
    with pytest.raises(Gone):
        await ari.bridges.get("nothing")
    assert not await ari.channels.hangup("nobody")
    assert not await ari.playbacks.stop("nothing")
    assert not await ari.bridges.destroy("nothing")
    assert not await ari.recordings.stop("nothing")
    await ari.bridges.create("g-br")
    with pytest.raises(Gone):  # 400 there
        await ari.bridges.add_channel("g-br", ["nobody"])
    assert await ari.bridges.destroy("g-br")


async def a_bridge_may_be_made_twice(world: World) -> None:
    await world.ari.bridges.create("t-br")
    assert (await world.ari.bridges.create("t-br")).id == "t-br"
    assert [bridge.id for bridge in await world.ari.bridges.list()] == ["t-br"]
    assert await world.ari.bridges.destroy("t-br")


async def a_channel_outside_of_stasis_is_not_ours(world: World) -> None:
    await answered(world, "o-1")
    far = "o-1-far"
    await world.ari.bridges.create("o-br")
    with pytest.raises(NotInStasis):
        await world.ari.channels.answer(far)
    with pytest.raises(NotInStasis):  # 422 there
        await world.ari.bridges.add_channel("o-br", [far])
    assert await world.ari.channels.hangup(far)  # works in Stasis or not
    await world.of_channel(m.ChannelDestroyed, "o-1")
    assert await world.ari.bridges.destroy("o-br")


async def an_application_nobody_serves_swallows_a_call(world: World) -> None:
    """Pitfall 3: success, and then the channel vanishes."""
    await world.ari.channels.originate("n-1", local("answer", "n-1"), ToStasis(app="nobody"))
    async with asyncio.timeout(WAIT_S):
        while await world.ari.channels.find("n-1") is not None:
            await world.ari.asterisk.ping()


async def variables_are_written_and_read(world: World) -> None:
    await answered(world, "v-1")
    await world.ari.channels.set_channel_var("v-1", "CC_NOTE", "a+b & c=d; é%")
    assert await world.ari.channels.get_channel_var("v-1", "CC_NOTE") == "a+b & c=d; é%"
    assert await world.ari.channels.get_channel_var("v-1", "CC_NONE") is None
    with pytest.raises(Gone):
        await world.ari.channels.get_channel_var("nobody", "CC_NOTE")
    assert await world.ari.channels.hangup("v-1")


async def device_states_of_ours_are_set_and_others_refused(world: World) -> None:
    await world.ari.device_states.update("Stasis:lamp", "INUSE")
    assert (await world.ari.device_states.get("Stasis:lamp")).state == "INUSE"
    with pytest.raises(Conflict):
        await world.ari.rest.send("PUT", "deviceStates/PJSIP%2F1", query={"deviceState": "INUSE"})
    assert await world.ari.device_states.delete("Stasis:lamp")


async def a_source_that_does_not_exist_cannot_be_subscribed(world: World) -> None:
    with pytest.raises(AriRefused) as refused:
        await world.ari.applications.subscribe(APP, ["endpoint:PJSIP/nobody"])
    assert refused.value.status == 422


async def a_caller_has_a_cause_only_when_subscribed(world: World) -> None:
    """A channel that the dialplan sent in: no ChannelDestroyed unless subscribed."""
    await world.ari.channels.originate("in-1", local("in", "in-1"), ToStasis(app=APP))
    start = await world.of_channel(m.StasisStart, "in-1-far")
    assert start.args == ("in",)
    await world.ari.applications.subscribe(APP, ["channel:in-1-far"])
    assert await world.ari.channels.hangup("in-1-far", reason=HangupReason.BUSY)
    assert (await world.of_channel(m.ChannelDestroyed, "in-1-far")).cause == 17


async def a_word_to_ourselves_comes_back_in_order(world: World) -> None:
    await world.ari.events.user_event("mark", APP, variables={"n": "1"})
    event = await world.until(m.ChannelUserevent)
    assert event.eventname == "mark"
    assert event.userevent.get("n") == "1"


STORIES: Final = (
    an_answered_call_is_bridged_played_to_recorded_and_hung_up,
    a_created_channel_is_dialled_at_once,
    a_busy_created_channel_stays_until_it_is_deleted,
    a_busy_originated_call_ends_without_stasis,
    a_rejected_call_tells_its_cause,
    a_ringing_call_is_cancelled,
    an_id_in_use_is_told_apart_from_a_call_that_cannot_be_made,
    a_playback_on_a_channel_holds_up_others,
    moving_to_the_same_application_adopts_a_call,
    what_is_gone_is_gone,
    a_bridge_may_be_made_twice,
    a_channel_outside_of_stasis_is_not_ours,
    an_application_nobody_serves_swallows_a_call,
    variables_are_written_and_read,
    device_states_of_ours_are_set_and_others_refused,
    a_source_that_does_not_exist_cannot_be_subscribed,
    a_caller_has_a_cause_only_when_subscribed,
    a_word_to_ourselves_comes_back_in_order,
)
