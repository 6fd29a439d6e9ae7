"""What will happen next to a contact that lives, as far as anybody can know. Knows deadlines and who could serve it.

Looks at an engine between two events; changes nothing. What people will do (hang up, come back from lunch) is not known
to anybody, so of agents only what ends by itself is told: a wrap-up, a rest, a ringing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.explain import Reason, able, unable_reason
from callcenter.core.lines import points
from callcenter.core.queues import IN_QUEUE
from callcenter.core.state import ContactRecord
from callcenter.core.timers import Timer, TimerKind
from callcenter.core.widening import TIMERS, asked_of, yet_to_come
from callcenter.model.contact import ContactState
from callcenter.model.forecast import Range
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.queue import Target
from callcenter.model.relaxation import Ageing

SOON_S: Final = 0.001  # a deadline and the time it was made from may differ in the last digit
WAITS: Final = (ContactState.WAITING, ContactState.OFFERED, ContactState.PROMISED)
"""Where it matters who could serve it."""

OF_THE_CONTACT: Final = frozenset(
    {
        TimerKind.FLOW_WAIT,
        TimerKind.CUT_OFF,
        TimerKind.MESSAGE,
        TimerKind.LOOKUP,
        TimerKind.SCRIPT,
        TimerKind.FORWARD,
        TimerKind.PARK,
        TimerKind.PICK_UP,
        TimerKind.ANNOUNCE,
        *TIMERS,
        TimerKind.MAX_WAIT,
        TimerKind.CALLBACK,
        TimerKind.CALLBACK_RING,
        TimerKind.MAIL,
    }
)
"""Deadlines whose subject is the contact."""


GIVEN_UP: Final = "given_up"
"""The step of a promise at whose deadline it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """Something that will happen at a known time, unless something else happens before."""

    at: float
    kind: TimerKind
    agent: AgentId | None = None  # whom it is about
    needs: str = ""  # of a relaxation: what is asked for then
    added: tuple[AgentId, ...] = ()  # of a relaxation: who could serve it then, and cannot now
    target: Target | None = None  # of the longest wait, or of closing: where the contact goes
    step: str = ""  # of a promise to call back: how far it has come


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One agent at work who has the skills that the contact needs. `reason` is None if she is free."""

    agent: AgentId
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A live contact: where it is, who could serve it, and what comes next, in order."""

    at: float
    contact: ContactId
    state: ContactState
    state_s: float
    queue: QueueName | None = None
    position: int = 0  # in its queue, from 1; 0 when in none
    waiting: int = 0  # in its queue, itself among them
    needs: str = ""
    priority: float = 0.0  # as it is now, with what ageing and lists add; of who waits
    ageing: Ageing | None = None  # how it grows, if it does
    priority_max: float = 0.0  # what it grows to
    flow: str = ""
    node: str = ""
    agent: AgentId | None = None  # whom it talks with, or who parked it
    slot: str = ""  # in which it is parked
    message: bool = False  # nobody is on the line: an agent is to hear what was left
    rung: tuple[AgentId, ...] = ()  # whose phones ring for it
    agents: tuple[Standing, ...] = ()  # who could serve it, but for those who are rung
    wait: Range | None = None  # how much longer, if it stays
    elsewhere: int = 0  # calls in other queues that are before it and that the same agents could take
    ranks_queues: bool = False  # the need of the queues decides what is before it, too
    upcoming: tuple[Upcoming, ...] = ()


def outlook(engine: Engine, contact_id: ContactId, now: float) -> Outlook | None:
    """What is known of a contact at `now`; None if it does not live."""
    world = engine.world
    contact = world.contacts.get(contact_id)
    if contact is None:
        return None
    waits = contact.state in IN_QUEUE
    view = next(one for one in engine.view(now).contacts if one.id == contact_id)
    pickup = contact.parked.pickup if contact.parked is not None else None
    rung = (*(offer.agent for offer in contact.offers.values()), *((pickup.agent,) if pickup is not None else ()))
    agents = able(engine, contact.needs) if contact.state in WAITS else []
    ageing = world.queue_of(contact).ageing if contact.state in WAITS else None
    return Outlook(
        at=now,
        contact=contact.id,
        state=contact.state,
        state_s=now - contact.phase_since,
        queue=contact.queue,
        position=view.position,
        waiting=len(world.queued.get(contact.queue, ())) if contact.queue is not None else 0,
        needs=str(contact.needs if contact.kept_for is not None else asked_of(contact)) if waits else "",
        priority=points(contact, now) if waits else 0.0,
        ageing=ageing,
        priority_max=contact.priority + ageing.max if ageing is not None else 0.0,
        flow=(contact.flow or "") if contact.state is ContactState.IN_FLOW else "",
        node=contact.node if contact.state is ContactState.IN_FLOW else "",
        agent=contact.agent if contact.parked is None else contact.parked.agent,
        slot=contact.parked.slot if contact.parked is not None else "",
        message=contact.mail is not None,
        rung=rung,
        agents=tuple(_standing(engine, contact, agent, now) for agent in agents if agent not in rung),
        wait=engine.forecast.of(contact) if contact.state is ContactState.WAITING else None,
        elsewhere=_elsewhere(engine, contact, agents, now),
        ranks_queues=world.lines.rules.by_queue,
        upcoming=tuple(_upcoming(engine, contact, agents)),
    )


