"""Runs seeds (`python -m callcenter.sim.run --seeds N`): builds a world, lets its time pass, checks everything.

Knows how the parts are put together and when a run is over: after the last caller there is nobody left, neither in the
engine nor in Asterisk, and a second engine that is told the journal agrees with the first.
"""

import argparse
import re
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from callcenter.core.engine import Engine
from callcenter.core.snapshot import restore
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.callback_messages import JudgeCallback, SettleCallback
from callcenter.model.campaign_messages import CampaignCommand
from callcenter.model.contact import ContactState
from callcenter.model.entry import Entry
from callcenter.model.events import (
    CallbackCancelRequested,
    ConfigurationApplied,
    Event,
    MessageDoneRequested,
    RecordingAllowed,
    RecordingPauseRequested,
)
from callcenter.model.ids import UNVERSIONED, AgentId, ContactId, LegId, RequestId, Version
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.callbacks import PROMISED_MAX_S
from callcenter.sim.callers_out import CallersOut
from callcenter.sim.campaigns import Bosses, Ledger
from callcenter.sim.center import Center, EngineMaker, tell_again
from callcenter.sim.colleagues import gossip_here
from callcenter.sim.controls import Controls
from callcenter.sim.faults import Outage, Trouble
from callcenter.sim.gossips import Gossips
from callcenter.sim.invariants import Invariants
from callcenter.sim.judging import Registrar
from callcenter.sim.paperwork import Clerks
from callcenter.sim.parkers import Parkers
from callcenter.sim.people import CALL_MAX_S, Crowd
from callcenter.sim.phone_hands import PhoneHands
from callcenter.sim.phones import at_home, phones_are_followed
from callcenter.sim.scenario import Scenario, draw
from callcenter.sim.staff import Staff
from callcenter.sim.strangers import Ami, Strangers, UseTruth
from callcenter.sim.supervision import Supervisors
from callcenter.sim.truth import LOOK_EVERY_S, Truth
from callcenter.sim.violation import Violation
from callcenter.sim.wire import Hands, Wire
from callcenter.sim.world import Agenda

LENGTH_S: Final = 600.0  # during which callers come; those who are there then still stay as long as they like
APPLY_AGAIN_S: Final = 20.0
RECORDING_EVERY_S: Final = 7.0
TIDY_EVERY_S: Final = 15.0
AFTERMATH_S: Final = CALL_MAX_S + PROMISED_MAX_S + CALL_MAX_S
PIN_SHOWN_DIGITS: Final = 4  # a text that begins with so many digits of a secret shows it


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a run. `violation` is empty if nothing is wrong."""

    seed: int
    journal: list[bytes] = field(default_factory=list)
    snapshots: list[tuple[int, bytes]] = field(default_factory=list)
    contacts: int = 0
    violation: str = ""


def run(seed: int, length_s: float = LENGTH_S, make: EngineMaker = Engine) -> Outcome:
    """One seed's world from its first event to its last. Never raises Violation; our bugs become one."""
    play = Play(draw(seed, length_s), make)
    outcome = Outcome(seed=seed, journal=play.center.journal, snapshots=play.center.snapshots)
    try:
        play.begin()
        play.run()
        play.check_end()
    except (Violation, Bug, LookupError, RuntimeError, AttributeError, TypeError, ValueError) as wrong:
        clock = play.agenda.now - play.scenario.start
        outcome.violation = f"seed {seed}, {clock:.3f} s, entry {len(outcome.journal)}: {type(wrong).__name__}: {wrong}"
    outcome.contacts = len(play.invariants.book.ended)
    return outcome


class Watchers:
    """The invariants of all calls, and those of campaigns and callbacks."""

    def __init__(self, invariants: Invariants, ledger: Ledger, registrar: Registrar) -> None:
        self._invariants = invariants
        self._registrar = registrar
        self._ledger = ledger

    def before(self, engine: Engine, event: Event) -> None:
        """An event is about to be told."""
        self._invariants.before(engine, event)

    def after(self, engine: Engine, entry: Entry) -> None:
        """The engine has answered."""
        self._invariants.after(engine, entry)
        self._ledger.after(engine, entry)
        self._registrar.after(engine, entry)

    def restarted(self, engine: Engine) -> None:
        """The engine was brought back from snapshot and journal."""
        self._invariants.restarted(engine)


