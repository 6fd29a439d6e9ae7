"""A campaign's call is dialled: its contact, its attempt, the command. Knows no answer.

The leg of a called person is her contact's from the beginning, by the attempt's id.
"""

from typing import Final

from callcenter.core.campaign_state import Asked, Attempt, CallerHours, CampaignRecord
from callcenter.core.contacts import ContactInput, move
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.campaign_messages import LeadDialled
from callcenter.model.commands import DialNumber
from callcenter.model.contact import Direction, Medium
from callcenter.model.ids import LegId
from callcenter.model.lead import Lead

RING_GRACE_S: Final = 5.0  # Asterisk should have given up on the phone so long before we do
VARIABLES_MAX: Final = 40  # columns of a lead that flows, prompts and screens know


def dial(world: World, record: CampaignRecord, asked: Asked) -> None:
    """The attempt is written: the phone rings."""
    dial = asked.dial
    leg, mint = LegId(dial.id), world.mints()
    contact = ContactRecord(
        id=mint.contact(),
        serial=mint.count,
        leg=leg,
        medium=Medium.VOICE,
        direction=Direction.OUTBOUND,
        caller=dial.number.number,
        caller_name=dial.lead.name,
        dialled=dial.caller_id,
        began=world.now,
        phase_since=world.now,
        version=world.version,
        campaign=record.name,
        variables=_variables(record, dial.lead),
    )
    own = world.agents.records.get(asked.agent) if asked.agent is not None else None
    if own is not None:  # it is her own call, as long as it rings: nobody else has her
        contact.dialler = own.agent.id
        world.agents.dials(own, world.now)
    world.admit(contact)
    move(contact, ContactInput.CALLED, world.now)
    record.attempts[contact.id] = Attempt(
        contact=contact.id,
        leg=leg,
        lead=dial.lead.id,
        number=dial.number.number,
        trunk=dial.trunk,
        caller_id=dial.caller_id,
        began=world.now,
        agent=asked.agent,
    )
    record.dials += 1
    caller_hours(record, dial.caller_id, "calls", world.now)
    world.timers.set(TimerKind.DIAL, contact.id, world.now + dial.ring_s + RING_GRACE_S)
    world.out += (
        LeadDialled(
            contact=contact.id,
            campaign=record.name,
            lead=dial.lead.id,
            attempt=leg,
            number=dial.number.number,
            trunk=dial.trunk,
            caller_id=dial.caller_id,
            why=asked.why,
        ),
        DialNumber(
            contact=contact.id,
            leg=leg,
            number=asked.digits,
            caller=dial.caller_id,
            timeout_s=dial.ring_s,
            via=asked.via,
        ),
    )


def caller_hours(record: CampaignRecord, number: str, what: str, now: float) -> None:
    """A caller id was shown, or answered by a person who saw it."""
    hours = record.callers.setdefault(number, CallerHours())
    counts = hours.calls if what == "calls" else hours.answered
    hour = int(now // 3600)
    counts[hour] = counts.get(hour, 0) + 1


def _variables(record: CampaignRecord, lead: Lead) -> dict[str, str]:
    """What flows, prompts and screens may know of her."""
    known = {"campaign": str(record.name), "lead": str(lead.id), "lead_reference": lead.reference}
    for name in sorted(lead.custom)[:VARIABLES_MAX]:
        if name.isidentifier() and name.islower() and name not in known:
            known[name] = lead.custom[name]
    return {name: value for name, value in known.items() if value}
