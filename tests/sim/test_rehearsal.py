"""Calls that are rehearsed: the real engine, a clock of its own, and what is said when something differs."""

import time

import pytest

from callcenter.config import load_configuration, read_configuration
from callcenter.config.cases import WrittenCase, load_cases, read_cases
from callcenter.model.configuration import Configuration
from callcenter.sim.course import Course
from callcenter.sim.coverage import coverage, share
from callcenter.sim.rehearsal import rehearse
from callcenter.sim.verdict import mismatches, path_of
from tests.config.test_folder import STARTER

CONFIGURATION = load_configuration(STARTER)
CASES = load_cases(STARTER, CONFIGURATION)

FOLDER = {
    "prompts.yaml": "ask: {en: 'Your number?'}\nsorry: {en: 'Sorry, {{ account }}.'}\nhello: {en: Hello.}\n",
    "queues.yaml": "sales: {needs: sales, missed: {no_answer: {then: pause}}}\n",
    "numbers.yaml": "numbers: {1: main, 2: out}\nforward_to: [09XXXXXXXX]\n",
    "flows/main.yaml": """
nodes:
  ask: {kind: collect, prompt: ask, into: account, max_digits: 4, min_digits: 4, next: seen, failed: bye}
  seen: {kind: check, of: account, cases: [{equals: ["1234"], then: sales}], otherwise: sorry}
  sales: {kind: enqueue, queue: sales, priority: 70}
  sorry: {kind: play, prompt: sorry, next: bye}
  bye: {kind: hangup}
""",
    "flows/out.yaml": """
nodes:
  call: {kind: transfer, number: "0901234567", failed: sorry}
  sorry: {kind: hangup, prompt: hello, reason: closed}
""",
}


def small() -> Configuration:
    configuration, problems = read_configuration(FOLDER)
    assert problems == []
    return configuration


def played(body: str) -> tuple[WrittenCase, Course]:
    configuration = small()
    text = "cases:\n  one:\n" + "".join(f"    {line}\n" for line in body.splitlines())
    [written], problems = read_cases({"flows/tests/x.yaml": text}, configuration)
    assert problems == []
    return written, rehearse(configuration, written.case, written.at)


def different(body: str) -> list[tuple[tuple[str | int, ...], list[str]]]:
    written, course = played(body)
    return [(one.at, [f"{line.sign} {line.text}" for line in one.lines]) for one in mismatches(written.case, course)]


@pytest.mark.parametrize("written", CASES, ids=[written.name for written in CASES])
def test_the_starter_does_what_its_cases_say(written: WrittenCase) -> None:
    course = rehearse(CONFIGURATION, written.case, written.at)
    assert mismatches(written.case, course) == []


def test_the_starters_cases_reach_most_of_it_in_no_time() -> None:
    began = time.process_time()
    courses = [rehearse(CONFIGURATION, written.case, written.at) for written in CASES]
    assert (time.process_time() - began) / len(CASES) < 0.05
    found = {one.flow: one for one in coverage(CONFIGURATION, courses)}
    assert found["office"].share == found["voicemail"].share == 1.0  # type: ignore[index]
    assert share(found.values()) > 0.8


def test_a_case_gives_the_same_course_each_time() -> None:
    for written in CASES:
        courses = [rehearse(CONFIGURATION, written.case, written.at) for _ in range(2)]
        assert courses[0] == courses[1]


def test_digits_are_taken_and_looked_at() -> None:
    _, course = played('dial: "1"\nkeys: "1234"')
    assert (path_of(course), course.outcome) == (("ask", "seen", "sales"), "queue sales")
    assert course.variables == {"account": "1234"}
    _, other = played('dial: "1"\nkeys: "9999"')
    assert (other.heard[-1].text, other.variables["account"]) == ("Sorry, 9999.", "9999")


@pytest.mark.parametrize(
    ("outside", "outcome"),
    [("answers", "number 0901234567"), ("busy", "ended closed"), ("no_answer", "ended closed")],
)
def test_an_outside_number(outside: str, outcome: str) -> None:
    _, course = played(f'dial: "2"\noutside: {outside}')
    assert course.outcome == outcome


def test_an_agent_who_lets_it_ring_and_one_who_answers() -> None:
    _, course = played(
        'dial: "1"\nkeys: "1234"\nagents:\n'
        "  - {name: anna, skills: {sales: 1}, answers: false}\n  - {name: binh, skills: {sales: 1}}"
    )
    assert course.outcome == "agent binh"
    assert [step.words for step in course.steps if step.kind == "rings"] == [
        "the phone of anna rings",
        "the phone of binh rings",
    ]


