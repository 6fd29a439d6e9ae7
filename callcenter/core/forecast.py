"""How long will it be? A range for each who waits and for the next to come, by simulating the live line forward.

Knows what is learnt and who competes; changes nothing but its own memory of the last forecasts and of how true they
were.

Theory: a mean is not an answer. What a caller wants to know is when it will be her turn if things go as they may go:
so the line is run forward (`core/paths.py`) from what every agent is doing now, and of all the ways that it went the
p50 is told (half of them were over by then) with the p90 (nine of ten were). Running it costs milliseconds, so one
run serves everybody who competes for the same agents, for some seconds. Beyond named limits a fluid takes its place,
and says so.

A range may be spoken only when it is *confident*: enough calls were seen, it is narrow, the queue will not send the
caller elsewhere before, and the latest forecasts of this queue came true as often as they should. Otherwise nothing
is better.
"""

import math
from typing import Final

from callcenter.core.chance import seed_of
from callcenter.core.lines import Place
from callcenter.core.paths import quantile, run
from callcenter.core.scene import Cast, Stage
from callcenter.core.scenery import HORIZON_S
from callcenter.core.state import ContactRecord, Outlook, Predicted
from callcenter.core.world import World
from callcenter.model.contact import ContactState, Medium
from callcenter.model.facts import WaitPredicted
from callcenter.model.forecast import Range
from callcenter.model.ids import QueueName
from callcenter.model.queue import Queue

PATHS_MAX: Final = 128
PATHS_MIN: Final = 16
WORK_MAX: Final = 16_000  # paths times contacts, slots and queues, beyond PATHS_MIN: some 15 ms of plain Python
FRESH_S: Final = 5.0  # a forecast serves so long ...
FRESH_SHARE: Final = 0.2  # ... and no longer than this share of the wait: who still waits then has learnt something ...
FRESH_MIN_S: Final = 1.0  # ... but so long in any case: no more than one simulation a second
LATE_SHARE: Final = 0.1  # ... unless it was asked about more newcomers than this share of those in it

LOOKS_MAX: Final = 8  # simulations for one picture of the center; the other queues' are fluids

LEARNT_MIN: Final = 30  # calls of the queue that have ended, before its forecast is spoken
TRUTHS_MIN: Final = 20  # forecasts of the queue that came true or did not, before the next is spoken
NARROW_S: Final = 120.0  # p90 - p50 is narrow up to this, or up to the p50 itself
P50_TOLERANCE: Final = 0.25  # the measured coverage of p50 and p90 may differ by so much ...
P90_TOLERANCE: Final = 0.15  # ... below (a wait that is shorter than told annoys nobody)

SD_TO_P90: Final = 1.2816  # of a normal distribution


