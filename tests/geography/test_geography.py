"""What a number tells of itself, and when it is a holiday where it is."""

from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.geography.holidays import days_off
from callcenter.geography.numbers import NumberType, told
from callcenter.geography.parts import part_of, zones_of_part


@pytest.mark.parametrize(
    ("text", "region", "e164", "of", "type_"),
    [
        ("0901 234 567", "VN", "+84901234567", "VN", NumberType.MOBILE),
        ("0084-901-234-567", "GB", "+84901234567", "VN", NumberType.MOBILE),
        ("(212) 555-1234", "US", "+12125551234", "US", NumberType.FIXED_OR_MOBILE),
        ("+1 416 555 1234", "US", "+14165551234", "CA", NumberType.FIXED_OR_MOBILE),
        ("020 7183 8750", "GB", "+442071838750", "GB", NumberType.FIXED),
        ("+1 900 555 1234", "", "+19005551234", "US", NumberType.PREMIUM),
        ("+1 800 555 1234", "", "+18005551234", "US", NumberType.TOLL_FREE),
        ("+44 909 879 0001", "", "+449098790001", "GB", NumberType.PREMIUM),
    ],
)
def test_what_a_number_tells(text: str, region: str, e164: str, of: str, type_: NumberType) -> None:
    found = told(text, region)
    assert (found.e164, found.region, found.type, found.problem) == (e164, of, type_, "")


@pytest.mark.parametrize(
    ("text", "region", "problem"),
    [
        ("", "VN", "no number"),
        ("2125551234", "", "without a country code"),
        ("call me", "US", "no telephone number"),
        ("+999 123 456 789", "US", "no such country code"),
        ("+1 212 555 1234 ext. 9", "US", "extension"),
        ("+84 12", "VN", "no number of its country's plan"),
        ("9" * 200, "US", "longer than 64"),
        ("=2+5", "US", "no telephone number"),
    ],
)
def test_why_a_text_is_no_number(text: str, region: str, problem: str) -> None:
    assert problem in told(text, region).problem


@given(st.text(max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_breaks_it_and_no_zone_is_one_that_nobody_knows(text: str) -> None:
    found = told(text, "US")
    assert bool(found.e164) is not bool(found.problem)
    assert set(found.zones) <= available_timezones()


@pytest.mark.parametrize("text", ["+18005551234", "+79161234567", "+61412345678", "+5511987654321", "+97142222222"])
def test_the_zones_of_wide_countries_are_known_to_this_machine(text: str) -> None:
    zones = told(text).zones
    assert zones
    assert set(zones) <= available_timezones()


def test_days_off() -> None:
    assert "2026-12-25" in days_off("GB", 2026)
    assert "2027-01-01" in days_off("GB", 2026)
    assert "2026-09-02" in days_off("VN", 2026)
    assert days_off("US", 2026, "TX") > days_off("US", 2026)
    assert days_off("US", 2026, "Nowhere") == days_off("US", 2026)
    assert "2026-11-30" in days_off("GB", 2026, "scotland") - days_off("GB", 2026)
    assert days_off("ZZ", 2026) == frozenset()


@pytest.mark.parametrize(
    ("text", "region", "tells"),
    [
        ("030123456.0", "DE", "+4930123456"),  # with the 0 it would be somebody else's
        ("84901234567,00", "VN", "+84901234567"),
        ("+84901234567.0", "", "+84901234567"),
        ("212.555.0100", "US", "+12125550100"),
        ("9.01235E+08", "VN", "a spreadsheet has shortened it"),
        ("8,4901234567e10", "VN", "a spreadsheet has shortened it"),
    ],
)
def test_a_number_that_a_program_took_for_a_quantity(text: str, region: str, tells: str) -> None:
    found = told(text, region)
    assert tells in (found.e164 or found.problem)


@pytest.mark.parametrize(
    ("region", "said", "code"),
    [
        ("US", "ny", "NY"),
        ("US", " New York ", "NY"),
        ("US", "US-TX", "TX"),
        ("GB", "Scotland", "SCT"),
        ("DE", "bayern", "BY"),
        ("DE", "Thuringen", "TH"),
        ("VN", "Hanoi", "Hanoi"),
        ("US", "Nowhere", "Nowhere"),
        ("ZZ", "x", "x"),
        ("US", "", ""),
    ],
)
def test_a_part_of_a_country_is_known_however_it_is_written(region: str, said: str, code: str) -> None:
    assert part_of(region, said) == code
    if (region, code) == ("US", "NY"):
        assert zones_of_part(region, said) == ("America/New_York",)
