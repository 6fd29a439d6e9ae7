"""The embedded Postgres, for real: first start, restart, our sudden end, its sudden end, stale files."""

import asyncio
import os
import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from callcenter.embedded.account import unprivileged_account
from callcenter.embedded.folders import home_for
from callcenter.embedded.ports import PortBook
from callcenter.embedded.postgres import EmbeddedPostgres
from callcenter.embedded.postgres_programs import locate_postgres_binaries
from callcenter.embedded.supervise import ChildState
from callcenter.errors import ConfigurationError
from tests.embedded.world import Watcher, another_of_us, kill, runs

pytestmark = pytest.mark.slow

OWNER = """\
import asyncio, pathlib, sys
from tests.embedded.test_postgres import server
async def main():
    postgres = server(pathlib.Path(sys.argv[1]))
    print("dsn", await postgres.start(), postgres.status().pid, file=sys.stderr, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def server(var: Path, watcher: Watcher | None = None, port: int | None = None) -> EmbeddedPostgres:
    book = PortBook(var / "state/ports.json")
    return EmbeddedPostgres(locate_postgres_binaries(), var=var, ports=book, port=port, changed=watcher)


@asynccontextmanager
async def started(var: Path, watcher: Watcher | None = None) -> AsyncIterator[tuple[EmbeddedPostgres, str]]:
    postgres = server(var, watcher)
    try:
        yield postgres, await postgres.start()
    finally:
        await postgres.stop()


async def ask(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        answers = [await connection.fetchval(statement) for statement in statements]
        return answers[-1]
    finally:
        await connection.close()


def command_lines() -> list[str]:
    """What everybody on the machine can see."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return found


def pid_of(postgres: EmbeddedPostgres) -> int:
    status = postgres.status()
    assert status is not None
    assert status.pid is not None
    return status.pid


async def test_first_start_second_start_and_stop(open_folder: Path) -> None:
    async with started(open_folder) as (postgres, dsn):
        assert dsn.startswith("postgresql://callcenter:")
        assert "@127.0.0.1:" in dsn
        await ask(dsn, "CREATE TABLE call (id int)", "INSERT INTO call VALUES (7)")
        assert await ask(dsn, "SELECT current_setting('fsync') || current_setting('server_encoding')") == "onUTF8"
        pid = pid_of(postgres)
    assert not runs(pid)
    async with started(open_folder) as (_, again):
        assert again == dsn
        assert await ask(again, "SELECT id FROM call") == 7


