"""What may stand in a request. Knows Asterisk's dangerous spots; knows no sockets.

ARI is as mighty as a shell: a variable may be a function, an application's arguments are parsed again by Asterisk, a
recording's name is a path, lists are joined by commas. So every such value is checked here, just before it is sent.
Text from callers and agents must have been made harmless long before; what fails here is our bug, and nothing is sent.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from callcenter.errors import Bug

ID_MAX = 149  # Asterisk's AST_MAX_PUBLIC_UNIQUEID is 149 characters and the end mark
CALLER_NAME_MAX = 80
CALLER_NUMBER_MAX = 80

_ID: Final = re.compile(r"[!-+\--~]+")  # printable ASCII without space and comma
_RECORDING: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")  # no dot: neither ".." nor a second extension
_WORD: Final = re.compile(r"[A-Za-z0-9_.:@+*=#/-]*")
_ENDPOINT: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*/[^\s&|,\"'\\`$(){}<>\x00-\x1f]+")
_MEDIA: Final = re.compile(r"(?:sound|recording|number|digits|characters|tone):[^,\x00-\x1f]+")
_VARIABLE: Final = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*")
# Functions that only read or change the channel itself. DB, CURL, SHELL, FILE, ODBC, LOCK, ... are refused: Asterisk
# answers 204 to some of them and does nothing, and others reach outside of the call.
_FUNCTION: Final = re.compile(
    r"(?:CALLERID|CONNECTEDLINE|REDIRECTING|CHANNEL|CDR|DENOISE|JITTERBUFFER|PJSIP_HEADER|PJSIP_TRANSFER_HANDLING|"
    r"TALK_DETECT|TONE_DETECT|TIMEOUT|VOLUME|AGC)\([A-Za-z0-9_,.*-]*\)"
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def identifier(value: str) -> str:
    """An id of a channel, bridge, playback, ...: at most 149 printable ASCII characters, no comma."""
    if len(value) > ID_MAX or not _ID.fullmatch(value):
        raise Bug(f"not an id that Asterisk takes (1 to {ID_MAX} printable characters, no comma or space): {value!r}")
    return value


def recording_name(value: str) -> str:
    """A recording's name, which is a path below Asterisk's recording folder; made of our own ids only."""
    if len(value) > ID_MAX or not _RECORDING.fullmatch(value):
        raise Bug(f"not a recording name (letters, digits, _ and -, folders by /): {value!r}")
    return value


def endpoint(value: str) -> str:
    """TECHNOLOGY/ADDRESS, as in PJSIP/1001; nothing that Asterisk would split or evaluate."""
    if not _ENDPOINT.fullmatch(value):
        raise Bug(f"not an endpoint that may be dialled: {value!r}")
    return value


def app_args(values: Sequence[str]) -> str:
    """Arguments of a Stasis application, joined as Asterisk splits them."""
    for value in values:
        if not _WORD.fullmatch(value):
            raise Bug(f"not an argument that survives Asterisk's argument parser: {value!r}")
    return ",".join(values)


def media(values: Sequence[str]) -> str:
    """Media URIs ("sound:hello", "recording:NAME", "digits:12", "tone:ring;tonezone=us"), played one after another."""
    for value in values:
        if not _MEDIA.fullmatch(value) or ".." in value:
            raise Bug(f"not a media URI: {value!r}")
    if not values:
        raise Bug("nothing to play")
    return ",".join(values)


def variable(name: str) -> str:
    """A variable's name, or one of the functions that concern only the channel."""
    if not (_VARIABLE.fullmatch(name) or _FUNCTION.fullmatch(name)):
        raise Bug(f"neither a plain variable nor an allowed function: {name!r}")
    return name


def variables(values: Mapping[str, str]) -> dict[str, str]:
    return {variable(name): value for name, value in values.items()}


def joined(values: Iterable[str]) -> str:
    """A comma list of ids."""
    return ",".join(identifier(value) for value in values)


def caller_id(name: str, number: str) -> str:
    """`"Name" <number>` out of text from outside, which can neither end the quotes nor forge the number."""
    clean_name = _CONTROL.sub("", name).translate({ord(sign): None for sign in '"\\<>'})[:CALLER_NAME_MAX]
    clean_number = re.sub(r"[^0-9A-Za-z+*#._-]", "", number)[:CALLER_NUMBER_MAX]
    return f'"{clean_name}" <{clean_number}>' if clean_name else f"<{clean_number}>"


def path(*segments: str) -> str:
    """The path of a resource, each segment escaped: the slash in a recording's name too (plain, it is a 404)."""
    return "/".join(quote(segment, safe="") for segment in segments)


def query(parameters: Mapping[str, str | int | bool | None]) -> str:
    """A query string without what is None or empty."""
    pairs = (
        f"{name}={quote(str(value).lower() if isinstance(value, bool) else str(value), safe='')}"
        for name, value in parameters.items()
        if value is not None and value != ""
    )
    return "&".join(pairs)
