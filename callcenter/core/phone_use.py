"""Phones that are in use by calls of which we know nothing. Knows what Asterisk says of a phone, and our own legs.

Theory: Asterisk says that a phone is in use, and not by whose call. So it is in use from outside if no leg of ours can
be why: she is offered nothing, rung for nothing, lent to nothing, and makes no call of her own. The two are told by
different ways, in any order, and each of our legs begins and ends a moment before or after the phone is said to; so a
phone counts as used from outside only when it has been so for `CROSSING_S`, and not at all where a site does not want
it (`ring_in_use`). For all others it is as a call of her own, which is what it is.

That one of our legs may be why is enough: whether a second call is on the phone beside it shows when ours is over.
"""

from typing import Final

from callcenter.core.state import AgentRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId
from callcenter.model.phone_use import PhonesListed, PhoneUse, PhoneUsed, PhoneUsedOutside

CROSSING_S: Final = 1.5  # how long what AMI says of a phone and what ARI says of its legs may differ


class PhonesInUse:
    """All agents' phones, as far as others use them."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def take(self, event: PhoneUse) -> None:
        """What Asterisk says of a phone, or of all of them."""
        agents = self._world.agents
        match event:
            case PhoneUsed(number=number, used=used):
                record = agents.by_number(number)
                if record is not None:
                    self._said(record, used=used)
            case PhonesListed(used=numbers):
                listed = frozenset(numbers)
                for agent in sorted(agents.records):
                    record = agents.records[agent]
                    self._said(record, used=record.agent.number in listed)

    def _said(self, record: AgentRecord, *, used: bool) -> None:
        used = used and not record.agent.phone.outside  # that is another phone
        if record.phone_used is used:
            return
        record.phone_used = used
        if used:
            self._world.agents.to_look.append(record.agent.id)
        else:
            self._world.timers.cancel(TimerKind.PHONE_USE, record.agent.id)
            self._is_ours_again(record)

    def settle(self) -> None:
        """After every event: whose phone is in use, and by none of our legs any more, is looked at in a moment."""
        world = self._world
        for agent in dict.fromkeys(world.agents.to_look):
            record = world.agents.records.get(agent)
            if record is not None and self._is_outside(record) and not record.used_outside:
                world.timers.set(TimerKind.PHONE_USE, agent, world.now + CROSSING_S)
        world.agents.to_look.clear()

    def time_came(self, agent: AgentId) -> None:
        """It was to be looked at again: a phone that is still in use, and not by us, is so from outside."""
        world = self._world
        record = world.agents.records.get(agent)
        if record is None or record.used_outside or not self._is_outside(record):
            return
        if world.configuration.ring_in_use:
            return
        record.used_outside = True
        world.out.append(PhoneUsedOutside(agent=agent, used=True))
        world.agents.dials(record, world.now)

    def follow_the_rule(self) -> None:
        """Another configuration may be in force: it counts from now on, or not any more."""
        world = self._world
        for agent in sorted(world.agents.records):
            record = world.agents.records[agent]
            if world.configuration.ring_in_use:
                self._is_ours_again(record)
            elif record.phone_used and not record.used_outside:
                world.agents.to_look.append(agent)

    def _is_ours_again(self, record: AgentRecord) -> None:
        if record.used_outside:
            record.used_outside = False
            self._world.out.append(PhoneUsedOutside(agent=record.agent.id, used=False))
            self._world.agents.has_dialled(record, self._world.now)

    @staticmethod
    def _is_outside(record: AgentRecord) -> bool:
        """Whether her phone is in use, and no leg of ours is why."""
        ours = record.offer is not None or record.load.get(Medium.VOICE, 0) or record.nail is not None
        return record.phone_used and not ours and record.own_calls <= record.used_outside
