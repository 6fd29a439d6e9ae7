"""What the engine believes beside what Asterisk knows. They may differ for a moment, and after trouble a little longer.

Looked at every few seconds; a difference that stays is a violation: a caller whom nobody knows, a contact without a
caller, a leg that nobody counts on, an agent and a caller who do not hear each other.
"""

from collections.abc import Collection, Iterator
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.payments import SILENCE
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.ids import BridgeId, LegId
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.colleagues import gossip_differences
from callcenter.sim.phones import aside_differences, at_home, nail_differences
from callcenter.sim.supervision import differences
from callcenter.sim.violation import Violation

LOOK_EVERY_S: Final = 2.0
DIFFER_MAX_S: Final = 12.0  # longer than any delay, and than an unanswered dial takes to ring after all


class Truth:
    """Remembers since when the two differ, and how."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self._asterisk = asterisk
        self._since: dict[str, float] = {}

    def look(self, engine: Engine, now: float) -> None:
        """Compare. Raises Violation for what has differed for too long."""
        differences = dict.fromkeys(self._differences(engine))
        self._since = {what: self._since.get(what, now) for what in differences}
        for what, since in self._since.items():
            if now - since > DIFFER_MAX_S:
                raise Violation(f"{what}, for {now - since:.1f} s")

    def trouble(self) -> None:
        """Something is away: what differs may do so from now on."""
        self._since.clear()

    def over(self, world: World) -> None:
        """Everybody has gone home: Asterisk must be empty, but for phones that are nailed up."""
        kept, homes = at_home(world)
        legs = [leg for leg in self._asterisk.legs if leg not in kept]
        bridges = [bridge for bridge in self._asterisk.bridges if bridge not in homes]
        if legs or bridges:
            raise Violation(f"left over in Asterisk: legs {legs}, bridges {bridges}")

    def _differences(self, engine: Engine) -> Iterator[str]:
        world, asterisk = engine.world, self._asterisk
        for leg in asterisk.legs.values():
            if leg.id in world.ears or leg.id in world.nailed:
                continue
            if leg.id not in world.legs:
                if leg.ours and not leg.up:
                    continue  # an unanswered dial that rings after all: Asterisk gives it up by itself
                yield f"leg {leg.id} lives, and the engine does not count on it"
            elif leg.arrived is not None and not leg.up and world.contacts[world.legs[leg.id]].answered:
                yield f"leg {leg.id} was to be answered, and is not"
        yield from differences(world, asterisk)
        yield from nail_differences(world, asterisk)
        for contact in world.contacts.values():
            rings = contact.state is ContactState.CALLED and world.timers.due(TimerKind.DIAL, contact.id) is not None
            if contact.leg is not None and contact.leg not in asterisk.legs and not rings:
                yield f"{contact.id} is live, and its caller is gone"
            if contact.state is ContactState.CONNECTED and contact.agent_leg is not None:
                yield from self._conversation(contact, contact.agent_leg)
            yield from (
                f"{contact.id} is a conference, and {guest} is not in its bridge"
                for guest in contact.guests
                if guest not in self._inside(contact.bridge)
            )
            mine = asterisk.legs.get(contact.leg) if contact.leg is not None else None
            if mine is not None and mine.away and contact.run is None:
                yield f"{contact.id} is with a script of which the engine knows nothing"
            lost = mine is not None and not mine.away and contact.run is None and contact.leg not in contact.holding
            if lost and mine is not None and mine.bridge != contact.bridge:
                yield f"{contact.id} is in bridge {mine.bridge}, and should be in {contact.bridge}"
            yield from aside_differences(contact, asterisk)
            yield from gossip_differences(contact, asterisk)
            yield from self._music(world, contact)
            yield from self._recording(contact)

    def _recording(self, contact: ContactRecord) -> Iterator[str]:
        """Who is to be recorded is, and what is to be silence is."""
        leg = self._asterisk.legs.get(contact.leg) if contact.leg is not None else None
        if leg is None:
            return
        if leg.recording != contact.recording:
            yield f"{contact.id} is recorded as {leg.recording}, and should be as {contact.recording}"
        elif leg.recording is not None and leg.muted is not contact.recording_paused:
            yield f"{contact.id}: its recording is {'' if leg.muted else 'not '}muted"
        elif not leg.muted and self._asterisk.sound.is_unheard(leg):
            yield f"{contact.id}: its recorder is deaf to the phone that she talks to now, and was not renewed"

    def _inside(self, bridge: BridgeId | None) -> Collection[LegId]:
        found = self._asterisk.bridges.get(bridge) if bridge is not None else None
        return found.legs if found is not None else ()

    def _conversation(self, contact: ContactRecord, agent: LegId) -> Iterator[str]:
        """Who talks is with whom she talks, and nowhere else."""
        inside, consult = self._inside(contact.bridge), contact.consult
        alone = contact.mail is not None  # she hears a message
        held = contact.held_since is not None
        if not (alone or contact.leg in inside) or (agent not in inside and not held):
            yield f"{contact.id} is connected, and the two are not in its bridge"
        if contact.paying is not None and len(inside) > 1:
            yield f"{contact.id} pays, and {sorted(inside)} are in its bridge"
        if held and agent in inside:
            yield f"{contact.id} is on hold, and its agent is in its bridge"
        if agent in self._asterisk.legs and self._asterisk.legs[agent].silenced != contact.muted:
            yield f"the agent of {contact.id} is {'not ' if contact.muted else ''}muted"
        if consult is not None and consult.up is not None:
            aside = self._inside(consult.bridge)
            hers = agent if consult.own is None else consult.own
            if consult.leg not in aside or (hers in aside) != consult.aside:
                yield f"{contact.id} has a consult, and not the right ones are in its bridge"

    def _music(self, world: World, contact: ContactRecord) -> Iterator[str]:
        """Who waits hears her queue's music, but for announcements; who talks or leaves a message hears none."""
        bridge = self._asterisk.bridges.get(contact.bridge) if contact.bridge is not None else None
        if bridge is None:
            return
        waits = contact.leg is not None and contact.state in (ContactState.WAITING, ContactState.OFFERED)
        if waits and contact.playback is None and bridge.music != world.queue_of(contact).music:
            yield f"{contact.id} waits in {contact.queue}, and hears {bridge.music or 'no music'}"
        if contact.paying is not None:
            if bridge.music != SILENCE:
                yield f"{contact.id} pays, and hears {bridge.music or 'nothing at all'}"
            return
        if contact.colleague is not None:
            return  # see gossips
        held = contact.held_since is not None and not contact.guests
        if held and not bridge.music:
            yield f"{contact.id} is on hold, and hears no music"
        talks = contact.state in (ContactState.CONNECTED, ContactState.FORWARDED) and not held
        if bridge.music and (talks or contact.message is not None or bridge.playback is not None):
            yield f"{contact.id} is {contact.state}, and hears {bridge.music} beside what is said"
