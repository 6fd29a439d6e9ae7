"""From the agent's answer to the end of the contact. Knows connecting, recording and ending; chooses nobody.

The announcement, where a queue has one, is played to the caller while the agent waits outside the bridge: talk and
recording begin after it, so no recording holds what a caller had not been told of.
"""

from typing import Final
from zlib import crc32

from callcenter.core import aside, colleagues, control, dispositions, parking, recording, voice
from callcenter.core.callbacks import Callbacks
from callcenter.core.consult import everybody_else_goes
from callcenter.core.contacts import ContactInput, move
from callcenter.core.dialling import Dialling
from callcenter.core.flows import Flows
from callcenter.core.mailroom import Mailroom
from callcenter.core.offers import Offers
from callcenter.core.queues import IN_QUEUE, Queues
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.callback import CallbackEnd, CallbackStep
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    MuteLeg,
    StopMessage,
)
from callcenter.model.contact import ContactState, EndReason, LegEnd, QueueExit
from callcenter.model.facts import ContactConnected, ContactEnded, OutsideCalled, SurveyOffered, TalkEnded
from callcenter.model.ids import AgentId, LegId
from callcenter.model.parking import ParkEnd
from callcenter.model.queue import SHARE_MAX, Survey, SurveyWhen
from callcenter.model.recording_facts import RecordingStopped

ENDS_OF_SURVEYS: Final = frozenset(
    {EndReason.FLOW_ENDED, EndReason.LEFT_IN_FLOW, EndReason.CLOSED, EndReason.VOICEMAIL}
)
"""However a survey ends, the contact ended as its talk did."""
SURVEY_VARIABLE: Final = "survey"
AGREED: Final = "yes"
SPOKEN_MIN_S: Final = 1.0  # a caller who hangs up sooner after the beep has left no message
SHARES: Final = 10_000  # a share is told apart to the hundredth of a percent

EXITS: Final = {
    EndReason.ABANDONED: QueueExit.ABANDONED,
    EndReason.CALLBACK_FAILED: QueueExit.UNREACHED,
    EndReason.CALLBACK_EXPIRED: QueueExit.UNREACHED,
}
"""How a contact leaves a queue that it ends in."""
GONE: Final = {
    EndReason.ABANDONED: "the caller has gone",
    EndReason.HUNG_UP_BY_REQUEST: "somebody asked for the call to be ended",
    EndReason.SHUTDOWN: "the call center is being stopped",
    EndReason.FAULT: "the call was ended by a fault",
}
"""Why phones stop ringing for a contact that ends; else its end says it."""


