"""Numbers as words, by table and by law. The inverse used for the laws is written here, from the words up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.speech.say import (
    DIGITS_MAX,
    NUMBER_MAX,
    digits_words,
    duration_words,
    minutes_between_words,
    minutes_words,
    money_words,
    number_words,
    ordinal_words,
    position_words,
    telephone_words,
    time_words,
)

SOUTH = "vi-VN-x-south"
LANGUAGE_TAGS = ("en", "vi", SOUTH)

NUMBERS = [
    (0, "zero", "không", "không"),
    (1, "one", "một", "một"),
    (4, "four", "bốn", "bốn"),
    (5, "five", "năm", "năm"),
    (10, "ten", "mười", "mười"),
    (11, "eleven", "mười một", "mười một"),
    (14, "fourteen", "mười bốn", "mười bốn"),
    (15, "fifteen", "mười lăm", "mười lăm"),
    (20, "twenty", "hai mươi", "hai mươi"),
    (21, "twenty-one", "hai mươi mốt", "hai mươi mốt"),
    (24, "twenty-four", "hai mươi tư", "hai mươi bốn"),
    (25, "twenty-five", "hai mươi lăm", "hai mươi lăm"),
    (55, "fifty-five", "năm mươi lăm", "năm mươi lăm"),
    (91, "ninety-one", "chín mươi mốt", "chín mươi mốt"),
    (100, "one hundred", "một trăm", "một trăm"),
    (101, "one hundred and one", "một trăm linh một", "một trăm lẻ một"),
    (104, "one hundred and four", "một trăm linh tư", "một trăm lẻ bốn"),
    (105, "one hundred and five", "một trăm linh năm", "một trăm lẻ năm"),
    (111, "one hundred and eleven", "một trăm mười một", "một trăm mười một"),
    (115, "one hundred and fifteen", "một trăm mười lăm", "một trăm mười lăm"),
    (1_000, "one thousand", "một nghìn", "một ngàn"),
    (1_005, "one thousand and five", "một nghìn không trăm linh năm", "một ngàn không trăm lẻ năm"),
    (1_050, "one thousand and fifty", "một nghìn không trăm năm mươi", "một ngàn không trăm năm mươi"),
    (21_000, "twenty-one thousand", "hai mươi mốt nghìn", "hai mươi mốt ngàn"),
    (1_000_005, "one million and five", "một triệu không trăm linh năm", "một triệu không trăm lẻ năm"),
    (
        *(1_005_000, "one million five thousand"),
        *("một triệu không trăm linh năm nghìn", "một triệu không trăm lẻ năm ngàn"),
    ),
    (1_000_000_000, "one billion", "một tỷ", "một tỷ"),
    (-5, "minus five", "âm năm", "âm năm"),
]


@pytest.mark.parametrize(("n", "english", "northern", "southern"), NUMBERS)
def test_a_quantity(n: int, english: str, northern: str, southern: str) -> None:
    assert [number_words(n, tag) for tag in LANGUAGE_TAGS] == [english, northern, southern]


@pytest.mark.parametrize(
    ("n", "english", "vietnamese"),
    [
        (1, "first", "thứ nhất"),
        (2, "second", "thứ hai"),
        (3, "third", "thứ ba"),
        (4, "fourth", "thứ tư"),
        (5, "fifth", "thứ năm"),
        (8, "eighth", "thứ tám"),
        (9, "ninth", "thứ chín"),
        (10, "tenth", "thứ mười"),
        (12, "twelfth", "thứ mười hai"),
        (14, "fourteenth", "thứ mười bốn"),
        (20, "twentieth", "thứ hai mươi"),
        (21, "twenty-first", "thứ hai mươi mốt"),
        (24, "twenty-fourth", "thứ hai mươi tư"),
        (100, "one hundredth", "thứ một trăm"),
        (103, "one hundred and third", "thứ một trăm linh ba"),
    ],
)
def test_a_rank(n: int, english: str, vietnamese: str) -> None:
    assert ordinal_words(n, "en") == english
    assert ordinal_words(n, "vi") == vietnamese


def test_a_place_in_the_queue() -> None:
    assert position_words(3, "en") == "you are number three"
    assert [position_words(n, "vi") for n in (1, 3, 4)] == [
        "quý khách ở vị trí thứ nhất",
        "quý khách ở vị trí thứ ba",
        "quý khách ở vị trí thứ tư",
    ]
    with pytest.raises(ValueError, match="0 is not a place in a queue"):
        position_words(0, "en")


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"),
    [
        ("105", "one zero five", "một không năm"),
        ("*21#", "star two one hash", "sao hai một thăng"),
        ("12-34", "one two, three four", "một hai, ba bốn"),
        ("[[h@lou]] <1>", "one", "một"),
        ("anonymous", "", ""),
        ("", "", ""),
        ("٣", "", ""),  # a digit in Unicode's eyes, but no key on a telephone
    ],
)
def test_digits_one_by_one(text: str, english: str, vietnamese: str) -> None:
    assert digits_words(text, "en") == english
    assert digits_words(text, "vi") == vietnamese


def test_endless_digits_are_cut() -> None:
    assert digits_words("7" * 10_000, "en").split() == ["seven"] * DIGITS_MAX


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        ("0912345678", "zero nine one two, three four five, six seven eight"),
        ("(091) 234-5678", "zero nine one two, three four five, six seven eight"),
        ("+84912345678", "plus eight four, nine one two, three four five, six seven eight"),
        ("19001234", "one nine zero zero, one two three four"),
        ("113", "one one three"),
        ("1234", "one two three four"),
        ("7", "seven"),
        ("anonymous", ""),
    ],
)
def test_a_telephone_number_in_groups(number: str, spoken: str) -> None:
    assert telephone_words(number, "en") == spoken


@pytest.mark.parametrize(
    ("seconds", "english", "vietnamese"),
    [
        (0, "zero seconds", "không giây"),
        (1, "one second", "một giây"),
        (61, "one minute and one second", "một phút một giây"),
        (120, "two minutes", "hai phút"),
        (3600, "one hour", "một tiếng"),
        (3665, "one hour and one minute", "một tiếng một phút"),
        (7500, "two hours and five minutes", "hai tiếng năm phút"),
    ],
)
def test_a_length_of_time(seconds: float, english: str, vietnamese: str) -> None:
    assert duration_words(seconds, "en") == english
    assert duration_words(seconds, "vi") == vietnamese


@pytest.mark.parametrize(
    ("seconds", "english", "vietnamese"),
    [
        (0, "less than one minute", "chưa đầy một phút"),
        (59.9, "less than one minute", "chưa đầy một phút"),
        (60, "one minute", "một phút"),
        (60.1, "two minutes", "hai phút"),
        (900, "fifteen minutes", "mười lăm phút"),
        (3700, "one hour and two minutes", "một tiếng hai phút"),
    ],
)
def test_a_wait_is_rounded_up_to_minutes(seconds: float, english: str, vietnamese: str) -> None:
    assert minutes_words(seconds, "en") == english
    assert minutes_words(seconds, "vi") == vietnamese


@pytest.mark.parametrize(
    ("low", "high", "english", "vietnamese"),
    [
        (0, 1, "less than one minute", "chưa đầy một phút"),
        (1, 1, "less than one minute", "chưa đầy một phút"),
        (0, 2, "up to two minutes", "không quá hai phút"),
        (2, 5, "two to five minutes", "từ hai đến năm phút"),
        (15, 25, "fifteen to twenty-five minutes", "từ mười lăm đến hai mươi lăm phút"),
        (3, 3, "about three minutes", "khoảng ba phút"),
        (30, 60, "more than thirty minutes", "hơn ba mươi phút"),
    ],
)
def test_a_predicted_wait_is_a_range(low: int, high: int, english: str, vietnamese: str) -> None:
    assert minutes_between_words(low, high, "en") == english
    assert minutes_between_words(low, high, "vi") == vietnamese


def test_a_range_that_is_none_is_refused() -> None:
    for low, high in ((-1, 2), (5, 2)):
        with pytest.raises(ValueError, match="a wait from"):
            minutes_between_words(low, high, "en")


@pytest.mark.parametrize(
    ("hour", "minute", "english", "vietnamese"),
    [
        (0, 0, "twelve midnight", "mười hai giờ đêm"),
        (0, 30, "twelve thirty a.m.", "mười hai giờ ba mươi phút đêm"),
        (8, 5, "eight oh five a.m.", "tám giờ năm phút sáng"),
        (8, 30, "eight thirty a.m.", "tám giờ ba mươi phút sáng"),
        (12, 0, "twelve noon", "mười hai giờ trưa"),
        (14, 0, "two p.m.", "hai giờ chiều"),
        (17, 15, "five fifteen p.m.", "năm giờ mười lăm phút chiều"),
        (19, 0, "seven p.m.", "bảy giờ tối"),
        (23, 59, "eleven fifty-nine p.m.", "mười một giờ năm mươi chín phút đêm"),
    ],
)
def test_a_time_of_day(hour: int, minute: int, english: str, vietnamese: str) -> None:
    assert time_words(hour, minute, "en") == english
    assert time_words(hour, minute, "vi") == vietnamese


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_no_two_times_of_day_sound_alike(language: str) -> None:
    spoken = {time_words(hour, minute, language) for hour in range(24) for minute in range(60)}
    assert len(spoken) == 24 * 60


@pytest.mark.parametrize(
    ("amount", "currency", "english", "vietnamese"),
    [
        ("50000", "VND", "fifty thousand dong", "năm mươi nghìn đồng"),
        ("12.50", "USD", "twelve dollars and fifty cents", "mười hai đô la năm mươi xu"),
        ("1", "USD", "one dollar", "một đô la"),
        ("0.01", "EUR", "one cent", "một xu"),
        ("0", "USD", "zero dollars", "không đô la"),
        ("-3.00", "USD", "minus three dollars", "âm ba đô la"),
        ("-0.001", "USD", "zero dollars", "không đô la"),
        ("0.995", "USD", "one dollar", "một đô la"),
    ],
)
def test_money(amount: str, currency: str, english: str, vietnamese: str) -> None:
    assert money_words(Decimal(amount), currency, "en") == english
    assert money_words(Decimal(amount), currency, "vi") == vietnamese


def test_money_of_an_unknown_currency_or_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="XAU"):
        money_words(Decimal(1), "XAU", "en")
    for amount in ("NaN", "Infinity", "1e30"):
        with pytest.raises(ValueError, match="outside"):
            money_words(Decimal(amount), "USD", "en")


def test_a_region_does_not_matter_and_an_unknown_language_is_refused() -> None:
    assert number_words(21, "en-US") == number_words(21, "EN_gb") == "twenty-one"
    assert number_words(21, "vi-VN") == "hai mươi mốt"
    with pytest.raises(ValueError, match="'fr'"):
        number_words(21, "fr")


@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_numbers_that_have_no_words_are_refused(language: str) -> None:
    for n in (NUMBER_MAX + 1, -NUMBER_MAX - 1):
        with pytest.raises(ValueError, match="outside"):
            number_words(n, language)
    for n in (0, -1, NUMBER_MAX + 1):
        with pytest.raises(ValueError, match="not a rank"):
            ordinal_words(n, language)
    for seconds in (-1, -0.001):
        with pytest.raises(ValueError, match="duration"):
            minutes_words(seconds, language)


# --- laws -------------------------------------------------------------------------------------------------------

ENGLISH_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ENGLISH_VALUES = {word: n for n, word in enumerate(ENGLISH_UNITS.split())} | {
    word: 10 * n for n, word in enumerate(ENGLISH_TENS.split(), start=2)
}
ENGLISH_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
VIETNAMESE_UNITS = "không một hai ba bốn năm sáu bảy tám chín mười"
VIETNAMESE_VALUES = {word: n for n, word in enumerate(VIETNAMESE_UNITS.split())} | {"mốt": 1, "tư": 4, "lăm": 5}
VIETNAMESE_SCALES = {"nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6, "tỷ": 10**9}


def heard_in_english(words: str) -> int:
    total = group = 0
    for word in words.replace("-", " ").replace(" and ", " ").split():
        if word in ENGLISH_SCALES:
            total, group = total + group * ENGLISH_SCALES[word], 0
        elif word == "hundred":
            group *= 100
        else:
            group += ENGLISH_VALUES[word]
    return total + group


def heard_in_vietnamese(words: str) -> int:
    total = group = place = 0
    for word in words.split():
        if word in VIETNAMESE_SCALES:
            total, group, place = total + (group + place) * VIETNAMESE_SCALES[word], 0, 0
        elif word in ("trăm", "mươi"):
            group, place = group + place * (100 if word == "trăm" else 10), 0
        elif word not in ("linh", "lẻ"):
            group, place = group + place, VIETNAMESE_VALUES[word]
    return total + group + place


@settings(deadline=None)
@given(n=st.integers(0, 10**9) | st.integers(0, NUMBER_MAX) | st.integers(0, 2_000))
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_every_number_is_heard_as_itself_so_distinct_numbers_sound_distinct(language: str, n: int) -> None:
    hear = heard_in_english if language == "en" else heard_in_vietnamese
    words = number_words(n, language)
    assert hear(words) == n
    assert words == " ".join(words.split())
    assert not any(sign.isdigit() for sign in words)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_the_first_hundred_thousand_numbers_and_ranks_are_all_distinct(language: str) -> None:
    numbers = range(1, 100_001)
    assert len({number_words(n, language) for n in numbers}) == len(numbers)
    assert len({ordinal_words(n, language) for n in numbers}) == len(numbers)


@settings(deadline=None)
@given(seconds=st.floats(0, 10**8))
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_every_duration_has_words(language: str, seconds: float) -> None:
    assert duration_words(seconds, language)
    assert minutes_words(seconds, language)


@settings(deadline=None)
@given(text=st.text())
@pytest.mark.parametrize("language", LANGUAGE_TAGS)
def test_whatever_a_caller_sends_only_digit_names_are_spoken(language: str, text: str) -> None:
    allowed = {digits_words(sign, language) for sign in "0123456789+*#"}
    for spoken in (digits_words(text, language), telephone_words(text, language)):
        assert set(spoken.replace(",", "").split()) <= allowed
