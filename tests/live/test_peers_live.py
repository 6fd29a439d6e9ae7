"""The SIP peers themselves, on a real Asterisk: what the demo, the live tests and the benches lean on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from callcenter.embedded.programs import Tool
from callcenter.errors import PeerFault
from callcenter.sim.peers.baresip import CallState, Habit, SoftPhone
from callcenter.sim.peers.scenarios import Press, Wait
from callcenter.sim.peers.sipp import Caller, Crowd, PhoneBank
from callcenter.sim.peers.tones import seconds_of, tones_in, write_tone
from tests.live.real_asterisk import RealAsterisk
from tests.live.waiting import passes

pytestmark = pytest.mark.live

DIALPLAN: Final = """
[from-carrier]
exten => keys,1,Answer()
 same => n,Read(KEYS,,5,,1,6)
 same => n,Set(GLOBAL(keys-${CALLERID(num)})=${KEYS})
 same => n,Hangup()
exten => ring,1,Ringing()
 same => n,Wait(20)
exten => drop,1,Answer()
 same => n,Wait(0.7)
 same => n,Hangup()
exten => echo,1,Answer()
 same => n,Echo()
exten => _1XXX,1,Dial(PJSIP/${EXTEN},10)
 same => n,Hangup(${HANGUPCAUSE})
