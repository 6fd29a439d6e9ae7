"""The ear that a supervisor has at an agent's leg, and her place in the conversation. Knows legs; knows no rights.

An ear that listens cannot speak; to whisper another one is put in its place.
"""

from callcenter.core.monitors import MonitorRecord, lane_of
from callcenter.core.world import World
from callcenter.model.commands import HangUp, JoinBridge, Snoop, StopPlayback
from callcenter.model.ids import BridgeId, LegId


def put(world: World, monitor: MonitorRecord, at: LegId, other: LegId | None, *, whispers: bool) -> None:
    """An ear at the agent's leg, which speaks with `other` alone. One that heard another is deaf to her."""
    heard = monitor.snoop_hears if monitor.snooped == at else None
    anew = heard is not None and other is not None and heard != other
    if monitor.snooped != at or other is not None:
        monitor.snoop_hears = other
    if monitor.snooped == at and monitor.snoop_whispers is whispers and not anew:
        return
    pull(world, monitor)
    monitor.snoop, monitor.snooped, monitor.snoop_whispers = world.mints().leg(), at, whispers
    world.ears[monitor.snoop] = monitor.id
    world.out.append(Snoop(contact=lane_of(monitor), leg=monitor.snoop, at=at, whispers=whispers, anew=anew))


def pull(world: World, monitor: MonitorRecord) -> None:
    """No ear anywhere, and nothing is said to the agent any more."""
    if monitor.playback is not None:
        world.out.append(StopPlayback(contact=lane_of(monitor), playback=monitor.playback))
        monitor.playback = None
    if monitor.snoop is not None:
        world.out.append(HangUp(contact=lane_of(monitor), leg=monitor.snoop))
        del world.ears[monitor.snoop]
        monitor.snoop = None


def step_in(world: World, monitor: MonitorRecord, bridge: BridgeId) -> None:
    """She is in the conversation herself: everybody hears her."""
    if monitor.inside != bridge:
        monitor.inside = bridge
        world.out.append(JoinBridge(contact=lane_of(monitor), bridge=bridge, leg=monitor.leg))


def step_out(world: World, monitor: MonitorRecord) -> None:
    """Back into the bridge in which she hears."""
    if monitor.inside is not None and monitor.bridge is not None:
        monitor.inside = None
        world.out.append(JoinBridge(contact=lane_of(monitor), bridge=monitor.bridge, leg=monitor.leg))


def listed(world: World, monitor: MonitorRecord, legs: dict[LegId, bool]) -> None:
    """After a restart: an ear that is gone is known to be."""
    if monitor.snoop is not None and monitor.snoop not in legs:
        del world.ears[monitor.snoop]
        monitor.snoop = monitor.snooped = None  # `settle` puts another one there, if there is something to hear
