"""What an agent does with the call that she has: hold, mute, keys. Knows her leg and the bridge; hands nothing on.

Theory: on hold the agent's leg is out of the bridge, and music plays in it. So she hears nothing of the music, whoever
else is in the bridge goes on talking, and the recording, which is made on the customer's leg, goes on with what she
hears. A phone that holds by itself is treated the same; Asterisk tells of it, and not of what we do to a leg.
"""

from typing import Final

from callcenter.core import recording, voice
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.commands import JoinBridge, LeaveBridge, MuteLeg, SendKeys
from callcenter.model.contact import ContactState
from callcenter.model.control import HeldBy
from callcenter.model.control_facts import AgentMuted, ContactHeld, ContactResumed, KeysSent
from callcenter.model.events import HoldRequested, KeysRequested, MuteRequested
from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.monitor import MonitorState

KEYS: Final = frozenset("0123456789*#ABCD")
KEYS_MAX: Final = 32  # in one request: a row of keys takes 0.2 s each, and the leg can do nothing else meanwhile
KEYS_WITHIN_S: Final = 3.0  # of each other are two keys pressed that mean something together
LONG_HOLD_S: Final = (
    300.0  # after it the recorder is renewed: after 655 s it would take the agent's packets for late ones
)
DEFAULT_MUSIC: Final = "default"  # on hold, where no queue says which


