"""Customers out of a CSV file into Postgres, in batches. Knows what a column means and who is whom; knows no screen.

Who is whom: the customer with the same reference; else the one who has one of the row's numbers. A row whose reference
and numbers lead to two different customers is an error, and so is one without either, since nothing would tell it from
the next import's. The same rule holds among the rows of the file, in their order: what a later row says holds. What a
row leaves empty stays as it was. So a file that is imported twice changes nothing the second time.

`do_not_call` is only ever set: a file that does not know of somebody's wish must not undo it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import asyncpg
import msgspec

from callcenter.customers.numbers import kept_form
from callcenter.customers.reading import Opened, Row, columns, rows
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.form_field import FieldType, FormField
from callcenter.model.numbers import Numbering
from callcenter.nodes.fields import LANGUAGE_PATTERN
from callcenter.postgres.customers import NAME_CHARS_MAX, NOTE_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX
from callcenter.postgres.pool import Borrowed, Pool, changing
from callcenter.postgres.queries import sql

BATCH_ROWS: Final = 2_000
PROBLEMS_MAX: Final = 1_000_000
OWN_COLUMNS: Final = (
    "reference",
    "name",
    "language",
    "number",
    "email",
    "address",
    "tags",
    "vip",
    "do_not_call",
    "note",
)
TAG_SEPARATORS: Final = ";|"
ESCAPED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What an export puts a ' before, and an import takes it away again: a spreadsheet would take it for a formula."""
_YES_NO: Final = FormField(type=FieldType.YES_NO)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why a row was not imported. `column` is its name in the file; "": the row."""

    line: int
    column: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of an import."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    refused: int = 0
    not_to_be_called: int = 0  # who are newly so
    plain_numbers: int = 0  # that are no number of any country, and kept as the core compares them


@dataclass(slots=True, kw_only=True)
class _Person:
    """What one row says, or several of one customer."""

    line: int
    reference: str = ""
    name: str = ""
    language: str = ""
    numbers: dict[str, str] = field(default_factory=dict)  # kept form -> as it was written
    addresses: dict[tuple[str, str], None] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    vip: bool | None = None
    do_not_call: bool = False
    notes: dict[str, None] = field(default_factory=dict)

    def take(self, later: "_Person") -> None:
        """A later row of the same customer."""
        self.reference = later.reference or self.reference
        self.name = later.name or self.name
        self.language = later.language or self.language
        for number, raw in later.numbers.items():
            self.numbers.setdefault(number, raw)
        self.addresses |= later.addresses
        self.fields |= later.fields
        self.tags |= later.tags
        self.vip = self.vip if later.vip is None else later.vip
        self.do_not_call = self.do_not_call or later.do_not_call
        self.notes |= later.notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a file is read: what its columns are, the fields there are, and how numbers are written here."""

    opened: Opened
    columns: tuple[str, ...]
    fields: Mapping[str, FormField]
    numbering: Numbering


def plan(opened: Opened, mapping: dict[str, str], fields: Mapping[str, FormField], numbering: Numbering) -> Plan:
    """What the columns are. Raises ConfigurationError with all that is wrong with the header."""
    known = (*OWN_COLUMNS, *(name for name in fields if name not in OWN_COLUMNS))
    found, problems = columns(opened.header, mapping, known)
    if not problems and not {"reference", "number"} & set(found):
        problems = ["there is neither a column `number` nor `reference`: nothing tells the customers apart"]
    if problems:
        where = f"{opened.path}:1"
        raise ConfigurationError([Problem(where=where, what=what) for what in problems])
    return Plan(opened=opened, columns=found, fields=fields, numbering=numbering)


async def run(
    pool: Pool,
    planned: Plan,
    *,
    dry: bool,
    source: str,
    refuse: Callable[[RowProblem], None],
    progress: Callable[[int], None],
) -> Result:
    """Import the file. `dry`: do it all, and take it back. `refuse` hears of each problem, `progress` of bytes read.

    Without `dry` each batch is a transaction of its own: after a failure, import the file again.
    """
    result = Result()
    batches = _batches(planned)
    if dry:
        try:
            async with changing(pool) as connection:
                for batch in batches:
                    await _take(connection, planned, batch, result, source, refuse)
                    progress(batch[-1].done)
                raise _TakenBack
        except _TakenBack:
            return result
    for batch in batches:
        async with changing(pool) as connection:
            await _take(connection, planned, batch, result, source, refuse)
        progress(batch[-1].done)
    return result


class _TakenBack(Exception):  # never leaves this module
    pass


def _batches(planned: Plan) -> Iterator[list[Row]]:
    source = rows(planned.opened)
    while batch := list(islice(source, BATCH_ROWS)):
        yield batch


