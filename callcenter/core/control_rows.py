"""What agents did with a call, as rows: holds, other parties, transfers, parking. See `core/records.py`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callcenter.model.control_facts import ContactResumed, ContactTransferred, PartyLeft
from callcenter.model.entry import Entry
from callcenter.model.parking import ParkOver
from callcenter.model.records import HoldRow, ParkRow, PartyRow, Row, TransferRow


def _resumed(fact: ContactResumed, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        HoldRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            agent=fact.agent,
            began=fact.began,
            ended=entry.at,
            held_s=fact.held_s,
        ),
    )


def _party_left(fact: PartyLeft, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        PartyRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            leg=fact.leg,
            called_by=fact.agent,
            agent=fact.guest,
            number=fact.number,
            aside=fact.aside,
            began=fact.began,
            ended=entry.at,
            spoke_s=fact.spoke_s,
            end=fact.end,
        ),
    )


def _transferred(fact: ContactTransferred, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        TransferRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            agent=fact.agent,
            to=fact.to,
            name=fact.name,
            consulted=fact.consulted,
            at=entry.at,
        ),
    )


def _park_over(fact: ParkOver, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        ParkRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            slot=fact.slot,
            agent=fact.parker,
            taker=fact.agent,
            end=fact.end,
            began=fact.began,
            ended=entry.at,
            parked_s=fact.parked_s,
        ),
    )


# `Any`: each fold takes the fact it stands under, which a mapping cannot say.
CONTROL_FOLDS: Final[Mapping[type, Callable[[Any, Entry, int], tuple[Row, ...]]]] = {
    ContactResumed: _resumed,
    PartyLeft: _party_left,
    ContactTransferred: _transferred,
    ParkOver: _park_over,
}
