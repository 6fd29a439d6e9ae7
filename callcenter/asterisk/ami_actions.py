"""The few AMI actions that a call center needs, typed. Knows their fields and traps; knows no recording policy.

MixMonitor is the delicate one: Asterisk glues File, Options and Command together with commas and runs the third part
in a shell (apps/app_mixmonitor.c). So a file's name and options are checked against what such names need, and a
command is not offered.
"""

import re
from enum import StrEnum
from typing import Final, NewType, Protocol

from callcenter.asterisk.ami_wire import AmiReply, Fields, UnsafeText
from callcenter.errors import OutcomeUnknown

MixMonitorId = NewType("MixMonitorId", str)

_FILE: Final = re.compile(r"[A-Za-z0-9_./-]+")
_OPTIONS: Final = re.compile(r"(?:[A-Za-hj-z](?:\([A-Za-z0-9_./-]*\))?)*")  # `i` is ours
_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
MIXMONITOR_FILE: Final = "MIXMONITOR_FILENAME"  # Asterisk leaves it on the channel
_ID_VARIABLE: Final = "CALLCENTER_MIXMONITOR_ID"


class MixDirection(StrEnum):
    """Whose voice: `read` is what the channel says, `write` what it hears."""

    READ = "read"
    WRITE = "write"
    BOTH = "both"


class AsksAmi(Protocol):
    """What an AmiLink offers here."""

    async def action(self, name: str, fields: Fields = ()) -> AmiReply: ...


class AmiActions:
    """Each method raises PeerRefused, PeerUnavailable or OutcomeUnknown, as AmiLink.action does."""

    def __init__(self, link: AsksAmi) -> None:
        self._link = link

    async def ping(self) -> None:
        """Returns once Asterisk has answered."""
        await self._link.action("Ping")

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Sets a plain variable of a channel. Raises UnsafeText for a name that is none, or a line end in the value."""
        if not _VARIABLE.fullmatch(name):
            raise UnsafeText(f"{name[:80]!r} is no variable's name")
        await self._link.action("Setvar", (("Channel", channel), ("Variable", name), ("Value", value)))

    async def redirect(self, channel: str, context: str, extension: str) -> None:
        """Makes a channel go on at another place of the dialplan, whatever it does now."""
        fields = (("Channel", channel), ("Context", context), ("Exten", extension), ("Priority", "1"))
        await self._link.action("Redirect", fields)

    async def start_mixmonitor(self, channel: str, file: str, options: str = "") -> MixMonitorId:
        """Records both sides of `channel` into `file` (relative to Asterisk's monitor folder, or absolute).

        `options` are the application's ("b", "r(in.wav)t(out.wav)"). The AMI user needs the `system` right.
        """
        if not _FILE.fullmatch(file) or ".." in file.split("/"):
            raise UnsafeText(f"{file[:80]!r} is no name for a recording")
        if not _OPTIONS.fullmatch(options):
            raise UnsafeText(f"{options[:80]!r} are no options for MixMonitor")
        reply = await self._link.action(
            "MixMonitor", (("Channel", channel), ("File", file), ("Options", f"{options}i({_ID_VARIABLE})"))
        )
        id_ = reply.answer.get("MixMonitorID")
        if not id_:  # the channel ended while it was started
            raise OutcomeUnknown(f"MixMonitor on {channel}: Asterisk gave no id")
        return MixMonitorId(id_)

    async def mixmonitor_file(self, channel: str) -> str:
        """The whole path of the file that was last recorded into on `channel`, by a recording that may still run.

        Empty if nothing was ever recorded.
        """
        reply = await self._link.action("Getvar", (("Channel", channel), ("Variable", MIXMONITOR_FILE)))
        return reply.answer.get("Value")

    async def mixmonitor_id(self, channel: str) -> MixMonitorId | None:
        """The id of the recording that was last begun here on `channel`; it may have ended."""
        reply = await self._link.action("Getvar", (("Channel", channel), ("Variable", _ID_VARIABLE)))
        id_ = reply.answer.get("Value")
        return MixMonitorId(id_) if id_ else None

    async def stop_mixmonitor(self, channel: str, id_: MixMonitorId) -> None:
        """Ends one recording of the channel; others go on."""
        await self._link.action("StopMixMonitor", (("Channel", channel), ("MixMonitorID", id_)))

    async def mute_mixmonitor(
        self, channel: str, id_: MixMonitorId | None, *, muted: bool, direction: MixDirection = MixDirection.BOTH
    ) -> None:
        """Replaces speech in the recording by silence while `muted` (card numbers); the call itself is not touched.

        Without an id every recording of the channel is muted.
        """
        fields: tuple[tuple[str, str], ...] = (("Channel", channel),)
        if id_ is not None:
            fields += (("MixMonitorID", id_),)
        fields += (("Direction", direction.value), ("State", "1" if muted else "0"))
        await self._link.action("MixMonitorMute", fields)
