"""What the demo promises, checked against what is on record. Knows every expectation and how to say what was missing.

Three sources that do not know of each other: Postgres (what the call center wrote), the story (what it said while it
happened), the phones' own sound files (what people heard).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from callcenter.cli.demo.cast import HOTLINE, VIETNAMESE, Customer, Worker
from callcenter.cli.demo.people import Office
from callcenter.cli.demo.record import Record, numbers, talk_recording
from callcenter.cli.demo.sound import Ends, faults, sound_s
from callcenter.cli.demo.story import Story
from callcenter.model.contact import OfferEnd
from callcenter.model.facts import ContactConnected, ContactQueued, OfferEnded, Surprise
from callcenter.model.ids import AgentId
from callcenter.model.need import parse_need
from callcenter.postgres.reports import CallLine
from callcenter.sim.peers.baresip import PhoneCall

TALKED_MIN: Final = 9
AGENTS_MIN: Final = 2
WAITED_MIN: Final = 2  # callers who had to wait for an agent ...
WAITED_S: Final = 2.0  # ... for at least so long
GREETING_S: Final = 0.8  # of a greeting of 1.6 s that is interrupted by a key: words have gaps
MUSIC_SHARE: Final = 0.5  # of the time in line that there is music or an announcement
TOLERANCE_S: Final = 0.5


@dataclass(slots=True)
class Findings:
    """What was looked at and what was wrong."""

    met: int = 0
    missing: list[str] = field(default_factory=list)
    sounds: dict[str, bool] = field(default_factory=dict)  # caller's number -> heard on all sides

    def expect(self, what: str, so: bool, instead: object = "") -> None:
        """Note one expectation; `instead` is what was found."""
        if so:
            self.met += 1
        else:
            self.missing.append(f"{what}{f': {instead}' if instead != '' else ''}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything there is to look at once the calls are over."""

    customers: Sequence[Customer]
    workers: Sequence[Worker]
    record: Record
    story: Story
    office: Office
    calls: Mapping[str, PhoneCall]  # by the caller's number: what her phone knows of it
    opened: Mapping[str, Path]  # by recording: its sound as WAV, however it is kept
    troubles: Sequence[str]  # calls that went another way than planned, in words


def examine(evidence: Evidence) -> Findings:
    """Look at everything. Blocks: it listens to every recording."""
    found = Findings()
    found.missing += evidence.troubles
    on_record = numbers(evidence.record.calls)
    strangers = sorted(set(on_record) - {customer.number for customer in evidence.customers})
    found.expect("nobody else called", not strangers, strangers)
    for customer in evidence.customers:
        lines = on_record.get(customer.number, [])
        found.expect(f"{customer.name} has exactly one call on record", len(lines) == 1, len(lines))
        if lines:
            _customer(evidence, customer, lines[0], found)
    _whole(evidence, found)
    _missed(evidence, found)
    return found


def _customer(evidence: Evidence, customer: Customer, line: CallLine, found: Findings) -> None:
    found.expect(
        f"{customer.name}'s call ends as {customer.expected_end}",
        line.end_reason is customer.expected_end,
        line.end_reason,
    )
    phone = evidence.calls.get(customer.number)
    if phone is not None and phone.heard is not None:
        heard_s = sound_s(phone.heard, 0.0, min(line.flow_s, customer.listens_s + 1.0))
        found.expect(f"{customer.name} hears a greeting", heard_s >= GREETING_S, f"{heard_s:.1f} s of sound")
        if line.wait_s >= WAITED_S:
            music_s = sound_s(phone.heard, line.flow_s, line.flow_s + line.wait_s)
            found.expect(
                f"{customer.name} hears music while she waits",
                music_s >= MUSIC_SHARE * line.wait_s,
                f"{music_s:.1f} s of {line.wait_s:.1f} s",
            )
    if customer.dials == HOTLINE:
        language = "vi" if customer.language == VIETNAMESE else "en"
        found.expect(f"{customer.name} is served in `{language}`", line.language == language, line.language)
    if customer.talks:
        _talk(evidence, customer, line, phone, found)
    else:
        found.expect(f"{customer.name} talks with nobody", line.agent is None and line.talk_s == 0.0, line.agent)


