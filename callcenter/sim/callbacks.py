"""Callbacks in a drawn call center: which queues call back, and by which rules. Knows configuration; runs nothing.

Windows and retries are short, so that in ten minutes promises are kept, missed, given up and rung back into.
"""

from dataclasses import replace
from random import Random
from typing import Final

from callcenter.model.callback import CallbackRules, CallbackWindow, CalledFirst, callback_flow
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.ids import CalendarName, ListName
from callcenter.model.numbers import Numbering, NumberList
from callcenter.model.queue import Queue
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode
from callcenter.nodes.hangup import Hangup

CALLBACK_KEY: Final = "1"
OFFERED: Final = "press_for_a_callback"
CONFIRM: Final = "callback_confirm"
ENTER: Final = "callback_enter"
NEVER: Final = ListName("never")
NUMBERING: Final = Numbering(country_code="84")
MAY_BE_CALLED: Final = ("090[0-9]{7}",)
CALLERS: Final = 30  # different numbers that people call from
CHOOSE: Final = "callback_choose"
STANDING: Final = "callback_standing"
WITHDRAW_KEY: Final = "9"
WINDOWS: Final = (CallbackWindow(until_s=60.0), CallbackWindow(after_s=20.0, until_s=90.0))
PAUSE_MIN_S: Final = 10.0  # between two calls to one customer
PROMISED_MAX_S: Final = 260.0  # how long a promise stands at most, from being made to being given up


def number_of(caller: int) -> str:
    """The number of one of the CALLERS."""
    return f"09{caller:08d}"


def with_callbacks(random: Random, configuration: Configuration, hours: CalendarName) -> Configuration:
    """The configuration, in which some queues call back."""
    queues = {
        name: replace(queue, callback=_rules(random, hours) if random.random() < 0.5 else None)
        for name, queue in sorted(configuration.queues.items())
    }
    queues = {
        name: replace(queue, return_within_s=random.choice((0.0, 0.0, 20.0, 90.0))) for name, queue in queues.items()
    }
    never = NumberList(
        name=NEVER,
        numbers=frozenset(NUMBERING.normal(number_of(n)) for n in range(CALLERS) if random.random() < 0.1),
        numbering=NUMBERING,
    )
    flows = {callback_flow(queue.name): _flow(queue) for queue in queues.values() if queue.callback is not None}
    return replace(
        configuration,
        queues=queues,
        flows={**configuration.flows, **flows},
        callback_to=MAY_BE_CALLED,
        lists={NEVER: never},
        numbering=NUMBERING,
    )


def with_choices(random: Random, configuration: Configuration) -> Configuration:
    """The same, in which some queues let callers choose when they are called, and take the promise back."""
    queues, flows = dict(configuration.queues), dict(configuration.flows)
    for name, queue in sorted(configuration.queues.items()):
        windows = random.choice(((), WINDOWS[:1], WINDOWS))
        standing = Prompt(name=STANDING) if random.random() < 0.5 else None
        taken_back = Prompt(name="taken_back") if random.random() < 0.5 else None
        if queue.callback is not None:
            choose = Prompt(name=CHOOSE) if windows else None
            rules = replace(queue.callback, windows=windows, choose=choose, standing=standing, withdrawn=taken_back)
            changed = queues[name] = replace(queue, callback=rules)
            flows[callback_flow(name)] = _flow(changed)
    return replace(configuration, queues=queues, flows=flows)


def _rules(random: Random, hours: CalendarName) -> CallbackRules:
    return CallbackRules(
        key=CALLBACK_KEY,
        first=random.choice(tuple(CalledFirst)),
        attempts=random.choice((1, 2, 3)),
        retry_after_s=random.choice((PAUSE_MIN_S, 25.0)),
        window_s=random.choice((30.0, 90.0, 140.0)),
        late_s=random.choice((0.0, 60.0)),
        ring_s=random.choice((5.0, 12.0)),
        hours=hours if random.random() < 0.2 else None,
        do_not_call=NEVER if random.random() < 0.5 else None,
        offer_when_wait_above_s=random.choice((0.0, 5.0)),
        offer=Prompt(name=OFFERED),
        confirm=Prompt(name=CONFIRM) if random.random() < 0.7 else None,
        enter=Prompt(name=ENTER) if random.random() < 0.5 else None,
        accepted=Prompt(name="we_call_you") if random.random() < 0.5 else None,
        briefing=Prompt(name="callback_for") if random.random() < 0.5 else None,
        greeting=Prompt(name="here_we_are") if random.random() < 0.5 else None,
    )


def _flow(queue: Queue) -> Flow:
    rules = queue.callback
    assert rules is not None
    nodes: dict[str, Node] = {
        "offer": CallMeBack(
            queue=queue.name,
            confirm=rules.confirm,
            enter_number=rules.enter,
            windows=rules.windows,
            choose=rules.choose,
            accepted=rules.accepted,
            standing=rules.standing,
            taken_back=rules.withdrawn,
            timeout_s=2.0,
            tries=2,
            done=NextNode("bye"),
            declined=NextNode("back"),
            failed=NextNode("back"),
        ),
        "bye": Hangup(),
        "back": Enqueue(queue=queue.name, again=True),
    }
    return Flow(name=callback_flow(queue.name), start="offer", nodes=nodes)
