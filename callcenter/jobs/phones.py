"""The story of what agents hear before a caller: who it is, and whether they are there. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.entry import Entry
from callcenter.model.facts import AgentAsked, AgentLost, AgentTold


def _asked(entry: Entry, fact: AgentAsked) -> Told:
    within_s = fact.until - entry.at
    words = (
        f"the phone of {fact.agent} was answered; the call is hers when a key is pressed within {duration(within_s)}"
    )
    return Told(kind="asked", words=words, agent=fact.agent, details={"within_s": round(within_s, 3)})


def _told(entry: Entry, fact: AgentTold) -> Told:
    words = f"{fact.agent} was told who it is, for {duration(fact.told_s)}, while the caller waited"
    return Told(kind="told", words=words, agent=fact.agent, details={"told_s": round(fact.told_s, 3)})


def _lost(entry: Entry, fact: AgentLost) -> Told:
    where = "first in line again" if fact.to == "queue" and fact.name == fact.queue else f"led to {fact.to} {fact.name}"
    words = f"the phone of {fact.agent} died in the middle of the talk; the caller is kept, and {where}"
    return Told(kind="agent_lost", words=words, agent=fact.agent, queue=fact.queue, details={"to": fact.to})


PHONE_TELLERS: Final[Mapping[type, Teller]] = {AgentAsked: _asked, AgentTold: _told, AgentLost: _lost}
"""One per fact that is told."""
