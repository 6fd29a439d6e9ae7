"""The command tree, of which only what is called is imported. Knows where a command is and its line in the list.

A list of commands, which is all the root's help is, needs their names and a line on each: importing the forty files of
them for it, and asking each command what it takes, is half of the time until the help appears. That the lines here are
the commands' own is a test's business.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer
import typer.core
import typer.main

PACKAGE: Final = "callcenter.cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command or a group of commands is (`module:name`, below callcenter.cli), and what a list says of it."""

    at: str
    says: str


class Tree(Mapping[str, Any]):
    """Commands by their names, each opened (imported and put together) when it is asked for."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._opened: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._opened:
            self._opened[name] = _opened(name, self._places[name].at)
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def listed(self, name: str) -> Any:
        """What stands for the command in a list of them: it has a name and its line, and cannot be run."""
        place = self._places.get(name)
        return None if place is None else typer.core.TyperCommand(name, help=place.says)


def _opened(name: str, at: str) -> Any:
    module, attribute = at.split(":")
    found = getattr(importlib.import_module(f"{PACKAGE}.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)
