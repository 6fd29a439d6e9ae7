"""Filters of leads: read, refused with a column, and never a part of SQL."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.model.lead_filter import EVERYBODY, All, Any, Compare, FilterSyntaxError, Not, parse_filter
from callcenter.postgres.lead_filter import compiled


def test_a_filter_is_read() -> None:
    assert parse_filter("  ") == EVERYBODY
    assert parse_filter('priority >= 5 and custom.city="Hà Nội" or not attempts > 2') == Any(
        (
            All((Compare("priority", ">=", 5), Compare("custom.city", "=", "Hà Nội"))),
            Not(Compare("attempts", ">", 2)),
        )
    )
    assert parse_filter('((outcome != "busy"))') == Compare("outcome", "!=", "busy")


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("priority", 9, "expected one of"),
        ("priority > ", 12, "expected a number"),
        ("salary > 3", 1, "expected a field"),
        ("custom. > 3", 1, "expected a field"),
        ("zone > 3", 8, "compared with a text"),
        ('priority > "3"', 13, "compared with a number"),
        ("name = 3", 8, "compared with a text"),
        ("priority > 3 attempts > 2", 14, "expected `and`"),
        ("(priority > 3", 14, "expected `)`"),
        ("priority > 3; drop", 13, "not understood"),
        ("priority > 3 and", 17, "expected a field"),
        ("(" * 30 + "priority > 3", 22, "nested"),
        (" and ".join(["priority > 3"] * 60), 851, "more than 50"),
        ("x" * 3000, 1, "longer than"),
    ],
)
def test_mistakes_have_a_column(text: str, column: int, told: str) -> None:
    with pytest.raises(FilterSyntaxError, match=re.escape(told)) as caught:
        parse_filter(text)
    assert caught.value.column == column


LEAVES = st.builds(Compare, st.sampled_from(["priority", "attempts"]), st.sampled_from(["=", "<", ">="]), st.integers())
TEXTS = st.builds(Compare, st.text().map(lambda name: f"custom.{name}"), st.just("="), st.text())
FILTERS = st.recursive(
    LEAVES | TEXTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda parts: All(tuple(parts)), st.lists(inner, max_size=3))
        | st.builds(lambda parts: Any(tuple(parts)), st.lists(inner, max_size=3))
    ),
)


@given(FILTERS, st.integers(1, 20))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_that_somebody_wrote_gets_into_the_text(only: object, first: int) -> None:
    text, values = compiled(only, first)  # type: ignore[arg-type]
    left = re.sub(
        r"\$\d+::(integer|text)|coalesce|custom ->> |priority|attempts|''|[(),=<> ]|AND|OR|NOT|true|false", "", text
    )
    assert left == ""
    assert [int(one) for one in re.findall(r"\$(\d+)", text)] == list(range(first, first + len(values)))
