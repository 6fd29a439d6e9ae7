"""Agents' phones in the simulated world: which are nailed up, and what must hold of them. Decides nothing.

Drawn apart from everything else, and only in some of the runs: the others stay as they were.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.core.aside import asides_of
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneRules, PhoneState
from callcenter.model.commands import HangUp
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, EndReason, OfferEnd
from callcenter.model.entry import Entry
from callcenter.model.events import ContactArrived, DigitPressed, Event, LegEnded, Resynced
from callcenter.model.facts import AgentAsked, ContactEnded, OfferEnded, PhoneNailed, TalkEnded
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, BridgeId, LegId, OfferId
from callcenter.model.queue import MissedOfferRule, Overflow
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.violation import Violation

RUNS: Final = 0.3  # share of runs in which phones are nailed up
NAILED: Final = 0.6  # share of agents in them
FOLLOWED: Final = 0.4  # share of seeds in which others use agents' phones, too
RINGS_IN_USE: Final = 0.25  # of the configurations there do not want to know


def with_asides(random: Random, configuration: Configuration) -> Configuration:
    """The agents of some queues hear who calls, or are asked for a key."""
    if random.random() >= RUNS:
        return configuration
    queues = {
        name: replace(
            queue,
            agent_announcement=(Prompt(name="who"), Prompt(name="since")) if random.random() < 0.5 else (),
            confirm=random.random() < 0.4,
            confirm_s=random.choice((2.0, 4.0, 8.0)),
            agent_lost=random.choice((None, queue.overflow, queue.at_close)),
            missed=replace(queue.missed, not_confirmed=random.choice((queue.missed.rejected, MissedOfferRule()))),
        )
        for name, queue in sorted(configuration.queues.items())
    }
    return replace(configuration, queues={name: queues[name] for name in configuration.queues})


def phones_are_followed(seed: int) -> bool:
    """Whether this seed's phones are used by others, too."""
    return Random(f"strangers {seed}").random() < FOLLOWED


def with_ringing_in_use(random: Random, configuration: Configuration) -> Configuration:
    """The configuration in which phones are rung whoever uses them, or as it is."""
    return replace(configuration, ring_in_use=True) if random.random() < RINGS_IN_USE else configuration


