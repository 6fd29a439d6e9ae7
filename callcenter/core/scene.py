"""The live center as numbers for `core/paths.py`. Knows who competes for the same agents; simulates nothing.

Who competes: starting from what one queue needs, the agents at work who meet it, all who wait for any of these
agents, the agents whom those could have instead, and so on until nobody is added. Agents who pause are not counted,
nor those who will log out after their call, whose phones are away or in use: nobody knows when they come back.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from callcenter.core.durations import Spread, exactly
from callcenter.core.figures import Figures
from callcenter.core.free import could_serve
from callcenter.core.lines import Place
from callcenter.core.scenery import HORIZON_S, Busy, Overtakers, Scene, Waiter
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.widening import yet_to_come
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName
from callcenter.model.need import Need
from callcenter.model.queue import Queue
from callcenter.orders import ORDERS, Head

SCAN_MAX: Final = 100_000  # agents times needs that are compared, once per change of who is at work
HEADS_MAX: Final = 2_500  # contacts, slots and queues of one scene


_Lines = dict[tuple[Need, QueueName | None], int]
"""The number of the line of a need and, where an order ranks queues, of a queue; else of None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A scene, and who its waiters are: contacts in the order of service, and the ghost behind them of each queue."""

    scene: Scene
    contacts: tuple[tuple[int, ContactId], ...]  # (number of the waiter, who)
    ghosts: tuple[tuple[int, QueueName], ...]


class Stage:
    """Makes scenes. What it keeps is derived: who is able to do what, until somebody logs in or out."""

    __slots__ = ("_able", "_roster", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._able: dict[Need, frozenset[AgentId]] = {}
        self._roster = -1

    def cast(self, queue: Queue, medium: Medium, now: float) -> Cast | None:
        """Everybody who competes with a contact of this queue; None if they are too many to be simulated."""
        waiting = self._waiting(medium)
        found = self._competing(queue, waiting)
        if found is None:
            return None
        needs, agents = found
        configured = {**self._world.configuration.queues, queue.name: queue}
        queues = [
            one
            for name, one in sorted(configured.items())
            if one.needs in needs and (one is queue or name in self._world.learnt)
        ]
        in_play = frozenset(needs)
        competing = [contact for contact in waiting if contact.needs in in_play]  # a group is in play as a whole
        lines = self._lines(needs, queues, competing)
        if len(competing) + len(agents) + len(queues) > HEADS_MAX:
            return None
        return self._filled(queue, medium, now, lines, queues, competing, agents)

    def able(self, need: Need) -> frozenset[AgentId]:
        """The agents at work who meet the need, whatever they are doing."""
        agents = self._world.agents
        if self._roster != agents.roster:
            self._able.clear()
            self._roster = agents.roster
        known = self._able.get(need)
        if known is None:
            able = frozenset(agent for agent, record in agents.records.items() if could_serve(record, need))
            known = self._able[need] = able
        return known

    def in_service(self, need: Need) -> int:
        """How many of them take contacts now."""
        records = self._world.agents.records
        return sum(_takes(records[agent]) for agent in self.able(need))

    def is_served(self, need: Need) -> bool:
        """Whether any of them does."""
        records = self._world.agents.records
        return any(_takes(records[agent]) for agent in self.able(need))

    # -- who competes ------------------------------------------------------------------------------------------------

    def _waiting(self, medium: Medium) -> list[ContactRecord]:
        world = self._world
        inside = (world.contacts[contact] for contacts in world.queued.values() for contact in contacts)
        waiting = [c for c in inside if c.medium is medium and self._in_line(c)]
        place_of, now = world.lines.place_of, world.now
        waiting.sort(key=lambda contact: place_of(contact, now))
        return waiting

    def _in_line(self, contact: ContactRecord) -> bool:
        """On the line and waiting, or to be called back as soon as there is an agent, in her place."""
        if contact.state is ContactState.WAITING or contact.state is ContactState.DIALLING:
            return True
        due = contact.id in self._world.lines or contact.id in self._world.ahead
        return due and contact.state is ContactState.PROMISED

    def _competing(self, queue: Queue, waiting: list[ContactRecord]) -> tuple[list[Need], list[AgentId]] | None:
        """The needs in play, each found from the ones before by an agent who meets both, and all who meet any.

        What a contact needs now and what it will need later, as its queue relaxes, come together.
        """
        world = self._world
        groups: dict[tuple[Need, ...], None] = {(queue.needs,): None}
        for contact in waiting:
            groups[self._needs_of(contact)] = None
        for name, configured in world.configuration.queues.items():
            if name in world.learnt:
                groups[configured.needs,] = None
        if sum(map(len, groups)) * len(world.agents.records) > SCAN_MAX:
            return None
        needs: dict[Need, None] = {queue.needs: None}
        agents = set(self.able(queue.needs))
        left = list(groups)
        while True:
            joins = [group for group in left if any(n in needs or not agents.isdisjoint(self.able(n)) for n in group)]
            if not joins:
                return list(needs), sorted(agents)
            for group in joins:
                needs.update(dict.fromkeys(group))
                agents.update(*(self.able(need) for need in group))
            left = [group for group in left if group not in joins]

    def _needs_of(self, contact: ContactRecord) -> tuple[Need, ...]:
        """What it needs now, and after each step that is still to come."""
        queue = self._world.queue_of(contact)
        return (contact.needs, *(needs for _, needs in yet_to_come(contact, queue)))

    # -- numbers -----------------------------------------------------------------------------------------------------

    def _lines(self, needs: list[Need], queues: list[Queue], competing: list[ContactRecord]) -> "_Lines":
        """The lines in play: one for each need, or for each that a queue's contacts have or will have."""
        if not self._world.lines.rules.by_queue:
            return {(need, None): line for line, need in enumerate(needs)}
        found: dict[tuple[Need, QueueName | None], None] = {(queue.needs, queue.name): None for queue in queues}
        for contact in competing:
            found.update(((need, contact.queue), None) for need in self._needs_of(contact))
        return {one: line for line, one in enumerate(found)}

    def _line(self, lines: "_Lines", need: Need, queue: QueueName) -> int:
        return lines[need, queue if self._world.lines.rules.by_queue else None]

    def _rank(self, lines: "_Lines") -> Callable[[int, float], tuple[float, ...]] | None:
        """How the order of the center ranks the queue of a line, by how long its first has waited."""
        world = self._world
        if not world.lines.rules.by_queue:
            return None
        order = ORDERS[world.configuration.routing.order]
        heads = []
        for need, name in lines:
            rules = world.configuration.queues.get(name) if name is not None else None
            at_work, known = len(self.able(need)), world.learnt.get(name) if name is not None else None
            handle_s = known.talk.mean_s + known.wrap_up.mean_s if known is not None else 0.0
            heads.append(
                Head(
                    queue=name or QueueName(""),
                    waited_s=0.0,
                    advance_s=handle_s / at_work if at_work else 0.0,
                    target_s=rules.service_level_s if rules is not None else 0.0,
                    weight=rules.weight if rules is not None else 1.0,
                )
            )

        def rank(line: int, waited_s: float) -> tuple[float, ...]:
            return order.rank(heads[line]._replace(waited_s=waited_s))

        return rank

    def _filled(
        self,
        queue: Queue,
        medium: Medium,
        now: float,
        lines: "_Lines",
        queues: list[Queue],
        competing: list[ContactRecord],
        agents: list[AgentId],
    ) -> Cast:
        figures = Figures(self._world, queue)
        busy: list[Busy] = []
        idle: list[tuple[int, ...]] = []
        for agent in agents:
            serves = tuple(line for (need, _), line in lines.items() if agent in self.able(need))
            self._slots(self._world.agents.records[agent], medium, serves, now, figures, busy, idle)
        ghosts = ((self._next_of(one, medium, one.priority, now), one) for one in queues)
        place_of = self._world.lines.place_of
        everybody = sorted(
            [
                *((place_of(c, now), c, self._world.queue_of(c), False) for c in competing),
                *((place_of(c, now), c, one, True) for c, one in ghosts),
            ],
            key=lambda one: one[0],
        )
        waiters = tuple(
            self._waiter(contact, rules, ghost=ghost, now=now, lines=lines, figures=figures)
            for _, contact, rules, ghost in everybody
        )
        places = [place for place, *_ in everybody]
        overtakers = tuple(self._overtakers(queues, medium, now, places, lines, figures))
        return Cast(
            scene=Scene(
                lines=len(lines),
                services=tuple(figures.services),
                waiters=waiters,
                busy=tuple(busy),
                idle=tuple(idle),
                overtakers=overtakers,
                rank=self._rank(lines),
            ),
            contacts=tuple((n, contact.id) for n, (_, contact, _, ghost) in enumerate(everybody) if not ghost),
            ghosts=tuple((n, rules.name) for n, (_, _, rules, ghost) in enumerate(everybody) if ghost),
        )

    def _slots(
        self,
        record: AgentRecord,
        medium: Medium,
        serves: tuple[int, ...],
        now: float,
        figures: Figures,
        busy: list[Busy],
        idle: list[tuple[int, ...]],
    ) -> None:
        """One for each contact she could have at once, and what it is taken by."""
        can = record.agent.capacity.get(medium, 0)
        if not can or not _takes(record):
            return
        taken = [
            Busy(serves=serves, spread=spread, lasted_s=lasted_s, then_s=then_s)
            for spread, lasted_s, then_s in self._tasks(record, medium, now, figures)
        ]
        busy += taken
        idle += [serves] * (can - len(taken))

    def _tasks(
        self, record: AgentRecord, medium: Medium, now: float, figures: Figures
    ) -> Iterator[tuple[Spread, float, float]]:
        world = self._world
        if record.state is AgentState.WRAP_UP:
            yield figures.wrap_up(record.served), now - record.since, 0.0
            return
        if record.resting_until > now:
            yield exactly(record.resting_until - now), 0.0, 0.0
            return
        offered = world.by_leg(record.offer) if record.offer is not None else None
        if offered is not None and offered.medium is medium:
            name = offered.queue or offered.last_queue
            yield figures.talk(name), 0.0, figures.answer(name).at(0.5) + figures.wrap_up(name).mean_s
        for contact_id in record.contacts:
            contact = world.contacts[contact_id]
            if contact.medium is medium:
                name = contact.last_queue
                lasted_s = now - contact.talk_began if contact.state is ContactState.CONNECTED else 0.0
                yield figures.talk(name), lasted_s, figures.wrap_up(name).mean_s

    def _waiter(
        self,
        contact: ContactRecord,
        queue: Queue,
        *,
        ghost: bool,
        now: float,
        lines: "_Lines",
        figures: Figures,
    ) -> Waiter:
        waited_s, counted_s, held_s = now - contact.entered, now - contact.counts_from, now - contact.holds_from
        starves_after_s = self._world.lines.rules.starves_after_s.get(queue.name, HORIZON_S)
        return Waiter(
            line=self._line(lines, contact.needs, queue.name),
            service=figures.service(queue.name),
            patience=None if ghost or contact.leg is None else figures.patience(queue.name),
            waited_s=waited_s,
            leaves_s=max(queue.max_wait_s - held_s, 0.0) if queue.max_wait_s > 0 and contact.leg else HORIZON_S,
            moves=tuple(
                (max(after_s - counted_s, 0.0), self._line(lines, needs, queue.name))
                for after_s, needs in yet_to_come(contact, queue)
                if (needs, queue.name if self._world.lines.rules.by_queue else None) in lines
            ),
            ghost=ghost,
            priority=self._world.lines.place_of(contact, now)[0],
            age_s=now - contact.since,
            starves_s=max(starves_after_s - (now - contact.since), 0.0),
        )

    def _next_of(self, queue: Queue, medium: Medium, priority: int, now: float) -> ContactRecord:
        """Somebody who would come now, behind all of her priority."""
        return ContactRecord(
            id=ContactId(""),
            serial=self._world.mints().count + 1,
            leg=LegId(""),
            medium=medium,
            direction=Direction.INBOUND,
            caller="",
            caller_name="",
            dialled="",
            began=now,
            state=ContactState.WAITING,
            queue=queue.name,
            priority=priority,
            needs=queue.needs,
            since=now,
            entered=now,
            counts_from=now,
            holds_from=now,
        )

    def _overtakers(
        self,
        queues: list[Queue],
        medium: Medium,
        now: float,
        places: list[Place],
        lines: "_Lines",
        figures: Figures,
    ) -> Iterator[Overtakers]:
        rules = self._world.lines.rules
        for queue in queues:
            learnt = self._world.learnt.get(queue.name)
            for priority, rate in sorted(learnt.arrivals.items()) if learnt is not None else ():
                comes = self._next_of(queue, medium, priority, now)
                comes.serial += 1  # behind the ghosts
                place = self._world.lines.place_of(comes, now)
                before, per_s = bisect_left(places, place), rate.per_s(now)
                if per_s > 0.0 and (before < len(places) or rules.by_queue):
                    yield Overtakers(
                        per_s=per_s,
                        line=self._line(lines, queue.needs, queue.name),
                        service=figures.service(queue.name),
                        before=before,
                        priority=place[0],
                        starves_s=rules.starves_after_s.get(queue.name, HORIZON_S),
                    )


def _takes(record: AgentRecord) -> bool:
    """Whether she takes contacts, now or after what she does."""
    return (
        record.status is AgentStatus.AVAILABLE
        and record.phone is PhoneState.REACHABLE
        and (record.own_calls == 0 or bool(record.contacts))
    )
