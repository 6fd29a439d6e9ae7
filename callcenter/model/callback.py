"""Calling a customer back: the rules as configured, and what was promised to one. Knows units; decides nothing.

`Callback` is mutable and lives in the engine's memory (core/state); all else here are frozen values.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.model.flow import Prompt
from callcenter.model.ids import UNVERSIONED, AgentId, CalendarName, FlowName, LegId, ListName, QueueName, Version

ATTEMPTS_MAX: Final = 20
NOTE_CHARS_MAX: Final = 500
WINDOWS_MAX: Final = 9  # one for each key
WITHDRAW_KEYS: Final = tuple("34567890#")  # 1 and 2 are another one's, * goes back
CONFIRM_PROMPT: Final = "callback_confirm"
"""To the caller, where a queue names no other: {{ callback_number }}, 1 is right, * to wait on."""


class CalledFirst(StrEnum):
    """Who is on the line first when a callback is made."""

    AGENT = "agent"  # an agent answers and hears who it is, then the customer is dialled
    CUSTOMER = "customer"  # the customer is dialled when an agent is about to be free, and waits for her at the head


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackWindow:
    """A time that a caller may choose, in seconds from when she does: not before the one, kept until the other."""

    after_s: float = 0.0
    until_s: float

    def __post_init__(self) -> None:
        if self.until_s <= self.after_s:
            raise ValueError(f"a window ends after it begins: until_s is {self.until_s:g}, after_s {self.after_s:g}")


class CallbackEnd(StrEnum):
    """What became of a promise."""

    KEPT = "kept"  # the customer spoke with an agent
    RANG_BACK = "rang_back"  # she called before we did, kept her place, and spoke with an agent
    HUNG_UP = "hung_up"  # she answered, or rang back, and hung up before an agent was there
    NO_ANSWER = "no_answer"  # every attempt failed
    EXPIRED = "expired"  # the window passed, and the time after it in which it is still tried
    REFUSED = "refused"  # the number may not be called: no pattern allows it, or it is on the do-not-call list
    CANCELLED = "cancelled"  # somebody asked for it, or she said in the IVR that she does not want it any more
    ENDED = "ended"  # with the contact, for another reason: the call center was stopped, a fault


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRules:
    """How a queue calls back those who would rather not wait. Times in seconds."""

    key: str = "1"  # what a waiting caller presses
    at_one_key: bool = False  # the number she calls from is taken with that key, and not said and confirmed before
    first: CalledFirst = CalledFirst.AGENT
    attempts: int = 3
    retry_after_s: float = 300.0
    window_s: float = 14_400.0  # promised to whoever asks for one while waiting: within so long, counted from then
    late_s: float = 3_600.0  # after the promised window it is still tried for so long: late is better than never
    ring_s: float = 30.0  # how long the customer's phone rings
    caller_id: str = ""  # the number she sees; "": the one she had dialled
    hours: CalendarName | None = None  # when customers may be called; None: the queue's own hours
    do_not_call: ListName | None = None  # whoever is in this list is not called
    law: tuple[str, ...] = ()  # packs of law that judge each dial; none: nobody does
    offer_when_wait_above_s: float = 0.0  # `offer` is said when the expected wait is longer; 0: whenever it is said
    offer: Prompt | None = None  # to those who wait: "press 1 and we call you back"
    confirm: Prompt | None = None  # "we will call {{ callback_number }}: 1 is right, 2 another number, * to wait on"
    enter: Prompt | None = None  # asks for another number; None: none can be given
    windows: tuple[CallbackWindow, ...] = ()  # that she may choose among, by keys from 1 on; none: `window_s`
    choose: Prompt | None = None  # says the windows and their keys
    standing: Prompt | None = None  # to one who is promised a callback: "1 for another time, 9 to take it back, * ..."
    withdraw_key: str = "9"
    withdrawn: Prompt | None = None  # to one who has taken it back
    accepted: Prompt | None = None  # before we hang up
    refused: Prompt | None = None  # the number cannot be called back: she waits on
    briefing: Prompt | None = None  # to the agent, before the customer is dialled: {{ caller }}, {{ waited_s }}
    greeting: Prompt | None = None  # to the customer who was dialled first

    def __post_init__(self) -> None:
        if self.withdraw_key not in WITHDRAW_KEYS:
            raise ValueError(
                f"withdraw_key: {self.withdraw_key!r} cannot be the key that takes a callback back: 3 to 9, 0, #"
            )
        if len(self.windows) > WINDOWS_MAX:
            raise ValueError(f"windows: {len(self.windows)} of them; {WINDOWS_MAX} can be chosen by one key")
        if bool(self.windows) != (self.choose is not None):
            raise ValueError("windows are chosen by key: `choose` says them, and is for nothing without them")


def callback_flow(queue: QueueName) -> FlowName:
    """The name of the flow that a waiting caller comes into who pressed the key."""
    return FlowName(f"callback.{queue}")


class CallbackStep(StrEnum):
    """How far an attempt has come; a promise on which nothing is done now is `RESTING` or `DUE`."""

    RESTING = "resting"  # not before `next_at`
    DUE = "due"  # in line
    ASKING = "asking"  # the law is asked
    BRIEFING = "briefing"  # the agent hears who it is
    RINGING = "ringing"  # the customer's phone rings
    HERE = "here"  # the customer is on the line and waits for an agent
    MET = "met"  # she is on the line with the agent who was there first, and hears the announcement


class Callback(msgspec.Struct, kw_only=True):
    """A promise to call a number back, as long as it is not settled. Times in UTC seconds."""

    queue: QueueName
    version: Version = UNVERSIONED  # of the configuration in which the queue is read if the latest has it no more
    number: str  # as it is dialled; personal
    promised: float  # when it was promised
    not_before: float
    until: float  # kept in time or not
    gives_up: float  # after this no attempt begins
    by: str = ""  # who asked: "caller", an agent or a supervisor
    note: str = ""  # for the agent; personal
    only: AgentId | None = None  # she and nobody else
    once: bool = False  # an agent dials by herself: now or not at all
    step: CallbackStep = CallbackStep.RESTING
    attempts: int = 0
    attempt_at: float = 0.0  # when the last one began
    rang: bool = False  # her phone has said that it rings, in the last one
    unplaced: int = 0  # calls in a row that never came so far, and are no attempts
    next_at: float = 0.0
    invited_at: float = 0.0  # when she asked for it herself; 0: an agent or a supervisor did
    own_number: bool = False  # from the number that is called back
    asked: LegId | None = None  # the attempt of which the law was asked last
    why: str = ""  # why it would be dialled now
    judged: bool = False  # the leg that rings was allowed by the law
    law_says: str = ""  # what was against it when it was refused last
    barred: str = ""  # the law forbids it for good: why
    leg: LegId | None = None  # the customer's phone while it rings
    counts_on: AgentId | None = None  # the agent for whom the customer is dialled first
    rang_back: bool = False  # the customer is on the line by her own call: if she hangs up, the promise stands
