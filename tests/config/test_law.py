"""Packs of rules as files: ours are whole and say where they come from; mistakes are told with their place."""

from importlib.resources import files
from pathlib import Path

import pytest

from callcenter.config import read_configuration
from callcenter.config.law import load_packs, read_pack, shipped_packs
from callcenter.errors import ConfigurationError
from callcenter.model.law import KINDS, ConsentRule, RegisterRule, Rule, RuleKind

PACKS = shipped_packs()
WHOLE = """
title: Somewhere
version: "1"
regions: [AU]
sources: { act: { cite: Act 7, says: so } }
rules:
  - { rule: hours, source: act, open: { mon-fri: "09:00-20:00" }, on_holidays: [] }
  - { rule: prefix, source: act, prefixes: ["+61190"] }
"""


def test_every_kind_of_rule_has_a_name() -> None:
    assert set(KINDS) == set(Rule.__args__)
    assert len(set(KINDS.values())) == len(KINDS)


@pytest.mark.parametrize("name", PACKS)
def test_each_pack_that_is_shipped_says_of_each_rule_where_it_stands_or_that_nobody_saw_it(name: str) -> None:
    pack = PACKS[name]
    assert pack.rules
    assert len(pack.digest) == 64
    for rule in pack.rules:
        assert pack.sources[rule.source].cite
    for source in pack.sources.values():
        assert source.says
        assert source.read or "verified" in source.remark or "not seen" in source.remark, source
    kinds = {KINDS[type(rule)] for rule in pack.rules}
    assert {RuleKind.HOURS, RuleKind.CALLER_ID} <= kinds


def test_the_packs_that_were_asked_for_are_there() -> None:
    assert set(PACKS) == {"us", "uk", "eu", "vn", "house"}
    assert [name for name, pack in PACKS.items() if not pack.law] == ["house"]
    regions = [region for pack in PACKS.values() for region in pack.regions]
    assert len(regions) == len(set(regions))
    assert len(PACKS["eu"].regions) == 27


def test_nobodys_consent_lifts_the_vietnamese_register() -> None:
    lifted = {name: [r.lifted_by for r in pack.rules if isinstance(r, RegisterRule)] for name, pack in PACKS.items()}
    assert lifted["vn"] == [None]
    assert [rule.kind for rule in PACKS["vn"].rules if isinstance(rule, ConsentRule)] == ["express", "express"]


def test_a_pack_is_in_the_wheel_beside_the_code() -> None:
    assert (files("callcenter") / "law_packs" / "vn.yaml").is_file()


DROPS_OF_A_WEEK = "  - { rule: drops, source: act, share_max: 0.03, within_s: 604800 }\n"


def test_a_pack_of_ones_own_is_read_and_stands_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "au.yaml").write_text(WHOLE)
    (tmp_path / "law" / "uk.yaml").write_text(WHOLE.replace("AU", "GB"))
    packs = load_packs(tmp_path)
    assert set(packs) == {"us", "uk", "eu", "vn", "house", "au"}
    assert packs["uk"].title == "Somewhere"
    assert packs["uk"].digest != PACKS["uk"].digest
    configuration, problems = read_configuration({"law/au.yaml": WHOLE})
    assert problems == []
    assert set(configuration.law) == {"us", "uk", "eu", "vn", "house", "au"}


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("rule: prefix", "rule: prefixes", "au.yaml:8:13: rules.1.rule: no rule `prefixes` (did you mean `prefix`?)"),
        ('"+61190"', '"61190"', "`61190` is not a prefix"),
        ("source: act, open", "source: acts, open", "no source `acts` (did you mean `act`?)"),
        ("[AU]", "[Australia]", "`Australia` is not a country's code"),
        ("[AU]", "[UK]", "`UK` is not a country's code (did you mean `GB`?)"),
        ("[AU]", "[AU, ZZ]", "`ZZ` is not a country's code"),
        ("rules:\n", f"rules:\n{DROPS_OF_A_WEEK}", "drops are counted in 24 hours and in 30 days, not in 604800 s"),
        ("regions: [AU]\n", "", "`regions` is missing"),
        ("title: Somewhere\n", "", "`title` is missing"),
        ('version: "1"', 'version: "1"\nform: 2', "unknown key `form` (did you mean `from`?)"),
        ('version: "1"', 'version: "1"\nfrom: yesterday', "`yesterday` is not a date"),
        ('version: "1"', 'version: "1"\nlaw: perhaps', "`perhaps` is neither true nor false"),
        ("09:00-20:00", "nine to five", "`nine to five` are not hours"),
        ("on_holidays: []", 'on_holidays: "22:00-02:00"', "hours past midnight are not possible here"),
        ("says: so", "sayz: so", "unknown key `sayz` (did you mean `says`?)"),
        ('  - { rule: hours, source: act, open: { mon-fri: "09:00-20:00" }, on_holidays: [] }\n', "", ""),
    ],
)
def test_mistakes_are_told_with_place_and_remedy(written: str, instead: str, told: str) -> None:
    assert written in WHOLE
    _, problems = read_pack("au.yaml", WHOLE.replace(written, instead))
    assert any(told in str(problem) for problem in problems) if told else not problems


def test_a_pack_without_rules_allows_nothing() -> None:
    with pytest.raises(ConfigurationError, match="a pack without rules allows everything"):
        load_packs_of("title: x\nversion: '1'\nregions: [AU]\nrules: []\n")
    _, problems = read_configuration({"law/x.yaml": "title: x\n"})
    assert any(str(problem).startswith("law/x.yaml:1:1") for problem in problems)


def load_packs_of(text: str) -> None:
    from callcenter.config.law import read_packs

    read_packs({"x.yaml": text})
