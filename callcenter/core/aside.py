"""What an agent hears alone before a caller: who it is, and whether she is there. Knows her leg and a bridge apart.

Theory: what is said to her is played in a bridge in which nobody else is, one made for that or the home of a phone that
is nailed up; the caller hears her music meanwhile, and waits. So it is no talk, and in no recording. Whether anybody is
there is asked before the offer is accepted: a voicemail that answers has not taken the call, other phones ring on, and
the caller keeps her place. Who it is is told, where nothing was asked, to the one who has taken it.
"""

from collections.abc import Collection, Mapping
from typing import Final

from callcenter.core import voice
from callcenter.core.state import Aside, ContactRecord, OfferRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.agent import NailState
from callcenter.model.commands import CloseBridge, JoinBridge, OpenBridge, PlayPrompts, StopPlayback
from callcenter.model.facts import AgentAsked, AgentTold
from callcenter.model.ids import AgentId, BridgeId, LegId
from callcenter.model.queue import Queue

CONFIRM_PROMPT: Final = "confirm_call"  # what she hears who is to press the key
CONFIRM_KEY: Final = "1"
DECLINE_KEY: Final = "2"
TOLD_MAX_S: Final = 30.0  # an agent is told no longer than this; then she counts as told


def must_confirm(world: World, queue: Queue, agent: AgentId) -> bool:
    """Whether a key must be pressed before the offer is hers."""
    rules = world.agents.records[agent].agent.phone
    return queue.confirm or rules.confirm or bool(rules.outside)


def ask(world: World, contact: ContactRecord, offer: OfferRecord, queue: Queue) -> None:
    """Her phone was answered: whoever has done so hears who calls, and is to press the key within `confirm_s`."""
    offer.aside = _open(world, contact, offer.agent, offer.leg)
    until = world.now + queue.confirm_s
    world.out.append(AgentAsked(contact=contact.id, offer=offer.id, agent=offer.agent, leg=offer.leg, until=until))
    said = _announcement(contact, queue)
    _say(world, contact, offer.aside, offer.agent, queue, (*said, CONFIRM_PROMPT))
    world.timers.set(TimerKind.OFFER, offer.leg, until)


def tell(world: World, contact: ContactRecord, agent: AgentId, leg: LegId, queue: Queue) -> bool:
    """Tell her who has taken a call who it is; whether there is something to tell."""
    said = _announcement(contact, queue)
    if not said:
        return False
    voice.hush(world, contact)  # an announcement to her, if there is one: she hears music again
    voice.start_music(world, contact, queue.music)
    contact.aside = _open(world, contact, agent, leg)
    _say(world, contact, contact.aside, agent, queue, said)
    world.timers.set(TimerKind.TOLD, contact.id, world.now + TOLD_MAX_S)
    return True


def told(world: World, contact: ContactRecord) -> None:
    """She has heard it, or it could not be said. Her leg is still apart."""
    if contact.aside is None or contact.agent is None or contact.agent_leg is None:
        return
    world.timers.cancel(TimerKind.TOLD, contact.id)
    if contact.aside.playback is not None:
        world.playbacks.pop(contact.aside.playback, None)
        contact.aside.playback = None
    told_s = world.now - contact.aside.since
    world.out.append(AgentTold(contact=contact.id, agent=contact.agent, leg=contact.agent_leg, told_s=told_s))


def leave(world: World, contact: ContactRecord) -> None:
    """She is not apart any more: with the caller, or gone."""
    if contact.aside is not None:
        world.timers.cancel(TimerKind.TOLD, contact.id)
        close(world, contact, contact.aside)
        contact.aside = None


def hush(world: World, contact: ContactRecord, aside: Aside) -> None:
    """Nothing is said there any more."""
    if aside.playback is not None:
        world.playbacks.pop(aside.playback, None)
        world.out.append(StopPlayback(contact=contact.id, playback=aside.playback))
        aside.playback = None


def close(world: World, contact: ContactRecord, aside: Aside) -> None:
    """Likewise, and a bridge that was made for it is gone."""
    hush(world, contact, aside)
    if aside.own:
        world.bridges.pop(aside.bridge, None)
        world.out.append(CloseBridge(contact=contact.id, bridge=aside.bridge))


def asides_of(contact: ContactRecord) -> list[tuple[Aside, LegId]]:
    """Everybody who hears something alone for this contact, and on which leg."""
    found = [(offer.aside, leg) for leg, offer in contact.offers.items() if offer.aside is not None]
    if contact.aside is not None and contact.agent_leg is not None:
        found.append((contact.aside, contact.agent_leg))
    return found


def listed(world: World, contact: ContactRecord, bridges: Mapping[BridgeId, Collection[LegId]]) -> bool:
    """After a restart: what is missing of these bridges is asked for again; whether she has now been told.

    Playbacks cannot be listed, so what was being said counts as said.
    """
    for apart, leg in asides_of(contact):
        inside = bridges.get(apart.bridge)
        if apart.own and inside is None:
            world.out.append(OpenBridge(contact=contact.id, bridge=apart.bridge))
        if apart.own and leg not in (inside or ()):
            world.out.append(JoinBridge(contact=contact.id, bridge=apart.bridge, leg=leg))
    was_told = contact.aside is not None and contact.aside.playback is not None
    for apart, _ in asides_of(contact):
        hush(world, contact, apart)
    return was_told


def _open(world: World, contact: ContactRecord, agent: AgentId, leg: LegId) -> Aside:
    nail = world.agents.records[agent].nail
    if nail is not None and nail.leg == leg and nail.state is NailState.UP:
        return Aside(bridge=nail.bridge, own=False, since=world.now)
    bridge = world.mints().bridge()
    world.bridges[bridge] = contact.id
    world.out += (
        OpenBridge(contact=contact.id, bridge=bridge),
        JoinBridge(contact=contact.id, bridge=bridge, leg=leg),
    )
    return Aside(bridge=bridge, own=True, since=world.now)


def _announcement(contact: ContactRecord, queue: Queue) -> tuple[str, ...]:
    """Of a caller who is on the line; callbacks and messages have a briefing of their own."""
    return tuple(prompt.name for prompt in queue.agent_announcement) if contact.leg is not None else ()


def _say(
    world: World, contact: ContactRecord, aside: Aside, agent: AgentId, queue: Queue, prompts: tuple[str, ...]
) -> None:
    aside.playback = world.mints().playback()
    world.playbacks[aside.playback] = contact.id
    world.out.append(
        PlayPrompts(
            contact=contact.id,
            bridge=aside.bridge,
            playback=aside.playback,
            prompts=prompts,
            language=world.agents.records[agent].agent.language,
            variables={
                **contact.variables,
                "queue": queue.name.replace("_", " "),
                "language": contact.language,
                "needs": str(contact.needs),
                "waited_s": f"{world.now - contact.since:.0f}",
                "caller": contact.caller,
            },
        )
    )
