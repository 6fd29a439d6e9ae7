"""Requests when things go wrong: what was not sent, what may have been done, what was refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from callcenter.asterisk.ari import (
    Access,
    AccessRefused,
    AllocationFailed,
    AlreadyExists,
    Ari,
    AriRefused,
    BridgeType,
    Call,
    Conflict,
    Gone,
    HangupReason,
    NotInStasis,
    ToStasis,
    Urgency,
)
from callcenter.asterisk.ari.rest import CONNECTIONS, Gate
from callcenter.errors import Bug, OutcomeUnknown, PeerFault, PeerUnavailable
from tests.adapters.fake_ari import FakeAri

LIMIT_S = 5.0
TO = ToStasis(app="callcenter", args=("out", "42"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    async with FakeAri() as asterisk:
        asterisk.phones["1001"] = "ring"
        asterisk.serve("callcenter")
        yield asterisk


@pytest.fixture
async def ari(fake: FakeAri) -> AsyncIterator[Ari]:
    access = Access(port=fake.port, username=fake.username, password=fake.password)
    async with Ari(access, command_timeout_s=1.5) as client:
        yield client


async def test_nobody_there_means_nothing_was_sent() -> None:
    async with FakeAri() as gone:
        port = gone.port
    async with Ari(Access(port=port, username="u", password="p")) as ari:
        with pytest.raises(PeerUnavailable):
            await ari.channels.originate("a", Call(endpoint="PJSIP/1001"), TO)


async def test_a_closed_client_sends_nothing(fake: FakeAri) -> None:
    ari = Ari(Access(port=fake.port, username="u", password="p"))
    with pytest.raises(PeerUnavailable):
        await ari.channels.list()
    assert fake.requests == []


async def test_no_answer_means_unknown_and_it_may_still_run(fake: FakeAri, ari: Ari) -> None:
    release = fake.hold("POST /bridges/late")
    with pytest.raises(OutcomeUnknown):
        await ari.bridges.create("late")
    assert await ari.bridges.list() == []
    release.set()
    async with asyncio.timeout(LIMIT_S):
        while not await ari.bridges.list():
            pass
    assert (await ari.bridges.create("late")).id == "late"  # the second try finds the first one's


async def test_a_cut_post_is_unknown_and_never_repeated(fake: FakeAri, ari: Ari) -> None:
    await ari.channels.list()  # a kept-alive connection
    fake.cut("POST /channels/c-1", carried_out=True)
    with pytest.raises(OutcomeUnknown):
        await ari.channels.originate("c-1", Call(endpoint="PJSIP/1001"), TO)
    assert len([one for one in fake.requests if one.startswith("POST")]) == 1
    with pytest.raises(AlreadyExists) as exists:  # that first try was carried out
        await ari.channels.originate("c-1", Call(endpoint="PJSIP/1001"), TO, again=True)
    assert exists.value.channel.state == "Ringing"
    assert len([one for one in fake.requests if one.startswith("POST")]) == 1
    fake.cut("POST /channels/c-2")
    with pytest.raises(OutcomeUnknown):
        await ari.channels.originate("c-2", Call(endpoint="PJSIP/1001"), TO)
    assert (await ari.channels.originate("c-2", Call(endpoint="PJSIP/1001"), TO, again=True)).id == "c-2"


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_cut_get_or_delete_is_repeated_once(fake: FakeAri, ari: Ari, carried_out: bool) -> None:
    fake.caller_arrives("c-1")
    fake.cut("GET /channels", carried_out=carried_out)
    assert [channel.id for channel in await ari.channels.list()] == ["c-1"]
    fake.cut("DELETE /channels/c-1", carried_out=carried_out)
    assert await ari.channels.hangup("c-1") is not carried_out  # gone at the second try: done all the same
    assert "c-1" not in fake.channels
    fake.cut("GET /channels", times=9)
    with pytest.raises(OutcomeUnknown):
        await ari.channels.list()
    assert fake.requests.count("GET /channels") == 4


async def test_what_is_gone_is_done(fake: FakeAri, ari: Ari) -> None:
    assert not await ari.channels.hangup("nobody", reason=HangupReason.BUSY)
    assert not await ari.bridges.destroy("nothing")
    assert await ari.channels.find("nobody") is None
    with pytest.raises(Gone) as gone:
        await ari.channels.ring("nobody")
    assert (gone.value.status, gone.value.message) == (404, "Channel not found")


async def test_a_missing_ari_is_no_missing_channel(fake: FakeAri, ari: Ari) -> None:
    """While Asterisk starts, its HTTP server answers 404 to everything: that must not count as hung up."""
    fake.refuse("DELETE /channels/c-1", 404, html=True)
    with pytest.raises(PeerUnavailable):
        await ari.channels.hangup("c-1")


async def test_a_bridge_that_is_just_going_counts_as_gone(fake: FakeAri, ari: Ari) -> None:
    fake.refuse("DELETE /bridges/b", 409, "Bridge not in Stasis application")
    assert not await ari.bridges.destroy("b")


async def test_dial_waits_for_the_channel_to_enter_stasis(fake: FakeAri, ari: Ari) -> None:
    """Pitfall 1."""
    await ari.channels.create("c-1", Call(endpoint="PJSIP/1001"), TO)
    await ari.channels.dial("c-1", timeout_s=20)
    assert fake.channels["c-1"].state == "Ringing"
    assert len([one for one in fake.requests if "/dial" in one]) > 1
    await ari.channels.continue_in_dialplan("c-1")
    with pytest.raises(NotInStasis):  # but not for ever
        await ari.channels.dial("c-1")


async def test_a_409_is_believed_only_when_the_channel_is_there(fake: FakeAri, ari: Ari) -> None:
    """Pitfall 2."""
    await ari.channels.originate("c-1", Call(endpoint="PJSIP/1001"), TO)
    with pytest.raises(AlreadyExists) as exists:
        await ari.channels.originate("c-1", Call(endpoint="PJSIP/1001"), TO)
    assert exists.value.channel.id == "c-1"
    fake.refuse("POST /channels/c-2", 409, "Channel with given unique ID already exists")
    with pytest.raises(AllocationFailed):
        await ari.channels.originate("c-2", Call(endpoint="PJSIP/nobody"), TO)
    with pytest.raises(AllocationFailed):
        await ari.channels.create("c-3", Call(endpoint="PJSIP/nobody"), TO)


async def test_a_recording_that_fails_at_once_is_refused(fake: FakeAri, ari: Ari) -> None:
    """Pitfall 6: Asterisk says 201."""
    fake.caller_arrives("c-1")
    await ari.bridges.create("b-1")
    await ari.bridges.add_channel("b-1", ["c-1"])
    with pytest.raises(Conflict):
        await ari.channels.record("c-1", "day/rec")
    assert (await ari.bridges.record("b-1", "day/rec")).name == "day/rec"


async def test_refusals_carry_asterisks_words(fake: FakeAri, ari: Ari) -> None:
    fake.refuse("GET /channels", 500, "Something broke")
    with pytest.raises(AriRefused) as refused:
        await ari.channels.list()
    assert refused.value.status == 500
    assert "GET channels: 500 Something broke" in str(refused.value)
    fake.refuse("GET /channels", 422, "x" * 5000)
    with pytest.raises(AriRefused) as refused:
        await ari.channels.list()
    assert len(str(refused.value)) < 400


async def test_a_reply_that_makes_no_sense_is_their_fault(fake: FakeAri, ari: Ari) -> None:
    fake.refuse("GET /channels", 200, "not a list")
    with pytest.raises(PeerFault):
        await ari.channels.list()


async def test_a_wrong_password_is_said_clearly(fake: FakeAri) -> None:
    async with Ari(Access(port=fake.port, username="callcenter", password="wrong")) as ari:
        with pytest.raises(AccessRefused):
            await ari.channels.list()


def test_a_password_is_never_printed() -> None:
    assert "geheim" not in repr(Access(port=1, username="u", password="geheim"))


async def test_what_is_dangerous_is_not_sent(fake: FakeAri, ari: Ari) -> None:
    with pytest.raises(Bug):
        await ari.channels.set_channel_var("c-1", "SHELL(id)", "x")
    with pytest.raises(Bug):
        await ari.channels.originate("c-1", Call(endpoint="PJSIP/1&PJSIP/2"), TO)
    with pytest.raises(Bug):
        await ari.channels.originate("c-1", Call(endpoint="PJSIP/1"), ToStasis(app="callcenter", args=("a,b",)))
    with pytest.raises(Bug):
        await ari.bridges.record("b", "../x")
    with pytest.raises(Bug):
        await ari.bridges.create("b", (BridgeType.HOLDING, BridgeType.MIXING))
    with pytest.raises(Bug):
        await ari.device_states.update("PJSIP/1", "BUSY")
    with pytest.raises(Bug):
        await ari.channels.hangup("c", reason=HangupReason.BUSY, reason_code=17)
    with pytest.raises(Bug):
        await ari.channels.send_dtmf("c", "1;2")
    assert fake.requests == []


async def test_names_and_values_are_escaped_on_the_wire(fake: FakeAri, ari: Ari) -> None:
    fake.caller_arrives("c/1?x#y%")
    await ari.channels.set_channel_var("c/1?x#y%", "NOTE", "a+b&c=d é\n%41")
    assert await ari.channels.get_channel_var("c/1?x#y%", "NOTE") == "a+b&c=d é\n%41"
    assert fake.requests[0].startswith("POST /channels/c%2F1%3Fx%23y%25/variable?")


async def test_connections_are_few_and_kept(fake: FakeAri, ari: Ari) -> None:
    await asyncio.gather(*(ari.channels.list() for _ in range(200)))
    assert len(fake.connections) <= CONNECTIONS
    assert ari.rest.waiting == 0
    assert ari.rest.in_flight == 0


async def test_a_hangup_passes_requests_that_hang(fake: FakeAri) -> None:
    fake.caller_arrives("c-1")
    access = Access(port=fake.port, username=fake.username, password=fake.password)
    async with Ari(access, connections=4, command_timeout_s=2) as ari:
        release = fake.hold("POST /channels/c-1/moh", times=10)
        hanging = [asyncio.create_task(ari.channels.start_moh("c-1")) for _ in range(10)]
        await fake.received("POST .*/moh", 2)
        assert ari.rest.waiting == 8  # 4 connections, 2 of them kept for the urgent
        async with asyncio.timeout(1):
            assert await ari.channels.hangup("c-1")
        release.set()
        outcomes = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, AriRefused) for outcome in outcomes)


async def test_who_waits_too_long_was_not_sent(fake: FakeAri) -> None:
    access = Access(port=fake.port, username=fake.username, password=fake.password)
    async with Ari(access, connections=1, command_timeout_s=0.2) as ari:
        release = fake.hold("GET /asterisk/ping")
        hanging = asyncio.create_task(ari.asterisk.ping())
        await fake.received("GET .*/ping")
        with pytest.raises(PeerUnavailable):
            await ari.rest.send("POST", "bridges/b", timeout_s=0.05)
        release.set()
        await hanging
        assert not [one for one in fake.requests if "bridges" in one]
        assert (await ari.asterisk.ping()).asterisk_id == "fake"


async def test_the_gate_admits_by_urgency_then_order_and_loses_no_place() -> None:
    gate = Gate(2, 1)
    order: list[str] = []
    leave = asyncio.Event()

    async def visit(name: str, urgency: Urgency, within_s: float = LIMIT_S) -> None:
        async with gate.place(urgency, within_s):
            order.append(name)
            await leave.wait()

    first = asyncio.create_task(visit("first", Urgency.NORMAL))
    await asyncio.sleep(0)
    waiting = [
        asyncio.create_task(visit(name, urgency))
        for name, urgency in [
            ("later", Urgency.LATER),
            ("normal-1", Urgency.NORMAL),
            ("normal-2", Urgency.NORMAL),
            ("now-1", Urgency.NOW),
            ("now-2", Urgency.NOW),
        ]
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["first", "now-1"]
    with pytest.raises(PeerUnavailable):
        await visit("impatient", Urgency.NORMAL, 0.01)
    cancelled = asyncio.create_task(visit("cancelled", Urgency.NOW))
    await asyncio.sleep(0)
    cancelled.cancel()
    leave.set()
    await asyncio.gather(first, *waiting)
    assert order == ["first", "now-1", "now-2", "normal-1", "normal-2", "later"]
    assert gate.waiting == 0
    async with gate.place(Urgency.NOW, 0.01), gate.place(Urgency.NOW, 0.01):
        pass


async def test_applications_endpoints_and_modules(fake: FakeAri, ari: Ari) -> None:
    filtered = await ari.applications.filter("callcenter", allowed=["StasisStart"], disallowed=[])
    assert filtered.events_allowed == ({"type": "StasisStart"},)
    with pytest.raises(Gone):
        await ari.applications.get("nobody")
    with pytest.raises(AriRefused) as refused:
        await ari.applications.subscribe("callcenter", ["endpoint:PJSIP/9"])
    assert refused.value.status == 422
    assert [endpoint.resource for endpoint in await ari.endpoints.list()] == ["1001"]
    await ari.asterisk.reload_module("res_pjsip.so")
    assert fake.requests[-1] == "PUT /asterisk/modules/res_pjsip.so"
    assert (await ari.asterisk.get_info()).system.version == "22.10.1"
