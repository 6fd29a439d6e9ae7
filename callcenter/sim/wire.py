"""What lies between Asterisk and the engine: events on their way in, commands on their way out. Knows delay and loss.

Events (`Wire`) keep their order per subject and may overtake each other otherwise. While the wire is down they are kept
or lost; when it is up again a listing comes first and what was kept comes after it, as `media/voice/link` does it.
Commands (`Hands`) go out one after the other per contact, and per leg, as `runtime/perform` sends them.
"""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from callcenter.model.campaign_messages import CampaignCommand
from callcenter.model.commands import (
    AnswerLeg,
    Command,
    DialNumber,
    FetchBack,
    JoinBridge,
    LookUp,
    OpenBridge,
    PlayPrompts,
    RecordMessage,
    Reply,
    RingAgent,
    RingPhone,
    RunScript,
    Snoop,
    StartRecording,
)
from callcenter.model.contact import TransportFault
from callcenter.model.events import CommandFailed, ContactArrived, DigitPressed, Event, LegEnded
from callcenter.model.ids import ContactId, LegId
from callcenter.model.payment_messages import CheckCard, ForgetCard, PostCard
from callcenter.runtime.perform import OF_A_LEG, subject_of
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.faults import UNKNOWN_AFTER_S, Faults
from callcenter.sim.outside import Outside
from callcenter.sim.world import Agenda

DOUBLE_WITHIN_S: Final = 0.5
LOOK_AGAIN_S: Final = 0.002  # whether a leg's command before is over
MAY_BE_REFUSED: Final = (
    AnswerLeg,
    OpenBridge,
    JoinBridge,
    PlayPrompts,
    RingAgent,
    DialNumber,
    StartRecording,
    RecordMessage,
    RunScript,
    FetchBack,
    RingPhone,
    Snoop,
)
DIALS: Final = (RingAgent, RingPhone, DialNumber)

Tell = Callable[[Event], None]


class Wire:
    """Asterisk's events on their way to the engine."""

    def __init__(self, agenda: Agenda, random: Random, faults: Faults, tell: Tell) -> None:
        self.down = True
        self._agenda = agenda
        self._random = random
        self._faults = faults
        self._tell = tell
        self._keeps = False
        self._kept: list[Event] = []
        self._last: dict[str, float] = {}
        self._cuts = 0

    def send(self, subject: str, event: Event) -> None:
        """Asterisk says something."""
        faults, random = self._faults, self._random
        at = max(self._agenda.now + faults.takes_s(random), self._last.get(subject, 0.0))
        self._last[subject] = at
        self._agenda.after(at - self._agenda.now, lambda: self._arrive(event))
        if faults.doubled and random.random() < faults.doubled and not isinstance(event, DigitPressed):
            # a leg's coming and going are told twice at once (a listing that crosses, StasisEnd and ChannelDestroyed)
            at_once = isinstance(event, (ContactArrived, LegEnded))
            late_s = 0.0 if at_once else random.random() * DOUBLE_WITHIN_S
            self._agenda.after(at - self._agenda.now + late_s, lambda: self._arrive(event))

    def cut(self, *, keeps: bool) -> None:
        """The link goes down."""
        self.down, self._keeps = True, keeps
        self._cuts += 1
        if not keeps:
            self._kept.clear()

    def mend(self, asterisk: FakeAsterisk) -> None:
        """The link is up again: what lives is listed, and told a moment later."""
        listing, returned, cut = asterisk.listing(), asterisk.returned(), self._cuts
        self._keeps = True
        alive = {leg.leg for leg in listing.legs}
        # a leg that left and came back is listed: that it once came and left is older than the list, and no news
        self._kept = [
            event for event in self._kept if not (isinstance(event, (ContactArrived, LegEnded)) and event.leg in alive)
        ]
        self._agenda.after(self._faults.takes_s(self._random), lambda: self._told(asterisk, listing, returned, cut))

    def _told(self, asterisk: FakeAsterisk, listing: Event, returned: Sequence[Event], cut: int) -> None:
        if cut != self._cuts:
            return
        self.down = False
        self._tell(listing)
        for phone in asterisk.phone_states():
            self._tell(phone)
        if asterisk.use.ami is not None:
            self._tell(asterisk.use.listing())
        kept, self._kept = self._kept, []
        for event in (*kept, *returned):
            self._tell(event)

    def _arrive(self, event: Event) -> None:
        if not self.down:
            self._tell(event)
        elif self._keeps:
            self._kept.append(event)


