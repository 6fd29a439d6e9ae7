"""What a rehearsal needs of a configuration: ways in for those who wait already, and the skills that are asked for."""

from dataclasses import replace
from typing import Final

from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName, QueueName, Skill
from callcenter.model.need import Need
from callcenter.model.rehearsal import Case
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.parts import typed

AHEAD: Final = "rehearsal.ahead."  # begins the names of the flows by which those who wait already came in


def with_ways_in(configuration: Configuration, case: Case) -> Configuration:
    """The configuration, and a flow for each queue in which somebody waits already."""
    ahead = {
        FlowName(AHEAD + queue): Flow(
            name=FlowName(AHEAD + queue), start="go", nodes={"go": Enqueue(queue=QueueName(queue))}
        )
        for queue in case.waiting
    }
    return replace(configuration, flows={**configuration.flows, **ahead}) if ahead else configuration


def skills_asked_for(configuration: Configuration) -> list[Skill]:
    """Every skill that a queue or a flow of it asks for."""
    needs: list[Need] = [queue.needs for queue in configuration.queues.values()]
    nodes = [node for flow in configuration.flows.values() for node in flow.nodes.values()]
    needs += [need for node in nodes for _, need in typed(node, Need)]
    return sorted({skill for need in needs for clause in need.alternatives for skill, _ in clause})
