"""Outside numbers that no campaign calls, and what the guard against toll fraud says: those that agents call by hand,
those that calls are sent on to, those that were promised a callback. Knows no telephone.
"""

from callcenter.core.guard import GuardBook
from callcenter.core.world import World


def why_not(world: World, number: str, agent: str | None) -> str:
    """What is against this call, or "". The last thing to be asked: a call that may be made counts as made."""
    told = world.configuration.tells(number)
    verdict = _guard(world).by_hand(number, told, agent=agent or "", at=world.now)
    if verdict.alarm:
        world.surprise(f"guard against toll fraud: {verdict.alarm}")
    return "" if verdict.allowed else f"{number!r} may not be called now: {'; '.join(verdict.against)}"


def never(world: World, number: str) -> str:
    """What is against it at any time, or "". Nothing is counted."""
    against = _guard(world).never(number, world.configuration.tells(number))
    return f"{number!r} may not be called: {'; '.join(against)}" if against else ""


def _guard(world: World) -> GuardBook:
    return GuardBook(world.configuration.guard, world.guard_memory)
