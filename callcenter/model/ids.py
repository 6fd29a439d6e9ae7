"""Identifiers. Knows how an id is minted and what it looks like; knows nothing of what it names.

The core mints every id and hands it to Asterisk as channel, bridge, playback or recording id. An id is the namespace of
one run of the engine plus a counter, so that equal journals give equal ids and two runs never share one.
"""

import re
from typing import Final, NewType

ContactId = NewType("ContactId", str)
LegId = NewType("LegId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
RecordingId = NewType("RecordingId", str)
OfferId = NewType("OfferId", str)
AgentId = NewType("AgentId", str)
QueueName = NewType("QueueName", str)
FlowName = NewType("FlowName", str)
CalendarName = NewType("CalendarName", str)
ListName = NewType("ListName", str)
RequestId = NewType("RequestId", str)
Version = NewType("Version", int)  # of the configuration
LookupId = NewType("LookupId", str)
CardId = NewType("CardId", str)  # what is typed of a card, in one go
ScriptId = NewType("ScriptId", str)
Skill = NewType("Skill", str)
Team = NewType("Team", str)
MonitorId = NewType("MonitorId", str)
TreeName = NewType("TreeName", str)  # of dispositions

UNVERSIONED: Final = Version(0)  # the configuration of a time, or a test, in which nobody counts them

NAMESPACE_CHARS: Final = 8
NAMESPACE_PATTERN: Final = re.compile(r"[0-9a-z]{8}")
RECORDING_PATTERN: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Mint:
    """Gives out ids: `<kind>-<namespace>-<counter>`, and UUID-shaped names for recordings.

    `namespace` is 8 characters of 0-9a-z, chosen once per run of the engine by whoever starts it, and journalled.
    """

    __slots__ = ("_bridge", "_contact", "_hex", "_leg", "_namespace", "_offer", "count")

    def __init__(self, namespace: str, count: int = 0) -> None:
        if not NAMESPACE_PATTERN.fullmatch(namespace):
            raise ValueError(f"an id namespace is {NAMESPACE_CHARS} characters of 0-9a-z, not {namespace!r}")
        self._namespace = namespace
        # how the ids begin that every call has; they are minted as often as anything is
        self._contact, self._leg = self._begins("c"), self._begins("l")
        self._bridge, self._offer = self._begins("b"), self._begins("o")
        self._hex = f"{int(namespace, 36):016x}"  # 36**8 < 2**42: always fits
        self.count = count

    @property
    def namespace(self) -> str:
        """The namespace all ids of this mint carry."""
        return self._namespace

    def _begins(self, kind: str) -> str:
        return f"{kind}-{self._namespace}-"

    def _next(self, begins: str) -> str:
        self.count += 1
        return begins + str(self.count)

    def contact(self) -> ContactId:
        """The id of a contact: `c-...`."""
        return ContactId(self._next(self._contact))

    def leg(self) -> LegId:
        """The id of a leg, which is the channel's id in Asterisk: `l-...`."""
        return LegId(self._next(self._leg))

    def bridge(self) -> BridgeId:
        """The id of a bridge: `b-...`."""
        return BridgeId(self._next(self._bridge))

    def playback(self) -> PlaybackId:
        """The id of a playback: `p-...`."""
        return PlaybackId(self._next(self._begins("p")))

    def offer(self) -> OfferId:
        """The id of an offer: `o-...`."""
        return OfferId(self._next(self._offer))

    def lookup(self) -> LookupId:
        """The id of one question to a program outside: `q-...`."""
        return LookupId(self._next(self._begins("q")))

    def card(self) -> CardId:
        """The id of what is typed of one card, in one go: `k-...`."""
        return CardId(self._next(self._begins("k")))

    def script(self) -> ScriptId:
        """The id of one run of a script, which is an extension in the dialplan meanwhile: `r-...`."""
        return ScriptId(self._next(self._begins("r")))

    def monitor(self) -> MonitorId:
        """The id of one supervisor's monitoring: `m-...`."""
        return MonitorId(self._next(self._begins("m")))

    def recording(self) -> RecordingId:
        """The name of a recording, in the shape of a UUID: nothing else is let near a file system."""
        self.count += 1
        h = self._hex
        return RecordingId(f"{h[:8]}-{h[8:12]}-{h[12:16]}-cc00-{self.count:012x}")
