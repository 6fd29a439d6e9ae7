"""What a node (or a queue) is made of, told by the types of its fields. Knows dataclasses; knows no kind of node.

A field that is typed `QueueName` names a queue, one typed `FlowName` a flow, one typed `Prompt` is something to say:
whoever asks for the parts of a type finds those of a kind that was added yesterday too.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from callcenter.model.flow import (
    AgentWish,
    Assign,
    DropNote,
    EnterFlow,
    HangUpCall,
    KeepNote,
    Leave,
    Memory,
    Node,
    Prompt,
    Queueing,
    ReturnToDialplan,
    ReturnToFlow,
    SpeakLanguage,
    StopSaying,
    TakeAnswer,
    Visit,
)
from callcenter.model.ids import FlowName, QueueName

Path = tuple[str | int, ...]

AT_ONCE: Final = (
    *(Leave, Assign, SpeakLanguage, StopSaying, AgentWish, KeepNote, DropNote, TakeAnswer),
    *(Queueing, EnterFlow, ReturnToFlow, HangUpCall, ReturnToDialplan),
)
"""What a node may ask for that is over at once."""


def typed(value: Any, wanted: object) -> Iterator[tuple[Path, Any]]:
    """Every part of a dataclass whose declared type is `wanted`, with the path to it; of anything else, nothing."""
    if not is_dataclass(value):
        return
    hints = get_type_hints(type(value), include_extras=True)
    for field in fields(value):
        yield from _typed(getattr(value, field.name), hints[field.name], wanted, (field.name,))


def _typed(value: Any, tp: Any, wanted: object, path: Path) -> Iterator[tuple[Path, Any]]:
    origin, args = get_origin(tp), get_args(tp)
    if value is None:
        return
    if tp is wanted:
        yield path, value
    elif origin is Annotated:
        yield from _typed(value, args[0], wanted, path)
    elif origin in (Union, types.UnionType):
        for arg in args:
            yield from _typed(value, arg, wanted, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _typed(key, args[0], wanted, (*path, key))
            yield from _typed(inner, args[1], wanted, (*path, key))
    elif origin is tuple:
        for at, inner in enumerate(value):
            yield from _typed(inner, args[0], wanted, (*path, at))
    elif is_dataclass(value) and tp is type(value):
        for inner_path, found in typed(value, wanted):
            yield (*path, *inner_path), found


def queues_of(node: Node) -> tuple[tuple[Path, QueueName], ...]:
    """The queues that a node names, with the path to each name."""
    return tuple(typed(node, QueueName))


def flows_of(node: Node) -> tuple[tuple[Path, FlowName], ...]:
    """The flows that a node names."""
    return tuple(typed(node, FlowName))


def prompts_of(node: Node) -> tuple[tuple[Path, Prompt], ...]:
    """The prompts that a node may say."""
    return tuple(typed(node, Prompt))


def takes_no_time(node: Node) -> bool:
    """Whether a call is through the node in the instant in which it comes: nothing is said, asked or waited for."""
    visit = Visit(
        memory=Memory(),
        variables={},
        language="",
        caller="",
        dialled="",
        now=0.0,
        open_calendars=frozenset(),
        holidays=frozenset(),
    )
    return all(isinstance(action, AT_ONCE) for action in node.enter(visit).actions)
