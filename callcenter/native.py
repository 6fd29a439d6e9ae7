"""Records for machine code. Knows what mypyc and msgspec each want of a class; knows no record.

mypyc reads and writes a field of a class of its own at a fixed place, and a float there is no object; a field of a
msgspec Struct it must ask Python for, which takes some forty times as long. So what is compiled of a module of records
is another text: every Struct in it stands there as a dataclass with an `__init__` of its own (the one that dataclasses
make is plain Python). msgspec reads and writes dataclasses just as well, once they have their annotations back, of
which mypyc keeps the outermost class only.

Such a record has fields and nothing else: msgspec makes one without asking the class, and so without its methods.
"""

import ast
from types import ModuleType
from typing import Final

STRUCT: Final = "msgspec.Struct"
EMPTY: Final = {"{}": "dict", "[]": "list"}  # defaults of which every record has its own


def as_native(source: str) -> str:
    """The text of a module of records as mypyc is to compile it. Raises ValueError for a record that cannot be so."""
    module = ast.parse(source)
    for record in _records(module):
        _rewrite(record)
    imports = "from dataclasses import dataclass, field\n\nfrom mypy_extensions import mypyc_attr\n\n"
    return imports + ast.unparse(ast.fix_missing_locations(module))


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
    if says.get("kw_only") != "True" or any(isinstance(one, ast.FunctionDef) for one in record.body):
        raise ValueError(f"{record.name}: a record that is compiled is kw_only=True and has no methods")
    frozen = says.get("frozen") == "True"
    acyclic = ["mypyc_attr(acyclic=True)"] if says.get("gc") == "False" else []
    made = [*acyclic, f"dataclass(init=False, unsafe_hash={frozen})"]
    record.bases, record.keywords = [], []
    record.decorator_list = [ast.parse(one, mode="eval").body for one in made]
    fields = _fields(record)
    parameters, lines = [], []
    for field in fields:
        name, hint = _name(field), ast.unparse(field.annotation)
        default = ast.unparse(field.value) if field.value is not None else None
        empty = EMPTY.get(default or "")
        if empty is not None:
            field.value = ast.parse(f"field(default_factory={empty})", mode="eval").body
            parameters.append(f"{name}: {hint} | None = None")
            lines.append(f"self.{name} = {default} if {name} is None else {name}")
        else:
            parameters.append(f"{name}: {hint}" + (f" = {default}" if default is not None else ""))
            lines.append(f"self.{name} = {name}")
    init = f"def __init__(self, *, {', '.join(parameters)}) -> None:\n    " + "\n    ".join(lines)
    record.body += ast.parse(init).body
