"""Parts of countries, for addresses: how they are written, and the zones of the United States'. Knows no number.

After the tz database's zone1970 comments: a state that two zones divide has both, because an address without a county
does not tell which.
"""

import unicodedata
from functools import lru_cache
from typing import Final

CACHED_MAX: Final = 4_096

_EASTERN: Final = "America/New_York"
_CENTRAL: Final = "America/Chicago"
_MOUNTAIN: Final = "America/Denver"
_PACIFIC: Final = "America/Los_Angeles"
_BOISE: Final = "America/Boise"

_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV", (_EASTERN,)),
    ("FL KY TN", (_CENTRAL, _EASTERN)),
    ("IN", (_CENTRAL, "America/Indiana/Indianapolis")),
    ("MI", (_CENTRAL, "America/Detroit")),
    ("AL AR IL IA LA MN MS MO OK WI", (_CENTRAL,)),
    ("KS NE ND SD TX", (_CENTRAL, _MOUNTAIN)),
    ("CO MT NM UT WY", (_MOUNTAIN,)),
    ("AZ", (_MOUNTAIN, "America/Phoenix")),
    ("ID", (_BOISE, _PACIFIC)),
    ("OR", (_BOISE, _PACIFIC)),
    ("NV", (_MOUNTAIN, _PACIFIC)),
    ("CA WA", (_PACIFIC,)),
    ("AK", ("America/Adak", "America/Anchorage")),
    ("HI", ("Pacific/Honolulu",)),
    ("PR", ("America/Puerto_Rico",)),
)
_ZONES: Final = {("US", part): zones for parts, zones in _GROUPS for part in parts.split()}


def zones_of_part(region: str, part: str) -> tuple[str, ...]:
    """The zones that a part of a country may be in; none if it is not known."""
    return _ZONES.get((region, part_of(region, part)), ())


@lru_cache(maxsize=CACHED_MAX)
def part_of(region: str, said: str) -> str:
    """The code of a part of a country that is written as code or name (`ny`, `US-NY`, `New York` -> `NY`), whatever its
    capitals and accents; what nobody knows comes back as it is."""
    import holidays  # here: it takes a tenth of a second

    text = said.strip()
    codes = holidays.list_supported_countries().get(region)
    if not codes or not text or text in codes:
        return text
    named = holidays.country_holidays(region).subdivisions_aliases or {}
    known = {_plain(name): code for name, code in (*named.items(), *((code, code) for code in codes))}
    return known.get(_plain(text.removeprefix(f"{region}-"))) or known.get(_plain(text)) or text


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
