"""A call in two or three sentences. Knows the steps of a story; knows no screen."""

from collections.abc import Sequence

from callcenter.core.outlook import Outlook
from callcenter.jobs.foresight import where_words
from callcenter.jobs.telling import Step
from callcenter.jobs.wording import duration, listed
from callcenter.model.contact import ContactState

MISS = {
    "no_answer": "did not answer",
    "busy": "was busy",
    "rejected": "declined",
    "unreachable": "could not be reached",
}


def in_short(steps: Sequence[Step], now: Outlook | None) -> str:
    """The whole call, or as much of it as there is."""
    said = [step.words for step in steps if step.kind == "opened"]
    said += _waits(steps)
    missed = _missed(steps)
    talks = [step for step in steps if step.kind == "connected"]
    if talks:
        waited = talks[0].details.get("waited_s")
        took = f"{talks[0].agent} took the call"
        took += f" after {duration(waited)} of waiting" if isinstance(waited, float) else ""
        said.append(f"{missed}; {took}" if missed else took)
    elif missed:
        said.append(missed)
    ended = [step.words for step in steps if step.kind == "ended"]
    said += [f"it {words}" for words in ended]
    if not ended and now is not None:
        said.append(f"now {where_words(now)}" if now.state is ContactState.CONNECTING else f"now it {where_words(now)}")
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in said if sentence)


def _waits(steps: Sequence[Step]) -> list[str]:
    """Queues that did not keep it."""
    return [
        f"it {step.words}" for step in steps if step.kind == "left_queue" and step.details.get("exit") != "abandoned"
    ]


def _missed(steps: Sequence[Step]) -> str:
    """Who did not take it."""
    by: dict[str, list[str]] = {}
    for step in steps:
        if step.kind == "missed":
            by.setdefault(MISS.get(str(step.details.get("end")), "could not be rung"), []).append(step.agent)
    return "; ".join(f"{listed(list(dict.fromkeys(agents)))} {how}" for how, agents in by.items())
