"""Whether each thing that the engine remembers is where its state says. Knows the engine's memory, and no history.

Each check gives what it found in words, or ""; the run adds seed and time.
"""

import re
from typing import Final

from callcenter.core.free import why_not_free
from callcenter.core.may_call import DEFAULT_RULES
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackStep
from callcenter.model.callback_facts import CallbackDialled
from callcenter.model.contact import ContactState, Medium
from callcenter.model.customer import NO_CALL_CUSTOMERS
from callcenter.model.ids import ContactId, QueueName
from callcenter.model.mail import Mail, MailStep
from callcenter.sim.colleagues import misplaced_gossip
from callcenter.sim.parking import misparked, rung_for
from callcenter.sim.phones import misplaced_aside
from callcenter.sim.violation import Violation

S: Final = ContactState
IN_QUEUE: Final = (S.WAITING, S.OFFERED, S.CONNECTING, S.PROMISED, S.DIALLING)
WITHOUT_CUSTOMER: Final = (S.PROMISED, S.DIALLING)  # and, of a callback, OFFERED and CONNECTING
WITH_A_MESSAGE: Final = (MailStep.BRIEFING, MailStep.PLAYING, MailStep.ASKED)  # an agent hears it
WITH_AGENT: Final = (S.CONNECTING, S.CONNECTED)
NOT_OF_CONTACTS: Final = (TimerKind.OFFER, TimerKind.WRAP_UP, TimerKind.REST, TimerKind.CLOSING)


def misplaced(contact: ContactRecord, world: World) -> str:
    """What of a contact does not go with its state; empty if all does."""
    state = contact.state
    if state is S.ENDED:
        return "still kept"
    queues = [name for name, inside in world.queued.items() if contact.id in inside]
    if queues != ([contact.queue] if state in IN_QUEUE else []):
        return f"queued in {queues}, with queue {contact.queue}"
    if state not in IN_QUEUE and contact.queue is not None:
        return f"has queue {contact.queue}"
    wrong = misplaced_promise(contact, world) or misplaced_party(contact, world) or misplaced_aside(contact, world)
    wrong = wrong or misparked(contact, world) or misplaced_gossip(contact, world)
    if wrong:
        return wrong
    in_line = contact.id in world.lines
    if state is not S.PROMISED and in_line != (state is S.WAITING):
        return "in line" if in_line else "not in line"
    if bool(contact.offers) != (state is S.OFFERED):
        return f"has offers {list(contact.offers)}"
    if (contact.agent is not None) != (state in WITH_AGENT) or (contact.agent_leg is not None) != (state in WITH_AGENT):
        return f"has agent {contact.agent} on {contact.agent_leg}"
    if contact.agent is not None and contact.id not in world.agents.records[contact.agent].contacts:
        return f"its agent {contact.agent} does not know"
    if contact.other_up != (state is S.FORWARDED) and contact.other_leg is not None and state is not S.IN_FLOW:
        return f"has an outside leg {contact.other_leg}"
    wrong = misrecorded(contact, world)
    if wrong:
        return wrong
    if state is not S.IN_FLOW and contact.paying is None:
        errands = (contact.lookup, contact.run, contact.note, contact.card)
        return f"is in the middle of a flow: {errands} {contact.stack}" if any(errands) or contact.stack else ""
    return ""


def misrecorded(contact: ContactRecord, world: World) -> str:
    """What is wrong with whether, and how, a contact is recorded; empty if nothing is."""
    talks = contact.state in (S.CONNECTED, S.PARKED) or (contact.colleague is not None and contact.state is S.FORWARDED)
    if contact.recording is not None and (not talks or contact.unrecorded or not world.may_record):
        return "is recorded"
    if contact.recording_paused != (world.timers.due(TimerKind.RECORDING, contact.id) is not None):
        return "has a pause of its recording without an end"
    if contact.paying is not None and contact.recording is not None and not contact.recording_paused:
        return "pays, and is recorded"
    if contact.recording_paused and contact.recording is None:
        return "is paused and not recorded"
    return ""


