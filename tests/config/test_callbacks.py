"""Callback rules as they are written, and the flow that is made of them."""

import re
from pathlib import Path

from callcenter.config import read_configuration
from callcenter.config.callbacks import CONFIRM
from callcenter.model.callback import CallbackRules, CallbackWindow, CalledFirst, callback_flow
from callcenter.model.ids import QueueName
from callcenter.nodes.callback import CallMeBack

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AROUND = {
    "calendars.yaml": "office: {timezone: UTC, open: {daily: 08:00-20:00}}\n",
    "prompts.yaml": "your_place: {en: 'You are number {{ position }}.'}\n",
    "lists/stop.txt": "0901234567\n",
}


def test_the_example_of_the_page_works() -> None:
    queues, numbers = EXAMPLE.findall(PAGE)
    configuration, problems = read_configuration({**AROUND, "queues.yaml": queues, "numbers.yaml": numbers})
    assert [str(problem) for problem in problems] == []
    rules = configuration.queues[QueueName("sales")].callback
    assert rules is not None
    assert (rules.first, rules.do_not_call, rules.caller_id) == (CalledFirst.AGENT, "stop", "02873001234")
    flow = configuration.flows[callback_flow(QueueName("sales"))]
    offer = flow.nodes[flow.start]
    assert isinstance(offer, CallMeBack)
    assert (offer.confirm, offer.enter_number) == (rules.confirm, rules.enter)
    assert (offer.windows, offer.choose, offer.standing) == (rules.windows, rules.choose, rules.standing)
    assert rules.windows[1] == CallbackWindow(after_s=7200.0, until_s=14400.0)
    assert set(offer.exits().values()) <= set(flow.nodes)
    assert len(configuration.callback_to) == 2


def test_the_page_says_every_key() -> None:
    told = set(re.findall(r"`(\w+)`", "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))))
    assert set(CallbackRules.__dataclass_fields__) <= told


def problems(callback: str) -> list[str]:
    return [str(one) for one in read_configuration({**AROUND, "queues.yaml": f"sales:\n  callback: {callback}\n"})[1]]


def test_what_is_wrong_is_told_where_it_stands() -> None:
    assert problems("{}") == []
    for text, says in (
        ("{frist: agent}", "did you mean `first`?"),
        ("{first: custmer}", "did you mean `customer`?"),
        ("{key: 12}", "not a key of a telephone"),
        ("{attempts: 0}", "1 to 20 are possible"),
        ("{ring_s: 500}", "1 to 120 seconds"),
        ("{retry_after_s: 1}", "at least 10 seconds"),
        ("{caller_id: hello}", "not a telephone number"),
        ("{do_not_call: stopp}", "did you mean `stop`?"),
        ("{hours: offce}", "did you mean `office`?"),
        ("{withdraw_key: '1'}", "cannot be the key that takes a callback back"),
        ("{law: [house, uss], caller_id: '02873001234'}", "did you mean `us`?"),
        ("{law: [house], caller_id: '02873001234', ring_s: 10}", "house asks for at least"),
        ("{law: [us]}", "us asks for a number that is shown"),
        ("{law: [us], caller_id: '02873001234', first: customer}", "who is called first may have no agent"),
        ("{windows: [{until_s: 60}]}", "windows are chosen by key"),
        ("{choose: your_place}", "windows are chosen by key"),
        ("{choose: your_place, windows: [{after_s: 60, until_s: 60}]}", "a window ends after it begins"),
    ):
        [problem] = problems(text)
        assert problem.startswith("queues.yaml:2:"), problem
        assert says in problem, problem


def test_what_is_wrong_in_one_place_hides_nothing_in_another() -> None:
    queue = """q:
  callback: {key: 12, withdraw_key: "1", windows: [{after_s: 9, until_s: 5}], attempt: 4, attempts: 40, ring_s: 999}
  relax: [{after_s: 60, drop: [sales]}, {after_s: 30, need: sales}]
  sticky: {for_s: 0, wihin: 1}
  ageing: {per_minute: five, max: 400}
"""
    told = [str(one) for one in read_configuration({**AROUND, "queues.yaml": queue})[1]]
    assert sorted(one.partition(": ")[2].partition(": ")[0] for one in told) == [
        *("q.ageing.max", "q.ageing.per_minute", "q.callback", "q.callback.attempt", "q.callback.attempts"),
        *("q.callback.key", "q.callback.ring_s", "q.callback.windows.0", "q.relax", "q.relax.1.need"),
        *("q.sticky.for_s", "q.sticky.wihin"),
    ]
    [together] = [one for one in told if " q.callback: " in one]
    assert "withdraw_key: '1' cannot be" in together


def test_callback_to_takes_dial_patterns() -> None:
    [problem] = read_configuration({"numbers.yaml": "callback_to: [09XX, '09[0-9]']\n"})[1]
    assert "callback_to" in str(problem)
    assert "not a dial pattern" in str(problem)


def offered(callback: str, prompts: str = "") -> CallMeBack:
    files = {**AROUND, "queues.yaml": f"sales:\n  callback: {callback}\n"}
    files["prompts.yaml"] += prompts
    configuration, problems = read_configuration(files)
    assert problems == []
    offer = configuration.flows[callback_flow(QueueName("sales"))].nodes["offer"]
    assert isinstance(offer, CallMeBack)
    assert offer.confirm is None or offer.confirm.name in configuration.prompts
    if prompts:
        assert configuration.prompts["callback_confirm"].texts == {"en": "Right?"}
    return offer


def test_nothing_is_promised_at_one_key_unless_it_is_said_so() -> None:
    assert offered("{}").confirm == CONFIRM
    assert offered("{at_one_key: true}").confirm is None
    assert offered("{confirm: your_place}").confirm != CONFIRM
    offered("{}", "callback_confirm: {en: 'Right?'}\n")


def test_agents_call_from_their_phones_for_a_queue_that_there_is() -> None:
    queues, numbers = EXAMPLE.findall(PAGE)
    for said, wrong in (("sales", []), ("sails", ["numbers.yaml"])):
        text = f"{numbers}dial_out: {said}\n"
        configuration, problems = read_configuration({**AROUND, "queues.yaml": queues, "numbers.yaml": text})
        assert [problem.where.partition(":")[0] for problem in problems] == wrong
        assert configuration.dial_out == (QueueName("sales") if not wrong else None)
        assert all("sails" in problem.what and "sales" in problem.remedy for problem in problems)
