"""Serve the queue that will otherwise miss its target; and let nobody wait for ever.

Of contacts of equal priority an agent gets that of the queue which is in the greatest need: predicted wait (waited so
far plus the expected advance: learnt handle time over agents at work) against the queue's threshold, times its weight.
This is what Avaya calls Greatest Need with a Service Objective (Business Advocate User Guide, release 3.1, 07-300653,
2006, pp. 22-31): its predicted wait is the current wait and the time of one advance too. Unlike there, a queue whose
first contact has waited beyond the threshold is lost as far as the service level counts, and yields to those that can
still be met. Within a queue contacts of one priority are served in the order of their places, so no caller gains by
calling later.

What that would do to a queue that is always lost, or has a low priority, is bounded:

Theorem. Let a contact c have waited B = starve_after_s of its queue since it got its place. From then on, no agent who
may serve c is offered a contact whose place is later than c's before c is. (Of one direction, where a blend says which
goes first.)

Proof. The order of service compares first whether a contact has waited beyond its bound, and among those that have,
`since` and the order of arrival alone. c has; a contact with a later place either has not, and comes after c, or has,
and comes after c by `since`. `since` is given once and never set back, by a missed offer, overflow or a restart.

Corollary. Those who may still be served before c by agents who may serve c are at most the n contacts that hold an
earlier place when c's bound is reached (a caller who rings back later and is given her old place again holds it all
the while). If k agents who may serve c stay at work, each contact keeps an agent at most H (ringing, talk, wrap-up),
and c's caller stays, then c is offered to an agent within (floor(n / k) + 1) * H after its bound. Without the bound
there is no such time: a stream of contacts of higher priority that keeps the agents busy holds c for as long as it
lasts.
"""

from dataclasses import dataclass
from typing import Final

from callcenter.model.queue import Queue
from callcenter.orders.question import Head, LooksAt, Rank

STARVES_AFTER_TARGETS: Final = 5.0
"""A queue that names no bound has that of so many times its service level threshold."""
TARGET_MIN_S: Final = 1.0
"""A threshold of 0 s is compared as if it were this."""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Greatest need first, bounded."""

    looks_at: LooksAt = LooksAt.QUEUE

    def starves_after_s(self, queue: Queue) -> float | None:
        """The queue's own bound, or some times its threshold."""
        return queue.starve_after_s or STARVES_AFTER_TARGETS * max(queue.service_level_s, TARGET_MIN_S)

    def rank(self, head: Head) -> Rank:
        """Those that can be met by need, greatest first; then those that are lost, by place."""
        return (1.0, 0.0) if _is_lost(head) else (0.0, -_need(head))

    def why(self, head: Head) -> str:
        """What would become of the queue's first contact."""
        if _is_lost(head):
            return f"{head.queue} has missed its {head.target_s:g} s already ({head.waited_s:.0f} s)"
        predicted_s = head.waited_s + head.advance_s
        weight = f", weight {head.weight:g}" if head.weight != 1 else ""
        return f"{head.queue} is in the greatest need: {predicted_s:.0f} s of {head.target_s:g} s predicted{weight}"


def _is_lost(head: Head) -> bool:
    return head.waited_s > max(head.target_s, TARGET_MIN_S)


def _need(head: Head) -> float:
    return head.weight * (head.waited_s + head.advance_s) / max(head.target_s, TARGET_MIN_S)
