"""The story of a call that was parked. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.control import PartyEnd
from callcenter.model.entry import Entry
from callcenter.model.parking import ContactParked, ParkEnd, ParkOver, PickUpMissed, PickUpRang

PARK_WORDS: Final[Mapping[ParkEnd, str]] = {
    ParkEnd.PICKED_UP: "{agent} picks the call up from slot {slot} after {parked}",
    ParkEnd.TIMED_OUT: "nobody picked it up from slot {slot} within {parked}: back to {parker}, or into its queue",
    ParkEnd.HUNG_UP: "the caller left slot {slot} after {parked}",
    ParkEnd.ENDED: "it was ended in slot {slot} after {parked}",
}
MISSED_WORDS: Final[Mapping[PartyEnd, str]] = {
    PartyEnd.DROPPED: "the phone of {agent} stops ringing for it",
    PartyEnd.NO_ANSWER: "{agent} did not answer",
    PartyEnd.BUSY: "the phone of {agent} was busy",
    PartyEnd.REJECTED: "{agent} declined",
    PartyEnd.UNREACHABLE: "the phone of {agent} could not be reached",
    PartyEnd.FAILED: "the phone of {agent} could not be rung",
}


def _parked(entry: Entry, fact: ContactParked) -> Told:
    words = f"{fact.agent} parks the call in slot {fact.slot}, for {duration(fact.until - entry.at)} at most"
    words += f" (asked for by {fact.by})" if fact.by else ""
    return Told(kind="parked", words=words, agent=fact.agent, details={"slot": fact.slot, "until": fact.until})


def _rang(_: Entry, fact: PickUpRang) -> Told:
    words = f"the phone of {fact.agent} rings, to pick the call up from slot {fact.slot}"
    return Told(kind="pick_up", words=words, agent=fact.agent, details={"slot": fact.slot})


def _missed(_: Entry, fact: PickUpMissed) -> Told:
    words = MISSED_WORDS.get(fact.end, "{agent} did not take it").format(agent=fact.agent)
    words += f" after {duration(fact.rang_s)}; the call stays in slot {fact.slot}"
    details: dict[str, Detail] = {"slot": fact.slot, "end": fact.end.value, "rang_s": round(fact.rang_s, 3)}
    return Told(kind="pick_up_missed", words=words, agent=fact.agent, details=details)


def _over(_: Entry, fact: ParkOver) -> Told:
    words = PARK_WORDS[fact.end].format(
        agent=fact.agent, slot=fact.slot, parker=fact.parker, parked=duration(fact.parked_s)
    )
    details: dict[str, Detail] = {
        "slot": fact.slot,
        "end": fact.end.value,
        "parker": fact.parker,
        "parked_s": round(fact.parked_s, 3),
    }
    return Told(kind="park_over", words=words, agent=fact.agent, details=details)


PARK_TELLERS: Final[Mapping[type, Teller]] = {
    ContactParked: _parked,
    PickUpRang: _rang,
    PickUpMissed: _missed,
    ParkOver: _over,
}
