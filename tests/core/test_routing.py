"""Routing beyond skill and priority, told as stories: who may serve when, and who comes first."""

from typing import Any

import pytest

from callcenter.core.explain import verdicts
from callcenter.core.lines import points
from callcenter.model.agent import AgentState, PhoneState
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.events import ContactArrived
from callcenter.model.facts import ContactOffered, NeedsRelaxed
from callcenter.model.ids import AgentId, LegId, ListName, QueueName, Skill
from callcenter.model.need import parse_need
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.queue import RelaxStep
from callcenter.model.relaxation import Ageing, Lowering, Reserve, Sticky
from callcenter.model.routing import Blend, First, Routing
from callcenter.nodes.enqueue import Enqueue
from tests.core.center import Ann, Call, Center, flow, queue, to_queue

S = ContactState
SERVICE_LEVEL = Routing(order="service_level")


def words_about(center: Center, call: Call, agent: Ann) -> str:
    """What `explain` says of an agent who may not have the call."""
    [verdict] = [one for one in verdicts(center.engine, call.id, center.now) if one.agent == agent.id]
    assert not verdict.candidate
    return verdict.words


# -- asking for less ---------------------------------------------------------------------------------------------------

LESS = (
    RelaxStep(after_s=10, lower=Lowering(by=1)),
    RelaxStep(after_s=20, drop=(Skill("b"),)),
    RelaxStep(after_s=30, add=parse_need("@zoe")),
)


def test_relative_steps_apply_to_what_the_call_itself_asks_for() -> None:
    brings = flow("own", go=Enqueue(queue=QueueName("q"), needs=parse_need("a >= 4 and b or c >= 2")))
    center = Center(queue("q", "a >= 2", relax=LESS), flows=[brings])
    center.call("own")
    center.passes(31.0)
    assert [fact.needs for fact in center.all(NeedsRelaxed)] == [
        "a >= 3 and b or c",
        "a >= 3 or c",
        "@zoe or a >= 3 or c",
    ]
    center.told_again()


def test_a_call_may_bring_its_own_relaxation() -> None:
    own = Enqueue(queue=QueueName("q"), relax=(RelaxStep(after_s=5, needs=parse_need("b")),))
    center = Center(queue("q", "a", relax=LESS), flows=[flow("own", go=own)])
    bob = center.agent("bob", b=1)
    call = center.call("own")
    assert call.rung == []
    center.passes(5.0)
    assert call.rung == [bob.id]


@pytest.mark.parametrize(("strategy", "also"), [("ring_all", ["bob"]), ("longest_idle", [])])
def test_it_goes_on_while_a_phone_rings(strategy: str, also: list[str]) -> None:
    """Where all phones ring, the new ones ring at once; where one rings, they count the moment it stops."""
    steps = (RelaxStep(after_s=5, drop=(Skill("a"),)),)
    center = Center(queue("q", "a", relax=steps, strategy=strategy, offer_timeout_s=20.0))
    ann, bob = center.agent("ann", a=1), center.agent("bob")
    call = center.call("q")
    assert call.rung == ["ann"]
    center.passes(5.0)
    assert sorted(call.rung) == sorted(["ann", *also])
    ann.declines()
    assert call.rung == ["bob"]
    bob.answers()
    assert call.state is S.CONNECTED
    center.told_again()


def test_who_rings_late_takes_nobody_from_those_who_came_first() -> None:
    steps = (RelaxStep(after_s=5, needs=parse_need("")),)
    center = Center(queue("all", "a", relax=steps, strategy="ring_all"), queue("other", "b"))
    center.agent("ann", a=1)
    center.call("all")
    waiting = center.call("other")
    bob = center.agent("bob", b=1)
    assert waiting.rung == [bob.id]
    center.passes(6.0)
    assert waiting.rung == [bob.id]


# -- the agent who knows the caller ------------------------------------------------------------------------------------


def known(**rules: Any) -> tuple[Center, Ann, Ann]:
    """A caller whom ann has served; bob has been free longer."""
    center = Center(queue("q", sticky=Sticky(for_s=20.0, within_s=1000.0, pause_s=30.0, **rules)), queue("r"))
    ann = center.agent("ann")
    center.call("q", caller="0901")
    ann.answers()
    bob = center.agent("bob")
    ann.hangs_up()
    center.passes(1.0)
    return center, ann, bob


