"""Importing a list of leads: a table's rows become leads, those that cannot are told with line and reason.

Knows which columns there are and how a row is read; knows no format of files and no SQL. Memory is bounded by a batch.
"""

import asyncio
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Final, Protocol

from callcenter.errors import ConfigurationError, Problem
from callcenter.geography.numbers import told
from callcenter.geography.parts import part_of, zones_of_part
from callcenter.model.lead import NUMBERS_MAX, LeadNumber
from callcenter.model.postcode import Postcodes, zones_of_postcode
from callcenter.postgres.lead_lists import ListWriter, NewLead
from callcenter.tables import Opened, Row, rows

BATCH_ROWS: Final = 5_000
TEXT_CHARS_MAX: Final = 1_000
CUSTOM_MAX: Final = 60
PRIORITY_MAX: Final = 1_000_000
NUMBER_COLUMNS: Final = ("number", "phone", "telephone", "mobile", "cell", "home", "work", "office", "other")
"""Columns of numbers; several of one name end in digits (phone_2). The name is the number's label."""
_PRIORITY: Final = re.compile(r"-?[0-9]{1,7}")
POSTCODE_COLUMNS: Final = ("postcode", "postal_code", "zip", "zip_code", "plz")
"""Fields of one's own, which tell time zones where the configuration has a table of postcodes."""
NO_POSTCODES: Final[Postcodes] = {}
PLAIN_COLUMNS: Final = ("name", "reference", "priority", "zone", "state", "country")


