"""What is promised of campaigns and broken on purpose is found broken."""

import re

import pytest

from callcenter.sim.run import run
from tests.sim.campaign_mutants import CAMPAIGN_FINDINGS, CAMPAIGN_MUTANTS

pytestmark = pytest.mark.slow

SEEDS = range(1, 91)  # most are found in the first ten
FOUND_BY = {"DialsForNobody": 140, "ForgetsWhatItDialled": 16}
"""The seeds that find the others, looked at first; where the world has become another, the search begins anew."""
LENGTH_S = 300.0


@pytest.mark.parametrize("name", CAMPAIGN_MUTANTS)
def test_a_broken_promise_is_found(name: str) -> None:
    for seed in (FOUND_BY.get(name, SEEDS[0]), *SEEDS):
        outcome = run(seed, LENGTH_S, CAMPAIGN_MUTANTS[name])
        if "told again" in outcome.violation:
            continue  # what is restored is an engine that keeps its promises
        if outcome.violation:
            assert re.search(CAMPAIGN_FINDINGS[name], outcome.violation), outcome.violation
            return
    pytest.fail(f"{name} went through {len(SEEDS)} seeds")
