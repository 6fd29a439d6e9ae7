"""The story of a message that waits to be heard: routed, heard, back in line, done. Knows facts; knows no rule."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.entry import Entry
from callcenter.model.facts import MessageReturned, MessageRouted, MessageSettled
from callcenter.model.mail import MailEnd

SETTLED_WORDS: Final[Mapping[MailEnd, str]] = {
    MailEnd.DONE: "the message was heard and is done with",
    MailEnd.CALLED_BACK: "the message was heard, and the customer is called back (a callback of its own)",
    MailEnd.SETTLED: "the message is marked as done",
    MailEnd.EMPTY: "nothing was said in the message: nobody is rung for it",
}


def _routed(_: Entry, fact: MessageRouted) -> Told:
    words = (
        f"is a message of {duration(fact.seconds)} in mailbox {fact.mailbox}, left in {fact.left_in}: "
        f"waits in {fact.queue} to be heard"
    )
    details: dict[str, Detail] = {
        "mailbox": fact.mailbox,
        "recording": fact.recording,
        "left_in": fact.left_in,
        "seconds": round(fact.seconds, 3),
    }
    return Told(kind="message_routed", words=words, queue=fact.queue, details=details)


def _returned(entry: Entry, fact: MessageReturned) -> Told:
    words = f"is not done with: {fact.why}; back in line"
    if fact.next_at > entry.at:
        words += f" in {duration(fact.next_at - entry.at)}"
    details: dict[str, Detail] = {"in_s": round(max(fact.next_at - entry.at, 0.0), 3), "why": fact.why}
    return Told(kind="message_returned", words=words, queue=fact.queue, agent=fact.agent, details=details)


def _settled(_: Entry, fact: MessageSettled) -> Told:
    words = SETTLED_WORDS[fact.end] + (f" by {fact.by}" if fact.by else "")
    details: dict[str, Detail] = {
        "end": fact.end.value,
        "by": fact.by,
        "hearings": fact.hearings,
        "recording": fact.recording,
    }
    return Told(kind="message_settled", words=words, queue=fact.queue, agent=fact.agent, details=details)


MESSAGE_TELLERS: Final[Mapping[type, Teller]] = {
    MessageRouted: _routed,
    MessageReturned: _returned,
    MessageSettled: _settled,
}
"""One per fact about a message."""
