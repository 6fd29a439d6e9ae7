"""The AMI link as its users see it: lists, filters, states in order, reconnecting, secrets, the typed actions."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
import structlog

from callcenter.asterisk.ami import TRANSITIONS, AmiLink, AmiState, AmiTiming, EventFilter
from callcenter.asterisk.ami_actions import AmiActions, MixDirection, MixMonitorId
from callcenter.asterisk.ami_wire import AmiMessage, UnsafeText
from callcenter.errors import Bug, ConfigurationError, OutcomeUnknown, PeerRefused, PeerUnavailable
from tests.adapters.fake_ami import FakeAmi, FakeSession, Fields, Heard, fake_ami, value

QUICK = AmiTiming(
    connect_timeout_s=0.5,
    login_timeout_s=0.2,
    ping_after_s=0.1,
    silence_max_s=0.3,
    reconnect_first_s=0.05,
    reconnect_max_s=0.2,
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with fake_ami() as each:
        yield each


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def link(fake: FakeAmi, heard: Heard) -> AsyncIterator[AmiLink]:
    each = AmiLink(
        "127.0.0.1",
        fake.port,
        "callcenter",
        "s3cret",
        on_event=heard.on_event,
        on_state=heard.on_state,
        events="call,agent",
        filters=[EventFilter(criteria="action(exclude),name(VarSet)")],
        timing=QUICK,
    )
    yield each
    await each.close()


async def test_log_in_sends_the_mask_and_the_filters_every_time(fake: FakeAmi, heard: Heard, link: AmiLink) -> None:
    await link.connect()
    fake.session.cut()
    await heard.until("up", "down", "up")
    assert [value(each, "Events") for each in fake.asked("Login")] == ["call,agent"] * 2
    assert [value(each, "MatchCriteria") for each in fake.asked("Filter")] == ["action(exclude),name(VarSet)"] * 2


async def test_a_filter_that_asterisk_refuses_is_the_configurations_fault(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["filter"] = lambda session, request: session.reply(
        request, ("Message", "Permission denied"), response="Error"
    )
    with pytest.raises(ConfigurationError, match="Filter: Permission denied"):
        await link.connect()
    assert link.state is AmiState.REFUSED


async def test_a_list_is_collected_and_kept_from_the_listener(fake: FakeAmi, heard: Heard, link: AmiLink) -> None:
    await link.connect()
    fake.queues = {"sales": ["PJSIP/anna", "PJSIP/ben"], "support": []}
    reply = await link.action("QueueStatus")
    assert [(each.event, each.get("Name")) for each in reply.items] == [
        ("QueueParams", ""),
        ("QueueMember", "PJSIP/anna"),
        ("QueueMember", "PJSIP/ben"),
        ("QueueParams", ""),
    ]
    fake.emit("Tick")
    await heard.until("Tick")
    assert not {"QueueParams", "QueueMember", "QueueStatusComplete"} & set(heard.story)


async def test_two_lists_at_once_do_not_mix(fake: FakeAmi, link: AmiLink) -> None:
    requests: list[Fields] = []

    def interleaved(session: FakeSession, request: Fields) -> None:
        requests.append(request)
        if len(requests) < 2:
            return
        ids = [("ActionID", value(each, "ActionID")) for each in requests]
        for each in requests:
            session.reply(each, ("EventList", "start"))
        for number, id_ in itertools.product("12", ids):
            session.send(("Event", "CoreShowChannel"), ("N", number), id_)
        for id_ in ids:
            session.send(("Event", "CoreShowChannelsComplete"), ("EventList", "Complete"), id_)

    fake.answers["coreshowchannels"] = interleaved
    await link.connect()
    both = await asyncio.gather(link.action("CoreShowChannels"), link.action("CoreShowChannels"))
    assert [[item.get("N") for item in reply.items] for reply in both] == [["1", "2"], ["1", "2"]]


async def test_an_event_that_names_an_action_is_still_an_event(fake: FakeAmi, heard: Heard, link: AmiLink) -> None:
    def originate(session: FakeSession, request: Fields) -> None:
        id_ = ("ActionID", value(request, "ActionID"))
        session.send(("Event", "Newchannel"), id_)  # before the answer
        session.reply(request, ("Message", "Originate successfully queued"))
        session.send(("Event", "OriginateResponse"), ("Response", "Success"), ("Reason", "4"), id_)  # after it

    fake.answers["originate"] = originate
    await link.connect()
    await link.action("Originate", {"Channel": "PJSIP/anna", "Async": "true"})
    await heard.until("Newchannel", "OriginateResponse")
    assert link.tally.orphan_replies == 0


async def test_a_command_returns_its_lines(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["command"] = lambda session, request: session.reply(
        request, ("Message", "Command output follows"), ("Output", "one"), ("Output", ""), ("Output", "  three")
    )
    await link.connect()
    reply = await link.action("Command", {"Command": "core show version"})
    assert reply.output == ("one", "", "  three")


async def test_repeated_fields_are_sent_in_order(fake: FakeAmi, link: AmiLink) -> None:
    await link.connect()
    await link.action("Originate", [("Variable", "A=1"), ("Channel", "x"), ("Variable", "B=2")])
    sent = [pair for pair in fake.asked("Originate")[0] if pair[0] != "ActionID"]
    assert sent == [("Action", "Originate"), ("Variable", "A=1"), ("Channel", "x"), ("Variable", "B=2")]


async def test_the_listener_sees_states_and_events_in_order(fake: FakeAmi, heard: Heard, link: AmiLink) -> None:
    await link.connect()
    fake.emit("Last")
    await heard.until("Last")
    fake.session.cut()
    await heard.until("up", "down", "up", "FullyBooted", "FullyBooted")
    assert heard.story == ["up", "FullyBooted", "Last", "down", "up", "FullyBooted"]


async def test_an_asterisk_that_is_not_there_yet_is_found_later(fake: FakeAmi, heard: Heard, link: AmiLink) -> None:
    await fake.stop()
    with pytest.raises(PeerUnavailable, match="no AMI connection"):
        await link.connect()
    assert link.state is AmiState.DOWN
    await fake.start(fake.port)
    await heard.until("up")
    await link.action("Ping")


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH\r\n"], ids=["mute", "another program"])
async def test_a_port_that_speaks_no_ami_is_unavailable(fake: FakeAmi, link: AmiLink, greeting: bytes) -> None:
    fake.greeting = greeting
    fake.silent = not greeting
    with pytest.raises(PeerUnavailable, match="no AMI greeting" if greeting else "no answer within"):
        await link.connect()


async def test_pauses_between_tries_grow_and_are_capped(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["login"] = lambda session, request: session.cut()
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(PeerUnavailable):
            await link.connect()
        await fake.until(lambda: fake.connections >= 5)
    assert [entry["next_try_s"] for entry in logs][:4] == [0.05, 0.1, 0.2, 0.2]


async def test_a_mute_asterisk_is_left_alone_while_a_long_action_is_under_way(
    fake: FakeAmi, heard: Heard, link: AmiLink
) -> None:
    """Asterisk serves one action after the other: an Originate without Async makes it mute until it is answered."""
    answered = asyncio.Event()

    def ring(session: FakeSession, request: Fields) -> None:
        fake.silent = True

        def answer() -> None:
            fake.silent = False
            session.reply(request, ("Message", "Originate successfully queued"))
            answered.set()

        asyncio.get_running_loop().call_later(3 * QUICK.silence_max_s, answer)

    fake.answers["originate"] = ring
    await link.connect()
    await link.action("Originate", {"Channel": "PJSIP/anna"}, timeout_s=5.0)
    assert answered.is_set()
    assert heard.story.count("down") == 0


async def test_too_many_actions_at_once_are_refused_without_being_sent(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["ping"] = lambda session, request: None
    await link.connect()
    outcomes = await asyncio.gather(*(link.action("Ping", timeout_s=0.1) for _ in range(1_010)), return_exceptions=True)
    assert sum(isinstance(each, PeerUnavailable) for each in outcomes) == 10
    assert sum(isinstance(each, OutcomeUnknown) for each in outcomes) == 1_000


async def test_a_caller_who_gives_up_leaves_nothing_behind(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["originate"] = lambda session, request: None
    await link.connect()
    asking = asyncio.create_task(link.action("Originate"))
    await fake.until_asked("Originate")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert link.pending == 0


async def test_close_fails_what_is_pending_and_may_be_repeated(fake: FakeAmi, link: AmiLink) -> None:
    fake.answers["originate"] = lambda session, request: None
    await link.connect()
    asking = asyncio.create_task(link.action("Originate"))
    await fake.until_asked("Originate")
    await link.close()
    with pytest.raises(OutcomeUnknown):
        await asking
    await link.close()
    assert link.state is AmiState.CLOSED
    with pytest.raises(Bug):
        await link.connect()


async def test_a_listener_may_close_the_link(fake: FakeAmi) -> None:
    closed = asyncio.Event()

    async def on_event(event: AmiMessage) -> None:
        await own.close()
        closed.set()

    own = AmiLink("127.0.0.1", fake.port, "callcenter", "s3cret", on_event=on_event)
    await own.connect()
    async with asyncio.timeout(5):
        await closed.wait()
    assert own.state is AmiState.CLOSED


async def test_a_flood_reaches_a_quick_listener_whole(fake: FakeAmi) -> None:
    """More than the queue holds: handing over must keep step with reading."""
    count, arrived, flood = 0, asyncio.Event(), 50_000

    def on_event(event: AmiMessage) -> None:
        nonlocal count
        count += event.event == "Tick"
        if count == flood:
            arrived.set()

    own = AmiLink("127.0.0.1", fake.port, "callcenter", "s3cret", on_event=on_event)
    await own.connect()
    for _ in range(flood // 1_000):
        await fake.say([b"Event: Tick\r\nChannel: PJSIP/anna\r\n\r\n" * 1_000])
    async with asyncio.timeout(20):
        await arrived.wait()
    assert own.tally.events_dropped == 0
    await own.close()


async def test_secrets_appear_in_no_log_and_no_text(fake: FakeAmi, heard: Heard) -> None:
    with structlog.testing.capture_logs() as logs:
        for secret in ("s3cret", "wr0ng-pass", "br0ken\r\npass"):
            link = AmiLink("127.0.0.1", fake.port, "callcenter", secret, on_event=heard.on_event, timing=QUICK)
            if secret in fake.users.values():
                await link.connect()
                fake.session.cut()
                await fake.until(lambda: len(fake.asked("Login")) >= 2)
            else:
                with pytest.raises(ConfigurationError) as raised:
                    await link.connect()
                assert secret not in str(raised.value)
            assert secret not in repr(link) + str(vars(link))
            await link.close()
    assert logs
    assert not any(each in str(logs) for each in ("s3cret", "wr0ng", "br0ken"))


@pytest.mark.parametrize(("state", "next_"), list(itertools.product(AmiState, AmiState)))
def test_every_change_of_state_is_listed_or_refused(state: AmiState, next_: AmiState) -> None:
    link = AmiLink("127.0.0.1", 1, "x", "x", on_event=lambda event: None)
    link._state = state
    if (state, next_) in TRANSITIONS:
        link._become(next_)
        assert link.state is next_
    else:
        with pytest.raises(Bug):
            link._become(next_)
        assert link.state is state


# -- the typed actions --------------------------------------------------------------------------------------------

CHANNEL = "Local/1@x-0001;1"


async def test_a_mixmonitor_is_started_muted_and_stopped(fake: FakeAmi, link: AmiLink) -> None:
    await link.connect()
    actions = AmiActions(link)
    await actions.ping()
    id_ = await actions.start_mixmonitor(CHANNEL, "2026/07/a-b_c.wav", "b")
    assert fake.mixmonitors[CHANNEL] == {id_: "0"}
    await actions.mute_mixmonitor(CHANNEL, id_, muted=True, direction=MixDirection.READ)
    assert fake.mixmonitors[CHANNEL] == {id_: "1"}
    assert value(fake.asked("MixMonitorMute")[0], "Direction") == "read"
    await actions.mute_mixmonitor(CHANNEL, id_, muted=False)
    assert fake.mixmonitors[CHANNEL] == {id_: "0"}
    await actions.stop_mixmonitor(CHANNEL, id_)
    assert fake.mixmonitors[CHANNEL] == {}
    with pytest.raises(PeerRefused):
        await actions.stop_mixmonitor(CHANNEL, MixMonitorId("0x1"))


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("a.wav,,rm -rf /", ""),
        ("a b.wav", ""),
        ("../../etc/passwd", ""),
        ("", ""),
        ("a;b", ""),
        ("$(id).wav", ""),
        ("a.wav", "b,rm"),
        ("a.wav", "i(MINE)"),
        ("a.wav", "r(x"),
        ("a.wav", "r(`id`)"),
    ],
)
async def test_what_could_reach_a_shell_is_refused(fake: FakeAmi, link: AmiLink, file: str, options: str) -> None:
    await link.connect()
    with pytest.raises(UnsafeText):
        await AmiActions(link).start_mixmonitor(CHANNEL, file, options)
    assert fake.asked("MixMonitor") == []
