"""The wallboard on a terminal without a screen: what it shows and what its keys do."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.wallboard import Wallboard
from callcenter.model.view import CenterView
from tests.cli.live import StoryCenter

SIZE = (160, 40)
NEVER_S = 60.0  # the tests look when they like
HOSTILE = "[b]x[/b]\x1b[31m\n\u202e"


class Eye:
    """Looks at a story's center; may find it gone."""

    def __init__(self, story: StoryCenter) -> None:
        self._story = story
        self.gone = False
        self.looks = 0

    def __call__(self) -> CenterView:
        self.looks += 1
        if self.gone:
            raise Failure(Exit.NOT_RUNNING, "no call center is running here")
        return self._story.engine.view(self._story.now)


@pytest.fixture
def eye(story: StoryCenter) -> Eye:
    """One talks, one with a hostile name waits for more than a minute, one agent is logged out."""
    anna = story.agent("anna", sales=3)
    story.save("chi", {"sales": 1})
    story.call("sales", caller="0901", name="Lan")
    anna.answers()
    story.call("sales", caller="0902", name=HOSTILE)
    story.passes(75)
    return Eye(story)


@asynccontextmanager
async def watching(
    eye: Callable[[], CenterView], every_s: float = NEVER_S
) -> AsyncIterator[tuple[Wallboard, Pilot[None]]]:
    board = Wallboard(eye, every_s=every_s)
    async with board.run_test(size=SIZE) as pilot:
        await pilot.pause()
        yield board, pilot


def rows(board: Wallboard, name: str) -> list[list[str]]:
    table = board.query_one(f"#{name}", DataTable)
    return [[str(value) for value in table.get_row_at(at)] for at in range(table.row_count)]


def headline(board: Wallboard) -> str:
    return str(board.query_one("#headline", Static).render())


async def test_queues_agents_and_calls(eye: Eye) -> None:
    async with watching(eye) as (board, _):
        assert [row[:4] for row in rows(board, "queues")] == [["sales", "1", "1:15", "0"], ["support", "0", "-", "0"]]
        assert [row[0] for row in rows(board, "agents")] == ["anna"]
        first, second = rows(board, "calls")
        assert (first[1], first[3]) == ("0901", "connected")
        assert second[2] == "[b]x[/b]\N{REPLACEMENT CHARACTER}[31m" + 2 * "\N{REPLACEMENT CHARACTER}"
        assert "2 calls, 1 waiting (longest 1:15)" in headline(board)


async def test_it_follows_the_center(eye: Eye, story: StoryCenter) -> None:
    async with watching(eye) as (board, pilot):
        story.call("support")
        await pilot.press("r")
        await pilot.pause()
        assert len(rows(board, "calls")) == 3


async def test_it_looks_by_itself(eye: Eye, story: StoryCenter) -> None:
    async with watching(eye, every_s=0.05) as (board, pilot):
        story.call("support")
        for _ in range(100):
            await pilot.pause(0.02)
            if len(rows(board, "calls")) == 3:
                break
        assert len(rows(board, "calls")) == 3


async def test_p_keeps_the_picture_and_lets_go(eye: Eye) -> None:
    async with watching(eye, every_s=0.05) as (board, pilot):
        await pilot.press("p")
        await pilot.pause(0.2)
        assert "PAUSED" in headline(board)
        looks = eye.looks
        await pilot.pause(0.2)
        assert eye.looks == looks
        await pilot.press("p")
        await pilot.pause(0.2)
        assert eye.looks > looks
        assert "PAUSED" not in headline(board)


async def test_a_shows_all_agents(eye: Eye) -> None:
    async with watching(eye) as (board, pilot):
        await pilot.press("a")
        assert [row[0] for row in rows(board, "agents")] == ["anna", "chi"]
        await pilot.press("a")
        assert [row[0] for row in rows(board, "agents")] == ["anna"]


async def test_one_table_in_full(eye: Eye) -> None:
    async with watching(eye) as (board, pilot):
        for key, shown in {
            "1": ["queues"],
            "2": ["agents"],
            "3": ["calls"],
            "0": ["queues", "agents", "calls"],
        }.items():
            await pilot.press(key)
            assert [name for name in ("queues", "agents", "calls") if board.query_one(f"#{name}").display] == shown


async def test_a_center_that_goes_away_and_comes_back(eye: Eye) -> None:
    async with watching(eye) as (board, pilot):
        eye.gone = True
        await pilot.press("r")
        await pilot.pause()
        assert "no call center is running here" in headline(board)
        assert len(rows(board, "calls")) == 2, "the last picture stays"
        eye.gone = False
        await pilot.press("r")
        await pilot.pause()
        assert "no call center" not in headline(board)


async def test_q_ends_it(eye: Eye) -> None:
    async with watching(eye) as (board, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert not board.is_running
