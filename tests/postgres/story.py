"""Entries as an engine would give them, small enough to check by hand."""

import random
import wave
from collections.abc import Sequence
from pathlib import Path

from callcenter.model.agent import Agent, AgentState, AgentStatus
from callcenter.model.contact import Direction, EndReason, LegEnd, Medium, OfferEnd, QueueExit
from callcenter.model.entry import Entry, Output
from callcenter.model.events import Event, LegEnded, TimePassed
from callcenter.model.facts import (
    AgentChanged,
    Considered,
    ContactConnected,
    ContactEnded,
    ContactOffered,
    ContactOpened,
    OfferEnded,
    QueueLeft,
    TalkEnded,
    WaitPredicted,
)
from callcenter.model.ids import AgentId, ContactId, LegId, OfferId, QueueName, RecordingId, Skill
from callcenter.model.recording_facts import RecordingStarted, RecordingStopped, RecordingVerified
from callcenter.postgres.pool import Pool
from callcenter.postgres.records import time_of

T0 = 1_704_067_200.0  # 2024-01-01 00:00:00 UTC, a whole half hour, and past whatever the clock says

Told = tuple[float, Event, Sequence[Output]]


def answered_call(
    number: int,
    at: float,
    *,
    queue: str = "sales",
    agent: str = "anna",
    flow_s: float = 4.0,
    wait_s: float = 8.0,
    talk_s: float = 60.0,
    wrap_up_s: float = 10.0,
    threshold_s: float = 20.0,
    caller: str = "0901234567",
    caller_name: str = "Lan",
    missed_by: str | None = None,
) -> list[Told]:
    """A caller hears a flow, waits, talks to an agent who then wraps up. With `missed_by` another agent let it ring."""
    contact, leg = ContactId(f"c-test0000-{number}"), LegId(f"l-test0000-{number}")
    agent_leg, who, line = LegId(f"la-test0000-{number}"), AgentId(agent), QueueName(queue)
    offer, recording = OfferId(f"o-test0000-{number}"), RecordingId(f"00000000-0000-0000-cc00-{number:012x}")
    queued = at + flow_s
    connected = queued + wait_s
    ended = connected + talk_s
    said = LegEnded(leg=leg, end=LegEnd.NORMAL)
    story: list[Told] = [(at, TimePassed(), [_opened(contact, leg, caller, caller_name)])]
    if missed_by is not None:
        other = AgentId(missed_by)
        first, first_leg = OfferId(f"om-test0000-{number}"), LegId(f"lm-test0000-{number}")
        story.append((queued, TimePassed(), [_offered(contact, first, other, first_leg, line)]))
        missed = OfferEnded(
            contact=contact, offer=first, agent=other, leg=first_leg, queue=line, end=OfferEnd.NO_ANSWER, rang_s=5.0
        )
        story.append((queued + 5.0, TimePassed(), [missed]))
    story += [
        (connected - 2.0, TimePassed(), [_offered(contact, offer, who, agent_leg, line)]),
        (
            connected,
            TimePassed(),
            [
                OfferEnded(
                    contact=contact,
                    offer=offer,
                    agent=who,
                    leg=agent_leg,
                    queue=line,
                    end=OfferEnd.ACCEPTED,
                    rang_s=2.0,
                ),
                _left(contact, line, QueueExit.CONNECTED, queued, wait_s, threshold_s),
                ContactConnected(contact=contact, agent=who, leg=agent_leg, queue=line, waited_s=wait_s),
                RecordingStarted(contact=contact, recording=recording, kind="call", agent=who),
            ],
        ),
        (
            ended,
            said,
            [
                TalkEnded(contact=contact, agent=who, leg=agent_leg, queue=line, began=connected, talk_s=talk_s),
                RecordingStopped(contact=contact, recording=recording, expected_s=talk_s),
                ContactEnded(
                    contact=contact,
                    reason=EndReason.CALLER_HUNG_UP,
                    medium=Medium.VOICE,
                    direction=Direction.INBOUND,
                    caller=caller,
                    caller_name=caller_name,
                    dialled="1000",
                    began=at,
                    flow_s=flow_s,
                    wait_s=wait_s,
                    talk_s=talk_s,
                    forward_s=0.0,
                    queue=line,
                    agent=who,
                    why="idle longest",
                    offers=1 if missed_by is None else 2,
                    missed=0 if missed_by is None else 1,
                    language="vi",
                ),
                _changed(who, connected, AgentState.ON_CONTACT, AgentState.WRAP_UP, contact),
            ],
        ),
        (
            ended + wrap_up_s,
            TimePassed(),
            [
                _changed(who, ended, AgentState.WRAP_UP, AgentState.READY, None),
                RecordingVerified(
                    contact=contact,
                    recording=recording,
                    path=f"2026/01/{recording}.wav",
                    seconds=talk_s,
                    channels=2,
                    problem="",
                ),
            ],
        ),
    ]
    return story


