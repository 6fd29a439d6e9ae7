"""The story of a flow: its nodes, what it asked programs and people, whom it called. Knows facts; knows no node."""

from collections.abc import Mapping
from typing import Final

from callcenter.jobs.telling import Detail, Teller, Told
from callcenter.jobs.wording import duration
from callcenter.model.callback_facts import CallbackDialled
from callcenter.model.campaign_messages import LeadDialled
from callcenter.model.commands import DialNumber
from callcenter.model.contact import LookupOutcome
from callcenter.model.control_facts import ConsultBegan
from callcenter.model.entry import Entry
from callcenter.model.facts import LookupEnded, NodeEntered, OutsideCalled, ScriptRun, SurveyAnswered, SurveyOffered

LOOKUP_WORDS: Final[Mapping[LookupOutcome, str]] = {
    LookupOutcome.FOUND: "and was answered",
    LookupOutcome.NOT_FOUND: "which knows nothing of it",
    LookupOutcome.FAILED: "and got no usable answer",
}


def _node(_: Entry, fact: NodeEntered) -> Told:
    details: dict[str, Detail] = {
        "flow": fact.flow,
        "node": fact.node,
        "exit": fact.exit or None,
        "why": fact.why or None,
    }
    if not fact.exit:
        return Told(kind="flow", words=f"enters flow {fact.flow} at {fact.node}", details=details)
    how = _exit_words(fact.exit, fact.why)
    words = f"goes on to {fact.node} of flow {fact.flow}{f' ({how})' if how else ''}"
    return Told(kind="flow", words=words, details=details)


def _exit_words(way: str, why: str) -> str:
    """How a node was left, as one says it; "" where there was no other way. `why` is the node's own word for it."""
    match way.split("."):
        case _ if why:
            return why
        case ["next"]:
            return ""
        case ["otherwise"]:
            return "no case fits"
        case ["choices", key]:
            return f"pressed {key}"
        case ["cases", at, "then"] if at.isdecimal():
            return f"case {int(at) + 1} fits"
        case ["returns", word]:
            return f"came back with {word}"
        case _:
            return way.replace("_", " ")


def _looked_up(_: Entry, fact: LookupEnded) -> Told:
    words = f"asked another program ({fact.name}) {LOOKUP_WORDS[fact.outcome]}, after {duration(fact.took_s)}"
    words += f": {fact.detail}" if fact.detail else ""
    details: dict[str, Detail] = {
        "lookup": fact.name,
        "outcome": fact.outcome.value,
        "took_s": round(fact.took_s, 3),
        "detail": fact.detail,
    }
    return Told(kind="lookup", words=words, details=details)


def _script(_: Entry, fact: ScriptRun) -> Told:
    how = "it ended well" if fact.status == "SUCCESS" else f"it did not end well ({fact.status})"
    words = f"the script {fact.url} had the call for {duration(fact.took_s)}; {how}"
    details: dict[str, Detail] = {"url": fact.url, "status": fact.status, "took_s": round(fact.took_s, 3)}
    return Told(kind="script", words=words, details=details)


def _survey(_: Entry, fact: SurveyOffered) -> Told:
    words = f"{fact.agent} has gone, and the caller is asked how it was (survey {fact.survey})"
    return Told(kind="survey", words=words, agent=fact.agent, queue=fact.queue, details={"survey": fact.survey})


def _answer(_: Entry, fact: SurveyAnswered) -> Told:
    said = f"{fact.answer}" if fact.answer is not None else "with a spoken comment"
    words = f"the question {fact.question} of survey {fact.survey} was answered: {said}"
    details: dict[str, Detail] = {"survey": fact.survey, "question": fact.question, "answer": fact.answer}
    return Told(kind="survey_answer", words=words, agent=fact.agent, queue=fact.queue, details=details)


def _outside(_: Entry, fact: OutsideCalled) -> Told:
    words = "the outside number answered" if fact.answered else f"the outside number was not reached: {fact.why}"
    details: dict[str, Detail] = {"answered": fact.answered, "why": fact.why or None}
    return Told(kind="outside_called", words=words, details=details)


def _dialled(entry: Entry, command: DialNumber) -> Told | None:
    """Nobody else says that an outside number is called for somebody who is on the line."""
    if any(isinstance(one, TOLD_WITH) and one.contact == command.contact for one in entry.outputs):
        return None
    words = f"the outside number {command.number} is called, for {duration(command.timeout_s)} at most"
    return Told(kind="outside_dialled", words=words, details={"number": command.number})


FLOW_TELLERS: Final[Mapping[type, Teller]] = {
    NodeEntered: _node,
    LookupEnded: _looked_up,
    ScriptRun: _script,
    SurveyOffered: _survey,
    SurveyAnswered: _answer,
    OutsideCalled: _outside,
}

COMMAND_TELLERS: Final[Mapping[type, Teller]] = {DialNumber: _dialled}
"""What was asked for and no fact tells of."""

TOLD_WITH: Final = (CallbackDialled, ConsultBegan, LeadDialled)
"""Facts that tell of the number that is dialled with them."""
