"""In which order files of tests are handed to workers. Knows which of them wait and which of them compute.

Calls take their time, and a worker that waits for one leaves its processor to others: so files of live tests are handed
out early, and files that compute in between, a few after each. What is left for the end is short: all workers end
together. Within a file nothing changes.
"""

from collections.abc import Iterable, Set
from typing import Final

BESIDE: Final = 5  # files that compute after each that waits, of some seven that there are
LONGEST: Final = (
    "live/test_calls_restart.py",
    "live/test_calls_errands.py",
    "live/test_calls_disasters.py",
    "live/test_calls_campaigns.py",
    "live/test_demo_live.py",
    "live/test_calls_callbacks.py",
    "live/test_calls_recording.py",
    "live/test_calls_control.py",
    "live/test_calls_load.py",
    "live/test_calls_queues.py",
    "web/test_schemathesis.py",
    "sim/test_seeds.py",
    "laws/test_nodes.py",
    "postgres/test_journal.py",
    "cli/test_past_commands.py",
    "boot/test_recovery.py",
    "boot/test_live.py",
)
"""The long ones: live files of a minute or two, and those that compute for ten seconds and more."""


def in_order(files: Iterable[str], waiting: Set[str]) -> list[str]:
    """The files as they are best handed out: live ones (`waiting`) and others by turns, the long ones first."""
    known = sorted(files, key=_place)
    live = [file for file in known if file in waiting]
    others = [file for file in known if file not in waiting]
    ordered: list[str] = []
    for at, file in enumerate(live):
        ordered += [file, *others[at * BESIDE : (at + 1) * BESIDE]]
    return ordered + others[len(live) * BESIDE :]


def _place(file: str) -> int:
    """Where it stands among the long ones; behind them all if it is none, as others in the order in which it came."""
    return next((at for at, name in enumerate(LONGEST) if file.endswith(name)), len(LONGEST))
