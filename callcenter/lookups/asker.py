"""Asks programs outside and posts what they say. Knows time limits, tries, secrets and a breaker for each host.

Theory: to ask is to begin and go on; the answer comes as a `LookedUp`, always, and always in time. What a failed try
means is decided here only as far as nobody notices: what may be asked twice (RFC 9110, 9.2.2) is asked again while
there is time. Addresses and answers hold what callers typed, and headers hold secrets: neither is ever logged.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

import aiohttp
import structlog
from yarl import URL

from callcenter.core.errands import REPEATABLE, host_of
from callcenter.errors import Bug, PeerFault, PeerUnavailable
from callcenter.lookups.answer import values_of
from callcenter.lookups.breaker import Breaker, BreakerState
from callcenter.model.commands import LookUp
from callcenter.model.contact import LookupOutcome
from callcenter.model.events import Event, LookedUp
from callcenter.model.ids import LookupId
from callcenter.model.payment_messages import PostCard

UNDER_WAY_MAX: Final = 500  # lookups at once; more are refused, which their flows are told
CONNECTIONS_MAX: Final = 100
CONNECTIONS_OF_HOST_MAX: Final = 20
TRIES_MAX: Final = 3
PAUSE_S: Final = 0.1  # before the second try; twice that before the third
ANSWER_BYTES_MAX: Final = 64 * 1024
SECRET_CHARS_MAX: Final = 4096
HOSTS_MAX: Final = 1_000  # whose breakers are remembered
TOO_MANY_REQUESTS: Final = 429
NOTHING_THERE: Final = (204, 404, 410)

log = structlog.get_logger(__name__)


class Unanswered(PeerFault):
    """The host did not answer, or says that it cannot now: a try that failed, and counts against the host."""


class Unusable(PeerFault):
    """The host answered, and what it said is of no use: another try would bring the same."""


class Asker:
    """Lookups under way."""

    def __init__(self, post: Callable[[Event], None], secrets: Path, crashed: Callable[[BaseException], None]) -> None:
        """`secrets` is the folder in which the file of a secret's name holds it; `crashed` is told of bugs of ours."""
        self._post = post
        self._crashed = crashed
        self._secrets = secrets
        self._session: aiohttp.ClientSession | None = None
        self._under_way: dict[LookupId, asyncio.Task[None]] = {}
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        self.asked = 0
        self.failed = 0

    async def __aenter__(self) -> "Asker":
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, limit_per_host=CONNECTIONS_OF_HOST_MAX)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def ask(self, command: LookUp) -> None:
        """Begin, once for each lookup. Raises PeerUnavailable if too many are under way."""
        if command.lookup in self._under_way:
            return
        if len(self._under_way) >= UNDER_WAY_MAX:
            raise PeerUnavailable(f"{UNDER_WAY_MAX} lookups are under way")
        self.asked += 1
        task = asyncio.create_task(self._answer(command), name=f"lookup {command.lookup}")
        self._under_way[command.lookup] = task
        task.add_done_callback(lambda done: self._done(command.lookup, done))

    def health(self) -> Mapping[str, object]:
        """Figures, and the hosts that are left alone now."""
        now = asyncio.get_running_loop().time()
        return {
            "asked": self.asked,
            "failed": self.failed,
            "under_way": len(self._under_way),
            "left_alone": {
                host: round(breaker.rests_s(now), 1)
                for host, breaker in self._breakers.items()
                if breaker.state is not BreakerState.CLOSED
            },
        }

    def _done(self, lookup: LookupId, task: asyncio.Task[None]) -> None:
        del self._under_way[lookup]
        if not task.cancelled() and (crash := task.exception()) is not None:
            crash.add_note(task.get_name())
            self._crashed(crash)

    async def _answer(self, command: LookUp) -> None:
        try:
            async with asyncio.timeout(command.timeout_s):
                outcome, values = await self._asked(command)
            detail = ""
        except (PeerFault, TimeoutError) as fault:
            outcome, values = LookupOutcome.FAILED, {}
            detail = str(fault) or "no answer in time"
            self.failed += 1
            log.warning("lookup failed", name=command.name, host=host_of(command.url), reason=detail)
        self._post(LookedUp(lookup=command.lookup, outcome=outcome, values=values, detail=detail))

    async def _asked(self, command: LookUp) -> tuple[LookupOutcome, dict[str, str]]:
        """What came of it. Raises PeerFault."""
        headers = await asyncio.to_thread(self.headers, command)
        pause_s = PAUSE_S
        for tries_left in reversed(range(TRIES_MAX if command.method in REPEATABLE else 1)):
            try:
                return await self._guarded(command, headers)
            except Unanswered:
                if not tries_left:
                    raise
            await asyncio.sleep(pause_s)
            pause_s *= 2
        raise Bug("a lookup without a try")

    async def _guarded(self, command: LookUp, headers: Mapping[str, str]) -> tuple[LookupOutcome, dict[str, str]]:
        """One try, which the host's breaker allows and is told of. Raises PeerFault."""
        host, clock = host_of(command.url), asyncio.get_running_loop().time
        breaker = self.breaker(host)
        if not breaker.lets_through(clock()):
            raise Unusable(f"{host} has failed too often and is left alone for {breaker.rests_s(clock()):.0f} s yet")
        try:
            found = await self._tried(command, headers)
        except Unusable:
            breaker.answered()
            raise
        except BaseException:  # also when the time is up in the middle of it
            breaker.failed(clock())
            if breaker.state is BreakerState.OPEN:
                log.warning("a host that lookups ask is left alone", host=host, for_s=breaker.rests_s(clock()))
            raise
        breaker.answered()
        return found

    async def _tried(self, command: LookUp, headers: Mapping[str, str]) -> tuple[LookupOutcome, dict[str, str]]:
        try:
            async with self.session.request(
                command.method,
                URL(command.url, encoded=True),
                headers=headers,
                json=dict(command.body) if command.body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # the lookup's own runs already
            ) as response:
                if response.status >= 500 or response.status == TOO_MANY_REQUESTS:
                    raise Unanswered(f"status {response.status}")
                if response.status in NOTHING_THERE:
                    return LookupOutcome.NOT_FOUND, {}
                if not 200 <= response.status < 300:
                    raise Unusable(f"status {response.status}")
                body = await answer_of(response)
        except (aiohttp.ClientError, ValueError, OSError) as error:  # their words may hold the address: not repeated
            raise Unanswered(type(error).__name__) from None
        if not command.take:
            return LookupOutcome.FOUND, {}
        try:
            values = values_of(body, command.take)
        except ValueError as error:
            raise Unusable(str(error)) from None
        return (LookupOutcome.FOUND if values else LookupOutcome.NOT_FOUND), values

    @property
    def session(self) -> aiohttp.ClientSession:
        """Where connections come from. Raises Bug before there is one."""
        if self._session is None:
            raise Bug("a question before there is a session")
        return self._session

    def headers(self, command: LookUp | PostCard) -> dict[str, str]:
        """The headers, with secrets in their places. Reads files; raises Unusable if one is missing."""
        headers = {name: _one_line(text) for name, text in command.headers.items()}
        for name, secret in command.secret_headers.items():
            try:
                text = (self._secrets / secret).read_text(encoding="utf-8")[:SECRET_CHARS_MAX].strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Unusable(f"the secret {secret} cannot be read in {self._secrets}") from error
            headers[name] = _one_line(text)
        return headers

    def breaker(self, host: str) -> Breaker:
        """The breaker of a host, whoever asks it."""
        breaker = self._breakers.setdefault(host, Breaker())
        self._breakers.move_to_end(host)
        if len(self._breakers) > HOSTS_MAX:
            self._breakers.popitem(last=False)
        return breaker


async def answer_of(response: aiohttp.ClientResponse) -> bytes:
    """The whole answer. Raises Unusable if it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(ANSWER_BYTES_MAX):
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise Unusable(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)


def _one_line(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
