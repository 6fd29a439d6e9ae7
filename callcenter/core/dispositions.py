"""What agents record of their talks: asked for, checked, kept in mind, changed. Knows trees and talks; rings nobody.

Theory: a talk in a queue with a tree is remembered (`world.talked`) from its beginning, by contact, for as long as
there is room; what is recorded is judged by the version of the configuration in which the talk was. A talk that is
forgotten may still be told by whoever asks, out of the records, and is then judged by the rules of now. Nothing is
overwritten: to record once more is another fact with the next number.

A queue may hold its wrap-ups until something is recorded. That is one deadline, the later one, which `record` moves
back to where it would have been; so there is no agent whom nothing releases.
"""

from typing import Final

from callcenter.core.callbacks import Callbacks
from callcenter.core.state import AgentRecord, ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import AgentState
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.disposition import (
    NOTE_CHARS_MAX,
    Asked,
    DispositionRules,
    DispositionTree,
    Outcome,
    Talked,
    TalkOnRecord,
    WantedCallback,
)
from callcenter.model.events import CallbackRequested, DispositionRequested
from callcenter.model.facts import DispositionDue, DispositionRecorded
from callcenter.model.form_field import read_fields
from callcenter.model.ids import AgentId, ContactId, RequestId
from callcenter.model.queue import Queue

TALKED_MAX: Final = 10_000  # contacts whose talks are remembered; more while so many talk
CHANGES_MAX: Final = 100  # of what was recorded of one talk
NO_REQUEST: Final = RequestId("")


def begun(world: World, contact: ContactRecord, queue: Queue, agent: AgentId) -> None:
    """A talk begins, of which something may be recorded."""
    if queue.disposition is None or contact.mail is not None:
        return
    talks = world.talked.setdefault(contact.id, [])
    world.talked.move_to_end(contact.id)
    talked = Talked(
        agent=agent,
        queue=queue.name,
        version=contact.version,
        caller=contact.caller,
        caller_name=contact.caller_name,
    )
    talks.append(talked)
    if len(world.talked) > TALKED_MAX:
        oldest = next(iter(world.talked))
        if oldest in world.contacts:
            world.talked.move_to_end(oldest)  # it goes on
        else:
            del world.talked[oldest]


def over(world: World, contact: ContactRecord, queue: Queue, agent: AgentId) -> float:
    """A talk is over: what is missing is told. Gives how long its wrap-up may last, in seconds."""
    rules = queue.disposition
    if rules is None or contact.mail is not None:
        return queue.wrap_up_s
    talked = _latest(world, contact.id, agent)
    if talked is None or talked.ended:  # the queue wants it since an apply during the talk
        begun(world, contact, queue, agent)
        talked = world.talked[contact.id][-1]
    talked.ended, talked.version = world.now, contact.version
    if talked.recorded or not rules.required:
        return queue.wrap_up_s
    talked.due = True
    world.out.append(DispositionDue(contact=contact.id, agent=agent, queue=queue.name, tree=rules.tree))
    return max(queue.wrap_up_s, rules.hold_s)


def held(world: World, record: AgentRecord) -> str:
    """Why a wrap-up may not end before its time, in words; "" if it may."""
    if record.state is not AgentState.WRAP_UP or record.about is None:
        return ""
    talked = _latest(world, record.about, record.agent.id)
    if talked is None or talked.recorded or not talked.due:
        return ""
    rules = _rules(world, talked)
    return f"what came of {record.about} is to be recorded first" if rules is not None and rules.hold_s else ""


