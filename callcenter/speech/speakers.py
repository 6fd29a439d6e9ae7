"""Voices: programs that turn words into a WAV file. Knows their command lines; knows no prompts, cache or Asterisk.

A voice is always another program: espeak-ng and piper are under the GPL, and a crash or a hang of theirs must not be
ours. The words go to its standard input, never to its command line, where every user of the machine could read a
caller's number. Whoever starts us says where the programs are; only piper, which is the user's own, is looked for.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

from callcenter.errors import ConfigurationError, PeerFault, Problem

ESPEAK_TIMEOUT_S: Final = 10.0
"""espeak-ng needs about 25 ms for a sentence."""
PIPER_TIMEOUT_S: Final = 30.0
"""piper loads its model at each start: about a second."""
ASK_TIMEOUT_S: Final = 10.0
SPEED_WORDS_PER_MINUTE: Final = 150
"""Slower than espeak-ng's own 175: a telephone takes away the consonants."""
_NO_SOUND_SERVER: Final = {"PULSE_SERVER": "unix:/dev/null", "PULSE_RUNTIME_PATH": "/dev/null"}
"""espeak-ng greets the desktop's sound server even when it writes to a file, and leaves folders in /tmp and HOME."""
VOICES_VARIABLE: Final = "ESPEAK_DATA_PATH"
ESPEAK_VOICES: Final[Mapping[str, str]] = {"en": "en-us", "vi": "vi"}


class SpeechFailed(PeerFault):
    """A voice was asked and gave no sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to start a program: the beginning of its argument list, its whole environment, and where."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path | None = None  # that it runs in; None is ours


class Speaker(Protocol):
    """Speaks text into WAV files."""

    def voice(self, language: str) -> str | None:
        """What speaks `language`, in words that change when its sound changes; None: nothing does."""
        ...

    async def speak(self, text: str, language: str, into: Path) -> None:
        """Write `text`, spoken, to the WAV file `into` (any rate). Raises SpeechFailed."""
        ...


class EspeakSpeaker:
    """espeak-ng: small, quick, a robot's voice, in English and Vietnamese (and a hundred more languages)."""

    def __init__(self, program: Program, voices: Mapping[str, str], version: str) -> None:
        """`voices`: language -> espeak-ng's name of a voice. Ordinarily made by `open`, which asks what is there."""
        self._program = program
        self._voices = dict(voices)
        self._version = version

    @classmethod
    async def open(cls, program: Program, voices: Mapping[str, str] = ESPEAK_VOICES) -> "EspeakSpeaker":
        """Ask the program for its version and try each voice; a voice that it does not have is left out.

        Raises ConfigurationError if the program does not run.
        """
        program = _near_its_voices(Program(argv=program.argv, environment={**program.environment, **_NO_SOUND_SERVER}))
        try:
            asked = await _run(program, ["--version"], b"", ASK_TIMEOUT_S)
            if asked.code != 0 or "eSpeak" not in asked.output:
                raise SpeechFailed(f"`{program.argv[-1]} --version` is not espeak-ng's: {asked.output[:200]!r}")
            there = {}
            for language, voice in voices.items():
                tried = await _run(program, ["-q", "-b", "1", "-v", voice, "--stdin"], b"a", ASK_TIMEOUT_S)
                if tried.code == 0:
                    there[language] = voice
        except SpeechFailed as error:
            raise ConfigurationError([_no_espeak(str(error))]) from error
        return cls(program, there, asked.output.split("Data at")[0].strip())

    def voice(self, language: str) -> str | None:
        if language not in self._voices:
            return None
        return f"{self._version} {self._voices[language]} {SPEED_WORDS_PER_MINUTE}"

    async def speak(self, text: str, language: str, into: Path) -> None:
        if language not in self._voices:
            raise SpeechFailed(f"espeak-ng has no voice for {language!r}")
        written = _seen_from(self._program.folder, into)
        options = ["-b", "1", "-v", self._voices[language], "-s", str(SPEED_WORDS_PER_MINUTE)]
        done = await _run(self._program, [*options, "-w", written, "--stdin"], text.encode(), ESPEAK_TIMEOUT_S)
        _check(done, "espeak-ng", into)


