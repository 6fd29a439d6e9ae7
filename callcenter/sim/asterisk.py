"""A fake Asterisk: legs, bridges, playbacks, messages, phones. Knows what the real one does with a command; no rule.

It takes commands as the real one takes requests, and tells the engine's side what the real one would tell, through
`tell(subject, event)`. People hold the other ends of the legs (`Party`); what they do comes in through `call_in`,
`press`, `pick_up`, `decline` and `hang_up`. Behaviour was seen on a real 22.10.1: cancelling a leg that is being
answered gives an answer and then an end; a playback ends with its bridge; a recording does not.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final

from callcenter.model.agent import PhoneState
from callcenter.model.commands import (
    AnswerLeg,
    CloseBridge,
    Command,
    DialNumber,
    DropMessage,
    FetchBack,
    HangUp,
    JoinBridge,
    LeaveBridge,
    LookUp,
    MuteLeg,
    MuteRecording,
    OpenBridge,
    PlayPrompts,
    PlayTone,
    RecordMessage,
    RenewRecording,
    Reply,
    ReturnLeg,
    RingAgent,
    RingPhone,
    RunScript,
    SendKeys,
    Snoop,
    StartMusic,
    StartRecording,
    StopMessage,
    StopMusic,
    StopPlayback,
    StopRecording,
    TellReferrer,
)
from callcenter.model.contact import Direction, LegEnd, Medium, TransportFault
from callcenter.model.events import (
    BridgeSeen,
    ContactArrived,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegReferred,
    LegRinging,
    LegSilent,
    PhoneChanged,
    Resynced,
    ScriptEnded,
)
from callcenter.model.ids import BridgeId, FlowName, LegId, ScriptId
from callcenter.model.payment_messages import CheckCard, ForgetCard, PostCard
from callcenter.sim.channels import Bridge, Leg, Nobody, Party, Tell, seen
from callcenter.sim.phone_use import PhoneUse
from callcenter.sim.sound import Sound
from callcenter.sim.world import Agenda

CARRIER_REFUSES_EVERY: Final = 7  # so many calls to outside numbers are one that no carrier takes
SILENT_S: Final = 10.0  # until a phone that does not answer counts as silent
HEARD_EVERY: Final = 3  # so many phones that do not answer there is one that is heard all the same
CAUSES: Final = {
    LegEnd.NORMAL: 16,
    LegEnd.BUSY: 17,
    LegEnd.NO_ANSWER: 19,
    LegEnd.UNREACHABLE: 20,
    LegEnd.REJECTED: 21,
    LegEnd.CANCELLED: 26,
    LegEnd.FAILED: 38,
}
"""Q.850, of legs whose end Asterisk tells to its end."""
DEAD_PHONES: Final = 0.02  # share of calls of which a registered phone takes no notice
SCRIPT_MAX_S: Final = 20.0  # the longest that a script has a call which gives it back
ENDLESS_SCRIPTS: Final = 0.1  # share of scripts that do not
HANGS_UP_AT_NO: Final = 0.3  # share of phones that end a call which they may not hand on


class FakeAsterisk:
    """One Asterisk."""

    def __init__(self, agenda: Agenda, random: Random, tell: Tell, *, late_answer: float = 0.0) -> None:
        self.legs: dict[LegId, Leg] = {}
        self.bridges: dict[BridgeId, Bridge] = {}
        self.phones: dict[str, Party] = {}
        self.registered: dict[str, bool] = {}
        self.outside: Callable[[str], Party] | None = None
        self._agenda = agenda
        self._random = random
        self._tell = tell
        self._late_answer = late_answer
        self._calls = 0
        self._dials = 0
        self._departures = 0
        self.crashes = 0
        self.sound = Sound(self.legs, self.bridges, agenda, random, tell)
        self.use = PhoneUse(self.legs, self.phones, self.registered, tell)

    # -- what people do ----------------------------------------------------------------------------------------------

    def call_in(
        self,
        party: Party,
        *,
        caller: str,
        caller_name: str = "",
        dialled: str = "",
        agent_number: str = "",
        flow: FlowName | None = None,
    ) -> LegId:
        """A caller is put through to the application; with `flow`, by a dialplan that wants the call back."""
        self._calls += 1
        leg = LegId(f"{self._agenda.now:.0f}.{self._calls}")
        arrived = ContactArrived(
            leg=leg,
            medium=Medium.VOICE,
            caller=caller,
            caller_name=caller_name,
            dialled=dialled,
            direction=Direction.INTERNAL if agent_number else Direction.INBOUND,
            flow=flow,
            returns=flow is not None,
            agent_number=agent_number,
        )
        self._enter(Leg(id=leg, party=party, ours=False, up=False, arrived=arrived))
        return leg

    def call_again(self, leg: Leg, life: int) -> None:
        """The dialplan hands a call that was returned to it to the application once more."""
        if life == self.crashes:
            self._enter(leg)

    def press(self, leg: LegId, digit: str) -> None:
        """One key."""
        if leg in self.legs:
            self._tell(leg, DigitPressed(leg=leg, digit=digit))

    def pick_up(self, leg: LegId) -> None:
        """A ringing phone is answered."""
        held = self.legs.get(leg)
        if held is not None and not held.up:
            held.up = True
            self._tell(leg, LegAnswered(leg=leg))

    def decline(self, leg: LegId, how: LegEnd) -> None:
        """A ringing phone is busy, or says no."""
        held = self.legs.get(leg)
        if held is not None and not held.up:
            self._end(held, how)

    def hang_up(self, leg: LegId) -> None:
        """Somebody puts the phone down."""
        held = self.legs.get(leg)
        if held is not None:
            self._end(held, LegEnd.NORMAL)

    def hold(self, leg: LegId, *, held: bool) -> None:
        """The key of a phone that holds, or takes back."""
        if leg in self.legs and self.legs[leg].up:
            self._tell(leg, LegHeld(leg=leg, held=held))

    def refer(self, leg: LegId, number: str, other: LegId | None = None) -> None:
        """A phone wants its call handed on; with `other`, to whom it speaks with there."""
        held = self.legs.get(leg)
        if held is not None and held.up and not held.refers:
            held.refers = True
            known = other if other in self.legs else None
            gone = other is not None and known is None
            self._tell(leg, LegReferred(leg=leg, number=number, other=known, elsewhere=gone))

    def register(self, number: str, there: bool) -> None:
        """A phone comes or goes."""
        if self.registered.get(number) is not there:
            self.registered[number] = there
            self._tell(number, self._phone(number))
            if not there:
                self._departures += 1
                if self._departures % HEARD_EVERY:
                    self._agenda.on_tick(SILENT_S, partial(self._silent, number, self.crashes))

    def _silent(self, number: str, life: int) -> None:
        """A phone that went and is still away was not heard meanwhile."""
        if self.registered[number] or life != self.crashes:
            return
        for leg in list(self.legs.values()):
            if leg.up and leg.party is self.phones.get(number):
                self._tell(leg.id, LegSilent(leg=leg.id, silent_s=SILENT_S))

    def tell_phone(self, number: str) -> None:
        """Somebody asks how a phone is."""
        self._tell(number, self._phone(number))

    # -- what the engine's side asks ---------------------------------------------------------------------------------

    def listing(self) -> Resynced:
        """Everything that lives."""
        return Resynced(
            legs=tuple(seen(leg) for leg in self.legs.values()),
            bridges=tuple(BridgeSeen(bridge=b.id, legs=tuple(b.legs)) for b in self.bridges.values()),
        )

    def returned(self) -> list[ScriptEnded]:
        """The legs that came back from a script, as they are told again when everything is listed."""
        return [
            ScriptEnded(leg=leg.id, script=leg.script, status=leg.status, values=leg.left)
            for leg in self.legs.values()
            if leg.script is not None and leg.status
        ]

    def phone_states(self) -> list[PhoneChanged]:
        """Every phone as it is now."""
        return [self._phone(number) for number in self.registered]

    def carry_out(self, command: Command) -> TransportFault | None:  # noqa: C901 (one arm per command)
        """Do it; gives how it failed, if it did."""
        match command:
            case AnswerLeg(leg=leg):
                return self._answer(leg)
            case OpenBridge(bridge=bridge):
                self.bridges.setdefault(bridge, Bridge(id=bridge))
            case CloseBridge(bridge=bridge):
                self._close(bridge)
            case JoinBridge(bridge=bridge, leg=leg):
                return self._join(bridge, leg)
            case LeaveBridge(bridge=bridge, leg=leg):
                held = self.legs.get(leg)
                if held is not None and held.bridge == bridge:
                    self._leave(held)
            case TellReferrer():
                return self._tell_phone(command)
            case MuteLeg(leg=leg) | SendKeys(leg=leg):
                return self._operate(leg, command)
            case PlayTone(bridge=bridge):
                return None if bridge in self.bridges else TransportFault.GONE
            case PlayPrompts():
                return self.sound.play(command)
            case StopPlayback(playback=playback):
                self.sound.stop(playback, ok=True)
            case StartMusic(bridge=bridge, music=music):
                return self.sound.music(bridge, music)
            case StopMusic(bridge=bridge):
                return self.sound.music(bridge, "")
            case (
                RingAgent(leg=leg, number=number, timeout_s=timeout_s)
                | RingPhone(leg=leg, number=number, timeout_s=timeout_s)
            ):
                outside = isinstance(command, RingAgent) and bool(command.outside)
                return self._ring(leg, number, timeout_s, outside=outside)
            case DialNumber(leg=leg, number=number, timeout_s=timeout_s):
                return self._dial(leg, number, timeout_s)
            case Snoop():
                return self._snoop(command)
            case HangUp(leg=leg, end=end):
                self._cancel(leg, end)
            case ReturnLeg(leg=leg):
                return self._return(leg)
            case StartRecording():
                return self.sound.record(command)
            case RenewRecording():
                return self.sound.renew(command)
            case StopRecording(leg=leg, recording=recording):
                return self.sound.stop_recording(leg, recording)
            case MuteRecording(leg=leg, recording=recording, muted=muted):
                return self.sound.mute(leg, recording, muted)
            case RecordMessage():
                return self.sound.record_message(command)
            case StopMessage(recording=recording):
                self.sound.message_over(recording)
            case RunScript():
                return self._lend(command)
            case FetchBack(leg=leg, script=script):
                return self._back(leg, script, "TIMEOUT")
            case DropMessage() | LookUp() | CheckCard() | PostCard() | ForgetCard() | Reply():
                pass
        return None

    def crash(self) -> None:
        """Asterisk dies: every call with it, and nobody is told."""
        self.crashes += 1
        legs = list(self.legs.values())
        self.legs.clear()
        self.bridges.clear()
        self.sound.crash()
        self.use.crash()
        for number in self.registered:
            self.registered[number] = False
        for leg in legs:
            leg.party.gone(leg.id)

    # -- legs --------------------------------------------------------------------------------------------------------

    def _enter(self, leg: Leg) -> None:
        self.legs[leg.id] = leg
        self.use.seen_at(leg.party)
        if leg.arrived is not None:
            self._tell(leg.id, leg.arrived)

    def _phone(self, number: str) -> PhoneChanged:
        there = self.registered[number]
        return PhoneChanged(number=number, state=PhoneState.REACHABLE if there else PhoneState.UNREACHABLE)

    def _answer(self, leg: LegId) -> TransportFault | None:
        held = self.legs.get(leg)
        if held is None:
            return TransportFault.GONE
        held.up = True
        return None

    def _ring(self, leg: LegId, number: str, timeout_s: float, *, outside: bool) -> TransportFault | None:
        """An agent's phone; `outside`: at home, where her account does not matter."""
        phone = self.phones.get(number)
        if phone is None or leg in self.legs:
            return TransportFault.REFUSED
        there = outside or self.registered.get(number, False)
        self._begin(leg, phone, number, timeout_s, at_once=None if there else LegEnd.UNREACHABLE)
        return None

    def _dial(self, leg: LegId, number: str, timeout_s: float) -> TransportFault | None:
        if self.outside is None or leg in self.legs:
            return TransportFault.REFUSED
        self._dials += 1
        no_carrier = self._dials % CARRIER_REFUSES_EVERY == 0
        self._begin(leg, self.outside(number), number, timeout_s, at_once=LegEnd.FAILED if no_carrier else None)
        return None

    def _begin(self, leg: LegId, party: Party, number: str, timeout_s: float, *, at_once: LegEnd | None) -> None:
        held = self.legs[leg] = Leg(id=leg, party=party, ours=True, up=False, number=number)
        self.use.seen_at(party)
        if at_once is not None:
            self._end(held, at_once)
            return
        self._agenda.after(timeout_s, lambda: self.decline(leg, LegEnd.NO_ANSWER))
        if self._random.random() >= DEAD_PHONES:
            self._tell(leg, LegRinging(leg=leg))
            party.rings(leg)

    def _snoop(self, command: Snoop) -> TransportFault | None:
        """An ear is a channel that ends with the one it is at."""
        at = self.legs.get(command.at)
        if at is None:
            return TransportFault.GONE
        if command.leg in self.legs:
            return TransportFault.REFUSED
        self.legs[command.leg] = Leg(
            id=command.leg, party=Nobody(), ours=True, up=True, at=command.at, whispers=command.whispers
        )
        self._tell(command.leg, LegAnswered(leg=command.leg))
        return None

    def _cancel(self, leg: LegId, end: LegEnd) -> None:
        held = self.legs.get(leg)
        if held is None:
            return
        if held.ours and not held.up and self._random.random() < self._late_answer:
            self._tell(leg, LegAnswered(leg=leg))
        self._end(held, end)

    def _operate(self, leg: LegId, command: MuteLeg | SendKeys) -> TransportFault | None:
        held = self.legs.get(leg)
        if held is None:
            return TransportFault.GONE
        if isinstance(command, MuteLeg):
            held.silenced = command.muted
        else:
            held.keys += command.keys
        return None

    def _tell_phone(self, command: TellReferrer) -> TransportFault | None:
        """A phone whose call is taken off it hangs up; one that is told no sometimes does too (baresip, always)."""
        held = self.legs.get(command.leg)
        if held is None:
            return TransportFault.GONE
        if not held.refers:
            return TransportFault.REFUSED
        held.refers = False
        if command.taken or self._random.random() < HANGS_UP_AT_NO:
            self._agenda.after(self._random.random() * 0.2, lambda: self.hang_up(command.leg))
        return None

    def _return(self, leg: LegId) -> TransportFault | None:
        held = self.legs.get(leg)
        if held is None:
            return TransportFault.GONE
        self._leave(held)
        del self.legs[leg]
        self._tell(leg, LegEnded(leg=leg, end=LegEnd.NORMAL))
        if self._random.random() < 0.5:
            life = self.crashes
            self._agenda.on_tick(self._random.random() * 3, lambda: self.call_again(held, life))
        else:
            held.party.gone(leg)
        return None

    def _lend(self, command: RunScript) -> TransportFault | None:
        """A leg goes to a script, which has it for as long as it likes; some never give it back."""
        held = self.legs.get(command.leg)
        if held is None:
            return TransportFault.GONE
        if held.script == command.script:
            return None
        self._leave(held)
        held.script, held.status = command.script, ""
        self._tell(held.id, LegEnded(leg=held.id, end=LegEnd.NORMAL, left=True))
        if self._random.random() < ENDLESS_SCRIPTS:
            return None
        status, life = self._random.choice(("SUCCESS", "SUCCESS", "FAILURE", "NOTFOUND")), self.crashes
        values = {name: self._random.choice(("", "1", "200 000")) for name in command.take}

        def over() -> None:
            if life == self.crashes and held.script == command.script and not held.status:
                self._back(held.id, command.script, status, values)

        self._agenda.on_tick(self._random.random() * SCRIPT_MAX_S, over)
        return None

    def _back(
        self, leg: LegId, script: ScriptId, status: str, values: Mapping[str, str] | None = None
    ) -> TransportFault | None:
        held = self.legs.get(leg)
        if held is None:
            return TransportFault.GONE
        if held.script != script or not held.status:  # else it is back already, and nothing comes of it
            self._leave(held)
            held.script, held.status, held.left = script, status, dict(values or {})
            self._tell(leg, ScriptEnded(leg=leg, script=script, status=status, values=held.left))
        return None

    def _end(self, leg: Leg, end: LegEnd) -> None:
        del self.legs[leg.id]
        self.use.seen_at(leg.party)
        self._cut_off(leg)
        self._leave(leg)
        if not leg.ours and not leg.away:  # it leaves the application, and that is all that is told, unless...
            self._tell(leg.id, LegEnded(leg=leg.id, end=end, left=True))
        if leg.ours or leg.script is not None:  # ... we dialled it, or it was subscribed to
            self._tell(leg.id, LegEnded(leg=leg.id, end=end, cause=CAUSES.get(end, 0)))
        leg.party.gone(leg.id)
        for ear in [other for other in self.legs.values() if other.at == leg.id]:
            self._end(ear, LegEnd.NORMAL)

    def _cut_off(self, leg: Leg) -> None:
        """What is said to nobody any more fails, and is often told before it is told that the leg is gone."""
        bridge = self.bridges.get(leg.bridge) if leg.bridge is not None else None
        if bridge is not None and bridge.playback is not None and list(bridge.legs) == [leg.id]:
            self.sound.stop(bridge.playback, ok=False)

    # -- bridges -----------------------------------------------------------------------------------------------------

    def _join(self, bridge_id: BridgeId, leg_id: LegId) -> TransportFault | None:
        bridge, leg = self.bridges.get(bridge_id), self.legs.get(leg_id)
        if bridge is None or leg is None or leg.away:
            return TransportFault.GONE
        if leg.bridge != bridge_id:
            self._leave(leg)
            leg.bridge = bridge_id
            bridge.legs[leg_id] = None
        if len(bridge.legs) > 1:
            for inside in list(bridge.legs):
                self.sound.is_heard(self.legs[inside])
                self.legs[inside].party.meets(inside)
        return None

    def _leave(self, leg: Leg) -> None:
        bridge = self.bridges.get(leg.bridge) if leg.bridge is not None else None
        leg.bridge = None
        if bridge is not None:
            bridge.legs.pop(leg.id, None)
            for stays in bridge.legs:
                self.sound.is_heard(self.legs[stays])

    def _close(self, bridge_id: BridgeId) -> None:
        bridge = self.bridges.pop(bridge_id, None)
        if bridge is None:
            return
        for leg in bridge.legs:
            self.legs[leg].bridge = None
        if bridge.playback is not None:
            self.sound.stop(bridge.playback, ok=False)
