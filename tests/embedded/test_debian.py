"""Unpacked roots: from the cache, whole or not at all, safe for several at a time. Downloads are in the live tests."""

import json
import os
import shutil
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcenter.embedded import debian
from callcenter.embedded.apt import INSTALL_LINE, RELEASE_LINE, Deb
from callcenter.embedded.debian import STAMP, read_stamp, unpack, user_cache
from callcenter.errors import ConfigurationError

WANTED = ("alpha", "beta")
NOWHERE = "http://127.0.0.1:1/debian"


class Steps:
    """Remembers the steps it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def step(self, name: str, done: int, total: int) -> None:
        self.told.append((name, done, total))


def stock(cache: Path, wanted: Sequence[str] = WANTED, files: int = 3) -> Path:
    """A cache that holds a finished root, as a download leaves it."""
    root = cache / "debian/roots" / debian._key(tuple(sorted(wanted)))
    for number in range(files):
        path = root / f"usr/lib/part{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 100)
    (root / "usr/lib/link").symlink_to("part0")
    stamp = {
        "wanted": sorted(wanted),
        "suite": "s",
        "packages": {"alpha": "1"},
        "files": files + 1,
        "size": files * 100,
    }
    (root / STAMP).write_text(json.dumps(stamp))
    return root


def test_a_second_checkout_gets_hard_links_from_the_cache(tmp_path: Path) -> None:
    root = stock(tmp_path / "cache")
    steps = Steps()
    into = tmp_path / "checkout/var/root"
    stamp = unpack(WANTED, into, cache=tmp_path / "cache", mirror=NOWHERE, progress=steps)
    assert stamp.packages == {"alpha": "1"}
    assert (into / "usr/lib/part0").stat().st_ino == (root / "usr/lib/part0").stat().st_ino
    assert (into / "usr/lib/link").readlink() == Path("part0")
    assert steps.told == [("link", 0, 1), ("link", 1, 1)]
    assert unpack(reversed_(WANTED), into, cache=tmp_path / "none", mirror=NOWHERE, progress=steps) == stamp
    assert len(steps.told) == 2  # it was there: nothing to do


def reversed_(packages: Sequence[str]) -> list[str]:
    return list(reversed(packages))


@pytest.mark.parametrize("harm", ["a file is gone", "a file was cut", "the stamp is gone", "the stamp is half"])
def test_a_root_that_lost_something_is_made_again(tmp_path: Path, harm: str) -> None:
    stock(tmp_path / "cache")
    into = tmp_path / "root"
    unpack(WANTED, into, cache=tmp_path / "cache", mirror=NOWHERE)
    part = into / "usr/lib/part1"
    match harm:
        case "a file is gone":
            part.unlink()
        case "a file was cut":
            part.unlink()
            part.write_text("short")
        case "the stamp is gone":
            (into / STAMP).unlink()
        case _:
            text = (into / STAMP).read_text()
            (into / STAMP).unlink()
            (into / STAMP).write_text(text[:20])
    assert read_stamp(into) is None
    unpack(WANTED, into, cache=tmp_path / "cache", mirror=NOWHERE)
    assert read_stamp(into) is not None
    assert part.read_text() == "x" * 100


def test_left_overs_of_a_killed_run_do_no_harm(tmp_path: Path) -> None:
    stock(tmp_path / "cache")
    into = tmp_path / "root"
    for left in (tmp_path / ".root.new/usr/lib", tmp_path / ".root.old/usr", into / "half"):
        left.mkdir(parents=True)
        (left / "part0").write_text("left over")
    unpack(WANTED, into, cache=tmp_path / "cache", mirror=NOWHERE)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".root.lock", "cache", "root"]
    assert sorted(path.name for path in into.iterdir()) == [STAMP, "usr"]


def test_several_at_a_time_make_it_once(tmp_path: Path) -> None:
    stock(tmp_path / "cache", files=200)
    steps = Steps()
    with ThreadPoolExecutor(8) as pool:
        made = [
            pool.submit(unpack, WANTED, tmp_path / "root", cache=tmp_path / "cache", mirror=NOWHERE, progress=steps)
            for _ in range(8)
        ]
    assert len({str(job.result()) for job in made}) == 1
    assert [told for told in steps.told if told[0] == "link"] == [("link", 0, 1), ("link", 1, 1)]


def test_other_packages_are_another_root(tmp_path: Path) -> None:
    stock(tmp_path / "cache")
    stock(tmp_path / "cache", ["gamma"], files=5)
    unpack(WANTED, tmp_path / "root", cache=tmp_path / "cache", mirror=NOWHERE)
    assert unpack(["gamma"], tmp_path / "root", cache=tmp_path / "cache", mirror=NOWHERE).files == 6


def test_where_links_are_refused_it_is_copied(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    cache = other / f"callcenter-test-{os.getpid()}"
    try:
        stock(cache)
        unpack(WANTED, tmp_path / "root", cache=cache, mirror=NOWHERE)
        assert (tmp_path / "root/usr/lib/part0").stat().st_nlink == 1
    finally:
        shutil.rmtree(cache)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="not a Debian")
def test_a_mirror_that_cannot_be_reached_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        unpack(WANTED, tmp_path / "root", cache=tmp_path / "cache", mirror=NOWHERE, suites=["forky"])
    (problem,) = refused.value.problems
    assert "alpha, beta" in problem.what
    assert "connect" in problem.what
    assert "install" in problem.remedy
    assert not (tmp_path / "root").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigurationError, match=str(tmp_path / "file")):
        unpack(WANTED, tmp_path / "file/root", cache=tmp_path / "cache", mirror=NOWHERE)


def test_a_moved_root_is_tame_and_closed_in_itself(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "closed").mkdir(mode=0o555)
    su = tmp_path / "usr/bin/su"
    su.write_text("")
    su.chmod(0o6755)
    (tmp_path / "usr/bin/inside").symlink_to("/usr/bin/su")
    (tmp_path / "usr/bin/outside").symlink_to("/etc/no-such-file")
    debian._settle(tmp_path)
    assert stat.S_IMODE(su.stat().st_mode) == 0o755
    assert os.readlink(tmp_path / "usr/bin/inside") == "su"
    assert os.readlink(tmp_path / "usr/bin/outside") == "/etc/no-such-file"
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("version", "filename"),
    [
        ("1:22.10.1+dfsg+~cs6.17-1", "asterisk_1%3a22.10.1+dfsg+~cs6.17-1_amd64.deb"),
        ("3.8.0-1+b2", "asterisk_3.8.0-1+b2_amd64.deb"),
    ],
)
def test_apt_names_files_like_this(version: str, filename: str) -> None:
    assert Deb(name="asterisk", version=version, arch="amd64").filename == filename


def test_what_apt_says_is_understood() -> None:
    line = "Inst libc6 [2.36-9] (2.41-12 Debian:13.1/stable, Debian:testing [amd64]) []"
    match = INSTALL_LINE.match(line)
    assert match is not None
    assert match.groupdict() == {"name": "libc6", "version": "2.41-12", "arch": "amd64"}
    match = INSTALL_LINE.match("Inst libc6:i386 (2.41-12 Debian:testing [i386])")
    assert match is not None
    assert match["name"] == "libc6:i386"
    match = RELEASE_LINE.match("'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_dists 0 ")
    assert match is not None
    assert (match["site"], match["release"]) == ("http://mirror.example/debian", "bookworm")


@pytest.mark.parametrize(("named", "used"), [("/some/where", "/some/where/callcenter"), ("relative", None), ("", None)])
def test_the_cache_follows_the_xdg_specification(named: str, used: str | None) -> None:
    assert user_cache({"XDG_CACHE_HOME": named}) == Path(used or Path.home() / ".cache/callcenter")
