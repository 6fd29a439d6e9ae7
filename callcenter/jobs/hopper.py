"""The hopper: a bounded heap of claimed leads between a campaign's lists and its dialler.

Knows orders, filters, shares and open zones; knows no pacing. What lies in it is claimed, so that no other dialler has
it; it is kept small, because what was claimed an hour ago was judged an hour ago.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from callcenter.core.mixing import callable_now, mixed, portions
from callcenter.model.campaign import Campaign
from callcenter.model.law import LawPack
from callcenter.model.lead import Lead, ListOfLeads
from callcenter.model.lead_filter import parse_filter
from callcenter.postgres.leads import Leads

HOPPER_MAX: Final = 200
LOW_SHARE: Final = 0.5
"""Below this part of its size the hopper is filled."""


class Hopper:
    """The leads that a campaign calls next."""

    def __init__(
        self, leads: Leads, campaign: Campaign, packs: Sequence[LawPack], *, size_max: int = HOPPER_MAX
    ) -> None:
        """Raises FilterSyntaxError for a campaign's filter that cannot be read."""
        self._leads = leads
        self._campaign = campaign
        self._packs = tuple(packs)
        self._only = parse_filter(campaign.only)
        self._size_max = size_max
        self._heap: deque[Lead] = deque()
        self._taken: dict[ListOfLeads, int] = {}

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def low(self) -> bool:
        """Whether it is time to fill it."""
        return len(self._heap) < LOW_SHARE * self._size_max

    def take(self) -> Lead | None:
        """The next lead; None if it is empty."""
        return self._heap.popleft() if self._heap else None

    async def fill(self, at: float) -> int:
        """Claim leads up to its size, by the lists' shares; what one list lacks, others give. Gives how many."""
        claimed = 0
        empty: set[ListOfLeads] = set()
        before, of_lists = dict(self._taken), dict[ListOfLeads, list[Lead]]()
        while (room := self._size_max - len(self._heap) - claimed) > 0:
            shares = {name: share for name, share in self._campaign.lists.items() if name not in empty}
            wanted = portions(shares, self._taken, room)
            if not wanted:
                break
            for name, count in wanted.items():
                found = await self._claim(name, count, at)
                claimed += len(found)
                of_lists.setdefault(name, []).extend(found)
                self._taken[name] = self._taken.get(name, 0) + len(found)
                if len(found) < count:
                    empty.add(name)
        self._heap.extend(mixed(self._campaign.lists, before, of_lists))
        return claimed

    async def _claim(self, name: ListOfLeads, count: int, at: float) -> tuple[Lead, ...]:
        await self._leads.wake(name, at)
        zones = [group for group in await self._leads.zones(name) if callable_now(self._packs, group, at)]
        if not zones:
            return ()
        return await self._leads.claim(
            name,
            count,
            zones=zones,
            order=self._campaign.order,
            order_field=self._campaign.order_field,
            only=self._only,
            at=at,
        )

    async def empty(self) -> int:
        """Give all that lies in it back to the lists (the campaign stops, its hours end); gives how many."""
        back = [lead.id for lead in self._heap]
        self._heap.clear()
        return await self._leads.release(back) if back else 0
