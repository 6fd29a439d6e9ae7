"""Shares of lists, and groups of zones that may be called."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.config.law import shipped_packs
from callcenter.core.mixing import callable_now, mixed, portions
from callcenter.model.lead import Lead, LeadId, ListOfLeads
from tests.core.test_law import NEW_YORK, wall

A, B, C = ListOfLeads("a"), ListOfLeads("b"), ListOfLeads("c")
SHARES = st.dictionaries(st.sampled_from([A, B, C]), st.integers(0, 9))


def test_shares() -> None:
    assert portions({A: 3, B: 1}, {}, 8) == {A: 6, B: 2}
    assert portions({A: 3, B: 1}, {A: 6}, 2) == {B: 2}
    assert portions({A: 1, B: 0}, {}, 3) == {A: 3}
    assert portions({}, {}, 3) == {}


@given(shares=SHARES, steps=st.lists(st.integers(1, 20), max_size=10))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_steps_each_list_stays_within_one_lead_a_list_of_its_share(
    shares: dict[ListOfLeads, int], steps: list[int]
) -> None:
    taken: dict[ListOfLeads, int] = {}
    whole = sum(shares.values())
    for step in steps:
        found = portions(shares, taken, step)
        assert sum(found.values()) == (step if whole else 0)
        taken = {name: taken.get(name, 0) + found.get(name, 0) for name in shares}
        for name, share in shares.items():
            assert abs(taken[name] - share * sum(taken.values()) / max(whole, 1)) <= len(shares)


def test_groups_of_zones() -> None:
    packs = shipped_packs()
    morning = wall(NEW_YORK, 2026, 12, 2, 8, 30)
    assert callable_now([packs["us"]], [NEW_YORK], morning)
    assert not callable_now([packs["us"], packs["house"]], [NEW_YORK], morning)  # the house begins at nine
    assert not callable_now([packs["us"]], [NEW_YORK, "Pacific/Honolulu"], morning)
    assert not callable_now([packs["house"]], [NEW_YORK], morning + 3600)  # no law at all
    assert not callable_now([packs["us"]], [], morning)


@given(shares=st.tuples(st.integers(1, 9), st.integers(1, 9)), counts=st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_every_beginning_of_what_is_called_is_near_the_shares_as_long_as_both_lists_last(
    shares: tuple[int, int], counts: tuple[int, int]
) -> None:
    found = {
        name: [Lead(id=LeadId(n), list=name) for n in range(count)] for name, count in zip((A, B), counts, strict=True)
    }
    order = mixed({A: shares[0], B: shares[1]}, {}, found)
    for name in (A, B):
        assert [lead for lead in order if lead.list == name] == found[name]
    part = shares[0] / sum(shares)
    for length in range(len(order)):
        of_a = sum(lead.list == A for lead in order[:length])
        if of_a < counts[0] and length - of_a < counts[1]:
            assert abs(of_a - part * length) <= 1.0
