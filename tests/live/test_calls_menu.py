"""What callers hear and press: menus in both languages, barge-in, secrets, messages, opening hours."""

import pytest

from callcenter.model.contact import EndReason
from callcenter.model.facts import ContactQueued
from tests.live.center import Center

pytestmark = pytest.mark.live


async def test_a_caller_chooses_a_language_and_a_queue_by_keys(center: Center) -> None:
    caller = await center.calls("1900", name="Trần Văn Ba")
    await caller.hears("welcome", "en")
    await caller.presses("2")
    await caller.hears("main_menu", "vi")
    await caller.presses("1")
    queued = await center.fact(ContactQueued, contact=await caller.contact())
    assert queued.queue == "sales"
    await caller.hears_music()
    await caller.hangs_up()
    ended = await caller.ended()
    assert (ended.reason, ended.language, ended.caller_name) == (EndReason.ABANDONED, "vi", "Trần Văn Ba")
