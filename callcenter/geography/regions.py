"""Which countries there are, as telephone numbers know them. Knows libphonenumber's list; knows no law and no file.

That library is loaded when somebody asks: most programs never do.
"""

from collections.abc import Mapping
from typing import Final

MISTAKEN: Final[Mapping[str, str]] = {"UK": "GB", "EL": "GR"}
"""What people write -> the code of ISO 3166."""


def is_region(code: str) -> bool:
    """Whether a country has this code (ISO 3166) and numbers of its own."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def region_meant(code: str) -> str:
    """The code of whom somebody meant who wrote another; "" if nobody can tell."""
    upper = code.strip().upper()
    meant = MISTAKEN.get(upper, upper)
    return meant if meant != code and is_region(meant) else ""
