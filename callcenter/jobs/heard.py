"""What a caller hears, as text: prompts by their names, with what was filled in. Knows texts; plays nothing."""

from typing import Final

from callcenter.errors import ConfigurationError
from callcenter.model.commands import PlayPrompts
from callcenter.model.configuration import Configuration
from callcenter.speech.text import PromptText

TEXT_MAX: Final = 160  # characters of one prompt: a sentence or two say which it was


def heard(configuration: Configuration, said: PlayPrompts) -> list[str]:
    """One text a prompt, in the caller's language; its name where it is a recording only."""
    return [_text(configuration, name, said) for name in said.prompts]


def _text(configuration: Configuration, name: str, said: PlayPrompts) -> str:
    prompt = configuration.prompts.get(name)
    texts = prompt.texts if prompt is not None else {}
    text = texts.get(said.language) or texts.get(said.language.partition("-")[0])
    if text is None:
        return name
    try:
        text = PromptText(text=text, language=said.language, name=name).rendered(said.variables)
    except ConfigurationError:  # it says what is not known
        return name
    text = " ".join(text.split())
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
