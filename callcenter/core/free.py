"""The free agents: who can take a contact with this need? Knows who is free since when; chooses by idle time only.

An agent who becomes free is put into one heap per skill and level she has (and one for everybody), ordered by the time
since when she is ready. An agent who is no longer free is not searched for: her stamp has moved on, and the old entry
is dropped when it reaches the head. The heaps are kept sorted, for who becomes free is nearly always the last of them:
so becoming free costs the same in any crowd, and the head is taken off without a walk through memory. Only one whose
offer was rescinded is put in between, where she was.
"""

from bisect import insort
from typing import Final

from callcenter.core.state import AgentRecord
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, Skill
from callcenter.model.need import LEVEL_MAX, Clause, Need

STALE_MAX: Final = 64  # entries a heap may have beyond twice the number of free agents before it is tidied

_Entry = tuple[float, AgentId, int]  # ready since, who, her stamp then
_Heap = list[_Entry]
_EVERYBODY: Final = Skill("")

# looked up once: a member of an enum costs as much as the making of a message, and these are asked for at every turn
AVAILABLE: Final = AgentStatus.AVAILABLE
WRAP_UP: Final = AgentState.WRAP_UP
REACHABLE: Final = PhoneState.REACHABLE
VOICE: Final = Medium.VOICE


class FreeAgents:
    """Who is free, per medium, skill and level."""

    __slots__ = ("_agents", "_free", "_heaps")

    def __init__(self, agents: dict[AgentId, AgentRecord]) -> None:
        self._agents = agents
        self._heaps: dict[tuple[Medium, Skill, int], _Heap] = {}
        self._free: dict[Medium, dict[AgentId, int]] = {}  # who is listed, with the stamp of her entries

    def add(self, record: AgentRecord, medium: Medium) -> None:
        """List her; her stamp must be new since she was listed last."""
        agent = record.agent
        self._free.setdefault(medium, {})[agent.id] = record.stamp
        entry = (record.ready_since, agent.id, record.stamp)
        self._push((medium, _EVERYBODY, 0), entry)
        for skill, level in agent.skills.items():
            self._push((medium, skill, level), entry)

    def remove(self, record: AgentRecord) -> None:
        """She is not free any more, on no medium. The caller moves her stamp on."""
        for listed in self._free.values():
            listed.pop(record.agent.id, None)

    def count(self, medium: Medium) -> int:
        """How many are free."""
        return len(self._free.get(medium, ()))

    def is_free(self, agent: AgentId, medium: Medium) -> bool:
        """Whether she is listed."""
        return agent in self._free.get(medium, ())

    def longest_idle(self, medium: Medium, need: Need) -> AgentId | None:
        """Who, of those that meet the need, has been ready the longest; ties go to the lower id."""
        best: _Entry | None = None
        for clause in need.alternatives:
            if len(clause) == 1:  # most needs: no lists are made for them
                skill, least = clause[0]
                for level in range(least, LEVEL_MAX + 1):
                    found = self._heaps.get((medium, skill, level))
                    if found:
                        entry = self._head(found, medium)
                        if entry is not None and (best is None or entry < best):
                            best = entry
                continue
            for heap in self._narrowest(medium, clause):
                entry = self._least(heap, medium, clause) if clause else self._head(heap, medium)
                if entry is not None and (best is None or entry < best):
                    best = entry
        return best[1] if best is not None else None

    def suited(self, medium: Medium, need: Need) -> list[AgentId]:
        """All that meet the need, sorted by id."""
        found: set[AgentId] = set()
        for clause in need.alternatives:
            for heap in self._narrowest(medium, clause):
                found.update(entry[1] for entry in heap if self._stands(entry, medium) and self._meets(entry, clause))
        return sorted(found)

    def _push(self, key: tuple[Medium, Skill, int], entry: _Entry) -> None:
        heap = self._heaps.get(key)
        if heap is None:
            heap = self._heaps[key] = []
        if not heap or heap[-1] < entry:
            heap.append(entry)
        else:
            insort(heap, entry)
        if len(heap) > STALE_MAX + 2 * len(self._free[key[0]]):
            heap[:] = [kept for kept in heap if self._stands(kept, key[0])]

    def _narrowest(self, medium: Medium, clause: Clause) -> list[_Heap]:
        """The heaps of the one skill of the clause that the fewest free agents have."""
        if not clause:
            return self._present((medium, _EVERYBODY, 0))
        choices = [
            self._present(*((medium, skill, level) for level in range(least, LEVEL_MAX + 1))) for skill, least in clause
        ]
        return choices[0] if len(choices) == 1 else min(choices, key=lambda heaps: sum(map(len, heaps)))

    def _present(self, *keys: tuple[Medium, Skill, int]) -> list[_Heap]:
        heaps = self._heaps
        return [heap for key in keys if (heap := heaps.get(key))]

    def _head(self, heap: _Heap, medium: Medium) -> _Entry | None:
        listed = self._free[medium]
        for stale, entry in enumerate(heap):
            if listed.get(entry[1]) == entry[2]:
                if stale:
                    del heap[:stale]
                return entry
        heap.clear()
        return None

    def _least(self, heap: _Heap, medium: Medium, clause: Clause) -> _Entry | None:
        self._head(heap, medium)
        return min((e for e in heap if self._stands(e, medium) and self._meets(e, clause)), default=None)

    def _stands(self, entry: _Entry, medium: Medium) -> bool:
        return self._free[medium].get(entry[1]) == entry[2]

    def _meets(self, entry: _Entry, clause: Clause) -> bool:
        skills = self._agents[entry[1]].agent.skills
        return all(skills.get(skill, 0) >= level for skill, level in clause)


def could_serve(record: AgentRecord, need: Need) -> bool:
    """Whether she is at work and has the skills, free or not: what "no agents" and the estimate of waits look at."""
    return record.status is not AgentStatus.LOGGED_OUT and need.met_by(record.agent.skills)


def is_able(record: AgentRecord, medium: Medium, now: float) -> bool:
    """Whether she can be offered a contact now: `why_not_free` without the words, which only people ask for."""
    if (
        record.status is not AVAILABLE
        or record.offer is not None
        or record.state is WRAP_UP
        or record.load.get(medium, 0) >= record.agent.capacity.get(medium, 0)
        or record.resting_until > now
    ):
        return False
    return medium is not VOICE or (record.phone is REACHABLE and not record.own_calls)


def why_not_free(record: AgentRecord, medium: Medium, now: float) -> str:
    """Why she cannot be offered a contact now, in words; empty if she can."""
    if record.status is AgentStatus.LOGGED_OUT:
        return "logged out"
    if record.status is AgentStatus.PAUSED:
        return f"paused ({record.reason})" if record.reason else "paused"
    if record.offer is not None:
        return "is being offered another contact"
    if record.state is AgentState.WRAP_UP:
        return "in wrap-up"
    has, can = record.load.get(medium, 0), record.agent.capacity.get(medium, 0)
    if has >= can:
        return f"has {has} of {can} {medium} contacts"
    if record.phone is not PhoneState.REACHABLE and medium is Medium.VOICE:
        return f"phone {record.phone}"
    if record.own_calls and medium is Medium.VOICE:
        return "makes a call of her own"
    if record.resting_until > now:
        return f"resting for {record.resting_until - now:.0f} s after a missed offer"
    return ""