def abandoned_call(
    number: int, at: float, *, queue: str = "sales", wait_s: float = 30.0, threshold_s: float = 20.0
) -> list[Told]:
    """A caller comes into the queue at once and gives up."""
    contact, leg, line = ContactId(f"c-test0000-{number}"), LegId(f"l-test0000-{number}"), QueueName(queue)
    return [
        (at, TimePassed(), [_opened(contact, leg, "0907654321", "Minh")]),
        (
            at + wait_s,
            LegEnded(leg=leg, end=LegEnd.NORMAL),
            [
                _left(contact, line, QueueExit.ABANDONED, at, wait_s, threshold_s),
                ContactEnded(
                    contact=contact,
                    reason=EndReason.ABANDONED,
                    medium=Medium.VOICE,
                    direction=Direction.INBOUND,
                    caller="0907654321",
                    caller_name="Minh",
                    dialled="1000",
                    began=at,
                    flow_s=0.0,
                    wait_s=wait_s,
                    talk_s=0.0,
                    forward_s=0.0,
                    queue=line,
                ),
            ],
        ),
    ]


def agent_of(name_id: str, *, name: str = "Somebody", number: str = "201", **skills: int) -> Agent:
    """An agent for the directory."""
    return Agent(
        id=AgentId(name_id), name=name, number=number, skills={Skill(skill): level for skill, level in skills.items()}
    )


def predicted(
    number: int, at: float, p50_s: float, p90_s: float, *, queue: str = "sales", announced: bool = False
) -> list[Told]:
    """What was predicted for a call when it came into the queue, or (announced) told it later."""
    fact = WaitPredicted(
        contact=ContactId(f"c-test0000-{number}"),
        queue=QueueName(queue),
        p50_s=p50_s,
        p90_s=p90_s,
        position=1,
        confident=announced,
        announced=announced,
        entry=not announced,
    )
    return [(at, TimePassed(), [fact])]


def in_order(*stories: Sequence[Told]) -> list[Told]:
    """Stories that happen side by side, in the order of time."""
    return sorted((told for story in stories for told in story), key=lambda told: told[0])


def entries(story: Sequence[Told], first: int = 1) -> list[Entry]:
    """The journal of a story."""
    return [
        Entry(seq=seq, at=at, event=event, outputs=tuple(outputs))
        for seq, (at, event, outputs) in enumerate(story, start=first)
    ]


def _opened(contact: ContactId, leg: LegId, caller: str, caller_name: str) -> ContactOpened:
    return ContactOpened(
        contact=contact,
        leg=leg,
        medium=Medium.VOICE,
        direction=Direction.INBOUND,
        caller=caller,
        caller_name=caller_name,
        dialled="1000",
    )


def _offered(contact: ContactId, offer: OfferId, agent: AgentId, leg: LegId, queue: QueueName) -> ContactOffered:
    return ContactOffered(
        contact=contact,
        offer=offer,
        agent=agent,
        leg=leg,
        queue=queue,
        strategy="longest_idle",
        why="idle longest",
        considered=(Considered(agent=agent, rank=(1.5,)),),
        free=1,
    )


def _left(
    contact: ContactId, queue: QueueName, how: QueueExit, entered: float, waited_s: float, threshold_s: float
) -> QueueLeft:
    return QueueLeft(
        contact=contact,
        queue=queue,
        exit=how,
        entered=entered,
        waited_s=waited_s,
        priority=50,
        service_level_s=threshold_s,
    )


def _changed(
    agent: AgentId, since: float, was: AgentState, state: AgentState, contact: ContactId | None
) -> AgentChanged:
    return AgentChanged(
        agent=agent,
        was_status=AgentStatus.AVAILABLE,
        was_state=was,
        was_reason="",
        since=since,
        status=AgentStatus.AVAILABLE,
        state=state,
        contact=contact,
    )


def endless_story(count: int) -> list[Told]:
    """The first `count` entries of one call after the other."""
    told: list[Told] = []
    number = 0
    while len(told) < count:
        number += 1
        at = T0 + 100.0 * number
        told += abandoned_call(number, at) if number % 3 == 0 else answered_call(number, at)
    return told[:count]


async def recorded(pool: Pool, recording: RecordingId, path: Path, *, ended: bool = True, queue: str = "sales") -> None:
    """A call that was recorded into `path` (a second of noise), proven and, if `ended`, over: as its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(8_000)
        writer.writeframes(random.Random(recording).randbytes(32_000))
    contact, began = f"c-{recording}", time_of(T0)
    await pool.execute(
        """INSERT INTO contact (id, medium, direction, caller, caller_name, dialled, began, ended, end_reason, flow_s,
           wait_s, talk_s, forward_s, queue, why, offers, missed, language)
           VALUES ($1, 'voice', 'inbound', '0901234567', 'Lan', '1900', $2, $3, $4, 0, 0, 1, 0, $5, '', 1, 0, 'vi')""",
        contact, began, began if ended else None, "agent_hung_up" if ended else None, queue,
    )  # fmt: skip
    await pool.execute(
        """INSERT INTO recording (id, contact, kind, agent, started, stopped, expected_s, path, seconds, channels,
           problem, checked) VALUES ($1, $2, 'call', 'anna', $3, $3, 1, $4, 1, 2, '', $3)""",
        recording, contact, began, str(path),
    )  # fmt: skip
