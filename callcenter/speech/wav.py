"""WAV files and what can be heard in them. Knows PCM samples; nothing of speech, Asterisk or calls.

Serves prompts (read, write) and the audio checks of recordings and tests (`inspect_wav`: length, loudness, tones).
The standard library only: numbers crunched in C through `sum(map(mul, ...))` over arrays, about 25 ns a sample, so that
ten minutes of 8 kHz stereo take about half a second. A file is read in chunks when only its facts are wanted.

Levels are dBFS of a sine: 0 dBFS is the loudest sine a 16-bit sample can carry, so a square wave reaches +3 dBFS.
"""

import math
import os
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import BinaryIO, Final

from callcenter.errors import PeerFault

FULL_SCALE: Final = 32767
SILENCE_DBFS: Final = -100.0
"""What digital silence measures, instead of minus infinity (16 bits end at about -96 dBFS)."""
SOUND_BYTES_MAX: Final = 256 * 1024 * 1024
"""The largest file that is read whole; `inspect_wav` has no such limit."""
FILE_MODE: Final = 0o644
"""Asterisk may run as another user than we do."""
UNFINISHED_SUFFIX: Final = ".part"
"""Of the file beside the one that is being written; left behind only by a process that was killed."""

_CHUNK_FRAMES: Final = 65_536
_TONE_BLOCK: Final = 800
"""Samples per tone measurement, 100 ms at 8 kHz: 10 Hz wide, and a jump of phase spoils one block, not the file."""


