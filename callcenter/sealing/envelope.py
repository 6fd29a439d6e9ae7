"""Files that nobody reads without a key, and in which no byte can be changed, left out or moved unseen. Knows bytes.

Format, big-endian:

    "CCSEAL1\\n", 1 byte length and the master key's id (ASCII), 12 bytes nonce and 48 bytes data key wrapped by the
    master key (AES-256-GCM, the bytes before the nonce are authenticated with it), 7 bytes prefix of the nonces that
    follow; then chunks of 64 KiB, each AES-256-GCM under the data key, with the nonce
    prefix | number (4 bytes) | 1 for the last chunk, else 0.

That is STREAM of Hoang, Reyhanitabar, Rogaway and Vizar, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (CRYPTO 2015): a chunk that is moved has the wrong number, a file that is cut short has no last
chunk, one that is longer has something behind it. The prefix is authenticated with every chunk, the master key's id is
not: rotating keys wraps the data key anew and leaves the chunks as they are.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callcenter.errors import PeerFault

MAGIC: Final = b"CCSEAL1\n"
KEY_BYTES: Final = 32
KEY_ID_CHARS_MAX: Final = 64
CHUNK_BYTES: Final = 1 << 16
TAG_BYTES: Final = 16
NONCE_BYTES: Final = 12
PREFIX_BYTES: Final = 7
WRAPPED_BYTES: Final = KEY_BYTES + TAG_BYTES
CHUNKS_MAX: Final = 1 << 32  # 256 TiB


class BadEnvelope(PeerFault):
    """The file is not what was sealed, or not with a key that we have."""


class Keys(Protocol):
    """Master keys by id."""

    def key(self, id_: str) -> bytes:
        """32 bytes. Raises BadEnvelope for a key that is not there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands before the chunks."""

    key_id: str
    data_key: bytes
    prefix: bytes


def seal(plain: BinaryIO, into: BinaryIO, key_id: str, keys: Keys) -> None:
    """Encrypt one stream into another under a data key of its own."""
    head = Head(key_id=key_id, data_key=AESGCM.generate_key(8 * KEY_BYTES), prefix=os.urandom(PREFIX_BYTES))
    into.write(_head_bytes(head, keys))
    cipher = AESGCM(head.data_key)
    chunk, number = plain.read(CHUNK_BYTES), 0
    while True:
        following = plain.read(CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        into.write(cipher.encrypt(_nonce(head, number, last=not following), chunk, MAGIC + head.prefix))
        if not following:
            return
        chunk, number = following, number + 1


def opened(sealed: BinaryIO, keys: Keys) -> Iterator[bytes]:
    """The plain text, piece by piece. Raises BadEnvelope at the first piece that is not as it was sealed.

    What came before that piece was right, but nobody can say that it is all: use nothing before the end has come.
    """
    head = read_head(sealed, keys)
    cipher = AESGCM(head.data_key)
    size = CHUNK_BYTES + TAG_BYTES
    chunk, number = sealed.read(size), 0
    while True:
        following = sealed.read(size) if len(chunk) == size else b""
        try:
            yield cipher.decrypt(_nonce(head, number, last=not following), chunk, MAGIC + head.prefix)
        except InvalidTag:
            raise BadEnvelope(f"piece {number} is damaged, out of its place, or the end is missing") from None
        if not following:
            return
        chunk, number = following, number + 1


def rewrap(sealed: BinaryIO, into: BinaryIO, key_id: str, keys: Keys) -> None:
    """The same file under another master key; its chunks stay as they are, unread. Raises BadEnvelope."""
    head = read_head(sealed, keys)
    into.write(_head_bytes(Head(key_id=key_id, data_key=head.data_key, prefix=head.prefix), keys))
    while piece := sealed.read(CHUNK_BYTES):
        into.write(piece)


def read_head(sealed: BinaryIO, keys: Keys) -> Head:
    """The head, with its data key unwrapped. Raises BadEnvelope."""
    if sealed.read(len(MAGIC)) != MAGIC:
        raise BadEnvelope("this is no sealed file")
    id_bytes = sealed.read(int.from_bytes(_exactly(sealed, 1)))
    key_id = id_bytes.decode("ascii", "replace")
    nonce, wrapped, prefix = (_exactly(sealed, size) for size in (NONCE_BYTES, WRAPPED_BYTES, PREFIX_BYTES))
    try:
        data_key = AESGCM(keys.key(key_id)).decrypt(nonce, wrapped, MAGIC + id_bytes)
    except InvalidTag:
        raise BadEnvelope(f"the key {key_id} does not open it") from None
    return Head(key_id=key_id, data_key=data_key, prefix=prefix)


def _head_bytes(head: Head, keys: Keys) -> bytes:
    id_bytes = head.key_id.encode("ascii")
    if not 0 < len(id_bytes) <= KEY_ID_CHARS_MAX:
        raise ValueError(f"the id of a key has 1 to {KEY_ID_CHARS_MAX} characters")
    nonce = os.urandom(NONCE_BYTES)
    wrapped = AESGCM(keys.key(head.key_id)).encrypt(nonce, head.data_key, MAGIC + id_bytes)
    return MAGIC + bytes([len(id_bytes)]) + id_bytes + nonce + wrapped + head.prefix


def _nonce(head: Head, number: int, *, last: bool) -> bytes:
    if number >= CHUNKS_MAX:
        raise ValueError("a file of more than 256 TiB cannot be sealed")
    return head.prefix + number.to_bytes(4) + bytes([last])


def _exactly(stream: BinaryIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) != size:
        raise BadEnvelope("the head is cut short")
    return found
