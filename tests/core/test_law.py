"""The law of calling people: every rule by itself, several packs at once, and clocks that are not what one thinks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.config.law import shipped_packs
from callcenter.core.law import check, strictest
from callcenter.model.calendar import Hours, OpenSpan
from callcenter.model.law import (
    DAY_S,
    AfterDrop,
    Approach,
    AttemptLimit,
    CallerIdRequired,
    CallingHours,
    Consent,
    ConsentKind,
    ConsentRule,
    DropCount,
    DropLimit,
    DropMessage,
    Invitation,
    LawPack,
    Listing,
    Question,
    RefusedPrefix,
    RegisterRule,
    RegisterState,
    RingLeast,
    Rule,
    RuleKind,
    Source,
)
from tests.examples import examples

PACKS: Final = shipped_packs()
NEW_YORK: Final = "America/New_York"
HAWAII: Final = "Pacific/Honolulu"
SOURCES: Final = {"s": Source(cite="Act 1", says="so", read="here"), "rumour": Source(cite="Act 2", says="so")}


def wall(zone: str, year: int, month: int, day: int, hour: int = 0, minute: int = 0, fold: int = 0) -> float:
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=ZoneInfo(zone)).timestamp()


NOON: Final = wall(NEW_YORK, 2026, 12, 2, 12)


def pack(*rules: Rule, name: str = "p", law: bool = True, regions: tuple[str, ...] = ("US",)) -> LawPack:
    return LawPack(name=name, title=name, version="1", rules=rules, sources=dict(SOURCES), regions=regions, law=law)


def question(at: float = NOON, **other: object) -> Question:
    basis = Question(
        at=at,
        number="+12125551234",
        region="US",
        zones=(NEW_YORK,),
        ring_s=25.0,
        caller_id="+12125550000",
        registers=(RegisterState(register="us_national", version="7", as_of=at - DAY_S),),
        drops=(DropCount(within_s=DAY_S, answered=0, dropped=0), DropCount(within_s=30 * DAY_S, answered=0, dropped=0)),
        message_within_s=2.0,
    )
    return replace(basis, **other)  # type: ignore[arg-type]


def spans(start: int, end: int, days: range = range(7)) -> Hours:
    return Hours(spans=tuple(OpenSpan(weekday=day, start_min=start, end_min=end) for day in days))


def hours(start: int, end: int) -> CallingHours:
    return CallingHours(source="s", hours=spans(start, end))


def against(asked: Question, *packs: LawPack) -> list[RuleKind]:
    return [finding.kind for finding in check(asked, packs).against]


# -- each rule ---------------------------------------------------------------------------------------------------------


def test_a_call_that_every_rule_allows_is_allowed_and_every_rule_is_told() -> None:
    verdict = check(question(), [PACKS["us"], PACKS["house"]])
    assert verdict.against == ()
    assert verdict.allowed
    assert verdict.next_at == verdict.at == NOON
    rules = len(PACKS["us"].rules) + len(PACKS["house"].rules)
    assert len(verdict.findings) == 3 + 2 + rules  # number, region, lists; each pack in force; each rule of each
    assert all(finding.value and finding.limit for finding in verdict.findings)


def test_a_country_without_a_pack_is_not_called_whatever_the_house_says() -> None:
    asked = question(number="+61293744000", region="AU", zones=("Australia/Sydney",))
    assert against(asked, PACKS["us"], pack(name="house", law=False, regions=())) == [RuleKind.COVERED]
    assert check(asked, [PACKS["us"]]).next_at is None
    assert against(replace(asked, region=""), PACKS["us"]) == [RuleKind.COVERED]


@pytest.mark.parametrize("number", ["", "2125551234", "+0125551234", "+1", "+1 212", "+1212555123456789", "+12a", "x"])
def test_what_is_no_number_is_not_dialled(number: str) -> None:
    assert RuleKind.NUMBER in against(question(number=number), pack())


@pytest.mark.parametrize(
    ("hour", "minute", "allowed"), [(7, 59, False), (8, 0, True), (20, 59, True), (21, 0, False), (0, 0, False)]
)
def test_the_american_day(hour: int, minute: int, allowed: bool) -> None:
    at = wall(NEW_YORK, 2026, 12, 2, hour, minute)
    assert check(question(at), [PACKS["us"]]).allowed is allowed


def test_where_a_number_may_be_in_several_zones_it_must_be_allowed_in_all() -> None:
    asked = question(wall(NEW_YORK, 2026, 12, 2, 9), zones=(NEW_YORK, HAWAII))  # 4 a.m. on Hawaii
    verdict = check(asked, [PACKS["us"]])
    assert [finding.kind for finding in verdict.against] == [RuleKind.HOURS]
    assert verdict.next_at == wall(HAWAII, 2026, 12, 2, 8)
    assert "Wed 2026-12-02 04:00 Pacific/Honolulu" in verdict.against[0].value


def test_without_a_zone_nobody_knows_how_late_it_is() -> None:
    verdict = check(question(zones=()), [PACKS["us"]])
    assert [finding.kind for finding in verdict.against] == [RuleKind.HOURS]
    assert verdict.next_at is None


def test_holidays_are_days_without_hours_for_those_who_say_so() -> None:
    at = wall(NEW_YORK, 2026, 12, 25, 12)  # a Friday
    asked = question(at, holidays=frozenset({"2026-12-25"}))
    assert check(asked, [PACKS["us"]]).allowed
    assert against(asked, PACKS["us"], PACKS["house"]) == [RuleKind.HOURS]
    assert check(asked, [PACKS["us"], PACKS["house"]]).next_at == wall(NEW_YORK, 2026, 12, 26, 10)


def test_attempts_in_a_rolling_window() -> None:
    twice = pack(AttemptLimit(source="s", at_most=2, within_s=DAY_S))
    assert check(question(attempts=(NOON - 100,)), [twice]).allowed
    verdict = check(question(attempts=(NOON - 100, NOON - 90_000, NOON - 80_000)), [twice])
    assert verdict.next_at == NOON - 80_000 + DAY_S
    assert (verdict.against[0].value, verdict.against[0].limit) == ("2", "fewer than 2 in 24 h")
    assert check(question(attempts=(NOON - DAY_S, NOON - DAY_S)), [twice]).allowed  # exactly a day ago is over


def test_an_attempt_that_lies_ahead_because_the_clock_was_put_back_counts() -> None:
    once = pack(AttemptLimit(source="s", at_most=1, within_s=DAY_S))
    assert check(question(attempts=(NOON + 3600,)), [once]).next_at == NOON + 3600 + DAY_S


def test_a_list_of_the_house_is_never_lifted() -> None:
    listed = (Listing(register="internal", entry="+1212555", since=0.0),)
    asked = question(listings=listed, consent=Consent(kind=ConsentKind.WRITTEN, given=0.0))
    assert against(asked, PACKS["us"]) == [RuleKind.DO_NOT_CALL]


HOUR_S: Final = 3_600.0
LISTED: Final = Listing(register="internal", entry="+12125551234", since=NOON - 9 * DAY_S)
NATIONAL: Final = Listing(register="us_national", entry="+12125551234", since=NOON - 900 * DAY_S)


def test_who_asked_to_be_called_from_this_number_stands_before_what_was_there_before() -> None:
    rules = AttemptLimit(source="s", at_most=1, within_s=DAY_S), AfterDrop(source="s", rest_s=DAY_S)
    packs = [PACKS["us"], pack(*rules)]
    ago = NOON - 3 * HOUR_S
    before: dict[str, Any] = {"listings": (LISTED, NATIONAL), "attempts": (ago,), "dropped_at": ago}
    assert {one.kind for one in check(question(**before), packs).against} == {
        RuleKind.DO_NOT_CALL,
        RuleKind.REGISTER,
        RuleKind.ATTEMPTS,
        RuleKind.AFTER_DROP,
    }
    asked = Invitation(at=NOON - HOUR_S, own_number=True)
    verdict = check(question(**before, invited=asked), packs)
    assert verdict.allowed
    [listed] = [one for one in verdict.findings if one.kind is RuleKind.DO_NOT_CALL]
    assert "asked to be called" in listed.value
    assert "from this number" in listed.value
    later = NOON - HOUR_S / 2
    since: dict[str, Any] = {**before, "attempts": (later,), "dropped_at": later, "invited": asked}
    assert {one.kind for one in check(question(**since), packs).against} == {RuleKind.ATTEMPTS, RuleKind.AFTER_DROP}
    opted_out = replace(LISTED, since=later)
    [listed] = check(question(listings=(opted_out,), invited=asked), packs).against
    assert listed.kind is RuleKind.DO_NOT_CALL


def test_a_number_that_was_only_told_may_be_somebody_elses_who_asked_for_nothing() -> None:
    told = Invitation(at=NOON - HOUR_S)
    packs = [PACKS["us"], pack(AttemptLimit(source="s", at_most=1, within_s=DAY_S))]
    assert check(question(listings=(NATIONAL,), registers=(), invited=told), packs).allowed  # no solicitation
    again = question(listings=(LISTED,), attempts=(NOON - 3 * HOUR_S,), invited=told)
    assert {one.kind for one in check(again, packs).against} == {RuleKind.DO_NOT_CALL, RuleKind.ATTEMPTS}


def test_asking_is_express_consent_until_it_is_taken_back() -> None:
    rules = pack(*(ConsentRule(source="s", approach=approach, kind=ConsentKind.EXPRESS) for approach in Approach))
    asked = Invitation(at=NOON - HOUR_S, own_number=True)
    assert not check(question(), [rules]).allowed
    assert check(question(invited=asked), [rules]).allowed
    for ago_s, held in ((2 * HOUR_S, True), (HOUR_S / 2, False)):
        taken_back = Consent(kind=ConsentKind.WRITTEN, given=NOON - 9 * DAY_S, revoked=NOON - ago_s)
        assert check(question(invited=asked, consent=taken_back), [rules]).allowed is held
    written = pack(ConsentRule(source="s", approach=Approach.LIVE, kind=ConsentKind.WRITTEN))
    assert not check(question(invited=asked), [written]).allowed
    assert not check(question(invited=replace(asked, at=NOON + 1.0)), [rules]).allowed  # a clock that was put back


def test_how_one_is_called_nobody_waives_by_asking() -> None:
    asked = Invitation(at=NOON - HOUR_S, own_number=True)
    late = question(wall(NEW_YORK, 2026, 12, 2, 22), invited=asked, caller_id="", ring_s=5.0)
    kinds = {one.kind for one in check(late, [PACKS["us"]]).against}
    assert kinds == {RuleKind.HOURS, RuleKind.CALLER_ID, RuleKind.RING}


@pytest.mark.parametrize(("age_days", "held"), [(0.0, True), (30.9, True), (31.0, False), (400.0, False)])
def test_a_register_has_to_be_fresh(age_days: float, held: bool) -> None:
    states = (
        RegisterState(register="us_national", version="8", as_of=NOON - age_days * DAY_S),
        RegisterState(register="us_national", version="7", as_of=NOON - 500 * DAY_S),
    )
    assert check(question(registers=states), [PACKS["us"]]).allowed is held
    assert against(question(registers=()), PACKS["us"]) == [RuleKind.REGISTER]


def test_a_register_that_consent_lifts_and_one_that_it_does_not() -> None:
    asked = question(
        listings=(Listing(register="us_national", entry="+12125551234", since=0.0),),
        consent=Consent(kind=ConsentKind.EXPRESS, given=NOON - 1),
    )
    assert against(asked, PACKS["us"]) == [RuleKind.REGISTER]
    assert check(replace(asked, consent=Consent(kind=ConsentKind.WRITTEN, given=NOON - 1)), [PACKS["us"]]).allowed
    revoked = Consent(kind=ConsentKind.WRITTEN, given=NOON - 9, revoked=NOON - 1)
    assert against(replace(asked, consent=revoked), PACKS["us"]) == [RuleKind.REGISTER]


@pytest.mark.parametrize("asked_kind", ConsentKind)
@pytest.mark.parametrize("given_kind", ConsentKind)
def test_consent_of_that_kind_or_a_stronger_one(asked_kind: ConsentKind, given_kind: ConsentKind) -> None:
    order = list(ConsentKind)
    rule = pack(ConsentRule(source="s", approach=Approach.LIVE, kind=asked_kind))
    asked = question(consent=Consent(kind=given_kind, given=NOON - 1))
    assert check(asked, [rule]).allowed is (order.index(given_kind) >= order.index(asked_kind))
    if asked_kind is not ConsentKind.NONE:
        assert not check(question(consent=None), [rule]).allowed
        for of in (Consent(kind=given_kind, given=NOON + 1), Consent(kind=given_kind, given=1.0, revoked=NOON + 9)):
            assert not check(question(consent=of), [rule]).allowed  # not yet; revoked, by whatever clock


def test_recorded_messages_need_more_than_live_calls() -> None:
    assert against(question(approach=Approach.RECORDED), PACKS["us"]) == [RuleKind.CONSENT]
    assert check(question(approach=Approach.LIVE), [PACKS["us"]]).allowed


def test_how_the_call_would_be_made() -> None:
    conduct = pack(
        RingLeast(source="s", ring_s=15.0),
        CallerIdRequired(source="s"),
        DropMessage(source="s", within_s=2.0),
        RefusedPrefix(source="s", prefixes=("+1900", "+1976")),
    )
    assert check(question(ring_s=15.0), [conduct]).allowed
    assert against(question(ring_s=14.9), conduct) == [RuleKind.RING]
    assert against(question(caller_id=""), conduct) == [RuleKind.CALLER_ID]
    assert against(question(message_within_s=None), conduct) == [RuleKind.MESSAGE]
    assert against(question(message_within_s=2.1), conduct) == [RuleKind.MESSAGE]
    assert check(question(message_within_s=None, agent_ready=True), [conduct]).allowed
    assert against(question(number="+19005551234"), conduct) == [RuleKind.PREFIX]


@pytest.mark.parametrize(
    ("answered", "dropped", "held"), [(0, 0, True), (100, 3, True), (99, 3, False), (10, 1, False)]
)
def test_the_budget_of_drops(answered: int, dropped: int, held: bool) -> None:
    rule = pack(DropLimit(source="s", share_max=0.03, within_s=DAY_S))
    counted = (DropCount(within_s=DAY_S, answered=answered, dropped=dropped),)
    assert check(question(drops=counted), [rule]).allowed is held
    assert check(question(drops=counted, agent_ready=True), [rule]).allowed
    assert not check(question(drops=()), [rule]).allowed  # not counted is not held to


def test_a_dropped_number_rests_unless_an_agent_is_there() -> None:
    rule = AfterDrop(source="s", rest_s=3 * DAY_S)
    asked = question(dropped_at=NOON - DAY_S)
    assert check(asked, [pack(rule)]).next_at == NOON + 2 * DAY_S
    assert check(replace(asked, agent_ready=True), [pack(rule)]).allowed
    assert not check(replace(asked, agent_ready=True, picks_up=True), [pack(rule)]).allowed
    assert not check(replace(asked, agent_ready=True), [pack(replace(rule, agent_lifts=False))]).allowed


def test_a_pack_is_in_force_for_its_time() -> None:
    later = replace(pack(), valid_from=NOON + 10)
    assert check(question(), [later]).next_at == NOON + 10
    over = replace(pack(), valid_until=NOON)
    assert against(question(), over) == [RuleKind.VALID]
    assert check(question(), [over]).next_at is None
    closing = replace(pack(AttemptLimit(source="s", at_most=1, within_s=DAY_S)), valid_until=NOON + 9)
    assert check(question(attempts=(NOON,)), [closing]).next_at is None  # allowed again only when it is over


def test_what_could_not_be_verified_is_told_with_the_finding() -> None:
    findings = check(
        question(), [pack(RingLeast(source="rumour", ring_s=9.0), RingLeast(source="s", ring_s=9.0))]
    ).findings
    assert [(one.cite, one.verified) for one in findings if one.kind is RuleKind.RING] == [
        ("Act 2", False),
        ("Act 1", True),
    ]


# -- several packs -----------------------------------------------------------------------------------------------------


def test_the_strictest_of_each_limit_and_whom_it_stands_before() -> None:
    limits = strictest(list(PACKS.values()), "US")
    assert limits.ring_s is not None
    assert (limits.ring_s.limit, limits.ring_s.pack, limits.ring_s.before) == (20.0, "house", ("us 15",))
    assert [(span, won.limit, won.pack) for span, won in limits.drops] == [
        (DAY_S, 0.025, "house"),
        (30 * DAY_S, 0.025, "house"),
    ]
    british = strictest([PACKS["uk"], PACKS["us"]], "GB")
    assert british.after_drop_s is not None
    assert (british.after_drop_s.limit, british.after_drop_s.pack) == (3 * DAY_S, "uk")
    assert british.message_within_s is not None
    assert british.message_within_s.before == ()
    assert strictest([]).ring_s is None


RULES: Final = st.one_of(
    st.builds(lambda a, b: hours(a, b), st.integers(0, 700), st.integers(701, 1440)),
    st.builds(AttemptLimit, source=st.just("s"), at_most=st.integers(1, 4), within_s=st.sampled_from([3600.0, DAY_S])),
    st.builds(DropLimit, source=st.just("s"), share_max=st.floats(0.01, 1), within_s=st.just(DAY_S)),
    st.builds(AfterDrop, source=st.just("s"), rest_s=st.floats(0, 5 * DAY_S), agent_lifts=st.booleans()),
    st.builds(RingLeast, source=st.just("s"), ring_s=st.floats(1, 60)),
    st.builds(RegisterRule, source=st.just("s"), register=st.just("us_national"), age_max_days=st.integers(1, 60)),
)
ZONES: Final = st.sampled_from(
    [NEW_YORK, HAWAII, "Asia/Ho_Chi_Minh", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
)
YEAR: Final = st.floats(wall("UTC", 2026, 1, 1), wall("UTC", 2027, 1, 1)).map(lambda at: float(int(at)))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    at = draw(YEAR)
    ago = st.lists(st.floats(-7200, 3 * DAY_S), max_size=6)
    return question(
        at,
        zones=tuple(draw(st.lists(ZONES, min_size=1, max_size=3))),
        attempts=tuple(at - one for one in draw(ago)),
        drops=(DropCount(within_s=DAY_S, answered=draw(st.integers(0, 50)), dropped=draw(st.integers(0, 3))),),
        dropped_at=draw(st.none() | st.floats(0, 4 * DAY_S).map(lambda ago: at - ago)),
        agent_ready=draw(st.booleans()),
        ring_s=draw(st.floats(0, 60)),
        registers=(RegisterState(register="us_national", version="1", as_of=at - draw(st.floats(0, 60 * DAY_S))),),
    )


@given(asked=questions(), one=st.lists(RULES, max_size=4), other=st.lists(RULES, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_packs_together_allow_what_each_allows_and_nothing_else(
    asked: Question, one: list[Rule], other: list[Rule]
) -> None:
    left, right = pack(*one, name="left"), pack(*other, name="right")
    together = check(asked, [left, right])
    assert together.allowed is (check(asked, [left]).allowed and check(asked, [right]).allowed)
    assert together == check(asked, [right, left])  # the order of packs does not matter
    singles = [check(asked, [alone]).next_at for alone in (left, right)]
    if together.next_at is not None:
        assert all(single is not None and single <= together.next_at for single in singles)


@given(asked=questions(), rules=st.lists(RULES, max_size=5), part=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_is_allowed_at_the_time_that_was_told_and_at_none_before(
    asked: Question, rules: list[Rule], part: float
) -> None:
    verdict = check(asked, [pack(*rules)])
    assert verdict.allowed is (verdict.next_at == asked.at)
    if verdict.next_at is None or verdict.allowed:
        return
    assert check(replace(asked, at=verdict.next_at), [pack(*rules)]).allowed
    before = asked.at + part * (verdict.next_at - asked.at)
    assert before >= verdict.next_at or not check(replace(asked, at=before), [pack(*rules)]).allowed


# -- clocks ------------------------------------------------------------------------------------------------------------


def by_looking(of: Hours, at: float, zone: str, holidays: frozenset[str], minutes: int) -> float | None:
    """The first whole minute from `at` on within the hours, found by looking at each."""
    start = -(-int(at) // 60) * 60
    if of.held_at(at, zone, holidays):
        return at
    return next((start + 60.0 * n for n in range(minutes) if of.held_at(start + 60.0 * n, zone, holidays)), None)


JUMPS: Final = [
    (NEW_YORK, wall(NEW_YORK, 2026, 3, 7, 18)),
    (NEW_YORK, wall(NEW_YORK, 2026, 10, 31, 18)),
    ("Europe/London", wall("Europe/London", 2026, 3, 28, 18)),
    ("Europe/London", wall("Europe/London", 2026, 10, 24, 18)),
    ("Australia/Lord_Howe", wall("Australia/Lord_Howe", 2026, 4, 4, 18)),  # half an hour
    ("America/Santiago", wall("America/Santiago", 2026, 9, 5, 12)),  # midnight itself is in the gap
    ("Africa/Cairo", wall("Africa/Cairo", 2026, 10, 29, 18)),  # the day ends twice
]


@given(
    jump=st.sampled_from(JUMPS),
    offset=st.integers(0, 36 * 60),
    edges=st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1]),
    night=st.booleans(),
)
@settings(deadline=None, max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])
def test_hours_begin_when_the_clock_on_the_wall_says_so_also_where_it_jumps(
    jump: tuple[str, float], offset: int, edges: tuple[int, int], night: bool
) -> None:
    zone, start = jump
    first, last = (edges[0] % 240, edges[0] % 240 + 1 + edges[1] % 60) if night else edges
    of = spans(first, last)
    at = start + 60.0 * offset
    assert of.held_from(at, zone) == by_looking(of, at, zone, frozenset(), 3 * 24 * 60)


@given(at=YEAR, zone=ZONES, first=st.integers(0, 1439), length=st.integers(1, 600))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_window_past_midnight_is_one_window(at: float, zone: str, first: int, length: int) -> None:
    end = first + length
    parts = [(first, min(end, 1440)), *([(0, end - 1440)] if end > 1440 else [])]
    of = Hours(spans=tuple(OpenSpan(weekday=day, start_min=a, end_min=b) for day in range(7) for a, b in parts))
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    assert of.held_at(at, zone) is ((minute - first) % 1440 < length)


@given(at=YEAR, zone=ZONES, off=st.sets(st.integers(0, 8)))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_days_off_are_those_of_the_called_persons_calendar(at: float, zone: str, off: set[int]) -> None:
    today = datetime.fromtimestamp(at, ZoneInfo(zone)).date()
    days = frozenset((today + timedelta(days=one)).isoformat() for one in off)
    of = replace(spans(8 * 60, 20 * 60), on_holidays=())
    found = of.held_from(at, zone, days)
    assert found == by_looking(of, at, zone, days, 12 * 24 * 60)
    assert found is not None
    assert datetime.fromtimestamp(found, ZoneInfo(zone)).date().isoformat() not in days


def test_hours_that_never_come() -> None:
    assert Hours(spans=()).held_from(NOON, NEW_YORK) is None
    assert spans(600, 600).held_from(NOON, NEW_YORK) is None


def test_one_moment_is_one_moment_whatever_zone_the_machine_is_in() -> None:
    at = datetime(2026, 12, 2, 17, tzinfo=UTC).timestamp()
    assert check(question(at, zones=("Asia/Ho_Chi_Minh",)), [PACKS["us"]]).next_at == wall(
        "Asia/Ho_Chi_Minh", 2026, 12, 3, 8
    )
