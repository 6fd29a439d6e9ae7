"""Debian packages without root: a whole closure, downloaded, checked by apt and unpacked into a folder.

Knows the per-user cache, dpkg and what a finished root looks like. Must not know what the packages are for (see
`programs.py`) nor how apt is talked to (see `apt.py`).

Theory: apt is given folders of its own and an empty list of installed packages, so that it resolves everything down to
the C library, and verifies signatures and hashes as it always does. `dpkg-deb -x` then unpacks each package; no script
of a package runs and nothing of the system changes, also as root. A finished root carries a stamp that is written
before the folder gets its final name: a folder with that name is complete. The cache keeps roots and packages for the
next checkout, which hard-links them.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from callcenter.embedded.apt import SYSTEM_PATH, Apt, FetchFailed, mirrors, run
from callcenter.errors import ConfigurationError, Problem

SUITES: Final = ("forky", "sid")
"""Debian releases to try, in order: the first that carries Asterisk 22, then unstable."""

STAMP: Final = ".unpacked.json"
UNPACK_LIMIT_S: Final = 120
UNPACK_WORKERS: Final = 4
INSTEAD: Final = "install them with the system's package tool, or give this machine apt and a reachable Debian mirror"


class Progress(Protocol):
    """Told how far a long step has come. Called in the thread that called us."""

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


class BrokenPackage(FetchFailed):
    """A downloaded package does not unpack; it has been removed, a second download may help."""


def user_cache(environ: Mapping[str, str] | None = None) -> Path:
    """Folder for what can be fetched again: `$XDG_CACHE_HOME/callcenter`, else `~/.cache/callcenter`.

    XDG Base Directory Specification 0.8, which says that a relative path is to be ignored. `environ` is the process's
    own if not given. Raises RuntimeError where there is no home folder.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named.startswith("/") else Path.home() / ".cache") / "callcenter"


def unpack(
    packages: Sequence[str],
    into: Path,
    *,
    suites: Sequence[str] = SUITES,
    cache: Path | None = None,
    mirror: str | None = None,
    progress: Progress | None = None,
    instead: str = INSTEAD,
) -> Stamp:
    """Make `into` a folder tree holding `packages` and all they need; return at once if it is that already.

    Blocks: seconds when the cache has it, a minute or two when it must be downloaded. Two programs may call it at the
    same time, the second waits. `mirror` overrides the machine's own Debian mirror. Raises ConfigurationError, with
    `instead` as the remedy, when the machine has no apt or the mirror cannot be reached.
    """
    progress = progress or Silence()
    wanted = tuple(sorted(set(packages)))
    into = into.absolute()
    try:
        with _locked(into.parent / f".{into.name}.lock", progress):
            present = read_stamp(into)
            if present is not None and present.wanted == wanted:
                return present
            cache = _usable(cache, beside=into) / "debian"
            with _locked(cache / "lock", progress):
                root = cache / "roots" / _key(wanted)
                stamp = read_stamp(root)
                if stamp is None:
                    try:
                        stamp = _fetch(wanted, root, suites=suites, cache=cache, mirror=mirror, progress=progress)
                    except FetchFailed as failure:
                        raise _no_way(wanted, str(failure), instead) from failure
                _link_tree(root, into, progress)
    except OSError as broken:
        raise ConfigurationError(
            [Problem(where=str(into), what=f"cannot be made: {broken}", remedy="see to space and permissions there")]
        ) from broken
    return stamp


def _usable(cache: Path | None, *, beside: Path) -> Path:
    """The cache folder to use; users without a home folder of their own get one beside what they make."""
    try:
        chosen = (cache or user_cache()).absolute()
        (chosen / "debian").mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return beside.parent / "cache"
    return chosen if os.access(chosen / "debian", os.W_OK | os.X_OK) else beside.parent / "cache"


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
        files, size = _measure(root)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stamp if files >= stamp.files and size >= stamp.size else None


