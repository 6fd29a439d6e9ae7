"""Phones that are nailed up: called once, kept connected, joined to calls at once. Knows their one long leg; no queue.

Theory: the leg of such a phone outlives the contacts that it is lent to. While a contact has it, it is that contact's
agent leg like any other, and whoever has done with it (`World.let_go`) does not hang it up. What should be follows from
her status, her rules and whether a contact counts on the leg; after every event `settle` compares that with what is: a
phone that is to be called, one that is to be let go, one that should be at home, in the bridge of its own, and is not.

Where the leg is follows from the commands of each turn, which are looked through for it: so no part of the core that
moves legs needs to know of this one. A leg that ends is never a way to end a call: her caller is kept.
"""

from typing import Final

from callcenter.core.state import AgentRecord, Nail
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import AgentStatus, NailState, PhoneState
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    LeaveBridge,
    MuteLeg,
    OpenBridge,
    PlayTone,
    RingPhone,
    Snoop,
    StopPlayback,
)
from callcenter.model.contact import LegEnd, TransportFault
from callcenter.model.events import CommandFailed
from callcenter.model.facts import PhoneNailed
from callcenter.model.ids import AgentId, BridgeId, ContactId, LegId

RING_S: Final = 45.0  # how long her phone rings to be nailed up
RING_GRACE_S: Final = 5.0  # Asterisk gives up by itself so long after we should have told it to
CALL_AGAIN_S: Final = 20.0  # a phone that could not be called, by no fault of hers, is called again so much later
TONE: Final = "!1000/300"  # Hz and ms, once (Asterisk, main/indications.c)
TONE_S: Final = 1.0  # how long it has to be heard, with the time that Asterisk needs to begin
PHONE_SAYS: Final = "Call center"  # what her phone shows while it rings
LANE: Final = "nail-"

_WHY: Final = {
    LegEnd.NORMAL: "phone_rejected",
    LegEnd.NO_ANSWER: "phone_no_answer",
    LegEnd.BUSY: "phone_busy",
    LegEnd.REJECTED: "phone_rejected",
}
"""Why her phone was not nailed up, as the reason of the pause that follows; after any other end it is called again."""
HUNG_UP: Final = "phone_hung_up"
LOST: Final = "phone_lost"


def lane_of(agent: AgentId) -> ContactId:
    """Commands about one phone that is nailed up are carried out one after the other, as those of a contact are."""
    return ContactId(f"{LANE}{agent}")


