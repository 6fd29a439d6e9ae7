"""flows/tests/<name>.yaml: calls that are rehearsed, each with what should come of it. Knows YAML; plays nothing.

A file holds `timezone` (of its times; UTC) and `cases`: name -> case, whose keys are the fields of `model.rehearsal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationInfo

from callcenter.config.calendars import read_timezone
from callcenter.config.fields import NAME_PATTERN, read_with, text_of
from callcenter.config.folder import is_test, read_files
from callcenter.config.form import Form
from callcenter.config.sheet import Names, Sheet, did_you_mean, shown, wrong
from callcenter.config.tree import Rows, Table, Tree, Value, Whole, read_tree
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.ids import FlowName
from callcenter.model.need import LEVEL_MAX, LEVEL_MIN
from callcenter.model.rehearsal import (
    AtWork,
    Case,
    Colleague,
    Colleagues,
    Mock,
    Moment,
    Trouble,
)
from callcenter.sim.rehearsal import flow_of

KEYS: Final = ("timezone", "cases")
USUAL_TIME: Final = "2026-11-23 10:00"
"""When a call comes whose case does not say: a Monday morning, in the file's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCase:
    """A case and where it stands. `at`: when its call begins, UTC seconds."""

    case: Case
    at: float
    file: str
    tree: Tree

    @property
    def name(self) -> str:
        """`file/case`, the file without its ending: what --only is compared with."""
        return f"{Path(self.file).stem}/{self.case.name}"

    def place(self, path: tuple[str | int, ...] = ()) -> str:
        """`file:line:column` of a part of the case."""
        line, column = self.tree.place(("cases", self.case.name, *path), at_key=True)
        return f"{self.file}:{line}:{column}"


def load_cases(folder: Path, configuration: Configuration) -> list[WrittenCase]:
    """Every case of the folder, in the order of files and lines. Raises ConfigurationError with all that is wrong."""
    files, unreadable = read_files(folder)
    cases, problems = read_cases({name: text for name, text in files.items() if is_test(name)}, configuration)
    if problems or unreadable:
        raise ConfigurationError([*unreadable, *problems])
    return cases


def read_cases(files: Mapping[str, str], configuration: Configuration) -> tuple[list[WrittenCase], list[Problem]]:
    """The cases in files given as relative path -> text, and what is wrong with them."""
    cases: list[WrittenCase] = []
    problems: list[Problem] = []
    names = Names(queues=configuration.queues, flows=configuration.flows, calendars=configuration.calendars)
    for file, text in sorted(files.items()):
        tree = read_tree(file, text)
        sheet = Sheet(tree=tree, names=names, owner=file, problems=list(tree.problems))
        if tree.root is not None:
            cases += _read_file(sheet, configuration)
        problems += sheet.problems
    return cases, problems


def _read_file(sheet: Sheet, configuration: Configuration) -> list[WrittenCase]:
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    zone = read_timezone(sheet, root) if "timezone" in root else "UTC"
    found: list[WrittenCase] = []
    for name, value in sheet.table(("cases",), root.get("cases")).items():
        table = sheet.table(("cases", name), value)
        before = len(sheet.problems)
        case = case_form(zone).read(sheet, table, name=name)
        if case is None:
            continue
        _check(sheet, table, case, configuration)
        at = case.at if case.at is not None else _moment(USUAL_TIME, zone)
        if len(sheet.problems) == before:
            found.append(WrittenCase(case=case, at=float(at), file=sheet.tree.file, tree=sheet.tree))
    return found


def _check(sheet: Sheet, table: Table, case: Case, configuration: Configuration) -> None:
    """What is named must be there."""
    if flow_of(configuration, case) is None:
        numbers = sorted(configuration.numbers)
        sheet.wrong((*table.path, "dial"), f"no flow answers {shown(case.dial)}", did_you_mean(case.dial, numbers))
    for at, act in enumerate(case.does):
        for key in ("after", "during"):
            prompt = getattr(act, key)
            if prompt and prompt not in configuration.prompts:
                path = (*table.path, "does", at, key)
                sheet.wrong(path, f"there is no prompt {shown(prompt)}", did_you_mean(prompt, configuration.prompts))
    for at, heard in enumerate(case.expect.hears or ()):
        if " " not in heard.strip() and heard not in configuration.prompts:
            path = (*table.path, "expect", "hears", at)
            remedy = did_you_mean(heard, configuration.prompts) or "the name of a prompt, or some words that are said"
            sheet.wrong(path, f"there is no prompt {shown(heard)}", remedy)
    own = flow_of(configuration, case)
    for node in case.mocks:
        problem = _no_such_node(configuration, own, node) if "." in node else None
        if problem:
            sheet.wrong((*table.path, "mocks", node), *problem, at_key=True)
    for key in ("path", "passes"):
        for at, node in enumerate(getattr(case.expect, key) or ()):
            problem = _no_such_node(configuration, own, node)
            if problem:
                sheet.wrong((*table.path, "expect", key, at), *problem)


