"""What becomes of a lead after an attempt: done, or when to try again. Knows rules by outcome; knows no clock.

A disposition (what the agent recorded) stands before the outcome (what the system saw), if a rule names it. Without a
rule a lead is done: nobody is called again because somebody forgot to say no.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callcenter.model.campaign import Recycle
from callcenter.model.lead import LeadState, Outcome

DEFAULT_RULES: Final[Mapping[str, Recycle]] = {
    Outcome.BUSY: Recycle(after_s=900.0, at_most=4),
    Outcome.NO_ANSWER: Recycle(after_s=14_400.0, at_most=4),
    Outcome.MACHINE: Recycle(after_s=14_400.0, at_most=3),
    Outcome.FAILED: Recycle(after_s=1_800.0, at_most=3),
    Outcome.HUNG_UP: Recycle(after_s=86_400.0, at_most=1),
    Outcome.DROPPED: Recycle(after_s=259_200.0, at_most=1),  # Ofcom: not within 72 hours
    Outcome.LOST: Recycle(after_s=14_400.0, at_most=2),  # a fault of ours is no reason to lose her
}
"""For campaigns that say nothing of an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where a lead goes."""

    state: LeadState
    at: float | None = None


def after(
    outcome: Outcome,
    *,
    now: float,
    outcomes: Mapping[Outcome, int],
    attempts: int,
    attempts_max: int,
    numbers_left: int,
    free_at: float = 0.0,
    disposition: str = "",
    recorded: int = 0,
    rules: Mapping[str, Recycle] = DEFAULT_RULES,
) -> Next:
    """Where a lead goes after an attempt; `outcomes` and `attempts` count this one, `recorded` how often agents have
    recorded this disposition of her. `free_at` is the earliest time at which any number of hers may be tried: she waits
    at least so long.

    A number that does not exist leads to the lead's next number at once, and to an end if there is none left.
    """
    at_once = Next(state=LeadState.READY) if free_at <= now else Next(state=LeadState.WAITING, at=free_at)
    if outcome is Outcome.VOID:
        return at_once
    if numbers_left <= 0:
        return Next(state=LeadState.REFUSED)
    if attempts >= attempts_max:
        return Next(state=LeadState.DONE)
    if outcome is Outcome.INVALID:
        return at_once
    rule, count = (rules.get(disposition) if disposition else None), recorded
    if rule is None:
        rule, count = rules.get(outcome), outcomes.get(outcome, 0)
    if rule is None or count > rule.at_most:
        return Next(state=LeadState.DONE)
    return Next(state=LeadState.WAITING, at=max(now + rule.after_s, free_at))
