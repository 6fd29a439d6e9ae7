"""An offer's life: the phone rings, and is answered, missed or rescinded. Knows contact and agent, and who to tell.

Theory: cancelling and answering cross on the wire, and Asterisk says yes to both. So an offer is over when we say so:
its leg is forgotten, hung up, and whatever comes of that leg later finds nobody who counts on it.
"""

from typing import Final

from callcenter.core import aside, outside_phones
from callcenter.core.contacts import ContactInput, move
from callcenter.core.queues import Queues
from callcenter.core.state import AgentRecord, ContactRecord, OfferRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import NailState, PhoneState
from callcenter.model.commands import RingAgent
from callcenter.model.contact import ContactState, LegEnd, OfferEnd
from callcenter.model.facts import Considered, ContactOffered, OfferEnded
from callcenter.model.ids import AgentId, LegId
from callcenter.model.queue import MissedOffer, MissedOfferRule, Queue

RING_GRACE_S: Final = 5.0  # Asterisk stops ringing by itself so long after we should have told it to

VOICEMAIL: Final = "Voicemail"  # what her phone shows before the name of who left a message
REST_MIN_S: Final = 1.0  # whatever the rule: a phone that is always busy must not be dialled without end

_END_OF_LEG: Final = {
    LegEnd.NORMAL: OfferEnd.REJECTED,  # hung up without having been answered
    LegEnd.NO_ANSWER: OfferEnd.NO_ANSWER,
    LegEnd.BUSY: OfferEnd.BUSY,
    LegEnd.REJECTED: OfferEnd.REJECTED,
    LegEnd.UNREACHABLE: OfferEnd.UNREACHABLE,
    LegEnd.CANCELLED: OfferEnd.FAILED,
    LegEnd.FAILED: OfferEnd.FAILED,
}


