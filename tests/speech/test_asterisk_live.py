"""A real Asterisk plays what the store gives it, in full and at the right pitch, and the far end hears it."""

import asyncio
import json
import math
from array import array
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter.model.flow import Prompt
from callcenter.speech.cache import SoundCache
from callcenter.speech.store import PromptStore
from callcenter.speech.wav import Sound, inspect_wav, write_wav
from tests.live.minimal_asterisk import MinimalAsterisk, minimal_asterisk

pytestmark = pytest.mark.live

LIMIT_S = 30.0
RATE = 22_050
HZ = 700.0
SECONDS = 1.5


class Hum:
    """A voice that hums one tone for SECONDS."""

    def voice(self, language: str) -> str | None:
        return "hum"

    async def speak(self, text: str, language: str, into: Path) -> None:
        samples = array("h", (round(9_000 * math.sin(2 * math.pi * HZ * n / RATE)) for n in range(int(SECONDS * RATE))))
        write_wav(into, Sound(rate=RATE, channels=(samples,)))


async def event(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(LIMIT_S):
        async for message in socket:
            told: dict[str, Any] = json.loads(message.data)
            if told["type"] == kind:
                return told
    raise AssertionError(f"no {kind}")


async def played(asterisk: MinimalAsterisk, media: str) -> str:
    """Calls the one who listens and plays `media` to her, to its end. What Asterisk says of it."""
    url = f"http://127.0.0.1:{asterisk.ari_port}/ari"
    key = {"api_key": f"{asterisk.ari_user}:{asterisk.ari_secret}"}
    call = {"endpoint": "Local/listens@test/n", "app": "prompts", "channelId": "call", **key}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/events", params={"app": "prompts", **key}) as socket,
    ):
        async with session.post(f"{url}/channels", params=call) as answer:
            assert answer.status == 200
        await event(socket, "StasisStart")
        play = {"media": f"sound:{media}", "lang": "vi", **key}
        async with session.post(f"{url}/channels/call/play/said", params=play) as answer:
            assert answer.status == 201
        finished = await event(socket, "PlaybackFinished")
        async with session.delete(f"{url}/channels/call", params=key) as answer:
            assert answer.status == 204
        await event(socket, "ChannelDestroyed")
    return str(finished["playback"]["state"])


@pytest.mark.parametrize("folder", ["plain", "with a space", "Tiếng Việt"])
async def test_asterisk_plays_a_prompt_to_the_end(tmp_path: Path, folder: str) -> None:
    store = PromptStore(SoundCache(tmp_path / folder / "cache"), prompts={}, speaker=Hum())
    await store.open()
    media = await store.media_for(Prompt(name="moment", texts={"vi": "Xin chào."}), "vi")
    await store.close()
    heard = tmp_path / "heard.wav"
    listens = f"exten => listens,1,Answer()\n same => n,MixMonitor({heard})\n same => n,Wait(600)\n"
    async with minimal_asterisk(extensions=listens) as asterisk:
        assert await played(asterisk, media) == "done"
    reading = inspect_wav(heard, [HZ, 1100.0])
    assert reading.header.complete
    assert reading.header.duration_s == pytest.approx(SECONDS, abs=1.0)
    (channel,) = reading.channels
    assert channel.tones_dbfs[HZ] > -25 > -50 > channel.tones_dbfs[1100.0]
