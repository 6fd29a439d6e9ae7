"""Stories of calls whose flow asks programs outside, lends the call to a script, or goes through another flow."""

import pytest

from callcenter.core.errands import LOOKUP_GRACE_S, SCRIPT_GRACE_S
from callcenter.core.flows import SUBFLOWS_MAX
from callcenter.model.commands import FetchBack, HangUp, JoinBridge, LookUp, PlayPrompts, ReturnLeg, RunScript
from callcenter.model.contact import ContactState, EndReason, LegEnd, LookupOutcome, TransportFault
from callcenter.model.entry import decode_entry
from callcenter.model.events import DigitPressed, LegEnded, LookedUp, PlaybackEnded, ScriptEnded
from callcenter.model.facts import LookupEnded, NodeEntered, ScriptRun, Surprise
from callcenter.model.flow import Prompt
from callcenter.model.ids import FlowName, LookupId
from callcenter.nodes.check import Case, Check
from callcenter.nodes.fields import (
    Filled,
    FilledUrl,
    HeaderName,
    JsonPlace,
    Key,
    NextNode,
    ScriptUrl,
    SecretName,
    Subject,
    VariableName,
    Word,
)
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.lookup import Lookup, Method
from callcenter.nodes.menu import Menu
from callcenter.nodes.play import Play
from callcenter.nodes.return_to_flow import Return
from callcenter.nodes.script import Script
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.subflow import Subflow
from tests.core.center import Call, Center, flow

CRM = "crm.example.com"
TIMEOUT_S = 3.0


def node(name: str) -> NextNode:
    return NextNode(name)


def an_asker(*, hosts: tuple[str, ...] = (CRM,), method: Method = Method.GET, prompt: str = "one_moment") -> Center:
    ask = Lookup(
        url=FilledUrl(f"https://{CRM}/customers?phone={{{{ caller }}}}"),
        method=method,
        set={VariableName("name"): JsonPlace("customer.name"), VariableName("level"): JsonPlace("level")},
        secret_headers={HeaderName("Authorization"): SecretName("crm_token")},
        body={Word("why"): Filled("{{ dialled }}")} if method is Method.POST else {},
        timeout_s=TIMEOUT_S,
        prompt=Prompt(name=prompt) if prompt else None,
        found=node("hello"),
        not_found=node("stranger"),
        failed=node("sorry"),
    )
    greet = Menu(
        prompt=Prompt(name="hello"),
        choices={Key("1"): node("sorry")},
        no_input=node("sorry"),
        timeout_s=5.0,
    )
    return Center(
        flows=[
            flow("who", ask=ask, hello=greet, stranger=Hangup(reason=Ending.CLOSED), sorry=Hangup()),
        ],
        lookup_hosts=hosts,
    )


def answered(center: Center, outcome: LookupOutcome = LookupOutcome.FOUND, **values: str) -> None:
    center.tell(LookedUp(lookup=center.all(LookUp)[-1].lookup, outcome=outcome, values=values))


def test_a_program_outside_is_asked_and_what_it_says_is_kept() -> None:
    center = an_asker()
    call = center.call("who", caller="0901 2?&x")
    [asked] = center.all(LookUp)
    assert (asked.name, asked.method, asked.timeout_s) == ("who.ask", "GET", TIMEOUT_S)
    assert asked.url == f"https://{CRM}/customers?phone=0901%202%3F%26x"
    assert asked.secret_headers == {"Authorization": "crm_token"}
    assert [play.prompts for play in center.all(PlayPrompts)] == [("one_moment",)]
    center.passes(0.5)
    answered(center, name="Hà", other="not asked for")
    assert (call.record.node, call.record.variables) == ("hello", {"name": "Hà", "level": ""})
    [told] = center.all(LookupEnded)
    assert (told.name, told.outcome) == ("who.ask", LookupOutcome.FOUND)
    assert told.took_s == pytest.approx(0.5)
    center.told_again()


@pytest.mark.parametrize(
    ("outcome", "end"), [(LookupOutcome.NOT_FOUND, EndReason.CLOSED), (LookupOutcome.FAILED, EndReason.FLOW_ENDED)]
)
def test_the_caller_goes_where_the_kind_of_answer_leads(outcome: LookupOutcome, end: EndReason) -> None:
    center = an_asker()
    call = center.call("who")
    answered(center, outcome)
    assert call.end_reason is end


