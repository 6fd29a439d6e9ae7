"""The decisions as machine code, where this machine can make it. Knows what is compiled, where it is kept, if it fits.

The core is plain, fully typed Python, and what it means is what Python makes of it. mypyc makes C extensions of these
very files, and a decision takes less than half the time. A build belongs to exactly the sources it was made of: its
folder is named after their digest, so another checkout, another branch or an edited line finds none, and is plain
Python until it has been built as well (`make core`, some three minutes). Nothing is lost where there is no compiler.

Only a command asks for it (`use`, before anything of the core is imported). Who imports `callcenter` as a library, as
the tests do, gets plain Python. Messages stay plain everywhere: msgspec reads their annotations, and mypyc does not
keep them; of records (RECORDS) mypyc is given another text (`callcenter/native.py`). Tuples have no
identity in machine code, so the core never compares them with `is`. What stays plain is looked up once
(`callcenter/once.py`).
"""

import fcntl
import hashlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

from callcenter import native, once

PLAIN: Final = "CALLCENTER_PLAIN"  # set to anything: plain Python, whatever there is
GROUP: Final = "callcenter_core"  # what mypyc names the library after that holds all the code
LIBRARY: Final = f"{GROUP}__mypyc"
NODES: Final = (
    "callcenter.nodes.agent",
    "callcenter.nodes.callback",
    "callcenter.nodes.check",
    "callcenter.nodes.collect",
    "callcenter.nodes.enqueue",
    "callcenter.nodes.hangup",
    "callcenter.nodes.hours",
    "callcenter.nodes.language",
    "callcenter.nodes.leave",
    "callcenter.nodes.lookup",
    "callcenter.nodes.menu",
    "callcenter.nodes.outcome",
    "callcenter.nodes.payment",
    "callcenter.nodes.play",
    "callcenter.nodes.record",
    "callcenter.nodes.return_to_flow",
    "callcenter.nodes.script",
    "callcenter.nodes.set_variables",
    "callcenter.nodes.subflow",
    "callcenter.nodes.survey",
    "callcenter.nodes.transfer",
    "callcenter.nodes.voicemail",
)
MODULES: Final = (
    "callcenter.core.agents",
    "callcenter.core.announcing",
    "callcenter.core.aside",
    "callcenter.core.applying",
    "callcenter.core.by_hand",
    "callcenter.core.callback_law",
    "callcenter.core.callbacks",
    "callcenter.core.campaign_asking",
    "callcenter.core.campaign_by_hand",
    "callcenter.core.campaign_calls",
    "callcenter.core.campaign_claims",
    "callcenter.core.campaign_crew",
    "callcenter.core.campaign_dialling",
    "callcenter.core.campaign_ends",
    "callcenter.core.campaign_state",
    "callcenter.core.campaigns",
    "callcenter.core.colleagues",
    "callcenter.core.consult",
    "callcenter.core.contacts",
    "callcenter.core.control",
    "callcenter.core.deadlines",
    "callcenter.core.dial_out",
    "callcenter.core.dialling",
    "callcenter.core.dispositions",
    "callcenter.core.doors",
    "callcenter.core.durations",
    "callcenter.core.ears",
    "callcenter.core.engine",
    "callcenter.core.errands",
    "callcenter.core.failures",
    "callcenter.core.flows",
    "callcenter.core.free",
    "callcenter.core.keys",
    "callcenter.core.learnt",
    "callcenter.core.legs",
    "callcenter.core.line_rules",
    "callcenter.core.lines",
    "callcenter.core.lost",
    "callcenter.core.mailroom",
    "callcenter.core.matching",
    "callcenter.core.may_call",
    "callcenter.core.monitor_rights",
    "callcenter.core.monitoring",
    "callcenter.core.monitors",
    "callcenter.core.nails",
    "callcenter.core.notes",
    "callcenter.core.offers",
    "callcenter.core.outside",
    "callcenter.core.outside_phones",
    "callcenter.core.parking",
    "callcenter.core.parts",
    "callcenter.core.paths",
    "callcenter.core.phone_use",
    "callcenter.core.phones",
    "callcenter.core.payments",
    "callcenter.core.queues",
    "callcenter.core.ranking",
    "callcenter.core.reach",
    "callcenter.core.recording",
    "callcenter.core.requests",
    "callcenter.core.resync",
    "callcenter.core.spoken",
    "callcenter.core.state",
    "callcenter.core.steering",
    "callcenter.core.taking",
    "callcenter.core.talk",
    "callcenter.core.timers",
    "callcenter.core.transfers",
    "callcenter.core.voice",
    "callcenter.core.widening",
    "callcenter.core.world",
    "callcenter.model.agent",
    "callcenter.model.clauses",
    "callcenter.model.configuration",
    "callcenter.model.contact",
    "callcenter.model.flow",
    "callcenter.model.ids",
    "callcenter.model.queue",
    "callcenter.model.relaxation",
    *NODES,
    "callcenter.strategies.best_skill",
    "callcenter.strategies.fewest_contacts",
    "callcenter.strategies.last_agent",
    "callcenter.strategies.longest_idle",
    "callcenter.strategies.question",
    "callcenter.strategies.ring_all",
    "callcenter.strategies.round_robin",
)
RECORDS: Final = (  # of MODULES: their Structs and frozen dataclasses are another text for mypyc
    "callcenter.core.campaign_state",
    "callcenter.core.durations",
    "callcenter.core.learnt",
    "callcenter.core.monitors",
    "callcenter.core.state",
    "callcenter.model.agent",
    "callcenter.model.configuration",
    "callcenter.model.flow",
    "callcenter.model.queue",
    "callcenter.model.relaxation",
    *NODES,
    "callcenter.strategies.question",
)
CORE: Final = ("core", "model", "nodes", "orders", "pacers", "strategies")  # what MODULES may import, and be built with
PACKAGE: Final = Path(__file__).parent
SUFFIX: Final = EXTENSION_SUFFIXES[0]
BUILDS: Final = Path(sys.prefix) / "lib" / "callcenter-core"  # part of the environment, not of the checkout
KEPT: Final = 4  # builds, the latest: there may be several checkouts beside one environment
ABANDONED_AFTER_S: Final = 3600.0  # a build that has not ended by then has been killed
NICENESS: Final = 10
FLAGS: Final = ("-fno-semantic-interposition",)  # nobody puts functions of her own in place of ours: inline them


