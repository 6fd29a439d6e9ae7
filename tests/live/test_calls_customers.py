"""Customers who call: the important first, known on the agent's screen, and what came of the talk recorded."""

import time
from urllib.parse import quote

import pytest

from callcenter.model.agent import AgentState
from callcenter.model.facts import DispositionDue, DispositionRecorded, RulesChanged
from callcenter.postgres.customers import Customer, Customers, KeptNumber
from tests.live.center import Center

pytestmark = pytest.mark.live


def somebody() -> str:
    """A number that nobody has called from before."""
    return f"0907{time.time_ns() // 1000 % 10**9:09d}"


async def test_a_customer_who_is_marked_while_she_waits_is_served_first_and_known(center: Center) -> None:
    number = somebody()
    normal = f"+84{number[1:]}"
    other = await center.calls("2026")
    await other.waits()
    lan = await center.calls("2026", number=number)
    await lan.waits()
    customers = Customers(center.pool)
    made = await customers.add(Customer(name="Lan & Co", vip=True), [KeptNumber(number=normal, raw=number)], [], "test")
    await customers.note(made, "test", "likes tea")
    await center.asks("/v1/customers/reload")
    contact = await lan.contact()
    raised = await center.fact(RulesChanged, contact=contact)
    assert raised.priority == 80
    alice = await center.works("alice")
    await lan.talks_to(alice)
    pop = await center.answers(f"/v1/calls/{contact}/customer")
    assert (pop["state"], pop["agent"], pop["number"]) == ("connected", "alice", normal)
    assert (pop["customer"]["name"], pop["customer"]["notes"][0]["text"]) == ("Lan & Co", "likes tea")
    assert pop["crm_url"] == f"https://crm.example.com/{quote(normal, safe='')}?name=Lan%20%26%20Co"
    assert [step["flow"] for step in pop["path"]] == ["regulars"]
    await center.asks(f"/v1/calls/{contact}/disposition", {"code": "lost", "note": "too dear"})
    await lan.hangs_up()
    await lan.ended()
    await center.cdr(contact)  # which is written after it
    [row] = await center.rows("SELECT code, note, agent FROM disposition_now WHERE contact = $1", contact)
    assert tuple(row) == ("lost", "too dear", "alice")
    assert not center.so_far(DispositionDue, contact=contact)
    await other.talks_to(alice)
    await other.hangs_up()
    due = await center.fact(DispositionDue, agent="alice")
    assert due.contact == (await other.contact())
    await customers.remove(made)
    await center.asks("/v1/customers/reload")


async def test_a_wrap_up_that_is_held_ends_with_a_key_on_the_agents_phone(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2026")
    await caller.talks_to(alice)
    await caller.hangs_up()
    ended = await caller.ended()
    await center.fact(DispositionDue, contact=ended.contact)
    await center.until(
        lambda view: any(one.id == "alice" and one.state is AgentState.WRAP_UP for one in view.agents), "she wraps up"
    )
    await alice.phone.dial("*51")
    recorded = await center.fact(DispositionRecorded, contact=ended.contact)
    assert (recorded.code, recorded.agent, recorded.by) == ("sold", "alice", "")
    await center.until(
        lambda view: any(one.id == "alice" and one.state is AgentState.READY for one in view.agents), "she is ready"
    )
