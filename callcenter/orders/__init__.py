"""Which of the waiting an agent gets: one order for the whole center. One file per order, and one line here.

Priority comes before an order's rank and the place in line after it, so an order decides between queues of equal
priority; and it may promise that nobody who has waited so long is overtaken any more, which comes before everything.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.orders.priority import ByPriority
from callcenter.orders.question import Head, LooksAt, Order
from callcenter.orders.service_level import ServiceLevel

ORDERS: Final[Mapping[str, Order]] = {
    "priority": ByPriority(),
    "service_level": ServiceLevel(),
}

__all__ = ["ORDERS", "Head", "LooksAt", "Order"]
