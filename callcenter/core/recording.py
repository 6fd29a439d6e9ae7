"""The recording of a conversation: whether there is one, when it begins, pauses and ends. Knows contacts; no file.

Theory: recording begins when the announcement of the queue is over, never before. A pause mutes what is written and
keeps its time, so the file is as long as the talk; it ends when somebody says so, or at its cap. A recording that
should be muted and could not be is stopped: better none than one with a card number in it. A message that a caller
leaves is recorded by its node (`core/flows.py`), not here.
"""

from typing import Final
from zlib import crc32

from callcenter.core import voice
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model import recording as rules_of
from callcenter.model.commands import MuteRecording, RenewRecording, StartRecording, StopRecording
from callcenter.model.contact import ContactState, TransportFault
from callcenter.model.ids import AgentId, RecordingId
from callcenter.model.queue import Queue
from callcenter.model.recording_facts import (
    RecordingDropped,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingSwitched,
)

SHARES: Final = 10_000  # a share is told apart to the hundredth of a percent
CALLER: Final = "caller"
TRIES_MAX: Final = 5  # at beginning one recording
TRY_AGAIN_S: Final = 1.0
CAP: Final = "cap"
AFTER_QUEUE: Final = (ContactState.CONNECTED, ContactState.PARKED)  # the rules are those of the queue it came from


def begin(world: World, contact: ContactRecord, queue: Queue) -> None:
    """Record what the customer says and hears from now on, if this conversation is to be recorded."""
    if not world.may_record or contact.unrecorded or not is_recorded(contact, queue):
        return
    contact.recording, contact.recording_began = world.mints().recording(), world.now
    contact.recording_tries = 0
    world.out += (
        StartRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact)),
        RecordingStarted(
            contact=contact.id,
            recording=contact.recording,
            kind="call",
            agent=contact.dialler if contact.colleague is not None else contact.agent,
        ),
    )


def is_recorded(contact: ContactRecord, queue: Queue) -> bool:
    """Whether the rules want it. The same contact is always recorded, or never."""
    said = contact.variables.get(rules_of.VARIABLE)
    if not queue.record or said == rules_of.NO:
        return False
    rules = queue.recording
    if contact.agent in rules.except_agents:
        return False
    if said == rules_of.YES:
        return True
    if rules.directions and contact.direction not in rules.directions:
        return False
    return crc32(f"recorded {contact.id}".encode()) % SHARES < rules.share * SHARES / rules_of.SHARE_MAX


def renew(world: World, contact: ContactRecord) -> None:
    """The customer hears another phone from now on, or one after a long time: see `RenewRecording`.

    A pause is not broken for that: its end comes first.
    """
    if contact.recording is None:
        return
    if contact.recording_paused:
        contact.recording_stale = True
        return
    contact.recording_stale = False
    world.out.append(
        RenewRecording(
            contact=contact.id,
            recording=contact.recording,
            leg=voice.leg_of(contact),
            seconds=world.now - contact.recording_began,
        )
    )


def stop(world: World, contact: ContactRecord) -> None:
    """End the recording, if one runs."""
    if contact.recording is None:
        return
    leg = voice.leg_of(contact)
    heard_until = contact.holding.get(leg, world.now)  # by a recorder on a leg that holds, and is in no bridge
    expected_s = heard_until - contact.recording_began
    world.out += (
        StopRecording(contact=contact.id, recording=contact.recording, leg=leg),
        RecordingStopped(contact=contact.id, recording=contact.recording, expected_s=expected_s),
    )
    _forget(world, contact)


def pause(world: World, contact: ContactRecord, by: str) -> str:
    """Write silence from now on; gives what is wrong, or "". One that is paused stays so, until its first cap."""
    if contact.recording is None:
        return f"{contact.id} is not being recorded"
    if contact.recording_paused:
        return ""
    contact.recording_paused, contact.recording_deaf = True, False
    contact.recording_paused_at = world.now
    until = world.now + _rules(world, contact).pause_max_s
    world.timers.set(TimerKind.RECORDING, contact.id, until)
    world.out += (
        MuteRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact), muted=True),
        RecordingPaused(contact=contact.id, recording=contact.recording, by=by, until=until),
    )
    return ""


def resume(world: World, contact: ContactRecord, by: str) -> str:
    """Write what is said again; gives what is wrong, or ""."""
    if contact.recording is None:
        return f"{contact.id} is not being recorded"
    if not contact.recording_paused:
        return ""
    if contact.paying is not None:
        return f"{contact.id} is paying: nothing is recorded before that is over"
    paused_s = world.now - contact.recording_paused_at
    world.out += (
        MuteRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact), muted=False),
        RecordingResumed(contact=contact.id, recording=contact.recording, by=by, paused_s=paused_s),
    )
    _unpaused(world, contact)
    if contact.recording_stale:
        renew(world, contact)
    return ""


def paused_for_long(world: World, contact: ContactRecord) -> None:
    """The cap of a pause has come; while a card is typed it counts from then on."""
    if contact.paying is not None:
        world.timers.set(TimerKind.RECORDING, contact.id, world.now + _rules(world, contact).pause_max_s)
    else:
        resume(world, contact, CAP)


