"""Our own detector: by the cadence of the voice that answers, and by a beep. Knows frames; knows no call.

Theory: a person says a word or two ("Hello?", "Alo, toi nghe"), stops, and waits for an answer. A machine talks on.
So a greeting that is followed by silence is a person's, as soon as the silence has lasted long enough; a voice that
has talked for longer than people do, and talks still, is a machine's, and so is a beep. All else is unsure, silence
too, and treated as a person: a person who is hung up on is harmed, a machine that is talked to is not. (Asterisk's
AMD says MACHINE after 1.5 s of greeting and after 2.5 s of silence.)

Speech is told from noise by WebRTC's voice activity detector (Gaussian mixtures over six bands) and by loudness above
the noise of the line, which is the least that was heard for a while.
"""

from collections import deque
from typing import Final

import webrtcvad

from callcenter.detectors.beep import BeepEar
from callcenter.detectors.detector import SAMPLES_PER_S, BeepListener, Listener
from callcenter.detectors.frames import FRAME_S, SILENCE_DBFS, Frames
from callcenter.model.detection import Answerer, Judgement

SILENT_S: Final = 2.6
"""Nothing was said for so long: it is not known what this is."""
AFTER_GREETING_S: Final = 0.7
"""So much silence after a greeting: a person waits. Pauses within a recorded sentence are shorter."""
MACHINE_S: Final = 2.5
"""Who has talked for so long without waiting for an answer is a machine."""
BREATH_S: Final = 0.2
"""And talks still: is silent for no longer than that."""
MACHINE_SHARE: Final = 0.35
"""Of that time with speech in it, at least."""
DECIDE_AT_S: Final = 4.4
"""Then it is not known; the campaign waits 5 s for a judgement, of which the ear needs a moment to be there."""
WORD_S: Final = 0.1
"""A click or a breath is shorter than the shortest word."""
ABOVE_NOISE_DB: Final = 6.0
BELOW_VOICE_DB: Final = 17.0
"""What is so much softer than the loudest of what was said is somebody else, farther away."""
VOICE_DB: Final = 9.0
VOICE_FRAMES: Final = 50
VOICE_SHARE: Final = 0.2
"""Who talks still is as loud as the loudest of what was said, but for 9 dB, in a fifth of the last second. Others in
the
room are not, whom the line above lets pass."""
LEAST_DBFS: Final = -50.0
NOISE_MAX_DBFS: Final = -32.0
"""Who talks from the first moment is not taken for noise."""
VAD_STRICTNESS: Final = 3  # of 0 to 3: least speech seen in noise
FLOOR_FRAMES: Final = 100  # the noise of the line is the least loud of so many
HANGOVER_FRAMES: Final = 3  # a stop consonant in a word is no pause


