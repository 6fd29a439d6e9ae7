"""A table of calls (CSV, TSV) as recorded calls: another system's records, another call center's month.

Knows columns and their forms, as `Columns` names them; every line that cannot be understood is told with its number,
the column and what is wrong, and left out. Who was at work is told from the calls (`staffing`).
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from callcenter.model.configuration import Configuration
from callcenter.model.ids import QueueName
from callcenter.model.need import parse_need
from callcenter.model.queue import PRIORITY_MAX, Queue
from callcenter.sim.replay.recorded import Fate, Recorded, RecordedCall
from callcenter.sim.replay.staffing import skill_of, staff_of

LENGTH_MAX_S: Final = 86_400.0
PRIORITY_BASE: Final = 50
PRIORITY_STEP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column says what. Empty: there is none. Times of day are in `time_format`, in `timezone`."""

    arrived: str  # when the call came into its queue: a time, or a time of day if there is a `date`
    queue: str
    outcome: str
    wait_s: str
    talk_s: str
    served: tuple[str, ...]  # the words of the outcome column
    abandoned: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    agent: str = ""
    unknown_agents: tuple[str, ...] = ("",)  # words for nobody in particular
    wrap_up_s: str = ""
    caller: str = ""
    priority: str = ""  # a number: 10 points each above 50
    id: tuple[str, ...] = ()
    date: str = ""
    date_format: str = "%Y-%m-%d"
    time_format: str = "%H:%M:%S"
    timezone: str = "UTC"
    delimiter: str = ","


ANONYMOUS_BANK: Final = Columns(
    arrived="vru_exit",
    queue="type",
    outcome="outcome",
    wait_s="q_time",
    talk_s="ser_time",
    served=("AGENT",),
    abandoned=("HANG",),
    ignored=("PHANTOM",),
    agent="server",
    unknown_agents=("NO_SERVER", ""),
    caller="customer_id",
    priority="priority",
    id=("vru+line", "call_id"),
    date="date",
    date_format="%y%m%d",
    timezone="Asia/Jerusalem",
    delimiter="\t",
)
"""The data of one bank's call center that Mandelbaum, Sakov and Zeltyn describe (Technion, 2000)."""

KNOWN: Final[Mapping[str, Columns]] = {"anonymous-bank": ANONYMOUS_BANK}


