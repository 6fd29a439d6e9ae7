"""What a benchmark gives: figures, peers' figures, ratios, targets. Knows the last line's shape; measures nothing."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from callcenter import compiled

Figure: TypeAlias = "float | int | str | bool | Mapping[str, Figure] | Sequence[Figure] | None"

AT_LEAST: Final = ">="
AT_MOST: Final = "<="
WITHIN: Final = "within"  # both ends of a band


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`key` (of `ours` or `ratios`) must be at least, or at most, `value`, or lie between its two."""

    key: str
    op: str
    value: float | tuple[float, float]

    def met(self, figures: Mapping[str, Figure]) -> bool:
        """Whether it is. A figure that is missing is not met."""
        found = figures.get(self.key)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        if isinstance(self.value, tuple):
            return self.value[0] <= found <= self.value[1]
        return found >= self.value if self.op == AT_LEAST else found <= self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One benchmark's outcome."""

    bench: str
    ours: Mapping[str, Figure]
    peers: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    ratios: Mapping[str, Figure] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()  # first row: headings

    def document(self) -> dict[str, Figure]:
        """Everything but the table, for programs."""
        figures = {**self.ours, **self.ratios}
        met = {target.key: (target.op, target.value, target.met(figures)) for target in self.targets}
        return {
            "bench": self.bench,
            "ours": self.ours,
            "peers": self.peers,
            "ratios": self.ratios,
            "targets": met,
            "met": all(one[2] for one in met.values()),
            "machine": machine(),
        }

    def last_line(self) -> str:
        """The document on one line."""
        return json.dumps(self.document())


def machine() -> dict[str, Figure]:
    """The shape of this machine: what a figure must be read with."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count() or 0,
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
        "core": "compiled" if compiled.in_use() else "plain Python",
        "system": f"{platform.system()} {platform.machine()}",
    }
