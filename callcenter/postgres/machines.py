"""The scoreboard of detectors of answering machines. Knows one table and the formulas; knows no screen."""

from dataclasses import dataclass
from typing import Final

from callcenter.core.machine_score import wilson
from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

FORMULAS: Final = {
    "precision": (
        "machines / labelled, of those taken for machines and given to an agent; Wilson's interval, 95 % one-sided"
    ),
    "recall": (
        "hits / (hits + missed): hits = precision x taken for machines, "
        "missed = machines passed on, in proportion to those labelled"
    ),
    "people_hung_up_on": "estimate: (1 - precision) x (taken for machines - given to an agent)",
}
"""What the figures are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One detector's decisions on one trunk of one campaign. Shares of nothing are None."""

    campaign: str
    trunk: str
    detector: str
    said_human: int
    said_machine: int
    said_unsure: int
    heard: int  # said to be machines, and given to an agent all the same
    machine_labelled: int  # of those that agents said something of
    machine_human: int  # people among them
    passed_labelled: int  # said to be people, or unsure, and labelled
    passed_machine: int  # machines among them
    took_s: float

    @property
    def precision(self) -> float | None:
        """The share of machines among those said to be."""
        return 1 - self.machine_human / self.machine_labelled if self.machine_labelled else None

    @property
    def precision_between(self) -> tuple[float, float]:
        """Where it may be."""
        low, high = wilson(self.machine_human, self.machine_labelled)
        return 1 - high, 1 - low

    @property
    def recall(self) -> float | None:
        """The share of machines that were found."""
        if self.precision is None or not self.passed_labelled:
            return None
        hits = self.precision * self.said_machine
        passed = self.passed_machine / self.passed_labelled * (self.said_human + self.said_unsure)
        return hits / (hits + passed) if hits + passed else None

    @property
    def people_hung_up_on(self) -> float | None:
        """How many people were, by estimate."""
        return None if self.precision is None else (1 - self.precision) * (self.said_machine - self.heard)


async def scores(pool: Pool, since: float, until: float, campaign: str | None = None) -> tuple[ScoreLine, ...]:
    """By campaign, trunk and detector."""
    with asking():
        rows = await pool.fetch(sql("answerers.score"), time_of(since), time_of(until), campaign)
    return tuple(ScoreLine(**dict(row)) for row in rows)
