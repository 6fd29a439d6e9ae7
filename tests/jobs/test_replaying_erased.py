"""Whoever is erased, the journal can be told again: any number of drawn days, hotlines and phones of agents as well."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from random import Random

import msgspec
import pytest

from callcenter.core.engine import Engine
from callcenter.core.flows import DIGITS, ERASED_DIGIT
from callcenter.jobs.replaying import Replay, replay
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.contact import Direction
from callcenter.model.entry import Entry, decode_entry, encode_entry
from callcenter.model.events import DigitPressed
from callcenter.model.facts import ContactOpened, NodeEntered, Surprise, SurveyAnswered
from callcenter.model.ids import UNVERSIONED, ContactId, LegId
from callcenter.postgres.snapshots import Snapshot
from callcenter.postgres.typed import CHOICE_DIGITS_MAX, Key, typed
from callcenter.postgres.unnamed import ERASED_PATTERN, Unnaming
from callcenter.sim.flows import HOTLINE
from callcenter.sim.run import Play
from callcenter.sim.scenario import Scenario, draw
from tests.examples import examples
from tests.jobs.memory import MemoryShelf

LENGTH_S = 240.0
NUMBER = re.compile(rb'"(\+?[0-9]{4,15})"')
TAG = "0a1b2c3d"
SEEDS = (1, pytest.param(3, marks=pytest.mark.slow), 11)


class Day:
    """A drawn day's journal and snapshots, as `replay` reads them; and the same without a person."""

    def __init__(self, scenario: Scenario, lines: list[bytes], taken: list[tuple[int, bytes]]) -> None:
        self.lines, self.taken = lines, taken
        self.scenario = scenario

    @property
    def numbers(self) -> list[str]:
        """Those that occur, the most frequent first."""
        found = Counter(number for line in self.lines for number in set(NUMBER.findall(line)))
        return [number.decode() for number, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]

    def contacts_of(self, number: str) -> frozenset[str]:
        """Whose contacts are the person's, as the tables say it."""
        return frozenset(
            str(one.contact)
            for line in self.lines
            for one in decode_entry(line).outputs
            if (isinstance(one, CallbackPromised) and one.number == number)
            or (
                isinstance(one, ContactOpened)
                and (one.caller == number or (one.direction is Direction.OUTBOUND and one.dialled == number))
            )
        )

    def without(self, number: str) -> "Day":
        """The day, and nobody had that number."""
        contacts = self.contacts_of(number)
        unnaming = Unnaming(frozenset([number]), contacts, frozenset(), TAG)
        typed_in, lines = set(self.typed_by(contacts)), []
        for line in self.lines:
            entry = json.loads(line)
            if entry["seq"] in typed_in:
                entry["event"]["digit"] = ERASED_DIGIT
            event, outputs = unnaming.entry(json.dumps(entry["event"]), json.dumps(entry["outputs"]))
            head = f'{{"seq":{entry["seq"]},"at":{entry["at"]!r}'
            lines.append(f'{head},"event":{event},"outputs":{outputs}}}'.encode())
        return Day(self.scenario, lines, [(seq, unnaming.snapshot(state)) for seq, state in self.taken])

    def typed_by(self, contacts: frozenset[str]) -> list[int]:
        """The entries of what was typed in these."""
        of: dict[LegId | None, ContactId] = {}
        keys: list[Key] = []
        steps: dict[ContactId, list[int]] = {}
        for entry in map(decode_entry, self.lines):
            if isinstance(entry.event, DigitPressed) and entry.event.leg in of:
                keys.append(Key(contact=of[entry.event.leg], seq=entry.seq, digit=entry.event.digit))
            for one in entry.outputs:
                if isinstance(one, ContactOpened) and one.contact in contacts:
                    of[one.leg] = one.contact
                if isinstance(one, NodeEntered | SurveyAnswered):
                    steps.setdefault(one.contact, []).append(entry.seq)
        return typed(keys, steps)

    async def last_seq(self) -> int:
        return len(self.lines)

    async def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        for line in self.lines[after_seq:until_seq]:
            yield decode_entry(line)

    async def any_erased(self, after_seq: int, until_seq: int) -> bool:
        return any(re.search(ERASED_PATTERN, line.decode()) for line in self.lines[after_seq:until_seq])

    async def latest(self, before_seq: int | None = None) -> Snapshot | None:
        return next((one for one in reversed(self._snapshots()) if before_seq is None or one.seq < before_seq), None)

    async def next(self, after_seq: int) -> Snapshot | None:
        return next((one for one in self._snapshots() if one.seq >= after_seq), None)

    def _snapshots(self) -> list[Snapshot]:
        return [Snapshot(seq=seq, at=0.0, build="sim", state=state) for seq, state in self.taken]

    async def told_again(self) -> Replay:
        library = self.scenario.library()
        return await replay(library[UNVERSIONED], self, self, MemoryShelf(dict(library)))


