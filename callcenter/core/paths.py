"""A waiting line run forward many times: when would each who waits be served? Knows lines, slots and lengths of time.

Knows no contact, agent or queue: `core/forecast.py` makes numbers of those. A *slot* is one contact's worth of an
agent; a *line* holds those with equal needs; a slot serves some lines, and of the heads of these the one with the
lowest rank. Where an order ranks queues (`Scene.rank`) it is asked anew at each choice, as the engine does.

One path draws how long each busy slot still needs, how long everybody's call takes, who gives up and who comes and
overtakes, and lets it run until everybody in line has been served. Everybody's *virtual* wait is recorded: who gives
up on a path is still noted at the moment a slot would have taken her, and the slot goes on to the next. So one run of
paths tells the wait of each who waits, if she stays, and of a ghost behind them who takes nobody's turn: the next to
come.
"""

import heapq
import math
from collections.abc import Callable
from typing import Final

from callcenter.core.chance import FACTOR, MODULUS, UNIT
from callcenter.core.durations import CELLS
from callcenter.core.scenery import HORIZON_S, Busy, Overtakers, Scene, Waiter

STEPS_PER_HEAD: Final = 6  # events on one path, per slot, contact and line, before it is cut off
CHOICE: Final = CELLS * UNIT  # a state by this is the number of one of 256 equally likely draws
_ARRIVAL: Final = -1  # in the agenda; slots are 0 and up, a move of contact n is -2 - n


def run(scene: Scene, paths: int, seed: int) -> list[list[float]]:
    """For each waiter the seconds until she is served, once per path, ascending; HORIZON_S where that is not known."""
    waits: list[list[float]] = [[] for _ in scene.waiters]
    still = [_remaining(slot) for slot in scene.busy]
    patient = [_patience(waiter) for waiter in scene.waiters]
    ranks: list[list[float]] = [[] for _ in range(scene.lines)]
    for place, waiter in enumerate(scene.waiters):
        ranks[waiter.line].append(float(place))
    serves = [slot.serves for slot in scene.busy] + list(scene.idle)
    ready = _first_of_each(scene.idle, len(scene.busy))
    state = seed
    for _ in range(paths):
        state = _path(scene, waits, still, patient, ranks, serves, ready, state)
    for of_one in waits:
        of_one.sort()
    return waits


