"""Who works and who calls in the demo, and what each of them does. Knows people; knows no phone and no call center.

Everybody sends a tone of her own, far enough from the others that a recording tells who was heard on which side.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callcenter.boot import FIRST_AGENTS
from callcenter.model.agent import Agent
from callcenter.model.contact import EndReason
from callcenter.model.ids import AgentId, Skill

HOTLINE: Final = "1900"
OFFICE: Final = "1901"
ENGLISH, VIETNAMESE = "1", "2"  # what the hotline's first question takes
SALES, SUPPORT = "1", "2"  # and its second


class HangsUp(StrEnum):
    """Who ends the talk."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """An agent and her telephone."""

    agent: Agent
    tone_hz: int
    answers_after_s: float = 0.6
    misses_first: bool = False  # she lets her first call ring, then comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A caller and her one call. Times in seconds; `at_s` counts from when the lines open."""

    name: str
    number: str
    at_s: float
    tone_hz: int
    dials: str = HOTLINE
    language: str = ENGLISH
    wants: str = SALES
    talks_s: float = 6.0
    hangs_up: HangsUp = HangsUp.CALLER
    patience_s: float | None = None  # how long she waits in line before she gives up; None: as long as it takes
    listens_s: float = 1.6  # to the greeting, before she presses a key

    @property
    def expected_end(self) -> EndReason:
        """How her call ends if all goes well."""
        if self.dials == OFFICE:
            return EndReason.CLOSED
        if self.patience_s is not None:
            return EndReason.ABANDONED
        return EndReason.CALLER_HUNG_UP if self.hangs_up is HangsUp.CALLER else EndReason.AGENT_HUNG_UP

    @property
    def talks(self) -> bool:
        """Whether she is to be answered by an agent."""
        return self.dials == HOTLINE and self.patience_s is None


def _agent(id_: str, name: str, number: str, **skills: int) -> Agent:
    return Agent(
        id=AgentId(id_), name=name, number=number, skills={Skill(skill): level for skill, level in skills.items()}
    )


ALICE, BOB = FIRST_AGENTS

WORKERS: Final = (
    # Chi logs in first, so she has been idle longest when the first caller for sales comes: that call she misses. When
    # she is back, her phone may ring while she still hears that she is ready; she picks up after that.
    Worker(
        agent=_agent("chi", "Chi Le", "1003", sales=4, vietnamese=4),
        tone_hz=800,
        misses_first=True,
        answers_after_s=2.2,
    ),
    Worker(agent=ALICE, tone_hz=600),
    Worker(agent=BOB, tone_hz=700),
    Worker(agent=_agent("dung", "Dung Pham", "1004", support=3, vietnamese=3), tone_hz=900),
)

CUSTOMERS: Final = (
    Customer(name="Lan", number="0901000001", at_s=0.0, tone_hz=1200),
    Customer(name="Minh", number="0901000002", at_s=0.6, tone_hz=1300, language=VIETNAMESE, wants=SUPPORT),
    Customer(name="Emma", number="0901000003", at_s=1.2, tone_hz=1400, wants=SUPPORT, hangs_up=HangsUp.AGENT),
    Customer(name="Hoa", number="0901000004", at_s=1.8, tone_hz=1500, language=VIETNAMESE, talks_s=7.0),
    Customer(name="James", number="0901000005", at_s=2.4, tone_hz=1600, hangs_up=HangsUp.AGENT),
    Customer(name="Tuan", number="0901000006", at_s=3.0, tone_hz=1700, language=VIETNAMESE, wants=SUPPORT),
    Customer(name="Sarah", number="0901000007", at_s=3.6, tone_hz=1800, wants=SUPPORT, patience_s=4.0),
    Customer(name="Quang", number="0901000008", at_s=4.2, tone_hz=1900, dials=OFFICE),
    Customer(name="Peter", number="0901000009", at_s=4.8, tone_hz=2000, hangs_up=HangsUp.AGENT),
    Customer(name="Ngoc", number="0901000010", at_s=5.4, tone_hz=2100, language=VIETNAMESE, wants=SUPPORT),
    Customer(name="David", number="0901000011", at_s=6.0, tone_hz=2200, wants=SUPPORT, talks_s=7.0),
    Customer(name="Linh", number="0901000012", at_s=6.6, tone_hz=2300, language=VIETNAMESE, hangs_up=HangsUp.AGENT),
    Customer(name="Anna", number="0901000013", at_s=7.2, tone_hz=2400),
)

TONES_HZ: Final = tuple(one.tone_hz for one in WORKERS) + tuple(one.tone_hz for one in CUSTOMERS)
