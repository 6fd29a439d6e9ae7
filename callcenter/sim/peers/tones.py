"""Tones: made, and heard again. Knows sound files; knows nothing of calls.

Every party of a test sends a tone of its own, so that what was recorded says who was heard, when, and on which side.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.speech.wav import Sound, read_wav, tone_dbfs, write_wav

RATE: Final = 8000
AMPLITUDE: Final = 8000  # of 32767: -12 dBFS, about as loud as speech
BLOCK_S: Final = 0.1
HEARD_DBFS: Final = -32.0
"""A tone at least this loud was heard; one of AMPLITUDE is at -12, and its neighbours 100 Hz off are far below."""
GAP_S: Final = 0.25
"""Pauses up to this long do not end a span: a lost packet, a jump of phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when a tone was there, in seconds from the beginning of the file."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds."""
        return self.end_s - self.begin_s


def tone(hz: float, seconds: float) -> "array[int]":
    """Samples of a sine at RATE; ends where it began, so that it can be repeated, if hz * seconds is whole."""
    step = 2 * math.pi * hz / RATE
    return array("h", (round(AMPLITUDE * math.sin(step * n)) for n in range(round(seconds * RATE))))


def write_tone(path: Path, hz: float, seconds: float) -> Path:
    """A mono WAV file with a tone."""
    write_wav(path, Sound(rate=RATE, channels=(tone(hz, seconds),)))
    return path


def ulaw(samples: Iterable[int]) -> bytes:
    """G.711 mu-law, one byte a sample (ITU-T G.711, table 2a)."""
    return bytes(map(_ulaw_byte, samples))


def _ulaw_byte(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    segment = magnitude.bit_length() - 8
    return ~(sign | segment << 4 | (magnitude >> (segment + 3)) & 0x0F) & 0xFF


def spans(path: Path, hz: float, *, channel: int = 0, at_least_dbfs: float = HEARD_DBFS) -> list[Span]:
    """When the tone at `hz` can be heard in one channel of a WAV file, to BLOCK_S. Blocks: not for the event loop.

    Raises BadWav, or OSError if there is no file.
    """
    sound = read_wav(path)
    samples = sound.channels[channel]
    size = round(BLOCK_S * sound.rate)
    heard = [
        at / sound.rate
        for at in range(0, len(samples) - size + 1, size)
        if tone_dbfs(samples[at : at + size], sound.rate, hz) >= at_least_dbfs
    ]
    return _joined(heard)


def seconds_of(path: Path, hz: float, *, channel: int = 0, at_least_dbfs: float = HEARD_DBFS) -> float:
    """How long the tone can be heard, all spans together. Blocks: not for the event loop."""
    return sum(span.length_s for span in spans(path, hz, channel=channel, at_least_dbfs=at_least_dbfs))


def tones_in(path: Path, candidates_hz: Sequence[float], *, channel: int = 0, least_s: float = 0.3) -> set[float]:
    """Those of the candidates that can be heard for `least_s` at least. Blocks: not for the event loop."""
    return {hz for hz in candidates_hz if seconds_of(path, hz, channel=channel) >= least_s}


def _joined(starts: Sequence[float]) -> list[Span]:
    found: list[Span] = []
    for start in starts:
        if found and start - found[-1].end_s <= GAP_S:
            found[-1] = Span(begin_s=found[-1].begin_s, end_s=start + BLOCK_S)
        else:
            found.append(Span(begin_s=start, end_s=start + BLOCK_S))
    return found
