"""Customers and dispositions on the command line: against real records, and a center behind its control socket."""

import os
import stat
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import load_configuration
from callcenter.model.events import DispositionRequested
from callcenter.postgres.journal import PostgresJournal
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.past import SETTLE_S, Past, half_an_hour_ago
from tests.cli.terminal import NUMBERS, Terminal
from tests.core.center import Call

CUSTOMERS = """
fields:
  tier: { type: choice, options: [gold, silver] }
crm_url: "https://crm.example.com/find?n={{ number }}&who={{ name }}&t={{field_tier}}"
"""
TALKS = """
talks:
  outcomes:
    sold: { label: Sold }
    complaint: { outcomes: { billing: { note: required } } }
"""


@pytest.fixture
def office(terminal: Terminal) -> Terminal:
    """An installation in Viet Nam, with fields of its own, and a tree of dispositions."""
    (terminal.config / "numbers.yaml").write_text(NUMBERS + "numbering: { country: VN }\n")
    (terminal.config / "customers.yaml").write_text(CUSTOMERS)
    (terminal.config / "dispositions.yaml").write_text(TALKS)
    queues = terminal.config / "queues.yaml"
    rules = "sales:\n  disposition: { tree: talks, required: true }\n"
    queues.write_text(queues.read_text().replace("sales:\n", rules, 1))
    return terminal


@pytest.fixture
async def with_past(office: Terminal, past: Past) -> Past:
    """With three calls in its records."""
    return past


def test_a_customer_from_being_entered_to_being_taken_out(office: Terminal, with_past: Past) -> None:
    given = ("--name", "Lan", "--number", "+84 901 111 111", "--tag", "gold", "--field", "tier=gold", "--vip")
    made = office.json("customers", "add", *given, "--reference", "crm-7", "--note", "likes tea", "--language", "vi")
    shown = office.json("customers", "show", "0901111111")
    lan = shown["customer"]
    assert (lan["id"], lan["numbers"], lan["vip"], lan["fields"]) == (
        made["customer"],
        ["+84901111111"],
        True,
        {"tier": "gold"},
    )
    assert lan["notes"][0]["text"] == "likes tea"
    assert [call["call"] for call in shown["history"]["calls"]] == [with_past.missed.id]  # from before she was entered
    assert "likes tea" in office("customers", "show", str(made["customer"])).out
    office.json(
        "customers", "change", "0901111111", "--do-not-call", "--source", "her letter", "--number", "0909999999",
        "--without-tag", "gold", "--field", "tier=", "--email", "l@example.com",
    )  # fmt: skip
    office.json("customers", "note", "0909999999", "moved house")
    after = office.json("customers", "show", "0909999999")
    assert (after["customer"]["do_not_call_source"], after["customer"]["tags"]) == ("her letter", [])
    assert after["customer"]["fields"] == {}
    assert "must not be called (her letter)" in after["changes"][0]["text"]
    assert [one["id"] for one in office.json("customers", "list", "--do-not-call")["customers"]] == [lan["id"]]
    other = office.json("customers", "add", "--name", "Lan N", "--number", "0902222222")["customer"]
    office.json("customers", "merge", "0901111111", str(other))
    merged = office.json("customers", "show", str(other))
    assert merged["customer"]["id"] == lan["id"]
    assert {call["call"] for call in merged["history"]["calls"]} == {with_past.missed.id, with_past.waited.id}
    office.json("customers", "remove", str(lan["id"]))
    stranger = office.json("customers", "show", "0901111111")
    assert stranger["customer"] is None
    assert stranger["history"]["counted"] == 1
    assert "nobody who was entered" in office("customers", "show", "0901111111").out
    office("customers", "show", "0907777777", expect=Exit.NOT_FOUND)


def test_what_cannot_be_is_refused_in_words(office: Terminal, with_past: Past) -> None:
    said = office("customers", "add", "--number", "abc", expect=Exit.USAGE).err
    assert "is not a telephone number" in said
    assert "number or a reference" in office("customers", "add", "--name", "x", expect=Exit.USAGE).err
    said = office("customers", "add", "--number", "0905555555", "--field", "tier=tin", expect=Exit.PROBLEMS).err
    assert "tier is not one of gold, silver" in said
    office("customers", "add", "--number", "0905555555")
    said = office("customers", "add", "--number", "+84905555555", expect=Exit.PROBLEMS).err
    assert "is the number of customer" in said


