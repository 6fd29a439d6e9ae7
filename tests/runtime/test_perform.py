"""Lanes: order within a contact, none between contacts; faults come back as events, bugs are loud, all is bounded."""

import asyncio
from collections import Counter

import pytest

from callcenter.core.world import NOBODY
from callcenter.errors import Bug, OutcomeUnknown, PeerFault, PeerRefused, PeerUnavailable, SubjectGone
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    Reply,
)
from callcenter.model.contact import TransportFault
from callcenter.model.events import CommandFailed, Event
from callcenter.model.ids import BridgeId, ContactId, LegId, PlaybackId, RequestId
from callcenter.runtime import perform
from callcenter.runtime.perform import LanePerformer, kind_of
from tests.runtime.rig import LIMIT_S

BRIDGE = BridgeId("b-1")


class Workshop:
    """A medium whose work takes as long as the test wants, and fails as it says."""

    def __init__(self) -> None:
        self.begun: list[Command] = []
        self.done: list[Command] = []
        self.posted: list[Event] = []
        self.crashes: list[BaseException] = []
        self.fails: dict[type[Command], BaseException] = {}
        self.held: set[ContactId] = set()
        self._released = asyncio.Event()
        self._changed = asyncio.Condition()
        self.performer = LanePerformer(self, self, self.crashes.append)

    async def perform(self, command: Command) -> None:
        self.begun.append(command)
        async with self._changed:
            self._changed.notify_all()
        if not isinstance(command, Reply) and command.contact in self.held:
            await self._released.wait()
        if type(command) in self.fails:
            raise self.fails[type(command)]
        self.done.append(command)

    def post(self, event: Event) -> None:
        self.posted.append(event)

    def release(self) -> None:
        self._released.set()

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S), self._changed:
            await self._changed.wait_for(lambda: len(self.begun) >= count)

    async def finish(self) -> None:
        assert await self.performer.idle(LIMIT_S)


def steps(contact: str) -> list[Command]:
    """What is done with a new call."""
    leg, bridge = LegId(f"leg-{contact}"), BridgeId(f"b-{contact}")
    return [
        AnswerLeg(contact=ContactId(contact), leg=leg),
        OpenBridge(contact=ContactId(contact), bridge=bridge),
        JoinBridge(contact=ContactId(contact), leg=leg, bridge=bridge),
    ]


async def test_commands_of_a_contact_keep_their_order_and_contacts_do_not_wait_for_each_other() -> None:
    shop = Workshop()
    shop.held = {ContactId("c-1")}
    shop.performer.enqueue([command for pair in zip(steps("c-1"), steps("c-2"), strict=True) for command in pair])
    await shop.until_begun(4)
    assert shop.done == steps("c-2")
    shop.release()
    await shop.finish()
    assert [command for command in shop.done if command not in steps("c-2")] == steps("c-1")
    assert shop.performer.performed == 6


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (SubjectGone("no such channel"), TransportFault.GONE),
        (PeerRefused("no"), TransportFault.REFUSED),
        (PeerUnavailable("away"), TransportFault.UNAVAILABLE),
        (OutcomeUnknown("cut"), TransportFault.UNKNOWN),
        (PeerFault("nonsense"), TransportFault.REFUSED),
    ],
)
async def test_a_fault_comes_back_as_an_event_and_the_lane_goes_on(fault: PeerFault, kind: TransportFault) -> None:
    shop = Workshop()
    shop.fails = {OpenBridge: fault}
    answer, opening, joining = steps("c-1")
    shop.performer.enqueue([answer, opening, joining])
    await shop.finish()
    assert shop.done == [answer, joining]
    assert shop.posted == [
        CommandFailed(contact=ContactId("c-1"), command="OpenBridge", subject="b-c-1", fault=kind, detail=str(fault))
    ]
    assert kind_of(fault) is kind
    assert (shop.performer.performed, shop.performer.failed) == (2, 1)
    assert shop.crashes == []


async def test_a_bug_is_loud_and_takes_only_its_own_lane() -> None:
    shop = Workshop()
    shop.held = {ContactId("c-2")}
    shop.fails = {OpenBridge: Bug("impossible")}
    shop.performer.enqueue([*steps("c-1"), steps("c-2")[0]])
    await shop.until_begun(3)
    shop.release()
    await shop.finish()
    [crash] = shop.crashes
    assert isinstance(crash, Bug)
    assert crash.__notes__ == ["perform c-1"]
    assert shop.done == [steps("c-1")[0], steps("c-2")[0]]
    assert shop.posted == []  # nothing that the engine could act upon: nobody knows what was done
    shop.fails = {}
    shop.performer.enqueue(steps("c-1"))  # a lane of that name is there again
    await shop.finish()
    assert shop.done[-3:] == steps("c-1")


async def test_what_is_under_way_at_the_end_is_dropped_and_nothing_new_is_begun() -> None:
    shop = Workshop()
    shop.held = {ContactId("c-1")}
    shop.performer.enqueue(steps("c-1"))
    await shop.until_begun(1)
    assert not await shop.performer.idle(0.01)
    async with asyncio.timeout(LIMIT_S):
        await shop.performer.close()
    shop.performer.enqueue(steps("c-2"))
    await shop.finish()
    assert (shop.begun, shop.done, shop.posted, shop.crashes) == (steps("c-1")[:1], [], [], [])


async def test_lanes_are_bounded_in_number_and_in_length() -> None:
    shop = Workshop()
    shop.held = {ContactId(f"c-{n}") for n in range(perform.LANES_MAX)}
    shop.performer.enqueue([steps(f"c-{n}")[0] for n in range(perform.LANES_MAX)])
    shop.performer.enqueue([steps("c-more")[0]])
    shop.performer.enqueue([steps("c-0")[1]] * (perform.LANE_MAX + 1))
    faults = [(event.contact, event.fault) for event in shop.posted if isinstance(event, CommandFailed)]
    # the first command has not begun yet, so it counts
    assert faults == [(ContactId("c-more"), TransportFault.UNAVAILABLE)] + 2 * [
        (ContactId("c-0"), TransportFault.UNAVAILABLE)
    ]
    await shop.performer.close()


async def test_strays_of_no_contact_do_not_wait_for_each_other() -> None:
    shop = Workshop()
    shop.held = {NOBODY}
    strays: list[Command] = [HangUp(contact=NOBODY, leg=LegId(f"leg-{n}")) for n in range(5)]
    strays.append(CloseBridge(contact=NOBODY, bridge=BRIDGE))
    shop.performer.enqueue(strays)
    await shop.until_begun(len(strays))
    shop.release()
    await shop.finish()
    assert Counter(shop.done) == Counter(strays)


async def test_replies_are_not_for_the_medium() -> None:
    shop = Workshop()
    shop.performer.enqueue([Reply(request=RequestId("r-1"))])
    await shop.finish()
    assert shop.begun == []


async def test_a_failed_command_names_what_it_was_about() -> None:
    shop = Workshop()
    shop.fails = {PlayPrompts: PeerRefused("no sound")}
    shop.performer.enqueue(
        [
            PlayPrompts(
                contact=ContactId("c-1"), bridge=BRIDGE, playback=PlaybackId("p-1"), prompts=("hello",), language="en"
            )
        ]
    )
    await shop.finish()
    assert [event.subject for event in shop.posted if isinstance(event, CommandFailed)] == ["p-1"]
