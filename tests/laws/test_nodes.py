"""The laws that every kind of node obeys. Being registered enrols a kind: its fields' types tell how to make one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from random import Random
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from msgspec import structs

from callcenter.model.card import CardPart, PaymentOutcome
from callcenter.model.contact import LookupOutcome
from callcenter.model.flow import (
    Action,
    AgentWish,
    Assign,
    CallbackAnswer,
    CallScript,
    CheckPart,
    DataDip,
    DipDone,
    Elapsed,
    EnterFlow,
    Forward,
    ForwardFailed,
    HangUpCall,
    Input,
    Leave,
    Memory,
    MessageTaken,
    Node,
    PartChecked,
    PayByCard,
    PaymentDone,
    Pressed,
    PromiseCallback,
    Prompt,
    Queueing,
    ReturnToDialplan,
    ReturnToFlow,
    Said,
    Say,
    ScriptDone,
    StopSaying,
    TakeMessage,
    Turn,
    Visit,
    WaitFor,
    WishDone,
    WithdrawCallback,
)
from callcenter.model.ids import CalendarName, FlowName, ListName, QueueName, RecordingId
from callcenter.model.need import Need, parse_need
from callcenter.model.numbers import NumberList
from callcenter.nodes import NODES
from callcenter.nodes.fields import (
    DIGITS_MAX,
    TRIES_MAX,
    Filled,
    FilledUrl,
    HeaderName,
    JsonPlace,
    Key,
    Language,
    NextNode,
    ScriptUrl,
    SecretName,
    Subject,
    VariableName,
    Word,
)
from tests.examples import examples

ENDINGS = (Leave, Queueing, HangUpCall, ReturnToDialplan, EnterFlow, ReturnToFlow)
EXTERNAL_WAITS = (
    Forward,
    TakeMessage,
    AgentWish,
    DataDip,
    CallScript,
    PromiseCallback,
    WithdrawCallback,
    CheckPart,
    PayByCard,
)
INPUTS_MAX = len(CardPart) * (TRIES_MAX + 1) * (DIGITS_MAX + 4) * 2
"""More inputs than any node can use: every try may take all digits, and a prompt's end and a time-out besides."""

KEYS = "0123456789*#ABCD"
VIP = ListName("vip")
NEEDS = ("", "sales", "support >= 2 and vietnamese", "sales >= 3 or english")

st.register_type_strategy(Prompt, st.builds(Prompt, name=st.sampled_from(["welcome", "sorry", "repeat"])))
st.register_type_strategy(Need, st.sampled_from(NEEDS).map(parse_need))
BY_TYPE: Mapping[object, st.SearchStrategy[str]] = {
    NextNode: st.sampled_from(["one", "two", "three"]),
    Key: st.sampled_from(KEYS),
    Language: st.sampled_from(["en", "vi"]),
    VariableName: st.sampled_from(["account", "pin"]),
    Subject: st.sampled_from(["caller", "dialled", "language", "account"]),
    Filled: st.sampled_from(["0901234567", "{{ account }}", "a {{caller}} {{ missing }}", "{{", ""]),
    Word: st.sampled_from(["sales", "done"]),
    QueueName: st.sampled_from(["sales", "support"]),
    CalendarName: st.sampled_from(["office", "always"]),
    ListName: st.sampled_from(["vip", "stop"]),
    FlowName: st.sampled_from(["other"]),
    FilledUrl: st.sampled_from(["https://crm/c/{{ account }}?from={{caller}}", "http://127.0.0.1:8080/x"]),
    ScriptUrl: st.sampled_from(["agi://127.0.0.1:4573/pay"]),
    JsonPlace: st.sampled_from(["name", "orders.0.state"]),
    HeaderName: st.sampled_from(["Accept", "X-Account"]),
    SecretName: st.sampled_from(["crm"]),
}
for of_type, strategy in BY_TYPE.items():
    st.register_type_strategy(of_type, strategy)  # type: ignore[arg-type]


@cache
def any_node(kind: str) -> st.SearchStrategy[Node]:
    """A node with any fields that its types allow, or a ValueError."""
    cls = NODES[kind]
    hints = get_type_hints(cls, include_extras=True)
    names = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    return st.builds(cls, **{name: st.from_type(hints[name]) for name in names})


@st.composite
def nodes(draw: st.DrawFn, kind: str) -> Node:
    """A node of this kind."""
    try:
        return draw(any_node(kind))
    except ValueError:  # fields that each are right but do not go together
        reject()


INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.just(Said()),
    st.builds(Pressed, digit=st.sampled_from(KEYS)),
    st.just(Elapsed()),
    st.builds(ForwardFailed, why=st.sampled_from(["busy", ""])),
    st.builds(MessageTaken, seconds=st.sampled_from([0.0, 12.5])),
    st.builds(MessageTaken, seconds=st.just(3.0), note=st.just(RecordingId("note"))),
    st.builds(WishDone, problem=st.sampled_from(["", "not an agent"])),
    st.builds(DipDone, outcome=st.sampled_from(LookupOutcome), values=st.just({"account": "7", "other": "x"})),
    st.builds(PartChecked, ok=st.booleans()),
    st.builds(PaymentDone, outcome=st.sampled_from(PaymentOutcome), values=st.just({"account": "tok", "other": "x"})),
    st.builds(ScriptDone, ok=st.booleans(), values=st.just({"account": "7", "other": "x"})),
    st.builds(CallbackAnswer, problem=st.sampled_from(["", "no pattern allows it"])),
)
TEXTS = st.text(max_size=40) | st.text(alphabet=KEYS, max_size=12)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """A call that comes to a node: nothing of it is to be trusted."""
    return Visit(
        memory=Memory(),
        variables=draw(st.dictionaries(st.sampled_from(["account", "pin"]), TEXTS)),
        language=draw(st.sampled_from(["en", "vi", ""])),
        caller=draw(TEXTS),
        dialled=draw(TEXTS),
        now=draw(st.floats(min_value=0, max_value=4e9)),
        open_calendars=frozenset(draw(st.sets(st.sampled_from(["office", "always"])))),
        holidays=frozenset(draw(st.sets(st.sampled_from(["office"])))),
        lists={VIP: NumberList(name=VIP, numbers=frozenset(draw(st.sets(TEXTS))))},
        promised=draw(st.sampled_from([None, QueueName("sales")])),
    )


def with_memory(visit: Visit, memory: Memory) -> Visit:
    return structs.replace(visit, memory=memory)