class PiperSpeaker:
    """piper: a natural voice from a neural model, a second or so for a sentence. An optional program of the user's."""

    def __init__(self, program: Program, models: Mapping[str, Path]) -> None:
        """`models`: language -> the voice's .onnx file. Ordinarily made by `open`, which checks both."""
        self._program = program
        self._models = dict(models)
        self._names = {language: f"piper {path.name} {path.stat().st_size}" for language, path in models.items()}

    @classmethod
    async def open(cls, program: Program, models: Mapping[str, Path]) -> "PiperSpeaker":
        """Check that the program is piper (Debian has another of that name) and that every model is there.

        Raises ConfigurationError, which lists everything that is missing.
        """
        problems = [
            Problem(where=f"speech: piper voice for {language}", what=f"{path} does not exist", remedy=remedy)
            for language, model in sorted(models.items())
            for path, remedy in (
                (model, "name the .onnx file of a downloaded voice"),
                (model.with_name(model.name + ".json"), "a voice is two files, .onnx and .onnx.json"),
            )
            if not path.is_file()
        ]
        try:
            asked = await _run(program, ["--help"], b"", ASK_TIMEOUT_S)
            if "--model" not in asked.output:
                problems.append(_no_piper(f"`{' '.join(program.argv)} --help` is not the speech program piper"))
        except SpeechFailed as error:
            problems.append(_no_piper(str(error)))
        if problems:
            raise ConfigurationError(problems)
        return cls(program, models)

    def voice(self, language: str) -> str | None:
        return self._names.get(language)

    async def speak(self, text: str, language: str, into: Path) -> None:
        if language not in self._models:
            raise SpeechFailed(f"piper has no voice for {language!r}")
        options = ["--model", str(self._models[language]), "--output_file", str(into)]
        one_line = " ".join(text.split()) + "\n"  # each line is an utterance of its own, and the last would win
        done = await _run(self._program, options, one_line.encode(), PIPER_TIMEOUT_S)
        _check(done, "piper", into)


class SpeakerByLanguage:
    """Each language spoken by a speaker of its own."""

    def __init__(self, speakers: Mapping[str, Speaker]) -> None:
        self._speakers = dict(speakers)

    def voice(self, language: str) -> str | None:
        return self._speakers[language].voice(language) if language in self._speakers else None

    async def speak(self, text: str, language: str, into: Path) -> None:
        if language not in self._speakers:
            raise SpeechFailed(f"nothing speaks {language!r}")
        await self._speakers[language].speak(text, language, into)


def find_piper(environment: Mapping[str, str]) -> Program | None:
    """piper as a module of this Python, else on the PATH of `environment`; None if it is in neither place.

    The module first: a program of that name may also be Debian's settings for gaming mice.
    """
    if find_spec("piper") is not None:
        return Program(argv=(sys.executable, "-m", "piper"), environment=environment)
    found = shutil.which("piper", path=environment.get("PATH", ""))
    return Program(argv=(found,), environment=environment) if found is not None else None


