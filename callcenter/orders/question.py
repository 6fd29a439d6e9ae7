"""What an order is asked and answers. Knows the shape of the question; knows no answer."""

from enum import StrEnum
from typing import NamedTuple, Protocol

from callcenter.model.ids import QueueName
from callcenter.model.queue import Queue

Rank = tuple[float, ...]


class LooksAt(StrEnum):
    """What an order looks at beyond priority and place in line."""

    PLACE = "place"  # nothing
    QUEUE = "queue"  # how the contact's queue is doing


class Head(NamedTuple):
    """A queue as its first contact sees it."""

    queue: QueueName
    waited_s: float  # by its first contact, in this queue
    advance_s: float  # until the next of the agents at work for it becomes free, as far as has been learnt; 0: not yet
    target_s: float  # the queue's service level threshold
    weight: float  # what the queue's target is worth beside others'


class Order(Protocol):
    """Which queue an agent serves first of those that have a contact of equal priority for her."""

    @property
    def looks_at(self) -> LooksAt:
        """What `rank` depends on; the law tests hold it to that."""
        ...

    def starves_after_s(self, queue: Queue) -> float | None:
        """After so long a wait nobody who came later overtakes a contact of this queue; None: never."""
        ...

    def rank(self, head: Head) -> Rank:
        """Lower is served first; always of the same length."""
        ...

    def why(self, head: Head) -> str:
        """How the queue is doing, in words a team leader understands; empty if there is nothing to say."""
        ...
