"""The story of what was recorded of a talk, and what was missing. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.model.entry import Entry
from callcenter.model.facts import DispositionDue, DispositionRecorded


def _due(_: Entry, fact: DispositionDue) -> Told:
    words = f"{fact.agent} has not recorded yet what came of the talk, as queue {fact.queue} requires"
    return Told(
        kind="disposition_due", words=words, agent=fact.agent, queue=fact.queue, details={"tree": str(fact.tree)}
    )


def _recorded(entry: Entry, fact: DispositionRecorded) -> Told:
    who = fact.by if fact.by and fact.by != fact.agent else fact.agent
    words = f"{who} {'changes what was recorded to' if fact.number > 1 else 'records'} {fact.label}"
    if who != fact.agent:
        words += f" for {fact.agent}'s talk"
    if fact.note:
        words += f": {fact.note}"
    if fact.callback is not None:
        words += f" (a callback is promised: {fact.callback})"
    details: dict[str, Detail] = {
        "code": fact.code,
        "label": fact.label,
        "number": fact.number,
        "by": fact.by,
        "note": fact.note,
        "fields": [f"{name}: {value}" for name, value in fact.fields.items()],
        "callback": fact.callback,
    }
    return Told(kind="disposition", words=words, agent=fact.agent, queue=fact.queue, details=details)


OUTCOME_TELLERS: Final[Mapping[type, Teller]] = {DispositionDue: _due, DispositionRecorded: _recorded}
"""One per fact about what was recorded."""
