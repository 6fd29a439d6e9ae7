"""A call center made of nothing but the engine, for stories: agents and callers do things, time passes, one looks.

Every event of a story is checked against the simulator's invariants, and written down, so that `told_again` can see
whether an engine that is told the same says the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from callcenter.core.engine import Engine
from callcenter.core.parking import slot_flow
from callcenter.core.snapshot import restore, take_snapshot
from callcenter.core.state import AgentRecord, ContactRecord, OfferRecord
from callcenter.model.agent import Agent, AgentState, AgentStatus, NailState, PhoneRules, PhoneState
from callcenter.model.calendar import Calendar
from callcenter.model.callback import callback_flow
from callcenter.model.campaign import Campaign
from callcenter.model.commands import AnswerLeg, HangUp, OpenBridge, Reply, RingAgent
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, Direction, EndReason, LegEnd, Medium, TransportFault
from callcenter.model.disposition import DispositionTree
from callcenter.model.entry import Entry, Output, decode_entry, encode_entry
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    BridgeSeen,
    CommandFailed,
    ConfigurationApplied,
    ContactArrived,
    DigitPressed,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    LegSeen,
    PhoneChanged,
    PlaybackEnded,
    Resynced,
    TimePassed,
)
from callcenter.model.facts import ContactEnded
from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.ids import AgentId, BridgeId, ContactId, FlowName, LegId, QueueName, RequestId, Skill, Version
from callcenter.model.mail import Mailbox
from callcenter.model.need import Need, parse_need
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.parking import SLOT_PROMPT, Parking
from callcenter.model.queue import Overflow, Queue, Target
from callcenter.model.routing import Routing
from callcenter.model.trunk import Guard, Line, Trunk, nothing_told
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.sim.invariants import Invariants

PLAIN = Routing()
PHONE = PhoneRules()
ANYWHERE = Guard(prefixes=("+",))
START = 1_795_420_800.0  # 2026-11-23, a Monday, 08:00 UTC

T = TypeVar("T", bound=Output)


def queue(name: str, needs: str = "", **rules: Any) -> Queue:
    """A queue with the rules named."""
    return Queue(name=QueueName(name), needs=parse_need(needs), **rules)


def to_queue(name: str) -> Target:
    """Overflow to another queue."""
    return Target(to=Overflow.QUEUE, name=name)


def flow(name: str, **nodes: Node) -> Flow:
    """A flow that begins at the first of its nodes."""
    return Flow(name=FlowName(name), start=next(iter(nodes)), nodes=nodes)


def _ways_to_be_called_back(queues: Sequence[Queue]) -> Iterator[Flow]:
    """What `config` makes for queues that call back: her own number, at one more key."""
    for one in queues:
        if one.callback is not None:
            nodes: dict[str, Node] = {
                "offer": CallMeBack(
                    queue=one.name,
                    confirm=Prompt(name="confirm"),
                    enter_number=Prompt(name="enter"),
                    windows=one.callback.windows,
                    choose=one.callback.choose,
                    standing=one.callback.standing,
                    taken_back=one.callback.withdrawn,
                    done=NextNode("bye"),
                    declined=NextNode("back"),
                    failed=NextNode("back"),
                ),
                "bye": Hangup(prompt=Prompt(name="we_call_you")),
                "back": Enqueue(queue=one.name, again=True),
            }
            yield Flow(name=callback_flow(one.name), start="offer", nodes=nodes)


def configured(
    *queues: Queue,
    flows: Sequence[Flow] = (),
    calendars: Sequence[Calendar] = (),
    forward_to: tuple[str, ...] = (),
    lookup_hosts: tuple[str, ...] = (),
    callback_to: tuple[str, ...] = ("09[0-9]+",),
    lists: Sequence[NumberList] = (),
    mailboxes: Sequence[Mailbox] = (),
    routing: Routing = PLAIN,
    dispositions: Sequence[DispositionTree] = (),
    campaigns: Sequence[Campaign] = (),
    trunks: Sequence[Trunk] = (),
    guard: Guard = ANYWHERE,
    tells: Callable[[str], Line] = nothing_told,
    parking: Parking | None = None,
    dial_out: str | None = None,
    record_colleagues: str | None = None,
    ring_in_use: bool = False,
    end_key: str = "",
) -> Configuration:
    """A configuration in which a number leads to each queue and each flow."""
    ways_in = [flow(f"to_{one.name}", go=Enqueue(queue=one.name)) for one in queues]
    if parking is not None:
        ways_in.append(slot_flow(Prompt(name=SLOT_PROMPT)))
    return Configuration(
        queues={one.name: one for one in queues},
        flows={one.name: one for one in (*ways_in, *_ways_to_be_called_back(queues), *flows)},
        calendars={one.name: one for one in calendars},
        numbers={
            **{str(one.name): FlowName(f"to_{one.name}") for one in queues},
            **{str(one.name): one.name for one in flows},
        },
        forward_to=forward_to,
        lookup_hosts=lookup_hosts,
        callback_to=callback_to,
        lists={one.name: one for one in lists},
        mailboxes={one.name: one for one in mailboxes},
        numbering=Numbering(country_code="84"),
        routing=routing,
        dispositions={one.name: one for one in dispositions},
        campaigns={one.name: one for one in campaigns},
        trunks={one.name: one for one in trunks},
        guard=guard,
        tells=tells,
        parking=parking,
        dial_out=None if dial_out is None else QueueName(dial_out),
        record_colleagues=None if record_colleagues is None else QueueName(record_colleagues),
        ring_in_use=ring_in_use,
        end_key=end_key,
    )


class Center:
    """The call center. Dialling the name of a queue leads straight into it; dialling the name of a flow, into that."""

    def __init__(
        self,
        *queues: Queue,
        flows: Sequence[Flow] = (),
        calendars: Sequence[Calendar] = (),
        forward_to: tuple[str, ...] = (),
        callback_to: tuple[str, ...] = ("09[0-9]+",),
        lists: Sequence[NumberList] = (),
        routing: Routing = PLAIN,
        start: float = START,
        checked: bool = True,
        lookup_hosts: tuple[str, ...] = (),
        mailboxes: Sequence[Mailbox] = (),
        dispositions: Sequence[DispositionTree] = (),
        campaigns: Sequence[Campaign] = (),
        trunks: Sequence[Trunk] = (),
        guard: Guard = ANYWHERE,
        tells: Callable[[str], Line] = nothing_told,
        parking: Parking | None = None,
        dial_out: str | None = None,
        record_colleagues: str | None = None,
        end_key: str = "",
    ) -> None:
        self.configuration = configured(
            *queues,
            flows=flows,
            calendars=calendars,
            forward_to=forward_to,
            lookup_hosts=lookup_hosts,
            callback_to=callback_to,
            lists=lists,
            mailboxes=mailboxes,
            routing=routing,
            dispositions=dispositions,
            campaigns=campaigns,
            trunks=trunks,
            guard=guard,
            tells=tells,
            parking=parking,
            dial_out=dial_out,
            record_colleagues=record_colleagues,
            end_key=end_key,
        )
        self.engine = Engine(self.configuration)
        self.now = start
        self.outputs: list[Output] = []  # of all events so far
        self.last: list[Output] = []  # of the last one
        self.journal: list[bytes] = []
        self._invariants = Invariants(self.engine.world.library) if checked else None
        self._count = 0
        self.tell(EngineStarted(namespace="storyone", build="test"))

    # -- telling and looking -----------------------------------------------------------------------------------------

    def tell(self, event: Event) -> list[Output]:
        """Something happens."""
        if self._invariants is not None:
            self._invariants.before(self.engine, event)
        written = self.engine.redacted(event)
        self.last = self.engine.handle(event, self.now)
        self.outputs += self.last
        entry = Entry(seq=len(self.journal) + 1, at=self.now, event=written, outputs=tuple(self.last))
        self.journal.append(encode_entry(entry))
        if self._invariants is not None:
            self._invariants.after(self.engine, entry)
        return self.last

    def ask(self, event: Event) -> str:
        """A request; gives the answer."""
        [reply] = [output for output in self.tell(event) if isinstance(output, Reply)]
        return reply.problem

    def applies(self, *queues: Queue, **rest: Any) -> str:
        """Another version of the configuration is put in force; gives what hinders it."""
        library = self.engine.world.library
        version = Version(max(library) + 1)
        library[version] = configured(*queues, **rest)
        return self.ask(ConfigurationApplied(request=self.request(), version=version, by="test"))

    def passes(self, seconds: float) -> None:
        """Time passes; whatever is due meanwhile happens when it is due."""
        until = self.now + seconds
        while (due := self.engine.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.tell(TimePassed())
        self.now = until

    def all(self, kind: type[T]) -> list[T]:
        """Every output of a kind so far."""
        return [output for output in self.outputs if isinstance(output, kind)]

    def lately(self, kind: type[T]) -> list[T]:
        """Those of the last event."""
        return [output for output in self.last if isinstance(output, kind)]

    def request(self) -> RequestId:
        """A new request's id."""
        self._count += 1
        return RequestId(f"r{self._count}")

    # -- who is there ------------------------------------------------------------------------------------------------

    def agent(
        self,
        name: str,
        *,
        at_work: bool = True,
        capacity: dict[Medium, int] | None = None,
        phone: PhoneRules = PHONE,
        **skills: int,
    ) -> "Ann":
        """An agent; `at_work`: logged in, and her phone is there, and connected if it is to be nailed up."""
        ann = Ann(self, AgentId(name))
        self.save(name, skills, capacity=capacity, phone=phone)
        if at_work:
            ann.phone(PhoneState.REACHABLE)
            ann.logs_in()
            if phone.nailed:
                ann.takes_the_line()
        return ann

    def save(
        self,
        name: str,
        skills: Mapping[str, int] = MappingProxyType({}),
        *,
        capacity: dict[Medium, int] | None = None,
        number: str = "",
        phone: PhoneRules = PHONE,
    ) -> str:
        """Put an agent into the directory, or change what it says of her."""
        agent = Agent(
            id=AgentId(name),
            name=name.title(),
            number=number or f"n-{name}",
            skills={Skill(skill): level for skill, level in skills.items()},
            capacity={Medium.VOICE: 1} if capacity is None else capacity,
            phone=phone,
        )
        return self.ask(AgentSaved(request=self.request(), agent=agent))

    def call(
        self, dialled: str, caller: str = "0901", *, returns: bool = False, agent: "Ann | None" = None, name: str = ""
    ) -> "Call":
        """Somebody calls."""
        self._count += 1
        call = Call(self, LegId(f"caller-{self._count}"))
        self.tell(
            ContactArrived(
                leg=call.leg,
                medium=Medium.VOICE,
                caller=caller,
                caller_name=name,
                dialled=dialled,
                returns=returns,
                direction=Direction.INTERNAL if agent is not None else Direction.INBOUND,
                agent_number=agent.record.agent.number if agent is not None else "",
            )
        )
        opened = [c for c in self.engine.world.contacts.values() if c.leg == call.leg]
        call.id = opened[0].id if opened else self.all(ContactEnded)[-1].contact
        return call

    # -- accidents ---------------------------------------------------------------------------------------------------

    def fails(self, command: Any, fault: TransportFault, detail: str = "") -> list[Output]:
        """A command could not be carried out."""
        subject = getattr(command, "leg", "") or getattr(command, "bridge", "")
        for name in ("playback", "recording", "lookup", "card"):
            subject = getattr(command, name, "") or subject
        return self.tell(
            CommandFailed(
                contact=command.contact, command=type(command).__name__, subject=subject, fault=fault, detail=detail
            )
        )

    def listing(self, *, without: Sequence[LegId] = (), up: Sequence[LegId] = ()) -> Resynced:
        """Everything that the engine believes in lives, but for some legs; those in `up` have been answered."""
        legs, bridges = [], []
        for contact in self.engine.world.contacts.values():
            called = contact.callback.leg if contact.callback is not None else None
            others = (contact.leg, contact.agent_leg, contact.other_leg, called)
            consult = contact.consult
            mine = [*contact.offers, *contact.guests, *(leg for leg in others if leg)]
            pickup = contact.parked.pickup if contact.parked is not None else None
            mine += [pickup.leg] if pickup is not None else []
            mine += [leg for leg in (consult.leg, consult.own) if leg] if consult is not None else []
            ringing = [*contact.offers, *([contact.other_leg] if contact.other_leg and not contact.other_up else [])]
            ringing += [called] if called else []
            ringing += [pickup.leg] if pickup is not None else []
            ringing += [contact.leg] if contact.state is ContactState.CALLED and contact.leg is not None else []
            ringing += [consult.leg] if consult is not None and consult.up is None else []
            legs += [
                LegSeen(
                    leg=leg,
                    up=leg not in ringing or leg in up,
                    ours=leg not in (contact.leg, consult.own if consult is not None else None),
                    script=contact.run.script if contact.run is not None and leg == contact.leg else None,
                    away=contact.run is not None and leg == contact.leg,
                )
                for leg in mine
                if leg not in without
            ]
            if contact.bridge is not None:
                talking = [leg for leg in (contact.agent_leg, contact.other_leg) if leg and leg not in ringing]
                talking = [leg for leg in talking if leg != contact.agent_leg or contact.held_since is None]
                talking += contact.guests
                inside = tuple(leg for leg in (contact.leg, *talking) if leg and leg not in without)
                bridges.append(BridgeSeen(bridge=contact.bridge, legs=inside))
            if consult is not None:
                hers = consult.own or contact.agent_leg
                two = (consult.leg if consult.up is not None else None, hers if consult.aside else None)
                beside = tuple(leg for leg in two if leg and leg not in without)
                bridges.append(BridgeSeen(bridge=consult.bridge, legs=beside))
        nailed = self.engine.world.nailed
        legs = [seen for seen in legs if seen.leg not in nailed]
        for agent in self.engine.world.agents.records.values():
            nail = agent.nail
            if nail is not None and nail.leg not in without:
                legs.append(LegSeen(leg=nail.leg, up=nail.state is NailState.UP or nail.leg in up, ours=True))
                if nail.state is NailState.UP:
                    at_home = () if nail.leg in self.engine.world.legs else (nail.leg,)
                    bridges.append(BridgeSeen(bridge=nail.bridge, legs=at_home))
        return Resynced(legs=tuple(legs), bridges=tuple(bridges))

    def restarts(self, away_s: float = 3.0, namespace: str = "storytwo", listing: Resynced | None = None) -> None:
        """The process is killed; a new one takes up snapshot and journal, and is told what lives."""
        engine = Engine(self.configuration, library=self.engine.world.library)
        for line in self.journal:
            entry = decode_entry(line)
            assert engine.handle(entry.event, entry.at) == list(entry.outputs)
        self.engine = engine
        if self._invariants is not None:
            self._invariants.restarted(engine)
        self.now += away_s
        self.tell(EngineStarted(namespace=namespace, build="test", version=engine.world.version))
        self.tell(self.listing() if listing is None else listing)

    def told_again(self) -> None:
        """A fresh engine that is told the journal says the same, also from a snapshot taken at any entry."""
        library = self.engine.world.library
        engine = Engine(self.configuration, library=dict(library))
        for line in self.journal:
            entry = decode_entry(line)
            assert engine.handle(entry.event, entry.at) == list(entry.outputs)
            engine = restore(self.configuration, take_snapshot(engine), dict(library))


