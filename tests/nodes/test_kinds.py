"""What each kind of node does, told as calls."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from callcenter.model.contact import EndReason
from callcenter.model.flow import (
    Action,
    AgentWish,
    Assign,
    Elapsed,
    Forward,
    ForwardFailed,
    HangUpCall,
    Input,
    Leave,
    Memory,
    MessageTaken,
    Node,
    Pressed,
    Prompt,
    Queueing,
    ReturnToDialplan,
    Said,
    Say,
    SpeakLanguage,
    TakeMessage,
    Turn,
    Visit,
    WaitFor,
    WishDone,
)
from callcenter.model.ids import CalendarName, ListName, QueueName
from callcenter.model.need import parse_need
from callcenter.model.numbers import NumberList
from callcenter.nodes.agent import AgentRequest, Wish
from callcenter.nodes.check import Case, Check
from callcenter.nodes.collect import Collect
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Filled, Key, Language, NextNode, Subject, VariableName, Word
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.hours import Hours
from callcenter.nodes.language import Speak
from callcenter.nodes.leave import LeaveFlow
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.transfer import Transfer
from callcenter.nodes.voicemail import Voicemail

ASK, SORRY, SILENT, HELLO, RIGHT = (Prompt(name=name) for name in ("ask", "sorry", "silent", "hello", "right"))
ONE, TWO, THREE = NextNode("one"), NextNode("two"), NextNode("three")
FRESH = Memory()
VIP = ListName("vip")
KEY = {key: Key(key) for key in "0123456789*#A"}


def visit(
    memory: Memory = FRESH,
    *,
    variables: dict[str, str] | None = None,
    language: str = "en",
    caller: str = "0901234567",
    open_calendars: str = "",
    holidays: str = "",
    listed: str = "",
) -> Visit:
    return Visit(
        memory=memory,
        variables=variables or {},
        language=language,
        caller=caller,
        dialled="1900",
        now=0.0,
        open_calendars=frozenset(open_calendars.split()),
        holidays=frozenset(holidays.split()),
        lists={VIP: NumberList(name=VIP, numbers=frozenset(listed.split()))},
    )


class Caller:
    """A call at one node: what it did last is in `actions`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._turn: Turn = node.enter(visit())

    def hears(self, told: Input) -> tuple[Action, ...]:
        self._turn = self._node.resume(visit(self._turn.memory), told)
        return self.actions

    def presses(self, keys: str) -> tuple[Action, ...]:
        for key in keys:
            self.hears(Pressed(digit=key))
        return self.actions

    @property
    def actions(self) -> tuple[Action, ...]:
        return wordless(self._turn)

    def left(self) -> str:
        last = self.actions[-1]
        assert isinstance(last, Leave), last
        return last.exit


def wordless(turn: Turn) -> tuple[Action, ...]:
    """What is asked for, without the words about an exit (`tests/jobs/test_explaining_reasons` reads those)."""
    return tuple(replace(one, why="") if isinstance(one, Leave) else one for one in turn.actions)


def said(*prompts: Prompt) -> tuple[Action, ...]:
    return (Say(prompts=prompts),)


# -- play --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [Said(), Pressed(digit="5")])
def test_play_goes_on_when_it_was_said_or_cut_short(told: Input) -> None:
    caller = Caller(Play(prompt=ASK, next=ONE))
    assert caller.actions == said(ASK)
    caller.hears(told)
    assert caller.left() == "next"


def test_play_that_must_be_heard_goes_on_only_at_its_end() -> None:
    caller = Caller(Play(prompt=ASK, next=ONE, interruptible=False))
    assert caller.presses("5") == ()
    caller.hears(Said())
    assert caller.left() == "next"


# -- menu --------------------------------------------------------------------------------------------------------------

MENU = Menu(
    prompt=ASK,
    choices={KEY["1"]: ONE, KEY["2"]: TWO},
    languages={KEY["2"]: Language("vi")},
    no_input=THREE,
    greeting=HELLO,
    no_match_prompt=SORRY,
    no_input_prompt=SILENT,
    timeout_s=4,
    tries=2,
)


