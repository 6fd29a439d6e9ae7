"""Files that people bring, and files that they should not have brought."""

import zipfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from callcenter.errors import ConfigurationError
from callcenter.tables import Row, open_table, rows
from callcenter.tables.archive import DESCRIBED_BYTES_MAX, TEXTS_BYTES_MAX


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


@pytest.mark.slow
def test_a_sheet_may_be_longer_than_what_is_read_at_once_and_say_nothing_of_its_size(tmp_path: Path) -> None:
    """As programs write one that write row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("first")
    sheet.append(["name", "phone"])
    for n in range(300):
        sheet.append([Random(n).randbytes(16_000).hex(), n])
    book.create_sheet("second").append(["x"])
    book.save(tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as made:
        assert b"<dimension" not in made.read(SHEET)
        assert made.getinfo(SHEET).file_size > DESCRIBED_BYTES_MAX
    assert [row[1] for row in values(tmp_path / "t.xlsx")] == [str(n) for n in range(300)]


def test_what_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no workbook"):
        open_table(write(tmp_path, "a,b\n", "t.xlsx"))
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        open_table(tmp_path / "none.xlsx")
    with zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as archive:
        archive.writestr("hello.txt", b"hello")
    with pytest.raises(ConfigurationError, match="no workbook that can be read"):
        open_table(tmp_path / "odd.xlsx")


SHEET, BOOK, STYLES, TYPES = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"
SHARED = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
MB = 1 << 20
LONG = b"9" * 20_000


def crafted(folder: Path, *, level: int = 9, **parts: tuple[str, bytes, bytes]) -> Path:
    """A workbook of one row, in whose parts something stands before a word: (part, word, what), or a new part."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "phone"])
    sheet.append(["Lan", "0901234567"])
    book.save(folder / "plain.xlsx")
    with (
        zipfile.ZipFile(folder / "plain.xlsx") as plain,
        zipfile.ZipFile(folder / "t.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made,
    ):
        texts = {one.filename: plain.read(one) for one in plain.infolist()}
        for part, word, what in parts.values():
            texts[part] = texts[part].replace(word, what + word, 1) if part in texts else what
        for name, text in texts.items():
            made.writestr(name, text)
    return folder / "t.xlsx"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["xl/worksheets/texts.xml", "xl/sharedStrings.xml", "anywhere/at.all"])
def test_texts_that_cells_share_have_their_limit_wherever_the_file_says_they_are(tmp_path: Path, place: str) -> None:
    named = f'<Override PartName="/{place}" ContentType="{SHARED}"/>'.encode()
    begun = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    noise = Random(1).randbytes(3 * MB).hex().encode()  # packs to a half: it is no bomb, only too much
    texts = begun + noise * (TEXTS_BYTES_MAX // len(noise) + 1) + b"</t></si></sst>"
    path = crafted(tmp_path, level=1, types=(TYPES, b"</Types>", named), texts=(place, b"", texts))
    with pytest.raises(ConfigurationError, match=r"more than 134,217,728 bytes of texts that cells share"):
        open_table(path)


@pytest.mark.parametrize(
    ("part", "word", "filler", "told"),
    [
        (STYLES, b"</cellXfs>", b"<xf/>", "8,388,608 bytes of styles"),
        (BOOK, b"</sheets>", b'<sheet name="a" sheetId="9"/>', "8,388,608 bytes of styles, sheets"),
        (TYPES, b"</Types>", b'<Override PartName="/a" ContentType="b"/>', "8,388,608 bytes of styles"),
        ("xl/_rels/workbook.xml.rels", b"</Rel", b'<Relationship Id="a" Type="b" Target="c"/>', "8,388,608 bytes"),
        (SHEET, b"<sheetData>", b'<a b="%s"/>' % LONG, "33,554,432 bytes of one row"),
        (SHEET, b"</row>", b"<c><v>%s</v></c>" % LONG, "33,554,432 bytes of one row"),
        (SHEET, b"</worksheet>", b'<a b="%s"/>' % LONG, "33,554,432 bytes of one row, or after the rows"),
    ],
)
def test_whatever_is_read_at_once_has_its_limit(
    tmp_path: Path, part: str, word: bytes, filler: bytes, told: str
) -> None:
    most = 33 * MB if part == SHEET else 9 * MB
    noise = b"<!--%s-->" % Random(1).randbytes(200_000).hex().encode()  # it shall be no bomb, only too much
    path = crafted(tmp_path, level=1, it=(part, word, noise + filler * (most // len(filler))))
    with pytest.raises(ConfigurationError, match=f"more than {told}"):
        read(path)


@pytest.mark.parametrize("part", [SHEET, STYLES, BOOK])
def test_a_bomb_of_any_part_is_not_unpacked(tmp_path: Path, part: str) -> None:
    word = {SHEET: b"</sheetData>", STYLES: b"</cellXfs>", BOOK: b"</sheets>"}[part]
    path = crafted(tmp_path, it=(part, word, b"<!-- -->" * (6 * MB // 8)))
    with pytest.raises(ConfigurationError, match=r"unpacks to more than [0-9,]+ bytes"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", [SHEET, BOOK])
def test_a_document_type_is_refused(tmp_path: Path, part: str, encoding: str) -> None:
    """With it a few bytes of XML stand for gigabytes."""
    path = crafted(tmp_path)
    with zipfile.ZipFile(path) as plain:
        texts = {one.filename: plain.read(one) for one in plain.infolist()}
    laughs = '<!DOCTYPE a [<!ENTITY b "ha ha ha">]>'
    texts[part] = f'<?xml version="1.0" encoding="{encoding}"?>{laughs}{texts[part].decode()}'.encode(encoding)
    with zipfile.ZipFile(path, "w") as made:
        for name, text in texts.items():
            made.writestr(name, text)
    with pytest.raises(ConfigurationError, match="document type"):
        read(path)


@pytest.mark.slow
def test_a_row_whose_number_is_made_up_does_not_keep_us_for_hours(tmp_path: Path) -> None:
    far = b'<row r="2000000000"><c r="A2000000000" t="inlineStr"><is><t>x</t></is></c></row>'
    path = crafted(tmp_path, it=(SHEET, b"</sheetData>", far))
    with pytest.raises(ConfigurationError, match=r"rows beyond 1,048,576"):
        read(path)


def test_a_workbook_with_pictures_is_read_and_one_without_sheets_is_told(tmp_path: Path) -> None:
    """Nobody looks at pictures: how large they are does not matter."""
    noise = Random(1).randbytes(9 * MB)
    assert values(crafted(tmp_path, level=1, it=("xl/media/image1.png", b"", noise))) == [("Lan", "0901234567")]
    path = crafted(tmp_path, a=(BOOK, b"<sheets>", b"<!--"), b=(BOOK, b"</sheets>", b"--><sheets>"))
    with pytest.raises(ConfigurationError, match="has no sheet"):
        open_table(path)
