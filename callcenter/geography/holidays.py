"""Days off by country and part of it. Knows the holidays package; knows no hours and no law."""

from functools import lru_cache
from typing import Final

from callcenter.geography.parts import part_of

YEARS_AROUND: Final = 1  # before and after the one asked for: a year's end is asked about from both sides
CACHED_MAX: Final = 512


@lru_cache(maxsize=CACHED_MAX)
def days_off(region: str, year: int, part: str = "") -> frozenset[str]:
    """The public holidays ("2026-12-25") of a region around a year; of a part of it as well, if the part is known.

    A region that nobody knows holidays of has none.
    """
    import holidays  # here: it takes a tenth of a second

    parts = holidays.list_supported_countries().get(region)
    if parts is None:
        return frozenset()
    years = range(year - YEARS_AROUND, year + YEARS_AROUND + 1)
    code = part_of(region, part)
    places = {None, code if code in parts else None}  # a part may work on a day that the rest has off: both count
    return frozenset(
        day.isoformat() for place in places for day in holidays.country_holidays(region, subdiv=place, years=years)
    )
