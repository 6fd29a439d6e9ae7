"""Contacts of several media at agents with several capacities, drawn by a seed, through the real engine.

Knows media, capacities and which of them may interrupt which (`Routing.interruptible`); knows no Asterisk: whoever is
rung answers, or does not. A book is kept of the engine's facts alone, and after every event held against the rules
that were drawn: nobody is offered what may not interrupt what she does, or more than she can carry; nobody waits beside
somebody who could take the contact.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.free import why_not_free
from callcenter.model.agent import Agent, AgentState, AgentStatus, PhoneState
from callcenter.model.commands import PlayPrompts, RingAgent
from callcenter.model.configuration import Configuration
from callcenter.model.contact import LegEnd, Medium
from callcenter.model.entry import Output
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    ConfigurationApplied,
    ContactArrived,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    PhoneChanged,
    PlaybackEnded,
    TimePassed,
)
from callcenter.model.facts import AgentChanged, ContactConnected, ContactOffered, ContactOpened, OfferEnded, TalkEnded
from callcenter.model.flow import Flow
from callcenter.model.ids import AgentId, ContactId, FlowName, LegId, QueueName, RequestId, Skill, Version
from callcenter.model.need import parse_need
from callcenter.model.queue import Queue
from callcenter.model.routing import Interruptible, Routing
from callcenter.nodes.enqueue import Enqueue
from callcenter.sim.violation import Violation
from callcenter.sim.world import Agenda

START: Final = 1_000.0
LENGTH_S: Final = 900.0
CONTACTS: Final = 80
MOOD_S: Final = 60.0
NEEDS: Final = ("", "sales", "support >= 2", "sales or support")
QUEUES: Final = ("red", "green")
RULES: Final = tuple(
    {Medium.CHAT: chat, Medium.EMAIL: email}
    for chat in ((), (Medium.VOICE,), (Medium.EMAIL,), (Medium.VOICE, Medium.EMAIL))
    for email in ((), (Medium.VOICE,), (Medium.CHAT,), (Medium.VOICE, Medium.CHAT))
)
"""All there are: a talk is never interrupted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run has come to."""

    offers: int
    beside: int  # of them to somebody who was handling a contact of another medium
    connected: int


def run(seed: int, engine_of: Callable[[Configuration], Engine] = Engine) -> Told:
    """One seed. Raises Violation."""
    return _Run(Random(f"blending {seed}"), engine_of).run()


class _Person:
    """What the facts say of an agent."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.status = AgentStatus.LOGGED_OUT
        self.state = AgentState.NOT_READY
        self.offered: ContactId | None = None
        self.contacts: dict[ContactId, Medium] = {}

    def hindrance(self, medium: Medium, rules: Interruptible) -> str:
        """Why she cannot be offered a contact of this medium, as far as she and the rules go; "" if she can."""
        load = Counter(self.contacts.values())
        if self.offered is not None:
            return f"is being offered {self.offered}"
        if load[medium] >= self.agent.capacity.get(medium, 0):
            return f"has {load[medium]} of {self.agent.capacity.get(medium, 0)}"
        others = sorted(other for other in load if other is not medium and medium not in rules.get(other, ()))
        return f"handles {others[0]}" if others else ""


