"""Reads a frozen dataclass from a mapping of YAML. Knows types and pydantic; knows no file and no rule.

Theory: the model's dataclasses know nothing of YAML, so for each a twin is made: a TypedDict with the same keys, whose
types are those of `fields.READERS`. pydantic checks the twin and finds all that is wrong, not the first thing; each of
its complaints is put where it was written. A key that is left out takes the dataclass's own default, since the twin has
none.
"""

import re
import types
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    NotRequired,
    Required,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from annotated_types import Interval
from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from callcenter.config.fields import READERS, choice, read_with
from callcenter.config.sheet import Sheet, did_you_mean, shown
from callcenter.config.tree import Path, Rows, Table, Value
from callcenter.errors import Bug

T = TypeVar("T")

SECONDS_MAX: Final = 30 * 86_400.0
"""A length of time for which the model names no bounds: keys that end in `_s` are 0 to this."""

LEFT_OUT_MAX: Final = 100  # so many mistakes of one mapping are left out to find what else is wrong

_BOUNDS: Final[Mapping[str, str]] = {
    "greater_than_equal": "at least {ge:.12g}",
    "greater_than": "more than {gt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "less_than": "less than {lt:.12g}",
    "too_short": "at least {min_length} needed",
    "too_long": "at most {max_length} allowed",
}


class Form(Generic[T]):
    """How to read a `cls`. `given` are fields that do not stand in the mapping, `ignored` keys that are no fields."""

    def __init__(
        self,
        cls: type[T],
        *,
        given: Collection[str] = (),
        ignored: Collection[str] = (),
        instead: Mapping[str, Any] | None = None,
    ) -> None:
        """`instead` holds types of fields that are narrower than the dataclass's own."""
        self._cls = cls
        self._ignored = ignored
        self._instead = dict(instead or {})
        self._given = given
        self._twin: TypeAdapter[dict[str, Any]] = TypeAdapter(_twin(cls, given, self._instead))

    def read(self, sheet: Sheet, table: Table, **given: object) -> T | None:
        """The value, or None after noting every problem on `sheet`."""
        plain = Table({key: value for key, value in table.items() if key not in self._ignored})
        plain.path = table.path
        try:
            found = self._twin.validate_python(plain, context=sheet)
            return self._cls(**found, **given)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._complain(sheet, table.path, detail)
        except ValueError as error:  # of the dataclass: fields that each are right but do not go together
            sheet.wrong(table.path, str(error), at_key=True)
        return None

    def rest(self, sheet: Sheet, table: Table, **given: object) -> T | None:
        """What can be used of it: what is wrong is left out, and nothing is said of it (`read` has); None: nothing can.

        So what its keys must be together is found wrong in the same pass as what one of them is alone. What only shows
        once something else is left out (a part of it whose keys do not go together) is said here, unless it speaks of
        what was left out.
        """
        plain = _copied(table)
        assert isinstance(plain, Table)
        for key in self._ignored:
            plain.pop(key, None)
        said: set[str] | None = None  # what `read` has said of keys that do not go together; None: not looked yet
        gone: list[str] = []
        for _ in range(LEFT_OUT_MAX):
            try:
                return self._cls(**self._twin.validate_python(plain, context=sheet), **given)
            except ValidationError as error:
                together = [detail for detail in error.errors(include_url=False) if detail["type"] == "value_error"]
                for detail in together:
                    if said is not None and detail["msg"] not in said and not _speaks_of(detail["msg"], gone):
                        self._complain(sheet, table.path, detail)
                said = (said or set()) | {detail["msg"] for detail in together}
                loc = error.errors(include_url=False)[-1]["loc"]  # the last: a list's numbers before it stay
                path = _path_of(sheet, table.path, loc)[0][len(table.path) :]
                while path and not _leave_out(plain, path):
                    path = path[:-1]  # what is missing is missing in what it is part of
                if not path:
                    return None
                gone += [str(part) for part in path if isinstance(part, str)][-1:]
            except ValueError as error:  # of the dataclass
                if said is not None and not _speaks_of(str(error), gone):
                    sheet.wrong(table.path, str(error), at_key=True)
                return None
        return None

    def _complain(self, sheet: Sheet, base: Path, detail: ErrorDetails) -> None:
        path, at_key = _path_of(sheet, base, detail["loc"])
        context = detail.get("ctx", {})
        match detail["type"]:
            case "wrong":
                sheet.wrong(
                    (*path, *context["at"]),
                    context["what"],
                    context["remedy"],
                    at_key=at_key,
                    column=context["column"],
                )
            case "extra_forbidden":
                key = str(detail["loc"][-1])
                known = _keys_at(self._cls, detail["loc"][:-1], self._given)
                sheet.wrong(path, f"unknown key `{key}`", did_you_mean(key, known), at_key=True)
            case "missing":
                sheet.wrong(path, f"`{detail['loc'][-1]}` is missing", at_key=True)
            case "value_error":
                sheet.wrong(path, str(context["error"]))
            case "tuple_type":
                sheet.wrong(path, f"expected a list, not {shown(detail['input'])}", "[ ] around one thing is a list")
            case "too_short" if len(detail["input"]) >= context["min_length"]:
                pass  # long enough, but for what is wrong in it, which is told there
            case "dict_type" | "typed_dict_type" | "mapping_type" | "dict_attributes_type":
                sheet.wrong(path, f"expected keys with values, not {shown(detail['input'])}")
            case kind if kind in _BOUNDS:
                sheet.wrong(path, f"{shown(detail['input'])}: {_BOUNDS[kind].format(**context)}", at_key=at_key)
            case _:
                sheet.wrong(path, detail["msg"], at_key=at_key)


