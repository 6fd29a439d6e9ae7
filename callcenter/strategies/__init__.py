"""Who gets the contact, of the agents who are free and suited. One file per strategy, and one line here.

A strategy gives each candidate a rank; the lowest rank wins and ties go to the lower agent id, so a choice can only
fall on a candidate, does not depend on their order, and is the same whenever the same question is asked. One that
looks at idle time alone says so (`looks_at`), and is served from an index instead of a scan.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.strategies.best_skill import BestSkill
from callcenter.strategies.fewest_contacts import FewestContacts
from callcenter.strategies.last_agent import LastAgent
from callcenter.strategies.longest_idle import LongestIdle
from callcenter.strategies.question import Breadth, Candidate, LooksAt, Question, Strategy
from callcenter.strategies.ring_all import RingAll
from callcenter.strategies.round_robin import RoundRobin

STRATEGIES: Final[Mapping[str, Strategy]] = {
    "longest_idle": LongestIdle(),
    "best_skill": BestSkill(),
    "round_robin": RoundRobin(),
    "fewest_contacts": FewestContacts(),
    "ring_all": RingAll(),
    "last_agent": LastAgent(),
}

__all__ = ["STRATEGIES", "Breadth", "Candidate", "LooksAt", "Question", "Strategy"]