def test_without_a_prompt_a_lookup_does_not_take_the_call() -> None:
    center = an_asker(prompt="")
    call = center.call("who")
    assert not call.record.answered
    answered(center, LookupOutcome.NOT_FOUND)
    assert not call.is_live


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    center = an_asker()
    call = center.call("who")
    call.hears_it_out()
    center.passes(TIMEOUT_S + LOOKUP_GRACE_S - 0.1)
    assert call.is_live
    center.passes(0.2)
    assert call.end_reason is EndReason.FLOW_ENDED
    answered(center, name="too late")
    assert center.last == []
    assert [told.outcome for told in center.all(LookupEnded)] == [LookupOutcome.FAILED]


def test_a_lookup_that_could_not_be_asked_has_failed() -> None:
    center = an_asker()
    call = center.call("who")
    center.fails(center.all(LookUp)[0], TransportFault.UNAVAILABLE, "too many are under way")
    assert call.end_reason is EndReason.FLOW_ENDED


def test_a_host_that_is_not_listed_is_not_asked() -> None:
    center = an_asker(hosts=())
    call = center.call("who")
    assert (center.all(LookUp), call.end_reason) == ([], EndReason.FLOW_ENDED)
    assert [one.what for one in center.all(Surprise)] == [f"no lookup may ask '{CRM}'"]


def test_an_answer_for_nobody_or_twice_changes_nothing() -> None:
    center = an_asker()
    call = center.call("who")
    assert center.tell(LookedUp(lookup=LookupId("q-other-1"), outcome=LookupOutcome.FOUND)) == []
    answered(center, name="Hà")
    answered(center, LookupOutcome.FAILED)
    assert call.record.node == "hello"
    call.hangs_up()
    assert call.end_reason is EndReason.LEFT_IN_FLOW


def test_a_caller_who_hangs_up_is_not_waited_for() -> None:
    center = an_asker()
    call = center.call("who")
    call.hangs_up()
    answered(center, name="Hà")
    assert center.last == []
    assert center.engine.next_deadline() is None


def test_after_a_restart_what_may_be_asked_twice_is_asked_again() -> None:
    center = an_asker()
    call = center.call("who")
    first = center.all(LookUp)[0]
    center.restarts(away_s=60.0)
    assert center.lately(LookUp) == [first]
    center.passes(TIMEOUT_S - 1)
    assert call.is_live
    answered(center, name="Hà")
    assert call.record.node == "hello"


def test_after_a_restart_what_may_not_be_asked_twice_is_not() -> None:
    center = an_asker(method=Method.POST)
    call = center.call("who")
    assert center.all(LookUp)[0].body == {"why": "who"}
    center.restarts(away_s=60.0)
    assert center.lately(LookUp) == []
    assert call.end_reason is EndReason.FLOW_ENDED


# -- scripts -----------------------------------------------------------------------------------------------------------


def a_payer() -> Center:
    pay = Script(
        url=ScriptUrl("agi://127.0.0.1:4573/pay"),
        args=(Filled("{{ caller }}"), Filled("a,b)${SHELL(x)}")),
        set=(VariableName("receipt"),),
        timeout_s=30.0,
        done=node("thanks"),
        failed=node("sorry"),
    )
    return Center(
        flows=[
            flow(
                "pay",
                hello=Play(prompt=Prompt(name="hello"), next=node("pay")),
                pay=pay,
                thanks=Play(prompt=Prompt(name="thanks"), next=node("end")),
                sorry=Hangup(),
                end=Hangup(),
            )
        ]
    )


def paying(center: Center, **kwargs: bool) -> tuple[Call, RunScript]:
    call = center.call("pay", caller="0901", **kwargs)  # type: ignore[arg-type]
    call.hears_it_out()
    [run] = center.lately(RunScript)
    return call, run


def ended(center: Center, run: RunScript, status: str = "SUCCESS", **values: str) -> None:
    center.tell(ScriptEnded(leg=run.leg, script=run.script, status=status, values=values))


def test_a_script_has_the_call_and_gives_it_back() -> None:
    center = a_payer()
    call, run = paying(center)
    assert (run.url, run.take) == ("agi://127.0.0.1:4573/pay", ("receipt",))
    assert run.arguments == ("0901", "a b   SHELL x  ")
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, left=True))
    assert call.is_live, "that it left our hands is no end"
    center.passes(12.0)
    ended(center, run, receipt="77", other="not asked for")
    assert [join.leg for join in center.lately(JoinBridge)] == [call.leg]
    assert (call.record.node, call.record.variables) == ("thanks", {"receipt": "77"})
    [told] = center.all(ScriptRun)
    assert told.status == "SUCCESS"
    assert told.took_s == pytest.approx(12.0)
    call.hears_it_out()
    assert call.end_reason is EndReason.FLOW_ENDED
    center.told_again()