class Ann:
    """An agent."""

    def __init__(self, center: Center, agent: AgentId) -> None:
        self._center = center
        self.id = agent

    @property
    def record(self) -> AgentRecord:
        """What the engine remembers of her."""
        return self._center.engine.world.agents.records[self.id]

    @property
    def state(self) -> AgentState:
        """What the system has her doing."""
        return self.record.state

    def is_in(self, state: AgentState) -> bool:
        """Whether she is in this state (for stories in which it changes)."""
        return self.state is state

    @property
    def is_rung(self) -> bool:
        """Whether her phone rings."""
        return self.record.offer is not None

    @property
    def leg(self) -> LegId:
        """The leg by which she is rung, or talks."""
        if self.record.offer is not None:
            return self.record.offer
        contact = self._center.engine.world.contacts[self.record.contacts[-1]]
        assert contact.agent_leg is not None
        return contact.agent_leg

    def asks_for(self, status: AgentStatus, reason: str = "") -> str:
        """A request for a status."""
        center = self._center
        return center.ask(AgentStatusRequested(request=center.request(), agent=self.id, status=status, reason=reason))

    def logs_in(self) -> None:
        """Log in."""
        assert self.asks_for(AgentStatus.AVAILABLE) == ""

    def is_ready(self) -> None:
        """Come back from a pause."""
        assert self.asks_for(AgentStatus.AVAILABLE) == ""

    def logs_out(self) -> None:
        """Log out."""
        assert self.asks_for(AgentStatus.LOGGED_OUT) == ""

    def pauses(self, reason: str = "lunch") -> None:
        """Pause."""
        assert self.asks_for(AgentStatus.PAUSED, reason) == ""

    def phone(self, state: PhoneState) -> None:
        """Her phone comes or goes."""
        self._center.tell(PhoneChanged(number=self.record.agent.number, state=state))

    @property
    def line(self) -> LegId:
        """The long leg of her phone, which is nailed up or called for that."""
        assert self.record.nail is not None
        return self.record.nail.leg

    def takes_the_line(self) -> None:
        """Pick up the call by which her phone is nailed up."""
        self._center.tell(LegAnswered(leg=self.line))

    def drops_the_line(self, how: LegEnd = LegEnd.NORMAL) -> None:
        """Put it down, in one way or another."""
        self._center.tell(LegEnded(leg=self.line, end=how))

    def rings(self) -> None:
        """Her phone says that it rings."""
        self._center.tell(LegRinging(leg=self.leg))

    def answers(self) -> None:
        """Pick up."""
        self._center.tell(LegAnswered(leg=self.leg))

    def declines(self, how: LegEnd = LegEnd.REJECTED) -> None:
        """Not pick up, in one way or another."""
        self._center.tell(LegEnded(leg=self.leg, end=how))

    def hangs_up(self) -> None:
        """Put the phone down."""
        self._center.tell(LegEnded(leg=self.leg, end=LegEnd.NORMAL))