def test_menu_takes_a_key_while_it_speaks() -> None:
    caller = Caller(MENU)
    assert caller.actions == said(HELLO, ASK)
    assert caller.presses("1") == (Leave(exit="choices.1"),)


def test_menu_takes_a_key_after_it_has_spoken_and_changes_the_language() -> None:
    caller = Caller(MENU)
    assert caller.hears(Said()) == (WaitFor(seconds=4),)
    assert caller.presses("2") == (SpeakLanguage(language="vi"), Leave(exit="choices.2"))


def test_menu_asks_again_without_the_greeting_and_then_gives_up() -> None:
    caller = Caller(MENU)
    assert caller.presses("9") == said(SORRY, ASK)
    caller.hears(Said())
    caller.hears(Elapsed())
    assert caller.left() == "no_input"


def test_menu_counts_silence_and_then_wrong_keys() -> None:
    caller = Caller(MENU)
    caller.hears(Said())
    assert caller.hears(Elapsed()) == said(SILENT, ASK)
    caller.presses("#")
    assert caller.left() == "no_match"


def test_menu_does_not_count_a_time_out_of_an_earlier_round() -> None:
    caller = Caller(MENU)
    caller.hears(Said())
    caller.presses("9")
    assert caller.hears(Elapsed()) == ()
    assert caller.hears(Said()) == (WaitFor(seconds=4),)


def test_menu_leads_wrong_keys_where_silence_leads_unless_told_otherwise() -> None:
    assert MENU.exits() == {"choices.1": ONE, "choices.2": TWO, "no_input": THREE, "no_match": THREE}
    other = Menu(prompt=ASK, choices={KEY["1"]: ONE}, no_input=TWO, no_match=THREE)
    assert other.exits()["no_match"] == THREE


def test_menu_cannot_change_the_language_by_a_key_that_is_no_choice() -> None:
    with pytest.raises(ValueError, match="key 9 is not among the choices"):
        Menu(prompt=ASK, choices={KEY["1"]: ONE}, languages={KEY["9"]: Language("vi")}, no_input=ONE)


# -- collect -----------------------------------------------------------------------------------------------------------


def collect(
    *, min_digits: int = 2, max_digits: int = 4, confirm: Prompt | None = None, masked: bool = False
) -> Collect:
    return Collect(
        prompt=ASK,
        into=VariableName("account"),
        next=ONE,
        failed=TWO,
        min_digits=min_digits,
        max_digits=max_digits,
        invalid_prompt=SORRY,
        confirm=confirm,
        masked=masked,
        timeout_s=8,
        digit_timeout_s=3,
        tries=2,
    )


def entered(digits: str, *, secret: bool = False) -> tuple[Action, ...]:
    return (Assign(values={"account": digits}, secret=secret), Leave(exit="next"))


def test_collect_ends_when_all_digits_are_there() -> None:
    caller = Caller(collect())
    assert caller.presses("123") == (WaitFor(seconds=3),)
    assert caller.presses("4") == entered("1234")


def test_collect_ends_with_the_terminator() -> None:
    assert Caller(collect()).presses("12#") == entered("12")


def test_collect_ends_after_a_pause() -> None:
    caller = Caller(collect())
    caller.presses("12")
    assert caller.hears(Elapsed()) == entered("12")


def test_collect_asks_again_for_too_few_digits_and_then_gives_up() -> None:
    caller = Caller(collect())
    assert caller.presses("1#") == said(SORRY, ASK)
    caller.hears(Said())
    caller.hears(Elapsed())
    assert caller.left() == "failed"


def test_collect_starts_again_on_a_star_without_reproach() -> None:
    caller = Caller(collect())
    assert caller.presses("12*") == said(ASK)
    assert caller.presses("3456") == entered("3456")


def test_collect_says_the_digits_back_and_takes_yes() -> None:
    caller = Caller(collect(confirm=RIGHT))
    assert caller.presses("1234") == (Assign(values={"account": "1234"}), *said(RIGHT))
    assert caller.hears(Said()) == (WaitFor(seconds=8),)
    assert caller.presses("1") == (Leave(exit="next"),)


