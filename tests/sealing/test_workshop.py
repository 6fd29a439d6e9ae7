"""What is done to files: encoded, sealed, stored, and given back as they were."""

import math
import random
import stat
import wave
from array import array
from functools import partial
from pathlib import Path

import msgspec
import pytest

from callcenter.errors import PeerFault
from callcenter.model.ids import ContactId, RecordingId
from callcenter.model.sealed import Codec, SealedFile, Step
from callcenter.sealing.encoding import BadSound, Interrupted, hear_wav
from callcenter.sealing.keys import add_key, key_ring
from callcenter.sealing.store import FolderStore
from callcenter.sealing.workshop import Rules, Workshop
from callcenter.speech.wav import inspect_wav

NAME = RecordingId("00000000-0000-0000-cc00-000000000001")
ENDED_AT = 1_795_298_000.0  # 2026-11-21 in UTC
RATE_HZ = 8_000


def write_talk(path: Path, seconds: float = 2.0, tones_hz: tuple[float, ...] = (440.0, 1000.0)) -> None:
    """A tone on each side, with some noise, so that nothing is easy to compress."""
    chance = random.Random(1)
    samples = array("h")
    for n in range(round(seconds * RATE_HZ)):
        for hz in tones_hz:
            samples.append(round(8000 * math.sin(2 * math.pi * hz * n / RATE_HZ) + chance.uniform(-100, 100)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(len(tones_hz))
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(samples.tobytes())


class Shop:
    """A workshop on folders of its own, with one recording."""

    def __init__(self, folder: Path, codec: Codec, *, encrypt: bool) -> None:
        self.folder = folder
        self.source = folder / "recordings" / "2026" / "11" / "21" / f"{NAME}.wav"
        write_talk(self.source)
        self.original = hear_wav(self.source)
        self.store = FolderStore(folder / "store")
        self.keys = folder / "keys"
        rules = Rules(codec=codec, encrypt=encrypt)
        self.shop = Workshop(folder / "work", self.store, rules, partial(key_ring, self.keys))
        self.file = SealedFile(
            recording=NAME, contact=ContactId("c-1"), step=Step.TAKEN, source=str(self.source), stopped=ENDED_AT
        )

    def kept(self) -> SealedFile:
        """All steps."""
        file = self.shop.prepare(self.file)
        assert self.shop.put(file)
        assert self.shop.is_stored(file)
        self.shop.clear(file)
        return file

    def exported(self, file: SealedFile) -> Path:
        """As WAV."""
        into = self.folder / "out.wav"
        self.shop.export(file, into)
        return into

    def left(self) -> list[str]:
        """Files outside of the one with keys."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and "keys" not in path.name and path.name != "out.wav"
        )


@pytest.fixture(params=[False, True], ids=["plain", "sealed"])
def encrypt(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("codec", [Codec.WAV, Codec.FLAC])
def test_what_loses_nothing_gives_back_every_sample(tmp_path: Path, codec: Codec, encrypt: bool) -> None:
    shop = Shop(tmp_path, codec, encrypt=encrypt)
    file = shop.kept()
    assert hear_wav(shop.exported(file)) == shop.original
    assert file.pcm_sha256 == shop.original.pcm_sha256
    assert shop.left() == [f"store/{file.name}"]
    assert file.name.startswith(f"2026/11/21/{NAME}.{codec}")
    assert stat.S_IMODE((shop.store.folder / file.name).stat().st_mode) == 0o600


def test_opus_is_small_and_keeps_length_sides_and_tones(tmp_path: Path, encrypt: bool) -> None:
    shop = Shop(tmp_path, Codec.OPUS, encrypt=encrypt)
    size = shop.source.stat().st_size
    file = shop.kept()
    assert file.size < size / 4
    out = shop.exported(file)
    heard = hear_wav(out)
    assert abs(heard.frames - shop.original.frames) <= RATE_HZ / 50
    left, right = inspect_wav(out, tones_hz=(440.0, 1000.0)).channels
    assert left.tones_dbfs[440.0] > left.tones_dbfs[1000.0] + 20
    assert right.tones_dbfs[1000.0] > right.tones_dbfs[440.0] + 20


def test_a_sealed_file_shows_nothing_of_its_sound(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=True)
    file = shop.kept()
    content = (shop.store.folder / file.name).read_bytes()
    assert content.startswith(b"CCSEAL1\n")
    assert b"fLaC" not in content


def test_a_wav_that_stays_where_it_is_stays(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Codec.WAV, encrypt=False)
    shop.store.folder = tmp_path / "recordings"
    file = shop.kept()
    assert shop.left() == [f"recordings/2026/11/21/{NAME}.wav"]
    assert hear_wav(shop.exported(file)) == shop.original


@pytest.mark.parametrize("content", [b"", b"RIFF", b"what a crash left"])
def test_what_is_no_sound_is_kept_byte_by_byte(tmp_path: Path, content: bytes, encrypt: bool) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=encrypt)
    shop.source.write_bytes(content)
    file = shop.kept()
    assert file.codec == "as_it_is"
    assert shop.exported(file).read_bytes() == content


def test_a_file_that_was_changed_in_the_store_is_not_given_out(tmp_path: Path, encrypt: bool) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=encrypt)
    file = shop.kept()
    path = shop.store.folder / file.name
    path.write_bytes(path.read_bytes()[:-1])
    assert not shop.shop.is_stored(file)
    with pytest.raises(PeerFault, match="checksum"):
        shop.exported(file)


def test_a_file_of_work_that_the_disk_lost_is_not_stored(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=False)
    file = shop.shop.prepare(shop.file)
    (tmp_path / "work" / f"{NAME}.work").write_bytes(b"half of it")
    assert not shop.shop.put(file)
    assert shop.source.exists()
    assert list(shop.store.names()) == []


def test_a_store_that_keeps_something_else_is_found_out(tmp_path: Path) -> None:
    class Forgetful(FolderStore):
        def put(self, name: str, file: Path) -> None:
            super().put(name, file)
            (self.folder / name).write_bytes(b"oh well")

    shop = Shop(tmp_path, Codec.FLAC, encrypt=False)
    shop.shop.store = Forgetful(tmp_path / "store")
    with pytest.raises(BadSound, match="does not keep what it is given"):
        shop.shop.put(shop.shop.prepare(shop.file))
    assert shop.source.exists()


def test_another_key_and_the_old_one_can_go(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=True)
    file = shop.kept()
    assert shop.shop.rewrapped(file) is None
    add_key(shop.keys)
    again = shop.shop.rewrapped(file)
    assert again is not None
    assert (again.stale, again.key) == (file.name, key_ring(shop.keys).current)
    assert len(list(shop.store.names())) == 2
    assert hear_wav(shop.exported(again)) == shop.original
    shop.store.remove(again.stale)
    assert hear_wav(shop.exported(msgspec.structs.replace(again, stale=""))) == shop.original


def test_removing_leaves_nothing_wherever_it_is(tmp_path: Path, encrypt: bool) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=encrypt)
    shop.shop.remove(shop.file)
    assert shop.left() == []
    for steps in range(3):
        write_talk(shop.source)
        file = shop.shop.prepare(shop.file)
        if steps > 0:
            shop.shop.put(file)
        if steps > 1:
            shop.shop.clear(file)
        shop.shop.remove(file)
        shop.shop.remove(file)
        assert shop.left() == []


def test_who_wants_to_end_does_not_wait_for_an_hour_of_talk(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Codec.FLAC, encrypt=False)
    shop.shop.halted.set()
    with pytest.raises(Interrupted):
        shop.shop.prepare(shop.file)
    assert shop.left() == [f"recordings/2026/11/21/{NAME}.wav"]
