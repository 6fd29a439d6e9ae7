"""Debian packages without root: a whole closure, downloaded, checked by apt and unpacked into a folder.

Knows apt, dpkg and the per-user cache. Must not know what the packages are for: see `programs.py`.

Theory: apt is given folders of its own and an empty list of installed packages, so that it resolves everything down to
the C library, and verifies signatures and hashes as it always does. `dpkg -x` then unpacks each package; no script of
a package runs and nothing of the system changes, also as root. A finished root carries a stamp that is written before
the folder gets its final name: a folder with that name is complete. The cache keeps roots and packages for the next
checkout, which hard-links them.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from callcenter.errors import ConfigurationError, Problem

SUITES: Final = ("forky", "sid")
"""Debian releases to try, in order: the first that carries Asterisk 22, then unstable."""

STAMP: Final = ".unpacked.json"
UPDATE_LIMIT_S: Final = 180
RESOLVE_LIMIT_S: Final = 120
DOWNLOAD_LIMIT_S: Final = 1800
UNPACK_LIMIT_S: Final = 120
CONNECT_LIMIT_S: Final = 20
UNPACK_WORKERS: Final = 4
REPORTED_LINES_MAX: Final = 4
KEYRINGS: Final = (
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL_LINE: Final = re.compile(r"^Inst (?P<name>\S+) (?:\[[^]]*\] )?\((?P<version>\S+) [^[]*\[(?P<arch>[^]]+)\]")
DOWNLOAD_LINE: Final = re.compile(r"^dlstatus:\d+:(?P<percent>[0-9.]+):")

APT_CONF: Final = """\
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "{empty}";
Dir::Etc::preferences "{empty}/none";
Dir::Etc::preferencesparts "{empty}";
Dir::State "{folder}/state";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::State::extended_states "{folder}/extended_states";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/archives";
Dir::Log "{folder}/log";
Debug::NoLocking "1";
APT::Sandbox::User "";
APT::Default-Release "";
APT::Install-Recommends "0";
APT::Install-Suggests "0";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Check-Valid-Until "0";
Acquire::Retries "3";
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
"""apt's settings: everything it writes goes to `folder`; hooks of the machine, which would run as us, are off."""


class Progress(Protocol):
    """Told how far a long step has come. Called from several threads, never at the same time."""

    def step(self, name: str, done: int, total: int) -> None:
        """`done` of `total` units of the step called `name`; `done == total` ends it."""
        ...


