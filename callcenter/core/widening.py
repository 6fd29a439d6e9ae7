"""Who may serve a contact, and what it counts, from its coming into a queue on. Knows one contact and its queue's
rules.

Theory: a contact *asks* for something: its own needs (its flow's, or the queue's), made less by each step of
relaxation. What it *needs* now may be narrower: for a while nobody but the agent who knows the caller (sticky), or not
those whom the queue holds in reserve. `needs` is what lines and free agents are compared with; `asks` is kept beside
it while they differ.
"""

from typing import Final

from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import ANY_QUEUE, World
from callcenter.model.agent import AgentStatus, PhoneState
from callcenter.model.ids import AgentId
from callcenter.model.need import Need, only
from callcenter.model.queue import Queue, RelaxStep

TIMERS: Final = (TimerKind.RELAX, TimerKind.STICKY, TimerKind.RESERVE)
THOUSANDTHS: Final = 1000


def asked_of(contact: ContactRecord) -> Need:
    """What the contact asks for, whoever is kept back from it or preferred at present."""
    return contact.needs if contact.asks is None else contact.asks


def steps_of(contact: ContactRecord, queue: Queue) -> tuple[RelaxStep, ...]:
    """The contact's own relaxation, or the queue's."""
    return contact.steps or queue.relax


def yet_to_come(contact: ContactRecord, queue: Queue) -> list[tuple[float, Need]]:
    """How its needs will widen: after so many seconds in the queue, these."""
    steps: list[tuple[float, RelaxStep | None]] = [
        (step.after_s, step) for step in steps_of(contact, queue)[contact.relaxed :]
    ]
    kept_s = queue.sticky.for_s if contact.kept_for is not None and queue.sticky is not None else 0.0
    spared_s = queue.reserve.above_s if contact.spares and queue.reserve is not None else 0.0
    times = sorted([*steps, *((at_s, None) for at_s in (kept_s, spared_s) if at_s)], key=lambda one: one[0])
    found, asks = [], asked_of(contact)
    for at_s, step in times:
        asks = asks if step is None else step.applied_to(asks)
        spared = queue.reserve.spared(asks) if queue.reserve is not None and at_s < spared_s else asks
        found.append((at_s, only(contact.kept_for) if contact.kept_for is not None and at_s < kept_s else spared))
    return found


