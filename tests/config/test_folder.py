"""A folder is read as a whole: everything wrong is told at once, where it was written, with what was probably meant."""

import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.config import check_configuration, load_configuration, read_configuration
from callcenter.config.calendars import DAYS
from callcenter.config.folder import check_files
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Prompt
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.need import parse_need
from callcenter.model.queue import MissedOffer, Overflow, Target
from tests.examples import examples

STARTER = Path(__file__).parents[2] / "callcenter" / "starter"
STARTER_FILES = {
    path.relative_to(STARTER).as_posix(): path.read_text(encoding="utf-8") for path in sorted(STARTER.rglob("*.yaml"))
}

GOOD: Mapping[str, str] = {
    "prompts.yaml": "welcome: {en: Hello., vi: Xin chào.}\nrecorded_only: {}\n",
    "calendars.yaml": "office: {timezone: UTC, open: {daily: 08:00-20:00}}\n",
    "queues.yaml": "sales:\n  needs: sales\nsupport:\n  needs: support >= 2 and vietnamese\n",
    "numbers.yaml": """
numbers: {1900: hotline, "*31": hotline}
default: hotline
forward_to: [09XXXXXXXX, +84Z., 113]
""",
    "flows/hotline.yaml": """
nodes:
  start: {kind: play, prompt: welcome, next: sales}
  sales: {kind: enqueue, queue: sales}
""",
}


def told(changed: Mapping[str, str]) -> list[str]:
    """What is wrong with the good folder when these files are put into it."""
    _, problems = read_configuration({**GOOD, **changed})
    return [str(problem) for problem in problems]


def flow(*nodes: str) -> str:
    return "nodes:\n" + "".join(f"  {node}\n" for node in nodes)


def test_a_good_folder_becomes_a_configuration() -> None:
    configuration, problems = read_configuration(GOOD)
    assert problems == []
    assert configuration.numbers == {"1900": FlowName("hotline"), "*31": FlowName("hotline")}
    assert configuration.default_flow == "hotline"
    assert configuration.queues[QueueName("support")].needs == parse_need("support >= 2 and vietnamese")
    assert configuration.flows[FlowName("hotline")].start == "start"
    assert configuration.prompts["welcome"] == Prompt(name="welcome", texts={"en": "Hello.", "vi": "Xin chào."})


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("0912345678", True),
        ("091234567", False),
        ("09123456789", False),
        ("+8491", True),
        ("+8401", False),
        ("113", True),
        ("1130", False),
        ("09123456\u0667\u0668", False),
        ("113\n", False),
    ],
)
def test_a_dial_pattern_fits_the_whole_number_and_nothing_else(number: str, allowed: bool) -> None:
    configuration, _ = read_configuration(GOOD)
    assert any(re.fullmatch(pattern, number) for pattern in configuration.forward_to) is allowed
    assert any(re.match(pattern, number) for pattern in configuration.forward_to) is allowed


def test_a_queue_has_all_rules() -> None:
    configuration, problems = read_configuration(
        {
            **GOOD,
            "queues.yaml": """
sales:
  strategy: best_skill
  priority: 80
  offer_timeout_s: 12.5
  missed: {no_answer: {then: rest, rest_s: 90}}
  relax: [{after_s: 30, needs: sales}, {after_s: 60, needs: ""}]
  announce: {first_after_s: 10, every_s: 30, position: {en: "{{ position | position }}", vi: "{{ position }}"}}
  connect_announcement: welcome
  overflow: {queue: support}
  no_agents: {number: "0912345678"}
  hours: office
  at_close: {flow: hotline}
  record: false
support: {overflow: hang_up, no_agents: {voicemail: support}}
""",
        }
    )
    assert [str(problem) for problem in problems] == []
    queue = configuration.queues[QueueName("sales")]
    assert (queue.strategy, queue.priority, queue.offer_timeout_s, queue.record) == ("best_skill", 80, 12.5, False)
    assert (queue.missed.no_answer.then, queue.missed.no_answer.rest_s) == (MissedOffer.REST, 90)
    assert [step.after_s for step in queue.relax] == [30, 60]
    assert queue.overflow == Target(to=Overflow.QUEUE, name="support")
    assert queue.announce.position is not None
    assert queue.announce.position.name == "queues.sales.announce.position"
    assert configuration.prompts[queue.announce.position.name] == queue.announce.position


