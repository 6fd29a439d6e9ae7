"""The rows of supervision: who heard which talk as what, and who meddled with a line. Part of the fold in `records`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callcenter.model.entry import Entry
from callcenter.model.monitor_messages import ContactSteered, MonitorHeard
from callcenter.model.records import MonitoringRow, Row, SteeringRow


def _heard(fact: MonitorHeard, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        MonitoringRow(
            seq=entry.seq,
            n=n,
            monitor=fact.monitor,
            supervisor=fact.supervisor,
            agent=fact.agent,
            contact=fact.contact,
            state=fact.state,
            seconds=fact.seconds,
            began=fact.began,
            ended=entry.at,
        ),
    )


def _steered(fact: ContactSteered, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        SteeringRow(
            seq=entry.seq, n=n, contact=fact.contact, queue=fact.queue, what=fact.what, by=fact.by, steered=entry.at
        ),
    )


MONITOR_FOLDS: Final[Mapping[type, Callable[[Any, Entry, int], tuple[Row, ...]]]] = {
    MonitorHeard: _heard,
    ContactSteered: _steered,
}
"""One per fact that gives rows."""
