"""A campaign's call from its dialling to its end: who answered, is there an agent, what is said where there is none.

Knows attempts and contacts; says of none when it is dialled (`campaigns` does), nor what came of it (`campaign_ends`).
The leg of a called person is her contact's from the beginning: CALLED while it rings, then in a queue like anybody who
calls, or in a flow.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from callcenter.core import voice
from callcenter.core.campaign_dialling import caller_hours
from callcenter.core.campaign_ends import CampaignEnds
from callcenter.core.campaign_state import Attempt, CampaignRecord, DialStep, Judged
from callcenter.core.contacts import ContactInput, move
from callcenter.core.machine_score import MachineScore
from callcenter.core.offers import Offers
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.trunks import TrunkBook
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.campaign import Campaign, MachineRule
from callcenter.model.campaign_messages import (
    AnswererJudged,
    AwaitBeep,
    ContactDropped,
    DetectMachine,
    LeadAnswered,
    OptedOut,
    OptOut,
)
from callcenter.model.commands import HangUp, JoinBridge
from callcenter.model.contact import ContactState, EndReason, LegEnd, Medium, QueueExit
from callcenter.model.detection import BEEP_WITHIN_S, JUDGE_WITHIN_S, Answerer
from callcenter.model.ids import AgentId, FlowName
from callcenter.model.lead import Outcome
from callcenter.model.need import Need, parse_need
from callcenter.model.queue import PRIORITY_MAX
from callcenter.nodes import keeps

STRAYED_S: Final = 3.0  # what Asterisk kept for us while we were away comes within so long after the list
STILL_CONNECTING_S: Final = 0.5  # an agent has answered and hears, or has heard, an announcement: look again

INVALID_CAUSES: Final = frozenset({1, 22, 28})  # Q.850: unallocated, changed, incomplete
TRUNK_CAUSES: Final = frozenset({34, 38, 41, 42, 44, 47, 58, 127})  # no circuit, out of order, congestion, no codec
_OUTCOMES: Final[Mapping[LegEnd, Outcome]] = {
    LegEnd.NORMAL: Outcome.NO_ANSWER,
    LegEnd.NO_ANSWER: Outcome.NO_ANSWER,
    LegEnd.BUSY: Outcome.BUSY,
    LegEnd.REJECTED: Outcome.BUSY,
    LegEnd.UNREACHABLE: Outcome.FAILED,
    LegEnd.CANCELLED: Outcome.NO_ANSWER,
    LegEnd.FAILED: Outcome.FAILED,
}
LEAVING: Final[Mapping[DialStep, EndReason]] = {
    DialStep.DROPPED: EndReason.DROPPED,
    DialStep.MACHINE: EndReason.MACHINE,
    DialStep.OPTED_OUT: EndReason.FLOW_ENDED,
}
"""Steps in which the campaign itself says something, and why the contact ends then."""
S: Final = ContactState


class Elsewhere(Protocol):
    """What a campaign's call asks of the rest of the engine."""

    def start_flow(self, contact: ContactRecord, flow: FlowName) -> None:
        """Begin a flow; the contact is IN_FLOW."""
        ...

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        """End the contact."""
        ...

    def leave_state(self, contact: ContactRecord, reason: EndReason) -> None:
        """Undo what a contact's state holds."""
        ...


