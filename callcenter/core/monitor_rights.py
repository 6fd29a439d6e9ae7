"""Whom a supervisor may hear, and whether she can now. Knows rights, teams and queues; changes nothing."""

from callcenter.core.monitors import MonitorRecord
from callcenter.core.outside_phones import no_house_phone
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.agent import PhoneState
from callcenter.model.contact import ContactState
from callcenter.model.ids import AgentId, ContactId
from callcenter.model.monitor import MONITORS_MAX, MonitorMode
from callcenter.model.monitor_messages import MonitorRequested


def whom(world: World, asked: MonitorRequested) -> tuple[AgentId | None, str]:
    """The agent who is to be heard, or what is wrong with the wish."""
    if (asked.agent is None) is (asked.contact is None):
        return None, "name an agent or a call, one of the two"
    if asked.agent is not None:
        known = asked.agent in world.agents.records
        return asked.agent, "" if known else f"there is no agent {asked.agent}"
    contact = world.contacts.get(asked.contact) if asked.contact is not None else None
    if contact is not None and contact.colleague is not None:
        return None, f"{asked.contact} is a call between agents: nobody listens to those"
    if contact is None or contact.agent is None or contact.state is not ContactState.CONNECTED:
        return None, f"nobody talks in {asked.contact}"
    return contact.agent, ""


def hindrance(world: World, record: AgentRecord) -> str:
    """Why this supervisor cannot be rung for it now."""
    name = record.agent.id
    if problem := no_house_phone(record.agent):
        return problem
    if record.phone is not PhoneState.REACHABLE:
        return f"the phone of {name} cannot be reached"
    if of(world, name) is not None:
        return f"{name} monitors somebody already"
    if record.contacts or record.offer is not None or record.own_calls:
        return f"the phone of {name} is in use"
    if len(world.monitors) >= MONITORS_MAX:
        return f"{MONITORS_MAX} supervisors are on the line already"
    return ""


def not_hers(world: World, record: AgentRecord, agent: AgentId | None, contact_id: ContactId | None) -> str:
    """Why she may not hear this agent (or contact); of an agent whose team is not hers, her queues decide later."""
    rights = record.agent.supervises
    if rights is None:
        return f"{record.agent.id} is no supervisor"
    if agent is None or agent == record.agent.id:
        return f"{record.agent.id} cannot monitor herself"
    team = world.agents.records[agent].agent.team
    contact = world.contacts.get(contact_id) if contact_id is not None else None
    if contact is not None and not rights.covers(contact.last_queue, team):
        return f"{record.agent.id} supervises neither {contact.last_queue} nor the team of {agent}"
    if contact_id is None and not rights.queues and not rights.covers(None, team):
        return f"{record.agent.id} does not supervise {agent}"
    return ""


def coached(world: World, agent: AgentId | None, mode: MonitorMode, but: MonitorRecord | None) -> str:
    """One coach at a time."""
    if mode is MonitorMode.WHISPER:
        for other in world.monitors.values():
            if other is not but and other.agent == agent and other.mode is MonitorMode.WHISPER:
                return f"{other.supervisor} coaches {agent} already"
    return ""


def talk_of(world: World, monitor: MonitorRecord, supervisor: AgentRecord) -> ContactRecord | None:
    """The talk that she may hear now: her agent's, if it is of a queue or a team that she supervises."""
    rights, record = supervisor.agent.supervises, world.agents.records[monitor.agent]
    for contact_id in record.contacts:
        contact = world.contacts.get(contact_id)
        talks = contact is not None and contact.state is ContactState.CONNECTED and contact.mail is None
        if contact is None or not talks or contact.agent != monitor.agent or contact.agent_leg is None:
            continue
        wanted = monitor.only is None or contact.id == monitor.only
        if wanted and rights is not None and rights.covers(contact.last_queue, record.agent.team):
            return contact
    return None


def of(world: World, supervisor: AgentId) -> MonitorRecord | None:
    """What she hears, or is about to."""
    found = (one for one in world.monitors.values() if one.supervisor == supervisor)
    return next(found, None)
