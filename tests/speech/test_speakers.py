"""Voices: the command lines they are started with, and what happens when they do not do what they should.

The programs here are small scripts that take the same options as the real ones; the real ones are in
`test_espeak_live.py`.
"""

import asyncio
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from callcenter.errors import ConfigurationError
from callcenter.speech.speakers import (
    EspeakSpeaker,
    PiperSpeaker,
    Program,
    Speaker,
    SpeakerByLanguage,
    SpeechFailed,
    find_piper,
    open_speaker,
)

LIMIT_S = 20.0

ESPEAK = """
import json, os, pathlib, sys
options = sys.argv[1:]
if "--version" in options:
    print("eSpeak NG text-to-speech: 9.9  Data at: /somewhere")
    sys.exit(0)
if options[options.index("-v") + 1] not in ("en-us", "vi"):
    sys.exit("Error: The specified espeak-ng voice does not exist.")
text = sys.stdin.buffer.read().decode()
if "-w" in options and text != "write nothing":
    if text == "fail":
        sys.exit("something broke")
    if text == "hang":
        import time
        pathlib.Path(options[options.index("-w") + 1]).with_suffix(".pid").write_text(str(os.getpid()))
        time.sleep(1000)
    told = {"options": options, "text": text, "environment": dict(os.environ)}
    pathlib.Path(options[options.index("-w") + 1]).write_text(json.dumps(told))
"""

PIPER = """
import json, pathlib, sys
options = sys.argv[1:]
if "--help" in options:
    print("usage: piper [-h] -m MODEL  --model MODEL --output_file FILE")
    sys.exit(0)
told = {"options": options, "lines": sys.stdin.buffer.read().decode().splitlines()}
pathlib.Path(options[options.index("--output_file") + 1]).write_text(json.dumps(told))
"""

MOUSE_SETTINGS = "print('usage: piper [-h]  configures gaming mice')"


def program(script: str, **environment: str) -> Program:
    return Program(argv=(sys.executable, "-c", script), environment=environment)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "voices" / "en_US-test.onnx"
    path.parent.mkdir()
    path.write_bytes(b"network")
    path.with_name("en_US-test.onnx.json").write_text("{}")
    return path


async def test_espeak_is_told_the_words_on_its_input_and_nowhere_else(tmp_path: Path) -> None:
    speaker = await EspeakSpeaker.open(program(ESPEAK, ESPEAK_DATA_PATH=str(tmp_path / "data")))
    into = tmp_path / "made" / "a.wav"
    into.parent.mkdir()
    words = "-w /tmp/x Xin chào, số của quý khách là 0912"
    await speaker.speak(words, "vi", into)
    told = json.loads(into.read_text())
    assert told["text"] == words
    assert told["options"] == ["-b", "1", "-v", "vi", "-s", "150", "-w", "made/a.wav", "--stdin"]
    assert told["environment"]["ESPEAK_DATA_PATH"] == "data", "short, and seen from where it runs"
    assert told["environment"]["PULSE_SERVER"] == "unix:/dev/null"
    assert "HOME" not in told["environment"]


async def test_a_voice_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    speaker = await EspeakSpeaker.open(program(ESPEAK), {"en": "en-us", "vi": "vi-lost"})
    assert speaker.voice("en") == "eSpeak NG text-to-speech: 9.9 en-us 150"
    assert speaker.voice("vi") is None
    assert speaker.voice("fr") is None
    for language in ("vi", "fr"):
        with pytest.raises(SpeechFailed, match=language):
            await speaker.speak("a", language, tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("text", "reason"), [("fail", "ended with 1 and no file: something broke"), ("write nothing", "with 0 and no file")]
)
async def test_a_voice_that_gives_no_file_has_failed(tmp_path: Path, text: str, reason: str) -> None:
    speaker = await EspeakSpeaker.open(program(ESPEAK))
    with pytest.raises(SpeechFailed, match=reason):
        await speaker.speak(text, "en", tmp_path / "a.wav")


