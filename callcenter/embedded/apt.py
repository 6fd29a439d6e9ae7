"""apt with folders of its own: finds the machine's Debian mirror, resolves a closure, downloads it.

Knows apt's command line. Must not know what a package is for or where it is unpacked.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

UPDATE_LIMIT_S: Final = 180
RESOLVE_LIMIT_S: Final = 120
DOWNLOAD_LIMIT_S: Final = 1800
CONNECT_LIMIT_S: Final = 20
REPORTED_LINES_MAX: Final = 1
KEYRINGS: Final = (
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs of the system lie; an ordinary user's own search path often lacks the `sbin` folders."""

INSTALL_LINE: Final = re.compile(r"^Inst (?P<name>\S+) (?:\[[^]]*\] )?\((?P<version>\S+) [^[]*\[(?P<arch>[^]]+)\]")
DOWNLOAD_LINE: Final = re.compile(r"^dlstatus:\d+:(?P<percent>[0-9.]+):")
RELEASE_LINE: Final = re.compile(r"^'(?P<site>[^']+)/dists/(?P<release>[^/']+)[^']*/InRelease'")

OWN_FOLDERS: Final = """\
Dir::State "{folder}/state";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::State::extended_states "{folder}/extended_states";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/archives";
Dir::Log "{folder}/log";
Debug::NoLocking "1";
APT::Sandbox::User "";
"""
"""Everything apt writes goes to `folder`, so that it needs no rights and changes nothing of the system."""

OWN_SOURCES: Final = """\
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "{empty}";
Dir::Etc::preferences "{empty}/none";
Dir::Etc::preferencesparts "{empty}";
APT::Default-Release "";
APT::Install-Recommends "0";
APT::Install-Suggests "0";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Check-Valid-Until "0";
Acquire::Retries "2";
Acquire::http::Timeout "{timeout}";
Acquire::https::Timeout "{timeout}";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::CNF;
"""
"""One suite of one mirror; the machine's hooks, which would run as us, are off. A mirror may lag for weeks, hence
Check-Valid-Until; signatures and hashes are checked as always."""


class FetchFailed(Exception):
    """One attempt did not work out; the text is for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One package of a closure."""

    name: str
    version: str
    arch: str

    @property
    def filename(self) -> str:
        """The name apt gives it in its archives folder: `_` and `:` of the version are quoted (apt-pkg)."""
        version = quote(self.version, safe="+~.-").replace("_", "%5f").replace("%3A", "%3a")
        return f"{self.name}_{version}_{self.arch}.deb"


class Apt:
    """apt-get for one suite of one mirror, believing that nothing is installed."""

    def __init__(self, folder: Path, *, site: str, suite: str) -> None:
        self.archives = folder / "archives"
        empty = folder / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        sources = folder / "suite.sources"
        keyring = next((f"Signed-By: {path}\n" for path in KEYRINGS if Path(path).exists()), "")
        sources.write_text(f"Types: deb\nURIs: {site}\nSuites: {suite}\nComponents: main\n{keyring}")
        self._conf = _write_conf(folder, OWN_SOURCES.format(sources=sources, empty=empty, timeout=CONNECT_LIMIT_S))

    def _argv(self, *args: str) -> list[str]:
        return ["apt-get", "-c", str(self._conf), "-q", *args]

    def update(self) -> None:
        """Fetch the suite's package lists."""
        run(self._argv("update"), limit_s=UPDATE_LIMIT_S)

    def resolve(self, wanted: Sequence[str]) -> list[Deb]:
        """The whole closure of `wanted`, as apt would install it on an empty machine."""
        said = run(self._argv("install", "--simulate", "-y", *wanted), limit_s=RESOLVE_LIMIT_S)
        found = [
            Deb(name=match["name"].partition(":")[0], version=match["version"], arch=match["arch"])
            for match in map(INSTALL_LINE.match, said.splitlines())
            if match is not None
        ]
        if not set(wanted) <= {deb.name for deb in found}:
            raise FetchFailed(f"apt chose other packages than {', '.join(wanted)}")
        return found

    def download(self, wanted: Sequence[str], tell: Callable[[int], None]) -> None:
        """Fetch what the archives folder lacks, telling percent done; files already there are checked again."""
        reader, writer = os.pipe()
        argv = self._argv("-o", f"APT::Status-Fd={writer}", "install", "--download-only", "-y", *wanted)
        with open(reader, encoding="utf-8", errors="replace") as told, ThreadPoolExecutor(1) as pool:
            running = pool.submit(run, argv, limit_s=DOWNLOAD_LIMIT_S, pass_fds=(writer,))
            running.add_done_callback(lambda _: os.close(writer))  # ends the loop below
            for percent in _percents(told):
                tell(percent)
            running.result()


def _percents(told: Iterator[str]) -> Iterator[int]:
    for line in told:
        if (match := DOWNLOAD_LINE.match(line)) is not None:
            yield int(float(match["percent"]))


def _write_conf(folder: Path, more: str = "") -> Path:
    for made in ("lists/partial", "archives/partial", "state", "log"):
        (folder / made).mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text("")
    conf = folder / "apt.conf"
    conf.write_text(OWN_FOLDERS.format(folder=folder) + more)
    return conf


def mirrors(folder: Path) -> list[str]:
    """The Debian mirrors this machine is set up for, main archives first.

    Asked of apt, so that no mirror's name stands in this project. `apt-get indextargets` would be the plain way, but it
    is silent on a machine whose package lists were deleted, as container images do.
    """
    said = run(["apt-get", "-c", str(_write_conf(folder)), "update", "--print-uris"], limit_s=RESOLVE_LIMIT_S)
    found = [(match["release"], match["site"]) for match in map(RELEASE_LINE.match, said.splitlines()) if match]
    # `bookworm-security`, `bookworm-updates`: archives that hold no whole suite come last.
    ordered = sorted(dict.fromkeys(found), key=lambda pair: "-" in pair[0])
    return [site for site in dict.fromkeys(site for _, site in ordered) if not site.endswith("-security")]


def run(argv: Sequence[str], *, limit_s: float, pass_fds: tuple[int, ...] = ()) -> str:
    """Run a program of the system and return its output; FetchFailed with what it complained about."""
    environ = {**os.environ, "PATH": SYSTEM_PATH, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
            pass_fds=pass_fds,
        )
    except subprocess.TimeoutExpired as late:
        raise FetchFailed(f"{argv[0]} took longer than {limit_s:.0f} s") from late
    except OSError as broken:
        raise FetchFailed(f"{argv[0]} does not start: {broken.strerror}") from broken
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        told = [line for line in lines if line.startswith(("E:", "dpkg", "tar:"))] or lines[-1:]
        raise FetchFailed(" / ".join(told[:REPORTED_LINES_MAX]) or f"{argv[0]} failed ({done.returncode})")
    return done.stdout
