"""Calls of agents to each other: in which seeds there are any, and what must hold of them. Tells nobody what to do.

Drawn apart from the rest of a scenario, so that a seed keeps the center it has without them.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction
from callcenter.sim.asterisk import FakeAsterisk

SHARE: Final = 0.5  # of all seeds
RECORDED: Final = 0.6  # of all configurations


def with_records(random: Random, configuration: Configuration) -> Configuration:
    """The configuration with a queue by whose rules agents' calls to each other are recorded, or as it is."""
    if random.random() >= RECORDED:
        return configuration
    return replace(configuration, record_colleagues=random.choice(sorted(configuration.queues)))


def gossip_here(seed: int) -> bool:
    """Whether agents of this seed call each other."""
    return Random(f"gossips {seed}").random() < SHARE


def misplaced_gossip(contact: ContactRecord, world: World) -> str:
    """What of a call of two agents does not go with its state; empty if all does."""
    if contact.colleague is None:
        return ""
    if contact.direction is not Direction.INTERNAL or contact.dialler is None or contact.queue is not None:
        return f"is a call to {contact.colleague} by {contact.dialler}, {contact.direction}, in {contact.queue}"
    if contact.state not in (ContactState.IN_FLOW, ContactState.FORWARDED) or contact.flow is not None:
        return f"is a call to {contact.colleague}, in the flow {contact.flow}"
    if contact.other_leg is None:
        return f"calls {contact.colleague} on no leg"
    if not {*contact.holding} <= {contact.leg, contact.other_leg}:
        return f"has phones that hold which are not in it: {contact.holding}"
    if contact.sent_by is not None and contact.state is ContactState.FORWARDED:
        return f"was answered, and may yet go back to {contact.sent_by}"
    ends = world.timers.due(TimerKind.FORWARD, contact.id)
    if (ends is not None) != (contact.state is ContactState.IN_FLOW):
        return f"rings until {ends}"
    return ""


def miscounted_calls(record: AgentRecord, world: World) -> str:
    """How the calls of her own that an agent is said to have differ from those that there are; empty if they do not.

    One too many, and she would never be offered anything again.
    """
    agent = record.agent.id
    found: list[str] = [one.id for one in world.contacts.values() if agent in (one.dialler, one.colleague)]
    found += ["outside"] * record.used_outside
    found += [monitor.id for monitor in world.monitors.values() if monitor.supervisor == agent]
    if record.own_calls != len(found):
        return f"is said to make {record.own_calls} calls of her own, and makes {found}"
    return ""


def gossip_differences(contact: ContactRecord, asterisk: FakeAsterisk) -> Iterator[str]:
    """Two who speak are together in Asterisk, and nobody else is."""
    if contact.colleague is None or contact.state is not ContactState.FORWARDED:
        return
    inside = asterisk.bridges[contact.bridge].legs if contact.bridge in asterisk.bridges else {}
    both = {leg for leg in (contact.leg, contact.other_leg) if leg not in contact.holding}
    if set(inside) != both:
        yield f"{contact.id} is a talk of two agents, and {sorted(inside)} are in its bridge, not {both}"
    music = asterisk.bridges[contact.bridge].music if contact.bridge in asterisk.bridges else ""
    if bool(music) != (len(contact.holding) == 1):
        yield f"{contact.id} hears {music or 'no music'} while {sorted(contact.holding)} hold"