async def _take(
    connection: Borrowed,
    planned: Plan,
    batch: Sequence[Row],
    result: Result,
    source: str,
    refuse: Callable[[RowProblem], None],
) -> None:
    """One batch: read, told apart, written."""
    read: list[_Person] = []
    wrong: list[RowProblem] = []
    for row in batch:
        result.rows += 1
        person, problems = _person(planned, row)
        wrong += problems
        if not problems:
            read.append(person)
    known = await _known(connection, read)
    found, clashes = _told_apart(read, known)
    wrong += clashes
    for problem in sorted(wrong, key=lambda one: one.line):
        refuse(problem)
    result.refused += len({problem.line for problem in wrong})
    result.plain_numbers += sum(not number.startswith("+") for person, _ in found for number in person.numbers)
    await _write(connection, found, result, source)


async def _known(connection: Borrowed, people: Iterable[_Person]) -> dict[tuple[str, str], int]:
    """Whose the references and numbers are that the database has."""
    listed = list(people)
    references = sorted({one.reference for one in listed if one.reference})
    numbers = sorted({number for one in listed for number in one.numbers})
    records = await connection.fetch(sql("customers.known"), references, numbers)
    return {(one["what"], one["value"]): one["customer"] for one in records}


def _told_apart(
    people: Sequence[_Person], known: Mapping[tuple[str, str], int]
) -> tuple[list[tuple[_Person, int | None]], list[RowProblem]]:
    """The customers of a batch, each with her id or None, and the rows that are of two at once."""
    owners: dict[tuple[str, str], int] = {}  # reference or number -> place in `found`
    of_id: dict[int, int] = {}
    found: list[tuple[_Person, int | None]] = []
    problems: list[RowProblem] = []
    for person in people:
        keys = [*([("reference", person.reference)] if person.reference else [])]
        keys += [("number", number) for number in person.numbers]
        ids = dict.fromkeys(known[key] for key in keys if key in known)
        places = dict.fromkeys(owners[key] for key in keys if key in owners)
        places |= dict.fromkeys(of_id[one] for one in ids if one in of_id)
        ids |= dict.fromkeys(one for place in places if (one := found[place][1]) is not None)
        if len(ids) > 1 or len(places) > 1:
            named = " and ".join(f"customer {one}" for one in list(ids)[:2])
            lines = " and ".join(f"line {found[place][0].line}" for place in list(places)[:2])
            reason = f"its reference and numbers are of {named if len(ids) > 1 else lines}"
            problems.append(RowProblem(line=person.line, column="", reason=reason))
            continue
        place, customer = next(iter(places), None), next(iter(ids), None)
        if place is None:
            place = len(found)
            found.append((person, customer))
        else:
            first, was = found[place]
            if person.reference and first.reference and person.reference != first.reference:
                reason = f"has another reference than line {first.line}, and the same number"
                problems.append(RowProblem(line=person.line, column="", reason=reason))
                continue
            first.take(person)
            found[place] = (first, was if was is not None else customer)
        owners.update(dict.fromkeys(keys, place))
        if customer is not None:
            of_id[customer] = place
    return found, problems


async def _write(
    connection: Borrowed, found: Sequence[tuple[_Person, int | None]], result: Result, source: str
) -> None:
    new = [person for person, customer in found if customer is None]
    ids = [one[0] for one in await connection.fetch(sql("customers.next_ids"), len(new))] if new else []
    fresh = iter(ids)
    whole = [(person, next(fresh) if customer is None else customer) for person, customer in found]
    old = [(person, customer) for person, customer in found if customer is not None]
    stopped = await _stopped(connection, whole, set(ids))
    if new:
        await connection.copy_records_to_table(
            "customer",
            columns=_COPIED,
            records=[_copied(person, one, source) for person, one in zip(new, ids, strict=True)],
        )
    if old:
        values = [_said(person, customer) for person, customer in old]
        await connection.execute(sql("customers.import_known"), *map(list, zip(*values, strict=True)), source)
    numbers = [
        (number, raw, customer, place)
        for person, customer in whole
        for place, (number, raw) in enumerate(person.numbers.items(), 1)
    ]
    if numbers:
        await connection.execute(sql("customers.import_numbers"), *map(list, zip(*numbers, strict=True)))
    addresses = [(customer, kind, text) for person, customer in whole for kind, text in person.addresses]
    if addresses:
        await connection.execute(sql("customers.import_addresses"), *map(list, zip(*addresses, strict=True)))
    notes = [(customer, note) for person, customer in whole for note in person.notes]
    if notes:
        await connection.execute(sql("customers.import_notes"), *map(list, zip(*notes, strict=True)), source)
    if stopped:
        what = f"must not be called ({source})"
        await connection.execute(sql("customers.import_stopped"), stopped, source, what)
    result.added += len(new)
    result.changed += len(old)
    result.not_to_be_called += len(stopped)


