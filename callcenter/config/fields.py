"""How each type of field is read from YAML. Knows types and the names that must exist; knows no file, no kind of node.

`READERS` has one entry per type. What stands in the model as a Need, a Prompt or a QueueName stands in YAML as a text
or a small mapping; here one becomes the other, or the reader is told what is wrong with it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import PlainValidator, ValidationInfo

from callcenter.config.sheet import PromptPlace, Sheet, did_you_mean, shown, wrong
from callcenter.config.tree import Path, Real, Table, Whole
from callcenter.errors import ConfigurationError
from callcenter.geography.regions import is_region, region_meant
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, CalendarName, FlowName, ListName, QueueName, Skill, TreeName
from callcenter.model.need import LEVEL_MAX, Need, NeedSyntaxError, parse_need
from callcenter.model.queue import Overflow, Target
from callcenter.model.rehearsal import Keys, Seconds
from callcenter.model.relaxation import Lowering
from callcenter.nodes.fields import (
    HEADER_PATTERN,
    JSON_PLACE_PATTERN,
    KEY_PATTERN,
    LANGUAGE_PATTERN,
    NUMBER_PATTERN,
    OF_THE_CALL,
    SCRIPT_PATTERN,
    VARIABLE_PATTERN,
    WORD_PATTERN,
    Filled,
    FilledUrl,
    HeaderName,
    JsonPlace,
    Key,
    Language,
    NextNode,
    ScriptUrl,
    SecretName,
    Subject,
    VariableName,
    Word,
    places,
    url_host,
)
from callcenter.speech.text import PromptText

TEXT_CHARS_MAX: Final = 4_000
NOT_ASKED: Final = "add it to hosts in lookups.yaml"
NAME_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
"""Names of queues, flows, nodes and prompts: they become file names, parts of addresses and words on a command line."""

_KEYS: Final = re.compile(r"[0-9*#A-D-]{1,200}")
_LENGTH: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|min|m|h)?")
_UNIT_S: Final = {"s": 1, "min": 60, "m": 60, "h": 3600}
_WITH_UNIT: Final = re.compile(
    r"(-?\d{1,9}(?:[.,]\d{1,6})?)\s*(|%|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)", re.I
)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
NAMED_IN: Final = {
    "queue": "queues.yaml",
    "calendar": "calendars.yaml",
    "prompt": "prompts.yaml",
    "tree of dispositions": "dispositions.yaml",
}
"""Where what is referred to by its name has it."""
SKILL_PATTERN: Final = re.compile(r"[^\W\d][\w-]*")
AGENT_PATTERN: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?")

Reader = Callable[[Any, ValidationInfo], Any]


def text_of(value: object) -> str:
    """A text; a number is taken as it was written."""
    if isinstance(value, Whole | Real):
        return value.written
    if not isinstance(value, str):
        raise wrong(
            f"expected a text, not {shown(value)}", 'put it in quotes: "..."' if isinstance(value, bool) else ""
        )
    if len(value) > TEXT_CHARS_MAX:
        raise wrong(f"{len(value)} characters long", f"at most {TEXT_CHARS_MAX}")
    return value


def matching(pattern: re.Pattern[str], what: str, remedy: str = "") -> Reader:
    """A text of a certain shape."""

    def read(value: Any, _: ValidationInfo) -> str:
        text = text_of(value)
        if not pattern.fullmatch(text):
            raise wrong(f"{shown(text)} is not {what}", remedy)
        return text

    return read


def country(value: Any, _: ValidationInfo) -> str:
    """The code of a country that has telephone numbers."""
    text = text_of(value)
    if not is_region(text):
        raise wrong(f"{shown(text)} is not a country's code", region_remedy(text))
    return text


def region_remedy(text: str) -> str:
    """What to write in place of what is no country's code."""
    meant = region_meant(text)
    return f"did you mean `{meant}`?" if meant else "two capitals of ISO 3166, NO in quotes: VN"


def one_of(options: Collection[str], what: str) -> Reader:
    """One word of several."""

    def read(value: Any, _: ValidationInfo) -> str:
        text = text_of(value)
        if text not in options:
            raise wrong(f"no {what} {shown(text)}", did_you_mean(text, options))
        return text

    return read


def choice(enum: type[StrEnum]) -> Reader:
    """A member of an enumeration."""

    def read(value: Any, _: ValidationInfo) -> StrEnum:
        text = text_of(value)
        try:
            return enum(text)
        except ValueError:
            raise wrong(f"{shown(text)} is not possible here", did_you_mean(text, list(enum))) from None

    return read


def named(what: str, known: Callable[[Sheet], Collection[str]]) -> Reader:
    """The name of something that must exist."""

    def read(value: Any, info: ValidationInfo) -> str:
        return must_exist(text_of(value), what, known(_sheet(info)))

    return read


