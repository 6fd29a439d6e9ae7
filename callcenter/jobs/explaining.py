"""Why a contact got the agent it got, and why not another: its decisions, told again with everybody seen.

Knows the journal, the snapshots and the engine; knows no screen.

Theory: the engine is deterministic. A snapshot from before the contact, and the journal's entries since, bring a fresh
engine to each of its decisions, where everybody in the directory is looked at through the engine's own eyes. What an
agent's becoming ready decided is decided by that very event, so the looking is done by the engine in the middle of it
(`Matching.on_decision`). The configuration is the version that was in force; a decision that does not come out as it
was written down says so, and shows what the journal says instead. A contact that still lives is followed to the
journal's end, where the engine knows what will happen next.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog

from callcenter.core.engine import Engine
from callcenter.core.explain import PassedOver, Verdict, verdicts
from callcenter.core.outlook import Outlook, outlook
from callcenter.core.snapshot import restore
from callcenter.core.state import ContactRecord
from callcenter.core.widening import asked_of
from callcenter.errors import CallCenterError
from callcenter.jobs.looking import Witness
from callcenter.jobs.story import story
from callcenter.jobs.telling import Aside, Step
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, Output
from callcenter.model.events import EngineStarted
from callcenter.model.facts import ContactEnded, ContactOffered
from callcenter.model.ids import ContactId
from callcenter.ports import Shelf
from callcenter.postgres.snapshots import Snapshot

STALE_S: Final = 60.0  # a journal that ends longer ago is looked at as it was then
TELL_EVERY: Final = 500  # entries between two words about how far it is

CHANGED: Final = (
    "told again, this does not come out as it was decided then, so the program, or a configuration of which no version "
    "was kept, has changed since; only what was written down at the time is shown"
)

log = structlog.get_logger(__name__)


class Journal(Protocol):
    """The ledger, as far as it is read here (`postgres.reader`)."""

    async def last_seq(self) -> int:
        """The last entry; 0 if there is none."""
        ...

    def entries(self, after_seq: int = 0, until_seq: int | None = None) -> AsyncIterator[Entry]:
        """Entries after one, up to and with another, in order."""
        ...

    def entries_of(self, contact: ContactId) -> AsyncIterator[Entry]:
        """Those that speak of one contact."""
        ...


class Taken(Protocol):
    """The snapshots (`postgres.snapshots`)."""

    async def latest(self, before_seq: int) -> Snapshot | None:
        """The newest from before an entry."""
        ...


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
    """What became of a contact and why. `steps` in the order of time; `outlook` only while it lives."""

    contact: ContactId
    steps: tuple[Step, ...]
    decisions: tuple[Decision, ...]
    passed_over: tuple[PassedOver, ...] = ()  # agents who could have served it and were offered others
    outlook: Outlook | None = None


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Looks around whenever the engine is about to match one contact."""

    engine: Engine
    contact: ContactId
    witness: Witness
    seen: list[tuple[int, Decision]] = field(default_factory=list)  # how many offers there had been, what was seen

    def __call__(self, contact: ContactRecord) -> None:
        self.witness.decides(contact)
        if contact.id != self.contact or contact.queue is None:
            return
        world = self.engine.world
        queue = world.queue_of(contact)
        found = Decision(
            seq=0,
            at=world.now,
            queue=queue.name,
            strategy=queue.strategy,
            needs=str(asked_of(contact)),  # who is kept from it beside that, the verdicts say
            chosen=(),
            why=(),
            offers=(),
            verdicts=tuple(verdicts(self.engine, contact.id, world.now)),
        )
        self.seen.append((len(_offers(world.out, self.contact)), found))


@dataclass(slots=True, kw_only=True)
class _Retold:
    """What was seen while the journal was told again. `faithful`: to its end, and every answer as it was written."""

    decisions: dict[int, list[Decision]] = field(default_factory=dict)
    asides: dict[tuple[int, int], Aside] = field(default_factory=dict)
    passed_over: list[PassedOver] = field(default_factory=list)
    outlook: Outlook | None = None


async def explain(
    configuration: Configuration,
    reader: Journal,
    snapshots: Taken,
    contact: ContactId,
    progress: Progress | None = None,
    *,
    now: float | None = None,
    shelf: Shelf | None = None,
) -> Explanation | None:
    """Everything that can be said of a contact; None if the journal does not know it. Raises what the readers raise.

    `shelf` holds the versions that were in force then; without it, and before there were any, `configuration` was.
    `now` (UTC seconds) is when it is looked at, for a contact that still lives; else the journal's last entry is.
    """
    spoken = [entry async for entry in reader.entries_of(contact)]
    if not spoken:
        return None
    offers = {entry.seq: _offers(entry.outputs, contact) for entry in spoken}
    retold = await _told_again(configuration, reader, snapshots, contact, spoken, progress, now, shelf)
    explained: list[Decision] = []
    changed: set[int] = set()
    for entry in spoken:
        told, was = retold.decisions.get(entry.seq, []), offers[entry.seq]
        if [offer for decision in told for offer in decision.offers] == [fact.offer for fact in was]:
            explained += [decision for decision in told if decision.chosen or decision.verdicts]
        else:
            changed.add(entry.seq)
            explained += _as_written(entry, was)
    asides = {place: aside for place, aside in retold.asides.items() if place[0] not in changed}
    return Explanation(
        contact=contact,
        steps=tuple(story(spoken, contact, asides)),
        decisions=tuple(explained),
        passed_over=() if changed else tuple(retold.passed_over),
        outlook=None if changed else retold.outlook,
    )


async def _told_again(
    configuration: Configuration,
    reader: Journal,
    snapshots: Taken,
    contact: ContactId,
    spoken: list[Entry],
    progress: Progress | None,
    now: float | None,
    shelf: Shelf | None,
) -> _Retold:
    """What can be seen of the contact, as far as the journal can be told again."""
    first, last = spoken[0].seq, spoken[-1].seq
    lives = not any(_ends(entry, contact) for entry in spoken)
    until = await reader.last_seq() if lives else last
    known = {entry.seq for entry in spoken}
    found = _Retold()
    snapshot = await snapshots.latest(before_seq=first)
    after = 0 if snapshot is None else snapshot.seq
    try:
        library = shelf.configurations if shelf is not None else {}
        if shelf is not None and snapshot is not None:
            await shelf.need_for_snapshot(snapshot.state)
        engine = (
            Engine(configuration, library=library)
            if snapshot is None
            else restore(configuration, snapshot.state, library)
        )
        witness = Witness(engine=engine, contact=contact)
        async for entry in reader.entries(after, until):
            if shelf is not None:
                await shelf.need_for(entry.event)
            if isinstance(entry.event, EngineStarted) and entry.event.fresh:
                engine = Engine(configuration, library=library)
                witness = Witness(engine=engine, contact=contact)
            witness.before()
            if entry.seq in known:
                found.decisions[entry.seq], outputs = _decisions(engine, entry, contact, witness)
            else:
                engine.parts.matching.on_decision = witness.decides
                outputs = engine.handle(entry.event, entry.at)
            found.passed_over += witness.passed_over(entry, outputs)
            found.asides.update(witness.asides(entry, outputs))
            if progress is not None and entry.seq % TELL_EVERY == 0:
                progress(entry.seq - after, until - after)
        if lives:
            fresh = now is not None and 0.0 <= now - engine.world.now <= STALE_S
            found.outlook = outlook(engine, contact, now if now is not None and fresh else engine.world.now)
    except (CallCenterError, LookupError) as error:  # another configuration may lead into states that cannot be
        log.info("the journal cannot be told again", error=str(error), kind=type(error).__name__)
    return found


def _ends(entry: Entry, contact: ContactId) -> bool:
    return any(isinstance(fact, ContactEnded) and fact.contact == contact for fact in entry.outputs)


def _decisions(
    engine: Engine, entry: Entry, contact: ContactId, witness: Witness
) -> tuple[list[Decision], list[Output]]:
    """The decisions on the contact in one entry, each with the offers that came of it; and all that came of it."""
    watch = _Watch(engine=engine, contact=contact, witness=witness)
    engine.parts.matching.on_decision = watch
    try:
        outputs = engine.handle(entry.event, entry.at)
    finally:
        engine.parts.matching.on_decision = None
    offers = _offers(outputs, contact)  # counted, because of commands that undo each other neither is left
    ends = [*(begin for begin, _ in watch.seen[1:]), len(offers)]
    decided = []
    for (begin, seen), end in zip(watch.seen, ends, strict=False):  # nothing seen: nothing decided
        made = offers[begin:end]
        decided.append(replace(_with(seen, made), seq=entry.seq))
    return decided, outputs


def _with(seen: Decision, made: list[ContactOffered]) -> Decision:
    return replace(
        seen,
        chosen=tuple(fact.agent for fact in made),
        why=tuple(fact.why for fact in made),
        offers=tuple(fact.offer for fact in made),
    )


def _offers(outputs: Sequence[object], contact: ContactId) -> list[ContactOffered]:
    return [fact for fact in outputs if isinstance(fact, ContactOffered) and fact.contact == contact]


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
