"""What a rehearsal of a flow came to: the way it took, what was heard, where it ended. Knows no configuration."""

from dataclasses import dataclass, field

from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactQueued
from callcenter.model.ids import FlowName
from callcenter.model.rehearsal import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens. `kind`: node, says, key, silence, asks, queued, promised, left, message, dials, rings,
    connected, hangs_up, ended, surprise."""

    after_s: float
    kind: str
    words: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A node that was entered, and the exit of the node before that led there ("": a flow's beginning)."""

    flow: FlowName
    node: str
    exit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A prompt, and what it said ("": only recorded)."""

    name: str
    text: str


@dataclass(slots=True, kw_only=True)
class Course:
    """What became of a rehearsed call.

    `outcome`: queue NAME, callback NUMBER, agent NAME, number NUMBER, ended REASON or stuck. Of a call that ends in the
    instant in which it comes the variables are not known: it has heard nothing and was asked nothing.
    """

    flow: FlowName
    at: float
    steps: list[Step] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    queues: list[ContactQueued] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    language: str = ""
    agent: str = ""
    number: str = ""
    mailbox: str = ""
    callback: str = ""
    reason: EndReason | None = None
    outcome: str = "stuck"
    left_over: tuple[Act, ...] = ()  # what the caller had no occasion to do
    unknown: list[str] = field(default_factory=list)  # lookups and scripts, by node, for which there is no mock
