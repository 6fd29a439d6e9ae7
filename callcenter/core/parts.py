"""The parts of the core, put together. Knows who needs whom; decides nothing."""

from typing import Protocol

from callcenter.core import callbacks, campaign_calls, colleagues, dialling, flows, lost, mailroom, parking, queues
from callcenter.core import transfers as handing_on
from callcenter.core.applying import Applying
from callcenter.core.callbacks import Callbacks
from callcenter.core.campaign_calls import CampaignCalls
from callcenter.core.campaigns import Campaigns
from callcenter.core.colleagues import Colleagues
from callcenter.core.consult import Consults
from callcenter.core.control import Control
from callcenter.core.dial_out import DialOut
from callcenter.core.dialling import Dialling
from callcenter.core.flows import Flows
from callcenter.core.lost import LostAgents
from callcenter.core.mailroom import Mailroom
from callcenter.core.matching import Matching
from callcenter.core.monitoring import Monitoring
from callcenter.core.nails import Nails
from callcenter.core.offers import Offers
from callcenter.core.parking import ParkingPlace
from callcenter.core.phone_use import PhonesInUse
from callcenter.core.phones import Phones
from callcenter.core.queues import Queues
from callcenter.core.talk import Talk
from callcenter.core.transfers import Transfers
from callcenter.core.world import World


class Whole(
    campaign_calls.Elsewhere,
    callbacks.Elsewhere,
    colleagues.Door,
    dialling.Elsewhere,
    flows.Elsewhere,
    handing_on.Elsewhere,
    lost.Elsewhere,
    mailroom.Elsewhere,
    parking.Teller,
    queues.Elsewhere,
    Protocol,
):
    """All that a part may ask of the others together."""


class Parts:
    """One of each. Whoever deals with many of them holds these, and not each by itself."""

    __slots__ = (
        "applying",
        "callbacks",
        "campaign_calls",
        "campaigns",
        "colleagues",
        "consults",
        "control",
        "dial_out",
        "dialling",
        "flows",
        "lost",
        "mailroom",
        "matching",
        "monitoring",
        "nails",
        "offers",
        "parking",
        "phones",
        "phones_in_use",
        "queues",
        "talk",
        "transfers",
        "world",
    )

    def __init__(self, world: World, whole: Whole) -> None:
        self.world = world
        self.flows = Flows(world, whole)
        self.queues = Queues(world, whole)
        self.applying = Applying(world, self.queues)
        self.offers = Offers(world, self.queues)
        self.callbacks = Callbacks(world, self.queues, whole)
        self.dialling = Dialling(world, self.queues, self.offers, self.callbacks, whole)
        self.mailroom = Mailroom(world, self.queues, self.callbacks, whole)
        self.talk = Talk(world, self.queues, self.offers, self.flows, self.callbacks, self.dialling, self.mailroom)
        self.nails = Nails(world)
        self.phones_in_use = PhonesInUse(world)
        self.campaign_calls = CampaignCalls(world, self.queues, self.offers, whole)
        self.campaigns = Campaigns(world, self.campaign_calls)
        world.campaigns_wrapped = self.campaigns.wrapped_up
        self.monitoring = Monitoring(world, self.talk)
        self.control = Control(world)
        self.transfers = Transfers(world, self.queues, whole)
        self.consults = Consults(world, self.transfers, self.talk)
        self.lost = LostAgents(world, self.queues, self.transfers, whole)
        self.parking = ParkingPlace(world, self.transfers, self.talk, whole)
        self.colleagues = Colleagues(world, whole)
        self.phones = Phones(world, self.transfers, self.consults, self.parking, self.talk)
        self.matching = Matching(world, self.offers, self.queues)
        self.dial_out = DialOut(world, self.callbacks, self.offers, self.matching)