def must_exist(name: str, what: str, known: Collection[str]) -> str:
    """`name`, if it is known."""
    if name not in known:
        raise wrong(f"there is no {what} {shown(name)}", did_you_mean(name, known) or _where_named(what, known))
    return name


def _where_named(what: str, known: Collection[str]) -> str:
    file = NAMED_IN.get(what, "")
    return f"{file} is missing, or names none" if file and not known else ""


def _sheet(info: ValidationInfo) -> Sheet:
    assert isinstance(info.context, Sheet)
    return info.context


def _text(value: Any, _: ValidationInfo) -> str:
    return text_of(value)


def _whole(value: Any, _: ValidationInfo) -> int:
    if not isinstance(value, Whole):
        raise wrong(f"expected a whole number, not {shown(value)}", _number_meant(value))
    return int(value)


def _number(value: Any, _: ValidationInfo) -> float:
    if not isinstance(value, Whole | Real):
        raise wrong(f"expected a number, not {shown(value)}", _number_meant(value))
    return float(value)


def _number_meant(value: Any) -> str:
    """What to write in place of a number with a unit, or with a comma."""
    found = _WITH_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return ""
    number, unit = float(found[1].replace(",", ".")), found[2].strip().lower()
    if not unit:
        return f"with a point: {number:.12g}"
    if unit == "%":
        return f"a share of 1: {number / 100:.12g}"
    return f"times are numbers of seconds: {number * _SECONDS[unit[0] if unit != 'ms' else unit]:.12g}"


def _yes_or_no(value: Any, _: ValidationInfo) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"expected true or false, not {shown(value)}")
    return value


def _need(value: Any, _: ValidationInfo) -> Need:
    if isinstance(value, list):
        raise wrong("expected a text, not a list", f"one text: {' and '.join(str(part) for part in value)}")
    text = text_of(value)
    try:
        return parse_need(text)
    except NeedSyntaxError as error:
        raise wrong(str(error), "for example: sales >= 3 and vietnamese", column=error.column) from None


def _lowering(value: Any, _: ValidationInfo) -> Lowering:
    """`1` for all levels, or {skill: 1}."""
    if isinstance(value, Table):
        for skill, by in value.items():
            if not SKILL_PATTERN.fullmatch(skill):
                raise wrong(f"{shown(skill)} is not a skill", at=(skill,))
            _levels(by, (skill,))
        if value:
            return Lowering(skills={Skill(skill): _levels(by, (skill,)) for skill, by in value.items()})
    return Lowering(by=_levels(value, ()))


def _levels(value: Any, at: Path) -> int:
    if not isinstance(value, Whole) or not 1 <= value < LEVEL_MAX:
        remedy = "by how many levels: 1 for all, or {sales: 1}"
        raise wrong(f"expected 1 to {LEVEL_MAX - 1}, not {shown(value)}", remedy, at=at)
    return int(value)


def _variable(value: Any, _: ValidationInfo) -> str:
    text = text_of(value)
    if text in OF_THE_CALL:
        raise wrong(f"{text} is known of every call and cannot be set")
    if not VARIABLE_PATTERN.fullmatch(text):
        raise wrong(f"{shown(text)} cannot name a variable", "lower-case letters, digits and _, such as account_2")
    return text


def _filled(value: Any, _: ValidationInfo) -> str:
    text = text_of(value)
    if text.count("{{") != len(places(Filled(text))):
        raise wrong(f"{shown(text)}: {{{{ and }}}} hold the name of one variable here", "no filters, no sums")
    return text


def _url(value: Any, info: ValidationInfo) -> str:
    """A web address whose host is written out and allowed; variables may stand in its path and query."""
    text = _filled(value, info)
    host = url_host(FilledUrl(text))
    if host is None:
        raise wrong(
            f"{shown(text)} is not an address that can be asked",
            "http:// or https://, a host in lower case, a path; variables only in the path and after ?",
        )
    hosts = _sheet(info).names.lookup_hosts
    if host not in hosts:
        raise wrong(f"lookups may not ask {shown(host)}", did_you_mean(host, hosts) or NOT_ASKED)
    return text


def _prompt(value: Any, info: ValidationInfo) -> Prompt:
    """A name from prompts.yaml, or the texts themselves: {en: ..., vi: ...}."""
    sheet = _sheet(info)
    if isinstance(value, Table):
        path = value.path[1:] if value.path[:1] == ("nodes",) else value.path
        prompt = Prompt(name=".".join((sheet.owner, *map(str, path))), texts=read_texts(value))
        sheet.names.written[prompt.name] = PromptPlace(prompt=prompt, tree=sheet.tree, path=value.path)
        return prompt
    name = text_of(value)
    if name not in sheet.names.prompts and not NAME_PATTERN.fullmatch(name):
        raise wrong(f"{shown(name)} is not the name of a prompt", "a text to say is written {en: ..., vi: ...}")
    must_exist(name, "prompt", sheet.names.prompts)
    return sheet.names.prompts[name].prompt


