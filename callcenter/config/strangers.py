"""What a configuration asks of agents and no agent has: names, skills, levels. Pure; who is known it is told.

A folder knows no directory, so this is asked where there is one: `plan`, `apply`, and `flows check` beside a running
center. An agent may be hired later, and learn, so they are remarks.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from callcenter.config.sheet import did_you_mean
from callcenter.config.tree import Path, Tree, read_tree
from callcenter.errors import Problem
from callcenter.model.configuration import Configuration
from callcenter.model.ids import AgentId, Skill
from callcenter.model.need import AGENT_SIGN, NOBODY_MEETS, Need, is_name, named
from callcenter.model.relaxation import RelaxStep
from callcenter.nodes.enqueue import Enqueue

QUEUES: Final = "queues.yaml"
MAILBOXES: Final = "mailboxes.yaml"

Known = Mapping[AgentId, Mapping[Skill, int]]  # who there is, and what she can do: skill -> level

_Named = tuple[str, Path, AgentId]  # file, place in it, who
_Asked = tuple[str, Path, Need]  # file, place in it, what somebody should be able to do


def strangers(configuration: Configuration, files: Mapping[str, str], known: Known) -> list[Problem]:
    """A remark for each place that names an agent who is not `known`, or asks for what none of them can do.

    The configuration was read of `files`. Where no agent is known at all nothing is said of skills.
    """
    trees: dict[str, Tree] = {}

    def problem(file: str, path: Path, what: str, remedy: str) -> Problem:
        if file not in trees:
            trees[file] = read_tree(file, files.get(file, ""))
        return trees[file].problem(path, what, remedy)

    found = []
    for file, path, agent in _named(configuration):
        if agent not in known:
            found.append(problem(file, path, f"there is no agent {agent}", did_you_mean(agent, known)))
    skills = {skill for has in known.values() for skill in has}
    for file, path, need in _asked(configuration) if known else ():
        unheard = sorted({skill for skill in _skills_in(need) if skill not in skills})
        found += [problem(file, path, f"no agent has the skill {one}", did_you_mean(one, skills)) for one in unheard]
        able = ({**has, named(agent): 1} for agent, has in known.items())
        told = unheard or need == NOBODY_MEETS or any(agent not in known for agent in _agents_in(need))
        if not told and not any(need.met_by(one) for one in able):
            found.append(problem(file, path, f"no agent meets {need}", "callcenter agents list shows who can do what"))
    return found


def _skills_in(need: Need) -> Iterator[Skill]:
    """Those that somebody should have; whom a skill keeps out needs nobody who has it."""
    return (skill for clause in need.alternatives for skill, least in clause if least > 0 and not is_name(skill))


def _agents_in(need: Need) -> list[AgentId]:
    names = sorted({skill for clause in need.alternatives for skill, _ in clause if is_name(skill)})
    return [AgentId(name.removeprefix(AGENT_SIGN)) for name in names]


def _named(configuration: Configuration) -> Iterator[_Named]:
    for file, path, need in _asked(configuration):
        for agent in _agents_in(need):
            yield file, path, agent
    for queue in configuration.queues.values():
        if queue.reserve is not None:
            for at, agent in enumerate(queue.reserve.agents):
                yield QUEUES, (queue.name, "reserve", "agents", at), agent


def _asked(configuration: Configuration) -> Iterator[_Asked]:
    """Every need that is written down."""
    for queue in configuration.queues.values():
        for path, need in (("needs",), queue.needs), *_of_steps(queue.relax):
            yield QUEUES, (queue.name, *path), need
        if queue.reserve is not None and queue.reserve.needs is not None:
            yield QUEUES, (queue.name, "reserve", "needs"), queue.reserve.needs
    for flow in configuration.flows.values():
        for name, node in flow.nodes.items():
            if isinstance(node, Enqueue):
                own = () if node.needs is None else ((("needs",), node.needs),)
                for path, need in (*own, *_of_steps(node.relax)):
                    yield f"flows/{flow.name}.yaml", ("nodes", name, *path), need
    for mailbox, box in configuration.mailboxes.items():
        if box.route is not None and box.route.needs is not None:
            yield MAILBOXES, (mailbox, "route", "needs"), box.route.needs


def _of_steps(steps: tuple[RelaxStep, ...]) -> Iterator[tuple[Path, Need]]:
    for at, step in enumerate(steps):
        if step.needs is not None:
            yield ("relax", at, "needs"), step.needs
        if step.add is not None:
            yield ("relax", at, "add"), step.add
