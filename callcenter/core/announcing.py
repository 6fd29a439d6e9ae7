"""What callers hear while they wait: their place, the predicted wait, comfort, and that they may be called back.

Knows one contact and its queue's announcements; moves nobody. The music between is `voice`'s.
"""

from math import ceil
from typing import Final

from callcenter.core import voice
from callcenter.core.forecast import Forecast
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.contact import ContactState
from callcenter.model.flow import Prompt
from callcenter.model.forecast import Range, spoken_minutes
from callcenter.model.queue import Queue

TOLD_MAX_S: Final = 3600.0  # a longer wait is not spoken: nobody plans by "between 50 and 80 minutes"
TAKEN_BACK_MAX: Final = 1  # so often is one caller told a later time than before; then no wait any more


class Announcing:
    """What waiting callers are told, and when."""

    __slots__ = ("_world", "forecast")

    def __init__(self, world: World, forecast: Forecast) -> None:
        self._world = world
        self.forecast = forecast

    def welcome(self, contact: ContactRecord, queue: Queue) -> None:
        """The contact has come: music, or first that it may be called back, where that goes by the wait."""
        offer = self._callback_offer(contact, queue) if offers_by_wait(queue) else None
        if offer is not None:
            voice.say(self._world, contact, (offer,))
        else:
            voice.start_music(self._world, contact, queue.music)

    def set_timer(self, contact: ContactRecord, queue: Queue) -> None:
        """The first announcement of a contact that has just come, or is back on the line."""
        first = queue.announce.first_after_s or queue.announce.every_s
        if first > 0:
            self._world.timers.set(TimerKind.ANNOUNCE, contact.id, self._world.now + first)

    def set_timer_anew(self, contact: ContactRecord, queue: Queue, was: Queue) -> None:
        """The queue has other rules: when they would say something next, had they held all the time."""
        timers, now = self._world.timers, self._world.now
        new, old = queue.announce, was.announce
        if (new.first_after_s, new.every_s) != (old.first_after_s, old.every_s) and contact.leg is not None:
            timers.cancel(TimerKind.ANNOUNCE, contact.id)
            due = contact.entered + (new.first_after_s or new.every_s)
            if new.every_s > 0 and due < now:
                due += ceil((now - due) / new.every_s) * new.every_s
            if due >= now and due > contact.entered:
                timers.set(TimerKind.ANNOUNCE, contact.id, due)

    def due(self, contact: ContactRecord) -> None:
        """Say place and estimated wait, then music again."""
        world = self._world
        queue = world.queue_of(contact)
        announce = queue.announce
        if announce.every_s > 0:
            world.timers.set(TimerKind.ANNOUNCE, contact.id, world.now + announce.every_s)
        if contact.state is ContactState.CONNECTING or contact.playback is not None:
            return
        prompts, variables = self._announcement(contact, queue)
        if prompts:
            voice.say(world, contact, tuple(prompts), variables)

    def over(self, contact: ContactRecord) -> None:
        """An announcement is over."""
        contact.playback = None
        voice.start_music(self._world, contact, self._world.queue_of(contact).music)

    def position(self, contact: ContactRecord) -> int:
        """The contact's place in its queue, from 1."""
        world = self._world
        place_of, now = world.lines.place_of, world.now
        mine = place_of(contact, now)
        others = world.queued[contact.queue] if contact.queue is not None else {}
        return 1 + sum(place_of(world.contacts[other], now) < mine for other in others)

    # -- what is worth saying ---------------------------------------------------------------------------------------

    def _announcement(self, contact: ContactRecord, queue: Queue) -> tuple[list[Prompt], dict[str, str]]:
        """What is worth interrupting the music: a better place than was said last, a wait that can be relied on."""
        announce = queue.announce
        position = self.position(contact)
        prompts, variables = [], {"position": str(position)}
        if announce.position is not None and (not contact.position_said or position < contact.position_said):
            contact.position_said = position
            prompts.append(announce.position)
        found = self.forecast.of(contact) if announce.wait is not None else None
        if announce.wait is not None and found is not None:
            spoken = self._may_be_spoken(contact, found)
            self.forecast.tell(contact, found, announced=spoken)
            if spoken:
                low, high = spoken_minutes(found)
                contact.wait_said_by = self._world.now + 60.0 * high
                prompts.append(announce.wait)
                variables |= {
                    "wait_s": f"{found.p50_s:.0f}",
                    "wait_low_min": str(low),
                    "wait_high_min": str(high),
                }
        if announce.comfort is not None:
            prompts.append(announce.comfort)
        offer = self._callback_offer(contact, queue)
        if offer is not None:
            prompts.append(offer)
        return prompts, variables

    def _callback_offer(self, contact: ContactRecord, queue: Queue) -> Prompt | None:
        """What tells the caller that she may be called back, if the wait is long enough to say so."""
        rules = queue.callback
        if rules is None or rules.offer is None or contact.callback is not None:
            return None
        if rules.offer_when_wait_above_s <= 0:
            return rules.offer
        found = self.forecast.of(contact)
        return rules.offer if found is not None and found.p50_s > rules.offer_when_wait_above_s else None

    def _may_be_spoken(self, contact: ContactRecord, found: Range) -> bool:
        """Whether a forecast is told to the caller. Who was told an earlier time than can be kept is told so once."""
        if not found.confident or found.p90_s > TOLD_MAX_S:
            return False
        if contact.wait_said_by and self._world.now + found.p90_s > contact.wait_said_by:
            contact.waits_taken_back += 1
        return contact.waits_taken_back <= TAKEN_BACK_MAX


def offers_by_wait(queue: Queue) -> bool:
    """Whether it offers a callback to those who will wait long."""
    return queue.callback is not None and queue.callback.offer_when_wait_above_s > 0
