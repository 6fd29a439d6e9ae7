"""`callcenter compliance`: the law as the dialler knows it, and proof that it was held to. Judges nothing itself."""

import asyncio
import csv
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import Json, cell, emit, say, show, show_grid, show_pairs, stamp
from callcenter.cli.site import Site, site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callcenter.jobs.proof import Summed
    from callcenter.model.law import LawPack, Source
    from callcenter.postgres.receipts import Proof

app = typer.Typer(name="compliance", help="The law of calling people, and the proof of it.", no_args_is_help=True)

PACK_HEADS: Final = ("pack!", "version!", "regions", "rules>", "unverified>", "title")
RULE_HEADS: Final = ("rule!", "says", "source", "verified!")
SHOWN_REGIONS: Final = 6
DAYS_MAX: Final = 3_660
TEXT_HEADS: Final = ("pack!", "version", "sha256!", "kept")
PROOF_HEADS: Final = ("chain!", "receipts>", "flaws>", "head!")
DAY_S: Final = 86_400.0


@app.callback()
def group() -> None:
    """The law of calling people, and the proof of it."""


@app.command("packs")
def packs(
    context: typer.Context,
    pack: Annotated[str | None, typer.Argument(metavar="PACK", help="Only this one, rule by rule.")] = None,
    json: Json = False,
) -> None:
    """List the packs of rules for calling people, or show one of them with its sources."""
    found = _packs(site_of(context))
    if pack is not None and pack not in found:
        raise Failure(Exit.NOT_FOUND, f"there is no pack {pack}", remedy=f"one of {', '.join(sorted(found))}")
    chosen = [found[name] for name in sorted(found) if pack in (None, name)]
    if json:
        emit({"packs": [pack_document(one) for one in chosen]})
    elif pack is None:
        show_grid(PACK_HEADS, (_pack_row(one) for one in chosen))
    else:
        _show_pack(chosen[0])


def _packs(site: Site) -> "Mapping[str, LawPack]":
    from callcenter.config.law import load_packs

    return load_packs(site.settings.config_folder)


def _pack_row(pack: "LawPack") -> tuple[object, ...]:
    regions = ", ".join(pack.regions[:SHOWN_REGIONS]) + (" ..." if len(pack.regions) > SHOWN_REGIONS else "")
    unverified = sum(not pack.sources[rule.source].verified for rule in pack.rules)
    return pack.name, pack.version, regions or "all", len(pack.rules), unverified or "", pack.title


def _show_pack(pack: "LawPack") -> None:
    from callcenter.jobs.law_words import kind_of, says

    show_pairs(
        {
            "pack": pack.name,
            "title": pack.title,
            "version": pack.version,
            "regions": ", ".join(pack.regions) or "all",
            "law": "yes" if pack.law else "no: covers no country by itself",
            "digest": pack.digest,
        }
    )
    rows = [(rule, pack.sources[rule.source]) for rule in pack.rules]
    show_grid(RULE_HEADS, [(kind_of(rule), says(rule), source.cite, _verified(source)) for rule, source in rows])
    for name, source in pack.sources.items():
        say()
        show(cell(f"{name}: {source.cite}", "bold"))
        say(source.says)
        say(f"read: {source.read}" if source.verified else "NOT VERIFIED")
        if source.remark:
            show(cell(source.remark, "dim"))


def _verified(source: "Source") -> str:
    return "yes" if source.verified else "NO"


def pack_document(pack: "LawPack") -> dict[str, object]:
    """A pack for programs."""
    from callcenter.jobs.law_words import kind_of, says

    return {
        "pack": pack.name,
        "title": pack.title,
        "version": pack.version,
        "regions": list(pack.regions),
        "law": pack.law,
        "valid_from": stamp(pack.valid_from),
        "valid_until": stamp(pack.valid_until),
        "digest": pack.digest,
        "rules": [
            {
                "rule": kind_of(rule),
                "says": says(rule),
                "source": rule.source,
                "cite": pack.sources[rule.source].cite,
                "verified": pack.sources[rule.source].verified,
            }
            for rule in pack.rules
        ],
        "sources": {
            name: {"cite": one.cite, "says": one.says, "read": one.read, "remark": one.remark}
            for name, one in pack.sources.items()
        },
    }


