"""What the parts of a configuration must agree on: languages, variables, numbers. Knows no syntax.

Looks at nodes by the types of their fields, so that a new kind of node takes part without a line here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from callcenter.config.numbers import may_forward
from callcenter.config.prompts import text_problems
from callcenter.config.sheet import PromptPlace, did_you_mean, shown
from callcenter.config.subflows import subflow_problems
from callcenter.config.tree import Path, Tree
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Node
from callcenter.model.ids import FlowName
from callcenter.model.queue import Overflow, Target
from callcenter.nodes.collect import Collect
from callcenter.nodes.fields import OF_THE_CALL, Filled, FilledUrl, Language, Subject, VariableName, places
from callcenter.nodes.parts import typed
from callcenter.nodes.transfer import Transfer

Place = tuple[Tree, Path, Node]
"""A node and where it was written."""

QUEUE_TARGETS: Final = ("overflow", "no_agents", "at_close")
NOT_FORWARDED: Final = "add a pattern that fits to forward_to in numbers.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the parts of a configuration were written."""

    flows: Mapping[FlowName, Tree]
    queues: Tree
    prompts: Mapping[str, PromptPlace]


def disagreements(configuration: Configuration, written: Written, *, whole: bool) -> Iterator[Problem]:
    """Problems between parts. `whole`: every flow could be read, so that what none of them sets is set nowhere."""
    nodes: list[Place] = [
        (written.flows[flow.name], ("nodes", name), node)
        for flow in configuration.flows.values()
        for name, node in flow.nodes.items()
    ]
    languages, unspoken = _languages(configuration, written, nodes)
    yield from unspoken
    variables = {found for _, _, node in nodes for _, found in typed(node, VariableName)}
    secrets = {node.into for _, _, node in nodes if isinstance(node, Collect) and node.masked}
    for tree, path, node in nodes:
        yield from _variable_problems(tree, path, node, variables if whole else None, secrets)
        if isinstance(node, Transfer) and not places(node.number):
            yield from _number_problem(tree, (*path, "number"), node.number, configuration)
    yield from subflow_problems(configuration, written.flows, whole=whole)
    for queue in configuration.queues.values():
        for name in QUEUE_TARGETS:
            target: Target | None = getattr(queue, name)
            if target is not None and target.to is Overflow.NUMBER:
                yield from _number_problem(written.queues, (queue.name, name), target.name, configuration)
    yield from text_problems(
        written.prompts.values(), languages=languages, variables=variables if whole else None, secrets=secrets
    )


def _languages(configuration: Configuration, written: Written, nodes: list[Place]) -> tuple[set[str], list[Problem]]:
    """The languages that callers may hear; one in which nothing is said at all is a problem where it is chosen."""
    chosen: list[tuple[Tree, Path, str]] = [
        (written.flows[name], ("language",), flow.language) for name, flow in configuration.flows.items()
    ]
    chosen += [(tree, (*path, *at), found) for tree, path, node in nodes for at, found in typed(node, Language)]
    there = {tag for place in written.prompts.values() for tag in place.prompt.texts}
    unspoken = [
        tree.problem(path, f"nothing is said in `{language}`", did_you_mean(language, there))
        for tree, path, language in chosen
        if there and not there & {language, language.split("-")[0]}
    ]
    return {language for _, _, language in chosen if there & {language, language.split("-")[0]}}, unspoken


def _variable_problems(
    tree: Tree, path: Path, node: Node, variables: set[str] | None, secrets: set[VariableName]
) -> Iterator[Problem]:
    used = [(at, name) for at, name in typed(node, Subject)]
    texts = (*typed(node, Filled), *typed(node, FilledUrl))
    filled = [(at, name) for at, text in texts for name in places(text)]
    for at, name in filled:
        if name in secrets:
            yield tree.problem((*path, *at), f"`{name}` is collected masked and cannot be copied or sent")
    for at, name in used:
        if name in secrets:  # the journal does not hold it, and must lead to the same place when it is told again
            yield tree.problem((*path, *at), f"`{name}` is collected masked and cannot be compared")
    known = {*(variables or ()), *OF_THE_CALL}
    for at, name in [*used, *filled]:
        if variables is not None and name not in known:
            remedy = did_you_mean(name, known)
            if remedy.startswith("did you mean"):  # else the dialplan may set it
                yield tree.problem((*path, *at), f"nothing sets {shown(name)}", remedy)


def _number_problem(tree: Tree, path: Path, number: str, configuration: Configuration) -> Iterator[Problem]:
    if not may_forward(number, configuration.forward_to):
        yield tree.problem(path, f"calls may not be forwarded to {shown(number)}", NOT_FORWARDED)
