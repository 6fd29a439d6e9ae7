"""The story of supervision: who heard the talk, who meddled with the place in line. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.entry import Entry
from callcenter.model.monitor import MonitorState
from callcenter.model.monitor_messages import ContactSteered, MonitorHeard

HEARD_WORDS: Final[Mapping[MonitorState, str]] = {
    MonitorState.LISTENING: "{supervisor} listened to it for {length}",
    MonitorState.WHISPERING: "{supervisor} whispered to {agent} for {length}",
    MonitorState.BARGED: "{supervisor} was in the conversation for {length}",
}


def _heard(_: Entry, fact: MonitorHeard) -> Told:
    words = HEARD_WORDS[fact.state].format(supervisor=fact.supervisor, agent=fact.agent, length=duration(fact.seconds))
    details: dict[str, Detail] = {
        "supervisor": fact.supervisor,
        "as": fact.state.value,
        "seconds": round(fact.seconds, 3),
    }
    return Told(kind="monitored", words=words, agent=fact.agent, details=details)


def _steered(_: Entry, fact: ContactSteered) -> Told:
    words = fact.what + (f" by {fact.by}" if fact.by else "")
    return Told(kind="steered", words=words, queue=fact.queue, details={"what": fact.what, "by": fact.by})


SUPERVISION_TELLERS: Final[Mapping[type, Teller]] = {MonitorHeard: _heard, ContactSteered: _steered}
"""One per fact of supervision that is about a contact."""
