"""Sound in frames of 20 ms, and what is measured of one. Knows samples; knows no speech and no tone.

Dot products by `sum(map(mul, ...))`: 5 µs for a frame in plain Python, a hundredth of a core for all that is listened
to in a call.
"""

import math
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from operator import mul
from typing import Final

from callcenter.detectors.detector import BYTES_PER_SAMPLE, SAMPLES_PER_S

FRAME_S: Final = 0.02
FRAME_SAMPLES: Final = 160
FRAME_BYTES: Final = FRAME_SAMPLES * BYTES_PER_SAMPLE
FULL_SCALE: Final = 32_768.0
SILENCE_DBFS: Final = -96.0
STEP_HZ: Final = 5
"""Tables of sines are kept for each multiple of this; a frame cannot tell 50 Hz apart."""


class Frames:
    """Cuts sound of any lengths into frames; what is left over waits for more."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = b""

    def of(self, sound: bytes) -> list[bytes]:
        """The frames that are whole now, in order."""
        whole = self._left + sound
        end = len(whole) - len(whole) % FRAME_BYTES
        self._left = whole[end:]
        return [whole[at : at + FRAME_BYTES] for at in range(0, end, FRAME_BYTES)]


def samples_of(frame: bytes) -> "array[int]":
    """The samples, whatever this machine's byte order."""
    samples = array("h", frame)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def level_dbfs(samples: Sequence[float]) -> float:
    """Mean power below that of a full-scale square, in dB; not below SILENCE_DBFS."""
    power = sum(map(mul, samples, samples)) / (len(samples) * FULL_SCALE * FULL_SCALE)
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


class HighPass:
    """Takes away hum, and all below 300 Hz: 12 dB for each octave (Butterworth, bilinear transform)."""

    __slots__ = ("_x1", "_x2", "_y1", "_y2")

    def __init__(self) -> None:
        self._x1 = self._x2 = self._y1 = self._y2 = 0.0

    def of(self, samples: "array[int]") -> list[float]:
        """The samples without it; what came before counts."""
        x1, x2, y1, y2 = self._x1, self._x2, self._y1, self._y2
        passed = []
        for x in samples:
            y = _B * (x - 2 * x1 + x2) - _A1 * y1 - _A2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            passed.append(y)
        self._x1, self._x2, self._y1, self._y2 = x1, x2, y1, y2
        return passed


_K: Final = math.tan(math.pi * 300 / SAMPLES_PER_S)
_NORM: Final = 1 + math.sqrt(2) * _K + _K * _K
_B: Final = 1 / _NORM
_A1: Final = 2 * (_K * _K - 1) / _NORM
_A2: Final = (1 - math.sqrt(2) * _K + _K * _K) / _NORM


def tone_hz(samples: Sequence[float]) -> float | None:
    """The frequency of the one tone that explains this sound best; None if none does.

    Pisarenko's harmonic decomposition for one sinusoid, which white noise does not bias: of the autocorrelations r1 and
    r2, cos w = (r2 + sqrt(r2^2 + 8 r1^2)) / 4 r1 (Pisarenko, Geophysical Journal International 33, 1973).
    """
    r1 = sum(map(mul, samples, samples[1:])) / (len(samples) - 1)
    r2 = sum(map(mul, samples, samples[2:])) / (len(samples) - 2)
    if not r1:
        return None
    cosine = (r2 + math.sqrt(r2 * r2 + 8 * r1 * r1)) / (4 * r1)
    if not -1.0 < cosine < 1.0:
        return None
    return math.acos(cosine) * SAMPLES_PER_S / (2 * math.pi)


def purity(samples: Sequence[float], hz: float) -> float:
    """The share of the power that a tone of this frequency has, 0..1: one coefficient of Goertzel's (1958)."""
    power = sum(map(mul, samples, samples))
    if not power:
        return 0.0
    cosines, sines = _tables(round(hz / STEP_HZ) * STEP_HZ)
    real, imaginary = sum(map(mul, samples, cosines)), sum(map(mul, samples, sines))
    return min(1.0, float(2 * (real * real + imaginary * imaginary) / (len(samples) * power)))


@lru_cache(maxsize=SAMPLES_PER_S // 2 // STEP_HZ + 1)
def _tables(hz: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    step = 2 * math.pi * hz / SAMPLES_PER_S
    turns = range(FRAME_SAMPLES)
    return tuple(math.cos(step * n) for n in turns), tuple(math.sin(step * n) for n in turns)
