"""The local file of the journal: order, segments, torn ends, full disks, one owner."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callcenter.errors import Bug, ConfigurationError
from callcenter.model.entry import Entry
from callcenter.model.events import TimePassed
from callcenter.model.facts import Surprise
from callcenter.postgres.line import line_of
from callcenter.postgres.spool import UNWRITTEN_MAX_ENTRIES, Found, Spool, sync_files

ALL = 1_000_000


def entry(seq: int, text: str = "") -> Entry:
    return Entry(seq=seq, at=float(seq), event=TimePassed(), outputs=(Surprise(what=text),))


def opened(folder: Path, **settings: int) -> Spool:
    made = Spool(folder, **settings)
    made.open()
    return made


def write(spool: Spool, first: int, last: int, text: str = "") -> None:
    for seq in range(first, last + 1):
        spool.write(seq, line_of(entry(seq, text)))


def read(spool: Spool, entries_max: int = ALL, bytes_max: int = ALL) -> list[int]:
    return [spooled.entry.seq for spooled in spool.read(entries_max, bytes_max)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = opened(folder, segment_max_bytes=1000)
    yield made
    made.close()


def segments(folder: Path) -> list[str]:
    return [path.name for path in sorted(folder.glob("journal-*"))]


def test_a_new_spool_is_empty(folder: Path) -> None:
    spool = Spool(folder)
    assert spool.open() == Found(last_seq=0, segments=0, torn_bytes=0)
    assert read(spool) == []
    spool.close()


def test_reading_keeps_step_with_writing(spool: Spool) -> None:
    write(spool, 1, 5)
    assert read(spool) == [1, 2, 3, 4, 5]
    assert read(spool) == []
    write(spool, 6, 40)
    assert read(spool, entries_max=10) == list(range(6, 16))
    assert read(spool) == list(range(16, 41))


def test_a_batch_has_a_limit_in_bytes(spool: Spool) -> None:
    write(spool, 1, 10, "x" * 300)
    assert read(spool, bytes_max=1000) == [1, 2, 3]


def test_entries_and_lines_are_those_written(spool: Spool) -> None:
    write(spool, 1, 2, "é\n")
    assert [(s.entry, s.line) for s in spool.read(ALL, ALL)] == [
        (entry(seq, "é\n"), line_of(entry(seq, "é\n"))) for seq in (1, 2)
    ]


def test_segments_go_when_all_they_hold_is_safe(spool: Spool, folder: Path) -> None:
    write(spool, 1, 40)
    before = segments(folder)
    assert len(before) > 3
    second = int(before[1].removeprefix("journal-").removesuffix(".jsonl"))
    spool.forget(second - 2)
    assert segments(folder) == before
    spool.forget(second - 1)
    assert segments(folder) == before[1:]
    assert read(spool) == list(range(second, 41))
    spool.forget(40)
    assert segments(folder) == before[-1:]  # the active one stays
    write(spool, 41, 42)
    assert read(spool) == [41, 42]
    spool.forget(42, also_active=True)
    assert segments(folder) == []


def test_the_next_run_finds_what_was_not_forgotten(spool: Spool, folder: Path) -> None:
    write(spool, 1, 40)
    spool.close()
    again = Spool(folder)
    found = again.open()
    assert (found.last_seq, found.torn_bytes) == (40, 0)
    write(again, 41, 45)
    assert read(again) == list(range(1, 46))
    again.close()


@pytest.mark.parametrize("cut", [1, 2, 30, 60])
def test_a_torn_end_is_cut_off(folder: Path, cut: int) -> None:
    first = opened(folder)
    write(first, 1, 3)
    first.close()
    path = folder / segments(folder)[0]
    size = len(line_of(entry(3))) + 1
    path.write_bytes(path.read_bytes()[: -min(cut, size)])
    again = Spool(folder)
    assert again.open() == Found(last_seq=2, segments=1, torn_bytes=size - min(cut, size))
    write(again, 3, 4)
    assert read(again) == [1, 2, 3, 4]
    again.close()


def test_every_run_may_have_left_a_torn_end(folder: Path) -> None:
    for seq in (1, 3, 5):
        run = opened(folder)
        write(run, seq, seq + 1)
        run.close()
        with (folder / segments(folder)[-1]).open("ab") as file:
            file.write(b'{"seq":')
    again = Spool(folder)
    assert again.open() == Found(last_seq=6, segments=3, torn_bytes=7)
    assert read(again) == [1, 2, 3, 4, 5, 6]
    again.close()


def test_a_segment_with_nothing_but_a_torn_line_is_nothing(folder: Path) -> None:
    run = opened(folder)
    write(run, 1, 1)
    run.close()
    path = folder / segments(folder)[0]
    path.write_bytes(path.read_bytes()[:20])
    again = Spool(folder)
    assert again.open() == Found(last_seq=0, segments=0, torn_bytes=20)
    write(again, 1, 1)
    assert read(again) == [1]
    again.close()


def test_a_power_cut_may_leave_zeros(folder: Path) -> None:
    run = opened(folder)
    write(run, 1, 2)
    run.close()
    with (folder / segments(folder)[0]).open("ab") as file:
        file.write(b"\0" * 4096)
    again = Spool(folder)
    assert again.open() == Found(last_seq=2, segments=1, torn_bytes=4096)
    again.close()


def test_a_damaged_last_line_does_not_hide_the_one_before(folder: Path) -> None:
    run = opened(folder)
    write(run, 1, 3)
    run.close()
    path = folder / segments(folder)[0]
    path.write_bytes(path.read_bytes()[:-5] + b"\0\0\0\0\n")
    again = Spool(folder)
    assert again.open().last_seq == 2
    assert read(again) == [1, 2]
    assert again.damaged == 1
    again.close()


def test_one_process_has_it(spool: Spool, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"another call center \(pid {os.getpid()}\)"):
        Spool(folder).open()
    spool.close()
    opened(folder).close()


def test_only_its_owner_can_read_it(spool: Spool, folder: Path) -> None:
    write(spool, 1, 1)
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_synced_files_are_closed(spool: Spool) -> None:
    write(spool, 1, 40)
    descriptors = spool.unsynced()
    assert len(descriptors) > 3
    assert sync_files(descriptors) == ""
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert spool.unsynced() == []


WIDE = "x" * 50_000  # so that the limit below leaves room for what else is written, such as the log


@contextmanager
def full_disk(at_bytes: int) -> Iterator[None]:
    """No file may grow beyond `at_bytes`: the kernel refuses the rest of a write, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, was)


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    spool = opened(folder)
    write(spool, 1, 3, WIDE)
    with full_disk((folder / segments(folder)[0]).stat().st_size + 30):
        write(spool, 4, 6)
        assert "File too large" in spool.problem
        assert read(spool) == [1, 2, 3, 4, 5, 6]
        spool.forget(4)
        write(spool, 7, 7)
    write(spool, 8, 8)
    assert spool.problem == ""
    assert read(spool) == [7, 8]
    spool.close()
    again = Spool(folder)
    assert again.open() == Found(last_seq=8, segments=1, torn_bytes=0)
    assert read(again) == [1, 2, 3, 5, 6, 7, 8]  # 4 was safe elsewhere before the disk took it
    again.close()


def test_neither_disk_nor_database_is_a_bug_in_the_end(folder: Path) -> None:
    spool = opened(folder)
    write(spool, 1, 1, WIDE)
    line = line_of(entry(2))
    with full_disk((folder / segments(folder)[0]).stat().st_size):
        for seq in range(2, UNWRITTEN_MAX_ENTRIES + 2):
            spool.write(seq, line)
        with pytest.raises(Bug, match="cannot be written anywhere"):
            spool.write(UNWRITTEN_MAX_ENTRIES + 2, line)
    spool.close()
