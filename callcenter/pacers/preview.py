"""Preview: a number is dialled when its agent has read who it is and says so. Knows no chance."""

from typing import Final

from callcenter.model.pacing import PacerName, PacingAnswer, PacingQuestion
from callcenter.pacers.pacer import ceiling, unspoken_for

NAME: Final = PacerName("preview")


class Preview:
    """One line for each ready agent who wants hers dialled."""

    def pace(self, question: PacingQuestion) -> PacingAnswer:
        """Never more than there are agents without a line, whatever they want."""
        most, why = ceiling(question)
        lines = min(question.crew.accepted, unspoken_for(question), most)
        return PacingAnswer(lines=lines, why=why or f"{question.crew.accepted} want theirs dialled", rule=NAME)
