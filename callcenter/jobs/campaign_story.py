"""The story of a campaign's call. Knows facts; knows no lead."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.campaign_messages import (
    AnswererJudged,
    AttemptEnded,
    ContactDropped,
    LeadAnswered,
    LeadDialled,
    OptedOut,
)
from callcenter.model.entry import Entry


def _dialled(_: Entry, fact: LeadDialled) -> Told:
    return Told(
        kind="lead_dialled",
        words=f"campaign {fact.campaign} dials {fact.number} over {fact.trunk}, showing {fact.caller_id}: {fact.why}",
        details={"campaign": fact.campaign, "lead": fact.lead, "attempt": fact.attempt, "trunk": fact.trunk},
    )


def _answered(_: Entry, fact: LeadAnswered) -> Told:
    return Told(kind="lead_answered", words=f"it was answered after {duration(fact.rang_s)}")


def _judged(_: Entry, fact: AnswererJudged) -> Told:
    words = f"{fact.detector} says after {fact.took_s:.1f} s: {fact.answerer} ({fact.why})"
    return Told(kind="answerer_judged", words=words, details={"answerer": str(fact.answerer)})


def _dropped(_: Entry, fact: ContactDropped) -> Told:
    words = f"no agent was there within {fact.waited_s:.1f} s: it is said who called, and it counts as a drop"
    return Told(kind="contact_dropped", words=words)


def _opted_out(_: Entry, fact: OptedOut) -> Told:
    return Told(kind="opted_out", words="the key to be called no more was pressed")


def _ended(_: Entry, fact: AttemptEnded) -> Told:
    words = f"what came of the attempt: {fact.outcome.replace('_', ' ')}"
    return Told(kind="attempt_ended", words=words, details={"outcome": str(fact.outcome), "lead": fact.lead})


CAMPAIGN_TELLERS: Final[Mapping[type, Teller]] = {
    LeadDialled: _dialled,
    LeadAnswered: _answered,
    AnswererJudged: _judged,
    ContactDropped: _dropped,
    OptedOut: _opted_out,
    AttemptEnded: _ended,
}
"""One per fact about a campaign's call."""
