"""Beeps of several makers, on lines of several kinds, and what is no beep."""

import numpy as np
import pytest

from callcenter.detectors.beep import LEAST_S, LONGEST_S, BeepEar
from tests.detectors.greetings import BEEPS, RATE, Samples, beep, over_the_line

SEED = 20


def hiss(seconds: float, dbfs: float, seed: int = SEED) -> Samples:
    draw = np.random.default_rng(seed)
    return np.asarray(draw.standard_normal(round(seconds * RATE)) * 10 ** (dbfs / 20) * 32_768)


def hum(seconds: float, dbfs: float) -> Samples:
    at = 2 * np.pi * 50 / RATE * np.arange(round(seconds * RATE))
    return np.asarray((np.sin(at) + 0.4 * np.sin(2 * at)) * 10 ** (dbfs / 20) * 32_768)


def ends(sound: Samples) -> list[float]:
    """When beeps were over, s."""
    ear, whole = BeepEar(), over_the_line(sound)
    return [at / 2 / RATE for at in range(0, len(whole), 320) if ear.hear(whole[at : at + 320])]


@pytest.mark.parametrize(("hz", "length_s"), BEEPS)
@pytest.mark.parametrize("peak_dbfs", [-12.0, -26.0])
@pytest.mark.parametrize("line", ["quiet", "hiss", "hum"])
def test_a_beep_of_any_maker_is_heard_when_it_is_over(hz: float, length_s: float, peak_dbfs: float, line: str) -> None:
    silence = np.zeros(RATE)
    sound = np.concatenate([silence, beep(hz, length_s, peak_dbfs), silence])
    if line == "hiss":
        sound = sound + hiss(len(sound) / RATE, -48)
    elif line == "hum":
        sound = sound + hum(len(sound) / RATE, -40)
    heard = ends(sound)
    assert len(heard) == 1
    assert 0.0 <= heard[0] - (1.0 + length_s) <= 0.06


@pytest.mark.parametrize("length_s", [LEAST_S - 0.06, LONGEST_S + 0.1])
def test_a_click_and_a_fax_are_no_beep(length_s: float) -> None:
    assert ends(np.concatenate([np.zeros(RATE), beep(1_100, length_s, -15), np.zeros(RATE)])) == []


def test_two_tones_at_once_are_no_beep() -> None:
    """The ringback tone of a forwarded call."""
    both = beep(440, 1.0, -19) + beep(480, 1.0, -19)
    assert ends(np.concatenate([np.zeros(RATE), both, np.zeros(RATE)])) == []


def test_a_tone_that_glides_is_no_beep() -> None:
    """As voices do."""
    hz = np.linspace(400, 900, RATE // 2)
    glide = 4_000 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)
    assert ends(np.concatenate([np.zeros(RATE), glide, np.zeros(RATE)])) == []


def test_a_lost_packet_does_not_end_a_beep() -> None:
    tone = beep(1_000, 0.6, -15)
    tone[1_600:1_760] = 0
    assert len(ends(np.concatenate([np.zeros(RATE), tone, np.zeros(RATE)]))) == 1


def test_several_beeps_are_each_heard() -> None:
    once = np.concatenate([beep(850, 0.2, -15), np.zeros(RATE // 5)])
    assert len(ends(np.concatenate([np.zeros(RATE), once, once, once]))) == 3