def test_a_prompt_on_the_spot_is_named_after_its_place() -> None:
    text = flow("a: {kind: hangup, prompt: {en: Goodbye., vi: Xin chào.}}")
    configuration, problems = read_configuration({**GOOD, "flows/bye.yaml": text})
    assert problems == []
    assert configuration.prompts["bye.a.prompt"].texts["en"] == "Goodbye."


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "queues.yaml",
            "sales:\n  needs: sales >= 9\nsupport: {}",
            "queues.yaml:2:19: sales.needs: a level is 1 to 5, not 9 (for example: sales >= 3 and vietnamese)",
        ),
        (
            "queues.yaml",
            'sales:\n  needs: "sales or >= 2"\nsupport: {}',
            "queues.yaml:2:20: sales.needs: expected a skill at '>= 2' (for example: sales >= 3 and vietnamese)",
        ),
        (
            "queues.yaml",
            "sales: {strategy: longest}\n",
            "queues.yaml:1:19: sales.strategy: no strategy `longest` (did you mean `longest_idle`?)",
        ),
        (
            "queues.yaml",
            "sales:\n  missed:\n    busy:\n      rest: 5\n",
            "queues.yaml:4:7: sales.missed.busy.rest: unknown key `rest` (did you mean `rest_s`?)",
        ),
        (
            "queues.yaml",
            "sales:\n  relax: [{after_s: 5, needs: a}, {after_s: 6, need: b}]\n",
            "queues.yaml:2:48: sales.relax.1.need: unknown key `need` (did you mean `needs`?)",
        ),
        (
            "queues.yaml",
            "sales:\n  relax: [{after_s: 9, needs: a}, {after_s: 5, needs: b}]\n",
            "queues.yaml:2:10: sales.relax: the steps must come in order of after_s, each later than the one before",
        ),
        (
            "queues.yaml",
            "sales: {priority: 101, record: yes, offer_timeout_s: 20 s, max_waiting: 1.5}\n",
            "queues.yaml:1:19: sales.priority: `101`: at most 100|"
            "queues.yaml:1:54: sales.offer_timeout_s: expected a number, not `20 s`|"
            "queues.yaml:1:73: sales.max_waiting: expected a whole number, not `1.5`|"
            "queues.yaml:1:32: sales.record: expected true or false, not `yes`",
        ),
        (
            "queues.yaml",
            "sales: {overflow: {queue: sale}, no_agents: sales, at_close: {flow: hotline}}\n",
            "queues.yaml:1:27: sales.overflow.queue: there is no queue `sale` (did you mean `sales`?)|"
            "queues.yaml:1:45: sales.no_agents: expected hang_up or one of queue, flow, voicemail, number with a name "
            "(for example {queue: sales})|"
            "queues.yaml:1:62: sales.at_close: a queue without `hours` never closes (add hours: <calendar>)",
        ),
        (
            "queues.yaml",
            "sales: {at_close: {flow: hotline}}\n",
            "queues.yaml:1:19: sales.at_close: a queue without `hours` never closes (add hours: <calendar>)",
        ),
        (
            "queues.yaml",
            "sales: {overflow: {queue: b}}\nb: {no_agents: {queue: sales}}\n",
            "queues.yaml:2:1: b: callers could be sent round in a circle: b -> sales -> b (lead one elsewhere)",
        ),
        (
            "queues.yaml",
            "sales: {overflow: {number: 0800123}}\n",
            "queues.yaml:1:19: sales.overflow: calls may not be forwarded to `0800123` "
            "(add a pattern that fits to forward_to in numbers.yaml)",
        ),
        (
            "queues.yaml",
            "sales: {announce: {comfort: welcome}}\n",
            "queues.yaml:1:19: sales.announce: nothing says when: it would never be heard "
            "(set first_after_s or every_s)",
        ),
        ("queues.yaml", "- sales\n", "queues.yaml:1:1: expected keys with values, not a list"),
        (
            "numbers.yaml",
            "numbers: {1900: hotlin, 19-00: hotline}\nforward: [1]\n",
            "numbers.yaml:2:1: forward: unknown key `forward` (did you mean `forward_to`?)|"
            "numbers.yaml:1:17: numbers.1900: there is no flow `hotlin` (did you mean `hotline`?)|"
            "numbers.yaml:1:25: numbers.19-00: `19-00` cannot be dialled (+, digits, * and #)",
        ),
        (
            "numbers.yaml",
            'forward_to: ["(0+)+$"]\n',
            "numbers.yaml:1:14: forward_to.0: `(0+)+$` is not a dial pattern "
            "(digits, X for any digit, Z for 1-9, N for 2-9, a final . for the rest: 09XXXXXXXX)",
        ),
        (
            "prompts.yaml",
            'welcome: {en: "{{ name", vi: x}\n',
            "prompts.yaml:1:15: welcome.en: unexpected end of template, expected 'end of print statement'",
        ),
        (
            "prompts.yaml",
            "welcome: {english: Hello}\n",
            "prompts.yaml:1:20: welcome.english: `english` is not a language (a tag such as en or vi)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: meny, prompt: welcome}"),
            "flows/hotline.yaml:2:13: nodes.a.kind: there is no kind `meny` (did you mean `menu`?)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: enqueue, queue: sals, prority: 5}"),
            "flows/hotline.yaml:2:29: nodes.a.queue: there is no queue `sals` (did you mean `sales`?)|"
            "flows/hotline.yaml:2:35: nodes.a.prority: unknown key `prority` (did you mean `priority`?)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: menu, prompt: welcom, choices: {1: b, x: a}, timeout_s: 0}", "b: {kind: hangup}"),
            "flows/hotline.yaml:2:27: nodes.a.prompt: there is no prompt `welcom` (did you mean `welcome`?)|"
            "flows/hotline.yaml:2:51: nodes.a.choices.x: `x` is not a key of a telephone "
            '(0 to 9, "*", "#" or A to D)|'
            "flows/hotline.yaml:2:3: nodes.a: `no_input` is missing|"
            "flows/hotline.yaml:2:69: nodes.a.timeout_s: `0`: at least 1",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: play, prompt: welcome, next: bb}", "b: {kind: hangup}"),
            "flows/hotline.yaml:2:42: nodes.a.next: there is no node `bb` (did you mean `b`?)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: hangup}", "b: {kind: hangup}"),
            "flows/hotline.yaml:3:3: nodes.b: nothing leads here (lead an exit here or take it out)",
        ),
        (
            "flows/hotline.yaml",
            flow(
                "a: {kind: check, of: lang, cases: [{equals: [vi], then: b}], otherwise: a}",
                "b: {kind: set, values: {lang: en}, next: a}",
            ),
            "flows/hotline.yaml:2:3: nodes.a: a caller who does nothing goes round for ever: a -> a "
            "(lead one of these exits to a hangup or a queue)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: transfer, number: 0800123, failed: b}", "b: {kind: hangup}"),
            "flows/hotline.yaml:2:31: nodes.a.number: calls may not be forwarded to `0800123` "
            "(add a pattern that fits to forward_to in numbers.yaml)",
        ),
        (
            "flows/hotline.yaml",
            flow(
                "a: {kind: collect, prompt: welcome, into: pin, max_digits: 4, masked: true, next: b, failed: c}",
                'b: {kind: set, values: {copy: "{{ pin }}"}, next: c}',
                'c: {kind: hangup, prompt: {en: "{{ pin }}"}}',
            ),
            "flows/hotline.yaml:3:33: nodes.b.values.copy: `pin` is collected masked and cannot be copied or sent|"
            "flows/hotline.yaml:4:34: nodes.c.prompt.en: `pin` is collected masked and must not be said",
        ),
        (
            "flows/hotline.yaml",
            flow(
                "a: {kind: collect, prompt: welcome, into: pin, max_digits: 4, masked: true, next: b, failed: c}",
                "b: {kind: check, of: pin, cases: [{equals: ['1234'], then: c}], otherwise: c}",
                "c: {kind: hangup}",
            ),
            "flows/hotline.yaml:3:24: nodes.b.of: `pin` is collected masked and cannot be compared",
        ),
        (
            "flows/hotline.yaml",
            flow(
                "a: {kind: collect, prompt: welcome, into: account, max_digits: 4, min_digits: 5, next: b, failed: b}",
                "b: {kind: hangup}",
            ),
            "flows/hotline.yaml:2:3: nodes.a: min_digits is 5, more than max_digits, 4",
        ),
        (
            "flows/hotline.yaml",
            flow(
                "a: {kind: collect, prompt: welcome, into: account, max_digits: 4, next: b, failed: b}",
                'b: {kind: hangup, prompt: {en: "{{ acount | digits }}"}}',
            ),
            "flows/hotline.yaml:3:34: nodes.b.prompt.en: nothing sets `acount` (did you mean `account`?)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: language, language: vn, next: b}", "b: {kind: hangup, prompt: welcome}"),
            "flows/hotline.yaml:2:33: nodes.a.language: nothing is said in `vn` (one of en, vi)",
        ),
        (
            "flows/hotline.yaml",
            "language: vi\n" + flow("a: {kind: hangup, prompt: {en: Goodbye}}"),
            "flows/hotline.yaml:3:21: nodes.a.prompt: no text in vi, which callers may hear (add vi: ...)",
        ),
        (
            "flows/hotline.yaml",
            flow("a: {kind: hangup, prompt: Hello there}"),
            "flows/hotline.yaml:2:29: nodes.a.prompt: `Hello there` is not the name of a prompt "
            "(a text to say is written {en: ..., vi: ...})",
        ),
        (
            "flows/hotline.yaml",
            "strat: a\n" + flow("a: {kind: hangup}"),
            "flows/hotline.yaml:1:1: strat: unknown key `strat` (did you mean `start`?)",
        ),
        ("flows/hotline.yaml", "", "flows/hotline.yaml:1:1: nodes: a flow needs at least one node"),
        (
            "flows/hotline.yaml",
            "nodes: [",
            "flows/hotline.yaml:1:9: not YAML: expected the node content, but found '<stream end>'",
        ),
        ("queue.yaml", "", "queue.yaml: not a file of a configuration (did you mean `queues.yaml`?)"),
        ("flows/old/a.yaml", "", "flows/old/a.yaml: not a file of a configuration"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(file: str, text: str, expected: str) -> None:
    found = told({file: text})
    for one in expected.split("|"):
        assert any(problem.startswith(one) for problem in found), f"{one}\nnot in\n" + "\n".join(found)
    assert len(found) == len(expected.split("|")), "\n".join(found)


def test_a_mistake_in_a_queue_is_not_told_again_by_those_who_refer_to_it() -> None:
    assert told({"queues.yaml": "sales: {strategy: none}\nsupport: {}\n"}) == [
        "queues.yaml:1:19: sales.strategy: no strategy `none` (one of best_skill, fewest_contacts, last_agent, "
        "longest_idle, ring_all, round_robin)"
    ]


def test_while_a_file_is_no_yaml_nothing_is_said_of_what_may_be_in_it() -> None:
    assert told({"queues.yaml": "sales: ["}) == [
        "queues.yaml:1:9: not YAML: expected the node content, but found '<stream end>' "
        "(what begins in line 1, column 9 is not closed)"
    ]


def test_a_file_that_cannot_be_read_hides_nothing_that_is_wrong_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "queues.yaml": "sales: [", "routing.yaml": "order: fast\n"})
    (tmp_path / "prompts.yaml").write_bytes(b"welcome: {en: caf\xe9}")
    problems = [str(problem) for problem in check_configuration(tmp_path)]
    assert len(problems) == 3
    assert problems[0].startswith("prompts.yaml:1:18: not UTF-8")
    assert problems[1].startswith("queues.yaml:1:9: not YAML")
    assert problems[2].startswith("routing.yaml:1:8: order: no order `fast`")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/vip.txt").write_bytes(b"0901 # H\xe0")
    (tmp_path / "queues.yaml").write_text("sales: {vip: {vip: 5}, priorty: 3}\n", encoding="utf-8")
    problems = [str(problem) for problem in check_configuration(tmp_path)]
    assert [problem.split(": ")[0] for problem in problems] == [
        "lists/vip.txt:1:9",
        "prompts.yaml:1:18",
        "queues.yaml:1:24",
        "routing.yaml:1:8",
    ]