class Talk:
    """Conversations."""

    __slots__ = ("_callbacks", "_dialling", "_flows", "_mailroom", "_offers", "_queues", "_world")

    def __init__(
        self,
        world: World,
        queues: Queues,
        offers: Offers,
        flows: Flows,
        callbacks: Callbacks,
        dialling: Dialling,
        mailroom: Mailroom,
    ) -> None:
        self._world = world
        self._queues = queues
        self._offers = offers
        self._flows = flows
        self._callbacks = callbacks
        self._dialling = dialling
        self._mailroom = mailroom

    # -- an agent answers --------------------------------------------------------------------------------------------

    def agent_answered(self, contact: ContactRecord, leg: LegId) -> None:
        """The first agent to answer has the contact; the announcement comes before she is heard."""
        world = self._world
        offer = contact.offers[leg]
        queue = world.rules_for(contact, offer.queue)
        if offer.aside is None and not offer.is_own and aside.must_confirm(world, queue, offer.agent):
            aside.ask(world, contact, offer, queue)
        elif offer.aside is None:  # else it is told once more that she has answered
            self._accept(contact, leg)

    def agent_pressed(self, contact: ContactRecord, leg: LegId, digit: str) -> None:
        """Somebody who has answered, and is asked whether she is there, presses a key."""
        offer = contact.offers[leg]
        if offer.aside is None:
            return
        if digit == aside.CONFIRM_KEY:
            self._accept(contact, leg)
        elif digit == aside.DECLINE_KEY:
            self._offers.missed(contact, leg, LegEnd.REJECTED, hang_up=True, why="she pressed the key that declines")

    def _accept(self, contact: ContactRecord, leg: LegId) -> None:
        world = self._world
        offer = self._offers.accept(contact, leg)
        move(contact, ContactInput.ACCEPTED, world.now)
        contact.agent, contact.agent_leg, contact.why = offer.agent, leg, offer.why
        contact.last_agent = offer.agent
        taker = world.agents.records[offer.agent]
        taker.served = offer.queue
        world.agents.took(taker, contact.id, contact.medium, world.now)
        contact.aside, asked = offer.aside, offer.aside is not None
        if contact.leg is None:
            aside.leave(world, contact)
            self._brief(contact)
        elif asked or not aside.tell(world, contact, offer.agent, leg, world.queue_of(contact)):
            self.meet(contact)

    def told(self, contact: ContactRecord) -> None:
        """The agent has heard who it is: now the caller hears what she is to hear, and then each other."""
        aside.told(self._world, contact)
        self.meet(contact)

    def _brief(self, contact: ContactRecord) -> None:
        """Nobody is on the line yet: it is a callback, or a message."""
        if contact.mail is not None:
            self._mailroom.play(contact)
        else:
            self._dialling.brief(contact)

    def meet(self, contact: ContactRecord) -> None:
        """Agent and customer are both there: what is to be announced first is, then they are connected."""
        world = self._world
        voice.hush(world, contact)
        voice.stop_music(world, contact)
        announcement = world.queue_of(contact).connect_announcement
        if announcement is not None:
            voice.say(world, contact, (announcement,))
        else:
            self.connect(contact)

    def connect(self, contact: ContactRecord) -> None:
        """Put the two together and record them."""
        world = self._world
        queue = world.queue_of(contact)
        if contact.agent is None or contact.agent_leg is None:
            raise Bug(f"{contact.id} is to be connected to nobody")
        contact.playback = None
        if world.now > contact.first_offered > 0.0 and contact.callback is None:
            world.learnt_of(queue.name).answer.learn(world.now - contact.first_offered)
        self._queues.leave(contact, QueueExit.CONNECTED)
        move(contact, ContactInput.CONNECTED, world.now)
        contact.talk_began = world.now
        dispositions.begun(world, contact, queue, contact.agent)
        contact.transferred_by = None
        callback = contact.callback
        if callback is None or callback.step is not CallbackStep.MET:  # else she was in the bridge first
            world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=contact.agent_leg))
        aside.leave(world, contact)
        if callback is not None:
            self._callbacks.settle(contact, CallbackEnd.RANG_BACK if callback.rang_back else CallbackEnd.KEPT)
        world.out.append(
            ContactConnected(
                contact=contact.id,
                agent=contact.agent,
                leg=contact.agent_leg,
                queue=queue.name,
                waited_s=contact.wait_s,
            )
        )
        recording.begin(world, contact, queue)

    def agent_lost_before_talk(self, contact: ContactRecord) -> None:
        """The agent hung up during the announcement: the caller goes back in line, in the same place.

        So does a customer who was to be called back, and has not been reached yet.
        """
        world = self._world
        queue = world.queue_of(contact)
        record = world.agents.records[contact.agent] if contact.agent is not None else None
        self.release_agent(contact)
        if record is not None:
            self._offers.gone_before_talk(record, queue)
        contact.missed += 1
        voice.hush(world, contact)
        if contact.leg is None:
            self._dialling.agent_lost(contact)
            return
        if contact.callback is not None:
            contact.callback.step = CallbackStep.HERE
        move(contact, ContactInput.OFFER_LOST, world.now)
        voice.start_music(world, contact, world.queue_of(contact).music)
        self._queues.wait_again(contact)

    def agent_left(self, contact: ContactRecord) -> None:
        """The agent has hung up after the talk: the caller is asked how it was, if the queue wants that, or let go."""
        world = self._world
        queue = world.rules_for(contact, contact.last_queue) if contact.last_queue is not None else None
        agent = contact.agent
        survey = queue.survey if queue is not None else None
        if queue is None or agent is None or survey is None or not is_surveyed(contact, survey):
            self.end(contact, EndReason.AGENT_HUNG_UP)
            return
        self._end_talk(contact)
        move(contact, ContactInput.SURVEYED, world.now)
        contact.talked_until = EndReason.AGENT_HUNG_UP
        world.out.append(SurveyOffered(contact=contact.id, survey=survey.flow, queue=queue.name, agent=agent))
        self._flows.start(contact, survey.flow)

    def part_over(self, contact: ContactRecord, *, goes_on: bool = False) -> None:
        """The agent's part of a CONNECTED contact is over. `goes_on`: another has it, and it is still recorded."""
        self._end_talk(contact, goes_on=goes_on)

    def has(self, contact: ContactRecord, agent: AgentId, leg: LegId, why: str) -> None:
        """An agent who is on the line has the contact from now on."""
        world = self._world
        contact.agent, contact.agent_leg, contact.why = agent, leg, why
        contact.last_agent = agent
        contact.talk_began = world.now
        world.agents.records[agent].served = contact.last_queue
        if contact.last_queue is not None:
            dispositions.begun(world, contact, world.rules_for(contact, contact.last_queue), agent)
        recording.renew(world, contact)

    def outside_answered(self, contact: ContactRecord) -> None:
        """The outside number has answered a forwarded contact."""
        world = self._world
        if contact.other_leg is None or contact.other_up:
            return
        world.timers.cancel(TimerKind.FORWARD, contact.id)
        contact.transferred_by = None
        self._flows.quit(contact)
        voice.stop_music(world, contact)
        contact.other_up = True
        move(contact, ContactInput.FORWARDED, world.now)
        world.out.append(OutsideCalled(contact=contact.id, answered=True))
        world.out.append(JoinBridge(contact=contact.id, bridge=voice.bridge_of(contact), leg=contact.other_leg))

    def release_agent(self, contact: ContactRecord) -> None:
        """An agent who has answered is free again: there is nobody for her to talk to."""
        self._release_agent(contact, wrap_up_s=0.0)
        contact.last_agent, contact.why = None, ""

    # -- the end -----------------------------------------------------------------------------------------------------

    def end(self, contact: ContactRecord, reason: EndReason, *, leg_gone: bool = False) -> None:
        """End the contact, whatever state it is in. `leg_gone`: the caller's leg is no more. Ended already: nothing."""
        if contact.state is ContactState.ENDED:
            return
        world = self._world
        if contact.talked_until is not None and reason in ENDS_OF_SURVEYS:
            reason = contact.talked_until
        self.leave_state(contact, reason)
        move(contact, ContactInput.ENDED, world.now)
        if contact.callback is not None:
            self._callbacks.attempted(contact, LegEnd.CANCELLED, "the call was ended")
        self.let_go(contact, leg_gone=leg_gone, returned=reason is EndReason.RETURNED)
        if contact.callback is not None:
            hung_up = reason is EndReason.ABANDONED
            self._callbacks.settle(contact, CallbackEnd.HUNG_UP if hung_up else CallbackEnd.ENDED, reason.value)
        del world.contacts[contact.id]
        colleagues.over(world, contact)
        world.out.append(self._summary(contact, reason))

    def let_go(self, contact: ContactRecord, *, leg_gone: bool, returned: bool) -> None:
        """Hang up and forget every leg but the agents', the bridge and what plays there.

        `returned`: the customer's leg went back to the dialplan, which may send it again.
        """
        world = self._world
        voice.hush(world, contact)
        leg = contact.leg
        if leg is not None:
            if not leg_gone and world.legs.get(leg) == contact.id:
                world.out.append(HangUp(contact=contact.id, leg=leg))
            world.legs.pop(leg, None)
            if not returned:
                world.bury(leg)
        dialled = contact.callback.leg if contact.callback is not None else None
        if contact.other_leg is not None or dialled is not None:
            for other in (contact.other_leg, dialled):
                if other is not None:
                    world.out.append(HangUp(contact=contact.id, leg=other))
                    world.legs.pop(other, None)
        if contact.callback is not None:
            contact.callback.leg = None
        world.timers.cancel(TimerKind.FORWARD, contact.id)
        world.timers.cancel(TimerKind.CALLBACK_RING, contact.id)
        world.timers.cancel(TimerKind.RECORD_AGAIN, contact.id)
        contact.unstopped = None
        if contact.bridge is not None:
            world.out.append(CloseBridge(contact=contact.id, bridge=contact.bridge))
            world.bridges.pop(contact.bridge, None)
        contact.leg = contact.other_leg = contact.bridge = None
        contact.answered = contact.other_up = False
        contact.music = ""

    def leave_state(self, contact: ContactRecord, reason: EndReason) -> None:
        """Undo what the state holds: offers, talk, the IVR, a place in a queue."""
        everybody_else_goes(self._world, contact)
        if contact.state in IN_QUEUE:
            self._offers.rescind(contact, GONE.get(reason, reason.replace("_", " ")))
            if contact.state is ContactState.CONNECTING:
                self._release_agent(contact, wrap_up_s=0.0)
            if contact.queue is not None:
                self._queues.leave(contact, EXITS.get(reason, QueueExit.REMOVED))
        elif contact.state is ContactState.CONNECTED:
            self._end_talk(contact)
        elif contact.state is ContactState.PARKED:
            parking.leave(self._world, contact, ParkEnd.HUNG_UP if reason is EndReason.LEFT_PARKED else ParkEnd.ENDED)
            recording.stop(self._world, contact)
        else:
            if contact.message is not None:
                self._stop_message(contact)
            recording.stop(self._world, contact)  # of two agents
            self._flows.quit(contact)

    def _end_talk(self, contact: ContactRecord, *, goes_on: bool = False) -> None:
        world = self._world
        if contact.last_queue is None or contact.agent is None or contact.agent_leg is None:
            raise Bug(f"{contact.id} talks to nobody")
        queue = world.rules_for(contact, contact.last_queue)
        self._flows.aside_over(contact, "the talk is over", talk_over=True)
        talk_s = world.now - contact.talk_began
        control.hold_over(world, contact)
        if not goes_on:
            recording.stop(world, contact)
        world.out.append(
            TalkEnded(
                contact=contact.id,
                agent=contact.agent,
                leg=contact.agent_leg,
                queue=queue.name,
                began=contact.talk_began,
                talk_s=talk_s,
                hold_s=contact.part_hold_s,
            )
        )
        if contact.muted and contact.agent_leg in world.nailed:  # its next contact may have it at once
            world.out.append(MuteLeg(contact=contact.id, leg=contact.agent_leg, muted=False))
        contact.part_hold_s, contact.muted, contact.phone_holds, contact.refused_at = 0.0, False, False, None
        contact.keys = ""
        if contact.mail is None:
            world.learnt_of(queue.name).talk.learn(talk_s)
            world.remember_agent(queue.name, contact.caller, contact.agent)
        self._release_agent(contact, wrap_up_s=dispositions.over(world, contact, queue, contact.agent))

    def _release_agent(self, contact: ContactRecord, *, wrap_up_s: float) -> None:
        world = self._world
        if contact.agent is None or contact.agent_leg is None:
            raise Bug(f"{contact.id} has no agent to release")
        aside.leave(world, contact)
        if contact.agent_leg in world.legs:
            world.let_go(contact, contact.agent_leg)
        record = world.agents.records[contact.agent]
        contact.agent = contact.agent_leg = None
        world.agents.talk_ended(record, contact.id, contact.medium, wrap_up_s, world.now)

    def _stop_message(self, contact: ContactRecord) -> None:
        """The caller hung up while leaving a message: what was said is kept."""
        world = self._world
        if contact.message is not None:
            world.recordings.pop(contact.message, None)
            world.timers.cancel(TimerKind.MESSAGE, contact.id)
            world.out += (
                StopMessage(contact=contact.id, recording=contact.message),
                RecordingStopped(
                    contact=contact.id,
                    recording=contact.message,
                    expected_s=world.now - contact.message_began,
                ),
            )
            message, contact.message = contact.message, None
            if not contact.message_is_note:
                spoke_s = world.now - contact.message_began
                seconds = spoke_s if spoke_s >= SPOKEN_MIN_S else 0.0
                self._mailroom.left(contact, contact.mailbox, message, seconds)

    def _summary(self, contact: ContactRecord, reason: EndReason) -> ContactEnded:
        return ContactEnded(
            contact=contact.id,
            reason=reason,
            medium=contact.medium,
            direction=contact.direction,
            caller=contact.caller,
            caller_name=contact.caller_name,
            dialled=contact.dialled,
            began=contact.began,
            flow_s=contact.flow_s,
            wait_s=contact.wait_s,
            talk_s=contact.talk_s,
            forward_s=contact.forward_s,
            callback_s=contact.callback_s,
            hold_s=contact.hold_s,
            parked_s=contact.parked_s,
            queue=contact.last_queue,
            agent=contact.last_agent,
            why=contact.why,
            offers=contact.offers_made,
            missed=contact.missed,
            language=contact.language,
        )


def is_surveyed(contact: ContactRecord, survey: Survey) -> bool:
    """Whether this contact is one of those who are asked. The same contact is always asked, or never."""
    if survey.when is SurveyWhen.AGREED and contact.variables.get(SURVEY_VARIABLE) != AGREED:
        return False
    return crc32(contact.id.encode()) % SHARES < survey.share * SHARES / SHARE_MAX


def end_reason(contact: ContactRecord) -> EndReason:
    """What it means that the caller's leg is gone, in the state the contact is in."""
    match contact.state:
        case ContactState.IN_FLOW:
            spoke = contact.left_message or (contact.message is not None and not contact.message_is_note)
            return EndReason.VOICEMAIL if spoke else EndReason.LEFT_IN_FLOW
        case ContactState.WAITING | ContactState.OFFERED | ContactState.CONNECTING:
            return EndReason.ABANDONED
        case ContactState.CONNECTED:
            return EndReason.CALLER_HUNG_UP
        case ContactState.PARKED:
            return EndReason.LEFT_PARKED
        case _:
            return EndReason.FORWARDED
