"""Small sentences in commands: the caller is answered, hears prompts, hears music. Knows what plays; decides nothing.

All that a caller hears is played on the contact's bridge, never on the channel: a playback on a channel blocks the
channel in Asterisk until it ends.
"""

from collections.abc import Mapping

from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.commands import (
    AnswerLeg,
    JoinBridge,
    OpenBridge,
    PlayPrompts,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callcenter.model.entry import Output
from callcenter.model.flow import Prompt
from callcenter.model.ids import BridgeId, LegId, RecordingId


def bridge_of(contact: ContactRecord) -> BridgeId:
    """The contact's bridge. Raises Bug before `take_call`."""
    if contact.bridge is None:
        raise Bug(f"{contact.id} has no bridge")
    return contact.bridge


def leg_of(contact: ContactRecord) -> LegId:
    """The customer's leg. Raises Bug while she is not on the line."""
    if contact.leg is None:
        raise Bug(f"the customer of {contact.id} is not on the line")
    return contact.leg


def open_bridge(world: World, contact: ContactRecord) -> BridgeId:
    """The contact's bridge, made if there is none yet."""
    if contact.bridge is None:
        contact.bridge = world.mints().bridge()
        world.bridges[contact.bridge] = contact.id
        world.out.append(OpenBridge(contact=contact.id, bridge=contact.bridge))
    return contact.bridge


def take_call(world: World, contact: ContactRecord) -> None:
    """Answer the caller and open the bridge, once. Without a caller (a callback's agent hears it): the bridge only."""
    if contact.leg is None:
        open_bridge(world, contact)
    elif contact.bridge is None:
        world.out.append(AnswerLeg(contact=contact.id, leg=contact.leg))
        bridge = open_bridge(world, contact)
        world.out.append(JoinBridge(contact=contact.id, bridge=bridge, leg=contact.leg))
        contact.answered = True


def say(
    world: World,
    contact: ContactRecord,
    prompts: tuple[Prompt, ...],
    variables: Mapping[str, str] | None = None,
    note: RecordingId | None = None,
    language: str = "",
    note_path: str = "",
) -> None:
    """Play prompts in the contact's language (or another), in place of what plays now. Ends with `PlaybackEnded`."""
    take_call(world, contact)
    hush(world, contact)
    stop_music(world, contact)
    playback = world.mints().playback()
    contact.playback = playback
    world.playbacks[playback] = contact.id
    world.out.append(
        PlayPrompts(
            contact=contact.id,
            bridge=bridge_of(contact),
            playback=playback,
            prompts=tuple(prompt.name for prompt in prompts),
            language=language or contact.language,
            variables={**contact.variables, **(variables or {})},
            note=note,
            note_path=note_path,
        )
    )


def hush(world: World, contact: ContactRecord) -> None:
    """Stop what plays, if anything does."""
    if contact.playback is not None:
        world.out.append(StopPlayback(contact=contact.id, playback=contact.playback))
        world.playbacks.pop(contact.playback, None)
        world.timers.cancel(TimerKind.CUT_OFF, contact.id)
        contact.playback = None


def start_music(world: World, contact: ContactRecord, music: str) -> None:
    """Music on hold, in place of any other."""
    if contact.music != music:
        bridge = bridge_of(contact)
        if not contact.music:
            world.silent.add(bridge)
        contact.music = music
        world.out.append(StartMusic(contact=contact.id, bridge=bridge, music=music))


def forget_unheard(world: World) -> None:
    """Music that begins and ends within one turn is not begun: it would only keep the caller waiting.

    Nor is it ended then, where there was none before.
    """
    out, silent = world.out, world.silent
    ends = {command.bridge: at for at, command in enumerate(out) if isinstance(command, StopMusic)}
    if ends:
        unheard: set[BridgeId] = set()
        kept: list[Output] = []
        for at, command in enumerate(out):
            if isinstance(command, StartMusic) and at < ends.get(command.bridge, -1):
                unheard.add(command.bridge)
            elif not (isinstance(command, StopMusic) and command.bridge in unheard and command.bridge in silent):
                kept.append(command)
        out[:] = kept


def stop_music(world: World, contact: ContactRecord) -> None:
    """No music, if there is any."""
    if contact.music:
        contact.music = ""
        world.out.append(StopMusic(contact=contact.id, bridge=bridge_of(contact)))
