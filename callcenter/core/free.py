"""The free agents: who can take a contact with this need? Knows who is free since when; chooses by idle time only.

An agent who becomes free is put into one line per skill and level she has (and one of everybody), in the order of the
time since when she is ready. An agent who is no longer free is not searched for: her listing is struck out, and dropped
when it reaches the head. Who becomes free is nearly always the last of a line, and the head is taken off without a walk
through memory, so both cost the same in any crowd. Only one whose offer was rescinded is put in between, where she was.
A need that names an agent looks at nobody but her.
"""

from bisect import insort
from collections.abc import Iterable
from typing import Final

from callcenter.core.state import AgentRecord
from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneState
from callcenter.model.clauses import Clause
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, Skill
from callcenter.model.need import AGENT_SIGN, LEVEL_MAX, Need
from callcenter.model.routing import VOICE_ALONE, Interruptible

STALE_MAX: Final = 64  # listings a line may have beyond twice the number of free agents before it is tidied

_EVERYBODY: Final = Skill("")

# looked up once: a member of an enum costs as much as the making of a message, and these are asked for at every turn
AVAILABLE: Final = AgentStatus.AVAILABLE
WRAP_UP: Final = AgentState.WRAP_UP
REACHABLE: Final = PhoneState.REACHABLE
VOICE: Final = Medium.VOICE


class _Listing:
    """An agent, as long as she is free on a medium."""

    __slots__ = ("agent", "medium", "since", "stands")

    def __init__(self, agent: AgentId, medium: Medium, since: float) -> None:
        self.agent = agent
        self.medium = medium
        self.since = since
        self.stands = True


_Line = list[_Listing]  # sorted


class _Place:
    """Where an agent is listed whenever she is free, and is listed now: the lines of all that she can."""

    __slots__ = ("agent", "lines", "listings")

    def __init__(self, agent: Agent) -> None:
        self.agent = agent  # as she was when the lines were looked up
        self.lines: dict[Medium, list[_Line]] = {}
        self.listings: list[_Listing] = []


def _order(listing: _Listing) -> tuple[float, AgentId]:
    return listing.since, listing.agent


def _before(one: _Listing, other: _Listing) -> bool:
    return one.since < other.since or (one.since == other.since and one.agent < other.agent)


class FreeAgents:
    """Who is free, per medium, skill and level."""

    __slots__ = ("_agents", "_free", "_lines", "_places")

    def __init__(self, agents: dict[AgentId, AgentRecord]) -> None:
        self._agents = agents
        # skill -> a line for each level, 0 to LEVEL_MAX; everybody stands at level 0 of no skill
        self._lines: dict[Medium, dict[Skill, list[_Line]]] = {medium: {} for medium in Medium}
        self._free: dict[Medium, dict[AgentId, _Listing]] = {medium: {} for medium in Medium}
        self._places: dict[AgentId, _Place] = {}

    def add(self, record: AgentRecord, medium: Medium) -> None:
        """List her, in place of a listing she may have."""
        agent = record.agent
        place = self._places.get(agent.id)
        if place is None or place.agent is not agent:
            place = self._places[agent.id] = _Place(agent)
        lines = place.lines.get(medium)
        if lines is None:
            lines = place.lines[medium] = self._lines_of(agent, medium)
        for at, was in enumerate(place.listings):  # mostly none
            if was.medium is medium:
                was.stands = False
                del place.listings[at]
                break
        free = self._free[medium]
        listing = free[agent.id] = _Listing(agent.id, medium, record.ready_since)
        place.listings.append(listing)
        most = STALE_MAX + 2 * len(free)
        for line in lines:
            if line and _before(listing, line[-1]):
                insort(line, listing, key=_order)
            else:
                line.append(listing)
            if len(line) > most:
                line[:] = [one for one in line if one.stands]

    def remove(self, record: AgentRecord) -> None:
        """She is not free any more, on no medium."""
        place = self._places.get(record.agent.id)
        if place is not None and place.listings:
            for listing in place.listings:
                listing.stands = False
                del self._free[listing.medium][listing.agent]
            place.listings.clear()

    def forget(self, agent: AgentId) -> None:
        """She is no agent any more; she has been removed before."""
        self._places.pop(agent, None)

    def count(self, medium: Medium) -> int:
        """How many are free."""
        return len(self._free[medium])

    def listed(self, medium: Medium) -> Iterable[AgentId]:
        """All that are free, in no order that may count."""
        return self._free[medium]

    def is_free(self, agent: AgentId, medium: Medium) -> bool:
        """Whether she is listed."""
        return agent in self._free[medium]

    def longest_idle(self, medium: Medium, need: Need) -> AgentId | None:
        """Who, of those that meet the need, has been ready the longest; ties go to the lower id."""
        best: _Listing | None = None
        for clause in need.alternatives:
            if len(clause) == 1 and clause[0][1] > 0 and clause[0][0][0] != AGENT_SIGN:
                skill, least = clause[0]  # most needs: no lists are made for them
                levels = self._lines[medium].get(skill)
                if levels is None:
                    continue
                for level in range(least, LEVEL_MAX + 1):
                    found = levels[level]
                    if found:
                        head = self._head(found)
                        if head is not None and (best is None or _before(head, best)):
                            best = head
                continue
            for line in self._narrowest(medium, clause):
                head = self._least(line, clause) if clause else self._head(line)
                if head is not None and (best is None or _before(head, best)):
                    best = head
        return best.agent if best is not None else None

    def suited(self, medium: Medium, need: Need) -> list[AgentId]:
        """All that meet the need, sorted by id."""
        found: set[AgentId] = set()
        for clause in need.alternatives:
            for line in self._narrowest(medium, clause):
                found.update(one.agent for one in line if one.stands and self._meets(one.agent, clause))
        return sorted(found)

    def _lines_of(self, agent: Agent, medium: Medium) -> list[_Line]:
        """Everybody's line, and one for each of her skills, at the level she has."""
        by_skill = self._lines[medium]
        lines = []
        for skill, level in ((_EVERYBODY, 0), *agent.skills.items()):
            levels = by_skill.get(skill)
            if levels is None:
                levels = by_skill[skill] = [[] for _ in range(LEVEL_MAX + 1)]
            lines.append(levels[min(max(level, 0), LEVEL_MAX)])
        return lines

    def _narrowest(self, medium: Medium, clause: Clause) -> list[_Line]:
        """The lines of the one skill the clause asks for that the fewest free agents have; of a name, hers alone."""
        if clause and clause[0][0][0] == AGENT_SIGN and clause[0][1] > 0:  # a name sorts before every skill
            listing = self._free[medium].get(AgentId(clause[0][0][1:]))
            return [[listing]] if listing is not None else []
        choices = [self._present(medium, skill, least) for skill, least in clause if least > 0]
        if not choices:  # who must only lack something may be anybody
            return self._present(medium, _EVERYBODY, 0)
        return choices[0] if len(choices) == 1 else min(choices, key=lambda lines: sum(map(len, lines)))

    def _present(self, medium: Medium, skill: Skill, least: int) -> list[_Line]:
        levels = self._lines[medium].get(skill)
        return [line for line in levels[least:] if line] if levels is not None else []

    def _head(self, line: _Line) -> _Listing | None:
        for struck, listing in enumerate(line):
            if listing.stands:
                if struck:
                    del line[:struck]
                return listing
        line.clear()
        return None

    def _least(self, line: _Line, clause: Clause) -> _Listing | None:
        self._head(line)
        return next((one for one in line if one.stands and self._meets(one.agent, clause)), None)

    def _meets(self, agent: AgentId, clause: Clause) -> bool:
        able = self._agents[agent].agent.able
        for skill, level in clause:
            has = able.get(skill, 0)
            if has < level or (level < 0 and has >= -level):
                return False
        return True


