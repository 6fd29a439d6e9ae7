"""Reports against figures computed by hand, and rows against the fold they come from."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from callcenter.core.records import rows
from callcenter.errors import ConfigurationError
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import Direction, EndReason, Medium
from callcenter.model.events import TimePassed
from callcenter.model.facts import AgentChanged
from callcenter.model.ids import AgentId
from callcenter.postgres.directory import Directory
from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.pool import Connection, Pool
from callcenter.postgres.records import write_rows
from callcenter.postgres.reports import (
    AGENT_ORDERS,
    CALL_ORDERS,
    QUEUE_ORDERS,
    AgentLine,
    CallFilter,
    CallLine,
    QueueLine,
    RecordingLine,
    Reports,
)
from tests.postgres.story import T0, Told, abandoned_call, agent_of, answered_call, entries, in_order, predicted

HALF_HOUR = 1800.0
HOUR = 3600.0

CALLS = in_order(
    answered_call(1, T0, wait_s=8.0, talk_s=60.0, wrap_up_s=10.0),
    answered_call(2, T0 + 3.0, wait_s=30.0, talk_s=100.0, wrap_up_s=20.0, agent="binh", missed_by="anna"),
    abandoned_call(3, T0 + 5.0, wait_s=30.0),
    abandoned_call(4, T0 + 6.0, wait_s=10.0),
    # comes into the queue before the half hour, is answered after it
    answered_call(5, T0 + 1790.0, wait_s=8.0, talk_s=10.0, wrap_up_s=10.0, agent="binh"),
    answered_call(6, T0 + 1900.0, queue="support", wait_s=5.0, talk_s=40.0, wrap_up_s=6.0, agent="chi"),
)

Write = Callable[[Sequence[Told]], Awaitable[Reports]]


@pytest.fixture
def write(dsn: str, pool: Pool, spool_folder: Path) -> Write:
    """Puts a story into the journal, and so into the tables."""

    async def written(story: Sequence[Told]) -> Reports:
        async with PostgresJournal(dsn, spool_folder) as journal:
            for told in story:
                journal.append(*told)
        return Reports(pool)

    return written


# -- waits -------------------------------------------------------------------------------------------------------------


async def test_predicted_waits_beside_true_ones(write: Write) -> None:
    reports = await write(
        in_order(
            answered_call(1, T0, flow_s=0.0, wait_s=8.0),
            predicted(1, T0, 10.0, 20.0),
            answered_call(2, T0 + 100.0, flow_s=0.0, wait_s=30.0),
            predicted(2, T0 + 100.0, 10.0, 20.0),
            predicted(2, T0 + 120.0, 5.0, 15.0, announced=True),  # in the middle of the wait
            abandoned_call(3, T0 + 200.0, wait_s=30.0),
            predicted(3, T0 + 200.0, 40.0, 60.0),
            answered_call(4, T0 + 300.0, flow_s=0.0, wait_s=12.0),
            predicted(4, T0 + 300.0, 10.0, 20.0),
            predicted(5, T0 + 400.0, 10.0, 20.0),  # still waits
        )
    )
    (line,) = await reports.waits(T0, T0 + HOUR, every_s=HOUR)
    # p50: the third gave up at 0.75 of it, the first of the other three was served at 0.8: 1/3
    # p90: one of four at 0.4, one gone at 0.5, one of two at 0.6: 1 - 3/4 x 1/2
    assert (line.starts, line.queue) == (T0, "sales")
    assert (line.predicted, line.served, line.gave_up, line.let_go, line.announced) == (4, 3, 1, 0, 1)
    assert (line.p50_s, line.p90_s, line.waited_s) == pytest.approx((17.5, 30.0, 50.0 / 3))
    assert (line.p50_held, line.p90_held) == pytest.approx((1 / 3, 5 / 8))
    assert (line.error_s, line.bias_s) == pytest.approx((8.0, 20.0 / 3))


async def test_the_last_one_served_in_time_makes_it_all(write: Write) -> None:
    reports = await write(
        in_order(
            abandoned_call(1, T0, wait_s=1.0),
            predicted(1, T0, 10.0, 20.0),
            answered_call(2, T0 + 100.0, flow_s=0.0, wait_s=5.0),
            predicted(2, T0 + 100.0, 10.0, 20.0),
        )
    )
    (line,) = await reports.waits(T0, T0 + HOUR, every_s=HOUR, queue="sales", order="-error")
    assert (line.p50_held, line.p90_held) == (1.0, 1.0)
    assert await reports.waits(T0, T0 + HOUR, queue="support") == ()


# -- queues ------------------------------------------------------------------------------------------------------------


async def test_queues_by_half_hours(write: Write) -> None:
    reports = await write(CALLS)
    assert await reports.queues(T0, T0 + HOUR, every_s=HALF_HOUR) == (
        QueueLine(
            starts=T0,
            queue="sales",
            offered=5,
            answered=3,
            abandoned=2,
            other_exits=0,
            answered_in_time=2,
            abandoned_in_time=1,
            answered_wait_s=46.0,
            longest_wait_s=30.0,
            handled=2,
            talk_s=160.0,
            wrap_up_s=30.0,
            service_level=2 / 5,
            asa_s=46.0 / 3,
            aht_s=95.0,
        ),
        QueueLine(
            starts=T0 + HALF_HOUR,
            queue="sales",
            offered=0,
            answered=0,
            abandoned=0,
            other_exits=0,
            answered_in_time=0,
            abandoned_in_time=0,
            answered_wait_s=0.0,
            longest_wait_s=0.0,
            handled=1,
            talk_s=10.0,
            wrap_up_s=10.0,
            service_level=None,
            asa_s=None,
            aht_s=20.0,
        ),
        QueueLine(
            starts=T0 + HALF_HOUR,
            queue="support",
            offered=1,
            answered=1,
            abandoned=0,
            other_exits=0,
            answered_in_time=1,
            abandoned_in_time=0,
            answered_wait_s=5.0,
            longest_wait_s=5.0,
            handled=1,
            talk_s=40.0,
            wrap_up_s=6.0,
            service_level=1.0,
            asa_s=5.0,
            aht_s=46.0,
        ),
    )


async def test_one_queue_over_the_whole_time(write: Write) -> None:
    reports = await write(CALLS)
    (line,) = await reports.queues(T0, T0 + HOUR, every_s=HOUR, queue="sales")
    assert (line.offered, line.answered, line.abandoned) == (5, 3, 2)
    assert (line.handled, line.aht_s) == (3, 210.0 / 3)


async def test_bounds_take_the_lower_and_leave_the_upper(write: Write) -> None:
    reports = await write([*abandoned_call(1, T0), *abandoned_call(2, T0 + HOUR)])
    assert [line.offered for line in await reports.queues(T0, T0 + HOUR)] == [1]
    assert [call.contact for call in await reports.calls(T0, T0 + HOUR)] == ["c-test0000-1"]


async def test_the_summary(write: Write) -> None:
    reports = await write(CALLS)
    summary = await reports.summary(T0, T0 + HOUR)
    assert (summary.contacts, summary.offered, summary.answered, summary.abandoned) == (6, 6, 4, 2)
    assert summary.end_reasons == {"caller_hung_up": 4, "abandoned": 2}
    assert summary.service_level == 3 / 6
    assert summary.asa_s == (8 + 30 + 8 + 5) / 4
    assert summary.aht_s == (70 + 120 + 20 + 46) / 4
    assert summary.longest_wait_s == 30.0
    assert "answered within" in summary.formulas["service_level"]
    one = await reports.summary(T0, T0 + HOUR, queue="support")
    assert (one.contacts, one.service_level, one.asa_s, one.aht_s) == (1, 1.0, 5.0, 46.0)


async def test_the_summary_of_nothing(write: Write) -> None:
    summary = await (await write([])).summary(T0, T0 + HOUR)
    assert (summary.contacts, summary.offered, summary.end_reasons) == (0, 0, {})
    assert (summary.service_level, summary.asa_s, summary.aht_s) == (None, None, None)


# -- agents ------------------------------------------------------------------------------------------------------------


def anna_changes(
    since: float,
    was: tuple[AgentStatus, AgentState],
    at: float,
    now: tuple[AgentStatus, AgentState],
    reason: str = "",
) -> Told:
    change = AgentChanged(
        agent=AgentId("anna"),
        was_status=was[0],
        was_state=was[1],
        was_reason="",
        since=since,
        status=now[0],
        state=now[1],
        reason=reason,
    )
    return (at, TimePassed(), [change])


OUT = (AgentStatus.LOGGED_OUT, AgentState.NOT_READY)
READY = (AgentStatus.AVAILABLE, AgentState.READY)
RINGS = (AgentStatus.AVAILABLE, AgentState.OFFERED)
TALKS = (AgentStatus.AVAILABLE, AgentState.ON_CONTACT)
LUNCH = (AgentStatus.PAUSED, AgentState.NOT_READY)
NO_PHONE = (AgentStatus.AVAILABLE, AgentState.NOT_READY)

A_DAY_OF_ANNA = [
    anna_changes(T0 - 1000.0, OUT, T0 - 600.0, READY),
    anna_changes(T0 - 600.0, READY, T0 + 10.0, RINGS),
    anna_changes(T0 + 10.0, RINGS, T0 + 12.0, TALKS),
    anna_changes(T0 + 82.0, READY, T0 + 1700.0, LUNCH, "lunch"),
    anna_changes(T0 + 1700.0, LUNCH, T0 + 1900.0, NO_PHONE),
    anna_changes(T0 + 1900.0, NO_PHONE, T0 + 2000.0, OUT),
]


async def test_agents_by_half_hours(write: Write, pool: Pool) -> None:
    await Directory(pool).add(agent_of("anna", name="Anna Nguyen"))
    reports = await write(in_order(CALLS, A_DAY_OF_ANNA))
    assert await reports.agents(T0, T0 + HOUR, agent="anna") == (
        AgentLine(
            starts=T0,
            agent="anna",
            name="Anna Nguyen",
            logged_in_s=1800.0,
            ready_s=10.0 + 1618.0,
            offered_s=2.0,
            on_contact_s=60.0,
            wrap_up_s=10.0,
            paused_s=100.0,
            not_ready_s=0.0,
            offers=2,
            accepted=1,
            missed=1,
            handled=1,
            talk_s=60.0,
            occupancy=70.0 / 1700.0,
            aht_s=70.0,
        ),
        AgentLine(
            starts=T0 + HALF_HOUR,
            agent="anna",
            name="Anna Nguyen",
            logged_in_s=200.0,
            ready_s=0.0,
            offered_s=0.0,
            on_contact_s=0.0,
            wrap_up_s=0.0,
            paused_s=100.0,
            not_ready_s=100.0,
            offers=0,
            accepted=0,
            missed=0,
            handled=0,
            talk_s=0.0,
            occupancy=None,
            aht_s=None,
        ),
    )


async def test_a_period_that_lasts_counts_up_to_now_and_no_further_than_asked(write: Write) -> None:
    reports = await write(answered_call(1, T0, agent="chi"))
    lines = await reports.agents(T0, T0 + HOUR, every_s=HOUR)
    assert [(line.agent, line.name, line.on_contact_s, line.wrap_up_s, line.ready_s) for line in lines] == [
        ("chi", "", 60.0, 10.0, HOUR - 82.0)
    ]


async def test_the_times_of_an_agent_add_up_over_intervals(write: Write) -> None:
    reports = await write(in_order(CALLS, A_DAY_OF_ANNA))
    (whole,) = await reports.agents(T0 - 600.0, T0 + 2400.0, every_s=3000.0, agent="anna")
    parts = await reports.agents(T0 - 600.0, T0 + 2400.0, every_s=70.0, agent="anna")
    assert len(parts) > 30
    for name in ("logged_in_s", "ready_s", "offered_s", "on_contact_s", "wrap_up_s", "paused_s", "not_ready_s"):
        assert sum(getattr(part, name) for part in parts) == pytest.approx(getattr(whole, name))
    assert whole.logged_in_s == 2600.0


# -- calls -------------------------------------------------------------------------------------------------------------


async def test_a_call_with_all_that_is_known_of_it(write: Write) -> None:
    reports = await write(CALLS)
    call = next(line for line in await reports.calls(T0, T0 + HOUR) if line.contact == "c-test0000-2")
    assert call == CallLine(
        contact="c-test0000-2",
        medium=Medium.VOICE,
        direction=Direction.INBOUND,
        caller="0901234567",
        caller_name="Lan",
        dialled="1000",
        began=T0 + 3.0,
        ended=T0 + 137.0,
        end_reason=EndReason.CALLER_HUNG_UP,
        flow_s=4.0,
        wait_s=30.0,
        talk_s=100.0,
        forward_s=0.0,
        queue="sales",
        agent="binh",
        why="idle longest",
        offers=2,
        missed=1,
        language="vi",
        recordings=(
            RecordingLine(
                recording="00000000-0000-0000-cc00-000000000002",
                kind="call",
                agent="binh",
                path="2026/01/00000000-0000-0000-cc00-000000000002.wav",
                expected_s=100.0,
                seconds=100.0,
                channels=2,
                problem="",
            ),
        ),
    )
    whole = await reports.call("c-test0000-2")
    assert whole is not None
    assert [(ring["agent"], ring["end"], ring["rang_s"]) for ring in whole["rings"]] == [
        ("anna", "no_answer", 5.0),
        ("binh", "accepted", 2.0),
    ]
    assert [(wait["queue"], wait["exit"], wait["waited_s"]) for wait in whole["waits"]] == [
        ("sales", "connected", 30.0)
    ]
    assert [(talk["agent"], talk["leg"]) for talk in whole["talks"]] == [("binh", "la-test0000-2")]
    assert whole["length_s"] == 134.0
    assert await reports.call("c-nobody") is None


async def test_a_running_call_is_listed_without_its_end(write: Write) -> None:
    (call,) = await (await write(answered_call(1, T0)[:3])).calls(T0, T0 + HOUR)
    assert (call.ended, call.end_reason, call.recordings[0].problem) == (None, None, None)


@pytest.mark.parametrize(
    ("only", "numbers"),
    [
        (CallFilter(), [1, 2, 3, 4, 5, 6]),
        (CallFilter(queue="support"), [6]),
        (CallFilter(agent="binh"), [2, 5]),
        (CallFilter(caller="0907654321"), [3, 4]),
        (CallFilter(end_reason=EndReason.ABANDONED), [3, 4]),
        (CallFilter(queue="sales", agent="binh", medium=Medium.VOICE), [2, 5]),
        (CallFilter(medium=Medium.CHAT), []),
        (CallFilter(queue="'; DROP TABLE contact; --"), []),
    ],
)
async def test_calls_are_filtered(write: Write, only: CallFilter, numbers: list[int]) -> None:
    found = await (await write(CALLS)).calls(T0, T0 + HOUR, only)
    assert [call.contact for call in found] == [f"c-test0000-{number}" for number in numbers]


async def test_calls_come_in_pages_in_any_order(write: Write) -> None:
    reports = await write(CALLS)
    for order in CALL_ORDERS:
        whole = await reports.calls(T0, T0 + HOUR, order=order)
        pages = [await reports.calls(T0, T0 + HOUR, order=order, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [call for page in pages for call in page] == list(whole)
        assert len(whole) == 6
    longest = await reports.calls(T0, T0 + HOUR, order="-wait", limit=2)
    assert [call.wait_s for call in longest] == [30.0, 30.0]


async def test_every_order_works_and_no_other(write: Write) -> None:
    reports = await write(CALLS)
    for order in QUEUE_ORDERS:
        assert len(await reports.queues(T0, T0 + HOUR, order=order)) == 3
    for order in AGENT_ORDERS:
        assert await reports.agents(T0, T0 + HOUR, order=order)
    for ask in (reports.calls, reports.queues, reports.agents):
        with pytest.raises(ConfigurationError, match="cannot sort by 'began; DROP TABLE contact'"):
            await ask(T0, T0 + HOUR, order="began; DROP TABLE contact")


async def test_what_cannot_be_asked_is_said(write: Write) -> None:
    reports = await write([])
    for question in (
        reports.calls(T0, T0 + HOUR, limit=0),
        reports.calls(T0, T0 + HOUR, offset=-1),
        reports.calls(T0, 1e300),
        reports.calls(T0, T0 + HOUR, CallFilter(caller="\0")),
        reports.queues(T0, T0 + HOUR, every_s=1.0),
        reports.queues(T0, T0 - HOUR),
        reports.agents(0.0, T0, every_s=60.0),
        reports.summary(T0, T0),
    ):
        with pytest.raises(ConfigurationError):
            await question


# -- rows --------------------------------------------------------------------------------------------------------------

TABLES = {
    "contact": "id",
    "queue_visit": "seq, n",
    "offer": "id",
    "talk": "seq, n",
    "agent_activity": "agent, since",
    "recording": "id",
    "wait_forecast": "seq, n",
}


async def test_where_batches_are_cut_does_not_matter(connection: Connection) -> None:
    """The upserts say the same as `merged`."""
    journal = entries(in_order(CALLS, A_DAY_OF_ANNA, predicted(1, T0 + 4.0, 10.0, 20.0)))
    seen = []
    for size in (1, 2, 3, 5, len(journal)):
        await connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        for begin in range(0, len(journal), size):
            async with connection.transaction():
                await write_rows(connection, (row for entry in journal[begin : begin + size] for row in rows(entry)))
        seen.append([await connection.fetch(f"SELECT * FROM {table} ORDER BY {by}") for table, by in TABLES.items()])
        assert all(seen[-1])
    assert all(tables == seen[0] for tables in seen)
