"""Flows: listed, checked, and walked through without a phone."""

from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import install_starter
from tests.cli.terminal import Terminal
from tests.png_file import PngFile


def test_listed_with_the_numbers_that_lead_there(terminal: Terminal) -> None:
    flows = {one["flow"]: one for one in terminal.json("flows", "list")["flows"]}
    assert (flows["hotline"]["numbers"], flows["hotline"]["start"], flows["to_sales"]["default"]) == (
        ["1900"],
        "menu",
        True,
    )
    assert "any other number" in terminal("flows", "list").out


def test_a_good_folder(terminal: Terminal) -> None:
    assert terminal("flows", "check").out.splitlines()[-1] == f"{terminal.config} can be used"
    assert terminal.json("flows", "check")["problems"] == []


def test_every_problem_on_a_line_with_its_place(terminal: Terminal) -> None:
    terminal.write("sales:\n  nedes: sales\n  strategy: longest\n", "config/queues.yaml")
    said = terminal("flows", "check", expect=Exit.PROBLEMS).out.splitlines()
    assert any(line.startswith("queues.yaml:2:3: ") and "did you mean `needs`?" in line for line in said)
    assert any(line.startswith("queues.yaml:3:") for line in said)
    problems = terminal.json("flows", "check", expect=Exit.PROBLEMS)["problems"]
    assert len(problems) == len(said) - 1
    other = terminal("flows", "list", expect=Exit.CONFIGURATION)
    assert len(other.err.splitlines()) == len(problems)
    error = terminal.json("flows", "list", expect=Exit.CONFIGURATION)["error"]
    assert error["problems"] == problems


