"""The journal told again: from the start, from every snapshot, and to an engine that is replaced after every entry."""

import pytest

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.model.entry import decode_entry, encode_entry
from callcenter.sim.center import tell_again
from callcenter.sim.run import run
from callcenter.sim.scenario import draw
from callcenter.sim.violation import Violation

pytestmark = pytest.mark.slow

SEEDS = range(201, 211)
LENGTH_S = 300.0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_engine_that_is_told_the_journal_answers_as_the_first_did(seed: int) -> None:
    outcome = run(seed, LENGTH_S)
    scenario = draw(seed, LENGTH_S)
    tell_again(Engine(scenario.configuration, library=scenario.library()), outcome.journal)
    for after, taken in outcome.snapshots:
        engine = restore(scenario.configuration, taken, scenario.library())
        tell_again(engine, outcome.journal[after : after + 40])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_engine_that_is_replaced_after_every_entry_answers_as_the_first_did(seed: int) -> None:
    scenario = draw(seed, LENGTH_S)
    engine = Engine(scenario.configuration, library=scenario.library())
    for line in run(seed, LENGTH_S).journal:
        tell_again(engine, [line])
        engine = restore(scenario.configuration, take_snapshot(engine), scenario.library())


def test_a_snapshot_of_a_restored_engine_is_the_same_snapshot() -> None:
    for seed in SEEDS:
        for _, taken in run(seed, LENGTH_S).snapshots[:5]:
            scenario = draw(seed, LENGTH_S)
            assert take_snapshot(restore(scenario.configuration, taken, scenario.library())) == taken


def test_every_line_of_a_journal_is_read_as_it_was_written() -> None:
    journal = run(7).journal
    assert [encode_entry(decode_entry(line)) for line in journal] == journal
    assert [decode_entry(line).seq for line in journal] == list(range(1, len(journal) + 1))


def test_a_journal_that_is_not_the_engines_own_is_noticed() -> None:
    journal = run(1, LENGTH_S).journal
    other = draw(2, LENGTH_S).configuration
    with pytest.raises(Violation, match="told again, entry"):
        tell_again(Engine(other), journal)
