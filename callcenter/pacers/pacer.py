"""What every pacer keeps to, and what it falls back to. Knows the question; knows no way of predicting."""

from typing import Final, Protocol

from callcenter.model.pacing import PacerName, PacingAnswer, PacingQuestion

TRUNK_FAILURES_MAX: Final = 5  # in a row; from then on the trunk is left alone
TRUNK_REST_S: Final = 2.0  # after the first too many, doubled with each
TRUNK_REST_MAX_S: Final = 60.0
PROGRESSIVE: Final = PacerName("progressive")
NOBODY: Final = "nobody is there"


class Pacer(Protocol):
    """A rule that says how many lines to dial."""

    def pace(self, question: PacingQuestion) -> PacingAnswer:
        """How many lines now, and why. The same question always has the same answer."""
        ...


def nothing(rule: PacerName, why: str) -> PacingAnswer:
    """No line, for this reason."""
    return PacingAnswer(lines=0, why=why, rule=rule)


def ceiling(question: PacingQuestion) -> tuple[int, str]:
    """The most lines that anything allows: 0, and why, when nobody is there, nothing is free or the trunk rests.

    A trunk that refused several dials in a row rests, twice as long after each further one, and is then tried with a
    single line: a retry storm against a failing carrier is what makes its failure last.
    """
    if question.crew.size == 0:
        return 0, NOBODY
    if question.lines_free <= 0:
        return 0, "no line is free"
    over = question.trunk.failed_in_a_row - TRUNK_FAILURES_MAX
    if over < 0:
        return question.lines_free, ""
    rest_s = min(TRUNK_REST_S * 2.0 ** min(over, 16), TRUNK_REST_MAX_S)
    rested_s = question.now - question.trunk.last_failed
    if rested_s < rest_s:
        return 0, f"the trunk failed {question.trunk.failed_in_a_row} times in a row and rests {rest_s:.0f} s"
    if question.dialling:
        return 0, "the trunk is being tried with one line"
    return 1, f"tries the trunk, which failed {question.trunk.failed_in_a_row} times in a row"


def unspoken_for(question: PacingQuestion) -> int:
    """Ready agents for whom nobody waits and nothing rings: so many lines can be dialled without any risk of a drop."""
    return max(len(question.crew.ready) - question.waiting - question.dialling, 0)


def overspent(question: PacingQuestion, risked: float = 1.0) -> str:
    """Why no drop may be risked, in words; empty if one may."""
    for name, window in (("24 hours", question.day), ("30 days", question.month)):
        if question.budget.spent(window, risked):
            had = f"{window.drops:g} drops of {window.live:g} live answers in {name}"
            return f"{had} leave none to risk under {question.budget.hard:.1%}"
    return ""


def progressive(question: PacingQuestion, because: str = "") -> PacingAnswer:
    """One line for each ready agent who has none, whichever pacer asks: what is left when nothing may be risked."""
    most, why = ceiling(question)
    lines = min(unspoken_for(question), most)
    if not why:
        ready = len(question.crew.ready)
        why = f"{ready} ready, {question.waiting} waiting for them, {question.dialling} lines dialling"
    return PacingAnswer(lines=lines, why=f"{because}: {why}" if because else why, rule=PROGRESSIVE)
