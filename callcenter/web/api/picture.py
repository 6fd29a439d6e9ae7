"""What a reader of the event stream knows of now: calls, agents at work, queues. Pure; knows facts and no socket.

Theory: a snapshot is this picture as the engine has it after entry N. The facts of the entries after N, folded by
`after`, give the picture as the engine has it after them: that is the promise to whoever keeps a picture of her own,
and a test holds it against the engine. So it has only what facts tell. What no fact tells (another configuration
changes the list of queues) is told beside them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import ContactState, Direction
from callcenter.model.control import PartyEnd
from callcenter.model.control_facts import ContactTaken, PartyLeft
from callcenter.model.facts import (
    AgentChanged,
    ContactConnected,
    ContactEnded,
    ContactOpened,
    ContactQueued,
    Fact,
    QueueDraining,
    QueueLeft,
    TalkEnded,
)
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.parking import ContactParked, ParkOver
from callcenter.model.view import CenterView


class Whereabouts(StrEnum):
    """Where a call is, as far as facts tell."""

    QUEUED = "queued"  # in line, whether phones ring for it or not
    CONNECTED = "connected"  # with an agent
    PARKED = "parked"  # in a slot
    OTHER = "other"  # in the IVR, or with somebody outside


class CallItem(msgspec.Struct, frozen=True, kw_only=True):
    """A live call. `queue` is the one it is in, or was in last."""

    call: ContactId
    caller: str
    caller_name: str
    dialled: str
    direction: Direction
    state: Whereabouts = Whereabouts.OTHER
    queue: QueueName | None = None
    agent: AgentId | None = None  # whom it is connected with
    slot: str = ""  # in which it is parked


class AgentItem(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is logged in."""

    agent: AgentId
    status: AgentStatus
    state: AgentState
    reason: str = ""


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """A queue. How many wait in it is counted in the calls."""

    queue: QueueName
    draining: bool = False


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, by id."""

    calls: Mapping[ContactId, CallItem] = MappingProxyType({})
    agents: Mapping[AgentId, AgentItem] = MappingProxyType({})
    queues: Mapping[QueueName, QueueItem] = MappingProxyType({})


QUEUED: Final = (
    ContactState.WAITING,
    ContactState.PROMISED,
    ContactState.DIALLING,
    ContactState.OFFERED,
    ContactState.CONNECTING,
)


def picture_of(view: CenterView) -> Picture:
    """The picture that the engine has."""
    return Picture(
        calls={
            one.id: CallItem(
                call=one.id,
                caller=one.caller,
                caller_name=one.caller_name,
                dialled=one.dialled,
                direction=one.direction,
                state=_whereabouts(one.state),
                queue=one.queue,
                agent=one.agent if one.state is ContactState.CONNECTED else None,
                slot=one.slot,
            )
            for one in view.contacts
        },
        agents={
            one.id: AgentItem(agent=one.id, status=one.status, state=one.state, reason=one.reason)
            for one in view.agents
            if one.status is not AgentStatus.LOGGED_OUT
        },
        queues={one.name: QueueItem(queue=one.name, draining=one.draining) for one in view.queues},
    )


def _whereabouts(state: ContactState) -> Whereabouts:
    if state in QUEUED:
        return Whereabouts.QUEUED
    if state is ContactState.PARKED:
        return Whereabouts.PARKED
    return Whereabouts.CONNECTED if state is ContactState.CONNECTED else Whereabouts.OTHER


class Folded:
    """A picture that facts move on."""

    __slots__ = ("agents", "calls", "queues")

    def __init__(self, begin: Picture) -> None:
        self.calls = dict(begin.calls)
        self.agents = dict(begin.agents)
        self.queues = dict(begin.queues)

    def picture(self) -> Picture:
        """As it is now."""
        return Picture(calls=dict(self.calls), agents=dict(self.agents), queues=dict(self.queues))

    def after(self, facts: Sequence[Fact]) -> None:  # noqa: C901 (one arm per fact)
        """Take the facts of an entry, in order. One about a call that is not known changes nothing."""
        for fact in facts:
            match fact:
                case ContactOpened():
                    self.calls[fact.contact] = CallItem(
                        call=fact.contact,
                        caller=fact.caller,
                        caller_name=fact.caller_name,
                        dialled=fact.dialled,
                        direction=fact.direction,
                    )
                case ContactQueued(contact=call, queue=queue):
                    self._move(call, state=Whereabouts.QUEUED, queue=queue, agent=None)
                case QueueLeft(contact=call) if (known := self.calls.get(call)) and known.state is Whereabouts.QUEUED:
                    self._move(call, state=Whereabouts.OTHER)
                case ContactConnected(contact=call, agent=agent):
                    self._move(call, state=Whereabouts.CONNECTED, agent=agent)
                case (
                    ContactTaken(contact=call, taker=agent)
                    | PartyLeft(contact=call, end=PartyEnd.TOOK_OVER, guest=str() as agent)
                ):
                    self._move(call, state=Whereabouts.CONNECTED, agent=agent)
                case TalkEnded(contact=call) if (known := self.calls.get(call)) and known.agent == fact.agent:
                    self._move(call, state=Whereabouts.OTHER, agent=None)
                case ContactParked(contact=call, slot=slot):
                    self._move(call, state=Whereabouts.PARKED, slot=slot)
                case ParkOver(contact=call, agent=agent):
                    state = Whereabouts.OTHER if agent is None else Whereabouts.CONNECTED
                    self._move(call, state=state, slot="", agent=agent)
                case ContactEnded(contact=call):
                    self.calls.pop(call, None)
                case AgentChanged(agent=agent, status=AgentStatus.LOGGED_OUT):
                    self.agents.pop(agent, None)
                case AgentChanged(agent=agent):
                    self.agents[agent] = AgentItem(
                        agent=agent, status=fact.status, state=fact.state, reason=fact.reason
                    )
                case QueueDraining(queue=queue, draining=draining):
                    self.queues[queue] = QueueItem(queue=queue, draining=draining)
                case _:
                    pass

    def _move(self, call: ContactId, **changes: object) -> None:
        known = self.calls.get(call)
        if known is not None:
            self.calls[call] = msgspec.structs.replace(known, **changes)
