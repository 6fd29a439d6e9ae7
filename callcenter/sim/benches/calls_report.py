"""What the benchmark `calls` found, as figures, ratios, targets and a table. Measures nothing."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from callcenter.sim.benches.live_center import Spent
from callcenter.sim.benches.live_traffic import percentile
from callcenter.sim.benches.report import AT_LEAST, AT_MOST, Figure, Report, Target

OURS: Final = "ours"
QUEUE: Final = "queue"
WIDE_QUEUE: Final = "queue400"
DIAL: Final = "dial"
OURS_SOUND: Final = "ours_recorded"
QUEUE_SOUND: Final = "queue_recorded"
SYSTEMS: Final = (OURS, QUEUE, WIDE_QUEUE, DIAL)
SETUP_P99_MAX_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One system under one rate for a few seconds."""

    system: str
    rate: float
    calls: int
    failed: int
    retransmissions: int
    setups_s: tuple[float, ...]
    spent: Spent
    lasted_s: float

    @property
    def clean(self) -> bool:
        """No call failed, nothing was sent twice, and set-up was quick."""
        good = self.failed == 0 and self.retransmissions == 0 and len(self.setups_s) == self.calls
        return good and percentile(self.setups_s, 0.99) < SETUP_P99_MAX_S

    @property
    def cpu_ms(self) -> float:
        """CPU per call of whoever decides and carries it: Asterisk and our program."""
        return 1000 * (self.spent.asterisk + self.spent.center) / max(self.calls, 1)

    @property
    def asterisk_ms(self) -> float:
        """Asterisk's part of it."""
        return 1000 * self.spent.asterisk / max(self.calls, 1)

    @property
    def postgres_ms(self) -> float:
        """What the database uses beside, for the records of a call."""
        return 1000 * self.spent.postgres / max(self.calls, 1)

    def setup_ms(self, share: float) -> float:
        """Set-up within which this share of the calls stayed."""
        return 1000 * percentile(self.setups_s, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that was measured, by system."""

    common_rate: float
    at_rate: float
    clean_rate: dict[str, int] = field(default_factory=dict)  # the highest one
    common: dict[str, list[Load]] = field(default_factory=dict)
    at: dict[str, list[Load]] = field(default_factory=dict)
    sound: dict[str, list[Load]] = field(default_factory=dict)
    steps: list[Load] = field(default_factory=list)  # of the ladder


def report(found: Found) -> Report:
    """Medians of the rounds."""
    figures = {name: _figures(found, name) for name in SYSTEMS}
    for name in (OURS_SOUND, QUEUE_SOUND):
        figures[name] = _sound_figures(found.sound.get(name, []))
    ours = {**figures[OURS], "recorded": figures[OURS_SOUND]}
    return Report(
        bench="calls",
        ours=ours,
        peers={name: figures[name] for name in (QUEUE, WIDE_QUEUE, DIAL, QUEUE_SOUND)},
        ratios={
            "rate_vs_queue": _ratio(figures, "clean_rate_cps", QUEUE),
            "rate_vs_queue400": _ratio(figures, "clean_rate_cps", WIDE_QUEUE),
            "rate_vs_dial": _ratio(figures, "clean_rate_cps", DIAL),
            "cpu_vs_queue": _ratio(figures, "cpu_ms_per_call", QUEUE),
            "cpu_vs_queue400": _ratio(figures, "cpu_ms_per_call", WIDE_QUEUE),
            "cpu_vs_dial": _ratio(figures, "cpu_ms_per_call", DIAL),
            "recorded_cpu_vs_queue": _quotient(
                figures[OURS_SOUND].get("cpu_ms_per_call"), figures[QUEUE_SOUND].get("cpu_ms_per_call")
            ),
        },
        targets=(
            Target(key="rate_vs_queue", op=AT_LEAST, value=1.0),
            Target(key="setup_p99_ms_at_100", op=AT_MOST, value=50),
            Target(key="cpu_vs_queue", op=AT_MOST, value=1.25),
        ),
        table=(*_table(found),),
    )


def _figures(found: Found, name: str) -> dict[str, Figure]:
    at, common = found.at.get(name, []), found.common.get(name, [])
    return {
        "clean_rate_cps": found.clean_rate.get(name, 0),
        "setup_p50_ms_at_100": _median(at, lambda load: load.setup_ms(0.5)),
        "setup_p99_ms_at_100": _median(at, lambda load: load.setup_ms(0.99)),
        "failed_at_100": sum(load.failed for load in at),
        "cpu_ms_per_call": _median(common, lambda load: load.cpu_ms),
        "asterisk_ms_per_call": _median(common, lambda load: load.asterisk_ms),
        "postgres_ms_per_call": _median(common, lambda load: load.postgres_ms),
    }


def _sound_figures(loads: Sequence[Load]) -> dict[str, Figure]:
    return {
        "cpu_ms_per_call": _median(loads, lambda load: load.cpu_ms),
        "asterisk_ms_per_call": _median(loads, lambda load: load.asterisk_ms),
        "setup_p50_ms": _median(loads, lambda load: load.setup_ms(0.5)),
        "setup_p99_ms": _median(loads, lambda load: load.setup_ms(0.99)),
        "failed": sum(load.failed for load in loads),
    }


def _table(found: Found) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("who", "load", "calls", "failed", "sent twice", "p50 ms", "p99 ms", "CPU ms/call", "Asterisk ms/call")
    ]
    named = {
        f"{found.common_rate:g}/s": found.common,
        f"{found.at_rate:g}/s": found.at,
        "with sound, recorded": found.sound,
    }
    for title, loads in named.items():
        rows += [_row(name, title, of) for name, of in loads.items()]
    rows += [_row(load.system, f"{load.rate:g}/s, ladder", [load]) for load in found.steps]
    rows += [(name, f"highest clean rate: {rate}/s", *[""] * 7) for name, rate in found.clean_rate.items()]
    return rows


def _row(name: str, title: str, loads: Sequence[Load]) -> tuple[str, ...]:
    return (
        name,
        title,
        str(sum(load.calls for load in loads)),
        str(sum(load.failed for load in loads)),
        str(sum(load.retransmissions for load in loads)),
        f"{_median(loads, lambda load: load.setup_ms(0.5)):.1f}",
        f"{_median(loads, lambda load: load.setup_ms(0.99)):.1f}",
        f"{_median(loads, lambda load: load.cpu_ms):.2f}",
        f"{_median(loads, lambda load: load.asterisk_ms):.2f}",
    )


def _median(loads: Sequence[Load], of: Callable[[Load], float]) -> float:
    return round(statistics.median(of(load) for load in loads), 2) if loads else 0.0


def _ratio(figures: Mapping[str, Mapping[str, Figure]], key: str, peer: str) -> float | None:
    return _quotient(figures[OURS].get(key), figures[peer].get(key))


def _quotient(ours: Figure, theirs: Figure) -> float | None:
    if isinstance(ours, int | float) and isinstance(theirs, int | float) and theirs:
        return round(ours / theirs, 3)
    return None
