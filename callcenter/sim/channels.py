"""What a fake Asterisk is made of: legs, bridges, and who holds the other ends. Knows no command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from callcenter.model.events import ContactArrived, Event, LegSeen
from callcenter.model.ids import BridgeId, LegId, PlaybackId, RecordingId, ScriptId

Tell = Callable[[str, Event], None]


class Party(Protocol):
    """Who holds the other end of a leg."""

    def rings(self, leg: LegId) -> None:
        """Your phone rings: answer it, decline it, or do nothing."""
        ...

    def hears(self, leg: LegId, prompts: tuple[str, ...]) -> None:
        """Something is said to you."""
        ...

    def meets(self, leg: LegId) -> None:
        """Somebody else is on the line now."""
        ...

    def gone(self, leg: LegId) -> None:
        """The call is over, whoever ended it."""
        ...


class Nobody:
    """Holds the other end of an ear."""

    def rings(self, leg: LegId) -> None:
        """It does not."""

    def hears(self, leg: LegId, prompts: tuple[str, ...]) -> None:
        """An ear hears and does nothing."""

    def meets(self, leg: LegId) -> None:
        """Likewise."""

    def gone(self, leg: LegId) -> None:
        """It is over."""


@dataclass(slots=True, kw_only=True)
class Leg:
    """A channel. `ours`: we dialled it."""

    id: LegId
    party: Party
    ours: bool
    up: bool
    arrived: ContactArrived | None = None  # who came in, and how
    number: str = ""  # the phone or outside number that was dialled
    at: LegId | None = None  # it is an ear at that leg
    whispers: bool = False
    bridge: BridgeId | None = None
    recording: RecordingId | None = None
    muted: bool = False  # silence is recorded
    heard: LegId | None = None  # the phone whose packets its recorder takes; those of others seem late to it
    silenced: bool = False  # nobody hears what it says
    refers: bool = False  # its phone waits to be told what became of its wish
    keys: str = ""  # that were sent to its far end
    script: ScriptId | None = None  # that it is with, or came back from last
    status: str = ""  # of that script; "": it runs still
    left: dict[str, str] = field(default_factory=dict)  # what that script left on it

    @property
    def away(self) -> bool:
        """With a script, and not in the application."""
        return self.script is not None and not self.status


@dataclass(slots=True, kw_only=True)
class Bridge:
    """A mixing bridge and what plays in it."""

    id: BridgeId
    legs: dict[LegId, None] = field(default_factory=dict)
    music: str = ""
    playback: PlaybackId | None = None


def seen(leg: Leg) -> LegSeen:
    """A leg as it is listed."""
    came = leg.arrived
    if came is None:
        return LegSeen(leg=leg.id, up=leg.up, ours=leg.ours)
    return LegSeen(
        leg=leg.id,
        up=leg.up,
        ours=False,
        caller=came.caller,
        caller_name=came.caller_name,
        dialled=came.dialled,
        flow=came.flow,
        returns=came.returns,
        agent_number=came.agent_number,
        script=leg.script,
        away=leg.away,
    )
