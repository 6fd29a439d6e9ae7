"""Compares something that is known of the call. Knows equality, beginnings, ranges of numbers and lists of them.

No regular expressions: what is compared may come from a caller, and one pattern with bad habits would stop every call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen, MinLen

from callcenter.model.flow import Input, Leave, Turn, Visit
from callcenter.model.ids import ListName
from callcenter.model.numbers import NumberList
from callcenter.nodes.fields import DIGITS_MAX, NextNode, Subject, look_up

CASES_MAX: Final = 100
Bound = Annotated[int, Interval(ge=0, le=10**DIGITS_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Fits if any of its conditions does. `between` takes whole numbers, both ends included.

    `in_lists` takes the names of lists of numbers, however a number is written.
    """

    then: NextNode
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    between: tuple[Bound, Bound] | None = None
    in_lists: tuple[ListName, ...] = ()

    def __post_init__(self) -> None:
        if not (self.equals or self.starts_with or self.between or self.in_lists):
            raise ValueError("a case needs equals, starts_with, between or in_lists")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"between: {self.between[0]} is more than {self.between[1]}")

    def fits(self, value: str, lists: Mapping[ListName, NumberList]) -> bool:
        """Whether `value` meets one of the conditions."""
        return (
            value in self.equals
            or value.startswith(self.starts_with)
            or self._is_between(value)
            or any(name in lists and value in lists[name] for name in self.in_lists)
        )

    @property
    def words(self) -> str:
        """What fits, in words: the rule, and not the value."""
        said = [f"is {' or '.join(repr(one) for one in self.equals)}"] if self.equals else []
        said += [f"starts with {' or '.join(repr(one) for one in self.starts_with)}"] if self.starts_with else []
        said += [f"is from {self.between[0]} to {self.between[1]}"] if self.between is not None else []
        said += [f"is in the list {' or '.join(self.in_lists)}"] if self.in_lists else []
        return " or ".join(said)

    def _is_between(self, value: str) -> bool:
        if self.between is None or not (value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX):
            return False
        return self.between[0] <= int(value) <= self.between[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Go where the first case that fits leads, or to `otherwise`. `of` is caller, dialled, language or a variable."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    of: Subject
    cases: Annotated[tuple[Case, ...], MinLen(1), MaxLen(CASES_MAX)]
    otherwise: NextNode

    def exits(self) -> Mapping[str, str]:
        """One per case, counted from 0, and the rest."""
        return {**{f"cases.{at}.then": case.then for at, case in enumerate(self.cases)}, "otherwise": self.otherwise}

    def enter(self, visit: Visit) -> Turn:
        """Decide at once."""
        value = look_up(self.of, visit)
        for at, case in enumerate(self.cases):
            if case.fits(value, visit.lists):
                return Turn(actions=(Leave(exit=f"cases.{at}.then", why=f"{self.of} {case.words}"),))
        return Turn(actions=(Leave(exit="otherwise"),))

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing."""
        return Turn(actions=(), memory=visit.memory)
