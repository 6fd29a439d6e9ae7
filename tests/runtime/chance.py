"""A bank's call center moved by chance: a real engine in a real loop, told what might happen next.

The clock jumps to moments before, at and after deadlines, so that what is due comes now by itself, now together with an
event.
"""

from dataclasses import dataclass, field
from random import Random

from callcenter.core.engine import Engine
from callcenter.core.snapshot import take_snapshot
from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, LegEnd, Medium, TransportFault
from callcenter.model.entry import Entry
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    CommandFailed,
    ContactArrived,
    DigitPressed,
    EngineStarted,
    Event,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    PhoneChanged,
    PlaybackEnded,
    TimePassed,
    WrapUpRequested,
)
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, CalendarName, FlowName, LegId, QueueName, RequestId, Skill
from callcenter.model.need import parse_need
from callcenter.model.queue import Announcements, Overflow, Queue, RelaxStep, Target
from callcenter.nodes.collect import Collect
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Key, NextNode, VariableName
from callcenter.nodes.menu import Menu
from callcenter.runtime.loop import Loop
from tests.core.center import flow
from tests.runtime.rig import HandClock, ListJournal, ListPerformer

STEPS = 250
SPEAK = Announcements(first_after_s=3.0, every_s=5.0, position=Prompt(name="place"), comfort=Prompt(name="hold"))
SALES = QueueName("sales")
HELP = QueueName("help")


def a_bank() -> Configuration:
    """A secret number, a choice, and two queues with every kind of deadline."""
    spans = tuple(OpenSpan(weekday=0, start_min=minute, end_min=minute + 1) for minute in range(480, 600, 2))
    often = Calendar(name=CalendarName("often"), timezone="UTC", spans=spans)  # open every other minute
    sales = Queue(
        name=SALES,
        needs=parse_need("sales >= 3"),
        relax=(RelaxStep(after_s=4.0, needs=parse_need("sales >= 1")),),
        announce=SPEAK,
        wrap_up_s=7.0,
        offer_timeout_s=6.0,
        max_wait_s=30.0,
        overflow=Target(to=Overflow.QUEUE, name=HELP),
        connect_announcement=Prompt(name="recorded"),
    )
    help_ = Queue(name=HELP, strategy="ring_all", hours=often.name, announce=SPEAK, offer_timeout_s=9.0)
    pin = Collect(
        prompt=Prompt(name="pin"),
        into=VariableName("pin"),
        next=NextNode("menu"),
        failed=NextNode("menu"),
        min_digits=2,
        max_digits=4,
        masked=True,
        digit_timeout_s=2.0,
    )
    menu = Menu(
        prompt=Prompt(name="menu"),
        choices={Key("1"): NextNode("sales"), Key("2"): NextNode("help")},
        no_input=NextNode("help"),
        timeout_s=3.0,
    )
    bank = flow("bank", pin=pin, menu=menu, sales=Enqueue(queue=SALES), help=Enqueue(queue=HELP))
    return Configuration(
        queues={SALES: sales, HELP: help_},
        flows={bank.name: bank},
        calendars={often.name: often},
        numbers={},
        default_flow=FlowName("bank"),
    )


@dataclass
class Chance:
    """Tells a loop what might happen next, and lets time go on."""

    random: Random
    engine: Engine = field(default_factory=lambda: Engine(a_bank()))
    clock: HandClock = field(default_factory=HandClock)
    journal: ListJournal = field(default_factory=ListJournal)
    snapshots: dict[int, bytes] = field(default_factory=dict)  # after how many entries

    def __post_init__(self) -> None:
        self.loop = Loop(self.engine, self.clock, self.journal, ListPerformer())
        self.tell(EngineStarted(namespace="aaaaaaaa", build="test"))
        for name, level in (("ann", 5), ("bob", 1), ("cat", 3)):
            agent = Agent(id=AgentId(name), name=name, number=name, skills={Skill("sales"): level})
            self.tell(AgentSaved(request=RequestId(name), agent=agent))
            self.tell(PhoneChanged(number=name, state=PhoneState.REACHABLE))
            self.wants(name, AgentStatus.AVAILABLE)

    def tell(self, event: Event) -> None:
        self.loop.decide(event)
        if self.random.random() < 0.1:
            self.snapshots[len(self.journal.lines)] = take_snapshot(self.engine)

    def wants(self, name: str, status: AgentStatus) -> None:
        self.tell(AgentStatusRequested(request=RequestId("r"), agent=AgentId(name), status=status))

    def runs(self, steps: int) -> "Chance":
        for _ in range(steps):
            self._time_passes()
            event = self._event()
            if event is not None:
                self.tell(event)
        return self

    def _time_passes(self) -> None:
        due = self.engine.next_deadline()
        kind = self.random.random()
        if due is None or kind < 0.3:
            self.clock.time += self.random.choice((0.0, 0.01, 0.4, 3.0))
        elif kind < 0.6:  # something else happens just before or after it
            self.clock.time = max(self.clock.time, due + self.random.choice((-0.001, 0.0, 0.001, 2.5)))
        else:
            self.clock.time = max(self.clock.time, due)
            self.tell(TimePassed())

    def _event(self) -> Event | None:
        random, world = self.random, self.engine.world
        contacts = list(world.contacts.values())
        number = len(self.journal.lines)
        if not contacts or random.random() < 0.15:
            return ContactArrived(leg=LegId(f"in-{number}"), medium=Medium.VOICE, caller=random.choice("123"))
        contact = random.choice(contacts)
        happening = random.randrange(9)
        if contact.leg is None:
            return None
        if happening == 0 and random.random() < 0.4:
            return LegEnded(leg=contact.leg, end=LegEnd.NORMAL)
        if happening == 1 and random.random() < 0.2:
            return HangUpRequested(request=RequestId("r"), contact=contact.id)
        if happening == 2:
            return CommandFailed(
                contact=contact.id,
                command=random.choice(("PlayPrompts", "RingAgent")),
                subject=str(contact.playback or next(iter(contact.offers), "")),
                fault=random.choice(list(TransportFault)),
            )
        if happening == 3:
            name = random.choice(("ann", "bob", "cat"))
            status = random.choice((AgentStatus.AVAILABLE, AgentStatus.AVAILABLE, AgentStatus.PAUSED))
            return AgentStatusRequested(request=RequestId("r"), agent=AgentId(name), status=status)
        if happening == 4:
            return WrapUpRequested(request=RequestId("r"), agent=AgentId("ann"))
        if contact.state is ContactState.IN_FLOW and random.random() < 0.7:
            return DigitPressed(leg=contact.leg, digit=random.choice("1123*#"))
        if contact.playback is not None and happening < 7:
            return PlaybackEnded(playback=contact.playback)
        if contact.offers:
            leg = random.choice(list(contact.offers))
            end = random.choice((LegEnd.BUSY, LegEnd.REJECTED, LegEnd.UNREACHABLE))
            return LegAnswered(leg=leg) if random.random() < 0.6 else LegEnded(leg=leg, end=end)
        if contact.agent_leg is not None and random.random() < 0.5:
            return LegEnded(leg=contact.agent_leg, end=LegEnd.NORMAL)
        return None


def told_again(engine: Engine, entries: list[Entry]) -> Engine:
    for entry in entries:
        assert tuple(engine.handle(entry.event, entry.at)) == entry.outputs, f"entry {entry.seq}"
    return engine