async def test_a_voice_that_hangs_is_ended_when_nobody_waits(tmp_path: Path) -> None:
    speaker = await EspeakSpeaker.open(program(ESPEAK))
    os.mkfifo(tmp_path / "a.pid")
    fifo = os.open(tmp_path / "a.pid", os.O_RDWR | os.O_NONBLOCK)
    started = asyncio.Event()
    asyncio.get_running_loop().add_reader(fifo, started.set)
    try:
        speaking = asyncio.create_task(speaker.speak("hang", "en", tmp_path / "a.wav"))
        await asyncio.wait_for(started.wait(), LIMIT_S)
        pid = int(os.read(fifo, 100))
    finally:
        asyncio.get_running_loop().remove_reader(fifo)
        os.close(fifo)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(speaking, LIMIT_S)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    "broken",
    [
        Program(argv=("/nonexistent/espeak-ng",), environment={}),
        Program(argv=(sys.executable, "-c", "print('hello')"), environment={}),
        Program(argv=(sys.executable, "-c", "raise SystemExit(3)"), environment={}),
    ],
)
async def test_a_program_that_is_not_espeak_is_a_problem_of_the_configuration(broken: Program) -> None:
    with pytest.raises(ConfigurationError, match=r"speech: espeak-ng: .*install the package espeak-ng"):
        await EspeakSpeaker.open(broken)


async def test_piper_is_given_one_line_and_its_model(tmp_path: Path, model: Path) -> None:
    speaker = await PiperSpeaker.open(program(PIPER), {"en": model})
    into = tmp_path / "a.wav"
    await speaker.speak("Welcome.\nHow can we help?", "en", into)
    told = json.loads(into.read_text())
    assert told == {
        "options": ["--model", str(model), "--output_file", str(into)],
        "lines": ["Welcome. How can we help?"],
    }
    assert speaker.voice("en") == "piper en_US-test.onnx 7"
    assert speaker.voice("vi") is None


async def test_everything_that_piper_lacks_is_said_at_once(tmp_path: Path, model: Path) -> None:
    model.with_name(model.name + ".json").unlink()
    with pytest.raises(ConfigurationError) as caught:
        await PiperSpeaker.open(program(MOUSE_SETTINGS), {"en": model, "vi": tmp_path / "none.onnx"})
    wheres = [problem.where for problem in caught.value.problems]
    assert wheres == ["speech: piper voice for en", *["speech: piper voice for vi"] * 2, "speech: piper"]
    assert "is not the speech program piper" in str(caught.value)


def test_piper_is_found_on_the_path(tmp_path: Path) -> None:
    if find_spec("piper") is not None:
        pytest.skip("piper is a module of this Python, which comes first")
    assert find_piper({"PATH": str(tmp_path)}) is None
    assert find_piper({}) is None
    program = tmp_path / "piper"
    program.touch(mode=0o755)
    assert find_piper({"PATH": str(tmp_path)}) == Program(argv=(str(program),), environment={"PATH": str(tmp_path)})


async def test_each_language_has_the_voice_it_is_set_to(tmp_path: Path, model: Path) -> None:
    voices = {"en": "piper:en_US-test", "vi": "vi", "en-GB": "espeak:en-us", "fr": "espeak:lost"}
    speaker = await open_speaker(voices, espeak=program(ESPEAK), piper=program(PIPER), piper_voices=model.parent)
    assert speaker.voice("en") == "piper en_US-test.onnx 7"
    assert speaker.voice("vi") == "eSpeak NG text-to-speech: 9.9 vi 150"
    assert speaker.voice("en-GB") == "eSpeak NG text-to-speech: 9.9 en-us 150"
    assert speaker.voice("fr") is speaker.voice("de") is None
    for language in ("en", "vi"):
        await speaker.speak("Hello", language, tmp_path / f"{language}.wav")
        assert (tmp_path / f"{language}.wav").exists()
    with pytest.raises(SpeechFailed, match="'de'"):
        await speaker.speak("Hallo", "de", tmp_path / "de.wav")


async def test_only_what_is_set_must_be_there(model: Path) -> None:
    await open_speaker({"en": "en-us"}, espeak=program(ESPEAK), piper=None)
    await open_speaker({"en": f"piper:{model}"}, espeak=None, piper=program(PIPER))
    await open_speaker({}, espeak=None, piper=None)


async def test_every_wrong_voice_setting_is_said_at_once() -> None:
    voices = {"en": "piper:en_US-test", "vi": "vi", "fr": "festival:marie", "de": "espeak:", "it": "espeak:-w/tmp/x"}
    with pytest.raises(ConfigurationError) as caught:
        await open_speaker(voices, espeak=None, piper=None)
    assert [problem.where for problem in caught.value.problems] == [
        *("speech.voices.de", "speech.voices.fr", "speech.voices.it"),
        *("speech: espeak-ng", "speech: piper"),
    ]


def test_they_are_all_speakers(model: Path) -> None:
    speakers: list[Speaker] = [
        EspeakSpeaker(program(ESPEAK), {}, ""),
        PiperSpeaker(program(PIPER), {}),
        SpeakerByLanguage({}),
    ]
    assert [speaker.voice("en") for speaker in speakers] == [None, None, None]
