"""The index of free agents against a look at everybody."""

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core.free import STALE_MAX, could_serve, why_not_free
from callcenter.model.agent import AgentStatus, PhoneState
from callcenter.model.contact import Medium
from callcenter.model.events import AgentRemoved
from callcenter.model.ids import AgentId
from callcenter.model.need import parse_need
from tests.core.center import Ann, Center, need, queue
from tests.examples import examples

NEEDS = [parse_need(text) for text in ("", "a", "a >= 3", "a and b", "b >= 2 or a >= 3 and b", "a >= 2 or b or c")]
V = Medium.VOICE


def test_somebody_else_with_the_same_id_does_not_inherit_her_skills() -> None:
    center = Center(queue("rare", "a"))
    ann = center.agent("ann", a=5)
    ann.logs_out()
    assert center.ask(AgentRemoved(request=center.request(), agent=ann.id)) == ""
    center.agent("ann", b=5)
    call = center.call("rare")
    assert call.rung == []


skills = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 4), max_size=3)
deeds = st.lists(
    st.tuples(
        st.sampled_from(["in", "out", "pause", "phone", "no phone", "train", "replace", "wait"]),
        st.integers(0, 5),
        skills,
    ),
    max_size=30,
)


@settings(max_examples=examples(80), deadline=None)
@given(deeds=deeds)
def test_the_longest_idle_and_the_suited_are_those_of_a_look_at_everybody(
    deeds: list[tuple[str, int, dict[str, int]]],
) -> None:
    center = Center()
    staff = [Ann(center, AgentId(f"a{n}")) for n in range(6)]
    for ann in staff:
        center.save(ann.id)
    for what, who, has in deeds:
        ann = staff[who]
        match what:
            case "in":
                ann.logs_in()
            case "out":
                ann.logs_out()
            case "pause":
                ann.asks_for(AgentStatus.PAUSED)
            case "phone" | "no phone":
                ann.phone(PhoneState.REACHABLE if what == "phone" else PhoneState.UNREACHABLE)
            case "train":
                center.save(ann.id, has)
            case "replace":
                ann.logs_out()
                center.ask(AgentRemoved(request=center.request(), agent=ann.id))
                center.save(ann.id, has)
            case _:
                center.passes(1.0)
        check_index(center)


def check_index(center: Center) -> None:
    agents = center.engine.world.agents
    able = [record for record in agents.records.values() if not why_not_free(record, V, center.now)]
    assert agents.free.count(V) == len(able)
    for wanted in NEEDS:
        suited = [record for record in able if wanted.met_by(record.agent.skills)]
        assert agents.free.suited(V, wanted) == sorted(record.agent.id for record in suited)
        best = min(suited, key=lambda record: (record.ready_since, record.agent.id), default=None)
        assert agents.free.longest_idle(V, wanted) == (best.agent.id if best is not None else None)


def test_old_entries_do_not_pile_up() -> None:
    center = Center()
    ann = center.agent("ann", a=3)
    for _ in range(20 * STALE_MAX):
        ann.pauses()
        ann.is_ready()
    lines = center.engine.world.agents.free._lines[V]
    assert max(len(line) for levels in lines.values() for line in levels) <= STALE_MAX + 3


def test_who_is_paused_or_on_a_call_could_serve_and_who_is_logged_out_could_not() -> None:
    center = Center()
    ann = center.agent("ann", a=3)
    assert could_serve(ann.record, need("a >= 3"))
    assert not could_serve(ann.record, need("a >= 4"))
    ann.pauses()
    assert could_serve(ann.record, need("a"))
    ann.logs_out()
    assert not could_serve(ann.record, need("a"))


def test_why_she_is_not_free_is_said_in_words() -> None:
    center = Center(queue("sales", wrap_up_s=5.0))
    ann = center.agent("ann", at_work=False)

    def why() -> str:
        return why_not_free(ann.record, V, center.now)

    assert why() == "logged out"
    ann.logs_in()
    assert why() == "phone unknown"
    ann.phone(PhoneState.UNREACHABLE)
    assert why() == "phone unreachable"
    ann.phone(PhoneState.REACHABLE)
    assert why() == ""
    ann.pauses("lunch")
    assert why() == "paused (lunch)"
    ann.pauses("")
    assert why() == "paused"
    ann.is_ready()
    center.call("sales")
    assert why() == "is being offered another contact"
    ann.answers()
    assert why() == "has 1 of 1 voice contacts"
    ann.hangs_up()
    assert why() == "in wrap-up"
    center.passes(5.0)
    center.call("sales")
    ann.declines()
    assert why() == "resting for 30 s after a missed offer"