def use(builds: Path = BUILDS) -> bool:
    """Import the core as machine code from now on, if there is a build of these sources. Says whether it will be.

    Nothing of it may have been imported before: then all of it stays plain.
    """
    if os.environ.get(PLAIN) or any(name in sys.modules for name in MODULES):  # what is there stays: the two do not mix
        return False
    folder = builds / digest()
    if not (folder / f"{LIBRARY}{SUFFIX}").is_file():
        return False
    finder = _Finder(folder)
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module(LIBRARY)
    except ImportError:  # made for another machine: plain Python does it as well
        sys.meta_path.remove(finder)
        return False
    return True


def in_use() -> bool:
    """Whether this process decides in machine code."""
    return LIBRARY in sys.modules


def follow(machine_code: bool) -> None:
    """In a process of a pool, before anything else: decide as the process that started it does (its `in_use()`)."""
    if machine_code:
        use()


def hindrance() -> str:
    """Why no machine code can be made here, in words; "" if it can."""
    if importlib.util.find_spec("mypyc") is None:
        return "mypyc is not installed"
    if importlib.util.find_spec("setuptools") is None:
        return "setuptools is not installed"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "Python's C headers are not installed (python3-dev)"
    return ""


def digest(package: Path = PACKAGE) -> str:
    """What a build must have been made of: this Python, and every line that it could depend on."""
    told = hashlib.sha256(f"{sys.version}{SUFFIX}{' '.join(MODULES)}".encode())
    texts = [package / name for name in ("compiled.py", "errors.py", "native.py", "once.py")]
    files = [*texts, *(file for folder in CORE for file in (package / folder).glob("*.py"))]
    for file in sorted(files):
        told.update(f"\0{file.relative_to(package)}\0".encode() + file.read_bytes())
    return told.hexdigest()[:24]


