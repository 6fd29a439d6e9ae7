"""What people do with recordings that are kept: hold, release, look at, give out, rotate keys. Knows rows and files.

The one place for it: the command line and the API ask here. Every deed goes on record with who did it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from callcenter.embedded.folders import private_folder
from callcenter.jobs.checking import Look, export, look_at_all, look_at_one
from callcenter.jobs.hearing import Hearing
from callcenter.jobs.sealing import Sealer
from callcenter.model.ids import RecordingId
from callcenter.postgres.sealed import SealedFiles
from callcenter.sealing.keys import KeyRing, add_key, forget_keys

HEARD: Final = "heard.wav"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys there are, oldest first, and without which of them how many files could not be read."""

    current: str | None  # None: there is none yet, because nothing was ever sealed
    keys: tuple[str, ...] = ()
    needed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A new key seals from now on, and what was sealed has been put under it."""

    key: str
    rewrapped: int
    keys: tuple[str, ...]
    needed: Mapping[str, int]


class Vault:
    """All recordings that are kept. Methods raise PeerFault, and OSError where files are touched."""

    def __init__(self, files: SealedFiles, sealer: Sealer, keys: Path) -> None:
        self._files = files
        self._sealer = sealer
        self._keys = keys
        self._hearing = Hearing()

    async def hold(self, recording: RecordingId, by: str, reason: str) -> bool:
        """From now on nothing removes it. False if it is held already, is unknown, or has been removed."""
        return await self._files.hold(recording, by, reason)

    async def release(self, recording: RecordingId, by: str, reason: str) -> bool:
        """The hold is over. False if there is none."""
        return await self._files.release(recording, by, reason)

    async def verify(self, by: str, *, deep: bool) -> Look:
        """Read every file that is kept and compare it with its checksum; `deep`: decode it, too."""
        found = await look_at_all(self._files, self._sealer, deep=deep)
        for one in found.wrong:
            self._hearing.forget(RecordingId(one.recording))
        await self._files.deed("verify", None, by, f"{found.looked_at} read, {len(found.wrong)} wrong")
        return found

    async def verify_one(self, recording: RecordingId, by: str, *, deep: bool) -> str | None:
        """What is wrong with one, "" if nothing is; None: it has no file that is kept."""
        problem = await look_at_one(self._files, self._sealer, recording, deep=deep)
        if problem:
            self._hearing.forget(recording)
        if problem is not None:
            await self._files.deed("verify", recording, by, problem or "as it was")
        return problem

    async def export(self, recording: RecordingId, into: Path, by: str) -> bool:
        """Write it as WAV, decrypted and decoded. False if it has no file."""
        if not await export(self._files, self._sealer, recording, into):
            return False
        await self._files.deed("export", recording, by, str(into))
        return True

    async def opened(self, recording: RecordingId, by: str, note: str) -> BinaryIO | None:
        """The WAV, open to be read, without a name: nobody else finds it, and it goes by itself. None: it has no file.

        Asked for again within `hearing.KEPT_S`, it is not decoded again, nor written into the books.
        """
        if not await self._files.is_there(recording):
            self._hearing.forget(recording)
            return None
        file, first = await self._hearing.opened(recording, by, lambda: self._made(recording))
        if first:
            try:
                await self._files.deed("export", recording, by, note)
            except BaseException:
                self._hearing.forget(recording)
                if file is not None:
                    file.close()
                raise
        return file

    async def _made(self, recording: RecordingId) -> BinaryIO | None:
        folder = await asyncio.to_thread(private_folder, self._sealer.workshop.folder)
        with TemporaryDirectory(dir=folder) as scratch:
            into = Path(scratch) / HEARD
            if not await export(self._files, self._sealer, recording, into):
                return None
            return await asyncio.to_thread(into.open, "rb")

    async def keys(self) -> Keys:
        """How it stands with the keys. Raises ConfigurationError if the file of keys cannot be used."""
        used = await self._files.keys_used()
        if not self._keys.exists():
            return Keys(current=None, needed=used)
        ring = await asyncio.to_thread(KeyRing, self._keys)
        return Keys(current=ring.current, keys=ring.ids(), needed=used)

    async def rotate(self, by: str, *, forget: bool, progress: Callable[[int], None] = lambda _: None) -> Rotation:
        """Make a new key and put every sealed recording under it; can be repeated. `forget`: keys that nothing needs.

        Raises ConfigurationError if the file of keys cannot be used.
        """
        ring = await asyncio.to_thread(add_key, self._keys)
        rewrapped = 0
        for one in await self._files.under_other_keys(ring.current):
            rewrapped += await self._sealer.rewrap(one)
            progress(rewrapped)
        used = await self._files.keys_used()
        if forget:
            gone = [one for one in ring.ids() if one not in used]
            ring = await asyncio.to_thread(forget_keys, self._keys, gone)
        await self._files.deed("rotate_keys", None, by, f"{ring.current}: {rewrapped} rewrapped")
        return Rotation(key=ring.current, rewrapped=rewrapped, keys=ring.ids(), needed=used)
