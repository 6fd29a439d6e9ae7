"""A call that is only rehearsed: who calls, what she does, who is at work, and what should come of it.

Frozen values, whose fields are the keys of a case in flows/tests/*.yaml. Knows no YAML and no engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from callcenter.model.contact import EndReason
from callcenter.model.ids import FlowName, QueueName
from callcenter.model.need import Need

Keys = NewType("Keys", str)
"""Keys of a telephone in the order in which they are pressed; `-` is silence until the flow has waited long enough."""

Seconds = NewType("Seconds", float)
"""A length of time; written as a number of seconds, or "20s", "5 min", "1h"."""

Moment = NewType("Moment", float)
"""A time, UTC seconds; written as a date and a time of day in the file's time zone."""

SILENCE = "-"


class Colleagues(StrEnum):
    """Who is at work, in one word."""

    NONE = "none"  # nobody is logged in
    BUSY = "busy"  # somebody who can do everything is logged in, and free for nobody
    FREE = "free"  # somebody who can do everything is free, and answers


class AtWork(StrEnum):
    """What one agent is doing."""

    FREE = "free"
    BUSY = "busy"
    PAUSED = "paused"
    AWAY = "away"  # logged out


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """One agent. `answers`: whether she picks up when her phone rings."""

    name: str
    skills: Mapping[str, int] = field(default_factory=dict)
    doing: AtWork = AtWork.FREE
    answers: bool = True


class Outside(StrEnum):
    """What an outside number does that a flow calls."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no_answer"


class Trouble(StrEnum):
    """What is wrong with something that a flow asks."""

    FAIL = "fail"  # it answers with an error
    SLOW = "slow"  # it does not answer in time
    NOT_FOUND = "not_found"  # it answers that there is nothing (a lookup only; a script fails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mock:
    """The answer that stands in for a lookup's or a script's: values, or trouble."""

    values: Mapping[str, str] = field(default_factory=dict)
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that the caller does: press keys, keep silent, speak (into a message), or hang up.

    `after` and `during` name a prompt: she waits until it has been said, or presses while it is being said.
    """

    press: Keys = Keys("")
    wait: Seconds = Seconds(0.0)
    speak: Seconds | None = None
    hang_up: bool = False
    after: str = ""
    during: str = ""

    def __post_init__(self) -> None:
        if sum((bool(self.press), self.wait > 0, self.speak is not None, self.hang_up)) != 1:
            raise ValueError("expected one of press, wait, speak and hang_up")
        if self.after and self.during:
            raise ValueError("after and during do not go together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What should come of it. What is None is not looked at."""

    path: tuple[str, ...] | None = None  # nodes: `name` in the flow that is called, `flow.name` in another
    passes: tuple[str, ...] | None = None  # nodes that are met, in this order, others between them
    hears: tuple[str, ...] | None = None  # names of prompts, or what is said
    says: tuple[str, ...] | None = None  # texts that are among what is said
    language: str | None = None  # at the end
    variables: Mapping[str, str] | None = None
    queue: QueueName | None = None  # the last one
    queues: tuple[QueueName, ...] | None = None  # all, in order
    priority: int | None = None
    needs: Need | None = None
    agent: str | None = None  # who answers
    number: str | None = None  # the outside number that is called
    ends: EndReason | None = None
    message: str | None = None  # the mailbox in which a message is left
    callback: str | None = None  # the number at which the caller is promised a callback


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One rehearsed call. `dial` is a number, or `flow` the name of a flow."""

    name: str = ""
    expect: Expectation = Expectation()
    dial: str = ""
    flow: FlowName | None = None
    caller: str = "0900000000"
    phone_of: str = ""  # the agent from whose own phone it comes: one of `agents`
    at: Moment | None = None
    keys: Keys = Keys("")
    does: tuple[Act, ...] = ()
    agents: Colleagues | tuple[Colleague, ...] = Colleagues.BUSY
    waiting: Mapping[QueueName, int] = field(default_factory=dict)  # callers who are in line before this one
    handle_time: Mapping[QueueName, Seconds] = field(default_factory=dict)  # what the estimate of waits knows
    variables: Mapping[str, str] = field(default_factory=dict)  # sent along by the dialplan
    outside: Outside = Outside.ANSWERS
    mocks: Mapping[str, Mock] = field(default_factory=dict)  # node -> what its lookup or script answers

    def __post_init__(self) -> None:
        if bool(self.dial) == (self.flow is not None):
            raise ValueError("expected dial: a number, or flow: a name")
        if self.phone_of and not (isinstance(self.agents, tuple) and self.phone_of in {a.name for a in self.agents}):
            raise ValueError(f"phone_of: there is no {self.phone_of} among the agents of this case")
        if self.keys and self.does:
            raise ValueError("keys and does do not go together: put the keys into does")
