"""Notes that callers record, and surveys after the talk, with real telephones."""

from typing import Final

import asyncpg
import pytest

from callcenter.model.agent import AgentState
from callcenter.model.contact import EndReason
from callcenter.model.facts import SurveyAnswered, SurveyOffered
from callcenter.model.recording_facts import RecordingDropped
from tests.live.center import Center
from tests.live.waiting import eventually, passes

pytestmark = pytest.mark.live

SPEAKS_S: Final = 2.5  # Asterisk counts whole seconds, the beep's not
RECORDED: Final = "SELECT * FROM recording WHERE contact = $1 AND kind = 'note' ORDER BY started"


async def test_a_caller_records_listens_says_it_again_and_accepts(center: Center) -> None:
    caller = await center.calls("1970")
    await caller.hears("leave_message")
    await passes(SPEAKS_S)
    await caller.presses("#")
    await caller.hears("main_menu")
    caller.ear.forget()
    await caller.presses("2")
    await caller.ear.hears(caller.tone_hz, 5.0)  # her own voice
    await caller.hears("main_menu")
    await caller.presses("3")
    await caller.hears("leave_message")
    await passes(SPEAKS_S)
    await caller.presses("#")
    await caller.hears("main_menu")
    await caller.presses("1")
    await caller.hears("message_taken")
    await caller.is_hung_up()
    contact = await caller.contact()
    dropped = await center.fact(RecordingDropped, contact=contact)

    async def proven() -> list[asyncpg.Record] | None:
        notes = await center.rows(RECORDED, contact)
        return notes if all(note["checked"] is not None for note in notes) else None

    first, second = await eventually(proven, "both are looked at")
    assert (first["id"], first["path"], first["problem"]) == (dropped.recording, "", "")
    assert second["problem"] == ""
    assert second["seconds"] > 1.0
    assert not (center.premises.var / "asterisk" / "spool" / "recording" / f"{dropped.recording}.wav").exists()


async def test_after_the_talk_a_caller_is_asked_how_it_was(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2020")
    await caller.talks_to(alice)
    await alice.hangs_up()
    await caller.hears("feature_done")
    contact = await caller.contact()
    offered = await center.fact(SurveyOffered, contact=contact)
    assert (offered.survey, offered.queue, offered.agent) == ("how_was_it", "asked", "alice")
    await alice.is_(AgentState.READY)  # after her wrap-up, though the caller is still there
    await caller.presses("4")
    await caller.hears("feature_refused")
    await caller.presses("1")
    await caller.hears("leave_message")
    await passes(SPEAKS_S)
    await caller.presses("#")
    await caller.hears("thanks")
    await caller.is_hung_up()
    ended = await caller.ended()
    assert (ended.reason, ended.agent, ended.queue) == (EndReason.AGENT_HUNG_UP, "alice", "asked")
    answers = center.so_far(SurveyAnswered, contact=contact)
    assert [(one.question, one.answer) for one in answers] == [("friendly", 4), ("solved", 1), ("comment", None)]
    assert answers[-1].comment is not None


async def test_a_survey_outlives_a_kill(center: Center) -> None:
    alice = await center.works("alice")
    caller = await center.calls("2020")
    await caller.talks_to(alice)
    await alice.hangs_up()
    await caller.hears("feature_done")
    await center.is_killed()
    await center.comes_back()
    await caller.presses("5")
    await caller.hears("feature_refused")
    await caller.hangs_up()
    cdr = await center.cdr(await caller.contact())
    assert (cdr["end_reason"], cdr["agent"]) == (EndReason.AGENT_HUNG_UP, "alice")
