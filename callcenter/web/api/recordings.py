"""Recordings over the API: which there are, to be heard, held, proved; their keys; messages' files. Decides nothing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field

from callcenter.jobs.checking import Look
from callcenter.jobs.keeping import Rotation
from callcenter.model.ids import QueueName, RecordingId
from callcenter.model.rights import Area
from callcenter.postgres.pages import RecordingRow, RecordingsWanted
from callcenter.web.api.commands import STRICT, Name
from callcenter.web.api.given import WAV, Given
from callcenter.web.api.past import PageQuery
from callcenter.web.api.problems import Refusal
from callcenter.web.api.public import Public
from callcenter.web.api.route import (
    Asked,
    Route,
    covered_queues,
    cursor_after,
    giving,
    not_found,
    place_of,
    reading,
    whole,
    writing,
)
from callcenter.web.api.runs import Run, RunNow, head_of

RECORDING: Final = Public(RecordingRow, "Recording", times=("started",), hidden=("team",))
WAV_NAME: Final = "{}.wav"
GIVEN_OUT: Final = "over the API"

Reason = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPage:
    """Recordings, newest first."""

    items: list[RECORDING.shape]  # type: ignore[name-defined]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What became of a recording's file; `problem` is empty if it is as it was."""

    recording: str
    well: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysNow:
    """Master keys by id, oldest first, and how many files need each. `current` seals what is new."""

    current: str | None
    keys: list[str]
    needed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A new key seals from now on, and what was sealed has been put under it."""

    key: str
    rewrapped: int
    keys: list[str]
    needed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRun(RunNow):
    """Work that was begun: proving all recordings, or putting them under another key. `done` counts files."""

    look: Look | None = None
    rotation: Rotated | None = None


class RecordingsQuery(PageQuery):
    """Which recordings."""

    call: Name | None = None
    agent: Name | None = None
    queue: Name | None = None
    held: bool | None = None


class Why(BaseModel):
    """Why; it goes on record."""

    model_config = STRICT

    reason: Reason


class Depth(BaseModel):
    """`deep`: open and decode it too, and compare its samples."""

    model_config = STRICT

    deep: bool = False


class RotateBody(BaseModel):
    """`forget`: without older keys that nothing needs any more."""

    model_config = STRICT

    forget: bool = False


async def _list(asked: Asked) -> RecordingPage:
    query = asked.query_as(RecordingsQuery)
    bounds, place = query.bounds(asked.parts.now()), place_of(query.cursor)
    wanted = RecordingsWanted(
        queues=covered_queues(asked.rights),
        teams=asked.rights.teams,
        contact=query.call,
        agent=query.agent,
        queue=query.queue,
        held=query.held,
    )
    after = None if place is None else (place.at, place.id)
    found = await asked.parts.pages.recordings(*bounds, wanted, after=after, limit=query.limit)
    full = len(found) == query.limit
    return RecordingPage(
        items=[RECORDING.of(one) for one in found],
        next=cursor_after(round(found[-1].started * 1e6), found[-1].id) if full else None,
    )


async def _found(asked: Asked) -> RecordingRow:
    """The recording that the path names, if she may know of it: by its queue, or its agent's team. Raises Refusal."""
    wanted = asked.subjects["recording"]
    row = await asked.parts.pages.recording(wanted)
    if row is None or not asked.rights.covers(None if row.queue is None else QueueName(row.queue), row.team):
        raise not_found(f"there is no recording {wanted}")
    return row


async def _show(asked: Asked) -> object:
    return RECORDING.of(await _found(asked))


async def _hear(asked: Asked) -> Given:
    return await _sound(asked, (await _found(asked)).id)


async def _hear_message(asked: Asked) -> Given:
    wanted = asked.subjects["contact"]
    found = await asked.parts.pages.message(wanted)
    if found is None or not asked.rights.covers(QueueName(found[1])):
        raise not_found(f"there is no message {wanted}")
    return await _sound(asked, found[0])


async def _sound(asked: Asked, recording: str) -> Given:
    try:
        file = await asked.parts.works.vault.opened(RecordingId(recording), asked.by, GIVEN_OUT)
    except FileNotFoundError:
        file = None
    if file is None:
        raise not_found(f"there is no file of recording {recording}")
    size = os.fstat(file.fileno()).st_size
    return Given(file=file, size=size, name=WAV_NAME.format(recording), tag=f"{recording}.{size}")


