"""Events that make no sense: any event about anything at any time. The engine may find them useless, never impossible.

The simulator tells only what a real Asterisk could; here an answer comes from a caller's leg, a playback ends twice, a
command fails that was never sent, a listing leaves out whom it likes. Structure must hold all the same.
"""

from collections.abc import Callable, Sequence
from random import Random

import pytest

from callcenter.core.engine import Engine
from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.commands import Command
from callcenter.model.contact import Direction, LegEnd, Medium, TransportFault
from callcenter.model.entry import Entry, decode_entry, encode_entry
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    AgentStatusRequested,
    BridgeSeen,
    CommandFailed,
    ContactArrived,
    DigitPressed,
    DrainRequested,
    EngineStarted,
    Event,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegSeen,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
    RecordingChecked,
    Resynced,
    Stopping,
    TimePassed,
    WrapUpRequested,
)
from callcenter.model.ids import BridgeId, ContactId, LegId, PlaybackId, QueueName, RecordingId, RequestId
from callcenter.runtime.perform import subject_of
from callcenter.sim.flows import ERRAND, HOTLINE, WISHES
from callcenter.sim.needs import draw_skills
from callcenter.sim.places import misplaced, out_of_order
from callcenter.sim.scenario import MONDAY, OPENS_S, draw

SEEDS = range(1, 61)
EVENTS = 250


