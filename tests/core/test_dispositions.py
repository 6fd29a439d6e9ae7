"""What agents record of their talks: in time, late, changed, missing; wrap-ups that wait for it; callbacks with it."""

from typing import Any

from callcenter.core.dispositions import CHANGES_MAX
from callcenter.model.agent import AgentState
from callcenter.model.callback import CallbackRules
from callcenter.model.callback_facts import CallbackPromised
from callcenter.model.commands import Reply
from callcenter.model.configuration import Configuration
from callcenter.model.disposition import (
    Asked,
    DispositionRules,
    DispositionTree,
    Outcome,
    TalkOnRecord,
    WantedCallback,
)
from callcenter.model.events import DispositionRequested, WrapUpRequested
from callcenter.model.facts import DispositionDue, DispositionRecorded
from callcenter.model.form_field import FieldType, FormField
from callcenter.model.ids import AgentId, ContactId, QueueName, TreeName
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.outcome import RecordOutcome
from tests.core.center import Ann, Call, Center, flow, queue

TREE = DispositionTree(
    name=TreeName("talks"),
    outcomes={
        "sold": Outcome(label="Sold", key="1"),
        "complaint.billing": Outcome(label="Complaint / Billing", note=Asked.REQUIRED),
        "later": Outcome(label="Later", callback=Asked.REQUIRED),
        "order": Outcome(fields={"amount": FormField(type=FieldType.NUMBER, required=True)}),
    },
    fields={"since": FormField(type=FieldType.DATE)},
)


class Office(Center):
    """A center whose queue `sales` has dispositions."""

    def __init__(self, *, hold_s: float = 0.0, required: bool = True, wrap_up_s: float = 20.0, **rules: Any) -> None:
        wanted = DispositionRules(tree=TREE.name, required=required, hold_s=hold_s)
        code = flow(
            "outcome_1",
            ask=RecordOutcome(key=Key("1"), done=NextNode("bye"), refused=NextNode("no")),
            bye=Hangup(),
            no=Hangup(),
        )
        callback = CallbackRules()
        sales = queue("sales", wrap_up_s=wrap_up_s, disposition=wanted, callback=callback, **rules)
        super().__init__(sales, queue("plain", wrap_up_s=wrap_up_s), flows=[code], dispositions=(TREE,))

    def talk(self, dialled: str = "sales") -> tuple[Ann, Call]:
        """An agent and a caller, connected."""
        ann = self.agent("ann")
        call = self.call(dialled, caller="0901234567", name="Lan")
        ann.answers()
        return ann, call

    def records(self, call: Call, code: str, **more: Any) -> str:
        """Somebody records."""
        return self.ask(DispositionRequested(request=self.request(), contact=call.id, code=code, **more))

    @property
    def recorded(self) -> list[DispositionRecorded]:
        """What was."""
        return self.all(DispositionRecorded)


def test_recorded_during_the_talk_nothing_is_due() -> None:
    office = Office()
    _, call = office.talk()
    assert office.records(call, "sold", by="ann") == ""
    [fact] = office.recorded
    assert (fact.agent, fact.queue, fact.code, fact.label, fact.number) == ("ann", "sales", "sold", "Sold", 1)
    assert fact.talk_ended == 0.0
    call.hangs_up()
    assert office.all(DispositionDue) == []
    office.told_again()


def test_what_is_missing_is_told_at_the_end_of_the_talk_and_may_come_later() -> None:
    office = Office()
    ann, call = office.talk()
    call.hangs_up()
    [due] = office.all(DispositionDue)
    assert (due.contact, due.agent, due.tree) == (call.id, "ann", "talks")
    office.passes(20)
    assert ann.is_in(AgentState.READY)  # the wrap-up ends on its time all the same
    office.passes(3600)
    assert office.records(call, "sold", note="by letter") == ""
    assert office.recorded[0].talk_ended == office.now - 3620
    office.told_again()


def test_changed_later_both_are_told() -> None:
    office = Office()
    _, call = office.talk()
    call.hangs_up()
    assert office.records(call, "sold") == ""
    assert office.records(call, "complaint.billing", note="paid twice", by="boss") == ""
    assert [(one.code, one.number, one.by) for one in office.recorded] == [
        ("sold", 1, ""),
        ("complaint.billing", 2, "boss"),
    ]
    assert len(office.all(DispositionDue)) == 1


def test_a_change_is_bounded() -> None:
    office = Office()
    _, call = office.talk()
    for _ in range(CHANGES_MAX):
        assert office.records(call, "sold") == ""
    assert "changed" in office.records(call, "sold")


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_recorded() -> None:
    office = Office()
    _, call = office.talk()
    wrong = office.records(call, "order", fields={"since": "yesterday", "colour": "red"}, callback=WantedCallback())
    assert wrong == (
        "there is no field colour; since is not a date such as 2026-01-31; amount is required; order has no callback"
    )
    assert "is no outcome of talks: sold" in office.records(call, "complaint")
    assert office.records(call, "complaint.billing", note=" ") == "complaint.billing needs a note"
    assert "needs a callback" in office.records(call, "later")
    assert office.recorded == []


