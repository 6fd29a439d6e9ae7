"""Messages in a drawn call center: which mailboxes lead to agents, and how. Knows configuration; runs nothing."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from callcenter.model.configuration import Configuration
from callcenter.model.mail import Mailbox, MailRoute
from callcenter.model.need import ANYBODY


def with_mail(random: Random, configuration: Configuration, mailboxes: Sequence[str]) -> Configuration:
    """The configuration, in which agents are rung for what is left in some of the mailboxes."""
    queues = sorted(configuration.queues)
    routed = {
        name: Mailbox(
            name=name,
            route=MailRoute(
                queue=random.choice(queues),
                needs=random.choice((None, None, ANYBODY)),
                priority=random.choice((None, 10, 0, 80)),
                retry_after_s=random.choice((5.0, 20.0, 60.0)),
            )
            if random.random() < 0.7
            else None,
        )
        for name in mailboxes
    }
    return replace(configuration, mailboxes=routed)
