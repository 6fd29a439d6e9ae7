"""The loop: the order of a turn, deadlines, questions and their answers, limits, its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import structlog

from callcenter.errors import Bug
from callcenter.model.commands import AnswerLeg, Reply
from callcenter.model.entry import Output
from callcenter.model.events import (
    DigitPressed,
    EngineStarted,
    Event,
    HangUpRequested,
    LegAnswered,
    LegRinging,
    Resynced,
    TimePassed,
)
from callcenter.model.facts import QueueDraining, Surprise
from callcenter.model.ids import CardId, ContactId, LegId, QueueName, RequestId
from callcenter.runtime import loop as loop_module
from callcenter.runtime.clock import SystemClock
from callcenter.runtime.loop import Loop
from tests.runtime.rig import LIMIT_S, Diary, HandClock, ListJournal, ListPerformer, ListSink

LEG = LegId("leg-1")
ANSWER = AnswerLeg(contact=ContactId("c-1"), leg=LEG)
DRAINED = QueueDraining(queue=QueueName("sales"), draining=True, by="test")


class Oracle:
    """A decider that answers by script; the events it was told, and when, are kept."""

    def __init__(self, diary: Diary | None = None) -> None:
        self.told: list[tuple[float, Event]] = []
        self.answers: Callable[[Event], list[Output]] = lambda event: []
        self.deadlines: list[float] = []
        self.card: CardId | None = None
        self._diary = diary

    def handle(self, event: Event, now: float) -> list[Output]:
        self.told.append((now, event))
        self.deadlines = [at for at in self.deadlines if at > now]
        if self._diary is not None:
            self._diary.lines.append(f"decide {type(event).__name__}")
        return self.answers(event)

    def next_deadline(self) -> float | None:
        return min(self.deadlines, default=None)

    def redacted(self, event: Event) -> Event:
        if self._diary is not None:
            self._diary.lines.append(f"redact {type(event).__name__}")
        return DigitPressed(leg=event.leg, digit="x") if isinstance(event, DigitPressed) else event

    def card_of(self, event: Event) -> CardId | None:
        return self.card

    @property
    def events(self) -> list[str]:
        return [type(event).__name__ for _, event in self.told]


@asynccontextmanager
async def running(loop: Loop) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(loop.run())
    try:
        yield task
    finally:
        loop.stop()
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(task, return_exceptions=True)


def a_loop(oracle: Oracle, clock: HandClock | None = None) -> Loop:
    return Loop(oracle, clock or HandClock(), ListJournal(), ListPerformer())


# -- one turn ----------------------------------------------------------------------------------------------------------


def test_a_decision_is_written_before_it_is_carried_out_and_told_last() -> None:
    diary = Diary()
    oracle = Oracle(diary)
    oracle.answers = lambda event: [DRAINED, ANSWER]
    loop = Loop(oracle, HandClock(), ListJournal(diary), ListPerformer(diary), [ListSink(diary)])
    loop.decide(LegRinging(leg=LEG))
    assert diary.lines == [
        "redact LegRinging",
        "decide LegRinging",
        "write LegRinging",
        "do AnswerLeg",
        "tell QueueDraining",
    ]


def test_the_engine_hears_what_the_journal_must_not() -> None:
    oracle, journal = Oracle(), ListJournal()
    Loop(oracle, HandClock(), journal, ListPerformer()).decide(DigitPressed(leg=LEG, digit="7"))
    assert [event for _, event in oracle.told] == [DigitPressed(leg=LEG, digit="7")]
    assert [entry.event for entry in journal.entries] == [DigitPressed(leg=LEG, digit="x")]


def test_the_digit_of_a_card_is_known_to_its_keeper_only() -> None:
    class Keeper:
        def __init__(self) -> None:
            self.pressed: list[tuple[str, str]] = []

        def press(self, card: CardId, digit: str) -> None:
            self.pressed.append((card, digit))

    oracle, journal, keeper = Oracle(), ListJournal(), Keeper()
    oracle.card = CardId("k-1")
    Loop(oracle, HandClock(), journal, ListPerformer(), cards=keeper).decide(DigitPressed(leg=LEG, digit="7"))
    masked = DigitPressed(leg=LEG, digit="x")
    assert (keeper.pressed, [event for _, event in oracle.told]) == ([("k-1", "7")], [masked])
    assert [entry.event for entry in journal.entries] == [masked]


def test_every_turn_is_written_also_one_without_an_answer() -> None:
    oracle, journal = Oracle(), ListJournal()
    loop = Loop(oracle, HandClock(), journal, ListPerformer())
    loop.decide(TimePassed())
    loop.decide(LegRinging(leg=LEG))
    assert [type(entry.event) for entry in journal.entries] == [TimePassed, LegRinging]
    assert loop.handled == 2


def test_what_is_due_has_a_turn_of_its_own_before_the_event() -> None:
    clock, journal = HandClock(), ListJournal()
    oracle = Oracle()
    oracle.deadlines = [clock.time + 1.0, clock.time + 9.0]
    loop = Loop(oracle, clock, journal, ListPerformer())
    clock.time += 2.0
    loop.decide(LegRinging(leg=LEG))
    loop.decide(LegAnswered(leg=LEG))
    assert oracle.events == ["TimePassed", "LegRinging", "LegAnswered"]
    assert {entry.at for entry in journal.entries} == {clock.time}


@pytest.mark.parametrize("event", [EngineStarted(namespace="abcdefgh", build="b"), Resynced(legs=(), bridges=())])
def test_nothing_comes_before_the_events_with_which_a_run_finds_its_place(event: Event) -> None:
    clock, oracle = HandClock(), Oracle()
    oracle.deadlines = [clock.time - 5.0]
    a_loop(oracle, clock).decide(event)
    assert oracle.events == [type(event).__name__]


def test_surprises_are_logged_and_told() -> None:
    oracle, sink = Oracle(), ListSink()
    oracle.answers = lambda event: [Surprise(what="odd", contact=None)]
    loop = a_loop(oracle)
    loop.listen(sink)
    with structlog.testing.capture_logs() as logs:
        loop.decide(LegRinging(leg=LEG))
    assert [(line["event"], line["what"]) for line in logs] == [("surprise", "odd")]
    assert len(sink.told) == 1


# -- its life ----------------------------------------------------------------------------------------------------------


async def test_events_are_decided_in_the_order_in_which_they_came() -> None:
    oracle = Oracle()
    loop = a_loop(oracle)
    legs = [LegId(f"leg-{n}") for n in range(3 * loop_module.BATCH_MAX)]
    async with running(loop):
        for leg in legs:
            loop.post(LegRinging(leg=leg))
        async with asyncio.timeout(LIMIT_S):
            assert await loop.caught_up()
    assert [event.leg for _, event in oracle.told if isinstance(event, LegRinging)] == legs


async def test_other_tasks_get_their_turn_while_events_pour_in() -> None:
    oracle, turns = Oracle(), 0
    loop = a_loop(oracle)

    def again(event: Event) -> list[Output]:
        if len(oracle.told) < 10 * loop_module.BATCH_MAX:
            loop.post(LegRinging(leg=LEG))
        return []

    oracle.answers = again
    async with running(loop):
        loop.post(LegRinging(leg=LEG))
        while len(oracle.told) < 10 * loop_module.BATCH_MAX:
            turns += 1
            await asyncio.sleep(0)
    assert turns >= 10


async def test_a_deadline_comes_by_itself() -> None:
    clock, oracle = SystemClock(), Oracle()
    came = asyncio.Event()

    def answer(event: Event) -> list[Output]:
        came.set()
        return []

    oracle.answers = answer
    due = clock.now() + 0.02
    oracle.deadlines = [due]
    async with running(Loop(oracle, clock, ListJournal(), ListPerformer())), asyncio.timeout(LIMIT_S):
        await came.wait()
    [(at, event)] = oracle.told
    assert event == TimePassed()
    assert at >= due


async def test_a_nearer_deadline_that_an_event_brings_is_kept() -> None:
    clock, oracle = SystemClock(), Oracle()
    came = asyncio.Event()

    def answer(event: Event) -> list[Output]:
        if isinstance(event, LegRinging):
            oracle.deadlines.append(clock.now() + 0.02)
        else:
            came.set()
        return []

    oracle.answers = answer
    oracle.deadlines = [clock.now() + 3600.0]
    loop = Loop(oracle, clock, ListJournal(), ListPerformer())
    async with running(loop), asyncio.timeout(LIMIT_S):
        await asyncio.sleep(0)
        loop.post(LegRinging(leg=LEG))
        await came.wait()
    assert oracle.events == ["LegRinging", "TimePassed"]


async def test_a_bug_of_the_engine_ends_the_loop_and_nobody_waits_for_it() -> None:
    oracle, journal, performer = Oracle(), ListJournal(), ListPerformer()

    def answer(event: Event) -> list[Output]:
        raise Bug("impossible")

    oracle.answers = answer
    loop = Loop(oracle, HandClock(), journal, performer)
    task = asyncio.create_task(loop.run())
    loop.post(LegRinging(leg=LEG))
    loop.post(LegAnswered(leg=LEG))
    async with asyncio.timeout(LIMIT_S):
        assert not await loop.caught_up()
        with pytest.raises(Bug, match="impossible"):
            await task
        assert not await loop.caught_up()
    assert (journal.lines, performer.commands) == ([], [])


async def test_the_line_is_bounded() -> None:
    loop = a_loop(Oracle())
    for _ in range(loop_module.INBOX_MAX):
        loop.post(TimePassed())
    with pytest.raises(Bug, match="events wait"):
        loop.post(TimePassed())


# -- questions ---------------------------------------------------------------------------------------------------------


def hang_up(number: str) -> HangUpRequested:
    return HangUpRequested(request=RequestId(number), contact=ContactId("c-1"))


async def test_a_request_gets_its_own_reply_and_replies_are_not_carried_out() -> None:
    oracle, journal, performer = Oracle(), ListJournal(), ListPerformer()
    oracle.answers = lambda event: (
        [Reply(request=event.request, problem=f"no {event.request}")] if isinstance(event, HangUpRequested) else []
    )
    loop = Loop(oracle, HandClock(), journal, performer)
    async with running(loop), asyncio.timeout(LIMIT_S):
        answers = await asyncio.gather(*(loop.ask(RequestId(n), hang_up(n)) for n in ("r1", "r2")))
    assert answers == ["no r1", "no r2"]
    assert performer.commands == []
    assert all(len(entry.outputs) == 1 for entry in journal.entries)  # but they are written


async def test_a_reply_to_a_question_that_was_given_up_is_dropped() -> None:
    oracle = Oracle()
    oracle.answers = lambda event: [Reply(request=RequestId("r1"))] if isinstance(event, HangUpRequested) else []
    loop = a_loop(oracle)
    with pytest.raises(TimeoutError):
        await loop.ask(RequestId("r1"), hang_up("r1"), timeout_s=0.0)
    async with running(loop), asyncio.timeout(LIMIT_S):
        await loop.caught_up()
        assert await loop.ask(RequestId("r1"), hang_up("r1")) == ""  # a later question of that name is another one
    assert oracle.events == ["HangUpRequested", "HangUpRequested"]


async def test_a_question_that_is_cancelled_leaves_nothing_behind() -> None:
    loop = a_loop(Oracle())
    asking = asyncio.create_task(loop.ask(RequestId("r1"), hang_up("r1")))
    await asyncio.sleep(0)
    with pytest.raises(Bug, match="r1 is asked already"):
        await loop.ask(RequestId("r1"), hang_up("r1"))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    with pytest.raises(TimeoutError):
        await loop.ask(RequestId("r1"), hang_up("r1"), timeout_s=0.0)


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_the_clock_does_not_go_back_over_a_restart() -> None:
    ahead = SystemClock().now() + 1000.0
    clock = SystemClock(not_before=ahead)
    times = [clock.now() for _ in range(1000)]
    assert times[0] >= ahead
    assert times == sorted(times)
    assert SystemClock(not_before=0.0).now() < ahead
