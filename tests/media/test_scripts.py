"""Legs that go to a script and come back, as Asterisk is asked and as it tells; and the sounds of notes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from callcenter.asterisk.ari import messages as ari
from callcenter.asterisk.ari import resources
from callcenter.errors import Bug, PeerFault
from callcenter.media.hands import Hands
from callcenter.media.voice import ears
from callcenter.model.commands import Command, DropMessage, FetchBack, LookUp, OpenBridge, PlayPrompts, RunScript
from callcenter.model.contact import LegEnd, TransportFault
from callcenter.model.events import ContactArrived, LegEnded, ScriptEnded
from callcenter.model.ids import BridgeId, ContactId, LegId, LookupId, PlaybackId, RecordingId, ScriptId
from callcenter.model.payment_messages import PaymentCommand
from callcenter.runtime.perform import kind_of, subject_of
from tests.adapters.fake_ami import FakeSession, Fields, value
from tests.media.rig import CALLER, Office, an_office
from tests.media.test_ears import channel, started

C, RUN, BRIDGE = ContactId("c-1"), ScriptId("r-0a1b2c3d-7"), BridgeId("b-0a1b2c3d-2")
NOTE = RecordingId("00000000-0000-0000-cc00-000000000001")
SCRIPT = RunScript(
    contact=C,
    leg=CALLER,
    script=RUN,
    url="agi://127.0.0.1:4573/pay",
    arguments=("0901", "a b"),
    take=("receipt", "state"),
)
FETCH = FetchBack(contact=C, leg=CALLER, script=RUN)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with an_office() as one:
        yield one


@pytest.fixture
def asked_over_ami(office: Office) -> list[tuple[str, ...]]:
    """What is asked over AMI besides recordings, in order."""
    asked: list[tuple[str, ...]] = []

    def setvar(session: FakeSession, request: Fields) -> None:
        asked.append(tuple(value(request, name) for name in ("Channel", "Variable", "Value")))
        session.reply(request)

    def redirect(session: FakeSession, request: Fields) -> None:
        if value(request, "Channel") not in office.asterisk.channels:
            session.reply(request, ("Message", "Channel does not exist"), response="Error")
            return
        asked.append(tuple(value(request, name) for name in ("Channel", "Context", "Exten", "Priority")))
        session.reply(request)

    office.manager.ami.answers |= {"setvar": setvar, "redirect": redirect}
    return asked


async def fault_of(office: Office, command: Command) -> TransportFault | None:
    try:
        await office.hands.perform(command)
    except PeerFault as fault:
        return kind_of(fault)
    return None


async def test_a_leg_goes_to_the_dialplan_with_all_that_the_script_needs(
    office: Office, asked_over_ami: list[tuple[str, ...]]
) -> None:
    assert await fault_of(office, SCRIPT) is None
    assert asked_over_ami == [
        (CALLER, "receipt", ""),
        (CALLER, "state", ""),
        (CALLER, "CALLCENTER_RUN", RUN),
        (CALLER, "CALLCENTER_SCRIPT", "agi://127.0.0.1:4573/pay,0901,a b"),
        (CALLER, "CALLCENTER_TAKE", "receipt:state"),
    ]
    assert office.asterisk.asked("POST", f"/channels/{CALLER}/continue") == [
        {"context": "callcenter-script", "extension": RUN, "priority": "1"}
    ]
    assert office.asterisk.channels[CALLER].subscribed == {"callcenter"}, "or nobody would tell of its end"


async def test_a_leg_that_is_gone_goes_nowhere(office: Office, asked_over_ami: list[tuple[str, ...]]) -> None:
    office.asterisk.hangs_up(CALLER)
    assert await fault_of(office, SCRIPT) is TransportFault.GONE
    assert await fault_of(office, FETCH) is TransportFault.GONE
    assert not [asked for asked in asked_over_ami if "callcenter-script-over" in asked]


async def test_a_leg_that_is_neither_in_stasis_nor_in_the_script_is_refused(
    office: Office, asked_over_ami: list[tuple[str, ...]]
) -> None:
    office.asterisk.channels[CALLER].app = None
    assert await fault_of(office, SCRIPT) is TransportFault.REFUSED


async def test_a_leg_is_fetched_back_over_ami(office: Office, asked_over_ami: list[tuple[str, ...]]) -> None:
    assert await fault_of(office, FETCH) is None
    assert asked_over_ami == [(CALLER, "CALLCENTER_RUN", RUN), (CALLER, "callcenter-script-over", RUN, "1")]


async def test_a_note_is_heard_before_the_prompts_and_its_file_can_go(office: Office) -> None:
    await office.hands.perform(OpenBridge(contact=C, bridge=BRIDGE))
    say = PlayPrompts(
        contact=C, bridge=BRIDGE, playback=PlaybackId("p-1"), prompts=("hello",), language="en", note=NOTE
    )
    await office.hands.perform(say)
    [asked] = office.asterisk.asked("POST", f"/bridges/{BRIDGE}/play/p-1")
    assert asked["media"] == f"recording:{NOTE},sound:/prompts/en/hello"
    assert await fault_of(office, DropMessage(contact=C, recording=NOTE)) is None, "gone already is fine"
    with pytest.raises(Bug):
        await office.hands.perform(DropMessage(contact=C, recording=RecordingId("../../etc/passwd")))


# -- what Asterisk tells -----------------------------------------------------------------------------------------------


def test_a_leg_that_comes_back_says_from_which_run_and_how_it_went() -> None:
    assert started("script", RUN, "SUCCESS", "receipt:state") == ScriptEnded(
        leg=LegId("1700000000.42"), script=RUN, status="SUCCESS"
    )
    assert started("script", RUN, "HANGUP") == ScriptEnded(leg=LegId("1700000000.42"), script=RUN, status="HANGUP")
    dialled = LegId("l-0a1b2c3d-9")  # a customer whom we called back
    assert started("script", RUN, "SUCCESS", id=dialled) == ScriptEnded(leg=dialled, script=RUN, status="SUCCESS")
    assert isinstance(started("script"), ContactArrived), "nonsense of somebody's dialplan is a caller like any other"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("script", RUN, "SUCCESS", "receipt:state"), ("receipt", "state")),
        (("script", RUN, "SUCCESS", ""), ()),
        (("script", RUN, "SUCCESS"), ()),
        (("script", RUN, "SUCCESS", "DB(x):${y}:CURL(z):ok"), ("ok",)),
    ],
)
def test_the_names_of_variables_are_names_and_nothing_else(arguments: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert ears.taken_of(arguments) == names


def listed(context: str, exten: str, app: str, data: str) -> resources.Channel:
    place = resources.DialplanPlace(context=context, exten=exten, app_name=app, app_data=data)
    return resources.Channel(id="in-1", name="PJSIP/carrier-1", state="Up", dialplan=place)


def test_a_leg_in_a_script_is_seen_by_its_place_in_the_dialplan() -> None:
    away = ears.seen(listed("callcenter-script", RUN, "AGI", "agi://127.0.0.1/pay"))
    assert away is not None
    assert (away.script, away.away, away.dialled) == (RUN, True, "")
    back = ears.seen(listed("callcenter-script", RUN, "Stasis", f"callcenter,script,{RUN},SUCCESS,receipt"))
    assert back is not None
    assert (back.script, back.away) == (RUN, False)
    fetched = ears.seen(listed("callcenter-script-over", RUN, "Stasis", f"callcenter,script,{RUN},TIMEOUT,"))
    assert fetched is not None
    assert (fetched.script, fetched.away) == (RUN, False)
    assert ears.seen(listed("callcenter-script", "strange", "AGI", "x")) is None
    assert ears.seen(listed("elsewhere", RUN, "AGI", "x")) is None


def test_leaving_stasis_is_not_the_end_of_a_channel() -> None:
    left = ears.event_of(ari.StasisEnd(channel=channel()))
    gone = ears.event_of(ari.ChannelDestroyed(channel=channel(), cause=16))
    assert isinstance(left, LegEnded)
    assert isinstance(gone, LegEnded)
    assert (left.left, gone.left, gone.end) == (True, False, LegEnd.NORMAL)


# -- who carries out what ----------------------------------------------------------------------------------------------


async def test_lookups_go_outside_and_all_else_to_the_telephone() -> None:
    done: list[Command] = []

    class Everybody:
        def ask(self, command: LookUp) -> None:
            done.append(command)

        async def perform(self, command: Command) -> None:
            await asyncio.sleep(0)
            done.append(command)

    class NoTill:
        def perform(self, command: PaymentCommand) -> None:
            raise AssertionError(command)

    hands = Hands(Everybody(), Everybody(), NoTill())
    lookup = LookUp(
        contact=C, lookup=LookupId("q-0a1b2c3d-1"), name="a.b", method="GET", url="http://127.0.0.1/", timeout_s=1.0
    )
    for command in (lookup, SCRIPT):
        await hands.perform(command)
    assert done == [lookup, SCRIPT]
    assert [subject_of(one) for one in (lookup, SCRIPT, FETCH)] == ["q-0a1b2c3d-1", CALLER, CALLER]
