"""An entry as a line that Postgres can hold. Knows what JSON may carry and jsonb may not; knows no file, no database.

Theory: jsonb and text know no NUL, and UTF-8 knows no lone surrogate. Both come only from outside (a caller's name may
be anything) and adapters ought to have replaced them before the engine saw them; what slips through is replaced here by
U+FFFD, in the line and in the entry that rows are folded from, rather than lost or allowed to stop the journal.
"""

import re
from typing import Final

import msgspec

from callcenter.model.entry import Entry, encode_entry, plain

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")  # an escaped NUL, not a backslash before "u0000"


def line_of(entry: Entry) -> bytes:
    """One line of JSON, without a line end, that `decode_entry` reads and Postgres takes."""
    try:
        line = encode_entry(entry)
    except UnicodeEncodeError:
        line = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(entry, enc_hook=plain)))
    return _NUL.sub(rb"\1\\ufffd", line) if rb"\u0000" in line else line


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return _SURROGATE.sub(REPLACEMENT, value)
        case dict():
            return {_without_surrogates(name): _without_surrogates(held) for name, held in value.items()}
        case list() | tuple():
            return [_without_surrogates(held) for held in value]
        case _:
            return value
