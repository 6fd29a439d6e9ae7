"""The supervisor, on a real small program: ready, crash, backoff, stop, our own sudden end, adoption."""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenter.embedded.pidfile import living, read_pid_file, write_pid_file
from callcenter.embedded.supervise import TRANSITIONS, ChildInput, ChildState
from callcenter.errors import ConfigurationError, PeerUnavailable
from tests.embedded.world import Kennel, another_of_us, fact, kill, runs

OWNER = """\
import asyncio, pathlib, sys
from tests.embedded.world import supervisor_of
async def main():
    supervisor = supervisor_of(pathlib.Path(sys.argv[1]))
    await supervisor.start()
    print("supervises", supervisor.status().pid, file=sys.stderr, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize(("state", "input_"), list(itertools.product(ChildState, ChildInput)))
def test_only_these_moves_exist(state: ChildState, input_: ChildInput) -> None:
    """Stopping is possible from every state in which something runs or is about to, and always ends in stopped."""
    if input_ is ChildInput.STOP:
        alive = state in {ChildState.STARTING, ChildState.READY, ChildState.BACKING_OFF}
        assert ((state, input_) in TRANSITIONS) == alive
    after = TRANSITIONS.get((state, input_))
    if after is ChildState.READY:
        assert (state, input_) == (ChildState.STARTING, ChildInput.ANSWERED)
    if state is ChildState.STOPPING and after is not None:
        assert (input_, after) == (ChildInput.GONE, ChildState.STOPPED)


async def test_a_program_is_started_seen_ready_and_stopped(kennel: Kennel) -> None:
    supervisor = kennel.supervisor()
    await supervisor.start()
    status = supervisor.status()
    assert status.state is ChildState.READY
    assert status.pid == kennel.pid()
    assert not status.adopted
    assert os.getsid(kennel.pid()) == kennel.pid() != os.getsid(0)  # out of reach of our terminal's signals
    await supervisor.stop()
    assert not runs(kennel.pid())
    assert supervisor.status().last_exit == -signal.SIGTERM
    assert kennel.watcher.states == [S.STARTING, S.READY, S.STOPPING, S.STOPPED]
    assert not kennel.pid_file.exists()
    await supervisor.stop()  # once more is no harm


async def test_a_program_that_crashes_is_started_again_each_time_later(kennel: Kennel) -> None:
    supervisor = kennel.supervisor()
    await supervisor.start()
    for crash in (1, 2, 3):
        kill(kennel.pid())
        await kennel.watcher.until(S.READY, times=crash + 1)
    status = supervisor.status()
    assert (status.restarts, status.last_exit) == (3, -signal.SIGKILL)
    assert status.pid == kennel.pid()
    assert [supervisor._backoff_s(n) for n in (0, 1, 2, 1000)] == [0.02, 0.04, 0.05, 0.05]


async def test_it_can_be_stopped_while_it_waits_to_start_again(kennel: Kennel) -> None:
    supervisor = kennel.supervisor()
    await supervisor.start()
    kill(kennel.pid())
    await kennel.watcher.until(S.BACKING_OFF)
    await supervisor.stop()
    assert supervisor.status().state is S.STOPPED
    assert not runs(kennel.pid())


async def test_a_program_that_dies_at_once_is_reported_with_its_own_words(kennel: Kennel) -> None:
    supervisor = kennel.supervisor("dies")
    with pytest.raises(PeerUnavailable, match="cannot go on"):
        await supervisor.start()
    assert supervisor.status().state is S.STOPPED
    assert supervisor.status().last_exit == 1


async def test_a_program_that_never_gets_ready_is_taken_down_again(kennel: Kennel) -> None:
    supervisor = kennel.supervisor("mute", ready_limit_s=1.0)
    with pytest.raises(PeerUnavailable, match="hello from"):
        await supervisor.start()
    assert not runs(int((kennel.folder / "ready.new").read_text()))


async def test_a_program_that_does_not_exist_is_named(kennel: Kennel, tmp_path: Path) -> None:
    supervisor = kennel.supervisor()
    supervisor._line = type(supervisor._line)(argv=("/no/such/program",), environment={}, folder=tmp_path)
    with pytest.raises(PeerUnavailable, match="/no/such/program"):
        await supervisor.start()


async def test_a_stubborn_program_is_killed_with_all_it_started(kennel: Kennel) -> None:
    supervisor = kennel.supervisor("stubborn", "parent", stop_limit_s=0.1)
    await supervisor.start()
    written = kennel.folder / "grandchild"
    await fact(lambda: written.exists() and bool(written.read_text()), "the grandchild said who it is")
    grandchild = int(written.read_text())
    await supervisor.stop()
    assert supervisor.status().last_exit == -signal.SIGKILL
    await fact(lambda: not runs(grandchild), "the grandchild is gone too")


async def test_our_own_sudden_end_leaves_the_program_and_the_next_start_adopts_it(kennel: Kennel) -> None:
    async with another_of_us(OWNER, kennel.folder) as (words, die):
        pid = int(words[1])
        die()
    assert runs(pid)
    supervisor = kennel.supervisor()
    await supervisor.start()
    assert supervisor.status().adopted
    assert supervisor.status().pid == kennel.pid() == pid
    kill(pid)  # an adopted one is watched as well
    again = await kennel.watcher.until(S.READY, times=2)
    assert not again.adopted
    assert again.pid == kennel.pid() != pid
    await supervisor.stop()
    assert not runs(kennel.pid())


async def test_an_adopted_program_is_stopped_like_our_own(kennel: Kennel) -> None:
    first = kennel.supervisor()
    await first.start()
    await first.leave()
    kennel.made.clear()
    second = kennel.supervisor()
    await second.start()
    assert second.status().adopted
    await second.stop()
    assert not runs(kennel.pid())


async def test_an_adopted_program_that_does_not_answer_is_replaced(kennel: Kennel) -> None:
    first = kennel.supervisor()
    await first.start()
    await first.leave()
    kennel.made.clear()
    old = kennel.pid()
    (kennel.folder / "ready").unlink()
    second = kennel.supervisor(ready_limit_s=1.0)
    await second.start()
    assert not second.status().adopted
    assert not runs(old)


@asynccontextmanager
async def stranger(program: Path = Path("/bin/sleep")) -> AsyncIterator[int]:
    """The pid of a program that is not ours; it must be alive at the end."""
    sleeps = await asyncio.create_subprocess_exec(program, "600")
    try:
        yield sleeps.pid
        assert sleeps.returncode is None
    finally:
        sleeps.kill()
        await sleeps.wait()


async def test_a_pid_that_now_belongs_to_another_program_is_left_alone(kennel: Kennel) -> None:
    """The kernel hands pids out again: same number, other start time, or another boot."""
    async with stranger() as pid:
        kennel.pid_file.parent.mkdir()
        write_pid_file(kennel.pid_file, pid)
        assert read_pid_file(kennel.pid_file) == living(pid)
        boot, stat = kennel.pid_file.read_text().split("\n", 1)
        fields = stat.split(" ")
        earlier = " ".join([*fields[:21], str(int(fields[21]) - 1), *fields[22:]])
        for text in (f"{boot}\n{earlier}", f"{boot[::-1]}\n{stat}"):
            kennel.pid_file.write_text(text)
            supervisor = kennel.supervisor()
            await supervisor.start()
            assert not supervisor.status().adopted
            assert supervisor.status().pid == kennel.pid() != pid
            await supervisor.stop()
            assert runs(pid)


@pytest.mark.parametrize("text", ["", "half", "boot\n12 (x", "boot\n12 (x) S 1\n", "boot\nx (y) " + "S " * 30 + "\n"])
async def test_a_broken_pid_file_means_nobody(kennel: Kennel, text: str) -> None:
    kennel.pid_file.parent.mkdir()
    kennel.pid_file.write_text(text)
    assert read_pid_file(kennel.pid_file) is None
    supervisor = kennel.supervisor()
    await supervisor.start()
    assert not supervisor.status().adopted


async def test_a_program_name_with_parentheses_does_not_confuse(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    async with stranger(odd) as pid:
        await fact(lambda: ") R 1 (" in Path(f"/proc/{pid}/stat").read_text(), "it became sleep")
        identity = living(pid)
        assert identity is not None
        assert identity.pid == pid
        assert identity.started > 1000
        assert identity.lives()
    assert not identity.lives()


async def test_two_of_us_do_not_supervise_one_program(kennel: Kennel) -> None:
    first = kennel.supervisor()
    await first.start()
    second = kennel.supervisor()
    with pytest.raises(ConfigurationError, match="another call center already runs dog"):
        await second.start()
    assert first.status().state is S.READY
    assert runs(kennel.pid())


async def test_its_log_is_kept_short_while_it_goes_on_writing(kennel: Kennel) -> None:
    supervisor = kennel.supervisor("talks", log_size_max=1000)
    await supervisor.start()
    older = kennel.log_file.with_name("dog.log.1")
    await fact(lambda: older.exists() and kennel.log_file.stat().st_size == 0, "the log was emptied")
    assert "x" * 5000 in older.read_text()
    kill(kennel.pid())
    await kennel.watcher.until(S.READY, times=2)
    assert older.stat().st_size < 2 * 5100


async def test_status_can_be_written_as_json(kennel: Kennel) -> None:
    supervisor = kennel.supervisor()
    status = supervisor.status()
    assert json.dumps([status.state, status.pid, status.restarts]) == '["stopped", null, 0]'


S = ChildState
