"""A fake Asterisk manager port: a real TCP server that keeps state as Asterisk does.

It knows users and their passwords, queues and their members, and mixmonitors on channels; it answers as manager.c does
(one action after the other, one session after the other's bytes), and it can misbehave on demand: fall silent, cut
the link at a chosen moment, send any bytes in any segments.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from callcenter.asterisk.ami import AmiState
from callcenter.asterisk.ami_wire import AmiMessage

WAIT_S = 5.0

Fields = list[tuple[str, str]]
Answer = Callable[["FakeSession", Fields], None]


def value(fields: Fields, key: str) -> str:
    return next((each for name, each in fields if name.lower() == key.lower()), "")


def block(*fields: tuple[str, str]) -> bytes:
    return ("".join(f"{key}: {text}\r\n" for key, text in fields) + "\r\n").encode()


class FakeSession:
    """One connection to the fake."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.logged_in = False

    def send(self, *fields: tuple[str, str]) -> None:
        self.writer.write(block(*fields))

    def reply(self, request: Fields, *fields: tuple[str, str], response: str = "Success") -> None:
        self.send(("Response", response), ("ActionID", value(request, "ActionID")), *fields)

    def cut(self) -> None:
        self.writer.transport.abort()


class FakeAmi:
    """The server. `answers` may be replaced per action by a test; the defaults keep Asterisk's state."""

    def __init__(self) -> None:
        self.users = {"callcenter": "s3cret"}
        self.greeting = b"Asterisk Call Manager/11.0.0\r\n"
        self.received: list[Fields] = []  # every action of every session, log-ins too
        self.sessions: list[FakeSession] = []
        self.connections = 0
        self.announces_boot = True  # FullyBooted follows every log-in
        self.silent = False  # takes everything, says nothing
        self.queues: dict[str, list[str]] = {"sales": []}
        self.mixmonitors: dict[str, dict[str, str]] = {"Local/1@x-0001;1": {}}  # channel -> id -> muted state
        self.answers: dict[str, Answer] = {
            "login": self._login,
            "ping": lambda session, request: session.reply(request, ("Ping", "Pong"), ("Timestamp", "1.0")),
            "filter": lambda session, request: session.reply(request, ("Message", "Filter Added")),
            "queueadd": self._queue_add,
            "queuestatus": self._queue_status,
            "originate": lambda session, request: session.reply(request, ("Message", "Originate successfully queued")),
            "mixmonitor": self._mixmonitor,
            "stopmixmonitor": self._stop_mixmonitor,
            "mixmonitormute": self._mute_mixmonitor,
        }
        self.port = 0
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()
        self._readers: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes the port and every session, as a stopped Asterisk does. May be started again on the same port."""
        if self._server is not None:
            self._server.close()
        for session in list(self.sessions):
            session.cut()
        if self._readers:
            await asyncio.wait(self._readers, timeout=WAIT_S)

    def asked(self, name: str) -> list[Fields]:
        return [fields for fields in self.received if value(fields, "Action").lower() == name.lower()]

    async def until(self, holds: Callable[[], bool], within_s: float = WAIT_S) -> None:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(holds)

    async def until_asked(self, name: str, times: int = 1, within_s: float = WAIT_S) -> None:
        await self.until(lambda: len(self.asked(name)) >= times, within_s)

    @property
    def session(self) -> FakeSession:
        """The newest live session that is logged in."""
        return next(each for each in reversed(self.sessions) if each.logged_in)

    def emit(self, event: str, *fields: tuple[str, str]) -> None:
        self.session.send(("Event", event), *fields)

    async def say(self, segments: Sequence[bytes]) -> None:
        """Raw bytes, each segment in a TCP write of its own, so that the receiver is likely to see them apart."""
        for segment in segments:
            self.session.writer.write(segment)
            await self.session.writer.drain()
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)
        session = FakeSession(writer)
        self.sessions.append(session)
        self.connections += 1
        await self._note()
        if not self.silent:
            writer.write(self.greeting)
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
                pairs = (line.partition(":") for line in raw.split("\r\n") if line)
                request = [(key.strip(), text.strip()) for key, _, text in pairs]
                self.received.append(request)
                if not self.silent:
                    self._answer(session, request)
                await self._note()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        finally:
            writer.close()
            self.sessions.remove(session)
            await self._note()

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _answer(self, session: FakeSession, request: Fields) -> None:
        name = value(request, "Action").lower()
        if name != "login" and not session.logged_in:
            session.reply(request, ("Message", "Permission denied"), response="Error")
        elif (answer := self.answers.get(name)) is None:
            session.reply(request, ("Message", "Invalid/unknown command"), response="Error")
        else:
            answer(session, request)

    def _login(self, session: FakeSession, request: Fields) -> None:
        if self.users.get(value(request, "Username")) != value(request, "Secret"):
            session.reply(request, ("Message", "Authentication failed"), response="Error")
            session.writer.close()
            return
        session.logged_in = True
        session.reply(request, ("Message", "Authentication accepted"))
        if self.announces_boot:
            session.send(("Event", "FullyBooted"), ("Status", "Fully Booted"))

    def _queue_add(self, session: FakeSession, request: Fields) -> None:
        members = self.queues.get(value(request, "Queue"))
        if members is None:
            session.reply(request, ("Message", "Unable to add interface to queue: No such queue"), response="Error")
        elif value(request, "Interface") in members:
            session.reply(request, ("Message", "Unable to add interface: Already there"), response="Error")
        else:
            members.append(value(request, "Interface"))
            session.reply(request, ("Message", "Added interface to queue"))

    def _queue_status(self, session: FakeSession, request: Fields) -> None:
        id_ = ("ActionID", value(request, "ActionID"))
        session.reply(request, ("EventList", "start"), ("Message", "Queue status will follow"))
        for queue, members in self.queues.items():
            session.send(("Event", "QueueParams"), ("Queue", queue), id_)
            for member in members:
                session.send(("Event", "QueueMember"), ("Queue", queue), ("Name", member), id_)
        items = str(sum(1 + len(members) for members in self.queues.values()))
        session.send(("Event", "QueueStatusComplete"), id_, ("EventList", "Complete"), ("ListItems", items))

    def _mixmonitor(self, session: FakeSession, request: Fields) -> None:
        running = self.mixmonitors.get(value(request, "Channel"))
        if running is None:
            session.reply(request, ("Message", "No such channel"), response="Error")
            return
        id_ = f"0x{len(running) + 1:x}"
        running[id_] = "0"
        named = (("MixMonitorID", id_),) if "i(" in value(request, "Options") else ()
        session.reply(request, *named)

    def _stop_mixmonitor(self, session: FakeSession, request: Fields) -> None:
        running = self.mixmonitors.get(value(request, "Channel"), {})
        if running.pop(value(request, "MixMonitorID"), None) is None:
            session.reply(request, ("Message", "Could not stop monitoring channel"), response="Error")
        else:
            session.reply(request)

    def _mute_mixmonitor(self, session: FakeSession, request: Fields) -> None:
        running = self.mixmonitors.get(value(request, "Channel"), {})
        if value(request, "MixMonitorID") not in running:
            session.reply(request, ("Message", "Cannot set mute flag"), response="Error")
        else:
            running[value(request, "MixMonitorID")] = value(request, "State")
            session.reply(request)


@asynccontextmanager
async def fake_ami() -> AsyncIterator[FakeAmi]:
    fake = FakeAmi()
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


class Heard:
    """A listener that remembers what it was told, in order: events by name and states by value."""

    def __init__(self) -> None:
        self.events: list[AmiMessage] = []
        self.story: list[str] = []
        self._changed = asyncio.Condition()

    async def on_event(self, event: AmiMessage) -> None:
        self.events.append(event)
        self.story.append(event.event)
        await self._note()

    def on_state(self, state: AmiState) -> None:
        self.story.append(str(state))
        self._noting = asyncio.ensure_future(self._note())

    async def until(self, *story: str, within_s: float = WAIT_S) -> None:
        """Waits until all of these were heard."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: all(self.story.count(each) >= story.count(each) for each in story))

    async def until_heard(self, events: int, within_s: float = WAIT_S) -> None:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: len(self.events) >= events)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()