class Cadence:
    """Hears one call."""

    __slots__ = (
        "_beep",
        "_floor",
        "_frames",
        "_gap",
        "_heard",
        "_judged",
        "_longest",
        "_loudest",
        "_pauses",
        "_run",
        "_silence",
        "_speech",
        "_started",
        "_vad",
        "_voice",
        "_words",
    )

    def __init__(self) -> None:
        self._frames = Frames()
        self._vad = webrtcvad.Vad(VAD_STRICTNESS)
        self._beep = BeepEar()
        self._floor: deque[float] = deque(maxlen=FLOOR_FRAMES)
        self._voice: deque[bool] = deque(maxlen=VOICE_FRAMES)
        self._judged = False
        self._loudest = SILENCE_DBFS
        self._heard = 0  # frames
        self._speech = 0  # frames, of words only
        self._run = 0  # frames of the word that goes on
        self._gap = 0  # frames without speech, within or after a word
        self._words = 0
        self._started: int | None = None  # the frame in which the first word began
        self._silence = 0  # frames since the last word
        self._pauses = 0
        self._longest = 0  # pause between words, frames

    def hear(self, sound: bytes) -> Judgement | None:
        """The next piece of any length; a judgement as soon as there is one, then None."""
        for frame in self._frames.of(sound):
            if self._judged:
                return None
            judgement = self._frame(frame)
            if judgement is not None:
                self._judged = True
                return judgement
        return None

    def _frame(self, frame: bytes) -> Judgement | None:
        self._heard += 1
        if self._beep.frame(frame):
            why = f"beep of {self._beep.hz:.0f} Hz and {self._beep.lasted_s:.2f} s"
            return self._said(Answerer.MACHINE, why)
        self._count(self._speaks(frame))
        if self._beep.sounding:
            return None  # judged by its end
        waits_s = self._silence * FRAME_S
        if self._started is not None and not self._run and waits_s >= AFTER_GREETING_S:
            return self._said(Answerer.HUMAN, f"{waits_s:.2f} s of silence after the greeting")
        first = self._first()
        if first is None:
            silent = self._heard * FRAME_S >= SILENT_S
            return self._said(Answerer.UNSURE, "nothing was said") if silent else None
        talked_s = (self._heard - first) * FRAME_S
        talks = (self._run > 0 or waits_s <= BREATH_S) and sum(self._voice) >= VOICE_SHARE * VOICE_FRAMES
        if talks and talked_s >= MACHINE_S and (self._speech + self._run) * FRAME_S >= MACHINE_SHARE * talked_s:
            return self._said(Answerer.MACHINE, f"talks for {talked_s:.2f} s")
        if self._heard * FRAME_S >= DECIDE_AT_S:
            return self._said(Answerer.UNSURE, "neither a short greeting nor a long one")
        return None

    def _first(self) -> int | None:
        """The frame in which the first word began; None if there was none."""
        if self._started is None and self._run * FRAME_S >= WORD_S:
            return self._heard - self._gap - self._run
        return self._started

    def _speaks(self, frame: bytes) -> bool:
        level = self._beep.level
        self._floor.append(level)
        loud = max(LEAST_DBFS, min(NOISE_MAX_DBFS, *self._floor) + ABOVE_NOISE_DB, self._loudest - BELOW_VOICE_DB)
        speaks = bool(self._vad.is_speech(frame, SAMPLES_PER_S)) and level >= loud
        if speaks:
            self._loudest = max(self._loudest, level)
        self._voice.append(speaks and level >= self._loudest - VOICE_DB)
        return speaks

    def _count(self, speaks: bool) -> None:
        """Words and the pauses between them; a word counts from the moment at which it is long enough for one."""
        if speaks:
            self._run += 1 + self._gap if self._run else 1
            self._gap = 0
        elif self._run:
            self._gap += 1
            if self._gap > HANGOVER_FRAMES:
                self._end_of_run()
        else:
            self._silence += 1

    def _end_of_run(self) -> None:
        if self._run * FRAME_S >= WORD_S:
            began = self._heard - self._gap - self._run
            if self._started is None:
                self._started = began
            else:
                self._pauses += 1
                self._longest = max(self._longest, self._silence)
            self._words += 1
            self._speech += self._run
            self._silence = self._gap
        else:
            self._silence += self._run + self._gap
        self._run = self._gap = 0

    def _said(self, answerer: Answerer, what: str) -> Judgement:
        """The judgement, with the figures of the cadence."""
        if self._run * FRAME_S >= WORD_S:
            self._speech += self._run
            self._words += 1
        first = self._heard - self._gap - self._run if self._started is None else self._started
        initial_s = first * FRAME_S
        why = (
            f"{what}: {initial_s:.2f} s until the first word, {self._words} words, "
            f"{self._speech * FRAME_S:.2f} s of speech, longest pause {self._longest * FRAME_S:.2f} s, "
            f"after {self._heard * FRAME_S:.2f} s"
        )
        return Judgement(answerer=answerer, why=why)


class CadenceDetector:
    """Registered as `cadence`."""

    def listener(self) -> Listener:
        """For a call that has just been answered."""
        return Cadence()

    def beep_listener(self) -> BeepListener:
        """For a call of which a machine has answered."""
        return BeepEar()
