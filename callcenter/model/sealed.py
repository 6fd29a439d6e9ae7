"""What becomes of a recording's file after it was proven, step by step. Knows what may follow what; touches no file.

Theory: a file is copied before anything is removed, and what was done is on record before the next thing is begun. So
whoever is killed between two steps does the last one again, and there is never a moment without a whole copy:

    TAKEN      the WAV that was proven is all there is
    PREPARED   beside it a file of work: encoded, sealed if that is wanted, checked; its checksum is on record
    STORED     a copy is in the store, was read back, and is what the checksum says
    KEPT       WAV and file of work are gone
    REMOVING   nobody may keep it any longer: whatever there is goes
    REMOVED    it has gone
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from callcenter.errors import IllegalTransition
from callcenter.model.ids import ContactId, RecordingId
from callcenter.model.message import Message


class Step(StrEnum):
    """How far a file has come."""

    TAKEN = "taken"
    PREPARED = "prepared"
    STORED = "stored"
    KEPT = "kept"
    REMOVING = "removing"
    REMOVED = "removed"


class Deed(StrEnum):
    """What was done, or found."""

    PREPARED = "prepared"
    SPOILT = "spoilt"  # the file of work, or the copy, is not what its checksum says: the disk did not have it yet
    STORED = "stored"
    CLEARED = "cleared"
    REWRAPPED = "rewrapped"  # another key
    CONDEMNED = "condemned"
    REMOVED = "removed"


class Codec(StrEnum):
    """How sound is kept."""

    WAV = "wav"
    FLAC = "flac"  # loses nothing, about half the size
    OPUS = "opus"  # a tenth of the size


S, D = Step, Deed
TRANSITIONS: Final[Mapping[tuple[Step, Deed], Step]] = {
    (S.TAKEN, D.PREPARED): S.PREPARED,
    (S.PREPARED, D.SPOILT): S.TAKEN,
    (S.PREPARED, D.STORED): S.STORED,
    (S.STORED, D.SPOILT): S.TAKEN,  # the WAV is still there
    (S.STORED, D.CLEARED): S.KEPT,
    (S.KEPT, D.REWRAPPED): S.KEPT,
    (S.TAKEN, D.CONDEMNED): S.REMOVING,
    (S.PREPARED, D.CONDEMNED): S.REMOVING,
    (S.STORED, D.CONDEMNED): S.REMOVING,
    (S.KEPT, D.CONDEMNED): S.REMOVING,
    (S.REMOVING, D.REMOVED): S.REMOVED,
}


def after(step: Step, deed: Deed) -> Step:
    """The step that follows. Raises IllegalTransition for a pair that is not in the table."""
    try:
        return TRANSITIONS[step, deed]
    except KeyError:
        raise IllegalTransition(f"a recording's file: {deed} while {step}") from None


class SealedFile(Message, frozen=True, kw_only=True):
    """The file of one recording. Empty texts are what is not known yet."""

    recording: RecordingId
    contact: ContactId
    step: Step
    source: str  # the WAV that was proven
    stopped: float  # when the recording ended, UTC seconds: the day it is kept under
    name: str = ""  # in the store
    codec: str = ""
    key: str = ""  # id of the master key; "": not encrypted
    sha256: str = ""  # of the file as it is stored
    size: int = 0  # bytes, of the same
    pcm_sha256: str = ""  # of the samples that were recorded
    stale: str = ""  # another name in the store, to be removed
    tries: int = 0
    held: bool = False  # nobody may remove it
