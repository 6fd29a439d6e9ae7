"""`parking` in numbers.yaml: in which slots agents park calls. Knows its keys; knows no call."""

import re
from dataclasses import replace
from functools import cache
from typing import Any, Final

from pydantic import ValidationInfo

from callcenter.config.fields import matching, read_with, text_of
from callcenter.config.form import Form
from callcenter.config.sheet import Sheet, shown, wrong
from callcenter.config.tree import Value
from callcenter.core.parking import slot_flow
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Prompt
from callcenter.model.parking import SLOT, SLOT_FLOW, SLOT_PROMPT, Parking
from callcenter.nodes.fields import KEY_PATTERN, NUMBER_PATTERN

SLOTS_MAX: Final = 1_000
TOLD: Final = Prompt(
    name=SLOT_PROMPT,
    texts={
        "en": f"Parked in {{{{ {SLOT} | digits }}}}.",
        "vi": f"Cuộc gọi đang chờ ở số {{{{ {SLOT} | digits }}}}.",
    },
)
_RANGE: Final = re.compile(r"(\*?)([0-9]{1,6})-\*?([0-9]{1,6})")


@cache
def _form() -> Form[Parking]:
    return Form(
        Parking,
        instead={
            "slots": read_with(_slots),
            "number": read_with(matching(NUMBER_PATTERN, "a number", "+, digits, * and #")),
            "key": read_with(matching(KEY_PATTERN, "a key of a telephone", '0 to 9, "*" or "#"')),
        },
    )


def read_parking(sheet: Sheet, value: Value) -> Parking | None:
    """The slots; None if there are none, or they cannot be read. `value` is what stands under `parking`."""
    if value is None:
        return None
    table = sheet.table(("parking",), value)
    parking = _form().read(sheet, table)
    if parking is not None and parking.number in parking.slots:
        sheet.wrong(("parking", "number"), f"{shown(parking.number)} is a slot", "a number of its own")
    return parking


def with_parking(configuration: Configuration) -> Configuration:
    """The same, with what an agent hears who has parked a call; what is written by those names stands."""
    if configuration.parking is None:
        return configuration
    return replace(
        configuration,
        flows={SLOT_FLOW: slot_flow(TOLD), **configuration.flows},
        prompts={SLOT_PROMPT: TOLD, **configuration.prompts},
    )


def _slots(value: Any, _: ValidationInfo) -> tuple[str, ...]:
    text = text_of(value)
    found = _RANGE.fullmatch(text)
    if found is None or len(found[2]) != len(found[3]) or int(found[2]) > int(found[3]):
        raise wrong(f"{shown(text)} is no range of numbers", "as they are dialled: 701-720")
    first, last, width = int(found[2]), int(found[3]), len(found[2])
    if last - first >= SLOTS_MAX:
        raise wrong(f"{last - first + 1} slots", f"at most {SLOTS_MAX}")
    return tuple(f"{found[1]}{number:0{width}}" for number in range(first, last + 1))
