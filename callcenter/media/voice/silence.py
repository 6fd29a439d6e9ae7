"""Whether a phone that does not answer is still heard. Knows Asterisk's counts of packets; decides nothing.

A phone that has lost its network or its power hangs up nothing, and Asterisk gives its leg up only after the endpoint's
`rtp_timeout`, which is long, because a softphone may send nothing while it is muted. Here both are known: it does not
answer the questions whether it is there, and not one packet of sound has come from it meanwhile.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from callcenter.asterisk.ari import Ari, Gone
from callcenter.asterisk.ari.resources import Endpoint
from callcenter.errors import PeerFault
from callcenter.model.events import Event, LegSilent
from callcenter.model.ids import LegId

ONLINE: Final = "online"
SILENT_S: Final = 10.0  # without a packet: a phone that changes its network is back sooner
LOOKS_MAX: Final = 60  # at one phone: by then Asterisk itself has given its legs up
PHONES_MAX: Final = 1_000  # that are looked at in the same time
LEGS_MAX: Final = 8  # of one phone; with more it is a trunk, whose legs nobody gives up


class Silence:
    """Looks at the legs of phones that do not answer, until they do or have no leg any more."""

    def __init__(self, ari: Ari, post: Callable[[Event], None], *, silent_s: float = SILENT_S) -> None:
        self._ari = ari
        self._post = post
        self._silent_s = silent_s
        self._watched: set[str] = set()
        self._new: asyncio.Queue[Endpoint] = asyncio.Queue(PHONES_MAX)

    def seen(self, endpoint: Endpoint) -> None:
        """How an endpoint stands now: one that does not answer, and has legs, is looked at from now on."""
        if endpoint.state == ONLINE or not 0 < len(endpoint.channel_ids) <= LEGS_MAX:
            return
        if endpoint.resource in self._watched:
            return
        with suppress(asyncio.QueueFull):  # then the whole network is away, and `rtp_timeout` has to do
            self._new.put_nowait(endpoint)
            self._watched.add(endpoint.resource)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                endpoint = await self._new.get()
                group.create_task(self._watch(endpoint.technology, endpoint.resource))

    async def _watch(self, technology: str, number: str) -> None:
        before: dict[str, int] = {}
        try:
            for _ in range(LOOKS_MAX):
                try:
                    counts = await self._counts(technology, number)
                except PeerFault:
                    before = {}  # what could not be asked is asked again
                else:
                    for leg, count in counts.items():
                        if before.get(leg) == count:
                            self._post(LegSilent(leg=LegId(leg), silent_s=self._silent_s))
                    if not counts:
                        return
                    before = counts
                await asyncio.sleep(self._silent_s)
        finally:
            self._watched.discard(number)

    async def _counts(self, technology: str, number: str) -> dict[str, int]:
        """The legs of a phone that does not answer, and how many packets came from each; none if it does answer."""
        try:
            endpoint = await self._ari.endpoints.get(technology, number)
        except Gone:
            return {}
        if endpoint.state == ONLINE:
            return {}
        heard = [(leg, await self._heard(leg)) for leg in endpoint.channel_ids]
        return {leg: count for leg, count in heard if count is not None}

    async def _heard(self, leg: str) -> int | None:
        """Packets of sound that have come so far; None of a leg that is gone, or carries no sound yet."""
        try:
            return (await self._ari.channels.rtp_statistics(leg)).rxcount
        except Gone:
            return None