class Silence:
    """A `Progress` that shows nothing."""

    def step(self, name: str, done: int, total: int) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a finished root holds."""

    wanted: tuple[str, ...]  # the packages asked for, sorted
    suite: str  # the Debian release they came from
    packages: Mapping[str, str]  # every unpacked package -> version
    files: int  # entries below the root, folders not counted
    size: int  # bytes of its regular files


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """One package of a closure."""

    name: str
    version: str
    arch: str

    @property
    def filename(self) -> str:
        """The name apt gives it in its archives folder: colons and underscores are quoted (apt-pkg/acquire-item.cc)."""
        version = quote(self.version, safe="+~.-").replace("_", "%5f").replace("%3A", "%3a")
        return f"{self.name}_{version}_{self.arch}.deb"


class UnpackFailed(Exception):
    """One attempt, with one mirror and one suite, did not work out; the text is for the person."""


def user_cache(environ: Mapping[str, str] | None = None) -> Path:
    """Folder for what can be fetched again: `$XDG_CACHE_HOME/callcenter`, else `~/.cache/callcenter`."""
    environ = os.environ if environ is None else environ
    named = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    return (Path(named) if named.startswith("/") else Path.home() / ".cache") / "callcenter"


def unpack(
    packages: Sequence[str],
    into: Path,
    *,
    suites: Sequence[str] = SUITES,
    cache: Path | None = None,
    mirror: str | None = None,
    progress: Progress | None = None,
) -> Stamp:
    """Make `into` a folder tree holding `packages` and all they need; return at once if it is that already.

    Blocks: seconds when the cache has it, a minute or two when it must be downloaded. Two programs may call it at the
    same time, the second waits. `mirror` overrides the machine's own Debian mirror. Raises ConfigurationError, saying
    what to install instead, when the machine has no apt or the mirror cannot be reached.
    """
    progress = progress or Silence()
    wanted = tuple(sorted(set(packages)))
    into = into.absolute()
    with _locked(into.parent / f".{into.name}.lock"):
        present = read_stamp(into)
        if present is not None and present.wanted == wanted:
            return present
        cache = (cache or user_cache()).absolute() / "debian"
        with _locked(cache / "lock"):
            root = cache / "roots" / _key(wanted)
            if read_stamp(root) is None:
                _fetch(wanted, root, suites=suites, cache=cache, mirror=mirror, progress=progress)
        _link_tree(root, into, progress)
        stamp = read_stamp(into)
    if stamp is None:
        raise ConfigurationError([Problem(where=str(into), what="was changed by someone else while it was made")])
    return stamp


def read_stamp(root: Path) -> Stamp | None:
    """The stamp of a complete root; None if there is none, or files went missing since."""
    try:
        raw = json.loads((root / STAMP).read_text())
        stamp = Stamp(
            wanted=tuple(raw["wanted"]),
            suite=raw["suite"],
            packages=dict(raw["packages"]),
            files=raw["files"],
            size=raw["size"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    files, size = _measure(root)
    return stamp if files >= stamp.files and size >= stamp.size else None


def _fetch(
    wanted: Sequence[str], root: Path, *, suites: Sequence[str], cache: Path, mirror: str | None, progress: Progress
) -> None:
    """Download and unpack into `root`, from the first suite of the first mirror that has all of it."""
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool, path=SYSTEM_PATH) is None]
    if missing:
        raise _no_way(wanted, f"this machine has no {' and no '.join(missing)}")
    failures: list[str] = []
    for suite in suites:
        for site in [mirror] if mirror else _sites():
            try:
                _fetch_from(site, suite, wanted, root, cache=cache, progress=progress)
            except UnpackFailed as failure:
                failures.append(f"{suite}: {failure}")
            else:
                return
    raise _no_way(wanted, "; ".join(failures) or "apt knows no mirror on this machine")


def _no_way(wanted: Sequence[str], why: str) -> ConfigurationError:
    return ConfigurationError(
        [
            Problem(
                where="embedded programs",
                what=f"cannot fetch the Debian packages {', '.join(wanted)}: {why}",
                remedy=f"install {', '.join(wanted)} with the system's package tool, or give this machine apt "
                "and a reachable Debian mirror",
            )
        ]
    )


def _fetch_from(site: str, suite: str, wanted: Sequence[str], root: Path, *, cache: Path, progress: Progress) -> None:
    apt = _Apt(cache / "apt" / suite, site=site, suite=suite)
    progress.step("package lists", 0, 1)
    apt.run("update", limit_s=UPDATE_LIMIT_S)
    progress.step("package lists", 1, 1)
    closure = apt.resolve(wanted)
    apt.download(wanted, progress)
    fresh = root.with_name(f"{root.name}.new")
    _remove(fresh)
    fresh.mkdir(parents=True)
    _unpack_all([apt.archives / deb.filename for deb in closure], fresh, progress)
    _settle(fresh)
    files, size = _measure(fresh)
    stamp = Stamp(
        wanted=tuple(wanted),
        suite=suite,
        packages={deb.name: deb.version for deb in closure},
        files=files,
        size=size,
    )
    (fresh / STAMP).write_text(json.dumps(asdict(stamp), indent=1))
    _replace(fresh, root)


class _Apt:
    """apt-get with folders of its own and nothing installed."""

    def __init__(self, folder: Path, *, site: str, suite: str) -> None:
        self.archives = folder / "archives"
        empty = folder / "empty"
        for made in (folder / "lists/partial", self.archives / "partial", folder / "state", folder / "log", empty):
            made.mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        sources = folder / "suite.sources"
        keyring = next((f"Signed-By: {path}\n" for path in KEYRINGS if Path(path).exists()), "")
        sources.write_text(f"Types: deb\nURIs: {site}\nSuites: {suite}\nComponents: main\n{keyring}")
        self._conf = folder / "apt.conf"
        self._conf.write_text(APT_CONF.format(sources=sources, empty=empty, folder=folder, timeout=CONNECT_LIMIT_S))

    def _argv(self, *args: str) -> list[str]:
        return ["apt-get", "-c", str(self._conf), "-q", *args]

    def run(self, *args: str, limit_s: float) -> str:
        return _run(self._argv(*args), limit_s=limit_s)

    def resolve(self, wanted: Sequence[str]) -> list[Deb]:
        """The whole closure of `wanted`, as apt would install it on an empty machine."""
        said = self.run("install", "--simulate", "-y", *wanted, limit_s=RESOLVE_LIMIT_S)
        found = [
            Deb(name=match["name"].partition(":")[0], version=match["version"], arch=match["arch"])
            for match in map(INSTALL_LINE.match, said.splitlines())
            if match is not None
        ]
        if not set(wanted) <= {deb.name for deb in found}:
            raise UnpackFailed(f"apt chose other packages than {', '.join(wanted)}")
        return found

    def download(self, wanted: Sequence[str], progress: Progress) -> None:
        """Fetch what the archives folder lacks; apt checks every file's hash, also of those already there."""
        reader, writer = os.pipe()
        argv = self._argv("-o", f"APT::Status-Fd={writer}", "install", "--download-only", "-y", *wanted)
        with open(reader, encoding="utf-8", errors="replace") as told:
            with ThreadPoolExecutor(1) as pool:
                try:
                    running = pool.submit(_run, argv, limit_s=DOWNLOAD_LIMIT_S, pass_fds=(writer,))
                    running.add_done_callback(lambda _: os.close(writer))
                finally:
                    progress.step("download", 0, 100)
                for line in told:
                    if (match := DOWNLOAD_LINE.match(line)) is not None:
                        progress.step("download", min(99, int(float(match["percent"]))), 100)
                running.result()
        progress.step("download", 100, 100)