def busy(center: Center, agent: Ann, other: Ann) -> None:
    """Let `agent` talk to somebody."""
    other.pauses()
    center.call("r", caller="0999")
    agent.answers()
    other.is_ready()


def test_a_caller_waits_for_her_agent_and_no_longer_than_the_rule_says() -> None:
    center, ann, bob = known()
    busy(center, ann, bob)
    call = center.call("q", caller="0901")
    assert call.rung == []
    assert words_about(center, call, bob) == "the caller is kept for 20 s more for ann, who served her last"
    center.passes(19.0)
    assert call.rung == []
    center.passes(1.0)
    assert call.rung == ["bob"]
    [fact] = center.lately(NeedsRelaxed)
    assert fact.why == "not kept for ann any more: she could not take it in time"
    center.told_again()


def test_her_agent_gets_her_when_free_though_another_was_free_for_longer() -> None:
    center, ann, _ = known()
    call = center.call("q", caller="0901")
    assert call.rung == [ann.id]
    assert "kept for her, who served this caller last" in center.all(ContactOffered)[-1].why


@pytest.mark.parametrize("leaves", ["pauses", "logs_out", "phone"])
def test_everybody_may_serve_at_once_when_her_agent_leaves(leaves: str) -> None:
    center, ann, bob = known()
    busy(center, ann, bob)
    call = center.call("q", caller="0901")
    assert call.rung == []
    if leaves == "phone":
        ann.phone(PhoneState.UNREACHABLE)
    else:
        getattr(ann, leaves)()
    assert call.rung == ["bob"]
    center.told_again()


@pytest.mark.parametrize("away", ["logged out", "paused for long", "long ago", "another caller", "no caller"])
def test_nobody_waits_for_an_agent_who_is_not_at_work_or_did_not_serve_her(away: str) -> None:
    center, ann, bob = known()
    caller = "0901"
    match away:
        case "logged out":
            ann.logs_out()
        case "paused for long":
            ann.pauses()
            center.passes(31.0)
        case "long ago":
            busy(center, ann, bob)
            center.passes(1001.0)
        case _:
            busy(center, ann, bob)
            caller = "0902" if away == "another caller" else ""
    call = center.call("q", caller=caller)
    assert call.rung == ["bob"]


def test_a_short_pause_is_waited_for_and_any_queue_may_count() -> None:
    center, ann, bob = known(any_queue=True)
    ann.pauses()
    bob.pauses()
    center.call("r", caller="0905")
    bob.is_ready()
    bob.answers()
    bob.hangs_up()
    waits = center.call("q", caller="0901")
    assert waits.rung == []
    knows = center.call("q", caller="0905")  # bob served her, in another queue
    assert knows.rung == ["bob"]
    ann.is_ready()
    assert waits.rung == ["ann"]


def test_who_could_serve_counts_though_the_caller_is_kept() -> None:
    center, ann, bob = known()
    busy(center, ann, bob)
    call = center.call("q", caller="0901")
    assert call.record.asks == parse_need("")
    assert str(call.record.needs) == "@ann"


# -- the reserve -------------------------------------------------------------------------------------------------------


def test_the_reserve_serves_those_who_have_waited_and_other_queues_as_ever() -> None:
    reserve = Reserve(agents=(AgentId("rex"),), needs=parse_need("office"), above_s=30.0)
    center = Center(queue("q", "a", reserve=reserve), queue("r", "a"))
    rex, kim = center.agent("rex", a=1), center.agent("kim", a=1, office=2)
    call = center.call("q")
    assert call.rung == []
    assert words_about(center, call, rex) == "is a reserve of q and serves after 30 s of waiting (now 0 s)"
    assert words_about(center, call, kim).startswith("is a reserve of q")
    elsewhere = center.call("r")
    assert elsewhere.rung == ["kim"]
    kim.answers()
    center.passes(29.0)
    assert call.rung == []
    center.passes(1.0)
    assert call.rung == ["rex"]
    assert center.lately(NeedsRelaxed)[0].why == "the reserve may serve now"
    center.told_again()


def test_a_queue_whose_reserve_alone_is_at_work_has_agents() -> None:
    reserve = Reserve(agents=(AgentId("rex"),), above_s=30.0)
    center = Center(queue("q", reserve=reserve, no_agents=to_queue("r")), queue("r", "nobody_has_it"))
    center.agent("rex")
    call = center.call("q")
    assert call.record.queue == "q"
    center.passes(30.0)
    assert call.rung == ["rex"]


