"""Trunks, the guard against fraud, and the numbers that are shown."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.core.caller_ids import CallerUse, rested, shown
from callcenter.core.guard import GuardBook
from callcenter.core.trunks import Chosen, NoTrunk, TrunkBook, digits
from callcenter.errors import Bug
from callcenter.model.campaign import CallerNumber
from callcenter.model.trunk import NOTHING_TOLD, Guard, Line, NumberFormat, Trunk

CHEAP = Trunk(name="cheap", lines_max=2, calls_per_s=2.0, costs={"+84": 1.0, "+8490": 0.5}, failures_max=2, rest_s=30.0)
DEAR = Trunk(name="dear", lines_max=5, costs={"+": 9.0})
NUMBER = "+84901234567"


def test_the_cheapest_by_the_longest_prefix_then_the_next() -> None:
    book = TrunkBook([DEAR, CHEAP])
    assert book.choose(NUMBER, 0.0) == Chosen(trunk="cheap", digits=NUMBER)
    assert book.choose(NUMBER, 0.0, besides=["cheap"]) == Chosen(trunk="dear", digits=NUMBER)
    assert book.choose("+12125551234", 0.0) == Chosen(trunk="dear", digits="+12125551234")
    nothing = TrunkBook([CHEAP]).choose("+12125551234", 0.0)
    assert nothing == NoTrunk(why=(("", "no trunk takes this number"),), at=None)
    equal = replace(CHEAP, name="equal")
    assert TrunkBook([equal, CHEAP]).choose(NUMBER, 0.0) == Chosen(trunk="equal", digits=NUMBER)


def test_lines_and_calls_per_second() -> None:
    book = TrunkBook([CHEAP])
    book.began("cheap", 0.0)
    book.ended("cheap", 0.1)
    book.began("cheap", 0.2)
    assert book.choose(NUMBER, 0.5) == NoTrunk(why=(("cheap", "2 calls a second"),), at=1.0)
    assert isinstance(book.choose(NUMBER, 1.0), Chosen)
    book.began("cheap", 1.0)
    assert book.lines_free(1.0) == 0
    assert book.choose(NUMBER, 9.0) == NoTrunk(why=(("cheap", "all 2 lines are taken"),), at=None)
    slow = TrunkBook([replace(CHEAP, calls_per_s=0.5)])
    slow.began("cheap", 0.0)
    assert slow.choose(NUMBER, 1.0) == NoTrunk(why=(("cheap", "0.5 calls a second"),), at=2.0)


def test_a_trunk_that_fails_rests_and_is_tried_with_care() -> None:
    book = TrunkBook([CHEAP, DEAR])
    for at in (0.0, 10.0):
        book.began("cheap", at)
    assert not book.ended("cheap", 20.0, failed=True)
    assert book.ended("cheap", 20.0, failed=True)
    assert book.choose(NUMBER, 49.0) == Chosen(trunk="dear", digits=NUMBER)
    assert book.lines_free(49.0) == DEAR.lines_max
    assert book.choose(NUMBER, 50.0) == Chosen(trunk="cheap", digits=NUMBER)
    book.began("cheap", 50.0)
    assert book.ended("cheap", 51.0, failed=True)  # one more is enough
    book.began("cheap", 90.0)
    assert not book.ended("cheap", 91.0)
    for at in (92.0, 93.0):
        book.began("cheap", at)
    assert not book.ended("cheap", 94.0, failed=True)
    book.began("cheap", 95.0)
    book.not_dialled("cheap")  # and that says nothing: two failures in a row are two
    assert book.ended("cheap", 96.0, failed=True)
    with pytest.raises(Bug, match="never began"):
        TrunkBook([CHEAP]).ended("cheap", 0.0)


@given(st.lists(st.floats(0, 30), max_size=60), st.sampled_from([0.5, 1.0, 2.0, 2.5, 7.0]))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_second_sees_more_calls_than_allowed(times: list[float], rate: float) -> None:
    trunk = replace(DEAR, lines_max=1000, calls_per_s=rate)
    book = TrunkBook([trunk])
    started = []
    for at in sorted(times):
        if isinstance(book.choose(NUMBER, at), Chosen):
            book.began("dear", at)
            started.append(at)
    window = max(int(rate), 1) / rate
    for at in started:
        assert sum(one <= at < one + window for one in started) <= max(int(rate), 1)


@pytest.mark.parametrize(
    ("form", "number", "said"),
    [
        (NumberFormat.E164, NUMBER, "+84901234567"),
        (NumberFormat.DIGITS, NUMBER, "84901234567"),
        (NumberFormat.INTERNATIONAL, NUMBER, "0084901234567"),
        (NumberFormat.NATIONAL, NUMBER, "0901234567"),
        (NumberFormat.NATIONAL, "+12125551234", "0012125551234"),
    ],
)
def test_numbers_as_trunks_want_them(form: NumberFormat, number: str, said: str) -> None:
    assert digits(replace(DEAR, format=form, country_code="84"), number) == said
    assert digits(replace(DEAR, format=form, country_code="84", dial_first="9"), number) == "9" + said


# -- the guard ---------------------------------------------------------------------------------------------------------

GUARD = Guard(regions=("VN",), refused_prefixes=("+841900",), per_agent_h=2, per_trunk_h=3, per_h=4, alarm_refusals=3)


def may(book: GuardBook, number: str = NUMBER, at: float = 0.0, **other: str) -> tuple[str, ...]:
    told = {"region": "VN", "line": "mobile", "trunk": "t", **other}
    return book.may(number, at=at, **told).against  # type: ignore[arg-type]


def test_what_is_never_dialled() -> None:
    book = GuardBook(GUARD)
    assert may(book) == ()
    assert may(book, "+8819123456789", region="") == ("its country is not allowed",)
    assert may(book, "+12125551234", region="US") == ("US is not allowed",)
    assert may(book, "+84190012345") == ("its prefix is refused",)
    assert may(book, line="premium") == ("a premium number",)
    assert may(GuardBook(replace(GUARD, prefixes=("+1212",))), "+12125551234", region="US") == ()
    assert may(GuardBook(Guard())) == ("VN is not allowed",)


def test_limits_of_an_hour() -> None:
    book = GuardBook(GUARD)
    assert [may(book, agent="ann", at=float(n)) for n in range(3)] == [(), (), ("agent ann: 2 calls within an hour",)]
    assert may(book, agent="bob", at=3.0) == ()
    assert may(book, agent="bob", at=4.0) == ("trunk t: 3 calls within an hour",)
    assert may(book, trunk="u", at=5.0) == ()
    assert may(book, trunk="u", at=6.0) == ("all: 4 calls within an hour",)
    assert may(book, agent="ann", at=3600.0) == ()  # the first is an hour ago
    seldom = GuardBook(replace(GUARD, per_region_h={"VN": 1}))
    assert [may(seldom) for _ in range(2)] == [(), ("country VN: 1 calls within an hour",)]


def test_calls_by_hand_are_counted_with_all_others() -> None:
    book = GuardBook(GUARD)

    def by_hand(number: str, agent: str, at: float) -> tuple[str, ...]:
        told = Line(number=number, region="VN") if number.startswith("+") else NOTHING_TOLD
        return book.by_hand(number, told, agent=agent, at=at).against

    assert by_hand("028123", "ann", 0.0) == (), "which numbers of no plan may be called is said by `forward_to`"
    assert by_hand("+84190012345", "ann", 1.0) == ("its prefix is refused",)
    assert may(book, agent="ann", at=2.0) == ()
    assert by_hand("028123", "ann", 3.0) == ("agent ann: 2 calls within an hour",)
    assert by_hand("028123", "bob", 4.0) == by_hand("028123", "bob", 5.0) == ()
    assert by_hand("028123", "eve", 6.0) == ("all: 4 calls within an hour",)


def test_the_alarm_rings_once_an_hour() -> None:
    book = GuardBook(GUARD)

    def refused(at: float) -> str:
        return book.may("+12125551234", region="US", line="fixed", trunk="t", at=at).alarm

    assert [refused(float(n)) for n in range(5)] == ["", "", "3 calls or more were refused within an hour", "", ""]
    assert refused(3700.0) == ""  # the old ones are forgotten
    asked = book.may("+12125551234", region="US", line="fixed", trunk="t", at=3701.0, count=False)
    assert (asked.allowed, asked.alarm) == (False, "")


# -- numbers that are shown --------------------------------------------------------------------------------------------

POOL = (
    CallerNumber(number="+842411110001", regions=("VN",), prefixes=("+8424",), per_day_max=3),
    CallerNumber(number="+842811110002", regions=("VN",), prefixes=("+8428",)),
    CallerNumber(number="+842811110003", regions=("VN",), prefixes=("+8428",)),
)


def test_a_number_of_elsewhere_comes_after_those_that_stand_for_any() -> None:
    near = CallerNumber(number="+842800000001", prefixes=("+8490",))
    anywhere = CallerNumber(number="+842800000002", per_day_max=2)
    used = {anywhere.number: CallerUse(calls_24h=1)}
    assert shown((near, anywhere), "+84980000000", "VN", used) is anywhere
    assert shown((near, anywhere), "+84900000000", "VN", used) is near
    assert shown((near, anywhere), "+84980000000", "VN", {anywhere.number: CallerUse(calls_24h=2)}) is near


def test_the_nearest_number_then_by_turns_and_within_its_limit() -> None:
    def number(called: str, uses: dict[str, CallerUse], region: str = "VN") -> str | None:
        found = shown(POOL, called, region, uses)
        return None if found is None else found.number

    assert number("+842439999999", {}) == "+842411110001"
    assert number("+842439999999", {"+842411110001": CallerUse(calls_24h=3)}) == "+842811110002"
    assert number("+842839999999", {"+842811110002": CallerUse(calls_24h=1)}) == "+842811110003"
    assert number("+12125551234", {}, region="US") is None


def test_a_number_that_few_answer_rests() -> None:
    good = {one.number: CallerUse(calls=1000, answered=250) for one in POOL}
    bad = {**good, POOL[1].number: CallerUse(calls=200, answered=20)}
    assert rested(POOL, good) == ()
    assert rested(POOL, bad) == (POOL[1].number,)
    assert rested(POOL[1:2], bad) == ()  # alone
    assert rested(POOL, {**good, POOL[1].number: CallerUse(calls=99, answered=0)}) == ()  # too few to say
    found = shown(POOL, "+842839999999", "VN", bad)
    assert found is not None
    assert found.number == POOL[2].number
