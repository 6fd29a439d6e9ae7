"""A prompt's text and what is filled into it. Knows jinja2 and the words of `say`; knows no audio and no files.

Theory: a text comes from the configuration and is a template; a variable can come from a caller (a name, a number) and
is data. Data is never read as a template, carries no control signs to the voice and has a length limit. The template
language is cut down to what prompts need (variables, filters from a list, if/else): no loops, calls, attributes or
arithmetic that multiplies, so that no text, whoever wrote it, can make a call wait or this program grow.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, TypeAlias

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from callcenter.errors import ConfigurationError, Problem
from callcenter.model.flow import Prompt
from callcenter.speech import say

Value: TypeAlias = str | int | float

TEMPLATE_CHARS_MAX: Final = 4_000
RENDERED_CHARS_MAX: Final = 2_000
"""About two and a half minutes of speech."""
VARIABLE_CHARS_MAX: Final = 200
NESTING_MAX: Final = 30
TEMPLATES_MAX: Final = 4_096
"""Compiled templates kept."""

_BUILT_IN_FILTERS: Final = (
    *("default", "trim", "lower", "upper", "title", "capitalize"),
    *("int", "first", "last", "length"),
)
_ALLOWED_NODES: Final[tuple[type[nodes.Node], ...]] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Filter, nodes.Test),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg),
    *(nodes.Add, nodes.Sub, nodes.Concat, nodes.Getitem, nodes.Slice, nodes.Keyword, nodes.Tuple, nodes.List),
)
_FAULTS: Final = (TemplateError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError)
"""What a template raises: jinja2's own, and what an expression on unfit values raises in Python."""
_REMEDIES: Final = {
    "end of print statement": "what begins with {{ ends with }}",
    "end of statement block": "what begins with {% ends with %}",
    "elif/else/endif": "what begins with {% if %} ends with {% endif %}",
    "'endif'": "what begins with {% if %} ends with {% endif %}",
}
"""What was perhaps forgotten, by the template language's own words."""

_NO_FILTER: Final = re.compile(r"No filter named '(?P<name>.*)'\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptText:
    """What to say in one language: `text` is a jinja2 template, `name` the prompt's, for messages."""

    text: str
    language: str
    name: str = "text"

    @property
    def variables(self) -> frozenset[str]:
        """The names that must be given. Raises ConfigurationError if the text is not a template that we allow."""
        return self._template()[1]

    def rendered(self, variables: Mapping[str, Value]) -> str:
        """The words to speak, variables filled in, white space evened out, in Unicode's composed form.

        Raises ConfigurationError if a variable is missing or unfit for its filter, or the text is too long.
        """
        template, _ = self._template()
        cleaned = {
            name: spoken_safe(value[: 2 * VARIABLE_CHARS_MAX])[:VARIABLE_CHARS_MAX] if isinstance(value, str) else value
            for name, value in variables.items()
        }
        try:
            words = spoken_safe(template.render(cleaned))
        except _FAULTS as error:
            given = "given: " + (", ".join(sorted(variables)) or "no variables")
            raise ConfigurationError(
                [self._problem(str(error), given if isinstance(error, UndefinedError) else "")]
            ) from error
        if len(words) > RENDERED_CHARS_MAX:
            raise ConfigurationError(
                [
                    self._problem(
                        f"{len(words)} characters long", f"at most {RENDERED_CHARS_MAX} can be said in one prompt"
                    )
                ]
            )
        return words

    def _template(self) -> tuple[Template, frozenset[str]]:
        try:
            return _compiled(self.text, self.language)
        except TemplateSyntaxError as error:
            what = error.message or "not a template"
            remedy = next((said for sign, said in _REMEDIES.items() if sign in what), "")
            unknown = _NO_FILTER.fullmatch(what)
            if unknown is not None:
                what, remedy = f"there is no filter `{unknown['name']}`", _filter_meant(unknown["name"], self.language)
            raise ConfigurationError([self._problem(what, remedy, line=error.lineno)]) from error
        except _FAULTS as error:
            raise ConfigurationError([self._problem(str(error))]) from error

    def _problem(self, what: str, remedy: str = "", line: int | None = None) -> Problem:
        where = f"prompt {self.name} ({self.language})" + (f" line {line}" if line else "")
        return Problem(where=where, what=what, remedy=remedy)


def problems_in(prompts: Iterable[Prompt]) -> list[Problem]:
    """Everything wrong with the texts of these prompts, for whoever checks a configuration."""
    found: list[Problem] = []
    for prompt in prompts:
        for language, text in sorted(prompt.texts.items()):
            try:
                _ = PromptText(text=text, language=language, name=prompt.name).variables
            except ConfigurationError as error:
                found += error.problems
    return found


def spoken_safe(text: str) -> str:
    """`text` without what a voice would not read as words.

    Control, format and private signs and lone surrogates become spaces, white space is evened out, letters are composed
    (a voice reads a Vietnamese letter and its accent apart when they are written apart), and `[[`, by which espeak-ng
    and piper are told phonemes, is taken apart.
    """
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in composed)
    return " ".join(plain.replace("[", " ").replace("]", " ").split())