class Hands:
    """The engine's commands on their way to Asterisk: one lane per contact."""

    def __init__(self, agenda: Agenda, random: Random, faults: Faults, asterisk: FakeAsterisk, tell: Tell) -> None:
        self.outside = Outside(agenda, Random(f"outside {random.random()}"), tell)
        self.ledger: Callable[[CampaignCommand], None] = lambda command: None  # whoever holds the campaigns' leads
        self.reachable = True
        self.disturbed = 0.0  # when something last went wrong
        self._agenda = agenda
        self._random = random
        self._faults = faults
        self._asterisk = asterisk
        self._tell = tell
        self._lanes: dict[ContactId, deque[tuple[int, Command]]] = {}
        self._serial = 0
        self._asked: dict[LegId, list[int]] = {}  # of a leg, in any lane: what is not over yet, in order

    def enqueue(self, commands: Sequence[Command]) -> None:
        """Take the commands; each waits only for those of its own contact, and of its leg."""
        for command in commands:
            if isinstance(command, Reply):
                continue
            self._serial += 1
            if isinstance(command, OF_A_LEG):
                self._asked.setdefault(command.leg, []).append(self._serial)
            lane = self._lanes.get(command.contact)
            if lane is not None:
                lane.append((self._serial, command))
            else:
                self._lanes[command.contact] = deque(((self._serial, command),))
                self._agenda.after(self._faults.takes_s(self._random), self._driver(command.contact))

    @property
    def under_way(self) -> int:
        """How many lanes have commands that are not sent yet."""
        return len(self._lanes)

    def drop(self) -> None:
        """Our process dies: what was under way is not sent."""
        self._lanes, self._asked = {}, {}
        self.outside.drop()

    def _driver(self, contact: ContactId) -> Callable[[], None]:
        lanes = self._lanes

        def drive() -> None:
            if lanes is self._lanes:
                self._drive(contact)

        return drive

    def _drive(self, contact: ContactId) -> None:
        lane = self._lanes[contact]
        while lane:
            serial, command = lane[0]
            if isinstance(command, OF_A_LEG) and self._asked[command.leg][0] < serial:
                self._agenda.after(LOOK_AGAIN_S, self._driver(contact))
                return
            lane.popleft()
            wait_s = self._send(command)
            if wait_s:
                self._agenda.after(wait_s, self._over(contact, serial, command))
                return
            self._is_over(serial, command)
        del self._lanes[contact]

    def _over(self, contact: ContactId, serial: int, command: Command) -> Callable[[], None]:
        """What is done when a command has been answered, or nobody waits for that any longer."""
        lanes, drive = self._lanes, self._driver(contact)

        def over() -> None:
            if lanes is self._lanes:
                self._is_over(serial, command)
                drive()

        return over

    def _is_over(self, serial: int, command: Command) -> None:
        if isinstance(command, OF_A_LEG):
            self._asked[command.leg].remove(serial)
            if not self._asked[command.leg]:
                del self._asked[command.leg]

    def _send(self, command: Command) -> float:
        """Send one command; gives how long the next one has to wait."""
        faults, random = self._faults, self._random
        if isinstance(command, LookUp):
            self.outside.ask(command)
        elif isinstance(command, CheckCard | PostCard | ForgetCard):
            self.outside.take(command)
        elif isinstance(command, CampaignCommand):
            self.ledger(command)
        elif not self.reachable:
            self._failed(command, TransportFault.UNAVAILABLE)
        elif faults.refused and isinstance(command, MAY_BE_REFUSED) and random.random() < faults.refused:
            self._failed(command, TransportFault.REFUSED)
        elif faults.unanswered and random.random() < faults.unanswered:
            return self._unanswered(command)
        else:
            fault = self._asterisk.carry_out(command)
            if fault is not None:
                self._failed(command, fault)
        return faults.takes_s(random)

    def _unanswered(self, command: Command) -> float:
        """The answer does not come. It is done all the same, at some time; a dial perhaps much later, or never."""
        random = self._random
        dial = isinstance(command, DIALS)
        if not dial or random.random() < 0.6:
            done_after_s = random.random() * (10.0 if dial else UNKNOWN_AFTER_S)
            self._agenda.after(done_after_s, lambda: self._late(command))
        lanes = self._lanes
        self._agenda.after(UNKNOWN_AFTER_S, lambda: self._gave_up(command, lanes))
        return UNKNOWN_AFTER_S

    def _gave_up(self, command: Command, lanes: object) -> None:
        if lanes is self._lanes:  # else the process that waited is no more
            self._failed(command, TransportFault.UNKNOWN)

    def _late(self, command: Command) -> None:
        self._asterisk.carry_out(command)

    def _failed(self, command: Command, fault: TransportFault) -> None:
        self.disturbed = self._agenda.now
        if not isinstance(command, Reply):
            self._tell(
                CommandFailed(
                    contact=command.contact,
                    command=type(command).__name__,
                    subject=subject_of(command),
                    fault=fault,
                )
            )
