"""What decides about places in line beside priority and `since`, for the whole center. Knows configuration only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.model.contact import Direction
from callcenter.model.ids import QueueName
from callcenter.model.routing import First
from callcenter.orders import ORDERS, LooksAt


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRules:
    """What decides beside priority and place, for all queues."""

    later: Direction | None = None  # contacts of this direction come after all others
    starves_after_s: Mapping[QueueName, float] = field(default_factory=dict)  # who waits longer is overtaken by nobody
    by_queue: bool = False  # an order ranks queues, so that each has its own lines

    @property
    def plain(self) -> bool:
        """Priority and place, and no more."""
        return self.later is None and not self.starves_after_s and not self.by_queue


PLAIN: Final = LineRules()
_LATER: Final = {First.INBOUND: Direction.OUTBOUND, First.OUTBOUND: Direction.INBOUND, First.BY_PRIORITY: None}


def rules_of(configuration: Configuration) -> LineRules:
    """What the configuration says of all queues."""
    order = ORDERS[configuration.routing.order]
    bounds = ((name, order.starves_after_s(queue)) for name, queue in configuration.queues.items())
    return LineRules(
        later=_LATER[configuration.routing.blend.first],
        starves_after_s={name: bound for name, bound in bounds if bound is not None},
        by_queue=order.looks_at is LooksAt.QUEUE,
    )
