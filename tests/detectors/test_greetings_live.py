"""Our detector on people and machines that espeak-ng speaks, in English and Vietnamese, on lines of several kinds.

Prints precision and recall of MACHINE, and of the ends of beeps. A robot's voice is not a person's: these figures say
that the detector does what it is meant to, not how good it is on a real line; that is what the scoreboard is for.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from callcenter.detectors import DETECTORS
from callcenter.embedded.programs import find_tool
from callcenter.model.detection import Answerer
from callcenter.speech.speakers import Program
from tests.detectors.greetings import Answer, Studio

pytestmark = pytest.mark.live

SEED = 5
EACH = 100  # people, and machines, in each language
PRECISION_MIN = 0.95
RECALL_MIN = 0.85
PEOPLE_TAKEN_MAX = 0.05
BEEPS_MIN = 0.95
BEEP_LATE_S = 0.1


@pytest.fixture
async def answers(tmp_path: Path) -> list[Answer]:
    tool = await asyncio.to_thread(find_tool, "espeak-ng", tmp_path)
    studio = Studio(Program(argv=tuple(tool.argv()), environment=tool.environment()), SEED)
    await studio.rehearse()
    return studio.answers(EACH)


def judged(answer: Answer) -> Answerer:
    listener = DETECTORS["cadence"].listener()
    for at in range(0, len(answer.sound), 320):
        judgement = listener.hear(answer.sound[at : at + 320])
        if judgement is not None:
            return judgement.answerer
    raise AssertionError(f"no judgement: {answer.words}")


def beeps(answer: Answer) -> list[float]:
    listener = DETECTORS["cadence"].beep_listener()
    return [at / 16_000 for at in range(0, len(answer.sound), 320) if listener.hear(answer.sound[at : at + 320])]


async def test_people_and_machines_in_two_languages(answers: list[Answer]) -> None:
    found: Counter[tuple[str, bool, Answerer]] = Counter()
    for answer in answers:
        found[answer.language, answer.machine, judged(answer)] += 1
    for language in ("en", "vi"):
        hits, taken = found[language, True, Answerer.MACHINE], found[language, False, Answerer.MACHINE]
        precision, recall = hits / (hits + taken), hits / EACH
        print(f"{language}: precision {precision:.3f}, recall {recall:.3f}")  # noqa: T201 (the figures are the point)
        for machine in (False, True):
            row = {str(kind): found[language, machine, kind] for kind in Answerer}
            print(f"  {'machines' if machine else 'people'}: {row}")  # noqa: T201
        assert precision >= PRECISION_MIN
        assert recall >= RECALL_MIN
        assert taken <= PEOPLE_TAKEN_MAX * EACH


async def test_the_beep_is_heard_and_nothing_else_is_taken_for_one(answers: list[Answer]) -> None:
    heard = early = machines = 0
    for answer in answers:
        ends = beeps(answer)
        if answer.beep_over_s is None:
            early += len(ends)
        else:
            machines += 1
            heard += any(0 <= at - answer.beep_over_s <= BEEP_LATE_S for at in ends)
            early += any(at < answer.beep_over_s for at in ends)
    print(f"beeps: {heard} of {machines} heard in time, {early} false ones in {len(answers)} calls")  # noqa: T201
    assert heard >= BEEPS_MIN * machines
    assert early <= (1 - BEEPS_MIN) * len(answers)
