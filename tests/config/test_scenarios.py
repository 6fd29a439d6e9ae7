"""A scenario file becomes a scenario, or says where it is wrong; the examples work; the page tells every key."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from callcenter.config.scenarios import SECTIONS, _Agents, _Calls, _Top, load_scenario, read_scenario
from callcenter.config.starter import install_starter
from callcenter.config.tree import read_tree
from callcenter.errors import ConfigurationError
from callcenter.model.ids import QueueName
from callcenter.model.need import parse_need
from callcenter.sim.traffic.draws import Family, Shape, Times
from callcenter.sim.traffic.figures import FORMULAS
from callcenter.sim.traffic.scenario import Scenario, Shift

DOCS = Path(__file__).parents[2] / "docs"
GOOD = """
length_h: 8
calls:
  sales: {queue: sales, per_hour: 60, talk: {distribution: exponential, mean_s: 180}}
agents:
  all: {count: 5, skills: {sales: 2}}
queues:
  sales: {needs: sales}
"""


def read(text: str, beside: Path = DOCS) -> Scenario:
    return read_scenario(read_tree("s.yaml", text), beside)


def told(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_one_is_read() -> None:
    found = read(GOOD)
    assert (found.length_h, found.days, found.replications, found.periods) == (8, 1, 20, 16)
    assert found.calls[0].rates_per_s == (60 / 3600,)
    assert found.calls[0].talk == Times(distribution=Family.EXPONENTIAL, mean_s=180)
    assert found.configuration.queues[QueueName("sales")].needs == parse_need("sales")
    assert found.groups[0].counts == (5,)
    assert found.problems() == []


def test_everything_that_can_be_said() -> None:
    found = read("""
title: All
length_h: 10
period_min: 60
warm_up_h: 0.5
days: 2
replications: 3
busyness: {distribution: gamma, cv: 0.1}
within_s: [10, 30]
starts: 2024-03-04 08:00
calls:
  a:
    queue: q
    priority: 70
    needs: x >= 2 or y
    per_period: [10, 20, 30.5]
    talk_factor: [1, 1.5]
    patience_factor: 2
    arrivals: {distribution: gamma, cv: 0.7}
    talk: {distribution: lognormal, mean_s: 200, sd_s: 300}
    talk_by: {some: {distribution: deterministic, mean_s: 100}}
    wrap_up: {distribution: gamma, mean_s: 20, cv: 0.5}
    patience: {distribution: exponential, mean_s: 90, at_once: 0.1}
    redial:
      delay: {distribution: exponential, mean_s: 300}
      after_abandon: 0.5
      after_refusal: 0.9
      after_served: 0.2
      tries_max: 3
    busyness: {distribution: lognormal, cv: 0.2}
agents:
  some: {shifts: [{count: 3, from_h: 0, to_h: 5.5}], skills: {x: 3}, answer: {distribution: gamma, mean_s: 3, cv: 0.3}}
  others: {count: [1, 2, 3], skills: {y: 1}}
queues:
  q: {service_level_s: 15}
