"""Who answered, a person or a machine? One file per detector that listens to sound, and one line here.

How one is asked: a campaign in the core gives the command `DetectMachine(contact, leg, detector, within_s)` when a
number has answered, and `AwaitBeep` before it leaves a message; whoever carries commands out (`media`) lets the
detector of that name hear what the leg says, and posts `MachineJudged` or `BeepHeard`. No answer within `within_s`, a
command that failed and `UNSURE` all mean: treat it as a person.

A detector is pure: sound in, a judgement out, and the same sound has the same judgement. One that is no listener of
ours (Asterisk's AMD) is a name in ELSEWHERE, and `media` knows what to do with it.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.detectors.asterisk import ASTERISK
from callcenter.detectors.cadence import CadenceDetector
from callcenter.detectors.detector import Detector

DETECTORS: Final[Mapping[str, Detector]] = {"cadence": CadenceDetector()}
ELSEWHERE: Final[tuple[str, ...]] = (ASTERISK,)
"""Detectors that are not ours to run."""


def names() -> tuple[str, ...]:
    """What a campaign may call for."""
    return tuple(sorted((*DETECTORS, *ELSEWHERE)))


__all__ = ["DETECTORS", "ELSEWHERE", "Detector", "names"]
