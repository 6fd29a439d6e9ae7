"""Callers who send what no telephone would: names and numbers of any bytes, straight onto the wire. Knows SIP over UDP.

SIPp and softphones are too well-behaved for that: they escape, refuse or cut. A stranger does just enough of RFC 3261
to have a call answered and ended.
"""

import asyncio
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast

from callcenter.sim.peers.places import LOOPBACK

RESEND_S: Final = 1.0
TAG: Final = re.compile(rb"^To:.*;tag=([^;\r\n]+)", re.MULTILINE | re.IGNORECASE)
CALL: Final = re.compile(rb"^Call-ID: *([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
CONTACT: Final = re.compile(rb"^Contact: *<([^>]+)>", re.MULTILINE | re.IGNORECASE)
COPIED: Final = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq):[^\r\n]*\r\n", re.MULTILINE | re.IGNORECASE)
SDP: Final = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
)


class Fate(StrEnum):
    """What became of a call."""

    TRYING = "trying"
    UP = "up"
    ENDED = "ended"
    REFUSED = "refused"


@dataclass(slots=True, kw_only=True)
class Strange:
    """One call. `name`, `number` and `dialled` go onto the wire as they are."""

    name: bytes
    number: bytes
    dialled: bytes
    hangs_up: bool = False  # as soon as it is answered
    fate: Fate = Fate.TRYING
    status: int = 0  # the final answer to the INVITE
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Strangers(asyncio.DatagramProtocol):
    """All of them on one socket. Use `open_strangers`."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._calls: dict[bytes, Strange] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._heard: set[bytes] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    async def call(self, strange: Strange, within_s: float) -> Strange:
        """Call, and wait until it is over. Raises TimeoutError."""
        call = b"strange-%d@nowhere" % len(self._calls)
        self._calls[call] = strange
        async with asyncio.timeout(within_s):
            while call not in self._heard:
                self._send(self._request(b"INVITE", call, strange, b""))
                try:
                    async with asyncio.timeout(RESEND_S):
                        await strange.over.wait()
                except TimeoutError:
                    continue
            await strange.over.wait()
        return strange

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        """An answer, or a BYE."""
        found = CALL.search(data)
        strange = self._calls.get(found[1].strip()) if found else None
        if found is None or strange is None:
            return
        call = found[1].strip()
        self._heard.add(call)
        if data.startswith(b"BYE "):
            self._send(b"SIP/2.0 200 OK\r\n" + b"".join(COPIED.findall(data)) + b"Content-Length: 0\r\n\r\n")
            self._over(strange, Fate.ENDED)
        elif data.startswith(b"SIP/2.0 "):
            self._answered(call, strange, int(data[8:11]), data)

    def _answered(self, call: bytes, strange: Strange, status: int, data: bytes) -> None:
        if status < 200 or b" INVITE\r\n" not in data:
            if status >= 200:
                self._over(strange, Fate.ENDED)  # of its BYE
            return
        strange.status = status
        tag, contact = TAG.search(data), CONTACT.search(data)
        if tag is not None:
            to = contact[1] if status == 200 and contact is not None else b""
            self._send(self._request(b"ACK", call, strange, tag[1], to))
        if status != 200:
            self._over(strange, Fate.REFUSED)
        elif strange.fate is Fate.TRYING:
            strange.fate = Fate.UP
            if strange.hangs_up and tag is not None:
                self._send(self._request(b"BYE", call, strange, tag[1], contact[1] if contact is not None else b""))

    def _over(self, strange: Strange, fate: Fate) -> None:
        if strange.fate not in (Fate.ENDED, Fate.REFUSED):
            strange.fate = fate
        strange.over.set()

    def _request(self, method: bytes, call: bytes, strange: Strange, tag: bytes, to: bytes = b"") -> bytes:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        here = f"{host}:{port}".encode()
        there = b"%s:%d" % (self._server[0].encode(), self._server[1])
        body = SDP % port if method == b"INVITE" else b""
        branch = b"z9hG4bK" + call.partition(b"@")[0] + (b"" if method == b"INVITE" or not to else method)
        lines = (
            b"%s %s SIP/2.0" % (method, to or b"sip:%s@%s" % (strange.dialled, there)),
            b"Via: SIP/2.0/UDP %s;branch=%s" % (here, branch),
            b'From: "%s" <sip:%s@%s>;tag=strange' % (strange.name, strange.number, here),
            b"To: <sip:%s@%s>%s" % (strange.dialled, there, b";tag=" + tag if tag else b""),
            b"Call-ID: " + call,
            b"CSeq: %d %s" % (2 if method == b"BYE" else 1, method),
            b"Contact: <sip:stranger@%s>" % here,
            b"Max-Forwards: 70",
            b"Content-Type: application/sdp" if body else b"User-Agent: stranger",
            b"Content-Length: %d" % len(body),
        )
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def _send(self, message: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(message, self._server)

    def close(self) -> None:
        """They are gone."""
        if self._transport is not None:
            self._transport.close()


async def open_strangers(host: str, port: int) -> Strangers:
    """Ready to call the server there."""
    loop = asyncio.get_running_loop()
    _, strangers = await loop.create_datagram_endpoint(lambda: Strangers(host, port), local_addr=(LOOPBACK, 0))
    return strangers
