"""What reaches the terminal: hostile texts, narrow windows, times and lengths."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.cli.screen import emit, length, plain, seconds, share, show_grid, stamp

HOSTILE = [
    "\x1b]0;owned\x07",
    "\x9b31m",
    "a\nb\r\nc\x0bd\x85e\u2028f",
    "\u202egnp.exe\u202c",
    "\u2066x\u2069",
    "[red]not markup[/red] [link=http://x]y[/link]",
    "\ud800lone",
    "\x00\x7f",
    "z\u0300\u0301\u0302\u0303\u0304\u0305\u0306algo",
    "\u200b\u200e\ufeffhidden",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_gets_out_of_its_cell(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) == 1
    assert not any(unicodedata.category(sign)[0] == "C" for sign in shown)


@given(st.text())
def test_any_text_is_one_visible_line(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    for sign in shown:
        assert unicodedata.category(sign)[0] != "C" or sign in "\u200c\u200d"
        assert unicodedata.bidirectional(sign) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert plain(shown) == shown


@pytest.mark.parametrize("text", ["Nguyễn Thị Hồng Ánh", "Đỗ", "李雷", "O'Neil [sales]", "Ngu\u0302\u0303"])
def test_names_stay_names(text: str) -> None:
    assert plain(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_can_be_looked_at_and_read_back(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": text})
    out = capsys.readouterr().out
    assert json.loads(out)["name"] == text
    assert not any(unicodedata.category(sign)[0] == "C" for sign in out if sign != "\n")


@pytest.mark.parametrize("width", [20, 40, 60, 100, 250])
def test_ids_are_whole_and_rows_are_rows_at_any_width(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("c-abcdefgh-1234567", "a very long name of a caller " * 3, 7), ("c-2", HOSTILE[5], 100)]
    show_grid(("call!", "name", "wait>"), rows, width=width)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert len(lines) == 4
    assert "c-abcdefgh-1234567" in lines[2]
    assert lines[3].rstrip().endswith("100")
    if width >= 40:
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("given", "shown"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00"), (90_061, "25:01:01"), (None, "-")],
)
def test_lengths(given: float | None, shown: str) -> None:
    assert length(given) == shown


def test_times_and_shares_for_programs() -> None:
    assert stamp(1_767_225_600.0) == "2026-01-01T00:00:00.000Z"
    assert stamp(None) is None
    assert seconds(1.23456) == 1.235
    assert share(2 / 3) == "66.7 %"
    assert share(None) == "-"