def test_values_are_kept_in_one_form() -> None:
    office = Office()
    _, call = office.talk()
    assert office.records(call, "order", fields={"amount": "+007,50", "since": "2024-02-29"}) == ""
    assert office.recorded[0].fields == {"since": "2024-02-29", "amount": "7.5"}


def test_nothing_is_recorded_of_other_queues_and_of_calls_nobody_knows() -> None:
    office = Office()
    _, call = office.talk("plain")
    assert "there is no talk" in office.records(call, "sold")
    assert "there is no talk of bob" in office.records(call, "sold", agent=AgentId("bob"))
    call.hangs_up()
    assert office.all(DispositionDue) == []


def test_a_held_wrap_up_ends_with_what_is_recorded_but_not_before_its_time() -> None:
    office = Office(hold_s=300.0)
    ann, call = office.talk()
    call.hangs_up()
    office.passes(5)
    end = WrapUpRequested(request=office.request(), agent=ann.id)
    assert "is to be recorded first" in office.ask(end)
    assert "is to be recorded first" in ann.asks_for(ann.record.status)
    assert office.records(call, "sold") == ""
    assert ann.is_in(AgentState.WRAP_UP)
    office.passes(14)
    assert ann.is_in(AgentState.WRAP_UP)
    office.passes(1)
    assert ann.is_in(AgentState.READY)
    office.told_again()


def test_a_held_wrap_up_that_is_over_its_time_ends_at_once_and_never_lasts_for_ever() -> None:
    office = Office(hold_s=300.0)
    ann, call = office.talk()
    call.hangs_up()
    office.passes(60)
    assert ann.is_in(AgentState.WRAP_UP)
    assert office.records(call, "sold") == ""
    assert ann.is_in(AgentState.READY)
    again = office.call("sales")
    ann.answers()
    again.hangs_up()
    office.passes(299)
    assert ann.is_in(AgentState.WRAP_UP)
    office.passes(1)
    assert ann.is_in(AgentState.READY)


def test_logging_out_is_always_possible() -> None:
    office = Office(hold_s=300.0)
    ann, call = office.talk()
    call.hangs_up()
    ann.logs_out()
    assert ann.is_in(AgentState.NOT_READY)
    assert len(office.all(DispositionDue)) == 1


def test_a_callback_goes_with_it_or_nothing_does() -> None:
    office = Office()
    _, call = office.talk()
    wanted = WantedCallback(not_before=office.now + 3600, only_me=True)
    assert office.records(call, "later", callback=wanted, note="after six") == ""
    [promise], [fact] = office.all(CallbackPromised), office.recorded
    assert fact.callback == promise.contact
    assert (promise.number, promise.only, promise.note, promise.by) == ("0901234567", "ann", "after six", "ann")
    assert "no callback: 0901234567 is promised a callback already" in office.records(call, "later", callback=wanted)
    assert len(office.recorded) == 1
    office.told_again()


def test_a_number_that_may_not_be_called_back_is_refused_whole() -> None:
    office = Office()
    _, call = office.talk()
    problem = office.records(call, "later", callback=WantedCallback(number="113"))
    assert "no callback: 113 may not be called back" in problem
    assert office.recorded == []


def test_it_is_judged_by_the_version_in_which_the_talk_was() -> None:
    office = Office()
    _, call = office.talk()
    call.hangs_up()
    office.applies(queue("sales"), queue("plain"))
    assert office.records(call, "sold") == ""
    later = office.call("sales")
    office.passes(20)
    Ann(office, AgentId("ann")).answers()
    assert "there is no talk" in office.records(later, "sold")
    office.told_again()


def test_a_talk_of_the_records_is_judged_by_the_rules_of_now() -> None:
    office = Office()
    on_record = TalkOnRecord(agent=AgentId("bob"), queue=QueueName("sales"), caller="0901", recorded=2)
    asked = DispositionRequested(
        request=office.request(), contact=ContactId("c-long-ago"), code="sold", on_record=on_record
    )
    assert office.ask(asked) == ""
    assert (office.recorded[0].agent, office.recorded[0].number) == ("bob", 3)


def test_a_key_on_the_agents_phone() -> None:
    office = Office(hold_s=300.0)
    ann, call = office.talk()
    call.hangs_up()
    office.passes(30)
    own = office.call("outcome_1", agent=ann)
    assert not own.is_live
    [fact] = office.recorded
    assert (fact.code, fact.agent, fact.by, fact.contact) == ("sold", "ann", "", call.id)
    assert ann.is_in(AgentState.READY)
    nobody = office.agent("bob")
    office.call("outcome_1", agent=nobody)
    assert len(office.recorded) == 1
    office.told_again()


def test_the_engine_is_killed_between_talk_and_disposition() -> None:
    office = Office(hold_s=300.0)
    ann, call = office.talk()
    call.hangs_up()
    office.restarts()
    assert office.records(call, "sold") == ""
    office.passes(30)
    assert ann.is_in(AgentState.READY)
    assert office.lately(Reply) == []


def test_a_configuration_without_trees_remembers_no_talk() -> None:
    office = Center(queue("sales"))
    ann = office.agent("ann")
    office.call("sales")
    ann.answers()
    assert not office.engine.world.talked
    assert Configuration().dispositions == {}