def refuse(world: World, contact: ContactRecord) -> None:
    """The customer does not want it: there is no recording, and nothing is kept of the one that runs."""
    contact.unrecorded = True
    if contact.recording is not None:
        world.out += (
            StopRecording(contact=contact.id, recording=contact.recording, leg=voice.leg_of(contact)),
            RecordingDropped(contact=contact.id, recording=contact.recording),
        )
        _forget(world, contact)


def customer_pressed(world: World, contact: ContactRecord, digit: str) -> None:
    """A key of the customer's, in the announcement before a talk or in the talk."""
    if contact.mail is None and digit == _rules(world, contact).opt_out:
        refuse(world, contact)


def agent_pressed(world: World, contact: ContactRecord, digit: str) -> None:
    """A key of the agent's in a talk."""
    if contact.recording is not None and contact.agent is not None and digit == _rules(world, contact).pause_key:
        by = f"agent:{contact.agent}"
        if contact.recording_paused:
            resume(world, contact, by)
        else:
            pause(world, contact, by)


def colleague_pressed(world: World, contact: ContactRecord, agent: AgentId, digit: str) -> None:
    """A key of one of two agents who speak with each other: they have the keys of a customer and of an agent."""
    rules = _rules(world, contact)
    if contact.recording is None:
        return
    if digit == rules.opt_out:
        refuse(world, contact)
    elif digit == rules.pause_key:
        (resume if contact.recording_paused else pause)(world, contact, f"agent:{agent}")


def start_failed(world: World, contact: ContactRecord, subject: str, fault: TransportFault) -> None:
    """It could not be begun: that is tried again, a few times; the command can be repeated. Gone: so is the talk."""
    if contact.recording is None or subject != contact.recording or fault is TransportFault.GONE:
        return
    contact.recording_tries += 1
    if contact.recording_tries < TRIES_MAX:
        world.timers.set(TimerKind.RECORD_AGAIN, contact.id, world.now + TRY_AGAIN_S)
    else:
        world.surprise(f"the recording could not be begun ({fault}), and is given up", contact)
        stop(world, contact)


def stop_failed(world: World, contact: ContactRecord, subject: str, fault: TransportFault) -> None:
    """It goes on although it must not: that is tried until it is done or the customer has gone."""
    if fault is not TransportFault.GONE and contact.leg is not None:
        contact.unstopped = RecordingId(subject)
        world.timers.set(TimerKind.RECORD_AGAIN, contact.id, world.now + TRY_AGAIN_S)


def mute_failed(world: World, contact: ContactRecord, fault: TransportFault) -> None:
    """What should be silence may not be: there is no recording from now on. Gone: there is nothing to be muted.

    What should be heard again and may not be is tried until it is done or the talk is over.
    """
    if contact.recording is None or fault is TransportFault.GONE:
        return
    if not contact.recording_paused:
        contact.recording_deaf = True
        world.timers.set(TimerKind.RECORD_AGAIN, contact.id, world.now + TRY_AGAIN_S)
        return
    world.surprise(f"the recording could not be paused ({fault}), and is stopped", contact)
    stop(world, contact)


def again(world: World, contact: ContactRecord) -> None:
    """After a restart or a failure: what should be recorded is, what should be silent is, and nothing else."""
    if contact.unstopped is not None and contact.leg is not None:
        world.out.append(StopRecording(contact=contact.id, recording=contact.unstopped, leg=contact.leg))
        contact.unstopped = None
        world.timers.cancel(TimerKind.RECORD_AGAIN, contact.id)
    if contact.recording is None or contact.leg is None:
        return
    seconds = world.now - contact.recording_began
    start = StartRecording(contact=contact.id, recording=contact.recording, leg=contact.leg, seconds=seconds)
    world.out.append(start)
    if contact.recording_paused:
        muted = MuteRecording(contact=contact.id, recording=contact.recording, leg=contact.leg, muted=True)
        world.out.append(muted)
    elif contact.recording_deaf:
        contact.recording_deaf = False
        heard = MuteRecording(contact=contact.id, recording=contact.recording, leg=contact.leg, muted=False)
        world.out.append(heard)


def switch(world: World, allowed: bool, why: str) -> None:
    """There is no room for recordings any more, or there is again. Calls go on either way."""
    if allowed is world.may_record:
        return
    world.may_record = allowed
    world.out.append(RecordingSwitched(allowed=allowed, why=why))
    if not allowed:
        for contact in list(world.contacts.values()):
            stop(world, contact)


def _rules(world: World, contact: ContactRecord) -> rules_of.RecordingRules:
    if contact.colleague is not None:
        name = world.configuration.record_colleagues
        queue = world.configuration.queues.get(name) if name is not None else None
        return queue.recording if queue is not None else rules_of.RecordingRules()
    if contact.state in AFTER_QUEUE and contact.last_queue is not None:
        return world.rules_for(contact, contact.last_queue).recording
    return world.queue_of(contact).recording


def _forget(world: World, contact: ContactRecord) -> None:
    contact.recording, contact.recording_stale, contact.recording_deaf = None, False, False
    world.timers.cancel(TimerKind.RECORD_AGAIN, contact.id)
    _unpaused(world, contact)


def _unpaused(world: World, contact: ContactRecord) -> None:
    contact.recording_paused = False
    world.timers.cancel(TimerKind.RECORDING, contact.id)
