"""WAV files and what is heard in them."""

import cmath
import math
import struct
import time
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.speech.wav import (
    SILENCE_DBFS,
    BadWav,
    Sound,
    dbfs,
    goertzel,
    inspect_wav,
    read_header,
    read_wav,
    rms,
    tone_dbfs,
    write_wav,
)

RATE = 8000


def tone(hz: float, seconds: float, amplitude: float = 10_000, rate: int = RATE) -> "array[int]":
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * hz * n / rate + 0.3)) for n in range(int(seconds * rate)))
    )


def raw_wav(path: Path, *, bits: int, raw: bytes, channels: int = 1, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(raw)
    return path


@settings(deadline=None)
@given(
    left=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50),
    rate=st.sampled_from([8000, 16000, 22050, 48000]),
    stereo=st.booleans(),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, left: list[int], rate: int, stereo: bool
) -> None:
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    channels = (array("h", left), array("h", left[::-1])) if stereo else (array("h", left),)
    write_wav(path, Sound(rate=rate, channels=channels))
    assert read_wav(path) == Sound(rate=rate, channels=channels)
    assert read_header(path).duration_s == pytest.approx(len(left) / rate)
    assert read_header(path).complete


def test_a_sound_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, Sound(rate=RATE, channels=(tone(440, 0.1),)))
    before = path.read_bytes()
    with pytest.raises(ValueError):
        write_wav(path, Sound(rate=RATE, channels=(tone(440, 0.1), tone(440, 0.2))))
    with pytest.raises(struct.error):
        write_wav(path, Sound(rate=2**40, channels=(tone(440, 0.1),)))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def test_others_may_read_what_we_write(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", Sound(rate=RATE, channels=(tone(440, 0.1),)))
    assert (tmp_path / "a.wav").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("bits", "raw"),
    [
        (8, bytes([128, 129, 255, 0])),
        (16, struct.pack("<4h", 0, 256, 32512, -32768)),
        (24, b"".join(n.to_bytes(3, "little", signed=True) for n in (0, 256 << 8, 32512 << 8, -32768 << 8))),
        (32, struct.pack("<4i", 0, 256 << 16, 32512 << 16, -32768 << 16)),
    ],
)
def test_every_width_of_sample_means_the_same(tmp_path: Path, bits: int, raw: bytes) -> None:
    sound = read_wav(raw_wav(tmp_path / "a.wav", bits=bits, raw=raw))
    assert sound.channels == (array("h", [0, 256, 32512, -32768]),)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x03 this is no WAV file", b"RIFF\x24\0\0\0WAVEdata\0\0\0\0"])
def test_what_is_no_wav_file_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    for read in (read_header, read_wav, inspect_wav):
        with pytest.raises(BadWav, match=r"a\.wav: ."):
            read(path)
    with pytest.raises(FileNotFoundError):
        read_wav(tmp_path / "none.wav")


def test_a_coded_wav_file_is_refused(tmp_path: Path) -> None:
    path = raw_wav(tmp_path / "a.wav", bits=8, raw=b"\0" * 100)
    content = bytearray(path.read_bytes())
    content[20] = 7  # mu-law
    path.write_bytes(content)
    with pytest.raises(BadWav, match="unknown format: 7"):
        read_wav(path)


@pytest.mark.parametrize("claimed", [0, 0x7FFFF000])
def test_a_recording_whose_writer_was_killed_keeps_what_was_written(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, Sound(rate=RATE, channels=(tone(440, 1), tone(880, 1))))
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", claimed)
    path.write_bytes(content[:-1001])  # within a sample
    header = read_header(path)
    assert (header.frames, header.complete) == (RATE - 251, False)
    assert read_wav(path).frames == RATE - 251
    reading = inspect_wav(path, [440])
    assert reading.channels[0].tones_dbfs[440] > -12 > -60 > reading.channels[1].tones_dbfs[440]


