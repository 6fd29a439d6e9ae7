"""Recorded calls through a configuration: what is known stays, what nobody saw is drawn fairly."""

import math
from random import Random

import pytest

from callcenter.model.agent import Agent, PhoneState
from callcenter.model.callback import CallbackRules
from callcenter.model.events import AgentStatusRequested, PhoneChanged
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, QueueName, Skill
from callcenter.model.need import parse_need
from callcenter.model.queue import Announcements
from callcenter.sim.replay.comparison import ALL, call_differences, of_record, of_rerun, rows_of_csv, with_record
from callcenter.sim.replay.recorded import Fate, Recorded, RecordedCall
from callcenter.sim.replay.rerun import redrawn, rerun
from callcenter.sim.replay.staffing import staff_of
from callcenter.sim.replay.table import ANONYMOUS_BANK, Columns, ColumnsMissing, configuration_of, read_table
from callcenter.sim.replay.unseen import Survival, Unseen
from callcenter.sim.traffic.calls import unheard
from callcenter.sim.traffic.drive import comes_to_work
from tests.core.center import configured, queue

HEAD = (
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\tq_time\t"
    "outcome\tser_start\tser_exit\tser_time\tserver"
)


def line(
    number: int,
    at: str,
    *,
    wait: object = 0,
    outcome: str = "AGENT",
    talk: object = 60,
    server: str = "ANNA",
    kind: str = "PS",
    priority: str = "0",
    date: str = "990201",
) -> str:
    cells = ["XX0101", number, 0, priority, kind, date, at, at, 5, at, at, wait, outcome, at, at, talk, server]
    return "\t".join(map(str, cells))


def call(name: str, at: float, fate: Fate = Fate.SERVED, **known: object) -> RecordedCall:
    base: dict[str, object] = {"queue": "sales", "wait_s": 0.0, "talk_s": 60.0 if fate is Fate.SERVED else 0.0}
    return RecordedCall(id=name, at=at, fate=fate, **{**base, **known})  # type: ignore[arg-type]


def staffed(calls: list[RecordedCall], *names: str) -> Recorded:
    agents = tuple(
        Agent(id=AgentId(name), name=name, number=str(at), skills={Skill("sales"): 1})
        for at, name in enumerate(names, 10)
    )
    events = [(0.0, event) for one in agents for event in (_phone(one), comes_to_work(one.id))]
    return Recorded(calls=tuple(calls), agents=agents, events=tuple(events), start=calls[0].at, end=calls[-1].at)


def _phone(agent: Agent) -> PhoneChanged:
    return PhoneChanged(number=agent.number, state=PhoneState.REACHABLE)


# -- a table -----------------------------------------------------------------------------------------------------------


def test_a_table_is_read_as_the_bank_wrote_it() -> None:
    table = read_table(
        [
            HEAD,
            line(1, "7:02:56", talk=166),
            line(2, "8:09:22", wait=5, outcome="HANG", talk=0, server="NO_SERVER", priority="2"),
            line(3, "8:10:00", outcome="PHANTOM", talk=0, server="NO_SERVER"),
            line(4, "8:11:00", server="NO_SERVER", talk=9),
        ],
        ANONYMOUS_BANK,
    )
    first, second, third = table.recorded.calls
    assert (first.fate, first.wait_s, first.talk_s, first.agent, first.queue) == (Fate.SERVED, 0, 166, "anna", "PS")
    assert (second.fate, second.wait_s, second.priority, second.agent) == (Fate.ABANDONED, 5, 70, "")
    assert second.at - first.at == 3600 + 6 * 60 + 26
    assert (table.ignored, table.lines, table.unattended, table.problems) == (1, 4, 1, ())
    assert third.agent == ""


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (line(1, "7:02:56", wait="x"), "q_time", "'x' is no number of seconds"),
        (line(1, "7:02:56", wait=-4), "q_time", "-4 s is no length of a call"),
        (line(1, "7:02:56", talk="nan"), "ser_time", "nan s is no length of a call"),
        (line(1, "25:02:56"), "vru_exit", "'25:02:56' is no time of a day"),
        (line(1, "soon"), "vru_exit", "'soon' is no time of the form %H:%M:%S"),
        (line(1, "7:02:56", date="991399"), "date", "'991399' is no date of the form %y%m%d"),
        (line(1, "7:02:56", outcome="AGNET"), "outcome", "'AGNET' is no outcome that is known"),
        (line(1, "7:02:56", priority="high"), "priority", "'high' is no priority"),
        (line(1, "7:02:56", priority="9"), "priority", "9 is beyond the highest"),
        (line(1, "7:02:56", kind=""), "type", "is empty"),
        ("a\tb", "", "has 2 columns, the head has 17"),
    ],
)
def test_a_line_with_a_fault_is_told_and_left_out(row: str, column: str, what: str) -> None:
    table = read_table([HEAD, line(0, "7:00:00"), row, line(2, "9:00:00")], ANONYMOUS_BANK)
    [problem] = table.problems
    assert (problem.line, problem.column, problem.what) == (3, column, what)
    assert len(table.recorded.calls) == 2


