"""The laws that every detector obeys. Being registered enrols one."""

import math
from array import array
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.detectors import DETECTORS, ELSEWHERE, names
from callcenter.detectors.detector import SAMPLES_PER_S
from callcenter.model.detection import JUDGE_WITHIN_S, Answerer, Judgement
from tests.examples import examples

every_detector = pytest.mark.parametrize("name", sorted(DETECTORS))
WHY_CHARS_MAX = 200


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLES_PER_S))


def noise(seconds: float, level: float, seed: int) -> bytes:
    draw = Random(seed)
    return array("h", (round(draw.gauss(0, level)) for _ in range(round(seconds * SAMPLES_PER_S)))).tobytes()


def tone(hz: float, seconds: float, amplitude: float = 6_000) -> bytes:
    step = 2 * math.pi * hz / SAMPLES_PER_S
    return array("h", (round(amplitude * math.sin(step * n)) for n in range(round(seconds * SAMPLES_PER_S)))).tobytes()


parts = st.one_of(
    st.floats(0.02, 1.5).map(silence),
    st.builds(noise, st.floats(0.02, 1.0), st.sampled_from([10.0, 300.0, 4_000.0]), st.integers(0, 9)),
    st.builds(tone, st.sampled_from([200.0, 440.0, 1_000.0, 2_100.0]), st.floats(0.02, 1.2)),
)
sounds = st.lists(parts, max_size=6).map(b"".join)


def judged(name: str, sound: bytes, piece: int = 320) -> Judgement | None:
    listener = DETECTORS[name].listener()
    for at in range(0, len(sound), piece):
        judgement = listener.hear(sound[at : at + piece])
        if judgement is not None:
            return judgement
    return None


@every_detector
@settings(deadline=None, max_examples=examples(30))
@given(sound=sounds)
def test_the_same_sound_has_the_same_judgement_in_pieces_of_any_length(name: str, sound: bytes) -> None:
    whole = sound + silence(JUDGE_WITHIN_S)
    assert judged(name, whole) == judged(name, whole, 320 * 7) == judged(name, whole, 106)


@every_detector
@settings(deadline=None, max_examples=examples(30))
@given(sound=sounds)
def test_there_is_one_judgement_within_the_time_that_a_campaign_waits_and_it_says_why(name: str, sound: bytes) -> None:
    listener = DETECTORS[name].listener()
    whole = (sound + silence(JUDGE_WITHIN_S))[: 2 * round(JUDGE_WITHIN_S * SAMPLES_PER_S)]
    said = [judgement for at in range(0, len(whole), 320) if (judgement := listener.hear(whole[at : at + 320]))]
    assert len(said) == 1
    assert 0 < len(said[0].why) <= WHY_CHARS_MAX
    assert said[0].why.isprintable()


@every_detector
def test_who_says_nothing_is_not_a_machine(name: str) -> None:
    for quiet in (silence(JUDGE_WITHIN_S), noise(JUDGE_WITHIN_S, 30, 1)):
        found = judged(name, quiet)
        assert found is not None
        assert found.answerer is not Answerer.MACHINE


@every_detector
def test_a_listener_knows_nothing_of_another_call(name: str) -> None:
    loud = noise(2.0, 4_000, 2) + tone(1_000, 0.5) + silence(3)
    before = judged(name, silence(JUDGE_WITHIN_S))
    judged(name, loud)
    assert judged(name, silence(JUDGE_WITHIN_S)) == before


@every_detector
@pytest.mark.parametrize("hz", [440.0, 1_000.0, 1_400.0, 2_000.0])
def test_the_end_of_a_beep_is_heard_once_and_soon(name: str, hz: float) -> None:
    listener = DETECTORS[name].beep_listener()
    sound = silence(1.0) + tone(hz, 0.4) + silence(1.0)
    heard = [at / 2 / SAMPLES_PER_S for at in range(0, len(sound), 320) if listener.hear(sound[at : at + 320])]
    assert len(heard) == 1
    assert 1.4 <= heard[0] <= 1.5


@every_detector
def test_neither_silence_nor_noise_beeps(name: str) -> None:
    listener = DETECTORS[name].beep_listener()
    assert not listener.hear(silence(2.0) + noise(4.0, 3_000, 3) + silence(1.0))


def test_no_two_detectors_share_a_name() -> None:
    assert len(names()) == len(DETECTORS) + len(ELSEWHERE)
