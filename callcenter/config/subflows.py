"""What flows that lead into each other must agree on. Knows `subflow` and `return`; knows no YAML.

Every word that a flow can return must be known where it was entered, every word that is known there must be possible,
no flow may lead into itself by any way, and none may be entered deeper than a contact can be. Shown beforehand, so that
no caller comes back to a node that does not know where to send her.
"""

from collections.abc import Iterator, Mapping

from callcenter.config.graph import circle
from callcenter.config.sheet import did_you_mean, shown
from callcenter.config.tree import Tree
from callcenter.core.flows import SUBFLOWS_MAX
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.flow import RETURNS, Flow
from callcenter.model.ids import FlowName
from callcenter.nodes.return_to_flow import Return
from callcenter.nodes.subflow import Subflow


def subflow_problems(
    configuration: Configuration, written: Mapping[FlowName, Tree], *, whole: bool
) -> Iterator[Problem]:
    """Problems between flows. `whole`: all of them could be read; otherwise only what is certain is told."""
    flows = configuration.flows
    for name, flow in flows.items():
        for node, subflow in _subflows(flow):
            inner = flows.get(subflow.flow)
            if name in written and inner is not None:
                yield from _word_problems(written[name], node, subflow, returned_words(inner))
    if whole:
        yield from _nesting_problems(flows, written)


def returned_words(flow: Flow) -> list[str]:
    """The words that a flow can return, sorted."""
    return sorted({str(node.word) for node in flow.nodes.values() if isinstance(node, Return)})


def _subflows(flow: Flow) -> list[tuple[str, Subflow]]:
    return [(name, node) for name, node in flow.nodes.items() if isinstance(node, Subflow)]


def _word_problems(tree: Tree, node: str, subflow: Subflow, words: list[str]) -> Iterator[Problem]:
    path = ("nodes", node, RETURNS)
    for word in words:
        if word not in subflow.returns:
            what = f"flow {subflow.flow} can return {shown(word)}, which leads nowhere here"
            yield tree.problem(path, what, f"add {word}: <node>", at_key=True)
    for word in subflow.returns:
        if word not in words:
            remedy = did_you_mean(word, words) or "end it in a node of kind return"
            yield tree.problem((*path, word), f"flow {subflow.flow} never returns {shown(word)}", remedy, at_key=True)


def _nesting_problems(flows: Mapping[FlowName, Flow], written: Mapping[FlowName, Tree]) -> Iterator[Problem]:
    inner = {
        str(name): frozenset(str(subflow.flow) for _, subflow in _subflows(flow) if subflow.flow in flows)
        for name, flow in flows.items()
    }
    around = circle(inner)
    if around:
        way = " -> ".join([*around, around[0]])
        tree = written.get(FlowName(around[0]))
        if tree is not None:
            yield tree.problem(("nodes",), f"flows lead into each other without end: {way}", at_key=True)
        return
    depths: dict[str, int] = {}
    for name in flows:
        depth = _depth(str(name), inner, depths)
        if depth > SUBFLOWS_MAX and name in written:
            what = f"leads through {depth} flows, each in the middle of the one before; at most {SUBFLOWS_MAX} can be"
            yield written[name].problem(("nodes",), what, at_key=True)


def _depth(name: str, inner: Mapping[str, frozenset[str]], known: dict[str, int]) -> int:
    """How many flows a contact can be in the middle of that began in this one; there is no circle."""
    if name not in known:
        known[name] = max((1 + _depth(other, inner, known) for other in inner[name]), default=0)
    return known[name]