# -- priority ----------------------------------------------------------------------------------------------------------


def test_an_important_caller_comes_first_however_her_number_is_written() -> None:
    gold = NumberList(name=ListName("gold"), numbers=frozenset({"+84901"}), numbering=Numbering(country_code="84"))
    tin = NumberList(name=ListName("tin"), numbers=frozenset({"+84901"}), numbering=Numbering(country_code="84"))
    vip = {ListName("gold"): 30, ListName("tin"): 10}
    center = Center(queue("q", vip=vip), lists=[gold, tin])
    first, important = center.call("q", caller="0902"), center.call("q", caller="0901")
    assert (first.record.priority, important.record.priority) == (50, 80)
    center.agent("ann")
    assert (first.state, important.state) == (S.WAITING, S.OFFERED)


def test_priority_grows_with_waiting_up_to_its_cap() -> None:
    center = Center(
        queue("old", priority=40, ageing=Ageing(per_minute=10, max=15)),
        queue("new", priority=50),
        queue("far", priority=60),
    )
    old = center.call("old")
    center.passes(59.0)
    new = center.call("new")
    center.passes(0.5)
    assert center.engine.view(center.now).contacts[0].position == 1
    assert points(old.record, center.now) == pytest.approx(49.9167, abs=1e-3)
    center.passes(1.0)
    far = center.call("far")
    center.passes(600.0)
    assert points(old.record, center.now) == 55
    ann = center.agent("ann")
    served = []
    for _ in range(3):
        served.append(center.all(ContactOffered)[-1].contact)
        ann.answers()
        ann.hangs_up()
    assert served == [far.id, old.id, new.id]
    center.told_again()


def test_the_place_that_is_announced_follows_ageing() -> None:
    rules: dict[str, Any] = {"ageing": Ageing(per_minute=10, max=50)}
    brings = flow("low", go=Enqueue(queue=QueueName("q"), priority=40))
    center = Center(queue("q", **rules), flows=[brings])
    low = center.call("low")
    center.passes(30.0)
    center.call("q")
    positions = {view.id: view.position for view in center.engine.view(center.now).contacts}
    assert positions[low.id] == 2
    center.call("low")
    center.passes(60.0)
    positions = {view.id: view.position for view in center.engine.view(center.now).contacts}
    assert positions[low.id] == 2, "both have aged alike"


# -- the order of the center -------------------------------------------------------------------------------------------


def test_the_queue_that_will_miss_its_target_is_served_first() -> None:
    center = Center(queue("slow", service_level_s=100.0), queue("fast", service_level_s=20.0), routing=SERVICE_LEVEL)
    slow = center.call("slow")
    center.passes(10.0)
    fast = center.call("fast")
    center.passes(8.0)  # 18 s of 100, and 8 s of 20
    center.agent("ann")
    assert (slow.state, fast.state) == (S.WAITING, S.OFFERED)
    assert "fast is in the greatest need: 8 s of 20 s predicted" in center.all(ContactOffered)[-1].why
    center.told_again()


def test_a_weight_counts_and_a_lost_queue_yields_until_its_bound() -> None:
    center = Center(
        queue("a", service_level_s=20.0, starve_after_s=60.0),
        queue("b", service_level_s=20.0, weight=3.0),
        routing=SERVICE_LEVEL,
    )
    lost = center.call("a")
    center.passes(25.0)
    can = center.call("b")
    ann = center.agent("ann")
    assert can.state is S.OFFERED, "a has missed its target, b has not"
    ann.answers()
    center.passes(36.0)
    late = center.call("b")
    ann.hangs_up()
    assert (lost.state, late.state) == (S.OFFERED, S.WAITING)
    assert "so long that nobody may overtake it" in center.all(ContactOffered)[-1].why


def starving(order: str, calls: int) -> tuple[int, int]:
    """A stream of important callers that keeps one agent busy; how many were served before the one who is not, and
    how many of them came after her bound."""
    center = Center(
        queue("low", priority=10, starve_after_s=60.0), queue("high", priority=90), routing=Routing(order=order)
    )
    ann = center.agent("ann")
    center.call("high")
    low = center.call("low")
    bound = center.now + 60.0
    before = after = 0
    for _ in range(calls):
        ann.answers()
        center.call("high")
        center.passes(9.0)
        ann.hangs_up()
        if low.state is not S.WAITING:
            break
        before += 1
        after += center.now > bound
    return before, after