def _elsewhere(engine: Engine, contact: ContactRecord, agents: list[AgentId], now: float) -> int:
    """How many of other queues come first for somebody who could serve this contact."""
    world = engine.world
    others = [
        other
        for other in world.contacts.values()
        if other.state is ContactState.WAITING and other.queue != contact.queue
    ]
    if world.lines.rules.by_queue and contact.id in world.lines:
        place = engine.parts.matching.ranking.at(now).place
        before = [other for other in others if other.id in world.lines and place(other) < place(contact)]
    else:
        mine = world.lines.place_of(contact, now)
        before = [other for other in others if world.lines.place_of(other, now) < mine]
    skills = [world.agents.records[agent].agent.able for agent in agents]
    return sum(any(other.needs.met_by(has) for has in skills) for other in before)


def _standing(engine: Engine, contact: ContactRecord, agent: AgentId, now: float) -> Standing:
    record = engine.world.agents.records[agent]
    free = not engine.world.agents.why_not_free(record, contact.medium, now)
    return Standing(agent=agent, reason=None if free else unable_reason(engine, record, contact.medium, now))


def _upcoming(engine: Engine, contact: ContactRecord, agents: list[AgentId]) -> list[Upcoming]:
    """Every deadline that matters to the contact, soonest first."""
    offers = {str(leg): offer.agent for leg, offer in contact.offers.items()}
    found = []
    for timer in engine.world.timers.listed():
        coming = _coming(engine, contact, timer, offers, frozenset(agents))
        if coming is not None:
            found.append(coming)
    return found


def _coming(
    engine: Engine,
    contact: ContactRecord,
    timer: Timer,
    offers: Mapping[str, AgentId],
    agents: frozenset[AgentId],
) -> Upcoming | None:
    at, kind, subject = timer.at, timer.kind, timer.subject
    if kind in OF_THE_CONTACT:
        return _of_the_contact(engine, contact, timer) if subject == contact.id else None
    if kind is TimerKind.OFFER:
        return Upcoming(at=at, kind=kind, agent=offers[subject]) if subject in offers else None
    if kind is TimerKind.CLOSING:
        if subject != contact.queue or contact.state not in IN_QUEUE:
            return None
        return Upcoming(at=at, kind=kind, target=engine.world.queue_of(contact).at_close)
    if kind in (TimerKind.WRAP_UP, TimerKind.REST) and subject in agents:
        return Upcoming(at=at, kind=kind, agent=AgentId(subject))
    return None


def _of_the_contact(engine: Engine, contact: ContactRecord, timer: Timer) -> Upcoming | None:
    if timer.kind is TimerKind.MAX_WAIT and contact.queue is not None:
        return Upcoming(at=timer.at, kind=timer.kind, target=engine.world.queue_of(contact).overflow)
    if timer.kind in TIMERS and contact.queue is not None:
        waited_s = timer.at - contact.counts_from
        coming = yet_to_come(contact, engine.world.queue_of(contact))
        after = next((needs for at_s, needs in reversed(coming) if at_s <= waited_s + SOON_S), None)
        if after is None:
            return None
        added = tuple(agent for agent in able(engine, after) if agent not in set(able(engine, contact.needs)))
        return Upcoming(at=timer.at, kind=timer.kind, needs=str(after), added=added)
    callback = contact.callback
    step = callback.step.value if callback is not None else ""
    if callback is not None and timer.kind is TimerKind.CALLBACK and timer.at > callback.gives_up:
        step = GIVEN_UP
    return Upcoming(at=timer.at, kind=timer.kind, step=step)
