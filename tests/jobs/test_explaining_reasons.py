"""Where the engine has a reason, the story says it: no callback, a phone that rings no more, a number not reached."""

from collections.abc import Callable
from typing import Any

import pytest

from callcenter.jobs.explaining import Explanation, explain
from callcenter.jobs.foresight import agents_words, next_words
from callcenter.jobs.telling import Step
from callcenter.jobs.wording import groups, need_words, passed_over_words
from callcenter.model.agent import PhoneRules
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.callback import CallbackRules, CallbackWindow
from callcenter.model.commands import DialNumber, RingAgent
from callcenter.model.contact import LegEnd, TransportFault
from callcenter.model.entry import decode_entry
from callcenter.model.events import LegAnswered, LegEnded
from callcenter.model.flow import Prompt
from callcenter.model.ids import UNVERSIONED, CalendarName, ListName, QueueName
from callcenter.model.need import parse_need
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.queue import Overflow, Target
from callcenter.model.relaxation import Ageing, RelaxStep, Reserve, Sticky
from callcenter.model.routing import Routing
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.check import Case, Check
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Filled, Key, NextNode, Subject
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.hours import Hours
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from callcenter.nodes.transfer import Transfer
from tests.core.center import Ann, Call, Center, flow, queue
from tests.jobs.memory import MemoryJournal, MemoryShelf, NoSnapshots

SORRY = Prompt(name="sorry", texts={"en": "We cannot call\n you on {{ callback_number }}. Please hold the line."})
CONFIRM = Prompt(name="confirm", texts={"en": "We call you on {{ callback_number }}. Press 1."})
VN = Numbering(country_code="84")
KEYS = {Key("1"): NextNode("bye")}
NIGHT = Calendar(
    name=CalendarName("office"), timezone="UTC", spans=(OpenSpan(weekday=0, start_min=8 * 60, end_min=9 * 60),)
)


def center(**rules: Any) -> Center:
    """A queue that calls back, and a flow that offers it: her own number alone, and an apology where it cannot be."""
    offer = CallMeBack(
        queue=QueueName("sales"),
        confirm=CONFIRM,
        windows=rules.get("windows", ()),
        choose=rules.get("choose"),
        done=NextNode("bye"),
        declined=NextNode("wait"),
        failed=NextNode("sorry"),
    )
    nodes: dict[str, Any] = {
        "offer": offer,
        "sorry": Play(prompt=SORRY, next=NextNode("wait")),
        "bye": Hangup(),
        "wait": Enqueue(queue=QueueName("sales")),
    }
    house = Center(
        queue("sales", callback=CallbackRules(do_not_call=ListName("never"), **rules), hours=NIGHT.name),
        flows=[flow("desk", **nodes)],
        lists=[NumberList(name=ListName("never"), numbers=frozenset({VN.normal("0999")}), numbering=VN)],
        calendars=[NIGHT],
    )
    spoken = house.configuration.prompts
    assert isinstance(spoken, dict)
    spoken |= {prompt.name: prompt for prompt in (SORRY, CONFIRM)}
    return house


async def told(house: Center, call: Call) -> list[Step]:
    """The story of a call."""
    return list((await explained(house, call)).steps)


async def explained(house: Center, call: Call) -> Explanation:
    entries = [decode_entry(line) for line in house.journal]
    shelf = MemoryShelf({UNVERSIONED: house.configuration, **house.engine.world.library})
    found = await explain(
        house.configuration, MemoryJournal(entries), NoSnapshots(), call.id, now=house.now, shelf=shelf
    )
    assert found is not None
    return found


async def words(house: Center, call: Call) -> list[str]:
    return [step.words for step in await told(house, call)]


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        ("anonymous", "no callback: her number is withheld, and no other is asked for"),
        ("0066123", "no callback: 0066123 may not be called back: no pattern of `callback_to` (numbers.yaml) fits it"),
        ("0999", "no callback: 0999 is in the list never and must not be called"),
    ],
)
async def test_why_a_callback_is_refused_is_said_and_what_the_caller_hears_then(caller: str, why: str) -> None:
    house = center()
    call = house.call("desk", caller=caller)
    if caller != "anonymous":
        call.presses("1")
    steps = [step for step in await told(house, call) if step.kind == "flow"]
    assert steps[-1].words.startswith(f"goes on to sorry of flow desk ({why}); the caller hears “")
    assert steps[-1].details["why"] == why
    if caller != "anonymous":
        assert steps[-1].details["heard"] == [f"We cannot call you on {caller}. Please hold the line."]
        assert steps[0].details["heard"] == [f"We call you on {caller}. Press 1."]


