"""Customers beside a running center: the engine is told of marks, and of talks that it has forgotten."""

from pathlib import Path

import pytest

from callcenter.customers.desk import CustomerDesk
from callcenter.customers.numbers import compared_forms, e164, kept_form, prefixes
from callcenter.model.disposition import DispositionRules
from callcenter.model.entry import decode_entry
from callcenter.model.events import CustomersMarked, DispositionRequested, Event
from callcenter.model.facts import DispositionRecorded
from callcenter.model.ids import ContactId, RequestId
from callcenter.model.numbers import Numbering
from callcenter.postgres.customers import Customer, Customers, KeptNumber
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Pool
from callcenter.postgres.reader import JournalReader
from tests.core.center import Center, queue
from tests.core.test_dispositions import TREE

VN = prefixes("VN")
LAN = KeptNumber(number="+84901111111", raw="0901 111 111")
SETTLE_S = 20.0


class Office:
    """An engine, and the desk beside it."""

    def __init__(self, pool: Pool) -> None:
        self.center = Center(queue("sales", disposition=DispositionRules(tree=TREE.name)), dispositions=(TREE,))
        self.customers = Customers(pool)
        self.desk = CustomerDesk(self.center.engine, self.ask, self.customers, JournalReader(pool))
        self.told: list[Event] = []

    async def ask(self, request: RequestId, event: Event) -> str:
        """To the engine."""
        self.told.append(event)
        return self.center.ask(event)


@pytest.fixture
def office(pool: Pool) -> Office:
    """Nobody is marked."""
    return Office(pool)


async def test_only_what_is_different_is_told(office: Office) -> None:
    marks = office.center.engine.world.marks
    lan = await office.customers.add(Customer(name="Lan", vip=True), [LAN], [], "boss")
    assert await office.desk.customers_changed() == ""
    assert list(marks.vips) == ["+84901111111"]
    assert await office.desk.customers_changed() == ""
    assert len(office.told) == 1
    found = await office.customers.by_id(lan)
    assert found is not None
    await office.customers.remove(lan)
    assert await office.desk.customers_changed() == ""
    assert not marks.vips
    assert all(isinstance(event, CustomersMarked) for event in office.told)


async def test_a_live_call_on_a_screen(office: Office) -> None:
    await office.customers.add(Customer(name="Lan", tags=("gold",)), [LAN], [], "boss")
    call = office.center.call("sales", caller="0901111111")
    pop = await office.desk.pop(call.id)
    assert pop is not None
    assert (pop.state, pop.queue, pop.number) == ("waiting", "sales", "+84901111111")
    assert pop.customer is not None
    assert (pop.customer.name, pop.customer.tags) == ("Lan", ("gold",))
    assert await office.desk.pop(ContactId("c-none")) is None


async def test_of_a_talk_that_the_engine_has_forgotten_the_records_tell(
    office: Office, dsn: str, spool_folder: Path
) -> None:
    center = office.center
    ann = center.agent("ann")
    call = center.call("sales", caller="0901111111")
    ann.answers()
    call.hangs_up()
    asked = DispositionRequested(request=center.request(), contact=call.id, code="sold")
    assert await office.desk.record(asked) == ""
    async with PostgresJournal(dsn, spool_folder) as journal:
        for entry in map(decode_entry, center.journal):
            journal.append(entry.at, entry.event, entry.outputs)
        assert await journal.settled(within_s=SETTLE_S)
    center.engine.world.talked.clear()
    assert await office.desk.record(asked) == ""
    assert [fact.number for fact in center.all(DispositionRecorded)] == [1, 2]
    nobody = DispositionRequested(request=center.request(), contact=ContactId("c-none"), code="sold")
    assert "there is no talk" in await office.desk.record(nobody)


@pytest.mark.parametrize(
    ("country", "number", "form", "met"),
    [
        ("VN", "0901 234 567", "+84901234567", "0901234567"),
        ("US", "(212) 555-0123", "+12125550123", "2125550123"),
        ("IT", "06 1234 5678", "+390612345678", "0612345678"),
        ("DE", "030/123456", "+4930123456", "030123456"),
    ],
)
def test_whoever_calls_from_a_kept_number_is_met_however_the_trunk_writes_it(
    country: str, number: str, form: str, met: str
) -> None:
    numbering = prefixes(country)
    assert kept_form(number, numbering) == form
    forms = compared_forms(form, number, numbering)
    assert numbering.normal(met) in forms or met in forms


def test_without_a_country_numbers_stay_as_routing_compares_them() -> None:
    plain = Numbering(country_code="84")
    assert e164("0901234567", plain) == ""
    assert kept_form("0901 234 567", plain) == "+84901234567"
    assert kept_form("anonymous", plain) == ""
    assert kept_form("1" * 100, VN) == ""
