"""The program as a whole: quick help, exit codes, and faults told in words."""

import errno
import inspect
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from callcenter.cli.app import PLACES
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.program import error_document, failure_of, lines_of
from callcenter.cli.tree import Tree
from callcenter.errors import Bug, ConfigurationError, PeerUnavailable, Problem
from tests.cli.terminal import Terminal

HELP_LIMIT_S = 0.5  # of computing: how long one waits depends on who else is using the machine
TRIES = 5
HEAVY = ("aiohttp", "asyncpg", "textual", "jinja2", "pydantic", "msgspec", "structlog", "numpy", "asyncio", "ruamel")


def program(*words: str) -> "subprocess.CompletedProcess[str]":
    """The real thing, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "callcenter.cli", *words], capture_output=True, text=True, check=False, timeout=30
    )


def test_help_is_there_at_once() -> None:
    took: list[float] = []
    while len(took) < TRIES and (not took or took[-1] >= HELP_LIMIT_S):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "explain" in program("--help").stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < HELP_LIMIT_S


def imported_by(script: str) -> set[str]:
    """What of HEAVY a process of its own has imported after these lines."""
    said = f"import sys; {script}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


def test_nothing_heavy_is_imported_for_it() -> None:
    assert imported_by("import callcenter.cli.app") == set()
    every = "from typer.main import get_command; from callcenter.cli.app import app; dict(get_command(app).commands)"
    assert imported_by(every) <= {"asyncio"}


@pytest.mark.parametrize("name", PLACES)
def test_a_commands_line_in_the_list_is_its_own(name: str) -> None:
    own = inspect.cleandoc(Tree(PLACES)[name].help).split("\n\n")[0]
    assert PLACES[name].says == own


def test_help_of_everything(terminal: Terminal) -> None:
    for words in ("", "calls", "agents", "queues", "flows", "recordings", "report", "conf", "db", "explain", "run"):
        assert "Usage:" in terminal(*words.split(), "--help").out


def test_what_cannot_be_understood(terminal: Terminal) -> None:
    for words in (
        "nonsense",
        "calls nonsense",
        "calls list --nonsense",
        "calls show",
        "explain",
        "calls list --limit x",
    ):
        said = terminal(*words.split(), expect=Exit.USAGE)
        assert said.out == ""
        assert said.err.strip()
        assert terminal.json(*words.split(), expect=Exit.USAGE)["error"]["exit"] == 2
    assert "callcenter calls list --help" in terminal("calls", "list", "--nonsense", expect=Exit.USAGE).err
    alone = terminal("calls", expect=Exit.USAGE)
    assert "Usage:" in alone.out
    assert alone.err == ""


def test_settings_that_cannot_be_used(terminal: Terminal) -> None:
    terminal.write('var_floder = "x"\n[asterisk]\nhttp_port = "many"\n', "callcenter.toml")
    for words in ("status", "calls list", "run", "agents list", "db migrate"):
        said = terminal(*words.split(), expect=Exit.CONFIGURATION)
        assert len(said.err.splitlines()) == 2
        assert "did you mean `var_folder`" in said.err
    error = terminal.json("status", expect=Exit.CONFIGURATION)["error"]
    assert [bool(problem["where"]) for problem in error["problems"]] == [True, True]
    terminal.settings.unlink()
    assert "callcenter.toml" in terminal("status", expect=Exit.CONFIGURATION).err


@pytest.mark.parametrize(
    ("error", "exit"),
    [
        (Failure(Exit.NOT_FOUND, "x"), Exit.NOT_FOUND),
        (ConfigurationError("x"), Exit.CONFIGURATION),
        (PeerUnavailable("x"), Exit.PEER),
        (Bug("x"), Exit.BUG),
        (ZeroDivisionError("x"), Exit.BUG),
        (PermissionError(errno.EACCES, "Permission denied", "/there"), Exit.CONFIGURATION),
        (OSError(errno.EMFILE, "Too many open files"), Exit.BUG),
    ],
)
def test_what_an_exception_means(error: Exception, exit: Exit) -> None:
    assert failure_of(error).exit is exit


def test_a_failure_in_words_and_as_a_document() -> None:
    problems = (Problem(where="a.yaml:1:2", what="wr\x1bong", remedy="put it right"), Problem(where="b", what="bad"))
    failure = Failure(Exit.CONFIGURATION, "two", problems=problems)
    assert lines_of(failure) == ["a.yaml:1:2: wr\N{REPLACEMENT CHARACTER}ong (put it right)", "b: bad", "two"]
    assert lines_of(Failure(Exit.NOT_RUNNING, "away", remedy="start it")) == ["away (start it)"]
    document = error_document(failure)["error"]
    assert isinstance(document, dict)
    assert (document["kind"], document["exit"], len(document["problems"])) == ("configuration", 5, 2)


@pytest.mark.parametrize(
    ("words", "code"), [(("flows", "list"), Exit.OK), (("flows", "test", "nowhere", "--json"), Exit.NOT_FOUND)]
)
def test_a_reader_that_has_seen_enough(words: tuple[str, ...], code: Exit, terminal: Terminal) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "callcenter.cli", "--settings", str(terminal.settings), *words],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert (done.returncode, done.stderr) == (code, "")


def test_an_old_fashioned_terminal_gets_question_marks(terminal: Terminal, tmp_path: Path) -> None:
    terminal.write('welcome: { en: "Chào Đỗ" }\ngoodbye: { en: "Bye." }\n', "config/prompts.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "callcenter.cli", "--settings", str(terminal.settings), "flows", "test", "1900"],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert b"Ch?o ??" in done.stdout
