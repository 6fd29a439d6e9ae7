"""A contact's state table cell by cell, and its sums."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.contacts import TRANSITIONS, ContactInput, move, settle
from callcenter.core.state import ContactRecord
from callcenter.errors import IllegalTransition
from callcenter.model.contact import ContactState, Direction, Medium
from callcenter.model.ids import ContactId, LegId

S, In = ContactState, ContactInput
SUMS = {
    S.IN_FLOW: "flow_s",
    S.WAITING: "wait_s",
    S.OFFERED: "wait_s",
    S.CONNECTING: "wait_s",
    S.PROMISED: "callback_s",
    S.DIALLING: "callback_s",
    S.CALLED: "callback_s",
    S.CONNECTED: "talk_s",
    S.FORWARDED: "forward_s",
    S.PARKED: "parked_s",
}


def contact(state: ContactState = S.IN_FLOW, since: float = 100.0) -> ContactRecord:
    return ContactRecord(
        id=ContactId("c-1"),
        serial=1,
        leg=LegId("l-1"),
        medium=Medium.VOICE,
        direction=Direction.INBOUND,
        caller="",
        caller_name="",
        dialled="",
        began=since,
        phase_since=since,
        state=state,
    )


def sums(one: ContactRecord) -> dict[str, float]:
    return {name: getattr(one, name) for name in ("flow_s", "wait_s", "callback_s", "talk_s", "forward_s", "parked_s")}


@pytest.mark.parametrize(("state", "told"), list(itertools.product(S, In)))
def test_every_cell_is_listed_or_refused_and_refusal_changes_nothing(state: ContactState, told: ContactInput) -> None:
    one = contact(state)
    if (state, told) in TRANSITIONS:
        move(one, told, 107.0)
        assert one.state is TRANSITIONS[state, told]
        assert sums(one) == {**sums(contact()), SUMS[state]: 7.0}
        assert one.phase_since == 107.0
    else:
        with pytest.raises(IllegalTransition, match=f"c-1: {told} while {state}"):
            move(one, told, 107.0)
        assert one == contact(state)


@pytest.mark.parametrize("state", [S.WAITING, S.OFFERED, S.CONNECTING])
def test_waiting_without_the_customer_counts_apart(state: ContactState) -> None:
    one = contact(state)
    one.leg = None
    settle(one, 107.0)
    assert sums(one) == {**sums(contact()), "callback_s": 7.0}


def test_nothing_follows_the_end() -> None:
    assert not [cell for cell in TRANSITIONS if cell[0] is S.ENDED]
    with pytest.raises(IllegalTransition, match="time counted after its end"):
        settle(contact(S.ENDED), 101.0)


def test_every_state_can_be_reached_and_can_end() -> None:
    reached = {S.IN_FLOW, *TRANSITIONS.values()}
    assert reached == set(S)
    assert all((state, In.ENDED) in TRANSITIONS for state in S if state is not S.ENDED)


@given(steps=st.lists(st.tuples(st.sampled_from(In), st.floats(0, 3600)), max_size=30))
def test_the_sums_are_the_length_whatever_happens_in_between(steps: list[tuple[ContactInput, float]]) -> None:
    one, now = contact(), 100.0
    for told, seconds in steps:
        now += seconds
        if (one.state, told) in TRANSITIONS:
            move(one, told, now)
        elif one.state is not S.ENDED:
            settle(one, now)
        else:
            now -= seconds
    assert sum(sums(one).values()) == pytest.approx(one.phase_since - 100.0, abs=1e-6)
    assert min(sums(one).values()) >= 0.0