class Forecast:
    """Ranges on request, and the measure of their truth."""

    __slots__ = ("_seen", "_stage", "_world", "given")

    def __init__(self, world: World) -> None:
        self._world = world
        self._stage = Stage(world)
        self.given: dict[QueueName, float] = {}
        """Seconds for each place in line, taken for granted: for rehearsals, which have no calls to learn from."""
        self._seen: dict[QueueName, Outlook] = {}  # for screens only: a look must not change what callers are told

    # -- questions ---------------------------------------------------------------------------------------------------

    def of(self, contact: ContactRecord) -> Range | None:
        """How much longer a contact in a queue waits, if it stays; None while that is not known at all."""
        world = self._world
        queue = world.queue_of(contact)
        if queue.name in self.given:
            wait_s = self.given[queue.name] * self._position(contact, queue)
            return Range(p50_s=wait_s, p90_s=wait_s, confident=True)
        is_free = world.agents.free.longest_idle(contact.medium, contact.needs) is not None
        if is_free or contact.state is not ContactState.WAITING:  # a phone rings, or is just about to
            learnt = world.learnt.get(queue.name)
            if learnt is None or not learnt.talk.count:
                return None
            answer = learnt.answer.spread()
            return self._range(queue, (answer.at(0.5), answer.at(0.9)), 0.0, 0.0, simulated=True)
        outlook = self._outlook(queue, contact.medium, contact)
        if outlook is None:
            return None
        passed_s = world.now - outlook.at
        found = outlook.waits.get(contact.id) or self._squeezed_in(contact, queue, outlook)
        return self._range(queue, found, passed_s, world.now - contact.holds_from, simulated=outlook.simulated)

    def for_next(self, queue: Queue, medium: Medium = Medium.VOICE) -> Range | None:
        """How long somebody would wait who came into the queue now; None while that is not known at all."""
        outlook = self._outlook(queue, medium, None)
        return self._next(queue, outlook) if outlook is not None else None

    def looks(self, now: float, medium: Medium = Medium.VOICE) -> dict[QueueName, Range]:
        """The same of every queue, for a screen: changes nothing that a caller will be told."""
        found: dict[QueueName, Range] = {}
        left = LOOKS_MAX
        for name, queue in sorted(self._world.configuration.queues.items()):
            if not self._can_be_made(queue):
                continue
            outlook = self._kept(name, medium, now)
            if outlook is None:
                outlook = self._made(queue, medium, now) if left else self._flow(queue, medium, now)
                left -= bool(left)
                self._seen.update(dict.fromkeys(outlook.nexts, outlook))
            one = self._next(queue, outlook)
            if one is not None:
                found[name] = one
        return found

    def _kept(self, queue: QueueName, medium: Medium, now: float) -> Outlook | None:
        """One that was made lately, for whatever purpose."""
        for kept in (self._world.outlooks.get(queue), self._seen.get(queue)):
            if kept is not None and kept.medium is medium and is_fresh(kept, now):
                return kept
        return None

    # -- are they true? ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Predict for those who have come into a queue that wants it and were not served at once."""
        world = self._world
        for contact_id in world.unpredicted:
            contact = world.contacts.get(contact_id)
            if contact is not None and contact.state is ContactState.WAITING and contact.predicted is None:
                found = self.of(contact)
                if found is not None:
                    contact.predicted = Predicted(at=world.now, p50_s=found.p50_s, p90_s=found.p90_s)
                    self.tell(contact, found, entry=True)
        world.unpredicted.clear()

    def tell(self, contact: ContactRecord, found: Range, *, entry: bool = False, announced: bool = False) -> None:
        """Put down what was predicted: on coming in, or when an announcement was due, and whether it was spoken."""
        queue = self._world.queue_of(contact)
        self._world.out.append(
            WaitPredicted(
                contact=contact.id,
                queue=queue.name,
                p50_s=found.p50_s,
                p90_s=found.p90_s,
                position=self._position(contact, queue),
                confident=found.confident,
                announced=announced,
                simulated=found.simulated,
                entry=entry,
            )
        )

    def _position(self, contact: ContactRecord, queue: Queue) -> int:
        mine, contacts = self._place(contact), self._world.contacts
        return 1 + sum(self._place(contacts[other]) < mine for other in self._world.queued[queue.name])

    def _place(self, contact: ContactRecord) -> Place:
        return self._world.lines.place_of(contact, self._world.now)

    # -- making them -------------------------------------------------------------------------------------------------

    def _outlook(self, queue: Queue, medium: Medium, contact: ContactRecord | None) -> Outlook | None:
        """The last one if it still serves, or a new one."""
        world = self._world
        if not self._can_be_made(queue):
            return None
        outlook = world.outlooks.get(queue.name)
        if outlook is not None and outlook.medium is medium and is_fresh(outlook, world.now):
            known = outlook.waits.get(contact.id) if contact is not None else None
            p50_s = (known or outlook.nexts[queue.name])[0]
            if world.now - outlook.at <= max(FRESH_SHARE * p50_s, FRESH_MIN_S):
                if contact is None or known is not None:
                    return outlook
                outlook.late += 1
                if outlook.late <= LATE_SHARE * len(outlook.waits):
                    return outlook
        outlook = self._made(queue, medium, world.now)
        world.outlooks.update(dict.fromkeys(sorted(outlook.nexts), outlook))
        return outlook

    def _squeezed_in(self, contact: ContactRecord, queue: Queue, outlook: Outlook) -> tuple[float, float]:
        """One who came after the forecast: as the next, or, if she overtook, as the one before whom she stands."""
        contacts = self._world.contacts
        inside = (contacts[other] for other in self._world.queued[queue.name] if other in outlook.waits)
        mine = self._place(contact)
        behind = min((other for other in inside if self._place(other) > mine), key=self._place, default=None)
        if behind is not None:
            return outlook.waits[behind.id]
        p50_s, p90_s = outlook.nexts[queue.name]
        line = len(outlook.waits) + 1
        longer = (line + max(outlook.late - 1, 0)) / line  # others may have come in between
        return p50_s * longer, p90_s * longer

    def _can_be_made(self, queue: Queue) -> bool:
        """Not if nothing is learnt yet, or nobody who could serve takes contacts."""
        learnt = self._world.learnt.get(queue.name)
        return learnt is not None and learnt.talk.count > 0 and self._stage.is_served(queue.needs)

    def _made(self, queue: Queue, medium: Medium, now: float) -> Outlook:
        cast = self._stage.cast(queue, medium, now)
        return self._flow(queue, medium, now) if cast is None else _simulated(cast, medium, now)

    def _flow(self, queue: Queue, medium: Medium, now: float) -> Outlook:
        """As if contacts were a fluid, beyond the limits of simulation.

        One with k before it needs k + 1 agents to become free: from n agents at work with mean handle time m, r = n /
        m a second; the line before it also loses h a second for each in it, h being the learnt rate of giving up. The
        mean is the sum over i = 0..k of 1 / (r + ih), the variance that of their squares; both are taken as
        integrals. Median and p90 are those of a gamma distribution with these moments, nearly. Agents shared with
        other needs are counted as if they were this queue's alone.
        """
        learnt = self._world.learnt[queue.name]
        handle_s = max(learnt.talk.mean_s + learnt.wrap_up.mean_s + learnt.answer.mean_s, 0.1)
        rate = self._stage.in_service(queue.needs) / handle_s
        gives_up = learnt.patience.hazard_per_s()
        answer_s = learnt.answer.mean_s
        contacts = self._world.contacts
        inside = [contacts[c] for c in self._world.queued.get(queue.name, ()) if contacts[c].medium is medium]
        waiting = sorted((c for c in inside if c.state is ContactState.WAITING), key=self._place)
        waits = {c.id: _fluid(before, rate, gives_up, answer_s) for before, c in enumerate(waiting)}
        nexts = {queue.name: _fluid(len(waiting), rate, gives_up, answer_s)}
        return Outlook(at=now, medium=medium, simulated=False, waits=waits, nexts=nexts)

    # -- how sure ----------------------------------------------------------------------------------------------------

    def _next(self, queue: Queue, outlook: Outlook) -> Range | None:
        found = outlook.nexts.get(queue.name)
        return self._range(queue, found, 0.0, 0.0, simulated=outlook.simulated) if found is not None else None

    def _range(
        self, queue: Queue, found: tuple[float, float], passed_s: float, waited_s: float, *, simulated: bool
    ) -> Range | None:
        if found[0] >= HORIZON_S:
            return None
        p50_s, p90_s = max(found[0] - passed_s, 0.0), max(found[1] - passed_s, 0.0)
        doubt = self._doubt(queue, p50_s, p90_s, waited_s)
        return Range(p50_s=p50_s, p90_s=p90_s, confident=not doubt, doubt=doubt, simulated=simulated)

    def _doubt(self, queue: Queue, p50_s: float, p90_s: float, waited_s: float) -> str:
        """Why this range must not be spoken; "" if it may be."""
        learnt = self._world.learnt.get(queue.name)
        if learnt is None or learnt.talk.count < LEARNT_MIN:
            return f"fewer than {LEARNT_MIN} calls have been learnt from"
        if p90_s - p50_s > max(NARROW_S, p50_s):
            return "too wide a range"
        if queue.max_wait_s > 0 and waited_s + p90_s > queue.max_wait_s:
            return "the queue may send the caller on before"
        accuracy = learnt.accuracy
        p50, p90 = accuracy.p50.share(), accuracy.p90.share()
        if accuracy.count < TRUTHS_MIN or p50 is None or p90 is None:
            return f"fewer than {TRUTHS_MIN} forecasts have been put to the proof"
        if p90 < 0.9 - P90_TOLERANCE or p50 < 0.5 - P50_TOLERANCE:
            return f"the latest forecasts were too short: p50 held for {p50:.0%} of callers, p90 for {p90:.0%}"
        return ""


