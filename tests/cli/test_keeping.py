"""Commands about recordings that are kept: held, looked at, given out, put under another key."""

import asyncio
from pathlib import Path

import pytest

from callcenter.boot.works import sealer
from callcenter.cli.exits import Exit
from callcenter.config.settings_sources import load_settings
from callcenter.model.ids import RecordingId
from callcenter.postgres.pool import connect, open_pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.sealing.encoding import hear_wav
from tests.cli.terminal import Terminal
from tests.postgres.story import recorded

NAME = RecordingId("00000000-0000-0000-cc00-000000000001")
SEALED = '\n[recording]\nformat = "flac"\nencrypt = true\n'


class Site:
    """An installation whose recordings are FLAC, sealed."""

    def __init__(self, terminal: Terminal, dsn: str) -> None:
        self.terminal = terminal
        self.dsn = dsn
        terminal.uses_database(dsn)
        terminal.settings.write_text(terminal.settings.read_text() + SEALED)
        self.settings = load_settings(terminal.settings, {})
        self.wav = self.settings.recordings / f"{NAME}.wav"
        self.pcm = ""

    async def record(self) -> None:
        pool = await open_pool(self.dsn)
        await recorded(pool, NAME, self.wav)
        self.pcm = hear_wav(self.wav).pcm_sha256
        await pool.close()

    async def put_away(self) -> None:
        pool = await open_pool(self.dsn)
        work = sealer(self.settings, pool)
        await SealedFiles(pool).take()
        await work.bring_on(NAME)
        work.close()
        await pool.close()

    async def deeds(self) -> list[tuple[str, str]]:
        connection = await connect(self.dsn)
        found = await connection.fetch("SELECT deed, done_by FROM recording_deed ORDER BY at")
        await connection.close()
        return [(one["deed"], one["done_by"]) for one in found]

    def sealed(self) -> list[Path]:
        return sorted(self.settings.recordings.rglob("*.sealed"))


@pytest.fixture
async def site(terminal: Terminal, dsn: str) -> Site:
    made = Site(terminal, dsn)
    await made.record()
    await made.put_away()
    return made


async def test_a_recording_is_given_out_as_it_was_and_that_goes_on_record(site: Site, tmp_path: Path) -> None:
    into = tmp_path / "out.wav"
    said = await asyncio.to_thread(site.terminal.json, "recordings", "export", NAME, "--into", str(into))
    assert said["file"] == str(into)
    assert hear_wav(into).pcm_sha256 == site.pcm
    assert [deed for deed, _ in await site.deeds()] == ["export"]
    await asyncio.to_thread(site.terminal, "recordings", "export", NAME, "--into", str(into), expect=Exit.PROBLEMS)
    await asyncio.to_thread(site.terminal, "recordings", "export", "nothing", expect=Exit.NOT_FOUND)


async def test_one_that_is_not_put_away_yet_is_given_out_too(terminal: Terminal, dsn: str, tmp_path: Path) -> None:
    site = Site(terminal, dsn)
    await site.record()
    into = tmp_path / "out.wav"
    await asyncio.to_thread(terminal, "recordings", "export", NAME, "--into", str(into))
    assert hear_wav(into).pcm_sha256 == site.pcm


@pytest.mark.parametrize("words", [(), ("--deep",)])
async def test_what_was_changed_lost_or_put_there_is_found(site: Site, words: tuple[str, ...]) -> None:
    well = await asyncio.to_thread(site.terminal.json, "recordings", "verify", *words)
    assert (well["well"], well["looked_at"], well["wrong"]) == (True, 1, [])
    [path] = site.sealed()
    stray = path.with_name("00000000-0000-0000-cc00-00000000000f.flac")
    stray.write_bytes(b"who knows")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found = await asyncio.to_thread(site.terminal.json, "recordings", "verify", *words, expect=Exit.PROBLEMS)
    assert [(one["recording"], one["file"]) for one in found["wrong"]] == [(NAME, str(path)), ("", str(stray))]
    said = await asyncio.to_thread(site.terminal, "recordings", "verify", expect=Exit.PROBLEMS)
    assert "1 files read, 0 not put away yet, 2 wrong" in said.out


async def test_a_hold_and_its_end(site: Site) -> None:
    run = asyncio.to_thread
    said = await run(site.terminal.json, "recordings", "hold", NAME, "--reason", "a case")
    assert (said["done"], said["by"][:4]) == ("held", "cli:")
    await run(site.terminal, "recordings", "hold", NAME, "--reason", "again", expect=Exit.PROBLEMS)
    await run(site.terminal, "recordings", "hold", NAME, "--reason", " ", expect=Exit.USAGE)
    await run(site.terminal.json, "recordings", "release", NAME, "--reason", "it is over")
    await run(site.terminal, "recordings", "release", NAME, "--reason", "again", expect=Exit.PROBLEMS)
    await run(site.terminal, "recordings", "hold", "nothing", "--reason", "a case", expect=Exit.PROBLEMS)
    assert [deed for deed, _ in await site.deeds()] == ["hold", "release"]


async def test_another_key(site: Site, tmp_path: Path) -> None:
    run, into = asyncio.to_thread, tmp_path / "out.wav"
    [before] = site.sealed()
    said = await run(site.terminal.json, "recordings", "rotate-keys")
    assert (said["rewrapped"], len(said["keys"])) == (1, 2)
    [after] = site.sealed()
    assert (after.name, said["key"] in after.name) != (before.name, False)
    again = await run(site.terminal.json, "recordings", "rotate-keys", "--forget")
    assert (again["rewrapped"], again["keys"], again["needed"]) == (1, [again["key"]], {again["key"]: 1})
    await run(site.terminal, "recordings", "export", NAME, "--into", str(into))
    assert hear_wav(into).pcm_sha256 == site.pcm
    await run(site.terminal.json, "recordings", "verify", "--deep")
