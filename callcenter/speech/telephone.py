"""From a voice's sound to a telephone's: one channel of 8 kHz, even loudness, no silence around it.

Knows samples; nothing of files, voices or prompts. Everything here computes: it is run by `shaping` in a child process.

The resampler is a polyphase windowed-sinc filter. Its pass band reaches 3.4 kHz and its stop band begins at 4.6 kHz:
what lies between folds onto 3.4..4 kHz, outside the telephone band (300..3400 Hz, ITU-T G.712).
"""

import math
from array import array
from functools import lru_cache
from itertools import chain
from operator import mul
from typing import Final

from callcenter.speech.wav import FULL_SCALE, SILENCE_DBFS, BadWav, Sound, dbfs, rms

TELEPHONE_RATE: Final = 8000
LOUDNESS_DBFS: Final = -17.0
"""Of speech while it speaks: -20 dB below full scale as a square, about the level of Asterisk's own sounds."""
PEAK_MAX_DBFS: Final = -1.0
GAIN_MAX_DB: Final = 30.0
LEAD_S: Final = 0.04
TAIL_S: Final = 0.12
"""What is kept, or put, around speech: a consonant begins and ends below the threshold of silence."""
SILENCE_BELOW_LOUDEST_DB: Final = 40.0
PHASES_MAX: Final = 640
"""Bounds the filter's table: every usual sample rate needs 320 phases or fewer (11025 Hz: 320)."""
SILENCE: Final = Sound(rate=TELEPHONE_RATE, channels=(array("h", bytes(2 * int(TAIL_S * TELEPHONE_RATE))),))

_PASS_HZ_SHARE: Final = 0.85
_STOP_HZ_SHARE: Final = 1.15
"""Of half the lower rate: 3.4 and 4.6 kHz for 8 kHz."""
_STOP_DB: Final = 60.0
_BLOCK_S: Final = 0.01


def telephone_sound(sound: Sound) -> Sound:
    """One channel of 8 kHz at an even loudness, silence trimmed. Nothing but silence gives SILENCE.

    Raises BadWav if the rate is one that cannot be converted.
    """
    lead, tail = (array("h", bytes(2 * int(seconds * sound.rate))) for seconds in (LEAD_S, TAIL_S))
    mixed = lead + _mixed(sound) + tail  # espeak-ng's first consonant is at the first sample: a jitter buffer eats it
    begin, end = speech_span(mixed, sound.rate)
    if begin == end:
        return SILENCE
    return Sound(rate=TELEPHONE_RATE, channels=(levelled(resampled(mixed[begin:end], sound.rate, TELEPHONE_RATE)),))


def speech_span(samples: "array[int]", rate: int) -> tuple[int, int]:
    """The samples between which there is sound, with LEAD_S and TAIL_S around it; (0, 0) if there is none.

    Sound is what is less than SILENCE_BELOW_LOUDEST_DB below the loudest 10 ms.
    """
    block = max(1, int(_BLOCK_S * rate))
    levels = [dbfs(rms(samples[at : at + block])) for at in range(0, len(samples), block)]
    loudest = max(levels, default=SILENCE_DBFS)
    if loudest <= SILENCE_DBFS + 20:  # a least significant bit or two of dither
        return 0, 0
    loud = [at for at, level in enumerate(levels) if level > loudest - SILENCE_BELOW_LOUDEST_DB]
    begin = loud[0] * block - int(LEAD_S * rate)
    end = (loud[-1] + 1) * block + int(TAIL_S * rate)
    return max(0, begin), min(len(samples), end)


