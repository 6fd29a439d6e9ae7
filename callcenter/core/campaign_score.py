"""Agents label what a detector decided: the score, what it means for the campaign's drops, and the rows of the report.

Part of a campaign's calls (`campaign_calls`), and of the fold in `records`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callcenter.core.campaign_state import CampaignRecord, Judged, Settling
from callcenter.core.machine_score import says_machine
from callcenter.core.world import World
from callcenter.model.campaign_messages import AnswererScored, MachinesTrusted
from callcenter.model.detection import Answerer
from callcenter.model.entry import Entry
from callcenter.model.ids import LegId
from callcenter.model.records import AnswererRow, Row


def score(world: World, record: CampaignRecord, leg: LegId, settling: Settling, judged: Judged) -> int:
    """An attempt is settled that a detector has judged: what its agent says, if she says something, labels it.

    Gives how many people were hung up on as machines, by estimate, for whom this one stands.
    """
    code = settling.disposition
    label = None if not code else Answerer.MACHINE if says_machine(code) else Answerer.HUMAN
    world.out.append(
        AnswererScored(
            contact=settling.contact,
            campaign=record.name,
            attempt=leg,
            trunk=judged.trunk,
            detector=judged.detector,
            answerer=judged.answerer,
            took_s=judged.took_s,
            stands_for=judged.stands_for,
            labelled=label,
        )
    )
    if label is None or not judged.stands_for:
        return 0
    found, person = record.scores[judged.detector], label is Answerer.HUMAN
    misjudged = judged.stands_for - 1 if person else 0
    record.pace.taken_for_machines(misjudged, world.now)
    if found.label(person=person):
        world.out.append(
            MachinesTrusted(
                campaign=record.name,
                detector=judged.detector,
                trusted=found.trusted,
                labelled=found.labelled,
                people=found.people,
            )
        )
    return misjudged


def _scored(fact: AnswererScored, entry: Entry, n: int) -> tuple[Row, ...]:
    return (
        AnswererRow(
            seq=entry.seq,
            n=n,
            contact=fact.contact,
            campaign=fact.campaign,
            attempt=fact.attempt,
            trunk=fact.trunk,
            detector=fact.detector,
            answerer=fact.answerer,
            labelled=fact.labelled,
            stands_for=fact.stands_for,
            took_s=fact.took_s,
            settled=entry.at,
        ),
    )


CAMPAIGN_FOLDS: Final[Mapping[type, Callable[[Any, Entry, int], tuple[Row, ...]]]] = {AnswererScored: _scored}
"""One per fact that gives rows."""
