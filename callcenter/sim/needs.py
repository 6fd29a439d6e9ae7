"""What agents can and what callers need, as drawn. Knows no queue and no flow."""

from functools import lru_cache
from random import Random
from typing import Final

from callcenter.model.ids import Skill
from callcenter.model.need import Need, parse_need

SKILLS: Final = tuple(Skill(name) for name in ("sales", "support", "vietnamese"))
NEEDS: Final = (
    "",
    "",
    "sales",
    "support",
    "sales >= 3",
    "sales and vietnamese",
    "support >= 2 or sales >= 4",
    "sales >= 2 and support or sales >= 4 and vietnamese",
    "vietnamese or sales",
)

need_of = lru_cache(maxsize=256)(parse_need)


def draw_skills(random: Random) -> dict[Skill, int]:
    """Any of the skills, at any level."""
    return {skill: random.randint(1, 5) for skill in SKILLS if random.random() < 0.7}


def draw_need(random: Random) -> Need:
    """Often nothing at all."""
    return parse_need(random.choice(NEEDS))
