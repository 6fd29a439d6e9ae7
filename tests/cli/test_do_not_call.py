"""`callcenter do-not-call`: what is noted counts from the next call on."""

import pytest

from callcenter.cli.exits import Exit
from callcenter.model.lead import DiallerName, ListOfLeads
from callcenter.postgres.attempts import Attempts
from callcenter.postgres.leads import Leads
from callcenter.postgres.pool import Pool
from tests.cli.terminal import Terminal
from tests.postgres.lead_story import ZONES, add_lead, dial, no_days_off

NUMBER = "+84901234567"


@pytest.fixture
async def lead(terminal: Terminal, dsn: str, pool: Pool) -> int:
    """An installation with a lead who has one number, and one who has another besides."""
    terminal.uses_database(dsn)
    found = await add_lead(pool, [NUMBER])
    await add_lead(pool, [NUMBER, "+84901234568"])
    return found


def test_lists_of_ones_own(terminal: Terminal, lead: int) -> None:
    assert terminal.json("do-not-call", "list") == {"registers": []}
    assert terminal.json("do-not-call", "add", NUMBER, "--reason", "by letter")["number"] == NUMBER
    assert terminal.json("do-not-call", "add", "+1 900*", "--campaign", "spring")["prefix"]
    listed = terminal.json("do-not-call", "list")["registers"]
    assert [(one["register"], one["entries"], one["live"]) for one in listed] == [
        ("campaign:spring", 1, True),
        ("internal", 1, True),
    ]
    assert terminal.json("leads", "show", "first")["states"] == {"ready": 1, "refused": 1}
    terminal.json("do-not-call", "remove", NUMBER)
    assert "not in that list" in terminal("do-not-call", "remove", NUMBER, expect=Exit.NOT_FOUND).err
    for wrong in ("0901234567", "+84*x", "19*"):
        terminal("do-not-call", "add", wrong, expect=Exit.USAGE)


def test_a_register_is_loaded_whole_or_not_at_all(terminal: Terminal, lead: int) -> None:
    path = terminal.write("# of today\n0901234567\n+84901234568 # twice\n+84901234568\n+8499*\n", "dnc.txt")
    words = (
        "do-not-call",
        "load",
        str(path),
        "--register",
        "vn_do_not_call",
        "--region",
        "VN",
        "--as-of",
        "2026-01-31",
    )
    assert terminal.json(*words, "--version", "1")["entries"] == 3
    assert "there already" in terminal(*words, "--version", "1", expect=Exit.CONFIGURATION).err
    path.write_text("+84901234569\nnonsense\n")
    assert "dnc.txt:2" in terminal(*words, "--version", "2", expect=Exit.PROBLEMS).err
    path.write_text("+84901234569\n")
    terminal.json(*words, "--version", "2")
    listed = terminal.json("do-not-call", "list")["registers"]
    assert [(one["version"], one["entries"], one["live"]) for one in listed] == [("2", 1, True), ("1", 3, False)]
    own = ("do-not-call", "load", str(path), "--register", "internal", "--version", "1", "--as-of", "2026-01-31")
    assert "own list" in terminal(*own, expect=Exit.CONFIGURATION).err
    ahead = ("do-not-call", "load", str(path), "--register", "x", "--version", "1", "--as-of", "2199-01-01")
    assert "lies ahead" in terminal(*ahead, expect=Exit.USAGE).err


@pytest.fixture
def agreed(terminal: Terminal, lead: int) -> Terminal:
    """She agreed twice, then took it back."""
    for kind in ("express", "written"):
        terminal.json("do-not-call", "agree", NUMBER, "--kind", kind, "--proof", "form 7")
    assert terminal.json("do-not-call", "revoke", NUMBER)["consents"] == 2
    assert (
        "one of inquiry"
        in terminal("do-not-call", "agree", NUMBER, "--kind", "none", "--proof", "x", expect=Exit.USAGE).err
    )
    return terminal


async def test_revocation_counts_for_whoever_has_claimed_her(agreed: Terminal, dsn: str, pool: Pool) -> None:
    async with await Attempts.open(pool, dsn, DiallerName("d"), no_days_off) as attempts:
        (one,) = await Leads(pool, attempts.name).claim(ListOfLeads("first"), 5, zones=((ZONES,),))
        question = await attempts.question(dial(one, "l-1"), 1_900_000_000.0)
    assert question.consent is not None
    assert question.consent.revoked is not None
    assert [listing.register for listing in question.listings] == ["internal"]
