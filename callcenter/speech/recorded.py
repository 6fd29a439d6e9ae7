"""Prompts that somebody recorded: files `<language>/<prompt's name>.wav`. Knows the folder; knows no texts, no voices.

A file that Asterisk can play as it is (16 bits, 8 kHz, one channel) is played where it lies. Any other PCM WAV file is
converted once into the cache. Files may come, change and go while calls are up: a file is looked at when it is wanted.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from callcenter.errors import Problem
from callcenter.speech.cache import check_playable
from callcenter.speech.making import SoundMaker, key_of
from callcenter.speech.telephone import TELEPHONE_RATE
from callcenter.speech.wav import BadWav, read_header

RECORDED_S_MAX: Final = 600.0
"""A recorded prompt longer than ten minutes is a file in the wrong folder."""
RECORDED_BYTES_MAX: Final = 64 * 1024 * 1024

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was found in a file; as long as its stamp is the same it need not be looked into again."""

    stamp: tuple[int, int]  # time of change in ns, size
    key: str | None = None  # of the converted sound; None: the file itself is played
    problem: Problem | None = None  # why it cannot be used


class RecordedPrompts:
    """The folder of recorded prompts. Raises ConfigurationError at once if Asterisk could not be told its path."""

    def __init__(self, folder: Path, maker: SoundMaker) -> None:
        check_playable(folder, "recorded prompts folder")
        self._folder = folder
        self._maker = maker
        self._looks: dict[Path, _Look] = {}

    async def find(self, name: str, language: str) -> Path | None:
        """The file to play; None if there is no recording of this prompt in this language, or none that can be used.

        One that cannot be used is logged once, and given by `problems`.
        """
        if not _NAME.fullmatch(name) or not _LANGUAGE.fullmatch(language):
            return None
        path = self._folder / language / f"{name}.wav"
        try:
            stat = path.stat()
        except OSError:
            self._looks.pop(path, None)
            return None
        stamp = (stat.st_mtime_ns, stat.st_size)
        look = self._looks.get(path)
        if look is None or look.stamp != stamp:
            look = await asyncio.to_thread(_look_into, path, stamp)
            self._looks[path] = look
            if look.problem is not None:
                log.warning("recorded prompt cannot be used", problem=str(look.problem))
        if look.problem is not None:
            return None
        return path if look.key is None else await self._maker.sound(look.key, lambda _: _itself(path))

    def languages(self, name: str) -> frozenset[str]:
        """The languages in which there is a file for this prompt. Blocks for the time of listing a folder."""
        if not _NAME.fullmatch(name):
            return frozenset()
        return frozenset(path.parent.name for path in self._folder.glob(f"*/{name}.wav"))

    def problems(self) -> list[Problem]:
        """The recordings that were wanted and cannot be used."""
        return [look.problem for look in self._looks.values() if look.problem is not None]


def _look_into(path: Path, stamp: tuple[int, int]) -> _Look:
    try:
        header = read_header(path)
        if stamp[1] > RECORDED_BYTES_MAX or header.duration_s > RECORDED_S_MAX:
            raise BadWav(f"{path}: longer than {RECORDED_S_MAX:g} s or {RECORDED_BYTES_MAX} bytes")
        if not header.frames:
            raise BadWav(f"{path}: no sound in it")
        if (header.rate, header.bits, header.channels) == (TELEPHONE_RATE, 16, 1) and header.complete:
            return _Look(stamp=stamp)
        return _Look(stamp=stamp, key=key_of("recorded", hashlib.sha256(path.read_bytes()).hexdigest()))
    except (BadWav, OSError) as error:
        remedy = "save it as a WAV file, PCM, 16 bits, 8 kHz, one channel"
        what = str(error).removeprefix(f"{path}: ")
        return _Look(stamp=stamp, problem=Problem(where=str(path), what=what, remedy=remedy))


async def _itself(path: Path) -> Path:
    return path
