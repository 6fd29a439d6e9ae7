"""Those who call and those who work, each with a telephone. Knows telephones and what one can do with them.

What the center makes of it is asked of `center`; what is heard is read from the file a telephone writes its sound to.
"""

import asyncio
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callcenter.errors import PeerFault
from callcenter.model.agent import AgentState
from callcenter.model.facts import ContactConnected, ContactEnded, NodeEntered
from callcenter.model.ids import ContactId
from callcenter.model.view import AgentView, ContactView
from callcenter.sim.peers.baresip import CallState, PhoneCall, SoftPhone
from callcenter.sim.peers.tones import BLOCK_S, HEARD_DBFS, RATE
from callcenter.speech.wav import tone_dbfs
from tests.live import office
from tests.live.waiting import LIMIT_S, LOOK_EVERY_S, eventually

if TYPE_CHECKING:
    from tests.live.center import Center

HEADER_BYTES: Final = 44
BYTES_A_SAMPLE: Final = 2
SILENT_BLOCKS: Final = 3
HEARD_BLOCKS: Final = 2  # a tone that was there for two tenths of a second was heard


class Ear:
    """What comes out of a telephone, as it is written down while the call is up."""

    def __init__(self, folder: Path) -> None:
        self._growing = folder / "heard.wav"
        self._from = HEADER_BYTES

    def forget(self) -> None:
        """From here on only what comes now counts."""
        self._from = max(HEADER_BYTES, self._size())

    def start_over(self) -> None:
        """A new call has a new file."""
        self._from = HEADER_BYTES

    async def hears(self, hz: float, within_s: float) -> None:
        """Wait until a tone is heard. Raises AssertionError if it is not in time."""
        heard = 0
        deadline = time.monotonic() + within_s
        size = round(BLOCK_S * RATE)
        while heard < HEARD_BLOCKS:
            block = await self._heard(size, deadline, f"nothing was heard of {hz:g} Hz within {within_s:g} s")
            heard = heard + 1 if tone_dbfs(block, RATE, hz) >= HEARD_DBFS else 0

    async def falls_silent(self, hz: float, within_s: float = LIMIT_S) -> None:
        """Wait until what was still on its way of a tone has been heard. Raises AssertionError if it goes on."""
        self.forget()
        deadline, spared = time.monotonic() + within_s, 0
        goes_on = f"{hz:g} Hz is heard after {within_s:g} s"
        while spared < SILENT_BLOCKS:
            block = await self._heard(round(BLOCK_S * RATE), deadline, goes_on)
            spared = spared + 1 if tone_dbfs(block, RATE, hz) < HEARD_DBFS else 0
            assert time.monotonic() < deadline, goes_on

    async def is_spared(self, hz: float, seconds: float) -> None:
        """Listen for so long, from now on, and hear nothing of a tone. Raises AssertionError."""
        self.forget()
        deadline = time.monotonic() + seconds + LIMIT_S
        blocks = 0
        while blocks * BLOCK_S < seconds:
            block = await self._heard(round(BLOCK_S * RATE), deadline, "the telephone plays nothing at all")
            blocks += 1
            assert tone_dbfs(block, RATE, hz) < HEARD_DBFS, f"{hz:g} Hz was heard"

    async def hears_none_of(self, hzs: Sequence[float], for_s: float) -> None:
        """From now on and for so long none of these tones comes. Raises AssertionError at the first that does."""
        self.forget()
        size, blocks = round(BLOCK_S * RATE), round(for_s / BLOCK_S)
        deadline = time.monotonic() + 3 * for_s + 1.0
        while blocks:
            block = self._next(size)
            if block is None:
                if time.monotonic() > deadline:
                    return  # a phone that is sent nothing writes nothing
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            blocks -= 1
            loud = [hz for hz in hzs if tone_dbfs(block, RATE, hz) >= HEARD_DBFS]
            assert not loud, f"{loud} Hz was heard"

    async def _heard(self, samples: int, deadline: float, complaint: str) -> "array[int]":
        """The next so many samples, as soon as they are there. Raises AssertionError if they are not in time."""
        while (block := self._next(samples)) is None:
            assert time.monotonic() < deadline, complaint
            await asyncio.sleep(LOOK_EVERY_S)
        return block

    def _next(self, samples: int) -> "array[int] | None":
        want = samples * BYTES_A_SAMPLE
        if self._size() < self._from + want:
            return None
        with self._growing.open("rb") as file:
            file.seek(self._from)
            read = array("h", file.read(want))
        self._from += want
        return read

    def _size(self) -> int:
        try:
            return self._growing.stat().st_size
        except FileNotFoundError:
            return 0


