"""The child process that shapes sounds: it lives on, is replaced when it dies, and never outlives its parent."""

import asyncio
import math
import os
import select
import signal
import sys
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.speech.shaping import Shaper
from callcenter.speech.wav import BadWav, Sound, read_wav, write_wav

LIMIT_S = 20.0
ROOT = Path(__file__).parents[2]

PARENT = """
import asyncio, sys
from pathlib import Path
from callcenter.speech.shaping import Shaper

async def main():
    shaper = Shaper()
    await shaper.shape(Path(sys.argv[1]), Path(sys.argv[2]))
    print(shaper.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def shaper() -> AsyncIterator[Shaper]:
    shaper = Shaper()
    yield shaper
    await shaper.close()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    rate = 22_050
    path = tmp_path / "raw.wav"
    samples = array("h", (round(9_000 * math.sin(2 * math.pi * 700 * n / rate)) for n in range(rate // 3)))
    write_wav(path, Sound(rate=rate, channels=(samples,)))
    return path


def wait_for_end(pid: int) -> None:
    """Returns when the process has ended, and fails when it does not."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([process], [], [], LIMIT_S)
    finally:
        os.close(process)
    assert ended, f"process {pid} lives"


async def test_one_child_shapes_one_file_after_the_other(shaper: Shaper, raw: Path, tmp_path: Path) -> None:
    assert shaper.pid is None
    await shaper.shape(raw, tmp_path / "a.wav")
    first = shaper.pid
    await asyncio.gather(*(shaper.shape(raw, tmp_path / f"{n}.wav") for n in range(5)))
    assert shaper.pid == first
    assert {(tmp_path / f"{n}.wav").read_bytes() for n in range(5)} == {(tmp_path / "a.wav").read_bytes()}
    assert read_wav(tmp_path / "a.wav").rate == 8000


async def test_what_is_wrong_with_a_file_is_said_and_the_child_lives_on(
    shaper: Shaper, raw: Path, tmp_path: Path
) -> None:
    await shaper.shape(raw, tmp_path / "a.wav")
    first = shaper.pid
    with pytest.raises(BadWav, match="No such file"):
        await shaper.shape(tmp_path / "none.wav", tmp_path / "b.wav")
    with pytest.raises(BadWav, match="No such file"):
        await shaper.shape(raw, tmp_path / "none" / "b.wav")
    os.truncate(raw, 20)
    with pytest.raises(BadWav, match=r"raw\.wav"):
        await shaper.shape(raw, tmp_path / "b.wav")
    assert shaper.pid == first
    assert not (tmp_path / "b.wav").exists()


async def test_a_child_that_was_killed_between_two_files_is_replaced(shaper: Shaper, raw: Path, tmp_path: Path) -> None:
    await shaper.shape(raw, tmp_path / "a.wav")
    first = shaper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await shaper.shape(raw, tmp_path / "b.wav")
    assert shaper.pid not in (None, first)


async def test_a_cancelled_file_does_not_answer_for_the_next_one(shaper: Shaper, raw: Path, tmp_path: Path) -> None:
    await shaper.shape(raw, tmp_path / "a.wav")
    hasty = asyncio.create_task(shaper.shape(tmp_path / "none.wav", tmp_path / "b.wav"))
    await asyncio.sleep(0)  # it has asked
    hasty.cancel()
    await asyncio.gather(hasty, return_exceptions=True)
    await shaper.shape(raw, tmp_path / "c.wav")
    assert (tmp_path / "c.wav").exists()


async def test_closing_ends_the_child_and_may_be_done_twice(raw: Path, tmp_path: Path) -> None:
    shaper = Shaper()
    await shaper.close()
    await shaper.shape(raw, tmp_path / "a.wav")
    child = shaper.pid
    assert child is not None
    await shaper.close()
    await shaper.close()
    assert shaper.pid is None
    wait_for_end(child)


async def test_the_child_ends_when_its_parent_is_killed(raw: Path, tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(raw), str(tmp_path / "a.wav")),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), LIMIT_S))
    parent.kill()
    await parent.wait()
    wait_for_end(child)
