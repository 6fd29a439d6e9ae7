"""What is said of agents who call each other. Knows shapes; no rule."""

from callcenter.model.ids import AgentId, ContactId, LegId
from callcenter.model.message import Message


class ColleagueRang(Message, frozen=True, kw_only=True):
    """An agent has called a colleague on her own phone, and the colleague's phone rings."""

    contact: ContactId
    agent: AgentId
    colleague: AgentId
    leg: LegId


class ColleagueAnswered(Message, frozen=True, kw_only=True):
    """She has answered: the two speak, until the contact ends."""

    contact: ContactId
    agent: AgentId
    colleague: AgentId
    leg: LegId
    rang_s: float


ColleagueFact = ColleagueRang | ColleagueAnswered
