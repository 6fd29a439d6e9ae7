"""A campaign's receipts summed up for a regulator, and one by one. Knows receipts; no screen and no HTTP.

The one place for it: the command line and the API ask here.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from callcenter.core.law import strictest
from callcenter.errors import Unknown, unknown
from callcenter.model.law import LawPack
from callcenter.model.receipt import GENESIS, Flaw, Link, PackStamp, Receipt
from callcenter.postgres.law_texts import KeptText, texts_of
from callcenter.postgres.pool import Pool
from callcenter.postgres.receipts import Proof, Tally, between, holds, unmatched, verify

DAY_S: Final = 86_400.0
CSV_HEADS: Final = (
    "seq",
    "at",
    "kind",
    "attempt",
    "number",
    "allowed",
    "outcome",
    "by_a_person",
    "dropped",
    "misjudged",
    "previous",
    "hash",
    "body",
)
_PLAIN: Final = re.compile(r"[^0-9A-Za-z._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLimit:
    """The strictest limit of dropped calls over so many days."""

    days: float
    share_max: float
    pack: str
    cite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """A campaign's receipts of a time, the proof of its chain, and the limits of the packs that they were judged by."""

    tally: Tally
    proof: Proof
    limits: tuple[DropLimit, ...]


async def summed(pool: Pool, packs: Mapping[str, LawPack], campaign: str, since: float, until: float) -> Summed:
    """UTC seconds. Raises Unknown if it has no receipt, PeerFault."""
    proof = (await proven(pool, campaign))[0]
    tally = Tally()
    async for _, receipt in between(pool, campaign, since, until):
        tally.add(receipt)
    held = {name for name, _, _ in tally.packs}
    hers = [pack for name, pack in packs.items() if name in held]
    limits = tuple(
        DropLimit(days=span / DAY_S, share_max=won.limit, pack=won.pack, cite=won.cite)
        for span, won in strictest(hers).drops
    )
    return Summed(tally=tally, proof=proof, limits=limits)


async def proven(pool: Pool, campaign: str | None, head: str = "") -> list[Proof]:
    """Whether each chain is whole, tells of the attempts on record, and names packs whose texts are kept; `head`: also
    whether that was its head once.

    Raises Unknown for a campaign of which there is neither receipt nor attempt.
    """
    found = {proof.chain: proof for proof in await verify(pool, campaign)}
    for flaw in await unmatched(pool, campaign):
        proof = found.get(flaw.chain) or Proof(chain=flaw.chain, receipts=0, hash=GENESIS)
        found[flaw.chain] = replace(proof, flaws=(*proof.flaws, flaw))
    if campaign is not None and campaign not in found:
        raise _no_receipt(campaign)
    digests = {stamp.digest for proof in found.values() for stamp, _ in proof.packs}
    texts = await texts_of(pool, sorted(digests))
    for chain, proof in found.items():
        looked = [_of_text(chain, stamp, seq, texts) for stamp, seq in proof.packs]
        found[chain] = replace(proof, flaws=(*proof.flaws, *(lacking for lacking in looked if lacking is not None)))
    if campaign is not None and head and not await holds(pool, campaign, head):
        proof = found[campaign]
        what = f"no receipt has the hash {head[:64]}, so the chain was written anew or cut off since that was its head"
        found[campaign] = replace(proof, flaws=(*proof.flaws, Flaw(chain=campaign, seq=0, what=what)))
    return [found[chain] for chain in sorted(found)]


def _of_text(chain: str, stamp: PackStamp, seq: int, texts: Mapping[str, KeptText]) -> Flaw | None:
    """What is wrong with the text that a receipt names."""
    if not stamp.digest:  # limits of a campaign, as they were written before they had a text
        return None
    named = f"{stamp.pack} {stamp.version}".strip()
    text = texts.get(stamp.digest)
    if text is None:
        return Flaw(chain=chain, seq=seq, what=f"the text of its pack {named} is not kept (sha256 {stamp.digest})")
    if not text.is_true:
        return Flaw(chain=chain, seq=seq, what=f"the text that is kept as its pack {named} is another ({stamp.digest})")
    return None


async def texts_to_export(pool: Pool, campaign: str, since: float, until: float) -> dict[str, str]:
    """The texts of the packs by which a campaign's calls of a time were judged, each under a file's name that holds the
    hash which its receipts name."""
    stamps: set[tuple[str, str, str]] = set()
    async for _, receipt in between(pool, campaign, since, until):
        stamps.update((stamp.pack, stamp.version, stamp.digest) for stamp in receipt.packs)
    texts = await texts_of(pool, sorted({digest for _, _, digest in stamps}))
    return {
        f"{_PLAIN.sub('-', f'{pack} {version}'.strip())}.{digest}.yaml": texts[digest].text
        for pack, version, digest in sorted(stamps)
        if digest in texts
    }


async def receipt_rows(
    pool: Pool, campaign: str, since: float, until: float
) -> AsyncIterator[tuple[Link, list[object]]]:
    """The columns of CSV_HEADS of each receipt, but for the time, which is None: each shows it in its own way."""
    async for link, one in between(pool, campaign, since, until):
        yield link, _row(link, one)


def _row(link: Link, one: Receipt) -> list[object]:
    allowed = {"dial": True, "refusal": False}.get(str(link.kind))
    row = (link.seq, None, link.kind, link.attempt, one.number, allowed, one.outcome)
    return [*row, one.by_a_person, one.dropped, one.misjudged, link.previous, link.hash, link.body]


def cell_of(value: object) -> str:
    """A cell that no spreadsheet takes for a formula. A telephone number's + is kept behind an apostrophe as well."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _no_receipt(campaign: str) -> Unknown:
    return unknown(f"campaign {campaign[:60]}", "there is no receipt of it")
