"""Stories of the IVR as the engine walks it: what the caller presses, hears, leaves behind, and where she goes."""

from callcenter.core.snapshot import take_snapshot
from callcenter.model.commands import PlayPrompts, ReturnLeg
from callcenter.model.contact import ContactState, EndReason, Medium
from callcenter.model.entry import decode_entry
from callcenter.model.events import ContactArrived
from callcenter.model.flow import Prompt
from callcenter.nodes.collect import Collect
from callcenter.nodes.fields import NextNode, VariableName, Word
from callcenter.nodes.leave import LeaveFlow
from tests.core.center import Center, flow


def test_a_call_that_was_given_back_to_the_dialplan_may_come_again_on_the_same_leg() -> None:
    center = Center(flows=[flow("errand", go=LeaveFlow(exit=Word("done")))])
    call = center.call("errand", returns=True)
    assert [command.exit for command in center.all(ReturnLeg)] == ["done"]
    assert call.end_reason is EndReason.RETURNED
    center.tell(ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="errand", returns=True))
    assert len(center.all(ReturnLeg)) == 2


def test_a_call_that_ended_does_not_come_again_on_the_same_leg() -> None:
    center = Center()
    call = center.call("nowhere")
    assert call.end_reason is EndReason.REFUSED
    assert center.tell(ContactArrived(leg=call.leg, medium=Medium.VOICE, caller="0901", dialled="nowhere")) == []
    assert call.state is ContactState.ENDED


# -- what is typed where it must stay secret ---------------------------------------------------------------------------


def a_bank() -> Center:
    ask = Collect(
        prompt=Prompt(name="pin"),
        into=VariableName("pin"),
        next=NextNode("in"),
        failed=NextNode("out"),
        min_digits=4,
        max_digits=6,
        masked=True,
    )
    nodes = {"in": LeaveFlow(exit=Word("in")), "out": LeaveFlow(exit=Word("out"))}
    return Center(flows=[flow("bank", ask=ask, **nodes)])


def test_digits_of_a_masked_input_are_nowhere_and_other_keys_are_what_they_are() -> None:
    center = a_bank()
    call = center.call("bank", returns=True)
    call.presses("473")
    assert call.record.memory.digits == "473"
    assert b"473" not in take_snapshot(center.engine)
    call.presses("9#")
    written = [decode_entry(line).event.digit for line in center.journal[2:]]  # type: ignore[union-attr]
    assert written == ["x", "x", "x", "x", "#"]
    assert [command.exit for command in center.all(ReturnLeg)] == ["in"]


def test_an_engine_that_is_told_masked_digits_goes_the_same_way() -> None:
    center = a_bank()
    center.call("bank", returns=True).presses("4739#")
    center.call("bank", returns=True).presses("47*")
    center.call("bank", returns=True).presses("473956")
    center.told_again()


def test_who_was_typing_a_secret_when_the_process_died_is_asked_again() -> None:
    center = a_bank()
    call = center.call("bank", returns=True)
    call.presses("47")
    center.restarts()
    assert [command.prompts for command in center.lately(PlayPrompts)] == [("pin",)]
    call.presses("39#")  # too short without the forgotten digits
    assert center.all(ReturnLeg) == []
    call.presses("4739#")
    assert [command.exit for command in center.all(ReturnLeg)] == ["in"]
    center.told_again()
