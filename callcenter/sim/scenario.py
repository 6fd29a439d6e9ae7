"""What one seed makes of a call center: its queues, flows, agents, crowd and faults. Knows configuration; runs nothing.

Every rule that a queue can have is drawn now and then, alone and with others, so that a thousand seeds see most pairs.
Times are short, so that ten minutes are a busy day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from callcenter.model.agent import Agent
from callcenter.model.calendar import Calendar, OpenSpan
from callcenter.model.configuration import Configuration
from callcenter.model.contact import Direction, Medium
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, FlowName, QueueName, Version
from callcenter.model.need import ANYBODY
from callcenter.model.queue import (
    Announcements,
    MissedOffer,
    MissedOfferRule,
    MissedOfferRules,
    Overflow,
    Queue,
    RelaxStep,
    Survey,
    Target,
)
from callcenter.model.recording import RecordingRules
from callcenter.sim.callbacks import with_callbacks, with_choices
from callcenter.sim.campaigns import with_campaigns
from callcenter.sim.colleagues import with_records
from callcenter.sim.dial_out import with_dial_out
from callcenter.sim.faults import Faults, draw_faults
from callcenter.sim.flows import (
    ALWAYS,
    CRM,
    FORBIDDEN,
    HOTLINE,
    HOW,
    LATE,
    MAILBOX,
    MAIN,
    OFFICE,
    OUTSIDE,
    SECOND,
    WISHES,
    draw_flows,
)
from callcenter.sim.judging import with_judging
from callcenter.sim.mail import with_mail
from callcenter.sim.needs import draw_need, draw_skills
from callcenter.sim.paperwork import with_paperwork
from callcenter.sim.parking import with_parking
from callcenter.sim.phones import with_asides, with_outside_phones, with_phones, with_ringing_in_use
from callcenter.sim.rights import with_supervisors, with_telling
from callcenter.sim.routing import with_routing
from callcenter.strategies import STRATEGIES

MONDAY: Final = 1_795_392_000.0  # 2026-11-23, midnight UTC
OPENS_S: Final = 8 * 3600.0
CLOSES_S: Final = 17 * 3600.0
QUEUE_NAMES: Final = tuple(QueueName(name) for name in ("red", "green", "blue", "gold"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A run before it runs. Times in seconds, `start` in UTC seconds."""

    seed: int
    start: float
    length_s: float
    tick_s: float
    configuration: Configuration
    agents: tuple[Agent, ...]
    arrivals_per_min: float
    snapshot_every: int  # entries
    faults: Faults
    changes: tuple[tuple[float, Configuration], ...] = ()  # of the configuration: seconds after the start, and to what

    def library(self) -> dict[Version, Configuration]:
        """Every version of the configuration: 0 is the first."""
        return {Version(at): one for at, one in enumerate((self.configuration, *(one for _, one in self.changes)))}


def draw(seed: int, length_s: float) -> Scenario:
    """The scenario of a seed."""
    random = Random(f"scenario {seed}")
    coarse = random.random() < 0.4
    queues = draw_queues(random)
    agents = with_supervisors(
        Random(f"supervisors {seed}"), draw_agents(random), sorted(queue.name for queue in queues)
    )
    agents = with_phones(Random(f"phones {seed}"), agents)
    agents = with_outside_phones(Random(f"outside phones {seed}"), agents)
    return Scenario(
        seed=seed,
        start=_start(random),
        length_s=length_s,
        tick_s=random.choice((0.5, 1.0, 5.0)) if coarse else 0.0,
        configuration=_deepened(str(seed), _configuration(random, queues)),
        agents=agents,
        arrivals_per_min=random.uniform(0.6, 1.4) * max(len(agents), 2) * 0.6,
        snapshot_every=random.choice((5, 20, 60)),
        faults=draw_faults(random, coarse=coarse, length_s=length_s),
        changes=tuple(
            (at, _deepened(f"{seed} {at}", changed))
            for at, changed in draw_changes(Random(f"changes {seed}"), length_s)
        ),
    )


def _deepened(seed: str, configuration: Configuration) -> Configuration:
    """With queues that call back, rules of routing, mailboxes that lead to agents, and paperwork; each drawn apart."""
    called = with_callbacks(Random(f"callbacks {seed}"), configuration, OFFICE)
    called = with_choices(Random(f"choices {seed}"), called)
    called = with_judging(Random(f"judging {seed}"), called)
    routed = with_routing(Random(f"routing {seed}"), called)
    told = with_asides(Random(f"asides {seed}"), with_telling(Random(f"telling {seed}"), routed))
    mailed = with_mail(Random(f"mail {seed}"), told, (MAILBOX, LATE))
    written = with_paperwork(Random(f"paperwork {seed}"), mailed)
    parked = with_parking(Random(f"parking {seed}"), written)
    dialling = with_dial_out(Random(f"dial out {seed}"), parked)
    dialling = with_records(Random(f"recorded gossip {seed}"), dialling)
    dialling = with_ringing_in_use(Random(f"rings in use {seed}"), dialling)
    return with_campaigns(Random(f"campaigns {seed}"), dialling)


def _configuration(random: Random, queues: Sequence[Queue]) -> Configuration:
    return Configuration(
        queues={queue.name: queue for queue in queues},
        flows={flow.name: flow for flow in draw_flows(random, queues)},
        calendars={calendar.name: calendar for calendar in CALENDARS},
        numbers={HOTLINE: MAIN, **{code: FlowName(wish) for code, wish in WISHES.items()}},
        forward_to=("090[0-9]{7}",),
        lookup_hosts=(CRM,),
    )


