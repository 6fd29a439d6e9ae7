"""Fields that people fill in (of customers, of dispositions), as they are written in YAML: name -> type and bounds."""

from functools import cache
from typing import Final

from callcenter.config.form import Form
from callcenter.config.sheet import Sheet, shown
from callcenter.config.tree import Path, Value
from callcenter.model.form_field import FIELD_CHARS_MAX, FIELDS_MAX, FormField
from callcenter.nodes.fields import VARIABLE_PATTERN

REMEDY: Final = "lower-case letters, digits and _, such as account_2"


@cache
def _field_form() -> Form[FormField]:
    return Form(FormField)


def read_form_fields(sheet: Sheet, path: Path, value: Value) -> dict[str, FormField]:
    """The fields that can be used; the others' problems are on the sheet. Nothing written: no field."""
    table = sheet.table(path, value)
    if len(table) > FIELDS_MAX:
        sheet.wrong(path, f"{len(table)} fields; at most {FIELDS_MAX}", at_key=True)
    found: dict[str, FormField] = {}
    for name, inner in table.items():
        if not VARIABLE_PATTERN.fullmatch(name):
            sheet.wrong((*path, name), f"{shown(name)} cannot name a field", REMEDY, at_key=True)
        made = _field_form().read(sheet, sheet.table((*path, name), inner))
        if made is None:
            continue
        for at, option in enumerate(made.options):
            if not option.strip() or option != option.strip() or len(option) > FIELD_CHARS_MAX:
                sheet.wrong(
                    (*path, name, "options", at), f"{shown(option)} cannot be chosen", "a text without blanks around it"
                )
        found[name] = made
    return found
