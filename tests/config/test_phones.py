"""What a queue says of its agents' phones, as people write it: what becomes of it, and all mistakes in one pass."""

import re
from pathlib import Path

import pytest

from callcenter.config import check_files, read_configuration
from callcenter.core.aside import CONFIRM_PROMPT
from callcenter.model.ids import QueueName
from callcenter.model.queue import MissedOffer, Overflow, Target

PAGE = (Path(__file__).parents[2] / "docs" / "phones.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
FLOWS = {"flows/cut_off.yaml": "nodes: {bye: {kind: hangup}}\n"}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_documentation_can_be_used(example: str) -> None:
    _, problems = read_configuration({"queues.yaml": example, **FLOWS})
    assert [str(problem) for problem in problems] == []


def test_rules_become_what_they_say() -> None:
    configuration, problems = read_configuration({"queues.yaml": "".join(EXAMPLES[:1]), **FLOWS})
    assert problems == []
    [prompt] = configuration.queues[QueueName("sales")].agent_announcement
    assert set(prompt.texts) == {"en", "vi"}
    assert configuration.prompts[prompt.name] == prompt
    assert CONFIRM_PROMPT in configuration.prompts, "a phone may want the key in any queue"
    configuration, _ = read_configuration({"queues.yaml": EXAMPLES[1]})
    queue = configuration.queues[QueueName("sales")]
    assert (queue.confirm, queue.confirm_s, queue.missed.not_confirmed.then) == (True, 8.0, MissedOffer.PAUSE)
    configuration, _ = read_configuration({"queues.yaml": EXAMPLES[2], **FLOWS})
    assert configuration.queues[QueueName("sales")].agent_lost == Target(to=Overflow.FLOW, name="cut_off")


def test_all_mistakes_are_told_at_once() -> None:
    rules = """
sales:
  agent_announcement: [nobody_wrote_it]
  confirm: sometimes
  confirm_s: 0.5
  missed: {not_confirmed: {then: explode}}
care:
  agent_lost: {number: "0901"}
help:
  agent_lost: {flow: missing}
"""
    _, problems = read_configuration({"queues.yaml": rules})
    said = "\n".join(map(str, problems))
    for what in (
        "queues.yaml:3:24",
        "confirm",
        "confirm_s",
        "not_confirmed",
        "not sent to a number",
        "there is no flow `missing`",
    ):
        assert what in said, said
    assert len(problems) >= 6


@pytest.mark.parametrize(
    ("said", "keys", "wrong"),
    [
        ('end_key: "*0"', "*0", ""),
        ("end_key: 99", "99", ""),
        ("end_key: hash", "", "no keys of a telephone"),
        ('end_key: "1234"', "", "no keys of a telephone"),
        ('parking: {slots: 701-702, key: "#"}\nend_key: "#0"', "#0", "by which calls are parked"),
    ],
)
def test_the_keys_by_which_a_call_is_ended(said: str, keys: str, wrong: str) -> None:
    configuration, problems = read_configuration({"numbers.yaml": said + "\n"})
    assert configuration.end_key == keys
    assert [problem.what.endswith(wrong) for problem in problems] == ([True] if wrong else [])


@pytest.mark.parametrize(
    ("queue", "wrong"),
    [
        ("{}", ""),
        ("{recording: {directions: [inbound, internal]}}", ""),
        ("{recording: {directions: [inbound]}}", "by those none is"),
        ("{record: false}", "by those none is"),
    ],
)
def test_calls_between_agents_are_recorded_by_the_rules_of_a_queue_that_records_them(queue: str, wrong: str) -> None:
    files = {"queues.yaml": f"sales: {queue}\n", "numbers.yaml": "record_colleagues: sales\n"}
    configuration, problems = read_configuration(files)
    assert (configuration.record_colleagues, problems) == ("sales", [])
    remarks = [remark.what for remark in check_files(files).remarks if "between agents" in remark.what]
    assert [wrong in remark for remark in remarks] == ([True] if wrong else [])
    _, problems = read_configuration({**files, "numbers.yaml": "record_colleagues: sails\n"})
    assert any("sails" in problem.what for problem in problems)


def test_phones_that_others_use_are_rung_if_it_is_said_so() -> None:
    for said, rings, wrong in (("true", True, ""), ("false", False, ""), ("perhaps", False, "neither yes nor no")):
        configuration, problems = read_configuration({"numbers.yaml": f"ring_in_use: {said}\n"})
        assert configuration.ring_in_use is rings
        assert [wrong in problem.what for problem in problems] == ([True] if wrong else [])
