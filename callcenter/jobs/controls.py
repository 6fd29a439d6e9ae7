"""The story of what agents do with a call: hold, mute, consult, hand on. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.colleagues import (
    ColleagueAnswered,
    ColleagueHeld,
    ColleagueMissed,
    ColleagueRang,
    ColleagueTransferred,
)
from callcenter.model.control import HeldBy, PartyEnd, TransferTo
from callcenter.model.control_facts import (
    AgentMuted,
    ConsultAnswered,
    ConsultBegan,
    ContactHeld,
    ContactResumed,
    ContactTaken,
    ContactTransferred,
    KeysSent,
    PartyLeft,
    PhoneRefused,
    TransferFailed,
)
from callcenter.model.entry import Entry

HELD_WORDS: Final[Mapping[HeldBy, str]] = {
    HeldBy.REQUEST: "",
    HeldBy.PHONE: " by a key of her phone",
    HeldBy.CONSULT: " to speak with somebody else",
    HeldBy.PAYMENT: " while she pays",
}
PARTY_WORDS: Final[Mapping[PartyEnd, str]] = {
    PartyEnd.TOOK_OVER: "{guest} has the call now",
    PartyEnd.JOINED: "{guest} comes into the conversation",
    PartyEnd.DROPPED: "{guest} is let go",
    PartyEnd.HUNG_UP: "{guest} hung up",
    PartyEnd.NO_ANSWER: "{guest} did not answer",
    PartyEnd.BUSY: "the phone of {guest} was busy",
    PartyEnd.REJECTED: "{guest} declined",
    PartyEnd.UNREACHABLE: "the phone of {guest} could not be reached",
    PartyEnd.FAILED: "{guest} could not be called",
}
PLACE_WORDS: Final[Mapping[TransferTo, str]] = {
    TransferTo.AGENT: "to {name}",
    TransferTo.QUEUE: "to queue {name}",
    TransferTo.FLOW: "to flow {name}",
    TransferTo.EXTENSION: "to extension {name}",
    TransferTo.NUMBER: "to the outside number {name}",
}


def _held(_: Entry, fact: ContactHeld) -> Told:
    words = f"{fact.agent} puts the caller on hold{HELD_WORDS[fact.by]}"
    return Told(kind="held", words=words, agent=fact.agent, details={"by": fact.by.value})


def _resumed(_: Entry, fact: ContactResumed) -> Told:
    words = f"the caller is off hold after {duration(fact.held_s)}"
    return Told(kind="resumed", words=words, agent=fact.agent, details={"held_s": round(fact.held_s, 3)})


def _muted(_: Entry, fact: AgentMuted) -> Told:
    words = f"{fact.agent} cannot be heard any more" if fact.muted else f"{fact.agent} can be heard again"
    return Told(kind="muted" if fact.muted else "unmuted", words=words, agent=fact.agent)


def _keys(_: Entry, fact: KeysSent) -> Told:
    words = f"{fact.agent} sent {fact.count} key{'' if fact.count == 1 else 's'} to the other side"
    return Told(kind="keys", words=words, agent=fact.agent, details={"count": fact.count})


def _transferred(_: Entry, fact: ContactTransferred) -> Told:
    how = "gives the call, after a word," if fact.consulted else "hands the call on"
    words = f"{fact.agent} {how} {PLACE_WORDS[fact.to].format(name=fact.name)}"
    words += f" (asked for by {fact.by})" if fact.by else ""
    details: dict[str, Detail] = {"to": fact.to.value, "name": fact.name, "consulted": fact.consulted}
    return Told(kind="transferred", words=words, agent=fact.agent, details=details)


def _taken(_: Entry, fact: ContactTaken) -> Told:
    words = f"{fact.taker} takes the call from {fact.agent}"
    return Told(kind="taken", words=words, agent=fact.taker, details={"from": fact.agent})


def _failed(_: Entry, fact: TransferFailed) -> Told:
    words = f"it did not arrive there ({fact.why.replace('_', ' ')}): back in line, first for {fact.agent}"
    return Told(kind="transfer_failed", words=words, agent=fact.agent, details={"why": fact.why})


def _refused(_: Entry, fact: PhoneRefused) -> Told:
    words = f"the phone of {fact.agent} wanted {fact.name or 'somewhere'} and was told no: {fact.why}"
    return Told(kind="phone_refused", words=words, agent=fact.agent, details={"name": fact.name, "why": fact.why})


def _consults(_: Entry, fact: ConsultBegan) -> Told:
    guest = fact.consulted or fact.number
    words = f"{fact.agent} calls {guest} aside"
    return Told(kind="consult", words=words, agent=fact.agent, details={"consulted": guest})


def _answered(_: Entry, fact: ConsultAnswered) -> Told:
    guest = fact.consulted or fact.number
    words = f"{guest} answered after {duration(fact.rang_s)} and speaks with {fact.agent} alone"
    details: dict[str, Detail] = {"consulted": guest, "rang_s": round(fact.rang_s, 3)}
    return Told(kind="consult_answered", words=words, agent=fact.agent, details=details)


def _left(_: Entry, fact: PartyLeft) -> Told:
    guest = fact.guest or fact.number
    words = PARTY_WORDS[fact.end].format(guest=guest)
    where = "aside" if fact.aside else "with all of them"
    words += f" after {duration(fact.spoke_s)} {where}" if fact.spoke_s else ""
    details: dict[str, Detail] = {
        "guest": guest,
        "aside": fact.aside,
        "end": fact.end.value,
        "spoke_s": round(fact.spoke_s, 3),
    }
    return Told(kind="party_left", words=words, agent=fact.agent or "", details=details)


def _colleague_rang(_: Entry, fact: ColleagueRang) -> Told:
    words = f"{fact.agent} calls {fact.colleague}, whose phone rings"
    return Told(kind="colleague_rang", words=words, agent=fact.agent, details={"colleague": fact.colleague})


def _colleague_answered(_: Entry, fact: ColleagueAnswered) -> Told:
    words = f"{fact.colleague} answered after {duration(fact.rang_s)}"
    details: dict[str, Detail] = {"colleague": fact.colleague, "rang_s": round(fact.rang_s, 3)}
    return Told(kind="colleague_answered", words=words, agent=fact.agent, details=details)


def _colleague_missed(_: Entry, fact: ColleagueMissed) -> Told:
    words = f"{fact.colleague} did not take it ({fact.why}): who sent it is rung"
    return Told(kind="colleague_missed", words=words, details={"colleague": fact.colleague, "why": fact.why})


def _colleague_held(_: Entry, fact: ColleagueHeld) -> Told:
    words = f"the phone of {fact.agent} holds" if fact.held else f"{fact.agent} is back"
    return Told(kind="colleague_held", words=words, agent=fact.agent, details={"held": fact.held})


def _colleague_transferred(_: Entry, fact: ColleagueTransferred) -> Told:
    words = f"{fact.agent} went, and handed {fact.stays} on to {fact.to}"
    details: dict[str, Detail] = {"stays": fact.stays, "to": fact.to, "by": fact.by}
    return Told(kind="colleague_transferred", words=words, agent=fact.agent, details=details)


CONTROL_TELLERS: Final[Mapping[type, Teller]] = {
    ContactHeld: _held,
    ContactResumed: _resumed,
    AgentMuted: _muted,
    KeysSent: _keys,
    ContactTransferred: _transferred,
    ContactTaken: _taken,
    TransferFailed: _failed,
    PhoneRefused: _refused,
    ConsultBegan: _consults,
    ConsultAnswered: _answered,
    PartyLeft: _left,
    ColleagueRang: _colleague_rang,
    ColleagueAnswered: _colleague_answered,
    ColleagueMissed: _colleague_missed,
    ColleagueHeld: _colleague_held,
    ColleagueTransferred: _colleague_transferred,
}
