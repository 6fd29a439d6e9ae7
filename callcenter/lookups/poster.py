"""Sends signed packets to programs outside. Knows HTTP, allowed hosts and signatures; knows no fact.

Only hosts that lookups may ask (lookups.yaml) are sent anything, and redirects are not followed: who may name an
address must not be able to reach the inside of this network with it. What comes back is not read.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp

from callcenter.core.errands import host_of
from callcenter.errors import Bug, PeerFault

SEND_LIMIT_S: Final = 10.0
GONE: Final = 410
SIGNATURE: Final = "Callcenter-Signature"


class HookGone(PeerFault):
    """The receiver says that it will never want anything again."""


class Poster:
    """Use as an async context."""

    def __init__(self, allowed: Callable[[], Sequence[str]], limit_s: float = SEND_LIMIT_S) -> None:
        """`allowed` are the hosts (host, or host:port) that may be sent anything now."""
        self._allowed = allowed
        self._limit_s = limit_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Poster":
        timeout = aiohttp.ClientTimeout(total=self._limit_s)
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, *, id_: str, secret: str, at: float) -> None:
        """Send one packet. Raises PeerFault unless it was taken (2xx), HookGone if it is not wanted (410)."""
        if self._session is None:
            raise Bug("a packet before there is a session")
        host = host_of(url)
        if not url.startswith(("http://", "https://")) or host not in self._allowed():
            raise PeerFault(f"{host!r} is no host of lookups.yaml, so nothing is sent there")
        headers = {
            "Content-Type": "application/json",
            "Callcenter-Delivery": id_,
            SIGNATURE: signature(secret, round(at), body),
        }
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise PeerFault(f"{host} does not take it: {type(error).__name__}") from error
        if status == GONE:
            raise HookGone(f"{host} answered 410: it wants nothing more")
        if not 200 <= status < 300:
            raise PeerFault(f"{host} answered {status}")


def signature(secret: str, at: int, body: bytes) -> str:
    """`t=<UTC seconds>,v1=<hex>`: HMAC-SHA256 with the secret, over the time, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