class CampaignCalls:
    """The calls of all campaigns."""

    __slots__ = ("_elsewhere", "_offers", "_queues", "_trunks", "_trunks_of", "_world", "ends")

    def __init__(self, world: World, queues: Queues, offers: Offers, elsewhere: Elsewhere) -> None:
        self._world = world
        self._queues = queues
        self._offers = offers
        self._elsewhere = elsewhere
        self._trunks_of = tuple(world.configuration.trunks.values())
        self._trunks = TrunkBook(self._trunks_of, world.trunk_uses)
        self.ends = CampaignEnds(world, self.trunks)

    def trunks(self) -> TrunkBook:
        """What the trunks do now; another configuration has other trunks, on which the calls that last go on."""
        configured = tuple(self._world.configuration.trunks.values())
        if configured != self._trunks_of:
            self._trunks, self._trunks_of = TrunkBook(configured, self._world.trunk_uses), configured
        return self._trunks

    # -- no answer ---------------------------------------------------------------------------------------------------

    def not_answered(self, contact: ContactRecord, end: LegEnd, cause: int, *, hang_up: bool = False) -> None:
        """The phone does not ring any more, and nobody has answered."""
        attempt, world = self.attempt_of(contact), self._world
        if end is LegEnd.NORMAL and not cause and not attempt.strayed and not hang_up:
            # a list of what lives does not have it: what Asterisk kept for us while we were away may say more
            attempt.strayed = True
            world.timers.set(TimerKind.DIAL, contact.id, world.now + STRAYED_S)
            return
        attempt.outcome = Outcome.INVALID if cause in INVALID_CAUSES else _OUTCOMES[end]
        self._no_person(contact, attempt, failed=end is LegEnd.FAILED or cause in TRUNK_CAUSES)
        self._elsewhere.end(contact, EndReason.NOT_REACHED, leg_gone=not hang_up)

    def rang_too_long(self, contact: ContactRecord) -> None:
        """Nobody has said what became of the call."""
        attempt = self.attempt_of(contact)
        attempt.outcome = Outcome.LOST if attempt.strayed else Outcome.NO_ANSWER
        self._no_person(contact, attempt, failed=False)
        self._elsewhere.end(contact, EndReason.NOT_REACHED)

    def not_dialled(self, contact: ContactRecord, *, trunk_failed: bool) -> None:
        """Asterisk would not dial it, or was not there."""
        attempt = self.attempt_of(contact)
        attempt.outcome = Outcome.FAILED
        self._no_person(contact, attempt, failed=trunk_failed)
        self._elsewhere.end(contact, EndReason.NOT_REACHED)

    # -- an answer ---------------------------------------------------------------------------------------------------

    def answered(self, contact: ContactRecord) -> None:
        """Somebody, or something, has answered. To be told so twice is normal."""
        attempt, world = self.attempt_of(contact), self._world
        if attempt.step is not DialStep.RINGING:
            return
        world.timers.cancel(TimerKind.DIAL, contact.id)
        attempt.answered_at, contact.answered = world.now, True
        record, campaign = self.record_of(contact), self.campaign_of(contact)
        bridge = voice.open_bridge(world, contact)
        world.out += (
            LeadAnswered(
                contact=contact.id, campaign=record.name, attempt=attempt.leg, rang_s=world.now - attempt.began
            ),
            JoinBridge(contact=contact.id, bridge=bridge, leg=attempt.leg),
        )
        if campaign is not None and campaign.detector and campaign.machine is not MachineRule.AS_HUMAN:
            attempt.step = DialStep.JUDGING
            world.timers.set(TimerKind.DETECT, contact.id, world.now + JUDGE_WITHIN_S)
            world.out.append(
                DetectMachine(
                    contact=contact.id,
                    leg=attempt.leg,
                    detector=campaign.detector,
                    within_s=JUDGE_WITHIN_S,
                    amd=campaign.amd,
                )
            )
        else:
            self._person(contact, record, attempt)

    def judged(self, contact: ContactRecord, answerer: Answerer, why: str) -> None:
        """A detector has said who it is, or is not waited for."""
        attempt, world, record = self.attempt_of(contact), self._world, self.record_of(contact)
        campaign = self.campaign_of(contact)
        if attempt.step is not DialStep.JUDGING or attempt.answered_at is None:
            return
        world.timers.cancel(TimerKind.DETECT, contact.id)
        world.out.append(
            AnswererJudged(
                contact=contact.id,
                campaign=record.name,
                attempt=attempt.leg,
                detector=campaign.detector if campaign is not None else "",
                answerer=answerer,
                took_s=world.now - attempt.answered_at,
                why=why,
            )
        )
        detector = campaign.detector if campaign is not None else ""
        machine = answerer is Answerer.MACHINE and campaign is not None
        stands_for = record.scores.setdefault(detector, MachineScore()).taken() if machine else 0
        attempt.judged = Judged(
            detector=detector,
            answerer=answerer,
            took_s=world.now - attempt.answered_at,
            trunk=attempt.trunk,
            stands_for=stands_for,
        )
        if not machine or stands_for or campaign is None:
            self._person(contact, record, attempt)
            return
        attempt.step = DialStep.MACHINE
        self._let_go(contact)  # a machine keeps no agent
        record.pace.unanswered(attempt.leg, world.now)
        if campaign.machine is MachineRule.MESSAGE and campaign.machine_message is not None:
            world.timers.set(TimerKind.BEEP, contact.id, world.now + BEEP_WITHIN_S)
            world.out.append(
                AwaitBeep(contact=contact.id, leg=attempt.leg, detector=campaign.detector, within_s=BEEP_WITHIN_S)
            )
            move(contact, ContactInput.SENT_TO_FLOW, world.now)
        else:
            self._elsewhere.end(contact, EndReason.MACHINE)

    def beeped(self, contact: ContactRecord) -> None:
        """The machine records now, as far as anybody knows."""
        attempt, campaign = self.attempt_of(contact), self.campaign_of(contact)
        if attempt.step is not DialStep.MACHINE or contact.playback is not None:
            return
        self._world.timers.cancel(TimerKind.BEEP, contact.id)
        if campaign is None or campaign.machine_message is None:
            self._elsewhere.end(contact, EndReason.MACHINE)
        else:
            voice.say(self._world, contact, (campaign.machine_message,))

    def _person(self, contact: ContactRecord, record: CampaignRecord, attempt: Attempt) -> None:
        """A person: she hears the campaign's flow, or has an agent at once."""
        world, campaign = self._world, self.campaign_of(contact)
        attempt.step, attempt.person_at = DialStep.PERSON, world.now
        record.pace.answered(attempt.leg, world.now)
        caller_hours(record, attempt.caller_id, "answered", world.now)
        only = self._waits_for_her(contact)  # before the queue is asked whether anybody works
        move(contact, ContactInput.SENT_TO_FLOW, world.now)
        if campaign is None:  # it was taken out of the configuration while the phone rang
            self._drop(contact, record, attempt, None)
        elif campaign.queue is None:
            if campaign.flow is None:
                raise Bug(f"campaign {campaign.name} has neither a queue nor a flow")
            attempt.step = DialStep.IN_FLOW
            self._elsewhere.start_flow(contact, campaign.flow)
        else:
            queue = world.configuration.queues[campaign.queue]
            contact.version = world.version
            if self._queues.doors.refusal(contact, queue) is not None:
                self._drop(contact, record, attempt, campaign)
                return
            self._queues.enter(contact, campaign.queue, PRIORITY_MAX if only is not None else None, only)
            world.timers.set(TimerKind.DROP, contact.id, world.now + campaign.message_within_s)

    def _waits_for_her(self, contact: ContactRecord) -> Need | None:
        """The agent before whom it was dialled, if she is free for it: nobody else is asked. None: there is no such."""
        agent = self._let_go(contact)
        if agent is None or not self._world.agents.free.is_free(agent, Medium.VOICE):
            return None
        return parse_need(f"@{agent}")

    def _let_go(self, contact: ContactRecord) -> AgentId | None:
        """The agent before whom it was dialled, who is free again; None if there is no such."""
        record = self._world.agents.records.get(contact.dialler) if contact.dialler is not None else None
        if record is None:
            return None
        contact.dialler = None
        self._world.agents.has_dialled(record, self._world.now)
        return record.agent.id

    # -- nobody is there ---------------------------------------------------------------------------------------------

    def waited_too_long(self, contact: ContactRecord) -> None:
        """A person who answered has waited as long as she may."""
        record, attempt = self.record_of(contact), self.attempt_of(contact)
        if attempt.step is not DialStep.PERSON or attempt.talked:
            return
        if contact.state is S.CONNECTING:
            self._world.timers.set(TimerKind.DROP, contact.id, self._world.now + STILL_CONNECTING_S)
            return
        if contact.state is S.IN_FLOW:
            self._drop_in_a_flow(contact, record, attempt)
        if contact.state not in (S.WAITING, S.OFFERED):
            return
        self._offers.rescind(contact, "no agent was there in time")
        if contact.state is S.OFFERED:
            move(contact, ContactInput.OFFER_LOST, self._world.now)
        self._queues.leave(contact, QueueExit.DROPPED)
        move(contact, ContactInput.SENT_TO_FLOW, self._world.now)
        self._drop(contact, record, attempt, self.campaign_of(contact))

    def _drop_in_a_flow(self, contact: ContactRecord, record: CampaignRecord, attempt: Attempt) -> None:
        """Her queue has sent her elsewhere, where nobody has spoken with her in time either."""
        world, campaign = self._world, self.campaign_of(contact)
        away = contact.run is not None  # with a script, and hears nothing that is said here
        self._elsewhere.leave_state(contact, EndReason.DROPPED)
        if contact.other_leg is not None:
            world.out.append(HangUp(contact=contact.id, leg=contact.other_leg, end=LegEnd.CANCELLED))
            world.legs.pop(contact.other_leg, None)
            world.timers.cancel(TimerKind.FORWARD, contact.id)
            contact.other_leg = None
        self._drop(contact, record, attempt, None if away else campaign)

    def _drop(
        self, contact: ContactRecord, record: CampaignRecord, attempt: Attempt, campaign: Campaign | None
    ) -> None:
        """She is told who called, and how not to be called again."""
        world = self._world
        attempt.step = DialStep.DROPPED
        record.pace.dropped(world.now)
        contact.flow, contact.node = None, ""
        waited_s = world.now - (attempt.person_at or world.now)
        world.out.append(
            ContactDropped(contact=contact.id, campaign=record.name, attempt=attempt.leg, waited_s=waited_s)
        )
        if campaign is not None and campaign.safe_harbour is not None:
            voice.say(world, contact, (campaign.safe_harbour,), {"opt_out_key": campaign.opt_out_key})
        else:
            self._elsewhere.end(contact, EndReason.DROPPED)

    def said(self, contact: ContactRecord) -> None:
        """What was said to somebody who is leaving, or to a machine, is over."""
        attempt = self.attempt_of(contact)
        contact.playback, attempt.told = None, True
        self._elsewhere.end(contact, LEAVING[attempt.step])

    def takes_key(self, contact: ContactRecord, key: str) -> bool:
        """Whether a key is the campaign's: of one who is told something by it, or the wish to be called no more of one
        who hears its flow, at a place that does not want that key for itself."""
        if self.is_ours_now(contact):
            return True
        if contact.campaign is None or contact.state is not S.IN_FLOW or contact.flow is None:
            return False
        attempt, campaign = self.record_of(contact).attempts.get(contact.id), self.campaign_of(contact)
        if attempt is None or attempt.step is not DialStep.IN_FLOW or campaign is None or key != campaign.opt_out_key:
            return False
        return not keeps(self._world.library[contact.version].flows[contact.flow].nodes[contact.node], key)

    def pressed(self, contact: ContactRecord, digit: str) -> None:
        """A key, while she is told who called, or hears the campaign's flow."""
        attempt, campaign, world = self.attempt_of(contact), self.campaign_of(contact), self._world
        in_flow = attempt.step is DialStep.IN_FLOW
        if not (in_flow or attempt.step is DialStep.DROPPED) or campaign is None or digit != campaign.opt_out_key:
            return
        if in_flow:
            attempt.step = DialStep.OPTED_OUT
            world.timers.cancel(TimerKind.FLOW_WAIT, contact.id)
            contact.flow, contact.node = None, ""
            contact.stack.clear()
        world.out += (
            OptedOut(contact=contact.id, campaign=campaign.name, attempt=attempt.leg),
            OptOut(contact=contact.id, campaign=campaign.name, number=attempt.number),
        )
        if campaign.opted_out is not None:
            voice.hush(world, contact)
            voice.say(world, contact, (campaign.opted_out,))
        else:
            self._elsewhere.end(contact, LEAVING[attempt.step])

    def is_ours_now(self, contact: ContactRecord) -> bool:
        """Whether what is said to the contact, which is in no flow, is said by its campaign."""
        if contact.campaign is None or contact.flow is not None:
            return False
        attempt = self.record_of(contact).attempts.get(contact.id)
        return attempt is not None and attempt.step in LEAVING

    def leg_ended(self, contact: ContactRecord, end: LegEnd, cause: int) -> bool:
        """Her leg is gone; False if that means what it means for everybody."""
        match self.attempt_of(contact).step:
            case DialStep.RINGING:
                self.not_answered(contact, end, cause)
            case DialStep.JUDGING:
                self._elsewhere.end(contact, EndReason.NOT_REACHED, leg_gone=True)
            case DialStep.DROPPED | DialStep.MACHINE | DialStep.OPTED_OUT as step:
                self._elsewhere.end(contact, LEAVING[step], leg_gone=True)
            case DialStep.PERSON | DialStep.IN_FLOW:
                return False
        return True

    # -- finding -----------------------------------------------------------------------------------------------------

    def record_of(self, contact: ContactRecord) -> CampaignRecord:
        """The campaign of a contact that was dialled for one. Raises Bug for another."""
        if contact.campaign is None:
            raise Bug(f"{contact.id} was dialled for no campaign")
        return self._world.campaigns[contact.campaign]

    def attempt_of(self, contact: ContactRecord) -> Attempt:
        """Likewise its attempt."""
        return self.record_of(contact).attempts[contact.id]

    def campaign_of(self, contact: ContactRecord) -> Campaign | None:
        """Its campaign as it is configured now; None if it is not any more."""
        return self._world.configuration.campaigns.get(self.record_of(contact).name)

    def _no_person(self, contact: ContactRecord, attempt: Attempt, *, failed: bool) -> None:
        """No person answered; the trunk may have failed, for reasons of its own."""
        record, now = self.record_of(contact), self._world.now
        attempt.trunk_failed = failed
        if failed:
            record.pace.refused(attempt.leg, now)
        else:
            record.pace.unanswered(attempt.leg, now)
