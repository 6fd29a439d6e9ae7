"""Zones of parts of countries, for addresses: the states of the United States. Knows no number.

After the tz database's zone1970 comments: a state that two zones divide has both, because an address without a county
does not tell which.
"""

from typing import Final

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
    return _ZONES.get((region, part.strip().upper()), ())
