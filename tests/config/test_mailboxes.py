"""A queue may overflow into a mailbox for which nobody wrote a flow."""

from callcenter.config import read_configuration
from callcenter.config.graph import flaws
from callcenter.core.engine import Engine
from callcenter.model.commands import PlayPrompts, RecordMessage
from callcenter.model.contact import Medium
from callcenter.model.events import ContactArrived, EngineStarted, PlaybackEnded
from callcenter.model.ids import LegId
from callcenter.model.queue import mailbox_flow

FILES = {
    "queues.yaml": "sales:\n  no_agents: {voicemail: night}\n",
    "numbers.yaml": "numbers: {1900: hotline}\n",
    "prompts.yaml": "leave_message: {en: Please leave a message.}\n",
    "flows/hotline.yaml": "start: sales\nnodes:\n  sales: {kind: enqueue, queue: sales}\n",
}


def test_a_caller_whom_a_queue_sends_to_a_mailbox_is_greeted_and_recorded() -> None:
    configuration, problems = read_configuration(FILES)
    assert problems == []
    assert flaws(configuration.flows[mailbox_flow("night")]) == []
    engine = Engine(configuration)
    engine.handle(EngineStarted(namespace="mailbox0", build=""), 0.0)
    arrived = ContactArrived(leg=LegId("caller"), medium=Medium.VOICE, caller="1", dialled="1900")
    [greeting] = [out for out in engine.handle(arrived, 1.0) if isinstance(out, PlayPrompts)]
    assert greeting.prompts == ("leave_message",)
    outputs = engine.handle(PlaybackEnded(playback=greeting.playback), 3.0)
    assert [type(out) for out in outputs if isinstance(out, RecordMessage)] == [RecordMessage]
