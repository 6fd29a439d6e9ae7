"""Asterisk's own detector, the application AMD(). Knows what it says; `media` knows how it is run.

AMD counts silence and words above a level. It says MACHINE after 1.5 s of greeting, more than 3 words or 2.5 s of
silence, HUMAN after 0.8 s of silence behind a shorter greeting, NOTSURE when its time is up (app_amd.c,
amd.conf.sample of 22). Its settings are those of amd.conf, which reads custom/amd.conf.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.model.detection import Answerer, Judgement

ASTERISK: Final = "asterisk"
CAUSE_CHARS_MAX: Final = 60
_STATUS: Final[Mapping[str, Answerer]] = {
    "HUMAN": Answerer.HUMAN,
    "MACHINE": Answerer.MACHINE,
    "NOTSURE": Answerer.UNSURE,
}
_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "TOOLONG": ("undecided for {} ms",),
    "INITIALSILENCE": ("silent for {} ms", "at most {} ms"),
    "HUMAN": ("silent for {} ms after the greeting", "at least {} ms"),
    "LONGGREETING": ("spoke for {} ms", "at most {} ms"),
    "MAXWORDLENGTH": ("a word of {} ms",),
    "MAXWORDS": ("{} words", "at most {}"),
}


def judgement_of(status: str, cause: str) -> Judgement | None:
    """What AMDSTATUS and AMDCAUSE ("LONGGREETING-1520-1500") mean; None if the call ended before it knew."""
    answerer = _STATUS.get(status)
    if answerer is None:
        return None
    name, *figures = cause[:CAUSE_CHARS_MAX].split("-")
    words = [text.format(figure) for text, figure in zip(_CAUSES.get(name, ()), figures, strict=False)]
    return Judgement(answerer=answerer, why=f"AMD: {', '.join(words) or name.lower() or 'no cause'}")
