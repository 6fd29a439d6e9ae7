"""What the law has to do with callbacks: asked about one, answered, and told what came of it. Knows shapes only.

An attempt is known by its leg's id from the moment at which the law is asked, as a campaign's is.
"""

from callcenter.model.ids import ContactId, LegId, QueueName
from callcenter.model.law import Invitation
from callcenter.model.lead import Outcome
from callcenter.model.message import Message


class JudgeCallback(Message, frozen=True, kw_only=True):
    """Have the law judge a callback at this moment; `CallbackJudged` follows. Personal.

    A `first_look` is before anybody is rung for it: only its refusal is written down. Else the attempt is written too.
    """

    contact: ContactId
    leg: LegId
    queue: QueueName
    number: str  # as it is dialled
    law: tuple[str, ...]
    caller_id: str
    ring_s: float
    agent_ready: bool
    invited: Invitation | None = None
    first_look: bool = False


def allowed_by_nobody(asked: JudgeCallback) -> "CallbackJudged":
    """The answer where nobody judges: in simulations and rehearsals, which dial nobody."""
    return CallbackJudged(
        contact=asked.contact, leg=asked.leg, queue=asked.queue, allowed=True, first_look=asked.first_look
    )


class SettleCallback(Message, frozen=True, kw_only=True):
    """Write what came of an attempt that was written, as often as it takes. Void: it was not dialled after all."""

    contact: ContactId
    queue: QueueName
    attempt: LegId
    outcome: Outcome
    at: float
    answered_at: float | None = None


class CallbackJudged(Message, frozen=True, kw_only=True):
    """The answer to `JudgeCallback`. Only what is `allowed`, and was no first look, may be dialled: on that leg."""

    contact: ContactId
    leg: LegId
    queue: QueueName
    allowed: bool
    first_look: bool = False
    why: str = ""  # what was against it
    next_at: float | None = None  # refused: from when it will be allowed; None: somebody has to act
    for_good: bool = False  # no time heals it: a list of the house, no number
    unjudged: bool = False  # nobody could judge: Postgres is away
