"""Where a call can go across flows and queues: rounds without an end, and what nothing leads to.

Pure. Knows flows and queues by the types of their parts, so that a new kind of node, or a new way out of a queue, takes
part without a line here.

Theory: nodes of all flows and all queues are one graph. A node leads where silence takes its call, into the queue or
the flow that it names; a queue leads where its targets say. A round in it is judged by what keeps a call in it:

- nothing takes time, and whatever sends the call on would do so again at once (nobody is logged in, the queue is
  closed, the queue is full): the call would spin. That is an error.
- something takes time (a wait, a prompt): a caller is sent round a few times and then let go (`HOPS_MAX`). That may be
  meant, so it is a remark.

A round within one flow is the flow's own matter (`graph`), one of queues alone is theirs (`queues`), and flows that
lead into each other by `subflow` are told of in `subflows`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from callcenter.config.graph import circle
from callcenter.config.tree import Path, Tree
from callcenter.core.queues import HOPS_MAX
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Node
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.queue import Overflow, Queue, Target
from callcenter.nodes import Kind
from callcenter.nodes.parts import flows_of, queues_of, takes_no_time, typed

ALWAYS: Final = ("no_agents", "at_close")
"""Ways out of a queue that a call which comes back at once is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One step that a call may be sent without anybody doing anything. `at`: where it was written."""

    to: str
    tree: Tree
    at: Path
    again: bool = True  # who comes back at once is sent this way again


class Place(NamedTuple):
    """A node of a flow, or a queue (then `flow` is empty)."""

    flow: str
    name: str

    @property
    def words(self) -> str:
        """As a message shows it."""
        return f"{self.flow}.{self.name}" if self.flow else f"queue {self.name}"


Graph = Mapping[Place, Mapping[Place, Way]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`problems` keep a folder from being used; `remarks` are worth a look."""

    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]


def across(configuration: Configuration, flows: Mapping[FlowName, Tree], queues: Tree, numbers: Tree) -> Findings:
    """What is wrong, or odd, between flows and queues. `flows` are the trees of those that were written."""
    graph = _graph(configuration, flows, queues)
    idle = {
        place: {to: way for to, way in ways.items() if way.again}
        for place, ways in graph.items()
        if not place.flow or takes_no_time(_node(configuration, place))
    }
    problems, remarks = [], []
    seen: set[Place] = set()
    for around in _rounds(idle):
        seen.update(around)
        problems.append(_problem(around, graph, "would be sent round for ever in one instant"))
    for around in _rounds({place: ways for place, ways in graph.items() if place not in seen}):
        what = f"a caller whom nobody serves is sent round here, and is hung up on after {HOPS_MAX} rounds"
        remarks.append(_problem(around, graph, what, remedy="lead one of these ways to a message or a hangup"))
    remarks += _unused(configuration, flows, queues, numbers)
    return Findings(problems=tuple(problems), remarks=tuple(remarks))


def _graph(configuration: Configuration, flows: Mapping[FlowName, Tree], queues: Tree) -> Graph:
    graph: dict[Place, dict[Place, Way]] = {}
    for flow in configuration.flows.values():
        tree = flows.get(flow.name, Tree(file=f"flows/{flow.name}.yaml"))
        for name, node in flow.nodes.items():
            ways = graph.setdefault(Place(flow.name, name), {})
            for exit_, target in _silent_exits(node):
                ways[Place(flow.name, target)] = Way(to=target, tree=tree, at=("nodes", name, *exit_.split(".")))
            for at, queue in queues_of(node):
                ways[Place("", queue)] = Way(to=queue, tree=tree, at=("nodes", name, *at))
            for at, entered in flows_of(node):
                if entered in configuration.flows:
                    start = configuration.flows[entered].start
                    ways[Place(entered, start)] = Way(to=entered, tree=tree, at=("nodes", name, *at))
    for queue_ in configuration.queues.values():
        graph[Place("", queue_.name)] = dict(_ways_out(configuration, queue_, queues))
    return graph


