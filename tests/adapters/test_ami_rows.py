"""Each fault that the raw AMI library has, and that ours must not have. The far end is a real TCP server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callcenter.asterisk.ami import AmiLink, AmiState, AmiTiming, EventListener
from callcenter.asterisk.ami_wire import AmiMessage, UnsafeText
from callcenter.errors import ConfigurationError, OutcomeUnknown, PeerRefused, PeerUnavailable
from tests.adapters.fake_ami import FakeAmi, FakeSession, Fields, Heard, fake_ami, value

QUICK = AmiTiming(
    connect_timeout_s=1.0,
    login_timeout_s=1.0,
    ping_after_s=0.1,
    silence_max_s=0.3,
    reconnect_first_s=0.05,
    reconnect_max_s=0.2,
)
PATIENT = AmiTiming(reconnect_first_s=0.05, reconnect_max_s=0.2)  # silence is not the subject of the test


def link_to(
    fake: FakeAmi,
    heard: Heard,
    *,
    secret: str = "s3cret",
    timing: AmiTiming = PATIENT,
    on_event: EventListener | None = None,
    events_max: int = 1_000,
) -> AmiLink:
    return AmiLink(
        "127.0.0.1",
        fake.port,
        "callcenter",
        secret,
        on_event=on_event or heard.on_event,
        on_state=heard.on_state,
        timing=timing,
        events_max=events_max,
    )


@asynccontextmanager
async def connected(fake: FakeAmi, heard: Heard, timing: AmiTiming = PATIENT) -> AsyncIterator[AmiLink]:
    link = link_to(fake, heard, timing=timing)
    try:
        await link.connect()
        yield link
    finally:
        await link.close()


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with fake_ami() as each:
        yield each


@pytest.fixture
def heard() -> Heard:
    return Heard()


ORIGINATE = (("Channel", "PJSIP/anna"), ("Context", "dial"), ("Exten", "s"), ("Priority", "1"))


async def test_row_01_queue_add_resolves(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard) as link:
        reply = await link.action("QueueAdd", {"Queue": "sales", "Interface": "PJSIP/anna"})
        assert reply.text == "Added interface to queue"
        assert fake.queues["sales"] == ["PJSIP/anna"]


async def test_row_02_an_originate_without_async_keeps_the_link(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard) as link:
        reply = await link.action("Originate", ORIGINATE)
        assert reply.text == "Originate successfully queued"
        await link.action("Ping")
        assert fake.connections == 1


async def test_row_03_a_cut_originate_is_unknown_and_never_sent_again(fake: FakeAmi, heard: Heard) -> None:
    def cut(session: FakeSession, request: Fields) -> None:
        session.cut()

    async with connected(fake, heard) as link:
        fake.answers["originate"] = cut
        with pytest.raises(OutcomeUnknown):
            await link.action("Originate", (*ORIGINATE, ("Async", "true")))
        await heard.until("up", "down", "up")
        await link.action("Ping")
        assert len(fake.asked("Originate")) == 1


async def test_row_04_a_list_that_is_cut_in_the_middle_fails(fake: FakeAmi, heard: Heard) -> None:
    def half_a_list(session: FakeSession, request: Fields) -> None:
        session.reply(request, ("EventList", "start"), ("Message", "Queue status will follow"))
        session.send(("Event", "QueueParams"), ("Queue", "sales"), ("ActionID", value(request, "ActionID")))
        session.writer.close()  # flushes, then ends

    async with connected(fake, heard) as link:
        fake.answers["queuestatus"] = half_a_list
        with pytest.raises(OutcomeUnknown, match="cut"):
            await link.action("QueueStatus")


async def test_row_05_an_action_while_the_link_is_down_fails_at_once(fake: FakeAmi, heard: Heard) -> None:
    link = link_to(fake, heard)
    with pytest.raises(PeerUnavailable):
        await link.action("Ping")  # before the first connect
    await link.connect()
    await fake.stop()
    await heard.until("down")
    began = time.monotonic()
    with pytest.raises(PeerUnavailable):
        await link.action("Ping")
    assert time.monotonic() - began < 0.1
    await link.close()
    with pytest.raises(PeerUnavailable):
        await link.action("Ping")


@pytest.mark.parametrize("evil", ["x\r\nAction: Command", "x\nAction: Command", "x\rAction: Command", "x\0y"])
async def test_row_06_a_line_break_in_a_value_is_refused_before_it_is_sent(
    evil: str, fake: FakeAmi, heard: Heard
) -> None:
    async with connected(fake, heard) as link:
        with pytest.raises(UnsafeText):
            await link.action("Originate", (("CallerID", evil),))
        with pytest.raises(UnsafeText):
            await link.action("Originate", ((f"Call{evil}", "x"),))
        with pytest.raises(UnsafeText):
            await link.action(evil)
        await link.action("Ping")
        assert [value(each, "Action") for each in fake.received] == ["Login", "Ping"]


async def test_row_07_a_listener_that_raises_costs_neither_the_link_nor_the_next_event(
    fake: FakeAmi, heard: Heard
) -> None:
    async def faulty(event: AmiMessage) -> None:
        await heard.on_event(event)
        if event.event == "Bad":
            raise RuntimeError("listener")

    link = link_to(fake, heard, on_event=faulty)
    await link.connect()
    await fake.say([b"Event: Bad\r\n\r\nEvent: Good\r\n\r\nEvent: Bad\r\n\r\nEvent: Best\r\n\r\n"])
    await heard.until("Bad", "Good", "Bad", "Best")
    assert link.tally.listener_faults == 2
    await link.action("Ping")
    assert fake.connections == 1
    await link.close()


async def test_row_08_a_character_split_over_two_segments_is_kept(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard):
        raw = "Event: Named\r\nName: Nguyễn Thị Ánh 🙂\r\n\r\n".encode()
        await fake.say([raw[at : at + 1] for at in range(len(raw))])
        await heard.until("Named")
        assert heard.events[-1].get("Name") == "Nguyễn Thị Ánh 🙂"


async def test_row_09_a_silent_peer_is_noticed_within_six_seconds(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard, AmiTiming()) as link:
        fake.silent = True
        began = time.monotonic()
        await heard.until("down", within_s=6.0)
        assert time.monotonic() - began > 4.0
        assert link.tally.silences == 1
        assert len(fake.asked("Ping")) == 1  # one question at a time: nothing piles up


async def test_row_09_pings_leave_nothing_behind(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard, QUICK) as link:
        await fake.until_asked("Ping", times=4)
        assert link.state is AmiState.UP
        assert link.pending <= 1


async def test_row_10_a_wrong_password_is_one_clear_error_and_no_second_try(fake: FakeAmi, heard: Heard) -> None:
    link = link_to(fake, heard, secret="wrong-pass", timing=QUICK)
    with pytest.raises(ConfigurationError, match=r"callcenter.*Authentication failed.*manager\.conf") as raised:
        await link.connect()
    assert "wrong-pass" not in str(raised.value)
    await heard.until("refused")
    with pytest.raises(asyncio.TimeoutError):
        await fake.until_asked("Login", times=2, within_s=5 * QUICK.reconnect_max_s)
    assert link.state is AmiState.REFUSED
    assert link.refusal is raised.value
    with pytest.raises(PeerUnavailable, match="refused"):
        await link.action("Ping")
    await link.close()


async def test_row_10_a_password_changed_meanwhile_ends_the_trying(fake: FakeAmi, heard: Heard) -> None:
    async with connected(fake, heard, QUICK) as link:
        fake.users["callcenter"] = "changed"
        fake.session.cut()
        await heard.until("refused")
        assert link.refusal is not None


async def test_row_11_close_during_the_reconnect_wait_is_final(fake: FakeAmi, heard: Heard) -> None:
    link = link_to(fake, heard, timing=QUICK)
    await link.connect()
    await fake.stop()
    await heard.until("down")
    await link.close()
    await fake.start(fake.port)
    with pytest.raises(asyncio.TimeoutError):
        await fake.until(lambda: fake.connections > 1, within_s=5 * QUICK.reconnect_max_s)
    with pytest.raises(PeerUnavailable, match="closed"):
        await link.action("Ping")


async def test_row_12_events_come_in_order_one_at_a_time(fake: FakeAmi, heard: Heard) -> None:
    at_work = 0

    async def uneven(event: AmiMessage) -> None:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        for _ in range(int(event.get("N")) % 3):
            await asyncio.sleep(0)
        at_work -= 1
        await heard.on_event(event)

    link = link_to(fake, heard, on_event=uneven)
    fake.announces_boot = False
    await link.connect()
    for n in range(500):
        fake.emit("Tick", ("N", str(n)))
    await heard.until_heard(500)
    assert [int(event.get("N")) for event in heard.events] == list(range(500))
    assert link.tally.listener_faults == 0
    await link.close()


async def test_row_12_a_slow_listener_costs_counted_events_not_memory(fake: FakeAmi, heard: Heard) -> None:
    released = asyncio.Event()

    async def stuck(event: AmiMessage) -> None:
        await released.wait()
        await heard.on_event(event)

    link = link_to(fake, heard, on_event=stuck, events_max=10)
    await link.connect()
    for n in range(100):
        fake.emit("Tick", ("N", str(n)))
    await link.action("Ping")  # its answer comes after the events: actions go on while the listener hangs
    tally = link.tally
    assert tally.events >= 100
    assert 80 <= tally.events_dropped < 100
    released.set()
    await heard.until_heard(tally.events - tally.events_dropped)
    ticks = [int(event.get("N")) for event in heard.events if event.event == "Tick"]
    assert ticks == list(range(len(ticks)))  # the first ones, in order
    await link.close()


async def test_row_13_an_action_without_an_answer_times_out(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["originate"] = lambda session, request: None
    async with connected(fake, heard) as link:
        with pytest.raises(OutcomeUnknown, match=r"within 0\.05 s"):
            await link.action("Originate", ORIGINATE, timeout_s=0.05)
        assert link.pending == 0


async def test_row_13_an_answer_that_comes_too_late_is_tolerated(fake: FakeAmi, heard: Heard) -> None:
    late: list[Fields] = []
    fake.answers["queuestatus"] = lambda session, request: late.append(request)
    async with connected(fake, heard) as link:
        with pytest.raises(OutcomeUnknown):
            await link.action("QueueStatus", timeout_s=0.05)
        id_ = ("ActionID", value(late[0], "ActionID"))
        fake.session.reply(late[0], ("EventList", "start"))
        fake.emit("QueueParams", ("Queue", "sales"), id_)
        fake.emit("QueueStatusComplete", ("EventList", "Complete"), id_)
        fake.session.reply([("ActionID", "never-sent")])
        fake.emit("Tick")
        await heard.until("Tick")
        assert "QueueParams" not in heard.story  # a piece of a list is no news
        assert link.tally.orphan_replies == 4
        with pytest.raises(PeerRefused):
            await link.action("NoSuchAction")
