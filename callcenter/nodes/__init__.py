"""The steps a flow is made of. One file per kind, and one line here.

A kind is a frozen dataclass: its fields are the keys a flow's YAML may have, its types say what they may hold (see
`fields`), and what it does follows from nothing but the visit and the input. Exits are named after the key that holds
the next node ("no_input", "choices.1"), so that a journal can be read with the flow beside it.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.model.flow import Node
from callcenter.nodes.agent import AgentRequest
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.check import Check
from callcenter.nodes.collect import Collect
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.hours import Hours
from callcenter.nodes.kind import Kind
from callcenter.nodes.language import Speak
from callcenter.nodes.leave import LeaveFlow
from callcenter.nodes.lookup import Lookup
from callcenter.nodes.menu import Menu
from callcenter.nodes.outcome import RecordOutcome
from callcenter.nodes.payment import Payment
from callcenter.nodes.play import Play
from callcenter.nodes.record import Record
from callcenter.nodes.return_to_flow import Return
from callcenter.nodes.script import Script
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.subflow import Subflow
from callcenter.nodes.survey import AskSurvey
from callcenter.nodes.transfer import Transfer
from callcenter.nodes.voicemail import Voicemail

NODES: Final[Mapping[str, type[Kind]]] = {
    "play": Play,
    "menu": Menu,
    "collect": Collect,
    "hours": Hours,
    "check": Check,
    "enqueue": Enqueue,
    "callback": CallMeBack,
    "transfer": Transfer,
    "hangup": Hangup,
    "language": Speak,
    "set": SetVariables,
    "voicemail": Voicemail,
    "agent": AgentRequest,
    "leave": LeaveFlow,
    "return": Return,
    "subflow": Subflow,
    "lookup": Lookup,
    "script": Script,
    "record": Record,
    "survey": AskSurvey,
    "outcome": RecordOutcome,
    "payment": Payment,
}

BESIDE_TALK: Final = frozenset(
    {"play", "menu", "collect", "hours", "check", "language", "set", "lookup", "payment", "return", "hangup"}
)
"""Kinds that can run while an agent has the call: none of them leads it elsewhere. `hangup` gives it back to her."""

__all__ = ["BESIDE_TALK", "NODES", "Kind"]


def keeps(node: Node, key: str) -> bool:
    """Whether a key that is pressed there is the node's. What only speaks leaves it to others, as does a menu without
    it."""
    if isinstance(node, Menu):
        return key in node.choices
    return not isinstance(node, Play | Hangup)
