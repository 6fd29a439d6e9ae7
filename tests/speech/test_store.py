"""Prompts as files: what is played for whom, what is made how often, and what happens when it cannot be made."""

import asyncio
import math
import os
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callcenter.errors import ConfigurationError
from callcenter.model.flow import Prompt
from callcenter.speech.cache import SoundCache
from callcenter.speech.making import WAITING_MAX, TooManySounds
from callcenter.speech.recorded import RECORDED_S_MAX
from callcenter.speech.speakers import SpeechFailed
from callcenter.speech.store import PromptStore, PromptUnplayable
from callcenter.speech.wav import BadWav, Sound, goertzel, read_header, read_wav, write_wav

pytestmark = pytest.mark.slow

LIMIT_S = 20.0

PITCHES = {"en": 500.0, "vi": 800.0}
RECORDED_HZ = 1200.0

PROMPTS = {
    "welcome": Prompt(name="welcome", texts={"en": "Welcome.", "vi": "Xin chào."}),
    "position": Prompt(name="position", texts={"en": "{{ n | position }}.", "vi": "{{ n | position }}."}),
    "only_english": Prompt(name="only_english", texts={"en": "Hold the line."}),
    "only_vietnamese": Prompt(name="only_vietnamese", texts={"vi": "Vui lòng chờ."}),
    "recorded_only": Prompt(name="recorded_only"),
}


def tone(hz: float, seconds: float, rate: int) -> "array[int]":
    return array("h", (round(9_000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(int(seconds * rate))))


class ToneVoice:
    """A voice that hums: a pitch per language, 10 ms per letter, at espeak-ng's rate. It can wait, fail and die."""

    def __init__(self, languages: Iterable[str] = PITCHES) -> None:
        self.languages = set(languages)
        self.version = 1
        self.spoken: list[tuple[str, str]] = []
        self.fault: Exception | None = None
        self.dies_while_writing = False
        self.may_speak = asyncio.Event()
        self.may_speak.set()
        self.asked = asyncio.Semaphore(0)
        self.speaking = self.most_at_once = 0

    def voice(self, language: str) -> str | None:
        return f"hum {self.version}" if language in self.languages else None

    async def speak(self, text: str, language: str, into: Path) -> None:
        self.spoken.append((language, text))
        self.speaking += 1
        self.most_at_once = max(self.most_at_once, self.speaking)
        self.asked.release()
        try:
            await self.may_speak.wait()
            if self.fault is not None:
                raise self.fault
            write_wav(into, Sound(rate=22_050, channels=(tone(PITCHES[language], 0.01 * len(text) + 0.1, 22_050),)))
            if self.dies_while_writing:
                os.truncate(into, 30)
        finally:
            self.speaking -= 1


def pitch_of(media: str) -> float:
    """What is heard in a file that Asterisk is told to play; it must be one that Asterisk can play."""
    path = Path(media + ".wav")
    header = read_header(path)
    assert (header.rate, header.channels, header.bits, header.complete) == (8000, 1, 16, True)
    samples = read_wav(path).channels[0]
    return max((*PITCHES.values(), RECORDED_HZ), key=lambda hz: goertzel(samples, 8000, hz))


@pytest.fixture
def voice() -> ToneVoice:
    return ToneVoice()


StoreMaker = Callable[..., Awaitable[PromptStore]]


@pytest.fixture
async def opened(tmp_path: Path, voice: ToneVoice) -> AsyncIterator[StoreMaker]:
    """Opens stores that share one cache folder and one folder of recordings; all are closed at the end."""
    stores: list[PromptStore] = []

    async def open_one(
        prompts: Mapping[str, Prompt] = PROMPTS, speaker: ToneVoice | None = voice, **options: str
    ) -> PromptStore:
        store = PromptStore(
            SoundCache(tmp_path / "cache"), prompts=prompts, speaker=speaker, recorded=tmp_path / "recorded", **options
        )
        stores.append(store)
        await store.open()
        return store

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(opened: StoreMaker) -> PromptStore:
    return await opened()


def record(tmp_path: Path, language: str, name: str, *, rate: int = 8000, channels: int = 1) -> Path:
    path = tmp_path / "recorded" / language / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, Sound(rate=rate, channels=(tone(RECORDED_HZ, 0.4, rate),) * channels))
    return path


# --- speech -----------------------------------------------------------------------------------------------------


async def test_a_prompt_is_spoken_once_and_then_found(store: PromptStore, voice: ToneVoice, tmp_path: Path) -> None:
    media = await store.media_for("welcome", "vi")
    assert pitch_of(media) == PITCHES["vi"]
    assert await store.media_for("welcome", "vi") == media
    assert voice.spoken == [("vi", "Xin chào.")]
    path = Path(media)
    assert path.parent == tmp_path / "cache"
    assert len(path.name) == 64
    assert set(path.name) <= set("0123456789abcdef")


