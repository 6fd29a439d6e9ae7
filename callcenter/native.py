"""Records for machine code. Knows what mypyc and msgspec each want of a class; knows no record.

mypyc reads and writes a field of a class of its own at a fixed place, and a float there is no object; a field of a
msgspec Struct it must ask Python for, which takes some forty times as long. So what is compiled of a module of records
is another text: every Struct in it stands there as a dataclass with an `__init__` of its own (the one that dataclasses
make is plain Python). msgspec reads and writes dataclasses just as well, once they have their annotations back, of
which mypyc keeps the outermost class only.

msgspec makes one without asking its class, so it lacks the table by which methods of subclasses are found. Records have
no subclasses, and are told so (`final`): their methods are called directly.
"""

import ast
from types import ModuleType
from typing import Final

STRUCT: Final = "msgspec.Struct"
FACTORY: Final = "default_factory"
IMPORTS: Final = """
from dataclasses import dataclass, field
from typing import final
from mypy_extensions import mypyc_attr
"""
EMPTY: Final = {"{}": "dict", "[]": "list"}  # defaults of which every record has its own


def as_native(source: str) -> str:
    """The text of a module of records as mypyc is to compile it. Raises ValueError for a record that cannot be so."""
    module = ast.parse(source)
    for record in _records(module):
        _rewrite(record)
    return IMPORTS + ast.unparse(ast.fix_missing_locations(module))


def annotate(module: ModuleType, source: str) -> None:
    """Give the records of a compiled module the annotations of its text."""
    for record in _records(ast.parse(source)):
        fields = {_name(field): ast.unparse(field.annotation) for field in _fields(record)}
        getattr(module, record.name).__annotations__ = fields


def _records(module: ast.Module) -> list[ast.ClassDef]:
    classes = [one for one in module.body if isinstance(one, ast.ClassDef)]
    return [one for one in classes if STRUCT in map(ast.unparse, one.bases)]


def _fields(record: ast.ClassDef) -> list[ast.AnnAssign]:
    return [one for one in record.body if isinstance(one, ast.AnnAssign)]


def _name(field: ast.AnnAssign) -> str:
    return ast.unparse(field.target)


def _rewrite(record: ast.ClassDef) -> None:
    """A Struct becomes a dataclass, in place."""
    says = {one.arg: ast.unparse(one.value) for one in record.keywords}
    if says.get("kw_only") != "True":
        raise ValueError(f"{record.name}: a record that is compiled is kw_only=True")
    frozen = says.get("frozen") == "True"
    acyclic = ["mypyc_attr(acyclic=True)"] if says.get("gc") == "False" else []
    made = ["final", *acyclic, f"dataclass(init=False, kw_only=True, unsafe_hash={frozen})"]
    record.bases, record.keywords = [], []
    record.decorator_list = [ast.parse(one, mode="eval").body for one in made]
    parameters, lines = [], []
    for field in _fields(record):
        name, hint = _name(field), ast.unparse(field.annotation)
        factory = _factory(field.value)
        if factory:
            field.value = ast.parse(f"field({FACTORY}={factory})", mode="eval").body
            parameters.append(f"{name}: {hint} | None = None")
            lines.append(f"self.{name} = ({factory})() if {name} is None else {name}")
        else:
            parameters.append(f"{name}: {hint}" + (f" = {ast.unparse(field.value)}" if field.value is not None else ""))
            lines.append(f"self.{name} = {name}")
    init = f"def __init__(self, *, {', '.join(parameters)}) -> None:\n    " + "\n    ".join(lines)
    record.body += ast.parse(init).body


def _factory(default: ast.expr | None) -> str:
    """What makes a default of which every record has its own; "" if one serves all."""
    if isinstance(default, ast.Call) and ast.unparse(default.func) == "msgspec.field":
        return next(ast.unparse(one.value) for one in default.keywords if one.arg == FACTORY)
    return EMPTY.get(ast.unparse(default), "") if default is not None else ""
