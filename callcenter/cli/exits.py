"""How a command ends. Knows every exit code and what each means; knows no command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from callcenter.errors import CallCenterError, Problem


class Exit(IntEnum):
    """The exit codes, for scripts. docs/cli.md explains them to people."""

    OK = 0
    PROBLEMS = 1  # what was looked at is not in order, or what was asked for was refused
    USAGE = 2  # the command line cannot be understood
    NOT_RUNNING = 3  # no call center runs here
    DATABASE = 4  # Postgres does not answer, or has not been migrated
    CONFIGURATION = 5  # settings or configuration folder cannot be used
    NOT_FOUND = 6  # there is no such call, agent, queue, flow or recording
    NO_ANSWER = 7  # it was asked for and no answer came: it may have been done
    PEER = 8  # Asterisk, or a program we need, is not there
    BUG = 70  # ours (EX_SOFTWARE of sysexits.h)
    INTERRUPTED = 130  # Ctrl-C


class Failure(CallCenterError):
    """A command cannot do what it was asked. `problems` says the same in parts, each with place and remedy."""

    def __init__(self, exit: Exit, message: str, *, remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.exit = exit
        self.message = message
        self.remedy = remedy
        self.problems = tuple(problems)


@contextmanager
def named_by_user(path: Path) -> Iterator[None]:
    """While a file that the user named is opened, read or written: that it cannot be is no fault of the program."""
    try:
        yield
    except OSError as error:
        raise Failure(Exit.PROBLEMS, f"{error.filename or path}: {error.strerror or error}") from error
