"""Who may serve a contact, and how much it counts, as its wait goes on. Knows what a step means; decides nothing.

Relaxation lowers what is asked, a sticky caller is kept for one agent at first, a reserve joins late, and priority
ages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.model.ids import AgentId, Skill
from callcenter.model.need import NOBODY_MEETS, Need, among, both, dropped, either, lowered, negated, without

PER_MINUTE_MAX: Final = 1_000.0
POINTS_MAX: Final = 100.0  # as much as a priority may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """By how much least levels fall: all of them by `by`, or those of some skills by their own number."""

    by: int = 0
    skills: Mapping[Skill, int] = field(default_factory=dict)  # skill -> levels; empty: all, by `by`


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaxStep:
    """After `after_s` seconds of waiting in this queue the contact asks for less, from here on.

    In this order: `needs` stand in for the contact's own, `drop` takes skills out of them, `lower` lowers levels (to 1
    at least), and whoever meets `add` serves as well.
    """

    after_s: float
    needs: Need | None = None
    drop: tuple[Skill, ...] = ()
    lower: Lowering | None = None
    add: Need | None = None

    def __post_init__(self) -> None:
        if self.needs is None and not self.drop and self.lower is None and self.add is None:
            raise ValueError("a step changes something: needs, lower, drop or add")

    def applied_to(self, needs: Need) -> Need:
        """What a contact with these needs asks for after the step."""
        after = needs if self.needs is None else self.needs
        if self.drop:
            after = dropped(after, self.drop)
        if self.lower is not None:
            after = lowered(after, self.lower.by, self.lower.skills or None)
        return after if self.add is None else either(after, self.add)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """A caller goes to the agent who served her last, and to nobody else for the first `for_s` seconds.

    Only if that agent is at work: logged in, her phone there, and not paused for longer than `pause_s`. If she leaves
    meanwhile, everybody may serve the caller at once.
    """

    for_s: float = 20.0
    within_s: float = 86_400.0  # so long the queue remembers who served whom
    any_queue: bool = False  # whoever served the caller last, in whatever queue
    pause_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Agents who serve this queue only those who have waited in it for `above_s`, though their skills would do."""

    above_s: float
    agents: tuple[AgentId, ...] = ()
    needs: Need | None = None  # whoever meets this is a reserve too

    def __post_init__(self) -> None:
        if not self.agents and self.needs is None:
            raise ValueError("who is the reserve? agents or needs")

    @property
    def who(self) -> Need:
        """Met by the reserve."""
        return either(among(self.agents), NOBODY_MEETS if self.needs is None else self.needs)

    def spared(self, needs: Need) -> Need:
        """The needs, with the reserve left out."""
        spared = without(needs, self.agents) if self.agents else needs
        return spared if self.needs is None else both(spared, negated(self.needs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """Priority grows with waiting: `per_minute` points, up to `max` points altogether."""

    per_minute: Annotated[float, Interval(gt=0, le=PER_MINUTE_MAX)]
    max: Annotated[float, Interval(gt=0, le=POINTS_MAX)]
