"""Which time zones postcodes tell: a table of the manager's own, for there is none that somebody keeps. No address."""

from collections.abc import Mapping
from typing import TypeAlias

Postcodes: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Country (ISO 3166) -> beginning of a postcode, without blanks and hyphens, in capitals -> zones."""


def bare_postcode(text: str) -> str:
    """A postcode as it is compared: `sw1a 1aa` and `SW1A-1AA` are one."""
    return "".join(sign for sign in text.upper() if sign not in " -")


def zones_of_postcode(postcodes: Postcodes, country: str, text: str) -> tuple[str, ...]:
    """The zones of the longest beginning that is in the table; none if none is."""
    known, bare = postcodes.get(country, {}), bare_postcode(text)
    for length in range(len(bare), 0, -1):
        zones = known.get(bare[:length])
        if zones is not None:
            return zones
    return ()
