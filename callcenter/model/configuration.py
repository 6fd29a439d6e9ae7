"""Everything the engine is configured with, as one frozen value. Knows no file, no syntax, no default folder."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from callcenter.model.calendar import Calendar
from callcenter.model.campaign import Campaign
from callcenter.model.customer import CustomerRules
from callcenter.model.disposition import DispositionTree
from callcenter.model.flow import Flow, Prompt
from callcenter.model.ids import CalendarName, FlowName, ListName, QueueName, TreeName
from callcenter.model.law import LawPack
from callcenter.model.lead import CampaignName
from callcenter.model.mail import Mailbox
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.parking import Parking
from callcenter.model.postcode import Postcodes
from callcenter.model.queue import Queue
from callcenter.model.routing import Routing
from callcenter.model.trunk import Guard, Line, Trunk, nothing_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Queues, flows, calendars and numbers. Names referred to exist: whoever builds one has checked it."""

    queues: Mapping[QueueName, Queue] = field(default_factory=dict)
    flows: Mapping[FlowName, Flow] = field(default_factory=dict)
    calendars: Mapping[CalendarName, Calendar] = field(default_factory=dict)
    numbers: Mapping[str, FlowName] = field(default_factory=dict)  # dialled number or feature code -> flow
    default_flow: FlowName | None = None  # for a number that is not listed; None: such a call is hung up
    forward_to: tuple[str, ...] = ()  # regular expressions: outside numbers that a call may be forwarded to
    lookup_hosts: tuple[str, ...] = ()  # that lookups may ask: host, or host:port
    callback_to: tuple[str, ...] = ()  # regular expressions: numbers that may be called back
    parking: Parking | None = None  # None: nobody can be parked
    dial_out: QueueName | None = None  # for which agents call from their phones; None: they do not
    record_colleagues: QueueName | None = None  # by whose rules calls between agents are recorded; None: they are not
    ring_in_use: bool = False  # whether phones are rung that are in use by calls which are none of ours
    end_key: str = ""  # one to three keys by which an agent ends her talk on her phone; "": none
    prompts: Mapping[str, Prompt] = field(default_factory=dict)  # every prompt there is, by name
    mailboxes: Mapping[str, Mailbox] = field(default_factory=dict)  # those of which something is to be said
    lists: Mapping[ListName, NumberList] = field(default_factory=dict)  # of numbers: the important, do-not-call
    numbering: Numbering = field(default=Numbering())  # how numbers are made comparable
    routing: Routing = field(default_factory=Routing)
    law: Mapping[str, LawPack] = field(default_factory=dict)  # packs of rules for calling people: ours and its own
    dispositions: Mapping[TreeName, DispositionTree] = field(default_factory=dict)  # what agents record of talks
    customers: CustomerRules = field(default_factory=CustomerRules)
    campaigns: Mapping[CampaignName, Campaign] = field(default_factory=dict)
    trunks: Mapping[str, Trunk] = field(default_factory=dict)  # the ways out of campaigns
    guard: Guard = field(default_factory=Guard)  # against toll fraud
    postcodes: Postcodes = field(default_factory=dict)  # the time zones that they tell
    tells: Callable[[str], Line] = field(default=nothing_told, compare=False)  # what a dialled number is, by its plan

    def calendars_open(self, at: float) -> frozenset[str]:
        """The names of the calendars that are open at `at`."""
        return frozenset(name for name, calendar in self.calendars.items() if calendar.is_open(at))

    def calendars_on_holiday(self, at: float) -> frozenset[str]:
        """The names of the calendars for which `at` is a holiday."""
        return frozenset(name for name, calendar in self.calendars.items() if calendar.is_holiday(at))

    def is_listed(self, name: ListName, number: str) -> bool:
        """Whether a number, however it is written, is in a list; a list that is not there has nobody in it."""
        listed = self.lists.get(name)
        return listed is not None and number in listed

    def may_forward_to(self, number: str) -> bool:
        """Whether a call may be sent to, or an agent may consult, this outside number."""
        return any(re.fullmatch(allowed, number) for allowed in self.forward_to)

    def strategies(self) -> Iterator[str]:
        """The names of the strategies in use."""
        return iter(sorted({queue.strategy for queue in self.queues.values()}))