def _no_such_node(configuration: Configuration, own: FlowName | None, node: str) -> tuple[str, str] | None:
    """What is wrong with the name of a node, and a remedy."""
    flow, _, name = node.rpartition(".")
    there = configuration.flows.get(FlowName(flow)) if flow else configuration.flows.get(own) if own else None
    if there is None and flow:
        return f"there is no flow {shown(flow)}", did_you_mean(flow, configuration.flows)
    if there is not None and name not in there.nodes:
        return f"there is no node {shown(name)} in flow `{there.name}`", did_you_mean(name, there.nodes)
    return None


# -- how the parts are written -----------------------------------------------------------------------------------------


@cache
def case_form(zone: str) -> Form[Case]:
    """How a case is read whose times are in this zone."""
    return Form(
        Case,
        given=("name",),
        instead={
            "at": read_with(lambda value, _: Moment(_moment(value, zone))),
            "agents": read_with(_agents),
            "mocks": read_with(_mocks),
        },
    )


def _moment(value: object, zone: str) -> float:
    """A date and a time of day in the zone, or ISO 8601 with an offset, as UTC seconds."""
    text = text_of(value).strip()
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f"{shown(text)} is not a time", f'a date and a time of day: "{USUAL_TIME}"') from None
    return given.timestamp() if given.tzinfo is not None else given.replace(tzinfo=ZoneInfo(zone)).timestamp()


def _agents(value: Any, _: ValidationInfo) -> Colleagues | tuple[Colleague, ...]:
    """none, busy, free, or a list of agents: {name: anna, skills: {sales: 3}, doing: free, answers: true}."""
    if isinstance(value, Rows):
        return tuple(_colleague(row, at) for at, row in enumerate(value))
    word = text_of(value) if not isinstance(value, Table) else ""
    if word not in list(Colleagues):
        raise wrong(f"{shown(value)} is not possible here", f"{', '.join(Colleagues)} or a list of agents")
    return Colleagues(word)


def _colleague(row: Value, at: int) -> Colleague:
    if not isinstance(row, Table):
        raise wrong(f"expected an agent, not {shown(row)}", "{name: anna, skills: {sales: 3}}", at=(at,))
    allowed = ("name", "skills", "doing", "answers")
    for key in row:
        if key not in allowed:
            raise wrong(f"unknown key `{key}`", did_you_mean(key, allowed), at=(at, key))
    name, doing, answers = row.get("name"), row.get("doing", AtWork.FREE), row.get("answers", True)
    if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name):
        raise wrong(f"{shown(name)} cannot name an agent", "letters, digits, _ and -", at=(at, "name"))
    if doing not in list(AtWork):
        raise wrong(f"{shown(doing)} is not possible here", did_you_mean(str(doing), list(AtWork)), at=(at, "doing"))
    if not isinstance(answers, bool):
        raise wrong(f"expected true or false, not {shown(answers)}", at=(at, "answers"))
    skills = row.get("skills") or Table()
    if not isinstance(skills, Table):
        raise wrong(f"expected skills with levels, not {shown(skills)}", "{sales: 3}", at=(at, "skills"))
    for skill, level in skills.items():
        if not isinstance(level, Whole) or not LEVEL_MIN <= level <= LEVEL_MAX:
            raise wrong(f"a level is {LEVEL_MIN} to {LEVEL_MAX}, not {shown(level)}", at=(at, "skills", skill))
    levels = {skill: int(level) for skill, level in skills.items() if isinstance(level, Whole)}
    return Colleague(name=name, skills=levels, doing=AtWork(str(doing)), answers=answers)


def _mocks(value: Any, _: ValidationInfo) -> dict[str, Mock]:
    """Lookup -> fail, slow, or the values that it answers."""
    if not isinstance(value, Table):
        raise wrong(f"expected lookups with answers, not {shown(value)}", "{customer: {name: Lan}}")
    return {name: _mock(name, answer) for name, answer in value.items()}


def _mock(name: str, answer: Value) -> Mock:
    if isinstance(answer, Table):
        return Mock(values={key: text_of(inner) for key, inner in answer.items()})
    if answer not in list(Trouble):
        raise wrong(f"{shown(answer)} is not an answer", f"{', '.join(Trouble)} or values: {{name: Lan}}", at=(name,))
    return Mock(trouble=Trouble(str(answer)))