def test_other_chunks_in_a_file_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, Sound(rate=RATE, channels=(tone(440, 0.01),)))
    content = path.read_bytes()
    note = b"LIST" + struct.pack("<I", 4) + b"note"
    path.write_bytes(content[:36] + note + content[36:] + note)
    assert read_wav(path).channels == (tone(440, 0.01),)


def test_loudness_of_known_sounds() -> None:
    assert rms([]) == 0.0
    assert rms(array("h", [100, -100] * 50)) == pytest.approx(100)
    assert dbfs(rms(tone(1000, 1, amplitude=32_767))) == pytest.approx(0, abs=0.01)
    assert dbfs(rms(tone(1000, 1, amplitude=3_276.7))) == pytest.approx(-20, abs=0.01)
    assert dbfs(0) == SILENCE_DBFS


@pytest.mark.parametrize("hz", [350.0, 440.0, 697.0, 1000.0, 1633.0, 3333.3])
def test_a_tone_is_found_at_its_pitch_and_nowhere_else(hz: float) -> None:
    samples = tone(hz, 1.03)
    assert goertzel(samples, RATE, hz) == pytest.approx(10_000, rel=0.01)
    assert goertzel(samples, RATE, hz + 50) < 300
    assert tone_dbfs(samples, RATE, hz) == pytest.approx(20 * math.log10(10_000 / 32_767), abs=0.1)
    assert tone_dbfs(samples, RATE, hz + 200) < -40
    assert goertzel([], RATE, hz) == 0.0


def test_goertzel_agrees_with_the_sum_that_defines_it() -> None:
    samples = tone(523.25, 0.317)
    for hz in (500.0, 523.25, 600.0):
        turn = -2j * math.pi * hz / RATE
        terms = [sample * cmath.exp(turn * n) for n, sample in enumerate(samples)]
        assert goertzel(samples, RATE, hz) == pytest.approx(2 * abs(sum(terms)) / len(samples), abs=1e-6)


def test_a_tone_is_found_among_others_and_in_its_own_channel_only(tmp_path: Path) -> None:
    mixed = array("h", (a + b for a, b in zip(tone(440, 2), tone(1000, 2, amplitude=5_000), strict=True)))
    path = tmp_path / "a.wav"
    write_wav(path, Sound(rate=RATE, channels=(mixed, tone(700, 2))))
    reading = inspect_wav(path, [440, 700, 1000])
    assert reading.header.duration_s == 2.0
    first, second = reading.channels
    assert first.tones_dbfs[440] == pytest.approx(-10.3, abs=0.1)
    assert first.tones_dbfs[1000] == pytest.approx(-16.3, abs=0.1)
    assert second.tones_dbfs[700] == pytest.approx(-10.3, abs=0.1)
    assert max(first.tones_dbfs[700], second.tones_dbfs[440], second.tones_dbfs[1000]) < -60
    assert first.peak_dbfs == pytest.approx(dbfs(max(map(abs, mixed)) / math.sqrt(2)))
    assert second.rms_dbfs == pytest.approx(-10.3, abs=0.1)


def test_a_tone_that_jumps_in_phase_is_still_found() -> None:
    jumpy = array("h")
    for _ in range(20):
        jumpy += tone(440, 0.123)
    assert goertzel(jumpy, RATE, 440) < 9_000
    assert tone_dbfs(jumpy, RATE, 440) == pytest.approx(-10.3, abs=1.5)


@pytest.mark.slow
def test_a_long_stereo_recording_is_inspected_in_seconds(tmp_path: Path) -> None:
    """A rough guard, ten times the computing it takes, against losing the loops that run in C."""
    path = tmp_path / "long.wav"
    minute = (tone(440, 60), tone(880, 60))
    write_wav(path, Sound(rate=RATE, channels=(minute[0] * 3, minute[1] * 3)))
    began = time.process_time()
    reading = inspect_wav(path, [440])
    assert reading.header.duration_s == 180
    assert time.process_time() - began < 5
