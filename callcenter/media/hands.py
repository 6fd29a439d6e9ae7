"""Who carries out which command: lookups go to programs outside, leads to the dialler, all else is voice. No more."""

from typing import Protocol

from callcenter.model.campaign_messages import ClaimLeads, JudgeDial, OptOut, ReleaseLeads, SettleAttempt
from callcenter.model.commands import Command, LookUp

DialCommand = ClaimLeads | ReleaseLeads | JudgeDial | SettleAttempt | OptOut


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


class Voice(Protocol):
    """Who carries out what concerns voice."""

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault."""
        ...


class Hands:
    """All of them."""

    def __init__(self, voice: Voice, outside: AsksOutside, dialler: Dials | None = None) -> None:
        self._voice = voice
        self._dialler = dialler
        self._outside = outside

    async def perform(self, command: Command) -> None:
        """Do it, or begin it. Raises PeerFault if it was not, or may not have been, done."""
        if isinstance(command, LookUp):
            self._outside.ask(command)
        elif isinstance(command, DialCommand) and self._dialler is not None:
            self._dialler.begin(command)
        else:
            await self._voice.perform(command)
