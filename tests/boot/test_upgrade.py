"""Another build calls something a mistake that was none: what is live cannot be read, and the center comes up."""

import pytest
import structlog

from callcenter.errors import ConfigurationError
from callcenter.model.contact import ContactState
from callcenter.model.ids import QueueName, Version
from callcenter.versions.live import look_around
from tests.boot.test_center import Site, site
from tests.boot.test_live import House, house
from tests.live.waiting import eventually
from tests.postgres.lead_story import add_lead, number

__all__ = ["Site", "house", "site"]

TRUNKS = """\
trunks:
  main: {{lines_max: 5}}
guard: {{regions: [{region}], refused_prefixes: ["+8419"]}}
caller_ids: {{office: [{{number: "+842471090000"}}]}}
"""
CAMPAIGNS = "spring: {queue: sales, lists: {spring: 1}, caller_ids: office, law: [vn, house], safe_harbour: welcome}\n"


def calls_people(house: House, region: str = "VN") -> None:
    (house.folder / "trunks.yaml").write_text(TRUNKS.format(region=region))
    (house.folder / "campaigns.yaml").write_text(CAMPAIGNS)


async def is_read_otherwise(house: House, file: str, was: str, now: str) -> None:
    """What is stored is a mistake now: as an older build took it, and kept it."""
    path = house.folder / file
    text = path.read_text()
    path.write_text(text.replace(was, now))
    for row in await house.site.pool.fetch("SELECT sha256, text FROM configuration_file"):
        if row["text"] == text:
            await house.site.pool.execute(
                "UPDATE configuration_file SET text = $2 WHERE sha256 = $1", row["sha256"], path.read_text()
            )


async def was_dialling(house: House) -> None:
    """A campaign's call was being made as the center died."""
    lead = await add_lead(house.site.pool, [number(1)])
    await house.site.pool.execute("INSERT INTO dialler (name, key) VALUES ('dead', 1)")
    await house.site.pool.execute("UPDATE lead SET state = 'claimed', claimed_by = 'dead'")
    await house.site.pool.execute(
        "INSERT INTO attempt (id, lead, number, campaign, dialler, began)"
        " VALUES ('l-1', $1, $2, 'spring', 'dead', now() - interval '1 minute')",
        lead,
        number(1),
    )


async def came_of(house: House) -> str:
    async def settled() -> str | None:
        found: str | None = await house.site.pool.fetchval("SELECT outcome FROM attempt WHERE id = 'l-1'")
        return found

    return await eventually(settled, "the attempt is settled", 10.0)


async def test_a_mistake_in_what_calls_people_out_keeps_nobody_from_calling_in(house: House) -> None:
    calls_people(house)
    async with house.opens() as center:
        assert "spring" in center.configuration.campaigns
        await center.caller_waits()
        center.running.crashed("test", RuntimeError("killed"))
    await is_read_otherwise(house, "trunks.yaml", "regions: [VN]", "regions: [UK]")
    await was_dialling(house)
    with structlog.testing.capture_logs() as logs:
        async with house.opens() as center:
            await center.is_done()
            assert [one.state for one in center.running.view().contacts] == [ContactState.WAITING], "nothing is lost"
            assert (center.live.view().version, center.configuration.campaigns) == (1, {})
            assert center.configuration.guard.refused_prefixes == ("+8419",), "what is refused stays refused"
            assert await came_of(house) == "lost", "it counts as dialled: nobody can know, and nobody is dialled twice"
            calls_people(house, "VN, GB")
            assert await center.applies() == 2
            assert "spring" in center.configuration.campaigns
    told = [line for line in logs if "trunks.yaml:3" in line.get("problem", "")]
    assert told
    assert "callcenter apply" in told[0]["remedy"]


async def test_a_mistake_elsewhere_leads_back_to_the_last_version_that_can_be_read(house: House) -> None:
    async with house.opens() as center:
        house.writes(max_wait_s=200)
        assert await center.applies() == 2
        house.writes(max_wait_s=100)
        assert await center.applies() == 3
        await center.is_done()
    await is_read_otherwise(house, "queues.yaml", "max_wait_s: 100", "max_weight_s: 100")
    with structlog.testing.capture_logs() as logs:
        async with house.opens() as center:
            await center.is_done()
            assert (center.live.view().version, center.max_wait_s) == (4, 200)
            assert "version 2" in center.live.view().message
    assert any("queues.yaml:1" in line.get("problem", "") for line in logs)
    async with house.opens() as center:  # the folder is no edit: it is the one that cannot be read
        await center.is_done()
        assert (center.live.view().version, center.max_wait_s) == (4, 200)
    house.writes(max_wait_s=90)
    async with house.opens() as center:
        await center.is_done()
        assert (center.live.view().version, center.max_wait_s) == (5, 90)
    unread = await house.store.get(Version(3))
    assert unread is not None
    assert "max_weight_s" in unread.files["queues.yaml"], "it is kept all the same"


async def test_where_the_folder_was_mended_before_the_start_its_calls_go_on(house: House) -> None:
    async with house.opens() as center:
        await center.caller_waits()
        [waiting] = [one.id for one in center.running.view().contacts]
        center.running.crashed("test", RuntimeError("killed"))
    await is_read_otherwise(house, "queues.yaml", "max_wait_s: 300", "max_weight_s: 300")
    house.writes(max_wait_s=50)
    async with house.opens() as center:
        await center.is_done()
        [contact] = center.running.view().contacts
        assert (contact.state, contact.id) == (ContactState.WAITING, waiting), "she keeps her place"
        assert center.configuration.queues[QueueName("sales")].max_wait_s == 50


async def test_where_nothing_can_be_read_every_mistake_is_told_once_with_what_to_do(house: House) -> None:
    async with house.opens() as center:
        await center.is_done()
    await is_read_otherwise(house, "queues.yaml", "max_wait_s: 300", "max_weight_s: 300")
    with pytest.raises(ConfigurationError) as caught:
        await look_around(house.folder, house.store)
    words = str(caught.value)
    assert words.count("queues.yaml:1:19") == 1
    assert str(house.folder) in words
