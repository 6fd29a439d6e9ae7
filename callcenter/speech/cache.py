"""The folder of finished sounds. Knows keys, file sizes and when a sound was last wanted; knows no speech.

Theory: a sound's name is a hash of all that it sounds like, so a file, once there, is right for ever and is shared by
everyone who wants it; two call centers may even share a folder. Room is made by dropping what was wanted longest ago,
with two exceptions: pinned sounds (prompts without variables) stay, and so does what was handed out a moment ago, as
Asterisk may be about to open it. The order survives a restart as the files' modification times.
"""

import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.errors import ConfigurationError, Problem
from callcenter.speech.wav import UNFINISHED_SUFFIX

CACHE_BYTES_MAX: Final = 512 * 1024 * 1024
"""About nine hours of speech."""
CACHE_FILES_MAX: Final = 20_000
UNUSED_KEEP_S: Final = 7 * 24 * 3600.0
"""A spoken name or number is personal: it does not stay on the disk for good because there is room."""
PLAY_GRACE_S: Final = 300.0
"""From being handed out to being opened by Asterisk: prompts that are played before it can take their time."""
TOUCH_EVERY_S: Final = 3600.0
LEFTOVER_AFTER_S: Final = 3600.0
"""An unfinished file this old was left by a process that died; a younger one may be another process's."""

_NAME: Final = re.compile(r"[0-9a-f]{64}\.wav")
_UNPLAYABLE_SIGNS: Final = re.compile(r"[,&|\"'\\\x00-\x1f\x7f]")
"""`,` parts media in ARI, `&` files in the dialplan, the rest need quoting in AGI."""


@dataclass(slots=True)
class _Kept:
    size: int
    wanted_at: float  # by the clock that was given
    touched_at: float


class SoundCache:
    """Files `<64 hex digits>.wav` in one folder, at most so many and so large. Not for use from several threads."""

    def __init__(
        self,
        folder: Path,
        *,
        bytes_max: int = CACHE_BYTES_MAX,
        files_max: int = CACHE_FILES_MAX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives UTC seconds, comparable with files' times. Nothing is touched before `open`."""
        self.folder = folder
        self._bytes_max = bytes_max
        self._files_max = files_max
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # longest unwanted first
        self._bytes = 0
        self._pinned: frozenset[str] = frozenset()

    @property
    def making(self) -> Path:
        """Where voices write what is not finished yet."""
        return self.folder / "making"

    def open(self) -> None:
        """Make the folder, learn what is in it, drop what an earlier process left unfinished. Blocks for milliseconds.

        Raises ConfigurationError if the folder cannot be used.
        """
        check_playable(self.folder, "speech cache folder")
        try:
            self.making.mkdir(parents=True, exist_ok=True)
            for leftover in [*self.making.iterdir(), *self.folder.glob(f"*{UNFINISHED_SUFFIX}")]:
                if self._clock() - leftover.stat().st_mtime > LEFTOVER_AFTER_S:
                    leftover.unlink(missing_ok=True)
            found = [entry for entry in os.scandir(self.folder) if _NAME.fullmatch(entry.name)]
        except OSError as error:
            raise ConfigurationError([Problem(where=str(self.folder), what=f"cannot be used: {error}")]) from error
        stats = sorted((entry.stat().st_mtime, entry.name, entry.stat().st_size) for entry in found)
        self._kept.clear()
        for wanted_at, name, size in stats:
            self._kept[name.removesuffix(".wav")] = _Kept(size=size, wanted_at=wanted_at, touched_at=wanted_at)
        self._bytes = sum(kept.size for kept in self._kept.values())
        self._make_room()

    def path(self, key: str) -> Path:
        """Where the sound of this key is or will be."""
        return self.folder / f"{key}.wav"

    def find(self, key: str) -> Path | None:
        """The finished file, which from now on is the one wanted last; None if it is not there (any more)."""
        path = self.path(key)
        kept = self._kept.get(key)
        if kept is None and not path.is_file():
            return None
        try:
            if kept is None:  # another process made it
                self.add(key)
                return path
            now = self._clock()
            if now - kept.touched_at >= TOUCH_EVERY_S:
                os.utime(path, (now, now))
                kept.touched_at = now
            elif not path.is_file():
                raise FileNotFoundError(path)
        except FileNotFoundError:  # somebody emptied the folder; it will be made again
            self._forget(key)
            return None
        kept.wanted_at = now
        self._kept.move_to_end(key)
        return path

    def add(self, key: str) -> None:
        """Count in a file that was just put at `path(key)`, and make room. Raises OSError if it is not there."""
        size = self.path(key).stat().st_size
        self._forget(key)
        now = self._clock()
        self._kept[key] = _Kept(size=size, wanted_at=now, touched_at=now)
        self._bytes += size
        self._make_room()

    def pin(self, keys: Iterable[str]) -> None:
        """These, and no others any more, are never dropped."""
        self._pinned = frozenset(keys)

    def _make_room(self) -> None:
        now = self._clock()
        for key, kept in list(self._kept.items()):
            unused_s = now - kept.wanted_at
            crowded = self._bytes > self._bytes_max or len(self._kept) > self._files_max
            if not crowded and unused_s <= UNUSED_KEEP_S:
                return  # the rest was wanted later
            overfull = self._bytes > 2 * self._bytes_max or len(self._kept) > 2 * self._files_max
            if key not in self._pinned and (unused_s > PLAY_GRACE_S or overfull):
                self.path(key).unlink(missing_ok=True)
                self._forget(key)

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size


def check_playable(folder: Path, what: str) -> None:
    """Raises ConfigurationError if Asterisk could not be told to play a file in this folder."""
    if not folder.is_absolute():
        raise ConfigurationError([Problem(where=f"{what} {folder}", what="is not an absolute path")])
    bad = _UNPLAYABLE_SIGNS.search(str(folder))
    if bad is not None:
        remedy = "use a folder without commas, ampersands, quotes and the like"
        raise ConfigurationError(
            [Problem(where=f"{what} {folder}", what=f"has {bad.group()!r} in its name", remedy=remedy)]
        )
