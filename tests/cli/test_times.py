"""Times as people say them."""

import os
import time
from collections.abc import Iterator

import pytest
import typer

from callcenter.cli.screen import clock
from callcenter.cli.times import moment, period, span

NOW = 1_795_420_800.0 + 3600 * 5.5  # 2026-11-23 13:30 UTC, 20:30 in Hanoi


@pytest.fixture(autouse=True)
def in_hanoi() -> Iterator[None]:
    """The machine's time zone is UTC+7 for a while."""
    was = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Ho_Chi_Minh"
    time.tzset()
    yield
    if was is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = was
    time.tzset()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("now", "2026-11-23 20:30:00"),
        ("today", "2026-11-23 00:00:00"),
        (" Yesterday ", "2026-11-22 00:00:00"),
        ("90s", "2026-11-23 20:28:30"),
        ("30m", "2026-11-23 20:00:00"),
        ("2h", "2026-11-23 18:30:00"),
        ("7d", "2026-11-16 20:30:00"),
        ("1w", "2026-11-16 20:30:00"),
        ("14:05", "2026-11-23 14:05:00"),
        ("2026-01-31", "2026-01-31 00:00:00"),
        ("2026-01-31 14:00", "2026-01-31 14:00:00"),
        ("2026-01-31T07:00:00Z", "2026-01-31 14:00:00"),
    ],
)
def test_said_and_meant(said: str, meant: str) -> None:
    assert clock(moment(said, NOW)) == meant


@pytest.mark.parametrize(
    "said", ["", "soon", "25:00", "2026-13-01", "-2h", "1e3", "9999999d", "2500-01-01", "0001-01-01T00:00+14:00"]
)
def test_what_is_not_a_time(said: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time"):
        moment(said, NOW)


@pytest.mark.parametrize(
    ("said", "meant"), [("90", 90.0), ("90s", 90.0), ("30m", 1800.0), ("1h", 3600.0), ("1d", 86_400.0)]
)
def test_lengths(said: str, meant: float) -> None:
    assert span(said) == meant


@pytest.mark.parametrize("said", ["", "x", "-5", "1.5h", "½", "1y"])
def test_what_is_not_a_length(said: str) -> None:
    with pytest.raises(typer.BadParameter):
        span(said)


def test_a_period_does_not_end_before_it_begins() -> None:
    assert period("2h", "1h", NOW) == (NOW - 7200, NOW - 3600)
    with pytest.raises(typer.BadParameter, match="is not after"):
        period("now", "now", NOW)
