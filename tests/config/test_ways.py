"""Planted errors in the shape of flows, and between flows and queues: each is told where it is, with a remedy."""

from collections.abc import Mapping

import pytest

from callcenter.config import check_files
from tests.config.test_folder import STARTER_FILES

BASE: Mapping[str, str] = {
    "prompts.yaml": "hello: {en: Hello.}\nmenu: {en: Press 1.}\n",
    "calendars.yaml": "office: {timezone: UTC, open: {daily: 08:00-20:00}}\n",
    "queues.yaml": "sales: {needs: sales}\n",
    "numbers.yaml": "numbers: {1900: main}\n",
    "flows/main.yaml": "nodes:\n  go: {kind: enqueue, queue: sales}\n",
}
ENQUEUE = "nodes:\n  go: {kind: enqueue, queue: sales}\n"

PLANTED: Mapping[str, tuple[Mapping[str, str], str]] = {
    "dangling exit": (
        {"flows/main.yaml": "nodes:\n  a: {kind: play, prompt: hello, next: hangupp}\n  hangup: {kind: hangup}\n"},
        "flows/main.yaml:2:40: nodes.a.next: there is no node `hangupp` (did you mean `hangup`?)",
    ),
    "dangling key": (
        {
            "flows/main.yaml": "nodes:\n  a:\n    kind: menu\n    prompt: menu\n    choices:\n      1: sales\n"
            "      2: suport\n    no_input: sales\n  sales: {kind: enqueue, queue: sales}\n"
            "  support: {kind: hangup}\n"
        },
        "flows/main.yaml:7:10: nodes.a.choices.2: there is no node `suport` (did you mean `support`?)",
    ),
    "dangling start": (
        {"flows/main.yaml": "start: beginn\nnodes:\n  begin: {kind: hangup}\n"},
        "flows/main.yaml:1:8: start: there is no node `beginn` (did you mean `begin`?)",
    ),
    "unreachable node": (
        {"flows/main.yaml": ENQUEUE + "  lost: {kind: hangup}\n"},
        "flows/main.yaml:3:3: nodes.lost: nothing leads here (lead an exit here or take it out)",
    ),
    "instant circle": (
        {
            "flows/main.yaml": """nodes:
  a: {kind: set, values: {n: one}, next: b}
  b: {kind: check, of: n, cases: [{equals: [two], then: end}], otherwise: a}
  end: {kind: hangup}
"""
        },
        "flows/main.yaml:2:3: nodes.a: a caller who does nothing goes round for ever: a -> b -> a "
        "(lead one of these exits to a hangup or a queue)",
    ),
    "circle of prompts": (
        {
            "flows/main.yaml": "nodes:\n  a: {kind: play, prompt: hello, next: b}\n"
            "  b: {kind: play, prompt: hello, next: a}\n"
        },
        "flows/main.yaml:2:3: nodes.a: a caller who does nothing goes round for ever: a -> b -> a "
        "(lead one of these exits to a hangup or a queue)",
    ),
    "menu that silence repeats": (
        {
            "flows/main.yaml": "nodes:\n  a: {kind: menu, prompt: menu, choices: {1: end}, no_input: a}\n"
            "  end: {kind: hangup}\n"
        },
        "flows/main.yaml:2:3: nodes.a: a caller who does nothing goes round for ever: a -> a "
        "(lead one of these exits to a hangup or a queue)",
    ),
    "nobody there, round in an instant": (
        {
            "queues.yaml": "sales:\n  needs: sales\n  no_agents: {flow: later}\n",
            "flows/later.yaml": ENQUEUE,
        },
        "queues.yaml:3:14: sales.no_agents: a call would be sent round for ever in one instant: "
        "queue sales -> later.go -> queue sales (lead one of these ways elsewhere)",
    ),
    "full, round in an instant": (
        {
            "queues.yaml": "sales:\n  max_waiting: 5\n  overflow: {flow: later}\n",
            "flows/later.yaml": "nodes:\n  a: {kind: set, values: {late: yes}, next: go}\n"
            "  go: {kind: enqueue, queue: sales}\n",
        },
        "queues.yaml:3:13: sales.overflow: a call would be sent round for ever in one instant: "
        "queue sales -> later.a -> later.go -> queue sales (lead one of these ways elsewhere)",
    ),
    "closed, over two queues and two flows": (
        {
            "queues.yaml": "sales:\n  hours: office\n  at_close: {flow: one}\n"
            "support:\n  hours: office\n  at_close: {flow: two}\n",
            "flows/one.yaml": "nodes:\n  go: {kind: enqueue, queue: support}\n",
            "flows/two.yaml": ENQUEUE,
        },
        "queues.yaml:3:13: sales.at_close: a call would be sent round for ever in one instant: "
        "queue sales -> one.go -> queue support -> two.go -> queue sales (lead one of these ways elsewhere)",
    ),
    "circle of queues": (
        {"queues.yaml": "sales:\n  overflow: {queue: support}\nsupport:\n  overflow: {queue: sales}\n"},
        "queues.yaml:1:1: sales: callers could be sent round in a circle: sales -> support -> sales "
        "(lead one elsewhere)",
    ),
    "unknown queue": (
        {"flows/main.yaml": "nodes:\n  go: {kind: enqueue, queue: slaes}\n"},
        "flows/main.yaml:2:30: nodes.go.queue: there is no queue `slaes` (did you mean `sales`?)",
    ),
    "unknown prompt": (
        {"flows/main.yaml": "nodes:\n  a: {kind: play, prompt: helo, next: b}\n  b: {kind: hangup}\n"},
        "flows/main.yaml:2:27: nodes.a.prompt: there is no prompt `helo` (did you mean `hello`?)",
    ),
    "unknown calendar": (
        {"flows/main.yaml": "nodes:\n  a: {kind: hours, calendar: ofice, open: b, closed: b}\n  b: {kind: hangup}\n"},
        "flows/main.yaml:2:30: nodes.a.calendar: there is no calendar `ofice` (did you mean `office`?)",
    ),
    "unknown kind": (
        {"flows/main.yaml": "nodes:\n  a: {kind: hangupp}\n"},
        "flows/main.yaml:2:13: nodes.a.kind: there is no kind `hangupp` (did you mean `hangup`?)",
    ),
    "unknown flow of a number": (
        {"numbers.yaml": "numbers: {1900: main, 1901: mian}\n"},
        "numbers.yaml:1:29: numbers.1901: there is no flow `mian` (did you mean `main`?)",
    ),
    "unknown flow of a queue": (
        {"queues.yaml": "sales:\n  overflow: {flow: mian}\n"},
        "queues.yaml:2:20: sales.overflow.flow: there is no flow `mian` (did you mean `main`?)",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found_where_it_is(name: str) -> None:
    changed, expected = PLANTED[name]
    assert [str(problem) for problem in check_files({**BASE, **changed}).problems] == [expected]


def remarks(changed: Mapping[str, str]) -> list[str]:
    checked = check_files({**BASE, **changed})
    assert checked.problems == ()
    return [str(remark) for remark in checked.remarks]


def test_a_round_that_takes_time_is_a_remark() -> None:
    found = remarks(
        {
            "queues.yaml": "sales:\n  no_agents: {flow: later}\n",
            "flows/later.yaml": "nodes:\n  a: {kind: play, prompt: hello, next: go}\n"
            "  go: {kind: enqueue, queue: sales}\n",
        }
    )
    assert found == [
        "queues.yaml:2:14: sales.no_agents: a caller whom nobody serves is sent round here, and is hung up on after 10 "
        "rounds: queue sales -> later.a -> later.go -> queue sales (lead one of these ways to a message or a hangup)"
    ]


def test_a_wait_before_the_round_takes_time_too() -> None:
    [found] = remarks(
        {"queues.yaml": "sales:\n  max_wait_s: 60\n  overflow: {flow: later}\n", "flows/later.yaml": ENQUEUE}
    )
    assert found.startswith("queues.yaml:3:13: sales.overflow: a caller whom nobody serves is sent round here")


def test_a_choice_that_leads_back_to_the_queue_is_fine() -> None:
    menu = "nodes:\n  ask: {kind: menu, prompt: menu, choices: {1: go}, no_input: bye}\n"
    found = remarks(
        {
            "queues.yaml": "sales:\n  no_agents: {flow: later}\n",
            "flows/later.yaml": menu + "  go: {kind: enqueue, queue: sales}\n  bye: {kind: hangup}\n",
        }
    )
    assert found == []


def test_what_nothing_leads_to_is_a_remark() -> None:
    assert remarks({"flows/lonely.yaml": ENQUEUE, "queues.yaml": "sales: {}\nidle: {}\n"}) == [
        "flows/lonely.yaml:1:1: no number, queue or flow leads here; only a dialplan could "
        '(lead a number here in numbers.yaml: "...": lonely)',
        "queues.yaml:2:1: idle: no flow or queue leads here (`kind: enqueue` does)",
    ]


def test_the_starter_gives_no_cause_for_a_remark() -> None:
    checked = check_files(STARTER_FILES)
    assert (checked.problems, checked.remarks) == ((), ())


def test_several_errors_are_told_at_once() -> None:
    changed = {
        name: text for one in ("dangling exit", "full, round in an instant") for name, text in PLANTED[one][0].items()
    }
    assert len(check_files({**BASE, **changed}).problems) == 2
