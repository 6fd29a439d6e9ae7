"""A carrier: a second Asterisk at the far end of the trunk, whose dialplan answers, is busy, rings on, fails, greets.

What becomes of a call is told by the last digit of the number that is dialled, and every call is written into its log.
Knows Asterisk; knows no call center.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from callcenter.sim.peers.places import LOOPBACK
from tests.live.minimal_asterisk import MinimalAsterisk, minimal_asterisk

MODULES: Final = (
    "res_pjproject.so",
    "res_sorcery_astdb.so",
    "res_pjsip.so",
    "res_pjsip_session.so",
    "res_pjsip_sdp_rtp.so",
    "res_pjsip_endpoint_identifier_anonymous.so",
    "res_pjsip_caller_id.so",
    "res_pjsip_rfc3326.so",
    "res_pjsip_pubsub.so",
    "func_strings.so",
    "res_rtp_asterisk.so",
    "chan_pjsip.so",
)
ANSWERS: Final = "01234"
BUSY, RINGS_ON, FAILS, UNKNOWN, MACHINE = "5", "6", "7", "8", "9"
BEHAVES: Final = (
    """
[numbers]
exten => _+X.,1,Log(NOTICE,CARRIER ${EXTEN} ${CALLERID(num)} ${EPOCH})
 same => n,Goto(behave-${EXTEN:-1},s,1)
"""
    + "".join(
        f"""
[behave-{digit}]
exten => s,1,Ringing()
 same => n,Wait(0.3)
 same => n,Answer()
 same => n,Playtones(700)
 same => n,Wait(30)
 same => n,Hangup()
"""
        for digit in ANSWERS
    )
    + f"""
[behave-{BUSY}]
exten => s,1,Hangup(17)
[behave-{RINGS_ON}]
exten => s,1,Ringing()
 same => n,Wait(600)
[behave-{FAILS}]
exten => s,1,Hangup(34)
[behave-{UNKNOWN}]
exten => s,1,Hangup(1)
[behave-{MACHINE}]
exten => s,1,Ringing()
 same => n,Wait(0.3)
 same => n,Answer()
 same => n,Playback(vm-intro)
 same => n,Playback(beep)
 same => n,Playtones(440)
 same => n,Wait(10)
 same => n,Hangup()
"""
)
_LINE: Final = re.compile(r"NOTICE\[.* CARRIER (?P<number>\+\d+) (?P<caller>\S*) (?P<at>\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A call that came to the carrier."""

    number: str
    caller: str
    at: float  # UTC seconds, rounded down


class Carrier:
    """A running one."""

    def __init__(self, asterisk: MinimalAsterisk) -> None:
        self.asterisk = asterisk

    def dialled(self) -> list[Dialled]:
        """Every call so far, by its log."""
        return [
            Dialled(number=one["number"], caller=one["caller"], at=float(one["at"]))
            for one in _LINE.finditer(self.asterisk.log_text())
        ]


@asynccontextmanager
async def carrier(port: int, rtp_from: int) -> AsyncIterator[Carrier]:
    """One that listens at this port, and has 400 ports for sound."""
    files = {
        "pjsip.conf": f"""
[loopback]
type = transport
protocol = udp
bind = {LOOPBACK}:{port}
[anonymous]
type = endpoint
context = numbers
disallow = all
allow = ulaw,alaw
direct_media = no
""",
        "rtp.conf": f"[general]\nrtpstart = {rtp_from}\nrtpend = {rtp_from + 399}\n",
    }
    async with minimal_asterisk(extensions=BEHAVES, files=files, modules=MODULES) as asterisk:
        yield Carrier(asterisk)
