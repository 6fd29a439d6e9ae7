"""campaigns.yaml and trunks.yaml: what can be used, and everything that is wrong at once, where it stands."""

import pytest

from callcenter.config.folder import check_files, read_configuration
from callcenter.model.campaign import Campaign, Mode
from callcenter.model.detection import AmdRules
from callcenter.model.law import Approach
from callcenter.model.lead import CampaignName

QUEUES = "out: {outbound: true, disposition: {tree: talks}}\n"
TREE = "talks: {outcomes: {sold: {label: Sold}}}\n"
TRUNKS = """\
trunks:
  main: {lines_max: 30, calls_per_s: 5, dial: "PJSIP/{number}@carrier", costs: {"+": 0.05, "+84": 0.01}}
guard: {regions: [VN], per_region_h: {LA: 3}}
caller_ids:
  hanoi: [{number: "+842471090000", regions: [VN], per_day_max: 400}]
"""
SPRING = """\
spring:
  mode: predictive
  queue: out
  lists: {spring-2026: 3}
  caller_ids: hanoi
  law: [vn, house]
  safe_harbour: {en: "This was us."}
  recycle: {busy: {after_s: 900, at_most: 4}, sold: {after_s: 60}}
"""


def read(campaigns: str, trunks: str = TRUNKS, **files: str) -> tuple[dict[CampaignName, Campaign], list[str]]:
    texts = {"queues.yaml": QUEUES, "dispositions.yaml": TREE, "trunks.yaml": trunks, "campaigns.yaml": campaigns}
    configuration, problems = read_configuration({**texts, **files})
    return dict(configuration.campaigns), [f"{one.where}: {one.what} {one.remedy}".strip() for one in problems]


def test_a_campaign_with_its_way_out() -> None:
    campaigns, problems = read(SPRING)
    assert not problems
    spring = campaigns[CampaignName("spring")]
    assert (spring.mode, spring.queue, spring.approach) == (Mode.PREDICTIVE, "out", Approach.LIVE)
    assert spring.caller_ids[0].number == "+842471090000"
    configuration, _ = read_configuration({"queues.yaml": QUEUES, "dispositions.yaml": TREE, "trunks.yaml": TRUNKS})
    assert configuration.trunks["main"].dial == "PJSIP/{number}@carrier"
    assert configuration.guard.per_region_h == {"LA": 3}


def test_a_campaign_may_have_settings_of_amd_of_its_own() -> None:
    campaigns, problems = read(SPRING + "  machine: hang_up\n  detector: asterisk\n  amd: {greeting: 900}\n")
    assert not problems
    assert campaigns[CampaignName("spring")].amd == AmdRules(greeting=900)


def test_all_mistakes_are_told_in_one_pass_where_they_stand() -> None:
    campaigns = """\
spring:
  mode: predictiv
  queue: outt
  lists: {spring-2026: 0}
  caller_ids: hanoy
  law: [vm]
  trunks: [mian]
  ring_s: 10
  target: 0.03
  machine: hang_up
  only: priority >
  order: field
  recycle: {bussy: {after_s: 900}}
  colour: red
"""
    _, problems = read(campaigns)
    told = "\n".join(problems)
    for words in (
        "campaigns.yaml:2:9: spring.mode: `predictiv` is not possible here did you mean `predictive`?",
        "there is no queue `outt` did you mean `out`?",
        "there is no pool `hanoy` did you mean `hanoi`?",
        "campaigns.yaml:6:9: spring.law.0: there is no pack of law `vm`",
        "there is no trunk `mian` did you mean `main`?",
        "at least 15",
        "nobody says what is a machine",
        "`order: field` and `order_field` go together",
        "unknown key `colour`",
        "campaigns.yaml:11:9:",
    ):
        assert words in told, (words, told)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("  mode: predictive\n", "  mode: broadcast\n"), "a broadcast needs a `flow`"),
        (('  safe_harbour: {en: "This was us."}\n', ""), "who has no agent must be told who called"),
        (("  caller_ids: hanoi\n", ""), "no number is shown"),
        (("  lists: {spring-2026: 3}\n", ""), "a campaign needs `lists`"),
        (("  queue: out\n", ""), "a campaign needs a `queue`"),
        (("sold: {after_s: 60}", "solt: {after_s: 60}"), "neither an outcome nor a disposition"),
        (("  law: [vn, house]\n", "  target: 0.025\n"), "the target must be below the hard stop"),
        (("  law: [vn, house]\n", "  detector: ear\n"), "no detector `ear`"),
        (("  law: [vn, house]\n", "  detector: cadence\n  amd: {greeting: 900}\n"), "settings of Asterisk's detector"),
        (("  law: [vn, house]\n", "  detector: asterisk\n  amd: {greeting: 90000}\n"), "at most 10000"),
    ],
)
def test_what_must_go_together(change: tuple[str, str], words: str) -> None:
    _, problems = read(SPRING.replace(*change))
    assert words in "\n".join(problems)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"PJSIP/{number}@carrier"', '"PJSIP/carrier"'), "is not an endpoint"),
        (("regions: [VN], per_region_h", "per_region_h"), "no country may be called"),
        (('"+": 0.05', '"84": 0.05'), "the beginning of numbers"),
        (("lines_max: 30", "lines_max: 0"), "at least 1"),
        (("lines_max: 30", "lines_max: 30, format: national"), "national numbers need `country_code`"),
        (('"+842471090000"', '"02471090000"'), "a number in E.164"),
        (("regions: [VN], per_region_h", "refused_lines: [premum], regions: [VN], per_region_h"), "`premium`?"),
        (("regions: [VN], per_region_h", "regions: [UK], per_region_h"), "not a country's code did you mean `GB`?"),
        (("regions: [VN], per_region_h", "regions: [ZZ], per_region_h"), "two capitals of ISO 3166"),
        (("regions: [VN], per_region_h", "regions: [VN], per_h: 100001, per_region_h"), "at most 100000"),
        (("{LA: 3}", "{LA: 100001}"), "at most 100000"),
    ],
)
def test_ways_out_that_cannot_be_used(change: tuple[str, str], words: str) -> None:
    _, problems = read(SPRING, TRUNKS.replace(*change, 1))
    assert words in "\n".join(problems)


