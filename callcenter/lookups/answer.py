"""What an answer says: JSON in, a few short texts out. Knows places in a JSON text; trusts nothing of it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

VALUE_CHARS_MAX: Final = 200
NESTING: Final = "."

_DECODER = msgspec.json.Decoder()


def values_of(body: bytes, take: Mapping[str, str]) -> dict[str, str]:
    """The values at the places of `take` (variable -> place), where there is one. Raises ValueError: no JSON."""
    try:
        tree = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("the answer is not JSON") from error
    found = {variable: text_of(at(tree, place)) for variable, place in take.items()}
    return {variable: text for variable, text in found.items() if text}


def at(tree: Any, place: str) -> Any:
    """What is at `place` ("orders.0.state"), or None."""
    for part in place.split(NESTING):
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree


def text_of(value: Any) -> str:
    """A text, number or truth value, short and on one line; "" for anything else."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            text = str(value)
        case str():
            text = "".join(sign for sign in value[: 2 * VALUE_CHARS_MAX] if sign.isprintable())
        case _:
            return ""
    return text[:VALUE_CHARS_MAX].strip()
