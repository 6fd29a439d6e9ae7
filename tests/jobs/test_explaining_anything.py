"""Whatever a simulated call center went through, each of its calls can be explained, live or ended."""

import json

import pytest

from callcenter.cli.explain import document
from callcenter.core.engine import Engine
from callcenter.core.timers import TimerKind
from callcenter.jobs.explaining import Explanation, explain
from callcenter.jobs.foresight import agents_words, next_words, otherwise_words, where_words
from callcenter.jobs.summary import in_short
from callcenter.jobs.wording import groups, passed_over_words
from callcenter.model.entry import Entry, decode_entry
from callcenter.model.facts import ContactEnded, ContactQueued
from callcenter.model.ids import UNVERSIONED, ContactId
from callcenter.sim.run import Play
from callcenter.sim.scenario import draw
from tests.jobs.memory import MemoryJournal, MemoryShelf, NoSnapshots

LENGTH_S = 1200.0
CALLS_MAX = 10
RECORD = {"caller": "0901", "caller_name": "", "dialled": "1900", "end_reason": None, "agent": None, "why": ""}


async def explained(play: Play, entries: list[Entry], contact: ContactId) -> Explanation:
    shelf = MemoryShelf(play.scenario.library())
    found = await explain(
        shelf.configurations[UNVERSIONED], MemoryJournal(entries), NoSnapshots(), contact, shelf=shelf
    )
    assert found is not None
    return found


def said(found: Explanation) -> list[str]:
    """Every sentence of it."""
    words = [in_short(found.steps, found.outlook), *(step.words for step in found.steps)]
    words += [group.words for decision in found.decisions for group in groups(decision.verdicts)]
    words += passed_over_words(found.passed_over)
    if found.outlook is not None:
        words += [where_words(found.outlook), *agents_words(found.outlook)]
        words += [sentence for _, sentence in next_words(found.outlook)] + [otherwise_words(found.outlook) or "-"]
    return words


def speaks(entry: Entry, contact: ContactId) -> bool:
    return any(getattr(one, "contact", None) == contact for one in entry.outputs)


def end_of(entries: list[Entry], contact: ContactId) -> int:
    ends = (
        entry.seq
        for entry in entries
        for fact in entry.outputs
        if isinstance(fact, ContactEnded) and fact.contact == contact
    )
    return next(ends)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (3, 4, 6, 11))])
async def test_each_call_of_a_simulated_day_can_be_explained(seed: int) -> None:
    play = Play(draw(seed, LENGTH_S), Engine)
    play.begin()
    play.run()
    entries = [decode_entry(line) for line in play.center.journal]
    queued = dict.fromkeys(
        fact.contact for entry in entries for fact in entry.outputs if isinstance(fact, ContactQueued)
    )
    for contact in list(queued)[:CALLS_MAX]:
        ended = await explained(play, entries, contact)
        assert [decision.caveat for decision in ended.decisions if decision.caveat] == []
        assert ended.outlook is None
        lives = [entry.seq for entry in entries if speaks(entry, contact) and entry.seq < end_of(entries, contact)]
        if not lives:
            continue  # over in the instant in which it came
        live = await explained(play, entries[: lives[-1]], contact)
        assert live.outlook is not None
        assert [coming.at for coming in live.outlook.upcoming] == sorted(coming.at for coming in live.outlook.upcoming)
        assert all(isinstance(coming.kind, TimerKind) for coming in live.outlook.upcoming)
        for found in (ended, live):
            assert all(words and "None" not in words and "{about}" not in words for words in said(found))
            assert json.loads(json.dumps(document(found, RECORD)))["call"] == contact
