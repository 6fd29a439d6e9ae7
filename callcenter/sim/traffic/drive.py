"""Drives the real Engine through traffic, as fast as it goes. Knows events and commands; knows no Asterisk, no figure.

    configuration = entrances(configuration, [Entrance(queue=QueueName("sales"))])
    calls = [Call(at=60.0, flow=Entrance(queue=QueueName("sales")).flow, talk_s=180.0, patience_s=90.0), ...]
    for outcome in drive(configuration, agents, calls):
        print(outcome.call.serial, outcome.served, outcome.summary.wait_s, outcome.summary.agent)

Calls come in order of `at`, which may be any iterable: it is taken one at a time. Every command that asks for an answer
gets one from `Habits`: phones are answered at once, prompts take no time, unless they say otherwise. What the Engine
concludes is given to `watch` by type of fact, and at each contact's end as an Outcome.

The answer to one question is left to the Engine alone: who gets which call, and when. The clock goes from one thing to
the next: a call, the end of a conversation or of a caller's patience, a deadline of the Engine (first, if they meet).
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from callcenter.core.engine import Engine
from callcenter.errors import Bug
from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.callback_facts import CallbackDialled, CallbackPromised, CallerRangBack
from callcenter.model.callback_messages import JudgeCallback, allowed_by_nobody
from callcenter.model.commands import DialNumber, LookUp, PlayPrompts, RecordMessage, RingAgent, RunScript
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Direction, EndReason, LegEnd, LookupOutcome
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    ContactArrived,
    EngineStarted,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    LookedUp,
    MessageRecorded,
    PhoneChanged,
    PlaybackEnded,
    ScriptEnded,
    TimePassed,
    WrapUpRequested,
)
from callcenter.model.facts import ContactConnected, ContactEnded, ContactOpened, TalkEnded
from callcenter.model.ids import AgentId, ContactId, LegId, RequestId
from callcenter.sim.traffic.calls import Call, Outcome

NAMESPACE: Final = "traffic0"
AT_ONCE_MAX: Final = 10_000  # answers in a row without time passing: a flow that goes round for ever
DRAIN_MAX_S: Final = 86_400.0  # after the last call: somebody who waits for nobody waits no longer
MESSAGE_S: Final = 20.0  # what a caller leaves on a voicemail
WRAP_UP_STEP_S: Final = 1_800.0  # the Engine lengthens a wrap-up by at most this at a time
NOBODY_ASKED: Final = RequestId("")
NO_LEG: Final = LegId("")
NO_CONTACT: Final = ContactId("")  # of a call that found every line busy
CALLED_BACK: Final = "callback"  # kind of the calls that begin with a promise, not with a caller

Watch = Mapping[type, Callable[[Any, float], None]]
"""Type of a fact (or command) -> who is told of each, with the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How those outside answer the Engine. Seconds; what is not given is the call's own, or no time at all."""

    answer_s: Callable[[Call | None, AgentId], float | None] | None = None  # a phone rings so long; None: for ever
    talk_s: Callable[[Call, AgentId], float] | None = None
    wrap_up_s: Callable[[Call, AgentId], float | None] | None = None  # None: the queue's rule
    prompt_s: Callable[[PlayPrompts], float] | None = None
    lookup: Callable[[LookUp], LookedUp] | None = None  # what a program outside answers; None: nothing, at once
    again: Callable[[Outcome], Call | None] | None = None  # the next try of the same caller, if there is one


AS_CALLS_SAY: Final = Habits()


class _Live:
    """A call while it lasts."""

    __slots__ = ("call", "leg", "on_line", "over", "rung", "talks")

    def __init__(self, call: Call, leg: LegId) -> None:
        self.call = call
        self.leg = leg
        self.on_line = False  # it takes one of the trunk's lines
        self.rung: float | None = None
        self.talks = False
        self.over = False