def test_collect_says_the_digits_back_and_takes_no() -> None:
    caller = Caller(collect(confirm=RIGHT))
    caller.presses("1234")
    assert caller.presses("2") == said(ASK)
    caller.presses("5678")
    assert caller.presses("1") == (Leave(exit="next"),)


def test_collect_leaves_nothing_behind_that_was_not_confirmed() -> None:
    caller = Caller(collect(confirm=RIGHT))
    caller.presses("1234")
    caller.presses("9")
    assert caller.presses("9") == (Assign(values={"account": ""}), Leave(exit="failed"))


def test_collect_masked_goes_into_a_secret_variable() -> None:
    assert Caller(collect(masked=True)).presses("1234") == entered("1234", secret=True)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: collect(min_digits=5),
        lambda: collect(confirm=RIGHT, masked=True),
        lambda: Collect(prompt=ASK, into=VariableName("a"), next=ONE, failed=TWO, max_digits=4, terminator=KEY["*"]),
        lambda: Collect(prompt=ASK, into=VariableName("a"), next=ONE, failed=TWO, max_digits=4, terminator=KEY["7"]),
    ],
)
def test_collect_refuses_what_does_not_go_together(wrong: Callable[[], Collect]) -> None:
    with pytest.raises(ValueError):
        wrong()


# -- those that decide at once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("open_calendars", "holidays", "exit"),
    [("office", "", "open"), ("", "", "closed"), ("", "office", "holiday"), ("other", "other", "closed")],
)
def test_hours(open_calendars: str, holidays: str, exit: str) -> None:
    node = Hours(calendar=CalendarName("office"), open=ONE, closed=TWO)
    assert wordless(node.enter(visit(open_calendars=open_calendars, holidays=holidays))) == (Leave(exit=exit),)
    assert node.exits()["holiday"] == TWO


@pytest.mark.parametrize(
    ("value", "exit"),
    [
        ("vi", "cases.0.then"),
        ("0901234567", "cases.1.then"),
        ("100", "cases.2.then"),
        ("0199", "cases.2.then"),
        ("200", "otherwise"),
        ("", "otherwise"),
        ("VI", "otherwise"),
        ("１５０", "otherwise"),
        ("9" * 5000, "otherwise"),
        ("1_5_0", "otherwise"),
    ],
)
def test_check_takes_the_first_case_that_fits(value: str, exit: str) -> None:
    node = Check(
        of=Subject("account"),
        cases=(
            Case(equals=("vi", "fr"), then=ONE),
            Case(starts_with=("090", "+84"), then=TWO),
            Case(between=(100, 199), then=THREE),
        ),
        otherwise=ONE,
    )
    assert wordless(node.enter(visit(variables={"account": value}))) == (Leave(exit=exit),)


@pytest.mark.parametrize(("of", "expected"), [("caller", "0901234567"), ("dialled", "1900"), ("language", "en")])
def test_check_looks_at_the_call_itself(of: str, expected: str) -> None:
    node = Check(of=Subject(of), cases=(Case(equals=(expected,), then=ONE),), otherwise=TWO)
    assert wordless(node.enter(visit(variables={of: "no"}))) == (Leave(exit="cases.0.then"),)


@pytest.mark.parametrize(("listed", "exit"), [("0901234567 112", "cases.0.then"), ("112", "otherwise")])
def test_check_asks_whether_the_caller_is_in_a_list(listed: str, exit: str) -> None:
    node = Check(of=Subject("caller"), cases=(Case(in_lists=(VIP,), then=ONE),), otherwise=TWO)
    assert wordless(node.enter(visit(listed=listed))) == (Leave(exit=exit),)


