"""Cases for flows as they are written: what they say, and what is wrong with them, where it stands."""

from pathlib import Path

import pytest

from callcenter.config import check_files, load_configuration
from callcenter.config.cases import USUAL_TIME, read_cases
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.rehearsal import Act, AtWork, Colleague, Colleagues, Keys, Mock, Outside, Seconds, Trouble
from tests.config.test_folder import STARTER, STARTER_FILES

CONFIGURATION = load_configuration(STARTER)
FILE = "flows/tests/x.yaml"


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_cases({FILE: text}, CONFIGURATION)[1]]


def case(body: str, head: str = "") -> str:
    return f"{head}cases:\n  one:\n" + "".join(f"    {line}\n" for line in body.splitlines())


def test_everything_that_a_case_may_say() -> None:
    text = case(
        """dial: "1900"
caller: "0901"
at: 2026-11-23 10:00
does:
  - {press: 12, after: welcome}
  - {wait: 1 min}
  - {speak: 2.5}
  - {hang_up: true}
agents: [{name: anna, skills: {sales: 3}, doing: paused, answers: false}]
waiting: {sales: 3}
handle_time: {sales: 2 min}
outside: busy
variables: {vip: yes}
mocks: {crm: {name: Lan}, erp: fail, old: slow}
expect: {path: [hours], hears: [welcome], queue: sales, priority: 5}""",
        head="timezone: Asia/Ho_Chi_Minh\n",
    )
    [written], wrong = read_cases({FILE: text}, CONFIGURATION)
    assert wrong == []
    found = written.case
    assert found.does == (
        Act(press=Keys("12"), after="welcome"),
        Act(wait=Seconds(60)),
        Act(speak=Seconds(2.5)),
        Act(hang_up=True),
    )
    assert found.agents == (Colleague(name="anna", skills={"sales": 3}, doing=AtWork.PAUSED, answers=False),)
    assert (found.waiting, found.handle_time) == ({QueueName("sales"): 3}, {QueueName("sales"): 120.0})
    assert (found.outside, found.variables) == (Outside.BUSY, {"vip": "yes"})
    assert found.mocks == {
        "crm": Mock(values={"name": "Lan"}),
        "erp": Mock(trouble=Trouble.FAIL),
        "old": Mock(trouble=Trouble.SLOW),
    }
    assert written.at == 1_795_402_800.0  # 03:00 UTC
    assert (written.name, written.place(("expect", "queue"))) == ("x/one", f"{FILE}:18:47")


def test_what_is_left_out() -> None:
    [written], _ = read_cases({FILE: case("flow: hotline")}, CONFIGURATION)
    assert written.case.flow == FlowName("hotline")
    assert written.case.agents is Colleagues.BUSY
    assert USUAL_TIME.endswith("10:00")
    assert written.at % 86_400 == 36_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (case("keys: 1"), f"{FILE}:2:3: cases.one: expected dial: a number, or flow: a name"),
        (
            case("flow: hotlin"),
            f"{FILE}:3:11: cases.one.flow: there is no flow `hotlin` (did you mean `hotline`?)",
        ),
        (
            case('dial: "1900"\nexpect: {queue: slaes}'),
            f"{FILE}:4:21: cases.one.expect.queue: there is no queue `slaes` (did you mean `sales`?)",
        ),
        (
            case('dial: "1900"\nexpect: {path: [hours, englsh]}'),
            f"{FILE}:4:28: cases.one.expect.path.1: there is no node `englsh` in flow `hotline` "
            "(did you mean `english`?)",
        ),
        (
            case('dial: "1900"\nexpect: {passes: [voicemal.message]}'),
            f"{FILE}:4:23: cases.one.expect.passes.0: there is no flow `voicemal` (did you mean `voicemail`?)",
        ),
        (
            case('dial: "1900"\nexpect: {hears: [welcom]}'),
            f"{FILE}:4:22: cases.one.expect.hears.0: there is no prompt `welcom` (did you mean `welcome`?)",
        ),
        (
            case('dial: "1900"\ndoes: [{press: 1, after: mainmenu}]'),
            f"{FILE}:4:30: cases.one.does.0.after: there is no prompt `mainmenu` (did you mean `main_menu`?)",
        ),
        (
            case('dial: "1900"\ndoes: [{press: 1, wait: 5}]'),
            f"{FILE}:4:12: cases.one.does.0: expected one of press, wait, speak and hang_up",
        ),
        (
            case('dial: "1900"\nat: tomorrow'),
            f'{FILE}:4:9: cases.one.at: `tomorrow` is not a time (a date and a time of day: "{USUAL_TIME}")',
        ),
        (
            case('dial: "1900"\nexpect: {ends: abandond}'),
            f"{FILE}:4:20: cases.one.expect.ends: `abandond` is not possible here (did you mean `abandoned`?)",
        ),
        (
            case('dial: "1900"\nagents: [{name: a, skills: {sales: 9}}]'),
            f"{FILE}:4:40: cases.one.agents.0.skills.sales: a level is 1 to 5, not `9`",
        ),
        (case('dial: "1900"\nkyes: 1'), f"{FILE}:4:5: cases.one.kyes: unknown key `kyes` (did you mean `keys`?)"),
        ("case: {}\n", f"{FILE}:1:1: case: unknown key `case` (did you mean `cases`?)"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, expected: str) -> None:
    assert problems(text) == [expected]


def test_cases_are_no_part_of_the_configuration() -> None:
    assert check_files({**STARTER_FILES, FILE: "cases: {one: {dial: 12"}).problems == ()
    assert Path(STARTER, "flows", "tests").is_dir()