class Progress(Protocol):
    """Somebody who shows how far it is."""

    def step(self, name: str, done: int, total: int) -> None:
        """`done` of `total`, in any unit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What each column is: a column of numbers by its label, a plain one, a custom one; "" is passed over."""

    numbers: tuple[tuple[int, str], ...]
    plain: Mapping[str, int]
    custom: tuple[tuple[int, str], ...]
    postcode: int | None = None  # the custom one that tells a time zone, if the configuration knows it


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did."""

    rows: int = 0
    leads: int = 0
    refused: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """A row that was left out."""

    line: int
    what: str
    values: tuple[str, ...] = field(default=())


def shape_of(header: Sequence[str], mapping: Mapping[str, str]) -> Shape:
    """What the columns are, by their names or as `mapping` says (column -> name; "-" passes it over).

    Raises ConfigurationError if there is no column of numbers, or a name is there twice.
    """
    wanted = {_plain(name): what for name, what in mapping.items()}
    problems = [_wrong(f"no column is called {name!r}") for name in mapping if _plain(name) not in map(_plain, header)]
    numbers: list[tuple[int, str]] = []
    plain: dict[str, int] = {}
    custom: list[tuple[int, str]] = []
    for at, name in enumerate(header):
        what = wanted.get(_plain(name), _plain(name))
        label = what.rstrip("0123456789").rstrip("_")
        if what in ("-", ""):
            continue
        if label in NUMBER_COLUMNS:
            numbers.append((at, label))
        elif what in PLAIN_COLUMNS:
            if what in plain:
                problems.append(_wrong(f"{what} is there twice"))
            plain[what] = at
        elif what in (one for _, one in custom):
            problems.append(_wrong(f"{what[:40]} is there twice"))
        else:
            custom.append((at, what))
    if not numbers:
        remedy = f"one of {', '.join(NUMBER_COLUMNS)}, or --map COLUMN=number"
        problems.append(Problem(where="header", what="there is no column of numbers", remedy=remedy))
    if len(numbers) > NUMBERS_MAX:
        problems.append(_wrong(f"{len(numbers)} columns of numbers; at most {NUMBERS_MAX}"))
    if len(custom) > CUSTOM_MAX:
        problems.append(_wrong(f"{len(custom)} columns of your own; at most {CUSTOM_MAX}"))
    if problems:
        raise ConfigurationError(problems)
    postcode = next((at for at, what in custom if what in POSTCODE_COLUMNS), None)
    return Shape(numbers=tuple(numbers), plain=plain, custom=tuple(custom), postcode=postcode)


def lead_of(row: Row, shape: Shape, region: str, postcodes: Postcodes = NO_POSTCODES) -> NewLead | RowError:
    """The lead that a row is, or why it is none. Numbers without a country code are read as in `region`."""
    if row.problem:
        return RowError(line=row.line, what=row.problem)
    values = row.values

    def cell(at: int | None) -> str:
        return values[at].strip() if at is not None and at < len(values) else ""

    what = _unfit(values)
    plain = {name: cell(at) for name, at in shape.plain.items()}
    country = plain.get("country", "").upper() or region
    numbers, problems = _numbers(((label, cell(at)) for at, label in shape.numbers), country)
    zone, priority = plain.get("zone", ""), plain.get("priority", "") or "0"
    if what:
        pass
    elif not numbers:
        what = "; ".join(problems) or "no number"
    elif zone and zone not in _zones():
        what = f"there is no time zone {zone[:40]}"
    elif not _PRIORITY.fullmatch(priority) or abs(int(priority)) > PRIORITY_MAX:
        what = f"the priority {priority[:20]} is no whole number up to {PRIORITY_MAX}"
    if what:
        return RowError(line=row.line, what=what, values=values)
    where = plain.get("country", "").upper() or numbers[0][0].region
    part = part_of(where, plain.get("state", ""))
    known = [
        *(zone for _, zones in numbers for zone in zones),
        *zones_of_part(where, part),
        *zones_of_postcode(postcodes, where, cell(shape.postcode)),
    ]
    return NewLead(
        line=row.line,
        numbers=tuple(number for number, _ in numbers),
        name=plain.get("name", ""),
        reference=plain.get("reference", ""),
        priority=int(priority),
        zone=zone,
        zones=tuple(sorted({*known, *([zone] if zone else [])})),
        part=part,
        custom={name: text for at, name in shape.custom if (text := cell(at))},
    )


def _unfit(values: Sequence[str]) -> str:
    if any(len(value) > TEXT_CHARS_MAX for value in values):
        return f"a text is longer than {TEXT_CHARS_MAX} characters"
    if any("\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value) for value in values):
        return "holds a character that no text has"
    return ""


def _numbers(
    cells: Iterable[tuple[str, str]], region: str
) -> tuple[list[tuple[LeadNumber, tuple[str, ...]]], list[str]]:
    """The numbers that can be dialled, each once, with their zones; and what is wrong with the others."""
    found: list[tuple[LeadNumber, tuple[str, ...]]] = []
    problems: list[str] = []
    for label, text in cells:
        if not text:
            continue
        tells = told(text, region)
        if tells.problem:
            problems.append(f"{label} {text[:40]}: {tells.problem}")
        elif all(tells.e164 != number.number for number, _ in found):
            number = LeadNumber(
                n=len(found) + 1, number=tells.e164, label=label, region=tells.region, line=str(tells.type)
            )
            found.append((number, tells.zones))
    return found, problems


async def import_leads(
    opened: Opened,
    writer: ListWriter,
    *,
    region: str,
    mapping: Mapping[str, str],
    progress: Progress,
    tell: Callable[[RowError], None],
    postcodes: Postcodes = NO_POSTCODES,
) -> Imported:
    """Import a whole file. Raises ConfigurationError for a header that cannot be used, before anything is written."""
    shape = shape_of(opened.header, mapping)
    await writer.begin(region)
    done = Imported()
    source = rows(opened)
    while batch := await asyncio.to_thread(_batch, source):
        leads: list[NewLead] = []
        refused = 0
        for row in batch:
            made = lead_of(row, shape, region, postcodes)
            if isinstance(made, RowError):
                refused += 1
                tell(made)
            else:
                leads.append(made)
        left = await writer.write(leads, refused)
        for lead, number in left:
            tell(RowError(line=lead.line, what=f"{number} is there already"))
        done.rows += len(batch)
        done.leads += len(leads) - len(left)
        done.refused += refused
        done.duplicates += len(left)
        progress.step(opened.path.name, min(batch[-1].done, opened.size), opened.size + 1)
    progress.step(opened.path.name, opened.size + 1, opened.size + 1)
    return done


def _batch(source: Iterator[Row]) -> list[Row]:
    return list(islice(source, BATCH_ROWS))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().split())


def _wrong(what: str) -> Problem:
    return Problem(where="header", what=what)