def test_a_call_comes_to_rest_where_nobody_does_anything() -> None:
    _, course = played('dial: "1"\nkeys: "1234"\nagents: [{name: anna, skills: {sales: 1}, answers: false}]')
    assert course.outcome == "queue sales"


def test_another_path_is_shown_as_a_difference() -> None:
    found = different(
        'dial: "1"\nkeys: "9999"\nexpect: {path: [ask, seen, sales], queue: sales, variables: {account: "1"}}'
    )
    assert found == [
        (("expect", "path"), ["  ask", "  seen", "- sales", "+ sorry", "+ bye"]),
        (("expect", "queue"), ["- sales", "+ nothing"]),
        (("expect", "variables", "account"), ["- 1", "+ 9999"]),
    ]


def test_what_is_heard_otherwise_is_shown_with_its_words() -> None:
    [(at, lines)] = different('dial: "1"\nkeys: "9999"\nexpect: {hears: [ask, hello]}')
    assert (at, lines) == (("expect", "hears"), ["  ask", "- hello", "+ sorry: Sorry, 9999."])


def test_what_the_caller_had_no_occasion_to_do() -> None:
    written, course = played('dial: "2"\ndoes: [{press: 1, after: hello}]')
    [found] = mismatches(written.case, course)
    assert found.what == "the caller was to press 1 after hello, which is not said"


def test_priority_needs_and_end() -> None:
    assert different('dial: "1"\nkeys: "1234"\nexpect: {priority: 60, needs: sales >= 2, ends: closed}') == [
        (("expect", "priority"), ["- 60", "+ 70"]),
        (("expect", "needs"), ["- sales >= 2", "+ sales"]),
        (("expect", "ends"), ["- closed", "+ nothing"]),
    ]


ASKING = {
    "prompts.yaml": "hello: {en: 'Hello {{ customer_name }}.'}\nwait: {en: One moment.}\n",
    "numbers.yaml": "numbers: {1: main}\n",
    "lookups.yaml": "hosts: [crm.example.com]\n",
    "flows/main.yaml": """
nodes:
  customer:
    kind: lookup
    url: "https://crm.example.com/{{ caller }}"
    set: {customer_name: customer.name}
    prompt: wait
    found: hello
    not_found: pay
    failed: bye
  pay: {kind: script, url: "agi://127.0.0.1:4573/pay", set: [receipt], timeout_s: 60, done: bye, failed: sorry}
  hello: {kind: hangup, prompt: hello}
  sorry: {kind: hangup, reason: closed}
  bye: {kind: hangup}
""",
}


@pytest.mark.parametrize(
    ("mocks", "path", "variables"),
    [
        ("{customer: {customer_name: Lan}}", ("customer", "hello"), {"customer_name": "Lan"}),
        ("{main.customer: fail}", ("customer", "bye"), {}),
        ("{customer: slow}", ("customer", "bye"), {}),
        ("{customer: not_found, pay: {receipt: 17}}", ("customer", "pay", "bye"), {"receipt": "17"}),
        ("{customer: not_found, pay: fail}", ("customer", "pay", "sorry"), {}),
        ("{customer: not_found, pay: slow}", ("customer", "pay", "sorry"), {}),
    ],
)
def test_lookups_and_scripts_answer_what_the_case_says(
    mocks: str, path: tuple[str, ...], variables: dict[str, str]
) -> None:
    configuration, problems = read_configuration(ASKING)
    assert problems == []
    [written], wrong = read_cases({"flows/tests/x.yaml": f'cases: {{a: {{dial: "1", mocks: {mocks}}}}}'}, configuration)
    assert wrong == []
    course = rehearse(configuration, written.case, written.at)
    assert (path_of(course), course.unknown) == (path, [])
    assert {name: value for name, value in course.variables.items() if value} == variables


def test_a_lookup_without_a_mock_is_a_mismatch() -> None:
    configuration, _ = read_configuration(ASKING)
    [written], _ = read_cases({"flows/tests/x.yaml": 'cases: {a: {dial: "1"}}'}, configuration)
    [found] = mismatches(written.case, rehearse(configuration, written.case, written.at))
    assert found.what.startswith("main.customer asks a program outside")
