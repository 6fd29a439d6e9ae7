"""Parking: the slots that a seed has, and what must hold of those who are in them. Tells nobody what to do.

Drawn apart from the rest of a scenario, so that a seed keeps the center it has without it.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.core.parking import RING_GRACE_S, RING_S, slot_flow
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState
from callcenter.model.flow import Prompt
from callcenter.model.parking import SLOT_PROMPT, Parking

SHARE: Final = 0.7  # of all seeds have slots
SLOTS: Final = ("701", "702", "703")  # and one to three of these
ANY_SLOT: Final = "700"
BACK_AFTER_MAX_S: Final = 60.0


def with_parking(random: Random, configuration: Configuration) -> Configuration:
    """The configuration with slots, or as it is."""
    if random.random() >= SHARE:
        return configuration
    parking = Parking(
        slots=SLOTS[: random.randint(1, len(SLOTS))],
        number=random.choice(("", ANY_SLOT)),
        key=random.choice((None, None, "#")),
        back_after_s=random.choice((8.0, 25.0, BACK_AFTER_MAX_S)),
        record=random.random() < 0.5,
    )
    told = slot_flow(Prompt(name=SLOT_PROMPT))
    return replace(configuration, parking=parking, flows={**configuration.flows, told.name: told})


def misparked(contact: ContactRecord, world: World) -> str:
    """What of a slot does not go with a contact's state; empty if all does."""
    parked = contact.parked
    if (parked is not None) != (contact.state is ContactState.PARKED):
        return f"has the slot {parked}"
    due = {kind: world.timers.due(kind, contact.id) for kind in (TimerKind.PARK, TimerKind.PICK_UP)}
    if parked is None:
        return f"has deadlines of one who is parked: {due}" if any(due.values()) else ""
    if world.slots.get(parked.slot) != contact.id:
        return f"is in slot {parked.slot}, in which {world.slots.get(parked.slot)} is said to be"
    ends, rings_until = due[TimerKind.PARK], due[TimerKind.PICK_UP]
    if ends is None:
        return "is parked without an end"
    latest = max(parked.since + BACK_AFTER_MAX_S, world.now + RING_S + RING_GRACE_S)
    if ends > latest and world.configuration.parking is not None:
        return f"is parked until {ends}, which is {ends - latest} s too late"
    if (parked.pickup is not None) != (rings_until is not None):
        return f"is to be picked up by {parked.pickup}, until {rings_until}"
    return "" if contact.music else "hears nothing"


def rung_for(record: AgentRecord, world: World) -> Iterator[str]:
    """What is wrong with an agent's offer that is a parked call's; nothing if it is not such a one."""
    contact = world.contacts.get(world.legs[record.offer]) if record.offer in world.legs else None
    pickup = contact.parked.pickup if contact is not None and contact.parked is not None else None
    if pickup is not None and pickup.leg == record.offer:
        yield "" if pickup.agent == record.agent.id else f"{pickup.agent} is rung on {record.offer}"
