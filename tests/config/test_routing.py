"""Rules of routing as people write them: what becomes of them, and what is said of mistakes."""

import re
from pathlib import Path

import pytest

from callcenter.config import read_configuration
from callcenter.config.folder import check_folder
from callcenter.config.strangers import strangers
from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, ListName, QueueName, Skill
from callcenter.model.need import parse_need
from callcenter.model.relaxation import Ageing, Lowering, Reserve, Sticky
from callcenter.model.routing import Blend, First, Routing
from callcenter.nodes.enqueue import Enqueue

PAGE = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
LISTS = {"lists/gold.txt": "0901234567\n", "lists/silver.txt": ""}

QUEUES = """
sales:
  needs: sales >= 4 and vietnamese
  relax:
    - {after_s: 20, lower: 1}
    - {after_s: 40, drop: [vietnamese]}
    - {after_s: 60, lower: {sales: 2}, add: "@minh"}
  sticky: {for_s: 10, any_queue: true}
  reserve: {agents: [minh], needs: backoffice, above_s: 45}
  vip: {gold: 30}
  ageing: {per_minute: 5, max: 20.5}
  weight: 2
  starve_after_s: 90
"""


def told(**files: str) -> list[str]:
    named = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    return [str(problem) for problem in read_configuration({**named, **LISTS})[1]]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_on_the_page_work(example: str) -> None:
    file = "routing.yaml" if example.startswith("# routing.yaml") else "queues.yaml"
    assert [str(problem) for problem in read_configuration({file: example, **LISTS})[1]] == []


def test_a_queue_with_every_rule() -> None:
    configuration, problems = read_configuration({"queues.yaml": QUEUES, **LISTS})
    assert problems == []
    queue = configuration.queues[QueueName("sales")]
    assert [str(step.applied_to(parse_need("sales >= 4 and vietnamese"))) for step in queue.relax] == [
        "sales >= 3 and vietnamese",
        "sales >= 4",
        "@minh or sales >= 2 and vietnamese",
    ]
    assert queue.relax[2].lower == Lowering(skills={Skill("sales"): 2})
    assert queue.sticky == Sticky(for_s=10, any_queue=True)
    assert queue.reserve == Reserve(agents=("minh",), needs=parse_need("backoffice"), above_s=45)  # type: ignore[arg-type]
    assert queue.ageing == Ageing(per_minute=5, max=20.5)
    assert queue.vip == {ListName("gold"): 30}
    assert (queue.weight, queue.starve_after_s) == (2, 90)


def test_a_call_may_bring_its_own_relaxation() -> None:
    flow = "nodes:\n  a: {kind: enqueue, queue: q, relax: [{after_s: 5, drop: [x]}]}\n"
    configuration, problems = read_configuration({"queues.yaml": "q: {}\n", "flows/f.yaml": flow})
    assert problems == []
    [node] = next(iter(configuration.flows.values())).nodes.values()
    assert isinstance(node, Enqueue)
    assert [step.drop for step in node.relax] == [("x",)]


def test_rules_above_the_queues() -> None:
    text = (
        "order: service_level\nblend: {first: inbound, keep_free: 2}\ninterruptible: {chat: [voice], email: [voice]}\n"
    )
    configuration, problems = read_configuration({"routing.yaml": text})
    assert problems == []
    assert configuration.routing == Routing(
        order="service_level",
        blend=Blend(first=First.INBOUND, keep_free=2),
        interruptible={Medium.CHAT: (Medium.VOICE,), Medium.EMAIL: (Medium.VOICE,)},
    )
    assert read_configuration({})[0].routing == Routing()