class Offers:
    """All phones that ring."""

    __slots__ = ("_queues", "_world")

    def __init__(self, world: World, queues: Queues) -> None:
        self._world = world
        self._queues = queues

    def make(
        self,
        contact: ContactRecord,
        queue: Queue,
        agent: AgentId,
        why: str,
        considered: tuple[Considered, ...],
        free: int,
        strategy: str = "",
        own: LegId | None = None,
    ) -> None:
        """Ring an agent's phone for a contact that is WAITING or PROMISED, or OFFERED to others as well.

        `strategy` names what chose her, if it was not the queue's. `own`: she is there already, on that leg of hers.
        """
        world = self._world
        record = world.agents.records[agent]
        mint = world.mints()
        nail = record.nail if record.nail is not None and record.nail.state is NailState.UP else None
        offer, leg = mint.offer(), own or (mint.leg() if nail is None else nail.leg)
        if contact.state is not ContactState.OFFERED:
            move(contact, ContactInput.OFFERED, world.now)
            world.lines.remove(contact.id)
        contact.offers[leg] = OfferRecord(
            id=offer,
            contact=contact.id,
            agent=agent,
            leg=leg,
            queue=queue.name,
            began=world.now,
            why=why,
            is_own=own is not None,
        )
        contact.offers_made += 1
        contact.first_offered = contact.first_offered or world.now
        world.legs[leg] = contact.id
        world.out.append(
            ContactOffered(
                contact=contact.id,
                offer=offer,
                agent=agent,
                leg=leg,
                queue=queue.name,
                strategy=strategy or queue.strategy,
                why=why,
                considered=considered,
                free=free,
            )
        )
        world.agents.offered(record, leg, contact.id, world.now)
        if nail is not None or own is not None:
            world.at_once.append(leg)
            return
        world.timers.set(TimerKind.OFFER, leg, world.now + queue.offer_timeout_s)
        command = RingAgent(
            contact=contact.id,
            leg=leg,
            offer=offer,
            agent=agent,
            number=record.agent.number,
            caller=contact.callback.number if contact.callback is not None else contact.caller,
            caller_name=_name_of(contact),
            timeout_s=queue.offer_timeout_s + RING_GRACE_S,
            like=contact.leg,
            auto_answer=record.agent.phone.auto_answer,
        )
        outside_phones.ring(world, command, record.agent, TimerKind.OFFER, leg)

    def accept(self, contact: ContactRecord, leg: LegId) -> OfferRecord:
        """The agent has answered: her offer is accepted, all others for this contact are rescinded."""
        offer = contact.offers.pop(leg)
        self._world.timers.cancel(TimerKind.OFFER, leg)
        if offer.aside is not None:
            aside.hush(self._world, contact, offer.aside)
        self._ended(contact, offer, OfferEnd.ACCEPTED)
        self.rescind(contact, f"{offer.agent} was faster")
        return offer

    def rescind(self, contact: ContactRecord, why: str) -> None:
        """The contact is served or gone: every other phone stops ringing, at no cost to its agent."""
        for leg, offer in list(contact.offers.items()):
            del contact.offers[leg]
            self._drop(offer, LegEnd.CANCELLED)
            self._ended(contact, offer, OfferEnd.RESCINDED, why)
            self._world.agents.offer_lost(self._world.agents.records[offer.agent], self._world.now)

    def ring_timed_out(self, leg: LegId) -> None:
        """The agent has let it ring too long."""
        contact = self._world.by_leg(leg)
        if contact is not None and leg in contact.offers:
            self.missed(contact, leg, LegEnd.NO_ANSWER, hang_up=True)

    def withdraw(self, record: AgentRecord, why: str) -> None:
        """The agent pauses or logs out while her phone rings: she does not want this contact."""
        contact = self._world.by_leg(record.offer) if record.offer is not None else None
        if contact is None or record.offer is None or record.offer not in contact.offers:
            return
        offer = contact.offers.pop(record.offer)
        self._drop(offer, LegEnd.CANCELLED)
        self._ended(contact, offer, OfferEnd.REJECTED, why)
        contact.missed += 1
        self._world.agents.offer_lost(record, self._world.now)
        self._lost(contact)

    def vanished(self, contact: ContactRecord, leg: LegId, why: str, rest_s: float = 0.0) -> None:
        """The phone never rang, by no fault of the agent: the contact goes back in line."""
        offer = contact.offers.pop(leg)
        self._drop(offer, LegEnd.CANCELLED)
        self._ended(contact, offer, OfferEnd.FAILED, why)
        self._world.agents.offer_lost(self._world.agents.records[offer.agent], self._world.now, rest_s=rest_s)
        self._lost(contact)

    def missed(self, contact: ContactRecord, leg: LegId, how: LegEnd, *, hang_up: bool, why: str = "") -> None:
        """The phone was not answered, in one of several ways; each has its own consequence for the agent.

        A phone that never rang, or is not there any more, is not an agent who lets it ring.
        """
        world = self._world
        offer = contact.offers.pop(leg)
        record = world.agents.records[offer.agent]
        if how is LegEnd.NO_ANSWER and not (offer.rang and record.phone is PhoneState.REACHABLE):
            how = LegEnd.UNREACHABLE
            why = "it never rang" if not offer.rang else "it went away while it rang"
        end = _END_OF_LEG[how]
        if offer.aside is not None:  # it was answered
            end = OfferEnd.REJECTED if how is LegEnd.REJECTED else OfferEnd.NOT_CONFIRMED
            how = LegEnd.NORMAL
        if not hang_up:
            world.legs.pop(leg, None)
        self._drop(offer, how)
        self._ended(contact, offer, end, why)
        contact.missed += 1
        if end is OfferEnd.UNREACHABLE and record.phone is PhoneState.REACHABLE:
            world.surprise(f"the phone of {record.agent.id} was thought reachable and is not", contact)
        self._rest_or_pause(record, world.rules_for(contact, offer.queue), end)
        self._lost(contact)

    def gone_before_talk(self, record: AgentRecord, queue: Queue) -> None:
        """She has answered, and gone before the caller was put through: as good as a rejection."""
        if record.offer is None:
            self._rest_or_pause(record, queue, OfferEnd.REJECTED)

    def _rest_or_pause(self, record: AgentRecord, queue: Queue, end: OfferEnd) -> None:
        """What the queue's rule says."""
        rule = self._rule(queue, end)
        if rule.then is MissedOffer.PAUSE:
            self._world.agents.offer_lost(record, self._world.now, pause=end.value)
        else:
            self._world.agents.offer_lost(record, self._world.now, rest_s=max(rule.rest_s, REST_MIN_S))

    def _lost(self, contact: ContactRecord) -> None:
        if not contact.offers and contact.state is ContactState.OFFERED:
            lost = ContactInput.OFFER_LOST if contact.leg is not None else ContactInput.PROMISED
            move(contact, lost, self._world.now)
            self._queues.wait_again(contact)

    def _drop(self, offer: OfferRecord, end: LegEnd) -> None:
        self._world.timers.cancel(TimerKind.OFFER, offer.leg)
        if offer.aside is not None:
            aside.close(self._world, self._world.contacts[offer.contact], offer.aside)
        if offer.leg in self._world.legs:
            self._world.let_go(self._world.contacts[offer.contact], offer.leg, end)

    def _ended(self, contact: ContactRecord, offer: OfferRecord, end: OfferEnd, why: str = "") -> None:
        self._world.out.append(
            OfferEnded(
                contact=contact.id,
                offer=offer.id,
                agent=offer.agent,
                leg=offer.leg,
                queue=offer.queue,
                end=end,
                rang_s=self._world.now - offer.began,
                why=why,
            )
        )

    def _rule(self, queue: Queue, end: OfferEnd) -> MissedOfferRule:
        rules = queue.missed
        match end:
            case OfferEnd.NO_ANSWER:
                return rules.no_answer
            case OfferEnd.BUSY:
                return rules.busy
            case OfferEnd.REJECTED:
                return rules.rejected
            case OfferEnd.NOT_CONFIRMED:
                return rules.not_confirmed
            case _:
                return rules.unreachable


def _name_of(contact: ContactRecord) -> str:
    """The name that her phone shows beside the number."""
    return contact.caller_name if contact.mail is None else f"{VOICEMAIL} {contact.caller_name}".strip()
