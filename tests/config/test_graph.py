"""The shape of flows: what is said of it agrees with what walking through it would show."""

from dataclasses import dataclass
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.config import flaws
from callcenter.model.flow import Flow, Input, Prompt, Turn, Visit
from callcenter.model.ids import FlowName
from callcenter.nodes.fields import Key, Language, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.language import Speak
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from tests.examples import examples

HELLO = Prompt(name="hello")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A node with any exits; silence takes those named."""

    ways: tuple[tuple[str, str], ...]
    when_silent: ClassVar[tuple[str, ...] | None] = None

    def exits(self) -> dict[str, str]:
        return dict(self.ways)

    def enter(self, visit: Visit) -> Turn:
        return Turn(actions=())

    def resume(self, visit: Visit, told: Input) -> Turn:
        return Turn(actions=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Crossing):
    """A crossing where silence takes one way only."""

    when_silent: ClassVar[tuple[str, ...] | None] = ("silence",)


def flow(start: str = "a", **nodes: Crossing | Menu | Play | Hangup | Speak) -> Flow:
    return Flow(name=FlowName("f"), start=start, nodes=nodes)


def told(of: Flow) -> list[tuple[str, str]]:
    return [(flaw.node, flaw.what) for flaw in flaws(of)]


def menu(silence: str, **keys: str) -> Menu:
    choices = {Key(key[1:]): NextNode(target) for key, target in keys.items()}
    return Menu(prompt=HELLO, choices=choices, no_input=NextNode(silence))


def test_a_flow_that_is_well_has_no_flaws() -> None:
    assert told(flow(a=menu("end", k1="b", k2="a"), b=Play(prompt=HELLO, next=NextNode("a")), end=Hangup())) == []


def test_a_start_that_is_not_there() -> None:
    assert [flaw.remedy for flaw in flaws(flow("hous", hours=Hangup()))] == ["did you mean `hours`?"]


def test_an_exit_that_leads_nowhere() -> None:
    [flaw] = flaws(flow(a=menu("emd", k1="end"), end=Hangup()))
    assert (flaw.node, flaw.exit, flaw.what) == ("a", "no_input", "there is no node `emd`")


def test_a_node_that_nothing_leads_to() -> None:
    assert told(flow(a=Hangup(), b=Hangup())) == [("b", "nothing leads here")]


def test_a_menu_that_silence_leads_back_to() -> None:
    found = told(flow(a=menu("a", k1="end"), end=Hangup()))
    assert found == [("a", "a caller who does nothing goes round for ever: a -> a")]


def test_a_circle_of_nodes_that_wait_for_nothing() -> None:
    turning = Speak(language=Language("vi"), next=NextNode("b"))
    back = Speak(language=Language("en"), next=NextNode("a"))
    assert told(flow(a=turning, b=back)) == [("a", "a caller who does nothing goes round for ever: a -> b -> a")]


NAMES = ["a", "b", "c", "d"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Crossing]:
    targets = st.sampled_from([*NAMES, "nowhere"])
    nodes: dict[str, Crossing] = {}
    for name in NAMES:
        ways = tuple(draw(st.dictionaries(st.sampled_from(["silence", "x", "y"]), targets, max_size=3)).items())
        nodes[name] = draw(st.sampled_from([Crossing, Asking]))(ways=ways)
    return nodes


@settings(max_examples=examples(100), deadline=None)
@given(nodes=graphs())
def test_an_endless_round_is_found_if_and_only_if_a_silent_caller_can_take_more_steps_than_there_are_nodes(
    nodes: dict[str, Crossing],
) -> None:
    def silent(name: str) -> set[str]:
        node = nodes[name]
        return {to for exit, to in node.ways if to in nodes and (node.when_silent is None or exit in node.when_silent)}

    here = set(nodes)
    for _ in nodes:
        here = {target for name in here for target in silent(name)}
    endless = [flaw for flaw in flaws(Flow(name=FlowName("f"), start="a", nodes=nodes)) if "for ever" in flaw.what]
    assert bool(endless) == bool(here)


@settings(max_examples=examples(80), deadline=None)
@given(nodes=graphs())
def test_everything_is_told_and_always_in_the_same_order(nodes: dict[str, Crossing]) -> None:
    made = Flow(name=FlowName("f"), start="a", nodes=nodes)
    found = flaws(made)
    assert found == flaws(made)
    dangling = [name for name, node in nodes.items() if "nowhere" in dict(node.ways).values()]
    assert [flaw.node for flaw in found if flaw.what == "there is no node `nowhere`"] == dangling
