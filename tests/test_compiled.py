"""The core as machine code: used only where it was made of these sources; it decides and reads as plain Python does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from callcenter import compiled

SEEDS = range(1, 16)
JOURNALS = """
import hashlib, sys
from pathlib import Path
from callcenter import compiled
assert compiled.use(Path(sys.argv[1])) is (sys.argv[2] == "compiled") is compiled.in_use()
from callcenter.core import engine
assert engine.__file__.endswith(".py") is (sys.argv[2] != "compiled")
from callcenter.sim.run import run
for seed in map(int, sys.argv[3:]):
    told = run(seed)
    assert not told.violation, told.violation
    taken = [b"%d %s" % one for one in told.snapshots]
    print(hashlib.sha256(b"\\n".join([*told.journal, *taken])).hexdigest())
"""

LATE = """
import sys
from pathlib import Path
import callcenter.model.queue
from callcenter import compiled
print(compiled.use(Path(sys.argv[1])), compiled.in_use())
"""
READ = """
import hashlib, sys
from pathlib import Path
import msgspec
from callcenter import compiled
assert compiled.use(Path(sys.argv[1])) is (sys.argv[2] == "compiled")
from callcenter.config import check_configuration, install_starter, load_configuration
folder = Path(sys.argv[3])
install_starter(folder)
read = load_configuration(folder)
told = [msgspec.json.encode([read.queues, read.flows, read.calendars, read.prompts], order="deterministic")]
for file in sorted(folder.rglob("*.yaml")):
    text = file.read_text()
    for right, wrong in (("prompt", "promt"), ("timeout_s:", "timeout_s: x"), ("queue:", "que:"), ("next", "nxt")):
        file.write_text(text.replace(right, wrong, 1))
        told += [f"{file.name} {one}".encode() for one in check_configuration(folder)]
    file.write_text(text)
assert len(told) > 10
print(hashlib.sha256(b"|".join(told).replace(str(folder).encode(), b"")).hexdigest())
"""


def said(script: str, *arguments: str, **variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(compiled.__file__).parents[1]), **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.split()


def test_without_a_build_the_core_is_plain(tmp_path: Path) -> None:
    assert not compiled.use(tmp_path)
    assert not compiled.in_use()


def test_a_library_that_cannot_be_loaded_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / compiled.digest()
    folder.mkdir()
    (folder / f"{compiled.LIBRARY}{compiled.SUFFIX}").write_bytes(b"of another machine")
    finders = list(sys.meta_path)
    assert not compiled.use(tmp_path)
    assert sys.meta_path == finders


def test_a_digest_is_of_every_line(tmp_path: Path) -> None:
    package = tmp_path / "callcenter"
    shutil.copytree(Path(compiled.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert compiled.digest(package) == compiled.digest()
    for changed in ("core/state.py", "model/facts.py", "errors.py", "strategies/__init__.py", "compiled.py"):
        was = compiled.digest(package)
        with (package / changed).open("a") as file:
            file.write("# changed\n")
        assert compiled.digest(package) != was


def test_what_is_compiled_exists() -> None:
    root = Path(compiled.__file__).parents[1]
    assert all((root / f"{name.replace('.', '/')}.py").is_file() for name in compiled.MODULES)


@pytest.mark.slow
def test_compiled_and_plain_tell_the_same_story(tmp_path: Path) -> None:
    hindrance = compiled.hindrance()
    if hindrance:
        pytest.skip(hindrance)
    assert compiled.build() == ""  # the environment's: `make venv` is about to make it, or has
    assert (compiled.BUILDS / compiled.digest()).is_dir()
    builds = str(compiled.BUILDS)
    seeds = [str(seed) for seed in SEEDS]
    machine = said(JOURNALS, builds, "compiled", *seeds)
    plain = said(JOURNALS, builds, "plain", *seeds, **{compiled.PLAIN: "yes"})
    assert machine == plain
    assert len(set(machine)) == len(SEEDS)
    read = said(READ, builds, "compiled", str(tmp_path / "one"))
    assert read == said(READ, builds, "plain", str(tmp_path / "two"), **{compiled.PLAIN: "yes"})
    assert said(LATE, builds) == ["False", "False"]  # something of it is plain already
