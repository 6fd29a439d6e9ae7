"""Our values as others see them: times as RFC 3339, everything else as it is. Knows fields and JSON; no meaning.

What the API answers is made of the very values that the command line shows, so the two cannot drift apart; only
`float` seconds UTC become date-times, because that is what programs elsewhere expect.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar, get_type_hints

import msgspec
from pydantic import BeforeValidator

T = TypeVar("T")
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
LATEST_S: Final = 7_258_118_400.0  # the year 2200


class Public(Generic[T]):
    """The public shape of one class of ours."""

    __slots__ = ("_convert", "_times", "shape")

    def __init__(
        self,
        kind: type[T],
        name: str,
        *,
        times: tuple[str, ...] = (),
        hidden: tuple[str, ...] = (),
        also: Mapping[str, tuple[Any, Callable[[Any], object]]] | None = None,
    ) -> None:
        """`times` are fields in UTC seconds; `hidden` ones stay with us; `also` says other types for fields."""
        self._times = times
        self._convert = {field: convert for field, (_, convert) in (also or {}).items()}
        types = {field: shown for field, (shown, _) in (also or {}).items()}
        fields = [
            (name, types.get(name) or (_time_type(hint) if name in times else hint))
            for name, hint in get_type_hints(kind, include_extras=True).items()
            if name not in hidden
        ]
        self.shape: type = dataclasses.make_dataclass(name, fields, frozen=True, slots=True, kw_only=True)
        self.shape.__doc__ = kind.__doc__

    def of(self, value: T) -> object:
        """The value as it is shown."""
        shown: dict[str, object] = {}
        for one in dataclasses.fields(self.shape):
            found = getattr(value, one.name)
            if one.name in self._convert:
                found = self._convert[one.name](found)
            elif one.name in self._times:
                found = moment(found)
            shown[one.name] = found
        made: object = self.shape(**shown)
        return made

    @staticmethod
    def with_(shown: object, **others: object) -> object:
        """The same with other values in some fields."""
        return dataclasses.replace(shown, **others)  # type: ignore[type-var]


def _time_type(hint: Any) -> Any:
    return datetime if hint is float else datetime | None


def moment(seconds: float | None) -> datetime | None:
    """UTC seconds as a date-time; 0 and nothing are nothing."""
    return None if not seconds else datetime.fromtimestamp(seconds, UTC)


def seconds_of(at: datetime) -> float:
    """A date-time as UTC seconds."""
    return at.timestamp()


def _moment(value: object) -> object:
    """Only what RFC 3339 calls a date-time; pydantic would take numbers and dates too."""
    if isinstance(value, str):
        if not _RFC3339.fullmatch(value):
            raise ValueError("expected a date-time of RFC 3339, such as 2026-01-31T07:00:00Z")
        return datetime.fromisoformat(value.upper())
    if value is None or isinstance(value, datetime):
        return value
    raise ValueError("expected a text")


Moment = Annotated[datetime, BeforeValidator(_moment)]


def _foreign(value: object) -> object:
    """Read-only mappings are written as objects."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_foreign)


def encoded(value: object) -> bytes:
    """An answer's body."""
    return _ENCODER.encode(value)
