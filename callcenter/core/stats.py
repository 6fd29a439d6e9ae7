"""Pictures of the running center for screens. Knows how to count; changes nothing."""

from typing import Final

from callcenter.core.campaign_view import campaign_views
from callcenter.core.learnt import Accuracy
from callcenter.core.may_call import rules_of
from callcenter.core.monitors import MonitorRecord
from callcenter.core.queues import IN_QUEUE, Queues
from callcenter.core.rules_told import rules_told
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.world import World
from callcenter.model.callback import Callback
from callcenter.model.contact import ContactState
from callcenter.model.forecast import Range
from callcenter.model.mail import Mail
from callcenter.model.queue import Queue
from callcenter.model.view import AgentView, CallbackView, CenterView, ContactView, MessageView, MonitorView, QueueView

RINGING: Final = (ContactState.OFFERED, ContactState.CONNECTING)


def picture(world: World, queues: Queues, now: float) -> CenterView:
    """The whole center as it is at `now`."""
    waits = queues.forecast.looks(now)
    return CenterView(
        at=now,
        contacts=tuple(_contact(queues, c, now) for c in sorted(world.contacts.values(), key=lambda c: c.serial)),
        agents=tuple(_agent(world.agents.records[agent], now) for agent in sorted(world.agents.records)),
        queues=tuple(
            _queue(world, queues, queue, waits.get(queue.name), now)
            for _, queue in sorted(world.configuration.queues.items())
        ),
        callbacks=tuple(
            _callback(world, queues, contact, contact.callback)
            for contact in sorted(world.contacts.values(), key=lambda c: c.serial)
            if contact.callback is not None
        ),
        messages=tuple(
            _message(queues, contact, contact.mail)
            for contact in sorted(world.contacts.values(), key=lambda c: c.serial)
            if contact.mail is not None
        ),
        monitors=tuple(_monitor(monitor, now) for monitor in world.monitors.values()),
        campaigns=campaign_views(world, now),
    )


def _monitor(monitor: MonitorRecord, now: float) -> MonitorView:
    return MonitorView(
        id=monitor.id,
        supervisor=monitor.supervisor,
        agent=monitor.agent,
        only=monitor.only,
        mode=monitor.mode,
        state=monitor.state,
        state_s=now - monitor.since,
        contact=monitor.contact,
    )


def _callback(world: World, queues: Queues, contact: ContactRecord, callback: Callback) -> CallbackView:
    rules = rules_of(world.rules_for(contact, callback.queue))
    return CallbackView(
        id=contact.id,
        number=callback.number,
        name=contact.caller_name,
        queue=callback.queue,
        state=contact.state,
        step=callback.step,
        first=rules.first,
        promised=callback.promised,
        not_before=callback.not_before,
        until=callback.until,
        next_at=callback.next_at,
        attempts=callback.attempts,
        attempts_max=rules.attempts,
        position=queues.announcing.position(contact) if contact.state in IN_QUEUE else 0,
        by=callback.by,
        note=callback.note,
        only=callback.only,
    )


def _message(queues: Queues, contact: ContactRecord, mail: Mail) -> MessageView:
    ringing = next(iter(contact.offers.values()), None)
    return MessageView(
        id=contact.id,
        caller=contact.caller,
        name=contact.caller_name,
        mailbox=mail.mailbox,
        queue=mail.queue,
        state=contact.state,
        step=mail.step,
        left_in=mail.left_in,
        left_at=mail.left_at,
        recording=mail.message,
        seconds=mail.seconds,
        path=mail.path,
        next_at=mail.next_at,
        hearings=mail.hearings,
        position=queues.announcing.position(contact) if contact.state in IN_QUEUE else 0,
        agent=contact.agent or (ringing.agent if ringing is not None else None),
    )


def _contact(queues: Queues, contact: ContactRecord, now: float) -> ContactView:
    ringing = next(iter(contact.offers.values()), contact.parked.pickup if contact.parked is not None else None)
    return ContactView(
        id=contact.id,
        caller=contact.caller,
        caller_name=contact.caller_name,
        dialled=contact.dialled,
        direction=contact.direction,
        state=contact.state,
        state_s=now - contact.phase_since,
        total_s=now - contact.began,
        flow=contact.flow or "",
        node=contact.node if contact.state is ContactState.IN_FLOW else "",
        queue=contact.queue or contact.last_queue,
        position=queues.announcing.position(contact) if contact.state in IN_QUEUE else 0,
        agent=contact.agent or (ringing.agent if ringing is not None else None),
        recording=contact.recording is not None,
        language=contact.language,
        on_hold=contact.held_since is not None,
        consults=contact.consult.party.name if contact.consult is not None else "",
        guests=tuple(guest.party.name for guest in contact.guests.values()),
        slot=contact.parked.slot if contact.parked is not None else "",
    )


def _agent(record: AgentRecord, now: float) -> AgentView:
    return AgentView(
        id=record.agent.id,
        name=record.agent.name,
        number=record.agent.number,
        skills=tuple(sorted(record.agent.skills.items())),
        status=record.status,
        state=record.state,
        reason=record.reason,
        state_s=now - record.since,
        phone=record.phone,
        used_outside=record.used_outside,
        contacts=record.contacts_taken,
        contact=record.contacts[-1] if record.contacts else None,
        team=record.agent.team,
    )


def _queue(world: World, queues: Queues, queue: Queue, wait: Range | None, now: float) -> QueueView:
    learnt = world.learnt.get(queue.name)
    accuracy = learnt.accuracy if learnt is not None else Accuracy()
    inside = [world.contacts[contact] for contact in world.queued.get(queue.name, ())]
    here = [contact for contact in inside if contact.leg is not None]
    waiting = [contact for contact in here if contact.state is ContactState.WAITING]
    return QueueView(
        name=queue.name,
        waiting=len(waiting),
        ringing=sum(contact.state in RINGING for contact in inside),
        promised=sum(contact.leg is None and contact.mail is None for contact in inside),
        messages=sum(contact.mail is not None for contact in inside),
        talking=sum(c.state is ContactState.CONNECTED and c.last_queue == queue.name for c in world.contacts.values()),
        longest_s=max((now - contact.since for contact in here), default=0.0),
        agents=queues.doors.serving(queue.needs),
        free=sum(
            queue.needs.met_by(r.agent.able) and any(world.agents.free.is_free(a, m) for m in r.agent.capacity)
            for a, r in world.agents.records.items()
        ),
        draining=queue.name in world.draining,
        open=queue.hours is None or queue.hours in world.open_calendars(),
        strategy=queue.strategy,
        priority=queue.priority,
        needs=str(queue.needs),
        estimated_wait_s=wait.p50_s if wait is not None else None,
        wait_p90_s=wait.p90_s if wait is not None else None,
        wait_doubt=wait.doubt if wait is not None else "",
        p50_held=accuracy.p50.share(),
        p90_held=accuracy.p90.share(),
        wait_error_s=accuracy.mean_error_s,
        rules=rules_told(queue),
    )
