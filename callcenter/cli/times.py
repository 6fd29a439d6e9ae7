"""Times as people say them on a command line. Knows local time and words such as `today`; knows no report."""

import re
import time
from datetime import datetime, timedelta
from typing import Final

import typer

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
        return now - int(ago[1]) * _UNIT_S[ago[2]]
    if wall := _CLOCK.fullmatch(said):
        return _utc(today.replace(hour=int(wall[1]), minute=int(wall[2]), second=int(wall[3] or 0)))
    try:
        given = datetime.fromisoformat(text.strip())
        return given.timestamp() if given.tzinfo is not None else _utc(given)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(f"{text!r} is not a time: {_FORMS}") from None


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


def _utc(local: datetime) -> float:
    """A wall clock's time in the machine's zone as UTC seconds."""
    return local.timestamp()