def test_another_folder(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "starter"
    install_starter(folder)
    assert "can be used" in terminal("flows", "check", str(folder)).out
    assert "no such folder" in terminal("flows", "check", str(tmp_path / "none"), expect=Exit.CONFIGURATION).err


@pytest.mark.parametrize(
    ("keys", "outcome"),
    [
        ("1", "queue sales"),
        ("2", "queue support"),
        ("9", "ended flow_ended"),
        ("5-", "ended flow_ended"),
        ("", "ended flow_ended"),
        ("-1", "queue sales"),
    ],
)
def test_where_keys_lead(terminal: Terminal, keys: str, outcome: str) -> None:
    found = terminal.json("flows", "test", "hotline", f"--keys={keys}")
    assert (found["outcome"], found["keys_left"]) == (outcome, "")
    assert outcome in terminal("flows", "test", "1900", f"--keys={keys}").out


def test_what_the_caller_hears(terminal: Terminal) -> None:
    said = terminal("flows", "test", "1900", "--keys", "9", "--caller", "0909").out
    assert 'says welcome: "Welcome. Press 1 or 2."' in said
    assert 'says goodbye: "Goodbye, 0909."' in said
    assert "nobody asked for: 1" in terminal("flows", "test", "1900", "--keys", "91").err


def test_what_is_expected(terminal: Terminal) -> None:
    assert terminal.json("flows", "test", "1900", "--keys", "1", "--expect", "queue sales")["met"]
    said = terminal("flows", "test", "1900", "--keys", "2", "--expect", "queue sales", expect=Exit.PROBLEMS)
    assert said.err.strip() == "expected: queue sales"


def test_what_cannot_be_walked(terminal: Terminal) -> None:
    assert "there are: hotline" in terminal("flows", "test", "hotlin", expect=Exit.NOT_FOUND).err
    assert "X" in terminal("flows", "test", "hotline", "--keys", "1x", expect=Exit.USAGE).err
    terminal("flows", "test", "hotline", "--at", "soon", expect=Exit.USAGE)


def test_the_starter_by_night_and_with_nobody_at_work(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("queues.yaml", "prompts.yaml", "numbers.yaml"):
        (terminal.config / name).unlink()
    for flow in (terminal.config / "flows").iterdir():
        flow.unlink()
    (terminal.config / "flows").rmdir()
    install_starter(terminal.config)
    assert terminal.json("flows", "test", "1900", "--keys", "11")["outcome"] == "queue sales"
    assert terminal.json("flows", "test", "1902")["outcome"] == "ended closed"
    alone = terminal.json("flows", "test", "1900", "--keys", "11", "--nobody")
    assert alone["outcome"].startswith("ended")
    assert [step["kind"] for step in alone["steps"]].count("message") == 1


CASES = """
cases:
  sales: { dial: "1900", keys: "1", expect: { hears: [welcome], queue: sales } }
  support: { dial: "1900", keys: "2", expect: { path: [menu, sales], queue: support } }
"""


def test_cases_are_played_and_a_failing_one_is_shown_as_a_difference(terminal: Terminal) -> None:
    terminal.write(CASES, "config/flows/tests/hotline.yaml")
    assert "can be used" in terminal("flows", "check").out
    said = terminal("flow", "test", expect=Exit.PROBLEMS).out
    assert "ok      hotline/sales    queue sales" in said
    assert "flows/tests/hotline.yaml:4:49: the call took another path" in said
    assert "- sales   <- expected" in said
    assert "+ support   <- happened" in said
    assert "2 cases, 1 failed" in said
    found = terminal.json("flows", "test", "--coverage", expect=Exit.PROBLEMS)
    assert [case["ok"] for case in found["cases"]] == [True, False]
    [hotline] = [one for one in found["coverage"]["flows"] if one["flow"] == "hotline"]
    assert (hotline["nodes_left"], "menu.choices.9" in hotline["exits_left"]) == (["bye"], True)


def test_some_cases_and_how_much_they_reach(terminal: Terminal) -> None:
    terminal.write(CASES, "config/flows/tests/hotline.yaml")
    assert terminal.json("flows", "test", str(terminal.config), "--only", "hotline/sales")["failed"] == 0
    assert "not reached" in terminal("flows", "test", "--only", "sales", "--coverage").out
    said = terminal("flows", "test", "--only", "sales", "--coverage-min", "90", expect=Exit.PROBLEMS).out
    assert "at least 90.0 % is wanted" in said
    assert "no case is called like" in terminal("flows", "test", "--only", "nothing", expect=Exit.NOT_FOUND).err


def test_cases_with_mistakes_and_none_at_all(terminal: Terminal) -> None:
    assert "there are no cases" in terminal("flows", "test", expect=Exit.NOT_FOUND).err
    terminal.write("cases: {a: {dail: 1}}", "config/flows/tests/hotline.yaml")
    said = terminal("flows", "test", expect=Exit.CONFIGURATION).err
    assert said.startswith("flows/tests/hotline.yaml:1:13: cases.a.dail: unknown key `dail` (did you mean `dial`?)")


def test_remarks_change_nothing(terminal: Terminal) -> None:
    found = terminal.json("flows", "check")
    assert [remark["where"] for remark in found["remarks"]] == ["flows/to_support.yaml:1:1"]
    assert "remark: flows/to_support.yaml:1:1: no number" in terminal("flows", "check").out


def test_drawn_in_three_ways(terminal: Terminal) -> None:
    assert "└─ menu  [menu]  “Welcome. Press 1 or 2.”" in terminal("flows", "draw", "hotline").out
    assert terminal("flows", "draw", "--format", "mermaid").out.startswith("flowchart TD")
    picture = terminal.folder / "all.svg"
    assert "all.svg: " in terminal("flow", "draw", "-o", str(picture)).out
    nowhere = str(picture.parent / "no" / "all.svg")
    assert "No such file or directory" in terminal("flows", "draw", "-o", nowhere, expect=Exit.PROBLEMS).err
    assert picture.read_text().startswith("<svg ")
    terminal("flow", "draw", "-o", str(picture.with_suffix(".PNG")))
    drawn = PngFile(picture.with_suffix(".PNG").read_bytes())
    assert drawn.width > 400
    assert drawn.different_lines > drawn.height / 4
    assert "--output hotline.png" in terminal("flows", "draw", "hotline", "--format", "png", expect=Exit.USAGE).err
    assert "SVG or PNG" in terminal("flows", "draw", "-o", "flows.pdf", expect=Exit.USAGE).err
    assert len(terminal.json("flows", "draw", "hotline")["boxes"]) == 7
    assert "there are: hotline" in terminal("flows", "draw", "hotlin", expect=Exit.NOT_FOUND).err
