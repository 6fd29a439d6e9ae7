"""Agents' phones in the simulated world: which are nailed up, and what must hold of them. Decides nothing.

Drawn apart from everything else, and only in some of the runs: the others stay as they were.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneRules
from callcenter.model.ids import BridgeId, LegId
from callcenter.sim.asterisk import FakeAsterisk

RUNS: Final = 0.3  # share of runs in which phones are nailed up
NAILED: Final = 0.6  # share of agents in them


def with_phones(random: Random, agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The phones of some agents are nailed up."""
    if random.random() >= RUNS:
        return agents
    return tuple(replace(agent, phone=draw_phone(random)) for agent in agents)


def draw_phone(random: Random) -> PhoneRules:
    """How calls come to one phone."""
    return PhoneRules(nailed=random.random() < NAILED)


def misplaced_nail(record: AgentRecord, world: World) -> str:
    """What of a phone that is nailed up does not go with its agent; empty if all does."""
    nail, rules = record.nail, record.agent.phone
    up = nail is not None and nail.state is NailState.UP
    if rules.nailed and not up and record.state in (AgentState.READY, AgentState.OFFERED):
        contact = world.by_leg(record.offer) if record.offer is not None else None
        if contact is None:  # else it rang when she was made to be nailed up
            return "ready, and not connected"
    if nail is None:
        return ""
    if world.nailed.get(nail.leg) != record.agent.id or (nail.ear is not None and nail.ear not in world.nailed):
        return f"has {nail.leg} and {nail.ear}, and the index does not"
    holder = world.by_leg(nail.leg)
    if holder is not None and nail.leg not in legs_of_agents(holder):
        return f"gave {nail.leg} to {holder.id}, which does not have it"
    if holder is None and not world.blind:
        if record.status is AgentStatus.LOGGED_OUT or not rules.nailed:
            return f"keeps {nail.leg}"
        if up and (nail.inside != nail.bridge or nail.muted):
            return f"should be at home in {nail.bridge}, and was sent to {nail.inside} (muted: {nail.muted})"
    return ""


def legs_of_agents(contact: ContactRecord) -> set[LegId]:
    """The legs of a contact that may be those of agents."""
    consulted = contact.consult.leg if contact.consult is not None else None
    legs = (contact.agent_leg, consulted, *contact.offers, *contact.guests)
    return {leg for leg in legs if leg is not None}


def crowded_nails(world: World) -> str:
    """What does not hold of all of them together; empty if all does."""
    nails = [record.nail for record in world.agents.records.values() if record.nail is not None]
    known = {leg for nail in nails for leg in (nail.leg, nail.ear) if leg is not None}
    if known != set(world.nailed):
        return f"legs {sorted(world.nailed)} are indexed as nailed up, and {sorted(known)} are"
    return f"somebody was not joined: {world.at_once}" if world.at_once else ""


def nail_differences(world: World, asterisk: FakeAsterisk) -> Iterator[str]:
    """Where such a phone is not, in Asterisk, where the engine believes it."""
    for agent, record in world.agents.records.items():
        nail = record.nail
        if nail is None or nail.state is not NailState.UP:
            continue
        leg = asterisk.legs.get(nail.leg)
        if leg is None:
            yield f"the phone of {agent} is nailed up on {nail.leg}, which is gone"
        elif nail.leg not in world.legs:
            if leg.bridge != nail.bridge:
                yield f"{agent} waits, and is in {leg.bridge} instead of {nail.bridge}"
            if leg.silenced:
                yield f"{agent} waits, and is muted"
            others = asterisk.bridges[nail.bridge].legs if nail.bridge in asterisk.bridges else {}
            if set(others) - {nail.leg}:
                yield f"{agent} waits, and {sorted(others)} are with her"


def at_home(world: World) -> tuple[set[LegId], set[BridgeId]]:
    """The legs and bridges of phones that are nailed up: they stay when everybody else has gone."""
    nails = [record.nail for record in world.agents.records.values() if record.nail is not None]
    return {nail.leg for nail in nails}, {nail.bridge for nail in nails}
