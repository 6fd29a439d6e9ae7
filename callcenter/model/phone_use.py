"""What is told and said of agents' phones that are in use, by our calls or by others. Knows shapes; no rule."""

from callcenter.model.ids import AgentId
from callcenter.model.message import Message


class PhoneUsed(Message, frozen=True, kw_only=True):
    """A phone has a call, or rings, or (not `used`) does not any more; whose call that is, Asterisk does not say."""

    number: str
    used: bool


class PhonesListed(Message, frozen=True, kw_only=True):
    """Every phone that has a call or rings now; the others do not."""

    used: tuple[str, ...]


class PhoneUsedOutside(Message, frozen=True, kw_only=True):
    """An agent's phone is in use by a call that is none of ours: she is offered nothing; or (not `used`) is again."""

    agent: AgentId
    used: bool


PhoneUse = PhoneUsed | PhonesListed
