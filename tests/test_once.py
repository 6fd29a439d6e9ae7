"""What is looked up once: the same text otherwise, and nothing but what keeps its meaning."""

from callcenter import compiled, once

PLAIN = '''"""Of calls."""

import heapq
from callcenter.model.facts import Left, Came
from callcenter.model.states import State
from callcenter.core.lines import Line

LIMIT = State.OPEN


class Door:
    def open(self, came: Came, heap: list[int], line: "Line") -> Left | None:
        state: State = State.OPEN if came.late else State.SHUT  # é: bytes are not characters
        if type(came) is Came and state is not State.SHUT:
            heapq.heappush(heap, 1), line.add(Line())
            return Left(at=came.at, why=State.OPEN.value)
        match state:
            case State.SHUT:
                return None
            case _ if isinstance(came, Left):
                return Left(at=0.0)
        return None
'''
ONCE = '''"""Of calls."""

import heapq
from callcenter.model.facts import Left, Came
from callcenter.model.states import State
from callcenter.core.lines import Line
from typing import Final
_once_State_OPEN: Final = State.OPEN
_once_State_SHUT: Final = State.SHUT
_once_Came: Final = Came
_once_heapq_heappush: Final = heapq.heappush
_once_Left: Final = Left

LIMIT = State.OPEN


class Door:
    def open(self, came: Came, heap: list[int], line: "Line") -> Left | None:
        state: State = _once_State_OPEN if came.late else _once_State_SHUT  # é: bytes are not characters
        if type(came) is _once_Came and state is not _once_State_SHUT:
            _once_heapq_heappush(heap, 1), line.add(Line())
            return _once_Left(at=came.at, why=_once_State_OPEN.value)
        match state:
            case State.SHUT:
                return None
            case _ if isinstance(came, Left):
                return _once_Left(at=0.0)
        return None
'''
THERE = {"callcenter.model.facts": frozenset({"Left", "Came"}), "callcenter.model.states": frozenset({"State"})}


def there(module: str) -> frozenset[str]:
    return THERE.get(module, frozenset())


def test_what_functions_name_is_looked_up_once_and_nothing_else_changes() -> None:
    told, expected = once.looked_up_once(PLAIN, there).splitlines(), ONCE.splitlines()
    assert sorted(told) == sorted(expected)
    kept = [line for line in expected if not line.startswith("_once_")]
    assert [line for line in told if not line.startswith("_once_")] == kept


def test_a_name_that_is_given_another_meaning_is_left_alone() -> None:
    text = "from callcenter.model.facts import Left\n\ndef leave(Left: type) -> object:\n    return Left()\n"
    assert once.looked_up_once(text, there) == text


def test_a_module_that_names_nothing_stays_as_it_is() -> None:
    assert once.looked_up_once("LIMIT = 3\n", there) == "LIMIT = 3\n"


def test_definitions_are_those_of_the_text() -> None:
    assert once.definitions_in("from a import B\n\nclass C:\n    pass\n\ndef d() -> None: ...\n") == {"C", "d"}


def test_of_the_core_messages_are_looked_up_once() -> None:
    talk = (compiled.PACKAGE / "core" / "talk.py").read_text()
    assert "_once_ContactEnded(" in once.looked_up_once(talk, lambda module: frozenset({"ContactEnded"}))