def test_a_caller_who_hangs_up_in_the_script_has_left_in_the_flow() -> None:
    center = a_payer()
    call, run = paying(center)
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, left=True))
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, cause=16))
    assert call.end_reason is EndReason.LEFT_IN_FLOW
    ended(center, run)
    assert [one.leg for one in center.lately(HangUp)] == [call.leg], "if it is there after all, nobody wants it"


def test_a_script_that_did_not_go_well_has_failed() -> None:
    center = a_payer()
    call, run = paying(center)
    ended(center, run, "FAILURE")
    assert call.end_reason is EndReason.FLOW_ENDED


@pytest.mark.parametrize("fault", [TransportFault.REFUSED, TransportFault.UNAVAILABLE])
def test_a_script_that_cannot_be_begun_has_failed(fault: TransportFault) -> None:
    center = a_payer()
    call, run = paying(center)
    center.fails(run, fault)
    assert call.end_reason is EndReason.FLOW_ENDED


def test_a_caller_who_is_gone_when_the_script_should_begin_is_gone() -> None:
    center = a_payer()
    call, run = paying(center)
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, left=True))  # of her hanging up
    center.fails(run, TransportFault.GONE)
    assert call.end_reason is EndReason.LEFT_IN_FLOW


def test_a_caller_who_hangs_up_when_nobody_knows_whether_the_script_has_begun_is_found_out() -> None:
    center = a_payer()
    call, run = paying(center)
    center.tell(LegEnded(leg=call.leg, end=LegEnd.NORMAL, left=True))  # of her hanging up
    center.fails(run, TransportFault.UNKNOWN)
    assert center.lately(RunScript) == [run], "asked again, which it does not notice if it has begun"
    center.fails(run, TransportFault.GONE)
    assert call.end_reason is EndReason.LEFT_IN_FLOW
    center.told_again()


def test_a_script_that_has_begun_after_all_is_not_asked_for_when_it_is_over() -> None:
    center = a_payer()
    call, run = paying(center)
    ended(center, run)
    assert call.record.node == "thanks"
    center.fails(run, TransportFault.UNKNOWN)
    assert (center.lately(RunScript), call.record.node) == ([], "thanks")


def test_a_script_without_end_is_ended() -> None:
    center = a_payer()
    call, run = paying(center)
    center.passes(30.1)
    assert [one.script for one in center.all(FetchBack)] == [run.script]
    ended(center, run, "TIMEOUT")
    assert call.end_reason is EndReason.FLOW_ENDED


def test_a_call_that_is_not_given_back_is_ended() -> None:
    center = a_payer()
    call, _ = paying(center)
    center.passes(30.0 + SCRIPT_GRACE_S + 0.1)
    assert call.end_reason is EndReason.FAULT
    assert call.leg in [one.leg for one in center.all(HangUp)]


def test_what_is_pressed_in_a_script_is_written_nowhere_and_means_nothing() -> None:
    center = a_payer()
    call, run = paying(center)
    call.presses("4111#")
    assert [event.digit for event in keys_written(center)] == ["x", "x", "x", "x", "#"]
    ended(center, run)
    assert call.record.node == "thanks"
    call.presses("7")
    assert keys_written(center)[-1].digit == "7"


def keys_written(center: Center) -> list[DigitPressed]:
    events = [decode_entry(line).event for line in center.journal]
    return [event for event in events if isinstance(event, DigitPressed)]


def test_a_script_runs_on_while_we_are_away() -> None:
    center = a_payer()
    call, run = paying(center)
    center.restarts(away_s=5.0)
    assert center.lately(RunScript) == []
    assert center.lately(JoinBridge) == [], "it is not ours to put anywhere"
    ended(center, run, receipt="77")
    assert call.record.variables == {"receipt": "77"}


def test_a_script_that_was_never_begun_is_begun_after_the_restart() -> None:
    center = a_payer()
    call, run = paying(center)
    listing = center.listing()
    [leg] = listing.legs
    here = type(listing)(legs=(type(leg)(leg=leg.leg, up=True, ours=False),), bridges=listing.bridges)
    center.restarts(listing=here)
    assert center.lately(RunScript) == [run]
    assert call.is_live


