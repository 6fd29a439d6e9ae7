"""queues.yaml: name -> rules. Knows which values a rule may take; the rules' names and defaults are the model's."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final

from annotated_types import Interval, MaxLen

from callcenter.config.fields import NAME_PATTERN, matching, one_of, read_with
from callcenter.config.form import SECONDS_MAX, Form
from callcenter.config.graph import circle
from callcenter.config.sheet import Sheet, shown
from callcenter.config.tree import Rows, Table, Value
from callcenter.model.callback import ATTEMPTS_MAX
from callcenter.model.disposition import HOLD_MAX_S
from callcenter.model.flow import Prompt
from callcenter.model.ids import ListName, QueueName
from callcenter.model.queue import PRIORITY_MAX, PRIORITY_MIN, Overflow, Queue, RelaxStep, Target
from callcenter.model.recording import RecordingRules
from callcenter.nodes.enqueue import STEPS_MAX
from callcenter.nodes.fields import KEY_PATTERN, NUMBER_PATTERN, RING_MAX_S
from callcenter.strategies import STRATEGIES

OFFER_MIN_S: Final = 3.0
"""Shorter and no phone has rung."""
OFFER_MAX_S: Final = 300.0
CONFIRM_MIN_S: Final = 2.0
"""Shorter and nobody has heard what to press."""
ANNOUNCED_MAX: Final = 10
"""Prompts that an agent hears before a caller."""
WRAP_UP_MAX_S: Final = 3600.0
WAITING_MAX: Final = 100_000
RETRY_MIN_S: Final = 10.0
"""A customer who did not answer is left alone for at least so long."""
WEIGHT_MAX: Final = 100.0

NARROWER: Final[dict[str, Any]] = {
    "strategy": read_with(one_of(STRATEGIES, "strategy")),
    "priority": Annotated[int, Interval(ge=PRIORITY_MIN, le=PRIORITY_MAX)],
    "offer_timeout_s": Annotated[float, Interval(ge=OFFER_MIN_S, le=OFFER_MAX_S)],
    "agent_announcement": Annotated[tuple[Prompt, ...], MaxLen(ANNOUNCED_MAX)],
    "confirm_s": Annotated[float, Interval(ge=CONFIRM_MIN_S, le=OFFER_MAX_S)],
    "wrap_up_s": Annotated[float, Interval(ge=0, le=WRAP_UP_MAX_S)],
    "max_waiting": Annotated[int, Interval(ge=0, le=WAITING_MAX)],
    "vip": Mapping[ListName, Annotated[int, Interval(ge=1, le=PRIORITY_MAX)]],
    "weight": Annotated[float, Interval(gt=0, le=WEIGHT_MAX)],
    "relax": Annotated[tuple[RelaxStep, ...], MaxLen(STEPS_MAX)],
    "service_level_target": Annotated[float, Interval(gt=0, le=1)],
    "music": read_with(matching(NAME_PATTERN, "the name of a music class", "letters, digits, _ and -")),
}


@cache
def queue_form() -> Form[Queue]:
    """How a queue is read."""
    return Form(Queue, given=("name",), instead=NARROWER)


def read_queues(sheet: Sheet) -> dict[QueueName, Queue]:
    """Every queue that can be used; the others' problems are on the sheet."""
    return read_queue_table(sheet, sheet.table((), sheet.tree.root))


def read_queue_table(sheet: Sheet, queues: Table) -> dict[QueueName, Queue]:
    """The same for queues that are a part of a file."""
    found: dict[QueueName, Queue] = {}
    for name, value in queues.items():
        path = (*queues.path, name)
        if not NAME_PATTERN.fullmatch(name):
            sheet.wrong(path, f"`{name}` cannot name a queue", "a letter, then letters, digits, _ and -", at_key=True)
        table = sheet.table(path, value)
        queue = queue_form().read(sheet, table, name=QueueName(name))
        if queue is not None:
            found[queue.name] = queue
        _check_written(sheet, table)
        readable = queue if queue is not None else queue_form().rest(sheet, table, name=QueueName(name))
        if readable is not None:
            _check(sheet, table, readable, whole=queue is not None)
    _check_circles(sheet, queues, found)
    return found


