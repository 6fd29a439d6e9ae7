"""A supervisor's states while she monitors. Knows what may follow what; knows no talk, no leg, no right.

Theory: her phone rings first. Then there is a talk that she may hear, or there is not; what she is to it she chooses at
any time, so every mode leads to every other. The agent may have to be told before she is heard.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from callcenter.errors import IllegalTransition
from callcenter.model.ids import AgentId, BridgeId, ContactId, LegId, MonitorId, PlaybackId
from callcenter.model.monitor import MonitorMode, MonitorState


class MonitorInput(StrEnum):
    """What moves a monitor."""

    ANSWERED = "answered"
    TOLD = "told"  # the agent is told first
    LISTENS = "listens"
    WHISPERS = "whispers"
    BARGES = "barges"
    TALK_OVER = "talk_over"
    ENDED = "ended"


S, In = MonitorState, MonitorInput
_ON_THE_LINE: Final = (S.IDLE, S.TELLING, S.LISTENING, S.WHISPERING, S.BARGED)
_HEARS: Final = {In.LISTENS: S.LISTENING, In.WHISPERS: S.WHISPERING, In.BARGES: S.BARGED}

TRANSITIONS: Final[Mapping[tuple[MonitorState, MonitorInput], MonitorState]] = {
    (S.RINGING, In.ANSWERED): S.IDLE,
    (S.RINGING, In.ENDED): S.ENDED,
    **{(state, In.TOLD): S.TELLING for state in _ON_THE_LINE if state is not S.TELLING},
    **{(state, told): after for state in _ON_THE_LINE for told, after in _HEARS.items() if state is not after},
    **{(state, In.TALK_OVER): S.IDLE for state in _ON_THE_LINE if state is not S.IDLE},
    **{(state, In.ENDED): S.ENDED for state in _ON_THE_LINE},
}


class MonitorRecord(msgspec.Struct, kw_only=True):
    """One supervisor on the line. `only` is the one contact that she wants to hear; None: she follows the agent."""

    id: MonitorId
    supervisor: AgentId
    agent: AgentId
    only: ContactId | None = None
    mode: MonitorMode
    leg: LegId  # her own
    bridge: BridgeId | None = None  # hers, in which she hears; made when she answers
    state: MonitorState = MonitorState.RINGING
    since: float = 0.0
    contact: ContactId | None = None  # that she hears
    told: ContactId | None = None  # the contact of which the agent has been told
    playback: PlaybackId | None = None  # by which the agent is being told
    snoop: LegId | None = None  # the ear at the agent's leg
    snooped: LegId | None = None  # the agent's leg it was last put to
    snoop_whispers: bool = False
    snoop_hears: LegId | None = None  # whom the agent spoke with alone, last, while the ear was there
    inside: BridgeId | None = None  # the contact's bridge, while she is in it


def move(monitor: MonitorRecord, told: MonitorInput, now: float) -> None:
    """Put the monitor into its next state. Raises IllegalTransition (our bug) for a pair that is not listed."""
    after = TRANSITIONS.get((monitor.state, told))
    if after is None:
        raise IllegalTransition(f"{monitor.id}: {told} while {monitor.state}")
    monitor.state, monitor.since = after, now


def lane_of(monitor: MonitorRecord) -> ContactId:
    """Commands of one monitor are carried out one after the other, as those of a contact are."""
    return ContactId(monitor.id)
