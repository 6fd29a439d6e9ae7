"""panoramisk behind a guard. Knows its classes and their faults; knows no log-in, no reconnecting, no call center.

panoramisk 1.4 offers three things that AMI needs: an action with an id and a future, a protocol that finds the action
an answer belongs to, and a manager that owns one protocol and dispatches its events. Each has faults that a call
center cannot have (a text in an answer decides whether it is a list; an action whose answer was cut off is sent
again; a raising callback ends the connection; ...). So each is subclassed, and what can go wrong is replaced.

Theory: one `GuardedManager` is one TCP connection and never more. Whatever is pending when it ends, ends with it; a
new connection starts with empty tables, so nothing can be carried over, let alone sent twice.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from callcenter.asterisk.ami_wire import (
    AmiMessage,
    AmiReply,
    MessageFramer,
    NotAmi,
    quoted,
    read_message,
    render_action,
)
from callcenter.errors import OutcomeUnknown, PeerFault, PeerRefused, PeerUnavailable

PENDING_MAX: Final = 1_000  # actions under way on one link
ABANDONED_MAX: Final = 1_000  # actions given up on whose late answers are still recognised
LIST_ITEMS_MAX: Final = 100_000


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a link counted since it was made."""

    events: int = 0
    events_dropped: int = 0  # the queue to the listener was full
    listener_faults: int = 0  # the listener raised
    orphan_replies: int = 0  # answers to nothing that is pending: they came after their time-out
    junk: int = 0  # blocks that are neither event nor answer
    connections: int = 0  # log-ins that succeeded
    silences: int = 0  # connections cut by us because the peer said nothing


