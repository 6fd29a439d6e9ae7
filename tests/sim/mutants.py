"""Engines that break one promise each, on purpose. The simulator is worth what it finds in them."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from callcenter.core.agents import Agents
from callcenter.core.applying import Applying
from callcenter.core.callbacks import Callbacks
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaigns import Campaigns
from callcenter.core.colleagues import Colleagues
from callcenter.core.consult import Consults
from callcenter.core.dial_out import DialOut
from callcenter.core.dialling import Dialling
from callcenter.core.engine import Engine
from callcenter.core.errands import Errands
from callcenter.core.free import FreeAgents
from callcenter.core.legs import Legs
from callcenter.core.lines import Place, Rank, WaitingLines
from callcenter.core.lost import LostAgents
from callcenter.core.mailroom import Mailroom
from callcenter.core.matching import Matching
from callcenter.core.offers import Offers
from callcenter.core.parking import ParkingPlace
from callcenter.core.phone_use import PhonesInUse
from callcenter.core.phones import Phones
from callcenter.core.queues import Queues
from callcenter.core.requests import Requests
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.talk import Talk
from callcenter.core.timers import TimerKind
from callcenter.core.transfers import Place as Destination
from callcenter.core.transfers import Transfers
from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus, PhoneState
from callcenter.model.clauses import are_met
from callcenter.model.commands import HangUp, JoinBridge, LookUp, StopMusic, TellReferrer
from callcenter.model.configuration import Configuration
from callcenter.model.contact import EndReason, LegEnd, Medium, QueueExit
from callcenter.model.entry import Output
from callcenter.model.events import ContactArrived, Event
from callcenter.model.facts import ContactEnded, DispositionDue, Surprise, TalkEnded
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName, Skill
from callcenter.model.need import ANYBODY, Need
from callcenter.model.parking import Parking
from callcenter.model.queue import Queue

MUTANTS: Final[dict[str, type[Engine]]] = {}


class Mutant(Engine):
    """An engine whose parts can be exchanged; each part knows the others by what they were given here."""

    def __init_subclass__(cls) -> None:
        MUTANTS[cls.__name__] = cls

    def rewire(
        self,
        *,
        queues: Queues | None = None,
        talk: type[Talk] = Talk,
        matching: type[Matching] = Matching,
        applying: type[Applying] = Applying,
    ) -> None:
        """Put other parts in the place of the engine's own."""
        world, parts = self.world, self.parts
        parts.queues = queues or parts.queues
        parts.applying = applying(world, parts.queues)
        parts.offers = Offers(world, parts.queues)
        parts.callbacks = Callbacks(world, parts.queues, self)
        parts.dialling = Dialling(world, parts.queues, parts.offers, parts.callbacks, self)
        parts.mailroom = Mailroom(world, parts.queues, parts.callbacks, self)
        parts.talk = talk(
            world, parts.queues, parts.offers, parts.flows, parts.callbacks, parts.dialling, parts.mailroom
        )
        parts.transfers = Transfers(world, parts.queues, self)
        parts.consults = Consults(world, parts.transfers, parts.talk)
        parts.campaign_calls = CampaignCalls(world, parts.queues, parts.offers, self)
        parts.campaigns = Campaigns(world, parts.campaign_calls)
        world.campaigns_wrapped = parts.campaigns.wrapped_up
        parts.parking = ParkingPlace(world, parts.transfers, parts.talk, self)
        parts.phones = Phones(world, parts.transfers, parts.consults, parts.parking, parts.talk)
        parts.matching = matching(world, parts.offers, parts.queues)
        parts.dial_out = DialOut(world, parts.callbacks, parts.offers, parts.matching)
        self._requests = Requests(parts, self)


# -- who is offered what -----------------------------------------------------------------------------------------------


class _ListsAnyone(Agents):
    """Lists agents as free for whom one thing does not hold."""

    __slots__ = ()

    def careless(self, record: AgentRecord) -> bool:
        """Whether this one is listed all the same."""
        raise NotImplementedError

    def _relist(self, record: AgentRecord, now: float) -> None:
        super()._relist(record, now)
        if self.careless(record) and not record.contacts and record.offer is None:
            self.free.add(record, Medium.VOICE)
            self.newly_free.append(record.agent.id)


class _ListsThePaused(_ListsAnyone):
    __slots__ = ()

    def careless(self, record: AgentRecord) -> bool:
        return record.status is AgentStatus.PAUSED and record.phone is PhoneState.REACHABLE


class _ListsTheUnreachable(_ListsAnyone):
    __slots__ = ()

    def careless(self, record: AgentRecord) -> bool:
        return record.phone is not PhoneState.REACHABLE and record.status is AgentStatus.AVAILABLE


