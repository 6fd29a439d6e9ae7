"""A call through the flows with nobody on the line: the real engine, told what a caller does, at its own time.

Knows how to play the caller (hears prompts out, presses the next key when asked, else keeps silent), the agents and the
outside number; judges nothing (`verdict` does) and prints nothing. A minute of waiting takes no time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.errors import ConfigurationError
from callcenter.model.agent import Agent, AgentStatus, PhoneState
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.callback_messages import JudgeCallback, allowed_by_nobody
from callcenter.model.card import LAST, CardPart, PaymentOutcome, is_plausible
from callcenter.model.commands import (
    DialNumber,
    FetchBack,
    LookUp,
    PlayPrompts,
    RecordMessage,
    RingAgent,
    RunScript,
    StopPlayback,
)
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState, LegEnd, LookupOutcome, Medium, QueueExit, direction_of
from callcenter.model.entry import Output
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    ContactArrived,
    DigitPressed,
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
)
from callcenter.model.facts import (
    ContactConnected,
    ContactEnded,
    ContactOpened,
    ContactQueued,
    NodeEntered,
    QueueLeft,
    Surprise,
)
from callcenter.model.ids import AgentId, CardId, ContactId, FlowName, LegId, PlaybackId, RequestId, Skill
from callcenter.model.need import LEVEL_MAX
from callcenter.model.payment_messages import CardChecked, CardPosted, CheckCard, PostCard
from callcenter.model.recording_facts import RecordingStarted
from callcenter.model.rehearsal import SILENCE, Act, AtWork, Case, Colleague, Colleagues, Keys, Mock, Outside, Trouble
from callcenter.sim.course import Course, Heard, Passed, Step
from callcenter.sim.ways_in import AHEAD, skills_asked_for, with_ways_in
from callcenter.speech.text import PromptText

TURNS_MAX: Final = 2_000  # things that happen in one call; a flow that is checked needs far fewer
LENGTH_MAX_S: Final = 86_400.0  # of a rehearsed call
PROMPT_S: Final = 2.0  # how long a prompt is taken to be
INTO_PROMPT_S: Final = 0.5  # a key "during" a prompt comes so long after its beginning
THINKING_S: Final = 0.5  # between the end of a prompt and a key
MESSAGE_S: Final = 5.0  # how long a message is that a caller leaves, unless the case says
A_MOMENT_S: Final = 0.001
ANSWER_S: Final = 0.2  # how long a lookup or a script takes that answers
PAYMENTS: Final = {
    None: PaymentOutcome.PAID,
    Trouble.NOT_FOUND: PaymentOutcome.REFUSED,
    Trouble.FAIL: PaymentOutcome.FAILED,
    Trouble.SLOW: PaymentOutcome.UNKNOWN,
}
"""What the mock of a payment stands for."""
PICK_UP_S: Final = 2.0  # how long a phone rings before it is answered
CALLER_LEG: Final = LegId("rehearsal")
ANYBODY: Final = AgentId("anybody")
RESTING: Final = (ContactState.WAITING, ContactState.PROMISED, ContactState.CONNECTED, ContactState.FORWARDED)


def rehearse(configuration: Configuration, case: Case, at: float) -> Course:
    """Play the call out, beginning at `at` (UTC seconds). The flow of the case, or of its number, must exist."""
    stage = _Stage(with_ways_in(configuration, case), case, at)
    stage.play()
    return stage.course


def acts_of(keys: str) -> tuple[Act, ...]:
    """Keys, one by one, as what a caller does."""
    return tuple(Act(press=Keys(key)) for key in keys)


def flow_of(configuration: Configuration, case: Case) -> FlowName | None:
    """The flow that the case's call comes into first; None if there is none."""
    name = case.flow or configuration.numbers.get(case.dial) or configuration.default_flow
    return name if name in configuration.flows else None


