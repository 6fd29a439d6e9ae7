"""The door: a call of the dialplan's goes through a flow and comes out again, or does not, and the dialplan knows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from callcenter.asterisk.agi import AgiServer
from callcenter.media.voice.door import ROUTE, Door
from callcenter.model.ids import LegId
from tests.adapters.fake_agi_peer import WAIT_S, FakeCall

LEG = LegId("1700000000.1")  # as the fake call says


class Reception:
    """A door on a real port."""

    def __init__(self) -> None:
        self.door = Door({"sales"})
        self.server = AgiServer("127.0.0.1", 0, {ROUTE: self.door.serve})

    async def call(self, path: str, in_stasis: Callable[[FakeCall], None] = lambda call: None) -> FakeCall:
        """One call through AGI(agi://host/`path`); `in_stasis` is what happens while the flow has it."""
        call = FakeCall(path)
        call.busy = asyncio.Event()
        await call.connect(self.server.port)
        through = asyncio.create_task(call.until_ended())
        asked = asyncio.create_task(call.until_asked(1))
        try:
            await asyncio.wait({through, asked}, return_when=asyncio.FIRST_COMPLETED)
            in_stasis(call)
            call.busy.set()
            await through
        finally:
            asked.cancel()
            await call.close()
        async with asyncio.timeout(WAIT_S):
            await self.server.wait_until_empty()
        return call


@asynccontextmanager
async def a_reception() -> AsyncIterator[Reception]:
    reception = Reception()
    await reception.server.start()
    try:
        yield reception
    finally:
        await reception.server.close()


@pytest.fixture
async def reception() -> AsyncIterator[Reception]:
    async with a_reception() as one:
        yield one


def told(call: FakeCall) -> tuple[str | None, str | None]:
    return call.variables.get("CALLCENTER_STATUS"), call.variables.get("CALLCENTER_EXIT")


async def test_a_call_comes_back_with_the_exit_of_its_flow(reception: Reception) -> None:
    call = await reception.call("flow/sales", lambda call: reception.door.leaving(LEG, "bought"))
    assert call.executed == [("Stasis", "callcenter,flow,sales")]
    assert told(call) == ("RETURNED", "bought")


async def test_a_call_may_come_back_twice_and_each_time_has_its_own_exit(reception: Reception) -> None:
    first = await reception.call("flow/sales", lambda call: reception.door.leaving(LEG, "bought"))
    second = await reception.call("flow/sales", lambda call: call.variables.update(STASISSTATUS="SUCCESS"))
    assert told(first) == ("RETURNED", "bought")
    assert told(second) == (None, None)


async def test_without_a_call_center_the_dialplan_is_told(reception: Reception) -> None:
    call = await reception.call("flow/sales", lambda call: call.variables.update(STASISSTATUS="FAILED"))
    assert told(call) == ("FAILED", "")


async def test_who_hangs_up_is_told_nothing(reception: Reception) -> None:
    def hang_up(call: FakeCall) -> None:
        call.hang_up()
        call.end()

    assert told(await reception.call("flow/sales", hang_up)) == (None, None)


@pytest.mark.parametrize(
    "path", ["flow/a,b", "flow/../x", "flow/-x", f"flow/{'x' * 65}", "flow/a/b", "flow/é", "flow/unknown"]
)
async def test_what_is_no_flow_is_not_asked_for(reception: Reception, path: str) -> None:
    call = await reception.call(path)
    assert call.executed == []
    assert told(call) == ("NOFLOW", None)


async def test_exits_of_legs_without_a_session_are_not_kept(reception: Reception) -> None:
    reception.door.leaving(LEG, "stale")
    call = await reception.call("flow/sales", lambda call: call.variables.update(STASISSTATUS="SUCCESS"))
    assert told(call) == (None, None)


async def test_an_asterisk_that_dies_leaves_nothing_behind(reception: Reception) -> None:
    call = FakeCall("flow/sales")
    call.busy = asyncio.Event()
    await call.connect(reception.server.port)
    await call.until_asked(1)
    call.vanish()
    async with asyncio.timeout(WAIT_S):
        await reception.server.wait_until_empty()
    await call.close()
    reception.door.leaving(LEG, "late")
    again = await reception.call("flow/sales", lambda call: call.variables.update(STASISSTATUS="SUCCESS"))
    assert told(again) == (None, None)
