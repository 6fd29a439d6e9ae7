"""What came of a campaign's calls, and that it is written. Knows facts and attempts; talks to nobody.

Theory: whatever ends the contact, the end is seen in one place (`settle`, after every event): the fact that it ended.
What came of the attempt follows from how far it was. It is told to Postgres until Postgres has said that it has it; an
attempt is in `attempts` or in `settling` until then, which is how whoever clears up after a kill knows what it is.

What an agent records of a talk goes with it: it is waited for until her wrap-up is over. What she records later, or
records otherwise, is told once more, and her lead goes where it says if nobody has called her since.
"""

from collections.abc import Callable, Iterable
from typing import Final

from callcenter.core.campaign_score import score
from callcenter.core.campaign_state import Attempt, CampaignRecord, DialStep, Settled, Settling
from callcenter.core.timers import TimerKind
from callcenter.core.trunks import TrunkBook
from callcenter.core.world import NOBODY, World
from callcenter.model.agent import AgentState
from callcenter.model.campaign_messages import AttemptEnded, SettleAttempt
from callcenter.model.contact import EndReason
from callcenter.model.entry import Output
from callcenter.model.facts import AgentChanged, ContactConnected, ContactEnded, DispositionRecorded, TalkEnded
from callcenter.model.ids import ContactId, LegId
from callcenter.model.lead import Outcome

TALKED_MAX: Final = 2_000  # attempts of a campaign of which something may be recorded later
RECORDED_WITHIN_S: Final = 900.0  # what an agent records is waited for so long, and not past her wrap-up


