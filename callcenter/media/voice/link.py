"""Keeps engine and Asterisk in step. Knows the order: up, list, tell, go on; knows no message's meaning.

After every connection Asterisk is listed and the engine told what lives (`Resynced`) before any message of the new
connection is passed on. Messages that Asterisk queued for us while we were away are older than the list; they come
after it and are harmless, because the engine drops what it knows already.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.asterisk.ari import Ari, Gone, Inbox, LinkDown, LinkUp
from callcenter.asterisk.ari.messages import Bridge, Channel
from callcenter.errors import PeerFault
from callcenter.media.voice import ears
from callcenter.model.agent import PhoneState
from callcenter.model.events import BridgeSeen, Event, PhoneChanged, Resynced
from callcenter.model.ids import BridgeId, LegId

LISTING_RETRY_S: Final = 0.5
PHONES: Final = "PJSIP"

log = structlog.get_logger(__name__)


class VoiceLink:
    """Reads one Asterisk's messages and posts events."""

    def __init__(self, ari: Ari, inbox: Inbox, post: Callable[[Event], None]) -> None:
        self._ari = ari
        self._inbox = inbox
        self._post = post
        self.in_step = asyncio.Event()  # set while the link is up and the engine knows what lives
        self.resyncs = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            item = await self._inbox.next()
            if isinstance(item, LinkUp):
                await self._resync()
            elif isinstance(item, LinkDown):
                self.in_step.clear()
                log.warning("asterisk link down", reason=str(item.reason))
            else:
                event = ears.event_of(item)
                if event is not None:
                    self._post(event)

    async def phones(self) -> None:
        """Tell the engine which phones can be rung now."""
        try:
            for endpoint in await self._ari.endpoints.list_by_tech(PHONES):
                self._post(ears.phone_of(endpoint))
        except Gone:
            log.info("asterisk knows no phone yet")

    async def phone_stirred(self, event: AmiMessage) -> None:
        """AMI says that a phone registered, vanished or answered again: look how it stands now.

        ARI would tell too, but only with a subscription to the endpoint, which repeats every event of its calls.
        """
        number = event.get("EndpointName") or event.get("AOR")
        if event.event != "ContactStatus" or not number:
            return
        try:
            self._post(ears.phone_of(await self._ari.endpoints.get(PHONES, number)))
        except Gone:
            self._post(PhoneChanged(number=number, state=PhoneState.UNREACHABLE))
        except PeerFault as fault:
            log.warning("a phone's state could not be asked", number=number, fault=str(fault))

    async def _resync(self) -> None:
        """List everything, tell the engine."""
        channels, bridges = await self._listed()
        legs = tuple(leg for channel in channels if (leg := ears.seen(channel)) is not None)
        self._post(
            Resynced(
                legs=legs,
                bridges=tuple(
                    BridgeSeen(bridge=BridgeId(b.id), legs=tuple(LegId(c) for c in b.channels))
                    for b in bridges
                    if b.name == ears.APP
                ),
            )
        )
        await self._phones_in_time()
        self.resyncs += 1
        self.in_step.set()
        log.info("in step with asterisk", legs=len(legs), bridges=len(bridges))

    async def _listed(self) -> tuple[list[Channel], list[Bridge]]:
        """All channels and bridges; asked for until an answer comes."""
        while True:
            try:
                return await self._ari.channels.list(), await self._ari.bridges.list()
            except PeerFault as fault:
                log.warning("asterisk cannot be listed", fault=str(fault))
                await asyncio.sleep(LISTING_RETRY_S)

    async def _phones_in_time(self) -> None:
        try:
            await self.phones()
        except PeerFault as fault:
            log.warning("phones could not be listed", fault=str(fault))
