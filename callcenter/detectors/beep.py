"""The beep of an answering machine: a steady single tone, and its end. Knows frames; knows no cadence of speech.

Theory: makers differ in pitch (some 400 to 2,200 Hz), length (0.15 to 2 s) and loudness, and agree that it is one tone
that does not move. Voices have no such thing for so long: their tone glides, and has harmonics. A frame belongs to a
beep if one frequency has nearly all of its power; a beep is a run of such frames of one pitch and one loudness. It is
over when the tone is: the machine records from then on.
"""

from collections import deque
from typing import Final

from callcenter.detectors.frames import FRAME_S, SILENCE_DBFS, Frames, HighPass, level_dbfs, purity, samples_of, tone_hz

LOWEST_HZ: Final = 380.0  # voices sing below
HIGHEST_HZ: Final = 2_600.0
PURE: Final = 0.80
"""Of a frame's power; a tone 8 dB above the noise of its line has it."""
LEAST_DBFS: Final = -45.0
LEAST_S: Final = 0.12
LONGEST_S: Final = 3.0
"""A tone that is longer is a fax, a line that is out of order, or music: no beep."""
DRIFT_HZ: Final = 25.0
DRIFT_DB: Final = 6.0
GAP_FRAMES: Final = 1
"""So many frames in a row may be spoilt within a beep (a lost packet)."""


class BeepEar:
    """Listens for a beep and its end. `hz` and `lasted_s` are of the last one, `level` (dBFS) of the last frame."""

    __slots__ = ("_frames", "_gap", "_high_pass", "_hz", "_levels", "_run", "hz", "lasted_s", "level")

    def __init__(self) -> None:
        self._frames = Frames()
        self._high_pass = HighPass()
        self._hz: deque[float] = deque(maxlen=round(LEAST_S / FRAME_S))
        self._levels: deque[float] = deque(maxlen=round(LEAST_S / FRAME_S))
        self._run = 0  # frames of the tone that goes on
        self._gap = 0
        self.hz = 0.0
        self.level = SILENCE_DBFS
        self.lasted_s = 0.0

    @property
    def sounding(self) -> bool:
        """Whether a tone goes on that is long enough for a beep."""
        return self._run * FRAME_S >= LEAST_S

    def hear(self, sound: bytes) -> bool:
        """The next piece of any length; True if a beep was over in it."""
        over = False
        for frame in self._frames.of(sound):
            over = self.frame(frame) or over
        return over

    def frame(self, frame: bytes) -> bool:
        """The next frame; True if a beep was over before it."""
        samples = self._high_pass.of(samples_of(frame))
        level = self.level = level_dbfs(samples)
        hz = tone_hz(samples) if level >= LEAST_DBFS else None
        tonal = hz is not None and LOWEST_HZ <= hz <= HIGHEST_HZ and purity(samples, hz) >= PURE
        if tonal and hz is not None and self._goes_on(hz, level):
            self._hz.append(hz)
            self._levels.append(level)
            self._run += 1 + self._gap
            self._gap = 0
            return False
        if self._run and self._gap < GAP_FRAMES:
            self._gap += 1
            return False
        over = self._end()
        if tonal and hz is not None:  # another tone begins
            self._hz.append(hz)
            self._levels.append(level)
            self._run = 1
        return over

    def _goes_on(self, hz: float, level: float) -> bool:
        if not self._hz:
            return True
        mean_hz, mean_level = sum(self._hz) / len(self._hz), sum(self._levels) / len(self._levels)
        rises = self._run <= 2  # the first frames of a tone are partly what was before it
        return abs(hz - mean_hz) <= DRIFT_HZ and (rises or abs(level - mean_level) <= DRIFT_DB)

    def _end(self) -> bool:
        """Forget the tone; whether it was a beep."""
        lasted_s = self._run * FRAME_S
        beep = LEAST_S <= lasted_s <= LONGEST_S
        if beep:
            self.hz, self.lasted_s = sum(self._hz) / len(self._hz), lasted_s
        self._hz.clear()
        self._levels.clear()
        self._run = self._gap = 0
        return beep
