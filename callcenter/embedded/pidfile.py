"""Which process is ours: pid files that cannot be mistaken.

Knows /proc. Must not know why a process was started. A pid alone is reused by the kernel; a pid with the tick at which
the process started and the boot it started in is not (proc(5), field 22 of /proc/PID/stat).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
STATE_FIELD: Final = 3
STARTED_FIELD: Final = 22
DEAD_STATES: Final = frozenset("ZXx")

WRITE_OWN_AND_BECOME: Final = (
    'printf "%s\\n%s\\n" "$(cat /proc/sys/kernel/random/boot_id)" "$(cat /proc/$$/stat)" >&0; exec "$@" </dev/null'
)
"""Shell script that writes its own identity into the open pid file on its standard input, then becomes the program.

The child writes it, not we: otherwise a SIGKILL of ours between fork and write would leave a child that nobody knows.
exec(2) changes neither pid nor start time.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process for all time."""

    pid: int
    started: int  # clock ticks between boot and its start
    boot: str

    def lives(self) -> bool:
        """Whether this very process runs now; one that ended and waits to be reaped does not."""
        return living(self.pid) == self


def living(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this pid now, None if there is none that runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = BOOT_ID.read_text().strip()
    except OSError:
        return None
    return _parse(boot, stat)


def read_pid_file(path: Path) -> ProcessIdentity | None:
    """Whose pid file it is; None if there is none, or its writer did not get to the end."""
    try:
        boot, _, stat = path.read_text().partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return _parse(boot, stat) if stat.endswith("\n") else None


def write_pid_file(path: Path, pid: int) -> None:
    """Note a process that we found rather than started. Raises OSError if it is gone."""
    text = f"{BOOT_ID.read_text().strip()}\n{Path(f'/proc/{pid}/stat').read_text()}"
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    os.replace(fresh, path)


def _parse(boot: str, stat: str) -> ProcessIdentity | None:
    # The second field is the program's name in parentheses, with any character in it.
    before, found, after = stat.rpartition(")")
    fields = after.split()
    if not found or not boot or len(fields) <= STARTED_FIELD - STATE_FIELD or fields[0] in DEAD_STATES:
        return None
    try:
        return ProcessIdentity(
            pid=int(before.split(" ", 1)[0]), started=int(fields[STARTED_FIELD - STATE_FIELD]), boot=boot
        )
    except ValueError:
        return None
