"""Lists of people to call over the API: imported row by row, and how far they are; what a campaign brought."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from callcenter.customers.numbers import is_country
from callcenter.errors import ConfigurationError, unknown
from callcenter.jobs.importing import import_leads, shape_of
from callcenter.jobs.permission import configured
from callcenter.model.lead import ListOfLeads
from callcenter.model.rights import Area
from callcenter.postgres.campaign_past import HourLine, by_hour
from callcenter.postgres.lead_lists import Duplicates, ListWriter, remove_list
from callcenter.postgres.leads import ListLine, Progress, lists, progress, progress_of
from callcenter.tables import open_table
from callcenter.web.api.customer_files import ERRORS_MAX, MapParameter, mapping_of, without_place
from callcenter.web.api.encodings import Encoding
from callcenter.web.api.past import Period
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.public import Public, moment
from callcenter.web.api.route import QUERY, Asked, Route, not_found, reading, whole, writing
from callcenter.web.api.runs import Run, RunNow, head_of
from callcenter.web.api.upload import CSV, XLSX, discard, keep

LIST: Final = Public(ListLine, "LeadList", times=("imported",))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLists:
    """Every list, by name."""

    items: list[LIST.shape]  # type: ignore[name-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """How far a list is: leads by state, those dialled at least once, and those of whom one was reached."""

    list: str
    leads: int
    states: dict[str, int]
    tried: int
    reached: int
    penetration: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRemoved:
    """How many leads went, and how many who were called stay on record."""

    list: str
    removed: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfCampaign:
    """Attempts by the called people's hour; null: nobody knows it."""

    hour: int | None
    dials: int
    answered: int
    contact_rate: float
    dropped: int
    machines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """What a campaign brought since then."""

    campaign: str
    since: datetime | None
    hours: list[HourOfCampaign]
    lists: list[Far]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row that was left out, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsImported:
    """What an import did; `errors` has the first 10,000 rows that were left out."""

    list: str
    rows: int
    leads: int
    refused: int
    duplicates: int
    errors: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRun(RunNow):
    """An import that was begun. `done` and `total` are of the file."""

    result: LeadsImported | None = None


def _countries(schema: JsonDict) -> None:
    """Those with telephone numbers: only the document needs to know all of them."""
    import phonenumbers  # 0.2 s

    schema["enum"] = [*sorted(phonenumbers.SUPPORTED_REGIONS)]


class LeadImportQuery(BaseModel):
    """Where the leads go, the country of numbers without a country code, and how the file is read."""

    model_config = QUERY

    list: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20\x7f]+( [^\x00-\x20\x7f]+)*$")]
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$", json_schema_extra=_countries)]
    duplicates: Duplicates = Duplicates.EVERYWHERE
    map: MapParameter | None = None
    encoding: Encoding | None = None
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] | None = None


async def _lists(asked: Asked) -> LeadLists:
    whole(asked)
    return LeadLists(items=[LIST.of(one) for one in await lists(asked.parts.pool)])


async def _list(asked: Asked) -> Far:
    whole(asked)
    name = asked.subjects["list"]
    if all(one.name != name for one in await lists(asked.parts.pool)):
        raise unknown(f"list {name[:60]}", "there is none")
    return _far(name, await progress(asked.parts.pool, name))


async def _remove(asked: Asked) -> ListRemoved:
    whole(asked)
    name = asked.subjects["list"]
    if all(one.name != name for one in await lists(asked.parts.pool)):
        raise unknown(f"list {name[:60]}", "there is none")
    done = await remove_list(asked.parts.pool, name)
    if done is None:
        raise Refusal(409, f"{name} is being called: stop the campaigns first")
    return ListRemoved(list=name, removed=done.removed, kept=done.kept)


async def _report(asked: Asked) -> CampaignReport:
    campaign = configured(asked.parts.configuration(), asked.subjects["campaign"])
    if not asked.rights.covers(campaign.queue):
        raise not_found(f"there is no campaign {campaign.name}")
    since, _ = asked.query_as(Period).bounds(asked.parts.now())
    hours = await by_hour(asked.parts.pool, campaign.name, since)
    far = await progress_of(asked.parts.pool, campaign.lists)
    return CampaignReport(
        campaign=campaign.name,
        since=moment(since),
        hours=[_hour(one) for one in hours],
        lists=[_far(name, one) for name, one in far],
    )


