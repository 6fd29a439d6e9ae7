"""Where a flow may lead. Knows nodes by the names of their fields: `queue` is one they enqueue into, `flow` another."""

from callcenter.model.configuration import Configuration
from callcenter.model.ids import FlowName, QueueName


def leads_into(configuration: Configuration, start: FlowName, queue: QueueName) -> bool:
    """Whether a call in this flow may come into the queue, directly or through flows that its nodes name."""
    seen, ahead = {start}, [start]
    while ahead:
        flow = configuration.flows.get(ahead.pop())
        if flow is None:
            continue
        for node in flow.nodes.values():
            if getattr(node, "queue", None) == queue:
                return True
            onward = getattr(node, "flow", None)
            if isinstance(onward, str) and onward not in seen:
                seen.add(FlowName(onward))
                ahead.append(FlowName(onward))
    return False