def draw_changes(random: Random, length_s: float) -> tuple[tuple[float, Configuration], ...]:
    """In half of all runs the configuration is changed, once or more, to quite another, among the calls."""
    count = random.choice((0, 0, 0, 1, 3, 8))
    times = sorted(random.random() * length_s for _ in range(count))
    return tuple((at_s, _configuration(random, draw_queues(random))) for at_s in times)


CALENDARS: Final = (
    Calendar(
        name=OFFICE,
        timezone="UTC",
        spans=tuple(OpenSpan(weekday=day, start_min=8 * 60, end_min=17 * 60) for day in range(5)),
    ),
    Calendar(
        name=ALWAYS,
        timezone="UTC",
        spans=tuple(OpenSpan(weekday=day, start_min=0, end_min=24 * 60) for day in range(7)),
    ),
)


def _start(random: Random) -> float:
    """Mid-morning, or a few minutes before the office closes or opens."""
    near = MONDAY + random.choice((CLOSES_S, CLOSES_S, OPENS_S)) - random.randint(1, 8) * 60.0
    return random.choice((MONDAY + OPENS_S + 7200.0, near))


# -- agents and queues -------------------------------------------------------------------------------------------------


def draw_agents(random: Random) -> tuple[Agent, ...]:
    """One to seven people."""
    return tuple(
        Agent(
            id=AgentId(f"a{n}"),
            name=f"Agent {n}",
            number=f"1{n:03d}",
            skills=draw_skills(random),
            capacity={Medium.VOICE: 0 if random.random() < 0.02 else 1},
        )
        for n in range(random.randint(1, 7))
    )


def draw_queues(random: Random) -> tuple[Queue, ...]:
    """One to four queues, which may overflow into each other."""
    names = QUEUE_NAMES[: random.randint(1, 4)]
    strategies = sorted(STRATEGIES)
    return tuple(_queue(random, name, names, random.choice(strategies)) for name in names)


def _queue(random: Random, name: QueueName, names: Sequence[QueueName], strategy: str) -> Queue:
    def sometimes(chance: float) -> bool:
        return random.random() < chance

    return Queue(
        name=name,
        needs=draw_need(random),
        strategy=strategy,
        priority=random.choice((50, 50, 50, 20, 80)),
        offer_timeout_s=random.choice((5.0, 10.0, 20.0)),
        wrap_up_s=random.choice((0.0, 5.0, 15.0)),
        missed=_missed(random),
        relax=_relaxation(random) if sometimes(0.3) else (),
        music=random.choice(("default", "jazz")),
        announce=_announcements(random) if sometimes(0.5) else Announcements(),
        connect_announcement=Prompt(name="recorded") if sometimes(0.4) else None,
        max_wait_s=random.choice((15.0, 40.0, 90.0)) if sometimes(0.4) else 0.0,
        max_waiting=random.choice((1, 2, 4)) if sometimes(0.25) else 0,
        overflow=_target(random, names),
        no_agents=_target(random, names) if sometimes(0.3) else None,
        hours=OFFICE if sometimes(0.3) else ALWAYS if sometimes(0.05) else None,
        at_close=_target(random, names) if sometimes(0.5) else None,
        record=sometimes(0.8),
        recording=_recording(name, strategy),
        survey=Survey(flow=HOW, share=random.choice((50.0, 100.0))) if sometimes(0.4) else None,
        last_agent_within_s=random.choice((30.0, 86_400.0)),
    )


def _recording(name: QueueName, strategy: str) -> RecordingRules:
    """Drawn by itself, so that what is drawn otherwise stays what it is."""
    random = Random(f"recording {name} {strategy}")
    return RecordingRules(
        share=random.choice((100.0, 100.0, 50.0)),
        directions=(Direction.INBOUND,) if random.random() < 0.2 else (),
        except_agents=(AgentId("a0"),) if random.random() < 0.3 else (),
        opt_out="9" if random.random() < 0.5 else None,
        pause_key="*" if random.random() < 0.5 else None,
        pause_max_s=random.choice((5.0, 15.0, 60.0)),
    )


def _missed(random: Random) -> MissedOfferRules:
    def rule() -> MissedOfferRule:
        then = random.choice((MissedOffer.PAUSE, MissedOffer.REST, MissedOffer.REST))
        return MissedOfferRule(then=then, rest_s=random.choice((5.0, 10.0, 30.0)))

    return MissedOfferRules(no_answer=rule(), busy=rule(), rejected=rule(), unreachable=rule())


def _relaxation(random: Random) -> tuple[RelaxStep, ...]:
    steps = (RelaxStep(after_s=10.0, needs=draw_need(random)), RelaxStep(after_s=25.0, needs=ANYBODY))
    return steps[: random.randint(1, 2)]


def _announcements(random: Random) -> Announcements:
    return Announcements(
        first_after_s=random.choice((0.0, 3.0)),
        every_s=random.choice((0.0, 8.0, 15.0)),
        position=random.choice((None, Prompt(name="position"))),
        wait=random.choice((None, Prompt(name="wait"))),
        comfort=random.choice((None, Prompt(name="please_hold"))),
    )


def _target(random: Random, names: Sequence[QueueName]) -> Target:
    return random.choice(
        (
            Target(to=Overflow.HANG_UP),
            Target(to=Overflow.QUEUE, name=random.choice(names)),
            Target(to=Overflow.QUEUE, name=random.choice(names)),
            Target(to=Overflow.FLOW, name=SECOND),
            Target(to=Overflow.VOICEMAIL, name=MAILBOX),
            Target(to=Overflow.NUMBER, name=random.choice((OUTSIDE, OUTSIDE, FORBIDDEN))),
        )
    )