@pytest.mark.parametrize(
    ("queue", "problem"),
    [
        ("relax: [{after_s: 5}]", "queues.yaml:1:13: q.relax.0: a step changes something: needs, lower, drop or add"),
        ("relax: [{after_s: 5, lower: 5}]", "queues.yaml:1:33: q.relax.0.lower: expected 1 to 4, not `5` (by how many"),
        ("relax: [{after_s: 5, lower: {a: 0}}]", "queues.yaml:1:37: q.relax.0.lower.a: expected 1 to 4, not `0`"),
        ("relax: [{after_s: 5, drop: [1a]}]", "queues.yaml:1:33: q.relax.0.drop.0: `1a` is not a skill"),
        ("relax: [{after_s: 5, add: a and}]", "q.relax.0.add: expected a skill at"),
        ("reserve: {above_s: 5}", "queues.yaml:1:14: q.reserve: who is the reserve? agents or needs"),
        ("reserve: {above_s: 5, agents: [Anna]}", "q.reserve.agents.0: `Anna` is not an agent's id"),
        ("sticky: {for_s: 0}", "queues.yaml:1:21: q.sticky.for_s: must be more than 0 (leave `sticky` out instead)"),
        ("sticky: {fors: 5}", "q.sticky.fors: unknown key `fors` (did you mean `for_s`?)"),
        ("vip: {golf: 5}", "there is no list `golf` (did you mean `gold`?)"),
        ("vip: {gold: 500}", "q.vip.gold: `500`: at most 100"),
        ("ageing: {per_minute: 0, max: 5}", "q.ageing.per_minute: `0`: more than 0"),
        ("ageing: {per_minute: 1, max: 500}", "q.ageing.max: `500`: at most 100"),
        ("weight: 0", "q.weight: `0`: more than 0"),
        ("needs: sales and not sales", "q.needs: nobody can meet sales and not sales"),
    ],
)
def test_mistakes_in_a_queue_are_told_where_they_stand(queue: str, problem: str) -> None:
    found = told(queues=f"q: {{{queue}}}\n")
    assert any(problem in one for one in found), found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("order: servicelevel", "routing.yaml:1:8: order: no order `servicelevel` (did you mean `service_level`?)"),
        ("blend: {first: in}", "routing.yaml:1:16: blend.first: `in` is not possible here"),
        ("blend: {keep_free: -1}", "routing.yaml:1:20: blend.keep_free: -1: 0 to 10000"),
        ("interruptible: {voice: [chat]}", "routing.yaml:1:24: interruptible.voice: a talk is never interrupted"),
        ("interruptible: {letter: [chat]}", "`letter` is not possible here"),
        ("ordre: priority", "unknown key `ordre` (did you mean `order`?)"),
    ],
)
def test_mistakes_above_the_queues_are_told_where_they_stand(text: str, problem: str) -> None:
    found = told(routing=text)
    assert any(problem in one for one in found), found


ALL_AT_ONCE = """
q:
  strategi: x
  relax:
    - {after_s: 20, lower: 1}
    - {after_s: 10, lower: 9}
    - {after_s: 15, drop: [a]}
  ageing: {per_minute: fast, max: 500}
  callback: {key: x, attempts: 99, ring_s: soon}
  sticky: {for_s: 0}
  hours: ofice
  at_close: hang_up
  announce: {every_s: soon, comfort: {en: wait}}
"""


def test_all_mistakes_are_told_in_one_pass() -> None:
    found = told(queues=ALL_AT_ONCE, routing="blend: {keep_free: -1, first: in}\ninterruptible: {voice: [chat]}\n")
    for part in (
        "unknown key `strategi`",
        "q.relax.1.lower",
        "the steps must come in order",
        "q.ageing.per_minute",
        "q.ageing.max: `500`",
        "q.callback.key: `x`",
        "99 attempts",
        "q.callback.ring_s",
        "must be more than 0",
        "no calendar `ofice`",
        "blend.keep_free: -1",
        "`in` is not possible here",
        "a talk is never interrupted",
    ):
        assert any(part in one for one in found), (part, found)
    assert not any("never closes" in one or "nothing says when" in one for one in found), found
    assert len(found) == len(set(found))


NOTHING_TO_DROP = """
q:
  needs: sales
  relax:
    - {after_s: 5, drop: [english]}
    - {after_s: 6, add: support >= 3}
    - {after_s: 7, lower: {support: 1, saels: 1}}
p: {needs: support, relax: [{after_s: 5, drop: [vip]}]}
"""
ASKS_MORE = "nodes:\n  a: {kind: enqueue, queue: p, needs: vip, relax: [{after_s: 5, drop: [vipp]}]}\n"


def test_steps_that_change_nothing_are_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "queues.yaml").write_text(NOTHING_TO_DROP)
    (tmp_path / "flows" / "f.yaml").write_text(ASKS_MORE)
    (tmp_path / "numbers.yaml").write_text("default: f\n")
    remarks = [str(remark) for remark in check_folder(tmp_path).remarks if "no need names" in str(remark)]
    assert [remark.split(": no need")[0] for remark in remarks] == [
        "flows/f.yaml:2:72: nodes.a.relax.0.drop.0",
        "queues.yaml:5:27: q.relax.0.drop.0",
        "queues.yaml:7:47: q.relax.2.lower.saels",
    ]


def test_steps_that_leave_everything_as_it_was_are_remarked_on_for_all_who_wait_there(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "queues.yaml").write_text(
        "q: {needs: sales, relax: [{after_s: 5, lower: 1}, {after_s: 6, add: sales >= 3}, {after_s: 7, add: vip}]}\n"
        "own: {needs: sales, relax: [{after_s: 5, lower: 1}]}\n"
    )
    steps = "[{after_s: 5, needs: sales >= 4}, {after_s: 6, lower: 1}, {after_s: 7, add: '@linh'}]"
    (tmp_path / "flows" / "f.yaml").write_text(f"nodes:\n  a: {{kind: enqueue, queue: q, relax: {steps}}}\n")
    (tmp_path / "flows" / "g.yaml").write_text("nodes:\n  a: {kind: enqueue, queue: own, needs: sales >= 3}\n")
    (tmp_path / "numbers.yaml").write_text('numbers: {"1": f, "2": g}\n')
    least = "(leave it out; levels fall to 1 at least)"
    assert [str(one) for one in check_folder(tmp_path).remarks if "the step" in str(one)] == [
        "flows/f.yaml:2:60: nodes.a.relax.0.needs: this asks for more than before (sales): the step takes agents away "
        "and adds none (a lower level, fewer skills, or `add`)",
        f"queues.yaml:1:27: q.relax.0: the step changes nothing: whoever may serve after it could before {least}",
        f"queues.yaml:1:51: q.relax.1: the step changes nothing: whoever may serve after it could before {least}",
    ], "`own` is lowered for the callers of g"