def quantile(ascending: list[float], share: float) -> float:
    """What the next draw stays below with this probability: rank share x (n + 1), Hyndman and Fan's type 6."""
    place = share * (len(ascending) + 1) - 1.0
    below = min(max(int(place), 0), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    within = min(max(place - below, 0.0), 1.0)
    return ascending[below] + within * (ascending[above] - ascending[below])


def _first_of_each(idle: tuple[tuple[int, ...], ...], busy: int) -> list[int]:
    """Idle slots that may find somebody to serve at once (a ghost, who needs no more than one): one of each kind."""
    return sorted({serves: busy + n for n, serves in reversed(list(enumerate(idle)))}.values())


_Conditional = tuple[list[float], float, float, float, float]  # cuts, over, rest, lasted, then


def _remaining(slot: Busy) -> _Conditional:
    """What a draw of a slot's remaining time needs: one that outlasts all that is known begins anew."""
    over = slot.spread.below(slot.lasted_s)
    if over >= 1.0:
        return slot.spread.cuts, 0.0, 1.0, 0.0, slot.then_s
    return slot.spread.cuts, over, 1.0 - over, slot.lasted_s, slot.then_s


def _patience(waiter: Waiter) -> tuple[list[float], float, float, float] | None:
    if waiter.patience is None or waiter.ghost:
        return None
    over = waiter.patience.below(waiter.waited_s)
    return (waiter.patience.cuts, over, 1.0 - over, waiter.waited_s) if over < 1.0 else None


def _path(  # noqa: C901 (one loop, written out for speed: every draw is three lines of arithmetic)
    scene: Scene,
    waits: list[list[float]],
    still: list[_Conditional],
    patient: list[tuple[list[float], float, float, float] | None],
    ranks: list[list[float]],
    serves: list[tuple[int, ...]],
    ready: list[int],
    state: int,
) -> int:
    """One path; puts everybody's wait down and gives the state of chance after it."""
    waiters, services, overtakers, rank_of = scene.waiters, scene.services, scene.overtakers, scene.rank
    heappop, heappush, heapreplace = heapq.heappop, heapq.heappush, heapq.heapreplace
    lines = [line[:] for line in ranks]
    agenda: list[tuple[float, int]] = []
    for slot, (cuts, over, rest, lasted_s, then_s) in enumerate(still):
        state = state * FACTOR % MODULUS
        place = (over + state * UNIT * rest) * CELLS
        cell = int(place)
        if cell >= CELLS:
            cell = CELLS - 1
        low = cuts[cell]
        left_s = low + (place - cell) * (cuts[cell + 1] - low) - lasted_s + then_s
        agenda.append((left_s if left_s > 0.0 else 0.0, slot))
    agenda += [(0.0, slot) for slot in ready]
    idle = [slot for slot in range(len(still), len(serves)) if slot not in ready]
    line_of: dict[int, int] = {}  # of those who have moved
    come: dict[float, Overtakers] = {}  # those who came and overtook, by rank
    came: dict[float, float] = {}  # and when
    for number, waiter in enumerate(waiters):
        if waiter.moves:
            agenda += [(at, -2 - number) for at, _ in waiter.moves]
    rate = sum(source.per_s for source in overtakers)
    if rate > 0.0:
        state = state * FACTOR % MODULUS
        agenda.append((-math.log1p(-state * UNIT) / rate, _ARRIVAL))
    heapq.heapify(agenda)
    unknown, recorded = len(waiters), [False] * len(waiters)
    budget = STEPS_PER_HEAD * (scene.heads + 16)
    while unknown and agenda and budget:
        budget -= 1
        now, what = agenda[0]
        if now >= HORIZON_S:
            break
        if what < 0:
            if what == _ARRIVAL:
                state = state * FACTOR % MODULUS
                heapreplace(agenda, (now - math.log1p(-state * UNIT) / rate, _ARRIVAL))
                state = state * FACTOR % MODULUS
                source = _drawn(overtakers, state * UNIT * rate)
                line, rank = source.line, source.before - 0.5 + 0.25 * now / HORIZON_S
                come[rank] = source
                came[rank] = now
            else:
                heappop(agenda)
                number = -2 - what
                if recorded[number]:
                    continue
                line, rank = next(to for at, to in reversed(waiters[number].moves) if at <= now), float(number)
                line_of[number] = line
            heappush(lines[line], rank)
            slot = next((one for one in idle if line in serves[one]), -1)
            if slot < 0:
                continue
            idle.remove(slot)
            heappush(agenda, (now, slot))
            continue
        while True:  # the slot is free: whom does it serve?
            first, first_line = math.inf, -1
            best: tuple[float, ...] = ()
            for line in serves[what]:
                ranked = lines[line]
                while ranked and ranked[0] not in come:
                    number = int(ranked[0])
                    if not recorded[number] and line_of.get(number, waiters[number].line) == line:
                        break
                    heappop(ranked)
                if not ranked:
                    continue
                if rank_of is None:
                    if ranked[0] < first:
                        first, first_line = ranked[0], line
                    continue
                if ranked[0] in come:
                    stands = _place_of_newcomer(come[ranked[0]], came[ranked[0]], now, rank_of)
                else:
                    stands = _place_of(waiters[int(ranked[0])], line, now, rank_of)
                if first_line < 0 or stands < best:
                    best, first, first_line = stands, ranked[0], line
            if first_line < 0:
                heappop(agenda)
                idle.append(what)
                break
            heappop(lines[first_line])
            state = state * FACTOR % MODULUS
            if first in come:
                answer_s, taken_s = services[come[first].service].draws[int(state * CHOICE)]
                heapreplace(agenda, (now + taken_s, what))
                break
            number = int(first)
            waiter = waiters[number]
            answer_s, taken_s = services[waiter.service].draws[int(state * CHOICE)]
            waits[number].append(now + answer_s)
            recorded[number] = True
            unknown -= 1
            if waiter.ghost or now >= waiter.leaves_s:
                continue
            known = patient[number]
            if known is not None:
                cuts, over, rest, lasted_s = known
                state = state * FACTOR % MODULUS
                place = (over + state * UNIT * rest) * CELLS
                cell = int(place)
                if cell >= CELLS:
                    cell = CELLS - 1
                low = cuts[cell]
                if low + (place - cell) * (cuts[cell + 1] - low) - lasted_s <= now:
                    continue
            heapreplace(agenda, (now + taken_s, what))
            break
    if unknown:
        for number, known_already in enumerate(recorded):
            if not known_already:
                waits[number].append(HORIZON_S)
    return state


_Rank = Callable[[int, float], tuple[float, ...]]


def _place_of(waiter: Waiter, line: int, now: float, rank_of: _Rank) -> tuple[float, ...]:
    """What she comes before, or after, in that line."""
    if now >= waiter.starves_s:
        return (-math.inf, -waiter.age_s)
    return (waiter.priority, *rank_of(line, waiter.waited_s + now), -waiter.age_s)


def _place_of_newcomer(source: Overtakers, came: float, now: float, rank_of: _Rank) -> tuple[float, ...]:
    if now >= came + source.starves_s:
        return (-math.inf, came)
    return (source.priority, *rank_of(source.line, now - came), came)


def _drawn(overtakers: tuple[Overtakers, ...], share: float) -> Overtakers:
    """The source that `share`, of 0 to the sum of their rates, falls on."""
    for source in overtakers:
        share -= source.per_s
        if share < 0.0:
            return source
    return overtakers[-1]
