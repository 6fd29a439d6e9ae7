"""Walks a contact through its flow. Knows nodes by their Protocol only; knows no queue rule and no agent.

A node's turn is a list of actions; `Leave` leads to the next node at once. A bound on steps per event catches a graph
that never waits, which the configuration check should have refused.
"""

from collections.abc import Mapping
from typing import Final, Protocol, assert_never

from callcenter.core import control, notes, outside, spoken, voice
from callcenter.core.errands import NOT_RUN, Errands
from callcenter.core.payments import Payments
from callcenter.core.state import ContactRecord, Frame
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.card import PaymentOutcome
from callcenter.model.commands import ReturnLeg
from callcenter.model.contact import ContactState, EndReason, LookupOutcome
from callcenter.model.events import LegSeen, LookedUp, ScriptEnded
from callcenter.model.facts import NodeEntered, OutsideCalled, SurveyAnswered
from callcenter.model.flow import (
    RETURNS,
    Action,
    AgentWish,
    Assign,
    CallbackAnswer,
    CallScript,
    CheckPart,
    DataDip,
    DropNote,
    Elapsed,
    EnterFlow,
    Flow,
    Forward,
    ForwardFailed,
    HangUpCall,
    Input,
    KeepNote,
    Leave,
    Memory,
    MessageTaken,
    Node,
    PartChecked,
    PayByCard,
    Pressed,
    PromiseCallback,
    Queueing,
    ReturnToDialplan,
    ReturnToFlow,
    Said,
    Say,
    SpeakLanguage,
    StopSaying,
    TakeAnswer,
    TakeCard,
    TakeMessage,
    Turn,
    Visit,
    WaitFor,
    WishDone,
    WithdrawCallback,
)
from callcenter.model.ids import CardId, FlowName, RecordingId
from callcenter.model.payment_messages import CardChecked, CardPosted, PaymentCancelRequested, PaymentRequested
from callcenter.model.recording_facts import RecordingStopped

SUBFLOWS_MAX: Final = 8  # flows that a contact can be in the middle of
STEPS_MAX: Final = 100  # nodes entered in a row without waiting for anything
DIGITS: Final = frozenset("0123456789")
MASKED_DIGIT: Final = "x"  # what is written of a digit that must not be
ERASED_DIGIT: Final = "erased"  # what is left of one that an erased person had typed
UNKNOWN_DIGITS: Final = (MASKED_DIGIT, ERASED_DIGIT)
STAND_IN: Final = "0"  # what is taken for one when the journal is told again: how many there were is all that counts
LEADS_AWAY: Final = (
    Queueing,
    PromiseCallback,
    Forward,
    TakeMessage,
    CallScript,
    AgentWish,
    ReturnToDialplan,
)
"""What a flow beside a talk cannot do; the configuration says so before."""
NOTHING_REMEMBERED: Final = Memory()  # a value, so one serves all
Way = tuple[str, str, str]
"""From a node to the next: its name, the exit that led there, and why that one, where the exit leaves it open."""


class Elsewhere(Protocol):
    """Where a flow leads to: the rest of the engine."""

    def enqueue(self, contact: ContactRecord, action: Queueing) -> None:
        """Put the contact into a queue."""
        ...

    def end(self, contact: ContactRecord, reason: EndReason) -> None:
        """End the contact."""
        ...

    def not_reached(self, contact: ContactRecord, why: str) -> None:
        """An outside number that no flow asked for has not answered."""
        ...

    def grant(self, contact: ContactRecord, wish: AgentWish) -> str:
        """Do what an agent asks for from her phone; gives what is wrong, or ""."""
        ...

    def promise(self, contact: ContactRecord, action: PromiseCallback) -> CallbackAnswer:
        """Promise to call the customer back; gives what is wrong, if anything."""
        ...

    def withdraw(self, contact: ContactRecord) -> str:
        """Take that back, as she asks; gives what is wrong, or ""."""
        ...

    def message_left(self, contact: ContactRecord, mailbox: str, message: RecordingId, seconds: float) -> None:
        """A message was recorded."""
        ...