def levelled(samples: "array[int]") -> "array[int]":
    """The same sound at LOUDNESS_DBFS, or less where a peak would pass PEAK_MAX_DBFS.

    Loudness is the root mean square over the 10 ms blocks that are speech (in the manner of ITU-T P.56: pauses do
    not count), so a prompt with long pauses is not louder than one without.
    """
    block = int(_BLOCK_S * TELEPHONE_RATE)
    blocks = [rms(samples[at : at + block]) for at in range(0, len(samples), block)]
    floor = max(blocks, default=0.0) * 10 ** (-SILENCE_BELOW_LOUDEST_DB / 20)
    spoken = [level * level for level in blocks if level > floor]
    if not spoken:
        return samples
    loudness = dbfs(math.sqrt(sum(spoken) / len(spoken)))
    peak = dbfs(max(map(abs, samples)) / math.sqrt(2))
    gain_db = min(LOUDNESS_DBFS - loudness, PEAK_MAX_DBFS - peak, GAIN_MAX_DB)
    gain = 10 ** (gain_db / 20)
    return array("h", [round(sample * gain) for sample in samples])


def resampled(samples: "array[int]", from_hz: int, to_hz: int) -> "array[int]":
    """The same sound at another rate: flat to 0.1 dB below 42 % of the lower rate, aliases 60 dB down.

    Blocks for about 12 ms per second of speech. Raises BadWav if the rates have too little in common (PHASES_MAX).
    """
    if from_hz == to_hz:
        return samples
    up, down = _ratio(from_hz, to_hz)
    bank = _filter_bank(from_hz, to_hz)
    taps = len(bank[0])
    # Output m lies at input time m * down / up. Its filter spans taps/2 samples on either side: pad with as many zeros.
    padding = [0.0] * (taps // 2)
    source = list(chain(padding, map(float, samples), padding))
    count = -(-len(samples) * up // down)
    output = array("h", bytes(2 * count))
    for m in range(count):
        at, phase = divmod(m * down, up)
        value = round(sum(map(mul, source[at + 1 : at + 1 + taps], bank[phase])))
        output[m] = min(FULL_SCALE, max(-FULL_SCALE, value))
    return output


def _mixed(sound: Sound) -> "array[int]":
    """All channels as one, at their mean."""
    if len(sound.channels) == 1:
        return sound.channels[0]
    count = len(sound.channels)
    return array("h", [sum(frame) // count for frame in zip(*sound.channels, strict=True)])


def _ratio(from_hz: int, to_hz: int) -> tuple[int, int]:
    common = math.gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    if up > PHASES_MAX or down > 16 * PHASES_MAX:
        raise BadWav(f"cannot turn {from_hz} Hz into {to_hz} Hz; use a usual rate such as 8000, 16000, 44100 or 48000")
    return up, down


@lru_cache(maxsize=8)
def _filter_bank(from_hz: int, to_hz: int) -> tuple[list[float], ...]:
    """One set of coefficients per phase; each adds up to 1, so that silence stays silent and no phase is louder.

    Kaiser's window and his length formula: Oppenheim & Schafer, Discrete-Time Signal Processing, section 7.5.3.
    """
    up, _ = _ratio(from_hz, to_hz)
    nyquist = min(from_hz, to_hz) / 2
    width = 2 * math.pi * nyquist * (_STOP_HZ_SHARE - _PASS_HZ_SHARE) / from_hz  # of the transition, radians per sample
    half = math.ceil((_STOP_DB - 7.95) / (2.285 * width) / 2)
    beta = 0.1102 * (_STOP_DB - 8.7)
    cutoff = nyquist * (_PASS_HZ_SHARE + _STOP_HZ_SHARE) / 2 / from_hz  # cycles per sample
    bank = []
    for phase in range(up):
        # The output lies `phase / up` after input sample 0; the taps are the samples 1 - half .. half.
        offsets = [k - phase / up for k in range(1 - half, half + 1)]
        taps = [_sinc(2 * cutoff * x) * _kaiser(x / half, beta) for x in offsets]
        total = sum(taps)
        bank.append([tap / total for tap in taps])
    return tuple(bank)


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _kaiser(x: float, beta: float) -> float:
    """Kaiser's window at x, -1..1."""
    return _bessel_i0(beta * math.sqrt(max(0.0, 1 - x * x))) / _bessel_i0(beta)


def _bessel_i0(x: float) -> float:
    """The modified Bessel function of the first kind and order 0, by its power series."""
    term = total = 1.0
    k = 1
    while term > 1e-12 * total:
        term *= (x / (2 * k)) ** 2
        total += term
        k += 1
    return total
