"""The only place that knows the digits of a card: keeps them while they are typed, looks at, posts and forgets them.

Theory: whoever feeds the engine gives each digit here before the engine is told that there was one (`press`), so the
two count alike. Nothing of it is ever logged, written or put into an event: what goes back is whether a part can be
right, what the endpoint said, and the last four digits. A payment is asked for once; the card's id is its key of
idempotency (draft-ietf-httpapi-idempotency-key-header), so that an endpoint can tell a repetition by whoever sits
between. What an endpoint repeats of a card in its answer is not let in.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import aiohttp
import structlog
from yarl import URL

from callcenter.core.errands import host_of
from callcenter.errors import PeerFault, PeerUnavailable
from callcenter.lookups.answer import values_of
from callcenter.lookups.asker import TOO_MANY_REQUESTS, Asker, answer_of
from callcenter.model.card import LAST, CardPart, CardSlice, PaymentOutcome, is_plausible
from callcenter.model.events import Event
from callcenter.model.ids import CardId
from callcenter.model.payment_messages import CardChecked, CardPosted, CheckCard, ForgetCard, PaymentCommand, PostCard

CARDS_MAX: Final = 2_000  # being typed at once; of more, the oldest is forgotten, and asked for again
DIGITS_MAX: Final = 400  # of one card: ten tries at each of three parts
UNDER_WAY_MAX: Final = 200
CODE_KEPT_MIN: Final = 6  # shorter runs of digits in an answer may be anything (a code of three certainly)

log = structlog.get_logger(__name__)


class NotAsked(PeerFault):
    """The endpoint has certainly taken nothing."""


class Till:
    """Cards being typed, and payments under way."""

    def __init__(self, asker: Asker, post: Callable[[Event], None], crashed: Callable[[BaseException], None]) -> None:
        """`asker` lends its connections, breakers and secrets; `crashed` is told of bugs of ours."""
        self._asker = asker
        self._post = post
        self._crashed = crashed
        self._cards: OrderedDict[CardId, bytearray] = OrderedDict()
        self._under_way: dict[CardId, asyncio.Task[None]] = {}
        self.asked = 0

    async def close(self) -> None:
        """Nothing is waited for any more, and nothing kept."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for card in list(self._cards):
            self._forget(card)

    def press(self, card: CardId, digit: str) -> None:
        """One more digit of a card."""
        typed = self._cards.get(card)
        if typed is None:
            typed = self._cards[card] = bytearray()
            if len(self._cards) > CARDS_MAX:
                self._forget(next(iter(self._cards)))
        if len(typed) < DIGITS_MAX:
            typed += digit.encode()

    def perform(self, command: PaymentCommand) -> None:
        """Do it, or begin it: a payment once for each card. Raises PeerUnavailable if too many are under way."""
        match command:
            case CheckCard():
                self._post(CardChecked(card=command.card, part=command.slice.part, ok=self._is_right(command)))
            case ForgetCard(card=card):
                self._forget(card)
            case PostCard():
                self._begin(command)

    def _is_right(self, command: CheckCard) -> bool:
        digits = self._digits(command.card, command.slice)
        if digits and command.slice.part is CardPart.NUMBER and not command.luhn:
            return True
        today = datetime.now(UTC)
        return is_plausible(command.slice.part, digits, year=today.year, month=today.month)

    def _digits(self, card: CardId, part: CardSlice) -> str:
        """The digits of a part; "" unless all of them are known."""
        digits = self._cards.get(card, bytearray())[part.first : part.first + part.count].decode()
        return digits if len(digits) == part.count else ""

    def _forget(self, card: CardId) -> None:
        typed = self._cards.pop(card, None)
        if typed is not None:
            typed[:] = bytes(len(typed))  # the memory is overwritten before it is given back

    def _begin(self, command: PostCard) -> None:
        if command.card in self._under_way:
            return
        if len(self._under_way) >= UNDER_WAY_MAX:
            raise PeerUnavailable(f"{UNDER_WAY_MAX} payments are under way")
        self.asked += 1
        parts = {part.part: self._digits(command.card, part) for part in command.slices}
        task = asyncio.create_task(self._pay(command, parts), name=f"payment {command.card}")
        self._under_way[command.card] = task
        task.add_done_callback(lambda done: self._done(command.card, done))

    def _done(self, card: CardId, task: asyncio.Task[None]) -> None:
        del self._under_way[card]
        if not task.cancelled() and (crash := task.exception()) is not None:
            crash.add_note(task.get_name())
            self._crashed(crash)

    async def _pay(self, command: PostCard, parts: Mapping[CardPart, str]) -> None:
        values: dict[str, str] = {}
        detail = ""
        try:
            async with asyncio.timeout(command.timeout_s):
                outcome, values = await self._guarded(command, parts)
        except NotAsked as fault:
            outcome, detail = PaymentOutcome.FAILED, str(fault)
        except (PeerFault, TimeoutError) as fault:
            outcome, detail = PaymentOutcome.UNKNOWN, str(fault) or "no answer in time"
        if detail:
            log.warning("payment failed", name=command.name, host=host_of(command.url), reason=detail)
        last = parts.get(CardPart.NUMBER, "")[-LAST:]
        self._post(CardPosted(card=command.card, outcome=outcome, values=values, last=last, detail=detail))

    async def _guarded(self, command: PostCard, parts: Mapping[CardPart, str]) -> tuple[PaymentOutcome, dict[str, str]]:
        """One try, which the host's breaker allows and is told of. Raises PeerFault."""
        if not all(parts.values()):
            raise NotAsked("what was typed is not known any more")
        host, clock = host_of(command.url), asyncio.get_running_loop().time
        try:
            headers = await asyncio.to_thread(self._asker.headers, command)
        except PeerFault as fault:
            raise NotAsked(str(fault)) from None
        breaker = self._asker.breaker(host)
        if not breaker.lets_through(clock()):
            raise NotAsked(f"{host} has failed too often and is left alone for {breaker.rests_s(clock()):.0f} s yet")
        try:
            answered = await self._tried(command, parts, headers)
        except BaseException:  # also when the time is up in the middle of it
            breaker.failed(clock())
            raise
        breaker.answered()
        return answered

    async def _tried(
        self, command: PostCard, parts: Mapping[CardPart, str], headers: Mapping[str, str]
    ) -> tuple[PaymentOutcome, dict[str, str]]:
        """Raises NotAsked if it has certainly taken nothing, PeerFault if nobody knows."""
        card = {part.value: digits for part, digits in parts.items()}
        try:
            async with self._asker.session.post(
                URL(command.url, encoded=True),
                headers={**headers, "Idempotency-Key": command.card},
                json={**command.body, "card": card},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None),  # the payment's own runs already
            ) as response:
                if response.status == TOO_MANY_REQUESTS:
                    raise NotAsked(f"status {response.status}")
                if response.status >= 500:
                    raise PeerFault(f"status {response.status}")
                body = await answer_of(response)
                paid = 200 <= response.status < 300
        except aiohttp.ClientConnectorError as error:
            raise NotAsked(type(error).__name__) from None
        except (aiohttp.ClientError, ValueError, OSError) as error:  # their words may hold the address: not repeated
            raise PeerFault(type(error).__name__) from None
        try:
            values = values_of(body, command.take) if command.take and body else {}
        except ValueError as error:
            if paid:
                raise PeerFault(str(error)) from None
            values = {}
        kept = {name: text for name, text in values.items() if not _repeats(text, card)}
        return (PaymentOutcome.PAID if paid else PaymentOutcome.REFUSED), kept


def _repeats(text: str, card: Mapping[str, str]) -> bool:
    """Whether a text holds what was typed: the whole of a part, or more of the number than may be told."""
    digits = "".join(sign for sign in text if sign.isdigit())
    number = card.get(CardPart.NUMBER.value, "")
    runs = {number[at : at + CODE_KEPT_MIN] for at in range(len(number) - CODE_KEPT_MIN + 1)}
    return any(run in digits for run in runs) or text.strip() in (card.get(CardPart.CODE.value), number)
