"""Supervisors who listen, whisper and barge. Knows their phones, and what they should hear now.

Theory: who should hear what follows from three things: the supervisor's mode, the talk that her agent has now, and her
rights. After every event `settle` compares that with what is, and asks for the difference. So a talk that begins, ends,
is held or handed on needs to tell nobody here, and whatever was lost (an ear that Asterisk has dropped, a restart) is
put right by the same comparison.

What makes secrecy safe: who listens has an ear that cannot speak, and who whispers another one (`ears`). The recording
is made at the customer's leg, so nothing that is whispered is ever in it.
"""

from typing import Final

from callcenter.core import control, ears, monitor_rights, recording
from callcenter.core.consult import Elsewhere
from callcenter.core.dispositions import held
from callcenter.core.monitors import MonitorInput, MonitorRecord, lane_of, move
from callcenter.core.state import ContactRecord
from callcenter.core.taking import take
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.commands import (
    CloseBridge,
    HangUp,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    RingPhone,
)
from callcenter.model.contact import ContactState, LegEnd, TransportFault
from callcenter.model.events import CommandFailed
from callcenter.model.ids import BridgeId, ContactId, LegId, PlaybackId
from callcenter.model.monitor import MonitorEnd, MonitorMode, MonitorState
from callcenter.model.monitor_messages import (
    MonitorBegan,
    MonitorChanged,
    MonitorEnded,
    MonitorEndRequested,
    MonitorHeard,
    MonitorModeRequested,
    MonitorRequested,
    TakeOverRequested,
)

RING_S: Final = 30.0  # how long a supervisor's own phone rings
TOLD_MAX_S: Final = 15.0  # an agent is told no longer than this; then she counts as told
TOLD_PROMPT: Final = "monitored"
PHONE_SAYS: Final = "Monitoring"  # what her phone shows while it rings

KEYS: Final = {"4": MonitorMode.LISTEN, "5": MonitorMode.WHISPER, "6": MonitorMode.BARGE}
"""On the supervisor's phone, as in Asterisk's ChanSpy (option d)."""

TAKE_KEY: Final = "7"  # the talk is hers then
HEARING: Final = (MonitorState.LISTENING, MonitorState.WHISPERING, MonitorState.BARGED)
_INPUTS: Final = {
    MonitorMode.LISTEN: MonitorInput.LISTENS,
    MonitorMode.WHISPER: MonitorInput.WHISPERS,
    MonitorMode.BARGE: MonitorInput.BARGES,
}
_STATES: Final = {
    MonitorMode.LISTEN: MonitorState.LISTENING,
    MonitorMode.WHISPER: MonitorState.WHISPERING,
    MonitorMode.BARGE: MonitorState.BARGED,
}