async def test_a_window_in_which_nobody_is_called_a_promise_that_stands_and_a_no_have_their_words() -> None:
    late = CallbackWindow(after_s=7_200.0, until_s=10_800.0)
    house = center(windows=(late,), choose=Prompt(name="choose"))
    call = house.call("desk")
    call.presses("11")
    [last] = [step.words for step in await told(house, call) if "sorry" in step.words]
    assert "(no callback: nobody is called for sales at the time she chose (hours office))" in last

    house = center()
    first = house.call("desk")
    first.presses("1")
    second = house.call("sales")
    third = house.call("desk")
    third.presses("*")
    assert first.id == second.id  # she rang back
    assert "goes on to wait of flow desk (she pressed *: no callback)" in await words(house, third)


async def test_she_who_is_promised_one_by_another_of_her_calls_is_told_of_that() -> None:
    house = center()
    mine, again = house.call("desk"), house.call("desk")
    for call in (mine, again):
        call.presses("1")
    [said] = [step.words for step in await told(house, again) if "already" in step.words]
    assert said == f"goes on to bye of flow desk (0901 is promised a callback for sales already ({mine.id}))"


async def test_nodes_say_by_what_they_were_left() -> None:
    nodes: dict[str, Any] = {
        "who": Check(of=Subject("caller"), cases=(Case(starts_with=("09",), then=NextNode("ask")),), otherwise="bye"),  # type: ignore[arg-type]
        "ask": Menu(
            prompt=Prompt(name="ask"), choices={Key("1"): NextNode("bye")}, no_input=NextNode("clock"), tries=1
        ),
        "clock": Hours(calendar=NIGHT.name, open=NextNode("bye"), closed=NextNode("call")),
        "call": Transfer(number=Filled("0902"), failed=NextNode("bye")),
        "bye": Hangup(),
    }
    house = Center(queue("sales"), flows=[flow("desk", **nodes)], calendars=[NIGHT], forward_to=("09[0-9]+",))
    house.passes(3_600.0)
    call = house.call("desk")
    call.hears_it_out()
    house.passes(10.0)
    house.tell(LegEnded(leg=call.record.other_leg, end=LegEnd.BUSY))  # type: ignore[arg-type]
    said = await words(house, call)
    assert [one for one in said if one.startswith("goes on") or "outside" in one] == [
        "goes on to ask of flow desk (caller starts with '09'); the caller hears “ask”",
        "goes on to clock of flow desk (pressed nothing; that was try 1)",
        "goes on to call of flow desk (closed by office)",
        "the outside number 0902 is called, for 30.0 s at most",
        "goes on to bye of flow desk (0902: busy)",
    ]


async def test_a_queue_that_sends_callers_to_a_number_says_what_became_of_it() -> None:
    rules: dict[str, Any] = {"max_wait_s": 5.0, "overflow": Target(to=Overflow.NUMBER, name="0902")}
    house = Center(queue("sales", **rules), forward_to=("09[0-9]+",))
    first, second = house.call("sales"), house.call("sales")
    house.passes(5.0)
    house.tell(LegEnded(leg=first.record.other_leg, end=LegEnd.NO_ANSWER))  # type: ignore[arg-type]
    house.tell(LegAnswered(leg=second.record.other_leg))  # type: ignore[arg-type]
    assert "the outside number was not reached: no answer" in await words(house, first)
    assert "the outside number answered" in await words(house, second)


