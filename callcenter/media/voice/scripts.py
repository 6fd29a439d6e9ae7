"""Legs that are lent to a FastAGI script: out of Stasis into the dialplan, and back. Knows both ways; decides nothing.

Theory: ARI runs no applications, so the leg goes to a place in the dialplan whose extension is the id of the run: there
AGI runs, and Stasis after it (asterisk-conf/callcenter/extensions.conf.j2). Before it goes, its channel is subscribed
to, because out of Stasis nobody would tell of its end. Variables are set over AMI: a channel on which ARI has set one
may not use functions such as DB() in its dialplan afterwards, and the script is somebody's dialplan.
"""

from collections.abc import Sequence
from typing import Final

from callcenter.asterisk.ami_actions import AmiActions
from callcenter.asterisk.ari import Ari, AriRefused, NotInStasis, ToDialplan
from callcenter.asterisk.ari.resources import Channel
from callcenter.errors import PeerFault, PeerRefused, SubjectGone
from callcenter.media.voice.ears import APP, SCRIPT_CONTEXT, SCRIPT_OVER_CONTEXT, TAKEN_SEPARATOR, outside, script_of
from callcenter.model.commands import FetchBack, RunScript
from callcenter.model.ids import LegId

TO_RUN: Final = "CALLCENTER_SCRIPT"
"""Variable of the channel: what AGI is called with, the address and its arguments."""
RUN: Final = "CALLCENTER_RUN"
"""Variable of the channel: the id of the run, which it comes back with."""
TO_TAKE: Final = "CALLCENTER_TAKE"
"""Variable of the channel: the names of those that are wanted afterwards."""
VALUE_CHARS_MAX: Final = 200


class Scripts:
    """Lends legs."""

    def __init__(self, ari: Ari, ami: AmiActions) -> None:
        self._ari = ari
        self._ami = ami

    async def run(self, command: RunScript) -> None:
        """Let the leg go, once, however often it is asked. Raises PeerFault: SubjectGone if there is no such leg."""
        leg = command.leg
        try:
            await self._ari.applications.subscribe(APP, (f"channel:{leg}",))
            there = await self._channel(leg)
            if there is not None and script_of(there) == command.script:
                return  # in it, or back from it already: it must not run twice
            for name in command.take:  # what an earlier script left is not what this one says
                await self._ami.set_variable(leg, name, "")
            await self._ami.set_variable(leg, RUN, command.script)
            await self._ami.set_variable(leg, TO_RUN, ",".join((command.url, *command.arguments)))
            await self._ami.set_variable(leg, TO_TAKE, TAKEN_SEPARATOR.join(command.take))
            to = ToDialplan(context=SCRIPT_CONTEXT, extension=command.script)
            await self._ari.channels.continue_in_dialplan(leg, to)
        except (AriRefused, NotInStasis, PeerRefused) as refused:
            channel = await self._channel(leg)
            if channel is None:
                raise SubjectGone(f"{leg} is gone: {refused}") from refused
            if script_of(channel) != command.script:  # else an earlier try of this command was carried out
                raise PeerRefused(str(refused)) from refused

    async def fetch_back(self, command: FetchBack) -> None:
        """Take the leg out of its script, wherever that is. Raises PeerFault: SubjectGone if there is no such leg."""
        try:
            await self._ami.set_variable(command.leg, RUN, command.script)
            await self._ami.redirect(command.leg, SCRIPT_OVER_CONTEXT, command.script)
        except PeerRefused as refused:
            if await self._channel(command.leg) is None:
                raise SubjectGone(f"{command.leg} is gone: {refused}") from refused
            raise

    async def _channel(self, leg: LegId) -> Channel | None:
        return await self._ari.channels.find(leg)


async def values_of(ari: Ari, leg: LegId, names: Sequence[str]) -> dict[str, str]:
    """What a script left in these variables of its channel; what cannot be had is left out."""
    values: dict[str, str] = {}
    try:
        for name in names:
            value = await ari.channels.get_channel_var(leg, name)
            if value:
                values[name] = outside(value, VALUE_CHARS_MAX)
    except PeerFault:  # the leg has gone, which is told, or Asterisk is away, and everything is looked at again
        pass
    return values
