"""A call in two or three sentences. Knows the steps of a story; knows no screen."""

from collections.abc import Mapping, Sequence
from typing import Final

from callcenter.core.outlook import Outlook
from callcenter.jobs.foresight import where_words
from callcenter.jobs.telling import Step
from callcenter.jobs.wording import duration, listed
from callcenter.model.contact import ContactState

MISSED: Final[Mapping[str, str]] = {
    "no_answer": "did not answer",
    "busy": "was busy",
    "rejected": "declined",
    "unreachable": "could not be reached",
}
TOLD_WHOLE: Final = ("callback_promised", "rang_back", "callback_settled", "place_restored")
"""Steps that are told as they are, in their order."""
OF_THE_CALLER: Final = ("callback_promised", "place_restored")
"""Those whose words have the caller for their subject."""


def in_short(steps: Sequence[Step], now: Outlook | None) -> str:
    """The whole call, or as much of it as there is."""
    said = [step.words for step in steps if step.kind == "opened"]
    said += [_told(step) for step in steps if _left_unserved(step) or step.kind in TOLD_WHOLE]
    missed = _missed(steps)
    talks = [step for step in steps if step.kind == "connected"]
    if missed:
        said.append(
            f"at first {missed}" if talks else f"up to now {missed}" if now is not None else f"in vain: {missed}"
        )
    if talks:
        said.append(_taken(talks[-1], [step for step in steps if step.kind == "talk_ended"]))
    ended = [step.words for step in steps if step.kind == "ended"]
    said += [f"it {words}" for words in ended]
    if not ended and now is not None:
        said.append(f"now {where_words(now)}" if now.state is ContactState.CONNECTING else f"now it {where_words(now)}")
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in said if sentence)


def _told(step: Step) -> str:
    if step.kind in OF_THE_CALLER:
        return f"the caller {step.words}"
    return step.words if step.kind in TOLD_WHOLE else f"it {step.words}"


def _left_unserved(step: Step) -> bool:
    return step.kind == "left_queue" and step.details.get("exit") not in ("abandoned", "callback", "rang_back")


def _taken(talk: Step, ended: Sequence[Step]) -> str:
    waited, length = talk.details.get("waited_s"), ended[-1].details.get("talk_s") if ended else None
    took = f"the call was taken by {talk.agent}"
    took += f" after {duration(waited)} of waiting" if isinstance(waited, float) else ""
    return took + (f", and they talked for {duration(length)}" if isinstance(length, float) else "")


def _missed(steps: Sequence[Step]) -> str:
    """Who did not take it, and how."""
    by: dict[str, list[str]] = {}
    for step in steps:
        if step.kind == "missed":
            by.setdefault(MISSED.get(str(step.details.get("end")), "could not be rung"), []).append(step.agent)
    return "; ".join(f"{listed(list(dict.fromkeys(agents)))} {how}" for how, agents in by.items())
