"""The engine's memory as bytes, and back. Knows what is state and what is derived; knows no file and no database.

A restored engine and the one it was taken from answer every later event alike. Secrets of a contact (digits of a masked
input) are not written, only how many there were: a caller who was typing them when the process died is asked again.
"""

import dataclasses
from collections.abc import Iterator

import msgspec

from callcenter.core.aside import asides_of
from callcenter.core.campaign_state import CampaignRecord
from callcenter.core.engine import Engine
from callcenter.core.flows import STAND_IN
from callcenter.core.forecast import is_fresh
from callcenter.core.guard import GuardMemory
from callcenter.core.learnt import Learnt
from callcenter.core.monitors import MonitorRecord
from callcenter.core.state import Abandoned, AgentRecord, ContactRecord, LastServed, Outlook
from callcenter.core.timers import Timer, TimerKind
from callcenter.core.trunks import TrunkUse
from callcenter.core.world import Library, World
from callcenter.errors import Bug
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState
from callcenter.model.disposition import Talked
from callcenter.model.ids import UNVERSIONED, ContactId, LegId, Mint, QueueName, Version


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    queue: QueueName
    caller: str
    served: LastServed


class _GaveUp(msgspec.Struct, frozen=True, kw_only=True):
    queue: QueueName
    caller: str
    place: Abandoned


