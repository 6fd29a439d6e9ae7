"""Campaigns in a drawn call center: which there are, who starts and stops them, and the Postgres that they stand on.

The ledger here is what `jobs/dialler` and `postgres/attempts` are: leads that are claimed by one dialler at a time, a
law that is open at some times and not at others, attempts that are written before they are dialled and settled once. It
outlives the engine's deaths, answers late or with failures, and clears up after a dialler that died by asking the
engine what it has dialled. What must hold is checked where it is seen: no number is dialled twice or without having
been written, nothing when it is not allowed or nobody is there, nobody waits for long without being dropped, and what
is settled is what happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from callcenter.core.campaign_crew import could_serve
from callcenter.core.campaign_state import DialStep
from callcenter.core.engine import Engine
from callcenter.model.agent import AgentState
from callcenter.model.campaign import CallerNumber, Campaign, CampaignState, MachineRule, Mode
from callcenter.model.campaign_messages import (
    AnswererScored,
    AttemptSettled,
    AwaitBeep,
    BeepHeard,
    CampaignRequest,
    CampaignStartRequested,
    CampaignStopRequested,
    ClaimLeads,
    ContactDropped,
    DetectMachine,
    DialJudged,
    DiallerLost,
    DiallerReady,
    HourCount,
    JudgeDial,
    LeadDecided,
    LeadDialled,
    LeadRequested,
    LeadsClaimed,
    MachineJudged,
    OptOut,
    ReleaseLeads,
    SettleAttempt,
)
from callcenter.model.commands import DialNumber
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState
from callcenter.model.detection import Answerer
from callcenter.model.entry import Entry
from callcenter.model.events import Event
from callcenter.model.facts import ContactConnected
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, ContactId, FlowName, LegId, QueueName, RequestId
from callcenter.model.law import Approach
from callcenter.model.lead import CampaignName, Dial, Lead, LeadId, LeadNumber, ListOfLeads, Outcome
from callcenter.model.trunk import Guard, Trunk
from callcenter.sim.violation import Violation
from callcenter.sim.world import Agenda

NAMES: Final = (CampaignName("spring"), CampaignName("autumn"))
LIST: Final = ListOfLeads("all")
LEADS: Final = 400
DIALS: Final = (Mode.PROGRESSIVE, Mode.RATIO, Mode.PREDICTIVE, Mode.BROADCAST, Mode.PREVIEW, Mode.MANUAL)
LATE_S: Final = 6.0  # beyond the longest wait: commands and deadlines that come late
RECOVERED_AFTER_S: Final = 1.5
BETWEEN_S: Final = 25.0
READ_EVERY_S: Final = 3.0
BY_A_PERSON: Final = (Outcome.ANSWERED, Outcome.DROPPED, Outcome.HUNG_UP)
FLOW: Final = FlowName("main")  # what is heard of a broadcast
AnyCommand = ClaimLeads | ReleaseLeads | JudgeDial | SettleAttempt | OptOut | DetectMachine | AwaitBeep


def with_campaigns(random: Random, configuration: Configuration) -> Configuration:
    """The configuration, in which some queues have campaigns that dial for them."""
    if random.random() < 0.5:
        return configuration
    queues = sorted(configuration.queues)
    campaigns = {name: _campaign(random, name, queues) for name in NAMES[: random.randint(1, 2)]}
    lines = random.choice((2, 6, 30))
    trunks = [Trunk(name="main", lines_max=lines, calls_per_s=random.choice((2.0, 50.0)), rest_s=20.0)]
    if random.random() < 0.4:
        trunks.append(Trunk(name="spare", lines_max=4, costs={"+": 1.0}, failures_max=3, rest_s=10.0))
    return replace(
        configuration,
        campaigns=campaigns,
        trunks={trunk.name: trunk for trunk in trunks},
        guard=Guard(prefixes=("+84",), per_h=random.choice((30, 10_000))),
    )


def _campaign(random: Random, name: CampaignName, queues: Sequence[QueueName]) -> Campaign:
    mode = random.choice(DIALS)
    broadcast = mode is Mode.BROADCAST
    machine = random.choice((MachineRule.AS_HUMAN, MachineRule.HANG_UP, MachineRule.MESSAGE))
    return Campaign(
        name=name,
        mode=mode,
        queue=None if broadcast else random.choice(queues),
        flow=FLOW if broadcast else None,
        goal=random.choice((0, 0, 5)),
        preview_s=random.choice((0.0, 8.0)),
        skip=random.random() < 0.8,
        skip_rest_s=random.choice((0.0, 60.0)),
        ratio=random.choice((1.0, 2.0, 4.0)),
        lines_max=random.choice((3, 10, 100)),
        lists={LIST: 1},
        approach=Approach.RECORDED if broadcast else Approach.LIVE,
        ring_s=15.0,
        message_within_s=random.choice((2.0, 2.0, 5.0)),
        safe_harbour=Prompt(name="we_called") if random.random() < 0.8 or mode in DIALS[1:3] else None,
        opted_out=Prompt(name="never_again") if random.random() < 0.5 else None,
        machine=machine,
        detector="" if machine is MachineRule.AS_HUMAN else "ear",
        machine_message=Prompt(name="call_us") if machine is MachineRule.MESSAGE else None,
        caller_ids=(CallerNumber(number="+842400000000"),),
    )


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One that is written."""

    lead: LeadId
    number: str
    campaign: CampaignName
    dialler: str
    written: float
    dialled: bool = False  # the engine has asked for it
    outcome: Outcome | None = None
    dropped: bool = False
    connected: bool = False
    misjudged: int = 0