class GuardedAction(Action):  # type: ignore[misc]  # panoramisk carries no types
    """An action and the future of its AmiReply. Its text is rendered, hence checked, before it is sent."""

    def __init__(self, name: str, fields: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__({"Action": name})  # gives it a unique ActionID and a future
        self.name = name
        self.id_: str = self["ActionID"]
        self.rendered = render_action(name, self.id_, fields)
        self.answer: AmiMessage | None = None
        self.items: list[AmiMessage] = []
        self.reply: asyncio.Future[AmiReply] = self.future
        self.slow_s = 0.0  # how long its caller lets it keep Asterisk busy

    def __repr__(self) -> str:
        return f"<{self.name} {self.id_}>"  # panoramisk's would print every field, the secret too

    def __str__(self) -> str:
        return self.rendered.decode()

    @property
    def multi(self) -> bool:
        """Whether a list follows. Asterisk says so in a field; panoramisk guesses from the text meant for people."""
        return self.answer is not None and self.answer.get("EventList").lower() == "start"

    @property
    def completed(self) -> bool:
        return self.reply.done()

    def takes(self, message: AmiMessage) -> bool:
        """Whether the message is a part of this action's reply and not merely an event that names the action."""
        return bool(message.response) if self.answer is None else self.multi and bool(message.event)

    def add_message(self, message: AmiMessage) -> bool:
        """Takes one part of the reply; true once nothing more will come."""
        if self.answer is None:
            self.answer = message
            if message.response.lower() not in ("success", "follows", "goodbye"):
                self.fail(PeerRefused(f"{self.name}: {quoted(message.get('Message') or message.response)}"))
                return True
            if self.multi:
                return False
        elif message.get("EventList").lower() == "complete":
            pass
        elif message.get("EventList").lower() == "cancelled":
            self.fail(PeerRefused(f"{self.name}: Asterisk cancelled the list"))
            return True
        elif len(self.items) < LIST_ITEMS_MAX:
            if not self.reply.done():  # nobody reads the rest of a list that was given up on
                self.items.append(message)
            return False
        else:
            self.fail(OutcomeUnknown(f"{self.name}: a list of more than {LIST_ITEMS_MAX} items"))
            return True
        if not self.reply.done():
            self.reply.set_result(AmiReply(answer=self.answer, items=tuple(self.items)))
        return True

    def fail(self, fault: PeerFault) -> None:
        if not self.reply.done():
            self.reply.set_exception(fault)
            self.reply.exception()  # marks it as seen: the caller may already be gone


class GuardedProtocol(AMIProtocol):  # type: ignore[misc]
    """Bytes to messages, answers to their actions. Nothing a peer can send raises out of it."""

    def __init__(self, guard: "GuardedManager") -> None:
        self._guard = guard
        self._framer = MessageFramer()
        self._abandoned: OrderedDict[str, GuardedAction] = OrderedDict()
        self.responses: dict[str, GuardedAction] = {}
        self.chunks = 0  # how often anything was received: the sign of life
        self.congested = False
        self.closed = True  # until the connection is made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._guard
        self._guard.protocol = self

    def send(self, data: GuardedAction, as_list: bool = False) -> "asyncio.Future[AmiReply]":
        """Writes the action. Raises PeerUnavailable, and nothing was sent, if the link cannot take it."""
        if self.closed or self.transport.is_closing():
            raise PeerUnavailable(f"{data.name}: the AMI link is down")
        if self.congested or len(self.responses) >= PENDING_MAX:
            raise PeerUnavailable(f"{data.name}: Asterisk does not keep up with {len(self.responses)} actions")
        self.responses[data.id_] = data
        self.transport.write(data.rendered)
        return data.reply

    def abandon(self, action: GuardedAction) -> None:
        """Its caller no longer waits: whatever still comes for it is recognised and dropped."""
        if self.responses.pop(action.id_, None) is not None:
            self._abandoned[action.id_] = action
            if len(self._abandoned) > ABANDONED_MAX:
                self._abandoned.popitem(last=False)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self.chunks += 1
        try:
            blocks = self._framer.feed(data)
        except NotAmi as fault:
            self._guard.end(fault)
            return
        for block in blocks:
            message = read_message(block)
            if message is None:
                self._guard.tally.junk += 1
            else:
                self.handle_message(message)

    def handle_message(self, message: AmiMessage) -> None:
        id_ = message.action_id
        action = self.responses.get(id_)
        if action is not None and action.takes(message):
            if action.add_message(message):
                del self.responses[id_]
            return
        given_up = self._abandoned.get(id_)
        if given_up is not None and given_up.takes(message):
            self._guard.tally.orphan_replies += 1
            if given_up.add_message(message):
                del self._abandoned[id_]
        elif message.event:
            self._guard.dispatch(message)
        else:
            self._guard.tally.orphan_replies += 1

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()
        self._guard.connection_lost(exc)

    def close(self) -> None:
        """Ends the connection. Every pending action fails: it was sent, and nobody will ever hear its answer."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        pending, self.responses = self.responses, {}
        for action in pending.values():
            action.fail(OutcomeUnknown(f"{action.name}: the AMI link was cut before the answer"))


class GuardedManager(Manager):  # type: ignore[misc]
    """One connection: opened once, ended once, never reopened. `ended` is done when it is over."""

    protocol: GuardedProtocol | None

    def __init__(
        self,
        *,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        tally: Tally,
        on_event: Callable[[AmiMessage], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(host=host, port=port, ssl=tls, loop=loop, protocol_factory=lambda: GuardedProtocol(self))
        self.tally = tally
        self._on_event = on_event
        self.ended: asyncio.Future[str] = loop.create_future()

    async def connect(self, timeout_s: float) -> None:
        """Opens the TCP connection. Raises PeerUnavailable."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.loop.create_connection(
                    self.config["protocol_factory"], self.config["host"], self.config["port"], ssl=self.config["ssl"]
                )
        except (OSError, TimeoutError) as fault:
            raise PeerUnavailable(f"no AMI connection: {str(fault) or 'no answer in time'}") from fault

    def send_action(self, action: GuardedAction, as_list: bool | None = None) -> "asyncio.Future[AmiReply]":
        if self.protocol is None:
            raise PeerUnavailable(f"{action.name}: the AMI link is down")
        return self.protocol.send(action)

    def try_send(self, action: GuardedAction) -> bool:
        """Sends without waiting for the answer; false if the link cannot take it."""
        try:
            self.send_action(action)
        except PeerUnavailable:  # the link is ending: whoever watches it will see that
            return False
        return True

    async def ask(self, action: GuardedAction, timeout_s: float) -> AmiReply:
        """Sends and waits. Raises PeerRefused, PeerUnavailable (not sent) or OutcomeUnknown (cut off, or too late)."""
        action.slow_s = timeout_s
        reply = self.send_action(action)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(reply)
        except TimeoutError:
            raise OutcomeUnknown(f"{action.name}: no answer within {timeout_s:g} s") from None
        finally:
            if not reply.done():
                reply.cancel()
                if self.protocol is not None:
                    self.protocol.abandon(action)

    def longest_wait_s(self) -> float:
        """The longest time any pending action may take. Asterisk serves a session's actions one by one and is mute
        meanwhile (an Originate without Async blocks until the called party answers): that silence is no death."""
        pending = self.protocol.responses.values() if self.protocol is not None else ()
        return max((action.slow_s for action in pending), default=0.0)

    def dispatch(self, event: AmiMessage) -> None:
        self._on_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the protocol. panoramisk would plan a reconnect here; that is for AmiLink to decide."""
        if not self.ended.done():
            self.ended.set_result(str(exc) if exc is not None else "closed by Asterisk")

    def end(self, reason: Exception | str) -> None:
        """Cuts the connection, for a reason worth a line in the log."""
        if not self.ended.done():
            self.ended.set_result(str(reason))
        self.close()

    def close(self) -> None:
        if self.protocol is not None:
            self.protocol.close()