def test_without_the_bound_a_stream_of_important_callers_holds_the_others_for_ever() -> None:
    assert starving("priority", 100) == (100, 94)


def test_with_the_bound_nobody_who_came_later_is_served_before() -> None:
    before, after = starving("service_level", 100)
    assert (before, after) == (6, 0)


# -- inbound and outbound ----------------------------------------------------------------------------------------------


def outbound(center: Center, dialled: str) -> Call:
    """A call that we make, whose customer is on the line."""
    center._count += 1
    call = Call(center, LegId(f"ours-{center._count}"))
    center.tell(
        ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0988", dialled=dialled, direction=Direction.OUTBOUND)
    )
    [call.id] = [contact.id for contact in center.engine.world.contacts.values() if contact.leg == call.leg]
    return call


@pytest.mark.parametrize(
    ("first", "served"), [(First.INBOUND, "in"), (First.OUTBOUND, "out"), (First.BY_PRIORITY, "out")]
)
def test_which_direction_comes_first(first: First, served: str) -> None:
    center = Center(queue("in", priority=40), queue("out", priority=60), routing=Routing(blend=Blend(first=first)))
    inbound, ours = center.call("in"), outbound(center, "out")
    center.agent("ann")
    assert {"in": inbound, "out": ours}[served].state is S.OFFERED
    center.told_again()


def test_so_many_agents_stay_free_for_callers() -> None:
    center = Center(
        queue("in", "a"), queue("out", outbound=True, strategy="ring_all"), routing=Routing(blend=Blend(keep_free=2))
    )
    ann, bob = center.agent("ann", a=1), center.agent("bob", a=1)
    ours = outbound(center, "out")
    assert ours.rung == []
    assert words_about(center, ours, ann) == "kept free for callers: a call that we make leaves 2 free"
    only_out = center.agent("oda")  # serves no callers
    assert ours.rung == [only_out.id]
    second = outbound(center, "out")
    assert second.rung == []
    center.agent("cat", a=1)
    assert len(second.rung) == 1, "one of three; two stay free"
    inbound = center.call("in")
    assert len(inbound.rung) == 1
    assert bob.record.offer is not None or ann.record.offer is not None
    center.told_again()


# -- media -------------------------------------------------------------------------------------------------------------


def letter(center: Center, dialled: str, medium: Medium) -> Call:
    """Somebody writes."""
    center._count += 1
    call = Call(center, LegId(f"written-{center._count}"))
    center.tell(ContactArrived(leg=call.leg, medium=medium, caller="", dialled=dialled))
    [call.id] = [contact.id for contact in center.engine.world.contacts.values() if contact.leg == call.leg]
    return call


EVERYTHING = {Medium.VOICE: 1, Medium.CHAT: 3, Medium.EMAIL: 1}


def test_a_talk_is_never_interrupted_and_a_letter_may_be() -> None:
    center = Center(queue("q"), checked=False)
    ann = center.agent("ann", capacity=EVERYTHING)
    center.call("q")
    ann.answers()
    chat = letter(center, "q", Medium.CHAT)
    assert chat.rung == []
    assert words_about(center, chat, ann) == "handles voice, which is not interrupted for chat"
    ann.hangs_up()
    assert chat.rung == ["ann"]
    ann.answers()
    called = center.call("q")
    assert called.rung == []
    assert letter(center, "q", Medium.CHAT).rung == ["ann"], "she can chat with three"


def test_what_may_be_interrupted_is_a_matter_of_configuration() -> None:
    rules = Routing(interruptible={Medium.CHAT: (Medium.VOICE,)})
    center = Center(queue("q"), routing=rules, checked=False)
    ann = center.agent("ann", capacity=EVERYTHING)
    letter(center, "q", Medium.CHAT)
    ann.answers()
    assert center.call("q").rung == ["ann"]


def test_nothing_is_offered_in_a_wrap_up_whatever_might_have_interrupted_what_went_before() -> None:
    center = Center(queue("q", wrap_up_s=10.0), checked=False)
    ann = center.agent("ann", capacity=EVERYTHING)
    mail = letter(center, "q", Medium.EMAIL)
    ann.answers()
    mail.hangs_up()
    assert ann.is_in(AgentState.WRAP_UP)
    called = center.call("q")
    assert called.rung == []
    center.passes(10.0)
    assert called.rung == ["ann"]