class _Run:
    def __init__(self, random: Random, engine_of: Callable[[Configuration], Engine]) -> None:
        self._random = random
        self._agenda = Agenda(START, random.choice((0.0, 1.0)))
        self._configurations = {Version(n): _configuration(random) for n in range(2)}
        self._rules = self._configurations[Version(0)].routing.interruptible
        self._engine = engine_of(self._configurations[Version(0)])
        self._engine.world.library.update(self._configurations)
        self._people: dict[AgentId, _Person] = {}
        self._media: dict[ContactId, Medium] = {}
        self._legs: dict[ContactId, LegId | None] = {}
        self._offers = self._beside = self._connected = 0

    def run(self) -> Told:
        """To the end."""
        self._tell(EngineStarted(namespace="blending", build="", version=Version(0)))
        for number in range(self._random.randint(1, 5)):
            self._hire(_agent(self._random, number))
        for number in range(CONTACTS):
            self._agenda.on_tick(self._random.random() * LENGTH_S, partial(self._arrive, number))
        if self._random.random() < 0.5:
            self._agenda.on_tick(self._random.random() * LENGTH_S, self._apply)
        while True:
            due, deadline = self._agenda.next_time(), self._engine.next_deadline()
            if due is None:
                break
            if deadline is not None and deadline <= due:
                self._agenda.now = max(self._agenda.now, deadline)
                self._tell(TimePassed())
            else:
                self._agenda.step()
        return Told(offers=self._offers, beside=self._beside, connected=self._connected)

    # -- what happens ------------------------------------------------------------------------------------------------

    def _hire(self, agent: Agent) -> None:
        self._people[agent.id] = _Person(agent)
        self._tell(AgentSaved(request=RequestId(""), agent=agent))
        self._tell(PhoneChanged(number=agent.number, state=PhoneState.REACHABLE))
        self._become(agent.id, AgentStatus.AVAILABLE)
        self._agenda.on_tick(self._random.expovariate(1 / MOOD_S), lambda: self._mood(agent.id))

    def _mood(self, agent: AgentId) -> None:
        status = self._random.choice((AgentStatus.PAUSED, AgentStatus.AVAILABLE, AgentStatus.AVAILABLE))
        self._become(agent, status)
        if self._agenda.now < START + LENGTH_S:
            self._agenda.on_tick(self._random.expovariate(1 / MOOD_S), lambda: self._mood(agent))

    def _become(self, agent: AgentId, status: AgentStatus) -> None:
        self._tell(AgentStatusRequested(request=RequestId(""), agent=agent, status=status))

    def _apply(self) -> None:
        """The rules change among the contacts; what is going on goes on."""
        self._rules = self._configurations[Version(1)].routing.interruptible
        self._tell(ConfigurationApplied(request=RequestId(""), version=Version(1)))

    def _arrive(self, number: int) -> None:
        leg, medium = LegId(f"L{number}"), self._random.choice(tuple(Medium))
        flow = FlowName(self._random.choice(QUEUES))
        self._tell(ContactArrived(leg=leg, medium=medium, caller="", dialled="", flow=flow))
        self._agenda.on_tick(self._random.uniform(5.0, 200.0), lambda: self._hang_up(leg))

    def _hang_up(self, leg: LegId) -> None:
        self._tell(LegEnded(leg=leg, end=LegEnd.NORMAL))

    def _ring(self, ring: RingAgent) -> None:
        what = self._random.random()
        if what < 0.8:
            answered = partial(self._tell, LegRinging(leg=ring.leg), LegAnswered(leg=ring.leg))
            self._agenda.on_tick(self._random.choice((0.0, 1.0, 4.0)), answered)
        elif what < 0.9:
            self._agenda.on_tick(2.0, lambda: self._tell(LegEnded(leg=ring.leg, end=LegEnd.BUSY)))

    # -- the book ----------------------------------------------------------------------------------------------------

    def _tell(self, *events: Event) -> None:
        for event in events:
            for output in self._engine.handle(event, self._agenda.now):
                self._note(output)
            self._check()

    def _note(self, output: Output) -> None:
        match output:
            case RingAgent():
                self._ring(output)
            case PlayPrompts(playback=playback):
                self._agenda.after(0.0, lambda: self._tell(PlaybackEnded(playback=playback)))
            case ContactOpened(contact=contact, medium=medium):
                self._media[contact] = medium
            case ContactOffered(contact=contact, agent=agent):
                self._offered(self._people[agent], contact)
            case OfferEnded(agent=agent):
                self._people[agent].offered = None
            case ContactConnected(contact=contact, agent=agent):
                self._people[agent].contacts[contact] = self._media[contact]
                self._connected += 1
            case TalkEnded(contact=contact, agent=agent):
                del self._people[agent].contacts[contact]
            case AgentChanged(agent=agent, status=status, state=state):
                self._people[agent].status, self._people[agent].state = status, state
            case _:
                pass

    def _offered(self, person: _Person, contact: ContactId) -> None:
        medium = self._media[contact]
        wrong = person.hindrance(medium, self._rules)
        if wrong or person.status is not AgentStatus.AVAILABLE:
            raise Violation(f"{contact} ({medium}) is offered to {person.agent.id}, who {wrong or person.status}")
        self._offers += 1
        self._beside += any(other is not medium for other in person.contacts.values())
        person.offered = contact

    def _check(self) -> None:
        """The engine's picture of each agent is the book's, and nobody waits for what is there."""
        world, now = self._engine.world, self._agenda.now
        for name, person in self._people.items():
            record = world.agents.records.get(name)
            if record is None:
                continue
            load = {medium: count for medium, count in record.load.items() if count}
            if load != Counter(person.contacts.values()):
                raise Violation(f"{name} has {person.contacts}, and her load is {load}")
            rests = record.resting_until > now or person.state is AgentState.WRAP_UP
            there = person.status is AgentStatus.AVAILABLE and not rests
            for medium in Medium:
                able = there and not person.hindrance(medium, self._rules)
                said = not why_not_free(record, medium, now, self._rules)
                listed = world.agents.free.is_free(name, medium)
                if not (able is said is listed):
                    raise Violation(f"{name} is free for {medium}: {able}; says the engine: {said}; its list: {listed}")
                if able:
                    self._nobody_waits_beside(person, medium)

    def _nobody_waits_beside(self, person: _Person, medium: Medium) -> None:
        world = self._engine.world
        for contact in world.contacts.values():
            if contact.id in world.lines and contact.medium is medium and contact.needs.met_by(person.agent.able):
                raise Violation(f"{contact.id} ({medium}) waits beside {person.agent.id}, who could take it")


def _configuration(random: Random) -> Configuration:
    queues: Mapping[QueueName, Queue] = {
        QueueName(name): Queue(
            name=QueueName(name),
            needs=parse_need(random.choice(NEEDS)),
            priority=random.choice((40, 50, 60)),
            offer_timeout_s=5.0,
            wrap_up_s=random.choice((0.0, 0.0, 6.0)),
            record=False,
        )
        for name in QUEUES
    }
    flows = {
        FlowName(name): Flow(name=FlowName(name), start="q", nodes={"q": Enqueue(queue=QueueName(name))})
        for name in QUEUES
    }
    return Configuration(queues=queues, flows=flows, routing=Routing(interruptible=random.choice(RULES)))


def _agent(random: Random, number: int) -> Agent:
    name = AgentId(f"a{number}")
    capacity = {medium: random.choice((0, 1, 1, 2 if medium is not Medium.VOICE else 1)) for medium in Medium}
    skills = {Skill(skill): random.randint(1, 5) for skill in ("sales", "support") if random.random() < 0.7}
    return Agent(id=name, name=name, number=f"10{number}", skills=skills, capacity=capacity)
