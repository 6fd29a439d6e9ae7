"""What a run of paths is told: lines, slots, who waits and who may overtake, as numbers. Values only; no rule.

A *slot* is one contact's worth of an agent; a *line* holds those with equal needs (and of one queue, where an order
ranks queues); a slot serves some lines. Apart from `core/paths.py` because that is compiled, and values are not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from callcenter.core.durations import Spread

HORIZON_S: Final = 14_400.0  # waits are not followed further than four hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What serving one contact of a queue takes: 256 equally likely (seconds to the answer, seconds she is taken)."""

    draws: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A slot that is taken: by something that lasts `spread` and has lasted `lasted_s`, and `then_s` after that."""

    serves: tuple[int, ...]  # lines
    spread: Spread
    lasted_s: float
    then_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Somebody in line, in the order of service. A ghost is there only to be measured."""

    line: int
    service: int
    patience: Spread | None = None  # None: stays
    waited_s: float = 0.0
    leaves_s: float = HORIZON_S  # whatever her patience: the queue lets her go then
    moves: tuple[tuple[float, int], ...] = ()  # (in so many seconds, to this line), as needs are relaxed
    ghost: bool = False
    priority: float = 0.0  # where an order ranks queues: what comes before that; lower is served first
    age_s: float = 0.0  # since she got her place
    starves_s: float = HORIZON_S  # in so many seconds nobody may overtake her any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtakers:
    """Contacts still to come that will be served before waiter number `before`, or, where queues are ranked, may be."""

    per_s: float
    line: int
    service: int
    before: int
    priority: float = 0.0
    starves_s: float = HORIZON_S  # after coming


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a run of paths needs. `idle` are slots that have nobody to serve: the lines they serve."""

    lines: int
    services: tuple[Service, ...]
    waiters: tuple[Waiter, ...]
    busy: tuple[Busy, ...]
    idle: tuple[tuple[int, ...], ...] = ()
    overtakers: tuple[Overtakers, ...] = field(default=())
    rank: Callable[[int, float], tuple[float, ...]] | None = None
    """The rank of a line whose first has waited so long, among those of one priority; None: places decide."""

    @property
    def heads(self) -> int:
        """Its size: what one path costs."""
        return len(self.waiters) + len(self.busy) + len(self.idle)