class Widening:
    """The rules by which more agents may serve a contact the longer it waits."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def begin(
        self,
        contact: ContactRecord,
        queue: Queue,
        priority: int | None,
        needs: Need | None,
        steps: tuple[RelaxStep, ...],
    ) -> None:
        """The contact has come into the queue, and brings what its flow gave it."""
        contact.own_priority, contact.own_needs, contact.steps = priority, needs, steps
        contact.relaxed = 0
        self._weigh(contact, queue)
        asks = queue.needs if needs is None else needs
        waited_s = self._world.now - contact.counts_from
        if waited_s > 0.0:
            asks = self._due(contact, queue, asks, waited_s)
        if queue.sticky is None and queue.reserve is None:
            contact.needs, contact.asks = asks, None
            return
        contact.spares = queue.reserve is not None and waited_s < queue.reserve.above_s
        kept = queue.sticky is not None and waited_s < queue.sticky.for_s
        self._keep_for(contact, self._last_agent(contact, queue, asks) if kept else None)
        self._narrow(contact, queue, asks)

    def began(self, contact: ContactRecord, queue: Queue) -> None:
        """Set the deadlines, from the time from which the contact's wait counts."""
        timers, began = self._world.timers, contact.counts_from
        self._set_relax_timer(contact, queue)
        if contact.kept_for is not None and queue.sticky is not None:
            timers.set(TimerKind.STICKY, contact.id, began + queue.sticky.for_s)
        if contact.spares and queue.reserve is not None:
            timers.set(TimerKind.RESERVE, contact.id, began + queue.reserve.above_s)

    def resume(self, contact: ContactRecord, queue: Queue) -> None:
        """The contact goes on waiting with what it had, without its caller."""
        waited_s = self._world.now - contact.counts_from
        contact.spares = queue.reserve is not None and waited_s < queue.reserve.above_s
        self._age(contact, queue)
        self._narrow(contact, queue, asked_of(contact))

    def prioritise(self, contact: ContactRecord, queue: Queue, priority: int) -> None:
        """The contact's own priority is this; what ageing and VIP lists add is added to it."""
        contact.own_priority = priority
        self._weigh(contact, queue)

    def over(self, contact: ContactRecord) -> None:
        """The contact has left the queue."""
        timers = self._world.timers
        timers.cancel(TimerKind.RELAX, contact.id)
        if contact.kept_for is not None:
            timers.cancel(TimerKind.STICKY, contact.id)
            self._keep_for(contact, None)
        if contact.spares:
            timers.cancel(TimerKind.RESERVE, contact.id)
            contact.spares = False
        contact.needs, contact.asks = asked_of(contact), None

    def again(self, contact: ContactRecord, queue: Queue) -> None:
        """The queue has other rules: as if they had held all the time."""
        waited_s = self._world.now - contact.counts_from
        for kind in TIMERS:
            self._world.timers.cancel(kind, contact.id)
        self._weigh(contact, queue)
        asks = queue.needs if contact.own_needs is None else contact.own_needs
        asks = self._due(contact, queue, asks, waited_s)
        contact.spares = queue.reserve is not None and waited_s < queue.reserve.above_s
        agent = self._world.agents.records.get(contact.kept_for) if contact.kept_for is not None else None
        would_do = agent is not None and self._suited(contact, queue, asks).met_by(agent.agent.able)
        if queue.sticky is None or waited_s >= queue.sticky.for_s or not would_do:
            self._keep_for(contact, None)
        self._narrow(contact, queue, asks)
        self.began(contact, queue)

    def weigh_anew(self, contact: ContactRecord, queue: Queue) -> None:
        """Its priority by the lists of now."""
        self._weigh(contact, queue)

    # -- each gives what has changed, in words; "" if nothing has ----------------------------------------------------

    def relax(self, contact: ContactRecord, queue: Queue) -> str:
        """The next step of the relaxation is due."""
        steps = steps_of(contact, queue)
        if contact.relaxed >= len(steps):
            return ""
        step = steps[contact.relaxed]
        contact.relaxed += 1
        self._narrow(contact, queue, step.applied_to(asked_of(contact)))
        self._set_relax_timer(contact, queue)
        asks = str(asked_of(contact)) or "anybody"
        return f"step {contact.relaxed} of {len(steps)} of its relaxation: asks for {asks}"

    def let_go(self, contact: ContactRecord, queue: Queue, why: str) -> str:
        """Nobody is preferred any more."""
        agent = contact.kept_for
        if agent is None:
            return ""
        self._world.timers.cancel(TimerKind.STICKY, contact.id)
        self._keep_for(contact, None)
        self._narrow(contact, queue, asked_of(contact))
        return f"not kept for {agent} any more: {why}"

    def open_reserve(self, contact: ContactRecord, queue: Queue) -> str:
        """The contact has waited long enough for the reserve."""
        if not contact.spares:
            return ""
        contact.spares = False
        self._narrow(contact, queue, asked_of(contact))
        return "the reserve may serve now"

    # -- small things ------------------------------------------------------------------------------------------------

    def _due(self, contact: ContactRecord, queue: Queue, asks: Need, waited_s: float) -> Need:
        """What is left of `asks` after all steps that are due by now: they are taken."""
        for_one = contact.callback is not None and contact.callback.only is not None  # she and nobody else calls
        due = [step for step in steps_of(contact, queue) if step.after_s <= waited_s and not for_one]
        contact.relaxed = len(due)
        for step in due:
            asks = step.applied_to(asks)
        return asks

    def _narrow(self, contact: ContactRecord, queue: Queue, asks: Need) -> None:
        needs = only(contact.kept_for) if contact.kept_for is not None else self._suited(contact, queue, asks)
        contact.needs, contact.asks = needs, None if needs == asks else asks

    def _weigh(self, contact: ContactRecord, queue: Queue) -> None:
        contact.priority = queue.priority if contact.own_priority is None else contact.own_priority
        self._age(contact, queue)
        if queue.vip and contact.caller:
            lists = self._world.marks.lists(self._world.library[contact.version])
            found = (points for name, points in queue.vip.items() if name in lists and contact.caller in lists[name])
            contact.priority += max(found, default=0)

    def _age(self, contact: ContactRecord, queue: Queue) -> None:
        ageing = queue.ageing
        contact.age_rate = round(ageing.per_minute * THOUSANDTHS) if ageing is not None else 0
        contact.age_max = round(ageing.max * THOUSANDTHS) if ageing is not None else 0

    def _last_agent(self, contact: ContactRecord, queue: Queue, asks: Need) -> AgentId | None:
        """The agent for whom the contact is kept at first, if there is one and she is at work and would do."""
        sticky, world = queue.sticky, self._world
        if sticky is None or not contact.caller or sticky.for_s <= 0:
            return None
        last = world.last_served.get((ANY_QUEUE if sticky.any_queue else queue.name, contact.caller))
        record = world.agents.records.get(last.agent) if last is not None else None
        if last is None or record is None or world.now - last.at > sticky.within_s:
            return None
        away_s = 0.0 if record.status is AgentStatus.AVAILABLE else world.now - record.since
        logged_in = record.status is not AgentStatus.LOGGED_OUT
        if not logged_in or away_s > sticky.pause_s or record.phone is not PhoneState.REACHABLE:
            return None
        return last.agent if self._suited(contact, queue, asks).met_by(record.agent.able) else None

    def _suited(self, contact: ContactRecord, queue: Queue, asks: Need) -> Need:
        """What is asked, with the reserve left out while it is spared."""
        return queue.reserve.spared(asks) if contact.spares and queue.reserve is not None else asks

    def _keep_for(self, contact: ContactRecord, agent: AgentId | None) -> None:
        kept = self._world.kept
        if contact.kept_for is not None:
            of_her = kept[contact.kept_for]
            del of_her[contact.id]
            if not of_her:
                del kept[contact.kept_for]
        contact.kept_for = agent
        if agent is not None:
            kept.setdefault(agent, {})[contact.id] = None

    def _set_relax_timer(self, contact: ContactRecord, queue: Queue) -> None:
        steps = steps_of(contact, queue)
        for_one = contact.callback is not None and contact.callback.only is not None  # she and nobody else calls
        if contact.relaxed < len(steps) and not for_one:
            at = contact.counts_from + steps[contact.relaxed].after_s
            self._world.timers.set(TimerKind.RELAX, contact.id, at)
