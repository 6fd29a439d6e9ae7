"""postcodes.yaml: the time zones that postcodes tell, and everything that is wrong with such a table."""

from pathlib import Path

import pytest

from callcenter.config import read_configuration
from callcenter.config.postcodes import load_postcodes
from callcenter.errors import ConfigurationError
from callcenter.model.postcode import zones_of_postcode

TABLE = """\
US:
  "9": [America/Los_Angeles, America/Anchorage, Pacific/Honolulu]
  "967": Pacific/Honolulu
  006: America/Puerto_Rico
CA: {v: America/Vancouver, V1G: [America/Dawson_Creek]}
"""


def test_the_longest_beginning_tells() -> None:
    configuration, problems = read_configuration({"postcodes.yaml": TABLE})
    assert problems == []
    table = configuration.postcodes
    assert zones_of_postcode(table, "US", "96701-1234") == ("Pacific/Honolulu",)
    assert zones_of_postcode(table, "US", "94016") == ("America/Anchorage", "America/Los_Angeles", "Pacific/Honolulu")
    assert zones_of_postcode(table, "US", "00601") == ("America/Puerto_Rico",)
    assert zones_of_postcode(table, "CA", "v1g 4j8") == ("America/Dawson_Creek",)
    assert zones_of_postcode(table, "CA", "V6B 1A1") == ("America/Vancouver",)
    for country, text in (("US", "10001"), ("US", ""), ("VN", "967"), ("", "967")):
        assert zones_of_postcode(table, country, text) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("usa: {}", "postcodes.yaml:1:1: usa: `usa` is not a country"),
        ("US: {'96!': UTC}", "`96!` is no beginning of a postcode"),
        ("US: {'': UTC}", "is no beginning of a postcode"),
        ("CA: {V1: UTC, 'v 1': UTC}", "`V1` is there twice"),
        ("US: {'967': Pacific/Honolul}", "there is no time zone `Pacific/Honolul` (did you mean `Pacific/Honolulu`?)"),
        ("US: {'967': [UTC, 5]}", "postcodes.yaml:1:19: US.967.1: there is no time zone"),
        ("US: {'967': []}", "0 time zones; 1 to 10 are possible"),
        ("US: 967", "expected"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, says: str, tmp_path: Path) -> None:
    _, problems = read_configuration({"postcodes.yaml": text})
    assert [says in str(one) for one in problems] == [True], [str(one) for one in problems]
    (tmp_path / "postcodes.yaml").write_text(text)
    with pytest.raises(ConfigurationError):
        load_postcodes(tmp_path)


def test_a_folder_without_the_file_knows_none(tmp_path: Path) -> None:
    assert load_postcodes(tmp_path) == {}
    (tmp_path / "postcodes.yaml").write_text(TABLE)
    assert load_postcodes(tmp_path)["US"]["967"] == ("Pacific/Honolulu",)
