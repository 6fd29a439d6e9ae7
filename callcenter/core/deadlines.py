"""Deadlines that have passed: which part each of them is for."""

from typing import assert_never

from callcenter.core import aside, recording
from callcenter.core.legs import Legs
from callcenter.core.parts import Parts
from callcenter.core.timers import Timer, TimerKind
from callcenter.model.contact import LegEnd
from callcenter.model.detection import Answerer
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName
from callcenter.model.lead import CampaignName


class Deadlines:
    """Told of by nobody: looked at before every event."""

    __slots__ = ("_legs", "_parts", "_world")

    def __init__(self, parts: Parts, legs: Legs) -> None:
        self._world = parts.world
        self._parts = parts
        self._legs = legs

    def fire(self) -> None:
        """All that are due now, the earliest first."""
        while (timer := self._world.timers.pop_due(self._world.now)) is not None:
            self._due(timer)

    def _due(self, timer: Timer) -> None:  # noqa: C901 (one arm per kind of deadline)
        world = self._world
        subject = timer.subject
        match timer.kind:
            case TimerKind.OFFER:
                self._parts.offers.ring_timed_out(LegId(subject))
                return
            case TimerKind.WRAP_UP:
                world.agents.wrap_up_due(AgentId(subject), world.now)
                return
            case TimerKind.REST:
                world.agents.rest_due(AgentId(subject), world.now)
                return
            case TimerKind.CLOSING:
                self._parts.queues.opened_or_closed(QueueName(subject))
                return
            case TimerKind.NAIL:
                self._parts.nails.time_came(AgentId(subject))
                return
            case TimerKind.TONE:
                self._parts.nails.tone_heard(AgentId(subject))
                return
            case TimerKind.PHONE_USE:
                self._parts.phones_in_use.time_came(AgentId(subject))
                return
            case TimerKind.TELLING:
                self._parts.monitoring.telling_due(subject)
                return
            case TimerKind.PACE:
                self._parts.campaigns.due(CampaignName(subject))
                return
            case TimerKind.SETTLE:
                self._parts.campaign_calls.ends.not_recorded(LegId(subject))
                return
            case _:
                pass
        contact = world.contacts[ContactId(subject)]
        match timer.kind:
            case TimerKind.FLOW_WAIT:
                self._parts.flows.waited(contact)
            case TimerKind.TOLD:
                if contact.aside is not None:
                    aside.hush(world, contact, contact.aside)
                self._legs.agent_told(contact)
            case TimerKind.CUT_OFF:
                if contact.playback is not None:
                    self._legs.playback_over(contact.playback)
            case TimerKind.MESSAGE:
                self._parts.flows.message_overdue(contact)
            case TimerKind.LOOKUP:
                self._parts.flows.lookup_failed(contact, "no answer in time")
            case TimerKind.PAYMENT:
                self._parts.flows.payment_unknown(contact, "no answer in time")
            case TimerKind.SCRIPT:
                self._parts.flows.script_overdue(contact)
            case TimerKind.CONSULT:
                self._parts.consults.ring_timed_out(contact)
            case TimerKind.PARK:
                self._parts.parking.time_came(contact)
            case TimerKind.PICK_UP:
                self._parts.parking.not_answered(contact, LegEnd.NO_ANSWER, leg_gone=False)
            case TimerKind.FORWARD:
                self._parts.flows.forward_failed(contact, "no answer")
            case TimerKind.RECORD_AGAIN:
                recording.again(world, contact)
            case TimerKind.RECORDING:
                recording.paused_for_long(world, contact)
            case TimerKind.ANNOUNCE:
                self._parts.queues.announcing.due(contact)
            case TimerKind.RELAX:
                self._parts.queues.relax(contact)
            case TimerKind.STICKY:
                self._parts.queues.let_go(contact, "she could not take it in time")
            case TimerKind.RESERVE:
                self._parts.queues.open_reserve(contact)
            case TimerKind.MAX_WAIT:
                self._parts.queues.waited_too_long(contact)
            case TimerKind.CALLBACK:
                self._parts.callbacks.time_came(contact)
            case TimerKind.CALLBACK_RING:
                self._parts.dialling.ring_timed_out(contact)
            case TimerKind.DIAL:
                self._parts.campaign_calls.rang_too_long(contact)
            case TimerKind.DETECT:
                self._parts.campaign_calls.judged(contact, Answerer.UNSURE, "it said nothing in time")
            case TimerKind.BEEP:
                self._parts.campaign_calls.beeped(contact)
            case TimerKind.DROP:
                self._parts.campaign_calls.waited_too_long(contact)
            case TimerKind.MAIL:
                self._parts.mailroom.time_came(contact)
            case _:
                assert_never(timer.kind)
