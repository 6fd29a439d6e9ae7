"""The real espeak-ng: from the words of a prompt to a file that Asterisk plays, in both languages."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.embedded.programs import find_tool
from callcenter.model.flow import Prompt
from callcenter.speech.cache import SoundCache
from callcenter.speech.speakers import EspeakSpeaker, Program, SpeechFailed
from callcenter.speech.store import PromptStore
from callcenter.speech.telephone import LOUDNESS_DBFS
from callcenter.speech.wav import inspect_wav, read_header, read_wav

pytestmark = pytest.mark.live

PROMPTS = {
    "welcome": Prompt(name="welcome", texts={"en": "Welcome to our hotline.", "vi": "Xin chào quý khách."}),
    "position": Prompt(
        name="position",
        texts={
            "en": "{{ position | position }}. Please wait about {{ wait_s | minutes }}.",
            "vi": "{{ position | position }}. Xin vui lòng chờ khoảng {{ wait_s | minutes }}.",
        },
    ),
}


@pytest.fixture(scope="session")
def espeak(tmp_path_factory: pytest.TempPathFactory) -> Program:
    tool = find_tool("espeak-ng", tmp_path_factory.mktemp("var"))
    return Program(argv=tuple(tool.argv()), environment=tool.environment())


@pytest.fixture
async def store(espeak: Program, tmp_path: Path) -> AsyncIterator[PromptStore]:
    store = PromptStore(SoundCache(tmp_path / "cache"), prompts=PROMPTS, speaker=await EspeakSpeaker.open(espeak))
    await store.open()
    yield store
    await store.close()


@pytest.mark.parametrize("language", ["en", "vi"])
async def test_a_prompt_is_speech_that_asterisk_can_play(store: PromptStore, language: str) -> None:
    media = await store.media_for("position", language, {"position": "3", "wait_s": "100"})
    reading = inspect_wav(Path(media + ".wav"))
    header, (channel,) = reading.header, reading.channels
    assert (header.rate, header.channels, header.bits, header.complete) == (8000, 1, 16, True)
    assert 2 < header.duration_s < 8
    assert channel.rms_dbfs == pytest.approx(LOUDNESS_DBFS, abs=4)
    assert channel.peak_dbfs < 0
    samples = read_wav(Path(media + ".wav")).channels[0]
    assert max(map(abs, [*samples[:80], *samples[-80:]])) < 1000  # it begins and ends softly


async def test_longer_words_take_longer_and_the_languages_differ(store: PromptStore) -> None:
    async def seconds(text: str, language: str) -> float:
        media = await store.media_for(Prompt(name="moment", texts={language: text}), language)
        return read_header(Path(media + ".wav")).duration_s

    for language in ("en", "vi"):
        short, long = await asyncio.gather(
            seconds("{{ 3 | number }}", language), seconds("{{ 987654321 | number }}", language)
        )
        assert 0.2 < short < 1.5 < 3 < long < 12


async def test_both_languages_are_ready_before_calls_come(store: PromptStore) -> None:
    assert await store.prerender() == ()
    welcomes = {await store.media_for("welcome", language) for language in ("en", "vi")}
    assert len(welcomes) == 2


async def test_hostile_words_are_only_words(espeak: Program, store: PromptStore, tmp_path: Path) -> None:
    name = "-w nowhere.wav; <audio src='x'/> [[h@lou]] $(reboot) \x00 'quoted\"" + "ộ" * 5000
    media = await store.media_for(Prompt(name="moment", texts={"vi": "Xin chào {{ name }}."}), "vi", {"name": name})
    assert read_header(Path(media + ".wav")).duration_s > 1


async def test_what_espeak_does_not_have_or_cannot_write_is_said(espeak: Program, tmp_path: Path) -> None:
    speaker = await EspeakSpeaker.open(espeak, {"en": "en-us", "vi": "qqq"})
    assert "eSpeak NG" in (speaker.voice("en") or "")
    assert speaker.voice("vi") is None
    with pytest.raises(SpeechFailed, match="no file"):
        await speaker.speak("Hello", "en", tmp_path / "none" / "a.wav")


async def test_espeak_leaves_nothing_in_the_home_folder(espeak: Program, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    program = Program(argv=espeak.argv, environment={**espeak.environment, "HOME": str(home), "TMPDIR": str(home)})
    speaker = await EspeakSpeaker.open(program)
    await speaker.speak("Hello", "en", tmp_path / "a.wav")
    assert list(home.iterdir()) == []


async def test_espeak_speaks_in_a_checkout_with_a_long_name(tmp_path: Path) -> None:
    """It keeps 160 bytes of the path of its voices, and 200 of a WAV's."""
    var = tmp_path / ("một thư mục " + "a" * 130)
    tool = find_tool("espeak-ng", var)
    speaker = await EspeakSpeaker.open(Program(argv=tuple(tool.argv()), environment=tool.environment()))
    into = var / "prompts" / ("b" * 60) / "a.wav"
    into.parent.mkdir(parents=True)
    await speaker.speak("Xin chào", "vi", into)
    assert inspect_wav(into).header.complete


async def test_the_event_loop_goes_on_while_prompts_are_made(store: PromptStore) -> None:
    """A guard, ten times what it takes here, against computing in our own process."""
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - began)

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(store.media_for("position", "en", {"position": n, "wait_s": 60 * n}) for n in range(1, 9)))
    ticking.cancel()
    assert sorted(gaps)[len(gaps) // 2] < 0.02
