"""Deadlines against the simplest thing that is right: a dict, looked through from end to end."""

from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.timers import Timer, TimerKind, Timers

KINDS = [TimerKind.ANNOUNCE, TimerKind.MAX_WAIT, TimerKind.REST]
subjects = st.sampled_from(["a", "b", "c"])
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(KINDS), subjects, st.integers(0, 20)),
        st.tuples(st.just("cancel"), st.sampled_from(KINDS), subjects, st.just(0)),
        st.tuples(st.just("pop"), st.just(KINDS[0]), st.just(""), st.integers(0, 20)),
    ),
    max_size=60,
)


@given(deeds=deeds)
def test_deadlines_are_those_that_were_set_last(deeds: list[tuple[str, TimerKind, str, int]]) -> None:
    timers = Timers()
    naive: dict[tuple[TimerKind, str], tuple[float, int]] = {}
    for serial, (what, kind, subject, at) in enumerate(deeds):
        if what == "set":
            timers.set(kind, subject, float(at))
            naive[kind, subject] = (float(at), serial)
        elif what == "cancel":
            timers.cancel(kind, subject)
            naive.pop((kind, subject), None)
        else:
            due = sorted((when, key) for key, when in naive.items() if when[0] <= at)
            popped = timers.pop_due(float(at))
            assert popped == (Timer(due[0][0][0], *due[0][1]) if due else None)
            if due:
                del naive[due[0][1]]
        assert timers.next_deadline() == min((when[0] for when in naive.values()), default=None)
        assert timers.listed() == [Timer(when[0], *key) for key, when in sorted(naive.items(), key=lambda p: p[1])]
        assert len(timers) == len(naive)


def test_of_deadlines_at_the_same_time_the_one_set_first_comes_first() -> None:
    timers = Timers()
    for subject in "cab":
        timers.set(TimerKind.REST, subject, 5.0)
    assert [due.subject for due in iter(lambda: timers.pop_due(5.0), None)] == ["c", "a", "b"]


def test_deadlines_that_are_moved_again_and_again_do_not_pile_up() -> None:
    timers = Timers()
    for n in range(10_000):
        timers.set(TimerKind.WRAP_UP, "ann", float(n))
    assert len(timers._heap) <= 64 + 2 * len(timers)
    assert timers.next_deadline() == 9999.0


def test_a_deadline_that_is_not_there_can_be_dropped() -> None:
    timers = Timers()
    timers.cancel(TimerKind.REST, "ann")
    assert timers.next_deadline() is None
    assert timers.pop_due(1e12) is None