""")
    [kind] = found.calls
    assert kind.rates_per_s == (10 / 3600, 20 / 3600, 30.5 / 3600)
    assert kind.entrance is not None
    assert kind.entrance.needs == parse_need("x >= 2 or y")
    assert kind.talk.spread == 1.5
    assert kind.patience.at_once == 0.1
    assert kind.redial is not None
    assert kind.redial.tries_max == 3
    assert found.busyness == Shape(distribution=Family.GAMMA, cv=0.1)
    assert found.starts == 1_709_539_200
    assert found.groups[0].shifts == (Shift(count=3, from_h=0, to_h=5.5),)
    assert (found.groups[1].size, found.groups[1].count(7)) == (3, 3)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("length_h: 8", "lenght_h: 8", ["s.yaml:2:1: lenght_h: unknown key `lenght_h` (did you mean `length_h`?)"]),
        ("length_h: 8", "length_h: 0", ["s.yaml:2:11: length_h: `0`: more than 0"]),
        ("per_hour: 60", "per_hour: 60, per_minute: 1", ["s.yaml:4:3: calls.sales: more than one rate"]),
        ("per_hour: 60", "per_hour: [60, -1]", ["s.yaml:4:40: calls.sales.per_hour.1: expected a number that is at"]),
        ("per_hour: 60, ", "", ["s.yaml:4:3: calls.sales: how many call? No rate"]),
        ("queue: sales,", "queue: seles,", ["s.yaml:4:18: calls.sales.queue: there is no queue `seles` (did you mean"]),
        ("queue: sales, ", "", ["s.yaml:4:3: calls.sales: calls come into a `queue`, or somebody `dials`"]),
        ("queue: sales, ", "dials: 1900, ", ["s.yaml:4:18: calls.sales.dials: nobody answers `1900`"]),
        ("exponential", "exponental", ["`exponental` is not possible here (did you mean `exponential`?)"]),
        ("exponential", "gamma", ["calls.sales.talk: gamma needs a spread: cv"]),
        ("mean_s: 180", "mean_s: 180, cv: 2", ["calls.sales.talk: exponential times have a cv of 1; leave cv out"]),
        ("mean_s: 180", "mean: 180", ["`mean_s` is missing", "unknown key `mean` (did you mean `mean_s`?)"]),
        ("count: 5", "count: 5.5", ["s.yaml:6:16: agents.all.count: expected a whole number"]),
        ("count: 5, ", "", ["s.yaml:6:3: agents.all: how many? `count` or `shifts`, one of them"]),
        ("sales: 2}", "sales: 6}", ["`6`: at most 5"]),
        (
            "{needs: sales}",
            "{need: sales}",
            ["s.yaml:8:11: queues.sales.need: unknown key `need` (did you mean `needs`?)"],
        ),
        ("length_h: 8", "length_h: 8\nwarm_up_h: 8", ["s.yaml:3:1: warm_up_h: the warm-up is as long as the day"]),
        ("skills: {sales: 2}", "skills: {support: 2}", ["s.yaml:4:3: calls.sales: nobody can serve these calls"]),
        ("per_hour: 60", "per_hour: 0", ["s.yaml:3:1: calls: nobody calls: every rate is 0"]),
        (
            "count: 5",
            f"count: [{', '.join('5' * 17)}]",
            ["s.yaml:6:3: agents.all: 17 periods are written, and a day has 16: some would not count"],
        ),
        ("length_h: 8", "length_h: 8\nstarts: Monday", ["`Monday` is not a date and time"]),
        ("agents:\n  all: {count: 5, skills: {sales: 2}}", "", ["`agents` is missing: who answers?"]),
        ("queues:\n  sales: {needs: sales}", "", ["there are no queues", "there is no queue `sales`"]),
        ("per_hour: 60", "per_hour: 60, talk_by: {al: {distribution: deterministic, mean_s: 1}}", ["no agents `al`"]),
        ("per_hour: 60", "per_hour: 60, patience: {mean_s: 60}", ["`distribution` is missing"]),
    ],
)
def test_a_mistake_is_told_where_it_is(was: str, becomes: str, says: list[str]) -> None:
    assert was in GOOD
    found = "\n".join(told(GOOD.replace(was, becomes)))
    for words in says:
        assert words in found


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("per_hour", "per_our").replace("count: 5", "count: many").replace("needs", "neds")
    assert len(told(text)) >= 3


def test_queues_may_come_from_a_configuration_folder(tmp_path: Path) -> None:
    install_starter(tmp_path / "center")
    file = tmp_path / "s.yaml"
    own = GOOD[: GOOD.index("queues:")]
    file.write_text(own + "configuration: center\n", encoding="utf-8")
    assert "support" in load_scenario(file).configuration.queues
    file.write_text(GOOD, encoding="utf-8")
    assert "support" in load_scenario(file, tmp_path / "center").configuration.queues
    file.write_text(GOOD + "configuration: center\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="queues: there are queues here and a configuration"):
        load_scenario(file)
    file.write_text(own + "configuration: nowhere\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        load_scenario(file)
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file"):
        load_scenario(tmp_path / "other.yaml")


@pytest.mark.parametrize("file", sorted((DOCS / "scenarios").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_examples_work_and_are_described(file: Path) -> None:
    assert load_scenario(file).title
    assert f"scenarios/{file.name}" in (DOCS / "simulate.md").read_text(encoding="utf-8")


def test_the_page_tells_every_key_and_every_measure() -> None:
    page = (DOCS / "simulate.md").read_text(encoding="utf-8")
    keys = {field.name for cls in (_Top, _Calls, _Agents) for field in fields(cls)} | set(SECTIONS)
    told_of = set(re.findall(r"`([a-z_]+)`", page))
    assert keys <= told_of
    assert {family.value for family in Family} <= told_of
    measures = {name for name in FORMULAS if name != "wait_pNN_s"}
    assert measures - told_of - {"served", "abandoned", "retries", "talk_s", "calls_per_hour"} == set()