class Chaos:
    """Makes up events about what there is, what there was and what there never was."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"chaos {seed}")
        self.engine = Engine(draw(seed, 600.0).configuration)
        self.agents = draw(seed, 600.0).agents
        self.commands: list[Command] = []
        self.legs: list[LegId] = []
        self.playbacks: list[PlaybackId] = []
        self.recordings: list[RecordingId] = []
        self.contacts: list[ContactId] = []
        self.serial = 0

    def some(self, *pools: Sequence[str]) -> str:
        """One of what there is or was; now and then what never was."""
        known = [one for pool in pools for one in pool[-12:]] or [one for pool in pools for one in pool]
        return self.random.choice(known) if known and self.random.random() < 0.95 else "never-was"

    def request(self) -> RequestId:
        self.serial += 1
        return RequestId(f"r{self.serial}")

    def agent(self) -> Agent:
        return self.random.choice(self.agents)

    def event(self) -> Event:
        """What happens next: mostly something that could, about something that is."""
        world, random = self.engine.world, self.random
        legs, ringing = list(world.legs), [leg for contact in world.contacts.values() for leg in contact.offers]
        leg = LegId(self.some(legs or self.legs))
        playback = PlaybackId(self.some(list(world.playbacks) or self.playbacks))
        recording = RecordingId(self.some(list(world.recordings) or self.recordings))
        contact = ContactId(self.some(self.contacts))
        extend_s = random.choice((-1.0, 0.0, 30.0, 1e9))
        makers: list[tuple[int, Callable[[], Event]]] = [
            (12, self._arrives),
            (12, lambda: PlaybackEnded(playback=playback, ok=random.random() < 0.8)),
            (12, lambda: DigitPressed(leg=leg, digit=random.choice("1111223345678990*#Ax"))),
            (10, lambda: LegAnswered(leg=LegId(self.some(ringing or self.legs)))),
            (3, lambda: LegAnswered(leg=leg)),
            (5, lambda: LegEnded(leg=leg, end=random.choice(list(LegEnd)))),
            (3, lambda: LegEnded(leg=LegId(self.some(self.legs)), end=LegEnd.NORMAL)),
            (3, lambda: MessageRecorded(recording=recording, seconds=random.choice((0.0, 9.0)))),
            (2, self._checked),
            (5, self._fails),
            (5, self._phone),
            (3, self._saved),
            (12, self._status),
            (3, lambda: WrapUpRequested(request=self.request(), agent=self.agent().id, extend_s=extend_s)),
            (1, lambda: HangUpRequested(request=self.request(), contact=contact)),
            (1, self._drain),
            (1, self._listing),
            (15, TimePassed),
            (1, self._rarely),
        ]
        if world.blind and random.random() < 0.5:
            return self._listing()
        [maker] = random.choices([maker for _, maker in makers], [weight for weight, _ in makers])
        return maker()

    def _arrives(self) -> Event:
        self.serial += 1
        leg = LegId(f"x.{self.serial}") if self.random.random() < 0.9 else LegId(self.some(self.legs))
        self.legs.append(leg)
        agent = self.agent().number if self.random.random() < 0.2 else ""
        return ContactArrived(
            leg=leg,
            medium=Medium.VOICE,
            caller=self.random.choice(("", "0901", agent)),
            dialled=self.random.choice((*(HOTLINE,) * 20, "999", *WISHES)),
            direction=Direction.INTERNAL if agent else Direction.INBOUND,
            flow=ERRAND if self.random.random() < 0.1 else None,
            agent_number=agent,
        )

    def _checked(self) -> Event:
        return RecordingChecked(
            recording=RecordingId(self.some(self.recordings)),
            contact=ContactId(self.some(self.contacts)),
            path="",
            seconds=0.0,
            channels=2,
        )

    def _fails(self) -> Event:
        command = self.random.choice(self.commands[-15:]) if self.commands else None
        return CommandFailed(
            contact=getattr(command, "contact", ContactId("never-was")),
            command=type(command).__name__,
            subject=subject_of(command) if command is not None else "never-was",
            fault=self.random.choice(list(TransportFault)),
        )

    def _phone(self) -> Event:
        state = self.random.choice((PhoneState.REACHABLE,) * 5 + (PhoneState.UNREACHABLE, PhoneState.UNKNOWN))
        return PhoneChanged(number=self.agent().number, state=state)

    def _saved(self) -> Event:
        agent = self.agent()
        if self.random.random() < 0.1:
            return AgentRemoved(request=self.request(), agent=agent.id)
        number = agent.number if self.random.random() < 0.9 else self.agent().number
        changed = Agent(id=agent.id, name="x", number=number, skills=draw_skills(self.random))
        return AgentSaved(request=self.request(), agent=changed)

    def _status(self) -> Event:
        status = self.random.choice((AgentStatus.AVAILABLE,) * 9 + tuple(AgentStatus))
        return AgentStatusRequested(request=self.request(), agent=self.agent().id, status=status, reason="why")

    def _drain(self) -> Event:
        queue = QueueName(self.some([*self.engine.world.configuration.queues]))
        return DrainRequested(request=self.request(), queue=queue, draining=self.random.random() < 0.3)

    def _listing(self) -> Event:
        world, random = self.engine.world, self.random
        legs = [leg for leg in [*world.legs, *self.legs[-2:]] if random.random() < 0.95]
        bridges = [bridge for bridge in world.bridges if random.random() < 0.8]
        return Resynced(
            legs=tuple(
                LegSeen(leg=leg, up=random.random() < 0.5, ours=leg.startswith("l-"), dialled=HOTLINE)
                for leg in dict.fromkeys(legs)
            ),
            bridges=tuple(BridgeSeen(bridge=b, legs=tuple(legs[:2])) for b in (*bridges, BridgeId("b-stray-1"))),
        )

    def _rarely(self) -> Event:
        if self.random.random() < 0.3:
            return Stopping()
        self.serial += 1
        return EngineStarted(namespace=f"{self.serial:08d}", build="chaos")

    def learn(self, entry: Entry) -> None:
        """Remember what the engine has named."""
        for output in entry.outputs:
            for field, pool in (
                ("leg", self.legs),
                ("playback", self.playbacks),
                ("recording", self.recordings),
                ("contact", self.contacts),
            ):
                named = getattr(output, field, None)
                if named is not None:
                    pool.append(named)
            if isinstance(output, Command):
                self.commands.append(output)


@pytest.mark.parametrize("first", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(21, SEEDS[-1] + 1, 20))])
def test_nothing_that_can_be_said_to_the_engine_breaks_it(first: int) -> None:
    for seed in range(first, first + 20):
        chaos = Chaos(seed)
        engine, now = chaos.engine, MONDAY + OPENS_S
        journal = []
        event: Event = EngineStarted(namespace="chaosaaa", build="chaos")
        for _ in range(EVENTS):
            written = engine.redacted(event)
            entry = Entry(seq=1, at=now, event=written, outputs=tuple(engine.handle(event, now)))
            journal.append(encode_entry(entry))
            chaos.learn(entry)
            check(engine, f"seed {seed}, {event}")
            now += chaos.random.choice((0.0, 0.0, 0.1, 0.1, 0.5, 0.5, 2.0, 10.0))
            event = chaos.event()
        again = Engine(engine.world.configuration)
        for line in journal:
            entry = decode_entry(line)
            assert tuple(again.handle(entry.event, entry.at)) == entry.outputs, f"seed {seed}, {entry.event}"


def check(engine: Engine, after: str) -> None:
    world = engine.world
    for contact in world.contacts.values():
        assert not misplaced(contact, world), after
    for record in world.agents.records.values():
        assert not out_of_order(record, world), after
    assert set(world.legs.values()) <= set(world.contacts), after
    assert set(world.bridges.values()) <= set(world.contacts), after
