"""Recordings as Asterisk leaves them, and what the job makes of them."""

import asyncio
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from callcenter.jobs.recordings import RATE_HZ, Folders, RecordingsJob
from callcenter.model.events import Event, RecordingChecked
from callcenter.model.facts import RecordingStopped
from callcenter.model.ids import ContactId, RecordingId

CHECK_LIMIT_S: Final = 5.0
NAME: Final = RecordingId("00000000-0000-0000-cc00-000000000001")
ENDED_AT: Final = 1_795_298_000.0  # 2026-11-21 in UTC


class Job:
    """The job at work on folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(conversations=folder / "monitor", messages=folder / "recording", kept=folder / "kept")
        self.folders.conversations.mkdir()
        self.folders.messages.mkdir()
        self._found: asyncio.Queue[Event] = asyncio.Queue()
        self.job = RecordingsJob(self.folders, self._found.put_nowait)

    def conversation(self, seconds: float) -> Path:
        """Left 1, right -1, for so long."""
        path = self.folders.conversations / f"{NAME}.raw"
        path.write_bytes(array("h", [1, -1] * round(seconds * RATE_HZ)).tobytes())
        return path

    async def checked(self, expected_s: float) -> RecordingChecked:
        """What it says of a recording that should be so long."""
        stopped = RecordingStopped(contact=ContactId("c-1"), recording=NAME, expected_s=expected_s)
        self.job.publish(ENDED_AT, [stopped])
        async with asyncio.timeout(CHECK_LIMIT_S):
            found = await self._found.get()
        assert isinstance(found, RecordingChecked)
        return found


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
    assert Path(found.path).is_file()


async def test_a_message_is_mono_and_may_be_shorter_than_the_time_it_took(job: Job) -> None:
    with wave.open(str(job.folders.messages / f"{NAME}.wav"), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(bytes(2 * RATE_HZ))
    found = await job.checked(expected_s=3.0)
    assert (found.seconds, found.channels, found.problem) == (1.0, 1, "")


async def test_a_talk_that_was_over_before_it_could_be_recorded_has_no_file_and_no_problem(job: Job) -> None:
    found = await job.checked(expected_s=0.02)
    assert (found.path, found.seconds, found.channels, found.problem) == ("", 0.0, 0, "")
