"""What two versions of the configuration's files say differently, line by line. Knows texts; knows no YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Final

CONTEXT_LINES: Final = 3
FLOWS: Final = "flows/"
BEFORE_QUEUES: Final = ("numbers.yaml", "lookups.yaml")


class Change(StrEnum):
    """What became of a file."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifference:
    """One file. `lines` are those of a unified diff, without line ends, from its two heads on."""

    file: str
    change: Change
    lines: tuple[str, ...]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileDifference, ...]:
    """The files that differ, by name."""
    return tuple(
        FileDifference(file=file, change=_change(file, before, after), lines=_lines(file, before, after))
        for file in sorted(before.keys() | after.keys())
        if before.get(file) != after.get(file)
    )


def not_walked(found: Sequence[FileDifference]) -> tuple[str, ...]:
    """The files among them that decide on a call before it is in a queue: past calls are not led through them."""
    return tuple(one.file for one in found if one.file in BEFORE_QUEUES or one.file.startswith(FLOWS))


def _change(file: str, before: Mapping[str, str], after: Mapping[str, str]) -> Change:
    if file not in before:
        return Change.ADDED
    return Change.CHANGED if file in after else Change.REMOVED


def _lines(file: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    was, now = (texts.get(file, "").splitlines() for texts in (before, after))
    heads = (f"live/{file}" if file in before else "/dev/null", f"edited/{file}" if file in after else "/dev/null")
    return tuple(unified_diff(was, now, *heads, n=CONTEXT_LINES, lineterm=""))
