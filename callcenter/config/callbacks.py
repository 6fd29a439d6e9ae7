"""The flows of callers who press the key to be called back. Knows the nodes such a flow is made of; reads no file.

A queue may have `callback` without a flow being written for it: one is made here. It confirms her number (the rules'
prompts), promises, says so and hangs up; who declines, or whose number may not be called, is back in her place.
"""

from dataclasses import replace

from callcenter.model.callback import callback_flow
from callcenter.model.configuration import Configuration
from callcenter.model.flow import Flow, Node
from callcenter.model.queue import Queue
from callcenter.nodes.callback import CallMeBack
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import NextNode
from callcenter.nodes.hangup import Hangup
from callcenter.nodes.play import Play

OFFER, BYE, SORRY, BACK = NextNode("offer"), NextNode("bye"), NextNode("sorry"), NextNode("back")


def with_callbacks(configuration: Configuration) -> Configuration:
    """The configuration with a flow for every queue that calls back; one that is written under its name stands."""
    made = {
        callback_flow(queue.name): _flow(queue)
        for queue in configuration.queues.values()
        if queue.callback is not None and callback_flow(queue.name) not in configuration.flows
    }
    return replace(configuration, flows={**configuration.flows, **made}) if made else configuration


def _flow(queue: Queue) -> Flow:
    rules = queue.callback
    assert rules is not None
    nodes: dict[str, Node] = {
        OFFER: CallMeBack(
            queue=queue.name,
            confirm=rules.confirm,
            enter_number=rules.enter,
            accepted=rules.accepted,
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
