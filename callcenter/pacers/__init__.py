"""How many lines a campaign dials now. One file per pacer, and one line here.

A pacer is asked with everything that it may know (`model/pacing.py`) and answers with a number of lines and reasons.
The laws of the family (`tests/laws/test_pacers.py`): never more lines than are free, none when nobody is there, never
more than one per ready agent once the budget of drops is spent, none while a failing trunk rests; the order of agents
does not matter; the same question has the same answer.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.model.pacing import PacerName
from callcenter.pacers.pacer import Pacer
from callcenter.pacers.predictive import Predictive
from callcenter.pacers.preview import Preview
from callcenter.pacers.progressive import Progressive
from callcenter.pacers.ratio import Ratio

PACERS: Final[Mapping[PacerName, Pacer]] = {
    PacerName("preview"): Preview(),
    PacerName("progressive"): Progressive(),
    PacerName("ratio"): Ratio(),
    PacerName("predictive"): Predictive(),
}

__all__ = ["PACERS", "Pacer"]