laws = settings(max_examples=examples(25, few=3), deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@pytest.mark.parametrize("kind", NODES)
@laws
@given(data=st.data())
def test_no_inputs_make_it_raise_and_every_exit_is_declared(kind: str, data: st.DataObject) -> None:
    node, visit = data.draw(nodes(kind)), data.draw(visits())
    turn = node.enter(visit)
    for told in [None, *data.draw(st.lists(INPUTS, max_size=50))]:
        if told is not None:
            turn = node.resume(with_memory(visit, turn.memory), told)
        for at, action in enumerate(turn.actions):
            if isinstance(action, Leave):
                assert action.exit in node.exits()
            if isinstance(action, ENDINGS):
                assert at == len(turn.actions) - 1, "nothing follows an ending"
        if is_over(turn):
            break


@pytest.mark.parametrize("kind", NODES)
@laws
@given(data=st.data())
def test_the_same_visit_and_input_give_the_same_turn(kind: str, data: st.DataObject) -> None:
    node, visit = data.draw(nodes(kind)), data.draw(visits())
    turn = node.enter(visit)
    assert turn == node.enter(visit)
    for told in data.draw(st.lists(INPUTS, max_size=8)):
        here = with_memory(visit, turn.memory)
        turn = node.resume(here, told)
        assert turn == node.resume(here, told)


@pytest.mark.parametrize("kind", NODES)
@laws
@given(data=st.data())
def test_it_never_waits_for_nothing_and_always_comes_to_an_end(kind: str, data: st.DataObject) -> None:
    node, visit = data.draw(nodes(kind)), data.draw(visits())
    call = Call()
    turn = node.enter(visit)
    call.take(turn)
    random = Random(data.draw(st.integers(0, 2**32)))
    for _ in range(INPUTS_MAX):
        if call.over:
            return
        possible = call.possible_inputs()
        assert call.is_waiting, f"waits for nothing after {turn}"
        told = random.choice(possible)
        call.tell(told)
        turn = node.resume(with_memory(visit, turn.memory), told)
        call.take(turn)
    pytest.fail(f"still there after {INPUTS_MAX} inputs")


@pytest.mark.parametrize("kind", NODES)
@laws
@given(data=st.data())
def test_a_silent_caller_leaves_only_through_the_exits_named_for_silence(kind: str, data: st.DataObject) -> None:
    node, visit = data.draw(nodes(kind)), data.draw(visits())
    call, random = Call(), Random(data.draw(st.integers(0, 2**32)))
    turn = node.enter(visit)
    call.take(turn)
    while not call.over:
        told = random.choice([told for told in call.possible_inputs() if not isinstance(told, Pressed)])
        call.tell(told)
        turn = node.resume(with_memory(visit, turn.memory), told)
        call.take(turn)
    named = NODES[kind].when_silent
    left = [action.exit for action in turn.actions if isinstance(action, Leave)]
    assert named is None or set(left) <= set(named) <= set(node.exits())


@pytest.mark.parametrize("kind", NODES)
@laws
@given(data=st.data())
def test_exits_are_named_after_the_keys_that_hold_the_next_node(kind: str, data: st.DataObject) -> None:
    node = data.draw(nodes(kind))
    names = {f.name for f in fields(node)}  # type: ignore[arg-type]
    assert {exit.split(".")[0] for exit in node.exits()} <= names
    assert all(target in {"one", "two", "three"} for target in node.exits().values())


@laws
@given(data=st.data())
def test_the_digits_of_a_masked_entry_are_seen_in_secret_places_only(data: st.DataObject) -> None:
    node, visit = data.draw(nodes("collect").filter(lambda node: getattr(node, "masked", False))), data.draw(visits())
    turn = node.enter(visit)
    for told in data.draw(st.lists(INPUTS, max_size=50)):
        if is_over(turn):
            break
        assert turn.memory.secret
        turn = node.resume(with_memory(visit, turn.memory), told)
        assert all(
            action.secret for action in turn.actions if isinstance(action, Assign) and any(action.values.values())
        )


@pytest.mark.parametrize("kind", NODES)
def test_a_kind_has_no_field_that_yaml_uses_itself(kind: str) -> None:
    assert "kind" not in {f.name for f in fields(NODES[kind])}  # type: ignore[arg-type]


def is_over(turn: Turn) -> bool:
    return any(isinstance(action, ENDINGS) for action in turn.actions)


@dataclass(slots=True)
class Call:
    """What a faithful engine keeps outstanding for a node, and what can therefore happen next."""

    saying: Say | None = None
    timer: bool = False
    external: Action | None = None
    over: bool = False

    @property
    def is_waiting(self) -> bool:
        return self.saying is not None or self.timer or self.external is not None

    def take(self, turn: Turn) -> None:
        for action in turn.actions:
            match action:
                case Say():
                    self.saying = action
                case StopSaying():
                    self.saying = None
                case WaitFor():
                    assert action.seconds > 0
                    self.timer = True
                case _ if isinstance(action, EXTERNAL_WAITS):
                    self.external = action
                case _ if isinstance(action, ENDINGS):
                    self.over = True
                case _:
                    pass

    def possible_inputs(self) -> list[Input]:  # noqa: C901 (one arm per action)
        found: list[Input] = []
        if self.saying is not None:
            found.append(Said())
        if self.timer:
            found.append(Elapsed())
        if self.external is None and (self.saying is None or self.saying.interruptible):
            found += [Pressed(digit=key) for key in KEYS]  # a key changes nothing while somebody else has the call
        match self.external:
            case Forward():
                found.append(ForwardFailed(why="busy"))
            case TakeMessage(mailbox=""):
                found += [MessageTaken(seconds=0.0), MessageTaken(seconds=3.0, note=RecordingId("note"))]
            case DataDip():
                found += [DipDone(outcome=outcome) for outcome in LookupOutcome]
            case CheckPart():
                found += [PartChecked(ok=True), PartChecked(ok=False)]
            case PayByCard():
                found += [PaymentDone(outcome=outcome) for outcome in PaymentOutcome]
            case CallScript():
                found += [ScriptDone(ok=True), ScriptDone(ok=False)]
            case TakeMessage():
                found += [MessageTaken(seconds=0.0), MessageTaken(seconds=3.0)]
            case AgentWish():
                found += [WishDone(), WishDone(problem="not an agent")]
            case PromiseCallback() | WithdrawCallback():
                found += [CallbackAnswer(), CallbackAnswer(problem="no pattern allows it")]
            case _:
                pass
        return found

    def tell(self, told: Input) -> None:
        match told:
            case Said() | Pressed():
                self.saying = None
            case Elapsed():
                self.timer = False
            case _:
                self.external = None