async def test_the_words_and_the_language_make_the_file(store: PromptStore, voice: ToneVoice) -> None:
    first = await store.media_for("position", "en", {"n": "3"})
    assert await store.media_for("position", "en", {"n": 3}) == first
    second = await store.media_for("position", "en", {"n": 4})
    third = await store.media_for("position", "vi", {"n": 3})
    assert len({first, second, third}) == 3
    assert voice.spoken == [
        ("en", "you are number three."),
        ("en", "you are number four."),
        ("vi", "quý khách ở vị trí thứ ba."),
    ]


async def test_another_start_finds_what_was_spoken_and_another_voice_speaks_anew(
    opened: StoreMaker, voice: ToneVoice
) -> None:
    before = await (await opened()).media_for("welcome", "en")
    again = await opened()
    assert await again.media_for("welcome", "en") == before
    voice.version = 2
    assert await again.media_for("welcome", "en") != before
    assert len(voice.spoken) == 2


async def test_a_prompt_of_the_moment_needs_no_name_in_the_configuration(store: PromptStore) -> None:
    prompt = Prompt(name="moment", texts={"en": "Hello {{ name }}."})
    assert pitch_of(await store.media_for(prompt, "en", {"name": "Linh"})) == PITCHES["en"]


async def test_no_words_give_a_short_silence_and_trouble_no_voice(store: PromptStore, voice: ToneVoice) -> None:
    media = await store.media_for(Prompt(name="moment", texts={"en": "{{ n | digits }}."}), "en", {"n": "anonymous"})
    assert read_header(Path(media + ".wav")).duration_s < 0.2
    assert voice.spoken == []


async def test_prompts_that_were_read_anew_are_used(store: PromptStore, voice: ToneVoice) -> None:
    before = await store.media_for("welcome", "en")
    store.use({"welcome": Prompt(name="welcome", texts={"en": "Good day."})})
    assert await store.media_for("welcome", "en") != before
    with pytest.raises(ConfigurationError):
        await store.media_for("position", "en", {"n": 1})


# --- languages --------------------------------------------------------------------------------------------------


async def test_a_region_is_spoken_as_its_language(store: PromptStore) -> None:
    with capture_logs() as logs:
        assert pitch_of(await store.media_for("welcome", "vi-VN")) == PITCHES["vi"]
    assert logs == []


@pytest.mark.parametrize(
    ("name", "language", "heard"),
    [
        ("only_english", "vi", "en"),
        ("only_vietnamese", "en", "vi"),
        ("welcome", "fr", "en"),
        ("welcome", "../../etc", "en"),
        ("welcome", "", "en"),
    ],
)
async def test_a_prompt_that_is_not_there_in_a_language_is_said_in_another_and_one_warning_is_given(
    store: PromptStore, name: str, language: str, heard: str
) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            assert pitch_of(await store.media_for(name, language)) == PITCHES[heard]
    assert [(entry["log_level"], entry["about"], entry["given"]) for entry in logs] == [("warning", name, heard)]


async def test_a_language_without_a_voice_falls_back_to_english_words_and_one_warning_is_given(
    opened: StoreMaker, voice: ToneVoice
) -> None:
    voice.languages = {"en"}
    store = await opened()
    with capture_logs() as logs:
        for n in (1, 2, 3):
            assert pitch_of(await store.media_for("position", "vi", {"n": n})) == PITCHES["en"]
    assert voice.spoken[0] == ("en", "you are number one.")
    assert sorted(entry["event"] for entry in logs) == ["no voice for a language", "prompt in another language"]


async def test_words_are_never_read_by_a_voice_of_another_language(opened: StoreMaker, voice: ToneVoice) -> None:
    voice.languages = {"en"}
    with pytest.raises(PromptUnplayable, match="only_vietnamese"):
        await (await opened()).media_for("only_vietnamese", "vi")
    assert voice.spoken == []


async def test_another_fallback_can_be_chosen(opened: StoreMaker) -> None:
    store = await opened(fallback="vi")
    assert pitch_of(await store.media_for("welcome", "fr")) == PITCHES["vi"]


async def test_without_any_voice_recordings_are_all_there_is(opened: StoreMaker, tmp_path: Path) -> None:
    store = await opened(speaker=None)
    record(tmp_path, "en", "welcome")
    assert pitch_of(await store.media_for("welcome", "vi")) == RECORDED_HZ
    with pytest.raises(PromptUnplayable):
        await store.media_for("only_english", "en")


