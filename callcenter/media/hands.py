"""Who carries out which command: what is asked outside, leads, cards, who has answered; all else is voice."""

from typing import Protocol

from callcenter.errors import PeerRefused
from callcenter.model.callback_messages import JudgeCallback, SettleCallback
from callcenter.model.campaign_messages import (
    AwaitBeep,
    ClaimLeads,
    DetectMachine,
    JudgeDial,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.commands import Command, LookUp
from callcenter.model.payment_messages import CheckCard, ForgetCard, PaymentCommand, PostCard

DialCommand = ClaimLeads | ReleaseLeads | JudgeDial | SettleAttempt | OptOut | JudgeCallback | SettleCallback


class AsksOutside(Protocol):
    """Who asks programs outside."""

    def ask(self, command: LookUp) -> None:
        """Begin; the answer comes as an event. Raises PeerFault."""
        ...


class Dials(Protocol):
    """Who holds the campaigns' leads."""

    def begin(self, command: DialCommand) -> None:
        """Begin; the answer comes as an event."""
        ...


class Hears(Protocol):
    """Who lets detectors hear legs."""

    async def judge(self, command: DetectMachine) -> None:
        """Begin; the answer comes as an event. Raises PeerFault."""
        ...

    async def await_beep(self, command: AwaitBeep) -> None:
        """Likewise."""
        ...


class TakesPayments(Protocol):
    """Who knows the digits of cards."""

    def perform(self, command: PaymentCommand) -> None:
        """Do it, or begin it; an answer comes as an event. Raises PeerFault."""
        ...


class Voice(Protocol):
    """Who carries out what concerns voice."""

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault."""
        ...


class Hands:
    """All of them. What nobody is there for is refused, which the engine is told."""

    def __init__(
        self,
        voice: Voice,
        outside: AsksOutside,
        till: TakesPayments,
        dialler: Dials | None = None,
        hearing: Hears | None = None,
    ) -> None:
        self._voice = voice
        self._dialler = dialler
        self._outside = outside
        self._till = till
        self._hearing = hearing

    async def perform(self, command: Command) -> None:
        """Do it, or begin it. Raises PeerFault if it was not, or may not have been, done."""
        if isinstance(command, LookUp):
            self._outside.ask(command)
        elif isinstance(command, DialCommand) and self._dialler is not None:
            self._dialler.begin(command)
        elif isinstance(command, DetectMachine | AwaitBeep):
            if self._hearing is None:
                raise PeerRefused("there is no detector")
            await (
                self._hearing.judge(command)
                if isinstance(command, DetectMachine)
                else self._hearing.await_beep(command)
            )
        elif isinstance(command, CheckCard | PostCard | ForgetCard):
            self._till.perform(command)
        else:
            await self._voice.perform(command)