class OffersToThePaused(Mutant):
    """A paused agent counts as free."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents = _ListsThePaused(self.world.timers, self.world.out)


class OffersToTheUnreachable(Mutant):
    """An agent without a phone counts as free."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents = _ListsTheUnreachable(self.world.timers, self.world.out)


class _Unskilled(FreeAgents):
    __slots__ = ()

    def longest_idle(self, medium: Medium, need: Need) -> AgentId | None:
        return super().longest_idle(medium, ANYBODY)

    def suited(self, medium: Medium, need: Need) -> list[AgentId]:
        return super().suited(medium, ANYBODY)


class OffersToTheUnskilled(Mutant):
    """Skills do not matter."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents.free = _Unskilled(self.world.agents.records)


class _NeverTakenOff(FreeAgents):
    __slots__ = ()

    def remove(self, record: AgentRecord) -> None:
        """Whoever is listed once stays."""


class OffersTwice(Mutant):
    """An agent who is being offered a contact still counts as free."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents.free = _NeverTakenOff(self.world.agents.records)


# -- in which order ----------------------------------------------------------------------------------------------------


class _LastComeFirstServed(WaitingLines):
    __slots__ = ()

    def head_for(
        self,
        able: dict[Skill, int],
        medium: Medium,
        now: float,
        rank: Callable[[QueueName | None], Rank] | None = None,
        *,
        inbound_only: bool = False,
    ) -> tuple[Place, ContactId] | None:
        if inbound_only:  # whom an agent must not have is no question of order
            return super().head_for(able, medium, now, rank, inbound_only=True)
        self._line_up()
        tickets = self._tickets.items()
        return max(((one.place, c) for c, one in tickets if are_met(one.line.clauses, able)), default=None)


class LastComeFirstServed(Mutant):
    """The line is turned round."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.lines = _LastComeFirstServed()


class _Deaf(Matching):
    __slots__ = ()

    def settle(self) -> None:
        self._world.agents.newly_free.clear()
        super().settle()


class ForgetsTheFree(Mutant):
    """Agents who become free are not given those who wait."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(matching=_Deaf)


class _Patient(Queues):
    __slots__ = ()

    def waited_too_long(self, contact: ContactRecord) -> None:
        """Let it wait."""


class LetsThemWait(Mutant):
    """The longest wait is not observed."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(queues=_Patient(self.world, self))


class _BeginsAnew(Queues):
    __slots__ = ()

    @staticmethod
    def _goes_on(contact: ContactRecord, name: QueueName) -> bool:
        return False


class ForgetsWhatWasWaited(Mutant):
    """Who thinks of being called back, and waits on, has waited for nothing."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(queues=_BeginsAnew(self.world, self))


class _KeepsThePlace(Queues):
    __slots__ = ()

    def leave(self, contact: ContactRecord, how: QueueExit) -> None:
        name = contact.queue
        super().leave(contact, how)
        if name is not None:
            self._in_queue(name)[contact.id] = None


class IsInTwoPlaces(Mutant):
    """A contact that leaves a queue is still counted in it."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(queues=_KeepsThePlace(self.world, self))


# -- what is written ---------------------------------------------------------------------------------------------------


class _Generous(Talk):
    __slots__ = ()

    def _summary(self, contact: ContactRecord, reason: EndReason) -> ContactEnded:
        contact.talk_s += 1.0
        return super()._summary(contact, reason)


class CountsASecondMore(Mutant):
    """The parts of a CDR do not add up."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_Generous)


class _Silent(Talk):
    __slots__ = ()

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        super().end(contact, reason, leg_gone=leg_gone)
        self._world.out[:] = [output for output in self._world.out if not isinstance(output, ContactEnded)]


class WritesNoCdr(Mutant):
    """A contact ends without a CDR."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_Silent)


class ForgetsWhatIsMissing(Mutant):
    """Nobody is told that an agent has not recorded what came of a talk."""

    def handle(self, event: Event, now: float) -> list[Output]:
        return [output for output in super().handle(event, now) if not isinstance(output, DispositionDue)]


class _Twice(Talk):
    __slots__ = ()

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        super().end(contact, reason, leg_gone=leg_gone)
        self._world.out += [output for output in self._world.out if isinstance(output, ContactEnded)]


class WritesTwoCdrs(Mutant):
    """A contact ends with two."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_Twice)


class WritesSecretsDown(Mutant):
    """Masked digits go into the journal."""

    def redacted(self, event: Event) -> Event:
        return event


class SaysSomethingElseNextTime(Mutant):
    """What it says depends on something that the journal does not hold."""

    told = 0

    def handle(self, event: Event, now: float) -> list[Output]:
        SaysSomethingElseNextTime.told += 1
        return [*super().handle(event, now), Surprise(what=f"event {SaysSomethingElseNextTime.told}")]