@pytest.mark.parametrize("wrong", [{}, {"between": (5, 4)}])
def test_check_refuses_a_case_that_cannot_fit(wrong: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(ValueError):
        Case(then=ONE, between=wrong.get("between"))


def test_set_fills_in_what_was_there_before_and_reads_nothing_twice() -> None:
    values = {
        VariableName("account"): Filled("{{ caller }}-{{account}}"),
        VariableName("copy"): Filled("{{ account }} {{ missing }}."),
    }
    node = SetVariables(values=values, next=ONE)
    before = {"account": "{{ pin }}", "pin": "1234"}
    assert node.enter(visit(variables=before)).actions == (
        Assign(values={"account": "0901234567-{{ pin }}", "copy": "{{ pin }} ."}),
        Leave(exit="next"),
    )


def test_set_cuts_what_grows_without_end() -> None:
    node = SetVariables(values={VariableName("a"): Filled("{{ a }}{{ a }}")}, next=ONE)
    [assign, _] = node.enter(visit(variables={"a": "x" * 150})).actions
    assert assign == Assign(values={"a": "x" * 200})


def test_language_enqueue_and_leave_act_at_once() -> None:
    assert Caller(Speak(language=Language("vi"), next=ONE)).actions == (
        SpeakLanguage(language="vi"),
        Leave(exit="next"),
    )
    needs = parse_need("sales and vietnamese")
    assert Caller(Enqueue(queue=QueueName("sales"), priority=0, needs=needs)).actions == (
        Queueing(queue=QueueName("sales"), priority=0, needs=needs),
    )
    assert Caller(LeaveFlow(exit=Word("paid"))).actions == (ReturnToDialplan(exit="paid"),)


# -- those that hand the call to somebody else -------------------------------------------------------------------------


def test_transfer_announces_calls_and_comes_back() -> None:
    caller = Caller(Transfer(number=Filled("0901234567"), failed=ONE, prompt=ASK, timeout_s=20))
    assert caller.actions == said(ASK)
    assert caller.hears(Said()) == (Forward(number="0901234567", timeout_s=20),)
    assert caller.presses("5") == ()
    caller.hears(ForwardFailed(why="busy"))
    assert caller.left() == "failed"


@pytest.mark.parametrize("value", ["", "abc", "0" * 40, "09;0", "１２３"])
def test_transfer_does_not_call_what_is_no_number(value: str) -> None:
    node = Transfer(number=Filled("{{ target }}"), failed=ONE)
    assert wordless(node.enter(visit(variables={"target": value}))) == (Leave(exit="failed"),)
    assert node.enter(visit(variables={"target": "+84901"})).actions == (Forward(number="+84901", timeout_s=30.0),)


def test_voicemail_greets_records_and_tells_whether_anything_was_said() -> None:
    node = Voicemail(mailbox=Word("sales"), greeting=ASK, done=ONE, nothing=TWO)
    for told, seconds, exit in ((Said(), 4.0, "done"), (Pressed(digit="#"), 0.0, "nothing")):
        caller = Caller(node)
        assert caller.actions == said(ASK)
        assert caller.hears(told) == (TakeMessage(mailbox="sales", max_s=120.0, silence_s=5.0),)
        assert caller.presses("5") == ()
        caller.hears(MessageTaken(seconds=seconds))
        assert caller.left() == exit


def test_agent_asks_and_tells_the_answer() -> None:
    node = AgentRequest(wish=Wish.PAUSE, reason="lunch", done=ONE, refused=TWO)
    caller = Caller(node)
    assert caller.actions == (AgentWish(wish="pause", reason="lunch"),)
    caller.hears(WishDone())
    assert caller.left() == "done"
    caller = Caller(node)
    caller.hears(WishDone(problem="not an agent's phone"))
    assert caller.left() == "refused"
    with pytest.raises(ValueError, match="only a pause has one"):
        AgentRequest(wish=Wish.LOGIN, reason="lunch", done=ONE, refused=TWO)


def test_hangup_says_goodbye_to_its_end() -> None:
    caller = Caller(Hangup(prompt=ASK, reason=Ending.CLOSED))
    assert caller.actions == (Say(prompts=(ASK,), interruptible=False),)
    assert caller.presses("5") == ()
    assert caller.hears(Said()) == (HangUpCall(reason=EndReason.CLOSED),)
    assert Caller(Hangup()).actions == (HangUpCall(reason=EndReason.FLOW_ENDED),)
