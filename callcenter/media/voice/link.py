"""Keeps engine and Asterisk in step. Knows the order: up, list, tell, go on; knows no message's meaning.

After every connection Asterisk is listed and the engine told what lives (`Resynced`) before any message of the new
connection is passed on. Messages that Asterisk queued for us while we were away are older than the list; they come
after it and are harmless, because the engine drops what it knows already.

A phone that stirs (AMI says so) is looked at over ARI, one after the other and each once however often it stirred
meanwhile; when all phones of a company come back at the same moment, everybody is listed at once instead.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from callcenter.asterisk.ami import AmiState
from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.asterisk.ari import Ari, Gone, Inbox, LinkDown, LinkUp
from callcenter.asterisk.ari.messages import StasisStart
from callcenter.asterisk.ari.resources import Bridge, Channel, Endpoint
from callcenter.errors import PeerFault
from callcenter.media.voice import ears
from callcenter.media.voice.phone_use import LISTED_EVERY_S, PhoneUseEars
from callcenter.media.voice.scripts import values_of
from callcenter.media.voice.silence import Silence
from callcenter.model.agent import PhoneState
from callcenter.model.events import BridgeSeen, Event, PhoneChanged, Resynced, ScriptEnded
from callcenter.model.ids import BridgeId, LegId, ScriptId

LISTING_RETRY_S: Final = 0.5
RETURNED_AFTER_S: Final = 1.0  # a leg that came back while we were away is told of when what Asterisk kept has been
PHONES: Final = "PJSIP"
PHONE_PATTERN: Final = re.compile(r"[A-Za-z0-9_.+-]{1,64}")  # of agents' phones; other endpoints are not looked at
STIRRED_MAX: Final = 100  # phones that wait to be looked at; beyond it everybody is listed, in one request

log = structlog.get_logger(__name__)


class VoiceLink:
    """Reads one Asterisk's messages and posts events."""

    def __init__(
        self,
        ari: Ari,
        inbox: Inbox,
        post: Callable[[Event], None],
        silence: Silence | None = None,
        is_agents: Callable[[str], bool] = lambda number: True,
    ) -> None:
        """`is_agents` tells whether an endpoint is an agent's phone: of trunks it is not told that they are in use."""
        self._ari = ari
        self._inbox = inbox
        self._post = post
        self._stirred: dict[str, None] = {}  # numbers, in the order in which they are looked at
        self._everybody = False  # stirred
        self._stir = asyncio.Event()
        self._use = PhoneUseEars(post, is_agents)
        self._silence = silence if silence is not None else Silence(ari, post)
        self._looking = asyncio.Lock()  # so that an older answer never comes after a newer one
        self._returning: set[asyncio.Task[None]] = set()  # looks at what scripts left
        self.in_step = asyncio.Event()  # set while the link is up and the engine knows what lives
        self.resyncs = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._look())
            group.create_task(self._silence.run())
            group.create_task(self._list_use())

    async def phones(self) -> None:
        """Tell the engine which phones can be rung now. Raises PeerFault."""
        async with self._looking:
            self._use.asks()
            endpoints: list[Endpoint] = []
            try:
                endpoints = await self._ari.endpoints.list_by_tech(PHONES)
            except Gone:
                log.info("asterisk knows no phone yet")
            for endpoint in endpoints:
                self._phone(endpoint)
            self._use.listed(endpoints, always=True)

    async def _list_use(self) -> None:
        """From time to time all phones are looked at: a change of which nobody told would keep an agent from work."""
        while True:
            await asyncio.sleep(LISTED_EVERY_S)
            await self.in_step.wait()
            async with self._looking:
                self._use.asks()
                try:
                    self._use.listed(await self._ari.endpoints.list_by_tech(PHONES), always=False)
                except PeerFault as fault:
                    log.warning("phones could not be listed", fault=str(fault))

    def phone_stirred(self, event: AmiMessage) -> None:
        """AMI says that a phone registered, vanished or answered again: look how it stands now. Or that it is in use.

        ARI would tell too, but only with a subscription to the endpoint, which repeats every event of its calls.
        """
        self._use.told(event)
        number = event.get("EndpointName") or event.get("AOR")
        if event.event != "ContactStatus" or not PHONE_PATTERN.fullmatch(number):
            return
        if number in self._stirred or len(self._stirred) < STIRRED_MAX:
            self._stirred[number] = None
        else:
            self._everybody = True
        self._stir.set()

    def phones_heard(self, state: AmiState) -> None:
        """AMI is up again: phones that stirred while it was not have told nobody, so everybody is listed."""
        if state is AmiState.UP:
            self._everybody = True
            self._stir.set()

    async def _read(self) -> None:
        while True:
            item = await self._inbox.next()
            if isinstance(item, LinkUp):
                await self._resync()
            elif isinstance(item, LinkDown):
                self.in_step.clear()
                log.warning("asterisk link down", reason=str(item.reason))
            else:
                event = ears.event_of(item)
                if isinstance(event, ScriptEnded) and isinstance(item, StasisStart):
                    self._bring_back(event, ears.taken_of(item.args))
                elif event is not None:
                    self._post(event)

    def _bring_back(self, event: ScriptEnded, names: Sequence[str], after_s: float = 0.0) -> None:
        """A leg is back from a script: it is told together with what the script left on it."""
        task = asyncio.create_task(self._told_with_values(event, names, after_s), name=f"back {event.script}")
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _told_with_values(self, event: ScriptEnded, names: Sequence[str], after_s: float) -> None:
        await asyncio.sleep(after_s)
        values = await values_of(self._ari, event.leg, names)
        self._post(msgspec.structs.replace(event, values=values))

    async def _look(self) -> None:
        """Look at phones that stirred, until none is left; what could not be asked is asked again."""
        while True:
            await self._stir.wait()
            await self.in_step.wait()
            self._stir.clear()
            everybody, self._everybody = self._everybody, False
            try:
                if everybody:
                    await self.phones()
                    everybody = False
                while self._stirred:
                    await self._look_at(next(iter(self._stirred)))
            except PeerFault as fault:
                log.warning("a phone's state could not be asked", waiting=len(self._stirred), fault=str(fault))
                self._everybody = self._everybody or everybody
                self._stir.set()
                await asyncio.sleep(LISTING_RETRY_S)

    async def _look_at(self, number: str) -> None:
        """One phone. Stirring from now on counts anew. Raises PeerFault, and then it still waits to be looked at."""
        async with self._looking:
            del self._stirred[number]
            try:
                self._phone(await self._ari.endpoints.get(PHONES, number))
            except Gone:
                self._post(PhoneChanged(number=number, state=PhoneState.UNREACHABLE))
            except PeerFault:
                self._stirred[number] = None
                raise

    def _phone(self, endpoint: Endpoint) -> None:
        self._post(ears.phone_of(endpoint))
        self._silence.seen(endpoint)

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
        for channel in channels:  # that came back while nobody listened; a run that is over finds nobody
            arguments = channel.dialplan.app_data.split(",")[1:]
            if channel.dialplan.app_name == "Stasis" and arguments[:1] == [ears.ARG_SCRIPT] and len(arguments) > 2:
                event = ScriptEnded(leg=LegId(channel.id), script=ScriptId(arguments[1]), status=arguments[2])
                self._bring_back(event, ears.taken_of(arguments), RETURNED_AFTER_S)
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