def test_a_table_of_another_shape_names_what_it_lacks() -> None:
    with pytest.raises(ColumnsMissing, match="the table has no column call_id, customer_id"):
        read_table(["a,b,c"], ANONYMOUS_BANK)
    with pytest.raises(ColumnsMissing, match="no head"):
        read_table([], ANONYMOUS_BANK)


def test_columns_of_another_system() -> None:
    columns = Columns(
        arrived="start",
        queue="skill",
        outcome="result",
        wait_s="wait",
        talk_s="talk",
        served=("ok",),
        abandoned=("lost",),
        agent="who",
        wrap_up_s="acw",
        time_format="%Y-%m-%dT%H:%M:%S%z",
    )
    rows = ["start,skill,result,wait,talk,who,acw", "2026-01-31T08:00:00+07:00,sales,ok,3.5,60,Lan Anh,12"]
    [one] = read_table(rows, columns).recorded.calls
    assert (one.at, one.agent, one.wrap_up_s, one.id) == (1_769_821_200.0, "lan-anh", 12, "2")


# -- staff -------------------------------------------------------------------------------------------------------------


def test_an_agent_is_there_from_her_first_call_and_away_while_she_lets_callers_wait() -> None:
    calls = [
        call("a", 1000.0, agent="ann", talk_s=100.0),
        call("b", 1050.0, Fate.ABANDONED, wait_s=150.0),  # until 1200: she was not free before
        call("c", 1500.0, agent="ann", talk_s=50.0),
        call("d", 1600.0, agent="ann", wait_s=30.0, talk_s=10.0),  # was waited for: free at 1630 only
        call("e", 9000.0, agent="ann", talk_s=10.0),
    ]
    agents, events = staff_of(calls)
    assert [(agent.id, dict(agent.skills)) for agent in agents] == [("ann", {"sales": 1})]
    said = [(at, event.status.value) for at, event in events if isinstance(event, AgentStatusRequested)]
    assert said == [
        (1000.0, "available"),
        (1100.0, "paused"),
        (1200.0, "available"),
        (1550.0, "paused"),
        (1630.0, "available"),
        (1640.0, "logged_out"),
        (9000.0, "available"),
        (9010.0, "logged_out"),
    ]


# -- what nobody saw ---------------------------------------------------------------------------------------------------


def test_the_product_limit_estimate_of_a_book_example() -> None:
    """Three of ten give up at 6, one of five at 10, one of two at 16; the others are served between."""
    gave_up, served = (6, 6, 6, 10, 16), (6, 9, 10, 11, 17)
    survival = Survival([*((float(wait), True) for wait in gave_up), *((float(wait), False) for wait in served)])
    assert [survival.beyond(at) for at in (5, 6, 10, 16, 30)] == pytest.approx([1.0, 0.7, 0.56, 0.28, 0.28])
    assert survival.draw(1.0, 0.0) == 6
    assert survival.draw(0.5, 6.0) == 16
    assert survival.draw(0.1, 0.0) == math.inf


def test_a_caller_who_gave_up_does_so_again_and_one_who_was_served_waits_at_least_as_long() -> None:
    random = Random(4)
    calls = [
        call(f"c{n}", float(n), Fate.ABANDONED if n % 3 == 0 else Fate.SERVED, wait_s=random.expovariate(1 / 40))
        for n in range(300)
    ]
    unseen, again = Unseen(calls, 1), Unseen(calls, 1)
    for one in calls:
        patience = unseen.patience_s(one)
        assert patience == again.patience_s(one)
        assert patience == one.wait_s if one.fate is Fate.ABANDONED else patience > one.wait_s
        assert unseen.talk_s(one) == (60.0 if one.fate is Fate.SERVED else unseen.talk_s(one)) > 0


def test_a_redrawn_day_has_about_as_many_calls_in_order() -> None:
    calls = [call(f"c{n}", 10_000.0 + n) for n in range(2000)]
    other = redrawn(calls, 7)
    assert abs(len(other) - 2000) < 200
    assert [one.at for one in other] == sorted(one.at for one in other)
    assert len({one.id for one in other}) == len(other)
    assert redrawn(calls, 7) == other != redrawn(calls, 8)


# -- runs --------------------------------------------------------------------------------------------------------------