def _speaks_of(words: str, keys: Collection[str]) -> bool:
    """Whether one of these keys, or what it was perhaps to be, is named in the words."""
    named = set(re.findall(r"\w+", words))
    return any(key in named or did_you_mean(key, named).startswith("did you mean") for key in keys)


def _copied(value: Value) -> Value:
    if isinstance(value, Table):
        table = Table({key: _copied(inner) for key, inner in value.items()})
        table.path = value.path
        return table
    return Rows(map(_copied, value)) if isinstance(value, Rows) else value


def _leave_out(value: Value, path: Path) -> bool:
    """Take what `path` leads to out of a mapping or list; whether it was there."""
    for part in path[:-1]:
        value = value[part] if isinstance(value, Table | Rows) else None  # type: ignore[index]
    if isinstance(value, Table) and path and path[-1] in value:
        del value[str(path[-1])]
    elif isinstance(value, Rows) and isinstance(path[-1], int) and path[-1] < len(value):
        del value[path[-1]]
    else:
        return False
    return True


def _twin(cls: type[Any], given: Collection[str], instead: Mapping[str, Any]) -> Any:
    hints = get_type_hints(cls, include_extras=True)
    keys = {
        field.name: _required(field)[instead.get(field.name, _timed(field.name, hints[field.name]))]
        for field in fields(cls)
        if field.name not in given
    }
    twin = TypedDict(cls.__name__, {key: _shape(tp) for key, tp in keys.items()})  # type: ignore[misc]
    twin.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)  # type: ignore[attr-defined]
    return twin


def _required(field: Field[Any]) -> Any:
    return Required if field.default is MISSING and field.default_factory is MISSING else NotRequired


def _timed(name: str, tp: Any) -> Any:
    return Annotated[float, Interval(ge=0, le=SECONDS_MAX)] if tp is float and name.endswith("_s") else tp


def _shape(tp: Any) -> Any:
    """The twin of a type."""
    if tp in READERS:
        return read_with(READERS[tp])
    origin, args = get_origin(tp), get_args(tp)
    if origin in (Required, NotRequired):
        return origin[_shape(args[0])]
    if origin is Annotated:
        return Annotated[(_shape(args[0]), *tp.__metadata__)]
    if origin in (Union, types.UnionType):
        return Union[tuple(arg if arg is type(None) else _shape(arg) for arg in args)]  # noqa: UP007
    if origin is tuple:
        return tuple[tuple(arg if arg is Ellipsis else _shape(arg) for arg in args)]  # type: ignore[misc]
    if origin is not None and issubclass(origin, Mapping):
        return dict[_shape(args[0]), _shape(args[1])]  # type: ignore[misc]
    if is_dataclass(tp):
        made = cast(type[Any], tp)
        return Annotated[_twin(made, (), {}), AfterValidator(lambda found: made(**found))]
    if isinstance(tp, type) and issubclass(tp, StrEnum):
        return read_with(choice(tp))
    if tp is Any:
        return tp
    raise Bug(f"no way to read a {tp!r} from YAML: add it to config.fields.READERS")


def _path_of(sheet: Sheet, base: Path, loc: tuple[int | str, ...]) -> tuple[Path, bool]:
    """The parts of pydantic's `loc` that were written, and whether it is a key that is wrong."""
    path = base
    for part in loc:
        here = (*path, part)
        if here in sheet.tree.values or here in sheet.tree.keys:
            path = here
    return path, loc[-1:] == ("[key]",)


def _keys_at(tp: Any, loc: tuple[int | str, ...], given: Collection[str]) -> list[str]:
    """The keys that are allowed where `loc` leads within a dataclass."""
    for part in loc:
        hints = get_type_hints(tp, include_extras=False) if is_dataclass(tp) else {}
        if part in hints:
            tp = hints[str(part)]
        elif get_origin(tp) is tuple:
            tp = get_args(tp)[0]
        elif get_args(tp):
            tp = get_args(tp)[-1]
        if get_origin(tp) in (Union, types.UnionType):
            tp = next(arg for arg in get_args(tp) if arg is not type(None))
    return [field.name for field in fields(tp) if field.name not in given] if is_dataclass(tp) else []
