"""From a voice's sound to a telephone's: pass band, aliases, silence, loudness."""

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.speech.telephone import (
    LEAD_S,
    LOUDNESS_DBFS,
    PEAK_MAX_DBFS,
    SILENCE,
    TAIL_S,
    TELEPHONE_RATE,
    levelled,
    resampled,
    speech_span,
    telephone_sound,
)
from callcenter.speech.wav import BadWav, Sound, dbfs, goertzel, rms

VOICE_RATE = 22_050  # espeak-ng's and piper's


def tone(hz: float, seconds: float, rate: int, amplitude: float = 20_000) -> "array[int]":
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * hz * n / rate + 0.7)) for n in range(int(seconds * rate)))
    )


def silence(seconds: float, rate: int) -> "array[int]":
    return array("h", bytes(2 * int(seconds * rate)))


def gain_db(hz: float, rate: int) -> float:
    """What the resampler makes of a tone, all that comes out counted, away from the ends."""
    out = resampled(tone(hz, 0.5, rate), rate, TELEPHONE_RATE)[400:-400]
    return 20 * math.log10(max(rms(out) * math.sqrt(2), 1e-9) / 20_000)


@pytest.mark.parametrize("rate", [11_025, 16_000, VOICE_RATE, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [100, 300, 1000, 2000, 3000, 3400])
def test_the_telephone_band_passes_unchanged(rate: int, hz: float) -> None:
    assert gain_db(hz, rate) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("rate", [11_025, 16_000, VOICE_RATE, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [4600, 4800, 5200, 6000, 7900, 8100, 9500, 11_000, 17_000, 23_000])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_something_else(rate: int, hz: float) -> None:
    if hz < rate / 2:
        assert gain_db(hz, rate) < -58


def test_what_lies_between_folds_outside_the_band_only() -> None:
    """4.0 to 4.6 kHz is let through in part, but arrives at 3.4 to 4.0 kHz."""
    out = resampled(tone(4300, 0.5, VOICE_RATE), VOICE_RATE, TELEPHONE_RATE)[400:-400]
    heard = [hz for hz in range(200, 4000, 50) if goertzel(out, TELEPHONE_RATE, hz) > 200]
    assert heard
    assert min(heard) >= 3400


def test_a_lower_rate_is_raised_without_images() -> None:
    out = resampled(tone(1000, 0.5, 6000), 6000, TELEPHONE_RATE)
    assert goertzel(out[400:-400], TELEPHONE_RATE, 1000) == pytest.approx(20_000, rel=0.01)
    assert rms(out[400:-400]) == pytest.approx(20_000 / math.sqrt(2), rel=0.01)


@settings(deadline=None)
@given(count=st.integers(0, 3000), rate=st.sampled_from([VOICE_RATE, 16_000, 44_100]), level=st.integers(-32768, 32767))
def test_length_is_kept_and_nothing_overflows(count: int, rate: int, level: int) -> None:
    out = resampled(array("h", [level] * count), rate, TELEPHONE_RATE)
    assert len(out) == -(-count * TELEPHONE_RATE // rate)
    middle = out[len(out) // 2 : len(out) // 2 + 1]
    if count > 1000:
        assert abs(middle[0] - level) <= 1


def test_the_loudest_sound_does_not_wrap_around() -> None:
    square = array("h", ([32767] * 20 + [-32768] * 20) * 200)
    out = resampled(square, VOICE_RATE, TELEPHONE_RATE)
    assert max(out) == 32767
    assert min(out) == -32767


def test_an_odd_rate_is_refused_in_words() -> None:
    with pytest.raises(BadWav, match="use a usual rate"):
        resampled(tone(1000, 0.1, 22_051), 22_051, TELEPHONE_RATE)


def test_the_same_rate_is_left_alone() -> None:
    samples = tone(1000, 0.1, TELEPHONE_RATE)
    assert resampled(samples, TELEPHONE_RATE, TELEPHONE_RATE) == samples


def test_silence_around_speech_is_cut_and_pauses_within_are_kept() -> None:
    rate = VOICE_RATE
    speech = tone(500, 0.3, rate) + silence(0.5, rate) + tone(500, 0.2, rate)
    begin, end = speech_span(silence(0.7, rate) + speech + silence(2, rate), rate)
    assert begin / rate == pytest.approx(0.7 - LEAD_S, abs=0.02)
    assert end / rate == pytest.approx(0.7 + 1.0 + TAIL_S, abs=0.02)


def test_nothing_but_silence_becomes_a_short_silence() -> None:
    for samples in (silence(3, VOICE_RATE), array("h"), array("h", [1, -1] * 2000)):
        assert telephone_sound(Sound(rate=VOICE_RATE, channels=(samples,))) == SILENCE


@pytest.mark.parametrize("amplitude", [300, 3_000, 30_000])
def test_quiet_and_loud_voices_come_out_alike_and_pauses_do_not_count(amplitude: float) -> None:
    speech = tone(500, 0.5, TELEPHONE_RATE, amplitude)
    for pause_s in (0.0, 3.0):
        out = levelled(speech + silence(pause_s, TELEPHONE_RATE) + speech)
        assert dbfs(rms(out[:4000])) == pytest.approx(LOUDNESS_DBFS, abs=0.1)


def test_a_sharp_peak_limits_the_gain() -> None:
    clicks = array("h", ([20_000] + [0] * 199) * 40)
    out = levelled(clicks)
    assert dbfs(max(out) / math.sqrt(2)) == pytest.approx(PEAK_MAX_DBFS, abs=0.1)


def test_stereo_studio_sound_becomes_one_channel_of_eight_kilohertz() -> None:
    rate = 44_100
    out = telephone_sound(Sound(rate=rate, channels=(tone(600, 1, rate), tone(1500, 1, rate))))
    assert out.rate == TELEPHONE_RATE
    assert len(out.channels) == 1
    assert out.duration_s == pytest.approx(LEAD_S + 1.0 + TAIL_S, abs=0.01)
    assert goertzel(out.channels[0], TELEPHONE_RATE, 600) == pytest.approx(
        goertzel(out.channels[0], TELEPHONE_RATE, 1500), rel=0.02
    )
    lead, tail = int(LEAD_S * TELEPHONE_RATE), int(TAIL_S * TELEPHONE_RATE)
    assert dbfs(rms(out.channels[0][lead:-tail])) == pytest.approx(LOUDNESS_DBFS, abs=0.2)
    assert not any(out.channels[0][: lead - 40])
    assert not any(out.channels[0][-tail + 40 :])
