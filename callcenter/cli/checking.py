"""What `callcenter compliance check` looks up and shows: one number, one campaign, all rules. No more."""

import time
from typing import TYPE_CHECKING, Final

from callcenter.cli.screen import cell, say, show, show_grid, stamp

if TYPE_CHECKING:
    from callcenter.cli.site import Site
    from callcenter.geography.numbers import Telling
    from callcenter.model.law import Verdict

HEADS: Final = ("rule!", "pack!", "holds", "is", "must be", "from")


async def checked(site: "Site", number: str, campaign: str, region: str) -> "tuple[Telling, Verdict]":
    """The number as it is dialled, and the verdict of now."""
    from callcenter.jobs.permission import permission

    configuration = site.configuration()
    async with site.database() as pool:
        return await permission(pool, configuration, number, campaign, region, time.time())


def document(telling: "Telling", campaign: str, verdict: "Verdict") -> dict[str, object]:
    """The verdict for programs."""
    return {
        "number": telling.e164,
        "region": telling.region,
        "campaign": campaign,
        "at": stamp(verdict.at),
        "allowed": verdict.allowed,
        "next_at": None if verdict.next_at is None else stamp(verdict.next_at),
        "findings": [
            {
                "rule": str(one.kind),
                "pack": one.pack,
                "held": one.held,
                "value": one.value,
                "limit": one.limit,
                "cite": one.cite,
                "verified": one.verified,
            }
            for one in verdict.findings
        ],
    }


def show_verdict(telling: "Telling", campaign: str, verdict: "Verdict") -> None:
    """The verdict for people."""
    if verdict.allowed:
        words = f"{telling.e164} may be dialled now for {campaign}"
    elif verdict.next_at is None:
        words = f"{telling.e164} may not be dialled for {campaign}: somebody has to act first"
    else:
        words = f"{telling.e164} may not be dialled for {campaign} before {stamp(verdict.next_at)}"
    show(cell(words, "bold green" if verdict.allowed else "bold red"))
    say()
    rows = (
        (
            str(one.kind),
            one.pack,
            cell("yes", "") if one.held else cell("NO", "bold red"),
            one.value,
            one.limit,
            f"{one.cite}{'' if one.verified else ' (not verified)'}",
        )
        for one in verdict.findings
    )
    show_grid(HEADS, rows, empty="no rule")
