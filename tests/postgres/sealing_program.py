"""Puts a recording away in processes that kill themselves at their 1st, 2nd, 3rd ... moment; prints how each went.

A moment is before, in the middle of, and after everything that touches a file or a row. Each run is a fork of this
process. After every kill another fork exports the recording (it must be whole, whatever the moment was), and a third
one goes on, unharmed.
"""

import asyncio
import functools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

from callcenter.jobs.sealing import Sealer
from callcenter.model.ids import RecordingId
from callcenter.model.sealed import Codec, Deed, SealedFile
from callcenter.postgres.pool import open_pool
from callcenter.postgres.sealed import Claimed, SealedFiles
from callcenter.sealing.encoding import Heard, hear_wav
from callcenter.sealing.keys import add_key, key_ring
from callcenter.sealing.store import FolderStore, Measure
from callcenter.sealing.workshop import Rules, Workshop
from tests.postgres.story import recorded

MOMENTS_MAX = 200


class Fate:
    """Kills this process at its nth moment."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def moment(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FatefulStore(FolderStore):
    def __init__(self, folder: Path, fate: Fate) -> None:
        super().__init__(folder)
        self._fate = fate

    def put(self, name: str, file: Path) -> None:
        self._fate.moment()
        partial = self.folder / f"{name}.partial"
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(file.read_bytes()[:1000])
        self._fate.moment()
        super().put(name, file)
        self._fate.moment()

    def measure(self, name: str) -> Measure:
        self._fate.moment()
        return super().measure(name)

    def remove(self, name: str) -> None:
        self._fate.moment()
        super().remove(name)
        self._fate.moment()


class FatefulWorkshop(Workshop):
    fate: Fate

    def _encoded(self, source: Path, into: Path) -> tuple[str, Heard | None]:
        into.write_bytes(b"fLaC, and what more had been written")
        self.fate.moment()
        into.unlink()
        found = super()._encoded(source, into)
        self.fate.moment()
        return found

    def prepare(self, file: SealedFile) -> SealedFile:
        made = super().prepare(file)
        self.fate.moment()
        return made

    def clear(self, file: SealedFile) -> None:
        Path(file.source).unlink(missing_ok=True)
        self.fate.moment()
        super().clear(file)
        self.fate.moment()


class FatefulClaim(Claimed):
    fate: Fate

    async def move(self, deed: Deed, changed: SealedFile, *, place: str | None = None) -> SealedFile:
        self.fate.moment()
        moved = await super().move(deed, changed, place=place)
        self.fate.moment()
        return moved


class FatefulFiles(SealedFiles):
    fate: Fate

    @asynccontextmanager
    async def claimed(self, recording: RecordingId) -> AsyncIterator[Claimed | None]:
        async with super().claimed(recording) as claim:
            if claim is not None:
                claim.__class__ = FatefulClaim
                assert isinstance(claim, FatefulClaim)
                claim.fate = self.fate
            yield claim


class Place:
    """Folders of one recording, and what is done with it."""

    def __init__(self, dsn: str, folder: Path, number: int) -> None:
        self.dsn = dsn
        self.recording = RecordingId(f"00000000-0000-0000-cc00-{number:012x}")
        self.folder = folder / str(number)
        self.source = self.folder / "recordings" / f"{self.recording}.wav"

    @asynccontextmanager
    async def sealer(self, fate: Fate) -> AsyncIterator[tuple[SealedFiles, Sealer]]:
        pool = await open_pool(self.dsn, size_max=2)
        files = FatefulFiles(pool)
        files.fate = fate
        store = FatefulStore(self.folder / "store", fate)
        keys = functools.partial(key_ring, self.folder / "keys")
        shop = FatefulWorkshop(self.folder / "work", store, Rules(codec=Codec.FLAC, encrypt=True), keys)
        shop.fate = fate
        sealer = Sealer(files, shop)
        try:
            yield files, sealer
        finally:
            sealer.close()
            await pool.close()

    async def record(self) -> None:
        """The recording, proven, in the records."""
        pool = await open_pool(self.dsn, size_max=1)
        await recorded(pool, self.recording, self.source)
        await pool.close()

    async def keep(self, fate: Fate) -> None:
        async with self.sealer(fate) as (files, sealer):
            await files.take()
            await sealer.bring_on(self.recording)

    async def rewrap(self, fate: Fate) -> None:
        async with self.sealer(fate) as (_, sealer):
            await sealer.bring_on(self.recording)  # what was begun
            await sealer.rewrap(self.recording)

    async def remove(self, fate: Fate) -> None:
        async with self.sealer(fate) as (_, sealer):
            await sealer.bring_on(self.recording)
            await sealer.remove(self.recording, "test", "it is one")

    async def whole(self, original: str) -> None:
        """Raises if the recording cannot be had as it was."""
        async with self.sealer(Fate(0)) as (files, sealer), files.claimed(self.recording) as claim:
            if claim is None:
                assert hear_wav(self.source).pcm_sha256 == original
                return
            into = self.folder / "out.wav"
            if claim.file.name and claim.file.step in ("taken", "prepared"):
                into.write_bytes(self.source.read_bytes())  # the copy is not believed yet
            else:
                sealer.workshop.export(claim.file, into)
            assert hear_wav(into).pcm_sha256 == original

    def left(self) -> list[str]:
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if "keys" not in path.name and path.name != "out.wav")


def forked(work: Callable[[], Coroutine[None, None, None]]) -> int:
    """Run it in a process of its own; gives how that ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(work())
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def one_run(place: Place, scenario: str, nth: int) -> dict[str, object]:
    """All of it, on a recording of its own."""
    work = {"keep": place.keep, "rewrap": place.rewrap, "remove": place.remove}[scenario]
    assert forked(place.record) == 0
    original = hear_wav(place.source).pcm_sha256
    if scenario != "keep":
        assert forked(lambda: place.keep(Fate(0))) == 0
    if scenario == "rewrap":
        add_key(place.folder / "keys")
    stays = scenario != "remove"
    ended = forked(lambda: work(Fate(nth)))
    whole = forked(lambda: place.whole(original)) if stays else 0
    went_on = forked(lambda: work(Fate(0)))
    whole_after = forked(lambda: place.whole(original)) if stays else 0
    said = {"nth": nth, "ended": ended, "whole": whole, "went_on": went_on, "whole_after": whole_after}
    return {**said, "left": place.left()}


def main() -> None:
    dsn, folder, scenario = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    for nth in range(1, MOMENTS_MAX):
        said = one_run(Place(dsn, folder, nth), scenario, nth)
        print(json.dumps(said), flush=True)  # noqa: T201 (for the test)
        if said["ended"] == 0:
            return


if __name__ == "__main__":
    main()
