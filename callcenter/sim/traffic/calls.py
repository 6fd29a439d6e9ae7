"""Traffic as values: a call before it comes, and what became of it. Knows no distribution and no engine.

A call says all that does not depend on the call center: when it comes and for what, how long its caller waits, how long
the conversation takes. An outcome is the Engine's own summary beside the call it is about.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from callcenter.model.configuration import Configuration
from callcenter.model.contact import EndReason, Medium
from callcenter.model.facts import ContactEnded
from callcenter.model.flow import Flow
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.need import Need
from callcenter.model.queue import Announcements, Queue
from callcenter.nodes.enqueue import Enqueue

FOR_EVER: Final = math.inf
_NODE: Final = "in"


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call to come. Times in seconds; `at` is on the Engine's clock (UTC for real traffic)."""

    at: float
    flow: FlowName | None = None  # where it enters, see `entrances`; None: the flow of the number it dialled
    dialled: str = ""
    caller: str = ""
    caller_name: str = ""
    talk_s: float = 0.0  # with an agent, unless `Habits.talk_s` says it
    patience_s: float = FOR_EVER  # hangs up if nobody has answered so long after `at`
    wrap_up_s: float | None = None  # the agent's work afterwards; None: as long as the queue's rule says
    kind: str = ""  # what the caller wants: the name under which calls are counted
    serial: int = 0  # whoever makes calls may number them
    tries: int = 1  # this is so many-th try of the caller
    medium: Medium = Medium.VOICE
    variables: Mapping[str, str] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a call. `summary` is the Engine's: reason, wait_s (in queues), talk_s, queue, agent, offers ..."""

    call: Call
    ended: float  # when
    rung: float | None  # when the first phone rang for it; None: none did
    summary: ContactEnded

    @property
    def served(self) -> bool:
        """An agent talked to the caller (or an outside number that the queue sent her to)."""
        return self.summary.reason in _SERVED

    @property
    def abandoned(self) -> bool:
        """The caller gave up waiting in a queue."""
        return self.summary.reason is EndReason.ABANDONED

    @property
    def delayed(self) -> bool:
        """No phone rang for it at the moment it came into a queue: somebody else had to be finished with first."""
        return self.rung is None or self.rung > self.call.at + self.summary.flow_s + SAME_MOMENT_S


SAME_MOMENT_S: Final = 1e-6  # floats of UTC seconds are 2.4e-7 apart
_SERVED: Final = (EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP, EndReason.FORWARDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A way straight into a queue, past every menu; `priority` and `needs` stand in for the queue's own."""

    queue: QueueName
    priority: int | None = None
    needs: Need | None = None

    @property
    def flow(self) -> FlowName:
        """The name of the flow that is this way: what a Call gives as its `flow`."""
        parts = [f"straight.{self.queue}"]
        if self.priority is not None:
            parts.append(f"priority {self.priority}")
        if self.needs is not None:
            parts.append(f"needs {self.needs}")
        return FlowName(".".join(parts))


def unheard(queue: Queue) -> Queue:
    """The same queue on paper: nothing is recorded, announced or foretold there. No caller listens, so that decides
    nothing, and a forecast of the wait is a simulation of its own: it costs more than all the rest of a call.
    """
    callback = queue.callback
    if callback is not None:
        callback = replace(callback, offer=None, offer_when_wait_above_s=0.0)
    return replace(queue, record=False, forecast=False, announce=Announcements(), callback=callback)


def entrances(configuration: Configuration, ways: Iterable[Entrance]) -> Configuration:
    """The same call center with these ways in."""
    flows = dict(configuration.flows)
    for way in ways:
        node = Enqueue(queue=way.queue, priority=way.priority, needs=way.needs)
        flows[way.flow] = Flow(name=way.flow, start=_NODE, nodes={_NODE: node})
    return replace(configuration, flows=flows)
