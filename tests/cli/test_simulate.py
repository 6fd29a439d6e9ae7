"""`callcenter simulate` from a file to tables, JSON and a picture, and what it says of mistakes."""

import xml.etree.ElementTree as tree
from pathlib import Path

import pytest

from callcenter.cli.exits import Exit
from tests.cli.terminal import Terminal
from tests.png_file import PngFile

SCENARIO = """
title: A small day
length_h: 2
replications: 3
calls:
  sales:
    queue: sales
    per_hour: [50, 90, 70, 60]
    talk: {distribution: exponential, mean_s: 180}
    patience: {distribution: exponential, mean_s: 120}
agents:
  early: {count: 3, skills: {sales: 1}}
  late: {count: [0, 1, 1, 1], skills: {sales: 1}}
queues:
  sales: {needs: sales}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "day.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


def test_tables_for_people(terminal: Terminal, scenario: Path) -> None:
    said = terminal("simulate", str(scenario), "--jobs", "1")
    for words in ("A small day", "3 replications of 2 h", "service level", "±", "early", "0:30", "per CPU minute"):
        assert words in said.out


def test_a_document_for_programs_is_the_seeds(terminal: Terminal, scenario: Path) -> None:
    first, again, other = (
        terminal.json("simulate", str(scenario), "--jobs", jobs, "--seed", seed)
        for seed, jobs in (("1", "1"), ("1", "2"), ("2", "1"))
    )
    assert first["figures"] == again["figures"] != other["figures"]
    [everybody] = [one for one in first["figures"] if one["scope"] == "all" and one["period"] is None]
    assert 0 < everybody["measures"]["service_level"]["mean"] <= 1
    assert everybody["measures"]["staffed"]["mean"] == pytest.approx(3.75)
    assert first["batches"] is None
    batched = terminal.json("simulate", str(scenario), "--replications", "1", "--days", "3")
    assert (batched["batches"], batched["days"]) == (20, 3)


def test_a_picture(terminal: Terminal, scenario: Path, tmp_path: Path) -> None:
    file = tmp_path / "day.svg"
    said = terminal("simulate", str(scenario), "--jobs", "1", "--plot", str(file))
    assert f"drawn: {file}" in said.out
    assert tree.parse(file).getroot().tag.endswith("svg")
    terminal("simulate", str(scenario), "--jobs", "1", "--plot", str(file.with_suffix(".png")))
    picture = PngFile(file.with_suffix(".png").read_bytes())
    root = tree.parse(file).getroot()
    assert (picture.width, picture.height) == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))
    assert picture.different_lines > picture.height / 4
    refused = terminal("simulate", str(scenario), "--plot", "day.jpg", expect=Exit.USAGE)
    assert "day.jpg: pictures are written as SVG or PNG" in refused.err
    refused = terminal("simulate", str(scenario), "--plot", str(tmp_path / "no/day.svg"), expect=Exit.PROBLEMS)
    assert "there is no such folder" in refused.err
    (tmp_path / "taken.svg").mkdir()
    refused = terminal("simulate", str(scenario), "--plot", str(tmp_path / "taken.svg"), expect=Exit.PROBLEMS)
    assert "taken.svg: Is a directory" in refused.err


def test_mistakes_are_told_with_their_place(terminal: Terminal, scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("exponential", "exponental"), encoding="utf-8")
    said = terminal("simulate", str(scenario), expect=Exit.CONFIGURATION)
    assert "day.yaml:9:26: calls.sales.talk.distribution: `exponental` is not possible here" in said.err
    missing = terminal.json("simulate", "nowhere.yaml", expect=Exit.CONFIGURATION)
    assert missing["error"]["kind"] == "configuration"
