"""What is wrong with lookups, scripts, flows in flows, notes and surveys is told where it was written."""

from collections.abc import Mapping

import pytest

from callcenter.config import read_configuration
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.queue import Survey, SurveyWhen

LOOKUP = "kind: lookup, found: end, not_found: end, failed: end"
END = "end: {kind: hangup}"
GOOD: Mapping[str, str] = {
    "prompts.yaml": "welcome: {en: Hello., vi: Xin chào.}\n",
    "queues.yaml": "sales: {needs: sales}\n",
    "lookups.yaml": 'hosts: [crm.example.com, "127.0.0.1:8080"]\n',
    "flows/how.yaml": "nodes:\n  bye: {kind: hangup}\n",
    "flows/payment.yaml": (
        "nodes:\n  ask: {kind: menu, prompt: welcome, choices: {1: paid}, no_input: refused}\n"
        "  paid: {kind: return, word: paid}\n  refused: {kind: return, word: refused}\n"
    ),
}


def told(changed: Mapping[str, str]) -> list[str]:
    return [str(problem) for problem in read_configuration({**GOOD, **changed})[1]]


def flow(*nodes: str) -> str:
    return "nodes:\n" + "".join(f"  {node}\n" for node in nodes)


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.org/c"}}',
            "flows/x.yaml:2:67: nodes.a.url: lookups may not ask `crm.example.org` (did you mean `crm.example.com`?)",
        ),
        (
            f'a: {{{LOOKUP}, url: "http://127.0.0.1/c"}}',
            "flows/x.yaml:2:67: nodes.a.url: lookups may not ask `127.0.0.1` (did you mean `127.0.0.1:8080`?)",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://{{{{ caller }}}}.example.com/c"}}',
            "flows/x.yaml:2:67: nodes.a.url: `https://{{ caller }}.example.com/c` is not an address that can be asked",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com@evil.example/c"}}',
            "flows/x.yaml:2:67: nodes.a.url: `https://crm.example.com@evil.example/c` is not an address",
        ),
        (
            f'a: {{{LOOKUP}, url: "ftp://crm.example.com/c"}}',
            "flows/x.yaml:2:67: nodes.a.url: `ftp://crm.example.com/c` is not an address that can be asked",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/{{{{ caller | upper }}}}"}}',
            "flows/x.yaml:2:67: nodes.a.url: `https://crm.example.com/{{ caller | uppe...`: {{ and }} hold the name",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/c", set: {{name: "a..b"}}}}',
            "flows/x.yaml:2:108: nodes.a.set.name: `a..b` is not a place in a JSON text",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/c", body: {{x: y}}}}',
            "flows/x.yaml:2:3: nodes.a: body: only post and put send one",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/c", method: delete}}',
            "flows/x.yaml:2:104: nodes.a.method: `delete` is not possible here (one of get, post, put)",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/c", headers: {{"X: y": z}}}}',
            "flows/x.yaml:2:106: nodes.a.headers.X: y: `X: y` is not the name of a header",
        ),
        (
            f'a: {{{LOOKUP}, url: "https://crm.example.com/c", timeout_s: 31}}',
            "flows/x.yaml:2:107: nodes.a.timeout_s: `31`: at most 30",
        ),
        (
            'a: {kind: script, url: "agi://127.0.0.1/{{ caller }}", done: end, failed: end}',
            "flows/x.yaml:2:26: nodes.a.url: `agi://127.0.0.1/{{ caller }}` is not the address of a script",
        ),
        (
            'a: {kind: script, url: "agi://127.0.0.1/x,y", done: end, failed: end}',
            "flows/x.yaml:2:26: nodes.a.url: `agi://127.0.0.1/x,y` is not the address of a script",
        ),
        (
            "a: {kind: subflow, flow: paiment, returns: {paid: end}}",
            "flows/x.yaml:2:28: nodes.a.flow: there is no flow `paiment` (did you mean `payment`?)",
        ),
        (
            "a: {kind: subflow, flow: payment, returns: {paid: end}}",
            "flows/x.yaml:2:37: nodes.a.returns: flow payment can return `refused`, which leads nowhere here",
        ),
        (
            "a: {kind: subflow, flow: payment, returns: {paid: end, refused: end, refusd: end}}",
            "flows/x.yaml:2:72: nodes.a.returns.refusd: flow payment never returns `refusd` (did you mean `refused`?)",
        ),
        (
            "a: {kind: subflow, flow: how, returns: {paid: end}}",
            "flows/x.yaml:2:43: nodes.a.returns.paid: flow how never returns `paid` (end it in a node of kind return)",
        ),
        (
            "a: {kind: survey, questions: [{name: q, prompt: welcome, min: 5, max: 1}], done: end, gave_up: end}",
            "flows/x.yaml:2:33: nodes.a.questions.0: min is 5, and must be less than max, 1",
        ),
        (
            "a: {kind: survey, questions: [], done: end, gave_up: end}",
            "flows/x.yaml:2:32: nodes.a.questions: a list: at least 1 needed",
        ),
        (
            "a: {kind: record, recorded: a, empty: end, gave_up: end}",
            "flows/x.yaml:2:3: nodes.a: a caller who does nothing goes round for ever: a -> a",
        ),
    ],
)
def test_what_is_wrong_in_a_node_is_told_where_it_stands(node: str, problem: str) -> None:
    found = told({"flows/x.yaml": flow(node, END)})
    assert found, problem
    assert found[0].startswith(problem), found[0]
    assert len(found) == 1, found


