"""What one campaign remembers for its pacer: lines that ring, what was learnt, drops. Knows no leads, no agents' names.

The campaign tells it what happens, with the time, and asks it how many lines to dial: at events, and no more often
than every ASK_EVERY_S. The very same object is driven by the simulator (`sim/dialling`). It is a plain value that a
snapshot can hold. What comes late or twice, of a line that is not known any more, is ignored.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from callcenter.model.pacing import (
    GRACE_S,
    Answers,
    Budget,
    Crew,
    Experience,
    LifeTable,
    PacerName,
    PacingAnswer,
    PacingQuestion,
    Ringing,
    Trunk,
)
from callcenter.pacers import PACERS
from callcenter.pacers.answering import NO_LIST, Answering, Unripe
from callcenter.pacers.lengths import TALK_EDGES_S, Lengths
from callcenter.pacers.ordered import ANSWER_MEAN_S, NO_ANSWER_MEAN_S, RIPE, Dialled, Ordered, ringing_lengths
from callcenter.pacers.windows import DAY_BUCKET_S, DAY_S, MONTH_BUCKET_S, MONTH_S, Window

ASK_EVERY_S: Final = 1.0
IDLE_ASK_S: Final = 2.0  # to be asked again after, though nothing happened: talks grow older
TABLES_EVERY_S: Final = 120.0  # tables are drawn up anew so often, and sooner while little is known
TABLES_GROWTH: Final = 1.3  # namely when so many times as much has been seen
DIALS_MIN: Final = 40  # less is not predicted from
ANSWERS_MIN: Final = 10
TALKS_MIN: Final = 10

ORDERED_CREW: Final = 60  # a larger crew's dials are learnt in their order
TALK_MEAN_S: Final = 120.0  # imagined before anything was seen
WRAP_UP_MEAN_S: Final = 10.0


class Line(msgspec.Struct, frozen=True, gc=False):
    """One that is dialling or ringing."""

    since: float
    list: str
    hour: int


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt, drawn up at one moment."""

    at: float
    seen: int  # lengths, by then
    ordered: bool  # of dials in their order
    answer: LifeTable
    no_answer: LifeTable
    talk: LifeTable
    wrap_up: LifeTable


def _talk(mean_s: float) -> Lengths:
    return Lengths(edges_s=TALK_EDGES_S, mean_s=mean_s)


