"""Encodings of files that come over the API, by the names that Python knows. Knows names; reads nothing."""

from typing import Literal

Encoding = Literal[
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "iso-8859-1", "iso-8859-2", "iso-8859-15", "koi8-r",
    "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "tis-620",
]  # fmt: skip
"""Of texts only: Python's own list has others too (`zip`, `hex`)."""
