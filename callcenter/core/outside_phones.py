"""Agents whose phone is an outside number: at home, or on the road. Knows the number and who may be called; no trunk.

Theory: such a phone has no account that it uses. Nobody registers it, so it counts as there as long as its number may
be called (`forward_to`), and nobody tells when it is in use. Whatever rings her is dialled as outside numbers are, and
is judged and counted by the guard against toll fraud like a call that she makes by hand. Whoever answers may be her
voicemail, so a call that is offered is hers by the key, always. What only a phone of the house can do (stay connected,
pick up, listen, be called by a colleague) it cannot.
"""

from dataclasses import replace
from typing import Final

import msgspec

from callcenter.core import by_hand
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import Agent, PhoneState
from callcenter.model.commands import RingAgent
from callcenter.model.ids import AgentId

REFUSED_S: Final = 2.0  # what the guard refuses is over as if nobody had answered for so long
HOUSE: Final = "the phone of {} is an outside number: it takes a phone of the house"


def normal(agent: Agent) -> Agent:
    """The agent without what her phone cannot do."""
    rules = agent.phone
    if rules.outside and (rules.nailed or rules.auto_answer):
        return replace(agent, phone=replace(rules, nailed=False, auto_answer=False))
    return agent


def saved(world: World, agent: AgentId, was: str) -> None:
    """An agent was saved whose outside number was `was` ("": none): whether her phone is there now."""
    record = world.agents.records[agent]
    if record.agent.phone.outside:
        _seen(world, agent)
    elif was:
        world.agents.phone_changed(record, PhoneState.UNKNOWN, world.now)  # until Asterisk says how the other is


def follow(world: World) -> None:
    """Another configuration may be in force, by which other numbers may be called."""
    for agent in sorted(world.agents.records):
        if world.agents.records[agent].agent.phone.outside:
            _seen(world, agent)


def _seen(world: World, agent: AgentId) -> None:
    record = world.agents.records[agent]
    may_be = world.configuration.may_forward_to(record.agent.phone.outside)
    world.agents.phone_changed(record, PhoneState.REACHABLE if may_be else PhoneState.UNREACHABLE, world.now)


def ring(world: World, command: RingAgent, agent: Agent, kind: TimerKind, subject: str) -> None:
    """Ring her phone, wherever that is. The deadline of `kind` is set by which it counts as not answered; if the guard
    refuses the call, that is soon."""
    number = agent.phone.outside
    if not number:
        world.out.append(command)
        return
    problem = by_hand.why_not(world, number, agent.id)
    if problem:
        world.surprise(f"the phone of {agent.id} is not rung: {problem}")
        world.timers.set(kind, subject, world.now + REFUSED_S)
    else:
        world.out.append(msgspec.structs.replace(command, outside=number, auto_answer=False))


def no_house_phone(agent: Agent) -> str:
    """Why her phone cannot do what takes a phone of the house; "" if it can."""
    return HOUSE.format(agent.id) if agent.phone.outside else ""
