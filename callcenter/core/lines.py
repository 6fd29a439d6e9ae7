"""The waiting lines: which contact does a free agent get? Knows places and time; of an agent only what she can do.

Who comes first across all queues is a contact's `Place`: the direction that goes first, then those who have waited so
long that nobody may overtake them, then higher priority, then the earlier place in line (`since`), then order of
arrival. Priority may grow with waiting (ageing): so many points a minute, up to a cap. An order (`callcenter/orders`)
may rank queues between priority and `since`.

Theory: contacts who can be served by the same agents and whose places never change against each other stand in one
line (a heap). All who age at one rate grow alike, so among them priority minus rate times `since` decides at any time;
that is the key of the heap, and only the heads of lines are compared by what they are worth now. A contact that
reaches its cap, or has waited so long, steps over into another line when somebody next looks. Points are counted in
whole numbers (thousandths per minute, milliseconds), so that the key and the worth cannot disagree in the last digit.

Lines are found by a skill that their need asks for, so a free agent looks at the heads of the lines her skills lead to
and at nobody else. A contact that leaves is not searched for: its ticket is torn up, and the stub is dropped at the
head. Who has just come is served at once if anybody is free, so nobody is put into a line before somebody looks at one.
"""

import heapq
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from callcenter.core.line_rules import PLAIN, LineRules
from callcenter.core.state import ContactRecord
from callcenter.model.clauses import are_met
from callcenter.model.contact import Direction, Medium
from callcenter.model.ids import ContactId, QueueName, Skill
from callcenter.model.need import Need

STUBS_MAX: Final = 64  # torn tickets that a line may carry beyond twice its length before it is tidied

POINT: Final = 60_000_000  # a point of priority: 60,000 ms in a minute, a thousand thousandths in a point
THOUSANDTH: Final = 60_000
STARVED: Final = 1 << 50  # more than any priority
OUTBOUND: Final = Direction.OUTBOUND
LATER: Final = 1 << 52  # more than that
_EVERYBODY: Final = Skill("")

Place = tuple[float, ...]  # to be compared with others': the order of service
Rank = tuple[float, ...]


class _Line:
    """Contacts of one need on one medium that age alike."""

    __slots__ = ("anchors", "clauses", "heap", "key", "length", "medium", "outbound", "queue", "rate")

    def __init__(self, key: tuple[object, ...], contact: ContactRecord, rate: int, queue: QueueName | None) -> None:
        self.key = key
        self.medium = contact.medium
        self.clauses = contact.needs.alternatives
        self.rate = rate
        self.queue = queue  # None: several, or those whom no rank of a queue concerns
        self.outbound = contact.direction is OUTBOUND
        self.heap: list[_Standing] = []
        self.length = 0
        self.anchors = _anchors(contact.needs)


class _Ticket:
    """A contact's standing in one line, as long as it stands there."""

    __slots__ = ("contact", "line", "place", "stands")

    def __init__(self, line: _Line, place: Place, contact: ContactRecord) -> None:
        self.line = line
        self.place = place
        self.contact = contact
        self.stands = True


_Standing = tuple[Place, int, _Ticket]  # the number is of the ticket: who went and came back has had several


