"""What supervisors do with talks, in words. Knows no leg and no bridge."""

from enum import StrEnum
from typing import Final

MONITORS_MAX: Final = 500  # supervisors on the line at the same time, in the whole center


class MonitorMode(StrEnum):
    """What a supervisor is to the talk that she hears."""

    LISTEN = "listen"  # she hears both, nobody hears her
    WHISPER = "whisper"  # she hears both, the agent hears her
    BARGE = "barge"  # everybody hears everybody


class MonitorState(StrEnum):
    """Where a supervisor is."""

    RINGING = "ringing"  # her own phone rings
    IDLE = "idle"  # on the line, and there is no talk that she may hear
    TELLING = "telling"  # the agent is being told that somebody will listen
    LISTENING = "listening"
    WHISPERING = "whispering"
    BARGED = "barged"
    ENDED = "ended"


class MonitorEnd(StrEnum):
    """Why a supervisor is not on the line any more."""

    HUNG_UP = "hung_up"
    UNREACHED = "unreached"  # her phone was not answered, or could not be rung
    TALK_OVER = "talk_over"  # of the one contact that she wanted to hear
    REQUESTED = "requested"
    AGENT_GONE = "agent_gone"  # whom she followed works here no more
    RIGHTS_LOST = "rights_lost"
    TOOK_OVER = "took_over"  # the talk is hers now
    FAULT = "fault"
