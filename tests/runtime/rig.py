"""What a loop needs around it: a clock that is set by hand, a journal and a performer that remember."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callcenter.model.commands import Command
from callcenter.model.entry import Entry, Output, decode_entry, encode_entry
from callcenter.model.events import Event
from callcenter.model.facts import Fact

START = 1_795_420_800.0  # 2026-11-23, a Monday, 08:00 UTC
LIMIT_S = 5.0  # how long a test waits for what comes at once


@dataclass
class HandClock:
    """Stands still until it is moved."""

    time: float = START

    def now(self) -> float:
        return self.time


@dataclass
class Diary:
    """Who did what, in order: shared by the parts whose order matters."""

    lines: list[str] = field(default_factory=list)


class ListJournal:
    """Keeps its entries as the lines they would be on disk."""

    def __init__(self, diary: Diary | None = None) -> None:
        self.lines: list[bytes] = []
        self._diary = diary

    def append(self, at: float, event: Event, outputs: Sequence[Output]) -> int:
        seq = len(self.lines) + 1
        self.lines.append(encode_entry(Entry(seq=seq, at=at, event=event, outputs=tuple(outputs))))
        if self._diary is not None:
            self._diary.lines.append(f"write {type(event).__name__}")
        return seq

    @property
    def entries(self) -> list[Entry]:
        return [decode_entry(line) for line in self.lines]


class ListPerformer:
    """Keeps the commands it is given."""

    def __init__(self, diary: Diary | None = None) -> None:
        self.commands: list[Command] = []
        self._diary = diary

    def enqueue(self, commands: Sequence[Command]) -> None:
        self.commands += commands
        if self._diary is not None:
            self._diary.lines += [f"do {type(command).__name__}" for command in commands]


class ListSink:
    """Keeps the facts it is told, with their times."""

    def __init__(self, diary: Diary | None = None) -> None:
        self.told: list[tuple[float, Fact]] = []
        self._diary = diary

    def publish(self, at: float, facts: Sequence[Fact]) -> None:
        self.told += [(at, fact) for fact in facts]
        if self._diary is not None:
            self._diary.lines += [f"tell {type(fact).__name__}" for fact in facts]
