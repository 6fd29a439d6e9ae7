"""Rules of recording as people write them: what becomes of them, and what is said of mistakes, by line and column."""

import re
from pathlib import Path

import pytest

from callcenter.config import read_configuration
from callcenter.model.contact import Direction
from callcenter.model.ids import AgentId, QueueName
from callcenter.model.recording import RecordingRules

PAGE = (Path(__file__).parents[2] / "docs" / "recordings.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
RULES = """
sales:
  keep_recordings_days: 90
  recording:
    share: 20
    directions: [inbound, outbound]
    except_agents: [anna]
    opt_out: 2
    pause_key: "*"
    pause_max_s: 120
"""


def test_rules_become_what_they_say() -> None:
    configuration, problems = read_configuration({"queues.yaml": RULES})
    assert [str(problem) for problem in problems] == []
    queue = configuration.queues[QueueName("sales")]
    assert queue.keep_recordings_days == 90.0
    assert queue.recording == RecordingRules(
        share=20.0,
        directions=(Direction.INBOUND, Direction.OUTBOUND),
        except_agents=(AgentId("anna"),),
        opt_out="2",
        pause_key="*",
        pause_max_s=120.0,
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_work(example: str) -> None:
    texts = {"prompts.yaml": "recorded: {en: This call is recorded. Press 2 if you do not want that.}\n"}
    assert [str(problem) for problem in read_configuration({"queues.yaml": example, **texts})[1]] == []


@pytest.mark.parametrize(
    ("rules", "place", "what"),
    [
        ("share: 101", "3:12", "100"),
        ("share: -1", "3:12", "0"),
        ("directions: [sideways]", "3:18", "sideways"),
        ("opt_out: 12", "3:14", "is not a key of a telephone"),
        ("pause_key: x", "3:16", "is not a key of a telephone"),
        ("pause_max_s: 1", "3:18", "5"),
        ("pause_max_s: 99999", "3:18", "3600"),
        ("shares: 5", "3:5", "did you mean `share`"),
    ],
)
def test_mistakes_are_told_with_their_place(rules: str, place: str, what: str) -> None:
    _, problems = read_configuration({"queues.yaml": f"sales:\n  recording:\n    {rules}\n"})
    said = "; ".join(str(problem) for problem in problems)
    assert what in said, said
    assert f"queues.yaml:{place}" in said


def test_keys_and_times_that_nothing_can_come_of_are_told() -> None:
    _, problems = read_configuration({"queues.yaml": "sales: {record: false, recording: {opt_out: 2}}\n"})
    assert "nothing is recorded" in "; ".join(str(problem) for problem in problems)
    _, problems = read_configuration({"queues.yaml": "sales: {keep_recordings_days: -1}\n"})
    assert "queues.yaml:1:31" in "; ".join(str(problem) for problem in problems)
