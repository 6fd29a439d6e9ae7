"""Outside numbers that agents call by hand, and what the guard against toll fraud says. Knows no telephone."""

from callcenter.core.guard import GuardBook
from callcenter.core.world import World


def why_not(world: World, number: str, agent: str | None) -> str:
    """What is against this agent's call, or "". The last thing to be asked: a call that may be made counts as made."""
    verdict = GuardBook(world.configuration.guard, world.guard_memory).by_hand(number, agent=agent or "", at=world.now)
    if verdict.alarm:
        world.surprise(f"guard against toll fraud: {verdict.alarm}")
    return "" if verdict.allowed else f"{number!r} may not be called now: {'; '.join(verdict.against)}"
