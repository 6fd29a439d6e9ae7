"""Who may come into a queue, and who may stay: hours, places, agents at work, draining.

Knows one queue's rules and one contact at a time; gives the way out and where it leads, and takes nobody there.
"""

from callcenter.core.free import could_serve
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.widening import asked_of
from callcenter.core.world import World
from callcenter.model.calendar import Calendar
from callcenter.model.contact import QueueExit
from callcenter.model.ids import QueueName, Version
from callcenter.model.need import Need
from callcenter.model.queue import Queue, Target


class Doors:
    """The queues' doors."""

    __slots__ = ("_serving", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._serving: dict[Need, tuple[int, int]] = {}  # need -> (roster version, agents at work who meet it)

    def refusal(
        self, contact: ContactRecord, queue: Queue, *, returns: bool = False
    ) -> tuple[QueueExit, Target] | None:
        """Why a contact that comes may not wait here, and where it goes; None if it may.

        One that `returns` has been let in before: only where nobody is at work for it is there no place for it.
        """
        shut = None if returns else self._shut(contact, queue)
        if shut is None and queue.no_agents is not None and not self.serving(asked_of(contact)):
            return QueueExit.NO_AGENTS, queue.no_agents
        return shut

    def _shut(self, contact: ContactRecord, queue: Queue) -> tuple[QueueExit, Target] | None:
        if queue.name in self._world.draining:
            return QueueExit.DRAINED, queue.overflow
        if not self.is_open(queue, contact.version):
            return QueueExit.CLOSED, queue.at_close or queue.overflow
        if queue.max_waiting and self._on_the_line(queue.name) > queue.max_waiting:
            return QueueExit.FULL, queue.overflow
        return None

    def expiry(self, contact: ContactRecord, queue: Queue) -> tuple[QueueExit, Target] | None:
        """Why a contact that has waited may not wait on, and where it goes; None if it may."""
        if contact.overflow_due:
            return QueueExit.TIMED_OUT, queue.overflow
        if queue.at_close is not None and not self.is_open(queue, contact.version):
            return QueueExit.CLOSED, queue.at_close
        if queue.no_agents is not None and not self.serving(asked_of(contact)):
            return QueueExit.NO_AGENTS, queue.no_agents
        return None

    def is_open(self, queue: Queue, version: Version | None = None) -> bool:
        """Whether the queue's hours run now."""
        return queue.hours is None or queue.hours in self._world.open_calendars(version)

    def set_closing_timer(self, name: QueueName) -> None:
        """Look at the queue again when its hours next begin or end; one that is due and not seen to yet stays due."""
        world = self._world
        due = world.timers.due(TimerKind.CLOSING, name)
        if due is not None and due <= world.now:
            return
        changes = [calendar.next_change(world.now) for calendar in self._hours(name)]
        at = min((at for at in changes if at is not None), default=None)
        if at is None:
            world.timers.cancel(TimerKind.CLOSING, name)
        else:
            world.timers.set(TimerKind.CLOSING, name, at)

    def _hours(self, name: QueueName) -> list[Calendar]:
        """By which hours a queue opens and closes: its own, or, when it is no more, those of whoever is still in it."""
        world = self._world
        versions = [world.version]
        if name not in world.configuration.queues:
            versions = sorted({world.contacts[contact].version for contact in world.queued.get(name, ())})
        asked = [(world.library[version], world.library[version].queues[name].hours) for version in versions]
        return [configuration.calendars[hours] for configuration, hours in asked if hours is not None]

    def serving(self, needs: Need) -> int:
        """How many agents at work meet the need."""
        agents = self._world.agents
        known = self._serving.get(needs)
        if known is None or known[0] != agents.roster:
            count = sum(could_serve(record, needs) for record in agents.records.values())
            known = self._serving[needs] = (agents.roster, count)
        return known[1]

    def _on_the_line(self, name: QueueName) -> int:
        """How many wait with the phone in their hand."""
        contacts = self._world.contacts
        return sum(contacts[contact].leg is not None for contact in self._world.queued.get(name, ()))
