"""Who has answered: a person or a machine. Knows what is asked of a detector and what it says; hears nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from annotated_types import Interval

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


_Ms = Annotated[int, Interval(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdRules:
    """Settings of Asterisk's `AMD()` (apps/app_amd.c), of one campaign; None: as amd.conf has it. Times in ms."""

    initial_silence: _Ms | None = None  # silent for longer than that: a machine
    greeting: _Ms | None = None  # who talks for longer than that is a machine
    after_greeting_silence: _Ms | None = None  # silent for so long after a greeting: a person
    min_word_length: _Ms | None = None
    between_words_silence: _Ms | None = None
    maximum_number_of_words: Annotated[int, Interval(ge=1, le=100)] | None = None  # more: a machine
    silence_threshold: Annotated[int, Interval(ge=1, le=32_767)] | None = None  # of 32767
    maximum_word_length: _Ms | None = None

    def arguments(self, total_ms: int) -> str:
        """As the application takes them; it must have decided within `total_ms`."""
        values = (
            self.initial_silence,
            self.greeting,
            self.after_greeting_silence,
            total_ms,
            self.min_word_length,
            self.between_words_silence,
            self.maximum_number_of_words,
            self.silence_threshold,
            self.maximum_word_length,
        )
        return ",".join("" if value is None else str(value) for value in values).rstrip(",")
