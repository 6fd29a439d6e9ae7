"""People and machines that answer, synthesised: what is said, in whose voice, on what line, and which beep ends it.

Knows espeak-ng and sums of samples; knows no detector. Everything is drawn from a seed, so a call can be made again.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from callcenter.speech.speakers import EspeakSpeaker, Program
from callcenter.speech.wav import Sound, read_wav

Samples = NDArray[np.float64]

RATE: Final = 8_000
FULL_SCALE: Final = 32_768.0
SPEECH_DBFS: Final = -20.0
PEOPLE: Final = {
    "en": (
        "Hello?",
        "Hello.",
        "Yes?",
        "Hi.",
        "Hello, who is this?",
        "Yes, hello?",
        "John speaking.",
        "Good morning.",
        "Hello, this is Mary.",
        "Hello? Hello?",
        "Smith residence.",
        "Yeah, what's up?",
        "Hi, this is Robert Miller.",
    ),
    "vi": (
        "A lô.",
        "A lô?",
        "Vâng.",
        "A lô, ai đấy?",
        "A lô, tôi nghe.",
        "Dạ.",
        "Vâng, tôi nghe đây.",
        "Xin chào.",
        "A lô, em nghe ạ.",
        "Dạ, em chào anh.",
    ),
}
MACHINES: Final = {
    "en": (
        "Hello, you have reached the voice mailbox of Mary Smith. I cannot take your call now. Please leave a message.",
        "The person you are calling is not available. At the tone, please record your message.",
        "Hi, this is John. I'm sorry I missed your call. Please leave your name and number and I will call you back.",
        "Your call has been forwarded to an automatic voice message system. The number you have dialled is not there.",
        "Thank you for calling Miller and Sons. Our office is closed at the moment. Our hours are nine to five.",
        "Hi, we are not at home right now, but if you leave a message after the beep, we will get back to you soon.",
        "Hey, it's Bob, leave a message and I'll get back to you as soon as I can, thanks, bye.",
    ),
    "vi": (
        "Thuê bao quý khách vừa gọi hiện không liên lạc được. Xin quý khách vui lòng gọi lại sau.",
        "Xin chào, đây là hộp thư thoại của Nguyễn Văn An. Hiện tôi không thể nghe máy. Xin để lại lời nhắn.",
        "Số máy quý khách vừa gọi tạm thời không liên lạc được, xin vui lòng để lại lời nhắn sau tiếng bíp.",
        "Cảm ơn quý khách đã gọi đến công ty chúng tôi. Hiện đã hết giờ làm việc, xin quý khách để lại lời nhắn.",
    ),
}
VOICES: Final = {
    "en": ("en-us", "en-gb", "en-us+f2", "en-us+m3", "en-gb+f4", "en-us+m7"),
    "vi": ("vi", "vi+f2", "vi+m3", "vi+f4"),
}
BEEPS: Final = (
    (1_000, 0.5),
    (1_400, 0.4),
    (440, 0.8),
    (850, 0.3),
    (2_000, 0.2),
    (480, 1.0),
    (620, 0.25),
    (1_330, 1.5),
    (780, 0.16),
)
"""Pitch in Hz and length in s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is heard after an answer: `sound` is PCM of 8 kHz, at least `until_s` long."""

    machine: bool
    language: str
    words: str
    line: str  # what it was heard through
    sound: bytes
    beep_over_s: float | None = None  # when the beep is over


class Studio:
    """Makes answers."""

    def __init__(self, espeak: Program, seed: int) -> None:
        self._espeak = espeak
        self._draw = np.random.default_rng(seed)
        self._said: dict[tuple[str, str], Samples] = {}

    async def rehearse(self) -> None:
        """Have everything said in every voice."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            for language, voices in VOICES.items():
                for voice in voices:
                    speaker = await EspeakSpeaker.open(self._espeak, {language: voice})
                    for words in (*PEOPLE[language], *MACHINES[language]):
                        await speaker.speak(words, language, path)
                        self._said[voice, words] = _telephone(read_wav(path))

    async def says(self, voice: str, words: str) -> Samples:
        """One thing, said in one voice."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            language = voice[:2]
            speaker = await EspeakSpeaker.open(self._espeak, {language: voice})
            await speaker.speak(words, language, path)
            return _telephone(read_wav(path))

    def answers(self, count: int) -> list[Answer]:
        """So many of each kind in each language."""
        return [
            self._answer(language, machine) for language in VOICES for machine in (False, True) for _ in range(count)
        ]

    def _answer(self, language: str, machine: bool) -> Answer:
        draw = self._draw
        voice = str(draw.choice(VOICES[language]))
        words = str(draw.choice((MACHINES if machine else PEOPLE)[language]))
        gain_db = draw.uniform(-12, 0)
        parts = [_silence(draw.uniform(0.1, 1.2)), self._said[voice, words] * 10 ** (gain_db / 20)]
        if machine:
            hz, length_s = BEEPS[draw.integers(len(BEEPS))]
            parts += [_silence(draw.uniform(0.2, 1.0)), beep(hz, length_s, draw.uniform(-24, -10))]
        over_s = sum(map(len, parts)) / RATE if machine else None
        sound = np.concatenate([*parts, _silence(4.0)])
        kind, noise_db = str(draw.choice(("hiss", "hum", "babble"))), float(draw.choice((-70, -55, -45, -40)))
        return Answer(
            machine=machine,
            language=language,
            words=words,
            line=f"{voice} at {gain_db:.0f} dB, {kind} at {noise_db:.0f} dBFS",
            sound=over_the_line(sound + self._noise(kind, noise_db, len(sound))),
            beep_over_s=over_s,
        )

    def _noise(self, kind: str, dbfs: float, length: int) -> Samples:
        if kind == "hiss":
            noise = self._draw.standard_normal(length)
        elif kind == "hum":  # of the mains, with harmonics
            at = 2 * np.pi * 50 / RATE * np.arange(length)
            noise = np.sin(at) + 0.4 * np.sin(2 * at) + 0.2 * self._draw.standard_normal(length)
        else:  # other people, far away
            every = sorted(self._said)
            others = [self._said[every[n]] for n in self._draw.integers(len(every), size=4)]
            noise = np.sum([np.resize(other, length) for other in others], axis=0)
        return np.asarray(noise * 10 ** (dbfs / 20) * FULL_SCALE / np.sqrt(np.mean(noise**2)))


def beep(hz: float, length_s: float, dbfs: float) -> Samples:
    """A tone of this peak."""
    return np.asarray(
        10 ** (dbfs / 20) * FULL_SCALE * np.sin(2 * np.pi * hz / RATE * np.arange(round(length_s * RATE)))
    )


def over_the_line(sound: Samples) -> bytes:
    """As it comes out of a line of G.711 (mu-law, here as its continuous curve in 8 bits), as PCM."""
    x = np.clip(sound / FULL_SCALE, -1, 1)
    small = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    linear = np.sign(small) * np.expm1(np.abs(small) * np.log(256)) / 255
    return bytes((linear * (FULL_SCALE - 1)).astype("<i2").tobytes())


def _silence(length_s: float) -> Samples:
    return np.zeros(round(length_s * RATE))


def _telephone(sound: Sound) -> Samples:
    """8 kHz, at the level of Asterisk's own sounds."""
    samples = resample_poly(np.asarray(sound.channels[0], dtype=float), RATE, sound.rate)
    loud = samples[np.abs(samples) > 0.05 * np.max(np.abs(samples))]
    first, last = np.flatnonzero(np.abs(samples) > 0.02 * np.max(np.abs(samples)))[[0, -1]]
    level = 10 ** (SPEECH_DBFS / 20) * FULL_SCALE
    return np.asarray(samples[first : last + 1] * level / np.sqrt(np.mean(loud**2)))
