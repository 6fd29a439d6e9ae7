"""Which conversations are recorded, and what their customers and agents may say about it, as configured."""

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.model.contact import Direction
from callcenter.model.ids import AgentId

SHARE_MAX: Final = 100.0
PAUSE_MIN_S: Final = 5.0
PAUSE_MAX_S: Final = 3_600.0
VARIABLE: Final = "record"  # of a contact; set by its flow: NO or YES
NO: Final = "no"
YES: Final = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """What is recorded of a queue that records. `share` is in percent; the contact's id decides, always alike."""

    share: Annotated[float, Interval(ge=0, le=SHARE_MAX)] = SHARE_MAX
    directions: tuple[Direction, ...] = ()  # empty: whoever called whom
    except_agents: tuple[AgentId, ...] = ()
    opt_out: str | None = None  # the customer's key, in the announcement or in the talk: no recording, and none is kept
    pause_key: str | None = None  # the agent's key: pause, and go on
    pause_max_s: Annotated[float, Interval(ge=PAUSE_MIN_S, le=PAUSE_MAX_S)] = 300.0  # then it goes on by itself