def _silent_exits(node: Node) -> Iterator[tuple[str, str]]:
    named = cast(Kind, node).when_silent
    return ((exit_, target) for exit_, target in node.exits().items() if named is None or exit_ in named)


def _ways_out(configuration: Configuration, queue: Queue, tree: Tree) -> Iterator[tuple[Place, Way]]:
    for at, target in targets_of(queue):
        shut = queue.hours is not None and queue.at_close is None  # then `overflow` is where a closed queue sends
        again = at[0] in ALWAYS or bool(queue.max_waiting) or shut
        way = Way(to=target.name, tree=tree, at=(queue.name, *at), again=again)
        if target.to is Overflow.QUEUE:
            yield Place("", target.name), way
        elif target.to is Overflow.FLOW and target.name in configuration.flows:
            yield Place(target.name, configuration.flows[FlowName(target.name)].start), way


def targets_of(queue: Queue) -> tuple[tuple[Path, Target], ...]:
    """Every way out of a queue that its configuration names, with the path to it."""
    return tuple(typed(queue, Target))


def _rounds(graph: Graph) -> Iterator[list[Place]]:
    """Rounds that cross from flows to queues; each place is in one of them at most."""
    left = dict(graph)
    while around := _round(left):
        for place in around:
            del left[place]
        if {bool(place.flow) for place in around} == {True, False}:
            yield around


def _round(graph: Graph) -> list[Place]:
    names = {f"{place.flow}\0{place.name}": place for place in graph}
    edges = {
        name: frozenset(f"{to.flow}\0{to.name}" for to in graph[place] if to in graph) for name, place in names.items()
    }
    return [names[name] for name in circle(edges)]


def _problem(around: list[Place], graph: Graph, what: str, remedy: str = "lead one of these ways elsewhere") -> Problem:
    """Told where the round leaves a queue, else where it enters a flow."""
    steps = list(zip(around, [*around[1:], around[0]], strict=True))
    here, onward = min(steps, key=lambda step: (bool(step[0].flow), step[0].flow == step[1].flow))
    way = graph[here][onward]
    shown = " -> ".join(place.words for place in [*around, around[0]])
    who = "" if what.startswith("a caller") else "a call "
    return way.tree.problem(way.at, f"{who}{what}: {shown}", remedy)


def _unused(
    configuration: Configuration, flows: Mapping[FlowName, Tree], queues: Tree, numbers: Tree
) -> Iterator[Problem]:
    nodes = [node for flow in configuration.flows.values() for node in flow.nodes.values()]
    targets = [target for queue in configuration.queues.values() for _, target in targets_of(queue)]
    used_flows = {*configuration.numbers.values(), configuration.default_flow}
    used_flows.update(name for node in nodes for _, name in flows_of(node))
    used_flows.update(FlowName(target.name) for target in targets if target.to is Overflow.FLOW)
    for queue in configuration.queues.values():
        used_flows.update(name for _, name in typed(queue, FlowName))
    used_flows.update(one.flow for one in configuration.campaigns.values() if one.flow is not None)
    for name, tree in flows.items():
        if name in configuration.flows and name not in used_flows:
            what = "no number, queue or flow leads here; only a dialplan could"
            yield tree.problem((), what, f'lead a number here in {numbers.file}: "...": {name}')
    used_queues: set[QueueName] = {name for node in nodes for _, name in queues_of(node)}
    used_queues.update(QueueName(target.name) for target in targets if target.to is Overflow.QUEUE)
    used_queues.update(one.queue for one in configuration.campaigns.values() if one.queue is not None)
    for queue_name in configuration.queues:
        if queue_name not in used_queues:
            yield queues.problem((queue_name,), "no flow or queue leads here", "`kind: enqueue` does", at_key=True)


def _node(configuration: Configuration, place: Place) -> Node:
    return configuration.flows[FlowName(place.flow)].nodes[place.name]
