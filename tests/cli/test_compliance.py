"""`callcenter compliance`: the packs as one sees them."""

from callcenter.cli.exits import Exit
from tests.cli.terminal import Terminal


def test_packs_are_listed_and_shown_with_what_nobody_verified(terminal: Terminal) -> None:
    listed = terminal.json("compliance", "packs")["packs"]
    assert [one["pack"] for one in listed] == ["eu", "house", "uk", "us", "vn"]
    assert "us" in terminal("compliance", "packs").out
    shown = terminal("compliance", "packs", "eu").out
    assert "NOT VERIFIED" in shown
    assert "holidays never" in shown
    assert terminal.json("compliance", "packs", "vn")["packs"][0]["regions"] == ["VN"]


def test_a_pack_that_is_not_there_and_one_that_is_wrong(terminal: Terminal) -> None:
    assert "one of eu, house, uk, us, vn" in terminal("compliance", "packs", "fr", expect=Exit.NOT_FOUND).err
    terminal.write("title: x\n", "config/law/fr.yaml")
    assert "`version` is missing" in terminal("compliance", "packs", expect=Exit.CONFIGURATION).err
    assert "law/fr.yaml" in terminal("flows", "check", expect=Exit.PROBLEMS).out
