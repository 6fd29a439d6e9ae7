"""Versions of the configuration on the command line: applied, refused, rolled back, listed, compared."""

import os
import time

import pytest

from callcenter.cli.exits import Exit
from callcenter.config.folder import digest_of, read_files
from callcenter.postgres.configurations import Configurations, Origin
from callcenter.postgres.pool import Pool
from tests.cli.live import WELL, LiveCenter
from tests.cli.past import Past
from tests.cli.terminal import QUEUES, Terminal

EDITED = QUEUES.replace("max_wait_s: 120", "max_wait_s: 60")
BROKEN = QUEUES.replace("max_wait_s", "max_wiat_s")


def test_an_edit_is_seen_applied_and_rolled_back(terminal: Terminal, live: LiveCenter) -> None:
    assert terminal.json("status")["configuration"]["differs"] is None
    terminal.write(EDITED, "config/queues.yaml")
    assert "callcenter plan" in terminal.json("status")["configuration"]["differs"]
    assert "differs from what is live" in terminal("status").out
    applied = terminal.json("apply", "--message", "shorter")
    assert (applied["version"], applied["changed"], applied["warnings"]) == (2, True, [])
    assert [one["where"] for one in applied["remarks"]] == ["flows/to_support.yaml:1:1"]  # as flows check says it
    assert live.story.engine.world.configuration.queues["sales"].max_wait_s == 60  # type: ignore[index]
    assert terminal.json("status")["configuration"]["message"] == "shorter"
    assert terminal.json("apply")["changed"] is False
    assert terminal.json("rollback")["version"] == 3
    assert live.story.engine.world.configuration.queues["sales"].max_wait_s == 120  # type: ignore[index]
    assert "differs" in terminal("status").out


def test_agents_whom_nobody_knows_are_warned_of(terminal: Terminal, live: LiveCenter) -> None:
    terminal.write(
        QUEUES.replace("sales:\n", "sales:\n  reserve: {agents: [ghost], above_s: 5}\n", 1), "config/queues.yaml"
    )
    assert any("no agent ghost" in one["what"] for one in terminal.json("flows", "check")["remarks"])
    terminal.json("apply")
    assert terminal.json("queues", "show", "sales")["rules"]["reserve"] == "ghost only after 5 s of waiting"
    assert "ghost only after 5 s" in terminal("queues", "show", "sales").out


def test_settings_that_were_edited_since_the_start_take_a_restart(terminal: Terminal, live: LiveCenter) -> None:
    os.utime(terminal.settings, (0, time.time() - 2 * WELL["up_s"]))
    assert "restart" not in terminal("apply").err
    os.utime(terminal.settings)
    assert "take a restart" in terminal("apply").err


def test_an_edit_with_an_error_changes_nothing_and_says_where_it_is(terminal: Terminal, live: LiveCenter) -> None:
    terminal.write(BROKEN, "config/queues.yaml")
    said = terminal("apply", expect=Exit.PROBLEMS)
    assert "queues.yaml:6:3" in said.err
    assert "did you mean `max_wait_s`?" in said.err
    assert "nothing was changed" in said.err
    error = terminal.json("apply", expect=Exit.PROBLEMS)["error"]
    assert [one["where"] for one in error["problems"]] == ["queues.yaml:6:3: sales.max_wiat_s"]
    assert terminal.json("status")["configuration"]["version"] == 1
    assert "cannot be applied: queues.yaml:6:3" in terminal("status").out


def test_what_the_engine_has_against_it_is_told(terminal: Terminal, live: LiveCenter) -> None:
    live.story.call("support")
    terminal.write(
        QUEUES.replace("support:\n", "second:\n").replace("queue: support", "queue: second"), "config/queues.yaml"
    )
    for flow in ("to_support", "hotline"):
        path = terminal.config / "flows" / f"{flow}.yaml"
        path.write_text(path.read_text().replace("queue: support", "queue: second"))
    said = terminal("apply", expect=Exit.PROBLEMS)
    assert "drain it first (callcenter queues drain support)" in said.err


def test_another_folder_may_be_applied(terminal: Terminal, live: LiveCenter) -> None:
    for name, text in read_files(terminal.config)[0].items():
        terminal.write(text.replace("max_wait_s: 120", "max_wait_s: 30"), f"other/{name}")
    assert terminal.json("apply", str(terminal.folder / "other"))["changed"]
    assert live.story.engine.world.configuration.queues["sales"].max_wait_s == 30  # type: ignore[index]


def test_what_is_not_there_cannot_be_gone_back_to(terminal: Terminal, live: LiveCenter) -> None:
    assert "there is no such version" in terminal("rollback", "7", expect=Exit.PROBLEMS).err


@pytest.mark.parametrize("command", ["apply", "rollback"])
def test_nothing_runs(terminal: Terminal, command: str) -> None:
    assert terminal.json(command, expect=Exit.NOT_RUNNING)["error"]["kind"] == "not_running"


def test_the_doctor_looks_too(terminal: Terminal, live: LiveCenter, dsn: str) -> None:
    terminal.uses_database(dsn)
    terminal.write(EDITED, "config/queues.yaml")
    [found] = [one for one in terminal.json("doctor")["findings"] if one["about"] == "call center"]
    assert (found["verdict"], "differs" in found["what"]) == ("warning", True)


