"""What is wrong with the shape of a flow: pure, and knows no YAML and no kind of node by name.

Theory: the nodes and their exits are a graph. Everything must be reachable from the start; every exit must lead
somewhere; and a caller who does nothing must come to an end. The last is judged on a smaller graph: of nodes that wait
for a key only the exits that silence takes (`Kind.when_silent`), of others every exit. A circle there would keep a dead
line for ever, or, if nothing in it takes time, spin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from callcenter.config.sheet import did_you_mean
from callcenter.model.flow import Flow, Node
from callcenter.nodes import Kind

Edges = Mapping[str, dict[str, str]]  # node -> exit -> node


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong at `node` (or with the flow, if empty), at `exit` if that is given."""

    node: str
    what: str
    remedy: str = ""
    exit: str = ""


def flaws(flow: Flow) -> list[Flaw]:
    """Everything wrong with the shape of `flow`, in the order of its nodes."""
    edges: dict[str, dict[str, str]] = {name: dict(node.exits()) for name, node in flow.nodes.items()}
    if flow.start not in edges:
        return [
            Flaw(node="", what=f"there is no node `{flow.start}` to start with", remedy=did_you_mean(flow.start, edges))
        ]
    return [*_dangling(edges), *_unreachable(flow.start, edges), *_endless(edges, flow.nodes)]


def _dangling(edges: Edges) -> Iterable[Flaw]:
    """Each wrong name once per node: an exit that is left out leads where another one does."""
    for name, exits in edges.items():
        first = {target: exit for exit, target in reversed(exits.items())}
        for exit, target in exits.items():
            if target not in edges and first[target] == exit:
                yield Flaw(
                    node=name, exit=exit, what=f"there is no node `{target}`", remedy=did_you_mean(target, edges)
                )


def _unreachable(start: str, edges: Edges) -> Iterable[Flaw]:
    reached, ahead = {start}, [start]
    while ahead:
        onward = [target for target in edges[ahead.pop()].values() if target in edges and target not in reached]
        reached.update(onward)
        ahead += onward
    for name in edges:
        if name not in reached:
            yield Flaw(node=name, what="nothing leads here", remedy="lead an exit here or take it out")


def _endless(edges: Edges, nodes: Mapping[str, Node]) -> Iterable[Flaw]:
    silent = {name: _when_silent(nodes[name], exits) for name, exits in edges.items()}
    while around := circle(silent):
        way = " -> ".join([*around, around[0]])
        yield Flaw(
            node=around[0],
            what=f"a caller who does nothing goes round for ever: {way}",
            remedy="lead one of these exits to a hangup or a queue",
        )
        silent = {name: targets for name, targets in silent.items() if name not in around}


def _when_silent(node: Node, exits: Mapping[str, str]) -> frozenset[str]:
    named = cast(Kind, node).when_silent
    return frozenset(target for exit, target in exits.items() if named is None or exit in named)


def circle(edges: Mapping[str, frozenset[str]]) -> list[str]:
    """Some circle in the graph, beginning with its first name; empty if there is none."""
    left = {name: {target for target in targets if target in edges} for name, targets in edges.items()}
    while dead_ends := [name for name, targets in left.items() if not targets]:
        for name in dead_ends:
            del left[name]
        left = {name: targets - set(dead_ends) for name, targets in left.items()}
    if not left:
        return []
    way = [min(left)]
    while (onward := min(left[way[-1]])) not in way:
        way.append(onward)
    around = way[way.index(onward) :]
    first = around.index(min(around))
    return around[first:] + around[:first]
