"""Places that change with time: the lines against a look at everybody, at any moment."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.line_rules import LineRules
from callcenter.core.lines import WaitingLines
from callcenter.core.state import ContactRecord
from callcenter.model.contact import Direction, Medium
from callcenter.model.ids import ContactId, LegId, QueueName, Skill
from callcenter.model.need import parse_need
from tests.examples import examples

NEEDS = tuple(parse_need(text) for text in ("", "a", "a >= 2", "not a", "b or not a", "@ann"))
PEOPLE = ({Skill("@ann"): 1}, {Skill("a"): 1, Skill("@bob"): 1}, {Skill("a"): 2, Skill("b"): 1, Skill("@cat"): 1})
BOUNDS = {QueueName("q0"): 40.0, QueueName("q1"): 90.0}

waiting = st.builds(
    lambda number, need, priority, since, rate, most, queue, direction: ContactRecord(
        id=ContactId(f"c-{number}"),
        serial=number,
        leg=LegId(f"l-{number}"),
        medium=Medium.VOICE,
        direction=direction,
        caller="",
        caller_name="",
        dialled="",
        began=0.0,
        priority=priority,
        needs=need,
        since=since,
        age_rate=rate,
        age_max=most,
        queue=QueueName(queue),
    ),
    number=st.integers(0, 10_000),
    need=st.sampled_from(NEEDS),
    priority=st.integers(48, 52),
    since=st.floats(1_000.0, 1_060.0),
    rate=st.sampled_from([0, 0, 500, 1_000, 7_333]),
    most=st.sampled_from([500, 1_000, 2_500]),
    queue=st.sampled_from(["q0", "q1", "q2"]),
    direction=st.sampled_from([Direction.INBOUND, Direction.OUTBOUND]),
)
rules = st.sampled_from(
    [
        LineRules(),
        LineRules(later=Direction.OUTBOUND),
        LineRules(starves_after_s=BOUNDS),
        LineRules(later=Direction.INBOUND, starves_after_s=BOUNDS, by_queue=True),
    ]
)


def points(contact: ContactRecord, now: float) -> int:
    """Priority as it has grown, said again and slowly."""
    waited_ms = int(now * 1000) - int(contact.since * 1000)
    return contact.priority * 60_000_000 + min(contact.age_rate * waited_ms, contact.age_max * 60_000)


def comes_first(contact: ContactRecord, now: float, by: LineRules) -> tuple[bool, bool, int, float, int]:
    bound = by.starves_after_s.get(contact.queue) if contact.queue is not None else None
    starved = bound is not None and int(now * 1000) >= int((contact.since + bound) * 1000)
    later = contact.direction is by.later
    return (later, not starved, 0 if starved else -points(contact, now), contact.since, contact.serial)


@settings(max_examples=examples(200), deadline=None)
@given(
    everybody=st.lists(waiting, max_size=12, unique_by=lambda contact: contact.id),
    by=rules,
    times=st.lists(st.floats(1_060.0, 1_400.0), min_size=1, max_size=6).map(sorted),
    leaves=st.lists(st.integers(0, 11), max_size=3),
)
def test_who_is_served_at_any_time_is_whom_a_look_at_everybody_would_choose(
    everybody: list[ContactRecord], by: LineRules, times: list[float], leaves: list[int]
) -> None:
    lines = WaitingLines(by)
    for contact in everybody:
        lines.add(contact)
    here = {contact.id: contact for contact in everybody}
    for at, now in enumerate(times):
        for able in PEOPLE:
            suited = [contact for contact in here.values() if contact.needs.met_by(able)]
            best = min(suited, key=lambda contact: comes_first(contact, now, by), default=None)
            assert lines.first_for(able, Medium.VOICE, now) == (best.id if best is not None else None)
        ordered = sorted(here.values(), key=lambda contact: lines.place_of(contact, now))
        assert ordered == sorted(here.values(), key=lambda contact: comes_first(contact, now, by))
        if at < len(leaves) and here:
            gone = sorted(here)[leaves[at] % len(here)]
            lines.remove(gone)
            del here[gone]
    for left in list(here):
        lines.remove(left)
    assert not lines._lines
    assert not lines._by_anchor
    assert not lines._by_queue
