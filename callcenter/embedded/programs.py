"""Programs that may be the system's own or unpacked ones: how to find them and how to run them.

Knows which packages hold what, and how a program of another Debian release runs here: through the dynamic loader and
the libraries of its own root. Must not know configuration files nor how long a program lives (see `supervise.py`).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from callcenter.embedded.apt import SYSTEM_PATH
from callcenter.embedded.debian import INSTEAD, Progress, unpack
from callcenter.errors import ConfigurationError, Problem

ASTERISK_PACKAGES: Final = ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav", "espeak-ng")
PEER_PACKAGES: Final = ("baresip", "baresip-core", "sip-tester")

OLDEST_ASTERISK: Final = (22, 10, 1)
OLDEST_ASTERISK_20: Final = (20, 20, 1)
"""The oldest releases of the two long-term lines that this project is tried with."""

VERSION_LIMIT_S: Final = 10
ASTERISK_VERSION: Final = re.compile(r"^Asterisk (\d+)\.(\d+)\.(\d+)", re.MULTILINE)
DIRECTORY_LINE: Final = re.compile(r"^\s*(?P<name>ast\w+dir)\s*=>?\s*(?P<path>\S+)", re.MULTILINE)
PROOF_MODULE: Final = "res_ari.so"


class Origin(StrEnum):
    """Whose program it is."""

    CONFIGURED = "configured"
    SYSTEM = "system"
    UNPACKED = "unpacked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program and how to run it."""

    name: str
    program: Path
    origin: Origin
    prefix: tuple[str, ...] = ()  # what stands before the program: the loader of its root with its options
    settings: Mapping[str, str] = field(default_factory=dict)  # environment variables it needs
    modules: Path | None = None  # folder of its plug-ins, where it must be told (baresip's module_path)

    def argv(self, args: Sequence[str] = ()) -> list[str]:
        """The whole command line."""
        return [*self.prefix, str(self.program), *args]

    def environment(self) -> dict[str, str]:
        """The whole environment to run it with: a clean one, so that nothing of ours reaches it or its scripts."""
        kept = {name: os.environ[name] for name in ("HOME", "TZ", "TMPDIR", "USER", "LOGNAME") if name in os.environ}
        return {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TERM": "dumb", **kept, **self.settings}


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskRoot:
    """An Asterisk that is new enough, and where its parts lie."""

    tool: Tool
    version: tuple[int, int, int]
    modules: Path  # astmoddir
    shared: Path  # astdatadir: sounds/, moh/, documentation/, ...

    @property
    def sounds(self) -> Path:
        """Folder with one folder per language; `en` is there."""
        return self.shared / "sounds"

    @property
    def music(self) -> Path:
        """Folder with the files of music on hold; may not exist on a system's own Asterisk."""
        return self.shared / "moh"

    def argv(self, args: Sequence[str] = ()) -> list[str]:
        """The whole command line."""
        return self.tool.argv(args)

    def environment(self) -> dict[str, str]:
        """The whole environment to run it with."""
        return self.tool.environment()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Where a tool lies in its unpacked root."""

    packages: tuple[str, ...]
    root: str  # name of the unpacked folder under var/
    program: str
    needs: Mapping[str, str]  # environment variable -> path, with {root} or {libraries}
    modules: str = ""
    instead: str = INSTEAD


_KEPT: Final[Mapping[str, _Kept]] = {
    "asterisk": _Kept(
        packages=ASTERISK_PACKAGES,
        root="asterisk-root",
        program="usr/sbin/asterisk",
        needs={},
        instead="install Asterisk 22.10.1 or later, with its English sounds, or give this machine apt and a reachable "
        "Debian mirror",
    ),
    "espeak-ng": _Kept(
        packages=ASTERISK_PACKAGES,
        root="asterisk-root",
        program="usr/bin/espeak-ng",
        needs={"ESPEAK_DATA_PATH": "{libraries}/espeak-ng-data"},
    ),
    "sipp": _Kept(
        packages=PEER_PACKAGES,
        root="peers-root",
        program="usr/bin/sipp",
        needs={"TERMINFO": "{root}/usr/share/terminfo"},
    ),
    "baresip": _Kept(
        packages=PEER_PACKAGES,
        root="peers-root",
        program="usr/bin/baresip",
        needs={},
        modules="usr/lib/baresip/modules",
    ),
}


def find_tool(
    name: str,
    var: Path,
    *,
    configured: Path | None = None,
    cache: Path | None = None,
    mirror: str | None = None,
    progress: Progress | None = None,
) -> Tool:
    """One of `espeak-ng`, `sipp`, `baresip`: the configured program, else the system's, else one unpacked below `var`.

    Blocks while it unpacks. Raises ConfigurationError when the configured one is not there, or none can be had.
    """
    if configured is not None:
        if not os.access(configured, os.X_OK):
            raise ConfigurationError([Problem(where=str(configured), what=f"is no program ({name})")])
        return Tool(name=name, program=configured.absolute(), origin=Origin.CONFIGURED, modules=_plug_ins(name))
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)
    if found is not None:
        return Tool(name=name, program=Path(found), origin=Origin.SYSTEM, modules=_plug_ins(name))
    return _unpacked(name, var, cache=cache, mirror=mirror, progress=progress)


def find_asterisk(
    var: Path,
    *,
    configured: Path | None = None,
    cache: Path | None = None,
    mirror: str | None = None,
    progress: Progress | None = None,
) -> AsteriskRoot:
    """The configured Asterisk, else the system's if it is new enough and whole, else one unpacked below `var`.

    Blocks while it unpacks (seconds from the cache, a minute or two with a download). Raises ConfigurationError when
    the configured one cannot be used, or none can be had.
    """
    if configured is not None:
        tool = Tool(name="asterisk", program=configured.absolute(), origin=Origin.CONFIGURED)
        root = _system_asterisk(tool)
        if isinstance(root, str):
            raise ConfigurationError(
                [Problem(where=str(configured), what=root, remedy="leave the setting out to have one unpacked")]
            )
        return root
    found = shutil.which("asterisk") or shutil.which("asterisk", path=SYSTEM_PATH)
    if found is not None:
        root = _system_asterisk(Tool(name="asterisk", program=Path(found), origin=Origin.SYSTEM))
        if not isinstance(root, str):
            return root
    return _unpacked_asterisk(_unpacked("asterisk", var, cache=cache, mirror=mirror, progress=progress))


def new_enough(version: tuple[int, int, int]) -> bool:
    """Whether an Asterisk of this version has what we need: 20.20.1 and later 20s, 22.10.1 and everything later."""
    return version >= OLDEST_ASTERISK or OLDEST_ASTERISK_20 <= version < (21, 0, 0)


def _system_asterisk(tool: Tool) -> AsteriskRoot | str:
    """An Asterisk that was installed by somebody; a reason if it cannot be used."""
    version = _version(tool)
    if version is None:
        return "does not say which Asterisk it is"
    if not new_enough(version):
        return f"is Asterisk {'.'.join(map(str, version))}; needed is 20.20.1 or a later 20, or 22.10.1 or later"
    prefix = tool.program.parent.parent
    told = _directories(Path("/" if prefix == Path("/usr") else prefix, "etc/asterisk/asterisk.conf"))
    guessed = [*sorted(prefix.glob("lib/*/asterisk/modules")), *sorted(prefix.glob("lib*/asterisk/modules"))]
    modules = next((path for path in [*told.get("astmoddir", []), *guessed] if (path / PROOF_MODULE).is_file()), None)
    if modules is None:
        return "has no modules that we could find"
    usual = [prefix / "share/asterisk", Path("/var/lib/asterisk"), prefix / "var/lib/asterisk"]
    shared = next((path for path in [*told.get("astdatadir", []), *usual] if (path / "sounds/en").is_dir()), None)
    if shared is None:
        return "has no English sounds that we could find"
    return AsteriskRoot(tool=tool, version=version, modules=modules, shared=shared)


def _directories(conf: Path) -> dict[str, list[Path]]:
    """The folders an installed Asterisk was told to use, by setting name; empty if it was told none."""
    try:
        text = conf.read_text(errors="replace")
    except OSError:
        return {}
    found: dict[str, list[Path]] = {}
    for match in DIRECTORY_LINE.finditer(text):
        found.setdefault(match["name"], []).append(Path(match["path"]))
    return found


def _version(tool: Tool) -> tuple[int, int, int] | None:
    try:
        said = subprocess.run(
            tool.argv(["-V"]),
            env=tool.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_LIMIT_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = ASTERISK_VERSION.search(said)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _unpacked_asterisk(tool: Tool) -> AsteriskRoot:
    version = _version(tool)
    if version is None or not new_enough(version):
        raise ConfigurationError(
            [
                Problem(
                    where=str(tool.program),
                    what="the unpacked Asterisk does not run here" if version is None else "is too old",
                    remedy="install Asterisk 22.10.1 or later and name its program in the settings",
                )
            ]
        )
    usr = tool.program.parent.parent
    shared = usr / "share/asterisk"
    english = shared / "sounds/en"
    if not english.exists():  # Debian's packages do this with a script, which has not run
        voices = sorted(path.name for path in english.parent.glob("en_*"))
        english.symlink_to(voices[0])
    modules = next(usr.glob("lib/*/asterisk/modules"))
    return AsteriskRoot(tool=tool, version=version, modules=modules, shared=shared)


def _unpacked(name: str, var: Path, *, cache: Path | None, mirror: str | None, progress: Progress | None) -> Tool:
    """The tool inside its root below `var`, run by the root's own loader with the root's own libraries."""
    kept = _KEPT[name]
    root = (var / kept.root).absolute()
    if {":", ";"} & set(str(root)):
        raise ConfigurationError(
            [Problem(where=str(root), what="the loader cannot use a path with : or ;", remedy="rename that folder")]
        )
    unpack(kept.packages, root, cache=cache, mirror=mirror, progress=progress, instead=kept.instead)
    loader = next(iter(sorted(root.glob("usr/lib/*/ld-linux*.so.*"))), None)
    if loader is None:
        raise ConfigurationError([Problem(where=str(root), what="holds no dynamic loader for this kind of machine")])
    libraries = loader.parent
    folders = [libraries, *(path for path in (libraries / "pulseaudio",) if path.is_dir())]
    return Tool(
        name=name,
        program=root / kept.program,
        origin=Origin.UNPACKED,
        # The machine's own list of libraries is of another release: never mix.
        prefix=(str(loader), "--inhibit-cache", "--library-path", ":".join(map(str, folders)), "--argv0", name),
        settings={key: path.format(libraries=libraries, root=root) for key, path in kept.needs.items()},
        modules=root / kept.modules if kept.modules else None,
    )


def _plug_ins(name: str) -> Path | None:
    """Where a system's own tool has its plug-ins."""
    kept = _KEPT[name]
    if not kept.modules:
        return None
    places = [
        Path("/", kept.modules),
        *sorted(Path("/usr/lib").glob("*/baresip/modules")),
        Path("/usr/local/lib/baresip/modules"),
    ]
    return next((place for place in places if place.is_dir()), None)
