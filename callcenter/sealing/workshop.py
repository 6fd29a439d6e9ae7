"""What is done to a recording's file, one method a step. Knows files, codecs, keys and the store; keeps no books.

Every method can be repeated, whoever was killed in the middle of it. It works in a folder of its own, and everything
that it leaves there is named after its recording. For threads: all of it takes long.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from callcenter.embedded.folders import private_folder
from callcenter.errors import Bug
from callcenter.model.ids import RECORDING_PATTERN
from callcenter.model.sealed import Codec, SealedFile
from callcenter.sealing.encoding import BadSound, Heard, decode, encode, hear_wav
from callcenter.sealing.envelope import opened, rewrap, seal
from callcenter.sealing.keys import KeyRing
from callcenter.sealing.store import NotStored, Store, measure_file, remove_file, sync

AS_IT_IS: Final = "as_it_is"  # a file that is no sound is kept byte by byte
SEALED_SUFFIX: Final = ".sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How recordings are kept from now on; what is kept already stays as it is."""

    codec: Codec = Codec.WAV
    encrypt: bool = False


class Workshop:
    """The steps of `model.sealed`. `keys` gives the keys; it is not asked while nothing is encrypted."""

    def __init__(self, folder: Path, store: Store, rules: Rules, keys: Callable[[], KeyRing]) -> None:
        self.folder = folder
        self.store = store
        self._rules = rules
        self._keys = keys
        self.halted = threading.Event()  # set: end soon, with Interrupted

    def prepare(self, file: SealedFile) -> SealedFile:
        """Make the file of work; what it is to be called, and is, comes back. Raises OSError, BadSound, Interrupted."""
        source = Path(file.source)
        self._clear_work(file)
        with self._scratch(file, "encoded") as encoded, self._scratch(file, "sealed") as sealed:
            codec, heard = self._encoded(source, encoded)
            ready = encoded if codec not in (AS_IT_IS, Codec.WAV) else source
            key = ""
            if self._rules.encrypt:
                keys = self._keys()
                key = keys.current
                with ready.open("rb") as plain, sealed.open("xb") as into:
                    seal(plain, into, key, keys)
                _check_sealed(ready, sealed, keys)
                ready = sealed
            name = _name(file, codec, key)
            measured = measure_file(ready)
            if ready is not source:
                sync(ready)
                ready.replace(self._work(file))
                sync(self.folder)
        return msgspec.structs.replace(
            file,
            name=name,
            codec=codec,
            key=key,
            sha256=measured.sha256,
            size=measured.size,
            pcm_sha256=heard.pcm_sha256 if heard is not None else "",
        )

    def put(self, file: SealedFile) -> bool:
        """Copy the file of work into the store, and read it back. False if it is not what its checksum says.

        Raises BadSound if the store gives back something else.
        """
        work = self._work(file)
        try:
            if measure_file(work).sha256 != file.sha256:
                return False
        except FileNotFoundError:
            work = Path(file.source)  # kept as it is
            if not work.exists() or measure_file(work).sha256 != file.sha256:
                return False
        self.store.put(file.name, work)
        if not self.is_stored(file):
            raise BadSound(f"the store does not keep what it is given: {file.name}")
        return True

    def is_stored(self, file: SealedFile) -> bool:
        """Whether the store has it, whole. Reads all of it."""
        try:
            return self.store.measure(file.name).sha256 == file.sha256
        except NotStored:
            return False

    def clear(self, file: SealedFile) -> None:
        """What lies outside the store goes."""
        if Path(file.source) != Path(self.store.place(file.name)):
            remove_file(Path(file.source))
        self._clear_work(file)

    def remove(self, file: SealedFile) -> None:
        """Everything goes, wherever it is."""
        for name in (file.name, file.stale):
            if name:
                self.store.remove(name)
        remove_file(Path(file.source))
        self._clear_work(file)

    def rewrapped(self, file: SealedFile) -> SealedFile | None:
        """A copy under the current key, in the store beside the old one, which becomes stale. None: it has that key."""
        keys = self._keys()
        key = keys.current
        if key == file.key:
            return None
        with self._scratch(file, "fetched") as fetched, self._scratch(file, "sealed") as sealed:
            self._fetch(file, fetched)
            with fetched.open("rb") as old, sealed.open("xb") as into:
                rewrap(old, into, key, keys)
            _check_sealed(fetched, sealed, keys, plain=False)
            measured = measure_file(sealed)
            name = _name(file, file.codec, key)
            changed = msgspec.structs.replace(
                file, name=name, key=key, sha256=measured.sha256, size=measured.size, stale=file.name
            )
            self.store.put(name, sealed)
            if not self.is_stored(changed):
                raise BadSound(f"the store does not keep what it is given: {name}")
        return changed

    def export(self, file: SealedFile, into: Path) -> None:
        """Write the recording as WAV (a file that is no sound: as it is). Raises PeerFault if it is not what it was."""
        with self._scratch(file, "fetched") as fetched, self._scratch(file, "opened") as plain:
            if file.name:
                self._fetch(file, fetched)
            else:
                fetched = Path(file.source)
            if file.key:
                with fetched.open("rb") as sealed, plain.open("xb") as out:
                    out.writelines(opened(sealed, self._keys()))
                fetched = plain
            if not file.name or file.codec in (AS_IT_IS, Codec.WAV):
                into.write_bytes(fetched.read_bytes())
                return
            heard = decode(fetched, into, Codec(file.codec))
            if file.codec == Codec.FLAC and heard.pcm_sha256 != file.pcm_sha256:
                raise BadSound("what comes out is not what was recorded")

    def _fetch(self, file: SealedFile, into: Path) -> None:
        self.store.fetch(file.name, into)
        if measure_file(into).sha256 != file.sha256:
            raise BadSound(f"{self.store.place(file.name)} is not what was stored: its checksum differs")

    def _encoded(self, source: Path, into: Path) -> tuple[str, Heard | None]:
        codec = self._rules.codec
        try:
            if codec is Codec.WAV:
                return codec, hear_wav(source)
            return codec, encode(source, into, codec, lambda: not self.halted.is_set())
        except BadSound:
            return AS_IT_IS, None  # proving said what is wrong with it; it is kept all the same

    def _work(self, file: SealedFile) -> Path:
        return self.folder / f"{_checked(file)}.work"

    @contextmanager
    def _scratch(self, file: SealedFile, what: str) -> Iterator[Path]:
        """A name for a file that is gone afterwards; what a killed process left there goes first."""
        private_folder(self.folder)
        path = self.folder / f"{_checked(file)}.{what}"
        path.unlink(missing_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _clear_work(self, file: SealedFile) -> None:
        if self.folder.is_dir():
            for path in self.folder.glob(f"{_checked(file)}.*"):
                remove_file(path)


def _check_sealed(source: Path, sealed: Path, keys: KeyRing, *, plain: bool = True) -> None:
    """Open what was sealed, and compare it with what it was made of."""
    with sealed.open("rb") as mine, source.open("rb") as theirs:
        pieces = opened(mine, keys)
        if plain:
            same = all(theirs.read(len(piece)) == piece for piece in pieces) and not theirs.read(1)
        else:
            same = all(piece == other for piece, other in zip(pieces, opened(theirs, keys), strict=True))
    if not same:
        raise Bug(f"{sealed.name} does not hold what was sealed into it")


def _name(file: SealedFile, codec: str, key: str) -> str:
    day = dt.datetime.fromtimestamp(file.stopped, dt.UTC)
    suffix = codec.replace("_", "-") if codec != AS_IT_IS else "wav"
    sealed = f".{key}{SEALED_SUFFIX}" if key else ""
    return f"{day:%Y/%m/%d}/{_checked(file)}.{suffix}{sealed}"


def _checked(file: SealedFile) -> str:
    if not RECORDING_PATTERN.fullmatch(file.recording):
        raise Bug(f"{file.recording!r} is no name of a recording")
    return file.recording
