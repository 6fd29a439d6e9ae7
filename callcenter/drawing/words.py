"""What stands in a box and at a way, in few words. Knows nodes and queues; knows no ink."""

from collections.abc import Iterator
from typing import Any, Final

from callcenter.model.flow import Node, Prompt
from callcenter.model.ids import CalendarName
from callcenter.model.need import Need
from callcenter.model.queue import Queue
from callcenter.nodes.check import Case
from callcenter.nodes.fields import Filled, Language, Subject, VariableName, Word
from callcenter.nodes.parts import typed

LINE_CHARS_MAX: Final = 34
LABEL_CHARS_MAX: Final = 24
LINES_MAX: Final = 3
PLAIN: Final = ("choices.", "returns.")
"""Exits of which only the last part says something: a key, a word."""
TOLD: Final[tuple[Any, ...]] = (CalendarName, Subject, VariableName, Filled, Need, Word, Language)
"""Types of fields that say what a node does."""


def node_lines(node: Node, language: str) -> tuple[str, ...]:
    """What a node says, asks or looks at."""
    lines = [_said(prompt, language) for _, prompt in typed(node, Prompt)][:1]
    for wanted in TOLD:
        for path, value in typed(node, wanted):
            if len(path) == 1 and value != "":
                lines.append(f"{path[0]}: {value}".replace("_", " ", 1))
    return tuple(short(line) for line in dict.fromkeys(lines))[:LINES_MAX]


def queue_lines(queue: Queue) -> tuple[str, ...]:
    """Whom a queue is for."""
    lines = [f"needs {queue.needs}"] if str(queue.needs) else ["for any agent"]
    lines.append(f"{queue.strategy.replace('_', ' ')}, priority {queue.priority}")
    if queue.max_wait_s:
        lines.append(f"at most {queue.max_wait_s:g} s")
    return tuple(short(line) for line in lines)


def exit_words(node: Node, exit_: str) -> str:
    """An exit as a caller would say it: the key, the case, or its name."""
    for beginning in PLAIN:
        if exit_.startswith(beginning):
            return exit_.removeprefix(beginning)
    parts = exit_.split(".")
    if parts[0] == "cases" and len(parts) > 1 and parts[1].isdigit():
        cases = getattr(node, "cases", ())
        if int(parts[1]) < len(cases) and isinstance(cases[int(parts[1])], Case):
            return short(" or ".join(_case(cases[int(parts[1])])), LABEL_CHARS_MAX)
    return short(exit_.replace("_", " "), LABEL_CHARS_MAX)


def short(text: str, chars: int = LINE_CHARS_MAX) -> str:
    """At most so many characters."""
    even = " ".join(text.split())
    return even if len(even) <= chars else even[: chars - 1].rstrip() + "…"


def _case(case: Case) -> Iterator[str]:
    yield from (f"= {value}" for value in case.equals)
    yield from (f"{value}…" for value in case.starts_with)
    if case.between is not None:
        yield f"{case.between[0]}–{case.between[1]}"


def _said(prompt: Prompt, language: str) -> str:
    text = prompt.texts.get(language) or next(iter(prompt.texts.values()), "")
    return f"“{short(text, LINE_CHARS_MAX - 2)}”" if text else f"“{prompt.name}”"