class WaitingLines:
    """All contacts that wait, in the order in which they will be served."""

    __slots__ = ("_by_anchor", "_by_queue", "_fresh", "_given", "_lines", "_plain", "_tickets", "_turns", "rules")

    def __init__(self, rules: LineRules = PLAIN) -> None:
        self.rules = rules
        self._plain = rules.plain
        self._fresh: dict[ContactId, ContactRecord] = {}  # who waits and has been put into no line yet
        self._lines: dict[tuple[object, ...], _Line] = {}
        self._by_anchor: dict[Skill, dict[tuple[object, ...], tuple[int, _Line]]] = {}
        self._by_queue: dict[QueueName, dict[tuple[object, ...], _Line]] = {}
        self._tickets: dict[ContactId, _Ticket] = {}
        self._given = 0  # tickets, ever
        self._turns: list[tuple[int, int, _Ticket]] = []

    def __len__(self) -> int:
        return len(self._tickets) + len(self._fresh)

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._tickets or contact in self._fresh

    def add(self, contact: ContactRecord) -> None:
        """The contact waits (again). Its place is what its priority, `since` and ageing say."""
        self._fresh[contact.id] = contact

    def remove(self, contact: ContactId) -> None:
        """The contact waits no longer; not waiting is fine."""
        if contact in self._fresh:
            del self._fresh[contact]
            return
        ticket = self._tickets.get(contact)
        if ticket is not None:
            del self._tickets[contact]
            self._tear_up(ticket)

    def place_of(self, contact: ContactRecord, now: float) -> Place:
        """The contact's place as it is now, waiting or not; the rank of its queue does not count."""
        if self._plain and not contact.age_rate:
            return (-(contact.priority * POINT), contact.since, contact.serial)
        return _standing(contact, int(now * 1000), self.rules)[0]

    def is_starved(self, contact: ContactRecord, now: float) -> bool:
        """Whether it has waited so long that nobody who came later may overtake it."""
        return int(now * 1000) >= _starves_ms(contact, self.rules)

    def first_for(self, able: dict[Skill, int], medium: Medium, now: float = 0.0) -> ContactId | None:
        """Whom an agent who is able to do this must serve next, or None."""
        head = self.head_for(able, medium, now)
        return head[1] if head is not None else None

    def head_for(
        self,
        able: dict[Skill, int],
        medium: Medium,
        now: float,
        rank: Callable[[QueueName | None], Rank] | None = None,
        *,
        inbound_only: bool = False,
    ) -> tuple[Place, ContactId] | None:
        """Whom such an agent must serve next, and the place at which. `rank` is the order's, if it ranks queues."""
        if self._fresh:
            self._line_up()
        if not self._lines:
            return None
        now_ms = int(now * 1000)
        if self._turns:
            self._turn(now_ms)
        best: _Ticket | None = None
        best_place: Place = ()
        for line in self._lines_for(able, medium):
            if inbound_only and line.outbound:
                continue
            place, _, ticket = self._head(line)
            if line.rate or rank is not None:
                place = self._worth(line, place, now_ms, rank)
            if best is None or place < best_place:
                best, best_place = ticket, place
        return (best_place, best.contact.id) if best is not None else None

    def heads(
        self, now: float, rank: Callable[[QueueName | None], Rank] | None, *, outbound: bool
    ) -> list[tuple[Place, ContactId]]:
        """The first of each line of that direction, best place first."""
        now_ms = int(now * 1000)
        self._line_up()
        self._turn(now_ms)
        firsts = ((line, self._head(line)) for line in self._lines.values() if line.outbound is outbound)
        return sorted((self._worth(line, head[0], now_ms, rank), head[2].contact.id) for line, head in firsts)

    def head_of(self, queue: QueueName, now: float) -> ContactRecord | None:
        """Who would be served first of a queue, those left aside whom nobody may overtake; needs lines by queue."""
        now_ms = int(now * 1000)
        self._line_up()
        self._turn(now_ms)
        best: _Ticket | None = None
        best_place: Place = ()
        for line in self._by_queue.get(queue, {}).values():
            place, _, ticket = self._head(line)
            place = self._worth(line, place, now_ms, None)
            if best is None or place < best_place:
                best, best_place = ticket, place
        return best.contact if best is not None else None

    # -- lines -------------------------------------------------------------------------------------------------------

    def _line_up(self) -> None:
        """Put those who have just come into their lines."""
        for contact in self._fresh.values():
            self._stand(contact, -1)
        self._fresh.clear()

    def _stand(self, contact: ContactRecord, now_ms: int) -> None:
        rules = self.rules
        if self._plain and not contact.age_rate:
            place: Place = (-(contact.priority * POINT), contact.since, contact.serial)
            rate, turns_ms, queue = 0, 0, None
            key: tuple[object, ...] = (contact.medium, contact.needs, contact.direction is OUTBOUND)
        else:
            place, rate, turns_ms, starved = _standing(contact, now_ms, rules)
            if rate:
                place = (place[0] + rate * now_ms, *place[1:])
            queue = contact.queue if rules.by_queue and not starved else None
            key = (contact.medium, contact.needs, contact.direction is OUTBOUND, rate, queue)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(key, contact, rate, queue)
            for skill, level in line.anchors.items():
                self._by_anchor.setdefault(skill, {})[key] = (level, line)
            if queue is not None:
                self._by_queue.setdefault(queue, {})[key] = line
        self._given += 1
        ticket = self._tickets[contact.id] = _Ticket(line, place, contact)
        heapq.heappush(line.heap, (place, self._given, ticket))
        line.length += 1
        if turns_ms:
            heapq.heappush(self._turns, (turns_ms, self._given, ticket))
            if len(self._turns) > STUBS_MAX + 2 * len(self._tickets):
                self._turns = [turn for turn in self._turns if turn[2].stands]
                heapq.heapify(self._turns)

    def _tear_up(self, ticket: _Ticket) -> None:
        """Its stub is dropped when it comes to the head of the line, or when there are too many."""
        ticket.stands = False
        line = ticket.line
        line.length -= 1
        if line.length == 0:
            self._close(line)
        elif len(line.heap) > STUBS_MAX + 2 * line.length:
            line.heap = [stub for stub in line.heap if stub[2].stands]
            heapq.heapify(line.heap)

    def _turn(self, now_ms: int) -> None:
        """Those whose time has come step over into the line they belong to now."""
        while self._turns and self._turns[0][0] <= now_ms:
            ticket = heapq.heappop(self._turns)[2]
            if ticket.stands:
                self._tear_up(ticket)
                self._stand(ticket.contact, now_ms)

    def _worth(self, line: _Line, place: Place, now_ms: int, rank: Callable[[QueueName | None], Rank] | None) -> Place:
        """What a key of the line's heap is worth now, to be compared with other lines."""
        first = place[0] - line.rate * now_ms
        return (first, *(rank(line.queue) if rank is not None else ()), *place[1:])

    def _lines_for(self, able: dict[Skill, int], medium: Medium) -> list[_Line]:
        found: list[_Line] = []
        by_anchor = self._by_anchor
        everybodys = by_anchor.get(_EVERYBODY)
        if everybodys is not None:
            for _, line in everybodys.values():
                if line.medium is medium and (not line.clauses[0] or are_met(line.clauses, able)):
                    found.append(line)
        for skill, has in able.items():
            under = by_anchor.get(skill)
            if under is not None:
                for level, line in under.values():
                    if level <= has and line.medium is medium and are_met(line.clauses, able):
                        found.append(line)
        return found

    def _head(self, line: _Line) -> _Standing:
        heap = line.heap
        while not heap[0][2].stands:
            heapq.heappop(heap)
        return heap[0]

    def _close(self, line: _Line) -> None:
        del self._lines[line.key]
        for skill in line.anchors:
            under = self._by_anchor[skill]
            del under[line.key]
            if not under:
                del self._by_anchor[skill]
        if line.queue is not None:
            of_queue = self._by_queue[line.queue]
            del of_queue[line.key]
            if not of_queue:
                del self._by_queue[line.queue]


