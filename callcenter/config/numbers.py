"""numbers.yaml: which flow answers which number, which outside numbers may be called, and how numbers are written here.

A dial pattern is Asterisk's without its underscore: digits stand for themselves, X is 0-9, Z 1-9, N 2-9, and a final
point is one or more digits. It becomes a regular expression that cannot take long, whatever it is compared with.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from callcenter.config.fields import matching, must_exist, read_with, text_of
from callcenter.config.form import Form
from callcenter.config.parking import read_parking
from callcenter.config.sheet import Sheet, shown, wrong
from callcenter.config.tree import Rows, Value
from callcenter.customers.numbers import is_country, prefixes
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.numbers import Numbering
from callcenter.model.parking import Parking
from callcenter.nodes.fields import NUMBER_PATTERN

KEYS: Final = (
    "numbers",
    "default",
    "forward_to",
    "callback_to",
    "numbering",
    "parking",
    "dial_out",
    "record_colleagues",
    "ring_in_use",
    "end_key",
)
_END_KEY: Final = re.compile(r"[0-9*#]{1,3}")
_DIGITS: Final = re.compile(r"[0-9]{0,4}")
_DIAL_PATTERN: Final = re.compile(r"\+?[0-9XZN*#]{1,32}\.?")
_CLASSES: Final = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9]+"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What numbers.yaml says. `forward_to` holds regular expressions."""

    numbers: dict[str, FlowName] = field(default_factory=dict)
    default: FlowName | None = None
    forward_to: tuple[str, ...] = ()
    callback_to: tuple[str, ...] = ()
    numbering: Numbering = field(default=Numbering())
    parking: Parking | None = None
    dial_out: QueueName | None = None
    record_colleagues: QueueName | None = None
    ring_in_use: bool = False
    end_key: str = ""


def read_numbers(sheet: Sheet) -> Numbers:
    """What can be used; the rest's problems are on the sheet."""
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    numbers: dict[str, FlowName] = {}
    for number, value in sheet.table(("numbers",), root.get("numbers")).items():
        if not NUMBER_PATTERN.fullmatch(number):
            sheet.wrong(("numbers", number), f"{shown(number)} cannot be dialled", "+, digits, * and #", at_key=True)
        flow = _flow(sheet, ("numbers", number), value)
        if flow is not None:
            numbers[number] = flow
    parking = read_parking(sheet, root.get("parking"))
    for number in (*parking.slots, parking.number) if parking is not None else ():
        if number in numbers:
            sheet.wrong(("numbers", number), "this is a place where calls are parked", "see `parking`", at_key=True)
    default = _flow(sheet, ("default",), root["default"]) if root.get("default") is not None else None
    return Numbers(
        numbers=numbers,
        default=default,
        forward_to=_patterns(sheet, "forward_to", root.get("forward_to")),
        callback_to=_patterns(sheet, "callback_to", root.get("callback_to")),
        numbering=_numbering(sheet, root.get("numbering")),
        parking=parking,
        dial_out=_queue(sheet, "dial_out", root.get("dial_out")),
        ring_in_use=_truth(sheet, "ring_in_use", root.get("ring_in_use")),
        record_colleagues=_queue(sheet, "record_colleagues", root.get("record_colleagues")),
        end_key=_end_key(sheet, root.get("end_key"), parking),
    )


def may_forward(number: str, forward_to: tuple[str, ...]) -> bool:
    """Whether a rule allows this number."""
    return any(re.fullmatch(pattern, number) for pattern in forward_to)


def dial_regex(pattern: str) -> str:
    """The regular expression of a dial pattern, anchored at both ends."""
    return r"\A" + "".join(_CLASSES.get(sign, re.escape(sign)) for sign in pattern) + r"\Z"


def _numbering(sheet: Sheet, value: Value) -> Numbering:
    digits = read_with(matching(_DIGITS, "a prefix", "up to 4 digits"))
    keys = ("country_code", "trunk_prefix", "international_prefix")
    form = Form(Numbering, instead={**dict.fromkeys(keys, digits), "country": read_with(_country)})
    table = sheet.table(("numbering",), value)
    found = form.read(sheet, table) or Numbering()
    if not found.country:
        return found
    own = prefixes(found.country)
    return replace(found, **{key: getattr(own, key) for key in keys if key not in table})


def _country(value: Any, _: ValidationInfo) -> str:
    text = text_of(value)
    if not is_country(text):
        raise wrong(f"{shown(text)} is not a country", "two capital letters (ISO 3166): VN, DE, US")
    return text


def _flow(sheet: Sheet, path: tuple[str, ...], value: Value) -> FlowName | None:
    try:
        return FlowName(must_exist(text_of(value), "flow", sheet.names.flows))
    except PydanticCustomError as error:
        context = error.context or {}
        sheet.wrong(path, context["what"], context["remedy"])
        return None


def _truth(sheet: Sheet, key: str, value: Value) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    sheet.wrong((key,), f"{shown(value)} is neither yes nor no", "true or false")
    return False


def _queue(sheet: Sheet, key: str, value: Value) -> QueueName | None:
    if value is None:
        return None
    try:
        return QueueName(must_exist(text_of(value), "queue", sheet.names.queues))
    except PydanticCustomError as error:
        context = error.context or {}
        sheet.wrong((key,), context["what"], context["remedy"])
        return None


def _end_key(sheet: Sheet, value: Value, parking: Parking | None) -> str:
    if value is None:
        return ""
    text = str(getattr(value, "written", value))
    if not _END_KEY.fullmatch(text):
        sheet.wrong(("end_key",), f"{shown(value)} are no keys of a telephone", '1 to 3 of 0 to 9, * and #: "*0"')
        return ""
    if parking is not None and parking.key is not None and parking.key in text:
        sheet.wrong(("end_key",), f"{shown(parking.key)} is in it, by which calls are parked", "other keys")
    return text


def _patterns(sheet: Sheet, key: str, value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, Rows):
        sheet.wrong((key,), f"expected a list of dial patterns, not {shown(value)}")
        return ()
    found: list[str] = []
    for at, row in enumerate(value):
        text = getattr(row, "written", row)
        if isinstance(text, str) and _DIAL_PATTERN.fullmatch(text):
            found.append(dial_regex(text))
        else:
            sheet.wrong(
                (key, at),
                f"{shown(row)} is not a dial pattern",
                "digits, X for any digit, Z for 1-9, N for 2-9, a final . for the rest: 09XXXXXXXX",
            )
    return tuple(found)
