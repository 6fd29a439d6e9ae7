"""Which nodes and exits the rehearsed calls have reached. Knows flows and courses; prints nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from callcenter.model.configuration import Configuration
from callcenter.model.ids import FlowName
from callcenter.sim.course import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCoverage:
    """One flow: how many nodes and exits it has, and those that no case reached (exits as "node.exit")."""

    flow: FlowName
    nodes: int
    exits: int
    nodes_left: tuple[str, ...]
    exits_left: tuple[str, ...]

    @property
    def share(self) -> float:
        """The reached part of nodes and exits together, 0..1."""
        return 1 - (len(self.nodes_left) + len(self.exits_left)) / (self.nodes + self.exits)


def coverage(configuration: Configuration, courses: Iterable[Course]) -> list[FlowCoverage]:
    """Per flow of the configuration, by name."""
    nodes: set[tuple[str, str]] = set()
    exits: set[tuple[str, str, str]] = set()
    for course in courses:
        before: dict[str, str] = {}  # flow -> the node in which the call was last
        for passed in course.passed:
            nodes.add((passed.flow, passed.node))
            if passed.exit and passed.flow in before:
                exits.add((passed.flow, before[passed.flow], passed.exit))
            before[passed.flow] = passed.node
    found = []
    for name, flow in sorted(configuration.flows.items()):
        ways = [(node, exit_) for node, made in flow.nodes.items() for exit_ in made.exits()]
        found.append(
            FlowCoverage(
                flow=name,
                nodes=len(flow.nodes),
                exits=len(ways),
                nodes_left=tuple(node for node in flow.nodes if (name, node) not in nodes),
                exits_left=tuple(f"{node}.{exit_}" for node, exit_ in ways if (name, node, exit_) not in exits),
            )
        )
    return found


def share(found: Iterable[FlowCoverage]) -> float:
    """The reached part of all nodes and exits, 0..1; 1 if there are none."""
    listed = list(found)
    there = sum(one.nodes + one.exits for one in listed)
    left = sum(len(one.nodes_left) + len(one.exits_left) for one in listed)
    return 1.0 if there == 0 else 1 - left / there