def test_agents_whom_nobody_knows_are_named() -> None:
    files = {
        "queues.yaml": "q:\n  needs: sales or @lihn\n  reserve: {agents: [minh, ghost], above_s: 5}\n",
        "flows/f.yaml": "nodes:\n  a: {kind: enqueue, queue: q, relax: [{after_s: 5, add: '@nobdy'}]}\n",
    }
    configuration, problems = read_configuration(files)
    assert problems == []
    assert list(map(str, strangers(configuration, files, known("linh", "minh")))) == [
        "queues.yaml:2:10: q.needs: there is no agent lihn (did you mean `linh`?)",
        "flows/f.yaml:2:58: nodes.a.relax.0.add: there is no agent nobdy (one of linh, minh)",
        "queues.yaml:3:28: q.reserve.agents.1: there is no agent ghost (one of linh, minh)",
    ]
    assert strangers(configuration, files, known("lihn", "minh", "ghost", "nobdy")) == []


def known(*agents: str) -> dict[AgentId, dict[Skill, int]]:
    return {AgentId(agent): {Skill("sales"): 3} for agent in agents}


NEEDS_NOBODY_MEETS = """
typing: {needs: saels and not trainee}
level: {needs: sales >= 4 or @linh}
both: {needs: sales >= 4, relax: [{after_s: 5, lower: 1}, {after_s: 9, add: english}]}
well: {needs: sales >= 3 and not trainee}
nobody: {needs: nobody, relax: [{after_s: 5, add: sales}]}
"""


def test_what_no_agent_can_do_is_remarked_on_before_callers_wait_for_it() -> None:
    files = {"queues.yaml": NEEDS_NOBODY_MEETS}
    configuration, problems = read_configuration(files)
    assert problems == []
    assert list(map(str, strangers(configuration, files, known("linh")))) == [
        "queues.yaml:2:17: typing.needs: no agent has the skill saels (did you mean `sales`?)",
        "queues.yaml:4:15: both.needs: no agent meets sales >= 4 (callcenter agents list shows who can do what)",
        "queues.yaml:4:77: both.relax.1.add: no agent has the skill english (one of sales)",
    ]
    assert [str(one) for one in strangers(configuration, files, {}) if "skill" in str(one)] == []  # nobody is there yet


def test_steps_after_which_nobody_may_serve_are_remarked_on(tmp_path: Path) -> None:
    step = "{after_s: 9, needs: nobody}"
    (tmp_path / "queues.yaml").write_text(
        f"dead: {{needs: sales, relax: [{{after_s: 5, add: english}}, {step}]}}\n"
        "one: {needs: sales, relax: [{after_s: 5, needs: nobody, add: '@linh'}]}\n"
    )
    assert [str(one) for one in check_folder(tmp_path).remarks if "nobody may" in str(one)] == [
        "queues.yaml:1:58: dead.relax.1: from then on nobody may serve who waits here: a step is there to ask for less "
        "(max_wait_s sends callers on)"
    ]


def test_steps_that_ask_for_more_or_for_the_same_are_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "queues.yaml").write_text(
        "up: {needs: sales >= 2, relax: [{after_s: 5, needs: sales >= 4}]}\n"
        "more: {needs: sales or support, relax: [{after_s: 5, needs: sales and english}]}\n"
        "back: {needs: sales >= 3, relax: [{after_s: 5, lower: 1}, {after_s: 9, needs: sales >= 3}]}\n"
        "same: {needs: sales, relax: [{after_s: 5, needs: sales}]}\n"
        "anybody: {relax: [{after_s: 5, needs: sales}]}\n"
        "fine: {needs: sales >= 3, relax: [{after_s: 5, needs: sales}, {after_s: 9, needs: support}]}\n"
        "wider: {needs: sales >= 3, relax: [{after_s: 5, needs: sales >= 4, add: english}]}\n"
    )
    more = "the step takes agents away and adds none (a lower level, fewer skills, or `add`)"
    assert [str(one) for one in check_folder(tmp_path).remarks if "the step" in str(one)] == [
        f"queues.yaml:1:53: up.relax.0.needs: this asks for more than before (sales >= 2): {more}",
        f"queues.yaml:2:61: more.relax.0.needs: this asks for more than before (sales or support): {more}",
        f"queues.yaml:3:79: back.relax.1.needs: this asks for more than before (sales >= 2): {more}",
        "queues.yaml:4:50: same.relax.0.needs: sales is what was asked before: the step changes nothing "
        "(leave it out, or ask for less)",
        f"queues.yaml:5:39: anybody.relax.0.needs: this asks for more than before (anybody): {more}",
    ]
