"""Days in a call center, each ten busy minutes long, and those that once went wrong; `make sim` goes on from here."""

from functools import cache
from pathlib import Path

import pytest

from callcenter.sim.run import LENGTH_S, Outcome, run

SEEDS = 300
FAST = 10  # as many of them in `make test-fast`
CHUNK = 10
WORTH = range(1, 21)  # looked at twice: is anything wrong with them, and did enough happen in them
CORPUS = Path(__file__).with_name("corpus.txt")


def once_broken() -> list[tuple[int, float]]:
    """The seeds of the corpus, and how long their worlds last."""
    lines = (line.split("#")[0].split() for line in CORPUS.read_text().splitlines())
    return [(int(words[0]), 60 * float(words[1]) if len(words) > 1 else LENGTH_S) for words in lines if words]


@cache
def worthy(seed: int) -> Outcome:
    """A world of WORTH, lived once."""
    return run(seed)


def lived(seed: int) -> Outcome:
    """What came of a world."""
    return worthy(seed) if seed in WORTH else run(seed)


@pytest.mark.parametrize(
    "first", [pytest.param(n, marks=[pytest.mark.slow] if n > FAST else []) for n in range(1, SEEDS + 1, CHUNK)]
)
def test_every_promise_is_kept_in_every_world(first: int) -> None:
    broken = [said for seed in range(first, first + CHUNK) if (said := lived(seed).violation)]
    assert not broken, "\n".join(broken)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "length_s"), once_broken())
def test_what_once_went_wrong_does_not_go_wrong_again(seed: int, length_s: float) -> None:
    assert run(seed, length_s).violation == ""


@pytest.mark.slow
def test_a_run_is_worth_its_name() -> None:
    """Many callers, most of whom reach somebody; restarts, losses and both kinds of clock among the first seeds."""
    outcomes = [lived(seed) for seed in WORTH]
    assert sum(outcome.contacts for outcome in outcomes) > 400
    ends = b"\n".join(line for outcome in outcomes for line in outcome.journal)
    for word in (
        b'"type":"ContactConnected"',
        b'"reason":"abandoned"',
        b'"reason":"caller_hung_up"',
        b'"reason":"agent_hung_up"',
        b'"end":"rescinded"',
        b'"end":"no_answer"',
        b'"type":"NeedsRelaxed"',
        b'"type":"MessageRecorded"',
        b'"type":"Resynced"',
        b'"fault":"unavailable"',
        b'"exit":"timed_out"',
        b'"exit":"no_agents"',
        b'"type":"ConfigurationChanged"',
        b'"type":"RulesChanged"',
    ):
        assert word in ends, word
