"""One line of the ledger. Knows its shape and its JSON; knows no file and no database."""

from collections.abc import Mapping

import msgspec

from callcenter.model.commands import Command
from callcenter.model.events import Event
from callcenter.model.facts import Fact

Output = Command | Fact


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the engine was told, when, and all that it answered, in order. `seq` counts from 1 without a gap."""

    seq: int
    at: float  # UTC seconds
    event: Event
    outputs: tuple[Output, ...]


def plain(value: object) -> object:
    """Read-only mappings (an agent's default capacity) are written as objects; nothing else is foreign to msgspec."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in the journal")


_ENCODER = msgspec.json.Encoder(enc_hook=plain)
_DECODER = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """One line of JSON, without a line end."""
    return _ENCODER.encode(entry)


def decode_entry(line: bytes) -> Entry:
    """The inverse of `encode_entry`; raises msgspec.DecodeError on anything else."""
    return _DECODER.decode(line)
