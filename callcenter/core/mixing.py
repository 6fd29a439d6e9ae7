"""Which lists the next leads come from, so that each has its share; and which groups of zones may be called at all.

Knows shares, counts and hours; knows no database.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from callcenter.model.law import CallingHours, LawPack
from callcenter.model.lead import Lead, ListOfLeads


def portions(shares: Mapping[ListOfLeads, int], taken: Mapping[ListOfLeads, int], count: int) -> dict[ListOfLeads, int]:
    """How many of the next `count` leads come from each list.

    One by one from the list that is furthest behind: the least (taken + 1) / share, which keeps every prefix of the
    sequence as near to the shares as whole leads can be (Webster's method). Lists without a share give none.
    """
    able = sorted(name for name, share in shares.items() if share > 0)
    found: dict[ListOfLeads, int] = dict.fromkeys(able, 0)
    for _ in range(count if able else 0):
        behind = min(able, key=lambda name: ((taken.get(name, 0) + found[name] + 0.5) / shares[name], name))
        found[behind] += 1
    return {name: some for name, some in found.items() if some}


def mixed(
    shares: Mapping[ListOfLeads, int], taken: Mapping[ListOfLeads, int], found: Mapping[ListOfLeads, Sequence[Lead]]
) -> list[Lead]:
    """Leads of several lists in the order in which they are called: each list's own order, the lists by their shares.

    By the same rule as `portions`, so that every beginning of it is as near to the shares as whole leads can be; when a
    list has no more, the others go on.
    """
    begun, left = dict(taken), {name: deque(leads) for name, leads in sorted(found.items()) if leads}
    order: list[Lead] = []
    while left:
        behind = min(left, key=lambda name: ((begun.get(name, 0) + 0.5) / shares[name], name))
        order.append(left[behind].popleft())
        begun[behind] = begun.get(behind, 0) + 1
        if not left[behind]:
            del left[behind]
    return order


def callable_now(packs: Sequence[LawPack], zones: Sequence[str], at: float) -> bool:
    """Whether people in a group of zones may be called at this hour, by one pack of law and all of the house's.

    A first look that saves claiming leads in vain: which pack a lead is under tells her number, and her days off tell
    her place, so the law is asked again for each call.
    """
    if not zones:
        return False
    house = all(_open(pack, zones, at) for pack in packs if not pack.law)
    return house and any(_open(pack, zones, at) for pack in packs if pack.law)


def _open(pack: LawPack, zones: Sequence[str], at: float) -> bool:
    return all(rule.hours.held_at(at, zone) for rule in pack.rules if isinstance(rule, CallingHours) for zone in zones)
