"""Recordings over the API: heard by right, in ranges, held, proved, put under another key; every time on record."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callcenter.customers.numbers import prefixes
from callcenter.model.agent import Agent, Supervision
from callcenter.model.ids import AgentId, QueueName, RecordingId, Team
from callcenter.postgres.audit import Audit
from callcenter.postgres.directory import Directory
from callcenter.postgres.pool import Pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.postgres.tokens import Owner
from callcenter.sealing.encoding import hear_wav
from tests.postgres.story import recorded
from tests.web.office import Office, office, sealer, some_works

NAME = RecordingId("00000000-0000-0000-cc00-000000000001")
FILE = f"/recordings/{NAME}/file"
LONG_AGO = 2e9


class Kept:
    """One recording, which is put away sealed, and the API before it."""

    def __init__(self, made: Office, folder: Path) -> None:
        self.office = made
        self.folder = folder
        self.wav = folder / f"{NAME}.wav"
        self.pcm = ""

    async def belongs_to(self, queue: str, agent: str) -> None:
        await self.office.pool.execute("UPDATE contact SET queue = $1", queue)
        await self.office.pool.execute("UPDATE recording SET agent = $1", agent)

    async def deeds(self) -> list[tuple[str, str]]:
        found = await self.office.pool.fetch("SELECT deed, done_by FROM recording_deed ORDER BY at")
        return [(one["deed"], one["done_by"]) for one in found]


@pytest.fixture
async def kept(pool: Pool, tmp_path: Path) -> AsyncIterator[Kept]:
    people = Directory(pool)
    for name, number, team, supervises in (
        ("ann", "31", Team("red"), None),
        ("boss", "32", None, Supervision(queues=(QueueName("sales"),))),
        ("other", "33", None, Supervision(queues=(QueueName("support"),))),
        ("lead", "34", None, Supervision(teams=(Team("red"),))),
    ):
        await people.add(Agent(id=AgentId(name), name=name, number=number, team=team, supervises=supervises))
    async with office(pool, works=some_works(pool, tmp_path)) as made:
        one = Kept(made, tmp_path)
        await recorded(pool, NAME, one.wav)
        one.pcm = hear_wav(one.wav).pcm_sha256
        work = sealer(pool, tmp_path)
        await SealedFiles(pool).take()
        await work.bring_on(NAME)
        work.close()
        await one.belongs_to("sales", "ann")
        yield one


async def test_who_hears_it_in_pieces_has_it_decoded_once_until_it_is_removed(kept: Kept) -> None:
    asks = kept.office.asks
    whole = (await asks("GET", FILE)).body
    hidden = [(one, one.rename(one.with_suffix(".away"))) for one in kept.folder.rglob("*.sealed")]
    assert hidden, "nobody could decode it again"
    size = len(whole)
    spans = [(at, min(at + size // 8, size) - 1) for at in range(0, size, size // 8)]
    parts = await asyncio.gather(*(asks("GET", FILE, Range=f"bytes={first}-{last}") for first, last in spans))
    assert b"".join(part.body for part in parts) == whole
    assert [deed for deed, _ in await kept.deeds()] == ["export"], "one hearing, one line in the books"
    for name, away in hidden:
        away.rename(name)
    work = sealer(kept.office.pool, kept.folder)
    assert await work.remove(NAME, "boss", "a test")
    work.close()
    assert (await asks("GET", FILE, Range="bytes=0-3")).status == 404


async def test_it_is_heard_by_those_whose_it_is_whole_and_in_ranges_and_that_is_on_record(kept: Kept) -> None:
    asks = kept.office.asks
    hers = {name: await kept.office.makes_token(name, owner=Owner(agent=AgentId(name))) for name in ("boss", "other")}
    lead = await kept.office.makes_token("lead", owner=Owner(agent=AgentId("lead")))
    found = await asks("GET", FILE, token=hers["boss"])
    assert (found.status, found.headers["Content-Type"], found.headers["Accept-Ranges"]) == (200, "audio/wav", "bytes")
    heard = kept.folder / "heard.wav"
    heard.write_bytes(found.body)
    assert hear_wav(heard).pcm_sha256 == kept.pcm
    size = len(found.body)
    assert not list((kept.folder / ".work").iterdir())

    for asked, expected, first in (
        ("bytes=0-3", b"RIFF", 0),
        ("bytes=8-11", b"WAVE", 8),
        ("bytes=-4", found.body[-4:], size - 4),
        (f"bytes={size - 2}-{size + 100}", found.body[-2:], size - 2),
    ):
        part = await asks("GET", FILE, token=lead, Range=asked)
        assert (part.status, part.body) == (206, expected)
        assert part.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{size}"
    beyond = await asks("GET", FILE, Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert beyond.json["type"] == "/api/problems#no-such-range"
    for strange in ("bytes=5-2", "bytes=0-1,4-5", "lines=1-2"):
        assert (await asks("GET", FILE, Range=strange)).status == 200
    newer = await asks("GET", FILE, Range="bytes=0-3", If_Range='"another"')
    assert (newer.status, len(newer.body)) == (200, size)

    before = await kept.deeds()
    assert (await asks("GET", FILE, token=hers["other"])).status == 404
    assert (await asks("GET", f"/recordings/{NAME}", token=hers["other"])).status == 404
    assert (await asks("GET", "/recordings", token=hers["other"])).json["items"] == []
    reader = await kept.office.makes_token("reader", "recordings:write")
    assert (await asks("GET", FILE, token=reader)).status == 403
    assert await kept.deeds() == before
    assert before[0] == ("export", "agent:boss")
    assert ("export", "agent:lead") in before
    acts = await Audit(kept.office.pool).entries(0, LONG_AGO, act="recordings file", limit=100)
    assert [(one.who, one.subject, one.outcome) for one in acts if one.who == "agent:other"] == [
        ("agent:other", NAME, "refused")
    ]
    assert [one.outcome for one in acts if one.who == "agent:boss"] == ["done"]


async def test_who_is_erased_goes_with_what_was_held_as_soon_as_nobody_holds_it(kept: Kept) -> None:
    pool, asks = kept.office.pool, kept.office.asks
    kept.office.running.changes["numbering"] = prefixes("VN")
    await pool.execute("INSERT INTO snapshot (seq, at_s, build, state) VALUES (1000000, 1, 'b', '{}')")
    [[number]] = await pool.fetch("SELECT caller FROM contact")

    async def runs(act: str, **wish: str) -> dict[str, Any]:
        run = (await asks("POST", f"/privacy/{act}", wish or None)).json["id"]
        await kept.office.runs.ended(run)
        erased: list[dict[str, Any]] = (await asks("GET", f"/privacy/runs/{run}")).json["erased"]
        return erased[0] if erased else {}

    assert (await asks("POST", f"/recordings/{NAME}/hold", {"reason": "court 7"})).status == 200
    report = await runs("erase", number=number)
    assert "under legal hold" in report["left"][0]
    assert "under legal hold" in (await runs("again"))["left"][0]
    assert (await asks("GET", FILE, Range="bytes=0-3")).status == 206
    assert await pool.fetchval("SELECT caller FROM contact") == number, "or nobody would find it again"
    assert (await asks("POST", f"/recordings/{NAME}/release", {"reason": "over"})).status == 200
    report = await runs("again")
    assert (report["left"], report["rows"]["recording"], report["rows"]["contact"]) == ([], 1, 1)
    assert (await asks("GET", FILE, Range="bytes=0-3")).status == 404
    assert not list(kept.folder.rglob("*.sealed"))
    assert await runs("again") == {}


async def test_it_is_held_proved_and_put_under_another_key(kept: Kept) -> None:
    asks = kept.office.asks
    [listed] = (await asks("GET", "/recordings?since=2000-01-01T00:00:00Z")).json["items"]
    assert (listed["id"], listed["step"], listed["codec"], listed["sealed"]) == (NAME, "kept", "flac", True)
    assert (await asks("POST", f"/recordings/{NAME}/hold", {})).status == 422
    held = (await asks("POST", f"/recordings/{NAME}/hold", {"reason": "court 7"})).json
    assert (held["held"], held["held_by"], held["hold_reason"]) == (True, "token:all", "court 7")
    assert (await asks("POST", f"/recordings/{NAME}/hold", {"reason": "again"})).status == 409
    assert len((await asks("GET", "/recordings?since=2000-01-01T00:00:00Z&held=true")).json["items"]) == 1
    assert (await asks("POST", f"/recordings/{NAME}/release", {"reason": "over"})).json["held"] is False
    assert (await asks("POST", f"/recordings/{NAME}/release", {"reason": "over"})).status == 409

    assert (await asks("POST", f"/recordings/{NAME}/verify", {"deep": True})).json["well"] is True
    was = (await asks("GET", "/recordings/keys")).json
    assert was["needed"] == {was["current"]: 1}
    begun = await asks("POST", "/recordings/keys/rotate", {"forget": True}, Idempotency_Key="k1")
    assert begun.status == 202
    run = begun.json["id"]
    await kept.office.runs.ended(run)
    rotated = (await asks("GET", f"/recordings/runs/{run}")).json
    assert (rotated["state"], rotated["rotation"]["rewrapped"]) == ("done", 1)
    now = (await asks("GET", "/recordings/keys")).json
    assert (now["keys"], now["needed"]) == ([now["current"]], {now["current"]: 1})
    assert now["current"] != was["current"]
    assert (await asks("GET", FILE, Range="bytes=0-3")).body == b"RIFF"

    stored = next(kept.folder.rglob("*.sealed"))
    spoilt = bytearray(stored.read_bytes())
    spoilt[-1] ^= 1
    stored.write_bytes(spoilt)
    assert (await asks("POST", f"/recordings/{NAME}/verify", {})).json["well"] is False
    run = (await asks("POST", "/recordings/verify", {})).json["id"]
    await kept.office.runs.ended(run)
    look = (await asks("GET", f"/recordings/runs/{run}")).json["look"]
    assert [one["recording"] for one in look["wrong"]] == [NAME]
    assert (await asks("GET", FILE)).status == 503
    other = await kept.office.makes_token("other")
    assert (await asks("GET", f"/recordings/runs/{run}", token=other)).status == 404
    some = await kept.office.makes_token("some", queues=("sales",))
    assert (await asks("POST", "/recordings/verify", {}, token=some)).status == 403
    acts = await Audit(kept.office.pool).entries(0, LONG_AGO, act="recordings verify run")
    assert [(one.who, one.told, one.outcome) for one in acts] == [("token:all", run, "done")]


async def test_a_message_is_heard_by_who_may_see_its_queue(kept: Kept) -> None:
    pool, asks = kept.office.pool, kept.office.asks
    [contact] = await pool.fetch("SELECT contact FROM recording")
    path = f"/messages/{contact['contact']}/file"
    assert (await asks("GET", path)).status == 404
    await pool.execute(
        "INSERT INTO voicemail (contact, left_in, mailbox, queue, recording, left_at, seconds)"
        " VALUES ($1, 'c-0', 'sales', 'support', $2, now(), 3)",
        contact["contact"],
        NAME,
    )
    boss = await kept.office.makes_token("boss", owner=Owner(agent=AgentId("boss")))
    assert (await asks("GET", path, token=boss)).status == 404
    other = await kept.office.makes_token("other", owner=Owner(agent=AgentId("other")))
    found = await asks("GET", path, token=other)
    with wave.open(io.BytesIO(found.body)) as sound:
        assert sound.getnframes() > 0
