"""A row becomes a lead, or is told with its reason."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.errors import ConfigurationError
from callcenter.geography.parts import zones_of_part
from callcenter.jobs.importing import RowError, lead_of, shape_of
from callcenter.postgres.lead_lists import NewLead
from callcenter.tables import Row

HEADER = ("Name", "Phone", "Mobile 2", "City", "priority", "zone", "state", "country")
SHAPE = shape_of(HEADER, {})


def lead(*values: str, region: str = "VN") -> NewLead | RowError:
    return lead_of(Row(line=7, values=values), SHAPE, region)


def good(*values: str, region: str = "VN") -> NewLead:
    found = lead(*values, region=region)
    assert isinstance(found, NewLead), found
    return found


def bad(*values: str) -> str:
    found = lead(*values)
    assert isinstance(found, RowError), found
    assert found.line == 7
    return found.what


def test_a_row_with_everything() -> None:
    found = good("Lan", "0901 234 567", "+1 212 555 1234", "Hà Nội", "5", "Asia/Ho_Chi_Minh", "", "")
    assert [(one.number, one.label, one.region) for one in found.numbers] == [
        ("+84901234567", "phone", "VN"),
        ("+12125551234", "mobile", "US"),
    ]
    assert (found.name, found.priority, found.custom) == ("Lan", 5, {"city": "Hà Nội"})
    assert found.zones == ("America/New_York", "Asia/Ho_Chi_Minh")  # she may be in either


def test_zones_of_number_address_and_what_she_said_all_count() -> None:
    found = good("Ann", "2125551234", "", "", "", "America/Denver", "tn", "US")
    assert found.zones == ("America/Chicago", "America/Denver", "America/New_York")
    assert zones_of_part("US", "CA") == ("America/Los_Angeles",)
    assert zones_of_part("VN", "CA") == ()


def test_a_postcode_adds_its_zones_and_stays_a_field_of_ones_own() -> None:
    shape = shape_of(("phone", "ZIP code", "zone", "country"), {})
    postcodes = {
        "US": {"9": ("America/Los_Angeles",), "967": ("Pacific/Honolulu",)},
        "CA": {"V": ("America/Vancouver",)},
    }

    def zones(*values: str) -> tuple[str, ...]:
        found = lead_of(Row(line=2, values=values), shape, "US", postcodes)
        assert isinstance(found, NewLead)
        assert found.custom == ({"zip_code": values[1]} if values[1] else {})
        return found.zones

    assert zones("2125551234", "96701", "", "") == ("America/New_York", "Pacific/Honolulu")  # allowed in both, or not
    assert zones("2125551234", "96701", "America/Denver", "") == (
        "America/Denver",
        "America/New_York",
        "Pacific/Honolulu",
    )
    assert zones("2125551234", "V6B 1A1", "", "ca") == ("America/New_York", "America/Vancouver")
    for unknown in ("", "10001"):
        assert zones("2125551234", unknown, "", "") == ("America/New_York",)


def test_a_short_row_and_a_number_twice() -> None:
    assert len(good("Lan", "0901234567").numbers) == 1
    assert len(good("Lan", "0901234567", "+84 901 234 567").numbers) == 1
    assert len(good("Lan", "nonsense", "0901234567").numbers) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (("Lan",), "no number"),
        (("Lan", "12"), "phone 12: no"),
        (("Lan", "=cmd|' /C calc'!A0"), "no telephone number"),
        (("Lan", "0901234567", "", "", "high"), "the priority high is no whole number"),
        (("Lan", "0901234567", "", "", "--5"), "the priority --5"),
        (("Lan", "0901234567", "", "", "٣"), "the priority"),
        (("Lan", "0901234567", "", "", "9999999"), "the priority"),
        (("Lan", "0901234567", "", "", "", "Mars/Base"), "no time zone Mars/Base"),
        (("L" * 1001, "0901234567"), "longer than 1000"),
        (("L\0", "0901234567"), "no text has"),
        (("\ud800", "0901234567"), "no text has"),
    ],
)
def test_why_a_row_is_refused(values: tuple[str, ...], told: str) -> None:
    assert told in bad(*values)


def test_a_row_that_could_not_be_read() -> None:
    assert lead_of(Row(line=3, problem="torn"), SHAPE, "VN") == RowError(line=3, what="torn")


def test_columns_by_name_or_as_one_says() -> None:
    shape = shape_of(("Tel", "Kunde", "x"), {"tel": "number", "KUNDE": "name", "x": "-"})
    assert (shape.numbers, dict(shape.plain), shape.custom) == (((0, "number"),), {"name": 1}, ())
    with pytest.raises(ConfigurationError, match="no column of numbers"):
        shape_of(("name", "city"), {})
    with pytest.raises(ConfigurationError, match=r"(?s)no column is called 'x'.*name is there twice"):
        shape_of(("name", "Name", "phone"), {"x": "name"})
    with pytest.raises(ConfigurationError, match="11 columns of numbers"):
        shape_of([f"phone_{n}" for n in range(11)], {})


@given(st.lists(st.text(max_size=30), max_size=9))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_row_breaks_it(values: list[str]) -> None:
    found = lead_of(Row(line=1, values=tuple(values)), SHAPE, "US")
    assert isinstance(found, RowError) or found.numbers