class Flows:
    """The IVR."""

    __slots__ = ("_elsewhere", "_errands", "_payments", "_world")

    def __init__(self, world: World, elsewhere: Elsewhere) -> None:
        self._world = world
        self._elsewhere = elsewhere
        self._errands = Errands(world)
        self._payments = Payments(world)

    def start(self, contact: ContactRecord, name: FlowName) -> None:
        """Begin a flow at its first node. The contact is IN_FLOW."""
        if name in self._world.configuration.flows:  # else it is one of the version that the contact lives by
            contact.version = self._world.version
        flow = self._world.library[contact.version].flows[name]
        contact.flow = name
        contact.stack.clear()
        if not contact.answered:
            contact.language = flow.language
        self._walk(contact, flow.start, "")

    # -- what happens while a contact is in a flow -------------------------------------------------------------------

    def digit(self, contact: ContactRecord, digit: str) -> None:
        """The caller pressed a key: it stops an interruptible prompt and is dropped during any other."""
        card = contact.card is not None and (digit in DIGITS or digit == MASKED_DIGIT)
        at = self._payments.digit(contact) if card else 0
        if contact.playback is not None:
            if not contact.interruptible:
                return
            voice.hush(self._world, contact)
        self._tell(contact, Pressed(digit=STAND_IN if card or digit in UNKNOWN_DIGITS else digit, at=at))

    def playback_ended(self, contact: ContactRecord) -> None:
        """The prompts are over (or could not be played: the call goes on)."""
        contact.playback = None
        self._tell(contact, Said())

    def waited(self, contact: ContactRecord) -> None:
        """The node's time is up."""
        self._tell(contact, Elapsed())

    def forward_failed(self, contact: ContactRecord, why: str) -> None:
        """The outside number did not answer."""
        outside.give_up(self._world, contact)
        why = why.replace("_", " ")
        if contact.flow is None or not contact.node:
            if contact.transferred_by is None and contact.colleague is None:  # else it is told by what follows
                self._world.out.append(OutsideCalled(contact=contact.id, answered=False, why=why))
            self._elsewhere.not_reached(contact, why)
        else:
            self._tell(contact, ForwardFailed(why=why))

    def message_overdue(self, contact: ContactRecord) -> None:
        """Nobody has said that the message is over: stop it and take what there is."""
        if contact.message is not None:
            self.message_recorded(contact, spoken.stop(self._world, contact))

    def message_recorded(self, contact: ContactRecord, seconds: float) -> None:
        """The caller's message is over."""
        recording = spoken.over(self._world, contact)
        if recording is None:
            return
        if contact.message_is_note:
            notes.taken(self._world, contact, recording, seconds)
            self._tell(contact, MessageTaken(seconds=seconds, note=contact.note))
            return
        self._world.out.append(RecordingStopped(contact=contact.id, recording=recording, expected_s=seconds))
        contact.left_message = contact.left_message or seconds > 0
        self._elsewhere.message_left(contact, contact.mailbox, recording, seconds)
        self._tell(contact, MessageTaken(seconds=seconds))

    def looked_up(self, contact: ContactRecord, told: LookedUp) -> None:
        """A program outside has answered."""
        if contact.lookup is not None and contact.lookup.lookup == told.lookup:
            self._lookup_over(contact, told.outcome, told.values, told.detail)

    def lookup_failed(self, contact: ContactRecord, why: str) -> None:
        """It has not answered in time, or could not be asked."""
        self._lookup_over(contact, LookupOutcome.FAILED, {}, why)

    def script_ended(self, contact: ContactRecord, told: ScriptEnded) -> None:
        """The call is back from a script."""
        if contact.run is None or contact.run.script == told.script:
            done = self._errands.script_ended(contact, told.status, told.values)
            if done is not None:
                self._tell(contact, done)

    def script_not_run(self, contact: ContactRecord) -> None:
        """The script could not be begun: the call never left."""
        done = self._errands.script_ended(contact, NOT_RUN, {})
        if done is not None:
            self._tell(contact, done)

    def script_overdue(self, contact: ContactRecord) -> None:
        """The script has had its time; a call that does not come back is nobody's, and is ended."""
        if not self._errands.script_overdue(contact):
            self._world.surprise("the call did not come back from its script", contact)
            self._elsewhere.end(contact, EndReason.FAULT)

    def leg_listed(self, contact: ContactRecord, seen: LegSeen) -> None:
        """After a restart or a lost link: where a leg is that may be away with a script."""
        self._errands.listed(contact, seen)

    # -- payments ----------------------------------------------------------------------------------------------------

    def card_of(self, contact: ContactRecord) -> CardId | None:
        """The card that the customer types now."""
        return contact.card if self._walks(contact) else None

    def card_checked(self, contact: ContactRecord, told: CardChecked) -> None:
        """A part of the card was looked at."""
        if contact.card == told.card:
            self._tell(contact, self._payments.checked(contact, told.part, ok=told.ok))

    def card_posted(self, contact: ContactRecord, told: CardPosted) -> None:
        """The endpoint has answered, or was not reached."""
        if contact.card == told.card:
            done = self._payments.paid(contact, told.outcome, told.values, told.last, told.detail)
            self._tell(contact, done)

    def check_failed(self, contact: ContactRecord) -> None:
        """What was typed could not be looked at: it does not count."""
        self._tell(contact, PartChecked(ok=False))

    def payment_unknown(self, contact: ContactRecord, why: str, *, asked: bool = True) -> None:
        """The endpoint has not answered in time; or it was not asked."""
        if contact.card is not None and contact.card_sent:
            outcome = PaymentOutcome.UNKNOWN if asked else PaymentOutcome.FAILED
            self._tell(contact, self._payments.paid(contact, outcome, detail=why))

    def pay_aside(self, asked: PaymentRequested) -> str:
        """Lead the customer of a talk through a flow in which she pays; gives what is wrong, or ""."""
        contact, problem = control.in_talk(self._world, asked.contact)
        if contact is None:
            return problem
        problem = self._payments.hindrance(contact, asked.flow)
        if not problem:
            self._payments.step_aside(contact, asked.flow, asked.by)
            contact.flow = asked.flow
            self._walk(contact, self._world.library[contact.version].flows[asked.flow].start, "")
        return problem

    def cancel_payment(self, asked: PaymentCancelRequested) -> str:
        """Back to the agent; gives what is wrong, or ""."""
        contact, problem = control.with_agent(self._world, asked.contact)
        if contact is None:
            return problem
        if contact.paying is None:
            return f"nobody takes a payment from {contact.id}"
        self.aside_over(contact, f"cancelled by {asked.by}" if asked.by else "cancelled")
        return ""

    def aside_over(self, contact: ContactRecord, why: str, *, talk_over: bool = False) -> None:
        """The flow beside a talk is at its end, or must end; nothing if there is none."""
        if contact.paying is not None:
            self.quit(contact)
            self._payments.step_back(contact, why, talk_over=talk_over)

    def _end(self, contact: ContactRecord, reason: EndReason) -> None:
        """The flow has nothing more to do: the contact ends, or the agent has her back."""
        if contact.paying is not None:
            self.aside_over(contact, "the flow is at its end" if reason is EndReason.FLOW_ENDED else reason.value)
        else:
            self._elsewhere.end(contact, reason)

    @staticmethod
    def _walks(contact: ContactRecord) -> bool:
        return contact.state is ContactState.IN_FLOW or contact.paying is not None

    def _lookup_over(
        self, contact: ContactRecord, outcome: LookupOutcome, values: Mapping[str, str], detail: str
    ) -> None:
        done = self._errands.looked_up(contact, outcome, values, detail)
        if done is not None:
            self._tell(contact, done)

    def quit(self, contact: ContactRecord) -> None:
        """The contact leaves the IVR (into a queue, or for good): nothing of the flow stays behind."""
        voice.hush(self._world, contact)
        self._world.timers.cancel(TimerKind.FLOW_WAIT, contact.id)
        self._errands.forget_script(contact)
        self._end_errands(contact)
        contact.stack.clear()
        contact.memory = NOTHING_REMEMBERED

    def is_secret(self, contact: ContactRecord) -> bool:
        """Whether what the caller presses now must not be written anywhere."""
        return self._walks(contact) and (contact.memory.secret or contact.run is not None)

    def ask_again(self) -> None:
        """After a restart nobody knows what was typed of a masked input: the caller begins it anew. Nor does anybody
        ask the programs outside any more."""
        for contact in sorted(self._world.contacts.values(), key=lambda contact: contact.serial):
            if contact.card_sent:
                self.payment_unknown(contact, "restarted before it was answered")
            elif self._walks(contact) and contact.memory.secret:
                self._walk(contact, contact.node, "")
            else:
                self._errands.ask_again(contact)

    # -- walking -----------------------------------------------------------------------------------------------------

    def _tell(self, contact: ContactRecord, told: Input) -> None:
        if not self._walks(contact) or not contact.node:
            return
        node = self._node(contact)
        next_node = self._act(contact, node, node.resume(self._visit(contact), told))
        if next_node is not None:
            self._walk(contact, *next_node)

    def _walk(self, contact: ContactRecord, name: str, exit_: str, why: str = "") -> None:
        for _ in range(STEPS_MAX):
            contact.node = name
            contact.memory = NOTHING_REMEMBERED
            self._world.timers.cancel(TimerKind.FLOW_WAIT, contact.id)
            self._end_errands(contact)
            if contact.flow is None:
                raise Bug(f"{contact.id} walks without a flow")
            self._world.out.append(NodeEntered(contact=contact.id, flow=contact.flow, node=name, exit=exit_, why=why))
            node = self._node(contact)
            left = self._act(contact, node, node.enter(self._visit(contact)))
            if left is None:
                return
            name, exit_, why = left
        self._world.surprise(f"flow {contact.flow} went through {STEPS_MAX} nodes without waiting", contact)
        self._end(contact, EndReason.FAULT)

    def _act(self, contact: ContactRecord, node: Node, turn: Turn) -> Way | None:
        """Carry out a turn; gives the way to the next node, or None while the call stays."""
        contact.memory = turn.memory
        for action in turn.actions:
            if isinstance(action, Leave):
                voice.hush(self._world, contact)
                return node.exits()[action.exit], action.exit, action.why
            if isinstance(action, EnterFlow):
                return self._enter_flow(contact, action.flow)
            if isinstance(action, ReturnToFlow) and contact.stack:
                return self._return(contact, action.exit)
            told = self._do(contact, action)
            if told is not None:
                return self._act(contact, node, node.resume(self._visit(contact), told))
            if not self._walks(contact):
                return None
        return None

    def _do(self, contact: ContactRecord, action: Action) -> Input | None:  # noqa: C901 (one arm per action)
        """One action; gives what the node can be told about it at once, if anything."""
        world = self._world
        if contact.paying is not None and isinstance(action, LEADS_AWAY):
            world.surprise(f"{type(action).__name__} is not possible beside a talk", contact)
            action = HangUpCall(reason=EndReason.FAULT)
        if isinstance(action, Queueing):  # nearly every call comes to it; the others cost more to be told apart
            self._elsewhere.enqueue(contact, action)
            return None
        match action:
            case Say():
                if not action.prompts and action.note is None:
                    return Said()
                contact.interruptible = action.interruptible
                voice.say(world, contact, action.prompts, self._spoken(contact), action.note)
            case StopSaying():
                voice.hush(world, contact)
            case WaitFor(seconds=seconds):
                world.timers.set(TimerKind.FLOW_WAIT, contact.id, world.now + seconds)
            case Assign(values=values, secret=secret):
                (contact.secrets if secret else contact.variables).update(values)
            case SpeakLanguage(language=language):
                contact.language = language
            case PromiseCallback():
                return self._elsewhere.promise(contact, action)
            case WithdrawCallback():
                return CallbackAnswer(problem=self._elsewhere.withdraw(contact))
            case Forward(number=number, timeout_s=timeout_s):
                problem = outside.call(world, contact, number, timeout_s)
                return ForwardFailed(why=problem) if problem else None
            case TakeMessage():
                spoken.begin(world, contact, action)
            case KeepNote():
                notes.keep(world, contact)
            case DropNote():
                notes.drop(world, contact)
            case DataDip():
                return self._errands.look_up(contact, contact.flow or "", action)
            case TakeCard():
                self._payments.take_card(contact)
            case CheckPart(slice=part, luhn=luhn):
                return self._payments.check(contact, part, luhn=luhn)
            case PayByCard():
                return self._payments.pay(contact, action)
            case CallScript():
                return self._errands.run_script(contact, action)
            case TakeAnswer():
                self._take_answer(contact, action)
            case AgentWish():
                return WishDone(problem=self._elsewhere.grant(contact, action))
            case HangUpCall(reason=reason):
                self._end(contact, reason)
            case ReturnToFlow() if contact.paying is not None or not contact.returns:  # led here by no flow or dialplan
                self._end(contact, EndReason.FLOW_ENDED)
            case ReturnToDialplan(exit=exit_) | ReturnToFlow(exit=exit_):
                leg = voice.leg_of(contact)
                world.out.append(ReturnLeg(contact=contact.id, leg=leg, exit=exit_))
                world.legs.pop(leg, None)
                self._elsewhere.end(contact, EndReason.RETURNED)
            case Leave() | EnterFlow():
                raise Bug(f"{type(action).__name__} is for the walk, not for the doing")
            case _:
                assert_never(action)
        return None

    def _enter_flow(self, contact: ContactRecord, name: FlowName) -> Way | None:
        """Into another flow, to come back to this node; None if that is too deep."""
        flow = self._world.library[contact.version].flows.get(name)
        if flow is None or contact.flow is None or len(contact.stack) >= SUBFLOWS_MAX:
            self._world.surprise(f"flow {name} cannot be entered in the middle of {len(contact.stack)} others", contact)
            self._end(contact, EndReason.FAULT)
            return None
        contact.stack.append(Frame(flow=contact.flow, node=contact.node))
        contact.flow = name
        return flow.start, "", ""

    def _return(self, contact: ContactRecord, exit_: str) -> Way | None:
        """Back to the node that led here, and on through its exit of that name; None if it has none (any more)."""
        frame = contact.stack.pop()
        contact.flow, contact.node = frame.flow, frame.node
        node = self._world.library[contact.version].flows[frame.flow].nodes.get(frame.node)
        way = f"{RETURNS}.{exit_}"
        target = node.exits().get(way) if node is not None else None
        if target is None:
            self._world.surprise(f"{frame.flow}.{frame.node} does not know the exit {exit_}", contact)
            self._end(contact, EndReason.FAULT)
            return None
        return target, way, ""

    def _take_answer(self, contact: ContactRecord, action: TakeAnswer) -> None:
        if contact.flow is not None:
            self._world.out.append(
                SurveyAnswered(
                    contact=contact.id,
                    survey=contact.flow,
                    question=action.question,
                    queue=contact.last_queue,
                    agent=contact.last_agent,
                    answer=action.answer,
                    comment=action.comment,
                )
            )

    def _end_errands(self, contact: ContactRecord) -> None:
        """The node is left: nobody waits for its answers, and what it recorded is kept."""
        self._errands.forget_lookup(contact)
        self._payments.forget_card(contact)
        notes.keep(self._world, contact)

    def _spoken(self, contact: ContactRecord) -> dict[str, str]:
        return {"caller": contact.caller, "dialled": contact.dialled, "language": contact.language}

    def _node(self, contact: ContactRecord) -> Node:
        flow: Flow = self._world.library[contact.version].flows[contact.flow]  # type: ignore[index]
        return flow.nodes[contact.node]

    def _visit(self, contact: ContactRecord) -> Visit:
        world = self._world
        open_calendars, holidays = world.calendars_now(contact.version)
        return Visit(
            memory=contact.memory,
            variables={**contact.variables, **contact.secrets} if contact.secrets else contact.variables,
            language=contact.language,
            caller=contact.caller,
            dialled=contact.dialled,
            now=world.now,
            open_calendars=open_calendars,
            holidays=holidays,
            lists=world.marks.lists(world.library[contact.version]),
            promised=contact.callback.queue if contact.callback is not None else None,
        )
