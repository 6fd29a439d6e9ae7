"""dispositions.yaml and customers.yaml: what can be used, and what is wrong with the rest, where it stands."""

import pytest

from callcenter.config.folder import read_configuration
from callcenter.model.configuration import Configuration
from callcenter.model.disposition import Asked, DispositionRules
from callcenter.model.form_field import FieldType, FormField, read_fields
from callcenter.model.numbers import Numbering

TALKS = """
talks:
  fields:
    amount: {type: number}
  outcomes:
    sold: {key: 1}
    complaint:
      label: Complaint
      outcomes:
        billing: {label: Bill, note: required}
        delivery: {}
    later: {callback: required, fields: {reason: {type: choice, options: [busy, ill], required: true}}}
"""


def read(**files: str) -> tuple[Configuration, list[str]]:
    """The configuration, and the problems in words."""
    found, problems = read_configuration({f"{name}.yaml": text for name, text in files.items()})
    return found, [f"{one.where}: {one.what} {one.remedy}".strip() for one in problems]


def test_a_tree_becomes_codes_and_labels() -> None:
    configuration, problems = read(
        dispositions=TALKS, queues="sales: {disposition: {tree: talks, required: true, hold_s: 60}}\n"
    )
    assert problems == []
    [tree] = configuration.dispositions.values()
    assert {code: one.label for code, one in tree.outcomes.items()} == {
        "sold": "Sold",
        "complaint.billing": "Complaint / Bill",
        "complaint.delivery": "Complaint / Delivery",
        "later": "Later",
    }
    assert tree.by_key("1") == "sold"
    assert tree.by_key("2") == ""
    assert tree.outcomes["complaint.billing"].note is Asked.REQUIRED
    assert set(tree.fields_of(tree.outcomes["later"])) == {"amount", "reason"}
    [queue] = configuration.queues.values()
    assert queue.disposition == DispositionRules(tree=tree.name, required=True, hold_s=60.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("talks: {}\n", "dispositions.yaml:1:1: talks: a tree needs `outcomes`"),
        ("talks:\n  outcome: {}\n", "dispositions.yaml:2:3: talks.outcome: unknown key `outcome` did you mean"),
        (
            "talks:\n  outcomes:\n    sold: {kei: 1}\n",
            "dispositions.yaml:3:12: talks.outcomes.sold.kei: unknown key `kei` did you mean `key`?",
        ),
        (
            "talks:\n  outcomes:\n    a: {key: 1}\n    b: {key: 1}\n",
            "dispositions.yaml:4:14: talks.outcomes.b.key: the key 1 is that of a already",
        ),
        ("talks:\n  outcomes:\n    a: {key: 12}\n", "dispositions.yaml:3:14: talks.outcomes.a.key: `12` is not a key"),
        (
            "talks:\n  outcomes:\n    a: {key: 1, note: required}\n",
            "dispositions.yaml:3:14: talks.outcomes.a.key: some",
        ),
        ("talks:\n  outcomes:\n    a: {outcomes: {}}\n", "dispositions.yaml:3:9: talks.outcomes.a.outcomes: there are"),
        (
            "talks:\n  outcomes: {a: {}}\n  fields: {x: {type: choice}}\n",
            "dispositions.yaml:3:12: talks.fields.x: a choice needs options",
        ),
        (
            "talks:\n  outcomes: {a: {}}\n  fields: {X: {}}\n",
            "dispositions.yaml:3:12: talks.fields.X: `X` cannot name a field",
        ),
        ("talks:\n  outcomes: {a: 3}\n", "dispositions.yaml:2:17: talks.outcomes.a: expected keys with values"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, said: str) -> None:
    _, problems = read(dispositions=text)
    assert any(one.startswith(said) for one in problems), problems


def test_a_queue_names_a_tree_that_exists_and_holds_only_what_is_required() -> None:
    _, problems = read(dispositions=TALKS, queues="sales: {disposition: {tree: talk}}\n")
    assert "queues.yaml:1:29: sales.disposition.tree: there is no tree of dispositions `talk`" in problems[0]
    _, problems = read(dispositions=TALKS, queues="sales: {disposition: {tree: talks, hold_s: 5}}\n")
    assert "a wrap-up is held only for what is `required`" in problems[0]
    _, problems = read(dispositions=TALKS, queues="sales: {disposition: {tree: talks, required: true, hold_s: 5000}}\n")
    assert "at most 3600" in problems[0]


def test_customers_have_fields_and_a_place_in_another_program() -> None:
    configuration, problems = read(
        customers="fields:\n  tier: {type: choice, options: [gold, silver]}\n"
        'crm_url: "https://crm.example.com/find?n={{ number }}&t={{ field_tier }}"\n'
    )
    assert problems == []
    assert configuration.customers.fields == {"tier": FormField(type=FieldType.CHOICE, options=("gold", "silver"))}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://crm.example.com/", "is not an address of another program"),
        ("javascript:alert(1)", "is not an address of another program"),
        ("https://{{ number }}/x", "is not an address of another program"),
        ("https://crm.example.com/{{ secret }}", "`secret` is not known of a customer or a call"),
        ("https://crm.example.com/{{ field_teir }}", "did you mean `field_tier`?"),
    ],
)
def test_an_address_that_cannot_be_opened_is_refused(url: str, said: str) -> None:
    _, problems = read(customers=f"fields: {{tier: {{}}}}\ncrm_url: '{url}'\n")
    assert len(problems) == 1
    assert problems[0].startswith("customers.yaml:2:10: crm_url: ")
    assert said in problems[0]


