"""Which phones are in use, as Asterisk says it. Knows device states and endpoints; not whose calls those are.

Told by AMI at each change (`DeviceStateChange`, which res_manager_devicestate makes), and by ARI's list of endpoints
with their channels: after every connection, and from time to time, because a change that was missed would keep an agent
from her work. A list that was asked for before a change and comes after it says nothing about that phone.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.asterisk.ari.resources import Endpoint
from callcenter.model.events import Event
from callcenter.model.phone_use import PhonesListed, PhoneUsed

LISTED_EVERY_S: Final = 60.0
CHANGE: Final = "DeviceStateChange"
USED: Final = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})
"""Of Asterisk's device states, those of a device that has a call (include/asterisk/devicestate.h)."""
_PHONE: Final = re.compile(r"PJSIP/([A-Za-z0-9_.+-]{1,64})")


class PhoneUseEars:
    """Hears of every phone; the engine is told of those that somebody is known by."""

    def __init__(self, post: Callable[[Event], None], is_agents: Callable[[str], bool] = lambda number: True) -> None:
        self._post = post
        self._is_agents = is_agents
        self._used: dict[str, None] = {}  # as the engine was told last
        self._moved: dict[str, bool] = {}  # since the list was asked for that is under way
        self._before: frozenset[str] = frozenset()  # in use by the list before

    def told(self, event: AmiMessage) -> None:
        """What AMI says."""
        match = _PHONE.fullmatch(event.get("Device")) if event.event == CHANGE else None
        if match is None or not self._is_agents(match[1]):
            return
        number, used = match[1], event.get("State") in USED
        self._moved[number] = used
        if used is (number in self._used):
            return
        if used:
            self._used[number] = None
        else:
            del self._used[number]
        self._post(PhoneUsed(number=number, used=used))

    def asks(self) -> None:
        """A list is asked for: what AMI says from now on is newer."""
        self._moved.clear()

    def listed(self, endpoints: Iterable[Endpoint], *, always: bool) -> None:
        """The answer. The engine is told of it if it is not what it knows, or `always`: after a restart, it may not.

        A phone of which AMI says nothing is taken for one in use when two lists say so: the first may have met a
        channel that came to nothing, of whose end nobody would tell.
        """
        listed = frozenset(one.resource for one in endpoints if one.channel_ids and self._is_agents(one.resource))
        known = listed if always else listed & (self._before | self._used.keys())
        self._before = listed - self._moved.keys()
        moved = {number for number, is_used in self._moved.items() if is_used}
        now = dict.fromkeys(sorted((known - self._moved.keys()) | moved))
        if always or now.keys() != self._used.keys():
            self._used = now
            self._post(PhonesListed(used=tuple(now)))