def read_texts(table: Table) -> Mapping[str, str]:
    """Language -> template, each checked. Raises a complaint."""
    texts: dict[str, str] = {}
    for language, value in table.items():
        if not LANGUAGE_PATTERN.fullmatch(language):
            raise wrong(f"{shown(language)} is not a language", "a tag such as en or vi", at=(language,))
        if not isinstance(value, str | Whole | Real) or not text_of(value).strip():
            raise wrong(f"expected a text to say, not {shown(value)}", at=(language,))
        texts[language] = text_of(value)
        try:
            _ = PromptText(text=texts[language], language=language).variables
        except ConfigurationError as error:
            first = error.problems[0]
            raise wrong(first.what.rstrip("."), first.remedy, at=(language,)) from None
    return texts


def _target(value: Any, info: ValidationInfo) -> Target:
    """`hang_up`, or one of {queue: ...}, {flow: ...}, {voicemail: ...}, {number: ...}."""
    sheet = _sheet(info)
    if value == Overflow.HANG_UP:
        return Target(to=Overflow.HANG_UP)
    ways = [way.value for way in Overflow if way is not Overflow.HANG_UP]
    if not isinstance(value, Table) or len(value) != 1:
        raise wrong(f"expected hang_up or one of {', '.join(ways)} with a name", "for example {queue: sales}")
    [(way, inner)] = value.items()
    if way not in ways:
        raise wrong(f"unknown key `{way}`", did_you_mean(way, ways), at=(way,))
    name = text_of(inner)
    match Overflow(way):
        case Overflow.QUEUE if name not in sheet.names.queues:
            remedy = did_you_mean(name, sheet.names.queues) or _where_named("queue", sheet.names.queues)
            raise wrong(f"there is no queue {shown(name)}", remedy, at=(way,))
        case Overflow.FLOW if name not in sheet.names.flows:
            raise wrong(f"there is no flow {shown(name)}", did_you_mean(name, sheet.names.flows), at=(way,))
        case Overflow.NUMBER if not NUMBER_PATTERN.fullmatch(name):
            raise wrong(f"{shown(name)} is not a number to call", at=(way,))
        case Overflow.VOICEMAIL if not WORD_PATTERN.fullmatch(name):
            raise wrong(f"{shown(name)} cannot name a mailbox", at=(way,))
        case to:
            return Target(to=to, name=name)


def _seconds(value: Any, _: ValidationInfo) -> Seconds:
    """20, "20s", "5 min", "1h"."""
    found = _LENGTH.fullmatch(text_of(value).strip())
    if found is None:
        raise wrong(f"{shown(value)} is not a length of time", "20s, 5 min or 1h; a bare number is seconds")
    return Seconds(float(found[1]) * _UNIT_S[found[2] or "s"])


def read_with(reader: Reader) -> Any:
    """The type of a field that `reader` reads."""
    return Annotated[Any, PlainValidator(reader)]


READERS: Final[Mapping[Any, Reader]] = {
    str: _text,
    int: _whole,
    float: _number,
    bool: _yes_or_no,
    Need: _need,
    Prompt: _prompt,
    Target: _target,
    QueueName: named("queue", lambda sheet: sheet.names.queues),
    FlowName: named("flow", lambda sheet: sheet.names.flows),
    CalendarName: named("calendar", lambda sheet: sheet.names.calendars),
    TreeName: named("tree of dispositions", lambda sheet: sheet.names.trees),
    ListName: named("list", lambda sheet: sheet.names.lists),
    NextNode: named("node", lambda sheet: sheet.nodes),
    Language: matching(LANGUAGE_PATTERN, "a language", "a tag such as en or vi"),
    Skill: matching(SKILL_PATTERN, "a skill", "letters, digits, _ and -"),
    AgentId: matching(AGENT_PATTERN, "an agent's id", "as `callcenter agents list` shows it"),
    Lowering: _lowering,
    Key: matching(KEY_PATTERN, "a key of a telephone", '0 to 9, "*", "#" or A to D'),
    Word: matching(WORD_PATTERN, "a plain word", "letters, digits, _ and -"),
    VariableName: _variable,
    Subject: matching(VARIABLE_PATTERN, "caller, dialled, language or the name of a variable"),
    Filled: _filled,
    FilledUrl: _url,
    ScriptUrl: matching(SCRIPT_PATTERN, "the address of a script", "agi://host:port/path, without variables"),
    JsonPlace: matching(JSON_PLACE_PATTERN, "a place in a JSON text", "keys with points between: customer.name"),
    HeaderName: matching(HEADER_PATTERN, "the name of a header", "letters, digits and -"),
    SecretName: matching(WORD_PATTERN, "the name of a secret", "letters, digits, _ and -"),
    Seconds: _seconds,
    Keys: matching(_KEYS, "keys of a telephone", "0 to 9, *, #, A to D, and - for silence, in quotes"),
}