def _run(argv: Sequence[str], *, limit_s: float, pass_fds: tuple[int, ...] = ()) -> str:
    """Run a program of the system, return its output; UnpackFailed with the last lines it said."""
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
        raise UnpackFailed(f"{argv[0]} took longer than {limit_s:.0f} s") from late
    except OSError as broken:
        raise UnpackFailed(f"{argv[0]} does not start: {broken.strerror}") from broken
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        told = [line for line in lines if line.startswith(("E:", "Err:", "dpkg", "tar:"))] or lines[-1:]
        raise UnpackFailed(" / ".join(told[:REPORTED_LINES_MAX]) or f"{argv[0]} failed ({done.returncode})")
    return done.stdout


def _sites() -> list[str]:
    """The Debian mirrors of this machine, main ones first (security and updates archives have no other suites)."""
    try:
        said = _run(["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)"], limit_s=RESOLVE_LIMIT_S)
    except UnpackFailed:
        return []
    pairs = {(release, site) for release, _, site in (line.partition(" ") for line in said.splitlines()) if site}
    ordered = sorted(pairs, key=lambda pair: ("-" in pair[0], pair))
    return [site for site in dict.fromkeys(site for _, site in ordered) if not site.rstrip("/").endswith("-security")]


def _unpack_all(debs: Sequence[Path], root: Path, progress: Progress) -> None:
    progress.step("unpack", 0, len(debs))
    with ThreadPoolExecutor(UNPACK_WORKERS) as pool:
        jobs = {pool.submit(_run, ["dpkg-deb", "-x", str(deb), str(root)], limit_s=UNPACK_LIMIT_S): deb for deb in debs}
        for done, job in enumerate(as_completed(jobs), start=1):
            try:
                job.result()
            except UnpackFailed:
                pool.shutdown(cancel_futures=True)
                jobs[job].unlink(missing_ok=True)  # a broken file must not be found again
                raise
            progress.step("unpack", done, len(debs))


def _settle(root: Path) -> None:
    """Make a root fit for another place: no set-id programs, absolute links kept inside, folders writable by us."""
    for folder, names, files in os.walk(root):
        os.chmod(folder, stat.S_IMODE(os.stat(folder).st_mode) & 0o777 | stat.S_IRWXU)
        for name in names + files:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                _settle_link(path, root)
            elif stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(stat.S_IMODE(status.st_mode) & 0o777)


def _settle_link(link: Path, root: Path) -> None:
    target = os.readlink(link)
    if target.startswith("/") and os.path.lexists(inside := root / target.lstrip("/")):
        link.unlink()
        link.symlink_to(os.path.relpath(inside, link.parent))


def _measure(root: Path) -> tuple[int, int]:
    """(entries that are not folders, bytes of the regular files), the stamp itself not counted."""
    files = size = 0
    pending = [str(root)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.name != STAMP:
                    files += 1
                    size += 0 if entry.is_symlink() else entry.stat(follow_symlinks=False).st_size
    return files, size


def _link_tree(source: Path, into: Path, progress: Progress) -> None:
    """Hard-link `source` as `into`, or copy where the file system says no; `into` appears whole or not at all."""
    fresh = into.with_name(f".{into.name}.new")
    _remove(fresh)
    progress.step("link", 0, 1)
    shutil.copytree(source, fresh, symlinks=True, copy_function=_link_or_copy())
    _replace(fresh, into)
    progress.step("link", 1, 1)


def _link_or_copy() -> Callable[[str, str], object]:
    refused = False

    def place(source: str, target: str) -> object:
        nonlocal refused
        if not refused:
            try:
                return os.link(source, target, follow_symlinks=False)
            except OSError as no:
                if no.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES):
                    raise
                refused = True
        return shutil.copy2(source, target, follow_symlinks=False)

    return place


def _replace(fresh: Path, final: Path) -> None:
    """Give `fresh` its final name; what had that name goes."""
    old = final.with_name(f".{final.name}.old")
    _remove(old)
    if final.exists():
        final.rename(old)
    fresh.rename(final)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _key(wanted: Sequence[str]) -> str:
    """The cache's name for a set of packages; another set is another root."""
    digest = hashlib.sha256("\n".join([os.uname().machine, *wanted]).encode()).hexdigest()
    return f"{wanted[0]}-{digest[:12]}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file lock `path`; waits for another program that holds it. The kernel drops it with its owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
