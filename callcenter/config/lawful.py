"""Campaigns that the law they name, and the guard, let call nobody at all: remarks, since packs may change. Pure.

Knows the model and what packs ask at most; judges no call.
"""

from collections.abc import Collection, Iterator
from typing import Final

from callcenter.config.tree import Tree
from callcenter.core.law import strictest
from callcenter.errors import Problem
from callcenter.model.campaign import AHEAD, Campaign, Mode
from callcenter.model.configuration import Configuration

SHOWN_MAX: Final = 6  # countries in one line


def calls_nobody(configuration: Configuration, campaigns: Tree) -> Iterator[Problem]:
    """What each campaign would be refused for, whomever it calls and whenever. `campaigns` is campaigns.yaml's tree."""
    for name, campaign in configuration.campaigns.items():
        for key, what, remedy in _refused(configuration, campaign):
            written = (name, key) in campaigns.values
            yield campaigns.problem((name, key) if written else (name,), what, remedy, at_key=not written)


def _refused(configuration: Configuration, campaign: Campaign) -> Iterator[tuple[str, str, str]]:
    packs = [configuration.law[name] for name in campaign.law if name in configuration.law]
    covered = {region for pack in packs if pack.law for region in pack.regions}
    guard = configuration.guard
    if not any(pack.law for pack in packs):
        what = "it calls nobody: none of its packs is a country's law"
        yield "law", what, "law: [us, house], for the United States; `callcenter compliance packs` lists them"
    elif not guard.prefixes and not covered.intersection(guard.regions):
        what = f"it calls nobody: its law is that of {_some(covered)}, and the guard allows {_some(guard.regions)}"
        yield "law", what, "guard.regions in trunks.yaml"
    limits = strictest(packs)
    if limits.ring_s is not None and campaign.ring_s < limits.ring_s.limit:
        what = f"phones ring for {campaign.ring_s:g} s, and the pack {limits.ring_s.pack} wants {limits.ring_s.limit:g}"
        yield "ring_s", what, f"ring_s: {limits.ring_s.limit:g}"
    ahead = campaign.mode in AHEAD or campaign.mode is Mode.BROADCAST
    if ahead and limits.message_within_s is not None and campaign.message_within_s > limits.message_within_s.limit:
        won = limits.message_within_s
        what = (
            f"who is dropped is told after {campaign.message_within_s:g} s, and the pack {won.pack} wants {won.limit:g}"
        )
        yield "message_within_s", what, f"message_within_s: {won.limit:g}"


def _some(regions: Collection[str]) -> str:
    found = sorted(regions)
    return ", ".join(found[:SHOWN_MAX]) + (" ..." if len(found) > SHOWN_MAX else "")
