"""A witness of one contact while the journal is told again: what only an engine at that moment knows.

Knows the engine's state before and after each entry; changes nothing. Who came first while the contact waited, whom a
relaxation added, what followed for an agent who missed it, and where the contact then stood in line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from callcenter.core.engine import Engine
from callcenter.core.explain import PassedOver, Standing, able, came_before, standing_of
from callcenter.core.state import ContactRecord
from callcenter.jobs.heard import heard
from callcenter.jobs.telling import Aside, Detail
from callcenter.jobs.wording import asked_words, duration, listed, need_words
from callcenter.model.agent import AgentStatus
from callcenter.model.commands import PlayPrompts
from callcenter.model.contact import ContactState, OfferEnd
from callcenter.model.entry import Entry
from callcenter.model.facts import ContactOffered, ContactQueued, NeedsRelaxed, NodeEntered, OfferEnded
from callcenter.model.ids import ContactId
from callcenter.model.need import Need

MISSED = (
    OfferEnd.NO_ANSWER,
    OfferEnd.BUSY,
    OfferEnd.REJECTED,
    OfferEnd.UNREACHABLE,
    OfferEnd.NOT_CONFIRMED,
    OfferEnd.FAILED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The contact before an entry."""

    waits: bool
    needs: Need


class Witness:
    """Looks at one contact around each entry: `before`, then the engine, then the rest."""

    def __init__(self, *, engine: Engine, contact: ContactId) -> None:
        self._engine = engine
        self._contact = contact
        self._was: _Before | None = None
        self._stood: dict[ContactId, Standing] = {}

    def decides(self, contact: ContactRecord) -> None:
        """A contact is about to be offered: how does it stand in line?"""
        self._stood[contact.id] = standing_of(self._engine, contact)

    def before(self) -> None:
        """The next entry is about to be told."""
        self._stood.clear()
        record = self._engine.world.contacts.get(self._contact)
        self._was = None if record is None else _Before(waits=record.state is ContactState.WAITING, needs=record.needs)

    def passed_over(self, entry: Entry, outputs: Sequence[object]) -> Iterator[PassedOver]:
        """Agents who could have served the contact, which waited and still waits, and were offered others."""
        world = self._engine.world
        mine = world.contacts.get(self._contact)
        if self._was is None or not self._was.waits or mine is None or mine.state is not ContactState.WAITING:
            return
        told: set[ContactId] = set()
        for fact in outputs:
            if not isinstance(fact, ContactOffered) or fact.contact == self._contact or fact.contact in told:
                continue
            other, agent = world.contacts.get(fact.contact), world.agents.records.get(fact.agent)
            if other is None or agent is None or other.medium is not mine.medium:
                continue
            if mine.needs.met_by(agent.agent.able):
                told.add(fact.contact)
                stood = self._stood.get(fact.contact)
                yield came_before(self._engine, other, mine, fact.agent, entry.seq, entry.at, stood)

    def asides(self, entry: Entry, outputs: Sequence[object]) -> Mapping[tuple[int, int], Aside]:
        """What belongs to the sentences about this entry's facts."""
        found: dict[tuple[int, int], Aside] = {}
        for at, fact in enumerate(outputs):
            if isinstance(fact, NeedsRelaxed) and fact.contact == self._contact:
                found[entry.seq, at] = self._relaxed(fact)
            elif isinstance(fact, ContactQueued) and fact.contact == self._contact:
                found[entry.seq, at] = self._queued(fact)
            elif isinstance(fact, NodeEntered) and fact.contact == self._contact:
                found[entry.seq, at] = self._heard(outputs[at + 1 :])
            elif isinstance(fact, OfferEnded) and fact.contact == self._contact and fact.end in MISSED:
                found[entry.seq, at] = self._missed(fact, entry.at)
        return found

    def _queued(self, fact: ContactQueued) -> Aside:
        """What its place and its needs come of: a list, an agent who knows the caller, a reserve."""
        record = self._engine.world.contacts.get(self._contact)
        if record is None or record.queue != fact.queue:
            return Aside(words="")
        queue = self._engine.world.queue_of(record)
        words, details = "", dict[str, Detail]()
        own = queue.priority if record.own_priority is None else record.own_priority
        if fact.priority > own and queue.vip:
            words += f"; {fact.priority - own} points of the priority are for a list of callers (`vip`)"
            details["vip_points"] = fact.priority - own
        if record.kept_for is not None and queue.sticky is not None:
            words += (
                f"; it is kept for {record.kept_for}, who served this caller last, for {duration(queue.sticky.for_s)}"
            )
            details["kept_for"] = record.kept_for
        if record.spares and queue.reserve is not None:
            reserve = asked_words(str(queue.reserve.who))
            words += f"; {reserve} is a reserve, and serves after {duration(queue.reserve.above_s)} of waiting"
            details["reserve_after_s"] = queue.reserve.above_s
        return Aside(words=words, details=details)

    def _heard(self, then: Sequence[object]) -> Aside:
        """What is said at a node as soon as the call comes there."""
        record = self._engine.world.contacts.get(self._contact)
        for output in then:
            if isinstance(output, NodeEntered) and output.contact == self._contact:
                break
            if isinstance(output, PlayPrompts) and output.contact == self._contact and record is not None:
                texts = heard(self._engine.world.library[record.version], output)
                words = f"; the caller hears {' '.join(f'“{text}”' for text in texts)}" if texts else ""
                return Aside(words=words, details={"heard": list(texts)})
        return Aside(words="")

    def _relaxed(self, fact: NeedsRelaxed) -> Aside:
        engine = self._engine
        record = engine.world.contacts.get(self._contact)
        was = self._was.needs if self._was is not None else None
        if record is None or was is None:
            return Aside(words="")
        if record.kept_for is not None:  # it adds nobody yet
            return Aside(words=f"; more may serve it once it is no longer kept for {record.kept_for}")
        before = set(able(engine, was))
        added = [agent for agent in able(engine, record.needs) if agent not in before]
        free = [agent for agent in added if engine.world.agents.free.is_free(agent, record.medium)]
        rung = {offer.agent for offer in record.offers.values()}
        free += [agent for agent in added if agent in rung]  # free a moment ago: that is why she rings
        words = f" (it was: {need_words(str(was))})" if str(was) else ""
        if not added:
            words += "; nobody more is at work who could take it for that"
        else:
            words += f"; that adds {listed(added)}, {_free_words(len(added), len(free))}"
        details: dict[str, Detail] = {"was": str(was), "added": [str(a) for a in added], "free": [str(a) for a in free]}
        return Aside(words=words, details=details)

    def _missed(self, fact: OfferEnded, now: float) -> Aside:
        world = self._engine.world
        agent, record = world.agents.records.get(fact.agent), world.contacts.get(self._contact)
        words, details = "", dict[str, Detail]()
        if agent is not None and agent.status is AgentStatus.AVAILABLE and agent.resting_until > now:
            rests_s = agent.resting_until - now
            words += f"; she is offered no call for {duration(rests_s)}"
            details["rests_s"] = round(rests_s, 3)
        if record is not None and record.queue is not None:
            position = next(one.position for one in self._engine.view(now).contacts if one.id == record.id)
            rung = [offer.agent for offer in record.offers.values()]
            words += f"; the call keeps its place, number {position} in line" if position else ""
            details["position"] = position
            details["rung_next"] = [str(one) for one in rung]
        return Aside(words=words, details=details)


def _free_words(added: int, free: int) -> str:
    """Whether those who were added were free just then."""
    if added == 1:
        return "who is free" if free else "who is not free now"
    return (
        f"{'none' if free == 0 else 'all' if free == added else free} of whom {'is' if free == 1 else 'are'} free now"
    )
