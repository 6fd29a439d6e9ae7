"""What the demo says and checks, without a call: a check that cannot fail proves nothing."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from callcenter.boot.works import workshop
from callcenter.cli.demo import stage
from callcenter.cli.demo.cast import CUSTOMERS, OFFICE, TONES_HZ, WORKERS
from callcenter.cli.demo.checks import Findings
from callcenter.cli.demo.record import Record, opened, talk_recording, write_report
from callcenter.cli.demo.sound import Ends, faults, sound_s
from callcenter.cli.demo.words import Words
from callcenter.cli.exits import Failure
from callcenter.config import Settings, load_configuration
from callcenter.config.settings import AsteriskSettings, AsteriskSource, RecordingSettings, SipSettings
from callcenter.model.contact import Direction, EndReason, Medium, OfferEnd
from callcenter.model.facts import ContactOpened, OfferEnded
from callcenter.model.ids import AgentId, CalendarName, ContactId, LegId, OfferId, QueueName, RecordingId
from callcenter.model.sealed import Codec, SealedFile, Step
from callcenter.postgres.reports import CallLine, RecordingLine, Summary
from callcenter.sim.peers.tones import RATE, tone
from callcenter.speech.wav import Sound, write_wav

TALK_S = 6.0
FAST_HOURS = 24  # of the week, for `make test-fast`


# -- the stage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return stage.demo_settings(Settings(var_folder=tmp_path / "var", config_folder=tmp_path / "config"))


@pytest.mark.parametrize(
    "hour", [pytest.param(n, marks=[pytest.mark.slow] if n > FAST_HOURS else []) for n in range(0, 7 * 24, 5)]
)
def test_the_office_is_closed_at_whatever_time_the_demo_is_played(hour: int, settings: Settings) -> None:
    stage.clear(settings)
    now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hour)
    calendars = settings.config_folder / "calendars.yaml"
    calendars.write_text(stage.calendars(now.astimezone(ZoneInfo(stage.OFFICE_ZONE))), encoding="utf-8")
    office = load_configuration(settings.config_folder).calendars[CalendarName("office")]
    assert not any(office.is_open((now + timedelta(minutes=minutes)).timestamp()) for minutes in range(0, 120, 10))
    assert office.spans  # and yet it is an office: it opens some day


def test_what_was_fetched_is_kept_and_what_was_recorded_is_not(settings: Settings) -> None:
    kept = settings.var_folder / "asterisk-root" / "usr"
    gone = settings.var_folder / "recordings" / "2026"
    for folder in (kept, gone):
        folder.mkdir(parents=True)
    (settings.var_folder / "report.json").write_text("{}")
    stage.clear(settings)
    assert kept.is_dir()
    assert not gone.exists()
    assert not (settings.var_folder / "report.json").exists()


def test_what_an_earlier_demo_left_running_is_ended(settings: Settings) -> None:
    phone = settings.var_folder / "phones" / "agent-chi"
    phone.mkdir(parents=True)
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=phone)
    try:
        assert stage.processes_in(settings.var_folder) == [left.pid]
        stage.clear(settings)
        assert left.wait(5) != 0
        assert stage.leftovers(settings) == []
    finally:
        with suppress(ProcessLookupError):
            os.kill(left.pid, 9)


def test_two_demos_do_not_play_on_one_stage(settings: Settings) -> None:
    with stage.held(settings), pytest.raises(Failure, match="plays in"), stage.held(settings):
        pass


def test_the_demo_touches_nothing_that_serves_callers() -> None:
    busy = Settings(
        asterisk=AsteriskSettings(source=AsteriskSource.SYSTEM, http_port=8088, ami_port=5038),
        sip=SipSettings(host="0.0.0.0", port=5060),
        database_url="postgresql://me@db/callcenter?sslmode=require",
        recordings_folder=Path("/srv/recordings"),
    )
    own = stage.demo_settings(busy)
    assert own.asterisk == AsteriskSettings(source=AsteriskSource.EMBEDDED)
    assert own.sip == SipSettings()
    assert own.recordings == busy.var_folder / "demo" / "recordings"
    assert own.database_url == "postgresql://me@db/callcenter?sslmode=require&search_path=callcenter_demo"


def test_a_demo_of_a_house_that_seals_its_recordings_seals_its_own_and_touches_none_of_theirs(tmp_path: Path) -> None:
    busy = Settings(
        recording=RecordingSettings(
            format=Codec.OPUS, encrypt=True, key_file=Path("/srv/keys"), bucket="calls", keep_days=0.5
        )
    )
    own = stage.demo_settings(busy)
    assert own.recording == RecordingSettings(format=Codec.OPUS, encrypt=True)
    assert own.recordings_keys.is_relative_to(busy.var_folder / "demo")
    assert own.recordings_store == busy.var_folder / "demo" / "recordings"


# -- the cast ----------------------------------------------------------------------------------------------------------


def test_everybody_has_a_tone_and_a_number_of_her_own() -> None:
    assert len(set(TONES_HZ)) == len(WORKERS) + len(CUSTOMERS)
    assert len({one.number for one in CUSTOMERS}) == len(CUSTOMERS) >= 12


def test_what_the_cast_is_to_show() -> None:
    ends = [one.expected_end for one in CUSTOMERS]
    assert sum(one.talks for one in CUSTOMERS) >= 9
    assert ends.count(EndReason.ABANDONED) == ends.count(EndReason.CLOSED) == 1
    assert [one.dials for one in CUSTOMERS].count(OFFICE) == 1
    assert sum(one.misses_first for one in WORKERS) == 1


# -- the ears ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    """A talk as it should sound: caller 1200 Hz, agent 600 Hz."""
    caller, agent = tone(1200, TALK_S), tone(600, TALK_S)
    write_wav(tmp_path / "recording.wav", Sound(rate=RATE, channels=(caller, agent)))
    write_wav(tmp_path / "caller.wav", Sound(rate=RATE, channels=(agent,)))
    write_wav(tmp_path / "agent.wav", Sound(rate=RATE, channels=(caller,)))
    return Ends(
        talk_s=TALK_S,
        caller_hz=1200,
        agent_hz=600,
        recording=tmp_path / "recording.wav",
        caller_heard=tmp_path / "caller.wav",
        agent_heard=tmp_path / "agent.wav",
    )


def test_a_talk_that_everybody_heard_has_no_fault(ends: Ends) -> None:
    assert faults(ends) == []


def test_swapped_channels_are_heard(ends: Ends) -> None:
    write_wav(ends.recording, Sound(rate=RATE, channels=(tone(600, TALK_S), tone(1200, TALK_S))))
    assert len(faults(ends)) == 4


def test_both_voices_in_one_channel_are_heard(ends: Ends) -> None:
    both = tone(600, TALK_S)
    for at, sample in enumerate(tone(1200, TALK_S)):
        both[at] += sample
    write_wav(ends.recording, Sound(rate=RATE, channels=(both, tone(600, TALK_S))))
    assert faults(ends) == ["the left channel of the recording has the agent (600 Hz) in it for 6.0 s"]


@pytest.mark.parametrize("who", ["caller_heard", "agent_heard"])
def test_one_way_sound_is_heard(who: str, ends: Ends) -> None:
    write_wav(getattr(ends, who), Sound(rate=RATE, channels=(tone(1200, 0.0),)))
    assert len(faults(ends)) == 1


def test_a_file_that_is_not_there_is_silence(ends: Ends, tmp_path: Path) -> None:
    gone = tmp_path / "gone.wav"
    assert len(faults(replace(ends, recording=gone))) == 2
    assert sound_s(gone, 0.0, 1.0) == 0.0


class Sealed:
    """One recording as it lies in the store; what the vault does of it."""

    def __init__(self, settings: Settings, file: SealedFile) -> None:
        self.workshop = workshop(settings)
        self.file = self.workshop.prepare(file)
        assert self.workshop.put(self.file)
        self.workshop.clear(self.file)

    async def export(self, recording: RecordingId, into: Path, by: str) -> bool:
        if recording != self.file.recording:
            return False
        self.workshop.export(self.file, into)
        return True


@pytest.mark.parametrize("codec", Codec)
async def test_a_recording_that_has_been_sealed_meanwhile_is_heard_like_any_other(
    codec: Codec, ends: Ends, settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, recording=RecordingSettings(format=codec, encrypt=True))
    file = SealedFile(
        recording=RecordingId(str(UUID(int=1))),
        contact=ContactId("c-1"),
        step=Step.TAKEN,
        source=str(ends.recording),
        stopped=0.0,
    )
    vault = Sealed(settings, file)
    place = settings.recordings / vault.file.name
    assert place.is_file()
    assert faults(replace(ends, recording=place)) != []
    line = RecordingLine(recording=file.recording, kind="call", path=str(place), seconds=6.0, channels=2, problem="")
    heard = await opened(vault, [call("c-1", recordings=(line,)), call("c-2")], tmp_path)
    assert list(heard) == [file.recording]
    assert faults(replace(ends, recording=heard[file.recording])) == []


def test_silence_is_no_sound_and_a_tone_is(ends: Ends) -> None:
    assert sound_s(ends.caller_heard, 1.0, 3.0) == pytest.approx(2.0)
    write_wav(ends.caller_heard, Sound(rate=RATE, channels=(tone(0, TALK_S),)))
    assert sound_s(ends.caller_heard, 1.0, 3.0) == 0.0


# -- the report --------------------------------------------------------------------------------------------------------


def call(contact: str, **changes: object) -> CallLine:
    line = CallLine(
        contact=contact,
        medium=Medium.VOICE,
        direction=Direction.INBOUND,
        caller="0901000001",
        caller_name="Lan",
        dialled="1900",
        began=0.0,
        ended=20.0,
        end_reason=EndReason.CALLER_HUNG_UP,
        flow_s=4.0,
        wait_s=2.00049,
        talk_s=6.0,
        forward_s=0.0,
        queue="sales",
        agent="alice",
        why="longest idle: free for 5.0 s",
        offers=1,
        missed=0,
        language="en",
    )
    return replace(line, **changes)  # type: ignore[arg-type]


def summary() -> Summary:
    return Summary(
        contacts=2,
        end_reasons={},
        offered=2,
        answered=1,
        abandoned=1,
        other_exits=0,
        answered_in_time=1,
        abandoned_in_time=0,
        handled=1,
        talk_s=6.0,
        wrap_up_s=1.0,
        longest_wait_s=3.0,
        service_level=0.5,
        asa_s=2.0,
        aht_s=7.0,
    )


def test_the_report_is_what_postgres_says(tmp_path: Path) -> None:
    recording = RecordingLine(recording="r", kind="call", path="/r.wav", seconds=6.0, channels=2, problem="")
    calls = (
        call("c-1", recordings=(recording,)),
        call("c-2", end_reason=EndReason.CLOSED, queue=None, agent=None, why="", talk_s=0.0, wait_s=0.0),
    )
    write_report(tmp_path / "report.json", Record(calls=calls, summary=summary()))
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "contacts": [
            {
                "id": "c-1",
                "caller": "0901000001",
                "queue": "sales",
                "end_reason": "caller_hung_up",
                "wait_s": 2.0,
                "agent": "alice",
                "why": "longest idle: free for 5.0 s",
                "talk_s": 6.0,
                "recording": {"path": "/r.wav", "seconds": 6.0, "channels": 2},
            },
            {
                "id": "c-2",
                "caller": "0901000001",
                "queue": None,
                "end_reason": "closed",
                "wait_s": 0.0,
                "agent": None,
                "why": None,
                "talk_s": 0.0,
                "recording": None,
            },
        ],
        "service_level": 0.5,
        "asa_s": 2.0,
        "aht_s": 7.0,
    }


def test_a_recording_that_never_became_a_file_is_none() -> None:
    assert talk_recording(call("c-1", recordings=(RecordingLine(recording="r", kind="call"),))) is None


def test_an_expectation_that_is_not_met_says_what_was_found_instead() -> None:
    findings = Findings()
    findings.expect("two channels", True, 2)
    findings.expect("two channels", False, 1)
    assert (findings.met, findings.missing) == (1, ["two channels: 1"])


# -- the words ---------------------------------------------------------------------------------------------------------


def test_a_missed_call_in_words() -> None:
    words = Words({AgentId("chi"): "Chi Le"})
    contact, leg = ContactId("c-1"), LegId("l-1")
    opened = ContactOpened(
        contact=contact,
        leg=leg,
        medium=Medium.VOICE,
        direction=Direction.INBOUND,
        caller="0901000001",
        caller_name="Lan",
        dialled="1900",
    )
    missed = OfferEnded(
        contact=contact,
        offer=OfferId("o-1"),
        agent=AgentId("chi"),
        leg=leg,
        queue=QueueName("sales"),
        end=OfferEnd.NO_ANSWER,
        rang_s=4.0,
    )
    assert words.line(opened) == "Lan (0901000001) calls 1900"
    assert words.line(missed) == "Chi Le does not answer (4.0 s): Lan keeps her place in line"