class Pace(msgspec.Struct, kw_only=True):
    """A campaign's memory for its pacer."""

    pacer: PacerName
    budget: Budget = Budget()
    ratio: float = 1.0
    grace_s: float = GRACE_S
    lines: dict[str, Line] = {}  # by the line's id
    answering: Answering = msgspec.field(default_factory=Answering)
    ordered: Ordered = msgspec.field(default_factory=Ordered)
    answer: Lengths = msgspec.field(default_factory=lambda: ringing_lengths(ANSWER_MEAN_S))
    no_answer: Lengths = msgspec.field(default_factory=lambda: ringing_lengths(NO_ANSWER_MEAN_S))
    talk: Lengths = msgspec.field(default_factory=lambda: _talk(TALK_MEAN_S))
    wrap_up: Lengths = msgspec.field(default_factory=lambda: _talk(WRAP_UP_MEAN_S))
    day: Window = msgspec.field(default_factory=lambda: Window(span_s=DAY_S, bucket_s=DAY_BUCKET_S))
    month: Window = msgspec.field(default_factory=lambda: Window(span_s=MONTH_S, bucket_s=MONTH_BUCKET_S))
    trunk: Trunk = Trunk()
    tables: Tables | None = None

    def dialled(self, line: str, now: float, name: str = "", hour: int = 0) -> None:
        """A line was dialled, of the list of this name, in this hour (0..23) of whatever clock the campaign goes by."""
        self.lines[line] = Line(now, name, hour)
        self.ordered.dialled(line, now, name, hour)

    def not_dialled(self, line: str) -> None:
        """It was meant to be, and was not after all (the law, a stop): nothing is learnt of it."""
        self.lines.pop(line, None)
        self.ordered.forget(line)

    def answered(self, line: str, now: float) -> None:
        """A person answered it. Counts for the budget, whatever becomes of the call."""
        found = self.lines.pop(line, None)
        if found is None:
            return
        self.trunk = Trunk()
        self.answer.learn(now - found.since)
        self.answering.learn(found.list, found.hour, answered=True)
        self._ended(line, found, now, answered=True)
        self.day.answered(now)
        self.month.answered(now)

    def unanswered(self, line: str, now: float) -> None:
        """It ended without a person: busy, no answer, a machine, a number that does not exist, our own cancelling."""
        found = self.lines.pop(line, None)
        if found is None:
            return
        self.trunk = Trunk()
        self.no_answer.learn(now - found.since)
        self.answering.learn(found.list, found.hour, answered=False)
        self._ended(line, found, now, answered=False)

    def refused(self, line: str, now: float) -> None:
        """The trunk failed it for reasons of its own (congestion, no registration): that says nothing of the number."""
        if self.lines.pop(line, None) is not None:
            self.ordered.forget(line)
            self.trunk = Trunk(failed_in_a_row=self.trunk.failed_in_a_row + 1, last_failed=now)

    def dropped(self, now: float) -> None:
        """A person who answered had no agent in time, or was taken for a machine."""
        self.day.dropped(now)
        self.month.dropped(now)

    def taken_for_machines(self, people: int, now: float) -> None:
        """So many people, by estimate, answered and were hung up on as machines: live answers, and drops."""
        for _ in range(people):
            self.day.answered(now)
            self.month.answered(now)
            self.dropped(now)

    def talked(self, talk_s: float) -> None:
        """A contact of this campaign is over for its agent, but for the wrap-up."""
        self.talk.learn(talk_s)

    def wrapped_up(self, wrap_up_s: float) -> None:
        """So is the wrap-up; 0 where there is none."""
        self.wrap_up.learn(wrap_up_s)

    def question(
        self, crew: Crew, now: float, *, waiting: int, lines_free: int, names: Sequence[str] = ("",), hour: int = 0
    ) -> PacingQuestion:
        """All that the pacer may know. `names`: the lists that the next dials come from, in equal parts."""
        tables = self._tables(crew, now)
        self.ordered.ripen(now)
        unripe = self.ordered.unripe(tables.answer, now) if tables.ordered else NO_LIST
        answering = self.ordered.answering if tables.ordered else self.answering
        chances = [answering.chance(name, hour, unripe) for name in names]
        return PacingQuestion(
            now=now,
            crew=crew,
            waiting=waiting,
            ringing=self._ringing(answering, unripe),
            lines_free=lines_free,
            experience=Experience(
                chance=sum(chance for chance, _ in chances) / len(chances),
                dials=sum(dials for _, dials in chances),
                in_order=tables.ordered,
                answer=tables.answer,
                no_answer=tables.no_answer,
                talk=tables.talk,
                wrap_up=tables.wrap_up,
                lacks=self._lacks(),
            ),
            day=self.day.count(now),
            month=self.month.count(now),
            budget=self.budget,
            trunk=self.trunk,
            ratio=self.ratio,
            grace_s=self.grace_s,
        )

    def ask(
        self, crew: Crew, now: float, *, waiting: int, lines_free: int, names: Sequence[str] = ("",), hour: int = 0
    ) -> PacingAnswer:
        """How many lines to dial now, and why."""
        asked = self.question(crew, now, waiting=waiting, lines_free=lines_free, names=names, hour=hour)
        return PACERS[self.pacer].pace(asked)

    def counted(self, now: float) -> tuple[Answers, Answers]:
        """Live answers and drops of the last 24 hours and 30 days."""
        return self.day.count(now), self.month.count(now)

    def _ended(self, line: str, found: Line, now: float, *, answered: bool) -> None:
        dial = Dialled(found.since, found.list, found.hour, answered, now - found.since)
        self.ordered.ended(line, dial, answered=answered)

    def _ringing(self, answering: Answering, unripe: Mapping[str, Unripe]) -> tuple[Ringing, ...]:
        groups: dict[tuple[str, int], list[float]] = {}
        for line in self.lines.values():
            groups.setdefault((line.list, line.hour), []).append(line.since)
        return tuple(Ringing(answering.chance(*key, unripe)[0], tuple(since)) for key, since in groups.items())

    def _lacks(self) -> str:
        known = self.answering
        if known.count < DIALS_MIN or known.answers < ANSWERS_MIN or self.talk.count < TALKS_MIN:
            return f"only {known.count} dials, {known.answers} answers and {self.talk.count} talks to learn from"
        return ""

    def _tables(self, crew: Crew, now: float) -> Tables:
        ordered = crew.size > ORDERED_CREW
        seen = self.answer.count + self.no_answer.count + self.talk.count + self.wrap_up.count
        tables = self.tables
        if (
            tables is None
            or tables.ordered is not ordered
            or seen > tables.seen * TABLES_GROWTH
            or now - tables.at >= TABLES_EVERY_S
        ):
            rang = self.ordered if ordered else self
            tables = self.tables = Tables(
                at=now,
                seen=seen,
                ordered=ordered,
                answer=rang.answer.table(),
                no_answer=rang.no_answer.table(),
                talk=self.talk.table(now - since for since in crew.on_contact),
                wrap_up=self.wrap_up.table(now - since for since in crew.wrap_up),
            )
            if ordered:
                self.ordered.ripe_s = tables.answer.age_at(1.0 - RIPE)
        return tables