def test_a_file_in_and_out_again(office: Terminal, with_past: Past, tmp_path: Path) -> None:
    source, errors, out = tmp_path / "in.csv", tmp_path / "errors.csv", tmp_path / "out.csv"
    source.write_text("Phone,name,tier\n0901111111,Lan,gold\n0902222222,Mai,tin\n")
    dry = ("customers", "import", str(source), "--map", "Phone=number", "--dry-run")
    assert "1 customers would be added" in office(*dry, expect=Exit.PROBLEMS).out
    assert office.json("customers", "list")["customers"] == []
    arguments = ("customers", "import", str(source), "--map", "Phone=number", "--errors", str(errors))
    found = office.json(*arguments, expect=Exit.PROBLEMS)
    assert (found["added"], found["refused"]) == (1, 1)
    assert errors.read_text() == 'line,column,reason\n3,tier,"is not one of gold, silver"\n'
    assert stat.S_IMODE(os.stat(errors).st_mode) == 0o600
    assert office.json(*arguments, expect=Exit.PROBLEMS)["changed"] == 1
    assert office.json("customers", "export", str(out))["customers"] == 1
    assert "'+84901111111" in out.read_text()
    assert "'+84901111111" in office("customers", "export", "-").out
    assert "not known" in office("customers", "import", str(source), expect=Exit.CONFIGURATION).err


def test_what_a_screen_shows_of_a_past_call(office: Terminal, with_past: Past) -> None:
    office("customers", "add", "--name", "Lan & Co", "--number", "0901111111", "--tag", "gold", "--field", "tier=gold")
    pop = office.json("calls", "customer", with_past.missed.id)
    assert (pop["number"], pop["customer"]["name"], pop["queue"]) == ("+84901111111", "Lan & Co", "sales")
    assert pop["crm_url"] == "https://crm.example.com/find?n=%2B84901111111&who=Lan%20%26%20Co&t=gold"
    assert [(step["flow"], step["node"]) for step in pop["path"]] == [("to_sales", "go")]
    assert pop["history"] == {"calls": [], "counted": 0}
    assert "Lan & Co" in office("calls", "customer", with_past.missed.id).out
    stranger = office.json("calls", "customer", with_past.waited.id)
    assert stranger["customer"] is None
    assert stranger["crm_url"] == "https://crm.example.com/find?n=%2B84902222222&who=&t="


@pytest.fixture
async def recorded(office: Terminal, dsn: str, tmp_path: Path) -> tuple[Call, Call]:
    """Two talks: of the first something was recorded and changed, of the second nothing."""
    center = StoryCenter(load_configuration(office.config), start=half_an_hour_ago())
    anna = center.agent("anna", sales=3)
    calls = []
    for caller in ("0901111111", "0902222222"):
        call = center.call("sales", caller=caller)
        anna.answers()
        center.passes(20)
        call.hangs_up()
        center.passes(15)
        calls.append(call)
    for code, note in (("sold", ""), ("complaint.billing", "paid twice")):
        asked = DispositionRequested(request=center.request(), contact=calls[0].id, code=code, note=note)
        assert center.ask(asked) == ""
    async with PostgresJournal(dsn, tmp_path / "spool") as journal:
        for entry in center.entries:
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=SETTLE_S)
    office.uses_database(dsn)
    return calls[0], calls[1]


def test_what_was_recorded_and_what_is_missing(office: Terminal, recorded: tuple[Call, Call]) -> None:
    [line] = office.json("report", "dispositions", "--since", "1h")["dispositions"]
    assert (line["code"], line["label"], line["talks"], line["changed"], line["share"]) == (
        "complaint.billing",
        "Complaint / Billing",
        1,
        1,
        1.0,
    )
    assert "Complaint / Billing" in office("report", "dispositions", "--since", "1h").out
    [missing] = office.json("report", "dispositions", "--since", "1h", "--missing")["missing"]
    assert (missing["call"], missing["agent"], missing["queue"]) == (recorded[1].id, "anna", "sales")
    assert recorded[1].id in office("report", "dispositions", "--since", "1h", "--missing").out
    pop = office.json("calls", "customer", recorded[0].id)
    assert [one["label"] for one in pop["outcomes"]] == ["Sold", "Complaint / Billing"]
    story = office("explain", recorded[0].id).out
    assert "anna records Sold" in story
    assert "changes what was recorded to Complaint / Billing" in story


def test_recording_through_a_running_center(office: Terminal, story: StoryCenter, live: LiveCenter) -> None:
    anna = story.agent("anna", sales=3)
    call = story.call("sales", caller="0901111111")
    anna.answers()
    assert office.json("calls", "dispose", call.id, "sold")["done"] == "recorded"
    said = office("calls", "dispose", call.id, "complaint.billing", expect=Exit.PROBLEMS).err
    assert "complaint.billing needs a note" in said
    said = office("calls", "dispose", call.id, "sold", "--callback", "now", expect=Exit.PROBLEMS).err
    assert "sold has no callback" in said
    office("calls", "dispose", call.id, "sold", "--callback-only-me", expect=Exit.USAGE)
    assert "there is no talk" in office("calls", "dispose", "c-none", "sold", expect=Exit.PROBLEMS).err


def test_a_running_center_is_told_of_marks(office: Terminal, with_past: Past, live: LiveCenter) -> None:
    office("customers", "add", "--number", "0901111111", "--vip")
    assert live.customer_reloads == 1
    office("customers", "add", "--number", "0902222222")
    assert live.customer_reloads == 1
