"""Why a contact got the agent it got, and why not another: its decisions, told again with everybody seen.

Knows the journal, the snapshots and the engine; knows no screen.

Theory: the engine is deterministic. A snapshot from before the contact, and the journal's entries since, bring a fresh
engine to each of its decisions, where everybody in the directory is looked at through the engine's own eyes. What an
agent's becoming ready decided is decided by that very event, so the looking is done by the engine in the middle of it
(`Matching.on_decision`). The configuration is today's; a decision that does not come out as it was written down says
so, and shows what the journal says instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from callcenter.core.engine import Engine
from callcenter.core.explain import Verdict, verdicts
from callcenter.core.snapshot import restore
from callcenter.core.state import ContactRecord
from callcenter.errors import CallCenterError
from callcenter.jobs.story import Step, story
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry
from callcenter.model.facts import ContactOffered
from callcenter.model.ids import ContactId
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots

TELL_EVERY: Final = 500  # entries between two words about how far it is

CHANGED: Final = (
    "told again with today's configuration, this does not come out as it was decided then, so the configuration, or "
    "the program, has changed since; only what was written down at the time is shown"
)

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Told how many of how many entries have been told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One moment at which it was asked who gets the contact. `chosen` is empty when nobody could."""

    seq: int  # of the journal's entry
    at: float  # UTC seconds
    queue: str
    strategy: str
    needs: str
    chosen: tuple[str, ...]  # agents whose phones then rang
    why: tuple[str, ...]  # one per chosen agent
    offers: tuple[str, ...]  # one per chosen agent
    verdicts: tuple[Verdict, ...]  # candidates best first, then everybody else by id
    caveat: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of a contact and why. `steps` in the order of time."""

    contact: ContactId
    steps: tuple[Step, ...]
    decisions: tuple[Decision, ...]


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Looks around whenever the engine is about to match one contact."""

    engine: Engine
    contact: ContactId
    seen: list[tuple[int, Decision]] = field(default_factory=list)  # place among the entry's outputs, what was seen

    def __call__(self, contact: ContactRecord) -> None:
        if contact.id != self.contact or contact.queue is None:
            return
        world = self.engine.world
        queue = world.queue_of(contact)
        found = Decision(
            seq=0,
            at=world.now,
            queue=queue.name,
            strategy=queue.strategy,
            needs=str(contact.needs),
            chosen=(),
            why=(),
            offers=(),
            verdicts=tuple(verdicts(self.engine, contact.id, world.now)),
        )
        self.seen.append((len(world.out), found))


async def explain(
    configuration: Configuration,
    reader: JournalReader,
    snapshots: Snapshots,
    contact: ContactId,
    progress: Progress | None = None,
) -> Explanation | None:
    """Everything that can be said of a contact; None if the journal does not know it. Raises what the readers raise."""
    spoken = [entry async for entry in reader.entries_of(contact)]
    if not spoken:
        return None
    offers = {entry.seq: _offers(entry, contact) for entry in spoken}
    decisions = await _told_again(configuration, reader, snapshots, contact, spoken, progress)
    explained: list[Decision] = []
    for entry in spoken:
        told, was = decisions.get(entry.seq, []), offers[entry.seq]
        if [offer for decision in told for offer in decision.offers] == [fact.offer for fact in was]:
            explained += [decision for decision in told if decision.chosen or decision.verdicts]
        else:
            explained += _as_written(entry, was)
    return Explanation(contact=contact, steps=tuple(story(spoken, contact)), decisions=tuple(explained))


async def _told_again(
    configuration: Configuration,
    reader: JournalReader,
    snapshots: Snapshots,
    contact: ContactId,
    spoken: list[Entry],
    progress: Progress | None,
) -> dict[int, list[Decision]]:
    """The contact's decisions by entry, as far as the journal can be told again."""
    first, last = spoken[0].seq, spoken[-1].seq
    known = {entry.seq for entry in spoken}
    found: dict[int, list[Decision]] = {}
    snapshot = await snapshots.latest(before_seq=first)
    after = 0 if snapshot is None else snapshot.seq
    try:
        engine = Engine(configuration) if snapshot is None else restore(configuration, snapshot.state)
        async for entry in reader.entries(after, last):
            if entry.seq in known:
                found[entry.seq] = _decisions(engine, entry, contact)
            else:
                engine.handle(entry.event, entry.at)
            if progress is not None and entry.seq % TELL_EVERY == 0:
                progress(entry.seq - after, last - after)
    except (CallCenterError, LookupError) as error:  # another configuration may lead into states that cannot be
        log.info("the journal cannot be told again", error=str(error), kind=type(error).__name__)
    return found


def _decisions(engine: Engine, entry: Entry, contact: ContactId) -> list[Decision]:
    """The decisions on the contact in one entry, each with the offers that came of it."""
    watch = _Watch(engine=engine, contact=contact)
    engine.matching.on_decision = watch
    try:
        outputs = engine.handle(entry.event, entry.at)
    finally:
        engine.matching.on_decision = None
    ends = [*(begin for begin, _ in watch.seen[1:]), len(outputs)]
    decided = []
    for (begin, seen), end in zip(watch.seen, ends, strict=False):  # nothing seen: nothing decided
        made = [fact for fact in outputs[begin:end] if isinstance(fact, ContactOffered) and fact.contact == contact]
        decided.append(replace(_with(seen, made), seq=entry.seq))
    return decided


def _with(seen: Decision, made: list[ContactOffered]) -> Decision:
    return replace(
        seen,
        chosen=tuple(fact.agent for fact in made),
        why=tuple(fact.why for fact in made),
        offers=tuple(fact.offer for fact in made),
    )


def _offers(entry: Entry, contact: ContactId) -> list[ContactOffered]:
    return [fact for fact in entry.outputs if isinstance(fact, ContactOffered) and fact.contact == contact]


def _as_written(entry: Entry, was: list[ContactOffered]) -> list[Decision]:
    """What the journal itself says: the chosen and the best few, without the others."""
    if not was:
        return []
    first = was[0]
    ranked = tuple(
        Verdict(agent=one.agent, name="", candidate=True, rank=one.rank, words="") for one in first.considered
    )
    empty = Decision(
        seq=entry.seq,
        at=entry.at,
        queue=first.queue,
        strategy=first.strategy,
        needs="",
        chosen=(),
        why=(),
        offers=(),
        verdicts=ranked,
        caveat=CHANGED,
    )
    return [_with(empty, was)]
