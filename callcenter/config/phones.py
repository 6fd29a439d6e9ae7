"""The prompt by which an agent is asked for the key: built in, and may be said otherwise in prompts.yaml."""

from dataclasses import replace
from typing import Final

from callcenter.core.aside import CONFIRM_PROMPT
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Prompt

BUILT_IN: Final = Prompt(
    name=CONFIRM_PROMPT,
    texts={
        "en": "To take the call, press 1. To decline it, press 2.",
        "vi": "Nhận cuộc gọi, xin bấm phím 1. Từ chối, xin bấm phím 2.",
    },
)


def with_phones(configuration: Configuration) -> Configuration:
    """The same, with the prompt. No queue need want it: an agent's own phone may."""
    return replace(configuration, prompts={BUILT_IN.name: BUILT_IN, **configuration.prompts})