def build(builds: Path = BUILDS) -> str:
    """Make the machine code, unless it is there. Gives what is wrong, in words; "" if it is there then.

    Takes some three minutes of one core. Whoever comes while another one builds waits for that.
    """
    folder = builds / digest()
    if folder.is_dir():
        return ""
    wrong = hindrance()
    if wrong:
        return wrong
    try:
        builds.mkdir(parents=True, exist_ok=True)
        with (builds / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return "" if folder.is_dir() else _build(builds, folder)
    except OSError as error:
        return str(error)


def _build(builds: Path, folder: Path) -> str:
    fresh = builds / f".{folder.name}.{os.getpid()}"
    try:
        fresh.mkdir()
        with (fresh / "build.log").open("wb") as log:
            command = [sys.executable, "-m", "callcenter.compiled", str(fresh)]
            made = subprocess.run(command, cwd=PACKAGE.parent, stdout=log, stderr=subprocess.STDOUT, check=False)
        if made.returncode:
            return (fresh / "build.log").read_text(errors="replace")[-2000:]
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _tidy(builds)
    return ""


class _Finder:
    """Finds the modules of one build; knows of no other module."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: _file(folder, name) for name in (LIBRARY, *MODULES)}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the module is, if it is one of ours."""
        file = self._files.get(name)
        if file is None:
            return None
        return importlib.util.spec_from_file_location(name, file, loader=ExtensionFileLoader(name, str(file)))


def _file(folder: Path, module: str) -> Path:
    return folder.joinpath(*module.split(".")).with_suffix(SUFFIX)


def _text(module: str) -> Path:
    return PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")


def _stays_plain(module: str) -> frozenset[str]:
    """The classes and functions of a module of this package that is not compiled."""
    if module in MODULES or not module.startswith(f"{PACKAGE.name}.") or not _text(module).is_file():
        return frozenset()
    return once.definitions_in(_text(module).read_text())


def _tidy(builds: Path) -> None:
    """Keep the latest builds; a build that never ended is nobody's."""
    made = sorted(filter(Path.is_dir, builds.iterdir()), key=lambda one: one.stat().st_mtime, reverse=True)
    whole = [one for one in made if not one.name.startswith(".")]
    dead = [one for one in made if one.name.startswith(".") and time.time() - one.stat().st_mtime > ABANDONED_AFTER_S]
    for one in (*whole[KEPT:], *dead):
        shutil.rmtree(one, ignore_errors=True)


def _make(folder: Path) -> None:
    """Translate and compile, in a process of its own, in the folder that holds the package."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    os.nice(NICENESS)
    source = folder / "source"
    for part in CORE:
        shutil.copytree(PACKAGE / part, source / PACKAGE.name / part, ignore=shutil.ignore_patterns("__pycache__"))
    for text in ("__init__.py", "errors.py"):
        shutil.copy(PACKAGE / text, source / PACKAGE.name)
    for name in MODULES:
        text = _text(name).read_text()
        text = once.looked_up_once(native.as_native(text) if name in RECORDS else text, _stays_plain)
        (source / _text(name).relative_to(PACKAGE.parent)).write_text(text)
    os.chdir(source)
    files = [f"{name.replace('.', '/')}.py" for name in MODULES]
    made_of = mypycify(
        ["--cache-dir", str(folder / "types"), *files],
        opt_level="3",
        debug_level="0",
        target_dir=str(folder / "c"),
        group_name=GROUP,
    )
    for one in made_of:  # they share one list of arguments
        one.extra_compile_args = [*one.extra_compile_args, *FLAGS]
    command = build_ext(Distribution({"name": GROUP, "ext_modules": made_of}))
    command.build_lib, command.build_temp = str(folder), str(folder / "objects")
    command.ensure_finalized()
    command.run()
    for byproduct in ("source", "types", "c", "objects"):
        shutil.rmtree(folder / byproduct)


def main(arguments: Sequence[str]) -> int:
    """`python -m callcenter.compiled`: see that there is a build of these sources. 0 also where none can be made."""
    if arguments:
        _make(Path(arguments[0]))
        return 0
    wrong = build()
    told = f"the core stays plain Python: {wrong}" if wrong else f"the core is compiled: {BUILDS / digest()}"
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
