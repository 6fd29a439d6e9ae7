"""The prompt by which an agent is told that she is monitored: built in, and may be said otherwise in prompts.yaml."""

from dataclasses import replace
from typing import Final

from callcenter.core.monitoring import TOLD_PROMPT
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Prompt

BUILT_IN: Final = Prompt(
    name=TOLD_PROMPT,
    texts={"en": "A supervisor is on the line.", "vi": "Giám sát viên đang theo dõi cuộc gọi."},
)


def with_supervision(configuration: Configuration) -> Configuration:
    """The same, with the prompt where a queue tells its agents."""
    if not any(queue.tell_monitored for queue in configuration.queues.values()):
        return configuration
    return replace(configuration, prompts={BUILT_IN.name: BUILT_IN, **configuration.prompts})
