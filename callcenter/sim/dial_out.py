"""Whether the agents of a seed may call from their own phones. Drawn apart, so that a seed keeps the center it has."""

from dataclasses import replace
from random import Random
from typing import Final

from callcenter.model.configuration import Configuration

SHARE: Final = 0.6  # of the seeds with a queue that calls back


def with_dial_out(random: Random, configuration: Configuration) -> Configuration:
    """The configuration with a queue for which agents call, or as it is."""
    calling = sorted(name for name, queue in configuration.queues.items() if queue.callback is not None)
    if not calling or random.random() >= SHARE:
        return configuration
    return replace(configuration, dial_out=random.choice(calling))
