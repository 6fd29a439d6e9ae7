"""Files that people bring, and files that they should not have brought."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from callcenter.errors import ConfigurationError
from callcenter.tables import Row, open_table, rows
from callcenter.tables.workbook import WHOLE_BYTES_MAX


def write(folder: Path, content: bytes | str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> list[Row]:
    return list(rows(open_table(path)))


def values(path: Path) -> list[tuple[str, ...]]:
    return [row.values for row in read(path)]


@pytest.mark.parametrize(
    "content",
    [
        "name,phone\nĐỗ,1\n\nB,2\n",
        "name;phone\r\nĐỗ;1\r\nB;2",
        "name\tphone\rĐỗ\t1\rB\t2\r",
        "\ufeffname|phone\nĐỗ|1\nB|2\n",
        "name,phone\nĐỗ,1\nB,2\n".encode("utf-16"),
    ],
)
def test_files_as_programs_write_them(tmp_path: Path, content: bytes | str) -> None:
    path = write(tmp_path, content)
    assert open_table(path).header == ("name", "phone")
    assert values(path) == [("Đỗ", "1"), ("B", "2")]


def test_a_quoted_line_end_is_part_of_a_field(tmp_path: Path) -> None:
    found = read(write(tmp_path, 'a,b\n"x\ny",2\nz,3\n'))
    assert [(row.line, row.values) for row in found] == [(2, ("x\ny", "2")), (4, ("z", "3"))]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("x" * 70_000 + ",1", "longer than 64,000"),
        ("a\0b,1", "NUL"),
        ('"never closed' + "\nline" * 250, "not closed within 200 lines"),
    ],
)
def test_a_line_that_nobody_would_write_spoils_no_other(tmp_path: Path, bad: str, told: str) -> None:
    found = read(write(tmp_path, f"a,b\n1,2\n{bad}\n3,4\n"))
    assert found[0].values == ("1", "2")
    assert any(told in row.problem for row in found)
    assert found[-1].values == ("3", "4")


def test_a_quote_that_nobody_closes_swallows_no_row(tmp_path: Path) -> None:
    lines = [f'"{n},x' if n % 150 == 0 else f"{n},y" for n in range(1, 1000)]
    found = read(write(tmp_path, "a,b\n" + "\n".join(lines) + "\n"))
    assert [row.line for row in found if row.problem] == [n + 1 for n in range(150, 1000, 150)]
    assert [row.values for row in found if not row.problem] == [(str(n), "y") for n in range(1, 1000) if n % 150]
    assert [row.line for row in found] == list(range(2, 1001))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "there is no header"),
        (b"sep=;\na;b\n1;2\n", "'sep=;' tells spreadsheets a delimiter"),
        (b"a,b\n\xff\xfe\xfa,2\n", "t.csv:2: is neither UTF-8 nor UTF-16"),
        (("," * 300).encode(), "301 columns"),
    ],
)
def test_files_that_are_refused_whole(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        open_table(write(tmp_path, content))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_table(tmp_path / "nothing.csv")


@given(st.binary(max_size=400))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.mktemp("t"), b"a,b\n" + content)
    try:
        found = read(path)
    except ConfigurationError:
        return
    assert all(bool(row.problem) is not bool(row.values) for row in found)


# -- workbooks ---------------------------------------------------------------------------------------------------------


def test_a_workbook_says_what_a_person_sees(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "phone", "yes", None])
    sheet.append(["Đỗ", 84901234567, True, "beyond"])
    sheet.append([None, None, None])
    sheet.append(["B", 84901234568.0, "=1+1"])
    book.create_sheet("second").append(["no"])
    book.save(tmp_path / "t.xlsx")
    found = read(tmp_path / "t.xlsx")
    assert [(row.line, row.values) for row in found] == [
        (2, ("Đỗ", "84901234567", "true")),
        (4, ("B", "84901234568", "")),  # a formula that nobody has computed has no value
    ]


def test_what_is_no_workbook_and_what_is_a_bomb(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no workbook"):
        open_table(write(tmp_path, "a,b\n", "t.xlsx"))
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    with pytest.raises(ConfigurationError, match="unpacks to 50,000,000 bytes"):
        open_table(tmp_path / "bomb.xlsx")
    with zipfile.ZipFile(tmp_path / "shared.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * (WHOLE_BYTES_MAX + 1))
    with pytest.raises(ConfigurationError, match="beside its sheets; at most 134,217,728"):
        open_table(tmp_path / "shared.xlsx")  # read whole, whatever is in the sheets
    with zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as archive:
        archive.writestr("hello.txt", b"hello")
    with pytest.raises(ConfigurationError, match="no workbook that can be read"):
        open_table(tmp_path / "odd.xlsx")