@cache
def day(seed: int) -> Day:
    play = Play(draw(seed, LENGTH_S), Engine)
    play.begin()
    play.run()
    return Day(play.scenario, play.center.journal, play.center.snapshots)


@pytest.mark.parametrize("seed", SEEDS)
async def test_whoever_is_erased_the_journal_can_be_told_again(seed: int) -> None:
    whole, tried = day(seed), examples(4, few=2)
    numbers = whole.numbers
    often, seldom = numbers[: tried // 2], numbers[tried // 2 :]
    passed_over = 0
    for number in (*often, *Random(seed).sample(seldom, min(len(seldom), tried // 2))):
        found = await whole.without(number).told_again()
        assert found.difference is None, (number, found.difference)
        passed_over += found.passed_over
    assert passed_over <= len(whole.lines), f"of {tried} persons in {len(whole.lines)} entries"


async def test_what_nobody_was_erased_of_is_compared_to_the_letter() -> None:
    whole = day(1)
    odd = [*whole.lines]
    entry = decode_entry(odd[99])
    odd[99] = encode_entry(msgspec.structs.replace(entry, outputs=(*entry.outputs, Surprise(what="never said"))))
    found = await Day(whole.scenario, odd, whole.taken).told_again()
    assert found.difference is not None
    assert (found.difference.entry.seq, found.passed_over) == (100, 0)


async def test_what_was_decided_by_whom_is_passed_over_until_the_next_snapshot() -> None:
    whole = day(1)
    name = next(one for one in whole.numbers if one.startswith("09") and whole.contacts_of(one))
    erased = whole.without(name)
    pairs = zip(whole.lines, erased.lines, strict=True)
    at = next(n for n, (was, line) in enumerate(pairs, 1) if decode_entry(was) != decode_entry(line))
    entry = decode_entry(erased.lines[at])
    erased.lines[at] = encode_entry(msgspec.structs.replace(entry, outputs=(*entry.outputs, Surprise(what="hers"))))
    found = await erased.told_again()
    after = next(seq for seq, _ in erased.taken if seq >= at + 1)
    assert found.difference is None
    assert found.passed_over >= after - at, "hers, at least"
    assert found.last == len(erased.lines)
    erased.taken.clear()
    found = await erased.told_again()
    assert found.difference is None
    assert found.passed_over == len(erased.lines) - found.last > 0


async def test_what_she_typed_goes_and_what_she_chose_stays() -> None:
    whole, she = day(44), "0900000001"
    was, erased = whole.typed_by(whole.contacts_of(she)), whole.without(she)
    assert len(was) > CHOICE_DIGITS_MAX
    events = [decode_entry(line).event for line in erased.lines]
    assert all(isinstance(one, DigitPressed) and one.digit == ERASED_DIGIT for one in (events[seq - 1] for seq in was))
    chosen = [one for one in events if isinstance(one, DigitPressed) and one.digit in DIGITS]
    assert chosen, "others chose"
    found = await erased.told_again()
    assert (found.difference, found.passed_over) == (None, 0)


def test_others_keep_their_names_who_dialled_a_number_that_is_erased() -> None:
    whole = day(1)
    erased = whole.without(HOTLINE)
    opened = [
        (one, other)
        for was, line in zip(whole.lines, erased.lines, strict=True)
        for one, other in zip(decode_entry(was).outputs, decode_entry(line).outputs, strict=True)
        if isinstance(one, ContactOpened) and one.dialled == HOTLINE
    ]
    assert len(opened) > 5
    assert any(one.caller_name for one, _ in opened)
    assert all(one == other for one, other in opened)