def _fetch(
    wanted: Sequence[str], root: Path, *, suites: Sequence[str], cache: Path, mirror: str | None, progress: Progress
) -> Stamp:
    """Download and unpack into `root`, from the first suite of the first mirror that has all of it.

    Raises FetchFailed with what went wrong in each.
    """
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool, path=SYSTEM_PATH) is None]
    if missing:
        raise FetchFailed(f"this machine has no {' and no '.join(missing)}")
    failures: list[str] = []
    sites = [mirror] if mirror else mirrors(cache / "apt" / "machine")
    for suite in suites:
        for site in sites:
            try:
                return _fetch_from(site, suite, wanted, root, cache=cache, progress=progress)
            except FetchFailed as failure:
                failures.append(f"{suite}: {failure}")
    raise FetchFailed("; ".join(failures) or "apt knows no mirror on this machine")


def _no_way(wanted: Sequence[str], why: str, instead: str) -> ConfigurationError:
    return ConfigurationError(
        [
            Problem(
                where="embedded programs",
                what=f"cannot fetch the Debian packages {', '.join(wanted)}: {why}",
                remedy=instead,
            )
        ]
    )


def _fetch_from(site: str, suite: str, wanted: Sequence[str], root: Path, *, cache: Path, progress: Progress) -> Stamp:
    apt = Apt(cache / "apt" / suite, site=site, suite=suite)
    progress.step("package lists", 0, 1)
    apt.update()
    progress.step("package lists", 1, 1)
    closure = apt.resolve(wanted)
    debs = [apt.archives / deb.filename for deb in closure]
    fresh = root.with_name(f"{root.name}.new")
    try:
        _download_and_unpack(apt, wanted, debs, fresh, progress)
    except BrokenPackage:
        _download_and_unpack(apt, wanted, debs, fresh, progress)
    _settle(fresh)
    files, size = _measure(fresh)
    packages = {deb.name: deb.version for deb in closure}
    stamp = Stamp(wanted=tuple(wanted), suite=suite, packages=packages, files=files, size=size)
    (fresh / STAMP).write_text(json.dumps(asdict(stamp), indent=1))
    _replace(fresh, root)
    return stamp


def _download_and_unpack(apt: Apt, wanted: Sequence[str], debs: Sequence[Path], root: Path, progress: Progress) -> None:
    progress.step("download", 0, 100)
    apt.download(wanted, lambda percent: progress.step("download", min(percent, 99), 100))
    progress.step("download", 100, 100)
    _remove(root)
    root.mkdir(parents=True)
    progress.step("unpack", 0, len(debs))
    with ThreadPoolExecutor(UNPACK_WORKERS) as pool:
        jobs = {pool.submit(run, ["dpkg-deb", "-x", str(deb), str(root)], limit_s=UNPACK_LIMIT_S): deb for deb in debs}
        for done, job in enumerate(as_completed(jobs), start=1):
            try:
                job.result()
            except FetchFailed as failure:
                pool.shutdown(cancel_futures=True)
                jobs[job].unlink(missing_ok=True)  # or it would be found again: apt looks only at its size
                raise BrokenPackage(f"{jobs[job].name}: {failure}") from failure
            progress.step("unpack", done, len(debs))


def _settle(root: Path) -> None:
    """Make a root fit for another place: no set-id programs, absolute links kept inside, folders writable by us."""
    for folder, names, files in os.walk(root):
        for name in names + files:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                _settle_link(path, root)
            elif stat.S_ISDIR(status.st_mode):
                path.chmod(status.st_mode & 0o777 | stat.S_IRWXU)
            elif stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                path.chmod(status.st_mode & 0o777)


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
                os.link(source, target, follow_symlinks=False)
                return target
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
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the file lock `path`; waits for another program that holds it. The kernel drops it with its owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.step("wait for another start", 0, 1)
            fcntl.flock(file, fcntl.LOCK_EX)
            progress.step("wait for another start", 1, 1)
        yield
