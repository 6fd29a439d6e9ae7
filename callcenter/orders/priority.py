"""Priority, then place in line: strict, simple, and the default. A low priority may wait for ever behind a high one."""

from dataclasses import dataclass

from callcenter.model.queue import Queue
from callcenter.orders.question import Head, LooksAt, Rank


@dataclass(frozen=True, slots=True)
class ByPriority:
    """Looks at no queue."""

    looks_at: LooksAt = LooksAt.PLACE

    def starves_after_s(self, queue: Queue) -> float | None:
        """Priority is all that counts."""
        return None

    def rank(self, head: Head) -> Rank:
        """All queues are alike."""
        return ()

    def why(self, head: Head) -> str:
        """Nothing to say."""
        return ""
