"""The file of keys: made once, never open to others, and never without a key."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcenter.errors import ConfigurationError
from callcenter.sealing.envelope import BadEnvelope
from callcenter.sealing.keys import KeyRing, add_key, forget_keys, key_ring


def test_a_first_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "recordings.keys"
    ring = key_ring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(ring.key(ring.current)) == 32
    assert key_ring(path).key(ring.current) == ring.key(ring.current)


def test_it_does_not_show(tmp_path: Path) -> None:
    ring = key_ring(tmp_path / "keys")
    secret = (tmp_path / "keys").read_text()
    assert secret.split('"secret": "')[1][:20] not in f"{ring!r} {ring._file!r}"


def test_two_programs_that_come_first_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = {ring.current for ring in pool.map(key_ring, [tmp_path / "keys"] * 32)}
    assert len(found) == 1


def test_a_new_key_seals_from_then_on_and_the_old_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    before = key_ring(path)
    old = before.current
    added = add_key(path)
    assert added.ids() == (old, added.current)
    assert added.key(old) == before.key(old)
    assert before.current == added.current  # a ring that was read before sees it
    left = forget_keys(path, [old, added.current])
    assert left.ids() == (added.current,)
    with pytest.raises(BadEnvelope, match="is not in"):
        left.key(old)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_keys_that_others_can_read_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    key_ring(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="others can read"):
        KeyRing(path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1, "keys": []}', '{"format": 2, "keys": []}', "\0"])
def test_a_file_that_is_no_file_of_keys_is_never_written_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError):
        key_ring(path)
    with pytest.raises(ConfigurationError):
        add_key(path)
    assert path.read_text() == text
