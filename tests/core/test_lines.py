"""The waiting lines against the simplest thing that is right: a list, looked through from end to end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.lines import STUBS_MAX, WaitingLines, place_of
from callcenter.core.state import ContactRecord
from callcenter.model.clauses import Clause
from callcenter.model.contact import Direction, Medium
from callcenter.model.ids import ContactId, LegId, Skill
from callcenter.model.need import Need, parse_need
from tests.examples import examples

SKILLS = [Skill(name) for name in ("a", "b")]
clauses: st.SearchStrategy[Clause] = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=2).map(
    lambda clause: tuple(sorted(clause.items()))
)
needs = st.lists(clauses, min_size=1, max_size=3).map(lambda some: Need(alternatives=tuple(sorted(set(some)))))
skill_sets = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=2)
media = st.sampled_from([Medium.VOICE, Medium.CHAT])


def waiting(
    serial: int, need: Need, *, priority: int = 50, since: float = 0.0, medium: Medium = Medium.VOICE
) -> ContactRecord:
    return ContactRecord(
        id=ContactId(f"c-{serial}"),
        serial=serial,
        leg=LegId(f"l-{serial}"),
        medium=medium,
        direction=Direction.INBOUND,
        caller="",
        caller_name="",
        dialled="",
        began=0.0,
        priority=priority,
        needs=need,
        since=since,
    )


class Row:
    """The naive line: everybody in one row."""

    def __init__(self) -> None:
        self.contacts: dict[ContactId, ContactRecord] = {}

    def first_for(self, skills: dict[Skill, int], medium: Medium) -> ContactId | None:
        fitting = [c for c in self.contacts.values() if c.medium is medium and c.needs.met_by(skills)]
        return min(fitting, key=lambda contact: place_of(contact, 0.0)).id if fitting else None


steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), needs, st.sampled_from([10, 50, 90]), st.sampled_from([1.0, 2.0, 3.0]), media),
        st.tuples(st.just("go"), st.integers(0, 30)),
        st.tuples(st.just("return"), st.integers(0, 30)),
    ),
    max_size=40,
)


@settings(max_examples=examples(80), deadline=None)
@given(steps=steps, asked=st.lists(st.tuples(skill_sets, media), min_size=1, max_size=6))
def test_the_lines_serve_whom_a_look_through_everybody_would_serve(
    steps: list[tuple[object, ...]], asked: list[tuple[dict[Skill, int], Medium]]
) -> None:
    lines, row = WaitingLines(), Row()
    everybody: list[ContactRecord] = []
    for step in steps:
        if step[0] == "come":
            _, need, priority, since, medium = step
            contact = waiting(len(everybody), need, priority=priority, since=since, medium=medium)  # type: ignore[arg-type]
            everybody.append(contact)
            lines.add(contact)
            row.contacts[contact.id] = contact
        elif everybody:
            contact = everybody[step[1] % len(everybody)]  # type: ignore[operator]
            here = contact.id in row.contacts
            assert (contact.id in lines) == here
            if step[0] == "go":
                lines.remove(contact.id)
                row.contacts.pop(contact.id, None)
            elif not here:
                lines.add(contact)
                row.contacts[contact.id] = contact
        assert len(lines) == len(row.contacts)
        for skills, medium in asked:
            assert lines.first_for(skills, medium) == row.first_for(skills, medium)


def test_a_line_asked_for_by_two_levels_of_one_skill_is_found_by_the_lower() -> None:
    lines = WaitingLines()
    lines.add(waiting(1, parse_need("a >= 2 and b or a >= 4 and c")))
    assert lines.first_for({Skill("a"): 2, Skill("b"): 1}, Medium.VOICE) == "c-1"
    assert lines.first_for({Skill("a"): 4, Skill("c"): 1}, Medium.VOICE) == "c-1"
    assert lines.first_for({Skill("a"): 3, Skill("c"): 1}, Medium.VOICE) is None


def test_a_contact_that_goes_and_comes_back_again_and_again_leaves_no_stubs() -> None:
    lines = WaitingLines()
    need = parse_need("a")
    stays, restless = waiting(1, need), waiting(2, need)
    lines.add(stays)
    lines.add(restless)
    for _ in range(10 * STUBS_MAX):
        lines.remove(restless.id)
        lines.add(restless)
        assert lines.first_for({Skill("a"): 1}, Medium.VOICE) == "c-1"  # who looks puts her into a line
    [line] = lines._lines.values()
    assert len(line.heap) <= STUBS_MAX + 2 * line.length + 1


def test_nothing_is_left_of_a_line_in_which_nobody_stands() -> None:
    lines = WaitingLines()
    contact = waiting(1, parse_need("a >= 2 and b or a >= 4 and c or b"))
    lines.add(contact)
    assert lines.first_for({Skill("b"): 1}, Medium.VOICE) == contact.id
    lines.remove(contact.id)
    lines.remove(contact.id)  # not waiting is fine
    assert len(lines) == 0
    assert not lines._lines
    assert not lines._by_anchor


def test_who_is_served_before_anybody_looks_stands_in_no_line() -> None:
    lines = WaitingLines()
    contact = waiting(1, parse_need("a"))
    lines.add(contact)
    assert contact.id in lines
    assert len(lines) == 1
    lines.remove(contact.id)
    assert contact.id not in lines
    assert not lines._lines
    assert lines.first_for({Skill("a"): 1}, Medium.VOICE) is None
