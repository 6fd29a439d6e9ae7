"""An agent, in words. Status is chosen by the person, state is driven by the system."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callcenter.model.contact import Medium
from callcenter.model.ids import AgentId, QueueName, Skill, Team
from callcenter.model.need import named


class AgentStatus(StrEnum):
    """What the agent says of herself."""

    LOGGED_OUT = "logged_out"
    AVAILABLE = "available"
    PAUSED = "paused"


class AgentState(StrEnum):
    """What the system has her doing."""

    NOT_READY = "not_ready"  # logged out, paused, resting after a missed offer, or the phone is not there
    READY = "ready"
    OFFERED = "offered"
    ON_CONTACT = "on_contact"
    WRAP_UP = "wrap_up"


class PhoneState(StrEnum):
    """Whether the agent's phone can be rung."""

    UNKNOWN = "unknown"  # not heard of yet: treated as unreachable
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"


class NailState(StrEnum):
    """How it stands with the one long call of a phone that is nailed up."""

    CALLING = "calling"  # her phone rings for it
    UP = "up"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRules:
    """How calls come to an agent's phone.

    A phone that is `nailed` up is called once, when she is available, and stays connected: calls are joined to it at
    once, and leave it again.
    """

    nailed: bool = False
    confirm: bool = False  # a key must be pressed before a call is hers, as it must where a queue wants that
    auto_answer: bool = False  # it is asked to answer by itself
    outside: str = ""  # PERSONAL: her phone is this outside number, and a key is always wanted; "": one of the house


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """Whose talks a supervisor may hear and steer: those of these queues, and those of agents of these teams."""

    queues: tuple[QueueName, ...] = ()
    teams: tuple[Team, ...] = ()
    everything: bool = False

    def covers(self, queue: QueueName | None, team: Team | None) -> bool:
        """Whether a contact of this queue, or an agent of this team, is hers. None and "" are nobody's."""
        return self.everything or queue in self.queues or (bool(team) and team in self.teams)


class _Kept:
    """Room for what is worked out of an agent once; no field of hers, so that it is neither written nor compared."""

    __slots__ = ("_able",)

    _able: dict[Skill, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(_Kept):
    """One agent as configured. `number` is the extension of her phone and the user name of its SIP account."""

    id: AgentId
    name: str
    number: str
    skills: Mapping[Skill, int] = field(default_factory=dict)  # skill -> level 1..5
    capacity: Mapping[Medium, int] = field(
        default_factory=lambda: {Medium.VOICE: 1}
    )  # how many contacts of a medium at once
    language: str = "en"  # of the prompts she hears
    team: Team | None = None
    supervises: Supervision | None = None  # None: she is no supervisor
    phone: PhoneRules = field(default=PhoneRules())

    @property
    def able(self) -> dict[Skill, int]:
        """What needs are compared with: her skills, and that she is herself."""
        try:
            known: dict[Skill, int] = self._able
        except AttributeError:
            known = {**self.skills, named(self.id): 1}
            _Kept.__setattr__(self, "_able", known)  # she is frozen
        return known
