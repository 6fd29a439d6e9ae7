"""Entries of the journal, and snapshots, without one person. Knows their JSON, and whose a part of it is; no table.

Theory: the engine decides by numbers only whether two are one, and by how they begin. So an erased number keeps its
first digits, and a tag takes the place of the others: the same tag for all her numbers in one run, whatever form they
are written in, and nothing that leads back to them. An engine that is told such entries mostly answers as it did; where
it does not, because a list or a value had decided, whoever compares is told that somebody was erased (`is_erased`).

A number is hers where it stands as a caller's, or as what was called. What somebody else had dialled to come here
(`dialled`) and the numbers of phones of the house (`OURS`) are never anybody's who calls.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from callcenter.core.flows import STAND_IN
from callcenter.model.contact import Direction
from callcenter.model.numbers import ERASED_TAG_CHARS, erased_number

ERASED: Final = "erased"
ERASED_PATTERN: Final = f'[0-9]x[0-9a-f]{{{ERASED_TAG_CHARS}}}|"{ERASED}"'
"""What an entry holds of which somebody was erased; a regular expression of Python and of Postgres."""

OF_HER: Final = frozenset(
    {"caller_name", "note", "fields", "variables", "values", "body", "url", "custom", "reference"}
)
"""Keys of events and outputs under which something of a person stands, whatever it is."""
OURS: Final = frozenset({"agent_number", "agent", "outside", "caller_id", "used"})
"""Keys of numbers of this house, of its agents' phones among them; an `agent` that is saved is all hers."""
_OF_PHONES: Final = ("PhoneChanged", "PhoneUsed", "RingAgent", "RingPhone")
"""Messages whose `number` is a phone's of the house."""
NUMBERS: Final = ("caller", "number")
"""Keys by whose value a part is hers that names no contact."""
WITHIN_CHARS: Final = 6  # shorter numbers are looked for as whole texts only: they would be found in anything

TYPED: Final = "digits"
"""The key under which a snapshot has what is being typed: as many digits stay, and which they were goes."""

_HAS_ERASED: Final = re.compile(ERASED_PATTERN)
_ONE_ERASED: Final = re.compile(rf"[0-9]x[0-9a-f]{{{ERASED_TAG_CHARS}}}|^{ERASED}$")
_NAMED_IN: Final = ("CallbackRequested", "DialRequested")  # requests whose `name` is the customer's


@dataclass(frozen=True, slots=True)
class Unnaming:
    """Takes one person out: `forms` of her numbers, `contacts` of hers that are over, `live` ones, and a run's tag.

    `within` are numbers that are hers in her own calls only: where she asked to be called back, which may be a desk
    that many share.
    """

    forms: frozenset[str]
    contacts: frozenset[str]
    live: frozenset[str]
    tag: str
    within: frozenset[str] = frozenset()

    def entry(self, event: str, outputs: str) -> tuple[str, str]:
        """An entry without her; the same texts if she is not in it, or a call of hers that is up is.

        An output names its contact. An event may not; it is hers if every contact that came of it is.
        """
        told, answered = msgspec.json.decode(event), msgspec.json.decode(outputs)
        spoken_of = {one["contact"] for one in (told, *answered) if isinstance(one.get("contact"), str)}
        if spoken_of & self.live:
            return event, outputs
        mine = bool(spoken_of) and spoken_of <= self.contacts
        unnamed = self._walker()
        pairs = ((event, told, unnamed(told, mine)), (outputs, answered, unnamed(answered, False)))
        first, second = (text if blank == tree else msgspec.json.encode(blank).decode() for text, tree, blank in pairs)
        return first, second

    def snapshot(self, state: bytes) -> bytes:
        """What the engine remembered, without her; as it is if a call of hers that is up is in it."""
        if any(f'"{contact}"'.encode() in state for contact in self.live):
            return state
        remembered = msgspec.json.decode(state)
        unnamed = self._walker()(remembered, False)
        return state if unnamed == remembered else msgspec.json.encode(unnamed)

    def _walker(self) -> Callable[[Any, bool], Any]:
        anywhere, in_hers = _replacing(self.forms, self.tag), _replacing(self.forms | self.within, self.tag)

        def walked(tree: Any, mine: bool) -> Any:
            match tree:
                case str():
                    return in_hers(tree) if mine else anywhere(tree)
                case list():
                    return [walked(one, mine) for one in tree]
                case dict():
                    hers, kept = self._is_hers(tree, mine), _ours(tree)
                    return {
                        key: value
                        if key in kept
                        else _emptied(value)
                        if hers and key in _keys_of_her(tree)
                        else STAND_IN * len(value)
                        if hers and key == TYPED and isinstance(value, str)
                        else walked(value, hers)
                        for key, value in tree.items()
                    }
                case _:
                    return tree

        return walked

    def _is_hers(self, tree: Mapping[str, Any], mine: bool) -> bool:
        contact, remembered = tree.get("contact"), tree.get("id")
        if isinstance(contact, str):
            return contact in self.contacts
        if isinstance(remembered, str) and remembered in self.contacts:
            return True
        return mine or any(isinstance(tree.get(key), str) and tree[key] in self.forms for key in NUMBERS)


