"""How far a start is: bars on a terminal, lines elsewhere. Knows screens; knows nothing of what is started.

Steps come from any thread, in any order; a step that is at its total is over, and may begin again under the same name.
"""

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

TITLE_WIDTH: Final = 40
BAR_WIDTH: Final = 30


class Bars:
    """Shows steps while it is entered."""

    def __init__(self, console: "Console", *, what: str = "Asterisk and a voice") -> None:
        """`what` is fetched when a step speaks of packages, a download or a link, unless `of` names something else."""
        self._console = console
        self._what = what
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}
        self._over = False
        self._progress = _progress(console) if console.is_terminal else None

    def __enter__(self) -> "Bars":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """The screen belongs to somebody else now. Steps that come later are not shown."""
        with self._lock:
            self._over = True
            if self._progress is not None:
                self._progress.stop()

    def step(self, name: str, done: int, total: int) -> None:
        """`name` is at `done` of `total`, in any unit."""
        self.show(_title(name, self._what), done, total)

    def of(self, what: str) -> "Part":
        """Steps that belong to something else."""
        return Part(self, what)

    def show(self, title: str, done: int, total: int) -> None:
        """A step under the title it is to have on the screen."""
        with self._lock:
            if self._over:
                return
            if self._progress is None:
                self._line(title, done, total)
                return
            if title not in self._tasks:
                self._tasks[title] = self._progress.add_task(title, total=max(total, 1))
            self._progress.update(self._tasks[title], completed=done, total=max(total, 1))

    def _line(self, title: str, done: int, total: int) -> None:
        now = time.monotonic()
        if title not in self._began:
            self._began[title] = now
            if done < total:
                self._console.print(f"{title} ...")
        if done >= total:
            self._console.print(f"{title}: done in {now - self._began.pop(title):.1f} s")


class Part:
    """Progress of one thing among several."""

    def __init__(self, bars: Bars, what: str) -> None:
        self._bars = bars
        self._what = what

    def step(self, name: str, done: int, total: int) -> None:
        """`name` is at `done` of `total`, in any unit."""
        self._bars.show(_title(name, self._what), done, total)


_FETCHING: Final = {
    "package lists": "Debian's list of packages",
    "download": "Fetching",
    "unpack": "Unpacking",
    "link": "Placing",
    "wait for another start": "Waiting for another start to fetch",
}


def _title(name: str, what: str) -> str:
    return f"{_FETCHING[name]}: {what}" if name in _FETCHING else name


def _progress(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn(f"{{task.description:<{TITLE_WIDTH}}}"),
        BarColumn(bar_width=BAR_WIDTH),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    )