class Call:
    """One caller's call."""

    def __init__(self, center: Center, leg: LegId) -> None:
        self._center = center
        self.leg = leg
        self.id = ContactId("")

    @property
    def record(self) -> ContactRecord:
        """What the engine remembers of it, while it lives."""
        return self._center.engine.world.contacts[self.id]

    @property
    def state(self) -> ContactState:
        """Where it is."""
        contact = self._center.engine.world.contacts.get(self.id)
        return contact.state if contact is not None else ContactState.ENDED

    def is_in(self, state: ContactState) -> bool:
        """Whether it is in this state (for stories in which it changes)."""
        return self.state is state

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not ContactState.ENDED

    @property
    def queue(self) -> str | None:
        """Which queue it is in."""
        return self.record.queue

    @property
    def offers(self) -> list[OfferRecord]:
        """The phones that ring for it."""
        return list(self.record.offers.values())

    @property
    def rung(self) -> list[str]:
        """Who is rung for it."""
        return [offer.agent for offer in self.offers]

    @property
    def called_on(self) -> LegId:
        """The customer's phone that rings: she is being called back."""
        assert self.record.callback is not None
        assert self.record.callback.leg is not None, "nobody is being called"
        return self.record.callback.leg

    @property
    def is_called(self) -> bool:
        """Whether the customer's phone rings."""
        return self.is_live and self.record.callback is not None and self.record.callback.leg is not None

    def customer_answers(self) -> None:
        """She picks up: from here on this is her leg."""
        self.leg = self.called_on
        self._center.tell(LegAnswered(leg=self.leg))

    def customer_declines(self, how: LegEnd = LegEnd.NO_ANSWER) -> None:
        """She does not pick up."""
        self._center.tell(LegEnded(leg=self.called_on, end=how))

    @property
    def summary(self) -> ContactEnded:
        """What is said of it at its end."""
        [summary] = [fact for fact in self._center.all(ContactEnded) if fact.contact == self.id]
        return summary

    @property
    def end_reason(self) -> EndReason:
        """Why it ended."""
        return self.summary.reason

    def presses(self, keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self._center.tell(DigitPressed(leg=self.leg, digit=key))

    def hears_it_out(self) -> None:
        """What is being said to the caller ends."""
        playback = self.record.playback
        assert playback is not None, "nothing is being said"
        self._center.tell(PlaybackEnded(playback=playback))

    def hangs_up(self) -> None:
        """The caller hangs up."""
        self._center.tell(LegEnded(leg=self.leg, end=LegEnd.NORMAL))

    def bridge(self) -> BridgeId:
        """Where it happens."""
        assert self.record.bridge is not None
        return self.record.bridge


def need(text: str) -> Need:
    """A need."""
    return parse_need(text)


__all__ = [
    "START",
    "Ann",
    "AnswerLeg",
    "Call",
    "Center",
    "HangUp",
    "OpenBridge",
    "RingAgent",
    "flow",
    "need",
    "queue",
    "to_queue",
]