def test_a_call_that_came_back_while_we_were_away_is_told_of_and_goes_on() -> None:
    center = a_payer()
    call, run = paying(center)
    listing = center.listing()
    [leg] = listing.legs
    back = type(leg)(leg=leg.leg, up=True, ours=False, script=run.script)
    center.restarts(listing=type(listing)(legs=(back,), bridges=listing.bridges))
    assert center.lately(RunScript) == []
    ended(center, run)
    assert call.record.node == "thanks"
    ended(center, run)
    assert call.record.node == "thanks"


def test_a_call_that_a_dialplan_has_lent_runs_no_script() -> None:
    center = a_payer()
    call = center.call("pay", returns=True)
    call.hears_it_out()
    assert (center.all(RunScript), call.end_reason) == ([], EndReason.FLOW_ENDED)
    assert any("cannot run a script" in one.what for one in center.all(Surprise))


def test_a_call_that_comes_back_to_nobody_is_hung_up_and_one_that_is_away_is_left_alone() -> None:
    center = a_payer()
    call, run = paying(center)
    away = center.listing()
    fresh = a_payer()
    fresh.tell(away)
    assert fresh.lately(HangUp) == []
    ended(fresh, run)
    assert [one.leg for one in fresh.lately(HangUp)] == [call.leg]


# -- flows in flows ----------------------------------------------------------------------------------------------------


def test_a_flow_goes_through_another_and_comes_back_by_a_word() -> None:
    center = Center(
        flows=[
            flow(
                "outer",
                set=SetVariables(values={VariableName("account"): Filled("7")}, next=node("pay")),
                pay=Subflow(flow=FlowName("inner"), returns={Word("paid"): node("thanks"), Word("no"): node("bye")}),
                thanks=Hangup(reason=Ending.VOICEMAIL),
                bye=Hangup(),
            ),
            flow(
                "inner",
                say=Play(prompt=Prompt(name="say"), next=node("check")),
                check=Check(
                    of=Subject("account"), cases=(Case(then=node("paid"), equals=("7",)),), otherwise=node("no")
                ),
                paid=Return(word=Word("paid")),
                no=Return(word=Word("no")),
            ),
        ]
    )
    call = center.call("outer")
    assert (call.record.flow, call.record.node) == ("inner", "say")
    center.restarts()
    call.hears_it_out() if call.is_live and call.record.playback else None
    assert call.end_reason is EndReason.VOICEMAIL
    path = [(fact.flow, fact.node, fact.exit) for fact in center.all(NodeEntered)]
    assert path == [
        ("outer", "set", ""),
        ("outer", "pay", "next"),
        ("inner", "say", ""),
        ("inner", "check", "next"),
        ("inner", "paid", "cases.0.then"),
        ("outer", "thanks", "returns.paid"),
    ]
    center.told_again()


def test_a_return_without_a_flow_to_return_to_ends_the_call_or_gives_it_back() -> None:
    center = Center(flows=[flow("inner", go=Return(word=Word("paid")))])
    assert center.call("inner").end_reason is EndReason.FLOW_ENDED
    call = center.call("inner", returns=True)
    assert (call.end_reason, [one.exit for one in center.all(ReturnLeg)]) == (EndReason.RETURNED, ["paid"])


def test_flows_without_end_and_words_that_nobody_knows_end_the_call_as_a_fault() -> None:
    center = Center(
        flows=[
            flow("deep", go=Subflow(flow=FlowName("deep"), returns={Word("done"): node("go")})),
            flow("odd", go=Subflow(flow=FlowName("says"), returns={Word("done"): node("go")})),
            flow("says", go=Return(word=Word("something_else"))),
        ]
    )
    assert center.call("deep").end_reason is EndReason.FAULT
    assert len(center.all(NodeEntered)) == SUBFLOWS_MAX + 1
    assert center.call("odd").end_reason is EndReason.FAULT
    assert center.all(Surprise)[-1].what == "odd.go does not know the exit something_else"


def test_the_state_of_a_contact_stays_in_the_flow_meanwhile() -> None:
    center = an_asker()
    call = center.call("who")
    assert call.state is ContactState.IN_FLOW
    playback = call.record.playback
    assert playback is not None
    center.tell(PlaybackEnded(playback=playback))
    assert call.record.node == "ask"
