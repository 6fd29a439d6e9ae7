"""What the parts of the engine share: the state, the indexes, the time, and the list of what goes out.

Knows how to find a contact and to name things; decides nothing. One `World` belongs to one engine, and only the part
that handles the present event writes to it.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from callcenter.core.agents import Agents
from callcenter.core.campaign_state import CampaignRecord
from callcenter.core.guard import GuardMemory
from callcenter.core.learnt import Learnt
from callcenter.core.line_rules import rules_of
from callcenter.core.lines import WaitingLines
from callcenter.core.marks import Marks
from callcenter.core.monitors import MonitorRecord
from callcenter.core.state import Abandoned, ContactRecord, LastServed, Outlook
from callcenter.core.timers import Timers
from callcenter.core.trunks import TrunkUse
from callcenter.errors import Bug
from callcenter.model.commands import HangUp, JoinBridge
from callcenter.model.configuration import Configuration
from callcenter.model.contact import LegEnd
from callcenter.model.disposition import Talked
from callcenter.model.entry import Output
from callcenter.model.facts import ContactOpened, Surprise
from callcenter.model.ids import (
    AgentId,
    BridgeId,
    CardId,
    ContactId,
    LegId,
    LookupId,
    Mint,
    MonitorId,
    PlaybackId,
    QueueName,
    RecordingId,
    Version,
)
from callcenter.model.lead import CampaignName
from callcenter.model.numbers import subscriber
from callcenter.model.queue import Queue

LAST_SERVED_MAX: Final = 50_000  # callers whose last agent is remembered
ABANDONED_MAX: Final = 10_000  # callers who gave up waiting and may have their place back
BURIED_MAX: Final = 10_000  # customers' legs that are remembered as ended, should they be seen again

ANY_QUEUE: Final = QueueName("")  # where the memory of who served whom does not ask in which queue

NOBODY: Final = ContactId("-")  # for commands about legs that belong to no contact


Library = dict[Version, Configuration]


class World:
    """The engine's memory."""

    __slots__ = (
        "_asked_of_all",
        "_calendars",
        "_known_by",
        "_minute",
        "abandoned",
        "agents",
        "ahead",
        "at_once",
        "blind",
        "bridges",
        "buried",
        "campaigns",
        "campaigns_wrapped",
        "cards",
        "configuration",
        "contacts",
        "dialler",
        "draining",
        "ears",
        "guard_memory",
        "kept",
        "last_served",
        "learnt",
        "legs",
        "library",
        "lines",
        "lookups",
        "mails",
        "marks",
        "may_record",
        "mint",
        "monitors",
        "nailed",
        "newly_ahead",
        "newly_waiting",
        "now",
        "out",
        "outlooks",
        "playbacks",
        "promises",
        "queued",
        "recordings",
        "silent",
        "slots",
        "talked",
        "timers",
        "trunk_uses",
        "unpredicted",
        "version",
    )

    def __init__(self, configuration: Configuration, version: Version, library: Library) -> None:
        self.configuration = configuration  # in force
        self.version = version
        self.library = library  # every version that a contact lives by, or that may be applied; others fill it
        self.library[version] = configuration
        self.now = 0.0
        self.blind = False  # restarted with live contacts and not told yet what became of them: deadlines wait
        self.out: list[Output] = []
        self.silent: set[BridgeId] = set()  # where this turn began music, and there was none
        self.mint: Mint | None = None
        self.timers = Timers()
        self.agents = Agents(self.timers, self.out, configuration.routing.interruptible)
        self.agents.on_wrapped = self.wrapped
        self.lines = WaitingLines(rules_of(configuration))
        self.kept: dict[AgentId, dict[ContactId, None]] = {}  # contacts that wait for nobody but this agent
        self.contacts: dict[ContactId, ContactRecord] = {}
        self.legs: dict[LegId, ContactId] = {}  # every leg that a contact still counts on
        # a dict from whose front is deleted is walked from its old beginning each time; an OrderedDict is not
        self.buried: OrderedDict[LegId, bool] = OrderedDict()  # latest ended customers' legs: see `bury`
        self.monitors: dict[MonitorId, MonitorRecord] = {}  # supervisors on the line
        self.nailed: dict[LegId, AgentId] = {}  # the long legs of phones that are nailed up, and the ears there
        self.at_once: list[LegId] = []  # of these, that were given to a contact: nothing rings, she is there
        self.ears: dict[LegId, MonitorId] = {}  # their own legs, and those that listen for them
        self.bridges: dict[BridgeId, ContactId] = {}
        self.playbacks: dict[PlaybackId, ContactId] = {}
        self.recordings: dict[RecordingId, ContactId] = {}  # messages being recorded
        self.mails: dict[RecordingId, ContactId] = {}  # messages that wait to be heard
        self.slots: dict[str, ContactId] = {}  # who is parked where
        self.lookups: dict[LookupId, ContactId] = {}  # being asked
        self.cards: dict[CardId, ContactId] = {}  # being typed, or paid with
        self.queued: dict[QueueName, dict[ContactId, None]] = {}  # waiting, offered or connecting, per queue
        self.newly_waiting: list[ContactId] = []  # taken up by matching, in order
        self.ahead = WaitingLines(rules_of(configuration))  # customers to be called before there is an agent for them
        self.newly_ahead: list[ContactId] = []
        self._known_by: dict[ContactId, tuple[str, ...]] = {}  # under which numbers a promise is found
        self.promises: dict[str, dict[ContactId, None]] = {}  # number in normal form -> who is promised a callback
        self.abandoned: OrderedDict[tuple[QueueName, str], Abandoned] = (
            OrderedDict()
        )  # by queue and number, the latest last
        self.campaigns: dict[CampaignName, CampaignRecord] = {}
        self.campaigns_wrapped: Callable[[QueueName, float], None] | None = None  # told as `wrapped` is
        self.trunk_uses: dict[str, TrunkUse] = {}
        self.guard_memory = GuardMemory()
        self.dialler = ""  # that holds our leads in Postgres; "": none does
        self.draining: set[QueueName] = set()
        self.may_record = True  # False: the disk is full
        self._minute = -1.0
        self._calendars: dict[Version, tuple[frozenset[str], frozenset[str]]] = {}  # open and on holiday, in `_minute`
        self.learnt: dict[QueueName, Learnt] = {}
        self.outlooks: dict[QueueName, Outlook] = {}  # the latest forecasts; queues that share agents share one
        self.unpredicted: list[ContactId] = []  # came into a queue that wants forecasts, in order
        self._asked_of_all: tuple[Configuration | None, bool] = (None, False)  # does a queue ask who served in any?
        self.last_served: OrderedDict[tuple[QueueName, str], LastServed] = OrderedDict()
        self.marks = Marks()
        self.talked: OrderedDict[ContactId, list[Talked]] = OrderedDict()  # of which something may be recorded

    def mints(self) -> Mint:
        """Where ids come from. Raises Bug before the first EngineStarted."""
        if self.mint is None:
            raise Bug("the engine was given an event before EngineStarted")
        return self.mint

    def admit(self, contact: ContactRecord) -> None:
        """A new contact, with a customer on the line or without: from here on it can be found, and is told of."""
        self.contacts[contact.id] = contact
        if contact.leg is not None:
            self.legs[contact.leg] = contact.id
        self.out.append(
            ContactOpened(
                contact=contact.id,
                leg=contact.leg,
                medium=contact.medium,
                direction=contact.direction,
                caller=contact.caller,
                caller_name=contact.caller_name,
                dialled=contact.dialled,
                dialler=contact.dialler,
            )
        )

    def let_go(self, contact: ContactRecord, leg: LegId, end: LegEnd = LegEnd.NORMAL) -> None:
        """The contact needs this leg of an agent's, or of somebody called, no more: hung up, unless it is nailed up."""
        self.legs.pop(leg, None)
        agent = self.nailed.get(leg)
        if agent is None:
            self.out.append(HangUp(contact=contact.id, leg=leg, end=end))
            return
        nail = self.agents.records[agent].nail
        if nail is not None and nail.inside != nail.bridge and not nail.unhoused:
            # in this lane, so as to be out before the bridge is closed
            self.out.append(JoinBridge(contact=contact.id, bridge=nail.bridge, leg=leg))

    def by_leg(self, leg: LegId) -> ContactRecord | None:
        """The live contact this leg belongs to."""
        contact = self.legs.get(leg)
        return self.contacts[contact] if contact is not None else None

    def queue_of(self, contact: ContactRecord) -> Queue:
        """The queue the contact is in. Raises Bug if it is in none."""
        if contact.queue is None:
            raise Bug(f"{contact.id} is in no queue")
        return self.rules_for(contact, contact.queue)

    def rules_for(self, contact: ContactRecord, queue: QueueName) -> Queue:
        """A queue that the contact is or was in: as it is now, or as it was when the contact came to it."""
        version = contact.version
        asked = self.configuration if version == self.version else self.library[version]
        return asked.queues[queue]

    def open_calendars(self, version: Version | None = None) -> frozenset[str]:
        """The calendars that are open now, of the configuration in force or of another version."""
        return self.calendars_now(self.version if version is None else version)[0]

    def calendars_now(self, version: Version) -> tuple[frozenset[str], frozenset[str]]:
        """The calendars that are open now, and those for which today is a holiday.

        Opening hours change on the minute only, so one look at the clock on the wall serves a minute of calls.
        """
        minute = self.now // 60
        if self._minute != minute:
            self._minute = minute
            self._calendars.clear()
        known = self._calendars.get(version)
        if known is None:
            asked = self.library[version]
            known = self._calendars[version] = (asked.calendars_open(self.now), asked.calendars_on_holiday(self.now))
        return known

    def surprise(self, what: str, contact: ContactRecord | None = None) -> None:
        """Tell that something happened which should not have."""
        self.out.append(Surprise(what=what, contact=contact.id if contact is not None else None))

    def bury(self, leg: LegId) -> None:
        """This customer's leg has ended as far as we are concerned, even if it is seen again.

        Until it is told to have left Asterisk's application (`left`): if it arrives after that, it was sent in anew.
        """
        self.buried[leg] = False
        if len(self.buried) > BURIED_MAX:
            self.buried.popitem(last=False)

    def left(self, leg: LegId) -> None:
        """This leg is out of our hands; where it goes on, if it lives, is the dialplan's business."""
        if leg in self.buried:
            self.buried[leg] = True

    def promised(self, contact: ContactRecord) -> None:
        """The contact is promised a callback: she is known by that number, and by the one she called from."""
        numbers = self._known_by[contact.id] = self._numbers_of(contact)
        for number in numbers:
            self.promises.setdefault(number, {})[contact.id] = None

    def no_longer_promised(self, contact: ContactRecord) -> None:
        """The promise is settled."""
        for number in self._known_by.pop(contact.id, ()):
            under = self.promises[number]
            del under[contact.id]
            if not under:
                del self.promises[number]

    def _numbers_of(self, contact: ContactRecord) -> tuple[str, ...]:
        known = (contact.caller, contact.callback.number if contact.callback is not None else "")
        numbers = (subscriber(self.configuration.numbering, number) for number in known)
        return tuple(dict.fromkeys(number for number in numbers if number))

    def remember_place(self, queue: QueueName, caller: str, since: float) -> None:
        """This caller gave up waiting; the memory is bounded, the oldest is forgotten."""
        self.abandoned.pop((queue, caller), None)
        self.abandoned[queue, caller] = Abandoned(since=since, at=self.now)
        if len(self.abandoned) > ABANDONED_MAX:
            self.abandoned.popitem(last=False)

    def learnt_of(self, queue: QueueName) -> Learnt:
        """What is learnt of a queue, to learn more."""
        learnt = self.learnt.get(queue)
        if learnt is None:
            learnt = self.learnt[queue] = Learnt()
        return learnt

    def wrapped(self, queue: QueueName, seconds: float) -> None:
        """A wrap-up after a contact of this queue took so long."""
        self.learnt_of(queue).wrap_up.learn(seconds)
        if self.campaigns and self.campaigns_wrapped is not None:
            self.campaigns_wrapped(queue, seconds)

    def remember_agent(self, queue: QueueName, caller: str, agent: AgentId) -> None:
        """The agent has served this caller; the memory is bounded, the oldest is forgotten."""
        served = LastServed(agent=agent, at=self.now)
        if self._asked_of_all[0] is not self.configuration:
            rules = [other.sticky for other in self.configuration.queues.values()]
            self._asked_of_all = (self.configuration, any(rule is not None and rule.any_queue for rule in rules))
        if self._asked_of_all[1]:
            self._remember(ANY_QUEUE, caller, served)
        self._remember(queue, caller, served)

    def _remember(self, queue: QueueName, caller: str, served: LastServed) -> None:
        key = (queue, caller)
        if key in self.last_served:
            self.last_served.move_to_end(key)
        self.last_served[key] = served
        while len(self.last_served) > LAST_SERVED_MAX:
            self.last_served.popitem(last=False)