# --- recordings -------------------------------------------------------------------------------------------------


async def test_a_recording_wins_and_is_played_where_it_lies(
    store: PromptStore, voice: ToneVoice, tmp_path: Path
) -> None:
    path = record(tmp_path, "vi", "welcome")
    assert await store.media_for("welcome", "vi") == str(path.with_suffix(""))
    assert await store.media_for("welcome", "vi-VN") == str(path.with_suffix(""))
    assert pitch_of(await store.media_for("welcome", "en")) == PITCHES["en"]
    assert voice.spoken == [("en", "Welcome.")]


async def test_a_recorded_prompt_needs_no_text(store: PromptStore, tmp_path: Path) -> None:
    with pytest.raises(PromptUnplayable, match="recorded_only"):
        await store.media_for("recorded_only", "en")
    record(tmp_path, "en", "recorded_only")
    assert pitch_of(await store.media_for("recorded_only", "vi")) == RECORDED_HZ


async def test_recordings_come_change_and_go_while_calls_are_up(store: PromptStore, tmp_path: Path) -> None:
    spoken = await store.media_for("welcome", "en")
    path = record(tmp_path, "en", "welcome")
    assert await store.media_for("welcome", "en") == str(path.with_suffix(""))
    record(tmp_path, "en", "welcome", rate=44_100)
    converted = await store.media_for("welcome", "en")
    assert converted not in (spoken, str(path.with_suffix("")))
    assert pitch_of(converted) == RECORDED_HZ
    path.unlink()
    assert await store.media_for("welcome", "en") == spoken


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1), (8000, 2)])
async def test_a_studio_recording_is_converted_once(
    store: PromptStore, tmp_path: Path, rate: int, channels: int
) -> None:
    path = record(tmp_path, "en", "welcome", rate=rate, channels=channels)
    original = path.read_bytes()
    media = await store.media_for("welcome", "en")
    assert pitch_of(media) == RECORDED_HZ
    assert Path(media).parent == tmp_path / "cache"
    made_at = os.stat(media + ".wav").st_mtime_ns
    assert await store.media_for("welcome", "en") == media
    assert os.stat(media + ".wav").st_mtime_ns == made_at
    assert path.read_bytes() == original


async def test_a_recording_that_cannot_be_used_is_reported_and_the_prompt_is_spoken(
    store: PromptStore, tmp_path: Path
) -> None:
    path = record(tmp_path, "en", "welcome")
    path.write_bytes(b"ID3 an mp3 file with another name")
    with capture_logs() as logs:
        for _ in range(3):
            assert pitch_of(await store.media_for("welcome", "en")) == PITCHES["en"]
    assert [entry["event"] for entry in logs] == ["recorded prompt cannot be used"]
    (problem,) = await store.prerender()
    assert problem.where == str(path)
    assert "8 kHz" in problem.remedy


async def test_an_endless_recording_is_refused(store: PromptStore, tmp_path: Path) -> None:
    path = record(tmp_path, "en", "welcome")
    write_wav(path, Sound(rate=8000, channels=(array("h", bytes(2 * 8000 * int(RECORDED_S_MAX + 1))),)))
    assert pitch_of(await store.media_for("welcome", "en")) == PITCHES["en"]


@pytest.mark.parametrize("name", ["../welcome", "/etc/passwd", "a/../../x", "..", "", "x" * 300, "a\0b", "a,b&c"])
async def test_a_name_cannot_leave_the_folder_of_recordings(store: PromptStore, tmp_path: Path, name: str) -> None:
    record(tmp_path, "", "welcome")
    prompt = Prompt(name=name, texts={"en": "Spoken."})
    assert Path(await store.media_for(prompt, "en")).parent == tmp_path / "cache"


# --- making -----------------------------------------------------------------------------------------------------


async def test_all_who_want_the_same_words_wait_for_the_same_sound(store: PromptStore, voice: ToneVoice) -> None:
    voice.may_speak.clear()
    callers = [asyncio.create_task(store.media_for("welcome", "en")) for _ in range(20)]
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    voice.may_speak.set()
    assert len(set(await asyncio.wait_for(asyncio.gather(*callers), LIMIT_S))) == 1
    assert len(voice.spoken) == 1


async def test_a_caller_who_hangs_up_stops_nobody_elses_prompt(store: PromptStore, voice: ToneVoice) -> None:
    voice.may_speak.clear()
    leaves = asyncio.create_task(store.media_for("welcome", "en"))
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    stays = asyncio.create_task(store.media_for("welcome", "en"))
    leaves.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaves
    voice.may_speak.set()
    assert pitch_of(await asyncio.wait_for(stays, LIMIT_S)) == PITCHES["en"]
    assert len(voice.spoken) == 1