def misplaced_party(contact: ContactRecord, world: World) -> str:
    """What of holds, consults and conferences does not go with the contact's state; empty if all does."""
    state, consult = contact.state, contact.consult
    if contact.guests and state not in (S.CONNECTED, S.FORWARDED):
        return f"has guests {contact.guests}"
    if state is not S.CONNECTED:
        wrong = consult is not None or contact.held_since is not None or contact.muted or contact.paying is not None
        return f"has {consult}, is held since {contact.held_since} or muted" if wrong else ""
    if consult is not None and consult.own is None and consult.aside and contact.held_since is None:
        return "is not on hold while its agent speaks aside"
    if contact.held_since is not None and not contact.guests and not contact.music and contact.paying is None:
        return "is on hold without music"
    if contact.held_since is None and contact.music and contact.mail is None:
        return "hears music in a conversation"
    if contact.paying is not None and (contact.held_since is None or contact.guests or consult is not None):
        return "pays, and is not alone"
    parties = [guest.party for guest in contact.guests.values()]
    parties += [consult.party] if consult is not None and consult.up is not None else []
    for party in parties:
        if party.agent is not None and contact.id not in world.agents.records[party.agent].contacts:
            return f"{party.agent} takes part and does not know"
    return ""


def must_not_be_dialled(fact: CallbackDialled, contact: ContactRecord, world: World, now: float) -> str:
    """Why a customer ought not to have been called; empty if nothing is against it."""
    configuration, in_force = world.library[contact.version], world.configuration
    queue = configuration.queues[fact.queue]
    rules = queue.callback or DEFAULT_RULES
    hours = rules.hours or queue.hours
    if hours is not None and not configuration.calendars[hours].is_open(now):
        return f"outside of {hours}"
    if rules.do_not_call is not None and world.marks.is_listed(in_force, rules.do_not_call, fact.number):
        return f"the number is in {rules.do_not_call}"
    if world.marks.is_listed(in_force, NO_CALL_CUSTOMERS, fact.number):
        return "the customer must not be called"
    if not any(re.fullmatch(pattern, fact.number) for pattern in in_force.callback_to):
        return "no pattern allows the number"
    return f"of {rules.attempts} attempts" if fact.attempt > rules.attempts else ""


def misplaced_promise(contact: ContactRecord, world: World) -> str:
    """What of a promise does not go with the contact's state; empty if all does."""
    state, callback = contact.state, contact.callback
    if contact.mail is not None:
        return misplaced_message(contact, contact.mail, world)
    if contact.leg is None and state not in (*WITHOUT_CUSTOMER, S.OFFERED, S.CONNECTING):
        return "has no customer"
    if contact.leg is not None and state in WITHOUT_CUSTOMER:
        return f"has a customer on {contact.leg}"
    in_line = (contact.id in world.lines) + (contact.id in world.ahead)
    if callback is None:
        return "is promised nothing" if contact.leg is None or (in_line and state is not S.WAITING) else ""
    if contact.leg is not None and callback.leg is not None:
        return f"has a customer on {contact.leg}, and calls her on {callback.leg}"
    if (callback.leg is not None) != (callback.step is CallbackStep.RINGING):
        return f"is {callback.step}, and calls {callback.leg}"
    if state is S.PROMISED and in_line != (callback.step is CallbackStep.DUE):
        return f"is {callback.step} and in {in_line} lines"
    if contact.leg is None and contact.queue != callback.queue:
        return f"is promised a callback for {callback.queue}, and in {contact.queue}"
    return ""