# -- what is left behind -----------------------------------------------------------------------------------------------


class _KeepsTheBridge(Talk):
    __slots__ = ()

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        bridge = contact.bridge
        super().end(contact, reason, leg_gone=leg_gone)
        if bridge is not None:
            self._world.bridges[bridge] = contact.id


class Leaks(Mutant):
    """Bridges of ended contacts are remembered."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_KeepsTheBridge)


class _StaysOnTheLine(Talk):
    __slots__ = ()

    def _release_agent(self, contact: ContactRecord, *, wrap_up_s: float) -> None:
        super()._release_agent(contact, wrap_up_s=wrap_up_s)
        self._world.out[:] = [output for output in self._world.out if not isinstance(output, HangUp)]


class LeavesTheAgentOnTheLine(Mutant):
    """When the caller hangs up, the agent's leg is not."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_StaysOnTheLine)


class _KeepsApart(Talk):
    __slots__ = ()

    def connect(self, contact: ContactRecord) -> None:
        super().connect(contact)
        self._world.out[:] = [output for output in self._world.out if not isinstance(output, JoinBridge)]


class DoesNotPutThemTogether(Mutant):
    """The agent does not come into the bridge."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_KeepsApart)


class PlaysMusicToThemWhoTalk(Mutant):
    """Music on hold does not end."""

    def handle(self, event: Event, now: float) -> list[Output]:
        return [output for output in super().handle(event, now) if not isinstance(output, StopMusic)]


# -- what agents do with calls -----------------------------------------------------------------------------------------


class _SendsToTheEnd(Transfers):
    __slots__ = ()

    def _go(
        self, contact: ContactRecord, agent: AgentId, place: Destination, priority: int | None, needs: Need | None
    ) -> None:
        contact.since = self._world.now
        super()._go(contact, agent, place, priority, needs)


class LosesPlacesInTransfers(Mutant):
    """Who is handed on is the last in line."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.transfers = _SendsToTheEnd(self.world, self.parts.queues, self)
        self.parts.phones._transfers = self.parts.transfers


class CountsHoldsAsTalk(Mutant):
    """Time on hold is not told of."""

    def handle(self, event: Event, now: float) -> list[Output]:
        outputs = super().handle(event, now)
        return [replace(out, hold_s=0.0) if isinstance(out, TalkEnded) else out for out in outputs]


class SaysYesToEveryPhone(Mutant):
    """A phone that may not hand its call on is told that it has."""

    def handle(self, event: Event, now: float) -> list[Output]:
        outputs = super().handle(event, now)
        return [replace(out, taken=True) if isinstance(out, TellReferrer) else out for out in outputs]


class _OneLeg(Phones):
    __slots__ = ()

    def called(self, event: ContactArrived) -> bool:
        called = super().called(event)
        if called:
            self._world.legs.pop(event.leg, None)
        return called


class ForgetsTheSecondLeg(Mutant):
    """The second call of a phone is nobody's once it has begun."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        parts = self.parts
        parts.phones = _OneLeg(self.world, parts.transfers, parts.consults, parts.parking, parts.talk)


# -- parking -----------------------------------------------------------------------------------------------------------


class _OneSlot(ParkingPlace):
    __slots__ = ()

    def _free(self, rules: Parking, wanted: str) -> tuple[str, str]:
        return rules.slots[0], ""


class PutsTwoInASlot(Mutant):
    """Nobody looks whether a slot is taken."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.phones._parking = self.parts.parking = _OneSlot(
            self.world, self.parts.transfers, self.parts.talk, self
        )


class _Forgetful(ParkingPlace):
    __slots__ = ()

    def park(self, contact: ContactRecord, wanted: str, by: str, told: LegId | None = None) -> str:
        problem = super().park(contact, wanted, by, told)
        self._world.timers.cancel(TimerKind.PARK, contact.id)
        return problem


class ForgetsTheParked(Mutant):
    """A call that nobody picks up stays in its slot for ever."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.phones._parking = self.parts.parking = _Forgetful(
            self.world, self.parts.transfers, self.parts.talk, self
        )


# -- phones ------------------------------------------------------------------------------------------------------------


class _TakesAnybody(Talk):
    __slots__ = ()

    def agent_answered(self, contact: ContactRecord, leg: LegId) -> None:
        if leg in contact.offers:
            self._accept(contact, leg)


class LetsVoicemailTakeCalls(Mutant):
    """Who answers has the call, key or no key."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_TakesAnybody)


