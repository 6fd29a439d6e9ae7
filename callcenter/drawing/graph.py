"""Flows and queues as boxes and ways. Knows nodes by the types of their parts; knows no ink.

Ways that lead from one box to the same other box are one way with several labels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from callcenter.drawing.words import exit_words, node_lines, queue_lines
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName
from callcenter.model.queue import Overflow, Queue, Target, mailbox_flow
from callcenter.nodes import NODES
from callcenter.nodes.parts import flows_of, queues_of, typed

NUMBER: Final = "number"
QUEUE: Final = "queue"
FLOW: Final = "flow"
OUTSIDE: Final = "outside"
_KIND_OF: Final[Mapping[type, str]] = {cls: name for name, cls in NODES.items()}

TARGET_WORDS: Final[Mapping[str, str]] = {
    "overflow": "too long, full or drained",
    "no_agents": "nobody at work",
    "at_close": "closes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One thing. `kind` is a node's kind, or number, queue, flow, outside."""

    id: str
    title: str
    kind: str
    flow: str = ""  # to which it belongs
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From one box to another. `exits` are the names behind the labels."""

    source: str
    target: str
    labels: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What is drawn, in the order in which it was written."""

    title: str
    nodes: tuple[Box, ...]
    edges: tuple[Way, ...]

    def document(self) -> dict[str, object]:
        """For programs."""
        return {
            "title": self.title,
            "boxes": [
                {"id": box.id, "title": box.title, "kind": box.kind, "flow": box.flow or None, "lines": list(box.lines)}
                for box in self.nodes
            ],
            "ways": [
                {"from": way.source, "to": way.target, "labels": list(way.labels), "exits": list(way.exits)}
                for way in self.edges
            ],
        }


def graph_of(configuration: Configuration, flow: str = "") -> Graph:
    """One flow and what it leads to, or (with no name) everything."""
    drawing = _Drawing(configuration)
    if flow:
        drawing.flow(configuration.flows[FlowName(flow)])
        title = f"flow {flow}"
    else:
        for name in sorted(configuration.flows):
            drawing.flow(configuration.flows[name])
        for queue in configuration.queues.values():
            drawing.queue(queue)
        title = "flows and queues"
    edges = tuple(drawing.joined())  # which adds boxes for what is only led to
    return Graph(title=title, nodes=tuple(drawing.boxes.values()), edges=edges)


class _Drawing:
    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.boxes: dict[str, Box] = {}
        self._ways: dict[tuple[str, str], list[tuple[str, str]]] = {}  # ends -> (label, exit)

    def joined(self) -> Iterator[Way]:
        """The ways, one per pair of boxes."""
        for (source, target), marks in self._ways.items():
            self._stranger(target)
            labels = tuple(dict.fromkeys(label for label, _ in marks if label))
            yield Way(source=source, target=target, labels=labels, exits=tuple(exit_ for _, exit_ in marks if exit_))

    def flow(self, flow: Flow) -> None:
        """A flow: the numbers that lead there, its nodes, and their ways."""
        configuration = self._configuration
        numbers = sorted(number for number, name in configuration.numbers.items() if name == flow.name)
        if configuration.default_flow == flow.name:
            numbers.append("any other number")
        if numbers:
            box = Box(id=f"number:{flow.name}", title=", ".join(numbers), kind=NUMBER, flow=flow.name)
            self._add(box)
            self._way(box.id, _id(flow.name, flow.start))
        for name, node in flow.nodes.items():
            kind = _KIND_OF.get(type(node), type(node).__name__.lower())
            here = _id(flow.name, name)
            self._add(Box(id=here, title=name, kind=kind, flow=flow.name, lines=node_lines(node, flow.language)))
            for exit_, target in node.exits().items():
                self._way(here, _id(flow.name, target), exit_words(node, exit_), exit_)
            for _, queue in queues_of(node):
                self._way(here, f"queue:{queue}")
            for _, entered in flows_of(node):
                self._way(here, self._door(entered), "enters")

    def queue(self, queue: Queue) -> None:
        """A queue and where it sends those whom it does not keep."""
        here = f"queue:{queue.name}"
        self._add(Box(id=here, title=queue.name, kind=QUEUE, lines=queue_lines(queue)))
        for path, target in typed(queue, Target):
            door = self._target(target)
            if door:
                key = str(path[0])
                self._way(here, door, TARGET_WORDS.get(key, key.replace("_", " ")), key)
        for path, flow in typed(queue, FlowName):
            self._way(here, self._door(flow), str(path[0]).replace("_", " "), str(path[0]))

    def _target(self, target: Target) -> str:
        match target.to:
            case Overflow.QUEUE:
                return f"queue:{target.name}"
            case Overflow.FLOW:
                return self._door(FlowName(target.name))
            case Overflow.VOICEMAIL:
                return self._door(mailbox_flow(target.name))
            case Overflow.NUMBER:
                return f"outside:{target.name}"
            case _:
                return ""

    def _door(self, name: FlowName) -> str:
        """The box where a flow begins, or one that stands for the flow."""
        flow = self._configuration.flows.get(name)
        return _id(name, flow.start) if flow is not None else f"flow:{name}"

    def _stranger(self, box: str) -> None:
        """What is led to and not drawn itself is a box that only has a name."""
        if box in self.boxes:
            return
        kind, _, name = box.partition(":")
        if kind == QUEUE:
            queue = next((one for one in self._configuration.queues.values() if one.name == name), None)
            lines = queue_lines(queue) if queue is not None else ()
            self._add(Box(id=box, title=name, kind=QUEUE, lines=lines))
        elif kind == "node":
            self._add(Box(id=box, title=name.partition(".")[0], kind=FLOW))
        else:
            self._add(Box(id=box, title=name, kind=OUTSIDE if kind == "outside" else FLOW))

    def _add(self, box: Box) -> None:
        self.boxes[box.id] = box

    def _way(self, source: str, target: str, label: str = "", exit_: str = "") -> None:
        self._ways.setdefault((source, target), []).append((label, exit_))


def _id(flow: str, node: str) -> str:
    return f"node:{flow}.{node}"
