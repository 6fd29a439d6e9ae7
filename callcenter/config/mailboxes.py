"""The flows of mailboxes that queues overflow into. Knows the two nodes such a flow is made of; reads no file.

A queue may say `overflow: {voicemail: NAME}` without a flow being written for it: one is made here, which says the
prompt `leave_message` (if there is one), records, says `message_taken`, and hangs up.
"""

from dataclasses import replace

from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow
from callcenter.model.queue import Overflow, mailbox_flow
from callcenter.nodes.fields import NextNode, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.voicemail import Voicemail


def with_mailboxes(configuration: Configuration) -> Configuration:
    """The configuration with a flow for every mailbox that a queue names."""
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
    return replace(configuration, flows={**configuration.flows, **made}) if made else configuration
