"""law/<name>.yaml: packs of rules for calling people. Knows how a pack is written; knows no country and judges nothing.

Packs come with the program (callcenter/law_packs); a folder of a house's own may add some, and one that has the name of
ours stands in for it. A rule without a source is a mistake: nobody could say later why a call was refused.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from callcenter.config.calendars import read_hours, read_spans
from callcenter.config.fields import NAME_PATTERN, matching, read_with, region_remedy
from callcenter.config.form import Form
from callcenter.config.sheet import Names, Sheet, did_you_mean, shown
from callcenter.config.tree import Rows, Table, read_tree
from callcenter.errors import ConfigurationError, Problem
from callcenter.geography.regions import is_region
from callcenter.model.calendar import Hours
from callcenter.model.law import (
    DAY_S,
    AfterDrop,
    AttemptLimit,
    CallerIdRequired,
    CallingHours,
    ConsentRule,
    DropLimit,
    DropMessage,
    LawPack,
    RefusedPrefix,
    RegisterRule,
    RingLeast,
    Rule,
    Source,
)

LAW: Final = "law/"
"""Packs of a configuration's own are law/<name>.yaml."""
SUFFIX: Final = ".yaml"
SHIPPED: Final = "law_packs"
PACK_KEYS: Final = ("title", "version", "from", "until", "regions", "law", "sources", "rules")
HOURS_KEYS: Final = ("rule", "source", "open", "on_holidays")
HOURS: Final = "hours"
RULE: Final = "rule"
DROP_WINDOWS_S: Final = (DAY_S, 30 * DAY_S)
"""In others nobody counts, so that such a rule would hold for nobody."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PREFIX: Final = matching(re.compile(r"\+[0-9]{1,15}"), "a prefix", "+ and digits: +1900")


@cache
def _forms() -> Mapping[str, Form[Any]]:
    """How each kind of rule but the hours is read."""
    plain: dict[str, type[Rule]] = {
        "attempts": AttemptLimit,
        "register": RegisterRule,
        "consent": ConsentRule,
        "ring": RingLeast,
        "caller_id": CallerIdRequired,
        "drops": DropLimit,
        "drop_message": DropMessage,
        "after_drop": AfterDrop,
    }
    forms: dict[str, Form[Any]] = {name: Form(cls, ignored=(RULE,)) for name, cls in plain.items()}
    prefixes = {"prefixes": tuple[read_with(_PREFIX), ...]}  # type: ignore[misc]
    forms["prefix"] = Form(RefusedPrefix, ignored=(RULE,), instead=prefixes)
    return forms


@cache
def _source_form() -> Form[Source]:
    return Form(Source)


@cache
def shipped_packs() -> Mapping[str, LawPack]:
    """The packs that come with the program, by name. They are part of it, and read once."""
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((files("callcenter") / SHIPPED).iterdir(), key=lambda path: path.name)
        if path.name.endswith(SUFFIX)
    }
    return MappingProxyType(read_packs(texts))


def load_packs(folder: Path | None = None) -> Mapping[str, LawPack]:
    """The packs of the program, and those of `folder` (a configuration's) in their stead.

    Raises ConfigurationError with everything that is wrong in the folder's.
    """
    own = {} if folder is None else {path.name: path for path in sorted((folder / LAW).glob(f"*{SUFFIX}"))}
    try:
        texts = {name: path.read_text(encoding="utf-8") for name, path in own.items()}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem(where=LAW, what=f"cannot be read: {error}")]) from error
    return {**shipped_packs(), **read_packs(texts)}


def read_packs(texts: Mapping[str, str]) -> Mapping[str, LawPack]:
    """Packs from file name -> text. Raises ConfigurationError with everything that is wrong in them."""
    packs: dict[str, LawPack] = {}
    problems: list[Problem] = []
    for file, text in sorted(texts.items()):
        pack, wrong = read_pack(file, text)
        problems += wrong
        if pack is not None:
            packs[pack.name] = pack
    if problems:
        raise ConfigurationError(problems)
    return packs


def read_pack(file: str, text: str) -> tuple[LawPack | None, list[Problem]]:
    """One pack, as far as it can be read, and what is wrong with it."""
    tree = read_tree(file, text)
    sheet = Sheet(tree=tree, names=Names())
    if tree.root is None and tree.problems:
        return None, list(tree.problems)
    pack = _pack(sheet, file.removesuffix(SUFFIX).rpartition("/")[2], text)
    return pack, [*tree.problems, *sheet.problems]


def _pack(sheet: Sheet, name: str, text: str) -> LawPack:
    table = sheet.table((), sheet.tree.root)
    sheet.only(table, PACK_KEYS)
    if not NAME_PATTERN.fullmatch(name):
        sheet.wrong((), f"{shown(name)} cannot name a pack", "a letter, then letters, digits, _ and -")
    sources = _sources(sheet, table)
    law = table.get("law", True)
    if not isinstance(law, bool):
        sheet.wrong(("law",), f"{shown(law)} is neither true nor false")
    return LawPack(
        name=name,
        title=_text(sheet, table, "title"),
        version=_text(sheet, table, "version"),
        rules=_rules(sheet, table, sources),
        sources=sources,
        regions=_regions(sheet, table),
        law=law is True,
        valid_from=_day(sheet, table, "from") or 0.0,
        valid_until=_day(sheet, table, "until"),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


def _text(sheet: Sheet, table: Table, key: str) -> str:
    value = table.get(key)
    text = str(getattr(value, "written", value))
    if not isinstance(value, str) or not text.strip():
        sheet.wrong((key,) if key in table else (), f"`{key}` is missing" if value is None else "expected a text")
    return text


def _day(sheet: Sheet, table: Table, key: str) -> float | None:
    """The beginning of a date, UTC seconds."""
    value = table.get(key)
    if value is None:
        return None
    try:
        if not (isinstance(value, str) and _DATE.fullmatch(value)):
            raise ValueError
        return dt.datetime.combine(dt.date.fromisoformat(value), dt.time(), dt.UTC).timestamp()
    except ValueError:
        sheet.wrong((key,), f"{shown(value)} is not a date", "year-month-day, in quotes or not: 2027-02-06")
        return None


def _regions(sheet: Sheet, table: Table) -> tuple[str, ...]:
    value = table.get("regions")
    if value is None:
        if table.get("law", True):
            sheet.wrong((), "`regions` is missing", "the countries whose numbers are under it: [GB], or law: false")
        return ()
    found: list[str] = []
    for at, row in enumerate(value if isinstance(value, Rows) else [value]):
        if isinstance(row, str) and is_region(row):
            found.append(row)
        else:
            place = ("regions", at) if isinstance(value, Rows) else ("regions",)
            sheet.wrong(place, f"{shown(row)} is not a country's code", region_remedy(str(row)))
    return tuple(found)


def _sources(sheet: Sheet, table: Table) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, value in sheet.table(("sources",), table.get("sources")).items():
        source = _source_form().read(sheet, sheet.table(("sources", name), value))
        if source is not None:
            found[name] = source
    return found


def _rules(sheet: Sheet, table: Table, sources: Collection[str]) -> tuple[Rule, ...]:
    value = table.get("rules")
    if not isinstance(value, Rows) or not value:
        sheet.wrong(("rules",), "`rules` is missing: a pack without rules allows everything", at_key="rules" in table)
        return ()
    found: list[Rule] = []
    for at, row in enumerate(value):
        rule = _rule(sheet, sheet.table(("rules", at), row))
        if rule is None:
            continue
        if isinstance(rule, DropLimit) and rule.within_s not in DROP_WINDOWS_S:
            what = f"drops are counted in 24 hours and in 30 days, not in {rule.within_s:g} s"
            sheet.wrong(("rules", at, "within_s"), what, "86400 or 2592000")
        if rule.source not in sources:
            sheet.wrong(("rules", at, "source"), f"no source {shown(rule.source)}", did_you_mean(rule.source, sources))
        found.append(rule)
    return tuple(found)


def _rule(sheet: Sheet, table: Table) -> Rule | None:
    kind = table.get(RULE)
    if kind == HOURS:
        return _hours(sheet, table)
    form = _forms().get(kind) if isinstance(kind, str) else None
    if form is None:
        sheet.wrong((*table.path, RULE), f"no rule {shown(kind)}", did_you_mean(str(kind), [HOURS, *_forms()]))
        return None
    rule: Rule | None = form.read(sheet, table)
    return rule


def _hours(sheet: Sheet, table: Table) -> CallingHours:
    sheet.only(table, HOURS_KEYS)
    written = table.get("on_holidays")
    on_holidays = None if written is None else tuple(read_hours(sheet, (*table.path, "on_holidays"), written))
    for start, end in on_holidays or ():
        if start >= end:
            sheet.wrong((*table.path, "on_holidays"), "hours past midnight are not possible here")
    source = table.get("source")
    return CallingHours(
        source=source if isinstance(source, str) else "",
        hours=Hours(spans=read_spans(sheet, table), on_holidays=on_holidays),
    )
