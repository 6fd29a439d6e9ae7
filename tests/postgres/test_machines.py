"""The scoreboard of detectors against figures computed by hand."""

import pytest

from callcenter.model.detection import Answerer
from callcenter.model.ids import ContactId, LegId
from callcenter.model.records import AnswererRow
from callcenter.postgres.machines import scores
from callcenter.postgres.pool import Connection, Pool
from callcenter.postgres.records import write_rows

T0 = 1_790_000_000.0
H, M, U = Answerer.HUMAN, Answerer.MACHINE, Answerer.UNSURE


def decision(
    n: int, said: Answerer, labelled: Answerer | None, stands_for: int = 0, *, trunk: str = "main", at: float = T0
) -> AnswererRow:
    return AnswererRow(
        seq=n,
        n=0,
        contact=ContactId(f"c-{n}"),
        campaign="spring",
        attempt=LegId(f"l-{n}"),
        trunk=trunk,
        detector="cadence",
        answerer=said,
        labelled=labelled,
        stands_for=stands_for,
        took_s=2.0,
        settled=at,
    )


async def test_precision_and_recall_by_trunk(connection: Connection, pool: Pool) -> None:
    told = [
        *((H, H, 0) for _ in range(6)),
        *((H, M, 0) for _ in range(2)),
        (U, H, 0),
        (U, M, 0),
        *((H, None, 0) for _ in range(10)),
        *((M, M, 10) for _ in range(3)),
        (M, H, 10),
        *((M, None, 0) for _ in range(36)),
    ]
    rows = [decision(n, *one) for n, one in enumerate(told, 1)]
    rows += [decision(900, M, None, trunk="spare"), decision(901, H, H, at=T0 - 1)]
    async with connection.transaction():
        await write_rows(connection, rows)
    main, spare = await scores(pool, T0, T0 + 1)
    assert (main.trunk, main.said_human, main.said_machine, main.said_unsure, main.heard) == ("main", 18, 40, 2, 4)
    assert main.precision == pytest.approx(3 / 4)
    low, high = main.precision_between
    assert low < 0.75 < high
    # 3 of 10 that were passed on and labelled were machines: 6 of 20; 30 of 40 were rightly found
    assert main.recall == pytest.approx(30 / 36)
    assert main.people_hung_up_on == pytest.approx(0.25 * 36)
    assert main.took_s == 2.0
    assert (spare.trunk, spare.precision, spare.recall, spare.people_hung_up_on) == ("spare", None, None, None)
    assert spare.precision_between == (0.0, 1.0)
    assert await scores(pool, T0, T0 + 1, "autumn") == ()
