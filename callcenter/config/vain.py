"""What is written and can have no effect, or none that helps: remarks, since it may be meant for later. Pure.

Knows the model, no YAML.
"""

from collections.abc import Iterable, Iterator, Mapping

from callcenter.config.tree import Path, Tree
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Direction
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName, QueueName, Skill
from callcenter.model.need import NOBODY_MEETS, Need, either
from callcenter.model.queue import Queue, RelaxStep
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.parts import flows_of
from callcenter.nodes.survey import AskSurvey


def in_vain(configuration: Configuration, queues: Tree, flows: Mapping[FlowName, Tree]) -> Iterator[Problem]:
    """Rules that nothing will ever come of. `queues` is the tree of queues.yaml, `flows` are those of the flows."""
    yield from _nothing_to_relax(configuration, queues, flows)
    for queue in configuration.queues.values():
        if queue.callback is not None and not configuration.callback_to:
            what = "no number may be called back: everybody who asks for it is refused"
            yield queues.problem((queue.name, "callback"), what, "callback_to in numbers.yaml", at_key=True)
        if queue.name == configuration.dial_out and queue.callback is None:
            what = "agents call for it from their own phones, and it calls nobody back: each such call is refused"
            yield queues.problem(
                (queue.name,), what, "a `callback` section; see `dial_out` in numbers.yaml", at_key=True
            )
        if queue.name == configuration.record_colleagues and not _records_colleagues(queue):
            what = "calls between agents are to be recorded by its rules, and by those none is"
            yield queues.problem(
                (queue.name,), what, "`record: true`, and `internal` among its directions, if it has any", at_key=True
            )
        if queue.survey is not None and not _asks(configuration.flows, queue.survey.flow):
            what = f"the flow {queue.survey.flow} asks nothing"
            yield queues.problem((queue.name, "survey", "flow"), what, "a survey has a node of `kind: survey`")
        for at, step in enumerate(queue.relax):
            if queue.max_wait_s and step.after_s >= queue.max_wait_s:
                what = f"nobody waits so long: max_wait_s is {queue.max_wait_s:g}"
                yield queues.problem((queue.name, "relax", at, "after_s"), what)
        yield from _no_help(queues, (queue.name, "relax"), queue.relax, queue.needs)


def _no_help(tree: Tree, path: Path, steps: Iterable[RelaxStep], needs: Need) -> Iterator[Problem]:
    """Steps after which nobody may serve any more, or nobody who could not before; of who asks for `needs`."""
    asked = needs
    for at, step in enumerate(steps):
        before, asked = asked, step.applied_to(asked)
        if before != asked == NOBODY_MEETS:
            what = "from then on nobody may serve who waits here: a step is there to ask for less"
            yield tree.problem((*path, at), what, "max_wait_s sends callers on")
        elif step.needs is not None and either(before, asked) == before:
            yield tree.problem((*path, at, "needs"), *_no_wider(before, asked))


def _no_wider(before: Need, asked: Need) -> tuple[str, str]:
    """What is wrong with a step after which nobody serves who could not before, and what to do."""
    was = str(before) or "anybody"
    if asked == before:
        return f"{was} is what was asked before: the step changes nothing", "leave it out, or ask for less"
    what = f"this asks for more than before ({was}): the step takes agents away and adds none"
    return what, "a lower level, fewer skills, or `add`"


def _records_colleagues(queue: Queue) -> bool:
    rules = queue.recording
    return queue.record and (not rules.directions or Direction.INTERNAL in rules.directions) and rules.share > 0.0


def _nothing_to_relax(configuration: Configuration, queues: Tree, flows: Mapping[FlowName, Tree]) -> Iterator[Problem]:
    """Steps that change nothing for anybody who waits there."""
    asked: dict[QueueName, list[Need]] = {queue.name: [queue.needs] for queue in configuration.queues.values()}
    for box in configuration.mailboxes.values():
        if box.route is not None and box.route.needs is not None:
            asked[box.route.queue].append(box.route.needs)
    for flow in configuration.flows.values():
        for name, node in flow.nodes.items():
            if not isinstance(node, Enqueue) or node.queue not in asked:
                continue
            if node.needs is not None:
                asked[node.queue].append(node.needs)
            if node.relax and flow.name in flows:
                needs = configuration.queues[node.queue].needs if node.needs is None else node.needs
                yield from _no_help(flows[flow.name], ("nodes", name, "relax"), node.relax, needs)
                yield from _no_change(flows[flow.name], ("nodes", name, "relax"), node.relax, [needs])
    for queue in configuration.queues.values():
        yield from _no_change(queues, (queue.name, "relax"), queue.relax, asked[queue.name])


def _no_change(tree: Tree, path: Path, steps: Iterable[RelaxStep], needs: list[Need]) -> Iterator[Problem]:
    """Steps that name a skill of none of the `needs`, or leave all of these as they were; a step's own needs aside."""
    steps, told = list(steps), set[int | str]()
    for place, skill in _not_asked_for(steps, needs):
        told.add(place[0])
        yield tree.problem((*path, *place), f"no need names the skill {skill} here: the step changes nothing of it")
    asked = needs
    for at, step in enumerate(steps):
        before, asked = asked, [step.applied_to(need) for need in asked]
        if step.needs is None and asked == before and at not in told:
            what = "the step changes nothing: whoever may serve after it could before"
            yield tree.problem((*path, at), what, "leave it out; levels fall to 1 at least")


def _not_asked_for(steps: Iterable[RelaxStep], needs: Iterable[Need]) -> Iterator[tuple[tuple[int | str, ...], Skill]]:
    """Where a step names a skill that neither the needs nor a step before it bring in."""
    known = {skill for need in needs for skill in _named_in(need)}
    for at, step in enumerate(steps):
        known |= set(_named_in(step.needs)) if step.needs is not None else set()
        for number, skill in enumerate(step.drop):
            if skill not in known:
                yield (at, "drop", number), skill
        for skill in step.lower.skills if step.lower is not None else ():
            if skill not in known:
                yield (at, "lower", skill), skill
        known |= set(_named_in(step.add)) if step.add is not None else set()


def _named_in(need: Need) -> Iterator[Skill]:
    for clause in need.alternatives:
        for skill, _ in clause:
            yield skill


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