async def _hold(asked: Asked) -> object:
    row = await _found(asked)
    if not await asked.parts.works.vault.hold(RecordingId(row.id), asked.by, asked.body_as(Why).reason):
        raise Refusal(409, f"{row.id} is held already, or has been removed")
    return RECORDING.of(await _found(asked))


async def _release(asked: Asked) -> object:
    row = await _found(asked)
    if not await asked.parts.works.vault.release(RecordingId(row.id), asked.by, asked.body_as(Why).reason):
        raise Refusal(409, f"{row.id} is not held")
    return RECORDING.of(await _found(asked))


async def _verify(asked: Asked) -> Proven:
    row, deep = await _found(asked), asked.body_as(Depth).deep
    problem = await asked.parts.works.vault.verify_one(RecordingId(row.id), asked.by, deep=deep)
    if problem is None:
        raise Refusal(409, f"{row.id} has no file that is kept: it is not put away yet, or has been removed")
    return Proven(recording=row.id, well=not problem, problem=problem)


async def _verify_all(asked: Asked) -> RecordingRun:
    whole(asked)
    vault, deep, by = asked.parts.works.vault, asked.body_as(Depth).deep, asked.by

    async def work(run: Run) -> Look:
        found = await vault.verify(by, deep=deep)
        run.counts(found.looked_at)
        return found

    return _shown(asked.parts.runs.begin("recordings verify", "", asked.bearer, work))


async def _keys(asked: Asked) -> KeysNow:
    whole(asked)
    found = await asked.parts.works.vault.keys()
    return KeysNow(current=found.current, keys=list(found.keys), needed=dict(found.needed))


async def _rotate(asked: Asked) -> RecordingRun:
    whole(asked)
    vault, forget, by = asked.parts.works.vault, asked.body_as(RotateBody).forget, asked.by

    async def work(run: Run) -> Rotation:
        return await vault.rotate(by, forget=forget, progress=run.counts)

    return _shown(asked.parts.runs.begin("recordings rotate-keys", "", asked.bearer, work))


async def _run(asked: Asked) -> RecordingRun:
    return _shown(asked.parts.runs.of(asked.subjects["run"], asked.bearer))


def _shown(run: Run) -> RecordingRun:
    found = run.result
    return RecordingRun(
        **head_of(run),
        look=found if isinstance(found, Look) else None,
        rotation=_rotated(found) if isinstance(found, Rotation) else None,
    )


def _rotated(found: Rotation) -> Rotated:
    return Rotated(key=found.key, rewrapped=found.rewrapped, keys=list(found.keys), needed=dict(found.needed))


R: Final = Area.RECORDINGS
ROUTES: Final[Sequence[Route]] = (
    reading("recordings list", "/recordings", R, "What was recorded.", RecordingPage, _list, RecordingsQuery),
    reading("recordings keys", "/recordings/keys", R, "The keys of sealed recordings.", KeysNow, _keys),
    reading("recordings run", "/recordings/runs/{run}", R, "What came of a run.", RecordingRun, _run),
    writing(
        "recordings rotate-keys",
        "/recordings/keys/rotate",
        R,
        "Make a new key, and put every sealed recording under it.",
        RecordingRun,
        _rotate,
        RotateBody,
        status=202,
    ),
    writing(
        "recordings verify",
        "/recordings/verify",
        R,
        "Read every recording that is kept, and compare it with its checksum.",
        RecordingRun,
        _verify_all,
        Depth,
        status=202,
    ),
    reading("recordings show", "/recordings/{recording}", R, "One recording.", RECORDING.shape, _show),
    writing(
        "recordings hold",
        "/recordings/{recording}/hold",
        R,
        "Nothing removes it until it is released.",
        RECORDING.shape,
        _hold,
        Why,
    ),
    writing(
        "recordings release",
        "/recordings/{recording}/release",
        R,
        "End a legal hold.",
        RECORDING.shape,
        _release,
        Why,
    ),
    writing(
        "recordings verify one",
        "/recordings/{recording}/verify",
        R,
        "Compare it with its checksum.",
        Proven,
        _verify,
        Depth,
    ),
    giving(
        "recordings file",
        "/recordings/{recording}/file",
        Area.RECORDING_FILES,
        "Hear it: WAV, decrypted and decoded, whole or a range of it.",
        _hear,
        WAV,
    ),
    giving(
        "messages file",
        "/messages/{contact}/file",
        Area.RECORDING_FILES,
        "Hear a message that a caller left.",
        _hear_message,
        WAV,
    ),
)
