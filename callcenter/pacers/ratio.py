"""Ratio (power): a fixed number of lines for each ready agent, as long as the drops allow it. Predicts nothing."""

import math
from typing import Final

from callcenter.model.pacing import RATIO_MAX, PacerName, PacingAnswer, PacingQuestion
from callcenter.pacers.pacer import ceiling, overspent, progressive

NAME: Final = PacerName("ratio")


class Ratio:
    """So many lines for each ready agent."""

    def pace(self, question: PacingQuestion) -> PacingAnswer:
        """Ready agents times ratio, rounded down, less what is dialling or waiting already."""
        safe = progressive(question)
        spent = overspent(question)
        if spent:
            return progressive(question, spent)
        most, why = ceiling(question)
        ratio = min(max(question.ratio, 1.0), RATIO_MAX)
        free = max(len(question.crew.ready) - question.waiting, 0)
        lines = min(max(math.floor(ratio * free) - question.dialling, safe.lines), most)
        why = why or f"{ratio:g} lines for each of {free} free, {question.dialling} dialling"
        return PacingAnswer(lines=lines, why=why, rule=NAME)
