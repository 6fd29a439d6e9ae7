"""A call through a flow with nobody on the line: the real engine, told what a caller would do.

Knows how to play the caller (listens to the end, presses the next key when asked, else keeps silent); knows no output.
"""

from dataclasses import dataclass, field
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.timers import TimerKind
from callcenter.errors import ConfigurationError
from callcenter.model.agent import Agent, AgentStatus
from callcenter.model.commands import DialNumber, PlayPrompts, RecordMessage, StopPlayback
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Medium
from callcenter.model.entry import Output
from callcenter.model.events import (
    AgentSaved,
    AgentStatusRequested,
    ContactArrived,
    DigitPressed,
    EngineStarted,
    Event,
    MessageRecorded,
    PlaybackEnded,
    TimePassed,
)
from callcenter.model.facts import ContactEnded, ContactQueued, NodeEntered, QueueLeft, Surprise
from callcenter.model.ids import AgentId, FlowName, LegId, PlaybackId, RecordingId, RequestId, Skill
from callcenter.model.need import LEVEL_MAX, Need
from callcenter.speech.text import PromptText

TURNS_MAX: Final = 500  # things that happen to the call; a flow that is checked needs far fewer
PROMPT_S: Final = 2.0  # how long a prompt is taken to be
THINKING_S: Final = 1.0  # between the end of a prompt and a key
MESSAGE_S: Final = 5.0  # how long the message is that the caller leaves
SILENCE: Final = "-"
CALLER_LEG: Final = LegId("walk")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkStep:
    """One thing that happens. `kind`: node, says, key, silence, queued, left, message, dials, ended, surprise."""

    after_s: float
    kind: str
    words: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The whole call. `outcome` is "queue NAME", "number NUMBER", "ended REASON" or "stuck"."""

    flow: FlowName
    at: float
    steps: tuple[WalkStep, ...]
    outcome: str
    keys_left: str


def walk(
    configuration: Configuration,
    flow: FlowName,
    *,
    keys: str = "",
    caller: str = "",
    dialled: str = "",
    at: float,
    staffed: bool = True,
) -> Walk:
    """Call `flow` at `at` (UTC seconds) and press `keys` when asked. `staffed`: somebody who can do all is at work."""
    walker = _Walker(configuration=configuration, engine=Engine(configuration), keys=list(keys), began=at, now=at)
    walker.tell(EngineStarted(namespace="walkwalk", build=""))
    if staffed:
        walker.staff()
    walker.tell(ContactArrived(leg=CALLER_LEG, medium=Medium.VOICE, caller=caller, dialled=dialled, flow=flow))
    for _ in range(TURNS_MAX):
        if walker.outcome or not walker.go_on():
            break
    return Walk(
        flow=flow,
        at=at,
        steps=tuple(walker.steps),
        outcome=walker.outcome or "stuck",
        keys_left="".join(walker.keys),
    )


@dataclass(slots=True, kw_only=True)
class _Walker:
    configuration: Configuration
    engine: Engine
    keys: list[str]
    began: float
    now: float
    steps: list[WalkStep] = field(default_factory=list)
    outcome: str = ""
    playing: PlaybackId | None = None
    message: RecordingId | None = None

    def staff(self) -> None:
        """Somebody with every skill is at work, so that `no_agents` rules do not apply; the phone is never rung."""
        everything = Agent(id=AgentId("anybody"), name="", number="0", skills=dict.fromkeys(self._skills(), LEVEL_MAX))
        self.tell(AgentSaved(request=RequestId("walk-1"), agent=everything))
        self.tell(AgentStatusRequested(request=RequestId("walk-2"), agent=everything.id, status=AgentStatus.AVAILABLE))

    def go_on(self) -> bool:
        """The next thing that would happen; False if nothing would."""
        if self.playing is not None:
            ended, self.playing = self.playing, None
            self.now += PROMPT_S
            self.tell(PlaybackEnded(playback=ended))
        elif self.message is not None:
            taken, self.message = self.message, None
            self.now += MESSAGE_S
            self.tell(MessageRecorded(recording=taken, seconds=MESSAGE_S))
        elif self.asked():
            self._answer()
        else:
            return False
        return True

    def asked(self) -> bool:
        """Whether the flow waits for a key."""
        return any(timer.kind is TimerKind.FLOW_WAIT for timer in self.engine.world.timers.listed())

    def tell(self, event: Event) -> None:
        """Tell the engine, take down what it answers."""
        for output in self.engine.handle(event, self.now):
            self._note(output)

    def _answer(self) -> None:
        key = self.keys.pop(0) if self.keys else SILENCE
        if key == SILENCE:
            due = min(t.at for t in self.engine.world.timers.listed() if t.kind is TimerKind.FLOW_WAIT)
            self._step("silence", f"the caller presses nothing for {due - self.now:.0f} s")
            self.now = due
            self.tell(TimePassed())
        else:
            self.now += THINKING_S
            self._step("key", f"the caller presses {key}")
            self.tell(DigitPressed(leg=CALLER_LEG, digit=key))

    def _note(self, output: Output) -> None:
        match output:
            case NodeEntered():
                self._step("node", f"{output.flow}: {output.node}", node=output.node)
            case PlayPrompts():
                self.playing = output.playback
                for name in output.prompts:
                    self._step("says", f"says {name}: {self._text(name, output)}")
            case StopPlayback():
                self.playing = None
            case RecordMessage():
                self.message = output.recording
                self._step("message", f"records a message of at most {output.max_s:.0f} s; the caller speaks")
            case ContactQueued():
                self._step(
                    "queued", f"queue {output.queue}, priority {output.priority}, needs {output.needs or 'anybody'}"
                )
                self.outcome = f"queue {output.queue}"
            case QueueLeft():
                self._step("left", f"queue {output.queue} does not keep the call: {output.exit.replace('_', ' ')}")
                self.outcome = ""
            case DialNumber():
                self._step("dials", f"calls {output.number}")
                self.outcome = f"number {output.number}"
            case Surprise():
                self._step("surprise", output.what)
            case ContactEnded():
                self._step("ended", f"the call ends: {output.reason.replace('_', ' ')}")
                self.outcome = f"ended {output.reason}"
            case _:
                pass

    def _step(self, kind: str, words: str, node: str = "") -> None:
        self.steps.append(WalkStep(after_s=self.now - self.began, kind=kind, words=words, node=node))

    def _text(self, name: str, said: PlayPrompts) -> str:
        prompt = self.configuration.prompts.get(name)
        texts = prompt.texts if prompt is not None else {}
        text = texts.get(said.language) or texts.get(said.language.partition("-")[0])
        if text is None:
            return f"(recorded only, {said.language})"
        try:
            return f'"{PromptText(text=text, language=said.language, name=name).rendered(said.variables)}"'
        except ConfigurationError:  # a variable that only a real call has
            return f'"{text}"'

    def _skills(self) -> list[Skill]:
        needs: list[Need] = [queue.needs for queue in self.configuration.queues.values()]
        for flow in self.configuration.flows.values():
            needs += [need for node in flow.nodes.values() if isinstance(need := getattr(node, "needs", None), Need)]
        return sorted({skill for need in needs for clause in need.alternatives for skill, _ in clause})