def test_what_is_wrong_with_hosts() -> None:
    assert told({"lookups.yaml": 'hosts: [CRM.example.com, 7, "http://x"]\nhost: a\n'}) == [
        "lookups.yaml:2:1: host: unknown key `host` (did you mean `hosts`?)",
        "lookups.yaml:1:9: hosts.0: `CRM.example.com` is not a host "
        "(as in an address, in lower case: crm.example.com, or 127.0.0.1:8080 with the port)",
        "lookups.yaml:1:26: hosts.1: `7` is not a host "
        "(as in an address, in lower case: crm.example.com, or 127.0.0.1:8080 with the port)",
        "lookups.yaml:1:29: hosts.2: `http://x` is not a host "
        "(as in an address, in lower case: crm.example.com, or 127.0.0.1:8080 with the port)",
    ]


def test_what_is_collected_masked_is_sent_nowhere() -> None:
    pin = "ask: {kind: collect, prompt: welcome, into: pin, max_digits: 4, masked: true, next: a, failed: end}"
    found = told({"flows/x.yaml": flow(pin, f'a: {{{LOOKUP}, url: "https://crm.example.com/{{{{ pin }}}}"}}', END)})
    assert found == ["flows/x.yaml:3:67: nodes.a.url: `pin` is collected masked and cannot be copied or sent"]


def test_flows_that_lead_into_each_other_without_end_or_too_deep() -> None:
    def through(name: str) -> str:
        return flow(f"a: {{kind: subflow, flow: {name}, returns: {{done: b}}}}", "b: {kind: return}")

    found = told({"flows/one.yaml": through("two"), "flows/two.yaml": through("one")})
    assert found == ["flows/one.yaml:1:1: nodes: flows lead into each other without end: one -> two -> one"]
    chain = {f"flows/f{n}.yaml": through(f"f{n + 1}") for n in range(9)} | {"flows/f9.yaml": flow("b: {kind: return}")}
    assert told(chain) == [
        "flows/f0.yaml:1:1: nodes: leads through 9 flows, each in the middle of the one before; at most 8 can be"
    ]


def test_a_queue_has_a_survey() -> None:
    text = "sales:\n  needs: sales\n  survey: {flow: how, share: 12.5, when: agreed}\n"
    configuration, problems = read_configuration({**GOOD, "queues.yaml": text})
    assert problems == []
    queue = configuration.queues[QueueName("sales")]
    assert queue.survey == Survey(flow=FlowName("how"), share=12.5, when=SurveyWhen.AGREED)
    assert FlowName("how") in queue.flow_targets()


@pytest.mark.parametrize(
    ("survey", "problem"),
    [
        ("{flow: who}", "queues.yaml:3:18: sales.survey.flow: there is no flow `who` (did you mean `how`?)"),
        ("{flow: how, share: 0}", "queues.yaml:3:30: sales.survey.share: `0`: more than 0"),
        ("{flow: how, share: 101}", "queues.yaml:3:30: sales.survey.share: `101`: at most 100"),
        ("{flow: how, when: always}", "queues.yaml:3:29: sales.survey.when: `always` is not possible here"),
        ("{flow: how, sare: 5}", "queues.yaml:3:23: sales.survey.sare: unknown key `sare` (did you mean `share`?)"),
        ("how", "queues.yaml:3:11: sales.survey: expected keys with values, not `how`"),
    ],
)
def test_what_is_wrong_with_a_survey(survey: str, problem: str) -> None:
    found = told({"queues.yaml": f"sales:\n  needs: sales\n  survey: {survey}\n"})
    assert [one[: len(problem)] for one in found] == [problem]