def misplaced_message(contact: ContactRecord, mail: Mail, world: World) -> str:
    """What of a message does not go with the contact's state; empty if all does."""
    state = contact.state
    if state not in (S.PROMISED, S.OFFERED, S.CONNECTED):
        return "is a message"
    if contact.leg is not None or contact.callback is not None:
        return f"is a message, and has {contact.leg} and {contact.callback}"
    if world.mails.get(mail.message) != contact.id:
        return f"is the message {mail.message}, which is known as {world.mails.get(mail.message)}"
    if (contact.id in world.lines) != (state is S.PROMISED and mail.step is MailStep.DUE):
        return f"is {mail.step} and {'in line' if contact.id in world.lines else 'in no line'}"
    if (mail.step in WITH_A_MESSAGE) != (state is S.CONNECTED):
        return f"is {mail.step}"
    if contact.queue not in (None, mail.queue):
        return f"is for {mail.queue}, and in {contact.queue}"
    if state is S.PROMISED and mail.step is MailStep.RESTING:
        at = world.timers.due(TimerKind.MAIL, contact.id)
        return "" if at is not None and at == mail.next_at else f"rests until {mail.next_at}, and is looked at at {at}"
    return ""


def out_of_order(record: AgentRecord, world: World) -> str:
    """What of an agent does not go with her state; empty if all does."""
    state, offers, contacts = record.state, record.offer is not None, len(record.contacts)
    if offers + contacts > 1:
        return f"has offer {record.offer} and contacts {record.contacts}"
    if offers != (state is AgentState.OFFERED) or bool(contacts) != (state is AgentState.ON_CONTACT):
        return f"has offer {record.offer} and contacts {record.contacts}"
    if record.offer is not None:
        for wrong in rung_for(record, world):
            return wrong
        contact = world.contacts.get(world.legs.get(record.offer, ContactId("")))
        if contact is not None and contact.consult is not None and contact.consult.leg == record.offer:
            return "" if contact.consult.party.agent == record.agent.id else f"another is called on {record.offer}"
        if contact is None or contact.offers[record.offer].agent != record.agent.id:
            return f"her offer {record.offer} is nobody's"
    return ""


def unlisted(record: AgentRecord, world: World, now: float) -> str:
    """How the list of free agents does not go with her state; empty if it does."""
    state = record.state
    free = world.agents.free.is_free(record.agent.id, Medium.VOICE)
    hindered = why_not_free(record, Medium.VOICE, now)
    if free == bool(hindered):
        return f"listed as {'free' if free else 'not free'}, but {hindered or 'nothing is against it'}"
    if free and state is not AgentState.READY:
        return "listed as free"
    if state is AgentState.READY and not free and record.agent.capacity.get(Medium.VOICE):
        return f"not listed as free: {hindered}"
    return ""


def check_timers(world: World) -> None:
    """Every deadline is somebody's. Raises Violation."""
    for timer in world.timers.listed():
        kind, subject = timer.kind, timer.subject
        holder: object
        match kind:
            case TimerKind.OFFER:
                holder = any(subject in contact.offers for contact in world.contacts.values())
            case TimerKind.WRAP_UP | TimerKind.REST | TimerKind.NAIL | TimerKind.TONE | TimerKind.PHONE_USE:
                holder = subject in world.agents.records
            case TimerKind.CLOSING:
                holder = subject in world.configuration.queues or world.queued.get(QueueName(subject))
            case TimerKind.PACE:
                holder = subject in world.campaigns
            case TimerKind.SETTLE:
                holder = any(subject in record.settling for record in world.campaigns.values())
            case TimerKind.TELLING:
                holder = subject in world.monitors
            case _:
                holder = subject in world.contacts
        if not holder:
            raise Violation(f"a deadline {kind} for {subject}, which is not there")
    listed = {(timer.kind, timer.subject) for timer in world.timers.listed()}
    for contact in world.contacts.values():
        for kind, waited_for in ((TimerKind.LOOKUP, contact.lookup), (TimerKind.SCRIPT, contact.run)):
            if (waited_for is not None) != ((kind, contact.id) in listed):
                wrong = "no deadline for" if waited_for else "a deadline without"
                raise Violation(f"{contact.id} has {wrong} a {kind}")