def test_rules_that_nothing_can_come_of_are_remarked_on() -> None:
    queues = (
        "sales: {max_wait_s: 60, needs: sales >= 4, relax: [{after_s: 30, lower: 1}, {after_s: 60, lower: 1}],\n"
        "  callback: {}, survey: {flow: hotline}}\nsupport: {}\n"
    )
    checked = check_files({**GOOD, "queues.yaml": queues})
    assert checked.problems == ()
    said = [str(remark) for remark in checked.remarks if str(remark).startswith("queues.yaml")]
    assert [remark for remark in said if "sales" in remark] == [
        "queues.yaml:2:3: sales.callback: no number may be called back: everybody who asks for it is refused "
        "(callback_to in numbers.yaml)",
        "queues.yaml:2:32: sales.survey.flow: the flow hotline asks nothing (a survey has a node of `kind: survey`)",
        "queues.yaml:1:87: sales.relax.1.after_s: nobody waits so long: max_wait_s is 60",
    ]


def test_loading_raises_with_every_problem_and_checking_lists_them(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "queues.yaml": "sales: {x: 1, y: 2}\n"})
    problems = check_configuration(tmp_path)
    assert len(problems) == 2
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path)
    assert list(caught.value.problems) == problems


def test_a_folder_on_disk_may_hold_other_things_too(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "notes.txt": "x", "flows/.hotline.yaml.swp": "x", ".git/x.yaml": "a: ["})
    (tmp_path / "queues.yaml").write_bytes(b"\xef\xbb\xbfsales: {}\n")
    assert load_configuration(tmp_path).queues.keys() == {"sales"}


