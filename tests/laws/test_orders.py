"""What every order among the waiting keeps to, whatever it prefers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.model.ids import QueueName
from callcenter.model.queue import Queue
from callcenter.orders import ORDERS, Head, LooksAt
from callcenter.orders.service_level import STARVES_AFTER_TARGETS

seconds = st.floats(0, 1e6)
heads = st.builds(
    Head,
    queue=st.sampled_from([QueueName("a"), QueueName("b")]),
    waited_s=seconds,
    advance_s=seconds,
    target_s=seconds,
    weight=st.floats(0.01, 100),
)


@pytest.mark.parametrize("name", ORDERS)
@given(one=heads, other=heads)
def test_ranks_can_be_compared_and_the_same_question_has_the_same_answer(name: str, one: Head, other: Head) -> None:
    order = ORDERS[name]
    assert order.rank(one) == order.rank(Head(*one))
    assert order.why(one) == order.why(Head(*one))
    assert len(order.rank(one)) == len(order.rank(other))
    assert (order.rank(one) < order.rank(other)) or (order.rank(other) <= order.rank(one))


@pytest.mark.parametrize("name", ORDERS)
@given(one=heads, other=heads)
def test_an_order_that_looks_at_places_alone_ranks_all_queues_alike(name: str, one: Head, other: Head) -> None:
    if ORDERS[name].looks_at is LooksAt.PLACE:
        assert ORDERS[name].rank(one) == ORDERS[name].rank(other)


@pytest.mark.parametrize("name", ORDERS)
@given(target=st.floats(0, 1e5), own=st.floats(0, 1e5))
def test_a_bound_is_a_time_that_can_come(name: str, target: float, own: float) -> None:
    bound = ORDERS[name].starves_after_s(Queue(name=QueueName("q"), service_level_s=target, starve_after_s=own))
    assert bound is None or bound > 0


def test_the_bound_of_service_level_is_the_queues_own_or_a_multiple_of_its_threshold() -> None:
    order = ORDERS["service_level"]
    assert order.starves_after_s(Queue(name=QueueName("q"), service_level_s=20.0)) == 20.0 * STARVES_AFTER_TARGETS
    assert order.starves_after_s(Queue(name=QueueName("q"), starve_after_s=7.0)) == 7.0


def head(waited_s: float, target_s: float, *, advance_s: float = 0.0, weight: float = 1.0) -> Head:
    return Head(QueueName("q"), waited_s, advance_s, target_s, weight)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (head(10, 20), head(10, 30)),  # nearer to its threshold
        (head(10, 30, advance_s=15), head(15, 30)),  # its agents take longer
        (head(10, 30, weight=2), head(15, 30)),  # counts for more
        (head(19, 20), head(21, 20)),  # can still be met
    ],
)
def test_the_greatest_need_comes_first_and_what_is_lost_last(first: Head, second: Head) -> None:
    assert ORDERS["service_level"].rank(first) < ORDERS["service_level"].rank(second)
