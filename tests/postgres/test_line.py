"""An entry's line: what comes back is what was told, but for what Postgres cannot hold."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callcenter.model.contact import Direction, Medium
from callcenter.model.entry import Entry, decode_entry, encode_entry
from callcenter.model.events import ContactArrived
from callcenter.model.facts import Surprise
from callcenter.model.ids import LegId
from callcenter.postgres.line import line_of

anything = st.text(alphabet=st.one_of(st.characters(), st.sampled_from('\0\\u0"\ud800\udfff\n')))


def entry(text: str) -> Entry:
    arrived = ContactArrived(
        leg=LegId(text),
        medium=Medium.VOICE,
        caller=text,
        direction=Direction.INBOUND,
        variables={f"k{text}": text},
    )
    return Entry(seq=1, at=1.5, event=arrived, outputs=(Surprise(what=text),))


def storable(text: str) -> str:
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


@given(anything)
def test_only_nul_and_lone_surrogates_are_replaced(text: str) -> None:
    line = line_of(entry(text))
    assert decode_entry(line) == entry(storable(text))
    assert b"\n" not in line


@given(anything)
def test_a_line_says_nothing_that_jsonb_refuses(text: str) -> None:
    whole: object = msgspec.json.decode(line_of(entry(text)))
    assert "\0" not in str(whole)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_ordinary_entries_are_left_alone(text: str) -> None:
    assert line_of(entry(text)) == encode_entry(entry(text))
