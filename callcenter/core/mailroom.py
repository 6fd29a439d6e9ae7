"""Messages as contacts: in line by skill, played to an agent, done or back in line. Knows the keys; records nothing.

Theory: a message is a contact of its own without a customer's leg. It is PROMISED while it waits, as a callback is, and
CONNECTED while an agent hears it; it ends in one way only, `settle`. Whatever else would end it leads back to `hold`:
an agent who hangs up without the key, a fault, the end of the call center. There is no last try: a message that nobody
is done with comes back after `retry_after_s` for as long as it takes, and it is not sent on to other queues.

It is in line from the moment in which its recording has been looked at, because only then is it known where it is kept.
"""

from typing import Final, Protocol

from callcenter.core import voice
from callcenter.core.callbacks import Callbacks
from callcenter.core.contacts import ContactInput, move
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.commands import JoinBridge
from callcenter.model.contact import ContactState, Direction, EndReason, Medium, QueueExit
from callcenter.model.events import CallbackRequested, RecordingChecked
from callcenter.model.facts import (
    ContactConnected,
    MessageReturned,
    MessageRouted,
    MessageSettled,
)
from callcenter.model.flow import Prompt
from callcenter.model.ids import ContactId, RecordingId, RequestId
from callcenter.model.mail import FROM_PROMPT, KEYS_PROMPT, REFUSED_PROMPT, Mail, MailEnd, MailStep

CHECK_WAIT_MAX_S: Final = 90.0  # a recording is looked at within a minute (jobs.recordings); then it is not waited for
AGAIN, CALL_BACK, DONE = "1", "2", "#"
KEY_WAIT_S: Final = 20.0  # after the keys were said she is asked again ...
ASKED_MAX: Final = 3  # ... until so often; then the message is in line again, and she is free
ASKED_BY: Final = "voicemail"  # who asked for a callback that an agent wants after a message
S: Final = ContactState


def mail_of(contact: ContactRecord) -> Mail:
    """The message that the contact is. Raises Bug if it is none."""
    if contact.mail is None:
        raise Bug(f"{contact.id} is no message")
    return contact.mail