Happens = Callable[[Center, Call, Ann, Ann], object]
ENDS: list[tuple[Happens, str]] = [
    (lambda house, call, ann, bob: ann.pauses(), "ann did not take it, after 3.0 s: she paused"),
    (lambda house, call, ann, bob: ann.logs_out(), "ann did not take it, after 3.0 s: she logged out"),
    (lambda house, call, ann, bob: call.hangs_up(), "the phone of ann stops ringing after 3.0 s: the caller has gone"),
    (lambda house, call, ann, bob: bob.answers(), "the phone of ann stops ringing after 3.0 s: bob was faster"),
    (lambda house, call, ann, bob: house.passes(30.0), "the phone of ann could not be reached: it never rang"),
    (
        lambda house, call, ann, bob: house.fails(house.all(RingAgent)[0], TransportFault.UNAVAILABLE, "no link"),
        "the phone of ann could not be rung: no link",
    ),
]


@pytest.mark.parametrize(("happens", "why"), ENDS)
async def test_why_a_phone_stops_ringing_is_said(happens: Happens, why: str) -> None:
    house = Center(queue("sales", strategy="ring_all"))
    ann, bob = house.agent("ann"), house.agent("bob")
    call = house.call("sales")
    house.passes(3.0)
    happens(house, call, ann, bob)
    assert [step.words.partition("; ")[0] for step in await told(house, call) if why in step.words] == [why]


async def test_why_a_customer_was_not_reached_is_said() -> None:
    house = center()
    call = house.call("desk")
    call.presses("1")
    house.passes(1.0)
    ann = house.agent("ann")
    ann.answers()
    house.passes(2.0)
    house.fails(house.all(DialNumber)[-1], TransportFault.REFUSED, "no trunk takes it")
    house.passes(120.0)
    ann.answers()
    house.passes(2.0)
    ann.hangs_up()
    said = [step.words for step in await told(house, call) if step.kind == "callback_attempted"]
    assert said == [
        "the number could not be dialled after 2.0 s: no trunk takes it",
        "the customer's phone rings no more after 2.0 s: the agent hung up before she answered",
    ]


def left_out(found: Explanation) -> list[str]:
    """Why the others could not, at the first decision."""
    return [group.words for group in groups(found.decisions[0].verdicts)]


async def test_a_caller_who_is_kept_for_an_agent_or_from_a_reserve_is_told_so_and_asks_for_what_she_asks_for() -> None:
    rules: dict[str, Any] = {"sticky": Sticky(for_s=20.0), "reserve": Reserve(needs=parse_need("spare"), above_s=30.0)}
    house = Center(queue("sales", "a", relax=(RelaxStep(after_s=10.0, add=parse_need("b")),), **rules))
    ann = house.agent("ann", a=3)
    house.agent("bob", a=3, spare=1), house.agent("cat", b=3), house.agent("dan", at_work=False, a=3)
    first = house.call("sales")
    ann.answers()
    house.passes(20.0)
    found = await explained(house, house.call("sales", caller="0902"))
    queued = next(step for step in found.steps if step.kind == "queued")
    assert queued.words.endswith("; an agent with spare is a reserve, and serves after 30.0 s of waiting")
    assert found.decisions[0].needs == "a"
    assert left_out(found) == [
        "ann is talking with another caller",
        "cat does not have a",
        "dan is logged out",
        "bob is a reserve of sales and serves after 30 s of waiting (now 0 s)",
    ]
    assert found.outlook is not None
    assert found.outlook.needs == "a"
    first.hangs_up()
    house.passes(60.0)
    busy = house.call("sales", caller="0903")
    assert busy.id
    waits = house.call("sales")
    found = await explained(house, waits)
    queued = next(step for step in found.steps if step.kind == "queued")
    assert "; it is kept for ann, who served this caller last, for 20.0 s" in queued.words
    assert {"dan is logged out", "cat does not have a"} <= set(left_out(found))
    assert found.outlook is not None
    assert "less is asked for, once it is no longer kept for ann" in [words for _, words in next_words(found.outlook)]
    house.passes(11.0)
    said = await words(house, waits)
    kept = "after 10.0 s in sales less is asked for: ann; more may serve it once it is no longer kept for ann"
    assert kept in said


