"""docs/cli.md says what the program does: every command, every option, every exit code, and nothing besides."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from callcenter.cli.app import app
from callcenter.cli.exits import Exit
from tests.cli.documents import documentation, shown_documents

EVERYWHERE = {"--json", "--help", "--settings", "--install-completion", "--show-completion"}
WORD = re.compile(r"--[a-z][a-z-]+")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command of the tree, by what one types."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))
SECTIONS = {
    section.split("\n", 1)[0]: section for section in re.split(r"^#{2,3} ", documentation(), flags=re.MULTILINE)[1:]
}


def test_the_commands_that_were_asked_for_are_there() -> None:
    wanted = """run; stop; status; doctor; calls list; calls show; calls hangup; explain; agents list; agents add;
    agents skills; agents login; agents logout; agents pause; agents ready; queues list; queues show; queues drain;
    flows list; flows check; flows test; recordings list; recordings path; report calls; report queues; report agents;
    conf render; conf check; db migrate; top"""
    assert {command.strip() for command in wanted.split(";")} <= COMMANDS.keys()


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    told = {title.removeprefix("callcenter ") for title in SECTIONS if title.startswith("callcenter ")}
    assert told == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_options_and_arguments_are_those_of_the_program(name: str) -> None:
    section = SECTIONS[f"callcenter {name}"]
    params = COMMANDS[name].params
    options = {word for one in params for word in (*one.opts, *one.secondary_opts) if word.startswith("--")}
    said = set(WORD.findall(section))
    assert options - EVERYWHERE <= said, "an option is not documented"
    others = {
        word
        for words in re.findall(r"`callcenter [^`]*`|`(?:calls|agents) [^`]*`", section)
        for word in WORD.findall(words)
    }
    assert said - EVERYWHERE - others <= options, "an option is documented that is not there"
    for one in COMMANDS[name].params:
        if one.param_type_name == "argument":
            bare = re.findall(r"[A-Z]{3,}", one.metavar or one.name.upper())[0]
            assert bare in section


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_every_command_speaks_json_and_shows_it(name: str) -> None:
    assert any("--json" in one.opts for one in COMMANDS[name].params)
    assert name in shown_documents()


def test_every_exit_code() -> None:
    table = re.findall(r"^\| (\d+) \| (\w+) \|", SECTIONS["Exit codes"], re.MULTILINE)
    assert table == [(str(int(code)), code.name.lower()) for code in Exit]