class Nails:
    """All phones that are, or are to be, nailed up."""

    __slots__ = ("_alerts", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._alerts: list[AgentId] = []  # who has a contact since this turn

    # -- what happens --------------------------------------------------------------------------------------------------

    def answered(self, leg: LegId) -> None:
        """Her phone was picked up, or the ear for the tone is there."""
        world = self._world
        record = self._of(leg)
        nail = record.nail if record is not None else None
        if record is None or nail is None:
            return
        lane = lane_of(record.agent.id)
        if leg == nail.ear:
            world.out.append(JoinBridge(contact=lane, bridge=nail.bridge, leg=leg))
            self._play(record, nail)
        elif nail.state is NailState.CALLING:
            nail.state = NailState.UP
            world.timers.cancel(TimerKind.NAIL, record.agent.id)
            world.out += (
                PhoneNailed(agent=record.agent.id, leg=leg, state=nail.state),
                OpenBridge(contact=lane, bridge=nail.bridge),
                JoinBridge(contact=lane, bridge=nail.bridge, leg=leg),
            )
            world.agents.connected(record, world.now)

    def leg_ended(self, leg: LegId, end: LegEnd) -> None:
        """One of these legs is gone. If it was her phone's she is not ready; her contact is told of it by others."""
        record = self._of(leg)
        nail = record.nail if record is not None else None
        if record is None or nail is None:
            return
        if leg == nail.ear:
            del self._world.nailed[leg]
            nail.ear = None
        elif nail.state is NailState.UP:
            self._lost(record, nail, HUNG_UP if end is LegEnd.NORMAL else LOST)
        elif end in _WHY:
            self._lost(record, nail, _WHY[end])
        else:
            self._call_again(record, nail, f"phone_{end.value}")

    def time_came(self, agent: AgentId) -> None:
        """Her phone was not answered, or is to be called again."""
        record = self._world.agents.records.get(agent)
        if record is None:
            return
        nail = record.nail
        if nail is not None and nail.state is NailState.CALLING:
            self._world.out.append(HangUp(contact=lane_of(agent), leg=nail.leg, end=LegEnd.CANCELLED))
            self._lost(record, nail, _WHY[LegEnd.NO_ANSWER])
        self._world.agents.to_nail.append(agent)

    def tone_heard(self, agent: AgentId) -> None:
        """She has heard the tone."""
        record = self._world.agents.records.get(agent)
        if record is not None and record.nail is not None:
            self._hush(record, record.nail)

    def alert(self, agent: AgentId) -> None:
        """A contact has come to her: she hears a tone, wherever she is after this turn."""
        self._alerts.append(agent)

    def failed(self, event: CommandFailed) -> bool:
        """A command about such a phone was not carried out; whether it was one."""
        world, leg = self._world, LegId(event.subject)
        if event.contact.startswith(LANE):
            record = world.agents.records.get(AgentId(event.contact.removeprefix(LANE)))
        elif event.command == "JoinBridge" and leg in world.nailed and leg not in world.legs:
            record = self._of(leg)  # on its way home, in the lane of the contact that had it
        else:
            return False
        nail = record.nail if record is not None else None
        if record is None or nail is None or event.fault is TransportFault.UNKNOWN:
            return True  # what was asked for shows itself, or its deadline comes
        match event.command:
            case "RingPhone" if leg == nail.leg and nail.state is NailState.CALLING:
                self._call_again(record, nail, "phone_failed")
            case "Snoop" if leg == nail.ear:
                self._hush(record, nail)
            case "OpenBridge" if event.subject == nail.bridge:
                nail.unhoused = True
            case "JoinBridge" if leg == nail.leg and leg not in world.legs:
                self._not_home(record, nail, event)
            case "JoinBridge" if leg == nail.leg and nail.inside == nail.bridge:
                nail.inside = None  # a contact has it, and she is to be brought home afterwards
            case _:
                pass
        return True

    def _not_home(self, record: AgentRecord, nail: Nail, event: CommandFailed) -> None:
        """Her leg could not be brought home: once more, with the bridge made anew if need be; then it is given up."""
        world = self._world
        if event.fault is TransportFault.UNAVAILABLE:
            return  # the link is down: what is missing is asked for when it is up again
        if nail.unhoused or event.contact != lane_of(record.agent.id):
            nail.inside = None
            world.agents.to_nail.append(record.agent.id)
            return
        world.surprise(f"the phone of {record.agent.id} could not be brought home: {event.detail or event.fault}")
        world.out.append(HangUp(contact=lane_of(record.agent.id), leg=nail.leg))
        self._lost(record, nail, LOST)

    # -- what should be, and is not ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring every phone that something happened to where it should be; after every event, when all else is done."""
        world = self._world
        if world.nailed:
            self._follow()
        for agent in self._alerts:
            record = world.agents.records.get(agent)
            if record is not None and record.nail is not None:
                self._sound(record, record.nail)
        self._alerts.clear()
        if world.agents.to_nail and not world.blind:
            names = dict.fromkeys(world.agents.to_nail)
            world.agents.to_nail.clear()
            for agent in names:
                record = world.agents.records.get(agent)
                if record is not None:
                    self._settle(record)

    def _follow(self) -> None:
        """Where the commands of this turn send these legs."""
        world = self._world
        for command in world.out:
            if isinstance(command, (JoinBridge, LeaveBridge, MuteLeg)) and command.leg in world.nailed:
                nail = world.agents.records[world.nailed[command.leg]].nail
                if nail is None or command.leg != nail.leg:
                    continue
                if isinstance(command, MuteLeg):
                    nail.muted = command.muted
                else:
                    nail.inside = command.bridge if isinstance(command, JoinBridge) else None

    def _settle(self, record: AgentRecord) -> None:
        world, nail = self._world, record.nail
        if nail is None:
            if self._is_wanted(record):
                self._call(record)
        elif nail.leg in world.legs:
            pass  # a contact has it, and gives it back
        elif self._is_kept(record, nail):
            if nail.state is NailState.UP:
                self._home(record, nail)
        else:
            cancelled = LegEnd.NORMAL if nail.state is NailState.UP else LegEnd.CANCELLED
            world.out.append(HangUp(contact=lane_of(record.agent.id), leg=nail.leg, end=cancelled))
            self._forget(record, nail, "")
            world.agents.connected(record, world.now)
            if self._is_wanted(record):  # her number is another
                self._call(record)

    def _is_wanted(self, record: AgentRecord) -> bool:
        return (
            record.agent.phone.nailed
            and record.status is AgentStatus.AVAILABLE
            and record.phone is PhoneState.REACHABLE
            and not record.own_calls
            and not record.contacts
            and record.offer is None
            and record.nail_after <= self._world.now
        )

    def _is_kept(self, record: AgentRecord, nail: Nail) -> bool:
        at_work = record.status is not AgentStatus.LOGGED_OUT
        return record.agent.phone.nailed and at_work and nail.number == record.agent.number

    def _call(self, record: AgentRecord) -> None:
        world, agent, mint = self._world, record.agent, self._world.mints()
        nail = record.nail = Nail(leg=mint.leg(), bridge=mint.bridge(), number=agent.number)
        world.nailed[nail.leg] = agent.id
        world.out += (
            PhoneNailed(agent=agent.id, leg=nail.leg, state=nail.state),
            RingPhone(
                contact=lane_of(agent.id),
                leg=nail.leg,
                number=agent.number,
                caller=agent.number,
                caller_name=PHONE_SAYS,
                timeout_s=RING_S + RING_GRACE_S,
                auto_answer=agent.phone.auto_answer,
            ),
        )
        world.timers.set(TimerKind.NAIL, agent.id, world.now + RING_S)

    def _home(self, record: AgentRecord, nail: Nail) -> None:
        """Into her own bridge, and heard again."""
        lane = lane_of(record.agent.id)
        if nail.ear is not None:
            self._hush(record, nail)
        if nail.unhoused:
            nail.unhoused = False
            self._world.out.append(OpenBridge(contact=lane, bridge=nail.bridge))
        if nail.inside != nail.bridge:
            nail.inside = nail.bridge
            self._world.out.append(JoinBridge(contact=lane, bridge=nail.bridge, leg=nail.leg))
        if nail.muted:
            nail.muted = False
            self._world.out.append(MuteLeg(contact=lane, leg=nail.leg, muted=False))

    # -- the tone ------------------------------------------------------------------------------------------------------

    def _sound(self, record: AgentRecord, nail: Nail) -> None:
        """At home it is simply played; in a conversation it is whispered, by an ear that is at home instead of her."""
        world, agent = self._world, record.agent.id
        self._hush(record, nail)
        if nail.inside == nail.bridge:
            self._play(record, nail)
        else:
            nail.ear = world.mints().leg()
            world.nailed[nail.ear] = agent
            world.out.append(Snoop(contact=lane_of(agent), leg=nail.ear, at=nail.leg, whispers=True))
        world.timers.set(TimerKind.TONE, agent, world.now + TONE_S)

    def _play(self, record: AgentRecord, nail: Nail) -> None:
        world = self._world
        if nail.tone is None:
            nail.tone = world.mints().playback()
            world.out.append(
                PlayTone(contact=lane_of(record.agent.id), bridge=nail.bridge, playback=nail.tone, tone=TONE)
            )

    def _hush(self, record: AgentRecord, nail: Nail) -> None:
        world, lane = self._world, lane_of(record.agent.id)
        world.timers.cancel(TimerKind.TONE, record.agent.id)
        if nail.tone is not None:
            world.out.append(StopPlayback(contact=lane, playback=nail.tone))
            nail.tone = None
        if nail.ear is not None:
            world.out.append(HangUp(contact=lane, leg=nail.ear))
            del world.nailed[nail.ear]
            nail.ear = None

    # -- the end -------------------------------------------------------------------------------------------------------

    def _lost(self, record: AgentRecord, nail: Nail, why: str) -> None:
        self._forget(record, nail, why)
        self._world.agents.stands_down(record, why, self._world.now)

    def _call_again(self, record: AgentRecord, nail: Nail, why: str) -> None:
        """Not by her: she need not say that she is ready again."""
        world = self._world
        self._forget(record, nail, why)
        record.nail_after = world.now + CALL_AGAIN_S
        world.timers.set(TimerKind.NAIL, record.agent.id, record.nail_after)
        world.agents.connected(record, world.now)

    def _forget(self, record: AgentRecord, nail: Nail, why: str) -> None:
        world = self._world
        self._hush(record, nail)
        world.timers.cancel(TimerKind.NAIL, record.agent.id)
        if nail.state is NailState.UP:
            world.out.append(CloseBridge(contact=lane_of(record.agent.id), bridge=nail.bridge))
        del world.nailed[nail.leg]
        record.nail, record.nail_after = None, 0.0
        world.out.append(PhoneNailed(agent=record.agent.id, leg=nail.leg, state=NailState.ENDED, why=why))

    # -- after a restart -----------------------------------------------------------------------------------------------

    def resynced(self, legs: dict[LegId, bool], bridges: dict[BridgeId, frozenset[LegId]]) -> None:
        """What lives, as listed (`legs`: whether it is up); before contacts are. What vanished is called anew."""
        world = self._world
        for agent in sorted(world.agents.records):
            record = world.agents.records[agent]
            nail = record.nail
            if nail is not None and nail.leg not in legs:
                self._forget(record, nail, LOST)
                world.agents.connected(record, world.now)
            elif nail is not None and nail.state is NailState.CALLING:
                if legs[nail.leg]:
                    self.answered(nail.leg)
            elif nail is not None:
                self._listed(record, nail, bridges)
            if record.agent.phone.nailed or nail is not None:
                world.agents.to_nail.append(agent)

    def _listed(self, record: AgentRecord, nail: Nail, bridges: dict[BridgeId, frozenset[LegId]]) -> None:
        world, lane = self._world, lane_of(record.agent.id)
        self._hush(record, nail)  # playbacks cannot be listed: it counts as heard
        nail.unhoused = False
        if nail.bridge not in bridges:
            world.out.append(OpenBridge(contact=lane, bridge=nail.bridge))
        nail.inside = next((bridge for bridge in sorted(bridges) if nail.leg in bridges[bridge]), None)
        if not nail.muted:
            world.out.append(MuteLeg(contact=lane, leg=nail.leg, muted=False))  # that may have been lost

    def _of(self, leg: LegId) -> AgentRecord | None:
        agent = self._world.nailed.get(leg)
        return self._world.agents.records.get(agent) if agent is not None else None
