"""A person who has called is erased while the center runs and others call: by the command line, on the real thing."""

import asyncio
import json
import sys
from typing import Any

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.facts import ContactEnded
from tests.live.center import Center
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

LIMIT_S = 60.0
A_SNAPSHOT = "INSERT INTO snapshot (seq, at_s, build, state) SELECT max(seq), 1, 'a test', '{}' FROM journal"
"""As the center takes one itself in a while; it would not understand this one, which goes at once."""


async def privacy(center: Center, *words: str) -> tuple[int, dict[str, Any]]:
    """`callcenter privacy ... --json`: how it ended, and what it said."""
    settings = str(center.premises.folder / "callcenter.toml")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callcenter.cli", "--settings", settings, "privacy", *words, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(LIMIT_S):
        out, complaint = await program.communicate()
    assert program.returncode in (Exit.OK, Exit.PROBLEMS), complaint.decode()
    return program.returncode, json.loads(out)


async def test_who_has_called_is_erased_while_others_call(center: Center) -> None:
    alice = await center.works("alice")
    hers = await center.calls("2001")
    contact = (await hers.talks_to(alice)).contact
    code, live = await privacy(center, "erase", hers.number)
    assert code == Exit.PROBLEMS
    assert any(contact in left for left in live["left"]), "she is on the line"
    await passes(1.0)
    await hers.hangs_up()
    await center.fact(ContactEnded, contact=contact)
    await center.cdr(contact)
    other = await center.calls("2001")
    await other.talks_to(alice)
    path = (await center.recording(contact))["path"]

    async def exported() -> list[Any] | None:
        _, found = await privacy(center, "export", hers.number)
        return found["tables"]["recording"] or None

    assert await eventually(exported, "the recording is hers")

    async def erased() -> dict[str, Any] | None:
        """Until it is put away a recording is left, and told."""
        _, report = await privacy(center, "erase", hers.number)
        return None if any("not put away" in left for left in report["left"]) else report

    report = await eventually(erased, "the recording is put away", LIMIT_S)
    assert all("after its last snapshot" in left for left in report["left"])
    rows = await center.rows("SELECT caller FROM contact WHERE id = $1", contact)
    assert rows[0]["caller"] == hers.number, "it is found again"
    await center.rows(A_SNAPSHOT)
    try:
        code, report = await privacy(center, "again")
    finally:
        await center.rows("DELETE FROM snapshot WHERE build = 'a test'")
    assert (code, [one["left"] for one in report["erased"]]) == (Exit.OK, [[]])
    rows = await center.rows("SELECT caller FROM contact WHERE id = $1", contact)
    assert rows[0]["caller"] == "erased"
    name = path.rpartition("/")[2].partition(".")[0]
    left = [file for file in center.premises.var.rglob(f"*{name}*") if file.is_file()]
    assert left == [], left
    ledger = await center.rows("SELECT person, whole, ended FROM erasure ORDER BY id")
    assert all(hers.number not in row["person"] and row["ended"] is not None for row in ledger)
    await asyncio.gather(other.hears_agent(alice), alice.hears_caller(other))
    await other.hangs_up()
    await other.ended()
    _, again = await privacy(center, "again")
    assert isinstance(again["erased"], list)