def alike_but_for_erased(recorded: object, answered: object) -> bool:
    """Whether two messages (or tuples of them) say the same but for what was erased of the first."""
    return _alike(msgspec.to_builtins(recorded), msgspec.to_builtins(answered), of_her=False)


def is_erased(state: bytes) -> bool:
    """Whether somebody was taken out of a snapshot."""
    return _HAS_ERASED.search(state.decode("utf-8", "replace")) is not None


def _alike(recorded: Any, answered: Any, *, of_her: bool) -> bool:
    match recorded, answered:
        case dict(), dict():
            return all(
                _alike(
                    recorded.get(key, ""),
                    answered.get(key, ""),
                    of_her=of_her or key in OF_HER,
                )
                for key in {**recorded, **answered}
            )
        case list() | tuple(), list() | tuple() if len(recorded) == len(answered):
            pairs = zip(recorded, answered, strict=True)
            return all(_alike(one, other, of_her=of_her) for one, other in pairs)
        case str(), _ if recorded != answered:
            return (of_her and not recorded) or _ONE_ERASED.search(recorded) is not None
        case _:
            return bool(recorded == answered) or (of_her and not recorded)


def _ours(tree: Mapping[str, Any]) -> frozenset[str]:
    """Keys under which a number of ours stands, here."""
    kept = OURS if tree.get("direction") == Direction.OUTBOUND else OURS | {"dialled"}
    return kept | {"number"} if tree.get("type") in _OF_PHONES else kept


def _keys_of_her(tree: Mapping[str, Any]) -> frozenset[str]:
    """`name` is the customer's in some requests only."""
    return OF_HER | {"name"} if tree.get("type") in _NAMED_IN else OF_HER


def _replacing(forms: Iterable[str], tag: str) -> Callable[[str], str]:
    """Puts erased numbers in the place of hers: whole texts, and long ones within a text."""
    instead = {form: erased_number(form, tag) for form in sorted(forms, key=lambda form: (-len(form), form)) if form}
    within = "|".join(re.escape(form) for form in instead if len(form) >= WITHIN_CHARS)
    pattern = re.compile(rf"(?<![0-9])(?:{within})(?![0-9])") if within else None

    def replaced(text: str) -> str:
        if text in instead:
            return instead[text]
        return text if pattern is None else pattern.sub(lambda found: instead[found[0]], text)

    return replaced


def _emptied(value: Any) -> Any:
    """The same shape without what it says."""
    match value:
        case str():
            return ""
        case list():
            return []
        case dict():
            return {key: _emptied(one) for key, one in value.items()}
        case _:
            return value
