"""The folder of finished sounds: what stays, what goes, what survives a restart."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.errors import ConfigurationError
from callcenter.speech.cache import LEFTOVER_AFTER_S, PLAY_GRACE_S, TOUCH_EVERY_S, UNUSED_KEEP_S, SoundCache
from callcenter.speech.wav import UNFINISHED_SUFFIX

BEGIN = 1_800_000_000.0


class Wall:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def cache(tmp_path: Path, wall: Wall) -> SoundCache:
    cache = SoundCache(tmp_path / "cache", bytes_max=1000, files_max=5, clock=wall)
    cache.open()
    return cache


def key(n: int) -> str:
    return f"{n:064x}"


def put(cache: SoundCache, n: int, size: int = 100) -> None:
    cache.path(key(n)).write_bytes(b"x" * size)
    cache.add(key(n))


def there(cache: SoundCache) -> set[int]:
    return {int(path.stem, 16) for path in cache.folder.glob("*.wav")}


def test_a_sound_is_found_once_it_is_there(cache: SoundCache) -> None:
    assert cache.find(key(1)) is None
    put(cache, 1)
    assert cache.find(key(1)) == cache.path(key(1))
    assert cache.path(key(1)).name == f"{key(1)}.wav"


def test_what_was_wanted_longest_ago_goes_first(cache: SoundCache, wall: Wall) -> None:
    for n in range(5):
        put(cache, n)
        wall.now += 1
    cache.find(key(0))
    wall.now += PLAY_GRACE_S + 1
    put(cache, 5)
    put(cache, 6)
    assert there(cache) == {0, 3, 4, 5, 6}


def test_bytes_count_as_files_do(cache: SoundCache, wall: Wall) -> None:
    put(cache, 1, 600)
    wall.now += PLAY_GRACE_S + 1
    put(cache, 2, 300)
    assert there(cache) == {1, 2}
    put(cache, 3, 300)
    assert there(cache) == {2, 3}
    put(cache, 2, 100)  # replaced, not counted twice
    put(cache, 4, 600)
    assert there(cache) == {2, 3, 4}


def test_what_asterisk_may_be_about_to_open_stays_until_there_is_twice_too_much(cache: SoundCache) -> None:
    for n in range(10):
        put(cache, n, 100)
    assert there(cache) == set(range(10))
    put(cache, 10, 100)
    assert there(cache) == set(range(1, 11))


def test_pinned_sounds_stay(cache: SoundCache, wall: Wall) -> None:
    for n in range(5):
        put(cache, n)
    cache.pin([key(0), key(1)])
    wall.now += UNUSED_KEEP_S + 1
    put(cache, 5)
    assert there(cache) == {0, 1, 5}
    cache.pin([key(1)])
    put(cache, 6)
    assert there(cache) == {1, 5, 6}


def test_what_nobody_wants_for_a_week_goes_though_there_is_room(cache: SoundCache, wall: Wall) -> None:
    put(cache, 1)
    put(cache, 2)
    wall.now += UNUSED_KEEP_S / 2
    cache.find(key(2))
    wall.now += UNUSED_KEEP_S / 2 + 1
    put(cache, 3)
    assert there(cache) == {2, 3}


def test_the_order_survives_a_restart(cache: SoundCache, wall: Wall) -> None:
    for n in range(5):
        put(cache, n)
        os.utime(cache.path(key(n)), (wall.now, wall.now))
        wall.now += 1
    wall.now += TOUCH_EVERY_S
    cache.find(key(0))
    wall.now += PLAY_GRACE_S + 1
    again = SoundCache(cache.folder, bytes_max=1000, files_max=3, clock=wall)
    again.open()
    assert there(again) == {3, 4, 0}
    assert again.find(key(0))


def test_a_folder_emptied_by_hand_is_noticed(cache: SoundCache, wall: Wall) -> None:
    put(cache, 1)
    cache.path(key(1)).unlink()
    assert cache.find(key(1)) is None
    put(cache, 2)
    cache.path(key(2)).unlink()
    wall.now += TOUCH_EVERY_S + 1
    assert cache.find(key(2)) is None


def test_a_sound_that_another_process_made_is_used(cache: SoundCache) -> None:
    cache.path(key(7)).write_bytes(b"x" * 100)
    assert cache.find(key(7)) == cache.path(key(7))


def test_only_our_own_files_are_ever_dropped(cache: SoundCache, wall: Wall) -> None:
    others = ["README", "welcome.wav", f"{key(1)}.wav.txt", f"x{key(1)[1:]}.wav"]
    for name in others:
        (cache.folder / name).write_bytes(b"x" * 5000)
        os.utime(cache.folder / name, (0, 0))
    again = SoundCache(cache.folder, bytes_max=10, clock=wall)
    again.open()
    assert sorted(entry.name for entry in cache.folder.iterdir()) == sorted([*others, "making"])


def test_what_a_dead_process_left_unfinished_goes_and_what_a_live_one_makes_stays(
    cache: SoundCache, wall: Wall
) -> None:
    old, new = cache.making / "old.wav", cache.making / "new.wav"
    part = cache.folder / f".wav-abc{UNFINISHED_SUFFIX}"
    for path, age_s in ((old, LEFTOVER_AFTER_S + 1), (part, LEFTOVER_AFTER_S + 1), (new, 1)):
        path.touch()
        os.utime(path, (wall.now - age_s, wall.now - age_s))
    cache.open()
    assert (old.exists(), part.exists(), new.exists()) == (False, False, True)


@pytest.mark.parametrize("name", ["a,b", "a&b", 'a"b', "a|b", "a\nb", "a\\b"])
def test_a_folder_that_asterisk_could_not_be_told_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="speech cache folder"):
        SoundCache(tmp_path / name).open()
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: folder.touch(),
        lambda folder: (folder.mkdir(), (folder / "making").touch()),
    ],
)
def test_a_folder_that_cannot_be_used_is_said_to_be(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(tmp_path / "cache")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        SoundCache(tmp_path / "cache").open()
    with pytest.raises(ConfigurationError, match="absolute"):
        SoundCache(Path("cache")).open()
