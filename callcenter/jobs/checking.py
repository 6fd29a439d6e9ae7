"""Looks at every recording that is kept, and gives one out. Knows rows and files; changes neither."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import msgspec

from callcenter.embedded.folders import private_folder
from callcenter.errors import PeerFault
from callcenter.jobs.sealing import Claim, Sealer
from callcenter.model.ids import RecordingId
from callcenter.model.sealed import SealedFile, Step
from callcenter.sealing.store import Listed


class Kept(Protocol):
    """The rows, for who looks."""

    def everything(self) -> AsyncIterator[SealedFile]: ...

    def claimed(self, recording: RecordingId) -> AbstractAsyncContextManager[Claim | None]: ...

    async def proven(self, recording: RecordingId) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A file that is not as it should be. `recording` is empty for one that belongs to none."""

    recording: str
    place: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found."""

    looked_at: int
    underway: int  # not in the store yet: their WAV is there
    wrong: tuple[Wrong, ...]


async def look_at_all(files: Kept, sealer: Sealer, *, deep: bool = False) -> Look:
    """Read everything. `deep`: open and decode it too, which takes long. Files of no recording are wrong too."""
    looked_at = underway = 0
    wrong: list[Wrong] = []
    known: set[str] = set()
    async for file in files.everything():
        known |= {file.name, file.stale}
        if file.step is Step.REMOVED:
            continue
        async with files.claimed(file.recording) as claim:  # as it is now, while nobody works on it
            now = claim.file if claim is not None else file
            known |= {now.name, now.stale}
            if now.step is Step.REMOVED:
                continue
            underway += now.step is not Step.KEPT
            looked_at += 1
            problem = await sealer.in_thread(lambda now=now: _problem(sealer, now, deep=deep))  # type: ignore[misc]
        if problem:
            place = sealer.workshop.store.place(now.name) if now.step is Step.KEPT else now.source
            wrong.append(Wrong(recording=file.recording, place=place, problem=problem))
    store = sealer.workshop.store
    if isinstance(store, Listed):
        strays = [name for name in await sealer.in_thread(lambda: list(store.names())) if name not in known]
        for name in strays:
            recording = RecordingId(name.split("/")[-1].split(".")[0])
            if await files.proven(recording) != store.place(name):
                wrong.append(Wrong(recording="", place=store.place(name), problem="belongs to no recording on record"))
    return Look(looked_at=looked_at, underway=underway, wrong=tuple(wrong))


async def look_at_one(files: Kept, sealer: Sealer, recording: RecordingId, *, deep: bool) -> str | None:
    """What is wrong with one recording's file, "" if nothing is. None if it has none, or none any more."""
    async with files.claimed(recording) as claim:
        if claim is None or claim.file.step in (Step.REMOVING, Step.REMOVED):
            return None
        return await sealer.in_thread(lambda: _problem(sealer, claim.file, deep=deep))


async def export(files: Kept, sealer: Sealer, recording: RecordingId, into: Path) -> bool:
    """Write a recording as WAV. False if it has no file. Raises PeerFault if the file is not what it was, OSError."""
    async with files.claimed(recording) as claim:
        if claim is None:
            path = await files.proven(recording)
            if not path:
                return False
            await sealer.in_thread(lambda: _copy(Path(path), into))
            return True
        file = claim.file
        if file.step in (Step.REMOVING, Step.REMOVED):
            return False
        await sealer.in_thread(lambda: sealer.workshop.export(believed(file), into))
    return True


def believed(file: SealedFile) -> SealedFile:
    """Until the copy in the store is on record as whole, the WAV is the recording."""
    return msgspec.structs.replace(file, name="", key="") if file.step in (Step.TAKEN, Step.PREPARED) else file


def _problem(sealer: Sealer, file: SealedFile, *, deep: bool) -> str:
    try:
        if file.step in (Step.TAKEN, Step.PREPARED):
            return "" if Path(file.source).is_file() else "the WAV is gone, and no copy is in the store"
        if not sealer.workshop.is_stored(file):
            return "is not in the store, or not what was put there"
        if deep:
            with TemporaryDirectory(dir=private_folder(sealer.workshop.folder)) as scratch:
                sealer.workshop.export(file, Path(scratch) / "heard.wav")
    except (OSError, PeerFault) as fault:
        return str(fault)
    return ""


def _copy(source: Path, into: Path) -> None:
    into.write_bytes(source.read_bytes())
