"""The standard measures: which there are, their formulas, and their two sums in one sample. Knows tallies only.

Definitions differ between books and vendors; each is named, its formula is printed with it, and the four usual ways to
count those who gave up in time are all told.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from callcenter.sim.traffic.estimates import Pair, quantile
from callcenter.sim.traffic.tally import Contacts, Counting, Grid, Work

QUANTILES: Final = {"wait_p50_s": 0.5, "wait_p80_s": 0.8, "wait_p90_s": 0.9, "wait_p95_s": 0.95, "wait_p99_s": 0.99}
CURVE_S: Final = (0, 5, 10, 15, 20, 30, 40, 60, 80, 100, 120, 150, 180, 240, 300, 420, 600, 900)
"""Waits at which the share answered is told for the plot."""

FORMULAS: Final[Mapping[str, str]] = {
    "offered": "calls that came, redials among them; for queues: visits",
    "served": "calls that were answered by an agent",
    "abandoned": "calls whose caller hung up waiting",
    "turned_away": "calls that were neither: refused, sent elsewhere, left in the IVR",
    "p_turned_away": "turned away / offered",
    "retries": "calls that were redials",
    "service_level": "served within the threshold / (served + abandoned)",
    "service_level_offered": "served within the threshold / offered",
    "service_level_net": "served within the threshold / (served + abandoned after the threshold)",
    "service_level_served": "served within the threshold / served",
    "service_level_kind": "(served + abandoned, each within the threshold) / (served + abandoned)",
    "asa_s": "mean wait of the served, those who did not wait among them",
    "wait_s": "mean wait of all offered",
    "wait_delayed_s": "mean wait of those for whom no agent was free at once, whatever became of them",
    "wait_abandoned_s": "mean wait of those who gave up",
    "p_wait": "offered for whom no agent was free at once / offered",
    "p_abandon": "abandoned / offered",
    "wait_pNN_s": "wait that NN % of the served did not exceed, mean over the samples",
    "talk_s": "mean talk of the served",
    "queue_length": "time average of callers waiting",
    "staffed": "time average of agents logged in",
    "occupancy": "(on contact + wrap-up) / (ready + offered + on contact + wrap-up)",
    "talking": "on contact / logged in",
    "calls_per_hour": "calls taken / hours logged in",
}


class Scope(StrEnum):
    """What a figure is about."""

    ALL = "all"  # every call, and for agents everybody
    KIND = "calls"
    QUEUE = "queue"
    GROUP = "agents"


class Subject(NamedTuple):
    """One thing that has figures. `period` is None for the whole day; `name` is "" for all."""

    scope: Scope
    name: str = ""
    period: int | None = None


Sample = dict[Subject, dict[str, Pair]]
"""One replication (or one batch) as numerators and denominators."""


def samples(counted: Counting, grid: Grid, *, batches: int, periods: bool, within_s: tuple[float, ...]) -> list[Sample]:
    """The samples of one run: one per batch. With `periods` there is one batch, and each period has figures as well."""
    found: list[Sample] = []
    for batch in range(batches):
        lengths = _lengths(grid, batch)
        contacts: dict[Subject, Contacts] = {}
        work: dict[Subject, Work] = {}
        for scope, tallies in ((Scope.KIND, counted.kinds), (Scope.QUEUE, counted.queues)):
            for (name, cell), tally in sorted(tallies.items()):
                if grid.cells[cell].batch == batch:
                    for subject in _subjects(scope, name, grid.cells[cell].period if periods else None):
                        contacts.setdefault(subject, Contacts()).add(tally)
        for (name, cell), spent in sorted(counted.groups.items()):
            if grid.cells[cell].batch == batch:
                for subject in _subjects(Scope.GROUP, name, grid.cells[cell].period if periods else None):
                    work.setdefault(subject, Work()).add(spent)
        sample: Sample = {}
        for subject, tally in contacts.items():
            sample[subject] = of_contacts(tally, lengths[subject.period], within_s, subject.period is None)
        for subject, spent in work.items():
            sample.setdefault(subject, {}).update(of_work(spent, lengths[subject.period]))
        found.append(sample)
    return found


def of_contacts(tally: Contacts, lasts_s: float, within_s: tuple[float, ...], whole: bool) -> dict[str, Pair]:
    """The two sums of every measure of calls or visits that came in `lasts_s` seconds."""
    kept = tally.served + tally.abandoned
    pairs: dict[str, Pair] = {
        "offered": (tally.offered, 1.0),
        "served": (tally.served, 1.0),
        "abandoned": (tally.abandoned, 1.0),
        "turned_away": (tally.offered - kept, 1.0),
        "p_turned_away": (tally.offered - kept, tally.offered),
        "retries": (tally.again, 1.0),
        "service_level": (tally.in_time, kept),
        "service_level_offered": (tally.in_time, tally.offered),
        "service_level_net": (tally.in_time, kept - tally.abandoned_in_time),
        "service_level_served": (tally.in_time, tally.served),
        "service_level_kind": (tally.in_time + tally.abandoned_in_time, kept),
        "asa_s": (tally.wait_served_s, tally.served),
        "wait_s": (tally.wait_s, tally.offered),
        "wait_delayed_s": (tally.wait_s, tally.delayed),
        "wait_abandoned_s": (tally.wait_abandoned_s, tally.abandoned),
        "p_wait": (tally.delayed, tally.offered),
        "p_abandon": (tally.abandoned, tally.offered),
        "talk_s": (tally.talk_s, tally.served),
        "queue_length": (tally.waiting_s, lasts_s),
    }
    ordered = sorted(tally.waits)
    for name, share in QUANTILES.items():
        pairs[name] = (quantile(ordered, share), 1.0) if ordered else (0.0, 0.0)
    for seconds in within_s:
        pairs[f"within_{seconds:g}_s"] = (_not_above(ordered, seconds), tally.offered)
    if whole:
        for seconds in CURVE_S:
            pairs[f"curve_{seconds}"] = (_not_above(ordered, seconds), tally.offered)
    return pairs


def of_work(spent: Work, lasts_s: float) -> dict[str, Pair]:
    """The two sums of every measure of a group of agents."""
    at_it = spent.ready_s + spent.offered_s + spent.talk_s + spent.wrap_up_s
    logged_in = at_it + spent.away_s
    return {
        "staffed": (logged_in, lasts_s),
        "occupancy": (spent.talk_s + spent.wrap_up_s, at_it),
        "talking": (spent.talk_s, logged_in),
        "taken": (spent.taken, 1.0),
        "calls_per_hour": (spent.taken * 3600.0, logged_in),
    }


def _subjects(scope: Scope, name: str, period: int | None) -> Iterator[Subject]:
    """Everything that a tally counts towards. Visits to queues have no sum: one call may have several."""
    for when in (None,) if period is None else (None, period):
        yield Subject(scope, name, when)
        if scope is not Scope.QUEUE:
            yield Subject(Scope.ALL, "", when)


def _lengths(grid: Grid, batch: int) -> dict[int | None, float]:
    lengths: dict[int | None, float] = {None: 0.0}
    for cell in grid.cells:
        if cell.batch == batch:
            lengths[None] += cell.ends - cell.begins
            lengths[cell.period] = lengths.get(cell.period, 0.0) + cell.ends - cell.begins
    return lengths


def _not_above(ordered: list[float], limit: float) -> int:
    return bisect_right(ordered, limit)
