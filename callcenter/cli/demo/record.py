"""The demo's report, read back from Postgres: what was written down about the calls, not what the demo meant to do.

Knows the reports and the file var/demo/report.json; knows no phone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from callcenter.embedded.folders import write_whole
from callcenter.errors import PeerFault
from callcenter.model.ids import RecordingId
from callcenter.postgres.reports import CallLine, RecordingLine, Reports, Summary

CALLS_MAX: Final = 1_000
POLL_S: Final = 0.1
FILE_MODE: Final = 0o644
LISTENER: Final = "the demo"  # on record as who had the recordings opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What Postgres says of the time the demo took."""

    calls: tuple[CallLine, ...]
    summary: Summary


class Exports(Protocol):
    """Gives recordings out to be heard."""

    async def export(self, recording: RecordingId, into: Path, by: str) -> bool: ...


async def written(
    reports: Reports,
    since: float,
    until: float,
    *,
    contacts: int,
    within_s: float,
    put_away: Callable[[], Awaitable[None]],
) -> Record:
    """Wait until so many contacts are on record, ended, with every recording looked at; whatever is there by then.

    The journal is written in batches beside the calls, so the last call takes a moment. Then the recordings are put
    away, so that the report names the places where they stay. Raises PeerFault if Postgres has nothing at all.
    """
    calls: tuple[CallLine, ...] = ()
    try:
        async with asyncio.timeout(within_s):
            while len(calls) < contacts or not all(_complete(call) for call in calls):
                calls = await reports.calls(since, until, limit=CALLS_MAX)
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        if not calls:
            raise PeerFault(f"no call is on record after {within_s:g} s") from None
    await put_away()
    calls = await reports.calls(since, until, limit=CALLS_MAX)
    return Record(calls=calls, summary=await reports.summary(since, until))


async def opened(exports: Exports, calls: Sequence[CallLine], folder: Path) -> dict[str, Path]:
    """The talks' recordings as WAV, decoded and decrypted, in a folder; by recording. What has no file is left out."""
    found = {}
    for recording in filter(None, map(talk_recording, calls)):
        into = folder / f"{recording.recording}.wav"
        if await exports.export(RecordingId(recording.recording), into, LISTENER):
            found[recording.recording] = into
    return found


def talk_recording(call: CallLine) -> RecordingLine | None:
    """The recording of the talk, if there is one."""
    return next((one for one in call.recordings if one.path), None)


def write_report(path: Path, record: Record) -> None:
    """var/demo/report.json."""
    document = {
        "contacts": [_contact(call) for call in record.calls],
        "service_level": _rounded(record.summary.service_level),
        "asa_s": _rounded(record.summary.asa_s),
        "aht_s": _rounded(record.summary.aht_s),
    }
    write_whole(path, msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n", mode=FILE_MODE)


def _contact(call: CallLine) -> dict[str, Any]:
    recording = talk_recording(call)
    return {
        "id": call.contact,
        "caller": call.caller,
        "queue": call.queue,
        "end_reason": call.end_reason,
        "wait_s": _rounded(call.wait_s),
        "agent": call.agent,
        "why": call.why or None,
        "talk_s": _rounded(call.talk_s),
        "recording": None
        if recording is None
        else {"path": recording.path, "seconds": _rounded(recording.seconds), "channels": recording.channels},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _complete(call: CallLine) -> bool:
    return call.ended is not None and all(one.problem is not None for one in call.recordings)


def numbers(calls: Sequence[CallLine]) -> dict[str, list[CallLine]]:
    """The calls by the caller's number."""
    found: dict[str, list[CallLine]] = {}
    for call in calls:
        found.setdefault(call.caller, []).append(call)
    return found
