"""Do the rows of a contact agree with each other? Knows rows and what of them must add up; knows no fact."""

from collections.abc import Iterable
from typing import Final

from callcenter.model.contact import QueueExit
from callcenter.model.records import ContactRow, OfferRow, ParkRow, QueueVisitRow, Row, TalkRow, merged_all

PARTS_TOLERANCE_S: Final = 1e-6  # what rounding may cost; a UTC time in a double is good to a quarter of that


def check_parts(contact_rows: Iterable[Row], *, tolerance_s: float = PARTS_TOLERANCE_S) -> list[str]:
    """What is wrong with the rows of one contact, in words; empty when they agree.

    Takes the rows as the fold gave them, in order and not merged, of one contact from its first entry to its last.
    Checks: it was opened once and ended at most once; the parts of its length add up to it and none is negative; each
    queue visit that was answered has a talk in that queue, not before the answer; talks and waits lie inside the
    contact; the CDR counts the offers there were, and each has ended; it has the time in slots that the slots have. A
    contact that still runs is only held to what can be said of it so far.
    """
    seen = list(contact_rows)
    opened = [row for row in seen if isinstance(row, ContactRow) and row.ended is None]
    records = [row for row in seen if isinstance(row, ContactRow) and row.ended is not None]
    problems = []
    if len(opened) != 1:
        problems.append(f"opened {len(opened)} times")
    if len(records) > 1:
        problems.append(f"has {len(records)} CDRs")
    if records:
        whole = merged_all(seen)
        problems += _length_problems(records[-1], tolerance_s)
        problems += _talk_problems(records[-1], whole, tolerance_s)
        problems += _offer_problems(records[-1], whole)
        parked_s = sum(row.parked_s for row in whole if isinstance(row, ParkRow))
        if abs(parked_s - records[-1].parked_s) > tolerance_s:
            problems.append(f"the CDR says parked for {records[-1].parked_s:.6f} s, the slots {parked_s:.6f} s")
    return problems


def _length_problems(record: ContactRow, tolerance_s: float) -> list[str]:
    parts = {
        "flow_s": record.flow_s,
        "wait_s": record.wait_s,
        "callback_s": record.callback_s,
        "talk_s": record.talk_s,
        "forward_s": record.forward_s,
        "parked_s": record.parked_s,
    }
    problems = [f"{name} is {value}" for name, value in parts.items() if value < 0.0]
    length = (record.ended or record.began) - record.began
    total = sum(parts.values())
    if abs(total - length) > tolerance_s:
        told = " + ".join(f"{name} {value:.6f}" for name, value in parts.items())
        problems.append(f"{told} = {total:.6f} is not its length {length:.6f}")
    return problems


def _talk_problems(record: ContactRow, whole: Iterable[Row], tolerance_s: float) -> list[str]:
    """A talk without its answer, an answer without its talk, and either outside the contact."""
    visits = [row for row in whole if isinstance(row, QueueVisitRow)]
    talks = [row for row in whole if isinstance(row, TalkRow)]
    first, last = record.began - tolerance_s, (record.ended or record.began) + tolerance_s
    problems = [
        f"{what} from {began:.6f} to {ended:.6f} is outside the contact"
        for what, began, ended in (
            *((f"the visit to {visit.queue}", visit.entered, visit.ended) for visit in visits),
            *((f"the talk with {talk.agent}", talk.began, talk.ended) for talk in talks),
        )
        if began < first or ended > last
    ]
    for visit in visits:
        if visit.exit is not QueueExit.CONNECTED:
            continue
        match = next((t for t in talks if t.queue == visit.queue and t.began >= visit.ended - tolerance_s), None)
        if match is None:
            problems.append(f"the visit to {visit.queue} was answered at {visit.ended:.6f} and has no talk")
        else:
            talks.remove(match)
    return problems


def _offer_problems(record: ContactRow, whole: Iterable[Row]) -> list[str]:
    offers = [row for row in whole if isinstance(row, OfferRow)]
    problems = [f"offer {offer.offer} to {offer.agent} never ended" for offer in offers if offer.end is None]
    if len(offers) != record.offers:
        problems.append(f"the CDR counts {record.offers} offers, there were {len(offers)}")
    if record.missed > record.offers:
        problems.append(f"the CDR counts {record.missed} missed of {record.offers} offers")
    return problems