async def open_speaker(
    voices: Mapping[str, str], *, espeak: Program | None, piper: Program | None, piper_voices: Path | None = None
) -> SpeakerByLanguage:
    """The speaker that a `voices` setting asks for: language -> "espeak:vi", or "piper:en_US-joe-medium".

    A voice without a colon is espeak-ng's. A piper voice is a path, or a name in the folder `piper_voices`; with or
    without `.onnx`. None for a program says that the machine has none. Raises ConfigurationError with every problem: a
    voice of a program that is not there, an unknown program, a missing model. An espeak-ng voice that does not exist
    is no error: that language has no voice, and prompts fall back to another.
    """
    problems: list[Problem] = []
    by_program: dict[str, dict[str, str]] = {"espeak": {}, "piper": {}}
    for language, setting in sorted(voices.items()):
        program, _, voice = setting.partition(":") if ":" in setting else ("espeak", ":", setting)
        if program not in by_program or not voice or voice.startswith("-"):
            where = f"speech.voices.{language}"
            problems.append(Problem(where=where, what=f"{setting!r} is no voice", remedy="espeak:NAME or piper:NAME"))
        else:
            by_program[program][language] = voice
    speakers: dict[str, Speaker] = {}
    models = {tag: _model_path(voice, piper_voices) for tag, voice in by_program["piper"].items()}
    opened = await asyncio.gather(
        _open_espeak(espeak, by_program["espeak"]), _open_piper(piper, models), return_exceptions=True
    )
    for outcome in opened:
        if isinstance(outcome, ConfigurationError):
            problems += outcome.problems
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            speakers |= outcome
    if problems:
        raise ConfigurationError(problems)
    return SpeakerByLanguage(speakers)


async def _open_espeak(program: Program | None, voices: Mapping[str, str]) -> dict[str, Speaker]:
    if not voices:
        return {}
    if program is None:
        raise ConfigurationError([_no_espeak("not found on this machine")])
    return dict.fromkeys(voices, await EspeakSpeaker.open(program, voices))


async def _open_piper(program: Program | None, models: Mapping[str, Path]) -> dict[str, Speaker]:
    if not models:
        return {}
    if program is None:
        raise ConfigurationError([_no_piper("not found on this machine")])
    return dict.fromkeys(models, await PiperSpeaker.open(program, models))


def _no_espeak(what: str) -> Problem:
    return Problem(where="speech: espeak-ng", what=what, remedy="install the package espeak-ng")


def _no_piper(what: str) -> Problem:
    remedy = "install piper-tts (pip install piper-tts), or set an espeak voice"
    return Problem(where="speech: piper", what=what, remedy=remedy)


def _near_its_voices(program: Program) -> Program:
    """The program, run where its voices are: espeak-ng cuts their path off at 160 bytes, and that of a WAV at 200."""
    voices = program.environment.get(VOICES_VARIABLE, "")
    if not os.path.isabs(voices):
        return program
    folder = Path(voices)
    return Program(
        argv=program.argv, environment={**program.environment, VOICES_VARIABLE: folder.name}, folder=folder.parent
    )


def _seen_from(folder: Path | None, file: Path) -> str:
    return str(file) if folder is None else os.path.relpath(file.resolve(), folder.resolve())


def _model_path(voice: str, folder: Path | None) -> Path:
    file_name = voice if voice.endswith(".onnx") else f"{voice}.onnx"
    return (folder or Path()) / file_name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    code: int
    output: str  # both streams


async def _run(program: Program, options: Sequence[str], typed: bytes, within_s: float) -> _Ended:
    """Run to the end with `typed` as its standard input. However this ends, the program has ended.

    Raises SpeechFailed if it cannot be started or takes longer than `within_s`.
    """
    try:
        started = await asyncio.create_subprocess_exec(
            *program.argv,
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,  # a wrapper script and what it started are ended together
        )
    except OSError as error:
        raise SpeechFailed(f"{program.argv[0]}: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(within_s):
            output, _ = await started.communicate(typed)
    except TimeoutError:
        raise SpeechFailed(f"{program.argv[0]}: not done within {within_s:g} s") from None
    finally:
        if started.returncode is None:
            with suppress(ProcessLookupError):  # it ended just now
                os.killpg(started.pid, signal.SIGKILL)
            await started.wait()
    return _Ended(code=started.returncode or 0, output=output.decode(errors="replace"))


def _check(ended: _Ended, name: str, into: Path) -> None:
    """espeak-ng ends with 0 even when it could not write, so the file counts, not the code alone."""
    if ended.code != 0 or not into.is_file():
        last_lines = " / ".join(ended.output.strip().splitlines()[-2:])
        raise SpeechFailed(
            f"{name} ended with {ended.code} and {'a' if into.is_file() else 'no'} file: {last_lines[:400]}"
        )
