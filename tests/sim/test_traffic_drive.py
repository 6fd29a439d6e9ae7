"""The lean driver: calls through the real Engine are what a hand calculation says, phones, patience and wrap-up too."""

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from callcenter.model.agent import Agent
from callcenter.model.callback import CallbackRules, CalledFirst
from callcenter.model.configuration import Configuration
from callcenter.model.contact import EndReason, LookupOutcome
from callcenter.model.events import CallbackRequested, Event, LookedUp
from callcenter.model.facts import AgentChanged, ContactConnected
from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.ids import AgentId, FlowName, QueueName, RequestId, Skill
from callcenter.model.need import parse_need
from callcenter.model.queue import Overflow, Queue, Target
from callcenter.nodes.fields import FilledUrl, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.lookup import Lookup
from callcenter.nodes.play import Play
from callcenter.sim.traffic.calls import Call, Entrance, Outcome, entrances
from callcenter.sim.traffic.drive import Habits, comes_to_work, drive, goes_home

SALES = QueueName("sales")
IN = Entrance(queue=SALES)


def center(queue: Queue | None = None, *more: Queue) -> Configuration:
    queues = {each.name: each for each in (queue or Queue(name=SALES, record=False), *more)}
    return entrances(Configuration(queues=queues), [IN])


def agents(count: int) -> list[Agent]:
    return [Agent(id=AgentId(f"a{n}"), name=f"Agent {n}", number=str(n)) for n in range(count)]


def poisson(count: int, *, per_s: float, talk_s: float, seed: int = 1) -> list[Call]:
    rng, at, calls = random.Random(seed), 1.0, []
    for serial in range(count):
        at += rng.expovariate(per_s)
        calls.append(Call(at=at, flow=IN.flow, talk_s=rng.expovariate(1 / talk_s), serial=serial))
    return calls


def waits_in_order(calls: Sequence[Call], servers: int) -> list[float]:
    """First come, first served, by the recursion of Kiefer and Wolfowitz (1955)."""
    free, waits = [0.0] * servers, []
    for call in calls:
        begins = max(heapq.heappop(free), call.at)
        heapq.heappush(free, begins + call.talk_s)
        waits.append(begins - call.at)
    return waits


def test_every_wait_is_that_of_the_recursion() -> None:
    calls = poisson(3_000, per_s=9 / 100, talk_s=100)
    outcomes = sorted(drive(center(), agents(10), calls), key=lambda outcome: outcome.call.serial)
    assert [o.summary.wait_s for o in outcomes] == pytest.approx(waits_in_order(calls, 10), abs=1e-6)
    assert all(outcome.served for outcome in outcomes)
    assert [o.delayed for o in outcomes] == [wait > 1e-6 for wait in waits_in_order(calls, 10)]


def test_a_caller_without_patience_leaves_and_may_try_again() -> None:
    calls = [Call(at=10, flow=IN.flow, talk_s=100), Call(at=20, flow=IN.flow, talk_s=5, patience_s=30, serial=1)]

    def again(outcome: Outcome) -> Call | None:
        if not outcome.abandoned:
            return None
        return Call(at=outcome.ended + 100, flow=IN.flow, talk_s=5, patience_s=30, serial=1, tries=2)

    outcomes = drive(center(), agents(1), calls, habits=Habits(again=again))
    ends = [(o.call.serial, o.call.tries, o.ended, o.served) for o in outcomes]
    assert ends == [(1, 1, 50, False), (0, 1, 110, True), (1, 2, 155, True)]


