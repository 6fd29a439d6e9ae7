"""What people ask of the running center: each request is an event with a number, and gets one `Reply`.

Knows whom to ask and what to say when there is nobody or nothing of that name; the rules are in the parts it asks.
"""

from typing import Protocol, assert_never

from callcenter.core import outside_phones, recording
from callcenter.core.dispositions import Dispositions, held
from callcenter.core.parts import Parts
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.steering import Steering
from callcenter.core.timers import TimerKind
from callcenter.model.agent import Agent, AgentStatus
from callcenter.model.campaign_messages import (
    CampaignRequest,
    CampaignStartRequested,
    CampaignStopRequested,
    LeadDecided,
    LeadRequested,
)
from callcenter.model.commands import Reply
from callcenter.model.contact import EndReason
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    AgentStatusRequested,
    CallbackCancelRequested,
    CallbackNowRequested,
    CallbackRequested,
    ConfigurationApplied,
    ConsultActRequested,
    ConsultRequested,
    CustomersMarked,
    DialRequested,
    DispositionRequested,
    DrainRequested,
    HangUpRequested,
    HoldRequested,
    KeysRequested,
    MessageDoneRequested,
    MuteRequested,
    RecordingPauseRequested,
    TransferRequested,
    WrapUpRequested,
)
from callcenter.model.facts import CustomerMarksTaken, QueueDraining
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    MonitorEndRequested,
    MonitorModeRequested,
    MonitorRequest,
    MonitorRequested,
    MoveRequested,
    PickRequested,
    PriorityRequested,
    TakeOverRequested,
)
from callcenter.model.parking import ParkRequest, ParkRequested, PickUpRequested
from callcenter.model.payment_messages import PaymentCancelRequested, PaymentRequest, PaymentRequested

CallRequest = HoldRequested | MuteRequested | KeysRequested | TransferRequested | ConsultRequested | ConsultActRequested
"""What agents ask about the calls that they have."""
Request = (
    AgentSaved
    | AgentRemoved
    | AgentStatusRequested
    | WrapUpRequested
    | HangUpRequested
    | DrainRequested
    | ConfigurationApplied
    | CallbackRequested
    | DialRequested
    | CallbackCancelRequested
    | CallbackNowRequested
    | MessageDoneRequested
    | MonitorRequest
    | DispositionRequested
    | CustomersMarked
    | RecordingPauseRequested
    | CallRequest
    | CampaignRequest
    | PaymentRequest
    | ParkRequest
)


class Elsewhere(Protocol):
    """What a request may lead to beyond the parts it is put to."""

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...


