"""Records for machine code. Knows what mypyc and msgspec each want of a class; knows no record.

mypyc reads and writes a field of a class of its own at a fixed place, and a float there is no object; a field of a
msgspec Struct, or of a dataclass with slots, it must ask Python for, which takes some forty times as long. So what is
compiled of a module of records (the engine's, and what it is configured with) is another text: every Struct and frozen
dataclass in it stands there as a dataclass without slots and with an `__init__` of its own (the one that dataclasses
make is plain Python). msgspec reads and writes dataclasses just as well, and so does whoever asks for their types, once
they have their annotations back, of which mypyc keeps the outermost class only.

For pickle, which cannot look into such a class, each of them says how it is made again (`__reduce__`).

msgspec makes one without asking its class, so it lacks the table by which methods of subclasses are found. Records have
no subclasses, and are told so (`final`): their methods are called directly.
"""

import ast
from typing import Final

STRUCT: Final = "msgspec.Struct"
DATACLASS: Final = "dataclass"
FIELDS: Final = ("msgspec.field", "field")
FACTORY: Final = "default_factory"
MAPPING: Final = "Mapping["  # a field of which is a dict, which is looked up in directly
DICT: Final = "dict["
SHARED: Final = "ClassVar["  # what is no field, but one value for all
MADE: Final = "__post_init__"
IMPORTS: Final = """
from dataclasses import dataclass, field
from functools import partial
from typing import final
from mypy_extensions import mypyc_attr
"""
EMPTY: Final = {"{}": "dict", "[]": "list"}  # defaults of which every record has its own


def as_native(source: str) -> str:
    """The text of a module of records as mypyc is to compile it. Raises ValueError for a record that cannot be so."""
    module = ast.parse(source)
    for record in _records(module):
        module.body += _corrections(record)
        _rewrite(record)
    return IMPORTS + ast.unparse(ast.fix_missing_locations(module))


def _records(module: ast.Module) -> list[ast.ClassDef]:
    classes = [one for one in module.body if isinstance(one, ast.ClassDef)]
    return [one for one in classes if STRUCT in map(ast.unparse, one.bases) or _decorator(one) is not None]


def _decorator(record: ast.ClassDef) -> ast.Call | None:
    """How it says that it is a dataclass, if it does."""
    calls = [one for one in record.decorator_list if isinstance(one, ast.Call)]
    return next((one for one in calls if ast.unparse(one.func) == DATACLASS), None)


def _corrections(record: ast.ClassDef) -> list[ast.stmt]:
    """Statements that give it its annotations back, and take what only mypyc takes for a field (ClassVar) from them."""
    annotated = [one for one in record.body if isinstance(one, ast.AnnAssign)]
    told = {_name(one): ast.unparse(one.annotation) for one in annotated}
    shared = [name for name in told if name not in map(_name, _fields(record))]
    lines = [f"setattr({record.name}, '__annotations__', {told!r})"]
    lines += [f"getattr({record.name}, '__dataclass_fields__').pop({name!r}, None)" for name in shared]
    return [ast.parse(line).body[0] for line in lines]


def _fields(record: ast.ClassDef) -> list[ast.AnnAssign]:
    annotated = [one for one in record.body if isinstance(one, ast.AnnAssign)]
    return [one for one in annotated if not ast.unparse(one.annotation).startswith(SHARED)]


def _name(field: ast.AnnAssign) -> str:
    return ast.unparse(field.target)


def _rewrite(record: ast.ClassDef) -> None:
    """It becomes a dataclass that mypyc knows everything of, in place."""
    decorator = _decorator(record)
    says = {one.arg: ast.unparse(one.value) for one in (record.keywords if decorator is None else decorator.keywords)}
    if says.get("kw_only") != "True":
        raise ValueError(f"{record.name}: a record that is compiled is kw_only=True")
    frozen = says.get("frozen") == "True"
    acyclic = ["mypyc_attr(acyclic=True)"] if says.get("gc") == "False" else []
    made = ["final", *acyclic, f"dataclass(init=False, kw_only=True, unsafe_hash={frozen})"]
    record.bases = [one for one in record.bases if ast.unparse(one) != STRUCT]
    record.keywords = []
    record.decorator_list = [ast.parse(one, mode="eval").body for one in made]
    parameters, lines = [], []
    for field in _fields(record):
        name, hint = _name(field), ast.unparse(field.annotation)
        factory, default = _default(field.value)
        value = name
        if hint.startswith(MAPPING):
            field.annotation = ast.parse(hint.replace(MAPPING, DICT, 1), mode="eval").body
            value = f"({name} if isinstance({name}, dict) else dict({name}))"
        if factory:
            field.value = ast.parse(f"field({FACTORY}={factory})", mode="eval").body
            parameters.append(f"{name}: {hint} | None = None")
            lines.append(f"self.{name} = ({factory})() if {name} is None else {value}")
        else:
            parameters.append(f"{name}: {hint}" + (f" = {default}" if default else ""))
            lines.append(f"self.{name} = {value}")
    if any(isinstance(one, ast.FunctionDef) and one.name == MADE for one in record.body):
        lines.append(f"self.{MADE}()")
    given = ", ".join(["self", *(["*"] if parameters else []), *parameters])
    init = f"def __init__({given}) -> None:\n    " + "\n    ".join(lines or ["pass"])
    values = "".join(f", {_name(field)}=self.{_name(field)}" for field in _fields(record))
    again = f"def __reduce__(self) -> tuple[object, ...]:\n    return partial({record.name}{values}), ()"
    record.body += [*ast.parse(init).body, *ast.parse(again).body]


def _default(told: ast.expr | None) -> tuple[str, str]:
    """What makes a default of which every record has its own, or the one that serves all; ("", "") if there is none."""
    if told is None:
        return "", ""
    if isinstance(told, ast.Call) and ast.unparse(told.func) in FIELDS:
        says = {one.arg: ast.unparse(one.value) for one in told.keywords}
        return says.get(FACTORY, ""), says.get("default", "")
    return EMPTY.get(ast.unparse(told), ""), ast.unparse(told)