async def test_what_has_grown_and_what_a_list_gives_is_said_of_priorities() -> None:
    vip = NumberList(name=ListName("vip"), numbers=frozenset({"0909"}))
    ageing = Ageing(per_minute=10.0, max=30.0)
    house = Center(queue("sales", ageing=ageing), queue("gold", priority=60, vip={vip.name: 5}), lists=[vip])
    ann = house.agent("ann")
    busy = house.call("gold", caller="0904")
    ann.answers()
    house.call("sales")
    house.passes(90.0)
    later = house.call("gold", caller="0909")
    house.passes(10.0)
    busy.hangs_up()
    found = await explained(house, later)
    assert passed_over_words(found.passed_over) == [
        "1 call because of a higher priority at that moment (66.67; this call had 65)"
    ]
    queued = next(step for step in found.steps if step.kind == "queued")
    assert queued.words.endswith("; 5 points of the priority are for a list of callers (`vip`)")


async def test_why_the_order_of_the_queues_puts_another_first_is_said() -> None:
    queues = queue("sales", service_level_s=20.0), queue("support", service_level_s=60.0, weight=3.0)
    house = Center(*queues, routing=Routing(order="service_level"))
    ann = house.agent("ann")
    busy = house.call("sales", caller="0904")
    ann.answers()
    house.passes(10.0)
    waits = house.call("sales", caller="0905")
    house.passes(5.0)
    house.call("support", caller="0906")
    house.passes(30.0)
    busy.hangs_up()
    [words] = passed_over_words((await explained(house, waits)).passed_over)
    assert words.startswith("1 call that the order of the queues puts first (support is in the greatest need: ")


async def test_what_is_before_a_call_is_told_by_the_order_of_the_queues_and_not_by_its_place_alone() -> None:
    queues = queue("mild", service_level_s=60.0), queue("urgent", service_level_s=20.0, weight=4.0)
    house = Center(*queues, routing=Routing(order="service_level"))
    ann = house.agent("ann")
    busy = house.call("mild", caller="0904")
    ann.answers()
    waits = house.call("mild", caller="0905")
    house.passes(2.0)
    urgent = house.call("urgent", caller="0906")
    house.passes(3.0)
    first, second = (await explained(house, urgent)).outlook, (await explained(house, waits)).outlook
    assert first is not None
    assert second is not None
    assert (first.elsewhere, second.elsewhere) == (0, 1), "urgent came later and is in the greater need"
    by = "(by priority, by the need of the queue, or by waiting longer)"
    assert f"1 call of another queue is before it for these agents {by}" in agents_words(second)
    busy.hangs_up()
    assert (await explained(house, urgent)).decisions[-1].chosen == ("ann",), "and so it comes"


async def test_an_agent_whose_phone_is_nailed_up_is_explained_as_any_other() -> None:
    house = Center(queue("sales"))
    house.agent("ann", phone=PhoneRules(nailed=True))
    found = await explained(house, house.call("sales"))
    assert [(decision.chosen, decision.caveat) for decision in found.decisions] == [(("ann",), "")]
    assert found.outlook is not None


async def test_when_a_promise_is_given_up_is_said() -> None:
    house = center()
    call = house.call("desk")
    call.presses("1")
    house.passes(1.0)
    found = await explained(house, call)
    assert found.outlook is not None
    said = next_words(found.outlook)
    assert said[-1][1] == "the time in which the customer may be called ends for now"  # the office closes before
    anywhere = Center(queue("sales", callback=CallbackRules()))
    call = anywhere.call("sales")
    call.presses("11")
    call.hears_it_out()
    found = await explained(anywhere, call)
    assert found.outlook is not None
    assert next_words(found.outlook)[-1][1] == "the promise is given up, if the customer has not been reached by then"


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ("@dan or sales >= 3", "ann and bob do not have sales (level 3 or better)"),
        ("@dan", "ann and bob are not dan"),
        ("sales and not trainee", "ann and bob have trainee"),
        ("support and not trainee", "ann and bob do not have support and have trainee"),
    ],
)
async def test_who_lacks_no_skill_but_is_another_or_has_one_too_many_is_said_so(needs: str, why: str) -> None:
    house = Center(queue("sales", needs))
    house.agent("ann", sales=1, trainee=1), house.agent("bob", sales=1, trainee=1)
    found = await explained(house, house.call("sales"))
    assert left_out(found) == [why]
    assert need_words("not backup and sales and not @dan") == "sales and not backup, but not dan"