def test_who_finds_every_line_busy_is_turned_away_and_may_try_again() -> None:
    def again(outcome: Outcome) -> Call | None:
        if outcome.summary.reason is not EndReason.REFUSED or outcome.call.tries > 1:
            return None
        return Call(at=outcome.ended + 60, flow=IN.flow, talk_s=5, serial=outcome.call.serial, tries=2)

    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=20, serial=n) for n in range(4)]
    calls.append(Call(at=30.5, flow=IN.flow, talk_s=5, serial=4))  # the first is over by then, and her line is free
    outcomes = drive(center(), agents(1), calls, habits=Habits(again=again), lines=2)
    ends = [(o.call.serial, o.call.tries, o.ended, o.served) for o in outcomes]
    assert ends == [
        (2, 1, 12, False),
        (3, 1, 13, False),
        (0, 1, 30, True),
        (1, 1, 50, True),
        (4, 1, 55, True),
        (2, 2, 77, True),
        (3, 2, 82, True),
    ]
    assert {o.summary.wait_s for o in outcomes if not o.served} == {0.0}


def test_lines_are_taken_though_agents_are_idle() -> None:
    """What a limit on those who wait is not: here nobody waits, and the third caller is turned away all the same."""
    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=20, serial=n) for n in range(3)]
    assert [o.call.serial for o in drive(center(), agents(9), calls, lines=2) if not o.served] == [2]
    assert all(o.served for o in drive(center(), agents(9), calls))


def test_an_agent_is_not_there_until_her_wrap_up_is_over() -> None:
    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=10, serial=n, wrap_up_s=wrap) for n, wrap in enumerate((7, 0, 1))]
    queue = Queue(name=SALES, record=False, wrap_up_s=3)
    begins = [o.ended - o.call.talk_s for o in drive(center(queue), agents(1), calls)]
    assert begins == [10, 27, 37]
    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=10, serial=n) for n in range(3)]
    assert [o.ended for o in drive(center(queue), agents(1), calls)] == [20, 33, 46]


def test_a_wrap_up_may_be_longer_than_the_engine_gives_at_once() -> None:
    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=10, wrap_up_s=5_000) for n in range(2)]
    queue = Queue(name=SALES, record=False, wrap_up_s=1)
    assert [o.ended for o in drive(center(queue), agents(1), calls)] == [20, 5_030]


def test_phones_ring_as_long_as_habit_says() -> None:
    def slow(call: Call | None, agent: AgentId) -> float | None:
        return None if agent == "a0" else 4.0

    calls = [Call(at=10, flow=IN.flow, talk_s=10)]
    [outcome] = drive(center(), agents(2), calls, habits=Habits(answer_s=slow))
    assert (outcome.summary.wait_s, outcome.summary.missed, outcome.summary.agent) == (24, 1, "a1")
    assert not outcome.delayed


@pytest.mark.parametrize(
    ("habits", "ended"),
    [(Habits(), 20.0), (Habits(prompt_s=lambda play: 6.0), 26.0), (Habits(talk_s=lambda call, agent: 1.0), 11.0)],
)
def test_prompts_and_talk_take_the_time_that_habits_give(habits: Habits, ended: float) -> None:
    greeting = Prompt(name="greeting", texts={"en": "Hello"})
    flow = Flow(
        name=FlowName("f"),
        start="hello",
        nodes={"hello": Play(prompt=greeting, next=NextNode("in")), **center().flows[IN.flow].nodes},
    )
    configuration = Configuration(
        queues={SALES: Queue(name=SALES, record=False)}, flows={flow.name: flow}, default_flow=flow.name
    )
    [outcome] = drive(configuration, agents(1), [Call(at=10, dialled="1", talk_s=10)], habits=habits)
    assert outcome.ended == ended


def test_shifts_begin_and_end() -> None:
    events: list[tuple[float, Event]] = [(100, comes_to_work(AgentId("a0"))), (205, goes_home(AgentId("a0")))]
    calls = [Call(at=float(at), flow=IN.flow, talk_s=10, patience_s=500) for at in (10, 200, 300)]
    changes: list[AgentChanged] = []
    told: Callable[[AgentChanged, float], None] = lambda changed, now: changes.append(changed)  # noqa: E731
    outcomes = drive(center(), agents(1), calls, events=events, watch={AgentChanged: told})
    assert [(o.summary.reason, o.ended) for o in outcomes] == [
        (EndReason.CALLER_HUNG_UP, 110),
        (EndReason.CALLER_HUNG_UP, 210),
        (EndReason.ABANDONED, 800),
    ]
    assert changes[-1].status == "logged_out"


