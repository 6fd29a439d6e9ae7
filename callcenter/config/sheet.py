"""One configuration file while it is read. Knows places, names that exist and how to complain; no rules."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic_core import PydanticCustomError

from callcenter.config.tree import Path, Table, Tree, Value
from callcenter.errors import Problem
from callcenter.model.flow import Prompt

OFFERED_MAX: Final = 8
SHOWN_CHARS_MAX: Final = 40
MISSPELT_RATIO: Final = 0.6


@dataclass(slots=True, kw_only=True)
class PromptPlace:
    """A prompt and where it was written."""

    prompt: Prompt
    tree: Tree
    path: Path


class Anything(Mapping[str, PromptPlace]):
    """The names in a file that cannot be read: any may be among them, so none is told to be missing."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> PromptPlace:
        return PromptPlace(prompt=Prompt(name=name, texts={}), tree=Tree(file=""), path=())

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


ANYTHING: Final = Anything()


@dataclass(slots=True, kw_only=True)
class Names:
    """What may be referred to from anywhere. `written` grows: prompts that are written where they are used."""

    queues: Collection[str] = ()
    flows: Collection[str] = ()
    calendars: Collection[str] = ()
    lists: Collection[str] = ()
    trees: Collection[str] = ()  # of dispositions
    lookup_hosts: Collection[str] = ()
    prompts: Mapping[str, PromptPlace] = field(default_factory=dict)
    written: dict[str, PromptPlace] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One file's tree, the names known, and the problems found so far.

    `owner` begins the names of prompts written in it: the flow's name, or "queues".
    """

    tree: Tree
    names: Names
    owner: str = ""
    nodes: Collection[str] = ()  # of the flow being read
    problems: list[Problem] = field(default_factory=list)

    def wrong(
        self, path: Path, what: str, remedy: str = "", *, at_key: bool = False, column: int | None = None
    ) -> None:
        """Note a problem."""
        self.problems.append(self.tree.problem(path, what, remedy, at_key=at_key, column=column))

    def table(self, path: Path, value: Value) -> Table:
        """`value` as a mapping; what is empty is an empty one, anything else a problem and an empty one."""
        if isinstance(value, Table):
            return value
        if value is not None:
            self.wrong(path, f"expected keys with values, not {shown(value)}")
        empty = Table()
        empty.path = path
        return empty

    def only(self, table: Table, allowed: Collection[str]) -> None:
        """Complain of every key of `table` that is not `allowed`."""
        for key in table:
            if key not in allowed:
                self.wrong((*table.path, key), f"unknown key `{key}`", did_you_mean(key, allowed), at_key=True)


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """A remedy for a word that is none of `options`."""
    known = sorted(options)
    near = difflib.get_close_matches(word, known, n=1, cutoff=MISSPELT_RATIO)
    if near:
        return f"did you mean `{near[0]}`?"
    if 0 < len(known) <= OFFERED_MAX:
        return "one of " + ", ".join(known)
    return ""


def shown(value: object) -> str:
    """A value, short enough for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case Table() | dict():
            return "keys with values"
        case list():
            return "a list"
        case _:
            text = str(getattr(value, "written", value))
            return f"`{text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + '...'}`"


def wrong(what: str, remedy: str = "", *, at: Path = (), column: int | None = None) -> PydanticCustomError:
    """A field's complaint: `at` leads on from the field, `column` counts within its text."""
    return PydanticCustomError("wrong", "{what}", {"what": what, "remedy": remedy, "at": at, "column": column})
