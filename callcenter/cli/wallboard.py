"""A live wallboard for a terminal: queues, agents, calls. Knows a screen and its keys; decides nothing.

A picture is asked for in a thread, one at a time, so that a center that is slow to answer never freezes the keys.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Static

from callcenter.cli.agents_shown import AGENT_HEADS, agent_row
from callcenter.cli.calls import LIVE_HEADS, live_row
from callcenter.cli.exits import Failure
from callcenter.cli.queues import QUEUE_HEADS, queue_row
from callcenter.cli.screen import cell, clock, columns, length
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.view import CenterView

TABLES: Final = ("queues", "agents", "calls")


class Wallboard(App[None]):
    """The screen. `look` gives a picture of now or raises Failure; it is called in a thread."""

    CSS: ClassVar[str] = """
    #headline { height: 1; background: $primary; color: $text; padding: 0 1; }
    #headline.away { background: $error; }
    DataTable { height: 1fr; }
    #queues { height: auto; max-height: 40%; min-height: 4; }
    """
    TITLE = "callcenter"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("p", "pause", "Pause"),
        Binding("r", "look", "Look now"),
        Binding("a", "all_agents", "All agents"),
        Binding("0", "only('')", "All"),
        Binding("1", "only('queues')", "Queues"),
        Binding("2", "only('agents')", "Agents"),
        Binding("3", "only('calls')", "Calls"),
    ]

    def __init__(self, look: Callable[[], CenterView], *, every_s: float = 1.0) -> None:
        super().__init__()
        self._look = look
        self._every_s = every_s
        self._looking = asyncio.Lock()
        self.stopped_clock = False
        self.everybody = False
        self.picture: CenterView | None = None
        self.away = ""

    def compose(self) -> ComposeResult:
        """A headline, three tables, the keys."""
        yield Static("", id="headline", markup=False)
        for name in TABLES:
            yield DataTable(id=name, cursor_type="none", zebra_stripes=True)
        yield Footer()

    async def on_mount(self) -> None:
        """Begin to look."""
        for name, heads in zip(TABLES, (QUEUE_HEADS, AGENT_HEADS, LIVE_HEADS), strict=True):
            self._table(name).add_columns(*(column.title for column in columns(*heads)))
        await self.action_look()
        self.set_interval(self._every_s, self._tick)

    async def action_look(self) -> None:
        """Ask for a picture and show it; not while another is being asked for."""
        if self._looking.locked():
            return
        async with self._looking:
            try:
                self.picture, self.away = await asyncio.to_thread(self._look), ""
            except Failure as failure:
                self.away = failure.message
        self._draw()

    def action_pause(self) -> None:
        """Keep the picture as it is, or look again."""
        self.stopped_clock = not self.stopped_clock
        self._draw()

    def action_all_agents(self) -> None:
        """Show those who are logged out too, or only those at work."""
        self.everybody = not self.everybody
        self._draw()

    def action_only(self, name: str) -> None:
        """One table in full, or all."""
        for other in TABLES:
            self._table(other).display = name in ("", other)

    async def _tick(self) -> None:
        if not self.stopped_clock:
            await self.action_look()

    def _table(self, name: str) -> DataTable[Text]:
        return self.query_one(f"#{name}", DataTable)

    def _draw(self) -> None:
        if not self.query("#headline"):  # the answer came after somebody had pressed q
            return
        headline = self.query_one("#headline", Static)
        headline.set_class(bool(self.away), "away")
        headline.update(_headline(self.picture, self.away, stopped=self.stopped_clock))
        if self.picture is None:
            return
        agents = [one for one in self.picture.agents if self.everybody or one.status is not AgentStatus.LOGGED_OUT]
        self._fill("queues", QUEUE_HEADS, (queue_row(one) for one in self.picture.queues))
        self._fill("agents", AGENT_HEADS, (agent_row(one) for one in agents))
        self._fill("calls", LIVE_HEADS, (live_row(one) for one in self.picture.contacts))

    def _fill(self, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        table = self._table(name)
        across, down = table.scroll_offset
        table.clear()
        for row in rows:
            table.add_row(*_cells(heads, row))
        table.scroll_to(across, down, animate=False)


def _headline(picture: CenterView | None, away: str, *, stopped: bool) -> Text:
    if picture is None:
        return cell(away)
    waiting = sum(one.waiting + one.ringing for one in picture.queues)
    longest = max((one.longest_s for one in picture.queues), default=0.0)
    ready = sum(one.state is AgentState.READY for one in picture.agents)
    figures = (
        f"{clock(picture.at)}   {len(picture.contacts)} calls, {waiting} waiting (longest {length(longest)}), "
        f"{ready} agents ready"
    )
    return cell(figures + ("   PAUSED (p)" if stopped else "") + (f"   {away}" if away else ""))


def _cells(heads: Sequence[str], row: Sequence[object]) -> list[Text]:
    cells = [value if isinstance(value, Text) else cell(value) for value in row]
    for text, column in zip(cells, columns(*heads), strict=True):
        text.justify = "right" if column.right else "left"
    return cells