class _Forecast(msgspec.Struct, frozen=True, kw_only=True):
    queues: tuple[QueueName, ...]
    outlook: Outlook


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All state of an engine between two events."""

    now: float
    blind: bool
    namespace: str
    minted: int
    version: Version = UNVERSIONED
    contacts: tuple[ContactRecord, ...]
    agents: tuple[AgentRecord, ...]
    timers: tuple[Timer, ...]
    queued: dict[QueueName, list[ContactId]]
    waiting: tuple[ContactId, ...]
    buried: tuple[LegId, ...]
    left: tuple[LegId, ...] = ()  # those of `buried` that were told to be out of our hands
    draining: tuple[QueueName, ...]
    may_record: bool = True
    last_served: tuple[_Remembered, ...]
    ahead: tuple[ContactId, ...] = ()
    abandoned: tuple[_GaveUp, ...] = ()
    learnt: dict[QueueName, Learnt] = {}
    forecasts: tuple[_Forecast, ...] = ()
    monitors: tuple[MonitorRecord, ...] = ()
    vips: str = ""  # numbers with a blank between: there may be many
    no_calls: str = ""
    talked: tuple[tuple[ContactId, list[Talked]], ...] = ()
    campaigns: tuple[CampaignRecord, ...] = ()
    dialler: str = ""
    trunk_uses: dict[str, TrunkUse] = {}
    guard: GuardMemory = msgspec.field(default_factory=GuardMemory)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Snapshot)


def take_snapshot(engine: Engine) -> bytes:
    """What the engine knows, as JSON."""
    world = engine.world
    mint = world.mints()
    return _ENCODER.encode(
        Snapshot(
            now=world.now,
            blind=world.blind,
            namespace=mint.namespace,
            minted=mint.count,
            version=world.version,
            contacts=tuple(_without_secrets(contact) for contact in world.contacts.values()),
            agents=tuple(world.agents.records[agent] for agent in sorted(world.agents.records)),
            timers=tuple(world.timers.listed()),
            queued={queue: list(contacts) for queue, contacts in world.queued.items()},
            waiting=tuple(contact for contact in world.contacts if contact in world.lines),
            buried=tuple(world.buried),
            left=tuple(leg for leg, left in world.buried.items() if left),
            draining=tuple(sorted(world.draining)),
            may_record=world.may_record,
            learnt=world.learnt,
            monitors=tuple(world.monitors.values()),
            forecasts=tuple(_forecasts(world)),
            last_served=tuple(
                _Remembered(queue=queue, caller=caller, served=served)
                for (queue, caller), served in world.last_served.items()
            ),
            ahead=tuple(contact for contact in world.contacts if contact in world.ahead),
            vips=" ".join(world.marks.vips),
            no_calls=" ".join(world.marks.no_calls),
            talked=tuple(world.talked.items()),
            campaigns=tuple(world.campaigns.values()),
            dialler=world.dialler,
            trunk_uses=world.trunk_uses,
            guard=world.guard_memory,
            abandoned=tuple(
                _GaveUp(queue=queue, caller=caller, place=place) for (queue, caller), place in world.abandoned.items()
            ),
        )
    )


class _Promise(msgspec.Struct, frozen=True):
    version: Version = UNVERSIONED


class _Named(msgspec.Struct, frozen=True):
    version: Version = UNVERSIONED
    callback: _Promise | None = None

    def versions(self) -> tuple[Version, ...]:
        return (self.version,) if self.callback is None else (self.version, self.callback.version)


class _Naming(msgspec.Struct, frozen=True):
    version: Version = UNVERSIONED
    contacts: tuple[_Named, ...] = ()
    talked: tuple[tuple[ContactId, list[Talked]], ...] = ()

    def of_talks(self) -> set[Version]:
        return {talk.version for _, talks in self.talked for talk in talks}


def versions_of(taken: bytes) -> tuple[Version, ...]:
    """The versions of the configuration that a snapshot needs, in order. Raises Bug as `restore` does."""
    try:
        naming = msgspec.json.decode(taken, type=_Naming)
    except msgspec.DecodeError as error:
        raise Bug(f"a snapshot cannot be read: {error}") from error
    lived_by = {version for named in naming.contacts for version in named.versions()}
    return tuple(sorted({naming.version, *lived_by, *naming.of_talks()}))


def restore(configuration: Configuration, taken: bytes, library: Library | None = None) -> Engine:
    """An engine that knows what the snapshot says. Raises Bug if the bytes are not a snapshot.

    `library` holds the versions that the snapshot names; `configuration` stands in for those it does not hold. A queue
    that is not configured any more, and in which nobody waits, is forgotten.
    """
    try:
        snapshot = _DECODER.decode(taken)
    except msgspec.DecodeError as error:
        raise Bug(f"a snapshot cannot be read: {error}") from error
    library = {} if library is None else library
    promises = (contact.callback.version for contact in snapshot.contacts if contact.callback is not None)
    talks = (talk.version for _, talks in snapshot.talked for talk in talks)
    for version in (snapshot.version, *(contact.version for contact in snapshot.contacts), *promises, *talks):
        library.setdefault(version, configuration)
    configuration = library[snapshot.version]
    engine = Engine(configuration, snapshot.version, library)
    world = engine.world
    world.now, world.blind = snapshot.now, snapshot.blind
    world.mint = Mint(snapshot.namespace, snapshot.minted)
    _restore_contacts(world, snapshot)
    _restore_agents(world, snapshot)
    for timer in snapshot.timers:
        kept = timer.subject in configuration.queues or timer.subject in world.queued
        if timer.kind is not TimerKind.CLOSING or kept:
            world.timers.set(timer.kind, timer.subject, timer.at)
    world.buried.update(dict.fromkeys(snapshot.buried, False))
    world.buried.update(dict.fromkeys(snapshot.left, True))
    world.draining.update(queue for queue in snapshot.draining if queue in configuration.queues)
    world.may_record = snapshot.may_record
    world.learnt.update(snapshot.learnt)
    for forecast in snapshot.forecasts:
        world.outlooks.update(dict.fromkeys(forecast.queues, forecast.outlook))
    for monitor in snapshot.monitors:
        world.monitors[monitor.id] = monitor
        world.ears.update(dict.fromkeys(filter(None, (monitor.leg, monitor.snoop)), monitor.id))
    for remembered in snapshot.last_served:
        world.last_served[remembered.queue, remembered.caller] = remembered.served
    world.marks.vips.update(dict.fromkeys(snapshot.vips.split()))
    world.marks.no_calls.update(dict.fromkeys(snapshot.no_calls.split()))
    world.talked.update(snapshot.talked)
    world.campaigns.update((record.name, record) for record in snapshot.campaigns)
    world.dialler = snapshot.dialler
    world.trunk_uses.update(snapshot.trunk_uses)
    memory = world.guard_memory
    memory.calls.update(snapshot.guard.calls)
    memory.refusals += snapshot.guard.refusals
    memory.alarmed.update(snapshot.guard.alarmed)
    for gave_up in snapshot.abandoned:
        world.abandoned[gave_up.queue, gave_up.caller] = gave_up.place
    return engine


def _forecasts(world: World) -> Iterator[_Forecast]:
    """Each that still serves once, with the queues that share it."""
    shared: dict[int, tuple[list[QueueName], Outlook]] = {}
    for queue in sorted(world.outlooks):
        outlook = world.outlooks[queue]
        if is_fresh(outlook, world.now):
            shared.setdefault(id(outlook), ([], outlook))[0].append(queue)
    for queues, outlook in shared.values():
        yield _Forecast(queues=tuple(queues), outlook=outlook)


def _restore_contacts(world: World, snapshot: Snapshot) -> None:  # noqa: C901 (one line per index)
    for contact in snapshot.contacts:
        world.contacts[contact.id] = contact
        if not contact.counts_from:  # of a build that knew neither
            contact.counts_from = contact.holds_from = contact.entered
        if contact.callback is not None:
            world.promised(contact)
        if contact.kept_for is not None:
            world.kept.setdefault(contact.kept_for, {})[contact.id] = None
        world.legs.update(dict.fromkeys(_legs_of(contact), contact.id))
        if contact.bridge is not None:
            world.bridges[contact.bridge] = contact.id
        if contact.consult is not None:
            world.bridges[contact.consult.bridge] = contact.id
        if contact.playback is not None:
            world.playbacks[contact.playback] = contact.id
        for apart, _ in asides_of(contact):
            if apart.own:
                world.bridges[apart.bridge] = contact.id
            if apart.playback is not None:
                world.playbacks[apart.playback] = contact.id
        if contact.message is not None:
            world.recordings[contact.message] = contact.id
        if contact.mail is not None:
            world.mails[contact.mail.message] = contact.id
        if contact.parked is not None:
            world.slots[contact.parked.slot] = contact.id
        if contact.lookup is not None:
            world.lookups[contact.lookup.lookup] = contact.id
        if contact.card is not None:
            world.cards[contact.card] = contact.id
    for queue, contacts in snapshot.queued.items():
        if contacts or queue in world.configuration.queues:
            world.queued[queue] = dict.fromkeys(contacts)
    for contact_id in snapshot.waiting:
        world.lines.add(world.contacts[contact_id])
    for contact_id in snapshot.ahead:
        world.ahead.add(world.contacts[contact_id])


def _legs_of(contact: ContactRecord) -> list[LegId]:
    called_back = contact.callback.leg if contact.callback is not None else None
    aside = (contact.consult.leg, contact.consult.own) if contact.consult is not None else ()
    pickup = contact.parked.pickup if contact.parked is not None else None
    rung = pickup.leg if pickup is not None else None
    others = (*aside, *contact.offers, *contact.guests)
    legs = (contact.leg, contact.agent_leg, contact.other_leg, called_back, rung, *others)
    return [leg for leg in legs if leg is not None]


def _restore_agents(world: World, snapshot: Snapshot) -> None:
    for record in snapshot.agents:
        world.agents.restored(record, snapshot.now)
        if record.nail is not None:
            legs = (record.nail.leg, record.nail.ear)
            world.nailed.update(dict.fromkeys((leg for leg in legs if leg is not None), record.agent.id))


def _without_secrets(contact: ContactRecord) -> ContactRecord:
    if not contact.secrets and not contact.memory.secret:
        return contact
    known = ContactRecord(**{field: getattr(contact, field) for field in ContactRecord.__annotations__})
    known.secrets = {}
    if contact.state is ContactState.IN_FLOW and contact.memory.secret:
        known.memory = dataclasses.replace(contact.memory, digits=STAND_IN * len(contact.memory.digits))
    return known