class BadWav(PeerFault):
    """The file is not a WAV file that we can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """16-bit samples: `channels` are arrays ("h") of one length, one per channel; `rate` in samples per second."""

    rate: int
    channels: tuple["array[int]", ...]

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return len(self.channels[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class WavHeader:
    """What a WAV file says about itself. `frames` is what is really there when it was cut short (`complete` false)."""

    rate: int
    channels: int
    bits: int
    frames: int
    complete: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes that one sample of every channel takes."""
        return self.channels * self.bits // 8

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLevel:
    """What one channel holds: loudness and peak in dBFS, and the level of each tone asked for (Hz -> dBFS)."""

    rms_dbfs: float
    peak_dbfs: float
    tones_dbfs: dict[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WavReading:
    """A file's header and, channel by channel, what can be heard."""

    header: WavHeader
    channels: tuple[ChannelLevel, ...]


def read_header(path: Path) -> WavHeader:
    """The format and length of a WAV file; its samples are not read. Raises BadWav, or OSError if it is not there."""
    with _opened(path) as (header, _):
        return header


def read_wav(path: Path) -> Sound:
    """The whole file as 16-bit samples; 8, 24 and 32-bit PCM is converted.

    Raises BadWav (no PCM WAV, longer than SOUND_BYTES_MAX), or OSError if it is not there.
    """
    with _opened(path) as (header, raw):
        if header.frames * header.frame_bytes > SOUND_BYTES_MAX:
            raise BadWav(f"{path}: more than {SOUND_BYTES_MAX} bytes of samples")
        samples = _samples_16(raw.read(header.frames * header.frame_bytes), header.bits // 8)
    return Sound(rate=header.rate, channels=_split(samples, header.channels))


def write_wav(path: Path, sound: Sound) -> None:
    """Write 16-bit PCM so that `path` has the whole sound or is left as it was. Blocks: not for the event loop."""
    count = len(sound.channels)
    samples = array("h", bytes(2 * count * sound.frames))
    for at, channel in enumerate(sound.channels):
        samples[at::count] = channel
    if sys.byteorder == "big":
        samples.byteswap()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".wav-", suffix=UNFINISHED_SUFFIX)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with wave.open(raw, "wb") as file:
                file.setnchannels(count)
                file.setsampwidth(2)
                file.setframerate(sound.rate)
                file.writeframes(samples.tobytes())
            raw.flush()
            os.fsync(raw.fileno())
        os.chmod(name, FILE_MODE)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def inspect_wav(path: Path, tones_hz: Sequence[float] = ()) -> WavReading:
    """Length, loudness, peaks and tones of a file of any length, in chunks. Blocks: not for the event loop.

    A tone's level is its mean power over blocks of 100 ms (at 8 kHz), so a tone that fills half of the file measures
    3 dB below its own level. Raises BadWav, or OSError if the file is not there.
    """
    with _opened(path) as (header, raw):
        meters = [_Meter(header.rate, tones_hz) for _ in range(header.channels)]
        left = header.frames
        while left > 0 and (chunk := raw.read(min(left, _CHUNK_FRAMES) * header.frame_bytes)):
            left -= _CHUNK_FRAMES
            channels = _split(_samples_16(chunk, header.bits // 8), header.channels)
            for meter, channel in zip(meters, channels, strict=True):
                meter.add(channel)
    return WavReading(header=header, channels=tuple(meter.reading() for meter in meters))


def rms(samples: Sequence[int]) -> float:
    """Root mean square, 0..32768; 0.0 for no samples."""
    return math.sqrt(sum(map(mul, samples, samples)) / len(samples)) if len(samples) else 0.0


def dbfs(rms_value: float) -> float:
    """A root mean square as dBFS of a sine; never below SILENCE_DBFS."""
    reference = FULL_SCALE / math.sqrt(2)
    return max(SILENCE_DBFS, 20 * math.log10(rms_value / reference)) if rms_value > 0 else SILENCE_DBFS


def goertzel(samples: Sequence[int], rate: int, hz: float) -> float:
    """The amplitude (0..32767 for a sine) of the component at `hz`, over all of `samples` in one piece.

    One bin of a discrete Fourier transform, the quantity of Goertzel's algorithm (American Mathematical Monthly 65,
    1958), summed block by block against cached tables, which in Python is faster than his recurrence. The bin is
    rate/len(samples) Hz wide: for a tone that pauses or jumps in phase use `tone_dbfs`. 0.0 for no samples.
    """
    if not len(samples):
        return 0.0
    total = 0j
    for at in range(0, len(samples), _TONE_BLOCK):
        angle = -2 * math.pi * hz * at / rate
        total += _bin(samples[at : at + _TONE_BLOCK], rate, hz) * complex(math.cos(angle), math.sin(angle))
    return 2 * abs(total) / len(samples)


def tone_dbfs(samples: Sequence[int], rate: int, hz: float) -> float:
    """The level of a tone at `hz` in dBFS: mean power over blocks of 800 samples, whose phases may differ."""
    meter = _Meter(rate, (hz,))
    meter.add(samples)
    return meter.reading().tones_dbfs[hz]


class _Meter:
    """Adds up the power of one channel, chunk by chunk."""

    def __init__(self, rate: int, tones_hz: Sequence[float]) -> None:
        self._rate = rate
        self._tones = dict.fromkeys(tones_hz, 0.0)  # sum of power times samples
        self._square = 0
        self._peak = 0
        self._samples = 0

    def add(self, samples: Sequence[int]) -> None:
        if not len(samples):
            return
        self._samples += len(samples)
        self._square += sum(map(mul, samples, samples))
        self._peak = max(self._peak, max(samples), -min(samples))
        for hz in self._tones:
            for at in range(0, len(samples), _TONE_BLOCK):
                block = samples[at : at + _TONE_BLOCK]
                self._tones[hz] += 2 * abs(_bin(block, self._rate, hz)) ** 2 / len(block)

    def reading(self) -> ChannelLevel:
        count = self._samples or 1
        return ChannelLevel(
            rms_dbfs=dbfs(math.sqrt(self._square / count)),
            peak_dbfs=dbfs(self._peak / math.sqrt(2)),
            tones_dbfs={hz: dbfs(math.sqrt(power / count)) for hz, power in self._tones.items()},
        )


def _bin(block: Sequence[int], rate: int, hz: float) -> complex:
    cosines, sines = _tables(rate, hz)
    return complex(sum(map(mul, block, cosines)), -sum(map(mul, block, sines)))


@lru_cache(maxsize=64)
def _tables(rate: int, hz: float) -> tuple["array[float]", "array[float]"]:
    turn = 2 * math.pi * hz / rate
    return (
        array("d", (math.cos(turn * n) for n in range(_TONE_BLOCK))),
        array("d", (math.sin(turn * n) for n in range(_TONE_BLOCK))),
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[WavHeader, BinaryIO]]:
    """The header, and the file at its first sample."""
    with path.open("rb") as raw:
        try:
            with wave.open(raw, "rb") as file:
                first_sample = raw.tell()
                header = _header(file, os.fstat(raw.fileno()).st_size - first_sample, path)
        except (wave.Error, EOFError) as error:
            raise BadWav(f"{path}: {str(error) or 'ends within its header'}") from error
        raw.seek(first_sample)
        yield header, raw


def _header(file: wave.Wave_read, bytes_there: int, path: Path) -> WavHeader:
    rate, channels, width, claimed = file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()
    if rate <= 0 or channels <= 0 or width not in (1, 2, 3, 4):
        raise BadWav(f"{path}: {channels} channels of {8 * width} bits at {rate} Hz")
    there = bytes_there // (channels * width)
    # A writer that was killed leaves a length of zero, or one that was never reached.
    complete = 0 < claimed <= there or claimed == there
    return WavHeader(
        rate=rate, channels=channels, bits=8 * width, frames=claimed if complete else there, complete=complete
    )


def _samples_16(raw: bytes, width: int) -> "array[int]":
    """PCM of `width` bytes a sample, little-endian, as 16-bit samples; a sample cut in two at the end is left out."""
    raw = raw[: len(raw) - len(raw) % width]
    if width == 1:  # unsigned, the others are signed
        wide = bytearray(2 * len(raw))
        wide[1::2] = raw.translate(bytes(byte ^ 0x80 for byte in range(256)))
        raw = bytes(wide)
    elif width > 2:
        wide = bytearray(2 * (len(raw) // width))
        wide[0::2] = raw[width - 2 :: width]
        wide[1::2] = raw[width - 1 :: width]
        raw = bytes(wide)
    samples = array("h")
    samples.frombytes(raw)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _split(samples: "array[int]", channels: int) -> tuple["array[int]", ...]:
    whole = len(samples) - len(samples) % channels
    return tuple(samples[at:whole:channels] for at in range(channels))
