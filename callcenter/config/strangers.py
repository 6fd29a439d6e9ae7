"""Agents whom a configuration names and whom nobody knows. Pure; who is known it is told.

A folder knows no directory, so this is asked where there is one: `apply`, and `flows check` beside a running center.
An agent may be hired later, so they are remarks.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from callcenter.config.sheet import did_you_mean
from callcenter.config.tree import Path, Tree, read_tree
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.ids import AgentId
from callcenter.model.need import AGENT_SIGN, Need, is_name
from callcenter.model.queue import Queue, RelaxStep
from callcenter.nodes.enqueue import Enqueue

QUEUES: Final = "queues.yaml"
MAILBOXES: Final = "mailboxes.yaml"

_Named = tuple[str, Path, AgentId]  # file, place in it, who


def strangers(configuration: Configuration, files: Mapping[str, str], known: Collection[AgentId]) -> list[Problem]:
    """A remark for each place that names an agent who is not `known`. The configuration was read of `files`."""
    trees: dict[str, Tree] = {}
    found = []
    for file, path, agent in _named(configuration):
        if agent not in known:
            if file not in trees:
                trees[file] = read_tree(file, files.get(file, ""))
            found.append(trees[file].problem(path, f"there is no agent {agent}", did_you_mean(agent, known)))
    return found


def _named(configuration: Configuration) -> Iterator[_Named]:
    for queue in configuration.queues.values():
        for path, agent in _of_queue(queue):
            yield QUEUES, (queue.name, *path), agent
    for flow in configuration.flows.values():
        for name, node in flow.nodes.items():
            if isinstance(node, Enqueue):
                for path, agent in (*_of_need(node.needs, ("needs",)), *_of_steps(node.relax)):
                    yield f"flows/{flow.name}.yaml", ("nodes", name, *path), agent
    for mailbox, box in configuration.mailboxes.items():
        if box.route is not None:
            for path, agent in _of_need(box.route.needs, (mailbox, "route", "needs")):
                yield MAILBOXES, path, agent


def _of_queue(queue: Queue) -> Iterator[tuple[Path, AgentId]]:
    yield from _of_need(queue.needs, ("needs",))
    yield from _of_steps(queue.relax)
    if queue.reserve is not None:
        for at, agent in enumerate(queue.reserve.agents):
            yield ("reserve", "agents", at), agent
        yield from _of_need(queue.reserve.needs, ("reserve", "needs"))


def _of_steps(steps: tuple[RelaxStep, ...]) -> Iterator[tuple[Path, AgentId]]:
    for at, step in enumerate(steps):
        yield from _of_need(step.needs, ("relax", at, "needs"))
        yield from _of_need(step.add, ("relax", at, "add"))


def _of_need(need: Need | None, path: Path) -> Iterator[tuple[Path, AgentId]]:
    if need is not None:
        names = {skill for clause in need.alternatives for skill, _ in clause if is_name(skill)}
        for name in sorted(names):
            yield path, AgentId(name.removeprefix(AGENT_SIGN))
