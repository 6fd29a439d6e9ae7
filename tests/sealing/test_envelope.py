"""Sealed files: what goes in comes out, and nothing else does."""

import io
import os
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.sealing.envelope import CHUNK_BYTES, TAG_BYTES, BadEnvelope, opened, rewrap, seal

HEAD_BYTES = 8 + 1 + 1 + 12 + 48 + 7
PIECE_BYTES = CHUNK_BYTES + TAG_BYTES
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]


class Ring:
    """Keys of a test."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.keys = keys

    def key(self, id_: str) -> bytes:
        """As KeyRing."""
        if id_ not in self.keys:
            raise BadEnvelope(f"no key {id_}")
        return self.keys[id_]


RING = Ring({"a": bytes(32), "b": bytes([1]) * 32})


def sealed(plain: bytes, key: str = "a") -> bytes:
    into = io.BytesIO()
    seal(io.BytesIO(plain), into, key, RING)
    return into.getvalue()


def plain_of(content: bytes, ring: Ring = RING) -> bytes:
    return b"".join(opened(io.BytesIO(content), ring))


@pytest.mark.parametrize("size", SIZES)
def test_what_goes_in_comes_out(size: int) -> None:
    plain = os.urandom(size)
    assert plain_of(sealed(plain)) == plain


@pytest.mark.parametrize("size", SIZES)
def test_nothing_of_it_shows_and_no_two_are_alike(size: int) -> None:
    plain = bytes(size)
    first, second = sealed(plain), sealed(plain)
    assert first != second
    assert bytes(64) not in first


@given(cut=st.integers(min_value=1, max_value=3 * PIECE_BYTES))
def test_a_file_that_is_cut_short_anywhere_is_refused(cut: int) -> None:
    content = sealed(bytes(3 * CHUNK_BYTES))
    with pytest.raises(BadEnvelope):
        plain_of(content[:-cut])


def test_so_is_one_that_is_cut_between_two_pieces() -> None:
    content = sealed(bytes(3 * CHUNK_BYTES))
    for pieces in (0, 1, 2):
        with pytest.raises(BadEnvelope):
            plain_of(content[: HEAD_BYTES + pieces * PIECE_BYTES])


def test_pieces_in_another_order_twice_or_left_out_are_refused() -> None:
    content = sealed(os.urandom(3 * CHUNK_BYTES))
    head = content[:HEAD_BYTES]
    one, two, three = (content[HEAD_BYTES + n * PIECE_BYTES :][:PIECE_BYTES] for n in range(3))
    assert plain_of(head + one + two + three)
    for wrong in (two + one + three, one + one + two + three, one + three, one + two + three + three, three):
        with pytest.raises(BadEnvelope):
            plain_of(head + wrong)


@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_can_be_changed(place: int, bit: int) -> None:
    content = bytearray(sealed(b"a card number, say"))
    content[place % len(content)] ^= 1 << bit
    with pytest.raises(BadEnvelope):
        plain_of(bytes(content))


def test_a_piece_of_another_file_is_refused() -> None:
    first, second = sealed(bytes(10)), sealed(bytes(10))
    with pytest.raises(BadEnvelope):
        plain_of(first[:HEAD_BYTES] + second[HEAD_BYTES:])


def test_another_key_opens_what_was_wrapped_anew_and_the_old_one_is_not_needed() -> None:
    plain = os.urandom(2 * CHUNK_BYTES + 5)
    old, into = sealed(plain), io.BytesIO()
    rewrap(io.BytesIO(old), into, "b", RING)
    new = into.getvalue()
    assert plain_of(new, Ring({"b": RING.keys["b"]})) == plain
    assert new[HEAD_BYTES:] == old[HEAD_BYTES:]
    with pytest.raises(BadEnvelope, match="no key b"):
        plain_of(new, Ring({"a": RING.keys["a"]}))


def test_a_wrong_key_of_the_same_name_opens_nothing() -> None:
    with pytest.raises(BadEnvelope, match="the key a does not open it"):
        plain_of(sealed(b"x"), Ring({"a": bytes([9]) * 32}))
