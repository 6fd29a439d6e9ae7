"""The flows of callers who press the key to be called back. Knows the nodes such a flow is made of; reads no file.

A queue may have `callback` without a flow being written for it: one is made here. It confirms her number (the rules'
prompts, or the one that is built in), promises, says so and hangs up; who declines, or whose number may not be called,
is back in her place. A key that was pressed by mistake must not cost the line, so nothing is promised at one key unless
the rules say so.
"""

from dataclasses import replace
from typing import Final

from callcenter.model.callback import CONFIRM_PROMPT, callback_flow
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.queue import Queue
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import Key, NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.play import Play

CONFIRM: Final = Prompt(
    name=CONFIRM_PROMPT,
    texts={
        "en": "We will call you back on {{ callback_number | telephone }}. If that is right, press 1. To stay in line, "
        "press star.",
        "vi": "Chúng tôi sẽ gọi lại cho bạn theo số {{ callback_number | telephone }}. Nếu đúng, xin bấm phím 1. "
        "Để tiếp tục chờ, bấm phím sao.",
    },
)
OFFER, BYE, SORRY, BACK = NextNode("offer"), NextNode("bye"), NextNode("sorry"), NextNode("back")


def with_callbacks(configuration: Configuration) -> Configuration:
    """The configuration with a flow for every queue that calls back; one that is written under its name stands."""
    made = {
        callback_flow(queue.name): _flow(queue)
        for queue in configuration.queues.values()
        if queue.callback is not None and callback_flow(queue.name) not in configuration.flows
    }
    if not made:
        return configuration
    prompts = {CONFIRM_PROMPT: CONFIRM, **configuration.prompts}
    return replace(configuration, flows={**configuration.flows, **made}, prompts=prompts)


def _flow(queue: Queue) -> Flow:
    rules = queue.callback
    assert rules is not None
    nodes: dict[str, Node] = {
        OFFER: CallMeBack(
            queue=queue.name,
            confirm=rules.confirm or (None if rules.at_one_key else CONFIRM),
            enter_number=rules.enter,
            windows=rules.windows,
            choose=rules.choose,
            accepted=rules.accepted,
            standing=rules.standing,
            taken_back=rules.withdrawn,
            withdraw=Key(rules.withdraw_key),
            done=BYE,
            declined=BACK,
            failed=BACK if rules.refused is None else SORRY,
        ),
        BYE: Hangup(),
        BACK: Enqueue(queue=queue.name, again=True),
    }
    if rules.refused is not None:
        nodes[SORRY] = Play(prompt=rules.refused, next=BACK, interruptible=False)
    return Flow(name=callback_flow(queue.name), start=OFFER, nodes=nodes)
