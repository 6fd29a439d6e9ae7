"""What a program or a person may ask of the call center. Knows areas, rights and limits; knows no token and no HTTP.

A scope is an area and a right, written `calls:write`; to write an area is to read it. Rights may be limited to queues
and teams: then they cover what belongs to one of them, and nothing else. What belongs to no queue and no team (a caller
who is still in the IVR) is then nobody's. Rights of an agent cover herself and her own calls, and of others what she
supervises.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.agent import Supervision
from callcenter.model.ids import AgentId, QueueName


class Area(StrEnum):
    """What there is to be asked."""

    CALLS = "calls"
    CALLBACKS = "callbacks"
    CAMPAIGNS = "campaigns"
    COMPLIANCE = "compliance"  # the law of calling people, receipts, who will not be called
    MESSAGES = "messages"
    AGENTS = "agents"
    QUEUES = "queues"
    FLOWS = "flows"
    RECORDINGS = "recordings"
    RECORDING_FILES = "recording-files"  # to hear them
    REPORTS = "reports"
    CONFIGURATION = "configuration"
    CUSTOMERS = "customers"
    SUPERVISION = "supervision"
    PRIVACY = "privacy"  # to give out, or erase, one person
    WEBHOOKS = "webhooks"
    AUDIT = "audit"
    CENTER = "center"  # its health


class Right(StrEnum):
    """What may be done there."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """One right in one area."""

    area: Area
    right: Right

    def __str__(self) -> str:
        return f"{self.area}:{self.right}"


_AREAS: Final = [area.value for area in Area]
_RIGHTS: Final = [right.value for right in Right]
EVERYTHING: Final = tuple(Scope(area=area, right=Right.WRITE) for area in Area)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Scopes, and what they are limited to; without queue and team they are limited to nothing, unless `bounded`."""

    scopes: tuple[Scope, ...]
    queues: tuple[QueueName, ...] = ()
    teams: tuple[str, ...] = ()
    agent: AgentId | None = None  # whose they are: she and her calls are within the limits
    bounded: bool = False  # they are limited, even where no queue and no team is named

    def of(self, agent: AgentId, supervises: Supervision | None) -> "Rights":
        """These rights in the hands of an agent: what she supervises, as far as they reach, and herself."""
        if supervises is not None and supervises.everything:
            return replace(self, agent=agent)
        hers = supervises or Supervision()
        return replace(
            self,
            queues=tuple(queue for queue in hers.queues if not self.limited or queue in self.queues),
            teams=tuple(team for team in hers.teams if not self.limited or team in self.teams),
            agent=agent,
            bounded=True,
        )

    def may(self, area: Area, right: Right) -> bool:
        """Whether anything of the kind is allowed at all."""
        return any(one.area is area and right in (one.right, Right.READ) for one in self.scopes)

    @property
    def limited(self) -> bool:
        """Whether only some queues or teams are covered."""
        return self.bounded or bool(self.queues or self.teams)

    def covers(self, queue: QueueName | None, team: str | None = None, agent: AgentId | None = None) -> bool:
        """Whether something of this queue, this team or this agent is within the limits."""
        if not self.limited or queue in self.queues or (bool(team) and team in self.teams):
            return True
        return agent is not None and agent == self.agent


def parse_scopes(words: Sequence[str]) -> tuple[Scope, ...]:
    """Scopes from `area:right`; `area` alone is to read it, `*:read` and `*` (to write) are all areas.

    Sorted, each once. Raises ConfigurationError with every word that is none.
    """
    found: set[Scope] = set()
    problems: list[Problem] = []
    for word in words:
        area, _, right = word.strip().partition(":")
        right = right or (Right.WRITE if area == "*" else Right.READ)
        if (area != "*" and area not in _AREAS) or right not in _RIGHTS:
            known = ", ".join(Area)
            what = Problem(
                where=f"scope {word[:60]!r}", what="there is no such scope", remedy=f"AREA:read|write, {known}"
            )
            problems.append(what)
            continue
        areas = list(Area) if area == "*" else [Area(area)]
        found.update(Scope(area=one, right=Right(right)) for one in areas)
    if not words:
        problems.append(Problem(where="scopes", what="none was given", remedy="calls:read, for instance"))
    if problems:
        raise ConfigurationError(problems)
    return tuple(sorted(found))


__all__ = ["Area", "EVERYTHING", "Right", "Rights", "Scope", "parse_scopes"]