def _simulated(cast: Cast, medium: Medium, now: float) -> Outlook:
    paths = min(max(WORK_MAX // max(cast.scene.heads, 1), PATHS_MIN), PATHS_MAX)
    waits = run(cast.scene, paths, seed_of(int(now * 1e3), cast.scene.heads))
    return Outlook(
        at=now,
        medium=medium,
        simulated=True,
        waits={contact: _quantiles(waits[number]) for number, contact in cast.contacts},
        nexts={queue: _quantiles(waits[number]) for number, queue in cast.ghosts},
    )


def _quantiles(ascending: list[float]) -> tuple[float, float]:
    return quantile(ascending, 0.5), quantile(ascending, 0.9)


def _fluid(before: int, rate: float, gives_up: float, answer_s: float) -> tuple[float, float]:
    first, last = rate, rate + (before + 1) * gives_up
    if gives_up > 0.0:
        mean_s = math.log(last / first) / gives_up
        variance = (1.0 / first - 1.0 / last) / gives_up
    else:
        mean_s, variance = (before + 1) / rate, (before + 1) / rate**2
    median_s = max(mean_s - variance / (3.0 * mean_s), 0.0)
    return answer_s + median_s, answer_s + mean_s + SD_TO_P90 * math.sqrt(variance)


def is_fresh(outlook: Outlook, now: float) -> bool:
    """Whether it still serves."""
    return 0.0 <= now - outlook.at < FRESH_S
