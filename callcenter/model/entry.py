"""One line of the ledger. Knows its shape and its JSON; knows no file and no database."""

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


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """One line of JSON, without a line end."""
    return _ENCODER.encode(entry)


def decode_entry(line: bytes) -> Entry:
    """The inverse of `encode_entry`; raises msgspec.DecodeError on anything else."""
    return _DECODER.decode(line)