def test_a_file_that_is_not_utf_8_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "prompts.yaml").write_bytes("welcome: {en: Hello, vi: Xin chào}".encode("latin-1"))
    assert "prompts.yaml:1:32: not UTF-8 here (byte 0xe0) (save it as UTF-8)" in map(str, check_configuration(tmp_path))
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        check_configuration(tmp_path / "missing")


FILES = [*GOOD, "flows/x.yaml", "flows/.yaml", "other.yaml"]
SNIPPETS = st.sampled_from(
    [
        *(
            "sales",
            "nodes",
            "kind: menu",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "\n",
            "\n  ",
            "- ",
            "1",
            '"',
            "'",
            "null",
            "true",
            "x",
        ),
        *("prompt: welcome", "choices: {1: a}", "needs: ", "announce:", "holidays:", "country: VN", "timezone: UTC"),
        *(
            "open: {",
            "daily: ",
            "{{ x }}",
            "{%",
            "#",
            "&a ",
            "*a",
            "!t ",
            "|\n",
            ">\n",
            "\t",
            "é",
            ",",
            "cases: [{",
            "...",
        ),
    ]
)
TEXTS = st.text(max_size=80) | st.lists(SNIPPETS, max_size=30).map("".join)


@settings(max_examples=examples(80), deadline=None)
@given(files=st.dictionaries(st.sampled_from(FILES), TEXTS, max_size=4))
def test_any_text_gives_a_configuration_or_problems(files: dict[str, str]) -> None:
    configuration, problems = read_configuration({**GOOD, **files})
    assert isinstance(configuration, Configuration)
    for problem in problems:
        assert problem.what


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_a_good_folder_with_slips_of_the_pen_never_falls_over(seed: int, edits: int) -> None:
    files = dict(STARTER_FILES)
    dice = random.Random(seed)
    for _ in range(edits):
        file = dice.choice(sorted(files))
        files[file] = slip(files[file], dice)
    for problem in read_configuration(files)[1]:
        assert points_into(problem, files), problem


