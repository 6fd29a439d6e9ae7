"""The waiting lines: which contact does a free agent get? Knows priority and time; of an agent only her skills.

The order across all queues: higher priority first, then the earlier place in line (`since`), then order of arrival.

Contacts with equal needs stand in one line (a heap), and lines are found by a skill that their need asks for, so a free
agent looks at the heads of the lines her skills lead to and at nobody else. A contact that leaves is not searched for:
its ticket is torn up, and the stub is dropped when it reaches the head.
"""

import heapq
from collections.abc import Iterator, Mapping
from typing import Final

from callcenter.core.state import ContactRecord
from callcenter.model.contact import Medium
from callcenter.model.ids import ContactId, Skill
from callcenter.model.need import Need

STUBS_MAX: Final = 64  # torn tickets that a line may carry beyond twice its length before it is tidied

Place = tuple[int, float, int]  # (-priority, since, serial): the order of service


def place_of(contact: ContactRecord) -> Place:
    """The contact's place, to be compared with others'."""
    return (-contact.priority, contact.since, contact.serial)


class _Line:
    """The contacts of one need on one medium."""

    __slots__ = ("anchors", "heap", "length", "medium", "need")

    def __init__(self, medium: Medium, need: Need) -> None:
        self.medium = medium
        self.need = need
        self.heap: list[tuple[Place, ContactId]] = []
        self.length = 0
        self.anchors = _anchors(need)


class WaitingLines:
    """All contacts that wait, in the order in which they will be served."""

    __slots__ = ("_by_anchor", "_lines", "_place")

    def __init__(self) -> None:
        self._lines: dict[tuple[Medium, Need], _Line] = {}
        self._by_anchor: dict[Skill, dict[tuple[Medium, Need], tuple[int, _Line]]] = {}
        self._place: dict[ContactId, tuple[Place, _Line]] = {}

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._place

    def add(self, contact: ContactRecord) -> None:
        """The contact waits (again). Its place is what its priority and `since` say."""
        key = (contact.medium, contact.needs)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(*key)
            for skill, level in line.anchors.items():
                self._by_anchor.setdefault(skill, {})[key] = (level, line)
        place = place_of(contact)
        self._place[contact.id] = (place, line)
        heapq.heappush(line.heap, (place, contact.id))
        line.length += 1

    def remove(self, contact: ContactId) -> None:
        """The contact waits no longer; not waiting is fine."""
        held = self._place.pop(contact, None)
        if held is None:
            return
        line = held[1]
        line.length -= 1
        if line.length == 0:
            self._close(line)
        elif len(line.heap) > STUBS_MAX + 2 * line.length:
            # one who went and came back has several tickets that look alike: one is enough
            line.heap = [stub for stub in dict.fromkeys(line.heap) if self._stands(stub[1], stub[0], line)]
            heapq.heapify(line.heap)

    def first_for(self, skills: Mapping[Skill, int], medium: Medium) -> ContactId | None:
        """Whom an agent with these skills must serve next, or None."""
        best: tuple[Place, ContactId] | None = None
        for line in self._lines_for(skills, medium):
            head = self._head(line)
            if best is None or head < best:
                best = head
        return best[1] if best is not None else None

    def _lines_for(self, skills: Mapping[Skill, int], medium: Medium) -> Iterator[_Line]:
        by_anchor = self._by_anchor
        everybodys = by_anchor.get(Skill(""))
        if everybodys:
            for (line_medium, _), (_, line) in everybodys.items():
                if line_medium is medium:
                    yield line
        for skill, has in skills.items():
            under = by_anchor.get(skill)
            if under:
                for (line_medium, need), (level, line) in under.items():
                    if level <= has and line_medium is medium and (line.length and need.met_by(skills)):
                        yield line

    def _head(self, line: _Line) -> tuple[Place, ContactId]:
        heap = line.heap
        while not self._stands(heap[0][1], heap[0][0], line):
            heapq.heappop(heap)
        return heap[0]

    def _stands(self, contact: ContactId, place: Place, line: _Line) -> bool:
        held = self._place.get(contact)
        return held is not None and held[0] == place and held[1] is line

    def _close(self, line: _Line) -> None:
        key = (line.medium, line.need)
        del self._lines[key]
        for skill in line.anchors:
            under = self._by_anchor[skill]
            del under[key]
            if not under:
                del self._by_anchor[skill]


def _anchors(need: Need) -> dict[Skill, int]:
    """One skill per alternative under which the line is found, with the least level that may find it.

    "" stands for an alternative that everybody meets.
    """
    anchors: dict[Skill, int] = {}
    for clause in need.alternatives:
        skill, level = clause[0] if clause else (Skill(""), 0)
        anchors[skill] = min(level, anchors.get(skill, level))
    return anchors