def with_phones(random: Random, agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The phones of some agents are nailed up."""
    if random.random() >= RUNS:
        return agents
    return tuple(replace(agent, phone=draw_phone(random)) for agent in agents)


def with_outside_phones(random: Random, agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The phones of some agents are outside numbers, one of which may not be called."""
    if random.random() >= RUNS:
        return agents
    numbers = [random.choice(("", "", "0901234567", "0199")) for _ in agents]
    return tuple(
        replace(agent, phone=replace(agent.phone, nailed=False, outside=number)) if number else agent
        for agent, number in zip(agents, numbers, strict=True)
    )


def draw_phone(random: Random) -> PhoneRules:
    """How calls come to one phone."""
    return PhoneRules(nailed=random.random() < NAILED, confirm=random.random() < 0.2)


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


class PhoneChecks:
    """What must hold of answers and of lines, seen from what was written down."""

    def __init__(self) -> None:
        self._up: dict[LegId, AgentId] = {}
        self._offers: dict[OfferId, bool] = {}  # whether a key must be pressed before it is hers

    def after(self, entry: Entry, world: World) -> None:
        """Look at one entry. Raises Violation."""
        kept = dict(self._up)
        for fact in entry.outputs:
            match fact:
                case PhoneNailed(agent=agent, leg=leg, state=NailState.UP):
                    self._up[leg] = agent
                case PhoneNailed(leg=leg):
                    self._up.pop(leg, None)
                case AgentAsked(offer=offer):
                    self._offers[offer] = True
                case OfferEnded(offer=offer, end=OfferEnd.ACCEPTED):
                    self._accepted(fact, entry, world, asked=self._offers.pop(offer, False))
                case OfferEnded(offer=offer):
                    self._offers.pop(offer, None)
                case _:
                    pass
        for command in entry.outputs:
            if isinstance(command, HangUp) and command.leg in kept and command.leg in self._up:
                raise Violation(f"{command} of a phone that is nailed up, and stays so")

        if isinstance(entry.event, LegEnded):
            self._lost(entry, entry.event.leg, world)

    def _lost(self, entry: Entry, leg: LegId, world: World) -> None:
        """The caller of a phone that dies is kept."""
        talks = [fact for fact in entry.outputs if isinstance(fact, TalkEnded) and fact.leg == leg]
        hung_up = [
            fact for fact in entry.outputs if isinstance(fact, ContactEnded) and fact.reason is EndReason.AGENT_HUNG_UP
        ]
        for talk in talks:
            record = world.agents.records[talk.agent]
            rules = [one.queues[talk.queue].agent_lost for one in world.library.values() if talk.queue in one.queues]
            lets_go = any(target is not None and target.to is Overflow.HANG_UP for target in rules)
            dead = record.phone is not PhoneState.REACHABLE or record.agent.phone.nailed
            if dead and not lets_go and any(ended.contact == talk.contact for ended in hung_up):
                raise Violation(f"the phone of {talk.agent} died, and {talk.contact} was ended for it")

    def _accepted(self, fact: OfferEnded, entry: Entry, world: World, *, asked: bool) -> None:
        contact = world.contacts.get(fact.contact)
        rules = world.agents.records[fact.agent].agent.phone
        wanted = rules.confirm or bool(rules.outside)
        if contact is not None:
            wanted = wanted or world.library[contact.version].queues[fact.queue].confirm
        if not (asked or wanted):
            return
        pressed = isinstance(entry.event, DigitPressed) and (entry.event.leg, entry.event.digit) == (fact.leg, "1")
        dialled = _came_in(entry.event, fact.leg)  # who calls is there
        if not (pressed or dialled) and (asked or contact is not None):
            raise Violation(f"{fact} without the key, by {entry.event}")


def legs_of_agents(contact: ContactRecord) -> set[LegId]:
    """The legs of a contact that may be those of agents."""
    consulted = contact.consult.leg if contact.consult is not None else None
    legs = (contact.agent_leg, consulted, *contact.offers, *contact.guests)
    return {leg for leg in legs if leg is not None}


def misplaced_aside(contact: ContactRecord, world: World) -> str:
    """What of those who hear something alone does not go with the contact's state; empty if all does."""
    for apart, _ in asides_of(contact):
        if apart.bridge == contact.bridge:
            return f"what its agent is to hear alone is said in {apart.bridge}"
    if contact.aside is not None and contact.state is not ContactState.CONNECTING:
        return f"its agent is apart in {contact.aside.bridge}"
    telling = contact.aside is not None and contact.aside.playback is not None
    if telling != (world.timers.due(TimerKind.TOLD, contact.id) is not None):
        return "its agent is being told something without an end"
    if telling and not contact.music:
        return "its caller hears nothing while the agent is told something"
    for leg, offer in contact.offers.items():
        if leg in world.nailed and offer.aside is None:
            return f"was offered on {leg}, which neither was joined nor is asked"
    return ""


def crowded_nails(world: World) -> str:
    """What does not hold of all of them together; empty if all does."""
    nails = [record.nail for record in world.agents.records.values() if record.nail is not None]
    known = {leg for nail in nails for leg in (nail.leg, nail.ear) if leg is not None}
    if known != set(world.nailed):
        return f"legs {sorted(world.nailed)} are indexed as nailed up, and {sorted(known)} are"
    return f"somebody was not joined: {world.at_once}" if world.at_once else ""


def aside_differences(contact: ContactRecord, asterisk: FakeAsterisk) -> Iterator[str]:
    """Who hears something alone is alone in Asterisk as well."""
    for apart, leg in asides_of(contact):
        held, bridge = asterisk.legs.get(leg), asterisk.bridges.get(apart.bridge)
        if held is not None and held.bridge != apart.bridge:
            yield f"{leg} of {contact.id} is apart in {held.bridge}, and should be in {apart.bridge}"
        if bridge is not None and set(bridge.legs) - {leg}:
            yield f"{leg} of {contact.id} is apart, and {sorted(bridge.legs)} are with it"


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


def _came_in(event: Event, leg: LegId) -> bool:
    """Whether this leg called in, as was told now or is seen in the list."""
    if isinstance(event, Resynced):
        return any(seen.leg == leg and not seen.ours for seen in event.legs)
    return isinstance(event, ContactArrived) and event.leg == leg
