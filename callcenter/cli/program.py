"""The outermost edge: every way a command can end becomes an exit code and words, or one JSON document.

Knows exceptions and streams; knows no command. With `--json` a fault is {"error": ...} on standard output, otherwise
lines on standard error. A traceback is printed for a fault of ours only.
"""

import errno
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperGroup

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import emit, plain, warn
from callcenter.cli.tree import Place, Tree
from callcenter.errors import AtOdds, Bug, ConfigurationError, PeerFault, Unfit, Unknown, Unreadable

JSON_FLAG = "--json"
PLACES_FAULTS: Final = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST}
"""What a disk says that we may not write, or that has no room, or where something else is in the way."""


ALIASES: Final = {"flow": "flows"}
"""What people type for a command's name besides the name."""


class Program(TyperGroup):
    """The root of the command tree. Its commands are imported when they are called, not when they are listed."""

    places: ClassVar[Mapping[str, Place]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._tree = Tree(self.places)
        self.commands: Any = self._tree
        self._machine_code = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(self._tree)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command's line in the list, by its name or by what people type for it."""
        return self._tree.listed(ALIASES.get(cmd_name, cmd_name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that these words call, itself."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, None if listed is None else self._tree[str(listed.name)], rest

    def invoke(self, ctx: Any) -> Any:
        """Run a command, which may decide something: from here on the core may be imported."""
        if self._machine_code:
            from callcenter import compiled

            compiled.use()
        return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        *,
        machine_code: bool = False,
        **extra: Any,
    ) -> Any:
        """Run one command line and end the process with its exit code; with `machine_code`, if there is any."""
        self._machine_code = machine_code
        given = list(sys.argv[1:] if args is None else args)
        as_json = JSON_FLAG in given
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            _give_up_stdout()
            code = Exit.OK  # the reader (`head`, a pager) has had enough
        except SystemExit:
            code = Exit.OK  # typer's answer to a broken pipe
        except typer.Abort:
            code = Exit.INTERRUPTED
        except Exception as error:  # noqa: BLE001 (the process's edge: whatever it is must become an exit code)
            try:
                code = _told(error, as_json=as_json)
                sys.stdout.flush()
            except BrokenPipeError:
                _give_up_stdout()
                code = failure_of(error).exit
        sys.exit(int(code or Exit.OK))


def failure_of(error: Exception) -> Failure:
    """What an exception means to the person at the keyboard."""
    match error:
        case Failure():
            return error
        case typer.TyperException():
            return Failure(Exit.USAGE, error.format_message(), remedy=_where_help_is(error))
        case Unreadable():
            return Failure(Exit.USAGE, str(error), problems=error.problems)
        case Unfit() | AtOdds():
            return Failure(Exit.PROBLEMS, str(error), problems=error.problems)
        case Unknown():
            return Failure(Exit.NOT_FOUND, str(error), problems=error.problems)
        case ConfigurationError():
            return Failure(Exit.CONFIGURATION, str(error), problems=error.problems)
        case PeerFault():
            return Failure(Exit.PEER, str(error))
        case OSError() if error.filename and error.errno in PLACES_FAULTS:
            said = f"{error.filename}: {error.strerror}"
            return Failure(Exit.CONFIGURATION, said, remedy="run as the owner of that place; see callcenter doctor")
        case Bug():
            return Failure(Exit.BUG, f"a fault of the call center's own: {error}", remedy="please report it")
        case _:
            said = f"{type(error).__name__}: {error}"
            return Failure(Exit.BUG, f"a fault of the call center's own: {said}", remedy="please report it")


def _told(error: Exception, *, as_json: bool) -> Exit:
    failure = failure_of(error)
    if failure.exit is Exit.BUG:
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        emit(error_document(failure))
    else:
        for line in lines_of(failure):
            warn(line)
    return failure.exit


def error_document(failure: Failure) -> dict[str, object]:
    """The failure as the one JSON document of a command."""
    return {
        "error": {
            "kind": failure.exit.name.lower(),
            "exit": int(failure.exit),
            "message": failure.message,
            "remedy": failure.remedy,
            "problems": [
                {"where": problem.where, "what": problem.what, "remedy": problem.remedy} for problem in failure.problems
            ],
        }
    }


def lines_of(failure: Failure) -> list[str]:
    """The failure for a person: every problem on a line of its own, then what follows from them."""
    if failure.problems:
        listed = [str(problem) for problem in failure.problems]
        return [
            plain(line) for line in (listed if failure.message == "\n".join(listed) else [*listed, failure.message])
        ]
    said = [plain(line) for line in failure.message.splitlines()]
    if failure.remedy and said:  # a group that was given no command has printed its help, and says nothing more
        said[-1] += f" ({plain(failure.remedy)})"
    return said


def _where_help_is(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None or "\n" in error.format_message() else f"see: {context.command_path} --help"


def _give_up_stdout() -> None:
    """Nobody reads any more; Python's own flush at exit must not complain about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