def _talk(evidence: Evidence, customer: Customer, line: CallLine, phone: PhoneCall | None, found: Findings) -> None:
    worker = next((one for one in evidence.workers if one.agent.id == line.agent), None)
    if worker is None:
        found.expect(f"{customer.name} talks with an agent of the demo", False, line.agent)
        return
    needs = next((fact.needs for _, fact in evidence.story.all(ContactQueued) if fact.contact == line.contact), "")
    lacking = parse_need(needs).lacking(worker.agent.skills)
    found.expect(f"{worker.agent.name} can do what {customer.name} needs ({needs})", not lacking, ", ".join(lacking))
    found.expect(f"it is on record why {worker.agent.name} was chosen", bool(line.why))
    found.expect(
        f"{customer.name} talks for {customer.talks_s:g} s",
        abs(line.talk_s - customer.talks_s) <= TOLERANCE_S + 1.0,
        f"{line.talk_s:.1f} s",
    )
    recording = talk_recording(line)
    if recording is None or recording.path is None:
        found.expect(f"{customer.name}'s talk is recorded", False)
        return
    found.expect(f"the recording of {customer.name} is as it should be", recording.problem == "", recording.problem)
    found.expect(f"the recording of {customer.name} has two channels", recording.channels == 2, recording.channels)
    found.expect(
        f"the recording of {customer.name} is as long as the talk",
        abs((recording.seconds or 0.0) - line.talk_s) <= TOLERANCE_S,
        f"{recording.seconds} s, the talk {line.talk_s:.1f} s",
    )
    sound = list(_sound(evidence, customer, worker, line, phone))
    found.sounds[customer.number] = not sound
    found.expect(f"{customer.name} and {worker.agent.name} hear each other", not sound, "; ".join(sound))


def _sound(
    evidence: Evidence, customer: Customer, worker: Worker, line: CallLine, phone: PhoneCall | None
) -> Iterator[str]:
    recording = talk_recording(line)
    answered = [call for who, call in evidence.office.calls_from(customer.number) if who is worker]
    if phone is None or phone.heard is None or len(answered) != 1 or answered[0].heard is None:
        yield "a phone has kept no sound of the call"
    elif recording is None or recording.recording not in evidence.opened:
        yield "nothing can be heard of the recording"
    else:
        yield from faults(
            Ends(
                talk_s=line.talk_s,
                caller_hz=customer.tone_hz,
                agent_hz=worker.tone_hz,
                recording=evidence.opened[recording.recording],
                caller_heard=phone.heard,
                agent_heard=answered[0].heard,
            )
        )


def _whole(evidence: Evidence, found: Findings) -> None:
    calls, summary = evidence.record.calls, evidence.record.summary
    talked = [call for call in calls if call.agent is not None and call.talk_s > 0.0]
    found.expect(f"{TALKED_MIN} callers or more talk with an agent", len(talked) >= TALKED_MIN, len(talked))
    agents = {call.agent for call in talked}
    found.expect(f"{AGENTS_MIN} agents or more answer", len(agents) >= AGENTS_MIN, sorted(filter(None, agents)))
    waited = sum(call.wait_s >= WAITED_S for call in talked)
    found.expect(f"{WAITED_MIN} callers or more have to wait for an agent", waited >= WAITED_MIN, waited)
    for name, value in (("service level", summary.service_level), ("ASA", summary.asa_s), ("AHT", summary.aht_s)):
        found.expect(f"there is a figure for {name}", value is not None)
    found.expect(
        "the summary counts the talks", summary.handled == len(talked), f"{summary.handled}, not {len(talked)}"
    )
    surprises = [fact.what for _, fact in evidence.story.all(Surprise)]
    found.expect("nothing happens that should not", not surprises, "; ".join(surprises))


def _missed(evidence: Evidence, found: Findings) -> None:
    """The call that an agent lets ring: its caller keeps her place, somebody else answers."""
    misses = [(at, fact) for at, fact in evidence.story.all(OfferEnded) if fact.end is OfferEnd.NO_ANSWER]
    found.expect("one agent does not answer once", len(misses) == 1, len(misses))
    for at, miss in misses:
        line = next((call for call in evidence.record.calls if call.contact == miss.contact), None)
        found.expect("the missed call is on record as missed", line is not None and line.missed >= 1)
        other = line is not None and line.agent not in (None, miss.agent)
        found.expect("another agent answers the missed call", other, line and line.agent)
        queued = [(when, fact) for when, fact in evidence.story.all(ContactQueued) if fact.contact == miss.contact]
        found.expect("its caller was put in line once and stayed there", len(queued) == 1, len(queued))
        overtaken = _overtaken(evidence.story, miss, at)
        found.expect("nobody who came later was served before her", not overtaken, overtaken)


def _overtaken(story: Story, miss: OfferEnded, at: float) -> list[str]:
    """Contacts that came into the same line later, with the same needs, and were answered before."""
    in_line = {fact.contact: fact for _, fact in story.all(ContactQueued) if fact.queue == miss.queue}
    mine = in_line[miss.contact]
    answered = [(when, fact.contact) for when, fact in story.all(ContactConnected) if when >= at]
    mine_at = next((when for when, contact in answered if contact == miss.contact), float("inf"))
    return [
        contact
        for when, contact in answered
        if when < mine_at
        and (other := in_line.get(contact)) is not None
        and other.since > mine.since
        and (other.needs, other.priority) == (mine.needs, mine.priority)
    ]


def names(workers: Sequence[Worker]) -> dict[AgentId, str]:
    """The agents' names by id."""
    return {worker.agent.id: worker.agent.name for worker in workers}
