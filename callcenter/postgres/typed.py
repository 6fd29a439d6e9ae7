"""What a person typed on her phone: an account, a date of birth, another number of hers. Knows keys and steps of flows.

Theory: a menu's choice is a key or two, and without it the journal could not be told again. What somebody types is
longer. So of the keys of one step (from a node to the next, or an answer of a survey to the next) nothing is hers if
there are few digits, and all are hers if there are more. An engine that is told such keys takes as many, and mostly
goes the same way: no node may look at what it takes into a variable.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.core.flows import DIGITS
from callcenter.model.ids import ContactId

CHOICE_DIGITS_MAX: Final = 3
"""Digits of one step that are a choice, with a slip or two."""
STEPS: Final = ("NodeEntered", "SurveyAnswered")
"""Facts after which the next key belongs to something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that was pressed on a person's leg: the journal's entry, and which key."""

    contact: ContactId
    seq: int
    digit: str


def typed(keys: Iterable[Key], steps: Mapping[ContactId, Sequence[int]]) -> list[int]:
    """The entries of digits that are more than a choice, in order.

    `steps` are the entries in which a contact's flow went on, in order; the key of such an entry is its step's last.
    """
    runs: dict[tuple[ContactId, int], list[int]] = {}
    for key in keys:
        if key.digit in DIGITS:
            runs.setdefault((key.contact, bisect_left(steps.get(key.contact, ()), key.seq)), []).append(key.seq)
    return sorted(seq for run in runs.values() if len(run) > CHOICE_DIGITS_MAX for seq in run)
