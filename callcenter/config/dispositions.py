"""dispositions.yaml: trees of outcomes, by name. Knows how a tree is written; what is recorded by it is the engine's.

A group holds further outcomes (`outcomes`) and cannot be recorded itself; its outcomes have its code and theirs, with a
point between, and both labels.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from callcenter.config.fields import NAME_PATTERN
from callcenter.config.form import Form
from callcenter.config.form_fields import read_form_fields
from callcenter.config.sheet import Sheet, shown
from callcenter.config.tree import Path, Table, Value
from callcenter.model.disposition import CODE_SEPARATOR, DEPTH_MAX, OUTCOMES_MAX, Asked, DispositionTree, Outcome
from callcenter.model.ids import TreeName
from callcenter.nodes.fields import KEY_PATTERN

TREE_KEYS: Final = ("outcomes", "fields")
GROUP_KEYS: Final = ("label", "outcomes")
LABEL_CHARS_MAX: Final = 100
LABELS_BETWEEN: Final = " / "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """An outcome as it is written, without its fields."""

    label: str = ""
    key: str = ""
    callback: Asked = field(default=Asked.NO)
    note: Asked = field(default=Asked.ALLOWED)


@cache
def _leaf_form() -> Form[_Leaf]:
    return Form(_Leaf, ignored=("fields",))


def read_dispositions(sheet: Sheet) -> dict[TreeName, DispositionTree]:
    """Every tree that can be used; the others' problems are on the sheet."""
    found: dict[TreeName, DispositionTree] = {}
    for name, value in sheet.table((), sheet.tree.root).items():
        if not NAME_PATTERN.fullmatch(name):
            sheet.wrong(
                (name,), f"{shown(name)} cannot name a tree", "a letter, then letters, digits, _ and -", at_key=True
            )
        table = sheet.table((name,), value)
        sheet.only(table, TREE_KEYS)
        outcomes: dict[str, Outcome] = {}
        inner = sheet.table((name, "outcomes"), table.get("outcomes"))
        if not inner:
            sheet.wrong((name,), "a tree needs `outcomes`", at_key=True)
        _read_outcomes(sheet, inner, (), (), outcomes)
        if len(outcomes) > OUTCOMES_MAX:
            sheet.wrong((name, "outcomes"), f"{len(outcomes)} outcomes; at most {OUTCOMES_MAX}", at_key=True)
        fields = read_form_fields(sheet, (name, "fields"), table.get("fields"))
        found[TreeName(name)] = DispositionTree(name=TreeName(name), outcomes=outcomes, fields=fields)
    return found


def _read_outcomes(
    sheet: Sheet, table: Table, codes: tuple[str, ...], labels: tuple[str, ...], found: dict[str, Outcome]
) -> None:
    for name, value in table.items():
        path: Path = (*table.path, name)
        if not NAME_PATTERN.fullmatch(name):
            sheet.wrong(
                path, f"{shown(name)} cannot name an outcome", "a letter, then letters, digits, _ and -", at_key=True
            )
        if len(codes) >= DEPTH_MAX:
            sheet.wrong(path, f"at most {DEPTH_MAX} levels", at_key=True)
            return
        inner = sheet.table(path, value)
        label = _label(sheet, path, inner.get("label"), name)
        if "outcomes" in inner:
            sheet.only(inner, GROUP_KEYS)
            below = sheet.table((*path, "outcomes"), inner["outcomes"])
            if not below:
                sheet.wrong((*path, "outcomes"), "there are no outcomes in it", at_key=True)
            _read_outcomes(sheet, below, (*codes, name), (*labels, label), found)
        else:
            _read_leaf(sheet, inner, CODE_SEPARATOR.join((*codes, name)), LABELS_BETWEEN.join((*labels, label)), found)


def _read_leaf(sheet: Sheet, table: Table, code: str, label: str, found: dict[str, Outcome]) -> None:
    leaf = _leaf_form().read(sheet, table)
    fields = read_form_fields(sheet, (*table.path, "fields"), table.get("fields"))
    if leaf is None:
        return
    if leaf.key and not KEY_PATTERN.fullmatch(leaf.key):
        sheet.wrong((*table.path, "key"), f"{shown(leaf.key)} is not a key of a telephone", "0 to 9")
    taken = next((other for other, one in found.items() if leaf.key and one.key == leaf.key), "")
    if taken:
        sheet.wrong((*table.path, "key"), f"the key {leaf.key} is that of {taken} already")
    needed = leaf.note is Asked.REQUIRED or leaf.callback is Asked.REQUIRED
    needed = needed or any(one.required for one in fields.values())
    if leaf.key and needed:
        what = "something must be filled in with it, which no key of a telephone can do"
        sheet.wrong((*table.path, "key"), what, "leave out `key`")
    found[code] = Outcome(label=label, key=leaf.key, callback=leaf.callback, note=leaf.note, fields=fields)


def _label(sheet: Sheet, path: Path, value: Value, name: str) -> str:
    if value is None:
        return name.replace("_", " ").capitalize()
    text = str(getattr(value, "written", value)).strip()
    if isinstance(value, Table | list | bool) or not 0 < len(text) <= LABEL_CHARS_MAX or not text.isprintable():
        sheet.wrong(
            (*path, "label"), f"expected a short text, not {shown(value)}", f"at most {LABEL_CHARS_MAX} characters"
        )
    return text
