"""Another version of the configuration, in the middle of everything. Knows what of the old one lives on, and in whom.

Theory: a contact lives by one version (`contact.version`). In a flow it is the version in which the flow began, so that
no node vanishes under a call. Whoever waits lives by the version in force: the queues' new rules hold at once. A queue
that is taken out while contacts wait in it would leave them nowhere, so that is refused; but a call in the middle of an
old flow may still come to such a queue, and is served there by the rules of its flow's version.
"""

from callcenter.core.queues import IN_QUEUE, Queues
from callcenter.core.recording import AFTER_QUEUE
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.errors import Bug
from callcenter.model.configuration import Configuration
from callcenter.model.facts import ConfigurationChanged
from callcenter.model.ids import Version


def lived_by(world: World) -> frozenset[Version]:
    """The versions that somebody lives by: calls, promises of callbacks, talks of which something may be recorded."""
    contacts = world.contacts.values()
    return frozenset(
        {
            world.version,
            *(contact.version for contact in contacts),
            *(contact.callback.version for contact in contacts if contact.callback is not None),
            *(talk.version for talks in world.talked.values() for talk in talks),
        }
    )


class Applying:
    """Puts a version of the library in force."""

    __slots__ = ("_queues", "_world")

    def __init__(self, world: World, queues: Queues) -> None:
        self._world = world
        self._queues = queues

    def hindrance(self, new: Configuration) -> str:
        """Why it cannot be in force now, in words; "" if it can."""
        world = self._world
        left = [
            (name, len(inside))
            for name, inside in sorted(world.queued.items())
            if inside and name in world.configuration.queues and name not in new.queues
        ]
        return "; ".join(
            f"queue {name} is not there any more, and {waiting} {'caller waits' if waiting == 1 else 'callers wait'} "
            f"in it: drain it first (callcenter queues drain {name}) and apply when it is empty"
            for name, waiting in left
        )

    def apply(self, version: Version, by: str) -> str:
        """Put it in force; gives what hinders it, or "". Raises Bug if the library does not hold it."""
        world = self._world
        new = self._known(version)
        problem = self.hindrance(new)
        if problem or version == world.version:
            return problem
        self._switch(version, new, by)
        for name in sorted(new.queues):
            self._queues.opened_or_closed(name)
        self._queues.roster_changed()  # a queue may have another rule for when nobody is there
        return ""

    def begin_with(self, version: Version) -> None:
        """A run begins with another version than the last one ended with. Deadlines and hours are seen to later.

        It is asked for only when nobody waits in a queue that has gone; should it happen, the old version goes on. An
        engine that has had no run yet has no version that could change: it has this one from the beginning.
        """
        new, world = self._known(version), self._world
        problem = self.hindrance(new)
        if world.mint is None:
            world.configuration, world.version = new, version
        elif problem:
            world.surprise(f"version {version} of the configuration is not in force: {problem}")
        else:
            self._switch(version, new, "")
            for name in sorted(new.queues):  # by the new hours somebody may have to go; but not before it is known
                world.timers.set(TimerKind.CLOSING, name, world.now)  # what has become of the calls

    def _known(self, version: Version) -> Configuration:
        try:
            return self._world.library[version]
        except KeyError:
            raise Bug(f"version {version} of the configuration is not in the library") from None

    def _switch(self, version: Version, new: Configuration, by: str) -> None:
        world, old = self._world, self._world.configuration
        world.out.append(ConfigurationChanged(version=version, was=world.version, by=by))
        world.configuration, world.version = new, version
        for name in sorted(old.queues):
            world.timers.cancel(TimerKind.CLOSING, name)
        for name in sorted(old.queues.keys() - new.queues.keys()):
            world.draining.discard(name)
            if not world.queued.get(name, True):
                del world.queued[name]
        for contact in sorted(world.contacts.values(), key=lambda contact: contact.serial):
            if contact.state in IN_QUEUE and contact.queue in new.queues:
                was = world.queue_of(contact)
                contact.version = version
                self._queues.rules_changed(contact, was)
            elif contact.state in AFTER_QUEUE and contact.last_queue in new.queues:
                contact.version = version
