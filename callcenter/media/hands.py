"""Who carries out which command: lookups go to programs outside, everything else is voice. Knows no more than that."""

from typing import Protocol

from callcenter.model.commands import Command, LookUp


class AsksOutside(Protocol):
    """Who asks programs outside."""

    def ask(self, command: LookUp) -> None:
        """Begin; the answer comes as an event. Raises PeerFault."""
        ...


class Voice(Protocol):
    """Who carries out what concerns voice."""

    async def perform(self, command: Command) -> None:
        """Do it. Raises PeerFault."""
        ...


class Hands:
    """All of them."""

    def __init__(self, voice: Voice, outside: AsksOutside) -> None:
        self._voice = voice
        self._outside = outside

    async def perform(self, command: Command) -> None:
        """Do it, or begin it. Raises PeerFault if it was not, or may not have been, done."""
        if isinstance(command, LookUp):
            self._outside.ask(command)
        else:
            await self._voice.perform(command)
