"""Facts in plain words, one line each. Knows facts and who is who; knows no terminal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import Direction, EndReason, OfferEnd, QueueExit
from callcenter.model.facts import (
    AgentChanged,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    ContactQueued,
    Fact,
    NodeEntered,
    OfferEnded,
    QueueLeft,
    Surprise,
)
from callcenter.model.ids import AgentId, ContactId
from callcenter.model.recording_facts import RecordingVerified

MISSED: Final[Mapping[OfferEnd, str]] = {
    OfferEnd.NO_ANSWER: "does not answer",
    OfferEnd.BUSY: "is busy",
    OfferEnd.REJECTED: "rejects the call",
    OfferEnd.UNREACHABLE: "cannot be reached",
    OfferEnd.NOT_CONFIRMED: "does not press the key",
    OfferEnd.FAILED: "could not be rung",
}
ENDS: Final[Mapping[EndReason, str]] = {
    EndReason.CALLER_HUNG_UP: "the caller hung up",
    EndReason.AGENT_HUNG_UP: "the agent hung up",
    EndReason.ABANDONED: "gave up waiting",
    EndReason.LEFT_IN_FLOW: "left during the announcements",
    EndReason.FLOW_ENDED: "the call center hung up",
    EndReason.CLOSED: "was told that we are closed",
    EndReason.VOICEMAIL: "left a message",
}


@dataclass(slots=True)
class Words:
    """Says facts; remembers who called, because facts name contacts by their ids."""

    agents: Mapping[AgentId, str]  # id -> name
    callers: dict[ContactId, str] = field(default_factory=dict)

    def line(self, fact: Fact) -> str:
        """The fact in words; "" for what a spectator need not know."""
        match fact:
            case ContactOpened(contact=contact, caller=caller, caller_name=name, dialled=dialled):
                internal = fact.direction is Direction.INTERNAL
                self.callers[contact] = name or caller
                return f"{name or caller} dials {dialled}" if internal else f"{name} ({caller}) calls {dialled}"
            case NodeEntered(contact=contact, exit=exit_):
                return f"{self._caller(contact)} presses {exit_.rpartition('.')[2]}" if "choices." in exit_ else ""
            case ContactQueued(contact=contact, queue=queue, needs=needs):
                return f"{self._caller(contact)} is in line for {queue}; needs {needs or 'anybody'}"
            case ContactOffered() | OfferEnded() | ContactConnected():
                return self._offer(fact)
            case QueueLeft(contact=contact, exit=QueueExit.ABANDONED, waited_s=waited):
                return f"{self._caller(contact)} gives up after {waited:.1f} s in line"
            case ContactEnded():
                return self._end(fact)
            case AgentChanged():
                return self._agent_changed(fact)
            case RecordingVerified(contact=contact, seconds=seconds, channels=channels, problem=problem):
                found = problem or f"{seconds:.1f} s, {channels} channels, as long as the talk"
                return f"recording of {self._caller(contact)} checked: {found}"
            case Surprise(what=what):
                return f"SURPRISE: {what}"
            case _:
                return ""

    def _offer(self, fact: ContactOffered | OfferEnded | ContactConnected) -> str:
        caller, agent = self._caller(fact.contact), self._agent(fact.agent)
        match fact:
            case ContactOffered(why=why):
                return f"{agent}'s phone rings for {caller} ({why})"
            case OfferEnded(end=end, rang_s=rang):
                missed = MISSED.get(end)
                return f"{agent} {missed} ({rang:.1f} s): {caller} keeps her place in line" if missed else ""
            case ContactConnected(waited_s=waited):
                return f"{agent} talks with {caller}, who waited {waited:.1f} s"

    def _end(self, fact: ContactEnded) -> str:
        if fact.direction is Direction.INTERNAL:
            return ""
        talk = f" after {fact.talk_s:.1f} s of talk" if fact.talk_s else ""
        return f"call of {self._caller(fact.contact)} over: {ENDS.get(fact.reason, fact.reason)}{talk}"

    def _agent_changed(self, fact: AgentChanged) -> str:
        agent = self._agent(fact.agent)
        if fact.status is not fact.was_status:
            match fact.status:
                case AgentStatus.LOGGED_OUT:
                    return f"{agent} logs out"
                case AgentStatus.PAUSED:
                    return f"{agent} is paused ({fact.reason})"
                case AgentStatus.AVAILABLE:
                    was_out = fact.was_status is AgentStatus.LOGGED_OUT
                    return f"{agent} logs in" if was_out else f"{agent} is back"
        return f"{agent} is ready" if fact.state is AgentState.READY and fact.was_state is AgentState.WRAP_UP else ""

    def _caller(self, contact: ContactId) -> str:
        return self.callers.get(contact, contact)

    def _agent(self, agent: AgentId) -> str:
        return self.agents.get(agent, agent)