class Elsewhere(Protocol):
    """What a message asks of the rest of the engine."""

    def close(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact, whatever it is."""
        ...

    def let_go(self, contact: ContactRecord, *, leg_gone: bool, returned: bool) -> None:
        """Hang up and forget every leg of a contact but its agents', its bridge and what plays there."""
        ...

    def leave_state(self, contact: ContactRecord, reason: EndReason) -> None:
        """Undo what the contact's state holds."""
        ...


class Mailroom:
    """The messages that wait to be heard."""

    __slots__ = ("_callbacks", "_elsewhere", "_queues", "_world")

    def __init__(self, world: World, queues: Queues, callbacks: Callbacks, elsewhere: Elsewhere) -> None:
        self._world = world
        self._queues = queues
        self._callbacks = callbacks
        self._elsewhere = elsewhere

    # -- in line -----------------------------------------------------------------------------------------------------

    def left(self, caller: ContactRecord, mailbox: str, message: RecordingId, seconds: float) -> None:
        """A caller has left a message: if its mailbox leads to a queue, it is a contact from now on."""
        world = self._world
        box = world.configuration.mailboxes.get(mailbox)
        route = box.route if box is not None else None
        if route is None or seconds <= 0 or message in world.mails:
            return
        queue = world.configuration.queues[route.queue]
        mint = world.mints()
        contact = ContactRecord(
            id=mint.contact(),
            serial=mint.count,
            leg=None,
            medium=Medium.VOICE,
            direction=Direction.VOICEMAIL,
            caller=caller.caller,
            caller_name=caller.caller_name,
            dialled=caller.dialled,
            began=world.now,
            phase_since=world.now,
            version=world.version,
            language=caller.language,
            priority=queue.priority if route.priority is None else route.priority,
            needs=queue.needs if route.needs is None else route.needs,
            own_priority=route.priority,
            own_needs=route.needs,
            since=world.now,
            mail=Mail(
                mailbox=mailbox,
                queue=queue.name,
                message=message,
                left_in=caller.id,
                left_at=world.now,
                seconds=seconds,
                retry_after_s=route.retry_after_s,
                next_at=world.now + CHECK_WAIT_MAX_S,
            ),
        )
        world.admit(contact)
        world.mails[message] = contact.id
        world.out += (
            MessageRouted(
                contact=contact.id,
                mailbox=mailbox,
                queue=queue.name,
                recording=message,
                left_in=caller.id,
                seconds=seconds,
            ),
        )
        self._hold(contact)

    def checked(self, event: RecordingChecked) -> None:
        """A recording was looked at; if it is a message that waits for that, it is in line now."""
        holder = self._world.mails.get(event.recording)
        if holder is None:
            return
        contact = self._world.contacts[holder]
        mail = mail_of(contact)
        first, mail.checked = not mail.checked, True
        if event.seconds <= 0 and not event.problem:
            if contact.state is S.PROMISED:
                self.settle(contact, MailEnd.EMPTY)
            return
        mail.path = event.path
        mail.seconds = event.seconds or mail.seconds
        if first and contact.state is S.PROMISED and not mail.hearings:
            mail.next_at = self._world.now
            self.stand_by(contact)

    def stand_by(self, contact: ContactRecord) -> None:
        """No phone rings for it: in line, or resting until its time."""
        world, mail = self._world, mail_of(contact)
        world.lines.remove(contact.id)
        if mail.next_at > world.now:
            mail.step = MailStep.RESTING
            world.timers.set(TimerKind.MAIL, contact.id, mail.next_at)
        else:
            mail.step = MailStep.DUE
            world.timers.cancel(TimerKind.MAIL, contact.id)
            world.lines.add(contact)
            world.newly_waiting.append(contact.id)

    def time_came(self, contact: ContactRecord) -> None:
        """It has rested long enough, or she who has heard it has pressed nothing."""
        mail = mail_of(contact)
        if contact.state is S.PROMISED:
            self.stand_by(contact)
        elif mail.step is MailStep.ASKED and contact.playback is None:
            if mail.asked < ASKED_MAX:
                self._ask(contact)
            else:
                self.returns(contact, f"the agent pressed nothing, asked {mail.asked} times")

    def _hold(self, contact: ContactRecord) -> None:
        """It waits, in its place."""
        mail = mail_of(contact)
        move(contact, ContactInput.PROMISED, self._world.now)
        self._elsewhere.let_go(contact, leg_gone=False, returned=False)
        if contact.queue is None:
            self._queues.hold(contact, mail.queue)
        self.stand_by(contact)

    def returns(self, contact: ContactRecord, why: str) -> None:
        """What was done about it is over, and it is not done with."""
        world, mail = self._world, mail_of(contact)
        if contact.state is S.PROMISED:
            return
        agent, mail.asked = contact.agent, 0
        world.timers.cancel(TimerKind.MAIL, contact.id)
        self._elsewhere.leave_state(contact, EndReason.AGENT_HUNG_UP)
        if agent is not None:
            mail.next_at = world.now + mail.retry_after_s
        world.out.append(
            MessageReturned(contact=contact.id, queue=mail.queue, agent=agent, next_at=mail.next_at, why=why)
        )
        self._hold(contact)

    # -- with an agent -----------------------------------------------------------------------------------------------

    def play(self, contact: ContactRecord) -> None:
        """An agent has answered: she hears whose message it is."""
        world, mail = self._world, mail_of(contact)
        agent, leg = contact.agent, contact.agent_leg
        if agent is None or leg is None:
            raise Bug(f"{contact.id} is to be played to nobody")
        queue = world.queue_of(contact)
        self._queues.leave(contact, QueueExit.CONNECTED)
        move(contact, ContactInput.CONNECTED, world.now)
        contact.talk_began = world.now
        mail.hearings += 1
        bridge = voice.open_bridge(world, contact)
        world.out += (
            JoinBridge(contact=contact.id, bridge=bridge, leg=leg),
            ContactConnected(
                contact=contact.id, agent=agent, leg=leg, queue=queue.name, waited_s=world.now - contact.since
            ),
        )
        mail.step = MailStep.BRIEFING
        self._say(contact, FROM_PROMPT)

    def said(self, contact: ContactRecord) -> None:
        """What she was hearing is over."""
        contact.playback = None
        mail = mail_of(contact)
        if mail.step is MailStep.BRIEFING:
            self._play_message(contact)
        elif mail.step is MailStep.PLAYING:
            self._ask(contact)
        elif mail.step is MailStep.ASKED:
            self._world.timers.set(TimerKind.MAIL, contact.id, self._world.now + KEY_WAIT_S)

    def pressed(self, contact: ContactRecord, key: str) -> None:
        """She presses a key: again, call back, done. It need not be waited with until the message is over."""
        if contact.state is not S.CONNECTED:
            return
        mail_of(contact).asked = 0
        if key == AGAIN:
            self._play_message(contact)
        elif key == CALL_BACK:
            self._call_back(contact)
        elif key == DONE:
            self.settle(contact, MailEnd.DONE)

    def settle(self, contact: ContactRecord, end: MailEnd, by: str = "") -> None:
        """Nothing is left to be done about it."""
        world, mail = self._world, mail_of(contact)
        world.timers.cancel(TimerKind.MAIL, contact.id)
        world.out.append(
            MessageSettled(
                contact=contact.id,
                queue=mail.queue,
                mailbox=mail.mailbox,
                recording=mail.message,
                end=end,
                agent=contact.agent,
                by=by,
                hearings=mail.hearings,
            )
        )
        del world.mails[mail.message]
        self._elsewhere.close(contact, EndReason.MESSAGE_DONE)

    def done(self, contact_id: ContactId, by: str) -> str:
        """Somebody says that nothing is left to be done about a message; gives what is wrong, or ""."""
        contact = self._world.contacts.get(contact_id)
        if contact is None or contact.mail is None:
            return f"there is no message {contact_id} that waits to be heard"
        self.settle(contact, MailEnd.SETTLED, by)
        return ""

    def _ask(self, contact: ContactRecord) -> None:
        mail = mail_of(contact)
        mail.step = MailStep.ASKED
        mail.asked += 1
        self._say(contact, KEYS_PROMPT)

    def _play_message(self, contact: ContactRecord) -> None:
        mail = mail_of(contact)
        mail.step = MailStep.PLAYING
        self._world.timers.cancel(TimerKind.MAIL, contact.id)
        voice.say(self._world, contact, (), note=mail.message, note_path=mail.path)

    def _call_back(self, contact: ContactRecord) -> None:
        """The customer is promised a callback by this agent, in the message's place; the message is done with."""
        world, mail = self._world, mail_of(contact)
        agent = contact.agent
        problem = self._callbacks.schedule(
            CallbackRequested(
                request=RequestId(""),
                queue=mail.queue,
                number=contact.caller,
                only=agent,
                name=contact.caller_name,
                by=ASKED_BY,
            ),
            since=contact.since,
        )
        if problem:
            mail.step = MailStep.ASKED
            self._say(contact, REFUSED_PROMPT)
            return
        record = world.agents.records[agent] if agent is not None else None
        self.settle(contact, MailEnd.CALLED_BACK)
        if record is not None:
            world.agents.end_wrap_up(record, world.now)  # if there is one: her phone rings for the callback at once

    def _say(self, contact: ContactRecord, prompt: str) -> None:
        world, mail = self._world, mail_of(contact)
        record = world.agents.records.get(contact.agent) if contact.agent is not None else None
        says = {
            "caller": contact.caller,
            "minutes_ago": f"{(world.now - mail.left_at) // 60:.0f}",
            "message_s": f"{mail.seconds:.0f}",
        }
        language = record.agent.language if record is not None else ""
        voice.say(world, contact, (Prompt(name=prompt),), says, language=language)
