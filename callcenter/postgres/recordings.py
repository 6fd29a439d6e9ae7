"""Recordings that wait to be looked at. Knows one question; changes nothing (the journal's records do)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.model.ids import ContactId, RecordingId
from callcenter.postgres.pool import Pool
from callcenter.postgres.queries import sql

UNCHECKED_MAX: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """A recording that is over. `stopped` is when, UTC seconds."""

    recording: RecordingId
    contact: ContactId
    expected_s: float
    stopped: float


async def dropped_among(pool: Pool, recordings: Sequence[RecordingId]) -> tuple[RecordingId, ...]:
    """Those of which nothing is to be kept."""
    found = await pool.fetch(sql("recording.dropped_among"), list(recordings))
    return tuple(RecordingId(record["id"]) for record in found)


async def unchecked_recordings(pool: Pool) -> tuple[Unchecked, ...]:
    """What an earlier run left unchecked, oldest first."""
    return tuple(
        Unchecked(
            recording=RecordingId(record["id"]),
            contact=ContactId(record["contact"]),
            expected_s=record["expected_s"],
            stopped=record["stopped_s"],
        )
        for record in await pool.fetch(sql("recording.unchecked"), UNCHECKED_MAX)
    )
