"""What is said of a live contact's future: for a few pictures of one, drawn by hand."""

from dataclasses import replace

from callcenter.core.outlook import Outlook, Standing
from callcenter.jobs.foresight import agents_words, otherwise_words
from callcenter.model.contact import ContactState
from callcenter.model.ids import AgentId, ContactId, QueueName
from callcenter.model.relaxation import Ageing

WAITING = Outlook(
    at=100.0,
    contact=ContactId("c-1"),
    state=ContactState.WAITING,
    state_s=60.0,
    queue=QueueName("sales"),
    position=2,
    waiting=3,
    needs="sales",
    priority=53.04,
    agents=(Standing(agent=AgentId("anna"), reason=None),),
)


def test_a_priority_that_grows_is_told_with_its_end() -> None:
    assert not any("priority" in words for words in agents_words(WAITING))  # one that stays is told with the queue
    grows = replace(WAITING, ageing=Ageing(per_minute=5, max=20), priority_max=70)
    assert agents_words(grows)[1] == "its priority is 53.0 by now; it grows by 5 a minute, to 70 at most"
    grown = replace(grows, priority=70.0)
    assert agents_words(grown)[1] == "its priority has grown with its wait to 70, and grows no more"


def test_what_comes_of_a_message_is_not_what_comes_of_a_caller() -> None:
    rung = replace(WAITING, state=ContactState.OFFERED)
    assert otherwise_words(rung) == "when the phone is answered, the two are connected"
    assert otherwise_words(replace(rung, message=True)) == "when the phone is answered, the message is played"


def test_who_is_promised_a_callback_learns_what_it_waits_for() -> None:
    promised = replace(WAITING, state=ContactState.PROMISED)
    assert otherwise_words(promised).endswith("nobody before it in line, the customer is called")
    assert "the message is played" in otherwise_words(replace(promised, message=True))
    assert otherwise_words(replace(promised, agents=())).startswith("as soon as somebody logs in")
