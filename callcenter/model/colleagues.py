"""What is said of agents who call each other. Knows shapes; no rule."""

from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.message import Message


class ColleagueRang(Message, frozen=True, kw_only=True):
    """An agent has called a colleague on her own phone, or was handed on to her, and the colleague's phone rings."""

    contact: ContactId
    agent: AgentId
    colleague: AgentId
    leg: LegId


class ColleagueAnswered(Message, frozen=True, kw_only=True):
    """She has answered: the two speak, until the contact ends or is handed on."""

    contact: ContactId
    agent: AgentId
    colleague: AgentId
    leg: LegId
    rang_s: float


class ColleagueMissed(Message, frozen=True, kw_only=True):
    """A colleague to whom a call of two agents was handed on has not answered: who sent it is rung."""

    contact: ContactId
    colleague: AgentId
    why: str


class ColleagueHeld(Message, frozen=True, kw_only=True):
    """The phone of one of the two holds, and the other hears music; or (not `held`) does not any more."""

    contact: ContactId
    agent: AgentId
    held: bool


class ColleagueTransferred(Message, frozen=True, kw_only=True):
    """One of the two has gone, and a colleague is rung for the other. `by`: who asked, or the phone."""

    contact: ContactId
    agent: AgentId  # who has gone
    stays: AgentId
    to: AgentId
    by: str


ColleagueFact = ColleagueRang | ColleagueAnswered | ColleagueMissed | ColleagueHeld | ColleagueTransferred
