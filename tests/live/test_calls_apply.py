"""Another configuration while people wait, choose and talk, on the real thing: nobody is lost, nothing is half done."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter.jobs.replaying import replay
from callcenter.model.contact import ContactState, EndReason
from callcenter.model.facts import ConfigurationChanged, ContactConnected, ContactQueued, RulesChanged
from callcenter.model.ids import UNVERSIONED
from callcenter.postgres.configurations import Configurations
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.snapshots import Snapshots
from callcenter.versions.library import VersionLibrary
from tests.live.center import Center
from tests.live.waiting import passes

pytestmark = pytest.mark.live


@pytest.fixture
async def folder(center: Center) -> AsyncIterator[Path]:
    """The center's folder of configuration, which is as it was afterwards, and so is the center."""
    where = center.premises.folder / "config"
    before = {path: path.read_text() for path in where.rglob("*.yaml")}
    yield where
    for path, text in before.items():
        path.write_text(text)
    status, said = await posts(center, "apply", {"folder": str(where)})
    assert status == 200, said


def renamed(folder: Path, old: str, new: str) -> None:
    """Write another name in every file."""
    for path in folder.rglob("*.yaml"):
        path.write_text(path.read_text().replace(old, new))


async def posts(center: Center, what: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A request about versions."""
    connector = aiohttp.UnixConnector(path=str(center.premises.control_socket))
    async with (
        aiohttp.ClientSession("http://center", connector=connector) as http,
        http.post(f"/v1/configuration/{what}", json=body) as response,
    ):
        return response.status, await response.json()


async def test_a_queue_changes_under_those_who_wait_and_a_call_in_a_menu_ends_as_it_began(
    center: Center, folder: Path
) -> None:
    alice = await center.works("alice")
    talking = await center.calls("2001")
    talk = await talking.talks_to(alice)
    waiting = await center.calls("2005")
    await waiting.waits()
    queues = folder / "queues.yaml"
    sound = queues.read_text()

    queues.write_text(sound.replace("needs: support", "nedes: support", 1))
    status, said = await posts(center, "apply", {"folder": str(folder)})
    assert status == 409
    assert "did you mean `needs`?" in said["problems"][0]["remedy"]
    assert center.so_far(ConfigurationChanged) == []

    queues.write_text(sound.replace("support:\n  needs: support\n", "support:\n  needs: sales\n", 1))
    status, said = await posts(center, "apply", {"folder": str(folder), "message": "sales helps", "by": "test"})
    assert (status, said["changed"]) == (200, True), said
    changed = await center.fact(RulesChanged, contact=await waiting.contact())
    assert changed.needs == "sales"
    await talking.hangs_up()
    connected = await center.fact(ContactConnected, contact=await waiting.contact())
    assert connected.agent == "alice"
    await waiting.hangs_up()
    assert (await talking.ended()).reason is EndReason.CALLER_HUNG_UP
    assert (await waiting.ended()).reason is EndReason.CALLER_HUNG_UP
    del talk

    status, said = await posts(center, "rollback", {})
    assert (status, said["changed"]) == (200, True), said
    waiting = await center.calls("2005")
    await waiting.waits()
    queued = await center.fact(ContactQueued, contact=await waiting.contact())
    assert queued.needs == "support"

    queues.write_text(sound.replace("support:\n  needs: support\n", "assistance:\n  needs: support\n", 1))
    renamed(folder, "queue: support", "queue: assistance")
    status, said = await posts(center, "apply", {"folder": str(folder)})
    assert status == 409
    assert "drain it first (callcenter queues drain support)" in said["problem"], said
    view = await center.view()
    assert [one.state for one in view.contacts if one.id == queued.contact] == [ContactState.WAITING]
    await waiting.hangs_up()
    assert (await waiting.ended()).reason is EndReason.ABANDONED


async def test_many_changes_among_many_calls_lose_none(center: Center, folder: Path) -> None:
    bank = await center.bank()
    queues = folder / "queues.yaml"
    sound = queues.read_text()
    callers = [await center.calls("2006") for _ in range(6)]
    for number in range(8):
        seconds = 5 + number % 3
        queues.write_text(sound.replace("offer_timeout_s: 5, music", f"offer_timeout_s: {seconds}, music"))
        status, said = await posts(center, "apply", {"folder": str(folder), "message": f"change {number}"})
        assert status == 200, said
        await passes(0.1)
    for caller in callers:
        await center.fact(ContactConnected, contact=await caller.contact(), within_s=25)
        await caller.hangs_up()
        assert (await caller.ended()).reason in (EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP)
    del bank


async def test_the_whole_journal_of_these_calls_comes_out_as_it_was_written_down(center: Center) -> None:
    library = VersionLibrary(Configurations(center.pool))
    first = await library.need(UNVERSIONED)
    found = await replay(first, JournalReader(center.pool), Snapshots(center.pool), library)
    assert found.difference is None, found.difference
    assert found.entries == found.last > 0
    assert len(found.versions) > 8
