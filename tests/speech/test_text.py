"""What is filled into a prompt, and what no prompt and no caller can make of it."""

import unicodedata
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.errors import ConfigurationError
from callcenter.model.flow import Prompt
from callcenter.speech.text import (
    RENDERED_CHARS_MAX,
    TEMPLATE_CHARS_MAX,
    VARIABLE_CHARS_MAX,
    PromptText,
    Value,
    problems_in,
    spoken_safe,
)


def said(text: str, language: str = "en", **variables: Value) -> str:
    return PromptText(text=text, language=language).rendered(variables)


def complaint(text: str, **variables: Value) -> str:
    with pytest.raises(ConfigurationError) as caught:
        PromptText(text=text, language="en", name="greeting").rendered(variables)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"),
    [
        ("{{ n | number }}", "fifteen", "mười lăm"),
        ("{{ n | ordinal }}", "fifteenth", "thứ mười lăm"),
        ("{{ n | position }}", "you are number fifteen", "quý khách ở vị trí thứ mười lăm"),
        ("{{ p | digits }}", "one one three", "một một ba"),
        ("{{ n | duration }}", "fifteen seconds", "mười lăm giây"),
        ("{{ n | minutes }}", "less than one minute", "chưa đầy một phút"),
        ('{{ "2" | minutes_to("5") }}', "two to five minutes", "từ hai đến năm phút"),
        ("{{ n | money }}", "fifteen dong", "mười lăm đồng"),
        ('{{ n | money("USD") }}', "fifteen dollars", "mười lăm đô la"),
        ("{{ t | time }}", "eight thirty a.m.", "tám giờ ba mươi phút sáng"),
        ("{{ p | telephone }}", "one one three", "một một ba"),
    ],
)
@pytest.mark.parametrize("n", [15, 15.0, "15", " 15 ", "15.0"])
def test_filters_speak_the_language_of_the_text_and_take_numbers_as_text(
    text: str, english: str, vietnamese: str, n: Value
) -> None:
    assert said(text, "en", n=n, t="08:30", p="113") == english
    assert said(text, "vi", n=n, t="08:30", p="113") == vietnamese


def test_a_text_may_choose_and_cut() -> None:
    text = "{% if position | int > 3 %}Many callers wait.{% else %}Soon.{% endif %} {{ number[-4:] | digits }}"
    assert said(text, position="12", number="0912345678") == "Many callers wait. five six seven eight"
    assert said(text, position="3", number="113") == "Soon. one one three"
    assert said("{{ name | default('guest') }}") == "guest"


def test_the_names_that_a_text_needs() -> None:
    text = PromptText(text="{% if a == 'x' %}{{ b | digits }}{% endif %}", language="en")
    assert text.variables == {"a", "b"}
    assert PromptText(text="Welcome.", language="en").variables == frozenset()


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        ("{{ position | ordinal }}", {}, ("greeting (en)", "'position' is undefined", "given: no variables")),
        ("{{ a }}", {"b": 1, "c": 2}, ("'a' is undefined", "given: b, c")),
        ("{{ position | ordinal }}", {"position": "soon"}, ("'soon' is not a number",)),
        ("{{ position | ordinal }}", {"position": 0}, ("0 is not a rank",)),
        ("{{ position | ordinal }}", {"position": 1.5}, ("1.5 is not a whole number",)),
        ("{{ n | number }}", {"n": "1e400"}, ("not a number of at most",)),
        ("{{ n | number }}", {"n": "9" * 100}, ("not a number of at most",)),
        ("{{ n | number }}", {"n": float("nan")}, ("not a number of at most",)),
        ("{{ n | minutes }}", {"n": -1}, ("duration of -1",)),
        ("{{ t | time }}", {"t": "25:00"}, ("25:00 is not a time of day",)),
        ("{{ t | time }}", {"t": "noon"}, ("'noon' is not a time of day such as 08:30",)),
        ("{{ n | money('XAU') }}", {"n": 1}, ("XAU",)),
        ("{% if n > 3 %}a{% endif %}", {"n": "4"}, ("'>' not supported",)),
        ("{{ n", {}, ("line 1", "unexpected end")),
        ("one\ntwo {{ 1 | shout }}", {}, ("line 2", "there is no filter `shout`")),
    ],
)
def test_what_is_wrong_is_said_with_place_and_reason(
    text: str, variables: Mapping[str, Value], words: tuple[str, ...]
) -> None:
    message = complaint(text, **variables)
    for word in ("greeting (en)", *words):
        assert word in message


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in a %}{{ x }}{% endfor %}",
        "{{ a.__class__ }}",
        "{{ a.upper() }}",
        "{{ a() }}",
        "{{ range(10) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 1000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{% set x = 1 %}{{ x }}",
        "{% include 'etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% macro x() %}{% endmacro %}",
        "{{ lipsum }}",
        "{{ a | center(1000000000) }}",
        "{{ a | attr('__class__') }}",
        "{{ a | map('upper') }}",
        "{{ self }}",
        "{{ cycler }}",
    ],
)
def test_the_template_language_is_cut_down_to_what_prompts_need(text: str) -> None:
    assert complaint(text, a="x")