async def test_when_all_have_gone_a_failure_is_of_no_interest_and_the_next_tries_again(
    store: PromptStore, voice: ToneVoice
) -> None:
    voice.may_speak.clear()
    leaves = asyncio.create_task(store.media_for("welcome", "en"))
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    voice.fault = SpeechFailed("hoarse")
    joins = asyncio.create_task(store.media_for("welcome", "en"))
    voice.may_speak.set()
    with pytest.raises(SpeechFailed, match="hoarse"):
        await asyncio.wait_for(joins, LIMIT_S)
    voice.fault = None
    assert pitch_of(await asyncio.wait_for(store.media_for("welcome", "en"), LIMIT_S)) == PITCHES["en"]


async def test_a_failed_voice_leaves_nothing_behind(store: PromptStore, voice: ToneVoice, tmp_path: Path) -> None:
    voice.dies_while_writing = True
    with pytest.raises(BadWav):
        await store.media_for("welcome", "en")
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["making"]
    assert list((tmp_path / "cache" / "making").iterdir()) == []


async def test_few_speak_at_once_and_a_crowd_is_refused(store: PromptStore, voice: ToneVoice) -> None:
    voice.may_speak.clear()
    crowd = [asyncio.create_task(store.media_for("position", "en", {"n": n + 1})) for n in range(WAITING_MAX)]
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    with pytest.raises(TooManySounds):
        await store.media_for("position", "en", {"n": WAITING_MAX + 1})
    assert len(voice.spoken) == voice.most_at_once == 2
    voice.fault = SpeechFailed("hoarse")
    voice.may_speak.set()
    outcomes = await asyncio.wait_for(asyncio.gather(*crowd, return_exceptions=True), LIMIT_S)
    assert {type(outcome) for outcome in outcomes} == {SpeechFailed}
    voice.fault = None
    assert await store.media_for("position", "en", {"n": WAITING_MAX + 1})


async def test_closing_stops_what_is_being_made(opened: StoreMaker, voice: ToneVoice, tmp_path: Path) -> None:
    store = await opened()
    voice.may_speak.clear()
    caller = asyncio.create_task(store.media_for("welcome", "en"))
    await asyncio.wait_for(voice.asked.acquire(), LIMIT_S)
    await asyncio.wait_for(store.close(), LIMIT_S)
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert voice.speaking == 0
    assert list((tmp_path / "cache").glob("*.wav")) == []


# --- before calls come ------------------------------------------------------------------------------------------


async def test_prompts_without_variables_are_made_before_calls_come(
    store: PromptStore, voice: ToneVoice, tmp_path: Path
) -> None:
    record(tmp_path, "vi", "only_english", rate=16_000)
    told: list[tuple[int, int, str]] = []
    problems = await store.prerender(lambda done, total, name: told.append((done, total, name)))
    assert problems == ()
    assert sorted(voice.spoken) == [
        ("en", "Hold the line."),
        ("en", "Welcome."),
        ("vi", "Vui lòng chờ."),
        ("vi", "Xin chào."),
    ]
    assert [done for done, _, _ in told] == list(range(1, 8))
    assert {total for _, total, _ in told} == {7}
    spoken = len(voice.spoken)
    for name, language in (("welcome", "en"), ("welcome", "vi"), ("only_english", "vi")):
        await store.media_for(name, language)
    assert len(voice.spoken) == spoken


async def test_everything_that_is_wrong_is_found_at_once(opened: StoreMaker, voice: ToneVoice) -> None:
    voice.languages = {"en"}
    store = await opened(
        prompts={
            "a": Prompt(name="a", texts={"en": "{{ broken"}),
            "b": Prompt(name="b", texts={"vi": "Xin chào."}),
            "c": Prompt(name="c", texts={"en": "Good."}),
        }
    )
    problems = await store.prerender()
    assert [problem.where for problem in problems] == ["prompt a (en) line 1", "prompt b (vi)"]
    assert voice.spoken == [("en", "Good.")]


async def test_an_unknown_prompt_is_named_with_its_neighbour(store: PromptStore) -> None:
    with pytest.raises(ConfigurationError, match=r"prompt welcom: .*did you mean `welcome`"):
        await store.media_for("welcom", "en")


async def test_a_variable_that_is_missing_is_named(store: PromptStore, voice: ToneVoice) -> None:
    with pytest.raises(ConfigurationError, match=r"prompt position \(en\): 'n' is undefined"):
        await store.media_for("position", "en", {"m": 1})
    assert voice.spoken == []
