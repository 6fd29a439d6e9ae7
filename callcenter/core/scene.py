"""The live center as numbers for `core/paths.py`. Knows who competes for the same agents; simulates nothing.

Who competes: starting from what one queue needs, the agents at work who meet it, all who wait for any of these
agents, the agents whom those could have instead, and so on until nobody is added. Agents who pause are not counted,
nor those who will log out after their call, whose phones are away or in use: nobody knows when they come back.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from callcenter.core.durations import CELLS, Patience, Spread, exactly
from callcenter.core.free import could_serve
from callcenter.core.learnt import Learnt
from callcenter.core.lines import Place
from callcenter.core.scenery import HORIZON_S, Busy, Overtakers, Scene, Service, Waiter
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.widening import yet_to_come
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName
from callcenter.model.need import Need
from callcenter.model.queue import Queue

SCAN_MAX: Final = 100_000  # agents times needs that are compared, once per change of who is at work
HEADS_MAX: Final = 2_500  # contacts, slots and queues of one scene
_BITS: Final = 8  # of CELLS

assert 1 << _BITS == CELLS


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
        lines = {need: line for line, need in enumerate(needs)}
        configured = {**self._world.configuration.queues, queue.name: queue}
        queues = [
            one
            for name, one in sorted(configured.items())
            if one.needs in lines and (one is queue or name in self._world.learnt)
        ]
        competing = [contact for contact in waiting if contact.needs in lines]  # a group is in play as a whole
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

    def _filled(
        self,
        queue: Queue,
        medium: Medium,
        now: float,
        lines: dict[Need, int],
        queues: list[Queue],
        competing: list[ContactRecord],
        agents: list[AgentId],
    ) -> Cast:
        figures = _Figures(self._world, queue)
        busy: list[Busy] = []
        idle: list[tuple[int, ...]] = []
        for agent in agents:
            serves = tuple(line for need, line in lines.items() if agent in self.able(need))
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
        figures: "_Figures",
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
        self, record: AgentRecord, medium: Medium, now: float, figures: "_Figures"
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
        lines: dict[Need, int],
        figures: "_Figures",
    ) -> Waiter:
        waited_s, counted_s, held_s = now - contact.entered, now - contact.counts_from, now - contact.holds_from
        return Waiter(
            line=lines[contact.needs],
            service=figures.service(queue.name),
            patience=None if ghost or contact.leg is None else figures.patience(queue.name),
            waited_s=waited_s,
            leaves_s=max(queue.max_wait_s - held_s, 0.0) if queue.max_wait_s > 0 and contact.leg else HORIZON_S,
            moves=tuple(
                (max(after_s - counted_s, 0.0), lines[needs])
                for after_s, needs in yet_to_come(contact, queue)
                if needs in lines
            ),
            ghost=ghost,
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
        lines: dict[Need, int],
        figures: "_Figures",
    ) -> Iterator[Overtakers]:
        for queue in queues:
            learnt = self._world.learnt.get(queue.name)
            for priority, rate in sorted(learnt.arrivals.items()) if learnt is not None else ():
                comes = self._next_of(queue, medium, priority, now)
                comes.serial += 1  # behind the ghosts
                before, per_s = bisect_left(places, self._world.lines.place_of(comes, now)), rate.per_s(now)
                if before < len(places) and per_s > 0.0:
                    service = figures.service(queue.name)
                    yield Overtakers(per_s=per_s, line=lines[queue.needs], service=service, before=before)


class _Figures:
    """What is learnt of the queues of one scene, made ready to be drawn from, once each.

    A queue of which nothing is learnt yet is taken to be like the one that was asked about.
    """

    def __init__(self, world: World, asked: Queue) -> None:
        self._world = world
        self._asked = asked.name
        self._talks: dict[QueueName, Spread] = {}
        self._answers: dict[QueueName, Spread] = {}
        self._wrap_ups: dict[QueueName, Spread] = {}
        self._patiences: dict[QueueName, Spread | None] = {}
        self._numbers: dict[QueueName, int] = {}
        self.services: list[Service] = []

    def talk(self, queue: QueueName | None) -> Spread:
        name = self._known(queue)
        if name not in self._talks:
            contacts, now = self._world.contacts.values(), self._world.now
            talking = (c for c in contacts if c.state is ContactState.CONNECTED and c.last_queue == name)
            self._talks[name] = self._of(name).talk.spread([max(now - c.talk_began, 0.0) for c in talking])
        return self._talks[name]

    def answer(self, queue: QueueName | None) -> Spread:
        name = self._known(queue)
        if name not in self._answers:
            self._answers[name] = self._of(name).answer.spread()
        return self._answers[name]

    def wrap_up(self, queue: QueueName | None) -> Spread:
        name = self._known(queue)
        if name not in self._wrap_ups:
            learnt = self._of(name).wrap_up
            configured = self._world.configuration.queues.get(name)
            ruled_s = configured.wrap_up_s if configured is not None else 0.0
            self._wrap_ups[name] = learnt.spread() if learnt.count and ruled_s > 0.0 else exactly(ruled_s)
        return self._wrap_ups[name]

    def patience(self, queue: QueueName) -> Spread | None:
        if queue not in self._patiences:
            learnt = self._world.learnt.get(queue)
            self._patiences[queue] = (learnt.patience if learnt is not None else Patience()).spread()
        return self._patiences[queue]

    def service(self, queue: QueueName) -> int:
        """The number of what serving one of its contacts takes."""
        if queue not in self._numbers:
            self._numbers[queue] = len(self.services)
            talk, answer, wrap_up = self.talk(queue), self.answer(queue), self.wrap_up(queue)
            self.services.append(Service(draws=tuple(_draws(talk, answer, wrap_up))))
        return self._numbers[queue]

    def _known(self, queue: QueueName | None) -> QueueName:
        learnt = self._world.learnt.get(queue) if queue is not None else None
        return queue if queue is not None and learnt is not None and learnt.talk.count else self._asked

    def _of(self, queue: QueueName) -> Learnt:
        return self._world.learnt.get(queue) or Learnt()


def _draws(talk: Spread, answer: Spread, wrap_up: Spread) -> Iterator[tuple[float, float]]:
    """256 draws spread evenly over all there are: van der Corput's sequence in base 2, and a golden one beside it."""
    for n in range(CELLS):
        middle = (n + 0.5) / CELLS
        mirrored = (int(f"{n:0{_BITS}b}"[::-1], 2) + 0.5) / CELLS
        answer_s = answer.at(mirrored)
        yield answer_s, answer_s + talk.at(middle) + wrap_up.at((n * 0.6180339887498949 + 0.5) % 1.0)


def _takes(record: AgentRecord) -> bool:
    """Whether she takes contacts, now or after what she does."""
    return (
        record.status is AgentStatus.AVAILABLE
        and record.phone is PhoneState.REACHABLE
        and (record.own_calls == 0 or bool(record.contacts))
    )