class Requests:
    """The counter where requests are taken."""

    __slots__ = ("_dispositions", "_elsewhere", "_parts", "_steering", "_world")

    def __init__(self, parts: Parts, elsewhere: Elsewhere) -> None:
        self._world = parts.world
        self._parts = parts
        self._dispositions = Dispositions(parts.world, parts.callbacks)
        self._steering = Steering(parts.world, parts.queues, parts.offers)
        self._elsewhere = elsewhere

    def take(self, event: Request) -> None:  # noqa: C901 (one arm per request)
        """Do what is asked, and reply."""
        world, now = self._world, self._world.now
        match event:
            case AgentSaved(request=request, agent=agent):
                self._save(request, agent)
            case AgentRemoved(request=request, agent=agent_id):
                self._reply(request, world.agents.remove(agent_id, now))
            case AgentStatusRequested(request=request, agent=agent_id, status=status, reason=reason):
                record = world.agents.records.get(agent_id)
                self._reply(request, self.set_status(record, status, reason) if record else self._nobody(agent_id))
            case WrapUpRequested(request=request, agent=agent_id, extend_s=extend_s):
                record = world.agents.records.get(agent_id)
                self._reply(request, self._wrap_up(record, extend_s) if record else self._nobody(agent_id))
            case HangUpRequested(request=request, contact=contact_id):
                self._reply(request, self._hang_up(contact_id))
            case DrainRequested(request=request, queue=queue, draining=draining, by=by):
                self._reply(request, self._drain(queue, draining, by))
            case ConfigurationApplied(request=request, version=version, by=by):
                self._reply(request, self._parts.applying.apply(version, by))
            case CallbackRequested(request=request):
                self._reply(request, self._parts.callbacks.schedule(event))
            case DialRequested(request=request):
                self._reply(request, self._parts.callbacks.dial(event))
            case CallbackCancelRequested(request=request, contact=contact_id, by=by):
                self._reply(request, self._parts.callbacks.cancel(contact_id, by))
            case CallbackNowRequested(request=request, contact=contact_id):
                self._reply(request, self._parts.callbacks.now(contact_id))
            case MessageDoneRequested(request=request, contact=contact_id, by=by):
                self._reply(request, self._parts.mailroom.done(contact_id, by))
            case DispositionRequested(request=request):
                self._reply(request, self._dispositions.record(event))
            case CustomersMarked(request=request):
                self._reply(request, self._marked(event))
            case RecordingPauseRequested(request=request, contact=contact_id, paused=paused, by=by):
                self._reply(request, self._pause_recording(contact_id, paused, by))
            case PaymentRequested(request=request):
                self._reply(request, self._parts.flows.pay_aside(event))
            case PaymentCancelRequested(request=request):
                self._reply(request, self._parts.flows.cancel_payment(event))
            case (
                HoldRequested()
                | MuteRequested()
                | KeysRequested()
                | TransferRequested()
                | ConsultRequested()
                | ConsultActRequested()
            ):
                self._reply(event.request, self._about_a_call(event))
            case ParkRequested() | PickUpRequested():
                self._reply(event.request, self._parts.parking.take(event))
            case CampaignStartRequested() | CampaignStopRequested() | LeadRequested() | LeadDecided():
                self._reply(event.request, self._parts.campaigns.ask(event))
            case _:
                self._reply(event.request, self._supervise(event))

    def _supervise(self, event: MonitorRequest) -> str:
        match event:
            case MonitorRequested():
                return self._parts.monitoring.begin(event)
            case MonitorModeRequested():
                return self._parts.monitoring.set_mode(event)
            case TakeOverRequested():
                return self._parts.monitoring.take_over(event)
            case MonitorEndRequested():
                return self._parts.monitoring.end_requested(event)
            case MoveRequested():
                return self._steering.move(event)
            case PriorityRequested():
                return self._steering.prioritise(event)
            case PickRequested():
                return self._steering.pick(event)
            case BroadcastRequested():
                return self._steering.broadcast(event)
            case _:
                assert_never(event)

    def _about_a_call(self, event: CallRequest) -> str:
        match event:
            case HoldRequested() | MuteRequested() | KeysRequested():
                return self._parts.control.take(event)
            case TransferRequested(contact=contact_id):
                contact = self._world.contacts.get(contact_id)
                if contact is not None and contact.colleague is not None:
                    return self._parts.colleagues.take(contact, event)
                return self._parts.transfers.take(event)
            case ConsultRequested():
                return self._parts.consults.begin(event)
            case ConsultActRequested():
                return self._parts.consults.act(event)
            case _:
                assert_never(event)

    def _save(self, request: RequestId, agent: Agent) -> None:
        world = self._world
        known = world.agents.records.get(agent.id)
        was = known.agent.phone.outside if known is not None else ""
        problem = world.agents.save(outside_phones.normal(agent), world.now)
        self._reply(request, problem)
        if not problem:
            outside_phones.saved(world, agent.id, was)

    def set_status(self, record: AgentRecord, status: AgentStatus, reason: str) -> str:
        """Log an agent in or out, pause her, make her ready; gives what is wrong, or ""."""
        if status is AgentStatus.AVAILABLE and (problem := held(self._world, record)):
            return problem
        if status is not AgentStatus.AVAILABLE and record.status is not AgentStatus.LOGGED_OUT:
            self._parts.consults.withdraw(record)
            self._parts.parking.withdraw(record)
            self._parts.offers.withdraw(record, "she paused" if status is AgentStatus.PAUSED else "she logged out")
        return self._world.agents.set_status(record, status, reason, self._world.now)

    def _wrap_up(self, record: AgentRecord, extend_s: float) -> str:
        agents, world = self._world.agents, self._world
        if problem := held(world, record):
            ends = world.timers.due(TimerKind.WRAP_UP, record.agent.id)
            if ends is None or world.now + extend_s < ends:
                return problem
        if extend_s:
            return agents.extend_wrap_up(record, extend_s, world.now)
        return agents.end_wrap_up(record, self._world.now)

    def _hang_up(self, contact_id: ContactId) -> str:
        contact = self._world.contacts.get(contact_id)
        if contact is None:
            return f"there is no live call {contact_id}"
        if contact.mail is not None and contact.agent is None:
            return f"{contact_id} is a message that waits to be heard: mark it done instead"
        self._elsewhere.end(contact, EndReason.HUNG_UP_BY_REQUEST)
        return ""

    def _pause_recording(self, contact_id: ContactId, paused: bool, by: str) -> str:
        contact = self._world.contacts.get(contact_id)
        if contact is None:
            return f"there is no live call {contact_id}"
        return (recording.pause if paused else recording.resume)(self._world, contact, by)

    def _drain(self, queue: QueueName, draining: bool, by: str) -> str:
        if queue not in self._world.configuration.queues:
            return f"there is no queue {queue}"
        self._parts.queues.drain(queue, draining)
        self._world.out.append(QueueDraining(queue=queue, draining=draining, by=by))
        return ""

    def _marked(self, event: CustomersMarked) -> str:
        """Customers' marks count from now on: for who waits, and for who is promised a callback."""
        world = self._world
        changed, problem = world.marks.take(event.marks)
        if problem:
            return problem
        self._parts.queues.marks_changed(changed)
        world.out.append(
            CustomerMarksTaken(
                changed=len(changed), important=len(world.marks.vips), not_to_be_called=len(world.marks.no_calls)
            )
        )
        return ""

    def record_by_key(self, record: AgentRecord, key: str) -> str:
        """An agent records an outcome by a key of her phone; gives what is wrong, or ""."""
        return self._dispositions.by_key(record, key)

    def _nobody(self, agent: AgentId) -> str:
        return f"there is no agent {agent}"

    def _reply(self, request: RequestId, problem: str) -> None:
        self._world.out.append(Reply(request=request, problem=problem))
