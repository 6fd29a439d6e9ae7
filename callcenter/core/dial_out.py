"""Outside numbers that agents dial on their own phones, with no call in hand. Knows her leg; a promise does the rest.

Theory: it is what `calls dial` makes, a promise that is kept at once or never, of the queue that numbers.yaml names
(`dial_out`): its rules say whom she may call, and hold for the talk. Only nothing rings at hers: the leg that she
called with is the agent's leg, and is answered.
"""

from callcenter.core.callbacks import Callbacks
from callcenter.core.consult import BY_PHONE
from callcenter.core.matching import Matching
from callcenter.core.offers import Offers
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import NOBODY, World
from callcenter.model.callback import CallbackEnd
from callcenter.model.commands import AnswerLeg, HangUp
from callcenter.model.contact import ContactState, LegEnd
from callcenter.model.events import ContactArrived, DialRequested
from callcenter.model.ids import QueueName, RequestId
from callcenter.model.parking import PhoneTurnedAway

WHY = "called from her own phone"


class DialOut:
    """Calls that agents begin on their phones."""

    __slots__ = ("_callbacks", "_matching", "_offers", "_world")

    def __init__(self, world: World, callbacks: Callbacks, offers: Offers, matching: Matching) -> None:
        self._world = world
        self._matching = matching
        self._callbacks = callbacks
        self._offers = offers

    def dialled(self, event: ContactArrived) -> bool:
        """Whether this is an agent's call to somebody outside: then that number is called, or she is told no."""
        world = self._world
        configuration = world.configuration
        record = world.agents.by_number(event.agent_number) if event.agent_number else None
        if record is None or configuration.dial_out is None or event.flow is not None:
            return False
        if event.dialled in configuration.numbers or world.agents.by_number(event.dialled) is not None:
            return False
        contact, problem = self._promised(record, event.dialled, configuration.dial_out)
        if contact is None:
            world.bury(event.leg)
            world.out += (
                PhoneTurnedAway(agent=record.agent.id, number=event.dialled, why=problem),
                HangUp(contact=NOBODY, leg=event.leg, end=LegEnd.REJECTED),
            )
            return True
        queue = world.queue_of(contact)
        world.out.append(AnswerLeg(contact=contact.id, leg=event.leg))
        if self._matching.on_decision is not None:
            self._matching.on_decision(contact)
        self._offers.make(contact, queue, record.agent.id, f"{record.agent.id} {WHY}", (), 1, WHY, own=event.leg)
        return True

    def _promised(self, record: AgentRecord, number: str, queue: QueueName) -> tuple[ContactRecord | None, str]:
        """The promise, if she may be the one who keeps it at this moment; else why not, and there is none."""
        if record.agent.phone.nailed:
            return None, "the phone is connected for good: ask for the call (`calls dial`)"
        asked = DialRequested(request=RequestId(""), agent=record.agent.id, number=number, queue=queue, by=BY_PHONE)
        contact, problem = self._callbacks.dial_now(asked)
        if contact is None:
            return None, problem
        if contact.state is not ContactState.PROMISED:
            return None, "it may not be called at this moment"
        if all(candidate.agent != record.agent.id for _, candidate in self._matching.candidates(contact)):
            kept = self._matching.is_kept_from(contact, record.agent.id)
            problem = f"{record.agent.id} is {'kept for callers' if kept else 'not somebody whom this queue may have'}"
            self._callbacks.give_up(contact, CallbackEnd.CANCELLED, problem)
            return None, problem
        return contact, ""