class Control:
    """Hold, mute and keys."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def take(self, event: HoldRequested | MuteRequested | KeysRequested) -> str:
        """Do what is asked; gives what is wrong, or ""."""
        contact, problem = in_talk(self._world, event.contact)
        if contact is None:
            return problem
        match event:
            case HoldRequested(held=True):
                return self._hold(contact)
            case HoldRequested():
                return self._resume(contact)
            case MuteRequested(muted=muted):
                return self._mute(contact, muted=muted)
            case KeysRequested(digits=digits):
                return self._send(contact, digits)

    def _hold(self, contact: ContactRecord) -> str:
        if contact.held_since is not None:
            return f"{contact.id} is on hold already"
        hold(self._world, contact, HeldBy.REQUEST)
        return ""

    def _resume(self, contact: ContactRecord) -> str:
        if contact.held_since is None:
            return f"{contact.id} is not on hold"
        if contact.consult is not None:
            return f"{contact.agent} speaks with {contact.consult.party.name}: swap, or drop that first"
        resume(self._world, contact)
        return ""

    def _mute(self, contact: ContactRecord, *, muted: bool) -> str:
        if contact.muted is muted:
            return f"{contact.agent} is {'muted already' if muted else 'not muted'}"
        agent, leg = agent_of(contact)
        contact.muted = muted
        self._world.out += (
            MuteLeg(contact=contact.id, leg=leg, muted=muted),
            AgentMuted(contact=contact.id, agent=agent, muted=muted),
        )
        return ""

    def _send(self, contact: ContactRecord, keys: str) -> str:
        keys = keys.upper()
        if not keys or len(keys) > KEYS_MAX or not set(keys) <= KEYS:
            return f"keys are 1 to {KEYS_MAX} of 0-9, *, #, A-D"
        consult = contact.consult
        if consult is not None and consult.aside:
            if consult.up is None:
                return f"{consult.party.name} has not answered yet"
            leg = consult.leg
        elif contact.held_since is not None:
            return f"{contact.id} is on hold"
        else:
            leg = voice.leg_of(contact)
        self._world.out += (
            SendKeys(contact=contact.id, leg=leg, keys=keys),
            KeysSent(contact=contact.id, agent=agent_of(contact)[0], count=len(keys)),
        )
        return ""


def talk_of(world: World, record: AgentRecord | None) -> ContactRecord | None:
    """The customer whom an agent speaks with, or has on hold; a message that she hears is none."""
    for contact_id in record.contacts if record is not None else ():
        contact = world.contacts[contact_id]
        talks = contact.state is ContactState.CONNECTED and contact.mail is None
        if record is not None and contact.agent == record.agent.id and talks:
            return contact
    return None


def in_talk(world: World, contact_id: ContactId) -> tuple[ContactRecord | None, str]:
    """The contact, if an agent talks with its customer now; else None, and in words what it is instead."""
    contact, problem = with_agent(world, contact_id)
    if contact is not None and contact.paying is not None:
        return None, f"the customer of {contact_id} is paying: cancel that first"
    return contact, problem


def with_agent(world: World, contact_id: ContactId) -> tuple[ContactRecord | None, str]:
    """As `in_talk`, and also while the customer is alone with a payment."""
    contact = world.contacts.get(contact_id)
    if contact is None:
        return None, f"there is no live call {contact_id}"
    if contact.colleague is not None:
        can = "hung up, handed on to another agent, and held by their phones"
        return None, f"{contact_id} is a call between {contact.dialler} and {contact.colleague}: it can be {can}"
    if contact.state is not ContactState.CONNECTED or contact.mail is not None:
        return None, f"{contact_id} is not with an agent: it is {contact.state.value.replace('_', ' ')}"
    return contact, ""


def agent_of(contact: ContactRecord) -> tuple[AgentId, LegId]:
    """Who has a CONNECTED contact, and her leg."""
    assert contact.agent is not None
    assert contact.agent_leg is not None
    return contact.agent, contact.agent_leg


def ends_by_key(world: World, contact: ContactRecord, digit: str) -> bool:
    """An agent has pressed a key in a talk: whether it is the last of those by which she ends it."""
    keys = world.configuration.end_key
    if not keys or contact.paying is not None:
        return False
    before = contact.keys if world.now - contact.keys_at <= KEYS_WITHIN_S else ""
    contact.keys, contact.keys_at = (before + digit)[-len(keys) :], world.now
    return contact.keys == keys


def hold(world: World, contact: ContactRecord, by: HeldBy) -> None:
    """The agent goes out of the bridge; the customer hears music, unless others are there to talk with."""
    agent, leg = agent_of(contact)
    contact.held_since = world.now
    world.out.append(LeaveBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
    if by is not HeldBy.PAYMENT:  # then she hears what she is asked for
        play_music(world, contact)
    if company(world, contact) == 1:  # whom she speaks with alone now
        recording.renew(world, contact)
    world.out.append(ContactHeld(contact=contact.id, agent=agent, by=by))


def company(world: World, contact: ContactRecord) -> int:
    """How many the customer of a CONNECTED contact speaks with."""
    barged = sum(
        monitor.contact == contact.id and monitor.state is MonitorState.BARGED for monitor in world.monitors.values()
    )
    return (contact.held_since is None) + len(contact.guests) + barged


def alone_with(contact: ContactRecord) -> LegId | None:
    """The leg of whom the agent of a CONNECTED contact speaks with, if there is one other in the room."""
    consult = contact.consult
    if consult is not None and consult.aside:
        return consult.leg if consult.up is not None and consult.own is None else None
    return contact.leg if contact.held_since is None and not contact.guests and contact.paying is None else None


def play_music(world: World, contact: ContactRecord) -> None:
    """Music for the customer, unless others are there to talk with."""
    if not contact.guests:
        queue = contact.last_queue
        voice.start_music(world, contact, DEFAULT_MUSIC if queue is None else world.rules_for(contact, queue).music)


def resume(world: World, contact: ContactRecord) -> None:
    """The agent comes back; the music has ended by then."""
    voice.stop_music(world, contact)
    leg = agent_of(contact)[1]
    if contact.held_since is not None and world.now - contact.held_since >= LONG_HOLD_S:
        recording.renew(world, contact)
    world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=leg))
    hold_over(world, contact)


def hold_over(world: World, contact: ContactRecord) -> None:
    """Count the time on hold, if it was one: the agent is back, or her part is over."""
    if contact.held_since is None:
        return
    held_s = world.now - contact.held_since
    contact.hold_s += held_s
    contact.part_hold_s += held_s
    world.out.append(
        ContactResumed(contact=contact.id, agent=agent_of(contact)[0], began=contact.held_since, held_s=held_s)
    )
    contact.held_since = None
