"""`callcenter leads`: from a file into a list, again after it was interrupted, and what was left out."""

import csv

import pytest

from callcenter.cli.exits import Exit
from callcenter.postgres.pool import Pool
from tests.cli.terminal import Terminal
from tests.postgres.lead_story import add_lead, number

FILE = """name,phone,work,city
Lan,0901234567,,Hanoi
Minh,0901234567,,Hue
Anh,0901234568,024 3822 5151,=1+1
Ba,nonsense,,Hue
Tu,,0901234567,Hue
"""


def test_a_list_is_imported_and_importing_it_again_adds_nothing(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    assert terminal.json("leads", "list") == {"lists": []}
    path = terminal.write(FILE, "leads.csv")
    errors = terminal.folder / "errors.csv"
    words = ("leads", "import", str(path), "--list", "spring", "--region", "VN", "--errors", str(errors))
    assert terminal.json(*words) == {
        "list": "spring",
        "rows": 5,
        "leads": 2,
        "refused": 1,
        "duplicates": 2,
        "errors": str(errors),
    }
    told = list(csv.reader(errors.read_text().splitlines()))
    assert [(row[0], row[1]) for row in told[1:]] == [
        ("5", "phone nonsense: no telephone number"),
        ("3", "'+84901234567 is there already"),
        ("6", "'+84901234567 is there already"),
    ]
    assert (terminal.json(*words)["leads"], terminal.json("leads", "list")["lists"][0]["leads"]) == (0, 2)
    other = terminal.json("leads", "import", str(path), "--list", "b", "--region", "VN", "--duplicates", "list")
    assert other["leads"] == 2
    shown = terminal.json("leads", "show", "spring")
    assert (shown["states"], shown["penetration"]) == ({"ready": 2}, 0.0)
    assert "2 ready" in terminal("leads", "show", "spring").out
    said = terminal(*words[:-2]).out
    assert "line 5: phone nonsense: no telephone number" in said
    assert "line 3: +84901234567 is there already" in said
    assert "--errors" not in said, "all five were shown"


def test_postcodes_tell_zones_by_the_table_of_the_folder(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    path = terminal.write("phone,zip\n2125551234,96701\n", "us.csv")
    words = ("leads", "import", str(path), "--list", "us", "--region", "US")
    terminal.write("US: {'967': Pacific/Honolul}", "config/postcodes.yaml")
    assert "did you mean `Pacific/Honolulu`?" in terminal(*words, expect=Exit.CONFIGURATION).err
    terminal.write("US: {'967': Pacific/Honolulu}", "config/postcodes.yaml")
    assert terminal.json(*words)["leads"] == 1


def test_what_cannot_be_imported(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    path = str(terminal.write(FILE, "leads.csv"))
    common = ("leads", "import", path, "--list", "spring")
    assert "no country's code" in terminal(*common, "--region", "Vietnam", expect=Exit.USAGE).err
    assert "one of everywhere" in terminal(*common, "--region", "VN", "--duplicates", "x", expect=Exit.USAGE).err
    assert "not COLUMN=NAME" in terminal(*common, "--region", "VN", "--map", "x", expect=Exit.USAGE).err
    mapped = ("--map", "phone=-", "--map", "work=-")
    assert "no column of numbers" in terminal(*common, "--region", "VN", *mapped, expect=Exit.CONFIGURATION).err
    nothing = ("leads", "import", "nothing.csv", "--list", "x", "--region", "VN")
    assert "cannot be read" in terminal(*nothing, expect=Exit.CONFIGURATION).err
    assert "no list" in terminal("leads", "show", "x", expect=Exit.NOT_FOUND).err
    unwritable = ("--errors", str(terminal.folder / "no" / "where.csv"))
    assert "No such file" in terminal(*common, "--region", "VN", *unwritable, expect=Exit.PROBLEMS).err


@pytest.fixture
async def called(terminal: Terminal, dsn: str, pool: Pool) -> Terminal:
    """A list of two, one of whom was called."""
    terminal.uses_database(dsn)
    lead = await add_lead(pool, [number(1)], list_="old")
    await add_lead(pool, [number(2)], list_="old")
    await pool.execute(
        "INSERT INTO attempt (id, lead, number, campaign, dialler, began, ended, outcome)"
        " VALUES ('l-1', $1, $2, 'spring', 'd', now(), now(), 'busy')",
        lead,
        number(1),
    )
    await pool.execute("UPDATE lead SET state = 'waiting', next_at = now() WHERE id = $1", lead)
    return terminal


@pytest.fixture
async def dialled(called: Terminal, pool: Pool) -> Terminal:
    """The same, as long as a campaign has them."""
    await pool.execute("UPDATE lead SET state = 'claimed', claimed_by = 'd'")
    return called


def test_an_import_is_undone(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    words = ("leads", "import", str(terminal.write(FILE, "leads.csv")), "--list", "spring", "--region", "VN")
    terminal(*words)
    assert terminal.json("leads", "remove", "spring") == {"list": "spring", "removed": 2, "kept": 0}
    assert terminal.json("leads", "list") == {"lists": []}
    assert "there is no list" in terminal("leads", "remove", "spring", expect=Exit.NOT_FOUND).err
    assert terminal.json(*words)["leads"] == 2


def test_who_was_called_stays_on_record_and_is_called_no_more(called: Terminal) -> None:
    assert "1 leads are removed; 1 who were called" in called("leads", "remove", "old").out
    shown = called.json("leads", "show", "old")
    assert (shown["leads"], shown["states"]) == (1, {"done": 1})


def test_a_list_that_is_being_called_is_not_taken_out(dialled: Terminal) -> None:
    assert "is being called" in dialled("leads", "remove", "old", expect=Exit.PROBLEMS).err
    assert dialled.json("leads", "show", "old")["states"] == {"claimed": 2}
