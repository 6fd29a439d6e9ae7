"""A phone that takes a call off another phone (INVITE with Replaces, RFC 3891). Knows SIPp and the account it uses.

baresip cannot do that. It sends no sound; it says what it did by its exit code.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import Tool
from callcenter.sim.peers.places import LOOPBACK, end, free_ports, running, tail

TALKS_MS: Final = 1500
LIFE_MAX_S: Final = 60

_HEAD: Final = """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[remote_ip]>;tag=[pid]taker
To: <sip:taken@[remote_ip]>{tag}
Call-ID: [call_id]
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
"""
_INVITE: Final = (
    "INVITE sip:taken@[remote_ip]:[remote_port] SIP/2.0\n"
    + _HEAD.format(tag="")
    + "CSeq: [cseq] INVITE\nRequire: replaces\nReplaces: [replaces]\n{authentication}"
    + """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
)
_IN_CALL: Final = "{method} sip:taken@[remote_ip]:[remote_port] SIP/2.0\n" + _HEAD + "CSeq: [cseq] {method}\n"


def _send(text: str) -> str:
    return f"<send><![CDATA[\n{text}\n\n]]></send>"


def _scenario() -> str:
    ack = _IN_CALL.format(method="ACK", tag="[peer_tag_param]") + "Content-Length: 0\n"
    bye = _IN_CALL.format(method="BYE", tag="[peer_tag_param]") + "Content-Length: 0\n"
    parts = (
        _send(_INVITE.format(authentication="")),
        '<recv response="100" optional="true"/>',
        '<recv response="401" auth="true"/>',
        _send(ack),
        _send(_INVITE.format(authentication="[authentication username=[field0] password=[field1]]\n")),
        '<recv response="100" optional="true"/>',
        '<recv response="180" optional="true"/>',
        '<recv response="200"/>',
        _send(ack),
        f'<pause milliseconds="{TALKS_MS}"/>',
        _send(bye),
        '<recv response="200"/>',
    )
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="taker">\n' + "\n".join(parts) + "\n</scenario>\n"


def _write(folder: Path, number: str, secret: str) -> None:
    folder.mkdir(parents=True)
    (folder / "scenario.xml").write_text(_scenario())
    (folder / "accounts.csv").touch(mode=0o600)
    (folder / "accounts.csv").write_text(f"SEQUENTIAL\n{number};{secret}\n")


class Taker:
    """The phone, as it takes the call, talks and hangs up."""

    def __init__(self, process: asyncio.subprocess.Process, output: Path) -> None:
        self._process = process
        self._output = output

    async def done(self, within_s: float) -> bool:
        """Wait until it is over: whether the call was its own, and ended by it. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            return await self._process.wait() == 0

    def says(self) -> str:
        """What it has written."""
        return tail(self._output)


@asynccontextmanager
async def taker(
    tool: Tool, folder: Path, *, server: str, number: str, secret: str, replaces: str
) -> AsyncIterator[Taker]:
    """A phone with this account takes the call that `replaces` names: "call-id;to-tag=...;from-tag=..."."""
    await asyncio.to_thread(_write, folder, number, secret)
    port = free_ports(1, Kind.BOTH)
    options = ["-sf", "scenario.xml", "-inf", "accounts.csv", "-i", LOOPBACK, "-p", str(port), "-m", "1", "-nostdin"]
    argv = tool.argv([server, *options, "-key", "replaces", replaces, "-timeout", str(LIFE_MAX_S), "-trace_err"])
    output = folder / "output"
    async with running(argv, tool.environment(), folder=folder, output=output) as process:
        try:
            yield Taker(process, output)
        finally:
            await end(process)
