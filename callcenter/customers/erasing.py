"""One person, by her number: everything that is kept of her, given out or erased. Knows the order of it, and no SQL.

The one place for it: the command line and the API ask here. What stands in which table is `postgres/privacy`'s.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from callcenter.customers.rules import Rules
from callcenter.errors import at_odds, unreadable
from callcenter.model.ids import RecordingId
from callcenter.model.sealed import Step
from callcenter.postgres.privacy import Person, Privacy, Report
from callcenter.postgres.sealed import SealedFiles

ERASURE: Final = "erased at her request"

Tables = dict[str, list[dict[str, Any]]]
"""Rows as JSON, by table."""


class Remover(Protocol):
    """Who removes files of recordings."""

    async def remove(self, recording: RecordingId, by: str, why: str) -> bool:
        """Every copy of it. False if somebody holds it, or it is gone already."""
        ...


class Erasing:
    """Gives out and erases. Raises Unreadable for what is no number, AtOdds for one of ours, PeerFault."""

    def __init__(self, privacy: Privacy, files: SealedFiles, remover: Remover, rules: Callable[[], Rules]) -> None:
        self._privacy = privacy
        self._files = files
        self._remover = remover
        self._rules = rules

    async def check(self, number: str) -> str:
        """The form in which it is kept. A number of ours is nobody's: with it, everybody would go who dialled it."""
        if whose := await self._ours(number):
            raise at_odds(repr(number[:60]), f"is {whose}", "the number of who called, or was called")
        kept = self._rules().kept(number)
        if not kept:
            raise unreadable(repr(number[:60]), "is no number")
        return kept

    async def export(self, number: str) -> Tables:
        """Everything that is kept of her, by table."""
        person, _ = await self._found(number)
        return await self._privacy.export(person)

    async def erase(self, number: str, by: str, *, dry: bool) -> Report:
        """Erase her, or (`dry`) count what would be. A line in the ledger is written before anything is done."""
        person, kept = await self._found(number)
        hers = {kept: None, **dict.fromkeys(filter(None, map(self._rules().kept, person.forms)))}
        runs = [] if dry else [await self._privacy.begin(self._privacy.hash_of(one), by) for one in hers]
        if not dry:
            await self._files.take()
            person, kept = await self._found(number)
        removed, stay = await self._recordings(person, by, dry=dry)
        report = await self._privacy.erase(person.without(stay), dry=dry)
        report.rows["recording"] = removed
        for run in runs:  # one for each number of hers: what is left is found by any
            await self._privacy.end(run, report)
        return report

    async def again(self, by: str) -> list[Report]:
        """Erase anew whoever was erased before and is here again."""
        ledger, rules = await self._privacy.unfinished(), self._rules()
        kept = {rules.kept(number) or number for number in await self._privacy.known_numbers()}
        hers = sorted(number for number in kept if self._privacy.hash_of(number) in ledger)
        return [await self.erase(number, by, dry=False) for number in hers if not await self._ours(number)]

    async def _ours(self, number: str) -> str:
        """What a number is here that is no caller's; "" if it is none of ours."""
        rules = self._rules()
        if rules.is_ours(number):
            return "a number of this call center"
        agent = await self._privacy.agent_of([number, *rules.forms(number)])
        return f"the phone of {agent}" if agent else ""

    async def _recordings(self, person: Person, by: str, *, dry: bool) -> tuple[int, dict[str, str]]:
        """Remove them, file by file, or only count. Gives how many, and the contacts of which one could not go: why."""
        removed, stay = 0, {}
        for one in person.recordings:
            if one["step"] not in (None, Step.REMOVED):
                gone = dry or await self._remover.remove(RecordingId(one["id"]), by, ERASURE)
                removed += gone
                if not gone:
                    stay[one["contact"]] = f"recording {one['id']} could not be removed: erase again later"
        return removed, stay

    async def _found(self, number: str) -> tuple[Person, str]:
        """Whom the number is, by all her numbers if she is a customer, and the form in which it is kept."""
        rules, kept = self._rules(), await self.check(number)
        forms = [number, *rules.forms(number)]
        for hers, raw in await self._privacy.numbers_of(forms):
            forms += [raw, hers, *rules.forms(hers)]
        return await self._privacy.find(forms), kept