def place_of(contact: ContactRecord, now: float) -> Place:
    """The contact's place as it is now where priority, ageing and `since` are all that counts."""
    return _standing(contact, int(now * 1000), PLAIN)[0]


def points(contact: ContactRecord, now: float) -> float:
    """The contact's priority as it is now, in points."""
    return -place_of(contact, now)[0] / POINT


def _standing(contact: ContactRecord, now_ms: int, rules: LineRules) -> tuple[Place, int, int, bool]:
    """Place now; the rate at which it goes on growing; when it turns (ms; 0: never); whether nobody may overtake."""
    later = LATER if rules.later is contact.direction else 0
    starves_ms = _starves_ms(contact, rules)
    if now_ms >= starves_ms:
        return (later - STARVED, contact.since, contact.serial), 0, 0, True
    worth, rate, turns_ms = contact.priority * POINT, contact.age_rate, 0
    if rate:
        since_ms = int(contact.since * 1000)
        most = contact.age_max * THOUSANDTH
        capped_ms = since_ms - (-most // rate)  # rounded up: the first millisecond at which the cap is reached
        if now_ms >= capped_ms:
            worth, rate = worth + most, 0
        else:
            worth, turns_ms = worth + rate * (now_ms - since_ms), capped_ms
    if starves_ms != _NEVER:
        turns_ms = min(turns_ms or starves_ms, starves_ms)
    return (later - worth, contact.since, contact.serial), rate, turns_ms, False


_NEVER: Final = 1 << 62


def _starves_ms(contact: ContactRecord, rules: LineRules) -> int:
    after_s = rules.starves_after_s.get(contact.queue) if contact.queue is not None else None
    return int((contact.since + after_s) * 1000) if after_s is not None else _NEVER


@lru_cache(maxsize=4096)
def _anchors(need: Need) -> Mapping[Skill, int]:
    """One skill per alternative under which the line is found, with the least level that may find it.

    "" stands for an alternative that asks for nothing: everybody meets it, but for what she must lack.
    """
    anchors: dict[Skill, int] = {}
    for clause in need.alternatives:
        skill, level = next((term for term in clause if term[1] > 0), (_EVERYBODY, 0))
        anchors[skill] = min(level, anchors.get(skill, level))
    return anchors
