"""`callcenter campaign machines`: the scoreboard as one sees it."""

import time

import pytest

from callcenter.model.detection import Answerer
from callcenter.postgres.pool import Pool, changing
from callcenter.postgres.records import write_rows
from tests.cli.terminal import Terminal
from tests.postgres.test_machines import decision

H, M = Answerer.HUMAN, Answerer.MACHINE


@pytest.fixture
async def spring(terminal: Terminal, dsn: str, pool: Pool) -> Terminal:
    """An installation in whose database a detector was right about three of four."""
    terminal.uses_database(dsn)
    told = [*((M, M, 3) for _ in range(3)), (M, H, 3), *((M, None, 0) for _ in range(8)), (H, H, 0)]
    async with changing(pool) as connection:
        await write_rows(connection, [decision(n, *one, at=time.time() - 60) for n, one in enumerate(told, 1)])
    return terminal


def test_nothing_was_decided(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    assert "no detector has decided" in terminal("campaign", "machines").out
    assert terminal.json("campaign", "machines")["machines"] == []


def test_what_agents_say_of_a_detector(spring: Terminal) -> None:
    [line] = spring.json("campaign", "machines")["machines"]
    assert (line["said"], line["heard"]) == ({"human": 1, "machine": 12, "unsure": 0}, 4)
    assert (line["precision"], line["recall"], line["people_hung_up_on"]) == (0.75, 1.0, 2.0)
    shown = spring("campaign", "machines", "--campaign", "spring").out
    assert "75" in shown
    assert "precision: machines / labelled" in shown
    assert spring.json("campaign", "machines", "--campaign", "autumn")["machines"] == []
