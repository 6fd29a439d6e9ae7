"""The very texts of packs of law, by their hash: kept when they become live, never changed. Knows no rule.

A receipt names a pack by the sha256 of its text. Whoever checks it in a year must be able to read that text, whatever
is shipped by then.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callcenter.core.receipts import read_body
from callcenter.model.law import LawPack
from callcenter.model.receipt import PackStamp
from callcenter.postgres.pool import Pool, asking, changing
from callcenter.postgres.queries import sql


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A pack's text as it is kept. `text` is empty where only the list was asked for."""

    digest: str
    pack: str
    kept: float  # UTC seconds
    text: str = ""

    @property
    def is_true(self) -> bool:
        """Whether it is what its hash says."""
        return hashlib.sha256(self.text.encode()).hexdigest() == self.digest


async def keep(pool: Pool, packs: Iterable[LawPack]) -> None:
    """Keep the texts of packs that are about to be live; those that are there stay as they are. Raises PeerFault."""
    async with changing(pool) as connection:
        for pack in packs:
            if pack.text:
                await connection.execute(sql("law_texts.keep"), pack.digest, pack.name, pack.text)


async def keep_text(pool: Pool, pack: str, text: str) -> str:
    """Keep a text that was found elsewhere; gives its hash, by which alone it is known."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    async with changing(pool) as connection:
        await connection.execute(sql("law_texts.keep"), digest, pack, text)
    return digest


async def kept(pool: Pool, beginning: str = "") -> tuple[KeptText, ...]:
    """The texts that are kept, or those whose hash begins so, by pack and time, without what they say."""
    with asking():
        rows = await pool.fetch(sql("law_texts.kept"), beginning)
    return tuple(KeptText(**dict(row)) for row in rows)


async def texts_of(pool: Pool, digests: Sequence[str]) -> dict[str, KeptText]:
    """What they say, by hash; one that is not kept is left out."""
    with asking():
        rows = await pool.fetch(sql("law_texts.of"), list(digests))
    return {row["digest"]: KeptText(**dict(row)) for row in rows}


async def packs_of_receipt(pool: Pool, chain: str, seq: int) -> tuple[PackStamp, ...] | None:
    """The packs that a receipt names; None if there is no such receipt. Raises ValueError for an unreadable body."""
    with asking():
        body = await pool.fetchval(sql("law_texts.of_receipt"), chain, seq)
    return None if body is None else read_body(body).packs