def _check(sheet: Sheet, table: Table, queue: Queue, *, whole: bool) -> None:
    """What its keys must be together. Not `whole`: some keys are wrong, and left out."""
    _check_recording(sheet, table, queue)
    if queue.at_close is not None and "hours" not in table:
        sheet.wrong((*table.path, "at_close"), "a queue without `hours` never closes", "add hours: <calendar>")
    says = queue.announce
    prompts = says.position or says.wait or says.comfort
    said = table.get("announce")
    mistaken = not whole and isinstance(said, Table) and ("first_after_s" in said or "every_s" in said)
    if prompts and not (says.first_after_s or says.every_s or mistaken):
        sheet.wrong(
            (*table.path, "announce"), "nothing says when: it would never be heard", "set first_after_s or every_s"
        )
    _check_disposition(sheet, table, queue)
    if queue.agent_lost is not None and queue.agent_lost.to is Overflow.NUMBER:
        path = (*table.path, "agent_lost")
        sheet.wrong(
            path, "a caller whose agent is lost is not sent to a number", "a queue, a flow, voicemail or hang_up"
        )
    for name in ("overflow", "no_agents", "at_close"):
        target: Target | None = getattr(queue, name)
        if target is not None and target.to is Overflow.QUEUE and target.name == queue.name:
            sheet.wrong((*table.path, name), "leads back to the same queue")


def _check_written(sheet: Sheet, table: Table) -> None:
    """What values must be within a part of a queue that may be wrong elsewhere: they are looked at as they stand."""
    steps = table.get("relax")
    if isinstance(steps, Rows):
        times = [step.get("after_s") for step in steps if isinstance(step, Table)]
        known = [time for time in times if isinstance(time, int | float)]
        if known != sorted(set(known)):
            what = "the steps must come in order of after_s, each later than the one before"
            sheet.wrong((*table.path, "relax"), what)
    sticky, callback = table.get("sticky"), table.get("callback")
    kept_s = sticky.get("for_s") if isinstance(sticky, Table) else None
    if isinstance(kept_s, int | float) and kept_s <= 0:
        sheet.wrong((*table.path, "sticky", "for_s"), "must be more than 0", "leave `sticky` out instead")
    if isinstance(callback, Table):
        _check_callback(sheet, callback)


def _check_callback(sheet: Sheet, rules: Table) -> None:
    key, caller_id = rules.get("key"), rules.get("caller_id")
    if key is not None and not KEY_PATTERN.fullmatch(_written(key)):
        what = f"{shown(_written(key))} is not a key of a telephone"
        sheet.wrong((*rules.path, "key"), what, '0 to 9, "*", "#" or A to D')
    if caller_id not in (None, "") and not NUMBER_PATTERN.fullmatch(_written(caller_id)):
        sheet.wrong((*rules.path, "caller_id"), f"{shown(_written(caller_id))} is not a telephone number")
    for name, least, most, says in (
        ("attempts", 1.0, float(ATTEMPTS_MAX), f"{{}} attempts; 1 to {ATTEMPTS_MAX} are possible"),
        ("ring_s", 1.0, RING_MAX_S, f"{{}}: 1 to {RING_MAX_S:g} seconds are possible"),
        ("retry_after_s", RETRY_MIN_S, SECONDS_MAX, f"{{}}: at least {RETRY_MIN_S:g} seconds"),
    ):
        value = rules.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and not least <= value <= most:
            sheet.wrong((*rules.path, name), says.format(_written(value)))


def _written(value: Value) -> str:
    return getattr(value, "written", str(value))


def _check_disposition(sheet: Sheet, table: Table, queue: Queue) -> None:
    if queue.disposition is None:
        return
    hold_s, path = queue.disposition.hold_s, (*table.path, "disposition", "hold_s")
    if hold_s > HOLD_MAX_S:
        sheet.wrong(path, f"{hold_s:g}: at most {HOLD_MAX_S:g} seconds")
    if hold_s and not queue.disposition.required:
        sheet.wrong(path, "a wrap-up is held only for what is `required`", "set required: true")


def _check_recording(sheet: Sheet, table: Table, queue: Queue) -> None:
    path, rules = (*table.path, "recording"), queue.recording
    if not queue.record and rules != RecordingRules():
        sheet.wrong(path, "nothing is recorded in this queue", "leave it out, or leave out `record: false`")
    for name, key in (("opt_out", rules.opt_out), ("pause_key", rules.pause_key)):
        if key is not None and not KEY_PATTERN.fullmatch(key):
            sheet.wrong((*path, name), f"{shown(key)} is not a key of a telephone", '0 to 9, "*", "#" or A to D')


def _check_circles(sheet: Sheet, table: Table, queues: dict[QueueName, Queue]) -> None:
    """From queue to queue there must be an end: a circle of full queues, or of queues without agents, would spin."""
    onward = {
        name: frozenset(
            target.name
            for target in (queue.overflow, queue.no_agents, queue.at_close)
            if target is not None and target.to is Overflow.QUEUE and target.name != name
        )
        for name, queue in queues.items()
    }
    left = {str(name): targets for name, targets in onward.items()}
    while around := circle(left):
        way = " -> ".join([*around, around[0]])
        sheet.wrong(
            (*table.path, around[0]),
            f"callers could be sent round in a circle: {way}",
            "lead one elsewhere",
            at_key=True,
        )
        left = {name: targets for name, targets in left.items() if name not in around}
