"""WAV to FLAC or Opus and back. Knows sound files; knows neither keys nor where files are kept.

Everything here takes seconds of a processor for an hour of talk (Opus: two minutes), so it never runs on the loop.
"""

import hashlib
import shutil
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import soundfile

from callcenter.errors import PeerFault
from callcenter.model.sealed import Codec

FRAMES_AT_ONCE: Final = 8_192
SAMPLE_BYTES: Final = 2
LOSSY_OFF_MAX_S: Final = 0.1  # a codec with frames of 20 ms may end a little off


_KINDS: Final = {Codec.FLAC: ("FLAC", "PCM_16"), Codec.OPUS: ("OGG", "OPUS")}
LOSSLESS: Final = frozenset({Codec.WAV, Codec.FLAC})


class BadSound(PeerFault):
    """The file does not hold the sound that it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is in a file: `pcm_sha256` is of its samples, 16 bits little-endian, interleaved."""

    frames: int
    rate: int
    channels: int
    pcm_sha256: str


def hear_wav(path: Path) -> Heard:
    """What is in a WAV of 16 bits. Raises BadSound."""
    try:
        with wave.open(str(path), "rb") as reader:
            if reader.getsampwidth() != SAMPLE_BYTES:
                raise BadSound(f"{8 * reader.getsampwidth()} bits a sample instead of 16")
            digest, frames = hashlib.sha256(), 0
            while piece := reader.readframes(FRAMES_AT_ONCE):
                digest.update(piece)
                frames += len(piece) // (SAMPLE_BYTES * reader.getnchannels())
            return Heard(
                frames=frames, rate=reader.getframerate(), channels=reader.getnchannels(), pcm_sha256=digest.hexdigest()
            )
    except (wave.Error, EOFError) as error:
        raise BadSound(f"{path.name} is no WAV: {str(error) or 'it is cut short'}") from error


class Interrupted(PeerFault):
    """Somebody wants the program to end; what was begun is begun again another time."""


def _always() -> bool:
    return True


def encode(wav: Path, into: Path, codec: Codec, go_on: Callable[[], bool] = _always) -> Heard:
    """Write the sound of a WAV in a codec, prove that it is there, and say what was in the WAV. Raises BadSound.

    Raises Interrupted as soon as `go_on` says no.
    """
    heard = hear_wav(wav)
    kind, subtype = _KINDS[codec]
    try:
        with (
            wave.open(str(wav), "rb") as reader,
            soundfile.SoundFile(
                str(into), "w", samplerate=heard.rate, channels=heard.channels, format=kind, subtype=subtype
            ) as writer,
        ):
            while piece := reader.readframes(FRAMES_AT_ONCE):
                writer.buffer_write(piece, dtype="int16")
                if not go_on():
                    raise Interrupted(f"{wav.name} is half encoded")
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise BadSound(f"cannot be written as {codec}: {error}") from error
    _prove(into, heard, codec, go_on)
    return heard


def _prove(path: Path, wanted: Heard, codec: Codec, go_on: Callable[[], bool]) -> None:
    digest, frames = hashlib.sha256(), 0
    for piece in _pieces(path):
        digest.update(piece)
        frames += len(piece) // (SAMPLE_BYTES * wanted.channels)
        if not go_on():
            raise Interrupted(f"{path.name} is half read")
    if codec in LOSSLESS and (frames, digest.hexdigest()) != (wanted.frames, wanted.pcm_sha256):
        raise BadSound(f"what was written as {codec} does not sound like what was read")
    if abs(frames - wanted.frames) > LOSSY_OFF_MAX_S * wanted.rate:
        raise BadSound(f"{frames} frames were written as {codec}, {wanted.frames} were read")


def decode(path: Path, into: Path, codec: Codec) -> Heard:
    """Write the sound of a file as WAV, and say what was in it. Raises BadSound."""
    if codec is Codec.WAV:
        shutil.copyfile(path, into)
        return hear_wav(into)
    try:
        shape = soundfile.info(str(path))
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise BadSound(f"cannot be read as {codec}: {error}") from error
    with wave.open(str(into), "wb") as writer:
        writer.setnchannels(shape.channels)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(shape.samplerate)
        for piece in _pieces(path):
            writer.writeframesraw(piece)
    return hear_wav(into)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with soundfile.SoundFile(str(path)) as reader:
            while piece := bytes(reader.buffer_read(FRAMES_AT_ONCE, dtype="int16")):
                yield piece
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise BadSound(f"cannot be read: {error}") from error
