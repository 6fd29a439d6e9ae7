"""An offer's life and its races: answered, missed in each way, rescinded, withdrawn, failed, late."""

from callcenter.core.world import NOBODY
from callcenter.model.commands import HangUp, RingAgent
from callcenter.model.contact import LegEnd, TransportFault
from callcenter.model.events import LegAnswered
from tests.core.center import Center, queue


def test_a_phone_that_is_answered_after_its_offer_is_over_is_hung_up_again() -> None:
    """The dial request got no answer, was cancelled, and rings all the same."""
    center = Center(queue("sales", offer_timeout_s=10.0))
    center.agent("ann")
    center.call("sales")
    [ring] = center.all(RingAgent)
    center.fails(ring, TransportFault.UNKNOWN)
    center.passes(10.0)
    assert [command.leg for command in center.all(HangUp)] == [ring.leg]
    center.tell(LegAnswered(leg=ring.leg))
    assert center.last == [HangUp(contact=NOBODY, leg=ring.leg, end=LegEnd.CANCELLED)]
