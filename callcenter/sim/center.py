"""Our process in the simulated world: the engine, its journal, snapshots, death and new life. Decides nothing itself.

It does what `runtime/loop` and `boot/recovery` do, without tasks and sockets: ask what of an event may be written, let
the engine decide, write, send the commands. A new life begins with the last snapshot and the journal's entries since,
told again; if the engine does not answer as it did the first time, that is a violation.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol, get_args

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.core.world import Library
from callcenter.model.agent import Agent
from callcenter.model.commands import Command, Reply
from callcenter.model.configuration import Configuration
from callcenter.model.entry import Entry, Output, decode_entry, encode_entry
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    EngineStarted,
    Event,
    RecordingChecked,
    TimePassed,
)
from callcenter.model.ids import NAMESPACE_CHARS, UNVERSIONED, RequestId
from callcenter.model.recording_facts import RecordingStopped
from callcenter.sim.violation import Violation
from callcenter.sim.wire import Hands
from callcenter.sim.world import Agenda

BUILD: Final = "sim"
CHECK_AFTER_S: Final = 1.0  # a recording is looked at so long after its end
RECORDING_CHANNELS: Final = 2
COMMANDS: Final = frozenset(get_args(Command))
LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

EngineMaker = Callable[[Configuration], Engine]


class Watcher(Protocol):
    """Who looks at every decision."""

    def before(self, engine: Engine, event: Event) -> None:
        """An event is about to be told."""
        ...

    def after(self, engine: Engine, entry: Entry) -> None:
        """The engine has answered."""
        ...

    def restarted(self, engine: Engine) -> None:
        """The engine was brought back from snapshot and journal."""
        ...


class Center:
    """The call center's process, alive or not."""

    def __init__(
        self, agenda: Agenda, random: Random, library: Library, watcher: Watcher, make: EngineMaker = Engine
    ) -> None:
        self.engine: Engine | None = None
        self.hands: Hands | None = None
        self.journal: list[bytes] = []
        self.snapshots: list[tuple[int, bytes]] = []  # after how many entries, and what
        self.snapshot_every = 0  # entries; 0: never
        self._agenda = agenda
        self._random = random
        self._library = library
        self._watcher = watcher
        self._make = make

    # -- life and death ----------------------------------------------------------------------------------------------

    def start(self, directory: Sequence[Agent]) -> None:
        """Begin, or begin again where the journal ends. Asterisk is listed by whoever calls this."""
        self.engine = self._recovered() if self.journal else self._new()
        namespace = "".join(self._random.choice(LETTERS) for _ in range(NAMESPACE_CHARS))
        self.tell(EngineStarted(namespace=namespace, build=BUILD, version=self.engine.world.version))
        gone = set(self.engine.world.agents.records) - {agent.id for agent in directory}
        for agent in directory:
            self.tell(AgentSaved(request=RequestId(f"directory-{agent.id}"), agent=agent))
        for agent_id in sorted(gone):
            self.tell(AgentRemoved(request=RequestId(f"directory-{agent_id}"), agent=agent_id))

    def kill(self) -> None:
        """SIGKILL: what was decided is written; what was not yet sent to Asterisk is lost."""
        self.engine = None
        if self.hands is not None:
            self.hands.drop()

    def _recovered(self) -> Engine:
        after, taken = self.snapshots[-1] if self.snapshots else (0, b"")
        engine = restore(self._library[UNVERSIONED], taken, self._library) if taken else self._new()
        tell_again(engine, self.journal[after:])
        self._watcher.restarted(engine)
        return engine

    def _new(self) -> Engine:
        engine = self._make(self._library[UNVERSIONED])
        engine.world.library.update(self._library)
        return engine

    # -- the loop ----------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When the engine wants to be called, if nothing happens before."""
        return self.engine.next_deadline() if self.engine is not None else None

    def ask(self, event: Event) -> str | None:
        """A request: what is wrong, "" when granted, None when nobody is there to answer."""
        outputs = self.tell(event)
        replies = [output.problem for output in outputs if isinstance(output, Reply)]
        if self.engine is None:
            return None
        if len(replies) != 1:
            raise Violation(f"{type(event).__name__} got {len(replies)} replies")
        return replies[0]

    def tell(self, event: Event) -> Sequence[Output]:
        """One turn: engine, journal, commands. Gives what came of it; nothing if there is no engine."""
        engine, now = self.engine, self._agenda.now
        if engine is None:
            return ()
        self._watcher.before(engine, event)
        written = engine.redacted(event)
        outputs = tuple(engine.handle(event, now))
        entry = Entry(seq=len(self.journal) + 1, at=now, event=written, outputs=outputs)
        self.journal.append(encode_entry(entry))
        self._watcher.after(engine, entry)
        if self.hands is not None:
            self.hands.enqueue([output for output in outputs if type(output) in COMMANDS])  # type: ignore[misc]
        for output in outputs:
            if isinstance(output, RecordingStopped):
                self._look_at(output)
        if self.snapshot_every and len(self.journal) % self.snapshot_every == 0:
            self.snapshots.append((len(self.journal), take_snapshot(engine)))
        return outputs

    def time_passed(self) -> None:
        """A deadline has come."""
        self.tell(TimePassed())

    def _look_at(self, stopped: RecordingStopped) -> None:
        checked = RecordingChecked(
            recording=stopped.recording,
            contact=stopped.contact,
            path=f"{stopped.recording}.wav",
            seconds=stopped.expected_s,
            channels=RECORDING_CHANNELS,
        )
        self._agenda.after(CHECK_AFTER_S, lambda: self._checked(checked))

    def _checked(self, checked: RecordingChecked) -> None:
        self.tell(checked)


def tell_again(engine: Engine, lines: Sequence[bytes]) -> None:
    """Tell an engine the journal. Raises Violation where it answers otherwise than it did."""
    for line in lines:
        entry = decode_entry(line)
        outputs = tuple(engine.handle(entry.event, entry.at))
        if outputs != entry.outputs:
            event = type(entry.event).__name__
            raise Violation(
                f"told again, entry {entry.seq} ({event}) gives\n  {outputs}\ninstead of\n  {entry.outputs}"
            )
