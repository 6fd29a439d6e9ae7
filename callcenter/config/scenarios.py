"""A scenario file: who calls, who works, what is counted; queues right there, or a configuration folder beside it.

Knows the YAML form (docs/simulate.md); the values, their defaults and most of their rules are those of
`sim.traffic.scenario`. Queues are written as in queues.yaml, and read by the same code.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from annotated_types import Interval
from pydantic import ValidationInfo

from callcenter.config.fields import NAME_PATTERN, read_with, text_of
from callcenter.config.folder import BYTES_MAX, load_configuration
from callcenter.config.form import Form
from callcenter.config.queues import read_queue_table
from callcenter.config.sheet import ANYTHING, Names, Sheet, did_you_mean, shown, wrong
from callcenter.config.tree import Real, Rows, Table, Tree, Value, Whole, read_tree
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.ids import QueueName, Skill
from callcenter.model.need import LEVEL_MAX, LEVEL_MIN, Need
from callcenter.nodes.enqueue import Priority
from callcenter.sim.traffic.calls import Entrance
from callcenter.sim.traffic.draws import Family, Shape, Times
from callcenter.sim.traffic.scenario import (
    AGENTS_MAX,
    ORIGIN,
    AgentGroup,
    CallType,
    Patience,
    Redial,
    Scenario,
    Shift,
)

SECTIONS: Final = ("calls", "agents", "queues", "configuration")
RATES: Final = {"per_hour": 3600.0, "per_minute": 60.0, "per_period": 0.0}  # -> seconds; 0: the scenario's period
FACTORS: Final = ("talk_factor", "patience_factor")
DAYS_MAX: Final = 10_000
REPLICATIONS_MAX: Final = 100_000
HOURS_MAX: Final = 1_000_000.0
PERIODS_MAX: Final = 10_000
LINES_MAX: Final = 1_000_000

Share = Annotated[float, Interval(ge=0, le=1)]
Level = Annotated[int, Interval(ge=LEVEL_MIN, le=LEVEL_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patience:
    """As written: the keys of Times, any of which may be missing, and `at_once`."""

    distribution: Family | None = None
    mean_s: float = 0.0
    cv: float | None = None
    sd_s: float | None = None
    at_once: Share = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for a spread that does not fit."""
        self.value()

    def value(self) -> Patience:
        """What it means."""
        if self.distribution is None:
            if self.mean_s or self.cv is not None or self.sd_s is not None:
                raise ValueError("`distribution` is missing")
            return Patience(times=None, at_once=self.at_once)
        if not self.mean_s:
            raise ValueError("`mean_s` is missing; callers who never wait have at_once: 1")
        times = Times(distribution=self.distribution, mean_s=self.mean_s, cv=self.cv, sd_s=self.sd_s)
        return Patience(times=times, at_once=self.at_once)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Redial:
    """As written."""

    delay: Times
    after_abandon: Share = 0.0
    after_refusal: Share = 0.0
    after_served: Share = 0.0
    tries_max: Annotated[int, Interval(ge=1, le=1000)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calls:
    """A call type as written."""

    talk: Times
    queue: QueueName | None = None
    priority: Priority | None = None
    needs: Need | None = None
    dials: str = ""
    per_hour: Any = None
    per_minute: Any = None
    per_period: Any = None
    arrivals: Shape | None = None
    talk_by: Mapping[str, Times] = field(default_factory=dict)
    wrap_up: Times | None = None
    patience: _Patience = field(default=_Patience())
    talk_factor: Any = None
    patience_factor: Any = None
    redial: _Redial | None = None
    busyness: Shape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Agents:
    """A group as written."""

    count: Any = None
    shifts: tuple[Shift, ...] = ()
    skills: Mapping[str, Level] = field(default_factory=dict)
    answer: Times | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Top:
    """Everything outside of the sections."""

    length_h: Annotated[float, Interval(gt=0, le=HOURS_MAX)]
    title: str = ""
    period_min: Annotated[float, Interval(gt=0, le=HOURS_MAX * 60)] = 30.0
    warm_up_h: Annotated[float, Interval(ge=0, le=HOURS_MAX)] = 0.0
    days: Annotated[int, Interval(ge=1, le=DAYS_MAX)] = 1
    replications: Annotated[int, Interval(ge=1, le=REPLICATIONS_MAX)] = 20
    busyness: Shape | None = None
    within_s: tuple[float, ...] = ()
    lines: Annotated[int, Interval(ge=0, le=LINES_MAX)] = 0
    starts: Any = ORIGIN


def load_scenario(file: Path, folder: Path | None = None) -> Scenario:
    """Read a scenario; `folder` stands in for its own configuration. Raises ConfigurationError with all problems."""
    try:
        with file.open("rb") as opened:
            text = opened.read(BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(where=str(file), what=f"not UTF-8 at byte {error.start}", remedy="save it as UTF-8")
        raise ConfigurationError([problem]) from error
    except OSError as error:
        raise ConfigurationError([Problem(where=str(file), what=f"cannot be read: {error.strerror}")]) from error
    return read_scenario(read_tree(file.name, text), file.parent, folder)


def read_scenario(tree: Tree, beside: Path, folder: Path | None = None) -> Scenario:
    """The scenario in a tree; a configuration folder it names is looked for from `beside`."""
    if tree.problems:
        raise ConfigurationError(tree.problems)
    sheet = Sheet(tree=tree, names=Names())
    scenario = _read(sheet, beside, folder)
    if sheet.problems or scenario is None:
        raise ConfigurationError(sheet.problems)
    return scenario


def _read(sheet: Sheet, beside: Path, folder: Path | None) -> Scenario | None:
    root = sheet.table((), sheet.tree.root)
    configuration = _configuration(sheet, root, beside, folder)
    top = _top_form().read(sheet, root)
    groups = _groups(sheet, root)
    names = frozenset(group.name for group in groups)
    period_s = top.period_min * 60 if top is not None else 1800.0
    calls = _call_types(sheet, root, configuration, names, period_s)
    if top is None or configuration is None or sheet.problems:
        return None
    scenario = Scenario(
        title=top.title,
        configuration=configuration,
        calls=calls,
        groups=groups,
        length_h=top.length_h,
        period_min=top.period_min,
        warm_up_h=top.warm_up_h,
        days=top.days,
        replications=top.replications,
        busyness=top.busyness,
        within_s=top.within_s,
        lines=top.lines,
        starts=top.starts,
    )
    for odd in scenario.problems():
        sheet.wrong(odd.at, odd.what, odd.remedy, at_key=True)
    return scenario


def _configuration(sheet: Sheet, root: Table, beside: Path, folder: Path | None) -> Configuration | None:
    """None if there is a configuration that cannot be read: nothing is then told to be missing in it."""
    written, queues = root.get("configuration"), root.get("queues")
    if folder is None and written is not None:
        if queues is not None:
            sheet.wrong(("queues",), "there are queues here and a configuration", "keep one", at_key=True)
        if not isinstance(written, str):
            sheet.wrong(("configuration",), f"expected the name of a folder, not {shown(written)}")
            sheet.names.queues = ANYTHING
            return None
        folder = beside / written
        if not folder.is_dir():
            sheet.wrong(
                ("configuration",),
                f"there is no such folder: {shown(written)}",
                "a path from the scenario's own folder",
            )
            sheet.names.queues = ANYTHING
            return None
    if folder is not None:
        try:
            configuration = load_configuration(folder)
        except ConfigurationError as error:
            sheet.problems += error.problems
            sheet.names.queues = ANYTHING
            return None
        sheet.names.queues = tuple(configuration.queues)
        return configuration
    if queues is None:
        sheet.wrong((), "there are no queues", "queues: as in queues.yaml, or configuration: <folder>")
    table = sheet.table(("queues",), queues)
    sheet.names.queues = tuple(table)
    return Configuration(queues=read_queue_table(sheet, table))


def _call_types(
    sheet: Sheet, root: Table, configuration: Configuration | None, groups: frozenset[str], period_s: float
) -> tuple[CallType, ...]:
    if not root.get("calls"):
        sheet.wrong((), "`calls` is missing: who calls?", "calls: {sales: {queue: sales, per_hour: 60, talk: ...}}")
    found: list[CallType] = []
    for name, value in sheet.table(("calls",), root.get("calls")).items():
        table = sheet.table(("calls", name), value)
        _check_name(sheet, ("calls", name), name)
        written = _calls_form().read(sheet, table)
        if written is None:
            continue
        for group in written.talk_by:
            if group not in groups:
                path = (*table.path, "talk_by", group)
                sheet.wrong(path, f"there are no agents {shown(group)}", did_you_mean(group, groups), at_key=True)
        if (written.queue is None) == (not written.dials):
            sheet.wrong(table.path, "calls come into a `queue`, or somebody `dials` a number: one of them", at_key=True)
        dialled = configuration if written.dials else None
        if dialled is not None and not (written.dials in dialled.numbers or dialled.default_flow):
            remedy = did_you_mean(written.dials, dialled.numbers)
            sheet.wrong((*table.path, "dials"), f"nobody answers {shown(written.dials)}", remedy)
        if written.dials and (written.priority is not None or written.needs is not None):
            sheet.wrong(table.path, "priority and needs go with `queue`; a number's flow has its own", at_key=True)
        entrance = None
        if written.queue is not None:
            entrance = Entrance(queue=written.queue, priority=written.priority, needs=written.needs)
        found.append(
            CallType(
                name=name,
                rates_per_s=_rates(sheet, table, written, period_s),
                talk=written.talk,
                entrance=entrance,
                dials=written.dials,
                arrivals=written.arrivals,
                talk_by=written.talk_by,
                wrap_up=written.wrap_up,
                patience=written.patience.value(),
                talk_factors=written.talk_factor or (),
                patience_factors=written.patience_factor or (),
                redial=_redial(written.redial),
                busyness=written.busyness,
            )
        )
    return tuple(found)


def _redial(written: _Redial | None) -> Redial | None:
    if written is None:
        return None
    return Redial(
        delay=written.delay,
        after_abandon=written.after_abandon,
        after_refusal=written.after_refusal,
        after_served=written.after_served,
        tries_max=written.tries_max,
    )


def _rates(sheet: Sheet, table: Table, written: _Calls, period_s: float) -> tuple[float, ...]:
    given = [key for key in RATES if getattr(written, key) is not None]
    if len(given) != 1:
        what = "more than one rate" if given else "how many call? No rate"
        sheet.wrong(table.path, what, f"one of {', '.join(RATES)}: a number, or a list of one per period", at_key=True)
        return (0.0,)
    return tuple(rate / (RATES[given[0]] or period_s) for rate in getattr(written, given[0]))


def _groups(sheet: Sheet, root: Table) -> tuple[AgentGroup, ...]:
    if not root.get("agents"):
        sheet.wrong((), "`agents` is missing: who answers?", "agents: {all: {count: 10, skills: {sales: 3}}}")
    found: list[AgentGroup] = []
    for name, value in sheet.table(("agents",), root.get("agents")).items():
        table = sheet.table(("agents", name), value)
        _check_name(sheet, ("agents", name), name)
        written = _agents_form().read(sheet, table)
        if written is None:
            continue
        if (written.count is None) == (not written.shifts):
            sheet.wrong(table.path, "how many? `count` or `shifts`, one of them", "count: 10", at_key=True)
            continue
        found.append(
            AgentGroup(
                name=name,
                skills={Skill(skill): level for skill, level in written.skills.items()},
                counts=written.count or (),
                shifts=written.shifts,
                answer=written.answer,
            )
        )
    return tuple(found)


def _check_name(sheet: Sheet, path: tuple[str, ...], name: str) -> None:
    if not NAME_PATTERN.fullmatch(name):
        remedy = "a letter, then letters, digits, _ and -"
        sheet.wrong(path, f"`{name}` cannot be a name here", remedy, at_key=True)


@cache
def _top_form() -> Form[_Top]:
    return Form(_Top, ignored=SECTIONS, instead={"starts": read_with(_moment)})


@cache
def _calls_form() -> Form[_Calls]:
    return Form(_Calls, instead={key: read_with(_numbers) for key in (*RATES, *FACTORS)})


@cache
def _agents_form() -> Form[_Agents]:
    return Form(_Agents, instead={"count": read_with(_counts)})


def _rows(value: Any) -> list[Value]:
    rows: list[Value] = list(value) if isinstance(value, Rows) else [value]
    if not rows:
        raise wrong("an empty list", "one number per period; the last goes on to the end of the day")
    if len(rows) > PERIODS_MAX:
        raise wrong(f"{len(rows)} periods", f"at most {PERIODS_MAX}")
    return rows


def _numbers(value: Any, _: ValidationInfo) -> tuple[float, ...]:
    """A number at least 0, or a list of them."""
    found: list[float] = []
    for at, row in enumerate(_rows(value)):
        if not isinstance(row, Whole | Real) or row < 0:
            where = (at,) if isinstance(value, Rows) else ()
            raise wrong(f"expected a number that is at least 0, not {shown(row)}", at=where)
        found.append(float(row))
    return tuple(found)


def _counts(value: Any, _: ValidationInfo) -> tuple[int, ...]:
    """A whole number at least 0, or a list of them."""
    found: list[int] = []
    for at, row in enumerate(_rows(value)):
        if not isinstance(row, Whole) or not 0 <= row <= AGENTS_MAX:
            where = (at,) if isinstance(value, Rows) else ()
            raise wrong(f"expected a whole number from 0 to {AGENTS_MAX}, not {shown(row)}", at=where)
        found.append(int(row))
    return tuple(found)


def _moment(value: Any, _: ValidationInfo) -> float:
    """A date, with a time of day if it is not midnight, in UTC."""
    text = text_of(value)
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f"{shown(text)} is not a date and time", "2024-01-01 08:00, in UTC") from None
    at = (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
    if at <= 0:
        raise wrong(f"{shown(text)} is too early", "after 1970")
    return at