def faults_of(columns: Columns) -> list[tuple[str, str]]:
    """Why no table could be read by them: the key, and what is wrong with it."""
    found = []
    if columns.timezone not in available_timezones():
        found.append(("timezone", f"there is no time zone {columns.timezone}"))
    if len(columns.delimiter) != 1:
        found.append(("delimiter", f"is one sign, not {columns.delimiter!r}"))
    if both := sorted(set(columns.served) & {*columns.abandoned, *columns.ignored}):
        found.append(("served", f"{', '.join(both)} cannot mean something else as well"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One line that was left out."""

    line: int  # from 1, the head included
    column: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What was read: the calls and their staff, what could not be, and how many lines were to be ignored."""

    recorded: Recorded
    problems: tuple[RowProblem, ...]
    ignored: int
    lines: int
    unattended: int  # served calls that name no agent


class ColumnsMissing(ValueError):
    """The head of the table lacks columns."""


class _Row(Exception):
    """What is wrong with one line."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column, self.what = column, what


def read_table(lines: Iterable[str], columns: Columns, tick: Callable[[int], None] | None = None) -> Table:
    """Read a table with a head. Raises ColumnsMissing; every other fault is a RowProblem."""
    rows = csv.reader(lines, delimiter=columns.delimiter)
    head = [name.strip() for name in next(rows, [])]
    places = _places(head, columns)
    reading = _Reading(columns, places)
    calls: list[RecordedCall] = []
    problems: list[RowProblem] = []
    ignored = count = 0
    for count, row in enumerate(rows, start=1):
        try:
            call = reading.call(row, len(head), count + 1) if row else None
        except _Row as wrong:
            problems.append(RowProblem(line=count + 1, column=wrong.column, what=wrong.what))
            continue
        if call is None:
            ignored += 1
        else:
            calls.append(call)
        if tick is not None:
            tick(count)
    calls.sort(key=lambda call: (call.at, call.id))
    agents, events = staff_of(calls)
    return Table(
        recorded=Recorded(
            calls=tuple(calls),
            agents=agents,
            events=events,
            start=calls[0].at if calls else 0.0,
            end=calls[-1].at if calls else 0.0,
        ),
        problems=tuple(problems),
        ignored=ignored,
        lines=count,
        unattended=sum(call.fate is Fate.SERVED and not call.agent for call in calls),
    )


def configuration_of(recorded: Recorded) -> Configuration:
    """A queue for each that calls came into, which needs its own skill: first come, first served within a priority."""
    names = sorted({call.queue for call in recorded.calls})
    return Configuration(
        queues={
            QueueName(name): Queue(name=QueueName(name), needs=parse_need(skill_of(name)), priority=PRIORITY_BASE)
            for name in names
        }
    )


# -- one line ----------------------------------------------------------------------------------------------------------


def _places(head: Sequence[str], columns: Columns) -> Mapping[str, int]:
    wanted = [columns.arrived, columns.queue, columns.outcome, columns.wait_s, columns.talk_s, *columns.id]
    wanted += [columns.agent, columns.caller, columns.priority, columns.date, columns.wrap_up_s]
    missing = sorted({name for name in wanted if name and name not in head})
    if missing:
        raise ColumnsMissing(f"the table has no column {', '.join(missing)}; it has {', '.join(head) or 'no head'}")
    return {name: at for at, name in enumerate(head)}


class _Reading:
    """Reads lines, one by one."""

    def __init__(self, columns: Columns, places: Mapping[str, int]) -> None:
        self._columns = columns
        self._places = places
        self._zone = ZoneInfo(columns.timezone)
        self._days: dict[str, datetime] = {}

    def call(self, row: Sequence[str], width: int, line: int) -> RecordedCall | None:
        """The call; None if it is to be ignored."""
        columns = self._columns
        if len(row) != width:
            raise _Row("", f"has {len(row)} columns, the head has {width}")
        outcome = self._text(row, columns.outcome)
        if outcome in columns.ignored:
            return None
        if outcome not in columns.served and outcome not in columns.abandoned:
            raise _Row(columns.outcome, f"{outcome!r} is no outcome that is known")
        fate = Fate.SERVED if outcome in columns.served else Fate.ABANDONED
        agent = self._text(row, columns.agent) if columns.agent else ""
        queue = self._text(row, columns.queue)
        if not queue:
            raise _Row(columns.queue, "is empty")
        return RecordedCall(
            id="-".join(self._text(row, name) for name in columns.id) or str(line),
            at=self._arrived(row),
            queue=queue,
            fate=fate,
            wait_s=self._length(row, columns.wait_s),
            talk_s=self._length(row, columns.talk_s) if fate is Fate.SERVED else 0.0,
            wrap_up_s=self._length(row, columns.wrap_up_s) if columns.wrap_up_s else None,
            caller=self._text(row, columns.caller) if columns.caller else "",
            agent="" if fate is not Fate.SERVED or agent in columns.unknown_agents else agent_id(agent),
            priority=self._priority(row) if columns.priority else None,
        )

    def _text(self, row: Sequence[str], name: str) -> str:
        return row[self._places[name]].strip()

    def _length(self, row: Sequence[str], name: str) -> float:
        text = self._text(row, name)
        try:
            seconds = float(text)
        except ValueError:
            raise _Row(name, f"{text!r} is no number of seconds") from None
        if not 0 <= seconds <= LENGTH_MAX_S:
            raise _Row(name, f"{text} s is no length of a call")
        return seconds

    def _priority(self, row: Sequence[str]) -> int | None:
        text = self._text(row, self._columns.priority)
        if not text.isdigit():
            raise _Row(self._columns.priority, f"{text!r} is no priority")
        points = PRIORITY_BASE + PRIORITY_STEP * int(text)
        if points > PRIORITY_MAX:
            raise _Row(self._columns.priority, f"{text} is beyond the highest")
        return None if points == PRIORITY_BASE else points

    def _arrived(self, row: Sequence[str]) -> float:
        columns = self._columns
        text = self._text(row, columns.arrived)
        try:
            if not columns.date:
                moment = datetime.strptime(text, columns.time_format)
                return moment.replace(tzinfo=moment.tzinfo or self._zone).timestamp()
            hours, minutes, seconds = text.split(":")
            after = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
        except ValueError:
            raise _Row(columns.arrived, f"{text!r} is no time of the form {columns.time_format}") from None
        if not timedelta(0) <= after < timedelta(days=1):
            raise _Row(columns.arrived, f"{text!r} is no time of a day")
        return (self._day(row) + after).replace(tzinfo=self._zone).timestamp()

    def _day(self, row: Sequence[str]) -> datetime:
        text = self._text(row, self._columns.date)
        day = self._days.get(text)
        if day is None:
            try:
                day = datetime.strptime(text, self._columns.date_format)
            except ValueError:
                raise _Row(self._columns.date, f"{text!r} is no date of the form {self._columns.date_format}") from None
            self._days[text] = day
        return day


def agent_id(name: str) -> str:
    """A name of the table as an agent's id."""
    return "".join(sign if sign.isalnum() else "-" for sign in name.strip().lower())
