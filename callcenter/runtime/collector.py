"""Calms Python's cyclic garbage collector. Knows how this program uses memory: it makes no cycles on the call path.

What the engine makes is freed by counting references; the collector finds nothing, but each full collection walks every
agent and every call and takes milliseconds (with 10,000 agents it doubled the time of a decision). So what is there
after the start is taken out of its sight, and it comes a hundred times less often for the rest.
"""

import gc
from typing import Final

YOUNG_MAX: Final = 50_000  # objects made and not freed before the youngest are looked at
MIDDLE_AFTER: Final = 50
OLD_AFTER: Final = 100


def calm_collector() -> None:
    """Once, when everything that lives as long as the process has been made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, MIDDLE_AFTER, OLD_AFTER)
