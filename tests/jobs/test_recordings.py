"""Recordings as Asterisk leaves them, and what the job makes of them."""

import asyncio
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import structlog

from callcenter.jobs import recordings
from callcenter.jobs.recordings import RATE_HZ, Finished, Folders, Patience, RecordingsJob
from callcenter.model.events import Event, RecordingChecked
from callcenter.model.ids import ContactId, RecordingId
from callcenter.model.recording_facts import RecordingDropped, RecordingStopped

CHECK_LIMIT_S: Final = 5.0
NAME: Final = RecordingId("00000000-0000-0000-cc00-000000000001")
QUICK: Final = Patience(poll_s=0.01, settled_s=0.03, still_s=0.08, missing_s=0.15, growing_s=0.5)
ENDED_AT: Final = 1_795_298_000.0  # 2026-11-21 in UTC


class Job:
    """The job at work on folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(conversations=folder / "monitor", messages=folder / "recording", kept=folder / "kept")
        self.folders.conversations.mkdir()
        self.folders.messages.mkdir()
        self._found: asyncio.Queue[Event] = asyncio.Queue()
        self.job = RecordingsJob(self.folders, self._found.put_nowait, QUICK)

    def conversation(self, seconds: float, name: RecordingId = NAME) -> Path:
        """Left 1, right -1, for so long."""
        path = self.folders.conversations / f"{name}.raw"
        path.write_bytes(array("h", [1, -1] * round(seconds * RATE_HZ)).tobytes())
        return path

    def message(self, seconds: float) -> Path:
        """Silence."""
        path = self.folders.messages / f"{NAME}.wav"
        with wave.open(str(path), "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(RATE_HZ)
            writer.writeframes(bytes(round(2 * RATE_HZ * seconds)))
        return path

    def kept(self, name: RecordingId = NAME) -> Path:
        """Where it belongs."""
        return self.folders.kept / "2026" / "11" / "21" / f"{name}.wav"

    def is_kept(self) -> bool:
        """Whether it is there."""
        return self.kept().is_file()

    def take(self, expected_s: float, name: RecordingId = NAME) -> None:
        """A recording that should be so long is over."""
        stopped = RecordingStopped(contact=ContactId("c-1"), recording=name, expected_s=expected_s)
        self.job.publish(ENDED_AT, [stopped])

    async def next(self) -> RecordingChecked:
        """What it says next."""
        async with asyncio.timeout(CHECK_LIMIT_S):
            found = await self._found.get()
        assert isinstance(found, RecordingChecked)
        return found

    async def checked(self, expected_s: float) -> RecordingChecked:
        """What it says of a recording that should be so long."""
        self.take(expected_s)
        return await self.next()

    def left(self) -> set[str]:
        """The files that lie about anywhere."""
        root = self.folders.kept.parent
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
async def job(tmp_path: Path) -> AsyncIterator[Job]:
    made = Job(tmp_path)
    running = asyncio.create_task(made.job.run())
    yield made
    running.cancel()
    await asyncio.wait({running})


async def test_a_conversation_becomes_a_stereo_file_of_its_day_and_the_raw_one_goes(job: Job) -> None:
    raw = job.conversation(2.0)
    found = await job.checked(expected_s=2.1)
    assert (found.seconds, found.channels, found.problem) == (2.0, 2, "")
    assert Path(found.path) == job.folders.kept / "2026" / "11" / "21" / f"{NAME}.wav"
    assert not raw.exists()
    with wave.open(found.path, "rb") as reader:
        assert (reader.getframerate(), reader.getnframes()) == (RATE_HZ, 2 * RATE_HZ)
        assert array("h", reader.readframes(3)).tolist() == [1, -1] * 3


async def test_a_conversation_that_is_too_short_is_kept_and_its_problem_told(job: Job) -> None:
    job.conversation(1.0)
    found = await job.checked(expected_s=3.0)
    assert found.problem == "1.00 s long, the talk was 3.00 s"
    assert job.is_kept()


async def test_a_message_is_mono_and_may_be_shorter_than_the_time_it_took(job: Job) -> None:
    job.message(1.0)
    found = await job.checked(expected_s=3.0)
    assert (found.seconds, found.channels, found.problem) == (1.0, 1, "")


async def test_a_talk_that_was_over_before_it_could_be_recorded_has_no_file_and_no_problem(job: Job) -> None:
    found = await job.checked(expected_s=0.02)
    assert (found.path, found.seconds, found.channels, found.problem) == ("", 0.0, 0, "")


# -- files that are not as they should be ------------------------------------------------------------------------------


async def test_a_file_that_never_comes_is_said_to_be_missing(job: Job) -> None:
    found = await job.checked(expected_s=3.0)
    assert (found.path, found.problem) == ("", "Asterisk left no file")


async def test_an_empty_file_is_kept_and_is_a_problem(job: Job) -> None:
    job.conversation(0.0)
    found = await job.checked(expected_s=3.0)
    assert (found.seconds, found.problem) == (0.0, "there is nothing in it")
    assert job.is_kept()


@pytest.mark.parametrize("more", [1, 2, 3, 5])
async def test_a_frame_that_was_cut_in_two_is_left_out(job: Job, more: int) -> None:
    raw = job.conversation(1.0)
    with raw.open("ab") as file:
        file.write(bytes(more))
    found = await job.checked(expected_s=1.0)
    with wave.open(found.path, "rb") as reader:
        assert reader.getnframes() == RATE_HZ + more // 4
    assert found.problem == ""


async def test_a_message_whose_writer_died_is_mended_and_its_problem_told(job: Job) -> None:
    path = job.message(1.0)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(4) + whole[8:40] + bytes(4) + whole[44:])  # lengths are written at the end
    found = await job.checked(expected_s=1.0)
    assert (found.seconds, found.channels, found.problem) == (1.0, 1, "Asterisk did not finish the file")
    assert job.kept().read_bytes() == whole


async def test_a_message_that_is_shorter_than_it_says_is_kept_and_its_problem_told(job: Job) -> None:
    path = job.message(1.0)
    path.write_bytes(path.read_bytes()[:-RATE_HZ])
    found = await job.checked(expected_s=1.0)
    assert (found.seconds, found.problem) == (0.5, f"the file breaks off after {RATE_HZ // 2} frames")
    assert job.is_kept()


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt ", b"\0" * 100, b"RIFF$\0\0\0WAVEfmt \x10\0\0\0" + bytes(24)]
)
async def test_what_is_no_sound_is_told_and_kept(job: Job, content: bytes) -> None:
    (job.folders.messages / f"{NAME}.wav").write_bytes(content)
    found = await job.checked(expected_s=1.0)
    assert found.problem
    assert job.left() == {f"kept/2026/11/21/{NAME}.wav"}


async def test_a_disk_that_is_full_costs_no_recording(job: Job) -> None:
    raw = job.conversation(1.0)
    job.kept().parent.mkdir(parents=True)
    job.kept().with_suffix(".partial").symlink_to("/dev/full")
    found = await job.checked(expected_s=1.0)
    assert "No space left on device" in found.problem
    assert Path(found.path) == raw
    assert raw.is_file()
    assert job.left() == {f"monitor/{NAME}.raw"}


async def test_a_folder_that_cannot_be_made_costs_no_recording(job: Job) -> None:
    raw = job.conversation(1.0)
    job.folders.kept.write_text("a file where the folder should be")
    found = await job.checked(expected_s=1.0)
    assert found.problem.startswith("cannot be read or kept")
    assert raw.is_file()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "", ".", "00000000-0000-0000-cc00-00000000000g", f"{NAME}\n"]
)
async def test_no_name_leads_out_of_the_folders(job: Job, name: str) -> None:
    job.take(1.0, RecordingId(name))
    found = await job.next()
    assert (found.path, found.problem) == ("", "not a recording of ours by its name")


# -- files that are being written --------------------------------------------------------------------------------------


async def test_a_file_that_comes_late_and_in_pieces_is_waited_for(job: Job) -> None:
    job.take(1.0)
    loop = asyncio.get_running_loop()
    piece = array("h", [1, -1] * (RATE_HZ // 4)).tobytes()
    path = job.folders.conversations / f"{NAME}.raw"

    def write() -> None:
        with path.open("ab") as file:
            file.write(piece)

    for n in range(4):
        loop.call_later(0.05 + 0.02 * n, write)
    found = await job.next()
    assert (found.seconds, found.problem) == (1.0, "")


async def test_a_file_that_only_grows_is_left_to_asterisk(job: Job) -> None:
    path = job.conversation(0.1)
    growing = True

    def grow() -> None:
        if growing:
            with path.open("ab") as file:
                file.write(bytes(4))
            asyncio.get_running_loop().call_later(0.005, grow)

    grow()
    found = await job.checked(expected_s=3.0)
    growing = False
    assert "Asterisk still writes" in found.problem
    assert path.is_file()


# -- many, twice, and after a crash ------------------------------------------------------------------------------------


def names(count: int) -> list[RecordingId]:
    return [RecordingId(f"00000000-0000-0000-cc00-{n:012x}") for n in range(count)]


async def test_many_at_once_do_not_wait_for_each_other(job: Job) -> None:
    missing, there = names(70)[:30], names(70)[30:]
    for name in there:
        job.conversation(0.2, name)
    for name in (*missing, *there):
        job.take(1.0 if name in missing else 0.2, name)
    started = asyncio.get_running_loop().time()
    found = {one.recording: one.problem for one in [await job.next() for _ in range(70)]}
    assert asyncio.get_running_loop().time() - started < 10 * QUICK.missing_s
    assert found == {**dict.fromkeys(missing, "Asterisk left no file"), **dict.fromkeys(there, "")}
    async with asyncio.timeout(CHECK_LIMIT_S):
        await job.job.settled()


async def test_one_that_is_told_twice_is_checked_once(job: Job) -> None:
    job.conversation(1.0)
    job.take(1.0)
    job.job.take(Finished(recording=NAME, contact=ContactId("c-1"), expected_s=1.0, at=ENDED_AT))
    assert (await job.next()).problem == ""
    async with asyncio.timeout(CHECK_LIMIT_S):
        await job.job.settled()
    assert job._found.empty()


async def test_one_that_was_kept_by_a_run_that_died_before_it_said_so_is_fine(job: Job) -> None:
    job.conversation(1.0)
    first = await job.checked(expected_s=1.0)
    again = await job.checked(expected_s=1.0)
    assert again == first
    assert again.problem == ""


async def test_so_is_a_message_that_was_kept(job: Job) -> None:
    job.message(1.0)
    first = await job.checked(expected_s=2.0)
    assert await job.checked(expected_s=2.0) == first


async def test_one_that_was_kept_and_is_still_spooled_is_kept_once(job: Job) -> None:
    raw = job.conversation(1.0)
    content = raw.read_bytes()
    await job.checked(expected_s=1.0)
    raw.write_bytes(content)
    job.kept().with_suffix(".partial").write_bytes(b"half of it")
    found = await job.checked(expected_s=1.0)
    assert (found.seconds, found.problem) == (1.0, "")
    assert job.left() == {f"kept/2026/11/21/{NAME}.wav"}


def test_a_full_line_leaves_the_rest_for_the_next_start(tmp_path: Path) -> None:
    folders = Folders(conversations=tmp_path, messages=tmp_path, kept=tmp_path / "kept")
    job = RecordingsJob(folders, lambda event: None, QUICK)
    with structlog.testing.capture_logs() as logs:
        for name in names(recordings.BACKLOG_MAX + 3):
            job.take(Finished(recording=name, contact=ContactId("c"), expected_s=0.0, at=0.0))
    assert [line["recording"] for line in logs] == names(recordings.BACKLOG_MAX + 3)[-3:]


# -- customers who did not want it -------------------------------------------------------------------------------------


async def test_nothing_is_kept_of_what_a_customer_did_not_want_once_asterisk_lets_go(job: Job) -> None:
    job.conversation(1.0)
    assert job.job.spooled() == (NAME,)
    job.job.publish(ENDED_AT, [RecordingDropped(contact=ContactId("c-1"), recording=NAME)])
    async with asyncio.timeout(CHECK_LIMIT_S):
        await job.job.settled()
    assert job.left() == set()
    assert job.job.spooled() == ()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ""])
async def test_no_name_of_an_unwanted_one_leads_out_of_the_folder(job: Job, name: str) -> None:
    raw = job.conversation(1.0)
    job.job.discard(RecordingId(name))
    job.job.discard(NAME)
    async with asyncio.timeout(CHECK_LIMIT_S):
        await job.job.settled()
    assert not raw.exists()