class _Stage:
    """One rehearsal while it lasts."""

    def __init__(self, configuration: Configuration, case: Case, at: float) -> None:
        self.configuration = configuration
        self.case = case
        self.now = self.began = at
        self.engine = Engine(configuration)
        self.contact: ContactId | None = None
        self.kept: ContactRecord | None = None  # what the engine knows of the call, also when it has just ended
        self.course = Course(flow=flow_of(configuration, case) or FlowName(""), at=at)
        self.acts = list(case.does or acts_of(case.keys))
        self.colleagues: dict[AgentId, Colleague] = {}
        self.typed: dict[CardId, str] = {}  # of cards: a rehearsed one is nobody's
        self.playing: tuple[PlaybackId, tuple[str, ...], float] | None = None  # which, its prompts, when it ends
        self.agenda: list[tuple[float, Event]] = []  # what others will do, in order
        self.said: set[str] = set()  # prompts heard to the end since the caller last did something
        self.silent_until: float | None = None
        self.here = False  # the rehearsed caller has come
        self.over = False

    def play(self) -> None:
        """From the first ring to wherever the call comes to rest."""
        self.tell(EngineStarted(namespace="rehearse", build=""))
        self._staff()
        for queue, seconds in sorted(self.case.handle_time.items()):
            self.engine.forecast.given[queue] = float(seconds)
        for queue, count in sorted(self.case.waiting.items()):
            for at in range(count):
                ahead = FlowName(AHEAD + queue)
                self.tell(ContactArrived(leg=LegId(f"ahead-{queue}-{at}"), medium=Medium.VOICE, caller="", flow=ahead))
        self.here = True
        self.tell(
            ContactArrived(
                leg=CALLER_LEG,
                medium=Medium.VOICE,
                caller=self.case.caller,
                dialled=self.case.dial,
                flow=self.case.flow,
                agent_number=self._number_of(self.case.phone_of),
                direction=direction_of(self.case.phone_of, self.case.dial),
                variables=dict(self.case.variables),
            )
        )
        for _ in range(TURNS_MAX):
            if self.over or self.now - self.began > LENGTH_MAX_S or not self._go_on():
                break
        self._sum_up()

    # -- what happens next -------------------------------------------------------------------------------------------

    def _go_on(self) -> bool:
        """The next thing that would happen; False if the call has come to rest."""
        caller = self._caller_acts()
        if caller is not None and self._is_next(caller[0]):
            self.now = max(self.now, caller[0])
            caller[1]()
            return True
        ends = self.playing[2] if self.playing is not None else None
        if ends is not None and self._is_next(ends):
            self._prompt_ends(ends)
            return True
        if self.agenda and self._is_next(self.agenda[0][0]):
            at, event = self.agenda.pop(0)
            self.now = max(self.now, at)
            self.tell(event)
            return True
        due = self.engine.next_deadline()
        if due is None or self._rests():
            return False
        self._silence(due)
        self.now = max(self.now, due)
        self.tell(TimePassed())
        return True

    def _is_next(self, at: float) -> bool:
        """Whether nothing else comes before `at`. What people do goes before a deadline of the same instant."""
        others = [self.playing[2] if self.playing is not None else None, self.engine.next_deadline()]
        others += [self.agenda[0][0] if self.agenda else None]
        return all(other is None or at <= other for other in others)

    def _rests(self) -> bool:
        """Whether the caller waits for an agent, or talks, and nobody in the case does anything more."""
        record = self._record()
        if record is None:
            return True
        busy = bool(self.acts) or self.silent_until is not None or bool(self.agenda) or self.playing is not None
        return record.state in RESTING and not busy

    def _prompt_ends(self, at: float) -> None:
        if self.playing is None:
            return
        playback, names, _ = self.playing
        self.playing = None
        self.said.update(names)
        self.now = max(self.now, at)
        self.tell(PlaybackEnded(playback=playback))

    def _silence(self, due: float) -> None:
        timer = self.engine.world.timers.listed()[0]
        if timer.kind is TimerKind.FLOW_WAIT and due > self.now:
            self._step("silence", f"the caller presses nothing for {due - self.now:.0f} s")
            if self.acts and self.acts[0].press == SILENCE:
                self.acts.pop(0)

    # -- the caller --------------------------------------------------------------------------------------------------

    def _caller_acts(self) -> tuple[float, Callable[[], None]] | None:
        """When the caller does something next, and what; None if she only listens."""
        if self.silent_until is not None:
            return self.silent_until, self._silence_over
        record = self._record()
        if record is None or not self.acts:
            return None
        act = self.acts[0]
        if act.during:
            playing = self.playing is not None and act.during in self.playing[1]
            return (self.now + INTO_PROMPT_S, self._act) if playing else None
        if act.after and act.after not in self.said:
            return None
        if act.hang_up or act.wait:
            return self.now, self._act
        if self.playing is not None:
            return None
        if act.speak is not None:
            return (self.now, self._act) if record.message is not None else None
        if act.press == SILENCE or (act.press and not self._is_asked(record)):
            return None
        return self.now + THINKING_S, self._act

    def _is_asked(self, record: ContactRecord) -> bool:
        """Whether a key would be heard: the flow waits for one, or the caller is in a queue that may have a use."""
        waits = any(timer.kind is TimerKind.FLOW_WAIT for timer in self.engine.world.timers.listed())
        return waits or record.state in (ContactState.WAITING, ContactState.OFFERED)

    def _act(self) -> None:
        act = self.acts.pop(0)
        self.said.clear()
        if act.press:
            key, rest = act.press[0], act.press[1:]
            if rest:
                self.acts.insert(0, replace(act, press=type(act.press)(rest), after="", during=""))
            self._step("key", f"the caller presses {key}")
            self.tell(DigitPressed(leg=CALLER_LEG, digit=key))
        elif act.hang_up:
            self._step("hangs_up", "the caller hangs up")
            self.tell(LegEnded(leg=CALLER_LEG, end=LegEnd.NORMAL))
        elif act.wait:
            self.silent_until = self.now + act.wait + A_MOMENT_S  # what is due just then still happens
        # `speak` is taken up where the recording begins

    def _silence_over(self) -> None:
        self.silent_until = None

    # -- the others --------------------------------------------------------------------------------------------------

    def _staff(self) -> None:
        who = self.case.agents
        everything = {str(skill): LEVEL_MAX for skill in skills_asked_for(self.configuration)}
        if isinstance(who, Colleagues):
            doing = {Colleagues.BUSY: AtWork.BUSY, Colleagues.FREE: AtWork.FREE}.get(who)
            who = () if doing is None else (Colleague(name=ANYBODY, skills=everything, doing=doing),)
        for at, colleague in enumerate(who):
            agent = Agent(
                id=AgentId(colleague.name),
                name=colleague.name,
                number=f"rehearsal-{at}",
                skills={Skill(skill): level for skill, level in colleague.skills.items()},
            )
            self.colleagues[agent.id] = colleague
            self.tell(AgentSaved(request=RequestId(f"staff-{at}"), agent=agent))
            if colleague.doing is not AtWork.AWAY:
                self._status(agent, AgentStatus.AVAILABLE)
            if colleague.doing is AtWork.PAUSED:
                self._status(agent, AgentStatus.PAUSED)
            if colleague.doing is AtWork.FREE:
                self.tell(PhoneChanged(number=agent.number, state=PhoneState.REACHABLE))

    def _number_of(self, agent: str) -> str:
        record = self.engine.world.agents.records.get(AgentId(agent))
        return record.agent.number if record is not None else ""

    def _status(self, agent: Agent, status: AgentStatus) -> None:
        self.tell(AgentStatusRequested(request=RequestId(f"status-{agent.id}"), agent=agent.id, status=status))

    def _later(self, seconds: float, event: Event) -> None:
        self.agenda.append((self.now + seconds, event))
        self.agenda.sort(key=lambda entry: entry[0])  # stable: what was put down first happens first

    def _outside(self, leg: LegId) -> None:
        match self.case.outside:
            case Outside.ANSWERS:
                self._later(PICK_UP_S, LegAnswered(leg=leg))
            case Outside.BUSY:
                self._later(PICK_UP_S, LegEnded(leg=leg, end=LegEnd.BUSY))
            case Outside.NO_ANSWER:
                pass  # the engine gives up by itself

    def _message(self, output: RecordMessage) -> None:
        act = self.acts[0] if self.acts else None
        seconds = MESSAGE_S
        if act is not None and act.speak is not None:
            self.acts.pop(0)
            seconds = float(act.speak)
        seconds = min(seconds, output.max_s)
        self._step("message", f"records a message of at most {output.max_s:.0f} s; the caller speaks for {seconds:g} s")
        ended = MessageRecorded(recording=output.recording, seconds=seconds)
        self._later(seconds if seconds else output.silence_s, ended)

    def _mock(self, node: str) -> Mock:
        """What is to be answered; nothing is known of a node without a mock, so it fails."""
        mocks = self.case.mocks
        found = mocks.get(node) or mocks.get(node.rpartition(".")[2])
        if found is None:
            self.course.unknown.append(node)
        return found or Mock(trouble=Trouble.FAIL)

    def _look_up(self, lookup: LookUp) -> None:
        mock = self._mock(lookup.name)
        self._step("asks", f"looks up {lookup.url}: {mock.trouble or 'found'}".replace("_", " "))
        outcome = {None: LookupOutcome.FOUND, Trouble.NOT_FOUND: LookupOutcome.NOT_FOUND}.get(
            mock.trouble, LookupOutcome.FAILED
        )
        if mock.trouble is not Trouble.SLOW:  # else the engine gives up by itself
            self._later(ANSWER_S, LookedUp(lookup=lookup.lookup, outcome=outcome, values=dict(mock.values)))

    def _look_at(self, check: CheckCard) -> None:
        """A part of a card, as typed; when it is, is when the case says."""
        digits = self.typed.get(check.card, "")[check.slice.first : check.slice.first + check.slice.count]
        today = datetime.fromtimestamp(self.now, UTC)
        right = is_plausible(check.slice.part, digits, year=today.year, month=today.month)
        ok = right or (check.slice.part is CardPart.NUMBER and not check.luhn)
        self._step("card", f"the {check.slice.part.value} {'can be right' if ok else 'cannot be right'}")
        self._later(0.0, CardChecked(card=check.card, part=check.slice.part, ok=ok))

    def _pay(self, pay: PostCard) -> None:
        """Values: paid. not_found: refused. fail: it was not reached. slow: nobody knows."""
        mock = self._mock(pay.name)
        outcome = PAYMENTS[mock.trouble]
        self._step("asks", f"asks {pay.url} for a payment: {outcome.value}")
        number = next((part for part in pay.slices if part.part is CardPart.NUMBER), None)
        typed = self.typed.get(pay.card, "")
        last = typed[number.first : number.first + number.count][-LAST:] if number is not None else ""
        if mock.trouble is not Trouble.SLOW:  # else the engine gives up by itself
            told = CardPosted(card=pay.card, outcome=outcome, values=dict(mock.values), last=last)
            self._later(ANSWER_S, told)

    def _run(self, run: RunScript) -> None:
        passed = self.course.passed[-1]
        mock = self._mock(f"{passed.flow}.{passed.node}")
        self._step("asks", f"runs {run.url}: {mock.trouble or 'done'}".replace("_", " "))
        status = "SUCCESS" if mock.trouble is None else "FAILURE"
        if mock.trouble is not Trouble.SLOW:
            self._later(ANSWER_S, ScriptEnded(leg=run.leg, script=run.script, status=status, values=dict(mock.values)))

    # -- telling and taking down -------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Tell the engine, take down what it answers."""
        card = self.engine.card_of(event)
        if card is not None and isinstance(event, DigitPressed):
            self.typed[card] = self.typed.get(card, "") + event.digit
        outputs = self.engine.handle(event, self.now)
        if self.contact is None and self.here:
            opened = [fact.contact for fact in outputs if isinstance(fact, ContactOpened) and fact.leg == CALLER_LEG]
            self.contact = opened[0] if opened else None
        self.kept = self._record() or self.kept
        for output in outputs:
            if self.here and getattr(output, "contact", None) == self._id():
                self._command(output)
                self._fact(output)
            elif self.here and isinstance(output, Surprise):
                self._step("surprise", output.what)

    def _command(self, output: Output) -> None:
        match output:
            case PlayPrompts():
                self.playing = (output.playback, output.prompts, self.now + PROMPT_S * len(output.prompts))
                for name in output.prompts:
                    text = self._text(name, output)
                    self.course.heard.append(Heard(name=name, text=text))
                    said = f'"{text}"' if text else f"(recorded only, {output.language})"
                    self._step("says", f"says {name}: {said}")
            case StopPlayback():
                self.playing = None
            case RecordMessage():
                self._message(output)
            case RingAgent():
                self._step("rings", f"the phone of {output.agent} rings")
                self._later(0.0, LegRinging(leg=output.leg))
                if self.colleagues[output.agent].answers:
                    self._later(PICK_UP_S, LegAnswered(leg=output.leg))
            case DialNumber():
                self.course.number = output.number
                self._step("dials", f"calls {output.number}")
                self._outside(output.leg)
            case _:
                self._errand(output)

    def _errand(self, output: Output) -> None:
        match output:
            case LookUp():
                self._look_up(output)
            case RunScript():
                self._run(output)
            case CheckCard():
                self._look_at(output)
            case PostCard():
                self._pay(output)
            case JudgeCallback():
                self._later(0.0, allowed_by_nobody(output))
            case FetchBack():
                self._later(0.0, ScriptEnded(leg=output.leg, script=output.script, status="TIMEOUT"))
            case _:
                pass

    def _fact(self, output: Output) -> None:
        match output:
            case NodeEntered():
                self.course.passed.append(Passed(flow=output.flow, node=output.node, exit=output.exit))
                self._step("node", f"{output.flow}: {output.node}", node=output.node)
            case ContactQueued():
                self.course.queues.append(output)
                needs = output.needs or "anybody"
                self._step("queued", f"queue {output.queue}, priority {output.priority}, needs {needs}")
            case QueueLeft():
                if output.exit not in (QueueExit.CONNECTED, QueueExit.ABANDONED):
                    why = output.exit.replace("_", " ")
                    self._step("left", f"queue {output.queue} does not keep the call: {why}")
            case RecordingStarted(mailbox=mailbox) if mailbox:
                self.course.mailbox = mailbox
            case CallbackPromised():
                self.course.callback = output.number
                self._step("promised", f"a callback to {output.number} is promised, for queue {output.queue}")
            case ContactConnected():
                self.course.agent = output.agent
                self._step("connected", f"talks with {output.agent}")
            case Surprise():
                self._step("surprise", output.what)
            case ContactEnded():
                self.course.reason, self.course.language = output.reason, output.language
                self._step("ended", f"the call ends: {output.reason.replace('_', ' ')}")
                self.over = True
            case _:
                pass

    def _step(self, kind: str, words: str, node: str = "") -> None:
        self.course.steps.append(Step(after_s=self.now - self.began, kind=kind, words=words, node=node))

    def _text(self, name: str, said: PlayPrompts) -> str:
        prompt = self.configuration.prompts.get(name)
        texts = prompt.texts if prompt is not None else {}
        text = texts.get(said.language) or texts.get(said.language.partition("-")[0])
        if text is None:
            return ""
        try:
            return PromptText(text=text, language=said.language, name=name).rendered(said.variables)
        except ConfigurationError:  # a variable that only a real call has
            return text

    # -- looking -----------------------------------------------------------------------------------------------------

    def _id(self) -> ContactId | None:
        return self.contact

    def _record(self) -> ContactRecord | None:
        return self.engine.world.contacts.get(self.contact) if self.contact is not None else None

    def _sum_up(self) -> None:
        course, kept = self.course, self.kept
        course.left_over = tuple(self.acts)
        if course.reason is not None:
            course.outcome = f"ended {course.reason}"
        if kept is None:
            return
        course.variables, course.language = {**kept.variables, **kept.secrets}, kept.language
        if course.reason is not None:
            return
        if kept.state is ContactState.CONNECTED:
            course.outcome = f"agent {kept.agent}"
        elif kept.state is ContactState.FORWARDED or kept.other_leg is not None:
            course.outcome = f"number {course.number}"
        elif kept.state is ContactState.PROMISED:
            course.outcome = f"callback {course.callback}"
        elif kept.queue is not None:
            course.outcome = f"queue {kept.queue}"