def test_who_the_queue_will_not_keep_is_refused_or_sent_on() -> None:
    backup = Queue(name=QueueName("backup"), record=False)
    full = Queue(name=SALES, record=False, max_waiting=1, needs=parse_need("sales"))
    people = [Agent(id=AgentId("a"), name="", number="1", skills={Skill("sales"): 1})]
    calls = [Call(at=10.0 + n, flow=IN.flow, talk_s=50, serial=n) for n in range(3)]
    ends = [(o.call.serial, o.summary.reason) for o in drive(center(full), people, calls)]
    assert ends == [(2, EndReason.REFUSED), (0, EndReason.CALLER_HUNG_UP), (1, EndReason.CALLER_HUNG_UP)]
    sends_on = Queue(
        name=SALES,
        record=False,
        needs=parse_need("sales"),
        max_wait_s=5,
        overflow=Target(to=Overflow.QUEUE, name="backup"),
    )
    connected: list[tuple[float, str]] = []
    told: Callable[[ContactConnected, float], None] = lambda one, now: connected.append((now, one.queue))  # noqa: E731
    drive(center(sends_on, backup), agents(1), calls[:1], watch={ContactConnected: told})
    assert connected == [(15.0, "backup")]


@pytest.mark.parametrize(
    ("first", "law"), [(CalledFirst.AGENT, ()), (CalledFirst.CUSTOMER, ()), (CalledFirst.AGENT, ("us",))]
)
def test_who_is_called_back_talks_and_ends(first: CalledFirst, law: tuple[str, ...]) -> None:
    rules = CallbackRules(first=first, law=law)
    queue = Queue(name=SALES, record=False, callback=rules)
    configuration = replace(center(queue), callback_to=("[0-9]+",))
    asked = CallbackRequested(request=RequestId("r"), queue=SALES, number="0901234567")
    events: list[tuple[float, Event]] = [(5.0, comes_to_work(AgentId("a0"))), (20.0, asked)]
    habits = Habits(talk_s=lambda call, agent: 30.0)
    calls = [Call(at=10, flow=IN.flow), Call(at=21, flow=IN.flow, patience_s=100)]
    outcomes = drive(configuration, agents(1), calls, events=events, habits=habits)
    assert sorted((o.call.kind, o.served) for o in outcomes) == [("", True), ("", True), ("callback", True)]
    assert max(outcome.ended for outcome in outcomes) == pytest.approx(100, abs=5)


def test_a_program_outside_answers_nothing_unless_habit_says() -> None:
    asked = Lookup(
        url=FilledUrl("http://crm.example/customers"),
        found=NextNode("in"),
        not_found=NextNode("bye"),
        failed=NextNode("bye"),
    )
    nodes: dict[str, Node] = {"ask": asked, "bye": Hangup(), **center().flows[IN.flow].nodes}
    flow = Flow(name=FlowName("f"), start="ask", nodes=nodes)
    configuration = replace(center(), flows={flow.name: flow}, default_flow=flow.name, lookup_hosts=("crm.example",))
    calls = [Call(at=10, dialled="1", talk_s=10)]
    [outcome] = drive(configuration, agents(1), calls)
    assert outcome.summary.reason is EndReason.FLOW_ENDED
    found = Habits(lookup=lambda asked: LookedUp(lookup=asked.lookup, outcome=LookupOutcome.FOUND))
    [outcome] = drive(configuration, agents(1), calls, habits=found)
    assert outcome.served


def test_nobody_waits_for_ever() -> None:
    assert drive(center(), [], [Call(at=10, flow=IN.flow)]) == []
    assert math.isinf(Call(at=1).patience_s)
