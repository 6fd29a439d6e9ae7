"""The journal's entries as recorded calls and the staff's comings and goings. Knows facts; asks no engine.

A contact counts from its first queue to its end; one that never came into a queue, or had not ended, is only counted.
Whatever was done in a talk (held, parked, handed on, called in) is in its length of talk, as far as it was talk; what
agents did on their own phones, and calls that we began, are nobody's: she was as free then as her status says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callcenter.core.state import AgentRecord
from callcenter.model.agent import Agent, AgentState, AgentStatus
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Direction, EndReason, OfferEnd
from callcenter.model.entry import Entry
from callcenter.model.events import AgentRemoved, AgentSaved, AgentStatusRequested, Event, PhoneChanged
from callcenter.model.facts import (
    AgentChanged,
    ContactEnded,
    ContactOpened,
    ContactQueued,
    OfferEnded,
)
from callcenter.model.ids import AgentId, ContactId, RequestId
from callcenter.model.need import parse_need
from callcenter.sim.replay.recorded import Fate, Recorded, RecordedCall

NOBODY_ASKED = RequestId("")
_FATES: Mapping[EndReason, Fate] = {
    EndReason.CALLER_HUNG_UP: Fate.SERVED,
    EndReason.AGENT_HUNG_UP: Fate.SERVED,
    EndReason.LEFT_PARKED: Fate.SERVED,  # an agent had spoken with her
    EndReason.ABANDONED: Fate.ABANDONED,
}


@dataclass(slots=True, kw_only=True)
class _Open:
    """A contact that has not ended."""

    queued: ContactQueued | None = None
    at: float = 0.0
    ring_s: float | None = None


@dataclass(slots=True)
class JournalCalls:
    """Takes entries in; gives what was recorded in them. `live` is the configuration to compare own wishes with."""

    live: Configuration
    _open: dict[ContactId, _Open] = field(default_factory=dict)
    _ended: list[tuple[_Open, ContactEnded]] = field(default_factory=list)
    _wrap_up: dict[ContactId, float] = field(default_factory=dict)
    _wrapping: dict[AgentId, tuple[ContactId, float]] = field(default_factory=dict)
    _agents: dict[AgentId, Agent] = field(default_factory=dict)
    _known: set[AgentId] = field(default_factory=set)
    _events: list[tuple[float, Event]] = field(default_factory=list)
    _start: float = 0.0
    _end: float = 0.0
    _unqueued: int = 0

    def begin(self, at: float, staff: Mapping[AgentId, AgentRecord]) -> None:
        """Who was there when the first entry was written."""
        self._start = at
        for agent, record in sorted(staff.items()):
            self._agents[agent] = record.agent
            self._known.add(agent)
            self._events.append((at, PhoneChanged(number=record.agent.number, state=record.phone)))
            if record.status is not AgentStatus.LOGGED_OUT:
                self._status(at, agent, AgentStatus.AVAILABLE, "")
            if record.status is AgentStatus.PAUSED:
                self._status(at, agent, AgentStatus.PAUSED, record.reason)

    def read(self, entry: Entry) -> None:
        """One entry, in order."""
        self._start = self._start or entry.at
        self._end = entry.at
        event = entry.event
        if isinstance(event, AgentSaved):
            if event.agent.id not in self._known and entry.at == self._start:
                self._agents[event.agent.id] = event.agent
            else:
                self._events.append((entry.at, AgentSaved(request=NOBODY_ASKED, agent=event.agent)))
            self._known.add(event.agent.id)
        elif isinstance(event, AgentRemoved | PhoneChanged):
            self._events.append((entry.at, event))
        for output in entry.outputs:
            match output:
                case ContactOpened(contact=contact, direction=Direction.INBOUND):
                    self._open[contact] = _Open()
                case ContactQueued(contact=contact) if contact in self._open:
                    known = self._open[contact]
                    if known.queued is None:
                        known.queued, known.at = output, entry.at
                case OfferEnded(contact=contact, end=OfferEnd.ACCEPTED, rang_s=rang_s) if contact in self._open:
                    self._open[contact].ring_s = rang_s
                case AgentChanged():
                    self._changed(output, entry.at)
                case ContactEnded(contact=contact) if contact in self._open:
                    self._ended.append((self._open.pop(contact), output))
                case _:
                    pass

    def recorded(self) -> Recorded:
        """Everything so far."""
        calls = [self._call(known, ended) for known, ended in self._ended if known.queued is not None]
        return Recorded(
            calls=tuple(sorted(calls, key=lambda call: (call.at, call.id))),
            agents=tuple(self._agents.values()),
            events=tuple(sorted(self._events, key=lambda pair: pair[0])),
            start=self._start,
            end=self._end,
            wrap_up_rules={str(name): queue.wrap_up_s for name, queue in self.live.queues.items()},
            unqueued=len(self._ended) - len(calls),
        )

    def _changed(self, fact: AgentChanged, now: float) -> None:
        if fact.status is not fact.was_status:
            self._status(now, fact.agent, fact.status, fact.reason)
        if fact.state is fact.was_state:
            return
        if fact.state is AgentState.WRAP_UP and fact.contact is not None:
            self._wrapping[fact.agent] = (fact.contact, now)
        elif fact.was_state is AgentState.WRAP_UP and fact.agent in self._wrapping:
            contact, since = self._wrapping.pop(fact.agent)
            self._wrap_up[contact] = now - since

    def _status(self, at: float, agent: AgentId, status: AgentStatus, reason: str) -> None:
        request = AgentStatusRequested(request=NOBODY_ASKED, agent=agent, status=status, reason=reason)
        self._events.append((at, request))

    def _call(self, known: _Open, ended: ContactEnded) -> RecordedCall:
        queued = known.queued
        assert queued is not None
        rules = self.live.queues.get(queued.queue)
        fate = _FATES.get(ended.reason, Fate.OTHER)
        return RecordedCall(
            id=ended.contact,
            at=known.at,
            queue=queued.queue,
            fate=fate,
            wait_s=ended.wait_s,
            talk_s=ended.talk_s if fate is Fate.SERVED else 0.0,
            wrap_up_s=self._wrap_up.get(ended.contact),
            ring_s=known.ring_s,
            caller=ended.caller,
            agent=str(ended.agent or ""),
            priority=queued.priority if rules is not None and queued.priority != rules.priority else None,
            needs=parse_need(queued.needs) if rules is not None and queued.needs != str(rules.needs) else None,
        )
