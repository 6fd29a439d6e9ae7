"""What is read out of an answer, and what is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.lookups.answer import VALUE_CHARS_MAX, values_of

ANSWER = json.dumps(
    {
        "customer": {
            "name": "Nguyễn Thị Hà",
            "vip": True,
            "debt": -12.5,
            "notes": None,
            "tags": ["a"],
        },
        "long": "x" * 999,
        "orders": [{"state": "sent"}, {"state": "lost\r\nX: 1"}],
        "0": "zero",
    }
).encode()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("customer.name", "Nguyễn Thị Hà"),
        ("customer.vip", "true"),
        ("customer.debt", "-12.5"),
        ("long", "x" * VALUE_CHARS_MAX),
        ("orders.0.state", "sent"),
        ("orders.1.state", "lostX: 1"),
        ("0", "zero"),
        ("customer.notes", None),
        ("customer.tags", None),
        ("customer", None),
        ("orders.2.state", None),
        ("orders.x", None),
        ("orders.99999999999999999999", None),
        ("nobody.name", None),
        ("customer.name.first", None),
    ],
)
def test_a_place_holds_a_text_or_nothing(place: str, value: str | None) -> None:
    assert values_of(ANSWER, {"v": place}) == ({} if value is None else {"v": value})


@pytest.mark.parametrize("junk", [b"", b"<html>", b"{", b"[" * 100_000, b"\xff", b"NaN"])
def test_what_is_no_json_is_said_to_be_none(junk: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        values_of(junk, {"v": "a"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab01"), inner, max_size=3),
)


@given(tree=JSON, place=st.lists(st.sampled_from(["a", "b", "0", "1", "7"]), min_size=1, max_size=5).map(".".join))
def test_whatever_the_answer_a_value_is_short_and_on_one_line(tree: object, place: str) -> None:
    found = values_of(json.dumps(tree).encode(), {"v": place})
    assert all(0 < len(text) <= VALUE_CHARS_MAX and text.isprintable() for text in found.values())