@lru_cache(maxsize=TEMPLATES_MAX)
def _compiled(text: str, language: str) -> tuple[Template, frozenset[str]]:
    """Raises one of _FAULTS."""
    if len(text) > TEMPLATE_CHARS_MAX:
        raise ValueError(f"{len(text)} characters long; at most {TEMPLATE_CHARS_MAX} are allowed")
    environment = _environment(language)
    tree = environment.parse(text)
    for node, depth in _walk(tree, 0):
        if not isinstance(node, _ALLOWED_NODES) or _reaches_into_python(node):
            raise TemplateSyntaxError(f"`{type(node).__name__.lower()}` is not allowed in a prompt", node.lineno)
        if depth > NESTING_MAX:
            raise TemplateSyntaxError(f"nested more than {NESTING_MAX} deep", node.lineno)
    names = frozenset(meta.find_undeclared_variables(tree))
    return environment.from_string(text), names


def _reaches_into_python(node: nodes.Node) -> bool:
    """`self` is jinja2's, and an item that is not a place in a text (`name[-4:]`) would be an attribute."""
    if isinstance(node, nodes.Name):
        return node.name == "self"
    if isinstance(node, nodes.Getitem):
        place = node.arg.node if isinstance(node.arg, nodes.Neg) else node.arg
        return not (isinstance(place, nodes.Slice) or (isinstance(place, nodes.Const) and isinstance(place.value, int)))
    return False


def _walk(node: nodes.Node, depth: int) -> Iterator[tuple[nodes.Node, int]]:
    yield node, depth
    if depth <= NESTING_MAX:
        for child in node.iter_child_nodes():
            yield from _walk(child, depth + 1)


@lru_cache(maxsize=64)
def _environment(language: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    built_in = environment.filters
    environment.globals.clear()
    environment.filters = {name: built_in[name] for name in _BUILT_IN_FILTERS} | _filters(language)
    return environment


def _filter_meant(name: str, language: str) -> str:
    known = sorted({*_BUILT_IN_FILTERS, *_filters(language)})
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "one of " + ", ".join(known)


def _filters(language: str) -> dict[str, Callable[..., str]]:
    """The filters that turn a value into words of `language`; each takes text too, as variables arrive in commands."""

    def money(value: object, currency: str = "VND") -> str:
        return say.money_words(_decimal(value), currency, language)

    return {
        "number": lambda value: say.number_words(_whole(value), language),
        "ordinal": lambda value: say.ordinal_words(_whole(value), language),
        "position": lambda value: say.position_words(_whole(value), language),
        "digits": lambda value: say.digits_words(_text(value), language),
        "telephone": lambda value: say.telephone_words(_text(value), language),
        "duration": lambda value: say.duration_words(float(_decimal(value)), language),
        "minutes_to": lambda low, high: say.minutes_between_words(_whole(low), _whole(high), language),
        "minutes": lambda value: say.minutes_words(float(_decimal(value)), language),
        "time": lambda value: say.time_words(*_hour_and_minute(value), language),
        "money": money,
    }


def _whole(value: object) -> int:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def _decimal(value: object) -> Decimal:
    """Raises ValueError for what is no finite number of a speakable size."""
    try:
        number = Decimal(_text(value).strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite() or abs(number) > say.NUMBER_MAX:
        raise ValueError(f"{value!r} is not a number of at most {say.NUMBER_MAX}")
    return number


def _hour_and_minute(value: object) -> tuple[int, int]:
    """ "08:30" or "08:30:15"."""
    parts = _text(value).strip().split(":")
    if len(parts) not in (2, 3) or not all(part.isdecimal() and part.isascii() and len(part) <= 2 for part in parts):
        raise ValueError(f"{value!r} is not a time of day such as 08:30")
    return int(parts[0]), int(parts[1])


def _text(value: object) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises UndefinedError, which names the variable
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{value!r} is neither text nor a number")
    return str(value)
