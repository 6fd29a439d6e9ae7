"""What holds a campaign up, and whom it does not hold up: caller ids used up, limits of the guard, other countries."""

from dataclasses import replace
from typing import Any

from callcenter.core.campaign_pace import count_anew
from callcenter.core.campaign_view import campaign_views
from callcenter.model.agent import AgentState, PhoneRules
from callcenter.model.campaign import CallerNumber, Mode
from callcenter.model.campaign_messages import (
    CampaignStartRequested,
    DialJudged,
    DiallerReady,
    HourCount,
    JudgeDial,
    LeadDecided,
    LeadsClaimed,
    LeadShown,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.commands import DialNumber
from callcenter.model.contact import LegEnd
from callcenter.model.facts import Surprise
from callcenter.model.ids import AgentId, LegId
from callcenter.model.lead import Lead, LeadId, Outcome
from callcenter.model.trunk import Guard
from tests.core.test_campaigns import SPRING, Floor

HOUR = 3600.0
NAILED = PhoneRules(nailed=True)


def abroad(lead: Lead) -> Lead:
    """She lives in London."""
    [number] = lead.numbers
    return replace(lead, numbers=(replace(number, number="+442079460000", region="GB"),))


def floor_with_one_abroad(**more: Any) -> Floor:
    floor = Floor(leads=5, **more)
    floor.left[0] = abroad(floor.left[0])
    floor.agent("ann")
    floor.begins()
    return floor


def numbers(floor: Floor) -> list[str]:
    return [one.number for one in floor.all(DialNumber)]


def test_a_country_in_which_no_caller_id_is_shown_is_refused_and_the_others_are_called() -> None:
    pool = (CallerNumber(number="+842400000000", regions=("VN",)),)
    floor = floor_with_one_abroad(rules={"caller_ids": pool}, guard=Guard(regions=("VN", "GB")))
    floor.starts()
    floor.passes(30.0)
    assert floor.all(JudgeDial)[0].against == ("no number of its caller ids is shown in GB",)
    assert numbers(floor)[0] == "+84900000002"
    floor.told_again()


def test_caller_ids_that_are_used_up_hold_up_their_country_alone() -> None:
    pool = (
        CallerNumber(number="+442070000000", regions=("GB",), per_day_max=1),
        CallerNumber(number="+842400000000", regions=("VN",)),
    )
    floor = Floor(leads=6, rules={"caller_ids": pool}, guard=Guard(regions=("VN", "GB")))
    floor.left[:3] = [abroad(lead) for lead in floor.left[:3]]
    for name in ("ann", "bea", "cat", "dan"):
        floor.agent(name)
    floor.begins()
    floor.starts()
    floor.passes(2.0)
    assert numbers(floor)[:1] == ["+442079460000"]
    assert len(numbers(floor)) == 4, "the three at home"
    released = floor.all(ReleaseLeads)
    assert [one.leads for one in released] == [(LeadId(2),), (LeadId(3),)]
    assert all(one.rest_s > 60.0 for one in released)
    floor.told_again()


def test_a_pool_that_is_used_up_calls_nobody_and_keeps_its_leads() -> None:
    """Whatever the law says of caller ids: nobody is called without one."""
    pool = (CallerNumber(number="+842400000000", per_day_max=2),)
    floor = Floor(leads=50, rules={"caller_ids": pool})
    for n in range(5):
        floor.agent(f"agent{n}")
    floor.begins()
    floor.starts()
    floor.passes(20.0)
    assert len(floor.all(JudgeDial)) == len(floor.all(DialNumber)) == 2
    assert len(floor.record.hopper) == 48
    assert "every caller id" in floor.record.why
    [shown] = campaign_views(floor.engine.world, floor.now)[0].callers
    assert (shown.calls_24h, shown.per_day_max, shown.calls, shown.rests) == (2, 2, 2, False)
    hours = floor.record.callers[shown.number]
    hours.calls[int(floor.now // HOUR) - 200] = 7
    [later] = campaign_views(floor.engine.world, floor.now)[0].callers
    assert later == shown, "what is too long ago does not count, and to look at it changes nothing"
    assert len(hours.calls) == 2
    assert not floor.all(ReleaseLeads)


def test_a_limit_of_the_guard_holds_the_campaign_up_and_burns_no_leads() -> None:
    floor = Floor(leads=50, guard=Guard(regions=("VN",), per_trunk_h=3))
    for n in range(6):
        floor.agent(f"agent{n}")
    floor.begins()
    floor.starts()
    floor.passes(60.0)
    assert len(floor.all(JudgeDial)) == len(floor.all(DialNumber)) == 3
    assert len(floor.record.hopper) == 47
    assert "trunk main: 3 calls within an hour" in floor.record.why
    assert [one.what for one in floor.all(Surprise) if "toll fraud" in one.what] == [
        "guard against toll fraud: trunk main: 3 calls within an hour"
    ]
    for leg in floor.ringing:
        floor.ended(leg)
    floor.passes(HOUR)
    assert len(floor.all(DialNumber)) > 3, "an hour later it goes on by itself"


def test_a_limit_of_one_country_holds_up_that_country_alone() -> None:
    floor = floor_with_one_abroad(
        guard=replace(Guard(regions=("VN", "GB")), per_region_h={"GB": 1}), rules={"lists": {"first": 1}}
    )
    floor.left[1] = abroad(floor.left[1])
    floor.agent("bea")
    floor.agent("cat")
    floor.starts()
    floor.passes(3.0)
    assert sorted(numbers(floor)) == ["+442079460000", "+84900000003", "+84900000004"]
    [released] = floor.all(ReleaseLeads)
    assert (released.leads, released.rest_s > 3500.0) == ((LeadId(2),), True)


def test_a_refusal_that_is_one_countrys_lets_the_others_by() -> None:
    floor = floor_with_one_abroad(guard=Guard(regions=("VN", "GB")))
    floor.against, floor.kept = "drops 4 of 100 (at most 3 %)", True
    floor.starts()
    floor.passes(1.0)
    assert floor.all(JudgeDial)[0].dial.number.region == "GB"
    assert [lead.id for lead in floor.record.hopper] == [2, 3, 4, 5, 1]
    floor.against = ""
    floor.passes(10.0)
    assert numbers(floor)[0] == "+84900000002"


def test_an_agent_at_her_limit_is_told_why_her_lead_is_not_dialled_and_keeps_it() -> None:
    floor = Floor(leads=3, guard=Guard(regions=("VN",), per_agent_h=1), rules={"mode": Mode.PREVIEW})
    floor.agent("ann")
    floor.begins()
    floor.ask(CampaignStartRequested(request=floor.request(), campaign=SPRING))
    floor.passes(1.0)
    assert floor.ask(LeadDecided(request=floor.request(), agent=AgentId("ann"), dial=True)) == ""
    floor.ended(floor.ringing[0])
    floor.passes(30.0)
    assert floor.lately(LeadShown) or floor.all(LeadShown)
    why = floor.ask(LeadDecided(request=floor.request(), agent=AgentId("ann"), dial=True))
    assert why == "guard against toll fraud: agent ann: 1 calls within an hour"
    assert AgentId("ann") in floor.record.shown


def test_a_number_that_was_dropped_is_called_again_only_for_an_agent_who_is_kept_for_it() -> None:
    """Nobody is there for certain who may be given another call meanwhile."""
    floor = Floor(leads=20, rules={"mode": Mode.RATIO, "ratio": 2.0})
    ann, bea = floor.agent("ann", phone=NAILED), floor.agent("bea", phone=NAILED)
    floor.needs_agent = {"+84900000001"}
    floor.begins()
    floor.starts()
    floor.passes(1.5)
    assert not any(one.dial.picks_up for one in floor.all(JudgeDial))
    dropped, other, *_ = floor.ringing
    floor.answered(other)
    floor.call("out")
    assert bea.state is AgentState.ON_CONTACT
    assert ann.is_in(AgentState.NOT_READY), "she is kept for the number that was dropped"
    floor.answered(dropped)
    assert ann.is_in(AgentState.ON_CONTACT)
    assert floor.engine.world.by_leg(dropped) is floor.engine.world.contacts[ann.record.contacts[0]]
    floor.told_again()


def test_who_was_kept_for_a_call_that_nobody_answers_is_free_again() -> None:
    floor = Floor(leads=1)
    ann = floor.agent("ann", phone=NAILED)
    floor.needs_agent = {"+84900000001"}
    floor.begins()
    floor.starts()
    floor.passes(1.0)
    [leg] = floor.ringing
    assert ann.is_in(AgentState.NOT_READY)
    floor.ended(leg, LegEnd.NO_ANSWER, 19)
    assert ann.is_in(AgentState.READY)
    floor.told_again()


def test_without_anybody_to_be_kept_for_it_such_a_number_is_not_dialled() -> None:
    floor = Floor(leads=1)
    ann = floor.agent("ann", phone=NAILED)
    floor.begins()
    floor.answers = False
    floor.starts()
    floor.tell(LeadsClaimed(campaign=SPRING, leads=(floor.lead(1),)))
    floor.passes(1.0)
    [asked] = floor.all(JudgeDial)
    ann.pauses()
    floor.agent("bea")
    floor.tell(DialJudged(attempt=LegId(asked.dial.id), authorised=True, needs_agent=True))
    assert not floor.all(DialNumber), "bea has to pick her phone up, and may be too late"
    assert floor.lately(SettleAttempt)[0].outcome is Outcome.VOID


def test_the_law_is_told_when_whoever_is_ready_has_to_pick_her_phone_up() -> None:
    floor = Floor(leads=1)
    floor.agent("ann")
    floor.begins()
    floor.starts()
    floor.passes(1.0)
    assert [(one.dial.agent_ready, one.dial.picks_up) for one in floor.all(JudgeDial)] == [(True, True)]


def test_windows_that_may_lack_drops_are_counted_anew_by_the_attempts_on_record() -> None:
    floor = Floor()
    floor.begins()
    floor.starts()
    floor.record.pace.answered(LegId("x"), floor.now)
    floor.record.pace.dropped(floor.now)
    count_anew([floor.record])
    assert [(one.live, one.drops) for one in floor.record.pace.counted(floor.now)] == [(0.0, 0.0)] * 2
    hour = int(floor.now // 3600) - 1
    floor.tell(DiallerReady(dialler="second", counts={"spring": (HourCount(hour=hour, answered=9, dropped=2),)}))
    assert [(one.live, one.drops) for one in floor.record.pace.counted(floor.now)] == [(9.0, 2.0)] * 2


def test_calls_that_the_law_refuses_are_no_calls_for_the_guard() -> None:
    floor = Floor(leads=50, guard=Guard(regions=("VN",), per_h=3))
    floor.agent("ann")
    floor.begins()
    floor.against = "register listed"
    floor.starts()
    floor.passes(20.0)
    assert len(floor.all(JudgeDial)) > 5
    assert floor.engine.world.guard_memory.calls["all"] == []
    floor.against = ""
    floor.passes(5.0)
    assert len(floor.all(DialNumber)) == 1
    floor.told_again()
