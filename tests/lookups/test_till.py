"""Payments over real sockets: what an endpoint is sent, what its answers mean, and that nobody else learns a digit."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger

from callcenter.lookups.asker import Asker
from callcenter.lookups.breaker import FAILURES_MAX
from callcenter.lookups.till import CARDS_MAX, Till
from callcenter.model.card import CardPart, CardSlice, PaymentOutcome, is_plausible, luhn
from callcenter.model.events import Event
from callcenter.model.ids import CardId, ContactId
from callcenter.model.payment_messages import CardChecked, CardPosted, CheckCard, ForgetCard, PostCard
from tests.lookups.test_asker import LIMIT_S, Outside, json_, outside

NUMBER, EXPIRY, CODE = "4111111111111111", "1239", "737"
C, CARD = ContactId("c-1"), CardId("k-1")
SLICES = (
    CardSlice(part=CardPart.NUMBER, first=0, count=16),
    CardSlice(part=CardPart.EXPIRY, first=16, count=4),
    CardSlice(part=CardPart.CODE, first=20, count=3),
)
PAID, REFUSED, FAILED, UNKNOWN = PaymentOutcome


class Desk:
    """A till, and what it told."""

    def __init__(self, till: Till, told: "asyncio.Queue[Event]", log: CapturingLogger) -> None:
        self.till = till
        self.told = told
        self.log = log

    def types(self, card: CardId = CARD) -> None:
        for digit in NUMBER + EXPIRY + CODE:
            self.till.press(card, digit)

    def checks(self, part: CardSlice, **more: Any) -> bool:
        self.till.perform(CheckCard(contact=C, card=CARD, slice=part, **more))
        told = self.told.get_nowait()
        assert isinstance(told, CardChecked)
        return told.ok

    async def posts(self, port: int, card: CardId = CARD, *, timeout_s: float = 2.0, path: str = "pay") -> CardPosted:
        self.till.perform(
            PostCard(
                contact=C,
                card=card,
                name="pay.card",
                url=f"http://127.0.0.1:{port}/{path}",
                timeout_s=timeout_s,
                slices=SLICES,
                take={"token": "token", "echo": "echo", "code": "error.code"},
                secret_headers={"Authorization": "pay_token"},
                body={"amount": "12.50"},
            )
        )
        async with asyncio.timeout(LIMIT_S):
            told = await self.told.get()
        assert isinstance(told, CardPosted)
        assert NUMBER not in repr(told)
        return told


@pytest.fixture
def log() -> Iterator[CapturingLogger]:
    capturing = CapturingLogger()
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.stdlib.BoundLogger, logger_factory=lambda *_: capturing)
    yield capturing
    structlog.configure(**before)


@pytest.fixture
async def desk(tmp_path: Path, log: CapturingLogger) -> AsyncIterator[Desk]:
    (tmp_path / "pay_token").write_text("Bearer s3cret\n")
    told: asyncio.Queue[Event] = asyncio.Queue()
    crashes: list[BaseException] = []
    async with Asker(told.put_nowait, tmp_path, crashes.append) as asker:
        till = Till(asker, told.put_nowait, crashes.append)
        yield Desk(till, told, log)
        await till.close()
    assert crashes == []
    assert NUMBER not in repr(log.calls)


@pytest.fixture
async def bank() -> AsyncIterator[Outside]:
    async with outside() as made:
        yield made


async def test_the_endpoint_is_sent_the_card_once_with_a_key(desk: Desk, bank: Outside) -> None:
    desk.types()
    bank.answers = [json_({"token": "tok_1", "echo": f"card {NUMBER}"})]
    told = await desk.posts(bank.port)
    assert (told.outcome, told.values, told.last) == (PAID, {"token": "tok_1"}, "1111"), "what it repeats is not let in"
    [asked] = bank.asked
    assert asked["body"] == {"amount": "12.50", "card": {"number": NUMBER, "expiry": EXPIRY, "code": CODE}}
    assert (asked["headers"]["Idempotency-Key"], asked["headers"]["Authorization"]) == (CARD, "Bearer s3cret")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(402, REFUSED), (400, REFUSED), (302, REFUSED), (429, FAILED), (500, UNKNOWN), (503, UNKNOWN)],
)
async def test_what_a_status_means(desk: Desk, bank: Outside, status: int, outcome: PaymentOutcome) -> None:
    desk.types()
    bank.answers = [json_({"error": {"code": "declined"}}, status)]
    told = await desk.posts(bank.port)
    assert told.outcome is outcome
    assert told.values == ({"code": "declined"} if outcome is REFUSED else {})
    assert len(bank.asked) == 1, "a payment is never asked for twice"


async def test_no_answer_is_unknown_and_no_connection_is_failed(desk: Desk, bank: Outside) -> None:
    desk.types()
    bank.answers = [10.0]
    assert (await desk.posts(bank.port, timeout_s=0.2)).outcome is UNKNOWN
    other = CardId("k-2")
    desk.types(other)
    assert (await desk.posts(1, other)).outcome is FAILED
    assert desk.log.calls, "said, without a word of the card"


async def test_a_host_that_fails_is_left_alone(desk: Desk, bank: Outside) -> None:
    bank.answers = [json_({}, 500)]
    outcomes = []
    for n in range(FAILURES_MAX + 1):
        card = CardId(f"k-{n}")
        desk.types(card)
        outcomes.append((await desk.posts(bank.port, card)).outcome)
    assert (outcomes[-2:], len(bank.asked)) == ([UNKNOWN, FAILED], FAILURES_MAX)


async def test_what_is_forgotten_cannot_be_posted(desk: Desk, bank: Outside) -> None:
    desk.types()
    bank.answers = [json_({})]
    desk.till.perform(ForgetCard(contact=C, card=CARD))
    desk.till.perform(ForgetCard(contact=C, card=CARD))
    assert not desk.checks(SLICES[0])
    assert ((await desk.posts(bank.port)).outcome, bank.asked) == (FAILED, [])


async def test_parts_are_looked_at_by_what_they_are(desk: Desk) -> None:
    desk.types()
    assert [desk.checks(part) for part in SLICES] == [True, True, True]
    assert not desk.checks(CardSlice(part=CardPart.NUMBER, first=1, count=15))
    assert desk.checks(CardSlice(part=CardPart.NUMBER, first=1, count=15), luhn=False)
    assert not desk.checks(CardSlice(part=CardPart.CODE, first=22, count=3)), "not all of it was typed"


async def test_only_so_many_are_kept(desk: Desk) -> None:
    desk.types()
    for n in range(CARDS_MAX):
        desk.till.press(CardId(f"k-more-{n}"), "4")
    assert not desk.checks(SLICES[0])


@pytest.mark.parametrize(
    ("digits", "fits"), [("79927398713", True), ("79927398710", False), ("", False), ("00", False)]
)
def test_luhn(digits: str, fits: bool) -> None:
    assert luhn(digits) is fits


@pytest.mark.parametrize(
    ("digits", "good"),
    [
        ("1126", True),
        ("1026", False),
        ("1226", True),
        ("1326", False),
        ("0026", False),
        ("1199", False),
        ("112", False),
    ],
)
def test_a_card_is_good_to_the_end_of_its_month(digits: str, good: bool) -> None:
    assert is_plausible(CardPart.EXPIRY, digits, year=2026, month=11) is good
