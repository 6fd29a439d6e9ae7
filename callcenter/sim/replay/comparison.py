"""Two runs of the same calls side by side: figures per queue, and call by call. Knows formulas; prints nothing.

The formulas are those of the reports (sql/README.md); a call counts in the queue it first came into, with its whole
wait, however often it was sent on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from callcenter.model.configuration import Configuration
from callcenter.model.contact import EndReason
from callcenter.model.ids import AgentId, QueueName
from callcenter.sim.replay.recorded import Fate, Recorded, RecordedCall
from callcenter.sim.replay.rerun import Rerun, Work
from callcenter.sim.traffic.calls import Outcome

ALL: Final = ""  # the name under which all queues together are counted
THRESHOLD_S: Final = 20.0  # of a queue that is not configured
SAME_S: Final = 0.5  # waits that differ by less are the same


class Ended(msgspec.Struct, frozen=True, gc=False):
    """What became of a call in one run."""

    fate: Fate
    wait_s: float
    agent: str = ""


@dataclass(slots=True, kw_only=True)
class Figures:
    """Counts and sums of calls, and of the agents who may serve them."""

    offered: int = 0
    served: int = 0
    abandoned: int = 0
    other: int = 0
    in_time: int = 0
    served_wait_s: float = 0.0
    wait_s: float = 0.0
    busy_s: float = 0.0
    there_s: float = 0.0

    @property
    def service_level(self) -> float | None:
        """Served within the threshold / (served + abandoned), 0..1."""
        return _share(self.in_time, self.served + self.abandoned)

    @property
    def asa_s(self) -> float | None:
        """Mean wait of the served."""
        return _share(self.served_wait_s, self.served)

    @property
    def mean_wait_s(self) -> float | None:
        """Mean wait of all."""
        return _share(self.wait_s, self.offered)

    @property
    def abandonment(self) -> float | None:
        """Abandoned / offered, 0..1."""
        return _share(self.abandoned, self.offered)

    @property
    def occupancy(self) -> float | None:
        """(On contact + wrap-up) / (ready + offered + on contact + wrap-up) of the agents who may serve it, 0..1."""
        return _share(self.busy_s, self.there_s)


MEASURES: Final = ("service_level", "asa_s", "abandonment", "occupancy", "mean_wait_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDifference:
    """One call that came out otherwise."""

    call: RecordedCall
    before: Ended | None  # None: it had no queue to go to
    after: Ended | None

    @property
    def weight(self) -> float:
        """How much it matters: another fate first, then the difference of the waits, in seconds."""
        if self.before is None or self.after is None:
            return float("inf")
        return abs(self.after.wait_s - self.before.wait_s) + (1e6 if self.before.fate is not self.after.fate else 0.0)


def ended(outcome: Outcome | None) -> Ended | None:
    """What became of a call that was driven."""
    if outcome is None:
        return None
    summary = outcome.summary
    if summary.reason in (EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP):
        fate = Fate.SERVED
    else:
        fate = Fate.ABANDONED if outcome.abandoned else Fate.OTHER
    return Ended(fate, summary.wait_s, str(summary.agent or "") if fate is Fate.SERVED else "")


def of_rerun(run: Rerun) -> dict[str, Figures]:
    """Figures by the queue a call first came into, and for ALL."""
    pairs = ((call, found) for call, one in zip(run.calls, run.outcomes, strict=True) if (found := ended(one)))
    figures = _counted(pairs, run.configuration)
    for name, one in figures.items():
        agents = run.serving.get(name, frozenset()) if name != ALL else run.work.keys()
        total = Work()
        for agent in sorted(agents):
            total.add(run.work.get(AgentId(agent), Work()))
        one.busy_s, one.there_s = total.busy_s, total.there_s
    return figures


def of_record(recorded: Recorded, configuration: Configuration) -> dict[str, Figures]:
    """The same of the calls as they were; nothing of the agents is known here."""
    return _counted(((call, Ended(call.fate, call.wait_s, call.agent)) for call in recorded.calls), configuration)


def call_differences(before: Rerun, after: Rerun) -> list[CallDifference]:
    """The calls that came out otherwise, those that matter most first."""
    found = [
        CallDifference(call=call, before=ended(one), after=ended(other))
        for call, one, other in zip(before.calls, before.outcomes, after.outcomes, strict=True)
    ]
    return _changed(found)


def with_record(run: Rerun) -> list[CallDifference]:
    """The calls of which something else became in the run than is recorded."""
    return _changed(
        [
            CallDifference(call=call, before=Ended(call.fate, call.wait_s, call.agent), after=ended(one))
            for call, one in zip(run.calls, run.outcomes, strict=True)
        ]
    )


def _changed(found: Iterable[CallDifference]) -> list[CallDifference]:
    changed = [one for one in found if not _same(one.before, one.after)]
    return sorted(changed, key=lambda one: (-one.weight, one.call.at, one.call.id))


def _same(one: Ended | None, other: Ended | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.fate is other.fate and one.agent == other.agent and abs(one.wait_s - other.wait_s) < SAME_S


def _counted(pairs: Iterable[tuple[RecordedCall, Ended]], configuration: Configuration) -> dict[str, Figures]:
    figures: dict[str, Figures] = {ALL: Figures()}
    for call, found in pairs:
        rules = configuration.queues.get(QueueName(call.queue))
        threshold = rules.service_level_s if rules is not None else THRESHOLD_S
        for one in (figures[ALL], figures.setdefault(call.queue, Figures())):
            _count(one, found, threshold)
    return dict(sorted(figures.items(), key=lambda pair: (pair[0] != ALL, pair[0])))


def _count(one: Figures, found: Ended, threshold_s: float) -> None:
    one.offered += 1
    one.wait_s += found.wait_s
    if found.fate is Fate.SERVED:
        one.served += 1
        one.served_wait_s += found.wait_s
        one.in_time += found.wait_s <= threshold_s
    elif found.fate is Fate.ABANDONED:
        one.abandoned += 1
    else:
        one.other += 1


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def rows_of_csv(found: Sequence[CallDifference]) -> Iterable[tuple[object, ...]]:
    """A head and a row per call, for a spreadsheet. Times are UTC seconds."""
    yield ("call", "at", "queue", "was", "was_wait_s", "was_agent", "is", "is_wait_s", "is_agent", "wait_difference_s")
    for one in found:
        was, now = one.before, one.after
        apart = "" if was is None or now is None else round(now.wait_s - was.wait_s, 3)
        yield (one.call.id, round(one.call.at, 3), one.call.queue, *_cells(was), *_cells(now), apart)


def _cells(one: Ended | None) -> tuple[object, ...]:
    return ("no queue", "", "") if one is None else (one.fate.value, round(one.wait_s, 3), one.agent)
