"""Progressive: a line for each agent who waits for one. No drop is possible, and agents wait for every ring."""

from callcenter.model.pacing import PacingAnswer, PacingQuestion
from callcenter.pacers.pacer import progressive


class Progressive:
    """One line for each ready agent."""

    def pace(self, question: PacingQuestion) -> PacingAnswer:
        """As many lines as there are ready agents without one."""
        return progressive(question)
