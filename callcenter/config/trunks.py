"""trunks.yaml: the ways out, what guards them against fraud, and the numbers that are shown. Decides nothing.

trunks:
  main: {lines_max: 30, calls_per_s: 5, costs: {"+": 0.02, "+84": 0.01}}
guard: {regions: [VN], per_h: 2000}
caller_ids:
  hanoi:
    - {number: "+842412345678", regions: [VN], per_day_max: 200}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from callcenter.config.fields import NAME_PATTERN, country, matching, one_of, read_with
from callcenter.config.form import Form
from callcenter.config.sheet import Sheet, shown
from callcenter.config.tree import Path, Rows, Value
from callcenter.geography.numbers import NumberType
from callcenter.model.campaign import CallerNumber
from callcenter.model.law import NUMBER_PATTERN
from callcenter.model.trunk import PER_H_MAX, Guard, NumberFormat, Trunk

KEYS: Final = ("trunks", "guard", "caller_ids")
NUMBER: Final = "{number}"
_ENDPOINT: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9]*/[^\s&|,\"'\\`$()<>{}\x00-\x1f]*\{number\}[^\s&|,\"'\\`$()<>{}\x00-\x1f]*"
)
_PREFIX: Final = re.compile(r"\+[0-9]{0,15}")
_DIGITS: Final = re.compile(r"[0-9]{0,8}")
_CODE: Final = re.compile(r"[1-9][0-9]{0,2}|")
_E164: Final = re.compile(NUMBER_PATTERN)

_prefix: Final[Any] = read_with(matching(_PREFIX, "the beginning of numbers", "+ and digits: +84"))
_region: Final[Any] = read_with(country)
_number: Final[Any] = read_with(matching(_E164, "a number in E.164", "+ and all digits, in quotes"))
_line: Final[Any] = read_with(one_of(tuple(NumberType), "kind of line"))
_digits: Final[Any] = read_with(matching(_DIGITS, "digits"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysOut:
    """What trunks.yaml says."""

    trunks: Mapping[str, Trunk] = field(default_factory=dict)
    guard: Guard = field(default_factory=Guard)
    caller_ids: Mapping[str, tuple[CallerNumber, ...]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()  # also trunks that cannot be used: whoever names them makes no mistake


@cache
def trunk_form() -> Form[Trunk]:
    """How a trunk is read."""
    return Form(
        Trunk,
        given=("name",),
        instead={
            "dial": read_with(matching(_ENDPOINT, "an endpoint", "such as PJSIP/{number}@carrier")),
            "costs": Mapping[_prefix, float],
            "country_code": read_with(matching(_CODE, "a country code", 'digits, in quotes: "84"')),
            "trunk_prefix": _digits,
            "international_prefix": _digits,
            "dial_first": _digits,
        },
    )


@cache
def guard_form() -> Form[Guard]:
    """How the guard is read."""
    return Form(
        Guard,
        instead={
            "regions": tuple[_region, ...],
            "prefixes": tuple[_prefix, ...],
            "refused_prefixes": tuple[_prefix, ...],
            "refused_lines": tuple[_line, ...],
            "per_region_h": Mapping[_region, int],
        },
    )


@cache
def caller_form() -> Form[CallerNumber]:
    """How a number that is shown is read."""
    return Form(
        CallerNumber,
        instead={"number": _number, "regions": tuple[_region, ...], "prefixes": tuple[_prefix, ...]},
    )


def read_trunks(sheet: Sheet) -> WaysOut:
    """What can be used; the rest's problems are on the sheet."""
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    trunks: dict[str, Trunk] = {}
    for name, value in sheet.table(("trunks",), root.get("trunks")).items():
        _check_name(sheet, ("trunks", name), "a trunk")
        trunk = trunk_form().read(sheet, sheet.table(("trunks", name), value), name=name)
        if trunk is None:
            continue
        if trunk.format is NumberFormat.NATIONAL and not trunk.country_code:
            sheet.wrong(("trunks", name), "national numbers need `country_code`", at_key=True)
        for prefix, cost in trunk.costs.items():
            if cost < 0:
                sheet.wrong(("trunks", name, "costs", prefix), "a cost is not below 0")
        trunks[name] = trunk
    written = sheet.table(("guard",), root.get("guard"))
    guard = guard_form().read(sheet, written)
    for region, limit in (guard.per_region_h if guard is not None else {}).items():
        if not 1 <= limit <= PER_H_MAX:
            sheet.wrong(("guard", "per_region_h", region), f"at least 1 and at most {PER_H_MAX}")
    if trunks and guard is not None and not guard.regions and not guard.prefixes:
        sheet.wrong(("trunks",), "no country may be called", "guard: {regions: [VN]}", at_key=True)
    pools = sheet.table(("caller_ids",), root.get("caller_ids"))
    return WaysOut(
        named=frozenset(sheet.table(("trunks",), root.get("trunks"))),
        trunks=trunks,
        guard=guard or guard_form().rest(sheet, written) or Guard(),  # what is refused stays refused
        caller_ids={name: _pool(sheet, ("caller_ids", name), value) for name, value in pools.items()},
    )


def _pool(sheet: Sheet, path: Path, value: Value) -> tuple[CallerNumber, ...]:
    _check_name(sheet, path, "a pool")
    if not isinstance(value, Rows) or not value:
        sheet.wrong(path, "expected a list of numbers", '- {number: "+84..."}')
        return ()
    found: list[CallerNumber] = []
    for at, row in enumerate(value):
        one = caller_form().read(sheet, sheet.table((*path, at), row))
        if one is None:
            continue
        if one.number in (other.number for other in found):
            sheet.wrong((*path, at, "number"), f"{one.number} is in the pool already")
        found.append(one)
    return tuple(found)


def _check_name(sheet: Sheet, path: Path, what: str) -> None:
    name = str(path[-1])
    if not NAME_PATTERN.fullmatch(name):
        sheet.wrong(path, f"{shown(name)} cannot name {what}", "a letter, then letters, digits, _ and -", at_key=True)
