"""Stories of the IVR as the engine walks it: what the caller presses, hears, leaves behind, and where she goes."""

from callcenter.model.commands import ReturnLeg
from callcenter.model.contact import ContactState, EndReason, Medium
from callcenter.model.events import ContactArrived
from callcenter.nodes.fields import Word
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
