"""Receipts and their chain: what is written, how one is tied to the one before, and whether a chain is whole.

Theory: the hash of a receipt covers its chain, its number, the hash before it and its text, so that a receipt cannot be
changed, left out, put in or moved without every later hash being wrong. What the hash cannot show is that the newest
were cut off, or that all was written anew: for the first there is the chain's head, for the second whoever keeps a hash
elsewhere (each report prints it). Knows sha256 and JSON; knows no database.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from callcenter.model.law import DAY_S, LawPack, Question, Verdict
from callcenter.model.lead import BY_A_PERSON, AttemptId, CampaignName, Dial, Outcome
from callcenter.model.receipt import GENESIS, Flaw, Link, PackStamp, Receipt, ReceiptKind

TIME_SLACK_S: Final = 0.001
"""A column of time is kept in microseconds, the body's in a float: so much may lie between them."""
_DECODER: Final = msgspec.json.Decoder(Receipt)


def judged(
    dial: Dial, question: Question, verdict: Verdict, packs: Sequence[LawPack], pacing: dict[str, str] | None = None
) -> Receipt:
    """The receipt of a dial, or of its refusal."""
    since = question.at - 30 * DAY_S
    return Receipt(
        kind=ReceiptKind.DIAL if verdict.allowed else ReceiptKind.REFUSAL,
        at=question.at,
        campaign=dial.campaign,
        attempt=dial.id if verdict.allowed else "",
        lead=dial.lead.id,
        number=question.number,
        region=question.region,
        zones=question.zones,
        approach=question.approach,
        packs=tuple(
            PackStamp(pack=pack.name, version=pack.version, digest=pack.digest)
            for pack in sorted(packs, key=lambda pack: pack.name)
        ),
        findings=verdict.findings,
        registers=question.registers,
        consent=question.consent,
        invited=question.invited,
        attempts=sum(at > since for at in question.attempts),
        drops=question.drops,
        agent_ready=question.agent_ready,
        caller_id=question.caller_id,
        trunk=dial.trunk,
        pacing=dict(sorted((pacing or {}).items())),
        next_at=None if verdict.allowed else verdict.next_at,
    )


def came_of(
    attempt: AttemptId,
    campaign: CampaignName,
    number: str,
    outcome: Outcome,
    at: float,
    answered_at: float | None,
    misjudged: int = 0,
) -> Receipt:
    """The receipt of what came of an attempt."""
    return Receipt(
        kind=ReceiptKind.OUTCOME,
        at=at,
        campaign=campaign,
        attempt=attempt,
        number=number,
        outcome=outcome,
        answered_at=answered_at,
        by_a_person=outcome in BY_A_PERSON,
        dropped=outcome is Outcome.DROPPED,
        misjudged=misjudged,
    )


def body_of(receipt: Receipt) -> str:
    """The text that is kept and hashed: JSON, keys sorted, no blanks, numbers in their shortest form."""
    return msgspec.json.encode(receipt, order="sorted").decode()


def read_body(body: str) -> Receipt:
    """What a body says. Raises ValueError for one that no receipt has."""
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a receipt: {error}") from error


def hash_of(chain: str, seq: int, previous: str, body: str) -> str:
    """The hash of a receipt in its place."""
    return hashlib.sha256("".join(f"{part}\n" for part in (chain, seq, previous, body)).encode()).hexdigest()


def chained(chain: str, seq: int, previous: str, receipts: Sequence[Receipt]) -> list[Link]:
    """Receipts as the next of a chain whose last is number `seq` with the hash `previous`."""
    links: list[Link] = []
    for receipt in receipts:
        seq += 1
        body = body_of(receipt)
        digest = hash_of(chain, seq, previous, body)
        links.append(
            Link(
                chain=chain,
                seq=seq,
                at=receipt.at,
                kind=receipt.kind,
                attempt=receipt.attempt,
                body=body,
                previous=previous,
                hash=digest,
            )
        )
        previous = digest
    return links


class Walk:
    """Reads a chain from its first receipt to its last and notes what is wrong."""

    __slots__ = ("chain", "flaws", "hash", "packs", "seq")

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.seq = 0
        self.hash = GENESIS
        self.flaws: list[Flaw] = []
        self.packs: dict[PackStamp, int] = {}  # by which was judged, and the first receipt that says so

    def see(self, link: Link) -> None:
        """The next receipt that is there, in the order of numbers."""
        if link.seq != self.seq + 1:
            missing = f"{self.seq + 1}" if link.seq == self.seq + 2 else f"{self.seq + 1} to {link.seq - 1}"
            self._flaw(link.seq, f"receipts are missing before it: {missing}")
        elif link.previous != self.hash:
            self._flaw(link.seq, "is not tied to the receipt before it")
        if hash_of(link.chain, link.seq, link.previous, link.body) != link.hash:
            self._flaw(link.seq, "was edited: its hash is another")
        else:
            self._read(link)
        self.seq, self.hash = link.seq, link.hash

    def _read(self, link: Link) -> None:
        try:
            receipt = read_body(link.body)
        except ValueError as error:
            self._flaw(link.seq, str(error))
            return
        same = (link.kind, link.attempt, link.chain) == (receipt.kind, receipt.attempt, receipt.campaign)
        if not same or abs(link.at - receipt.at) > TIME_SLACK_S:
            self._flaw(link.seq, "its columns say something else than its body")
        for stamp in receipt.packs:
            self.packs.setdefault(stamp, link.seq)

    def end(self, seq: int, digest: str) -> None:
        """The chain's head: what was appended last."""
        if self.seq < seq:
            self._flaw(seq, f"the newest receipts are missing: {self.seq + 1} to {seq}")
        elif (self.seq, self.hash) != (seq, digest):
            self._flaw(self.seq, f"the chain's head says {seq} with another hash, or fewer")

    def _flaw(self, seq: int, what: str) -> None:
        self.flaws.append(Flaw(chain=self.chain, seq=seq, what=what))
