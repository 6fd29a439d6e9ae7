"""What a case expected against what happened. Knows both values; knows no engine, no file and no screen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from callcenter.model.rehearsal import Act, Case
from callcenter.sim.course import Course, Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a comparison. `sign`: " " both, "-" expected and not there, "+" there and not expected."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One expectation that was not met; `at` leads to it from the case."""

    at: tuple[str | int, ...]
    what: str
    lines: tuple[Line, ...]


def mismatches(case: Case, course: Course) -> list[Mismatch]:
    """Everything in which the course differs from what the case expects, in the order of its keys."""
    found = [one for compare in _COMPARISONS for one in compare(case, course)]
    found += [_not_mocked(node) for node in course.unknown]
    return found + [_not_done(act) for act in course.left_over[:1]]


def path_of(course: Course) -> tuple[str, ...]:
    """The nodes that were passed: `name` in the flow that was called, `flow.name` in another."""
    return tuple(one.node if one.flow == course.flow else f"{one.flow}.{one.node}" for one in course.passed)


def sounds_like(expected: str, heard: Heard) -> bool:
    """Whether what was heard is the prompt of this name, or says this."""
    return expected == heard.name or (" " in expected.strip() and _folded(expected) in _folded(heard.text))


# -- the comparisons ---------------------------------------------------------------------------------------------------


def _path(case: Case, course: Course) -> Iterator[Mismatch]:
    expected, happened = case.expect.path, path_of(course)
    if expected is not None and expected != happened:
        yield Mismatch(at=("expect", "path"), what="the call took another path", lines=_diff(expected, happened))


def _passes(case: Case, course: Course) -> Iterator[Mismatch]:
    happened = path_of(course)
    left = list(happened)
    for at, node in enumerate(case.expect.passes or ()):
        if node not in left:
            lines = (Line(sign="-", text=node), *(Line(sign="+", text=name) for name in happened))
            yield Mismatch(at=("expect", "passes", at), what=f"the call does not pass {node} (here)", lines=lines)
            return
        del left[: left.index(node) + 1]


def _hears(case: Case, course: Course) -> Iterator[Mismatch]:
    expected = case.expect.hears
    if expected is None:
        return
    # what is meant by an expectation is its own words where it fits, so that only what differs shows as different
    happened = [next((one for one in expected if sounds_like(one, heard)), _shown(heard)) for heard in course.heard]
    if list(expected) != happened:
        yield Mismatch(at=("expect", "hears"), what="the caller hears something else", lines=_diff(expected, happened))


def _says(case: Case, course: Course) -> Iterator[Mismatch]:
    for at, text in enumerate(case.expect.says or ()):
        if not any(_folded(text) in _folded(heard.text) for heard in course.heard):
            lines = (Line(sign="-", text=text), *(Line(sign="+", text=_shown(heard)) for heard in course.heard))
            yield Mismatch(at=("expect", "says", at), what="this is never said", lines=lines)


def _variables(case: Case, course: Course) -> Iterator[Mismatch]:
    for name, expected in (case.expect.variables or {}).items():
        happened = course.variables.get(name, "")
        if expected != happened:
            yield _one(("expect", "variables", name), f"variable {name}", expected, happened)


def _queues(case: Case, course: Course) -> Iterator[Mismatch]:
    expected = case.expect.queues
    happened = tuple(queued.queue for queued in course.queues)
    if expected is not None and expected != happened:
        yield Mismatch(at=("expect", "queues"), what="other queues", lines=_diff(expected, happened))


def _singles(case: Case, course: Course) -> Iterator[Mismatch]:
    expect, last = case.expect, course.queues[-1] if course.queues else None
    pairs: tuple[tuple[str, object, object], ...] = (
        ("queue", expect.queue, last.queue if last else None),
        ("priority", expect.priority, last.priority if last else None),
        ("needs", None if expect.needs is None else str(expect.needs), last.needs if last else None),
        ("agent", expect.agent, course.agent),
        ("number", expect.number, course.number),
        ("callback", expect.callback, course.callback),
        ("ends", expect.ends, course.reason),
        ("message", expect.message, course.mailbox),
        ("language", expect.language, course.language),
    )
    for name, expected, happened in pairs:
        if expected is not None and expected != happened:
            yield _one(("expect", name), name, expected, happened)


_COMPARISONS: Final[tuple[Callable[[Case, Course], Iterator[Mismatch]], ...]] = (
    _path,
    _passes,
    _hears,
    _says,
    _queues,
    _singles,
    _variables,
)


def _not_mocked(node: str) -> Mismatch:
    what = f"{node} asks a program outside, and this case does not say what it answers (mocks: {{{node}: ...}})"
    return Mismatch(at=("mocks",), what=what, lines=())


def _not_done(act: Act) -> Mismatch:
    """The caller was to do something, and there was no occasion for it."""
    what = f"press {act.press}" if act.press else "hang up" if act.hang_up else "wait" if act.wait else "speak"
    if act.after or act.during:
        what += f" {'after' if act.after else 'during'} {act.after or act.during}, which is not said"
    else:
        what += ", and is not asked to"
    return Mismatch(at=("does",), what=f"the caller was to {what}", lines=())


def _one(at: tuple[str | int, ...], name: str, expected: object, happened: object) -> Mismatch:
    shown = "nothing" if happened in (None, "") else str(happened)
    lines = (Line(sign="-", text=str(expected) or "nothing"), Line(sign="+", text=shown))
    return Mismatch(at=at, what=f"{name} is another", lines=lines)


def _diff(expected: Sequence[str], happened: Sequence[str]) -> tuple[Line, ...]:
    """Both lists as one, in order."""
    lines: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(None, expected, happened, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Line(sign=" ", text=text) for text in expected[a:b]]
        else:
            lines += [Line(sign="-", text=text) for text in expected[a:b]]
            lines += [Line(sign="+", text=text) for text in happened[c:d]]
    return tuple(lines)


def _shown(heard: Heard) -> str:
    return f"{heard.name}: {heard.text}" if heard.text else heard.name


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