class Dispositions:
    """The counter where what came of talks is taken."""

    __slots__ = ("_callbacks", "_world")

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def by_key(self, record: AgentRecord, key: str) -> str:
        """An agent presses a key for the talk that she has, or had last; gives what is wrong, or ""."""
        agent = record.agent.id
        contact = record.about if record.about in self._world.talked else None
        if contact is None:
            theirs = (one for one, talks in reversed(self._world.talked.items()) if talks[-1].agent == agent)
            contact = next(theirs, None)
        talked = _latest(self._world, contact, agent) if contact is not None else None
        rules = _rules(self._world, talked) if talked is not None else None
        if contact is None or talked is None or rules is None:
            return "there is no talk of which something could be recorded"
        code = self._world.library[talked.version].dispositions[rules.tree].by_key(key)
        if not code:
            return f"{key} means no outcome of {rules.tree}"
        return self.record(DispositionRequested(request=NO_REQUEST, contact=contact, code=code, agent=agent))

    def record(self, asked: DispositionRequested) -> str:
        """Record it; gives what is wrong, or "": all of it at once, and then nothing is recorded."""
        world = self._world
        talked = _latest(world, asked.contact, asked.agent)
        if talked is None and asked.on_record is not None:
            talked = _recalled(world, asked.on_record)
        if talked is None:
            of = f" of {asked.agent}" if asked.agent is not None else ""
            return f"there is no talk{of} in {asked.contact} of which something could be recorded"
        rules = _rules(world, talked)
        tree = world.library[talked.version].dispositions.get(rules.tree) if rules is not None else None
        if tree is None:
            return f"nothing is recorded of talks in queue {talked.queue}"
        outcome = tree.outcomes.get(asked.code)
        if outcome is None:
            return f"{asked.code[:64]!r} is no outcome of {tree.name}: {_some(tree)}"
        values, problems = read_fields(tree.fields_of(outcome), asked.fields)
        problems += _problems(outcome, asked)
        if talked.recorded >= CHANGES_MAX:
            problems.append(f"it has been changed {talked.recorded} times already")
        if problems:
            return "; ".join(problems)
        promised: ContactId | None = None
        if asked.callback is not None:
            problem, promised = self._promise(talked, asked, asked.callback)
            if problem:
                return f"no callback: {problem}"
        self._keep(talked, tree, outcome, asked, values, promised)
        return ""

    def _keep(
        self,
        talked: Talked,
        tree: DispositionTree,
        outcome: Outcome,
        asked: DispositionRequested,
        values: dict[str, str],
        promised: ContactId | None,
    ) -> None:
        talked.recorded += 1
        self._world.out.append(
            DispositionRecorded(
                contact=asked.contact,
                agent=talked.agent,
                queue=talked.queue,
                tree=tree.name,
                code=asked.code,
                label=outcome.label or asked.code,
                number=talked.recorded,
                by=asked.by,
                note=asked.note,
                fields=values,
                callback=promised,
                talk_ended=talked.ended,
            )
        )
        if talked.recorded == 1:
            self._release(talked, asked.contact)

    def _release(self, talked: Talked, contact: ContactId) -> None:
        """Her wrap-up was held for it: it ends when it would have ended, or now."""
        world = self._world
        record = world.agents.records.get(talked.agent)
        rules = _rules(world, talked)
        if record is None or rules is None or not rules.hold_s or not talked.due:
            return
        if record.state is not AgentState.WRAP_UP or record.about != contact:
            return
        wrap_up_s = world.library[talked.version].queues[talked.queue].wrap_up_s
        ends = talked.ended + wrap_up_s
        if world.timers.due(TimerKind.WRAP_UP, talked.agent) != talked.ended + max(wrap_up_s, rules.hold_s):
            return  # she has asked for another end since
        if ends <= world.now:
            world.agents.end_wrap_up(record, world.now)
        else:
            world.timers.set(TimerKind.WRAP_UP, talked.agent, ends)

    def _promise(
        self, talked: Talked, asked: DispositionRequested, wanted: WantedCallback
    ) -> tuple[str, ContactId | None]:
        """The callback that goes with it: what is wrong, or "", and the contact that is promised it."""
        before = len(self._world.out)
        problem = self._callbacks.schedule(
            CallbackRequested(
                request=asked.request,
                queue=wanted.queue or talked.queue,
                number=wanted.number or talked.caller,
                not_before=wanted.not_before,
                until=wanted.until,
                only=talked.agent if wanted.only_me else None,
                note=asked.note,
                name=talked.caller_name,
                by=asked.by or talked.agent,
            )
        )
        promises = [fact.contact for fact in self._world.out[before:] if isinstance(fact, CallbackPromised)]
        return problem, promises[-1] if promises else None


def _problems(outcome: Outcome, asked: DispositionRequested) -> list[str]:
    found = []
    if len(asked.note) > NOTE_CHARS_MAX:
        found.append(f"the note has {len(asked.note):,} characters; at most {NOTE_CHARS_MAX:,}")
    if outcome.note is Asked.REQUIRED and not asked.note.strip():
        found.append(f"{asked.code} needs a note")
    if outcome.note is Asked.NO and asked.note.strip():
        found.append(f"{asked.code} takes no note")
    if outcome.callback is Asked.REQUIRED and asked.callback is None:
        found.append(f"{asked.code} needs a callback to be asked for")
    if outcome.callback is Asked.NO and asked.callback is not None:
        found.append(f"{asked.code} has no callback")
    return found


def _latest(world: World, contact: ContactId, agent: AgentId | None) -> Talked | None:
    """The latest talk in a contact, of one agent or of any."""
    talks = world.talked.get(contact, ())
    return next((one for one in reversed(talks) if agent is None or one.agent == agent), None)


def _recalled(world: World, known: TalkOnRecord) -> Talked:
    """A talk of the records, judged by the rules of now."""
    return Talked(
        agent=known.agent,
        queue=known.queue,
        version=world.version,
        caller=known.caller,
        caller_name=known.caller_name,
        ended=0.0,
        recorded=known.recorded,
    )


def _rules(world: World, talked: Talked) -> DispositionRules | None:
    queue = world.library[talked.version].queues.get(talked.queue)
    return queue.disposition if queue is not None else None


def _some(tree: DispositionTree) -> str:
    return ", ".join(list(tree.outcomes)[:12])