def _hour(one: HourLine) -> HourOfCampaign:
    return HourOfCampaign(
        hour=one.hour,
        dials=one.dials,
        answered=one.answered,
        contact_rate=round(one.contact_rate, 4),
        dropped=one.dropped,
        machines=one.machines,
    )


def _far(name: str, one: Progress) -> Far:
    return Far(
        list=name,
        leads=one.leads,
        states={str(state): count for state, count in one.states.items()},
        tried=one.tried,
        reached=one.reached,
        penetration=one.penetration,
    )


async def _import(asked: Asked) -> LeadRun:
    whole(asked)
    query, parts, path = asked.query_as(LeadImportQuery), asked.parts, cast(Path, asked.upload)
    form = {"encoding": query.encoding or "", "delimiter": query.delimiter or ""}
    if not is_country(query.region):
        wrong = Wrong(detail="no country's code: two capitals, such as VN", parameter="region")
        raise Refusal(422, f"{query.region} is no country", errors=[wrong])
    mapping, postcodes = mapping_of(query.map), parts.configuration().postcodes
    try:
        opened = await asyncio.to_thread(lambda: open_table(path, **form))
        shape_of(opened.header, mapping)
    except ConfigurationError as error:
        raise without_place(error, path) from error
    kept = await asyncio.to_thread(keep, path)

    async def work(run: Run) -> LeadsImported:
        errors: list[LeftOut] = []
        try:
            again = await asyncio.to_thread(lambda: open_table(kept, **form))
            writer = ListWriter(parts.pool, ListOfLeads(query.list), query.duplicates)
            done = await import_leads(
                again,
                writer,
                region=query.region,
                mapping=mapping,
                postcodes=postcodes,
                progress=_Counted(run),
                tell=lambda one: (
                    errors.append(LeftOut(line=one.line, reason=one.what)) if len(errors) < ERRORS_MAX else None
                ),
            )
        finally:
            await asyncio.to_thread(discard, kept)
        return LeadsImported(
            list=query.list,
            rows=done.rows,
            leads=done.leads,
            refused=done.refused,
            duplicates=done.duplicates,
            errors=tuple(errors),
        )

    return _shown(parts.runs.begin("leads import", query.list, asked.bearer, work))


class _Counted:
    """How far an import is, for its run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def step(self, name: str, done: int, total: int) -> None:
        """`done` of `total`."""
        self._run.counts(done)


async def _run(asked: Asked) -> LeadRun:
    return _shown(asked.parts.runs.of(asked.subjects["run"], asked.bearer))


def _shown(run: Run) -> LeadRun:
    return LeadRun(
        **head_of(run),
        result=run.result if isinstance(run.result, LeadsImported) else None,
    )


A: Final = Area.CAMPAIGNS
ROUTES: Final[Sequence[Route]] = (
    reading("leads lists", "/leads", A, "Lists of people to call.", LeadLists, _lists),
    reading("leads run", "/leads/runs/{run}", A, "What came of an import.", LeadRun, _run),
    writing(
        "leads import",
        "/leads/import",
        A,
        "Import a list of leads from CSV or XLSX, row by row; a run, which may be begun again.",
        LeadRun,
        _import,
        status=202,
        query=LeadImportQuery,
        upload=(CSV, XLSX),
    ),
    reading("leads show", "/leads/{list}", A, "How far a list is.", Far, _list),
    writing(
        "leads remove",
        "/leads/{list}",
        A,
        "Take a list out: who was never called goes, who was called stays on record and is called no more.",
        ListRemoved,
        _remove,
        method="DELETE",
    ),
    reading(
        "campaigns report",
        "/campaigns/{campaign}/report",
        A,
        "What it brought, by the called people's hour, and how far its lists are.",
        CampaignReport,
        _report,
        Period,
    ),
)
