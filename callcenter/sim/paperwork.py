"""What is recorded of talks, and who is important, in a drawn call center: drawn, done by clerks, and checked.

Drawn and done apart from all else (a random of its own), so that a seed keeps the center that it has without.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from callcenter.core.world import World
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.configuration import Configuration
from callcenter.model.customer import VIP_CUSTOMERS, CustomerMark
from callcenter.model.disposition import Asked, DispositionRules, DispositionTree, Outcome, WantedCallback
from callcenter.model.entry import Entry
from callcenter.model.events import CustomersMarked, DispositionRequested, Event
from callcenter.model.facts import AgentChanged, DispositionDue, DispositionRecorded, TalkEnded
from callcenter.model.flow import Flow
from callcenter.model.form_field import FieldType, FormField, read_fields
from callcenter.model.ids import AgentId, ContactId, FlowName, RequestId, TreeName
from callcenter.model.queue import Queue
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.outcome import RecordOutcome
from callcenter.sim.callbacks import CALLERS, NUMBERING, number_of
from callcenter.sim.violation import Violation
from callcenter.sim.world import Agenda

TALKS: Final = TreeName("talks")
ANSWERED: Final = FlowName("outcome_1")  # the flow of a feature code
CODE: Final = "*51"
EVERY_S: Final = 9.0
KNOWN_MAX: Final = 40  # contacts that the clerks still think of
LATE_S: Final = 1.0
TREE: Final = DispositionTree(
    name=TALKS,
    outcomes={
        "sold": Outcome(label="Sold", key="1"),
        "complaint.billing": Outcome(label="Complaint / Billing", note=Asked.REQUIRED),
        "later": Outcome(label="Later", callback=Asked.REQUIRED),
        "order": Outcome(label="Order", fields={"amount": FormField(type=FieldType.NUMBER, required=True)}),
    },
)


def with_paperwork(random: Random, configuration: Configuration) -> Configuration:
    """The configuration, in which some queues want something recorded, and some serve important customers earlier."""
    queues = {name: _queue(random, queue) for name, queue in sorted(configuration.queues.items())}
    code = Flow(
        name=ANSWERED,
        start="ask",
        nodes={
            "ask": RecordOutcome(key=Key("1"), done=NextNode("done"), refused=NextNode("done")),
            "done": Hangup(),
        },
    )
    return replace(
        configuration,
        queues=queues,
        flows={**configuration.flows, ANSWERED: code},
        numbers={**configuration.numbers, CODE: ANSWERED},
        dispositions={TALKS: TREE},
    )


def _queue(random: Random, queue: Queue) -> Queue:
    rules = None
    if random.random() < 0.6:
        required = random.random() < 0.7
        hold_s = random.choice((0.0, 0.0, 10.0, 60.0)) if required else 0.0
        rules = DispositionRules(tree=TALKS, required=required, hold_s=hold_s)
    vip = {**queue.vip, VIP_CUSTOMERS: 20} if random.random() < 0.5 else queue.vip
    return replace(queue, disposition=rules, vip=vip)


class Clerks:
    """Who records what came of talks, in time, late, wrongly; and who marks customers."""

    def __init__(
        self,
        agenda: Agenda,
        random: Random,
        ask: Callable[[Event], str | None],
        live: Callable[[], list[ContactId]],
        dial: Callable[[Random], None],
    ) -> None:
        """`live` lists the contacts there are; `dial` has an agent dial the feature code of an outcome."""
        self._agenda = agenda
        self._random = random
        self._ask = ask
        self._live = live
        self._dial = dial
        self._known: list[ContactId] = []
        self._requests = 0

    def work(self, until: float) -> None:
        """Do something, and again later."""
        random = self._random
        self._known = [*self._known, *self._live()][-KNOWN_MAX:]
        what = random.random()
        if what < 0.2:
            self._mark()
        elif what < 0.3:
            self._dial(random)
        elif self._known:
            self._record(random.choice(self._known))
        if self._agenda.now < until:
            self._agenda.on_tick(random.expovariate(1 / EVERY_S), lambda: self.work(until))

    def _request(self) -> RequestId:
        self._requests += 1
        return RequestId(f"clerk-{self._requests}")

    def _mark(self) -> None:
        random = self._random
        marks = tuple(
            CustomerMark(
                number=NUMBERING.normal(number_of(random.randrange(CALLERS))),
                vip=random.random() < 0.4,
                do_not_call=random.random() < 0.2,
            )
            for _ in range(random.randint(1, 3))
        )
        self._ask(CustomersMarked(request=self._request(), marks=marks))

    def _record(self, contact: ContactId) -> None:
        random = self._random
        code = random.choice(("sold", "sold", "complaint.billing", "later", "order", "nothing"))
        callback = WantedCallback(only_me=random.random() < 0.3) if code == "later" else None
        self._ask(
            DispositionRequested(
                request=self._request(),
                contact=contact,
                code=code,
                note=random.choice(("", "paid twice")),
                fields={"amount": random.choice(("12.50", "1,5", "much"))} if code == "order" else {},
                callback=callback,
                by="clerk",
            )
        )


class PaperChecks:
    """What must hold of everything that is recorded."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[ContactId, AgentId], int] = {}
        self._held: dict[AgentId, tuple[ContactId, float]] = {}  # whose wrap-up is held for what, and until when

    def after(self, entry: Entry, world: World) -> None:
        """Look at one entry. Raises Violation."""
        due = {(fact.contact, fact.agent) for fact in entry.outputs if isinstance(fact, DispositionDue)}
        # a list of what lives may tell that a talk is over and, of a phone that has called in, what came of it
        due -= {(fact.contact, fact.agent) for fact in entry.outputs if isinstance(fact, DispositionRecorded)}
        for fact in entry.outputs:
            match fact:
                case TalkEnded(contact=contact, agent=agent):
                    self._talk_over(fact, world, (contact, agent) in due)
                case DispositionRecorded():
                    self._recorded(fact, entry, world)
                case AgentChanged(agent=agent, was_state=AgentState.WRAP_UP) if agent in self._held:
                    self._left_wrap_up(fact, entry)
                case _:
                    pass

    def _talk_over(self, fact: TalkEnded, world: World, due: bool) -> None:
        talks = [
            talk for talk in world.talked.get(fact.contact, ()) if talk.agent == fact.agent and talk.ended == world.now
        ]
        rules = world.library[talks[-1].version].queues[fact.queue].disposition if talks else None
        missing = rules is not None and rules.required and not talks[-1].recorded
        if due != missing:
            raise Violation(f"of the talk in {fact.contact} it is said to be missing: {due}")
        if due and rules is not None and rules.hold_s:
            self._held[fact.agent] = (fact.contact, world.now + rules.hold_s)
        else:
            self._held.pop(fact.agent, None)

    def _recorded(self, fact: DispositionRecorded, entry: Entry, world: World) -> None:
        before = self._numbers.get((fact.contact, fact.agent), 0)
        forgotten = isinstance(entry.event, DispositionRequested) and entry.event.on_record is not None
        if fact.number not in (1, before + 1) and not forgotten:
            raise Violation(f"{fact.contact}: number {fact.number} was recorded after {before}")
        self._numbers[fact.contact, fact.agent] = fact.number
        trees = (one.dispositions.get(fact.tree) for one in reversed(world.library.values()))
        tree = next(one for one in trees if one is not None and fact.code in one.outcomes)
        outcome = tree.outcomes[fact.code]
        values, problems = read_fields(tree.fields_of(outcome), fact.fields)
        if problems or values != fact.fields:
            raise Violation(f"{fact.contact}: {fact.fields} was recorded, {problems}")
        promised = [one.contact for one in entry.outputs if isinstance(one, CallbackPromised)]
        if (fact.callback is not None) != (outcome.callback is Asked.REQUIRED):
            raise Violation(f"{fact.contact}: {fact.code} was recorded with callback {fact.callback}")
        if fact.callback is not None and fact.callback not in promised:
            raise Violation(f"{fact.callback} is said to be promised, and is not")
        if self._held.get(fact.agent, ("", 0.0))[0] == fact.contact:
            del self._held[fact.agent]

    def _left_wrap_up(self, fact: AgentChanged, entry: Entry) -> None:
        if fact.state is AgentState.WRAP_UP:
            return
        contact, until = self._held.pop(fact.agent)
        if fact.state is AgentState.READY and fact.status is AgentStatus.AVAILABLE and entry.at < until - LATE_S:
            raise Violation(f"{fact.agent} is ready, and has not recorded what came of {contact}")


__all__ = ["Clerks", "PaperChecks", "with_paperwork"]