@dataclass(slots=True, kw_only=True)
class Caller:
    """Somebody who calls, with a telephone in her hand."""

    center: "Center"
    phone: SoftPhone
    number: str
    tone_hz: int
    ear: Ear
    call: PhoneCall
    _contact: ContactId | None = None

    async def contact(self) -> ContactId:
        """The call's id in the center."""
        if self._contact is None:
            self._contact = await self.center.contact_of(self.number)
        return self._contact

    async def seen(self) -> ContactView | None:
        """How the center sees the call now; None: not any more, or not yet."""
        contact = await self.contact()
        return next((one for one in (await self.center.view()).contacts if one.id == contact), None)

    async def is_up(self) -> None:
        """The center has answered."""
        await self.call.reaches(CallState.UP, LIMIT_S)

    async def hears(self, prompt: str, language: str = "en", within_s: float = LIMIT_S) -> None:
        """A prompt in a language, from its beginning or not."""
        await self.ear.hears(office.PROMPT_TONES[prompt, language], within_s)

    async def hears_music(self, within_s: float = LIMIT_S) -> None:
        """Music on hold."""
        await self.ear.hears(office.MUSIC_TONE, within_s)

    async def hears_agent(self, agent: "AgentAtWork", within_s: float = LIMIT_S) -> None:
        """Her voice."""
        await self.ear.hears(agent.tone_hz, within_s)

    async def presses(self, digits: str) -> None:
        """Keys, one after the other (RFC 4733)."""
        await self.phone.press(digits)

    async def is_at(self, node: str, within_s: float = LIMIT_S) -> None:
        """The flow has come to this node."""
        await self.center.fact(NodeEntered, contact=await self.contact(), node=node, within_s=within_s)

    async def waits(self, within_s: float = LIMIT_S) -> None:
        """She stands in line, and no telephone rings for her."""
        contact = await self.contact()
        await self.center.until(
            lambda view: any(one.id == contact and one.state == "waiting" for one in view.contacts),
            f"{contact} waits",
            within_s,
        )

    async def talks_to(self, agent: "AgentAtWork", within_s: float = LIMIT_S) -> ContactConnected:
        """The two are connected, and each hears the other."""
        connected = await self.center.fact(
            ContactConnected, contact=await self.contact(), agent=agent.id, within_s=within_s
        )
        self.ear.forget()
        await asyncio.gather(self.hears_agent(agent), agent.hears_caller(self))
        return connected

    async def hangs_up(self) -> None:
        """She puts the receiver down, and it stays down, whatever crosses that on the wire."""

        async def down() -> bool | None:
            if self.call.state is not CallState.ENDED:
                with suppress(PeerFault):  # it is just being answered
                    await self.phone.hang_up()
            return True if self.call.state is CallState.ENDED else None

        await eventually(down, f"{self.number} hangs up")

    async def is_hung_up(self, within_s: float = LIMIT_S) -> None:
        """The other side has ended the call."""
        await self.call.reaches(CallState.ENDED, within_s)

    async def ended(self, within_s: float = LIMIT_S) -> ContactEnded:
        """The center has closed the books on her call."""
        return await self.center.fact(ContactEnded, contact=await self.contact(), within_s=within_s)


@dataclass(slots=True, kw_only=True)
class AgentAtWork:
    """An agent with her telephone on the desk."""

    center: "Center"
    id: str
    number: str
    tone_hz: int
    phone: SoftPhone
    ear: Ear

    async def logs_in(self) -> None:
        """Available."""
        await self.center.asks(f"/v1/agents/{self.id}/status", {"status": "available"})

    async def pauses(self, reason: str = "") -> None:
        """No calls, please."""
        await self.center.asks(f"/v1/agents/{self.id}/status", {"status": "paused", "reason": reason})

    async def logs_out(self) -> None:
        """Gone home."""
        await self.center.asks(f"/v1/agents/{self.id}/status", {"status": "logged_out"})

    async def seen(self) -> AgentView:
        """How the center sees her now."""
        return next(one for one in (await self.center.view()).agents if one.id == self.id)

    async def is_(self, state: AgentState, within_s: float = LIMIT_S) -> AgentView:
        """Wait until the center has her so."""
        view = await self.center.until(
            lambda view: any(one.id == self.id and one.state == state for one in view.agents),
            f"{self.id} is {state}",
            within_s,
        )
        return next(one for one in view.agents if one.id == self.id)

    async def rings(self, within_s: float = LIMIT_S) -> PhoneCall:
        """Her telephone rings now, or will."""
        ringing = [call for call in self.phone.incoming if call.state is CallState.RINGING]
        return ringing[0] if ringing else await self.phone.next_call(within_s)

    async def answers(self) -> None:
        """She takes the call that rings."""
        await self.phone.answer()

    async def hears_caller(self, caller: Caller, within_s: float = LIMIT_S) -> None:
        """A caller's voice."""
        await self.ear.hears(caller.tone_hz, within_s)

    async def dials(self, number: str) -> PhoneCall:
        """She calls a number of the house's from her own telephone."""
        self.ear.start_over()
        return await self.phone.dial(number)

    async def hangs_up(self) -> None:
        """She ends the call, or refuses the one that rings."""
        await self.phone.hang_up()
