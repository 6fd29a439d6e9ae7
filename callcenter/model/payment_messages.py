"""What is said about payments by the keys of a telephone: requests, events, commands, facts. Knows no digit of a card.

See `model/card.py` for where the digits are instead.
"""

from collections.abc import Mapping

from callcenter.model.card import CardPart, CardSlice, PaymentOutcome, PaymentStep
from callcenter.model.ids import AgentId, CardId, ContactId, FlowName, RequestId
from callcenter.model.message import Message

# -- events ------------------------------------------------------------------------------------------------------------


class PaymentRequested(Message, frozen=True, kw_only=True):
    """The agent who has a call lets its customer pay by her keys, in a flow; she hears nothing of it meanwhile."""

    request: RequestId
    contact: ContactId
    flow: FlowName
    by: str = ""


class PaymentCancelRequested(Message, frozen=True, kw_only=True):
    """Back to the agent, whether something was paid or not."""

    request: RequestId
    contact: ContactId
    by: str = ""


class CardChecked(Message, frozen=True, kw_only=True):
    """Whether what was typed can be (that part of) a card."""

    card: CardId
    part: CardPart
    ok: bool


class CardPosted(Message, frozen=True, kw_only=True):
    """A payment was asked for. `values` are few and short, and hold nothing of the card; `last` is four digits."""

    card: CardId
    outcome: PaymentOutcome
    values: Mapping[str, str] = {}
    last: str = ""
    detail: str = ""  # why it failed


# -- commands ----------------------------------------------------------------------------------------------------------


class CheckCard(Message, frozen=True, kw_only=True):
    """Look at a part of what was typed; `CardChecked` follows. Without `luhn` any number is one."""

    contact: ContactId
    card: CardId
    slice: CardSlice
    luhn: bool = True


class PostCard(Message, frozen=True, kw_only=True):
    """Ask an endpoint outside for a payment, once; `CardPosted` follows within `timeout_s`.

    The values of `secret_headers` are names: what they stand for is known to nobody but who sends the request.
    """

    contact: ContactId
    card: CardId
    name: str  # flow.node, by which tests and screens know it
    url: str
    timeout_s: float
    slices: tuple[CardSlice, ...]
    take: Mapping[str, str] = {}  # variable -> place in the JSON of the answer
    headers: Mapping[str, str] = {}
    secret_headers: Mapping[str, str] = {}
    body: Mapping[str, str] = {}


class ForgetCard(Message, frozen=True, kw_only=True):
    """Keep nothing of what was typed. Forgotten already counts as done."""

    contact: ContactId
    card: CardId


# -- facts -------------------------------------------------------------------------------------------------------------


class PaymentMoved(Message, frozen=True, kw_only=True):
    """How far a payment has come. `agent`: who has the call meanwhile. `last`: the last digits, once it was sent."""

    contact: ContactId
    card: CardId
    step: PaymentStep
    agent: AgentId | None = None
    last: str = ""
    detail: str = ""


class PaymentAside(Message, frozen=True, kw_only=True):
    """The customer is alone with a flow that takes a payment, or (not `began`) with her agent again."""

    contact: ContactId
    agent: AgentId
    flow: FlowName
    began: bool
    by: str = ""
    why: str = ""  # it is over, in words


PaymentRequest = PaymentRequested | PaymentCancelRequested
PaymentEvent = PaymentRequest | CardChecked | CardPosted
PaymentCommand = CheckCard | PostCard | ForgetCard
PaymentFact = PaymentMoved | PaymentAside