class Drive:
    """One run. `events` are told at their times: shifts, drained queues; None: everybody is at work all the time."""

    def __init__(
        self,
        configuration: Configuration,
        agents: Sequence[Agent],
        *,
        start: float = 1.0,
        events: Iterable[tuple[float, Event]] | None = None,
        habits: Habits = AS_CALLS_SAY,
        lines: int = 0,
        watch: Watch | None = None,
        on_end: Callable[[Outcome], None] | None = None,
    ) -> None:
        """`start` is the time on the clock; above 0, since the Engine takes 0 for never.

        `lines` is how many calls the trunk carries at once, whatever they are at (0: any number). A call that finds all
        of them busy never comes to the Engine: its caller hears the busy tone, and its outcome is REFUSED.
        """
        self.engine = Engine(configuration)
        self.now = start
        self.arrived = 0  # calls that have come
        self._habits = habits
        self._lines = lines
        self._busy = 0  # lines
        self._on_end = on_end
        self._due: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._serial = 0
        self._live: dict[ContactId, _Live] = {}
        self._arriving: _Live | None = None
        self._answers: deque[Event] = deque()
        own: dict[type, Callable[[Any, float], None]] = {
            RingAgent: self._ring,
            ContactOpened: self._opened,
            ContactConnected: self._connected,
            ContactEnded: self._ended,
            PlayPrompts: self._play,
            RecordMessage: self._message,
            DialNumber: self._dial,
            JudgeCallback: self._judge,
            LookUp: self._look_up,
            RunScript: self._run_script,
            CallbackPromised: self._promised,
            CallbackDialled: self._called_back,
            CallerRangBack: self._rang_back,
        }
        if habits.wrap_up_s is not None:
            own[TalkEnded] = self._talk_ended
        self._wraps_as_calls_say = habits.wrap_up_s is None
        self._on: dict[type, tuple[Callable[[Any, float], None], ...]] = {kind: (act,) for kind, act in own.items()}
        for kind, told in (watch or {}).items():
            self._on[kind] = (told, *self._on.get(kind, ()))
        self._begin(agents, at_work=events is None)
        for at, event in events or ():
            self._at(at, self._tell, event)

    @property
    def inside(self) -> int:
        """Calls that have come and not ended."""
        return len(self._live)

    def run(self, calls: Iterable[Call], until: float = math.inf) -> None:
        """All of `calls`, and on until nothing more is due, or until the time `until` (a day after the last call)."""
        engine, due, tell = self.engine, self._due, self._tell
        source = iter(calls)
        call = next(source, None)
        while True:
            comes = call.at if call is not None else math.inf
            at = due[0][0] if due else math.inf
            deadline = engine.next_deadline()
            if deadline is not None and deadline <= at and deadline <= comes:
                if deadline > until or (call is None and not self._live and not due):
                    break  # what the Engine still waits for (a rest, an opening hour) is nobody's business any more
                self.now = max(deadline, self.now)
                tell(TimePassed())
            elif at <= comes:
                if at > until or at == math.inf:
                    break
                _, _, act, subject = heapq.heappop(due)
                self.now = at
                act(subject)
            else:
                if call is None or comes > until:
                    break
                self.now = comes
                self._arrive(call)
                call = next(source, None)
                if call is None:
                    until = min(until, self.now + DRAIN_MAX_S)

    def tell(self, event: Event) -> None:
        """Something happens now that neither calls nor habits bring about."""
        self._tell(event)

    # -- the outside -------------------------------------------------------------------------------------------------

    def _begin(self, agents: Sequence[Agent], *, at_work: bool) -> None:
        self._tell(EngineStarted(namespace=NAMESPACE, build=""))
        for agent in agents:
            self._tell(AgentSaved(request=NOBODY_ASKED, agent=agent))
            self._tell(PhoneChanged(number=agent.number, state=PhoneState.REACHABLE))
            if at_work:
                self._tell(comes_to_work(agent.id))

    def _tell(self, event: Event) -> None:
        now, on, answers, handle = self.now, self._on, self._answers, self.engine.handle
        told = 0
        while True:
            for one in handle(event, now):
                for act in on.get(type(one), ()):
                    act(one, now)
            if not answers:
                return
            event = answers.popleft()
            told += 1
            if told > AT_ONCE_MAX:
                raise Bug(f"{AT_ONCE_MAX} answers at {now} and no end: a flow goes round without taking time")

    def _at(self, at: float, act: Callable[[Any], None], subject: object) -> None:
        self._serial += 1
        heapq.heappush(self._due, (at, self._serial, act, subject))

    def _arrive(self, call: Call) -> None:
        self.arrived += 1
        if self._lines and self._busy >= self._lines:
            self._turn_away(call)
            return
        self._serial += 1
        live = self._arriving = _Live(call, LegId(f"L{self._serial}"))
        self._line(live, taken=True)
        self._tell(
            ContactArrived(
                leg=live.leg,
                medium=call.medium,
                caller=call.caller,
                caller_name=call.caller_name,
                dialled=call.dialled,
                flow=call.flow,
                variables=call.variables,
            )
        )
        self._arriving = None
        if not (live.talks or live.over) and call.patience_s != math.inf:
            self._at(call.at + call.patience_s, self._lose_patience, live)

    def _line(self, live: _Live, *, taken: bool) -> None:
        self._busy += taken - live.on_line
        live.on_line = taken

    def _turn_away(self, call: Call) -> None:
        summary = ContactEnded(
            contact=NO_CONTACT,
            reason=EndReason.REFUSED,
            medium=call.medium,
            direction=Direction.INBOUND,
            caller=call.caller,
            caller_name=call.caller_name,
            dialled=call.dialled,
            began=self.now,
            flow_s=0.0,
            wait_s=0.0,
            talk_s=0.0,
            forward_s=0.0,
        )
        self._conclude(Outcome(call=call, ended=self.now, rung=None, summary=summary))

    def _lose_patience(self, live: _Live) -> None:
        if not (live.talks or live.over):
            self._tell(LegEnded(leg=live.leg, end=LegEnd.NORMAL))

    def _hang_up(self, live: _Live) -> None:
        if not live.over:
            self._tell(LegEnded(leg=live.leg, end=LegEnd.NORMAL))

    # -- what the Engine says ----------------------------------------------------------------------------------------

    def _opened(self, opened: ContactOpened, now: float) -> None:
        live = self._arriving if opened.leg is not None else None
        if live is None:  # somebody is to be called back, and nobody has called
            live = _Live(Call(at=now, caller=opened.caller, dialled=opened.dialled, kind=CALLED_BACK), NO_LEG)
        self._live[opened.contact] = live

    def _ring(self, ring: RingAgent, now: float) -> None:
        live = self._live.get(ring.contact)
        if live is not None and live.rung is None:
            live.rung = now
        habit = self._habits.answer_s
        if habit is None:
            self._answers.append(LegAnswered(leg=ring.leg))
            return
        after = habit(live.call if live is not None else None, ring.agent)
        if after is None or after > 0:
            self._answers.append(LegRinging(leg=ring.leg))
        if after is not None:
            if after > 0:
                self._at(now + after, self._tell, LegAnswered(leg=ring.leg))
            else:
                self._answers.append(LegAnswered(leg=ring.leg))

    def _connected(self, connected: ContactConnected, now: float) -> None:
        live = self._live.get(connected.contact)
        if live is None:
            return
        live.talks = True
        call, habit = live.call, self._habits.talk_s
        talk_s = call.talk_s if habit is None else habit(call, connected.agent)
        self._at(now + talk_s, self._talked_out, (live, connected.agent))

    def _talked_out(self, subject: tuple[_Live, AgentId]) -> None:
        live, agent = subject
        if live.over:
            return
        self._tell(LegEnded(leg=live.leg, end=LegEnd.NORMAL))
        if self._wraps_as_calls_say and live.call.wrap_up_s is not None:
            self._wrap_up((agent, live.call.wrap_up_s))

    def _talk_ended(self, ended: TalkEnded, now: float) -> None:
        live, habit = self._live.get(ended.contact), self._habits.wrap_up_s
        seconds = habit(live.call, ended.agent) if live is not None and habit is not None else None
        if seconds is not None:
            self._at(now, self._wrap_up, (ended.agent, seconds))

    def _wrap_up(self, subject: tuple[AgentId, float]) -> None:
        """End the wrap-up after so many seconds; a queue without one gives none."""
        agent, seconds = subject
        now_s = min(seconds, WRAP_UP_STEP_S)
        self._tell(WrapUpRequested(request=NOBODY_ASKED, agent=agent, extend_s=now_s))
        if seconds > now_s:
            self._at(self.now + now_s / 2, self._wrap_up, (agent, seconds - now_s / 2))

    def _play(self, play: PlayPrompts, now: float) -> None:
        habit = self._habits.prompt_s
        seconds = 0.0 if habit is None else habit(play)
        ended = PlaybackEnded(playback=play.playback)
        if seconds > 0:
            self._at(now + seconds, self._tell, ended)
        else:
            self._answers.append(ended)

    def _message(self, record: RecordMessage, now: float) -> None:
        seconds = min(MESSAGE_S, record.max_s)
        self._at(now + seconds, self._tell, MessageRecorded(recording=record.recording, seconds=seconds))

    def _promised(self, promised: CallbackPromised, now: float) -> None:
        """The caller has hung up and waits elsewhere: nobody loses patience any more."""
        live = self._live.get(promised.contact)
        if live is not None:
            live.talks = True
            self._line(live, taken=False)

    def _called_back(self, dialled: CallbackDialled, now: float) -> None:
        live = self._live.get(dialled.contact)
        if live is not None:
            live.leg = dialled.leg
            self._line(live, taken=True)

    def _rang_back(self, back: CallerRangBack, now: float) -> None:
        """The call that comes now belongs to a contact that there is already."""
        if self._arriving is not None:
            self._live[back.contact] = self._arriving

    def _judge(self, asked: JudgeCallback, now: float) -> None:
        """No law is asked in a simulation: what a database holds of numbers is not known here."""
        self._answers.append(allowed_by_nobody(asked))

    def _look_up(self, asked: LookUp, now: float) -> None:
        habit = self._habits.lookup
        nothing = LookedUp(lookup=asked.lookup, outcome=LookupOutcome.FAILED, detail="nobody is asked in a simulation")
        self._answers.append(nothing if habit is None else habit(asked))

    def _run_script(self, run: RunScript, now: float) -> None:
        self._answers.append(ScriptEnded(leg=run.leg, script=run.script, status="FAILURE"))

    def _dial(self, dial: DialNumber, now: float) -> None:
        """An outside number answers at once, and talks as long as an agent would have; so does who is called back."""
        self._answers.append(LegAnswered(leg=dial.leg))
        live = self._live.get(dial.contact)
        if live is not None and live.leg != dial.leg:
            live.talks = True
            self._at(now + live.call.talk_s, self._hang_up, live)

    def _ended(self, ended: ContactEnded, now: float) -> None:
        live = self._live.pop(ended.contact, None)
        if live is None:
            return
        live.over = True
        self._line(live, taken=False)
        self._conclude(Outcome(call=live.call, ended=now, rung=live.rung, summary=ended))

    def _conclude(self, outcome: Outcome) -> None:
        if self._on_end is not None:
            self._on_end(outcome)
        again = self._habits.again(outcome) if self._habits.again is not None else None
        if again is not None:
            self._at(max(again.at, self.now), self._arrive, again)


def drive(
    configuration: Configuration,
    agents: Sequence[Agent],
    calls: Iterable[Call],
    *,
    start: float = 1.0,
    until: float = math.inf,
    events: Iterable[tuple[float, Event]] | None = None,
    habits: Habits = AS_CALLS_SAY,
    lines: int = 0,
    watch: Watch | None = None,
) -> list[Outcome]:
    """The outcome of every call, in the order in which they ended; those that had not ended at `until` are missing."""
    outcomes: list[Outcome] = []
    run = Drive(
        configuration,
        agents,
        start=start,
        events=events,
        habits=habits,
        lines=lines,
        watch=watch,
        on_end=outcomes.append,
    )
    run.run(calls, until)
    return outcomes


def comes_to_work(agent: AgentId) -> AgentStatusRequested:
    """The agent logs in and is ready (or is ready again)."""
    return AgentStatusRequested(request=NOBODY_ASKED, agent=agent, status=AgentStatus.AVAILABLE)


def goes_home(agent: AgentId) -> AgentStatusRequested:
    """The agent logs out; a conversation is finished first."""
    return AgentStatusRequested(request=NOBODY_ASKED, agent=agent, status=AgentStatus.LOGGED_OUT)
