"""Customers as CSV: every column that an import reads, and in its order. Knows the file; knows no screen.

A value that a spreadsheet would take for a formula gets a ' before it, which an import takes away again: what is
exported, and imported elsewhere, is the same.
"""

import csv
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from callcenter.customers.importing import escaped
from callcenter.model.form_field import FormField
from callcenter.postgres.customers import Customers

NUMBER_COLUMNS_MAX: Final = 5
ADDRESS_COLUMNS_MAX: Final = 2
EVERY: Final = 1_000


def header(fields: Mapping[str, FormField]) -> list[str]:
    """The names of the columns."""
    return [
        "reference", "name", "language", *_numbered("number", NUMBER_COLUMNS_MAX),
        *_numbered("email", ADDRESS_COLUMNS_MAX), *_numbered("address", ADDRESS_COLUMNS_MAX), "tags", "vip",
        "do_not_call", *fields,
    ]  # fmt: skip


async def export(
    customers: Customers, fields: Mapping[str, FormField], out: TextIO, progress: Callable[[int], None]
) -> tuple[int, int]:
    """Write everybody; gives how many, and of how many not all numbers and addresses found room."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header(fields))
    written = cut = 0
    async for one, numbers, emails, addresses in customers.all():
        row = [
            one.reference, one.name, one.language, *_filled(numbers, NUMBER_COLUMNS_MAX),
            *_filled(emails, ADDRESS_COLUMNS_MAX), *_filled(addresses, ADDRESS_COLUMNS_MAX), ";".join(one.tags),
            _said(one.vip), _said(one.do_not_call), *(one.fields.get(name, "") for name in fields),
        ]  # fmt: skip
        writer.writerow([escaped(value) for value in row])
        written += 1
        cut += len(numbers) > NUMBER_COLUMNS_MAX or max(len(emails), len(addresses)) > ADDRESS_COLUMNS_MAX
        if written % EVERY == 0:
            progress(written)
    return written, cut


def _numbered(name: str, most: int) -> list[str]:
    return [name, *(f"{name}_{at}" for at in range(2, most + 1))]


def _filled(values: tuple[str, ...], most: int) -> list[str]:
    return [*values[:most], *[""] * (most - len(values))]


def _said(value: bool) -> str:
    return "yes" if value else "no"
