"""Where settings come from: a TOML file and the environment. The only place that reads the environment, if it is given.

Knows how a key is spelt in both: `asterisk.http_port` is http_port in [asterisk] and CALLCENTER_ASTERISK_HTTP_PORT. The
environment wins. An unknown key is an error: a misspelt setting that is silently left out costs somebody an evening.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from callcenter import compiled
from callcenter.config.settings import SETTINGS_FILE, Settings, clashes
from callcenter.config.sheet import did_you_mean
from callcenter.errors import ConfigurationError, Problem

PREFIX: Final = "CALLCENTER_"
FILE_VARIABLE: Final = "CALLCENTER_SETTINGS"
"""Names the file, if none is given otherwise."""
NO_SETTINGS: Final = (FILE_VARIABLE, compiled.PLAIN)  # variables of ours that are read elsewhere
FILE_CHARS_MAX: Final = 1_000_000

_PLACE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
Key = tuple[str, ...]


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings: from `path`, else the file that CALLCENTER_SETTINGS names, else callcenter.toml here if it is.

    Raises ConfigurationError with everything that is wrong, by file and key, or variable. No message shows a password.
    """
    environ = os.environ if environ is None else environ
    named = _named(path, environ)
    file = named or Path(SETTINGS_FILE)
    problems: list[Problem] = []
    given = dict(_from_file(file, problems)) if named or file.is_file() else {}
    places = {key: f"{file.name}: {'.'.join(key)}" for key in given}
    for key, value, variable in _from_environment(environ, problems):
        given[key], places[key] = value, variable
    settings = _resolved(_built(given), file.absolute().parent, environ.get("HOME", ""))
    for text, what, remedy in clashes(settings):
        key = tuple(text.split("."))
        problems.append(Problem(where=places.get(key, f"{file.name}: {text}"), what=what, remedy=remedy))
    if problems:
        raise ConfigurationError(problems)
    return settings


def settings_file(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The file that `load_settings` reads, whether or not it is there."""
    return _named(path, os.environ if environ is None else environ) or Path(SETTINGS_FILE)


def _named(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    return path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)


def variable_of(key: Key) -> str:
    """The environment variable of a key."""
    return PREFIX + "_".join(key).upper()


@cache
def known_keys() -> Mapping[Key, Any]:
    """Every key and its type."""
    return dict(_keys_of(Settings, ()))


def _keys_of(cls: type[Any], prefix: Key) -> Iterator[tuple[Key, Any]]:
    hints = get_type_hints(cls, include_extras=True)
    for found in fields(cls):
        tp = hints[found.name]
        if is_dataclass(tp):
            yield from _keys_of(tp, (*prefix, found.name))  # type: ignore[arg-type]
        else:
            yield (*prefix, found.name), tp


def _from_file(file: Path, problems: list[Problem]) -> Iterator[tuple[Key, Any]]:
    try:
        text = file.read_bytes()[:FILE_CHARS_MAX].decode("utf-8-sig")
        tables = tomllib.loads(text)
    except OSError as error:
        problems.append(Problem(where=str(file), what=f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError as error:
        problems.append(Problem(where=str(file), what=f"not UTF-8 at byte {error.start}", remedy="save it as UTF-8"))
        return
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = _PLACE.search(str(error))
        where = f"{file.name}:{place[1]}:{place[2]}" if place else file.name
        problems.append(Problem(where=where, what=f"not TOML: {_PLACE.sub('', str(error))}"))
        return
    yield from _from_table(file.name, tables, (), problems)


def _from_table(file: str, table: Mapping[str, Any], prefix: Key, problems: list[Problem]) -> Iterator[tuple[Key, Any]]:
    known = known_keys()
    sections = {key[: len(prefix) + 1] for key in known if key[: len(prefix)] == prefix and len(key) > len(prefix) + 1}
    for name, value in table.items():
        key = (*prefix, name)
        where = f"{file}: {'.'.join(key)}"
        if key in sections and isinstance(value, dict):
            yield from _from_table(file, value, key, problems)
        elif key in sections:
            problems.append(Problem(where=where, what="is a section", remedy=f"[{name}], and its keys below"))
        elif key not in known:
            options = [option[len(prefix)] for option in known if option[: len(prefix)] == prefix]
            problems.append(Problem(where=where, what=f"unknown key `{name}`", remedy=did_you_mean(name, options)))
        else:
            try:
                text = json.dumps(value, default=str)
                yield key, _adapter(key).validate_json(text, strict=True)
            except (ValidationError, RecursionError) as error:
                problems.append(Problem(where=where, what=_what(error)))


def _from_environment(environ: Mapping[str, str], problems: list[Problem]) -> Iterator[tuple[Key, Any, str]]:
    by_variable = {variable_of(key): key for key in known_keys()}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in NO_SETTINGS:
            continue
        if variable not in by_variable:
            remedy = did_you_mean(variable, [*by_variable, *NO_SETTINGS])
            problems.append(Problem(where=variable, what="no setting has this name", remedy=remedy))
            continue
        key = by_variable[variable]
        try:
            yield key, _adapter(key).validate_python(_parts(known_keys()[key], environ[variable])), variable
        except ValidationError as error:
            problems.append(Problem(where=variable, what=_what(error)))


def _parts(tp: Any, text: str) -> object:
    """A variable's text as what it stands for: lists are separated by commas, mappings are a=b,c=d, "" is left out."""
    origin = get_origin(tp)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return {name.strip(): value.strip() for name, _, value in pairs}
    return None if text == "" and type(None) in get_args(tp) else text


@cache
def _adapter(key: Key) -> TypeAdapter[Any]:
    return TypeAdapter(known_keys()[key])


def _what(error: ValidationError | RecursionError) -> str:
    """The problem without the value, which may be a password."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return first["msg"].replace("Input should be", "should be")


def _built(given: Mapping[Key, Any]) -> Settings:
    settings = Settings()
    for key, value in given.items():
        if len(key) == 1:
            settings = replace(settings, **{key[0]: value})
        else:
            section = replace(getattr(settings, key[0]), **{key[1]: value})
            settings = replace(settings, **{key[0]: section})
    return settings


def _resolved(settings: Settings, folder: Path, home: str) -> Settings:
    """All paths absolute; a leading ~/ is the home folder."""

    def absolute(value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{one.name: absolute(getattr(value, one.name)) for one in _own(value)})
        if not isinstance(value, Path):
            return value
        at_home = home and value.parts[:1] == ("~",)
        return (Path(home, *value.parts[1:]) if at_home else folder / value).absolute()

    resolved = absolute(settings)
    assert isinstance(resolved, Settings)
    return resolved


def _own(value: Any) -> tuple[Field[Any], ...]:
    return fields(value)
