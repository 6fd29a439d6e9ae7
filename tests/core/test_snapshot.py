"""A snapshot holds all that matters, nothing secret, and cannot be mistaken for another file."""

import pytest

from callcenter.core.snapshot import restore, take_snapshot
from callcenter.errors import Bug
from callcenter.model.entry import decode_entry
from callcenter.model.flow import Prompt
from callcenter.model.ids import QueueName
from callcenter.model.queue import Announcements, RelaxStep
from tests.core.center import Center, need, queue


def busy() -> Center:
    """A center in the middle of everything."""
    center = Center(
        queue(
            "sales",
            "a >= 2",
            wrap_up_s=20.0,
            max_wait_s=300.0,
            strategy="last_agent",
            announce=Announcements(every_s=10.0, comfort=Prompt(name="please_hold")),
            relax=(RelaxStep(after_s=30.0, needs=need("a")),),
        ),
        queue("support", strategy="ring_all", connect_announcement=Prompt(name="recorded")),
    )
    ann, bob, cat = center.agent("ann", a=3), center.agent("bob", a=2), center.agent("cat")
    center.call("sales", caller="0901")
    ann.answers()
    center.passes(12.0)
    center.call("sales", caller="0902")
    bob.answers()
    bob.hangs_up()
    center.call("support", caller="0903")
    cat.answers()
    center.call("sales", caller="0904")
    center.passes(11.0)
    center.call("support", caller="0905")
    return center


def test_a_restored_engine_answers_as_the_first_would() -> None:
    center = busy()
    center.told_again()
    first, second = center.engine, restore(center.configuration, take_snapshot(center.engine))
    assert take_snapshot(second) == take_snapshot(first)
    assert second.next_deadline() == first.next_deadline()
    assert second.view(center.now) == first.view(center.now)


def test_the_way_on_is_the_same_for_both() -> None:
    center = busy()
    twin = restore(center.configuration, take_snapshot(center.engine))
    told = len(center.journal)
    center.passes(120.0)
    for line in center.journal[told:]:
        entry = decode_entry(line)
        assert twin.handle(entry.event, entry.at) == list(entry.outputs)
    assert take_snapshot(twin) == take_snapshot(center.engine)


def test_who_served_a_caller_and_how_long_it_took_is_kept() -> None:
    center = busy()
    restored = restore(center.configuration, take_snapshot(center.engine)).world
    assert restored.last_served[QueueName("sales"), "0902"].agent == "bob"
    assert restored.learnt == center.engine.world.learnt


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"\x00\xff", b'{"now":1}'])
def test_what_is_no_snapshot_is_refused(junk: bytes) -> None:
    with pytest.raises(Bug, match="a snapshot cannot be read"):
        restore(Center().configuration, junk)
