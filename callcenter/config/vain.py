"""What is written and can have no effect: remarks, since it may be meant for later. Pure; knows the model, no YAML."""

from collections.abc import Iterator, Mapping

from callcenter.config.tree import Tree
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName
from callcenter.nodes.parts import flows_of
from callcenter.nodes.survey import AskSurvey


def in_vain(configuration: Configuration, queues: Tree) -> Iterator[Problem]:
    """Rules of queues that nothing will ever come of. `queues` is the tree of queues.yaml."""
    for queue in configuration.queues.values():
        if queue.callback is not None and not configuration.callback_to:
            what = "no number may be called back: everybody who asks for it is refused"
            yield queues.problem((queue.name, "callback"), what, "callback_to in numbers.yaml", at_key=True)
        if queue.survey is not None and not _asks(configuration.flows, queue.survey.flow):
            what = f"the flow {queue.survey.flow} asks nothing"
            yield queues.problem((queue.name, "survey", "flow"), what, "a survey has a node of `kind: survey`")
        for at, step in enumerate(queue.relax):
            if queue.max_wait_s and step.after_s >= queue.max_wait_s:
                what = f"nobody waits so long: max_wait_s is {queue.max_wait_s:g}"
                yield queues.problem((queue.name, "relax", at, "after_s"), what)


def _asks(flows: Mapping[FlowName, Flow], name: FlowName) -> bool:
    """Whether a flow, or one that it leads into, has a survey."""
    seen, ahead = set[FlowName](), [name]
    while ahead:
        flow = flows.get(ahead.pop())
        if flow is None or flow.name in seen:
            continue
        seen.add(flow.name)
        for node in flow.nodes.values():
            if isinstance(node, AskSurvey):
                return True
            ahead += [inner for _, inner in flows_of(node)]
    return False
