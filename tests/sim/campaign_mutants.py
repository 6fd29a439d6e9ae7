"""Engines that break what is promised of campaigns, each in one way."""

import msgspec

from callcenter.core.campaign_asking import Asking, Held
from callcenter.core.campaign_calls import CampaignCalls, Elsewhere
from callcenter.core.campaign_claims import Claims
from callcenter.core.campaign_dialling import dial
from callcenter.core.campaign_ends import CampaignEnds
from callcenter.core.campaign_state import Asked, CampaignRecord, Settling
from callcenter.core.campaigns import Campaigns
from callcenter.core.engine import Engine
from callcenter.core.offers import Offers
from callcenter.core.queues import Queues
from callcenter.core.state import ContactRecord
from callcenter.core.world import World
from callcenter.model.campaign import Campaign
from callcenter.model.campaign_messages import DialJudged
from callcenter.model.configuration import Configuration
from callcenter.model.ids import AgentId, LegId
from callcenter.model.lead import Lead
from callcenter.model.pacing import PacingAnswer


class _AsksAfterwards(Asking):
    __slots__ = ()

    def about(
        self,
        record: CampaignRecord,
        campaign: Campaign,
        lead: Lead,
        answer: PacingAnswer,
        *,
        ready: bool,
        agent: AgentId | None = None,
    ) -> Held | None:
        before = set(record.asked)
        held = super().about(record, campaign, lead, answer, ready=ready, agent=agent)
        for leg in sorted(set(record.asked) - before):
            dial(self._world, record, record.asked.pop(leg))
        return held


class _Hasty(Campaigns):
    __slots__ = ()

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        super().__init__(world, calls)
        self._asking = _AsksAfterwards(world, calls)


class _DialsAnything(Claims):
    __slots__ = ()

    def _hindrance(self, record: CampaignRecord, campaign: Campaign | None, asked: Asked, judged: float) -> str:
        return ""


class _Careless(Campaigns):
    __slots__ = ()

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        super().__init__(world, calls)
        self._claims = _DialsAnything(world, calls, self._by_hand, self._soon)


class _Patient(CampaignCalls):
    __slots__ = ()

    def waited_too_long(self, contact: ContactRecord) -> None:
        """She goes on waiting."""


class _TellsNobody(CampaignEnds):
    __slots__ = ()

    def tell(self, record: CampaignRecord, leg: LegId, settling: Settling) -> None:
        """Nobody hears of it."""
        del record.settling[leg]


class _Silent(CampaignCalls):
    __slots__ = ()

    def __init__(self, world: World, queues: Queues, offers: Offers, elsewhere: Elsewhere) -> None:
        super().__init__(world, queues, offers, elsewhere)
        self.ends = _TellsNobody(world, self.trunks)


class _Forgiving(CampaignCalls):
    __slots__ = ()

    def _drop(self, contact: ContactRecord, record: CampaignRecord, attempt: object, campaign: Campaign | None) -> None:
        day, month = record.pace.day.drops_sum, record.pace.month.drops_sum
        counts = (dict(record.pace.day.drops), dict(record.pace.month.drops))
        super()._drop(contact, record, attempt, campaign)  # type: ignore[arg-type]
        record.pace.day.drops_sum, record.pace.month.drops_sum = day, month
        record.pace.day.drops, record.pace.month.drops = counts


class _OfCampaigns(Engine):
    calls: type[CampaignCalls] = CampaignCalls
    campaigns: type[Campaigns] = Campaigns

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        parts = self.parts
        parts.campaign_calls = self.calls(self.world, parts.queues, parts.offers, self)
        parts.campaigns = self.campaigns(self.world, parts.campaign_calls)
        self.world.campaigns_wrapped = parts.campaigns.wrapped_up


class DialsBeforeItIsWritten(_OfCampaigns):
    """The phone rings while the law is still asked."""

    campaigns = _Hasty


class DialsForNobody(_OfCampaigns):
    """What was judged is dialled, whoever has gone meanwhile."""

    campaigns = _Careless


class DropsNobody(_OfCampaigns):
    """Who answered waits for an agent as long as it takes."""

    calls = _Patient


class CountsNoDrops(_OfCampaigns):
    """Drops are said and not counted."""

    calls = _Forgiving


class SettlesNothing(_OfCampaigns):
    """What came of an attempt is told to nobody."""

    calls = _Silent


class ForgetsWhatItDialled(Engine):
    """Whoever clears up after a kill is told that nothing was dialled."""

    def has_dialled(self, attempt: LegId) -> bool:
        """Never."""
        return False


class _LosesHer(Claims):
    __slots__ = ()

    def judged(self, event: DialJudged) -> None:
        super().judged(msgspec.structs.replace(event, left=()))


class _Loser(Campaigns):
    __slots__ = ()

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        super().__init__(world, calls)
        self._claims = _LosesHer(world, calls, self._by_hand, self._soon)


class ForgetsHerOtherNumbers(_OfCampaigns):
    """A lead of whom one number was refused is nobody's, and not given back."""

    campaigns = _Loser


class _Stubborn(Claims):
    __slots__ = ()

    def judged(self, event: DialJudged) -> None:
        for record in self._world.campaigns.values():
            if event.left and event.attempt in record.asked:
                event = msgspec.structs.replace(event, left=record.asked[event.attempt].dial.lead.numbers)
        super().judged(event)


class _Insister(Campaigns):
    __slots__ = ()

    def __init__(self, world: World, calls: CampaignCalls) -> None:
        super().__init__(world, calls)
        self._claims = _Stubborn(world, calls, self._by_hand, self._soon)


class AsksForTheSameNumber(_OfCampaigns):
    """A number that was refused is asked about again, and again."""

    campaigns = _Insister


CAMPAIGN_MUTANTS = {
    one.__name__: one
    for one in (
        DialsBeforeItIsWritten,
        DialsForNobody,
        DropsNobody,
        CountsNoDrops,
        SettlesNothing,
        ForgetsWhatItDialled,
        ForgetsHerOtherNumbers,
        AsksForTheSameNumber,
    )
}
CAMPAIGN_FINDINGS = {
    "DialsBeforeItIsWritten": r"is dialled before it was written",
    "DialsForNobody": r"and nobody is there|KeyError|has been waiting for .* beside",
    "DropsNobody": r"ago and waits for nobody",
    "CountsNoDrops": r"people were dropped, \d+ are counted",
    "SettlesNothing": r"attempts without an outcome|is settled as void",
    "ForgetsHerOtherNumbers": r"leads that are nobody's and claimed",
    "AsksForTheSameNumber": r"is asked about again, and rests",
    "ForgetsWhatItDialled": r"is settled as void|while she is on the line|while it is on the line",
}
