"""mailboxes.yaml: who hears what is left in a mailbox; and the flows of mailboxes that queues overflow into.

A queue may say `overflow: {voicemail: NAME}` without a flow being written for it: one is made here, which says the
prompt `leave_message` (if there is one), records, says `message_taken`, and hangs up. What agents hear who are played a
message has texts here too, in English and Vietnamese; a prompt of the same name in prompts.yaml wins.
"""

from dataclasses import replace
from functools import cache
from typing import Annotated, Final

from annotated_types import Interval

from callcenter.config.form import Form
from callcenter.config.sheet import Sheet, shown
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow, Prompt
from callcenter.model.mail import FROM_PROMPT, KEYS_PROMPT, REFUSED_PROMPT, Mailbox, MailRoute
from callcenter.model.queue import PRIORITY_MAX, PRIORITY_MIN, Overflow, mailbox_flow
from callcenter.nodes.fields import WORD_PATTERN, NextNode, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.voicemail import Voicemail

RETRY_MIN_S: Final = 10.0
RETRY_MAX_S: Final = 7 * 86_400.0
KEYS: Final = ("route",)

BUILT_IN: Final = (
    Prompt(
        name=FROM_PROMPT,
        texts={
            "en": "A message from {{ caller | telephone }}, left {{ minutes_ago | minutes }} ago.",
            "vi": "Lời nhắn từ số {{ caller | telephone }}, để lại cách đây {{ minutes_ago | minutes }}.",
        },
    ),
    Prompt(
        name=KEYS_PROMPT,
        texts={
            "en": "To hear it again, press 1. To call the customer back now, press 2. When it is done, press hash.",
            "vi": "Nghe lại, xin bấm phím 1. Gọi lại cho khách ngay, bấm phím 2. Nếu đã xong, bấm phím thăng.",
        },
    ),
    Prompt(
        name=REFUSED_PROMPT,
        texts={
            "en": "This number cannot be called back from here. To hear the message again, press 1. If it is done, "
            "press the hash key.",
            "vi": "Không thể gọi lại số này từ đây. Nghe lại lời nhắn, xin bấm phím 1. Nếu đã xong, bấm phím thăng.",
        },
    ),
)
"""What an agent hears who is played a message."""


@cache
def route_form() -> Form[MailRoute]:
    """How a route is read."""
    return Form(
        MailRoute,
        instead={
            "priority": Annotated[int, Interval(ge=PRIORITY_MIN, le=PRIORITY_MAX)],
            "retry_after_s": Annotated[float, Interval(ge=RETRY_MIN_S, le=RETRY_MAX_S)],
        },
    )


def read_mailboxes(sheet: Sheet) -> dict[str, Mailbox]:
    """Every mailbox that can be used; the others' problems are on the sheet."""
    found: dict[str, Mailbox] = {}
    for name, value in sheet.table((), sheet.tree.root).items():
        if not WORD_PATTERN.fullmatch(name):
            sheet.wrong((name,), f"{shown(name)} cannot name a mailbox", "letters, digits, _ and -", at_key=True)
        table = sheet.table((name,), value)
        sheet.only(table, KEYS)
        route = None
        if table.get("route") is not None:
            route = route_form().read(sheet, sheet.table((name, "route"), table["route"]))
        found[name] = Mailbox(name=name, route=route)
    return found


def with_mailboxes(configuration: Configuration) -> Configuration:
    """The configuration with a flow for every mailbox that a queue names, and with the prompts of messages."""
    mailboxes = sorted(
        {
            target.name
            for queue in configuration.queues.values()
            for target in (queue.overflow, queue.no_agents, queue.at_close)
            if target is not None and target.to is Overflow.VOICEMAIL
        }
    )
    prompts = configuration.prompts
    made = {
        mailbox_flow(mailbox): Flow(
            name=mailbox_flow(mailbox),
            start="message",
            nodes={
                "message": Voicemail(
                    mailbox=Word(mailbox),
                    greeting=prompts.get("leave_message"),
                    done=NextNode("thanks"),
                    nothing=NextNode("goodbye"),
                ),
                "thanks": Hangup(prompt=prompts.get("message_taken"), reason=Ending.VOICEMAIL),
                "goodbye": Hangup(prompt=prompts.get("goodbye")),
            },
        )
        for mailbox in mailboxes
    }
    if any(mailbox.route is not None for mailbox in configuration.mailboxes.values()):
        configuration = replace(configuration, prompts={**{one.name: one for one in BUILT_IN}, **prompts})
    return replace(configuration, flows={**configuration.flows, **made}) if made else configuration
