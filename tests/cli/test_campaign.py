"""`callcenter campaign`, `leads next` and `compliance check`, against a center of the stories."""

import pytest

from callcenter.cli.exits import Exit
from callcenter.config import load_configuration
from callcenter.model.campaign_messages import DiallerReady, JudgeDial, LeadsClaimed
from callcenter.model.lead import CampaignName, Lead, LeadId, LeadNumber, ListOfLeads
from callcenter.postgres.pool import Pool
from tests.cli.live import LiveCenter, StoryCenter
from tests.cli.terminal import Terminal
from tests.postgres.lead_story import add_lead, number

TRUNKS = """\
trunks: {main: {lines_max: 5}}
guard: {regions: [VN]}
caller_ids: {hanoi: [{number: "+842471090000"}]}
"""
CAMPAIGNS = """\
spring:
  mode: preview
  queue: sales
  lists: {first: 1}
  caller_ids: hanoi
  law: [always]
"""
ALWAYS = """\
title: Always open
version: "1"
regions: [VN]
sources: {us: {cite: a test, says: it is, read: here}}
rules:
  - {rule: hours, source: us, open: {daily: "00:00-24:00"}}
  - {rule: caller_id, source: us}
"""


@pytest.fixture
def story(terminal: Terminal) -> StoryCenter:
    """A center with a campaign that is dialled by hand, and an agent."""
    for flow in (terminal.config / "flows").iterdir():
        flow.unlink()
    terminal.write("sales: {needs: sales}\n", "config/queues.yaml")
    terminal.write("{}\n", "config/numbers.yaml")
    terminal.write(TRUNKS, "config/trunks.yaml")
    terminal.write(CAMPAIGNS, "config/campaigns.yaml")
    terminal.write(ALWAYS, "config/law/always.yaml")
    center = StoryCenter(load_configuration(terminal.config))
    center.agent("anna", sales=1)
    return center


def claims(story: StoryCenter) -> None:
    mobile = LeadNumber(n=1, number="+84901234567", region="VN", line="mobile")
    lead = Lead(id=LeadId(7), list=ListOfLeads("first"), name="Lan", numbers=(mobile,), custom={"city": "Hanoi"})
    story.tell(DiallerReady(dialler="d"))
    story.passes(0.1)
    story.tell(LeadsClaimed(campaign=CampaignName("spring"), leads=(lead,)))


def test_begun_read_dialled_and_stopped(terminal: Terminal, live: LiveCenter) -> None:
    story = live.story
    assert terminal.json("campaign", "list")["campaigns"][0]["state"] == "stopped"
    assert terminal.json("campaign", "start", "spring") == {"campaign": "spring", "done": "started"}
    assert "running already" in terminal("campaign", "start", "spring", expect=Exit.PROBLEMS).err
    claims(story)
    assert "has no lead" in terminal("campaign", "preview", "bob", expect=Exit.NOT_FOUND).err
    read = terminal.json("leads", "next", "spring", "--agent", "anna")
    assert (read["lead"], read["number"], read["custom"]) == (7, "+84901234567", {"city": "Hanoi"})
    assert "Lan" in terminal("campaign", "preview", "anna").out
    assert terminal.json("campaign", "preview", "anna", "--dial")["done"] == "dialled"
    assert story.all(JudgeDial)[0].dial.number.number == "+84901234567"
    shown = terminal.json("campaign", "show", "spring")
    assert (shown["state"], shown["ringing"]) == ("running", 1)
    assert "running" in terminal("campaign", "show", "spring").out
    assert terminal.json("campaign", "drain", "spring")["done"] == "draining"
    assert terminal.json("campaign", "stop", "spring")["done"] == "stopped"
    assert "spring" in terminal("campaign", "list").out
    assert "there is no campaign" in terminal("campaign", "show", "autumn", expect=Exit.NOT_FOUND).err


@pytest.mark.slow
def test_what_it_brought_and_what_other_staff_would_bring(
    terminal: Terminal, story: StoryCenter, dsn: str, past_calls: None
) -> None:
    terminal.uses_database(dsn)
    report = terminal.json("campaign", "report", "spring")
    assert [(one["hour"], one["dials"], one["contact_rate"]) for one in report["hours"]] == [(10, 40, 0.25)]
    assert (report["lists"][0]["leads"], report["lists"][0]["penetration"]) == (40, 0.0)
    assert "25" in terminal("campaign", "report", "spring").out
    words = ("campaign", "simulate", "spring", "--agents", "5", "--hours", "1", "--days", "2")
    found = terminal.json(*words, "--mode", "progressive")
    past = found["past"]
    assert (past["dials"], past["live"], past["talks"], past["small"]) == (40, 10, 10, True)
    assert past["answer_rate"] == {"share": 0.25, "low": 0.1419, "high": 0.4019}
    assert past["talk_s"] == {"mean": 60.0, "low": 60.0, "high": 60.0}
    assert past["thin_hours"] == [9], "of the one hour that is tried"
    warned = terminal(*words, "--mode", "progressive").err
    assert "40 dials with 10 live answers, and 10 talks" in warned
    assert "fewer than 50 dials" in warned
    assert found["drop_share"]["mean"] == 0.0
    busy = found["utilisation"]
    assert 0.1 < busy["mean"] < 1.0
    assert busy["low"] <= busy["lowest"] <= busy["highest"] <= busy["high"]
    assert "progressive" in terminal(*words, "--mode", "progressive").out
    assert "one of progressive" in terminal(*words, expect=Exit.USAGE).err  # preview cannot be tried
    assert "no campaign" in terminal("campaign", "report", "autumn", expect=Exit.NOT_FOUND).err


@pytest.fixture
async def past_calls(pool: Pool) -> None:
    """Forty dials, ten of which a person answered and talked for a minute."""
    for n in range(40):
        lead = await add_lead(pool, [number(n)], list_="first")
        answered = "now() - interval '50 s'" if n % 4 == 0 else "NULL"
        await pool.execute(
            "INSERT INTO attempt (id, lead, number, campaign, dialler, hour, began, answered, ended, outcome) "
            f"VALUES ($1, $2, $3, 'spring', 'd', 10, now() - interval '60 s', {answered}, now(), $4)",
            f"l-{n}",
            lead,
            number(n),
            "answered" if n % 4 == 0 else "busy",
        )
        if n % 4 == 0:
            await pool.execute(
                "INSERT INTO talk (seq, n, contact, agent, leg, queue, began, ended, talk_s) "
                "VALUES ($1, 0, $2, 'anna', 'l', 'sales', now() - interval '60 s', now(), 60)",
                n,
                f"c-{n}",
            )


def test_may_this_number_be_dialled(terminal: Terminal, story: StoryCenter, dsn: str, pool: Pool) -> None:
    terminal.uses_database(dsn)
    told = terminal.json("compliance", "check", "0901234567", "--region", "VN", "--campaign", "spring")
    assert told["allowed"]
    assert {one["rule"]: one["held"] for one in told["findings"]}["hours"]
    terminal("do-not-call", "add", "+84901234567")
    told = terminal.json("compliance", "check", "+84901234567", "--campaign", "spring", expect=Exit.PROBLEMS)
    assert (told["allowed"], told["next_at"]) == (False, None)
    assert (
        "somebody has to act"
        in terminal("compliance", "check", "+84901234567", "--campaign", "spring", expect=Exit.PROBLEMS).out
    )
    assert "no telephone number" in terminal("compliance", "check", "x", "--campaign", "spring", expect=Exit.USAGE).err