# -- proof -------------------------------------------------------------------------------------------------------------


@app.command("check")
def check(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In E.164, or as it is written in --region.")],
    campaign: Annotated[str, typer.Option("--campaign", help="By whose rules, of the configuration's folder.")],
    region: Annotated[str, typer.Option("--region", help="Country of a number without a country code.")] = "",
    json: Json = False,
) -> None:
    """May this number be dialled now for a campaign? Every rule, with what it looks at; nothing is written."""
    from callcenter.cli.checking import checked, document, show_verdict

    told, verdict = asyncio.run(checked(site_of(context), number, campaign, region))
    if json:
        emit(document(told, campaign, verdict))
    else:
        show_verdict(told, campaign, verdict)
    if not verdict.allowed:
        raise typer.Exit(int(Exit.PROBLEMS))


@app.command("verify")
def verify(
    context: typer.Context,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Only this chain.")] = None,
    head: Annotated[str, typer.Option("--head", help="Its head of before, as you kept it: is it in there?")] = "",
    json: Json = False,
) -> None:
    """Prove that no receipt was changed, left out, put in or cut off; ends with 1 if one was."""
    if head and campaign is None:
        raise Failure(Exit.USAGE, "--head is of one chain", remedy="--campaign NAME")
    proofs = asyncio.run(_proven(site_of(context), campaign, head))
    flaws = [flaw for proof in proofs for flaw in proof.flaws]
    if json:
        emit({"whole": not flaws, "chains": [proof_document(proof) for proof in proofs]})
    else:
        rows = [(proof.chain, proof.receipts, len(proof.flaws) or "", proof.hash) for proof in proofs]
        show_grid(PROOF_HEADS, rows, empty="there are no receipts")
        for flaw in flaws:
            say(f"{flaw.chain}{f' {flaw.seq}' if flaw.seq else ''}: {flaw.what}")
    if flaws:
        raise typer.Exit(Exit.PROBLEMS)


async def _proven(site: Site, campaign: str | None, head: str) -> "list[Proof]":
    from callcenter.jobs.proof import proven

    async with site.database() as pool:
        return await proven(pool, campaign, head)


def proof_document(proof: "Proof") -> dict[str, object]:
    """What a look at a chain found, for programs."""
    return {
        "campaign": proof.chain,
        "receipts": proof.receipts,
        "head": proof.hash,
        "flaws": [{"seq": flaw.seq, "what": flaw.what} for flaw in proof.flaws],
    }


@app.command("text")
def text(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="[DIGEST]", help="sha256 of a text, or its beginning.")] = "",
    campaign: Annotated[str, typer.Option("--campaign", help="Whose receipt; with --receipt.")] = "",
    receipt: Annotated[int, typer.Option("--receipt", metavar="SEQ", min=0, help="By which it was judged.")] = 0,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="FILE", help="Put a text in that is missing.")] = None,
    json: Json = False,
) -> None:
    """Print the very text of a pack that receipts name by its sha256, of whatever version; without DIGEST list them."""
    from callcenter.cli.law_texts import found_texts, put_in, text_document, text_of

    if bool(campaign) != bool(receipt):
        raise Failure(Exit.USAGE, "--campaign and --receipt go together", remedy="--campaign spring --receipt 17")
    if keep is not None and (digest or campaign):
        raise Failure(Exit.USAGE, "--keep stands alone", remedy="--keep us.yaml")
    site = site_of(context)
    looking = found_texts(site, digest, campaign, receipt) if keep is None else put_in(site, *text_of(keep))
    found = asyncio.run(looking)
    if json:
        emit({"texts": [text_document(one) for one in found]})
    elif digest:
        sys.stdout.buffer.write(found[0].text.encode())
        sys.stdout.buffer.flush()
    else:
        rows = ((one.pack, one.version, one.digest, stamp(one.kept) or "NOT KEPT") for one in found)
        show_grid(TEXT_HEADS, rows, empty="no text is kept: the center has not run yet")


