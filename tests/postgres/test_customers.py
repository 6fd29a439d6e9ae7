"""Customers in a real Postgres: found by number, with calls from before they came, merged, imported, exported."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from callcenter.customers.exporting import export
from callcenter.customers.importing import Result, RowProblem, plan, run
from callcenter.customers.numbers import kept_form, prefixes, written_forms
from callcenter.customers.reading import open_csv
from callcenter.errors import ConfigurationError
from callcenter.model.form_field import FieldType, FormField
from callcenter.model.numbers import Numbering
from callcenter.postgres.customers import Customer, Customers, KeptNumber
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from tests.postgres.story import T0, answered_call

VN = prefixes("VN")
FIELDS = {
    "tier": FormField(type=FieldType.CHOICE, options=("gold", "silver")),
    "since": FormField(type=FieldType.DATE),
}
LAN = KeptNumber(number="+84901111111", raw="0901 111 111")
MAI = KeptNumber(number="+84902222222", raw="0902222222")

Import = Callable[..., Awaitable[tuple[Result, list[RowProblem]]]]


@pytest.fixture
def customers(pool: Pool) -> Customers:
    """Nobody yet."""
    return Customers(pool)


@pytest.fixture
def imports(pool: Pool, tmp_path: Path) -> Import:
    """Imports a file with this content."""

    async def imported(
        content: str | bytes, *, dry: bool = False, mapping: dict[str, str] | None = None, numbering: Numbering = VN
    ) -> tuple[Result, list[RowProblem]]:
        file = tmp_path / "customers.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        problems: list[RowProblem] = []
        planned = plan(open_csv(file), mapping or {}, FIELDS, numbering)
        result = await run(pool, planned, dry=dry, source="import", refuse=problems.append, progress=lambda _: None)
        return result, problems

    return imported


def forms(*numbers: str) -> tuple[str, ...]:
    """The forms in which calls may have come from these numbers."""
    return tuple(form for number in numbers for form in written_forms(kept_form(number, VN), (number,), VN))


async def test_found_by_any_way_to_write_her_number(customers: Customers) -> None:
    made = await customers.add(Customer(name="Lan"), [LAN, MAI], [("email", "lan@example.com")], "boss")
    for number in ("0901111111", "+84 901 111 111", "0084-901-111-111"):
        found = await customers.by_numbers([kept_form(number, VN)])
        assert found is not None
        assert (found.id, found.name) == (made, "Lan")
    found = await customers.by_id(made)
    assert found is not None
    sheet = await customers.sheet(found)
    assert sheet.numbers == (LAN, MAI)
    assert sheet.emails == ("lan@example.com",)
    assert [one.text for one in sheet.changes] == ["added"]
    assert await customers.by_numbers(["+84903333333"]) is None


async def test_her_calls_are_hers_also_from_before_she_was_entered(
    customers: Customers, dsn: str, spool_folder: Path
) -> None:
    story = [*answered_call(1, T0), *answered_call(2, T0 + 100, queue="support")]
    async with PostgresJournal(dsn, spool_folder) as journal:
        for told in story:
            journal.append(*told)
    async with customers._pool.acquire() as connection:
        await connection.execute("UPDATE contact SET caller = '(090) 111-1111' WHERE queue = 'sales'")
        await connection.execute("UPDATE contact SET caller = '0084901111111' WHERE queue = 'support'")
    await customers.add(Customer(name="Lan"), [LAN], [], "boss")
    history = await customers.history(forms("0901111111"), 10)
    assert [call.queue for call in history.calls] == ["support", "sales"]
    assert history.counted == 2
    one = await customers.history(forms("0901111111"), 1)
    assert (len(one.calls), one.counted) == (1, 2)
    assert await customers.history((), 10) == await customers.history(forms("0999999999"), 10)


async def test_a_number_is_of_one_customer(customers: Customers) -> None:
    lan = await customers.add(Customer(name="Lan"), [LAN], [], "boss")
    with pytest.raises(ConfigurationError, match=f"is the number of customer {lan}"):
        await customers.add(Customer(name="Mai"), [MAI, LAN], [], "boss")
    assert await customers.by_numbers([MAI.number]) is None
    with pytest.raises(ConfigurationError, match="longer than"):
        await customers.add(Customer(name="x" * 300), [MAI], [], "boss")


async def test_two_become_one(customers: Customers) -> None:
    kept = await customers.add(Customer(name="Lan", fields={"tier": "gold"}, tags=("a",)), [LAN], [], "boss")
    gone = await customers.add(
        Customer(
            name="Lan Nguyen",
            reference="crm-1",
            fields={"tier": "silver", "since": "2020-01-01"},
            tags=("b",),
            vip=True,
        ),
        [MAI],
        [("email", "l@example.com")],
        "boss",
    )
    await customers.note(gone, "ann", "likes tea")
    await customers.merge(kept, gone, "boss")
    one = await customers.by_id(gone)
    assert one is not None
    assert (one.id, one.name, one.reference, one.vip, one.tags) == (kept, "Lan", "crm-1", True, ("a", "b"))
    assert one.fields == {"tier": "gold", "since": "2020-01-01"}
    sheet = await customers.sheet(one)
    assert sheet.numbers == (LAN, MAI)
    assert [note.text for note in sheet.notes] == ["likes tea"]
    assert sheet.changes[0].text == f"merged with {gone} (Lan Nguyen)"
    with pytest.raises(ConfigurationError, match="merged into another"):
        await customers.merge(kept, gone, "boss")
    with pytest.raises(ConfigurationError, match="is the same"):
        await customers.merge(kept, kept, "boss")


FILE = """name,Number,number_2,tier,tags,vip,do_not_call,note,email
Lan,0901 111 111,+84902222222,gold,a; b,yes,,likes tea,l@example.com
Mai,0903333333,,silver,,,yes,,
"""


async def test_a_file_that_is_imported_twice_changes_nothing_the_second_time(
    customers: Customers, imports: Import
) -> None:
    first, problems = await imports(FILE)
    assert problems == []
    assert (first.rows, first.added, first.changed, first.not_to_be_called) == (2, 2, 0, 1)
    lan = await customers.by_numbers([LAN.number])
    assert lan is not None
    before = await customers.sheet(lan)
    assert before.numbers == (LAN, KeptNumber(number="+84902222222", raw="+84902222222"))
    assert (lan.tags, lan.vip, lan.fields) == (("a", "b"), True, {"tier": "gold"})
    second, problems = await imports(FILE)
    assert problems == []
    assert (second.added, second.changed, second.not_to_be_called) == (0, 2, 0)
    assert await customers.sheet(lan) == before
    mai = await customers.by_numbers(["+84903333333"])
    assert mai is not None
    assert (mai.do_not_call, mai.do_not_call_source) == (True, "import")


async def test_who_must_not_be_called_is_never_called_again_by_a_file(customers: Customers, imports: Import) -> None:
    await imports("number,do_not_call\n0901111111,yes\n")
    await imports("number,do_not_call,name\n0901111111,no,Lan\n")
    lan = await customers.by_numbers([LAN.number])
    assert lan is not None
    assert (lan.do_not_call, lan.name) == (True, "Lan")


async def test_a_dry_run_says_what_would_be_and_changes_nothing(customers: Customers, imports: Import) -> None:
    result, problems = await imports(FILE + "Lan again,0901111111\n,abc\n", dry=True)
    assert (result.rows, result.added, result.refused) == (4, 2, 1)
    assert problems == [RowProblem(line=5, column="Number", reason="is not a telephone number")]
    assert await customers.count() == 0


async def test_rows_of_one_customer_are_one_and_rows_of_two_are_errors(customers: Customers, imports: Import) -> None:
    await imports("reference,number\nA,0901111111\nB,0902222222\n")
    result, problems = await imports(
        "reference,number,name\n"
        "A,0903333333,Lan\n"  # known by its reference, and gets another number
        ",0903333333,Lan N\n"  # the same, by that number
        "A,0902222222,Lan\n"  # A's reference, B's number
        "C,0901111111,Mai\n"  # another reference than the one whose number it is
        "D,0904444444,Em\n"
        "D,0905555555,Em\n"
        "E,0904444444,Em\n"
        ",,nobody\n"
    )
    assert [one.line for one in problems] == [4, 5, 8, 9]
    assert "customer" in problems[0].reason
    assert problems[3].reason.startswith("neither a reference nor a number")
    assert (result.added, result.changed) == (1, 1)
    lan = await customers.by_reference("A")
    assert lan is not None
    assert lan.name == "Lan N"
    em = await customers.by_reference("D")
    assert em is not None
    assert [one.number for one in (await customers.sheet(em)).numbers] == ["+84904444444", "+84905555555"]


async def test_a_number_of_no_country_is_kept_and_found_as_before(customers: Customers, imports: Import) -> None:
    result, problems = await imports("number,name\n1800,Line\n0084 1,Odd\n")
    assert problems == []
    assert result.plain_numbers == 1
    assert await customers.by_numbers([kept_form("1800", VN)]) is not None
    assert await customers.by_numbers([VN.normal("00841")]) is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'number,name\n0901111111,"a\0b"\n0902222222,Mai\n', "holds a NUL"),
        (b"number,name\n0901111111," + b"x" * 10_000_000 + b"\n0902222222,Mai\n", "longer than 64,000 characters"),
        (b'number,name\n0901111111,"never closed\n' + b"0901111111,x\n" * 300 + b"0902222222,Mai\n", "not closed"),
        (b'number,name\n0901111111,"a"b\n0902222222,Mai\n', "cannot be read"),
        (b"number,name\n0901111111,a,b,c\n0902222222,Mai\n", "4 fields; the header has 2"),
        (b"number,name\n0901111111," + b"x" * 300 + b"\n0902222222,Mai\n", "300 characters; at most 200"),
    ],
)
async def test_a_hostile_row_is_one_error_and_the_rest_is_imported(
    customers: Customers, imports: Import, content: bytes, reason: str
) -> None:
    _, problems = await imports(content)
    assert problems[0].line == 2
    assert reason in problems[0].reason
    assert await customers.by_numbers([MAI.number]) is not None


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffnumber;name\r\n0901111111;Lan\r0902222222;Mai\n".encode(),
        "number\tname\n0901111111\tLan\n\n\n0902222222\tMai".encode("utf-16"),
        b"NUMBER , Name\n0901111111,Lan\n0902222222,Mai\n",
    ],
)
async def test_marks_at_the_front_line_ends_and_separators_of_any_kind(
    customers: Customers, imports: Import, content: bytes
) -> None:
    result, problems = await imports(content)
    assert problems == []
    assert result.added == 2


async def test_another_encoding_is_told_with_its_line_before_anything_is_imported(
    customers: Customers, imports: Import, tmp_path: Path
) -> None:
    content = b"number,name\n0901111111,Lan\n0902222222,caf\xe9\n"
    with pytest.raises(ConfigurationError, match=r"customers.csv:3: is neither UTF-8 nor UTF-16"):
        await imports(content)
    assert await customers.count() == 0
    opened = open_csv(tmp_path / "customers.csv", encoding="windows-1252")
    assert opened.header == ("number", "name")
    with pytest.raises(ConfigurationError, match="there is no encoding klingon"):
        open_csv(tmp_path / "customers.csv", encoding="klingon")


async def test_a_header_that_is_not_understood_is_told_whole(imports: Import, customers: Customers) -> None:
    with pytest.raises(ConfigurationError) as told:
        await imports("Telefon,colour,name,name\n1,2,3,4\n")
    assert [one.what.split(":")[0] for one in told.value.problems] == [
        "the column 'Telefon' is not known",
        "the column 'colour' is not known",
        "name is there twice",
    ]
    with pytest.raises(ConfigurationError, match="nothing tells the customers apart"):
        await imports("name\nLan\n")
    with pytest.raises(ConfigurationError, match="there is no header"):
        await imports("")
    result, _ = await imports("Telefon,colour\n0901111111,red\n", mapping={"telefon": "number", "Colour": "-"})
    assert result.added == 1


async def test_what_is_exported_and_imported_again_is_the_same(customers: Customers, imports: Import) -> None:
    await imports(FILE.replace("Lan,", "=cmd|' /C calc'!A0,") + "'-1+1,0907777777\n")
    out = io.StringIO()
    written, cut = await export(customers, FIELDS, out, lambda _: None)
    assert (written, cut) == (3, 0)
    assert "\n,'=cmd|' /C calc'!A0,,'+84901111111,'+84902222222," in out.getvalue()
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for line in out.getvalue().splitlines() for cell in line.split(",")
    )
    again, problems = await imports(out.getvalue())
    assert problems == []
    assert (again.added, again.changed) == (0, 3)
    once_more = io.StringIO()
    await export(customers, FIELDS, once_more, lambda _: None)
    assert once_more.getvalue() == out.getvalue()
