"""The types that nodes' fields have. Knows which values a key of a flow may take; knows no kind of node and no YAML.

A plug-in's fields are its YAML keys, so their types are all that a reader of flows, a law test or the documentation has
to go by: bounds are written where the field is (`Annotated` with annotated_types), what a text means is a NewType.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, NewType
from urllib.parse import quote

from annotated_types import Interval, MaxLen, MinLen

from callcenter.model.flow import Prompt, Visit

NextNode = NewType("NextNode", str)
"""The name of another node of the same flow."""

Language = NewType("Language", str)
"""A language tag: "en", "vi", "vi-VN-x-south"."""

VariableName = NewType("VariableName", str)
"""The name of a variable of the contact: lower-case letters, digits and _."""

Key = NewType("Key", str)
"""One key of a telephone: 0-9, *, #, A-D."""

Subject = NewType("Subject", str)
"""What is looked at: caller, dialled, language or a variable's name."""

Filled = NewType("Filled", str)
"""A text in which {{ name }} stands for a variable, or for caller, dialled or language. Not a full template."""

Word = NewType("Word", str)
"""A name that leaves the call center (a mailbox, an exit to the dialplan): letters, digits, _ and -."""

FilledUrl = NewType("FilledUrl", str)
"""http or https, a host that is written out, and a path and query in which {{ name }} stands for a variable."""

ScriptUrl = NewType("ScriptUrl", str)
"""Where a FastAGI script is: agi://host[:port]/path. Nothing of it may come from a call."""

JsonPlace = NewType("JsonPlace", str)
"""A place in a JSON text: keys, and numbers for places in a list (from 0), with points between: orders.0.state."""

HeaderName = NewType("HeaderName", str)
"""The name of an HTTP header."""

SecretName = NewType("SecretName", str)
"""The name of a secret of this machine: a word, which says nothing."""

WAIT_MAX_S: Final = 60.0
TRIES_MAX: Final = 10
DIGITS_MAX: Final = 32
RING_MAX_S: Final = 120.0
MESSAGE_MAX_S: Final = 900.0
SILENCE_MAX_S: Final = 30.0
RETURNS_MAX: Final = 16

WaitTime = Annotated[float, Interval(ge=1, le=WAIT_MAX_S)]
Tries = Annotated[int, Interval(ge=1, le=TRIES_MAX)]
DigitCount = Annotated[int, Interval(ge=1, le=DIGITS_MAX)]
RingTime = Annotated[float, Interval(ge=1, le=RING_MAX_S)]
MessageTime = Annotated[float, Interval(ge=1, le=MESSAGE_MAX_S)]
SilenceTime = Annotated[float, Interval(ge=1, le=SILENCE_MAX_S)]
Choices = Annotated[Mapping[Key, NextNode], MinLen(1), MaxLen(16)]

CALLER: Final = "caller"
DIALLED: Final = "dialled"
LANGUAGE: Final = "language"
OF_THE_CALL: Final = (CALLER, DIALLED, LANGUAGE)
"""What may be looked at besides variables; no variable can have such a name."""

LANGUAGE_PATTERN: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
VARIABLE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
KEY_PATTERN: Final = re.compile(r"[0-9*#A-D]")
WORD_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
NUMBER_PATTERN: Final = re.compile(r"\+?[0-9*#]{1,32}")

HOST_PATTERN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?")
"""A host, perhaps with its port, in lower case."""
URL_PATTERN: Final = re.compile(rf"https?://(?P<host>{HOST_PATTERN.pattern})(?P<rest>[/?][^\s#]*)?")
SCRIPT_PATTERN: Final = re.compile(rf"agi://{HOST_PATTERN.pattern}(?:/[A-Za-z0-9_./-]{{0,200}})?")
JSON_PLACE_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,9}")
HEADER_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")

_PLACE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]{0,31})\s*\}\}")


def look_up(name: str, visit: Visit) -> str:
    """The value of a variable, or of caller, dialled or language; "" for a variable that was never set."""
    of_the_call = {CALLER: visit.caller, DIALLED: visit.dialled, LANGUAGE: visit.language}
    return of_the_call[name] if name in of_the_call else visit.variables.get(name, "")


def fill(text: Filled, visit: Visit) -> str:
    """`text` with every {{ name }} replaced, once: what a caller typed is never read as a place again."""
    return _PLACE.sub(lambda place: look_up(place[1], visit), text)


def fill_url(text: FilledUrl, visit: Visit) -> str:
    """`text` with every {{ name }} replaced and percent-encoded (RFC 3986): one part of a path or query."""
    return _PLACE.sub(lambda place: quote(look_up(place[1], visit), safe=""), text)


def url_host(text: FilledUrl) -> str | None:
    """The host (and port) of an address in which variables stand in path and query only; None if it is none such."""
    found = URL_PATTERN.fullmatch(_PLACE.sub("%", text))  # % can stand in no host
    return found["host"] if found is not None else None


def places(text: str) -> tuple[str, ...]:
    """The names that `text` asks for, in order."""
    return tuple(place[1] for place in _PLACE.finditer(text))


def said(*prompts: Prompt | None) -> tuple[Prompt, ...]:
    """Those of `prompts` that are there."""
    return tuple(prompt for prompt in prompts if prompt is not None)


def one_exit(name: str, target: NextNode | None, otherwise: NextNode) -> Mapping[str, str]:
    """An exit that may be left out: then it leads where `otherwise` leads."""
    return {name: target if target is not None else otherwise}
