"""An outside number that is called for a contact who waits for it with music. Knows which numbers may be called.

Whether a flow, a queue or a transfer wanted it is theirs to know: so is what follows when nobody answers.
"""

from typing import Final

from callcenter.core import by_hand, voice
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.commands import DialNumber, HangUp
from callcenter.model.contact import LegEnd

FORWARD_MUSIC: Final = "default"
FORWARD_GRACE_S: Final = 5.0  # the engine gives up on an outside number this long after Asterisk should have


def call(world: World, contact: ContactRecord, number: str, timeout_s: float, *, judged: bool = False) -> str:
    """Call it; gives what is wrong, or "". `judged`: the guard against toll fraud was asked when it was asked for."""
    if not world.configuration.may_forward_to(number):
        return f"forwarding to {number!r} is not allowed"
    problem = "" if judged else by_hand.why_not(world, number, None)
    if problem:
        return problem
    voice.take_call(world, contact)
    leg = world.mints().leg()
    contact.other_leg, contact.other_up = leg, False
    world.legs[leg] = contact.id
    world.out.append(
        DialNumber(
            contact=contact.id,
            leg=leg,
            number=number,
            caller=contact.caller,
            timeout_s=timeout_s,
            like=contact.leg,
        )
    )
    voice.hush(world, contact)
    voice.start_music(world, contact, FORWARD_MUSIC)
    world.timers.set(TimerKind.FORWARD, contact.id, world.now + timeout_s + FORWARD_GRACE_S)
    return ""


def give_up(world: World, contact: ContactRecord) -> None:
    """It has not answered: it is not rung any longer."""
    world.timers.cancel(TimerKind.FORWARD, contact.id)
    if contact.other_leg is not None:
        world.legs.pop(contact.other_leg, None)
        world.out.append(HangUp(contact=contact.id, leg=contact.other_leg, end=LegEnd.CANCELLED))
        contact.other_leg = None
