"""Lists of telephone numbers: what a file says, what is wrong with it, and who is found in it."""

from pathlib import Path

import pytest

from callcenter.config import check_configuration, load_configuration, read_configuration
from callcenter.config.lists import LINES_TOLD_MAX, LIST_BYTES_MAX, read_list
from callcenter.errors import Problem
from callcenter.model.ids import ListName
from callcenter.model.numbers import Numbering

VIP = ListName("vip")
VIETNAM = Numbering(country_code="84")


def read(text: str, numbering: Numbering = VIETNAM) -> tuple[frozenset[str], list[str]]:
    problems: list[Problem] = []
    found = read_list("lists/vip.txt", text, numbering, problems)
    return found.numbers, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0901 234.567", "+84901234567"),
        ("+84 (901) 234-567", "+84901234567"),
        ("0084901234567", "+84901234567"),
        ("1900", "1900"),
        ("0", "0"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_a_number_has_one_form_however_it_is_written(written: str, normal: str) -> None:
    assert VIETNAM.normal(written) == normal
    assert VIETNAM.normal(normal) == normal


def test_without_a_country_code_a_national_number_stays_as_it_is() -> None:
    assert Numbering().normal("0901-234-567") == "0901234567"


def test_a_list_is_read_line_by_line_without_remarks() -> None:
    text = "# the best\n0901 234 567  # Mrs Ha\n\n  +84 28 3822 0000\r\n"
    assert read(text) == (frozenset({"+84901234567", "+842838220000"}), [])


def test_a_line_that_is_no_number_is_told_where_it_stands() -> None:
    numbers, problems = read("0901234567\n   Mrs Ha\n")
    assert numbers == {"+84901234567"}
    assert problems == ["lists/vip.txt:2:4: `Mrs Ha` is not a telephone number (one number a line, remarks after #)"]


def test_a_file_that_is_something_else_does_not_fill_the_screen() -> None:
    _, problems = read("x\n" * (LINES_TOLD_MAX + 5))
    assert len(problems) == LINES_TOLD_MAX + 1
    assert problems[-1] == "lists/vip.txt: 5 more lines are not telephone numbers"


def test_a_list_that_is_too_long_is_refused_and_not_cut() -> None:
    numbers, problems = read("1" * (LIST_BYTES_MAX + 1))
    assert not numbers
    assert problems == [f"lists/vip.txt: longer than {LIST_BYTES_MAX:,} bytes (split the list)"]


def test_a_folder_with_a_list(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "vip.txt").write_text("0901234567\n")
    (tmp_path / "notes.txt").write_text("not ours to judge")
    (tmp_path / "numbers.yaml").write_text("numbering: {country_code: 84}\n")
    assert check_configuration(tmp_path) == []
    configuration = load_configuration(tmp_path)
    assert configuration.is_listed(VIP, "+84 901 234 567")
    assert not configuration.is_listed(VIP, "")
    assert not configuration.is_listed(ListName("nobody"), "+84 901 234 567")


def test_a_list_that_is_not_there_is_told_where_it_is_asked_for() -> None:
    check = "{kind: check, of: caller, cases: [{in_lists: [vop], then: b}], otherwise: b}"
    flow = f"nodes:\n  a: {check}\n  b: {{kind: hangup}}\n"
    _, problems = read_configuration({"flows/f.yaml": flow, "lists/vip.txt": "112\n"})
    assert [str(problem) for problem in problems] == [
        "flows/f.yaml:2:52: nodes.a.cases.0.in_lists.0: there is no list `vop` (did you mean `vip`?)"
    ]


def test_a_wrong_way_of_writing_numbers_is_told() -> None:
    _, problems = read_configuration({"numbers.yaml": "numbering: {country_code: VN}\n"})
    assert [str(problem) for problem in problems] == [
        "numbers.yaml:1:27: numbering.country_code: `VN` is not a prefix (up to 4 digits)"
    ]
