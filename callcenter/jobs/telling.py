"""The parts of a story: a step, what a teller gives, and what a witness adds. Knows their shape; tells nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callcenter.model.entry import Entry

Detail = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What somebody saw who looked at that moment: words that go on from the sentence, and the same as values."""

    words: str
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `kind` is a stable word for programs, `words` is for people, `details` is for both."""

    seq: int
    at: float  # UTC seconds
    kind: str
    words: str
    agent: str = ""
    queue: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence before it has its place."""

    kind: str
    words: str
    agent: str | None = ""
    queue: str | None = ""
    details: Mapping[str, Detail] = field(default_factory=dict)


Teller = Callable[[Entry, Any], Told | None]
"""Makes a sentence of a fact of its type; None if another sentence says it."""