async def _stopped(connection: Borrowed, whole: Sequence[tuple[_Person, int]], new: set[int]) -> list[int]:
    """Who must not be called from now on, and was not so before."""
    wanted = [customer for person, customer in whole if person.do_not_call]
    known = [customer for customer in wanted if customer not in new]
    before: set[int] = set()
    if known:
        records: list[asyncpg.Record] = await connection.fetch(sql("customers.stopped_of"), known)
        before = {one["id"] for one in records}
    return [customer for customer in wanted if customer not in before]


_COPIED: Final = (
    "id", "reference", "name", "language", "fields", "tags", "vip", "do_not_call", "do_not_call_source",
    "do_not_call_since",
)  # fmt: skip


def _copied(person: _Person, customer: int, source: str) -> tuple[object, ...]:
    from datetime import UTC, datetime

    stopped = person.do_not_call
    return (
        customer, person.reference or None, person.name, person.language, _json(person.fields), sorted(person.tags),
        bool(person.vip), stopped, source if stopped else "", datetime.now(UTC) if stopped else None,
    )  # fmt: skip


def _said(person: _Person, customer: int) -> tuple[object, ...]:
    return (
        customer, person.reference, person.name, person.language, _json(person.fields), "\n".join(sorted(person.tags)),
        person.vip, person.do_not_call,
    )  # fmt: skip


def _json(fields: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(fields)).decode()


# -- one row -----------------------------------------------------------------------------------------------------------


def _person(planned: Plan, row: Row) -> tuple[_Person, list[RowProblem]]:
    """What a row says, and all that is wrong with it."""
    person = _Person(line=row.line)
    if row.problem:
        return person, [RowProblem(line=row.line, column="", reason=row.problem)]
    header = planned.opened.header
    if len(row.values) > len(header) and any(row.values[len(header) :]):
        reason = f"{len(row.values)} fields; the header has {len(header)}"
        return person, [RowProblem(line=row.line, column="", reason=reason)]
    problems = []
    for name, column, value in zip(header, planned.columns, row.values, strict=False):
        text = unescaped(value).strip()
        if column and text and (reason := _filled(planned, person, column, text)):
            problems.append(RowProblem(line=row.line, column=name, reason=reason))
    if not problems and not person.reference and not person.numbers:
        reason = "neither a reference nor a number: nothing tells her from others"
        problems.append(RowProblem(line=row.line, column="", reason=reason))
    return person, problems


def _filled(planned: Plan, person: _Person, column: str, text: str) -> str:  # noqa: C901 (one arm per column)
    """Put one value into the person; gives what is wrong, or ""."""
    if column in planned.fields:
        value, wrong = planned.fields[column].read(text)
        if value:
            person.fields[column] = value
        return wrong
    most = {"note": NOTE_CHARS_MAX, "email": TEXT_CHARS_MAX, "address": TEXT_CHARS_MAX}.get(column, NAME_CHARS_MAX)
    if len(text) > most and column != "tags":
        return f"{len(text):,} characters; at most {most}"
    match column:
        case "number":
            kept = kept_form(text, planned.numbering)
            if not kept:
                return "is not a telephone number"
            person.numbers.setdefault(kept, text)
        case "email" | "address":
            person.addresses[column, text] = None
        case "tags":
            return _tags(person, text)
        case "vip" | "do_not_call":
            value, wrong = _YES_NO.read(text)
            if column == "vip":
                person.vip = value == "yes" if not wrong else None
            else:
                person.do_not_call = value == "yes"
            return wrong
        case "language":
            if not LANGUAGE_PATTERN.fullmatch(text):
                return "is not a language: a tag such as en or vi"
            person.language = text
        case "note":
            person.notes[text] = None
        case "name":
            person.name = " ".join(text.split())
        case _:
            person.reference = text
    return ""


def _tags(person: _Person, text: str) -> str:
    for sign in TAG_SEPARATORS[1:]:
        text = text.replace(sign, TAG_SEPARATORS[0])
    for tag in text.split(TAG_SEPARATORS[0]):
        plain = " ".join(tag.split())
        if len(plain) > TAG_CHARS_MAX:
            return f"a tag has {len(plain)} characters; at most {TAG_CHARS_MAX}"
        if plain:
            person.tags[plain] = None
    return f"more than {TAGS_MAX} tags" if len(person.tags) > TAGS_MAX else ""


def unescaped(value: str) -> str:
    """A value without the ' that an export put before it."""
    return value[1:] if value.startswith("'") and value[1:2] in ESCAPED and value[1:2] else value


def escaped(value: str) -> str:
    """A value that a spreadsheet takes for a text and not for a formula."""
    return f"'{value}" if value.startswith(ESCAPED) else value
