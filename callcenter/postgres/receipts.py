"""Receipts in Postgres: appended in the transaction of what they are for, read in order, proven. Knows no law."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from callcenter.core.receipts import Walk, chained, read_body
from callcenter.errors import Bug, PeerRefused
from callcenter.model.receipt import GENESIS, Flaw, Link, PackStamp, Receipt
from callcenter.postgres.pool import Borrowed, Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

READ_AT_ONCE: Final = 2_000
FLAWS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a look at one chain found. `hash` is its head's: whoever keeps it elsewhere can prove more later."""

    chain: str
    receipts: int
    hash: str
    flaws: tuple[Flaw, ...] = ()
    packs: tuple[tuple[PackStamp, int], ...] = ()  # by which was judged, each with the first receipt that names it


async def append(connection: Borrowed, chain: str, receipts: Sequence[Receipt]) -> Link:
    """Append receipts to their campaign's chain, within the transaction that is open; gives the last.

    The chain's end is held until then, so take it last: whoever dials for the same campaign waits for it. Raises
    PeerRefused if the chain goes on beyond its end: somebody has changed it, and nothing more is written, nor dialled.
    """
    if not receipts or any(receipt.campaign != chain for receipt in receipts):
        raise Bug(f"no receipts, or not all of {chain}")
    end = await connection.fetchrow(sql("receipts.hold_chain"), chain)
    if end is None:
        await connection.execute(sql("receipts.begin_chain"), chain, GENESIS)
        end = await connection.fetchrow(sql("receipts.hold_chain"), chain)
    if end is None:
        raise Bug(f"the chain {chain} was begun and is not there")
    links = chained(chain, end["seq"], end["hash"], receipts)
    try:
        await connection.execute(
            sql("receipts.append"),
            chain,
            [link.seq for link in links],
            [time_of(link.at) for link in links],
            [str(link.kind) for link in links],
            [link.attempt or None for link in links],
            [link.body for link in links],
            [link.previous for link in links],
            [link.hash for link in links],
        )
    except asyncpg.UniqueViolationError as error:
        what = f"the chain of receipts {chain} was changed: it goes on beyond its end ({end['seq']})"
        raise PeerRefused(f"{what}; see callcenter compliance verify") from error
    await connection.execute(sql("receipts.move_end"), chain, links[-1].seq, links[-1].hash)
    return links[-1]


async def verify(pool: Pool, chain: str | None = None) -> list[Proof]:
    """Read every chain, or one, from its first receipt to its last, all at one moment."""
    with asking():
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            ends = await connection.fetch(sql("receipts.chains"), chain)
            orphans = [] if chain is not None else await connection.fetch(sql("receipts.orphans"))
            proofs = [await _walked(connection, row["chain"], row["seq"], row["hash"]) for row in ends]
            return proofs + [await _walked(connection, row["chain"], 0, GENESIS) for row in orphans]


async def _walked(connection: Borrowed, chain: str, seq: int, digest: str) -> Proof:
    walk = Walk(chain)
    count = 0
    async for row in connection.cursor(sql("receipts.walk"), chain, prefetch=READ_AT_ONCE):
        walk.see(_link(row))
        count += 1
        if len(walk.flaws) >= FLAWS_MAX:
            break
    else:
        walk.end(seq, digest)
    return Proof(chain=chain, receipts=count, hash=digest, flaws=tuple(walk.flaws), packs=tuple(walk.packs.items()))


async def unmatched(pool: Pool, chain: str | None = None) -> list[Flaw]:
    """Where the receipts and the attempts on record do not tell of the same calls, of every chain or of one.

    A chain that was cut off and given a new end is whole in itself; what it no longer tells of is found here.
    """
    with asking():
        rows = await pool.fetch(sql("receipts.unmatched"), chain, FLAWS_MAX)
    return [Flaw(chain=row["chain"], seq=row["seq"], what=_of_attempt(row)) for row in rows]


def _of_attempt(row: asyncpg.Record) -> str:
    attempt, ended, told = row["attempt"], row["ended"], row["told"]
    if not row["on_record"]:
        return f"attempt {attempt} has a receipt, and is not on record any more"
    if not row["dial"]:
        return f"attempt {attempt} is on record, and no receipt says that it was allowed"
    told = f"its receipt says {told}" if told is not None else "no receipt says so"
    return f"attempt {attempt} {'lasts' if ended is None else f'ended as {ended}'} by the record, and {told}"


async def holds(pool: Pool, chain: str, digest: str) -> bool:
    """Whether a receipt of the chain has this hash."""
    with asking():
        return bool(await pool.fetchval(sql("receipts.holds"), chain, digest))


async def between(pool: Pool, campaign: str, since: float, until: float) -> AsyncIterator[tuple[Link, Receipt]]:
    """The receipts of a campaign of a time, in order. Raises ValueError for a body that was made unreadable."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        bounds = (campaign, time_of(since), time_of(until))
        async for row in connection.cursor(sql("receipts.between"), *bounds, prefetch=READ_AT_ONCE):
            link = _link(row)
            yield link, read_body(link.body)


def _link(row: asyncpg.Record) -> Link:
    return Link(**dict(row))


# -- the report --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Tally:
    """A campaign's receipts of a time, summed up."""

    dials: int = 0
    refusals: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    refused_by: dict[str, int] = field(default_factory=dict)  # rule -> how often it was against
    answered: int = 0  # by a person
    dropped: int = 0
    misjudged: int = 0  # people who were taken for machines, by estimate
    packs: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def share(self) -> float | None:
        """Of the calls that a person answered, which were dropped; those who were taken for machines among both."""
        answered = self.answered + self.misjudged
        return (self.dropped + self.misjudged) / answered if answered else None

    def add(self, receipt: Receipt) -> None:
        """Count one more."""
        match str(receipt.kind):
            case "dial":
                self.dials += 1
            case "refusal":
                self.refusals += 1
                for kind in dict.fromkeys(str(one.kind) for one in receipt.findings if not one.held):
                    self.refused_by[kind] = self.refused_by.get(kind, 0) + 1
            case _:
                self.outcomes[receipt.outcome] = self.outcomes.get(receipt.outcome, 0) + 1
                self.answered += receipt.by_a_person
                self.dropped += receipt.dropped
                self.misjudged += receipt.misjudged
        self.packs.update((stamp.pack, stamp.version, stamp.digest) for stamp in receipt.packs)


DROP_FORMULA: Final = (
    "(dropped + misjudged) / (answered by a person + misjudged), of attempts that ended in the time; misjudged: "
    "people who were hung up on as machines, by estimate"
)