def test_trunks_that_cannot_be_read_hide_nothing_of_the_campaigns() -> None:
    _, problems = read(SPRING.replace("queue: out", "queue: outt"), "trunks: [\n")
    told = "\n".join(problems)
    assert "there is no queue `outt`" in told
    assert "no pool" not in told


def test_a_trunk_that_cannot_be_used_is_wrong_where_it_stands_and_nowhere_else() -> None:
    _, problems = read(SPRING + "  trunks: [main]\n", TRUNKS.replace("lines_max: 30", "lines_max: 0"))
    assert [problem.partition(":")[0] for problem in problems] == ["trunks.yaml"]


def test_any_list_that_can_be_imported_can_be_called() -> None:
    campaigns, problems = read(SPRING.replace("spring-2026", '"2026 Tết.xlsx"'))
    assert not problems
    assert list(campaigns[CampaignName("spring")].lists) == ["2026 Tết.xlsx"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("  law: [vn, house]\n", ""), "spring: it calls nobody: none of its packs is a country's law"),
        (
            ("[vn, house]", "[us]"),
            "it calls nobody: its law is that of AS, GU, MP, PR, US, VI, and the guard allows VN",
        ),
        (("[vn, house]", "[vn, house]\n  ring_s: 15"), "campaigns.yaml:7:11: spring.ring_s: phones ring for 15 s"),
        (
            ("[vn, house]", "[vn, house]\n  message_within_s: 5"),
            "spring.message_within_s: who is dropped is told after 5 s",
        ),
        (
            ("mode:", "machine: hang_up\n  detector: cadence\n  mode:"),
            "campaigns.yaml:2:12: spring.machine: how often people",
        ),
        (("spring:", "spring:"), ""),
    ],
)
def test_what_may_be_meant_and_helps_nobody_is_remarked(change: tuple[str, str], words: str) -> None:
    files = {"queues.yaml": QUEUES, "dispositions.yaml": TREE, "trunks.yaml": TRUNKS}
    checked = check_files({**files, "campaigns.yaml": SPRING.replace(*change)})
    assert not checked.problems
    told = [
        str(remark) for remark in checked.remarks if "campaigns" in str(remark) or "no flow or queue" in str(remark)
    ]
    assert len(told) == bool(words), told
    assert all(words in remark for remark in told), told


def test_a_tree_with_an_outcome_for_machines_labels_the_detector() -> None:
    tree = "talks: {outcomes: {sold: {}, nobody: {outcomes: {machine: {}}}}}\n"
    files = {"queues.yaml": QUEUES, "dispositions.yaml": tree, "trunks.yaml": TRUNKS}
    campaigns = SPRING.replace("mode:", "machine: hang_up\n  detector: cadence\n  mode:")
    checked = check_files({**files, "campaigns.yaml": campaigns})
    assert not checked.problems
    assert not [remark for remark in checked.remarks if "campaigns" in str(remark)]


def test_without_a_way_out_nothing_is_dialled() -> None:
    _, problems = read(SPRING, 'caller_ids: {hanoi: [{number: "+842471090000"}]}\n')
    assert "there is no way out" in "\n".join(problems)
