"""The past once more, on the command line: exactly, through another configuration, and out of a table."""

import csv

import pytest

from callcenter.cli.exits import Exit
from callcenter.postgres.pool import Pool
from tests.cli.past import Past
from tests.cli.terminal import QUEUES, Terminal
from tests.sim.test_replay_calls import HEAD, line


def test_the_journal_comes_out_as_it_was_written_down(terminal: Terminal, past: Past) -> None:
    document = terminal.json("replay")
    assert (document["alike"], document["difference"], document["first"]) == (True, None, 1)
    assert document["calls"] == 3
    assert "every entry came out as it was written down" in terminal("replay").out
    later = terminal.json("replay", "--since", "29m")
    assert later["alike"]
    assert later["snapshot"] == past.snapshot_after


@pytest.fixture
async def spoilt(past: Past, pool: Pool) -> None:
    """One entry lacks the first of its answers."""
    await pool.execute(
        "UPDATE journal SET outputs = outputs - 0 WHERE seq = (SELECT min(seq) FROM journal "
        "WHERE event->>'type' = 'ContactArrived')"
    )


@pytest.mark.usefixtures("spoilt")
def test_what_comes_out_otherwise_is_shown(terminal: Terminal) -> None:
    document = terminal.json("replay", expect=Exit.PROBLEMS)
    assert document["difference"]["event"] == "ContactArrived"
    assert len(document["difference"]["answered"]) == len(document["difference"]["written"]) + 1
    said = terminal("replay", expect=Exit.PROBLEMS).out
    assert "came out otherwise" in said
    assert "+ ContactOpened" in said


def test_a_time_without_entries(terminal: Terminal, past: Past) -> None:
    assert "no entry of that time" in terminal("replay", "--until", "2001-01-01", expect=Exit.NOT_FOUND).err


def test_through_another_configuration(terminal: Terminal, past: Past) -> None:
    for path in sorted(terminal.config.rglob("*.yaml")):
        text = path.read_text().replace("needs: sales\n", "needs: sales >= 3\n")
        terminal.write(text, f"other/{path.relative_to(terminal.config)}")
    out = terminal.folder / "calls.csv"
    document = terminal.json("replay", "--config", str(terminal.folder / "other"), "--csv", str(out))
    assert document["calls"] == 3
    assert list(document["runs"]) == ["recorded", "as it was", "other"]
    recorded = document["runs"]["recorded"][0]
    assert (recorded["queue"], recorded["calls"], recorded["served"], recorded["abandoned"]) == (None, 3, 2, 1)
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == document["different"] > 0
    assert "as it was" in terminal("replay", "--config", str(terminal.folder / "other")).out


def test_a_queue_that_is_gone_needs_another(terminal: Terminal, past: Past) -> None:
    terminal.write(QUEUES.replace("sales:\n", "trade:\n", 1), "other/queues.yaml")
    other = str(terminal.folder / "other")
    terminal.write("default: all\n", "other/numbers.yaml")
    terminal.write("start: go\nnodes: {go: {kind: enqueue, queue: trade}}\n", "other/flows/all.yaml")
    assert "--map sales=OTHER" in terminal("replay", "--config", other, expect=Exit.PROBLEMS).out
    [unwalked] = terminal.json("replay", "--config", other, "--map", "sales=trade")["remarks"]
    assert unwalked.startswith("NOT WALKED: the flows all, ")
    terminal("replay", "--config", other, "--map", "sales", expect=Exit.USAGE)


@pytest.fixture
def table(terminal: Terminal) -> str:
    rows = [line(n, f"8:{n:02}:00", talk=50 + n, server="ANNA" if n % 2 else "BEA") for n in range(40)]
    rows += [line(90, "8:41:00", wait="soon"), line(91, "8:42:00", outcome="PHANTOM")]
    return str(terminal.write("\n".join([HEAD, *rows]) + "\n", "calls.tsv"))


def test_a_table_of_calls(terminal: Terminal, table: str) -> None:
    document = terminal.json("replay", "--calls", table)
    assert (document["calls"], document["agents"]) == (40, 2)
    assert document["lines_with_faults"] == [{"line": 42, "column": "q_time", "what": "'soon' is no number of seconds"}]
    assert list(document["runs"]) == ["recorded", "as it was"]
    said = terminal("replay", "--calls", table).out
    assert "line 42: q_time: 'soon' is no number of seconds" in said
    assert "42 lines: 40 calls, 1 to be ignored, 1 with faults" in said
    assert "calls/s" in said


def test_a_table_through_a_configuration_of_ours(terminal: Terminal, table: str) -> None:
    document = terminal.json("replay", "--calls", table, "--config", str(terminal.config), "--map", "PS=support")
    assert list(document["runs"]) == ["recorded", "as it was", "other"]
    assert document["runs"]["other"][0]["served"] == 0
    assert document["remarks"][1:] == [
        "40 calls of support can be taken by nobody: it needs `support >= 2`, and of those who were at work nobody has "
        "that (their skills: PS)"
    ]


def test_columns_of_ones_own(terminal: Terminal) -> None:
    rows = "when;what;end;waited;talked\n2026-01-31 08:00:00;sales;done;3;60\n2026-01-31 08:05:00;sales;gone;9;0\n"
    calls = str(terminal.write(rows, "calls.csv"))
    assert "has no column" in terminal("replay", "--calls", calls, expect=Exit.USAGE).err
    missing = terminal("replay", "--calls", calls + ".missing", expect=Exit.PROBLEMS)
    assert "No such file or directory" in missing.err
    columns = terminal.write(
        'arrived = "when"\nqueue = "what"\noutcome = "end"\nwait_s = "waited"\ntalk_s = "talked"\n'
        'served = ["done"]\nabandoned = ["gone"]\ntime_format = "%Y-%m-%d %H:%M:%S"\ndelimiter = ";"\n',
        "columns.toml",
    )
    assert terminal.json("replay", "--calls", calls, "--columns", str(columns))["calls"] == 2
    columns.write_text('arrived = "when"\n')
    assert "queue" in terminal("replay", "--calls", calls, "--columns", str(columns), expect=Exit.CONFIGURATION).err
    head = (
        'arrived = "when"\nqueue = "q"\noutcome = "o"\nwait_s = "w"\ntalk_s = "t"\nserved = ["a"]\nabandoned = ["a"]\n'
    )
    columns.write_text(head + 'timezone = "Asia/HCMC"\nidd = ["x"]\ndelimiter = ""\n')
    said = terminal("replay", "--calls", calls, "--columns", str(columns), expect=Exit.CONFIGURATION).err
    for problem in (
        "unknown key `idd`",
        "timezone: there is no time zone Asia/HCMC",
        "delimiter: is one sign",
        "served: a",
    ):
        assert problem in said  # all at once
    assert "anonymous-bank" in terminal("replay", "--calls", calls, "--columns", "none.toml", expect=Exit.USAGE).err


def test_columns_are_a_tables(terminal: Terminal) -> None:
    assert "--calls names it" in terminal("replay", "--columns", "anonymous-bank", expect=Exit.USAGE).err


def test_if_no_call_has_a_queue_nothing_was_compared(terminal: Terminal) -> None:
    rows = [line(n, f"8:{n:02}:00", talk=50 + n, server="ANNA") for n in range(9)]
    calls = str(terminal.write("\n".join([HEAD, *rows]) + "\n", "few.tsv"))
    said = terminal("replay", "--calls", calls, "--config", str(terminal.config), expect=Exit.PROBLEMS)
    assert "nothing was compared" in said.err
    assert "--map PS=OTHER" in said.out