def slip(text: str, dice: random.Random) -> str:
    """One mistake as people make them: a letter, a word or a line lost, doubled or in the wrong place."""
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines)) if lines else 0
    words = re.findall(r"\w+", text) or ["x"]
    match dice.randrange(6):
        case 0:
            del lines[at : at + 1]
        case 1:
            lines[at:at] = lines[at : at + 1]
        case 2:
            lines[at : at + 1] = [" " + line for line in lines[at : at + 1]]
        case 3:
            here = dice.randrange(len(text) or 1)
            return text[:here] + text[here + 1 :]
        case 4:
            return re.sub(
                rf"\b{dice.choice(words)}\b", dice.choice([*words, *DAYS, "[]", "{}", "7", '""']), text, count=1
            )
        case _:
            here = dice.randrange(len(text) + 1)
            return text[:here] + dice.choice("{}[]:,'\"-#&*!|>\n\t 0x") + text[here:]
    return "".join(lines)


def points_into(problem: Problem, files: Mapping[str, str]) -> bool:
    place = re.match(r"([^:]+):(\d+):(\d+)", problem.where)
    if place is None:
        return problem.where in files
    lines = files[place[1]].split("\n")
    return 1 <= int(place[2]) <= len(lines) and 1 <= int(place[3]) <= len(lines[int(place[2]) - 1]) + 1


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