async def test_only_the_password_opens_it_and_nobody_else_can_look_in(open_folder: Path) -> None:
    async with started(open_folder) as (postgres, dsn):
        password = dsn.partition("callcenter:")[2].partition("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(dsn.replace(password, "x" * 32), "SELECT 1")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await ask(dsn.replace("callcenter:", "keeper:"), "SELECT 1")
        assert not await ask(dsn, "SELECT usesuper FROM pg_user WHERE usename = current_user")
        assert postgres.sockets is not None
        for folder in (open_folder / "postgres", postgres.sockets, open_folder / "state/secrets"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        told = (open_folder / "log/postgres.log").read_text()
        assert password not in told
        assert not any(password in line for line in await asyncio.to_thread(command_lines))


async def test_after_our_sudden_end_it_is_adopted_with_its_sessions(open_folder: Path) -> None:
    async with another_of_us(OWNER, open_folder) as ((_, dsn, pid), die):
        session = await asyncpg.connect(dsn)
        die()
    try:
        async with started(open_folder) as (postgres, again):
            assert (again, pid_of(postgres)) == (dsn, int(pid))
            assert await session.fetchval("SELECT 1") == 1
    finally:
        await session.close()
    assert not runs(int(pid))


async def test_it_is_found_even_if_our_own_notes_are_lost(open_folder: Path) -> None:
    first = server(open_folder)
    dsn = await first.start()
    pid = pid_of(first)
    await first.leave()
    (open_folder / "state/postgres.pid").unlink()
    (open_folder / "state/ports.json").unlink()
    async with started(open_folder) as (postgres, again):
        assert (again, pid_of(postgres)) == (dsn, pid)


async def test_after_its_own_sudden_end_it_comes_back_with_its_data(open_folder: Path) -> None:
    watcher = Watcher()
    async with started(open_folder, watcher) as (postgres, dsn):
        await ask(dsn, "CREATE TABLE call (id int)", "INSERT INTO call VALUES (7)")
        kill(pid_of(postgres))
        await watcher.until(ChildState.READY, times=2)
        assert await ask(dsn, "SELECT id FROM call") == 7


async def test_both_killed_it_recovers(open_folder: Path) -> None:
    first = server(open_folder)
    dsn = await first.start()
    await ask(dsn, "CREATE TABLE call (id int)", "INSERT INTO call VALUES (7)")
    pid = pid_of(first)
    await first.leave()
    kill(pid)
    async with started(open_folder) as (postgres, again):
        assert pid_of(postgres) != pid
        assert await ask(again, "SELECT id FROM call") == 7


async def test_a_stale_postmaster_pid_of_a_reused_number_does_not_stop_it(open_folder: Path) -> None:
    async with started(open_folder) as (_, dsn):
        await ask(dsn, "CREATE TABLE call (id int)")
    account = unprivileged_account(open_folder / "postgres")
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "600", user=account.uid if account else None)
    try:
        noted = open_folder / "postgres/data/postmaster.pid"
        noted.write_text(f"{stranger.pid}\n{noted.parent}\n1700000000\n5432\n\n127.0.0.1\n 1 1\nready   \n")
        async with started(open_folder) as (_, dsn):
            assert await ask(dsn, "SELECT count(*) FROM call") == 0
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_half_an_init_is_done_again(open_folder: Path) -> None:
    half = open_folder / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with started(open_folder) as (_, dsn):
        assert await ask(dsn, "SELECT 1") == 1
    assert not half.exists()


async def test_a_lost_password_is_replaced_by_a_new_one(open_folder: Path) -> None:
    async with started(open_folder) as (_, dsn):
        pass
    (open_folder / "state/secrets/postgres").unlink()
    async with started(open_folder) as (_, again):
        assert again != dsn
        assert await ask(again, "SELECT 1") == 1


async def test_data_of_another_release_are_refused(open_folder: Path) -> None:
    async with started(open_folder):
        pass
    (open_folder / "postgres/data/PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match="is of Postgres 9"):
        await server(open_folder).start()


async def test_a_chosen_port_in_use_is_said(open_folder: Path) -> None:
    async with started(open_folder) as (_, dsn):
        port = int(dsn.rpartition(":")[2].partition("/")[0])
        other = open_folder / "other"
        with pytest.raises(ConfigurationError, match=f"port {port} is in use"):
            await server(other, port=port).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account run it")
async def test_below_a_closed_folder_root_keeps_the_data_elsewhere(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    try:
        async with started(closed / "var") as (postgres, dsn):
            assert await ask(dsn, "SELECT 1") == 1
            place = (closed / "var/postgres.place").read_text().strip()
            assert postgres.sockets is not None
            assert postgres.sockets.is_relative_to(place)
            assert postgres.sockets.stat().st_uid != 0
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        account = unprivileged_account(closed / "var/postgres")
        assert str(home_for(account, closed / "var/postgres")) == place  # found again
        (closed / "var/postgres.place").unlink()
        other = home_for(account, closed / "var/postgres")  # a call center that begins anew
        assert str(other) != place
        assert not any(other.iterdir())
        other.rmdir()
    finally:
        await asyncio.to_thread(subprocess.run, ["rm", "-rf", "--", place], check=True)


def test_programs_are_the_configured_ones_or_the_wheels(tmp_path: Path) -> None:
    found = locate_postgres_binaries()
    assert found.version >= 15
    assert locate_postgres_binaries(found.folder).folder == found.folder
    with pytest.raises(ConfigurationError, match="holds no postgres"):
        locate_postgres_binaries(tmp_path)


def test_programs_can_be_moved_where_another_account_reaches_them(tmp_path: Path) -> None:
    found = locate_postgres_binaries()
    if not found.parts:
        pytest.skip("the system's own programs stay where they are")
    moved = found.copied(tmp_path)
    assert moved.folder.is_relative_to(tmp_path)
    assert locate_postgres_binaries(moved.folder).version == found.version
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        moved.copied(tmp_path / "again")
