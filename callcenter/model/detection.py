"""Who has answered: a person or a machine. Knows what is asked of a detector and what it says; hears nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

JUDGE_WITHIN_S: Final = 5.0
"""A detector that has said nothing for so long is not waited for: it was a person, as far as anybody knows."""
BEEP_WITHIN_S: Final = 30.0
"""A machine whose beep has not come after so long is spoken to all the same."""


class Answerer(StrEnum):
    """What answered."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"  # treated as a person: who is taken for a machine is dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a detector says of one call. `why` is one line of words and figures, without personal data."""

    answerer: Answerer
    why: str
