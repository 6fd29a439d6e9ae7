"""The law over the API: its packs, whether a number may be dialled, receipts and their proof."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Self, TextIO

from pydantic import BaseModel, Field, model_validator

from callcenter.errors import unknown
from callcenter.jobs.law_words import kind_of, says
from callcenter.jobs.permission import permission
from callcenter.jobs.proof import CSV_HEADS, DropLimit, cell_of, proven, receipt_rows, summed
from callcenter.model.law import LawPack
from callcenter.model.rights import Area
from callcenter.postgres.law_texts import texts_of
from callcenter.postgres.receipts import DROP_FORMULA, Proof
from callcenter.web.api.commands import STRICT, TELEPHONE, Name
from callcenter.web.api.given import CSV as CSV_KIND
from callcenter.web.api.given import Given, written
from callcenter.web.api.past import Period
from callcenter.web.api.public import moment
from callcenter.web.api.route import Asked, Route, giving, reading, whole, writing
from callcenter.web.api.runs import Run, RunNow, head_of

Number = Annotated[str, Field(min_length=3, max_length=64, pattern=TELEPHONE)]
Region = Annotated[str, Field(pattern=r"^([A-Z]{2})?$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRule:
    """A rule, what it asks, and where it stands. `verified`: somebody has read it there."""

    rule: str
    says: str
    cite: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack of rules for calling people."""

    name: str
    title: str
    version: str
    regions: list[str]
    law: bool
    digest: str
    rules: list[PackRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """Those of the configuration in force, by name."""

    items: list[Pack]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackText:
    """The very text of a pack that was live once: `digest` is its sha256, by which receipts name it."""

    pack: str
    digest: str
    kept_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingNow:
    """What one rule found."""

    rule: str
    pack: str
    held: bool
    value: str
    limit: str
    cite: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictNow:
    """Whether a number may be dialled now. `next_at`: when next, if it may not and time alone is against it."""

    number: str
    region: str
    campaign: str
    at: datetime | None
    allowed: bool
    next_at: datetime | None
    findings: list[FindingNow]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlawNow:
    """A receipt that was changed, left out, put in or cut off."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainNow:
    """One campaign's chain of receipts. `head`: whoever keeps it elsewhere can prove more later."""

    campaign: str
    receipts: int
    head: str
    flaws: list[FlawNow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceRun(RunNow):
    """A proof that was begun."""

    whole: bool | None = None
    chains: list[ChainNow] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUsed:
    """A pack by which dials were judged."""

    pack: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReport:
    """A campaign's receipts of a time for a regulator."""

    campaign: str
    since: datetime | None
    until: datetime | None
    dials: int
    refusals: int
    refused_by: dict[str, int]
    outcomes: dict[str, int]
    answered: int
    dropped: int
    misjudged: int
    drop_share: float | None
    formula: str
    limits: list[DropLimit]
    packs: list[PackUsed]
    whole: bool
    receipts: int
    head: str


class VerifyBody(BaseModel):
    """Of which campaign; left out: of all. `head`: what its head was once, to be found in its chain still."""

    model_config = STRICT

    campaign: Name | None = None
    head: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _head_is_of_one(self) -> Self:
        if self.head and self.campaign is None:
            raise ValueError("a head is of one campaign")
        return self


class ReceiptsQuery(Period):
    """Which receipts."""

    campaign: Name


class CheckBody(BaseModel):
    """Which number, for which campaign; `region` is the country of a number without a country code."""

    model_config = STRICT

    number: Number
    campaign: Name
    region: Region = ""


# -- the law -----------------------------------------------------------------------------------------------------------


async def _packs(asked: Asked) -> Packs:
    found = asked.parts.configuration().law
    return Packs(items=[_pack(found[name]) for name in sorted(found)])


def _pack(pack: LawPack) -> Pack:
    return Pack(
        name=pack.name,
        title=pack.title,
        version=pack.version,
        regions=list(pack.regions),
        law=pack.law,
        digest=pack.digest,
        rules=[
            PackRule(
                rule=kind_of(rule),
                says=says(rule),
                cite=pack.sources[rule.source].cite,
                verified=pack.sources[rule.source].verified,
            )
            for rule in pack.rules
        ],
    )


async def _text(asked: Asked) -> PackText:
    wanted = asked.subjects["digest"]
    found = (await texts_of(asked.parts.pool, [wanted])).get(wanted)
    if found is None:
        raise unknown(f"text {wanted[:64]}", "no pack that was live has this sha256")
    return PackText(pack=found.pack, digest=found.digest, kept_at=moment(found.kept), text=found.text)


async def _check(asked: Asked) -> VerdictNow:
    whole(asked)
    wish, parts = asked.body_as(CheckBody), asked.parts
    told, verdict = await permission(
        parts.pool, parts.configuration(), wish.number, wish.campaign, wish.region, parts.now()
    )
    return VerdictNow(
        number=told.e164,
        region=told.region,
        campaign=wish.campaign,
        at=moment(verdict.at),
        allowed=verdict.allowed,
        next_at=moment(verdict.next_at),
        findings=[
            FindingNow(
                rule=str(one.kind),
                pack=one.pack,
                held=one.held,
                value=str(one.value),
                limit=str(one.limit),
                cite=one.cite,
                verified=one.verified,
            )
            for one in verdict.findings
        ],
    )


# -- receipts ----------------------------------------------------------------------------------------------------------


async def _report(asked: Asked) -> ComplianceReport:
    whole(asked)
    query, parts = asked.query_as(ReceiptsQuery), asked.parts
    since, until = query.bounds(parts.now())
    found = await summed(parts.pool, parts.configuration().law, query.campaign, since, until)
    tally = found.tally
    return ComplianceReport(
        campaign=query.campaign,
        since=moment(since),
        until=moment(until),
        dials=tally.dials,
        refusals=tally.refusals,
        refused_by=dict(sorted(tally.refused_by.items())),
        outcomes=dict(sorted(tally.outcomes.items())),
        answered=tally.answered,
        dropped=tally.dropped,
        misjudged=tally.misjudged,
        drop_share=tally.share,
        formula=f"drop share = {DROP_FORMULA}",
        limits=list(found.limits),
        packs=[PackUsed(pack=name, version=version, digest=digest) for name, version, digest in sorted(tally.packs)],
        whole=not found.proof.flaws,
        receipts=found.proof.receipts,
        head=found.proof.hash,
    )


async def _receipts(asked: Asked) -> Given:
    whole(asked)
    query, pool = asked.query_as(ReceiptsQuery), asked.parts.pool
    bounds = query.bounds(asked.parts.now())

    async def write(text: TextIO) -> None:
        out = csv.writer(text, lineterminator="\n")
        out.writerow(CSV_HEADS)
        async for link, row in receipt_rows(pool, query.campaign, *bounds):
            at = datetime.fromtimestamp(link.at, UTC).isoformat(timespec="milliseconds")
            out.writerow([cell_of(at if head == "at" else value) for head, value in zip(CSV_HEADS, row, strict=True)])

    return await written("receipts", write)


async def _verify(asked: Asked) -> ComplianceRun:
    whole(asked)
    pool, wish = asked.parts.pool, asked.body_as(VerifyBody)
    campaign = wish.campaign

    async def work(_: Run) -> list[Proof]:
        return await proven(pool, campaign, wish.head)

    return _shown(asked.parts.runs.begin("compliance verify", campaign or "", asked.bearer, work))


async def _run(asked: Asked) -> ComplianceRun:
    return _shown(asked.parts.runs.of(asked.subjects["run"], asked.bearer))


def _shown(run: Run) -> ComplianceRun:
    chains = [_chain(one) for one in run.result if isinstance(one, Proof)] if isinstance(run.result, list) else None
    return ComplianceRun(
        **head_of(run),
        whole=None if chains is None else not any(one.flaws for one in chains),
        chains=chains,
    )


def _chain(proof: Proof) -> ChainNow:
    flaws = [FlawNow(seq=flaw.seq, what=flaw.what) for flaw in proof.flaws]
    return ChainNow(campaign=proof.chain, receipts=proof.receipts, head=proof.hash, flaws=flaws)


A: Final = Area.COMPLIANCE
ROUTES: Final[Sequence[Route]] = (
    reading("compliance packs", "/compliance/packs", A, "The rules for calling people in force.", Packs, _packs),
    reading(
        "compliance text",
        "/compliance/texts/{digest}",
        A,
        "The very text of a pack that receipts name by its sha256, whatever is in force now.",
        PackText,
        _text,
    ),
    writing(
        "compliance check",
        "/compliance/check",
        A,
        "May this number be dialled now? Nothing is written.",
        VerdictNow,
        _check,
        CheckBody,
    ),
    reading(
        "compliance report",
        "/compliance/report",
        A,
        "A campaign's receipts summed up for a regulator, and the proof.",
        ComplianceReport,
        _report,
        ReceiptsQuery,
    ),
    giving(
        "compliance receipts",
        "/compliance/receipts",
        A,
        "Every receipt of a campaign.",
        _receipts,
        CSV_KIND,
        ReceiptsQuery,
    ),
    writing(
        "compliance verify",
        "/compliance/verify",
        A,
        "Prove that no receipt was changed, left out, put in or cut off; a run.",
        ComplianceRun,
        _verify,
        VerifyBody,
        status=202,
    ),
    reading("compliance run", "/compliance/runs/{run}", A, "What came of a proof.", ComplianceRun, _run),
)