@dataclass(slots=True)
class _Life:
    """One dialler, from its registration to its death."""

    name: str
    claimed: set[LeadId] = field(default_factory=set)
    alive: bool = True


class Ledger:
    """Postgres, the dialler of each life, whoever starts and stops campaigns, and what must hold."""

    def __init__(self, agenda: Agenda, random: Random, tell: Callable[[Event], None]) -> None:
        self.agenda = agenda
        self.attempts: dict[LegId, _Attempt] = {}
        self._random = random
        self._tell = tell
        self._ready = dict.fromkeys(LeadId(n) for n in range(1, LEADS + 1))
        self._claimed: dict[LeadId, str] = {}
        self._rests: dict[str, float] = {}  # numbers that were refused, until when
        self._life: _Life | None = None
        self._lives = 0
        self._shut: list[tuple[float, float]] = []  # when the law forbids
        self._dropped = 0
        self._pending = 0  # commands that are not done yet
        self._of_contact: dict[ContactId, LegId] = {}
        begin = agenda.now + random.uniform(60.0, 300.0)
        if random.random() < 0.5:
            self._shut.append((begin, begin + random.uniform(5.0, 90.0)))

    # -- lives -------------------------------------------------------------------------------------------------------

    def begin_life(self, engine: Engine) -> None:
        """A process is there: its dialler registers, clears up after the one before, and says so."""
        self._lives += 1
        life = self._life = _Life(name=f"d{self._lives}")

        def ready() -> None:
            if life.alive:
                self._clear_up(engine, life)
                self._tell(DiallerReady(dialler=life.name, counts=self._counts()))

        self.agenda.after(self._random.uniform(0.2, RECOVERED_AFTER_S), ready)
        if self._random.random() < 0.2:  # the connection to Postgres is lost some time
            self.agenda.after(self._random.uniform(30.0, 300.0), lambda: self._lose(engine, life))

    def end_life(self) -> None:
        """SIGKILL: what the dialler was doing is done, or it is not."""
        if self._life is not None:
            self._life.alive = False
        self._life = None

    def _lose(self, engine: Engine, life: _Life) -> None:
        if life.alive:
            life.alive = False
            self._life = None
            self._tell(DiallerLost(why="the connection was lost"))
            self.begin_life(engine)

    def _clear_up(self, engine: Engine, life: _Life) -> None:
        """As `Attempts.recover`: the engine says what it has dialled; what it has not was never dialled."""
        for leg, attempt in self.attempts.items():
            if attempt.outcome is None and attempt.dialler != life.name:
                if engine.has_dialled(leg):
                    attempt.dialler = self._claimed[attempt.lead] = life.name
                    life.claimed.add(attempt.lead)
                else:
                    self._settle(leg, Outcome.VOID)
        for lead, dialler in list(self._claimed.items()):
            if dialler != life.name:
                del self._claimed[lead]
                self._ready[lead] = None

    def _counts(self) -> dict[str, tuple[HourCount, ...]]:
        """As `attempts.by_hour`: what is settled, whether or not the engine remembers it as well."""
        hour, found = int(self.agenda.now // 3600), dict[str, tuple[HourCount, ...]]()
        for name in NAMES:
            people = [one for one in self.attempts.values() if one.campaign == name and one.outcome in BY_A_PERSON]
            if people:
                estimated = sum(one.misjudged for one in people)
                drops = sum(one.outcome is Outcome.DROPPED for one in people)
                count = HourCount(hour=hour, answered=len(people) + estimated, dropped=drops + estimated)
                found[name] = (count,)
        return found

    # -- the engine's commands ---------------------------------------------------------------------------------------

    def begin(self, command: AnyCommand) -> None:
        """Do it after a while, if the process lives that long; what is committed stands, whoever hears of it."""
        life, random = self._life, self._random

        self._pending += 1

        def do() -> None:
            self._pending -= 1
            answer = self._do(command, life)
            if answer is not None:
                self._pending += 1
                self.agenda.after(random.random() * 0.2, lambda: self._answer(life, answer))

        self.agenda.after(random.random() * random.choice((0.05, 0.05, 1.0)), do)

    def _answer(self, life: _Life | None, answer: Event) -> None:
        self._pending -= 1
        if life is self._life or isinstance(answer, AttemptSettled):
            self._tell(answer)

    def _do(self, command: AnyCommand, life: _Life | None) -> Event | None:
        random = self._random
        match command:
            case ClaimLeads(campaign=campaign, count=count):
                return LeadsClaimed(campaign=campaign, leads=self._claim(count, life))
            case ReleaseLeads(leads=leads):
                self._release(leads, life)
                return None
            case JudgeDial(dial=dial, against=against):
                return self._judge(dial, against, life)
            case SettleAttempt(attempt=attempt, outcome=outcome, misjudged=misjudged):
                if life is None or not life.alive:
                    return None  # told again to the next dialler
                self._check_outcome(attempt, outcome)
                self.attempts[attempt].misjudged = misjudged
                self._settle(attempt, outcome)
                return AttemptSettled(attempt=attempt)
            case OptOut():
                return None
            case DetectMachine(leg=leg):
                said = random.choice((Answerer.HUMAN, Answerer.HUMAN, Answerer.MACHINE, Answerer.UNSURE, None))
                return None if said is None else MachineJudged(leg=leg, answerer=said, why="drawn")
            case AwaitBeep(leg=leg):
                return BeepHeard(leg=leg) if random.random() < 0.7 else None

    def _claim(self, count: int, life: _Life | None) -> tuple[Lead, ...]:
        if life is None or not life.alive:
            return ()
        leads = list(self._ready)[: min(count, self._random.choice((3, 20, count)))]
        for lead in leads:
            del self._ready[lead]
            self._claimed[lead] = life.name
            life.claimed.add(lead)
        return tuple(replace(_lead(lead), numbers=self._free(lead) or _numbers(lead)) for lead in leads)

    def _free(self, lead: LeadId) -> tuple[LeadNumber, ...]:
        """Her numbers that may be tried now."""
        return tuple(one for one in _numbers(lead) if self._rests.get(one.number, 0.0) <= self.agenda.now)

    def _release(self, leads: Sequence[LeadId], life: _Life | None) -> None:
        for lead in leads:
            if life is not None and self._claimed.get(lead) == life.name and not self._is_open(lead):
                del self._claimed[lead]
                self._ready[lead] = None

    def _judge(self, dial: Dial, against: Sequence[str], life: _Life | None) -> DialJudged:
        leg, now, random = LegId(dial.id), self.agenda.now, self._random
        if life is None or not life.alive or self._claimed.get(dial.lead.id) != life.name:
            return DialJudged(attempt=leg, authorised=False, why="the lead is no longer this dialler's")
        if any(begin <= now < end for begin, end in self._shut):
            return DialJudged(attempt=leg, authorised=False, kept=True, why="shut")
        if self._rests.get(dial.number.number, 0.0) > now and self._free(dial.lead.id):
            raise Violation(f"{dial.number.number} is asked about again, and rests; lead {dial.lead.id} has others")
        if random.random() < (0.3 if len(_numbers(dial.lead.id)) > 1 else 0.03):  # this number has had its calls
            return self._rest(dial, now + random.choice((5.0, 90.0)))
        if against or random.random() < 0.05:
            del self._claimed[dial.lead.id]
            return DialJudged(attempt=leg, authorised=False, why="; ".join(against) or "refused for good")
        if self._is_open(dial.lead.id):
            raise Violation(f"lead {dial.lead.id} is to be dialled again while she is on the line")
        self.attempts[leg] = _Attempt(
            lead=dial.lead.id, number=dial.number.number, campaign=dial.campaign, dialler=life.name, written=now
        )
        if random.random() < 0.03:  # written, and nobody was told so: it is taken back
            self._settle(leg, Outcome.VOID)
            return DialJudged(attempt=leg, authorised=False, why="the outcome is unknown")
        return DialJudged(attempt=leg, authorised=True, at=now)

    def _rest(self, dial: Dial, until: float) -> DialJudged:
        """A number rests, and the lead goes on with her others; without any she waits until the first may be called."""
        lead = dial.lead.id
        self._rests[dial.number.number] = until
        left = self._free(lead)
        if not left:
            del self._claimed[lead]
            first = min(self._rests[one.number] for one in _numbers(lead))
            self.agenda.after(first - self.agenda.now, lambda: self._ready.setdefault(lead))
        return DialJudged(attempt=LegId(dial.id), authorised=False, why="it has had its calls", left=left)

    def _is_open(self, lead: LeadId) -> bool:
        return any(one.lead == lead and one.outcome is None for one in self.attempts.values())

    def _settle(self, leg: LegId, outcome: Outcome) -> None:
        """Once; a lead that was not dialled is ready again."""
        attempt = self.attempts[leg]
        if attempt.outcome is not None:
            return
        attempt.outcome = outcome
        self._claimed.pop(attempt.lead, None)
        if outcome is Outcome.VOID:
            if attempt.dialled:
                raise Violation(f"{leg} was dialled and is settled as void")
            self._ready[attempt.lead] = None

    # -- what must hold ----------------------------------------------------------------------------------------------

    def _check_outcome(self, leg: LegId, outcome: Outcome) -> None:
        attempt = self.attempts.get(leg)
        if attempt is None:
            raise Violation(f"{leg} is settled as {outcome} and was never written")
        if attempt.dropped != (outcome is Outcome.DROPPED):
            raise Violation(f"{leg} is settled as {outcome}, and was {'' if attempt.dropped else 'not '}dropped")
        if attempt.connected and outcome is not Outcome.ANSWERED:
            raise Violation(f"{leg} was connected and is settled as {outcome}")

    def after(self, engine: Engine, entry: Entry) -> None:
        """Look at what the engine said."""
        for output in entry.outputs:
            match output:
                case LeadDialled(attempt=leg, contact=contact, campaign=name, number=number):
                    self._of_contact[contact] = leg
                    self._dialled(engine, leg, name, number, entry.at)
                case DialNumber(leg=leg) if leg in self.attempts:
                    if not self.attempts[leg].dialled:
                        raise Violation(f"{leg} is dialled, and nobody was told so")
                case ContactDropped(attempt=leg):
                    self.attempts[leg].dropped = True
                    self._dropped += 1
                case AnswererScored(labelled=Answerer.HUMAN, stands_for=some) if some:
                    self._dropped += some - 1  # people whom nobody heard, taken for machines as she was
                case ContactConnected(contact=contact) if contact in self._of_contact:
                    self.attempts[self._of_contact[contact]].connected = True
                case _:
                    pass
        if not engine.world.blind:
            self._nobody_waits_for_long(engine, entry.at)

    def _dialled(self, engine: Engine, leg: LegId, name: CampaignName, number: str, now: float) -> None:
        attempt = self.attempts.get(leg)
        if attempt is None or attempt.written > now:
            raise Violation(f"{leg} is dialled before it was written")
        if attempt.dialled or attempt.outcome is not None:
            raise Violation(f"{leg} is dialled again, or after it was settled: {attempt}")
        same = [one for one in self.attempts.values() if one.number == number and one.dialled and one.outcome is None]
        if same:
            raise Violation(f"{number} is dialled while it is on the line")
        if any(begin <= attempt.written < end for begin, end in self._shut):
            raise Violation(f"{leg} is dialled, and the law forbade it")
        attempt.dialled = True
        campaign = engine.world.configuration.campaigns[name]
        there = any(
            could_serve(engine.world, one, campaign) and one.state is not AgentState.NOT_READY
            for one in engine.world.agents.records.values()
        )
        hers = any(one.leg == leg and one.dialler is not None for one in engine.world.contacts.values())
        if campaign.mode is not Mode.BROADCAST and not there and not hers:
            raise Violation(f"{leg} is dialled for {name}, and nobody is there")

    def _nobody_waits_for_long(self, engine: Engine, now: float) -> None:
        """A person who answered has an agent, or is told who called, in time."""
        for record in engine.world.campaigns.values():
            for attempt in record.attempts.values():
                contact = engine.world.contacts[attempt.contact]
                waits = contact.state in (ContactState.WAITING, ContactState.OFFERED)
                if not waits or attempt.step is not DialStep.PERSON or attempt.talked or attempt.person_at is None:
                    continue
                if now - attempt.person_at > record.pace.grace_s + LATE_S:
                    raise Violation(f"{contact.id} answered {now - attempt.person_at:.1f} s ago and waits for nobody")

    def over(self, engine: Engine) -> None:
        """Everybody has gone home: every attempt has its outcome, and drops were counted."""
        left = {leg: one for leg, one in self.attempts.items() if one.outcome is None}
        if left:
            raise Violation(f"attempts without an outcome: {left}")
        if self._claimed:
            raise Violation(f"leads that are nobody's and claimed: {self._claimed}")
        counted = sum(record.pace.counted(self.agenda.now)[0].drops for record in engine.world.campaigns.values())
        if counted != self._dropped:
            raise Violation(f"{self._dropped} people were dropped, {counted:g} are counted")
        for record in engine.world.campaigns.values():
            if record.attempts or record.settling or record.asked or record.pace.lines or record.hopper:
                raise Violation(f"campaign {record.name} has something left: {record}")
        lines = {name: use.lines for name, use in engine.world.trunk_uses.items() if use.lines}
        if lines:
            raise Violation(f"trunks with lines that nobody has: {lines}")

    def is_quiet(self, engine: Engine) -> bool:
        """Whether nothing is left to be settled."""
        return not self._pending and all(
            record.state is CampaignState.STOPPED and not record.settling and not record.attempts
            for record in engine.world.campaigns.values()
        )


class Bosses:
    """Who starts, drains and stops campaigns; at the end of the day all are stopped."""

    def __init__(
        self,
        agenda: Agenda,
        random: Random,
        ask: Callable[[Event], str | None],
        agents: Sequence[AgentId],
        until: float,
    ) -> None:
        self._agents = agents
        self._agenda = agenda
        self._random = random
        self._ask = ask
        self._until = until
        self._count = 0

    def meddle(self) -> None:
        """Something is asked for; at the end the same thing again and again, until it is so."""
        over = self._agenda.now >= self._until
        for name in NAMES:
            if over:
                self._do(CampaignStopRequested(request=self._request(), campaign=name))
            elif self._random.random() < 0.5:
                self._do(CampaignStartRequested(request=self._request(), campaign=name, by="the boss"))
            elif self._random.random() < 0.15:
                drain = self._random.random() < 0.5
                self._do(CampaignStopRequested(request=self._request(), campaign=name, drain=drain))
        if self._agenda.now < self._until + 10 * BETWEEN_S:
            self._agenda.after(BETWEEN_S, self.meddle)

    def read(self) -> None:
        """Agents ask for leads, and say what is to be done about those they have read."""
        agent = self._random.choice(self._agents)
        name = self._random.choice(NAMES)
        self._do(LeadRequested(request=self._request(), campaign=name, agent=agent))
        if self._random.random() < 0.8:
            self._do(LeadDecided(request=self._request(), agent=agent, dial=self._random.random() < 0.7))
        if self._agenda.now < self._until:
            self._agenda.after(READ_EVERY_S, self.read)

    def _do(self, request: CampaignRequest) -> None:
        self._ask(request)

    def _request(self) -> RequestId:
        self._count += 1
        return RequestId(f"boss-{self._count}")


def _lead(lead: LeadId) -> Lead:
    return Lead(id=lead, list=LIST, numbers=_numbers(lead))


def _numbers(lead: LeadId) -> tuple[LeadNumber, ...]:
    """Every third lead has three."""
    return tuple(
        LeadNumber(n=n, number=f"+84{900_000_000 + lead + n * 1_000_000}", region="VN", line="mobile")
        for n in range(3 if lead % 3 == 0 else 1)
    )


def outcomes_of(attempts: Mapping[LegId, _Attempt]) -> dict[Outcome, int]:
    """How many of each."""
    counts: dict[Outcome, int] = {}
    for one in attempts.values():
        if one.outcome is not None:
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return counts
