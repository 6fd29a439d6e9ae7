"""Supervisors in the simulated world, and what must hold of them. Decides nothing for the engine."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

from callcenter.core.monitoring import HEARING
from callcenter.core.monitors import MonitorRecord
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.ids import AgentId
from callcenter.model.monitor import MonitorMode, MonitorState
from callcenter.model.monitor_messages import (
    BroadcastRequested,
    MonitorEndRequested,
    MonitorModeRequested,
    MonitorRequested,
    MoveRequested,
    PickRequested,
    PriorityRequested,
    TakeOverRequested,
)
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.rights import TEAMS
from callcenter.sim.staff import Staff

MODES: Final = tuple(MonitorMode)
TAKES_OVER: Final = 0.3  # share of those who listen
STAYS_MAX_S: Final = 150.0


Looks = Callable[[], World | None]
"""The engine's memory now; None while there is no engine."""


class Supervisors:
    """What supervisors ask for."""

    def __init__(self, random: Random, staff: Staff, world: Looks) -> None:
        self._random = random
        self._staff = staff
        self._world = world

    def meddle(self) -> None:
        """Do something, and again later."""
        random, staff = self._random, self._staff
        supervisors = [agent for agent in sorted(staff.directory) if staff.directory[agent].supervises is not None]
        if not supervisors:
            return
        supervisor = random.choice(supervisors)
        what = random.randrange(8)
        monitoring = [one.supervisor for one in world.monitors.values()] if (world := self._world()) else []
        if what < 3:
            self._monitor(supervisor)
        elif what < 5:
            supervisor = random.choice(monitoring or [supervisor])
            mode = random.choice(MODES)
            staff.ask(MonitorModeRequested(request=staff.request(), supervisor=supervisor, mode=mode))
        elif what == 5:
            team = random.choice(("", *TEAMS))
            staff.ask(BroadcastRequested(request=staff.request(), text="Xin chào", team=team, supervisor=supervisor))
        else:
            self._steer(random.choice((None, supervisor)))
        if staff.agenda.now < staff.until:
            staff.agenda.on_tick(random.uniform(1, 15), self.meddle)

    def _monitor(self, supervisor: AgentId) -> None:
        random, staff = self._random, self._staff
        world = self._world()
        talks = [c for c in world.contacts.values() if c.state is ContactState.CONNECTED] if world else []
        one = random.choice(talks).id if talks and random.random() < 0.4 else None
        busy = sorted(talk.agent for talk in talks if talk.agent is not None)
        others = busy if busy and random.random() < 0.7 else sorted(staff.directory)
        asked = MonitorRequested(
            request=staff.request(),
            supervisor=supervisor,
            agent=random.choice(others) if one is None else None,
            contact=one,
            mode=random.choice(MODES),
        )
        staff.ask(asked)
        staff.agenda.on_tick(random.uniform(2, STAYS_MAX_S), partial(self._leave, supervisor))
        if random.random() < TAKES_OVER:
            take = TakeOverRequested(request=staff.request(), supervisor=supervisor)
            staff.agenda.on_tick(random.uniform(2, STAYS_MAX_S), lambda: staff.ask(take))

    def _leave(self, supervisor: AgentId) -> None:
        """Ask to be let go; while nobody answers, again."""
        staff = self._staff
        if staff.ask(MonitorEndRequested(request=staff.request(), supervisor=supervisor)) is None:
            staff.agenda.on_tick(5.0, partial(self._leave, supervisor))

    def _steer(self, supervisor: AgentId | None) -> None:
        random, staff, world = self._random, self._staff, self._world()
        waiting = [c for c in world.contacts.values() if c.state is ContactState.WAITING] if world else []
        if not waiting or world is None:
            return
        contact, request = random.choice(waiting).id, staff.request()
        what = random.randrange(3)
        if what == 0:
            queue = random.choice(sorted(world.configuration.queues))
            staff.ask(MoveRequested(request=request, contact=contact, queue=queue, supervisor=supervisor))
        elif what == 1:
            priority = random.choice((0, 50, 100, 101))
            staff.ask(PriorityRequested(request=request, contact=contact, priority=priority, supervisor=supervisor))
        else:
            agent = random.choice(sorted(staff.directory))
            staff.ask(PickRequested(request=request, contact=contact, agent=agent, supervisor=supervisor))


def misplaced_monitor(monitor: MonitorRecord, world: World) -> str:
    """What of a supervisor on the line does not go with her state; empty if all does."""
    record = world.agents.records.get(monitor.supervisor)
    if record is None or record.own_calls < 1:
        return "her phone does not count as in use"
    if monitor.snoop is not None and monitor.inside is not None:
        return "she has an ear and is in the conversation"
    if monitor.state not in HEARING:
        return "" if monitor.inside is None else "she is in a conversation"
    talk = world.contacts.get(monitor.contact) if monitor.contact is not None else None
    if world.blind:
        return ""
    if talk is None or talk.state is not ContactState.CONNECTED or talk.agent != monitor.agent:
        return f"{monitor.contact} is no talk of {monitor.agent}"
    rights = record.agent.supervises
    if rights is None or not rights.covers(talk.last_queue, world.agents.records[monitor.agent].agent.team):
        return f"she may not hear {talk.id}"
    with_them = monitor.state is MonitorState.BARGED and talk.paying is None  # who types a card is alone
    if with_them != (monitor.inside is not None):
        return f"she is in {monitor.inside}"
    if monitor.snoop is not None and monitor.snoop_whispers != (monitor.state is MonitorState.WHISPERING):
        return f"her ear {'whispers' if monitor.snoop_whispers else 'is silent'}"
    return ""


def crowded(world: World) -> str:
    """What does not hold of all supervisors together; empty if all does."""
    known = {leg for one in world.monitors.values() for leg in (one.leg, one.snoop) if leg is not None}
    if known != set(world.ears):
        return f"legs {sorted(world.ears)} are indexed, and {sorted(known)} belong to supervisors"
    coached = [one.agent for one in world.monitors.values() if one.mode is MonitorMode.WHISPER]
    if len(set(coached)) != len(coached):
        return f"two coach one agent: {coached}"
    alone = [one.supervisor for one in world.monitors.values()]
    return "" if len(set(alone)) == len(alone) else f"a supervisor is on the line twice: {alone}"


def differences(world: World, asterisk: FakeAsterisk) -> Iterator[str]:
    """Where what supervisors hear in Asterisk is not what the engine believes."""
    for monitor in world.monitors.values():
        ear = asterisk.legs.get(monitor.snoop) if monitor.snoop is not None else None
        own = asterisk.legs.get(monitor.leg)
        if monitor.state is not MonitorState.RINGING and own is None:
            yield f"{monitor.id} is on the line, and her leg is gone"
        if ear is not None and (ear.whispers != monitor.snoop_whispers or ear.bridge != monitor.bridge):
            yield f"the ear of {monitor.id} is in {ear.bridge} and {'whispers' if ear.whispers else 'is silent'}"
        where = monitor.inside or monitor.bridge
        if monitor.state is not MonitorState.RINGING and own is not None and own.bridge != where:
            yield f"{monitor.id} is in bridge {own.bridge}, and should be in {where}"
        if monitor.state in (MonitorState.LISTENING, MonitorState.WHISPERING) and ear is None:
            yield f"{monitor.id} is {monitor.state}, and has no ear"