def test_with_the_same_staff_and_rules_a_quiet_day_comes_out_as_it_was() -> None:
    calls = [call(f"c{n}", 1000.0 + 100 * n, agent="ann") for n in range(20)]
    recorded = staffed(calls, "ann")
    run = rerun(recorded, configured(queue("sales", "sales")), unseen=Unseen(calls, 1))
    assert with_record(run) == []
    [everything, sales] = of_rerun(run).values()
    assert (everything.served, everything.asa_s, everything.service_level) == (20, 0.0, 1.0)
    assert sales.occupancy == pytest.approx(60 / 100, abs=0.05)
    assert of_record(recorded, configured(queue("sales"))).keys() == {ALL, "sales"}


def test_another_configuration_serves_other_callers_first_and_loses_others() -> None:
    calls = [
        call("a", 1000.0, agent="ann", talk_s=100.0),
        call("b", 1010.0, agent="ann", wait_s=90.0, talk_s=100.0),
        call("c", 1020.0, agent="ann", wait_s=180.0, talk_s=10.0, queue="vip"),
        call("d", 1030.0, Fate.ABANDONED, wait_s=175.0),
    ]
    recorded, unseen = staffed(calls, "ann"), Unseen(calls, 1)
    before = rerun(recorded, configured(queue("sales", "sales"), queue("vip", "sales")), unseen=unseen)
    after = rerun(recorded, configured(queue("sales", "sales"), queue("vip", "sales", priority=90)), unseen=unseen)
    assert with_record(before) == []
    found = {one.call.id: one for one in call_differences(before, after)}
    assert found.keys() == {"b", "c"}
    assert found["c"].after is not None
    assert found["c"].after.wait_s == pytest.approx(80.0)
    rows = list(rows_of_csv(list(found.values())))
    assert rows[0][0] == "call"
    assert {row[0]: row[-1] for row in rows[1:]} == {"b": pytest.approx(10.0), "c": pytest.approx(-100.0)}


def test_what_callers_would_be_told_decides_nothing_and_is_not_worked_out() -> None:
    calls = [call(f"c{n}", 1000.0 + 20 * n, agent="ann", wait_s=min(40.0 * n, 300.0)) for n in range(30)]
    recorded = staffed(calls, "ann")
    rules = {"callback": CallbackRules(offer=Prompt(name="press_1"), offer_when_wait_above_s=5.0), "forecast": True}
    announce = Announcements(first_after_s=5.0, every_s=5.0, wait=Prompt(name="wait"))
    told = queue("sales", "sales", announce=announce, record=True, **rules)
    silent = queue("sales", "sales", callback=CallbackRules(), record=False)
    assert unheard(told) == silent
    runs = [rerun(recorded, configured(one), unseen=Unseen(calls, 1)) for one in (told, silent)]
    assert call_differences(*runs) == []


def test_a_queue_that_is_not_there_has_homeless_calls_unless_another_stands_for_it() -> None:
    calls = [call("a", 1000.0, agent="ann"), call("b", 1500.0, agent="ann", queue="old")]
    recorded, new = staffed(calls, "ann"), configured(queue("sales", "sales"))
    run = rerun(recorded, new, unseen=Unseen(calls, 1))
    assert (run.homeless, run.outcomes[1]) == ({"old": 1}, None)
    assert with_record(run)[0].after is None
    mapped = rerun(recorded, new, unseen=Unseen(calls, 1), queue_of={"old": "sales"})
    assert (mapped.homeless, with_record(mapped)) == ({}, [])


def test_priority_and_needs_that_a_caller_brought_along_stay() -> None:
    calls = [
        call("a", 1000.0, needs=parse_need("vietnamese"), wait_s=20.0),
        call("b", 1001.0, agent="ann", priority=90),
    ]
    run = rerun(staffed(calls, "ann"), configured(queue("sales", "sales")), unseen=Unseen(calls, 1))
    served = [one.call.kind for one in run.outcomes if one is not None and one.served]
    assert served == ["sales"]  # nobody speaks Vietnamese


def test_a_configuration_of_a_table_has_its_queues() -> None:
    table = read_table([HEAD, line(1, "7:00:00", kind="PS"), line(2, "7:05:00", kind="2nd line")], ANONYMOUS_BANK)
    configuration = configuration_of(table.recorded)
    assert {str(name): str(one.needs) for name, one in configuration.queues.items()} == {
        "PS": "PS",
        "2nd line": "q_2nd_line",
    }
    run = rerun(table.recorded, configuration, unseen=Unseen(table.recorded.calls, 1))
    assert with_record(run) == []
    assert run.serving["PS"] == {"anna"}
    assert QueueName("PS") in configuration.queues