def could_serve(record: AgentRecord, need: Need) -> bool:
    """Whether she is at work and has the skills, free or not: what "no agents" and the estimate of waits look at."""
    return record.status is not AgentStatus.LOGGED_OUT and need.met_by(record.agent.able)


def is_able(record: AgentRecord, medium: Medium, now: float, interruptible: Interruptible = VOICE_ALONE) -> bool:
    """Whether she can be offered a contact now: `why_not_free` without the words, which only people ask for."""
    if (
        record.status is not AVAILABLE
        or record.offer is not None
        or record.state is WRAP_UP
        or record.load.get(medium, 0) >= record.agent.capacity.get(medium, 0)
        or record.resting_until > now
    ):
        return False
    if len(record.agent.capacity) > 1 and _busy_with(record, medium, interruptible) is not None:
        return False
    if medium is not VOICE:
        return True
    return record.phone is REACHABLE and not record.own_calls and (not record.agent.phone.nailed or is_joinable(record))


def is_connected(record: AgentRecord) -> bool:
    """Whether her phone is up if it is to be nailed up."""
    return not record.agent.phone.nailed or (record.nail is not None and record.nail.state is NailState.UP)


def is_joinable(record: AgentRecord) -> bool:
    """Whether a contact can be joined to a phone that is nailed up: it is there, and in no conversation."""
    return is_connected(record) and not record.load.get(VOICE, 0)


def _busy_with(record: AgentRecord, medium: Medium, interruptible: Interruptible) -> Medium | None:
    """The medium she handles that may not be interrupted by this one, if any."""
    for other in sorted(record.load):
        if record.load[other] and other is not medium and medium not in interruptible.get(other, ()):
            return other
    return None


def why_not_free(record: AgentRecord, medium: Medium, now: float, interruptible: Interruptible = VOICE_ALONE) -> str:
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
    other = _busy_with(record, medium, interruptible)
    if other is not None:
        return f"handles {other}, which is not interrupted for {medium}"
    if record.phone is not PhoneState.REACHABLE and record.agent.phone.outside and medium is Medium.VOICE:
        return "her outside number may not be called: see `forward_to`"
    if record.phone is not PhoneState.REACHABLE and medium is Medium.VOICE:
        return f"phone {record.phone}"
    if record.own_calls and medium is Medium.VOICE:
        return "her phone is in use from outside" if record.used_outside else "makes a call of her own"
    if record.agent.phone.nailed and medium is Medium.VOICE and not is_joinable(record):
        return "is in a call on her one line" if is_connected(record) else "her phone is not connected yet"
    if record.resting_until > now:
        return f"resting for {record.resting_until - now:.0f} s after a missed offer"
    return ""
