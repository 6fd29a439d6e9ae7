"""A configuration goes live while the center runs, is refused, goes back, and is found again by the next run."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
import structlog

from callcenter.boot.assembly import running_center
from callcenter.boot.center import RunningCenter
from callcenter.core.aside import CONFIRM_PROMPT
from callcenter.errors import Bug, ConfigurationError, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.contact import ContactState
from callcenter.model.disposition import Talked
from callcenter.model.events import ConfigurationApplied, DispositionRequested, EngineStarted, HangUpRequested
from callcenter.model.facts import ContactQueued
from callcenter.model.flow import Prompt
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.postgres.configurations import Configurations, Origin
from callcenter.postgres.law_texts import kept
from callcenter.postgres.reader import JournalReader
from callcenter.runtime.feed import Subscription
from callcenter.versions.live import Live, look_around
from callcenter.web.views import ApplyWish, RollbackWish
from tests.boot.test_center import Site, site
from tests.media.rig import Shelf

__all__ = ["site"]

QUEUES = "sales: {{needs: s, max_wait_s: {max_wait_s}, overflow: hang_up, connect_announcement: {prompt}}}\n"
FLOW = "start: go\nnodes:\n  go: {kind: enqueue, queue: sales}\n"
LIMIT_S = 10.0


@dataclass
class Voices:
    """Speaks at once, and remembers what it was asked for."""

    shelf: Shelf
    prepared: list[str] = field(default_factory=list)
    used: Mapping[str, Prompt] = field(default_factory=dict)

    def use(self, prompts: Mapping[str, Prompt]) -> None:
        self.used = prompts
        for name in prompts:
            self.shelf.sounds.setdefault(name, f"/sounds/{name}")

    async def prepare(self, prompts: Mapping[str, Prompt]) -> Sequence[Problem]:
        self.prepared += sorted(prompts)
        return [Problem(where=f"prompt {name}", what="nobody says it") for name in prompts if name.startswith("mute")]


@dataclass
class House:
    """A site with a folder of configuration."""

    site: Site
    folder: Path

    @property
    def store(self) -> Configurations:
        return Configurations(self.site.pool)

    def writes(self, max_wait_s: float = 300, prompt: str = "welcome") -> None:
        (self.folder / "flows").mkdir(parents=True, exist_ok=True)
        (self.folder / "queues.yaml").write_text(QUEUES.format(max_wait_s=max_wait_s, prompt=prompt))
        (self.folder / "flows" / "in.yaml").write_text(FLOW)
        (self.folder / "numbers.yaml").write_text("default: in\n")
        (self.folder / "prompts.yaml").write_text(f"{prompt}: {{en: hello}}\n")

    @asynccontextmanager
    async def opens(self) -> AsyncIterator["Open"]:
        beginning = await look_around(self.folder, self.store)
        voices = Voices(self.site.shelf)
        live = Live(beginning, self.folder, self.store, voices)
        wiring = self.site.wiring()
        async with running_center(wiring, beginning.configuration, self.site.shelf, self.site.pool, live) as running:
            heard = running.feed.subscribe()
            assert await running.in_step()
            yield Open(self, running, live, voices, heard)


@dataclass
class Open:
    """The house is open."""

    house: House
    running: RunningCenter
    live: Live
    voices: Voices
    heard: Subscription

    @property
    def configuration(self) -> Configuration:
        return self.running.configuration

    @property
    def max_wait_s(self) -> float:
        return self.configuration.queues[QueueName("sales")].max_wait_s

    async def applies(self, message: str = "") -> int:
        return (await self.live.apply(ApplyWish(folder=str(self.house.folder), message=message, by="lan"))).version

    async def is_done(self) -> None:
        request = RequestId("test")
        assert await self.running.ask(request, HangUpRequested(request=request, contact=ContactId("nobody")))

    async def caller_waits(self) -> None:
        self.house.site.asterisk.caller_arrives("caller-1", "in")
        async with asyncio.timeout(LIMIT_S):
            async for news in self.heard:
                if isinstance(news.fact, ContactQueued):
                    return


@pytest.fixture
def house(site: Site) -> House:
    made = House(site, site.folder / "config")
    made.writes()
    return made


async def test_the_first_start_makes_a_version_of_the_folder_and_the_next_finds_it(house: House) -> None:
    async with house.opens() as center:
        await center.is_done()
        assert center.live.view().version == 1
    async with house.opens() as center:
        await center.is_done()
        assert center.live.view().version == 1
    [stored] = await house.store.listed(9)
    assert (stored.origin, stored.by, stored.refused) == (Origin.START, "the start", "")
    events = [entry.event async for entry in JournalReader(house.site.pool).entries()]
    assert [event.version for event in events if isinstance(event, EngineStarted)] == [1, 1]


async def test_an_edit_goes_live_while_somebody_waits(house: House) -> None:
    async with house.opens() as center:
        await center.caller_waits()
        house.writes(max_wait_s=60, prompt="other")
        assert await center.applies("shorter") == 2
        assert center.max_wait_s == 60
        assert center.voices.prepared == [CONFIRM_PROMPT, "other"]
        assert set(center.voices.used) == {CONFIRM_PROMPT, "welcome", "other"}  # somebody may still be told the old one
        view = center.live.view()
        assert (view.version, view.message, view.by) == (2, "shorter", "lan")
        assert [one.state for one in center.running.view().contacts] == [ContactState.WAITING]
        assert not (await center.live.apply(ApplyWish(folder=str(house.folder)))).changed
    [event] = [
        entry.event
        async for entry in JournalReader(house.site.pool).entries()
        if isinstance(entry.event, ConfigurationApplied)
    ]
    assert (event.version, event.by) == (2, "lan")


async def test_a_talk_is_judged_by_its_own_version_whatever_went_live_since(house: House) -> None:
    async with house.opens() as center:
        assert center.live._engine is not None
        world = center.live._engine.world
        talk = Talked(agent=AgentId("ann"), queue=QueueName("sales"), version=world.version, ended=world.now)
        world.talked[ContactId("c-1")] = [talk]
        for n, max_wait_s in enumerate((60, 90), 2):
            house.writes(max_wait_s=max_wait_s)
            assert await center.applies() == n
        assert sorted(world.library) == [1, 3], "nobody lives by the second one"
        request = RequestId("test")
        recorded = DispositionRequested(request=request, contact=ContactId("c-1"), code="sold", by="lan")
        assert "nothing is recorded" in await center.running.ask(request, recorded)


async def test_what_nobody_can_say_is_told_and_is_no_hindrance(house: House) -> None:
    async with house.opens() as center:
        house.writes(prompt="mute")
        applied = await center.live.apply(ApplyWish(folder=str(house.folder)))
        assert (applied.changed, applied.warnings) == (True, ("prompt mute: nobody says it",))


async def test_an_edit_with_an_error_leaves_everything_as_it_is(house: House) -> None:
    async with house.opens() as center:
        house.writes(max_wait_s=-3)
        with pytest.raises(ConfigurationError, match=r"queues\.yaml:1:\d+"):
            await center.applies()
        assert (center.live.view().version, center.max_wait_s) == (1, 300)
    assert len(await house.store.listed(9)) == 1


async def test_a_queue_with_a_caller_in_it_is_not_taken_away(house: House) -> None:
    async with house.opens() as center:
        await center.caller_waits()
        (house.folder / "queues.yaml").write_text("help: {}\n")
        flow = house.folder / "flows" / "in.yaml"
        flow.write_text(flow.read_text().replace("queue: sales", "queue: help"))
        with pytest.raises(ConfigurationError, match="drain it first"):
            await center.applies()
        assert center.live.view().version == 1


async def test_back_and_further_back(house: House) -> None:
    async with house.opens() as center:
        for max_wait_s in (60, 30):
            house.writes(max_wait_s=max_wait_s)
            await center.applies(f"{max_wait_s}")
        assert (await center.live.roll_back(RollbackWish())).version == 4
        assert (center.max_wait_s, center.live.view().back_to) == (60, 2)
        assert (await center.live.roll_back(RollbackWish())).version == 5
        assert (center.max_wait_s, center.live.view().back_to) == (300, 1)
        with pytest.raises(ConfigurationError, match="no version before"):
            await center.live.roll_back(RollbackWish())
        assert (await center.live.roll_back(RollbackWish(version=3, message="again"))).version == 6
        assert (center.max_wait_s, center.live.view().message) == (30, "again")
        with pytest.raises(ConfigurationError, match="there is no such version"):
            await center.live.roll_back(RollbackWish(version=99))
        assert list(center.live.shelf) == [6]


async def test_a_rollback_outlives_a_restart_and_an_edit_since_then_is_taken(house: House) -> None:
    async with house.opens() as center:
        house.writes(max_wait_s=1)
        await center.applies()
        await center.live.roll_back(RollbackWish())
    async with house.opens() as center:
        await center.is_done()
        assert (center.live.view().version, center.max_wait_s) == (3, 300)
    house.writes(max_wait_s=77)
    async with house.opens() as center:
        await center.is_done()
        assert (center.live.view().version, center.max_wait_s) == (4, 77)


async def test_a_broken_folder_keeps_nobody_from_starting_again(house: House) -> None:
    async with house.opens() as center:
        await center.is_done()
    house.writes(max_wait_s=-3)
    with structlog.testing.capture_logs() as logs:
        async with house.opens() as center:
            await center.is_done()
            assert (center.live.view().version, center.max_wait_s) == (1, 300)
    assert any("queues.yaml:1" in line.get("problem", "") for line in logs)


async def test_at_the_first_start_a_broken_folder_is_an_error(house: House) -> None:
    house.writes(max_wait_s=-3)
    with pytest.raises(ConfigurationError, match=r"queues\.yaml:1"):
        await look_around(house.folder, house.store)


async def test_after_a_crash_calls_go_on_with_what_they_were_in(house: House) -> None:
    async with house.opens() as center:
        house.writes(max_wait_s=200)
        await center.applies()
        await center.caller_waits()
        center.running.crashed("test", Bug("killed"))
    house.writes(max_wait_s=7)  # half an edit
    async with house.opens() as center:
        await center.is_done()
        assert (center.live.view().version, center.max_wait_s) == (2, 200)
        assert [one.state for one in center.running.view().contacts] == [ContactState.WAITING]
        assert await center.applies() == 3  # it is an edit like any other


async def test_a_version_that_was_stored_and_never_applied_is_not_live_at_the_next_start(house: House) -> None:
    async with house.opens() as center:
        await center.is_done()
    files = {**(await house.store.get((await house.store.listed(1))[0].version)).files}  # type: ignore[union-attr]
    files["queues.yaml"] = QUEUES.format(max_wait_s=5, prompt="welcome")
    await house.store.add(
        files, digest="d", folder_digest="d", by="lan", message="", origin=Origin.APPLY
    )  # the center was killed between this and the engine's answer
    async with house.opens() as center:
        await center.is_done()
        assert center.max_wait_s == 300
        assert center.live.view().version in (1, 3)
    assert (await house.store.listed(9))[-2].refused


async def test_the_texts_of_the_law_are_kept_once_before_anybody_is_judged_by_them(house: House) -> None:
    own = house.folder / "law" / "house.yaml"
    own.parent.mkdir()
    own.write_text((files("callcenter") / "law_packs" / "house.yaml").read_text())

    async def texts() -> list[str]:
        return [one.digest for one in await kept(house.site.pool) if one.pack == "house"]

    async with house.opens() as center:
        assert center.configuration.law.keys() == {one.pack for one in await kept(house.site.pool)}
        assert await texts() == [center.configuration.law["house"].digest]
        own.write_text(own.read_text() + "# edited\n")
        await center.applies()
        assert await texts() == [*(await texts())[:1], center.configuration.law["house"].digest]
    async with house.opens():
        assert len(await texts()) == 2
