"""Queues whose callbacks the law judges: what must go together, lest every one of them be refused. Judges nothing."""

from collections.abc import Iterator

from callcenter.config.sheet import did_you_mean, shown
from callcenter.config.tree import Path, Tree
from callcenter.core.law import strictest
from callcenter.errors import Problem
from callcenter.model.callback import CallbackRules, CalledFirst
from callcenter.model.configuration import Configuration
from callcenter.model.law import LawPack


def callback_law_problems(configuration: Configuration, queues: Tree) -> Iterator[Problem]:
    """What is wrong with `law` of the queues' callbacks."""
    for name, queue in configuration.queues.items():
        if queue.callback is None or not queue.callback.law:
            continue
        path: Path = (name, "callback")
        unknown = [one for one in queue.callback.law if one not in configuration.law]
        for one in unknown:
            at = (*path, "law", queue.callback.law.index(one))
            yield queues.problem(at, f"there is no pack of law {shown(one)}", did_you_mean(one, configuration.law))
        if not unknown:
            packs = [configuration.law[one] for one in queue.callback.law]
            yield from _always_refused(queues, path, queue.callback, packs)


def _always_refused(queues: Tree, path: Path, rules: CallbackRules, packs: list[LawPack]) -> Iterator[Problem]:
    limits = strictest(packs)
    if limits.ring_s is not None and rules.ring_s < limits.ring_s.limit:
        what = f"{rules.ring_s:g}: {limits.ring_s.pack} asks for at least {limits.ring_s.limit:g} seconds"
        yield queues.problem((*path, "ring_s"), what)
    if limits.caller_id is not None and not rules.caller_id:
        what = f"{limits.caller_id.pack} asks for a number that is shown"
        yield queues.problem(path, what, "caller_id: NUMBER", at_key=True)
    drops = limits.message_within_s or next((won for _, won in limits.drops), None)
    if rules.first is CalledFirst.CUSTOMER and drops is not None:
        what = f"who is called first may have no agent, and {drops.pack} limits drops, which are not counted here"
        yield queues.problem((*path, "first"), what, "first: agent")