class CampaignEnds:
    """The ends of all campaigns' calls."""

    __slots__ = ("_trunks", "_world")

    def __init__(self, world: World, trunks: Callable[[], TrunkBook]) -> None:
        self._world = world
        self._trunks = trunks

    def settle(self, told: Iterable[Output]) -> None:
        """After every event: what it meant for attempts."""
        for fact in tuple(told):
            match fact:
                case ContactConnected(contact=contact, agent=agent):
                    self._connected(contact, agent)
                case TalkEnded(contact=contact, talk_s=talk_s):
                    self._talked(contact, talk_s)
                case ContactEnded(contact=contact, reason=reason):
                    self._ended(contact, reason)
                case DispositionRecorded(contact=contact, code=code):
                    self._recorded(contact, code)
                case AgentChanged(was_state=AgentState.WRAP_UP, state=state, agent=agent):
                    if state is not AgentState.WRAP_UP:
                        self._wrapped(agent)
                case _:
                    pass

    def _connected(self, contact_id: ContactId, agent: str) -> None:
        found = self._find(contact_id)
        if found is None:
            return
        record, attempt = found
        self._world.timers.cancel(TimerKind.DROP, contact_id)
        if not attempt.talked:
            record.talks += 1
        attempt.talked = True

    def _talked(self, contact_id: ContactId, talk_s: float) -> None:
        found = self._find(contact_id)
        if found is None:
            return
        record, _ = found
        record.pace.talked(talk_s)
        record.talk_s += talk_s

    def _ended(self, contact_id: ContactId, reason: EndReason) -> None:
        found = self._find(contact_id)
        if found is None:
            return
        record, attempt = found
        world = self._world
        del record.attempts[contact_id]
        for kind in (TimerKind.DIAL, TimerKind.DETECT, TimerKind.BEEP, TimerKind.DROP):
            world.timers.cancel(kind, contact_id)
        if attempt.step is DialStep.JUDGING:  # machines do not hang up
            record.pace.answered(attempt.leg, world.now)
        record.pace.unanswered(attempt.leg, world.now)  # unless that is known better already
        self._trunks().ended(attempt.trunk, world.now, failed=attempt.trunk_failed)
        outcome = _came_of(attempt, reason)
        record.outcomes[outcome] = record.outcomes.get(outcome, 0) + 1
        world.out.append(
            AttemptEnded(
                contact=contact_id,
                campaign=record.name,
                lead=attempt.lead,
                attempt=attempt.leg,
                outcome=outcome,
                lasted_s=world.now - attempt.began,
                answered_at=attempt.answered_at,
            )
        )
        talks = world.talked.get(contact_id, []) if attempt.talked else []
        last = world.agents.records.get(talks[-1].agent) if talks else None
        wraps_up = last is not None and last.state is AgentState.WRAP_UP and last.about == contact_id
        waits = wraps_up and not any(talk.recorded for talk in talks)
        settling = record.settling[attempt.leg] = Settling(
            contact=contact_id,
            outcome=outcome,
            at=world.now,
            answered_at=attempt.person_at,
            agent=talks[-1].agent if waits else None,
            disposition=record.recorded.pop(contact_id, ""),
            judged=attempt.judged,
        )
        if talks:
            record.talked[contact_id] = Settled(
                attempt=attempt.leg, outcome=outcome, at=world.now, answered_at=attempt.person_at
            )
            if len(record.talked) > TALKED_MAX:
                del record.talked[next(iter(record.talked))]
        if waits:
            world.timers.set(TimerKind.SETTLE, attempt.leg, world.now + RECORDED_WITHIN_S)
        else:
            self._tell(record, attempt.leg, settling)

    def _recorded(self, contact_id: ContactId, code: str) -> None:
        """An agent has recorded what came of a talk, after it or while it lasts."""
        found = self._find(contact_id)
        if found is not None:
            found[0].recorded[contact_id] = code
            return
        for record in self._world.campaigns.values():
            for leg, settling in record.settling.items():
                if settling.contact == contact_id:
                    settling.disposition = code
                    self._tell(record, leg, settling)
                    return
            known = record.talked.get(contact_id)
            if known is not None:
                again = record.settling[known.attempt] = Settling(
                    contact=contact_id,
                    outcome=known.outcome,
                    at=known.at,
                    answered_at=known.answered_at,
                    disposition=code,
                )
                self.tell(record, known.attempt, again)
                return

    def _wrapped(self, agent: str) -> None:
        """Her wrap-up is over, and she has recorded nothing."""
        for record in self._world.campaigns.values():
            for leg, settling in record.settling.items():
                if settling.agent == agent:
                    self._tell(record, leg, settling)

    def not_recorded(self, leg: LegId) -> None:
        """What an agent would record is not waited for any more."""
        for record in self._world.campaigns.values():
            settling = record.settling.get(leg)
            if settling is not None and settling.agent is not None:
                self._tell(record, leg, settling)

    def _tell(self, record: CampaignRecord, leg: LegId, settling: Settling) -> None:
        settling.agent = None
        self._world.timers.cancel(TimerKind.SETTLE, leg)
        if settling.judged is not None:
            settling.misjudged = score(self._world, record, leg, settling, settling.judged)
            settling.judged = None
        self.tell(record, leg, settling)

    def tell(self, record: CampaignRecord, leg: LegId, settling: Settling) -> None:
        """Have it written. Once more changes nothing, unless an agent has recorded something else."""
        self._world.out.append(
            SettleAttempt(
                contact=NOBODY,
                campaign=record.name,
                attempt=leg,
                outcome=settling.outcome,
                at=settling.at,
                answered_at=settling.answered_at,
                disposition=settling.disposition,
                misjudged=settling.misjudged,
            )
        )

    def _find(self, contact_id: ContactId) -> tuple[CampaignRecord, Attempt] | None:
        for record in self._world.campaigns.values():
            attempt = record.attempts.get(contact_id)
            if attempt is not None:
                return record, attempt
        return None


def _came_of(attempt: Attempt, reason: EndReason) -> Outcome:
    """What came of an attempt whose contact has ended."""
    if attempt.outcome is not None:
        return attempt.outcome
    match attempt.step:
        case DialStep.RINGING:
            return Outcome.FAILED  # ended by us, or by a fault, while it rang
        case DialStep.JUDGING:
            return Outcome.HUNG_UP
        case DialStep.MACHINE:
            return Outcome.MACHINE
        case DialStep.DROPPED:
            return Outcome.DROPPED
        case DialStep.OPTED_OUT:
            return Outcome.ANSWERED
        case DialStep.PERSON | DialStep.IN_FLOW:
            heard = attempt.talked or reason in (EndReason.FLOW_ENDED, EndReason.VOICEMAIL, EndReason.FORWARDED)
            return Outcome.ANSWERED if heard else Outcome.HUNG_UP
