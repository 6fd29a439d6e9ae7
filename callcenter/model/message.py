"""The one base of events, commands and facts. Knows how a message is stored; knows no message."""

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, omit_defaults=True):
    """A frozen value, written to the journal as JSON with its class name under `type`."""
