"""Who gets whom: fairness across queues and events, and the choice against the simplest thing that is right."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.lines import place_of
from callcenter.core.state import ContactRecord
from callcenter.model.agent import AgentState
from callcenter.model.contact import ContactState
from callcenter.model.facts import ContactOffered
from callcenter.model.ids import QueueName
from callcenter.strategies import STRATEGIES, Breadth
from tests.core.center import Ann, Call, Center, queue, to_queue
from tests.examples import examples


def test_who_waits_is_served_before_who_comes_in_the_moment_in_which_an_agent_becomes_free() -> None:
    center = Center(queue("sales", wrap_up_s=10.0))
    ann = center.agent("ann")
    first = center.call("sales")
    ann.answers()
    ann.hangs_up()
    waiting = center.call("sales")
    center.now += 10.0  # her wrap-up is over, and the engine hears of it with the next caller
    late = center.call("sales")
    assert first.state is ContactState.ENDED
    assert (waiting.state, late.state) == (ContactState.OFFERED, ContactState.WAITING)


def test_those_who_are_sent_on_together_are_served_in_the_order_of_their_places() -> None:
    center = Center(
        queue("c", "nobody_has_it", max_wait_s=5.0, overflow=to_queue("a")),
        queue("a", "rare", no_agents=to_queue("b")),
        queue("b", "common"),
    )
    rae = center.agent("rae", rare=1)
    rae.pauses()
    early = center.call("c")
    center.passes(1.0)
    late = center.call("a")
    center.passes(10.0)
    assert list(center.engine.world.queued[QueueName("a")]) == [late.id, early.id]
    center.agent("cat", common=1)
    rae.logs_out()
    assert (early.state, late.state) == (ContactState.OFFERED, ContactState.WAITING)


def test_a_place_counts_before_the_strategys_taste() -> None:
    """Two agents become free at once; the caller who can only be served by one of them has the better place."""
    center = Center(
        queue("picky", "a", wrap_up_s=10.0, priority=90), queue("any", wrap_up_s=10.0, strategy="fewest_contacts")
    )
    ann, bob = center.agent("ann", a=1), center.agent("bob")
    for agent in (ann, bob):
        center.call("any")
        agent.answers()
    for agent in (ann, bob):
        agent.hangs_up()
    easy = center.call("any")
    picky = center.call("picky")
    center.passes(10.0)
    assert picky.rung == ["ann"]
    assert easy.rung == ["bob"]


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_an_agent_who_becomes_free_gets_the_highest_priority_then_the_longest_wait(strategy: str) -> None:
    low, high = queue("low", priority=10, strategy=strategy), queue("high", priority=90, strategy=strategy)
    center = Center(low, high)
    calls = [center.call("low"), center.call("high"), center.call("low"), center.call("high")]
    ann = center.agent("ann")
    served = []
    for _ in calls:
        served.append(center.all(ContactOffered)[-1].contact)
        ann.answers()
        ann.hangs_up()
    assert served == [calls[1].id, calls[3].id, calls[0].id, calls[2].id]
    assert ann.state is AgentState.READY


skills = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 3), max_size=2)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 3)),
        st.tuples(st.just("hire"), skills),
        st.tuples(st.just("answers"), st.integers(0, 9)),
        st.tuples(st.just("declines"), st.integers(0, 9)),
        st.tuples(st.just("hangs_up"), st.integers(0, 9)),
        st.tuples(st.just("pass"), st.sampled_from([0.0, 1.0, 5.0, 30.0])),
    ),
    max_size=25,
)
NEEDS = ("", "a", "a >= 2 or b", "a >= 3 and b or a and b >= 2")


@settings(max_examples=examples(60), deadline=None)
@given(strategy=st.sampled_from(sorted(STRATEGIES)), deeds=deeds)
def test_every_decision_is_what_a_look_at_everybody_would_decide(strategy: str, deeds: list[tuple[str, Any]]) -> None:
    center = Center(*(queue(f"q{n}", need, strategy=strategy, wrap_up_s=5.0 * (n % 2)) for n, need in enumerate(NEEDS)))
    center.engine.parts.matching.on_decision = lambda contact: check_claim(center, contact)
    agents: list[Ann] = []
    calls: list[Call] = []

    def those(what: str) -> list[Any]:
        """Who can do it now."""
        if what in ("answers", "declines"):
            return [agent for agent in agents if agent.is_rung]
        if what == "hangs_up":
            return [agent for agent in agents if agent.record.contacts] + [c for c in calls if c.is_live]
        return []

    for what, which in deeds:
        if what == "call":
            calls.append(center.call(f"q{which}", caller=str(which)))
        elif what == "hire":
            agents.append(center.agent(f"agent{len(agents)}", **which))
        elif what == "pass":
            center.passes(which)
        elif able := those(what):
            getattr(able[which % len(able)], what)()
        check_choice(center, strategy)


def check_choice(center: Center, strategy: str) -> None:
    """What was offered last was offered to the best of those who were free: nobody left over is ranked better."""
    world, rule = center.engine.world, STRATEGIES[strategy]
    for fact in center.lately(ContactOffered):
        contact = world.contacts.get(fact.contact)
        if contact is None or rule.breadth is Breadth.ALL or contact.queue is None:
            continue
        [chosen] = [one for one in fact.considered if one.agent == fact.agent]
        for rank, candidate in center.engine.parts.matching.candidates(contact):
            assert (chosen.rank, chosen.agent) < (rank, candidate.agent)


def check_claim(center: Center, contact: ContactRecord) -> None:
    """Before a contact is matched: nobody has a better place whom somebody free could serve."""
    world = center.engine.world
    free = [r for r in world.agents.records.values() if world.agents.free.is_free(r.agent.id, contact.medium)]
    if any(contact.needs.met_by(r.agent.skills) for r in free):
        for other in world.contacts.values():
            if other.state is ContactState.WAITING and place_of(other, center.now) < place_of(contact, center.now):
                assert not any(other.needs.met_by(r.agent.skills) for r in free)