class _Indiscreet(Talk):
    __slots__ = ()

    def _accept(self, contact: ContactRecord, leg: LegId) -> None:
        super()._accept(contact, leg)
        if contact.aside is not None and contact.aside.playback is not None and contact.bridge is not None:
            self._world.bridges.pop(contact.aside.bridge, None)
            contact.aside.bridge, contact.aside.own = contact.bridge, False


class LetsCallersHearWhoTheyAre(Mutant):
    """What the agent is told of a caller is said in the caller's bridge."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(talk=_Indiscreet)


class _HangsUpLines(World):
    __slots__ = ()

    def let_go(self, contact: ContactRecord, leg: LegId, end: LegEnd = LegEnd.NORMAL) -> None:
        self.legs.pop(leg, None)
        self.out.append(HangUp(contact=contact.id, leg=leg, end=end))


class HangsUpPhonesThatAreNailedUp(Mutant):
    """The end of a call is the end of the line."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.__class__ = _HangsUpLines


class _CountsOnAnyPhone(_ListsAnyone):
    __slots__ = ()

    def careless(self, record: AgentRecord) -> bool:
        waits = record.agent.phone.nailed and record.nail is None and record.phone is PhoneState.REACHABLE
        return waits and record.status is AgentStatus.AVAILABLE and record.state is not AgentState.WRAP_UP


class OffersToUnconnectedPhones(Mutant):
    """Agents whose phone is to be nailed up are offered calls before it is."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.world.agents = _CountsOnAnyPhone(self.world.timers, self.world.out)


class _TakesItForAHangUp(LostAgents):
    __slots__ = ()

    def keeps(self, contact: ContactRecord) -> bool:
        return False


class EndsTheCallsOfDeadPhones(Mutant):
    """A phone that dies counts as one that hangs up."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.lost = _TakesItForAHangUp(self.world, self.parts.queues, self.parts.transfers, self)


class _AsksNobody(Dialling):
    __slots__ = ()

    def _dial(self, contact: ContactRecord, why: str) -> None:
        self._ring(contact, self._world.mints().leg(), why)


class CallsBackUnjudged(Mutant):
    """A customer is called back as soon as her agent is there: the first look was enough."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire()
        dialling = _AsksNobody(self.world, self.parts.queues, self.parts.offers, self.parts.callbacks, self)
        self.parts.dialling = self.parts.talk._dialling = dialling


# -- when the configuration changes ------------------------------------------------------------------------------------


class _TakesQueuesAway(Applying):
    __slots__ = ()

    def hindrance(self, new: Configuration) -> str:
        return ""


class TakesQueuesAway(Mutant):
    """A queue goes although callers wait in it."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(applying=_TakesQueuesAway)


class _Stubborn(Queues):
    __slots__ = ()

    def rules_changed(self, contact: ContactRecord, was: Queue) -> None:
        """Nothing has changed for who is here already."""


class KeepsToOldRules(Mutant):
    """New rules are for new callers only."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.rewire(queues=_Stubborn(self.world, self))


# -- calls of agents ---------------------------------------------------------------------------------------------------


class _CountsTwice(Colleagues):
    __slots__ = ()

    def _ring(self, contact: ContactRecord, record: AgentRecord, colleague: AgentRecord) -> None:
        super()._ring(contact, record, colleague)
        self._world.agents.dials(colleague, self._world.now)


class KeepsColleaguesForEver(Mutant):
    """Whom a colleague has called once is offered nothing any more."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.colleagues = _CountsTwice(self.world, self)


class _NeverForgets(PhonesInUse):
    __slots__ = ()

    def _is_ours_again(self, record: AgentRecord) -> None:
        """Who was used by others once is used for ever."""


class KeepsAgentsFromWork(Mutant):
    """A call past the call center has no end."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.phones_in_use = _NeverForgets(self.world)


class _Blind(PhonesInUse):
    __slots__ = ()

    def time_came(self, agent: AgentId) -> None:
        """Whoever uses it: it may ring."""


class RingsPhonesInUse(Mutant):
    """A call past the call center is nobody's business."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.phones_in_use = _Blind(self.world)


# -- programs outside --------------------------------------------------------------------------------------------------


class _Trusting(Errands):
    __slots__ = ()

    def _ask(self, contact: ContactRecord, lookup: LookUp) -> None:
        self._world.out.append(lookup)


class WaitsForAnswersForEver(Mutant):
    """Whoever promised an answer will give it."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.parts.flows._errands = _Trusting(self.world)


class _KnowsNoScripts(Legs):
    def is_with_a_script(self, leg: LegId) -> bool:
        return False


class TakesScriptsForEnds(Mutant):
    """A call that is out of our hands is over."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self._legs = _KnowsNoScripts(self.parts, self)