@pytest.mark.parametrize("item", ["'__class__'", "'upper'", "b", "a", "-b", "('x')", "1.5"])
def test_no_way_leads_from_a_value_into_python(item: str) -> None:
    assert "`getitem` is not allowed" in complaint("{{ a[" + item + "] }}", a="x", b="__class__")


@pytest.mark.parametrize("text", ["{{ " + "(" * 1500 + "1" + ")" * 1500 + " }}", "{{ " + "not " * 900 + "1 }}"])
def test_deep_nesting_is_refused_and_harms_nothing(text: str) -> None:
    assert complaint(text)


def test_lengths_are_limited() -> None:
    assert "characters long" in complaint("a" * (TEMPLATE_CHARS_MAX + 1))
    assert "characters long" in complaint("{{ a }} " * 100, a="b" * VARIABLE_CHARS_MAX)
    assert len(said("{{ a }}", a="b" * 10**6)) == VARIABLE_CHARS_MAX
    assert len(said("a" * RENDERED_CHARS_MAX)) == RENDERED_CHARS_MAX


@pytest.mark.parametrize(
    "hostile",
    ["{{ 7 * 7 }}", "{% for x in y %}", "{{ secret }}", "{# gone #}", "{{ caller }}"],
)
def test_what_a_caller_sends_is_never_a_template(hostile: str) -> None:
    assert said("Hello {{ caller }}.", caller=hostile, secret="s3cret") == f"Hello {hostile}."


def test_a_caller_cannot_dictate_phonemes_nor_send_signs_that_are_no_letters() -> None:
    assert said("Hello {{ caller }}.", caller="[[h@lou]]\x1b[2J\x00\u202eevil\ud800") == "Hello h@lou 2J evil."


def test_vietnamese_letters_are_composed() -> None:
    apart = unicodedata.normalize("NFD", "Nguyễn Thị Hường")
    assert said("Xin chào {{ name }}", "vi", name=apart) == "Xin chào Nguyễn Thị Hường"


@settings(deadline=None)
@given(text=st.text(st.characters()))
def test_whatever_is_spoken_can_be_sent_to_a_voice(text: str) -> None:
    safe = spoken_safe(text)
    assert safe.encode().decode() == safe
    assert "[[" not in safe
    assert safe == spoken_safe(safe)
    assert not any(unicodedata.category(sign).startswith("C") for sign in safe)


@settings(deadline=None)
@given(text=st.text("{}%#| ab'\"()[]+-*/1.,~\n", max_size=40))
def test_any_text_is_rendered_or_refused_as_configuration(text: str) -> None:
    with suppress(ConfigurationError):
        assert len(said(text, a="1", b=2)) <= RENDERED_CHARS_MAX


def test_a_configuration_is_checked_as_a_whole() -> None:
    prompts = [
        Prompt(name="good", texts={"en": "Hello {{ name }}", "vi": "Chào {{ name }}"}),
        Prompt(name="bad", texts={"en": "{{ a", "vi": "{% for x in y %}{% endfor %}"}),
    ]
    assert [problem.where for problem in problems_in(prompts)] == ["prompt bad (en) line 1", "prompt bad (vi) line 1"]