class Monitoring:
    """All supervisors on the line."""

    __slots__ = ("_elsewhere", "_world")

    def __init__(self, world: World, elsewhere: Elsewhere) -> None:
        self._world = world
        self._elsewhere = elsewhere

    # -- requests: each gives what is wrong, or "" ---------------------------------------------------------------------

    def begin(self, asked: MonitorRequested) -> str:
        """Ring a supervisor's phone; what she hears is settled when she answers."""
        world = self._world
        record = world.agents.records.get(asked.supervisor)
        if record is None:
            return f"there is no agent {asked.supervisor}"
        agent, problem = monitor_rights.whom(world, asked)
        problem = (
            problem
            or monitor_rights.hindrance(world, record)
            or monitor_rights.not_hers(world, record, agent, asked.contact)
        )
        problem = problem or monitor_rights.coached(world, agent, asked.mode, None)
        if problem or agent is None:
            return problem
        mint = world.mints()
        monitor = MonitorRecord(
            id=mint.monitor(),
            supervisor=asked.supervisor,
            agent=agent,
            only=asked.contact,
            mode=asked.mode,
            leg=mint.leg(),
            since=world.now,
        )
        world.monitors[monitor.id] = monitor
        world.ears[monitor.leg] = monitor.id
        world.agents.dials(record, world.now)
        world.out += (
            MonitorBegan(
                monitor=monitor.id,
                supervisor=asked.supervisor,
                agent=agent,
                contact=asked.contact,
                mode=asked.mode,
                by=asked.by,
            ),
            RingPhone(
                contact=lane_of(monitor),
                leg=monitor.leg,
                number=record.agent.number,
                caller=world.agents.records[agent].agent.number,
                caller_name=PHONE_SAYS,
                timeout_s=RING_S,
            ),
        )
        return ""

    def set_mode(self, asked: MonitorModeRequested) -> str:
        """Listen, whisper or barge from now on."""
        monitor = monitor_rights.of(self._world, asked.supervisor)
        if monitor is None:
            return f"{asked.supervisor} monitors nobody"
        return self._choose(monitor, asked.mode)

    def take_over(self, asked: TakeOverRequested) -> str:
        """The talk that she hears is hers from now on."""
        monitor = monitor_rights.of(self._world, asked.supervisor)
        if monitor is None:
            return f"{asked.supervisor} monitors nobody"
        return self._take(monitor)

    def _take(self, monitor: MonitorRecord) -> str:
        record = self._world.agents.records[monitor.supervisor]
        talk = monitor_rights.talk_of(self._world, monitor, record) if monitor.state in HEARING else None
        if talk is None:
            return f"{monitor.agent} has no talk now that {monitor.supervisor} hears"
        if talk.consult is not None:
            return f"{monitor.agent} consults {talk.consult.party.name}: let that end first"
        if talk.paying is not None:
            return f"the customer of {talk.id} is paying: let that end first"
        if problem := held(self._world, record):
            return problem
        del self._world.ears[monitor.leg]
        self._end(monitor, MonitorEnd.TOOK_OVER, gone=True)
        why = f"{monitor.supervisor} took it over from {monitor.agent}"
        take(self._world, self._elsewhere, talk, record, monitor.leg, why)
        return ""

    def end_requested(self, asked: MonitorEndRequested) -> str:
        """Let her go."""
        monitor = monitor_rights.of(self._world, asked.supervisor)
        if monitor is None:
            return f"{asked.supervisor} monitors nobody"
        self._end(monitor, MonitorEnd.REQUESTED)
        return ""

    def _choose(self, monitor: MonitorRecord, mode: MonitorMode) -> str:
        problem = monitor_rights.coached(self._world, monitor.agent, mode, monitor)
        if not problem:
            monitor.mode = mode
        return problem

    # -- what happens --------------------------------------------------------------------------------------------------

    def answered(self, leg: LegId) -> bool:
        """A leg was answered or has come in; whether it is one of ours."""
        monitor = self._by_leg(leg)
        if monitor is None:
            return False
        if leg == monitor.leg:
            self._is_there(monitor)
        elif monitor.bridge is not None:
            self._world.out.append(JoinBridge(contact=lane_of(monitor), bridge=monitor.bridge, leg=leg))
            if monitor.state is MonitorState.TELLING and monitor.playback is None:
                self._tell(monitor, monitor.bridge)
        return True

    def leg_ended(self, leg: LegId, end: LegEnd) -> bool:
        """A leg is gone; whether it was one of ours."""
        monitor = self._by_leg(leg)
        if monitor is None:
            return False
        if leg == monitor.leg:
            del self._world.ears[leg]
            unreached = monitor.state is MonitorState.RINGING
            self._end(monitor, MonitorEnd.UNREACHED if unreached else MonitorEnd.HUNG_UP, gone=True)
        else:
            del self._world.ears[leg]
            monitor.snoop = (
                None  # it ends with the leg that it is at; `snooped` stays, so that it is not put there again
            )
        return True

    def pressed(self, leg: LegId, digit: str) -> None:
        """The supervisor chooses by a key of her phone."""
        monitor = self._by_leg(leg)
        if monitor is None or leg != monitor.leg:
            return
        if digit in KEYS:
            self._choose(monitor, KEYS[digit])
        elif digit == TAKE_KEY:
            self._take(monitor)

    def playback_over(self, playback: PlaybackId) -> None:
        """The agent has been told."""
        for monitor in self._world.monitors.values():
            if monitor.playback == playback:
                self._told(monitor)

    def telling_due(self, monitor_id: str) -> None:
        """Nobody has said that the agent has been told; she had the time to hear it."""
        for monitor in self._world.monitors.values():
            if monitor.id == monitor_id and monitor.state is MonitorState.TELLING:
                self._told(monitor)

    def failed(self, event: CommandFailed) -> bool:
        """A command of a monitor was not carried out; whether it was one."""
        monitor = self._by_lane(event.contact)
        if monitor is None:
            return False
        if event.fault is TransportFault.UNKNOWN:
            return True  # what was asked for shows itself, or she hangs up
        match event.command:
            case "RingPhone":
                self._end(monitor, MonitorEnd.UNREACHED)
            case "Snoop" if event.fault is TransportFault.GONE:
                ears.pull(self._world, monitor)
            case "JoinBridge" if event.fault is TransportFault.GONE:
                pass  # one of the two is gone: that is told by itself
            case "PlayPrompts":
                self._told(monitor)
            case "HangUp" | "CloseBridge" | "StopPlayback":
                pass
            case _:
                self._world.surprise(f"{event.command} for a supervisor failed ({event.fault}): {event.detail}")
                self._end(monitor, MonitorEnd.FAULT)
        return True

    def _is_there(self, monitor: MonitorRecord) -> None:
        world = self._world
        if monitor.state is not MonitorState.RINGING:
            return
        move(monitor, MonitorInput.ANSWERED, world.now)
        monitor.bridge = world.mints().bridge()
        world.out += (
            OpenBridge(contact=lane_of(monitor), bridge=monitor.bridge),
            JoinBridge(contact=lane_of(monitor), bridge=monitor.bridge, leg=monitor.leg),
        )

    def _tell(self, monitor: MonitorRecord, bridge: BridgeId) -> None:
        world = self._world
        monitor.playback = world.mints().playback()
        world.out.append(
            PlayPrompts(
                contact=lane_of(monitor),
                bridge=bridge,
                playback=monitor.playback,
                prompts=(TOLD_PROMPT,),
                language=world.agents.records[monitor.agent].agent.language,
            )
        )

    def _told(self, monitor: MonitorRecord) -> None:
        self._world.timers.cancel(TimerKind.TELLING, monitor.id)
        monitor.playback = None
        monitor.told = monitor.contact

    # -- what should be, and is not ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring every supervisor to where she should be; after every event, while there are any."""
        for monitor in list(self._world.monitors.values()):
            if monitor.state is MonitorState.RINGING:
                continue
            supervisor = self._world.agents.records.get(monitor.supervisor)
            if monitor.agent not in self._world.agents.records or supervisor is None:
                self._end(monitor, MonitorEnd.AGENT_GONE)
            elif supervisor.agent.supervises is None:
                self._end(monitor, MonitorEnd.RIGHTS_LOST)
            else:
                talk = monitor_rights.talk_of(self._world, monitor, supervisor)
                if talk is None and monitor.only is not None:
                    self._end(monitor, MonitorEnd.TALK_OVER)
                elif talk is None:
                    self._idle(monitor)
                else:
                    self._hear(monitor, talk)

    def _idle(self, monitor: MonitorRecord) -> None:
        ears.pull(self._world, monitor)
        ears.step_out(self._world, monitor)
        if monitor.state is not MonitorState.IDLE:
            self._moved(monitor, MonitorInput.TALK_OVER, None)
        monitor.snooped = None

    def _hear(self, monitor: MonitorRecord, talk: ContactRecord) -> None:
        if monitor.contact != talk.id and monitor.state is not MonitorState.IDLE:
            self._moved(monitor, MonitorInput.TALK_OVER, None)
        must_tell = monitor.told != talk.id and self._is_told(talk)
        if must_tell:
            whispers, into, wanted = True, None, MonitorState.TELLING
        else:
            whispers = monitor.mode is MonitorMode.WHISPER
            alone = talk.paying is not None  # the customer types a card: nobody else is in her bridge
            into = talk.bridge if monitor.mode is MonitorMode.BARGE and not alone else None
            wanted = _STATES[monitor.mode]
        if monitor.inside != into:
            ears.step_out(self._world, monitor)
        if into is not None:
            ears.pull(self._world, monitor)
            monitor.snooped = None
            ears.step_in(self._world, monitor, into)
        elif talk.agent_leg is not None:
            ears.put(self._world, monitor, talk.agent_leg, control.alone_with(talk), whispers=whispers)
        if monitor.state is not wanted:
            self._moved(monitor, MonitorInput.TOLD if must_tell else _INPUTS[monitor.mode], talk.id)
            if must_tell:
                self._world.timers.set(TimerKind.TELLING, monitor.id, self._world.now + TOLD_MAX_S)

    def _is_told(self, talk: ContactRecord) -> bool:
        world = self._world
        queue = world.rules_for(talk, talk.last_queue) if talk.last_queue is not None else None
        return queue is not None and queue.tell_monitored

    def _moved(self, monitor: MonitorRecord, told: MonitorInput, talk: ContactId | None) -> None:
        """Into the next state, with a line for the audit of the one before."""
        world = self._world
        self._audit(monitor)
        if monitor.state is MonitorState.TELLING:
            world.timers.cancel(TimerKind.TELLING, monitor.id)
        was = monitor.contact if monitor.state is MonitorState.BARGED else None
        monitor.contact = talk
        move(monitor, told, world.now)
        now = talk if monitor.state is MonitorState.BARGED else None
        if now != was:
            self._is_heard_otherwise(was)
            self._is_heard_otherwise(now)
        if monitor.state is not MonitorState.ENDED:
            world.out.append(
                MonitorChanged(
                    monitor=monitor.id,
                    supervisor=monitor.supervisor,
                    agent=monitor.agent,
                    contact=talk,
                    state=monitor.state,
                )
            )

    def _is_heard_otherwise(self, talk: ContactId | None) -> None:
        """Who is in the conversation has changed: if two are left in it they are recorded anew (`RenewRecording`)."""
        contact = self._world.contacts.get(talk) if talk is not None else None
        if (
            contact is not None
            and contact.state is ContactState.CONNECTED
            and control.company(self._world, contact) == 1
        ):
            recording.renew(self._world, contact)

    def _audit(self, monitor: MonitorRecord) -> None:
        if monitor.contact is not None and monitor.state in HEARING:
            self._world.out.append(
                MonitorHeard(
                    monitor=monitor.id,
                    supervisor=monitor.supervisor,
                    agent=monitor.agent,
                    contact=monitor.contact,
                    state=monitor.state,
                    began=monitor.since,
                    seconds=self._world.now - monitor.since,
                )
            )

    def end_all(self) -> None:
        """The call center stops."""
        for monitor in list(self._world.monitors.values()):
            self._end(monitor, MonitorEnd.REQUESTED)

    def _end(self, monitor: MonitorRecord, reason: MonitorEnd, *, gone: bool = False) -> None:
        world, lane = self._world, lane_of(monitor)
        ears.pull(self._world, monitor)
        if not gone:
            world.ears.pop(monitor.leg, None)
            world.out.append(HangUp(contact=lane, leg=monitor.leg))
        if monitor.bridge is not None:
            world.out.append(CloseBridge(contact=lane, bridge=monitor.bridge))
        self._moved(monitor, MonitorInput.ENDED, None)
        del world.monitors[monitor.id]
        record = world.agents.records.get(monitor.supervisor)
        if record is not None:
            world.agents.has_dialled(record, world.now)
        world.out.append(
            MonitorEnded(monitor=monitor.id, supervisor=monitor.supervisor, agent=monitor.agent, reason=reason)
        )

    # -- after a restart -----------------------------------------------------------------------------------------------

    def resynced(self, legs: dict[LegId, bool], bridges: dict[BridgeId, frozenset[LegId]]) -> None:
        """What lives, as listed (`legs`: whether it is up). What is missing is asked for again, or has ended."""
        for monitor in list(self._world.monitors.values()):
            if monitor.leg not in legs:
                self.leg_ended(monitor.leg, LegEnd.NORMAL)
                continue
            if monitor.state is MonitorState.RINGING:
                if legs[monitor.leg]:
                    self._is_there(monitor)
                continue
            ears.listed(self._world, monitor, legs)
            self._bridge_listed(monitor, bridges)

    def _bridge_listed(self, monitor: MonitorRecord, bridges: dict[BridgeId, frozenset[LegId]]) -> None:
        world, lane, own = self._world, lane_of(monitor), monitor.bridge
        if own is None:
            return
        if own not in bridges:
            world.out.append(OpenBridge(contact=lane, bridge=own))
        inside = bridges.get(own, frozenset())
        if monitor.inside is None and monitor.leg not in inside:
            world.out.append(JoinBridge(contact=lane, bridge=own, leg=monitor.leg))
        elif monitor.inside is not None and monitor.leg not in bridges.get(monitor.inside, frozenset()):
            monitor.inside = None  # `settle` puts her in again
        if monitor.snoop is not None and monitor.snoop not in inside:
            world.out.append(JoinBridge(contact=lane, bridge=own, leg=monitor.snoop))
        if monitor.playback is not None:
            self._told(monitor)  # playbacks cannot be listed: it counts as heard

    # -- small things --------------------------------------------------------------------------------------------------

    def _by_leg(self, leg: LegId) -> MonitorRecord | None:
        monitor = self._world.ears.get(leg)
        return self._world.monitors[monitor] if monitor is not None else None

    def _by_lane(self, lane: ContactId) -> MonitorRecord | None:
        found = (one for one in self._world.monitors.values() if lane_of(one) == lane)
        return next(found, None)
