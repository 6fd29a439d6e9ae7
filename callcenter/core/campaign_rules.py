"""The rules by which a campaign's calls are judged: its packs of law, and its own limits as a pack beside them."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from callcenter.model.campaign import Campaign
from callcenter.model.law import AttemptLimit, LawPack, Source

_SOURCE: Final = "limits"


def packs_of(campaign: Campaign, law: Mapping[str, LawPack]) -> tuple[LawPack, ...]:
    """Those of its packs that are there, and its own, which covers no country."""
    packs = tuple(law[name] for name in campaign.law if name in law)
    return (*packs, _own(campaign)) if campaign.limits else packs


def all_packs(campaigns: Iterable[Campaign], law: Mapping[str, LawPack]) -> tuple[LawPack, ...]:
    """Every pack by which a call may be judged: those of the law, and campaigns' own limits."""
    return (*law.values(), *(_own(campaign) for campaign in campaigns if campaign.limits))


def _own(campaign: Campaign) -> LawPack:
    cite = f"campaigns.yaml, {campaign.name}"
    said = [{"of": str(one.of), "at_most": one.at_most, "within_s": one.within_s} for one in campaign.limits]
    text = f"{msgspec.json.encode({'limits': said}).decode()}\n"
    return LawPack(
        name=f"campaign {campaign.name}",
        title="The campaign's own limits",
        version="",
        law=False,
        sources={_SOURCE: Source(cite=cite, says="So many calls at most.", read=cite)},
        rules=tuple(
            AttemptLimit(source=_SOURCE, of=one.of, at_most=one.at_most, within_s=one.within_s)
            for one in campaign.limits
        ),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )
