"""Times as people say them on a command line. Knows local time and words such as `today`; knows no report."""

import re
import time
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

Since = Annotated[str, typer.Option("--since", metavar="TIME", help="today, yesterday, 2h, 7d, 14:00, 2026-01-31 ...")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")]
"""The options of commands that tell of a time."""

LATEST_S: Final = 7_258_118_400.0  # the year 2200: whatever lies beyond is a slip of the finger

_LENGTH: Final = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_FORMS: Final = (
    "today, yesterday, 30m, 2h, 7d (ago), 14:00 (today), 2026-01-31 or '2026-01-31 14:00', all in local time"
)


def moment(text: str, now: float) -> float:
    """A time in local words, as UTC seconds. Raises typer.BadParameter with the forms there are."""
    said = text.strip().lower()
    today = datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if said == "now":
        return now
    if said in ("today", "yesterday"):
        return _utc(today - timedelta(days=said == "yesterday"))
    if ago := _LENGTH.fullmatch(said):
        return max(now - int(ago[1]) * _UNIT_S[ago[2]], 0.0)
    if wall := _CLOCK.fullmatch(said):
        return _utc(today.replace(hour=int(wall[1]), minute=int(wall[2]), second=int(wall[3] or 0)))
    try:
        given = _utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError, OSError):
        given = -1.0
    if not 0.0 <= given <= LATEST_S:
        raise typer.BadParameter(f"{text!r} is not a time: {_FORMS}")
    return given


def span(text: str) -> float:
    """A length such as 30m, 1h or 90 (seconds), in seconds. Raises typer.BadParameter."""
    said = text.strip().lower()
    if said.isascii() and said.isdigit() and len(said) <= 9:
        return float(said)
    found = _LENGTH.fullmatch(said)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a length: 90, 90s, 30m, 1h or 1d")
    return float(int(found[1]) * _UNIT_S[found[2]])


def period(since: str, until: str, now: float | None = None) -> tuple[float, float]:
    """The bounds of a report. Raises typer.BadParameter if it would end before it begins."""
    at = time.time() if now is None else now
    begin, end = moment(since, at), moment(until, at)
    if begin >= end:
        raise typer.BadParameter(f"--until {until!r} is not after --since {since!r}")
    return begin, end


def _utc(given: datetime) -> float:
    """UTC seconds; without a zone of its own, a time is the machine's."""
    return given.timestamp()