@app.command("report")
def report(
    context: typer.Context,
    campaign: Annotated[str, typer.Option("--campaign", help="The campaign.")],
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="So many days back from now.")] = 30,
    receipts: Annotated[bool, typer.Option("--csv", help="Every receipt as CSV instead of the sums.")] = False,
    texts: Annotated[
        Path | None, typer.Option("--texts", metavar="FOLDER", help="Also write the packs' texts there.")
    ] = None,
    json: Json = False,
) -> None:
    """Sum up a campaign's receipts for a regulator: dials, refusals by rule, drops with the formula, and the proof."""
    until = time.time()
    since = until - days * DAY_S
    site = site_of(context)
    if texts is not None:
        _write(asyncio.run(_texts(site, campaign, since, until)), texts)
    if receipts:
        asyncio.run(_written(site, campaign, since, until))
        return
    document = report_document(campaign, since, until, asyncio.run(_tallied(site, campaign, since, until)))
    if json:
        emit(document)
        return
    show_pairs({key: _flat(value) for key, value in document.items()})


def _write(texts: "Mapping[str, str]", folder: Path) -> None:
    """One file each; what a hash is of is written byte by byte."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise Failure(Exit.USAGE, f"{folder} cannot be written: {error.strerror}") from error


async def _texts(site: Site, campaign: str, since: float, until: float) -> "dict[str, str]":
    from callcenter.jobs.proof import texts_to_export

    async with site.database() as pool:
        return await texts_to_export(pool, campaign, since, until)


async def _tallied(site: Site, campaign: str, since: float, until: float) -> "Summed":
    from callcenter.jobs.proof import summed

    packs = _packs(site)
    async with site.database() as pool:
        return await summed(pool, packs, campaign, since, until)


def report_document(campaign: str, since: float, until: float, found: "Summed") -> dict[str, object]:
    """The report for programs."""
    from callcenter.postgres.receipts import DROP_FORMULA

    tally, proof = found.tally, found.proof
    return {
        "campaign": campaign,
        "since": stamp(since),
        "until": stamp(until),
        "dials": tally.dials,
        "refusals": tally.refusals,
        "refused_by": dict(sorted(tally.refused_by.items())),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "answered": tally.answered,
        "dropped": tally.dropped,
        "misjudged": tally.misjudged,
        "drop_share": tally.share,
        "formula": f"drop share = {DROP_FORMULA}",
        "limits": [
            {"days": one.days, "share_max": one.share_max, "pack": one.pack, "cite": one.cite} for one in found.limits
        ],
        "packs": [
            {"pack": name, "version": version, "digest": digest} for name, version, digest in sorted(tally.packs)
        ],
        "whole": not proof.flaws,
        "receipts": proof.receipts,
        "head": proof.hash,
    }


def _flat(value: object) -> object:
    """A value of the report in one line."""
    match value:
        case dict():
            return ", ".join(f"{key} {one}" for key, one in value.items())
        case list():
            return "; ".join(str(_flat(one)) for one in value)
        case bool():
            return "yes" if value else "NO: callcenter compliance verify"
        case float():
            return f"{value:.2%}"
        case _:
            return value


async def _written(site: Site, campaign: str, since: float, until: float) -> None:
    """Receipts as CSV on standard output, one by one: there may be millions."""
    from callcenter.jobs.proof import CSV_HEADS, cell_of, receipt_rows

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(CSV_HEADS)
    async with site.database() as pool:
        async for link, row in receipt_rows(pool, campaign, since, until):
            cells = zip(CSV_HEADS, row, strict=True)
            out.writerow([cell_of(stamp(link.at) if head == "at" else value) for head, value in cells])
