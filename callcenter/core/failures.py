"""Commands that were not carried out: what follows from that for the contact. Knows each kind; carries out none.

Theory: an adapter says how it failed (`TransportFault`). REFUSED was not done; UNAVAILABLE was not even sent; GONE has
nothing left to do it to; UNKNOWN may still happen, so it is waited for by the deadline that the command has anyway.
"""

from typing import Final, Protocol

from callcenter.core import aside, errands, recording
from callcenter.core.legs import Legs
from callcenter.core.parts import Parts
from callcenter.core.state import ContactRecord
from callcenter.model.commands import HangUp
from callcenter.model.contact import EndReason, LegEnd, TransportFault
from callcenter.model.detection import Answerer
from callcenter.model.events import CommandFailed
from callcenter.model.ids import BridgeId, LegId, PlaybackId

COMMAND_RETRY_S: Final = 2.0  # an agent whose phone could not be dialled, by no fault of hers, is left alone so long


class Elsewhere(Protocol):
    """What a failure may lead to."""

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...


class Failures:
    """Where failed commands come back to."""

    __slots__ = ("_elsewhere", "_legs", "_parts", "_world")

    def __init__(self, parts: Parts, legs: Legs, elsewhere: Elsewhere) -> None:
        self._world = parts.world
        self._parts = parts
        self._legs = legs
        self._elsewhere = elsewhere

    def take(self, event: CommandFailed) -> None:  # noqa: C901 (one arm per kind of command)
        """A phone that could not be rung is an offer lost, a prompt that could not be played is a prompt over."""
        if self._parts.nails.failed(event):
            return
        contact = self._world.contacts.get(event.contact)
        if contact is None:
            self._parts.monitoring.failed(event)
            return
        unknown = event.fault is TransportFault.UNKNOWN
        match event.command:
            case "RingAgent" | "DialNumber" if contact.consult is not None and event.subject == contact.consult.leg:
                if not unknown:
                    self._parts.consults.not_dialled(contact)
            case "RingAgent" if contact.parked is not None:
                pickup = contact.parked.pickup
                if not unknown and pickup is not None and event.subject == pickup.leg:
                    self._parts.parking.not_answered(contact, LegEnd.FAILED, leg_gone=False)
            case "RingAgent":
                leg = LegId(event.subject)
                if unknown or leg not in contact.offers:
                    return
                if event.fault is TransportFault.REFUSED:
                    self._parts.offers.missed(contact, leg, LegEnd.UNREACHABLE, hang_up=True, why=event.detail)
                else:
                    self._parts.offers.vanished(contact, leg, event.detail or event.fault.value, COMMAND_RETRY_S)
            case "DialNumber" if contact.campaign is not None and event.subject == contact.leg:
                if not unknown and not contact.answered:
                    self._parts.campaign_calls.not_dialled(contact, trunk_failed=event.fault is TransportFault.REFUSED)
            case "JudgeCallback" | "SettleCallback":
                pass  # an answer that does not come is not waited for, and what is not settled is cleared up
            case "DetectMachine":
                self._parts.campaign_calls.judged(contact, Answerer.UNSURE, event.detail or event.fault.value)
            case "AwaitBeep":
                self._parts.campaign_calls.beeped(contact)
            case "DialNumber":
                if contact.callback is not None and event.subject == contact.callback.leg:
                    if not unknown:
                        self._parts.dialling.failed(
                            contact, LegEnd.FAILED, event.detail or event.fault.value, hang_up=True
                        )
                elif not unknown and event.subject == contact.other_leg:
                    self._parts.flows.forward_failed(contact, event.detail or event.fault.value)
            case "RingPhone" if event.subject == contact.other_leg:
                if not unknown:
                    self._parts.flows.forward_failed(contact, event.detail or event.fault.value)
            case "PlayTone" if contact.colleague is not None:
                self._legs.playback_over(PlaybackId(event.subject))
            case "PlayPrompts":
                self._legs.playback_over(PlaybackId(event.subject))
            case "RecordMessage":
                if event.subject == contact.message and not unknown:
                    self._parts.flows.message_recorded(contact, 0.0)
            case "LookUp":
                if contact.lookup is not None and event.subject == contact.lookup.lookup:
                    self._parts.flows.lookup_failed(contact, event.detail or event.fault.value)
            case "CheckCard" if contact.card == event.subject:
                self._parts.flows.check_failed(contact)
            case "PostCard" if contact.card == event.subject:
                self._parts.flows.payment_unknown(contact, event.detail or event.fault.value, asked=unknown)
            case "LeaveBridge" if contact.paying is not None and event.subject == contact.agent_leg:
                if event.fault is not TransportFault.GONE:  # else she is in no bridge, or hears of the end by itself
                    self._told_of(event, contact)
                    self._parts.flows.aside_over(contact, "the agent could not be kept from hearing it")
            case "RunScript" if event.fault in (TransportFault.REFUSED, TransportFault.UNAVAILABLE):
                self._parts.flows.script_not_run(contact)
            case "RunScript" if unknown:
                self._told_of(event, contact)
                errands.run_again(self._world, contact)
            case "OpenBridge" | "JoinBridge" if self._is_apart(contact, event):
                pass
            case "AnswerLeg" | "OpenBridge" | "JoinBridge" | "RunScript" | "FetchBack":
                if event.fault is TransportFault.GONE and event.subject in self._world.legs:
                    # leg or bridge: Asterisk does not say which is gone, and a leg that lives must not be left behind
                    leg = LegId(event.subject)
                    self._world.out.append(HangUp(contact=contact.id, leg=leg))
                    self._legs.leg_ended(leg, LegEnd.NORMAL)
                elif event.fault is TransportFault.REFUSED and self._is_its(contact, event.subject):
                    self._world.surprise(f"{event.command} was refused: {event.detail}", contact)
                    self._elsewhere.end(contact, EndReason.FAULT)
                elif event.fault is not TransportFault.GONE:  # a resync will ask again, or has to be looked into
                    self._world.surprise(f"{event.command} failed ({event.fault}): {event.detail}", contact)
            case "StartRecording" | "RenewRecording":
                self._told_of(event, contact)
                recording.start_failed(self._world, contact, event.subject, event.fault)
            case "StopRecording":
                self._told_of(event, contact)
                recording.stop_failed(self._world, contact, event.subject, event.fault)
            case "MuteRecording":
                recording.mute_failed(self._world, contact, event.fault)
            case "TellReferrer":
                pass  # a phone that has hung up, or asked twice, has nothing to be told
            case "StopMusic" if event.fault is TransportFault.REFUSED:
                pass  # none played
            case _:
                self._told_of(event, contact)

    def _is_its(self, contact: ContactRecord, subject: str) -> bool:
        """Whether a leg or a bridge is one of the contact's still: what it has let go may fail as it likes."""
        world = self._world
        return contact.id in (world.legs.get(LegId(subject)), world.bridges.get(BridgeId(subject)))

    def _is_apart(self, contact: ContactRecord, event: CommandFailed) -> bool:
        """Whether an agent could not be told something alone: then nobody is asked, and nothing is told."""
        if event.fault is not TransportFault.REFUSED:
            return False
        for apart, leg in aside.asides_of(contact):
            if event.subject in (apart.bridge, leg):
                self._world.surprise(f"{event.command} was refused: {event.detail}", contact)
                if apart is contact.aside:
                    aside.hush(self._world, contact, apart)
                    self._legs.agent_told(contact)
                else:
                    self._parts.offers.vanished(contact, leg, event.detail, COMMAND_RETRY_S)
                return True
        return False

    def _told_of(self, event: CommandFailed, contact: ContactRecord) -> None:
        if event.fault is not TransportFault.GONE:
            self._world.surprise(f"{event.command} failed ({event.fault}): {event.detail}", contact)