def test_the_customers_own_lists_may_be_named_and_not_written() -> None:
    _, problems = read(queues="sales: {vip: {vip-customers: 20}}\n")
    assert problems == []
    _, found = read_configuration({"lists/vip-customers.txt": "0901234567\n"})
    assert "made of the customers who are marked" in found[0].what


def test_a_country_says_how_numbers_are_written_there() -> None:
    configuration, problems = read(numbers="numbering: {country: VN}\n")
    assert problems == []
    assert configuration.numbering == Numbering(country="VN", country_code="84")
    configuration, _ = read(numbers="numbering: {country: US, international_prefix: 00}\n")
    assert configuration.numbering == Numbering(
        country="US", country_code="1", trunk_prefix="1", international_prefix="00"
    )
    _, problems = read(numbers="numbering: {country: Vietnam}\n")
    assert "numbers.yaml:1:22: numbering.country: `Vietnam` is not a country" in problems[0]


@pytest.mark.parametrize(
    ("type_", "text", "kept"),
    [
        (FieldType.WHOLE, " 007 ", "7"),
        (FieldType.WHOLE, "1.5", None),
        (FieldType.NUMBER, "-0,50", "-0.5"),
        (FieldType.NUMBER, "-0.0", "0"),
        (FieldType.NUMBER, "1e3", None),
        (FieldType.DATE, "2100-02-29", None),
        (FieldType.DATE, "2000-02-29", "2000-02-29"),
        (FieldType.DATE, "2026-13-01", None),
        (FieldType.YES_NO, "TRUE", "yes"),
        (FieldType.YES_NO, "perhaps", None),
        (FieldType.TEXT, "a\0b", None),
        (FieldType.TEXT, "x" * 1001, None),
        (FieldType.TEXT, "", ""),
    ],
)
def test_values_of_fields(type_: FieldType, text: str, kept: str | None) -> None:
    value, wrong = FormField(type=type_).read(text)
    assert bool(wrong) == (kept is None)
    assert value == (kept or "")


def test_a_value_that_is_kept_reads_as_itself() -> None:
    fields = {"n": FormField(type=FieldType.NUMBER), "d": FormField(type=FieldType.DATE, required=True)}
    values, problems = read_fields(fields, {"n": "1,50", "d": "2026-01-31"})
    assert problems == []
    assert read_fields(fields, values) == (values, [])
    assert read_fields(fields, {"x": "1"})[1] == ["there is no field x", "d is required"]
