"""What a queue's rules say, in words for a screen. Knows one queue; decides nothing.

Only what is there is told: a queue without any of these rules has nothing to say.
"""

from collections.abc import Iterator

from callcenter.model.callback import CallbackRules, CalledFirst
from callcenter.model.queue import Queue
from callcenter.model.relaxation import RelaxStep, Reserve


def rules_told(queue: Queue) -> tuple[tuple[str, str], ...]:
    """(key of queues.yaml, what it says), in the order of the documentation."""
    return tuple(_told(queue))


def _told(queue: Queue) -> Iterator[tuple[str, str]]:
    if queue.relax:
        yield "relax", "; ".join(_step(step) for step in queue.relax)
    if queue.sticky is not None:
        whose = "any queue" if queue.sticky.any_queue else "this queue"
        words = f"for {queue.sticky.for_s:g} s only the agent who served her last in {whose}"
        yield "sticky", f"{words}, within {queue.sticky.within_s:g} s"
    if queue.reserve is not None:
        yield "reserve", f"{_reserve(queue.reserve)} only after {queue.reserve.above_s:g} s of waiting"
    if queue.ageing is not None:
        yield "ageing", f"{queue.ageing.per_minute:g} points a minute, up to {queue.ageing.max:g}"
    if queue.vip:
        yield "vip", ", ".join(f"{points} points for {name}" for name, points in sorted(queue.vip.items()))
    if queue.callback is not None:
        yield "callback", _callback(queue.callback)
    if queue.return_within_s:
        yield "return_within_s", f"who gave up and calls again within {queue.return_within_s:g} s has her place back"
    if queue.max_wait_s:
        target = f"{queue.overflow.to} {queue.overflow.name}".replace("_", " ").strip()
        yield "max_wait_s", f"{queue.max_wait_s:g} s, then {target}"
    if queue.outbound:
        yield "outbound", "only for calls that we make"


def _step(step: RelaxStep) -> str:
    parts = []
    if step.needs is not None:
        parts.append(str(step.needs) or "anybody")
    if step.drop:
        parts.append(f"without {', '.join(step.drop)}")
    if step.lower is not None:
        skills = ", ".join(f"{skill} by {levels}" for skill, levels in step.lower.skills.items())
        parts.append(f"lowers {skills}" if skills else f"lowers all levels by {step.lower.by}")
    if step.add is not None:
        parts.append(f"also {step.add}")
    return f"after {step.after_s:g} s {', '.join(parts)}"


def _reserve(reserve: Reserve) -> str:
    who = [", ".join(reserve.agents)] if reserve.agents else []
    if reserve.needs is not None:
        who.append(str(reserve.needs))
    return " and ".join(who)


def _callback(rules: CallbackRules) -> str:
    first = "the customer" if rules.first is CalledFirst.CUSTOMER else "the agent"
    when = (
        f", offered when the wait is above {rules.offer_when_wait_above_s:g} s" if rules.offer_when_wait_above_s else ""
    )
    windows = " or ".join(f"{one.after_s:g} to {one.until_s:g}" for one in rules.windows)
    promised = f"in {windows} s, as she chooses" if windows else f"within {rules.window_s:g} s"
    return (
        f"key {rules.key}{when}; {first} first, {rules.attempts} attempts {rules.retry_after_s:g} s apart,"
        f" promised {promised}"
    )
