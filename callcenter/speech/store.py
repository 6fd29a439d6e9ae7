"""Prompts as files that Asterisk can play. Knows prompts, languages, recordings and voices; knows no calls.

Theory: to play a prompt is to name a file. For each language that would do (the caller's, then the fallback) a recorded
file wins; else the prompt's text is filled in and spoken, unless a file of exactly these words in exactly this voice is
there already. A text is never read by a voice of another language: nobody would understand it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import structlog

from callcenter.errors import ConfigurationError, PeerFault, Problem
from callcenter.model.flow import Prompt
from callcenter.speech.cache import SoundCache
from callcenter.speech.making import MAKING_AT_ONCE, SoundMaker, key_of
from callcenter.speech.recorded import RecordedPrompts
from callcenter.speech.speakers import Speaker, SpeechFailed
from callcenter.speech.telephone import SILENCE
from callcenter.speech.text import PromptText, Value
from callcenter.speech.wav import write_wav

FALLBACK_LANGUAGE: Final = "en"

Progress = Callable[[int, int, str], None]
"""Called with how many prompts are done, how many there are, and the name of the one just done."""

log = structlog.get_logger(__name__)


class PromptUnplayable(PeerFault):
    """No recording and no voice for this prompt, in any language that would do."""


class PromptStore:
    """Gives each prompt as the path of a file. Belongs to one event loop; `open` it first and `close` it at the end."""

    def __init__(
        self,
        cache: SoundCache,
        *,
        prompts: Mapping[str, Prompt],
        speaker: Speaker | None,
        recorded: Path | None = None,
        fallback: str = FALLBACK_LANGUAGE,
    ) -> None:
        """`recorded` holds `<language>/<prompt's name>.wav`; no `speaker`: recordings are all there is.

        Raises ConfigurationError if Asterisk could not be told a path in `recorded`.
        """
        self._cache = cache
        self._prompts = prompts
        self._speaker = speaker
        self._fallback = fallback
        self._maker = SoundMaker(cache)
        self._recorded = RecordedPrompts(recorded, self._maker) if recorded is not None else None
        self._warned: set[tuple[str, str]] = set()

    async def open(self) -> None:
        """Ready the cache. Raises ConfigurationError if its folder cannot be used."""
        await asyncio.to_thread(self._cache.open)

    async def close(self) -> None:
        """Stop what is being made; whoever waits for it is cancelled."""
        await self._maker.close()

    def use(self, prompts: Mapping[str, Prompt]) -> None:
        """From now on these are the prompts (another configuration is live). `prepare` should have come before."""
        self._prompts = prompts
        self._warned.clear()

    async def media_for(self, prompt: str | Prompt, language: str, variables: Mapping[str, Value] | None = None) -> str:
        """The absolute path, without extension, of this prompt's sound: what Asterisk plays as `sound:<path>`.

        `prompt` is a name, or a prompt of the moment. At once if the sound is there; else about 25 ms for the voice and
        20 ms per second of speech, while the event loop goes on. Raises ConfigurationError (no such prompt; a variable
        missing or unfit) or PeerFault (PromptUnplayable: no voice and no recording; SpeechFailed and the like: a voice
        failed): the call should go on without.
        """
        wanted = self._named(prompt) if isinstance(prompt, str) else prompt
        for tag in _tags(language, self._fallback, wanted):
            sound = await self._recorded.find(wanted.name, tag) if self._recorded is not None else None
            if sound is None and tag in wanted.texts:
                text = PromptText(text=wanted.texts[tag], language=tag, name=wanted.name)
                sound = await self._spoken(text, variables or {})
            if sound is not None:
                if tag not in (language, _primary(language)):
                    self._warn_once("prompt in another language", wanted.name, wanted=language, given=tag)
                return str(sound.with_suffix(""))
        raise PromptUnplayable(f"prompt {wanted.name}: no recording, and no text with a voice, for {language}")

    async def prerender(self, progress: Progress | None = None) -> tuple[Problem, ...]:
        """Make every prompt without variables, in every language, so that none is spoken while a caller waits.

        They stay in the cache however full it gets. Gives what is wrong with texts, recordings and voices rather than
        raising it: a call center with a broken prompt is better than none. `progress` is told after each prompt.
        """
        return await self.prepare(self._prompts, progress)

    async def prepare(self, prompts: Mapping[str, Prompt], progress: Progress | None = None) -> tuple[Problem, ...]:
        """The same for other prompts, which are not used yet: these are now the ones that stay in the cache."""
        wanted = [(prompt, tag) for _, prompt in sorted(prompts.items()) for tag in self._languages_of(prompt)]
        problems: list[Problem] = []
        made: list[Path] = []
        done = 0

        async def make_in_turn(turns: Iterator[tuple[Prompt, str]]) -> None:
            nonlocal done
            for prompt, tag in turns:
                try:
                    sound = await self._static(prompt, tag)
                    if sound is not None:
                        made.append(sound)
                except ConfigurationError as error:
                    problems.extend(error.problems)
                except PeerFault as error:
                    problems.append(Problem(where=f"prompt {prompt.name} ({tag})", what=str(error)))
                done += 1
                if progress is not None:
                    progress(done, len(wanted), prompt.name)

        turns = iter(wanted)
        await asyncio.gather(*(make_in_turn(turns) for _ in range(MAKING_AT_ONCE)))
        self._cache.pin(sound.stem for sound in made)
        if self._recorded is not None:
            problems += self._recorded.problems()
        return tuple(sorted(problems, key=str))

    async def _static(self, prompt: Prompt, tag: str) -> Path | None:
        """The sound of a prompt without variables; None for one with variables (its text is checked all the same)."""
        recording = await self._recorded.find(prompt.name, tag) if self._recorded is not None else None
        if recording is not None or tag not in prompt.texts:
            return recording
        text = PromptText(text=prompt.texts[tag], language=tag, name=prompt.name)
        if text.variables:
            return None
        sound = await self._spoken(text, {})
        if sound is None:
            raise SpeechFailed(f"no voice speaks {tag}")
        return sound

    async def _spoken(self, text: PromptText, variables: Mapping[str, Value]) -> Path | None:
        """None if nothing speaks the text's language."""
        speaker = self._speaker
        spoken_as = next((tag for tag in (text.language, _primary(text.language)) if _speaks(speaker, tag)), None)
        if speaker is None or spoken_as is None:
            self._warn_once("no voice for a language", text.language)
            return None
        words = text.rendered(variables)

        async def speak(raw: Path) -> Path:
            await speaker.speak(words, spoken_as, raw)
            return raw

        async def keep_silent(raw: Path) -> Path:
            await asyncio.to_thread(write_wav, raw, SILENCE)
            return raw

        if not any(sign.isalnum() for sign in words):  # a voice that is given no words writes no file
            return await self._maker.sound(key_of("silence"), keep_silent)
        return await self._maker.sound(key_of("spoken", speaker.voice(spoken_as) or "", spoken_as, words), speak)

    def _named(self, name: str) -> Prompt:
        if name in self._prompts:
            return self._prompts[name]
        near = get_close_matches(name, self._prompts, n=1)
        remedy = f"did you mean `{near[0]}`?" if near else ""
        raise ConfigurationError(
            [Problem(where=f"prompt {name}", what="there is no prompt of this name", remedy=remedy)]
        )

    def _languages_of(self, prompt: Prompt) -> list[str]:
        recorded = self._recorded.languages(prompt.name) if self._recorded is not None else frozenset()
        return sorted(recorded | frozenset(prompt.texts))

    def _warn_once(self, what: str, about: str, **details: str) -> None:
        if (what, about) not in self._warned:
            self._warned.add((what, about))
            log.warning(what, about=about, **details)


def _tags(language: str, fallback: str, prompt: Prompt) -> list[str]:
    """The languages that would do, best first, each once: the one asked for, the fallback, any that there is."""
    return list(dict.fromkeys([language, _primary(language), fallback, *sorted(prompt.texts)]))


def _primary(language: str) -> str:
    """`vi` of `vi-VN`."""
    return language.split("-")[0]


def _speaks(speaker: Speaker | None, language: str) -> bool:
    return speaker is not None and speaker.voice(language) is not None