class Play:
    """One run while it runs."""

    def __init__(self, scenario: Scenario, make: EngineMaker) -> None:
        self.scenario = scenario
        self.agenda = agenda = Agenda(scenario.start, scenario.tick_s)
        seed = scenario.seed
        library = scenario.library()
        self.invariants = Invariants(library)
        self.ledger = Ledger(agenda, Random(f"ledger {seed}"), self._tell)
        self.registrar = Registrar(agenda, Random(f"registrar {seed}"), self._tell)
        watcher = Watchers(self.invariants, self.ledger, self.registrar)
        self.center = Center(agenda, Random(f"center {seed}"), library, watcher, make)
        self.center.snapshot_every = scenario.snapshot_every
        self.wire = Wire(agenda, Random(f"wire {seed}"), scenario.faults, self._tell)
        self.asterisk = FakeAsterisk(
            agenda, Random(f"asterisk {seed}"), self.wire.send, late_answer=scenario.faults.late_answer
        )
        self.hands = Hands(agenda, Random(f"hands {seed}"), scenario.faults, self.asterisk, self._tell)
        self.center.hands = self.hands
        self.hands.ledger = self._begin
        self.crowd = Crowd(agenda, Random(f"crowd {seed}"), self.asterisk)
        until = scenario.start + scenario.length_s
        self.staff = Staff(agenda, Random(f"staff {seed}"), self.asterisk, self.center.ask, until)
        self.supervisors = Supervisors(Random(f"supervision {seed}"), self.staff, self._world)
        self.parkers = Parkers(Random(f"parkers {seed}"), self.staff, self._world)
        self.callers_out = CallersOut(Random(f"callers out {seed}"), self.staff, self._world)
        if phones_are_followed(seed):
            self.asterisk.use.ami = Ami(Random(f"ami {seed}"), self.wire.send).send
        self.strangers = Strangers(Random(f"strangers of {seed}"), self.staff)
        self.use_truth = UseTruth(self.asterisk)
        self.gossips = Gossips(Random(f"gossip of {seed}"), self.staff, self._world)
        self.asterisk.outside = self.crowd.outside
        phones = PhoneHands(
            agenda,
            Random(f"phones {seed}"),
            self.asterisk,
            self._talking_on,
            lambda: {agent.id: agent.number for agent in self.staff.directory.values()},
        )
        self.staff.controls = Controls(
            agenda,
            Random(f"controls {seed}"),
            self.center.ask,
            self._talking,
            lambda: sorted(self.staff.directory),
            sorted(scenario.configuration.queues),
            phones.press,
        )
        self.clerks = Clerks(
            agenda, Random(f"clerks {seed}"), self.center.ask, self._live, self.staff.somebody_dials_an_outcome
        )
        self.truth = Truth(self.asterisk)
        self.bosses = Bosses(
            agenda, Random(f"bosses {seed}"), self.center.ask, [one.id for one in scenario.agents], until
        )
        self._until = until
        self._tidying = Random(f"tidy {seed}")
        self._recording = Random(f"recording {seed}")
        self._disk_is_full = False

    def _begin(self, command: CampaignCommand) -> None:
        if isinstance(command, JudgeCallback | SettleCallback):
            self.registrar.begin(command)
        else:
            self.ledger.begin(command)

    def begin(self) -> None:
        """Start everything; put the outages down."""
        scenario = self.scenario
        for agent in scenario.agents:
            self.staff.hire(agent)
        self._start_engine()
        self.crowd.arrive(scenario.arrivals_per_min, self._until)
        self.agenda.on_tick(30.0, lambda: self.staff.meddle(self._live, sorted(scenario.configuration.queues)))
        self.agenda.on_tick(20.0, self.supervisors.meddle)
        self.agenda.on_tick(20.0, lambda: self.clerks.work(self._until))
        for number, (at_s, _) in enumerate(scenario.changes, 1):
            self.agenda.after(at_s, partial(self._apply, Version(number)))
        for trouble in scenario.faults.troubles:
            self.agenda.after(trouble.at_s, partial(self._goes, trouble))
        self.agenda.after(LOOK_EVERY_S, self._look)
        self.agenda.after(scenario.length_s, self._tidy)
        self.agenda.after(RECORDING_EVERY_S, self._meddle_with_recordings)
        if any(one.parking is not None for one in scenario.library().values()):
            self.agenda.after(20.0, self.parkers.meddle)
        if any(one.dial_out is not None for one in scenario.library().values()):
            self.agenda.after(15.0, self.callers_out.meddle)
        if gossip_here(scenario.seed):
            self.gossips.begin(scenario.faults.troubles)
        if phones_are_followed(scenario.seed):
            self.strangers.begin(scenario.faults.troubles)
        if any(one.campaigns for one in scenario.library().values()):
            self.agenda.after(5.0, self.bosses.meddle)
            self.agenda.after(6.0, self.bosses.read)

    def run(self) -> None:
        """Let time pass until everybody has gone home."""
        agenda, late_s = self.agenda, self.scenario.faults.loop_late_s
        end = self._until + AFTERMATH_S
        while agenda.now < end and not (agenda.now > self._until and self._is_quiet()):
            due, happens = self.center.deadline(), agenda.next_time()
            # of a deadline and a deed at one instant the deed comes first: the engine meets both in one event
            if due is not None and (happens is None or due + late_s < happens):
                agenda.now = max(agenda.now, due + late_s)
                self.center.time_passed()
            elif happens is not None:
                agenda.step()
            else:
                break

    def check_end(self) -> None:
        """Nothing is left over, nothing secret was written, and the journal tells the same story again."""
        engine = self.center.engine
        if engine is None:
            raise Violation("the engine is not there at the end")
        self.truth.over(engine.world)
        self.invariants.over(engine)
        self.ledger.over(engine)
        written = [*self.center.journal, *(taken for _, taken in self.center.snapshots)]
        for pin in self.crowd.pins:
            # A key of JSON is no text: counts by the hour are kept by hours since 1970.
            shown = re.compile(rb'"%b[^"]*"(?!:)' % pin[:PIN_SHOWN_DIGITS].encode())
            if any(shown.search(text) for text in written):
                raise Violation(f"journal or snapshot hold the secret {pin}")
        self._tell_again_from_a_snapshot()

    def _tell_again_from_a_snapshot(self) -> None:
        if self.center.snapshots:
            after, taken = Random(f"again {self.scenario.seed}").choice(self.center.snapshots)
            library = self.scenario.library()
            tell_again(restore(library[UNVERSIONED], taken, library), self.center.journal[after:])

    # -- trouble -----------------------------------------------------------------------------------------------------

    def _goes(self, trouble: Trouble) -> None:
        """Something goes away."""
        self.truth.trouble()
        self.use_truth.trouble()
        self.wire.cut(keeps=trouble.keeps and trouble.what is not Outage.ASTERISK)
        match trouble.what:
            case Outage.LINK:
                pass
            case Outage.NETWORK:
                self.hands.reachable = False
            case Outage.ENGINE:
                self.center.kill()
                self.ledger.end_life()
            case Outage.ASTERISK:
                self.hands.reachable = self.crowd.answers = False
                self.asterisk.crash()
        self.agenda.after(trouble.for_s, partial(self._comes_back, trouble))

    def _comes_back(self, trouble: Trouble) -> None:
        self.truth.trouble()
        self.use_truth.trouble()
        self.hands.reachable = self.crowd.answers = True
        if trouble.what is Outage.ENGINE:
            self._start_engine()
        else:
            self.wire.mend(self.asterisk)
        if trouble.what is Outage.ASTERISK:
            self.staff.phones_return()

    def _start_engine(self) -> None:
        self.center.start(list(self.staff.directory.values()))
        if self.center.engine is not None:
            self.ledger.begin_life(self.center.engine)
        self.wire.mend(self.asterisk)

    def _apply(self, version: Version) -> None:
        """Somebody applies a version; if callers wait in a queue that it lacks, that is refused, and is tried later."""
        engine = self.center.engine
        if engine is not None and engine.world.version > version:
            return
        event = ConfigurationApplied(request=RequestId(f"apply-{version}"), version=version, by="the operator")
        if self.center.ask(event) != "" and self.agenda.now < self._until:
            self.agenda.after(APPLY_AGAIN_S, partial(self._apply, version))

    # -- small things ------------------------------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        self.center.tell(event)

    def _look(self) -> None:
        engine = self.center.engine
        if engine is not None and not self.wire.down and self.hands.reachable:
            self.truth.look(engine, self.agenda.now)
            if self.asterisk.use.ami is not None:
                self.use_truth.look(engine, self.agenda.now)
        self.agenda.after(LOOK_EVERY_S, self._look)

    def _tidy(self) -> None:
        """After hours somebody marks the messages as done that agents have not got to."""
        engine = self.center.engine
        for contact in sorted(engine.world.mails.values()) if engine is not None else ():
            if self.agenda.now > self._until + CALL_MAX_S or self._tidying.random() < 0.2:
                request = RequestId(f"tidy-{contact}")
                self.center.ask(MessageDoneRequested(request=request, contact=contact, by="the supervisor"))
        self._take_back_what_the_law_put_off()
        if self.agenda.now < self._until + AFTERMATH_S:
            self.agenda.after(TIDY_EVERY_S, self._tidy)

    def _take_back_what_the_law_put_off(self) -> None:
        """Nobody is there tomorrow, when the law would allow a callback that it has refused today."""
        engine = self.center.engine
        for contact in list(engine.world.contacts.values()) if engine is not None else ():
            callback = contact.callback
            if engine is None or callback is None or not callback.law_says:
                continue
            due = engine.world.timers.due(TimerKind.CALLBACK, contact.id)
            if contact.state is ContactState.PROMISED and due is not None and due > self._until + AFTERMATH_S:
                request = RequestId(f"take back {contact.id}")
                self.center.ask(CallbackCancelRequested(request=request, contact=contact.id, by="the supervisor"))

    def _world(self) -> World | None:
        return self.center.engine.world if self.center.engine is not None else None

    def _meddle_with_recordings(self) -> None:
        """Somebody pauses and goes on, keys are pressed in talks, and the disk is full now and then."""
        random, engine = self._recording, self.center.engine
        live = list(engine.world.contacts.values()) if engine is not None else []
        if live:
            contact = random.choice(live)
            request, by = RequestId(f"pause-{self.agenda.now}"), random.choice(("", "the supervisor"))
            paused = random.random() < 0.6
            self.center.ask(RecordingPauseRequested(request=request, contact=contact.id, paused=paused, by=by))
            contact = random.choice(live)
            legs = [leg for leg in (contact.leg, contact.agent_leg) if leg is not None]
            if contact.mail is None and contact.state is ContactState.CONNECTED and legs:
                self.asterisk.press(random.choice(legs), random.choice("9*5"))
        if random.random() < 0.05:
            self._disk_is_full = not self._disk_is_full
            self._tell(RecordingAllowed(allowed=not self._disk_is_full, why="the disk"))
        if self.agenda.now < self._until + AFTERMATH_S:
            self.agenda.after(RECORDING_EVERY_S, self._meddle_with_recordings)

    def _talking_on(self, agent: AgentId) -> LegId | None:
        """The leg on which an agent talks with a customer."""
        contact, engine = self._talking(agent), self.center.engine
        return engine.world.contacts[contact].agent_leg if contact is not None and engine is not None else None

    def _talking(self, agent: AgentId) -> ContactId | None:
        engine = self.center.engine
        record = engine.world.agents.records.get(agent) if engine is not None else None
        return record.contacts[-1] if record is not None and record.contacts else None

    def _live(self) -> list[ContactId]:
        return list(self.center.engine.world.contacts) if self.center.engine is not None else []

    def _is_quiet(self) -> bool:
        engine = self.center.engine
        if engine is None:
            return False
        kept, homes = at_home(engine.world)
        return (
            self.ledger.is_quiet(engine)
            and not self.hands.under_way
            and not engine.world.contacts
            and not engine.world.monitors
            and self.asterisk.legs.keys() <= kept
            and self.asterisk.bridges.keys() <= homes
        )


def main(arguments: list[str] | None = None) -> int:
    """Run seeds and print those that fail; 1 if any does."""
    parser = argparse.ArgumentParser(prog="python -m callcenter.sim.run", description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--minutes", type=float, default=LENGTH_S / 60, help="simulated minutes of arrivals")
    asked = parser.parse_args(arguments)
    began, contacts, entries, failed = time.process_time(), 0, 0, 0
    for seed in range(asked.first, asked.first + asked.seeds):
        outcome = run(seed, asked.minutes * 60)
        contacts, entries = contacts + outcome.contacts, entries + len(outcome.journal)
        if outcome.violation:
            failed += 1
            sys.stdout.write(f"{outcome.violation}\n")
    took = time.process_time() - began
    sys.stdout.write(
        f"{asked.seeds} seeds, {failed} failed; {contacts} contacts, {entries} entries, {took:.1f} s CPU\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