"""


@pytest.fixture
async def exchange(asterisk: RealAsterisk) -> AsyncIterator[RealAsterisk]:
    """Asterisk with a few numbers to try peers on."""
    await asterisk.custom_dialplan(DIALPLAN)
    yield asterisk
    await asterisk.custom_dialplan("")


async def keys_heard(exchange: RealAsterisk, caller: str) -> str:
    said = await exchange.cli("dialplan show globals")
    found = [line.strip() for line in said.splitlines() if line.strip().startswith(f"keys-{caller}=")]
    return found[0].partition("=")[2] if found else ""


# -- softphones --------------------------------------------------------------------------------------------------------


async def test_a_softphone_presses_keys(exchange: RealAsterisk, baresip: Tool, peers_folder: Path) -> None:
    async with SoftPhone(baresip, peers_folder / "a", number="0911000001", server=exchange.sip) as caller:
        call = await caller.dial("keys")
        await call.reaches(CallState.UP, 5)
        await caller.press("1*90#")
        await call.reaches(CallState.ENDED, 10)
    assert await keys_heard(exchange, "0911000001") == "1*90"


async def test_two_phones_hear_each_others_tone(exchange: RealAsterisk, baresip: Tool, peers_folder: Path) -> None:
    sound = await asyncio.to_thread(write_tone, peers_folder / "voice.wav", 1500, 20)
    agent = SoftPhone(
        baresip, peers_folder / "b", number="1001", secret=exchange.secret("1001"), server=exchange.sip, tone_hz=900
    )
    caller = SoftPhone(baresip, peers_folder / "a", number="0911000002", server=exchange.sip, sound=sound)
    async with agent, caller:
        await agent.registered()
        call = await caller.dial("1001")
        taken = await agent.next_call(5, after=0)
        await taken.reaches(CallState.UP, 5)
        await passes(1.5)
        await caller.hang_up()
        await taken.reaches(CallState.ENDED, 5)
        await call.reaches(CallState.ENDED, 5)
    assert call.heard is not None
    assert taken.heard is not None
    heard = (440.0, 900.0, 1500.0)
    assert await asyncio.to_thread(tones_in, call.heard, heard) == {900.0}
    assert await asyncio.to_thread(tones_in, taken.heard, heard) == {1500.0}
    assert await asyncio.to_thread(seconds_of, taken.heard, 1500.0) > 1.0


async def test_a_softphone_rejects_ignores_or_is_gone(
    exchange: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    agent = SoftPhone(baresip, peers_folder / "b", number="1002", secret=exchange.secret("1002"), server=exchange.sip)
    caller = SoftPhone(baresip, peers_folder / "a", number="0911000003", server=exchange.sip)
    async with agent, caller:
        await agent.registered()
        agent.habit = Habit.REJECT
        call = await caller.dial("1002")
        await call.reaches(CallState.ENDED, 5)
        assert call.reason.startswith("486")
        with pytest.raises(PeerFault, match="unanswered"):
            await call.reaches(CallState.UP, 1)

        agent.habit = Habit.IGNORE
        call = await caller.dial("1002")
        await call.reaches(CallState.RINGING, 5)
        rung = await agent.next_call(5, after=1)
        await passes(0.5)
        assert rung.state is CallState.RINGING
        await caller.hang_up()
        await rung.reaches(CallState.ENDED, 5)
        assert rung.answered_at is None


async def test_a_softphone_answers_late_and_hangs_up_itself(
    exchange: RealAsterisk, baresip: Tool, peers_folder: Path
) -> None:
    agent = SoftPhone(
        baresip,
        peers_folder / "b",
        number="1003",
        secret=exchange.secret("1003"),
        server=exchange.sip,
        answer_after_s=0.8,
        talk_s=1.0,
    )
    caller = SoftPhone(baresip, peers_folder / "a", number="0911000004", server=exchange.sip)
    async with agent, caller:
        await agent.registered()
        for _ in range(2):  # a second call gets files and habits of its own
            call = await caller.dial("1003")
            await call.reaches(CallState.ENDED, 8)
            taken = agent.incoming[-1]
            await taken.reaches(CallState.ENDED, 3)
            assert taken.answered_at is not None
            assert taken.ended_at is not None
            assert 0.7 < taken.answered_at - taken.began_at < 1.5
            assert 0.8 < taken.ended_at - taken.answered_at < 2.0
    assert len({call.heard for call in agent.calls}) == 2


# -- crowds ------------------------------------------------------------------------------------------------------------


async def test_a_crowd_presses_keys_and_hangs_up(exchange: RealAsterisk, sipp: Tool, peers_folder: Path) -> None:
    callers = [Caller(number=f"09220000{at:02}", dialled="keys", name=f'Người "{at}"') for at in range(10)]
    steps = (Wait(seconds=0.3), Press(digits="20*#"), Wait(seconds=0.3))
    async with Crowd(
        sipp, peers_folder / "crowd", server=exchange.sip, callers=callers, steps=steps, rate=10, hang_up=False
    ) as crowd:
        result = await crowd.finished(20)
    assert (result.created, result.successful, result.failed) == (10, 10, 0)
    assert {line.party for line in result.lines if line.what == "was hung up"} == {each.number for each in callers}
    for each in callers:
        assert await keys_heard(exchange, each.number) == "20*"


async def test_a_crowd_gives_up_while_it_rings(exchange: RealAsterisk, sipp: Tool, peers_folder: Path) -> None:
    callers = [Caller(number=f"09330000{at:02}", dialled="ring") for at in range(3)]
    async with Crowd(
        sipp, peers_folder / "crowd", server=exchange.sip, callers=callers, steps=(), rate=10, cancel_after_s=0.5
    ) as crowd:
        result = await crowd.finished(10)
    assert result.count("cancels") == 3
    assert result.failed == 0


async def test_a_crowd_notices_that_it_was_hung_up(exchange: RealAsterisk, sipp: Tool, peers_folder: Path) -> None:
    callers = [Caller(number=f"09440000{at:02}", dialled="drop") for at in range(3)]
    async with Crowd(
        sipp, peers_folder / "crowd", server=exchange.sip, callers=callers, steps=(Wait(seconds=5),), rate=10
    ) as crowd:
        result = await crowd.finished(10)
    assert result.count("was hung up") == 3
    assert result.count("hangs up") == 0
    by_call = {line.call: line.at for line in result.lines if line.what == "answered"}
    assert all(0.5 < line.at - by_call[line.call] < 1.5 for line in result.lines if line.what == "was hung up"), (
        "the log's times are the calls' times"
    )


@pytest.mark.parametrize(
    ("answer", "talk_s", "words"),
    [
        (200, None, "was hung up"),
        (200, 0.5, "hangs up"),
        (486, None, "refuses with 486"),
        (603, None, "refuses with 603"),
        (0, None, "was cancelled"),
    ],
)
async def test_a_bank_of_phones(
    exchange: RealAsterisk,
    baresip: Tool,
    sipp: Tool,
    peers_folder: Path,
    answer: int,
    talk_s: float | None,
    words: str,
) -> None:
    accounts = [(number, exchange.secret(number)) for number in ("1001", "1002", "1003", "1004")]
    bank = PhoneBank(
        sipp, peers_folder / "bank", server=exchange.sip, accounts=accounts, answer=answer, talk_s=talk_s, tone_hz=700
    )
    caller = SoftPhone(baresip, peers_folder / "a", number="0911000005", server=exchange.sip)
    async with bank, caller:
        await bank.registered(10)
        call = await caller.dial("1002")
        if answer == 200 and talk_s is None:
            await call.reaches(CallState.UP, 5)
            await passes(1.0)
            await caller.hang_up()
        elif answer == 0:
            await call.reaches(CallState.RINGING, 5)
            await caller.hang_up()
        await call.reaches(CallState.ENDED, 8)
        assert await happens(bank, "1002", words)
    if answer == 200:
        assert call.heard is not None
        assert await asyncio.to_thread(tones_in, call.heard, (700.0, 440.0)) == {700.0}


async def happens(bank: PhoneBank, number: str, words: str) -> bool:
    try:
        async with asyncio.timeout(5):
            while not any(line.party == number and line.what == words for line in bank.lines()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # SIPp tells nobody; its log is all there is
    except TimeoutError:
        return False
    return True