# -- in the database ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def kept(terminal: Terminal, dsn: str, pool: Pool) -> Terminal:
    """Three versions, of which the second was refused."""
    terminal.uses_database(dsn)
    store, files = Configurations(pool), read_files(terminal.config)[0]
    for message, text, origin in (
        ("first", QUEUES, Origin.START),
        ("bad", "", Origin.APPLY),
        ("", EDITED, Origin.APPLY),
    ):
        now = {**files, "queues.yaml": text}
        digest = digest_of(now)
        version = await store.add(now, digest=digest, folder_digest=digest, by="lan", message=message, origin=origin)
        if message == "bad":
            await store.refuse(version, "callers wait")
    return terminal


def test_the_list_of_versions(kept: Terminal) -> None:
    found = kept.json("config", "versions")["versions"]
    assert [(one["version"], one["live"], one["refused"]) for one in found] == [
        (3, True, None),
        (2, False, "callers wait"),
        (1, False, None),
    ]
    assert "refused: callers wait" in kept("config", "versions").out
    assert len(kept.json("config", "versions", "--limit", "1")["versions"]) == 1


def test_a_version_is_shown_and_written_out(kept: Terminal) -> None:
    assert kept.json("config", "show")["files"]["queues.yaml"] == EDITED
    assert "max_wait_s: 120" in kept("config", "show", "1").out
    into = kept.folder / "old"
    assert kept.json("config", "show", "1", "--into", str(into))["into"] == str(into)
    assert read_files(into)[0] == {**read_files(kept.config)[0], "queues.yaml": QUEUES}
    assert "already" in kept("config", "show", "1", "--into", str(into), expect=Exit.PROBLEMS).err
    assert kept.json("config", "show", "9", expect=Exit.NOT_FOUND)["error"]["kind"] == "not_found"


def test_a_mistake_in_the_folder_keeps_no_agent_out(kept: Terminal) -> None:
    kept.write(BROKEN, "config/queues.yaml")
    added = kept("agents", "add", "anna", "--number", "1077")
    assert "what is live counts: queues.yaml:6:3" in added.err
    assert "leads to a flow" in kept("agents", "add", "binh", "--number", "1900", expect=Exit.PROBLEMS).err


def test_without_a_live_version_a_mistake_in_the_folder_is_told(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    terminal.write(BROKEN, "config/queues.yaml")
    said = terminal("agents", "add", "anna", "--number", "1077", expect=Exit.CONFIGURATION)
    assert "did you mean `max_wait_s`?" in said.err


def test_versions_are_compared_with_each_other_and_with_the_folder(kept: Terminal) -> None:
    document = kept.json("config", "diff", "1", "3", expect=Exit.PROBLEMS)
    assert [one["file"] for one in document["files"]] == ["queues.yaml"]
    assert "-  max_wait_s: 120" in document["files"][0]["lines"]
    assert "+  max_wait_s: 120" in kept("config", "diff", expect=Exit.PROBLEMS).out
    assert kept.json("config", "diff", "1")["files"] == []
    assert "no difference" in kept("config", "diff", "1").out


def test_before_the_first_start_there_is_no_version(terminal: Terminal, dsn: str) -> None:
    terminal.uses_database(dsn)
    assert terminal.json("config", "versions")["versions"] == []
    assert "the first start makes one" in terminal("config", "show", expect=Exit.NOT_FOUND).err


# -- plan --------------------------------------------------------------------------------------------------------------


def test_an_edit_is_planned(kept: Terminal) -> None:
    document = kept.json("plan")
    assert (document["version"], document["problems"], document["prediction"]) == (3, [], None)
    assert [one["file"] for one in document["files"]] == ["queues.yaml"]
    said = kept("plan").out
    assert "+  max_wait_s: 120" in said
    assert "it can be applied: callcenter apply" in said
    assert "no traffic in these days" in said


def test_a_plan_with_an_error_says_where_it_is(kept: Terminal) -> None:
    kept.write(BROKEN, "config/queues.yaml")
    document = kept.json("plan", expect=Exit.PROBLEMS)
    assert [one["where"] for one in document["problems"]] == ["queues.yaml:6:3: sales.max_wiat_s"]
    assert "it cannot be applied" in kept("plan", expect=Exit.PROBLEMS).out


def test_a_plan_tells_of_a_skill_that_nobody_has_and_of_steps_that_end_in_nobody(
    kept: Terminal, live: LiveCenter
) -> None:
    live.story.agent("anna", sales=3, support=2)
    slip = QUEUES.replace("needs: sales", "needs: saels", 1).replace("needs: support }", "needs: nobody }")
    kept.write(slip, "config/queues.yaml")
    told = [(one["what"], one["remedy"]) for one in kept.json("plan")["remarks"]]
    assert ("no agent has the skill saels", "did you mean `sales`?") in told
    assert any(what.startswith("from then on nobody may serve") for what, _ in told)
    assert "sales.needs: no agent has the skill saels (did you mean `sales`?)" in kept("plan").out
    assert "nobody may serve" in kept("apply").err  # which is told once more when it goes live


def test_a_plan_of_nothing(kept: Terminal) -> None:
    kept.write(EDITED, "config/queues.yaml")
    assert "nothing to apply" in kept("plan").out


def test_a_plan_with_hardly_any_traffic_says_so(kept: Terminal, past: Past) -> None:
    document = kept.json("plan", "--days", "1")
    assert document["prediction"]["calls"] == 3
    assert "too few to foretell" in kept("plan").out
    assert kept.json("plan", "--days", "0")["prediction"] is None
