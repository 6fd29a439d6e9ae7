"""prompts.yaml: name -> language -> text. Knows languages and variables; the template language is that of `speech`."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from pydantic_core import PydanticCustomError

from callcenter.config.fields import NAME_PATTERN, read_texts
from callcenter.config.sheet import PromptPlace, Sheet, did_you_mean
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.flow import Prompt
from callcenter.nodes.fields import CALLER, DIALLED
from callcenter.speech.text import PromptText

OF_THE_QUEUE: Final = ("position", "wait_s", "wait_low_min", "wait_high_min")
"""What the announcements of a queue may say (model.queue.Announcements)."""
OF_A_CALLBACK: Final = ("callback_number", "waited_s", "note")
"""What may be said about a callback: to the customer, and to the agent before she is called."""

OF_AN_OFFER: Final = ("queue", "language", "needs", "waited_s")
"""What may be said to an agent before a caller (core.aside)."""
OF_A_MESSAGE: Final = ("minutes_ago", "message_s")
"""What may be said to an agent about a message that a caller left."""


def read_prompts(sheet: Sheet) -> dict[str, PromptPlace]:
    """Every prompt that has a name. One without texts is recorded only."""
    found: dict[str, PromptPlace] = {}
    for name, value in sheet.table((), sheet.tree.root).items():
        if not NAME_PATTERN.fullmatch(name):
            sheet.wrong(
                (name,), f"`{name}` cannot name a prompt", "a letter, then letters, digits, _ and -", at_key=True
            )
        try:
            texts = read_texts(sheet.table((name,), value))
        except PydanticCustomError as error:
            context = error.context or {}
            sheet.wrong((name, *context["at"]), context["what"], context["remedy"])
            texts = {}
        found[name] = PromptPlace(prompt=Prompt(name=name, texts=texts), tree=sheet.tree, path=(name,))
    return found


def text_problems(
    prompts: Iterable[PromptPlace],
    *,
    languages: Collection[str],
    variables: Collection[str] | None,
    secrets: Collection[str],
) -> Iterator[Problem]:
    """What is wrong with prompts, seen together with what else is configured.

    `languages` are those that callers may come to hear: a prompt that lacks one would be silence. `variables` are those
    that some flow sets (None: not known). Others may come from the dialplan, so only what looks misspelt is a problem.
    `secrets` must not be said aloud.
    """
    known = {*(variables or ()), CALLER, DIALLED, *OF_THE_QUEUE, *OF_A_CALLBACK, *OF_A_MESSAGE, *OF_AN_OFFER}
    for place in prompts:
        texts = place.prompt.texts
        lacking = sorted(tag for tag in languages if tag not in texts and tag.split("-")[0] not in texts)
        if texts and lacking:
            what = f"no text in {', '.join(lacking)}, which callers may hear"
            yield place.tree.problem(place.path, what, f"add {lacking[0]}: ...", at_key=True)
        for language, text in texts.items():
            for name in sorted(_variables(text, language)):
                path = (*place.path, language)
                if name in secrets:
                    yield place.tree.problem(path, f"`{name}` is collected masked and must not be said")
                elif variables is not None and name not in known:
                    remedy = did_you_mean(name, known)
                    if remedy.startswith("did you mean"):
                        yield place.tree.problem(path, f"nothing sets `{name}`", remedy)


def _variables(text: str, language: str) -> frozenset[str]:
    try:
        return PromptText(text=text, language=language).variables
    except ConfigurationError:  # told where the text was read
        return frozenset()
