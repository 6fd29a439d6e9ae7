"""An agent's states, and all that changes them. Knows status, state, load and the two timers; knows no queue.

Theory: status is what the person says, state is what the system has her doing. An agent who logs out or pauses in the
middle of a call finishes it: her status changes at once, her state when the call ends. Whether she is ready again after
anything is decided in one place, `_free_or_not`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from callcenter.core.free import AVAILABLE, REACHABLE, WRAP_UP, FreeAgents, is_able, is_connected, why_not_free
from callcenter.core.state import AgentRecord
from callcenter.core.timers import TimerKind, Timers
from callcenter.errors import IllegalTransition
from callcenter.model.agent import Agent, AgentState, AgentStatus, PhoneState
from callcenter.model.contact import Medium
from callcenter.model.entry import Output
from callcenter.model.facts import AgentChanged, PhoneSeen
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName
from callcenter.model.phone_use import PhoneUsedOutside
from callcenter.model.routing import VOICE_ALONE, Interruptible

WRAP_UP_EXTENSION_MAX_S: Final = 1800.0

VOICE: Final = Medium.VOICE
READY: Final = AgentState.READY
OFFERED: Final = AgentState.OFFERED


class AgentInput(StrEnum):
    """What moves an agent."""

    READIED = "readied"
    STOOD_DOWN = "stood_down"
    OFFERED = "offered"
    TOOK = "took"
    WRAPPED = "wrapped"


S, In = AgentState, AgentInput
TRANSITIONS: Final[Mapping[tuple[AgentState, AgentInput], AgentState]] = {
    (S.NOT_READY, In.READIED): S.READY,
    (S.READY, In.STOOD_DOWN): S.NOT_READY,
    (S.READY, In.OFFERED): S.OFFERED,
    (S.OFFERED, In.READIED): S.READY,  # the offer was rescinded
    (S.OFFERED, In.STOOD_DOWN): S.NOT_READY,  # the offer was missed
    (S.OFFERED, In.TOOK): S.ON_CONTACT,
    (S.READY, In.TOOK): S.ON_CONTACT,  # a call that nobody offered her: she takes it from another agent
    (S.NOT_READY, In.TOOK): S.ON_CONTACT,  # likewise, a supervisor who was on the line
    (S.ON_CONTACT, In.READIED): S.READY,
    (S.ON_CONTACT, In.STOOD_DOWN): S.NOT_READY,
    (S.ON_CONTACT, In.WRAPPED): S.WRAP_UP,
    (S.WRAP_UP, In.READIED): S.READY,
    (S.WRAP_UP, In.STOOD_DOWN): S.NOT_READY,
}

_AFTER: Final = {state: {told: after for (at, told), after in TRANSITIONS.items() if at is state} for state in S}


def next_state(agent: AgentId, state: AgentState, told: AgentInput) -> AgentState:
    """What follows. Raises IllegalTransition (our bug) for a pair that is not listed."""
    after = _AFTER[state].get(told)
    if after is None:
        raise IllegalTransition(f"{agent}: {told} while {state}")
    return after


class Agents:
    """The agents of the directory, and who of them is free."""

    __slots__ = (
        "_by_number",
        "_interruptible",
        "_out",
        "_timers",
        "away",
        "free",
        "newly_free",
        "on_wrapped",
        "records",
        "roster",
        "to_look",
        "to_nail",
    )

    def __init__(self, timers: Timers, out: list[Output], interruptible: Interruptible = VOICE_ALONE) -> None:
        self.records: dict[AgentId, AgentRecord] = {}
        self.free = FreeAgents(self.records)
        self.newly_free: list[AgentId] = []  # taken up by matching, in order
        self.on_wrapped: Callable[[QueueName, float], None] | None = None  # told of each wrap-up how long it took
        self.away: list[AgentId] = []  # who has stopped being there, for those who wait for her; taken up by the engine
        self._interruptible = interruptible
        self.to_nail: list[AgentId] = []  # whose phone may have to be called, or let go; taken up by `nails`
        self.to_look: list[AgentId] = []  # whose phone may be in use by others; taken up by `phone_use`
        self.roster = 0  # counts changes of who is at work with which skills
        self._by_number: dict[str, AgentId] = {}
        self._timers = timers
        self._out = out

    def by_number(self, number: str) -> AgentRecord | None:
        """The agent whose phone has this account."""
        agent = self._by_number.get(number)
        return self.records[agent] if agent is not None else None

    # -- the directory -----------------------------------------------------------------------------------------------

    def save(self, agent: Agent, now: float) -> str:
        """Add or change an agent; gives what is wrong, or ""."""
        holder = self._by_number.get(agent.number)
        if holder is not None and holder != agent.id:
            return f"number {agent.number} belongs to {holder}"
        record = self.records.get(agent.id)
        if record is None:
            record = self.records[agent.id] = AgentRecord(agent=agent, since=now)
        elif record.agent == agent:
            return ""
        else:
            self._by_number.pop(record.agent.number, None)
            if record.agent.number != agent.number:
                record.phone = PhoneState.UNKNOWN
            if (record.agent.number, record.agent.phone.outside) != (agent.number, agent.phone.outside):
                record.phone_used = False
                self._forget_outside(record)
            self.free.remove(record)
            record.agent = agent
        self._by_number[agent.number] = agent.id
        self.roster += 1
        self._free_or_not(record, now)
        return ""

    def remove(self, agent: AgentId, now: float) -> str:
        """Take an agent out; gives what is wrong, or ""."""
        record = self.records.get(agent)
        if record is None:
            return f"there is no agent {agent}"
        if record.status is not AgentStatus.LOGGED_OUT or record.contacts or record.offer is not None:
            return f"{agent} is at work; log her out first"
        if record.own_calls > record.used_outside:
            return f"{agent} makes a call of her own; wait until it is over"
        if record.nail is not None:
            return f"the phone of {agent} is nailed up; log her out first"
        self.free.remove(record)
        self.free.forget(agent)
        del self.records[agent]
        del self._by_number[record.agent.number]
        for kind in (TimerKind.REST, TimerKind.WRAP_UP, TimerKind.NAIL, TimerKind.TONE, TimerKind.PHONE_USE):
            self._timers.cancel(kind, agent)
        self.roster += 1
        return ""

    def _forget_outside(self, record: AgentRecord) -> None:
        """Her phone is another one: a call on the one before is no matter of hers."""
        self._timers.cancel(TimerKind.PHONE_USE, record.agent.id)
        if record.used_outside:
            record.used_outside = False
            record.own_calls -= 1
            self._out.append(PhoneUsedOutside(agent=record.agent.id, used=False))

    # -- what the person says ----------------------------------------------------------------------------------------

    def set_status(self, record: AgentRecord, status: AgentStatus, reason: str, now: float) -> str:
        """Log in or out, pause, be ready; gives what is wrong, or "". An offer must have been withdrawn before."""
        was = record.status
        if status is AgentStatus.PAUSED and was is AgentStatus.LOGGED_OUT:
            return f"{record.agent.id} is not logged in"
        reason = reason if status is AgentStatus.PAUSED else ""
        if status is AgentStatus.AVAILABLE:
            if was is AgentStatus.LOGGED_OUT:
                record.contacts_taken = 0
            record.resting_until = 0.0  # who says that she is ready is
            self._timers.cancel(TimerKind.REST, record.agent.id)
        if (was is AgentStatus.LOGGED_OUT) != (status is AgentStatus.LOGGED_OUT):
            self.roster += 1
        self._change(record, now, status=status, reason=reason)
        if record.state is AgentState.WRAP_UP and status is not AgentStatus.PAUSED:
            self._timers.cancel(TimerKind.WRAP_UP, record.agent.id)
            self._leave_wrap_up(record, now)
        else:
            self._free_or_not(record, now)
        return ""

    def end_wrap_up(self, record: AgentRecord, now: float) -> str:
        """The agent has finished early; gives what is wrong, or ""."""
        if record.state is not AgentState.WRAP_UP:
            return f"{record.agent.id} is not in wrap-up"
        self._timers.cancel(TimerKind.WRAP_UP, record.agent.id)
        self._leave_wrap_up(record, now)
        return ""

    def extend_wrap_up(self, record: AgentRecord, by_s: float, now: float) -> str:
        """The agent needs longer, counted from now; gives what is wrong, or ""."""
        if record.state is not AgentState.WRAP_UP:
            return f"{record.agent.id} is not in wrap-up"
        if not 0 < by_s <= WRAP_UP_EXTENSION_MAX_S:
            return f"a wrap-up is extended by up to {WRAP_UP_EXTENSION_MAX_S:.0f} s, not {by_s:g}"
        self._timers.set(TimerKind.WRAP_UP, record.agent.id, now + by_s)
        return ""

    # -- what the system sees ----------------------------------------------------------------------------------------

    def phone_changed(self, record: AgentRecord, phone: PhoneState, now: float) -> None:
        """Her phone came or went."""
        if record.phone is phone:
            return
        record.phone = phone
        if phone is not PhoneState.REACHABLE:
            self.away.append(record.agent.id)
        self._out.append(PhoneSeen(agent=record.agent.id, state=phone))
        self._free_or_not(record, now)

    def connected(self, record: AgentRecord, now: float) -> None:
        """Her phone is nailed up, or is not any more."""
        self._free_or_not(record, now)

    def stands_down(self, record: AgentRecord, reason: str, now: float) -> None:
        """Her phone was let go, by her or by the network: nobody is offered to her until she is ready again."""
        if record.status is AgentStatus.AVAILABLE:
            self._change(record, now, status=AgentStatus.PAUSED, reason=reason)
        self._free_or_not(record, now)

    def dials(self, record: AgentRecord, now: float) -> None:
        """She calls somebody, or a feature code: a phone that is in use is not rung."""
        record.own_calls += 1
        self._free_or_not(record, now)

    def has_dialled(self, record: AgentRecord, now: float) -> None:
        """A call of her own is over."""
        record.own_calls -= 1
        self._free_or_not(record, now)

    def offered(self, record: AgentRecord, leg: LegId, contact: ContactId, now: float) -> None:
        """Her phone will ring."""
        record.offer = leg
        record.last_offered = now
        self.free.remove(record)
        if record.state is READY:
            self._move(record, AgentInput.OFFERED, now, contact=contact)

    def took(
        self, record: AgentRecord, contact: ContactId, medium: Medium, now: float, *, counted: bool = True
    ) -> None:
        """She has the contact, or (not `counted`) has been called aside about it."""
        record.offer = None
        record.contacts.append(contact)
        record.contacts_taken += counted
        record.load[medium] = record.load.get(medium, 0) + 1
        if record.state is OFFERED or record.state is READY or record.state is AgentState.NOT_READY:
            self._move(record, AgentInput.TOOK, now, contact=contact)
        self._relist(record, now)

    def offer_lost(self, record: AgentRecord, now: float, *, rest_s: float = 0.0, pause: str = "") -> None:
        """The offer is over without an answer: she rests, is paused for a reason, or is as free as before."""
        record.offer = None
        if rest_s > 0:
            record.resting_until = now + rest_s
            self._timers.set(TimerKind.REST, record.agent.id, record.resting_until)
        if pause and record.status is AgentStatus.AVAILABLE:
            self._change(record, now, status=AgentStatus.PAUSED, reason=pause)
        self._free_or_not(record, now)

    def talk_ended(self, record: AgentRecord, contact: ContactId, medium: Medium, wrap_up_s: float, now: float) -> None:
        """Her part of a contact is over; a wrap-up follows if the queue has one and nothing else goes on."""
        record.contacts.remove(contact)
        record.load[medium] -= 1
        if record.contacts or record.offer is not None:
            self._relist(record, now)
            return
        if wrap_up_s > 0 and record.state is AgentState.ON_CONTACT:
            self._move(record, AgentInput.WRAPPED, now, contact=contact)
            self._timers.set(TimerKind.WRAP_UP, record.agent.id, now + wrap_up_s)
            self._relist(record, now)
        else:
            self._free_or_not(record, now)

    def wrap_up_due(self, agent: AgentId, now: float) -> None:
        """The wrap-up's time is up."""
        record = self.records.get(agent)
        if record is not None and record.state is AgentState.WRAP_UP:
            self._leave_wrap_up(record, now)

    def rest_due(self, agent: AgentId, now: float) -> None:
        """The rest after a missed offer is over."""
        record = self.records.get(agent)
        if record is not None:
            record.resting_until = 0.0
            self._free_or_not(record, now)

    def log_out_all(self, now: float) -> None:
        """The call center stops: nobody works in one that does not run."""
        for agent in sorted(self.records):
            record = self.records[agent]
            if record.status is not AgentStatus.LOGGED_OUT:
                self.set_status(record, AgentStatus.LOGGED_OUT, "", now)

    def restored(self, record: AgentRecord, now: float) -> None:
        """After a snapshot: put her back into the indexes without telling anybody."""
        self.records[record.agent.id] = record
        self._by_number[record.agent.number] = record.agent.id
        for medium in record.agent.capacity:
            if is_able(record, medium, now, self._interruptible):
                self.free.add(record, medium)

    def take_interruptible(self, interruptible: Interruptible, now: float) -> None:
        """From now on these media may be offered beside others."""
        if interruptible != self._interruptible:
            self._interruptible = interruptible
            for agent in sorted(self.records):
                self._relist(self.records[agent], now)

    def why_not_free(self, record: AgentRecord, medium: Medium, now: float) -> str:
        """Why she cannot be offered a contact now, in words; empty if she can."""
        return why_not_free(record, medium, now, self._interruptible)

    # -- one place each ----------------------------------------------------------------------------------------------

    def _leave_wrap_up(self, record: AgentRecord, now: float) -> None:
        if self.on_wrapped is not None and record.served is not None:
            self.on_wrapped(record.served, now - record.since)
        able = not self._hindrance(record, now)
        self._move(record, AgentInput.READIED if able else AgentInput.STOOD_DOWN, now)
        self._relist(record, now)

    def _free_or_not(self, record: AgentRecord, now: float) -> None:
        """Bring state and index in line with what is known of her, unless a call or a wrap-up decides."""
        if not record.contacts and record.offer is None and record.state is not WRAP_UP:
            able = not self._hindrance(record, now)
            if able and record.state is not READY:
                self._move(record, AgentInput.READIED, now)
            elif not able and record.state is not AgentState.NOT_READY:
                self._move(record, AgentInput.STOOD_DOWN, now)
        self._relist(record, now)

    def _hindrance(self, record: AgentRecord, now: float) -> bool:
        return (
            record.status is not AVAILABLE
            or record.resting_until > now
            or record.phone is not REACHABLE
            or record.own_calls > 0
            or not is_connected(record)
        )

    def _relist(self, record: AgentRecord, now: float) -> None:
        self.free.remove(record)
        if record.phone_used and record.offer is None and not record.load.get(VOICE):
            self.to_look.append(record.agent.id)
        if record.agent.phone.nailed or record.nail is not None:
            self.to_nail.append(record.agent.id)
        listed = False
        for medium in record.agent.capacity:
            if is_able(record, medium, now, self._interruptible):
                self.free.add(record, medium)
                listed = True
        if listed:
            self.newly_free.append(record.agent.id)

    def _move(self, record: AgentRecord, told: AgentInput, now: float, contact: ContactId | None = None) -> None:
        after = next_state(record.agent.id, record.state, told)
        # an offer that was rescinded does not cost the agent her place among the idle
        if after is READY and record.state is not OFFERED:
            record.ready_since = now
        self._change(record, now, state=after, contact=contact)

    def _change(
        self,
        record: AgentRecord,
        now: float,
        *,
        status: AgentStatus | None = None,
        state: AgentState | None = None,
        reason: str | None = None,
        contact: ContactId | None = None,
    ) -> None:
        was_status, was_state, was_reason = record.status, record.state, record.reason
        if state is None:
            state = was_state
        else:
            record.about = contact
        status = was_status if status is None else status
        reason = was_reason if reason is None else reason
        if status is was_status and state is was_state and reason == was_reason:
            return
        self._out.append(
            AgentChanged(
                agent=record.agent.id,
                was_status=was_status,
                was_state=was_state,
                was_reason=was_reason,
                since=record.since,
                status=status,
                state=state,
                reason=reason,
                contact=record.about,
            )
        )
        if status is not AVAILABLE and record.status is not status:
            self.away.append(record.agent.id)
        record.status, record.state, record.reason, record.since = status, state, reason, now
