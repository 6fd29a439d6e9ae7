"""campaigns.yaml: name -> campaign. Knows what must go together; dials nothing.

Lists of leads are in the database and not in the folder, so that their names are taken as they are.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final

from annotated_types import Interval

from callcenter.config.fields import NAME_PATTERN, matching, one_of, read_with, text_of
from callcenter.config.form import Form
from callcenter.config.sheet import Sheet, did_you_mean, shown
from callcenter.config.tree import Path, Rows, Table, Tree
from callcenter.config.trunks import WaysOut
from callcenter.core.machine_score import says_machine
from callcenter.detectors import names as detector_names
from callcenter.detectors.asterisk import ASTERISK
from callcenter.errors import Problem
from callcenter.model.campaign import AHEAD, CallerNumber, Campaign, LeadOrder, MachineRule, Mode
from callcenter.model.configuration import Configuration
from callcenter.model.law import Approach
from callcenter.model.lead import CampaignName, Outcome
from callcenter.model.lead_filter import FilterSyntaxError, parse_filter
from callcenter.nodes.fields import KEY_PATTERN

SHARE_MAX: Final = 1_000
RECYCLED: Final = frozenset(Outcome) - {Outcome.VOID, Outcome.INVALID}
"""Outcomes that a rule of recycling may name; the other two have no choice in them."""
POOL: Final = "caller_ids"

_list: Final[Any] = read_with(
    matching(re.compile(r"[^\x00-\x20\x7f]+( [^\x00-\x20\x7f]+)*"), "the name of a list", "as `leads list` shows it")
)


@cache
def campaign_form(detectors: tuple[str, ...]) -> Form[Campaign]:
    """How a campaign is read. `law`, `trunks` and the pool of caller ids are looked up afterwards."""
    return Form(
        Campaign,
        given=("name", POOL, "approach"),
        ignored=(POOL,),
        instead={
            "lists": Mapping[_list, Annotated[int, Interval(ge=1, le=SHARE_MAX)]],
            "detector": read_with(one_of(detectors, "detector")),
            "opt_out_key": read_with(matching(KEY_PATTERN, "a key of a telephone", '0 to 9, "*" or "#"')),
        },
    )


def read_campaigns(sheet: Sheet, ways: WaysOut | None, law: Collection[str]) -> dict[CampaignName, Campaign]:
    """Every campaign that can be used; the others' problems are on the sheet. `ways`: None if they cannot be read."""
    found: dict[CampaignName, Campaign] = {}
    for name, value in sheet.table((), sheet.tree.root).items():
        if not NAME_PATTERN.fullmatch(name):
            what = f"{shown(name)} cannot name a campaign"
            sheet.wrong((name,), what, "a letter, then letters, digits, _ and -", at_key=True)
        table = sheet.table((name,), value)
        pool = _pool(sheet, table, ways)
        mode = table.get("mode")
        approach = Approach.RECORDED if mode == Mode.BROADCAST else Approach.LIVE
        form, given = campaign_form(detector_names()), {"name": CampaignName(name), POOL: pool, "approach": approach}
        campaign = form.read(sheet, table, **given)
        usable = campaign or form.rest(sheet, table, **given)
        if usable is not None:
            _check(sheet, table, usable, ways, law)
        if campaign is not None:
            found[campaign.name] = campaign
    return found


def _pool(sheet: Sheet, table: Table, ways: WaysOut | None) -> tuple[CallerNumber, ...]:
    """The names of pools in trunks.yaml, one or several."""
    value = table.get(POOL)
    if value is None or ways is None:
        return ()
    pool: list[CallerNumber] = []
    for at, one in enumerate(value if isinstance(value, Rows) else [value]):
        path: Path = (*table.path, POOL, at) if isinstance(value, Rows) else (*table.path, POOL)
        if not isinstance(one, str) or one not in ways.caller_ids:
            remedy = did_you_mean(str(one), ways.caller_ids) or "caller_ids in trunks.yaml"
            sheet.wrong(path, f"there is no pool {shown(one)}", remedy)
        else:
            pool += ways.caller_ids[text_of(one)]
    return tuple(pool)


def _check(sheet: Sheet, table: Table, campaign: Campaign, ways: WaysOut | None, law: Collection[str]) -> None:
    path = table.path
    trunks = None if ways is None else ways.named
    for key, names, known in (("law", campaign.law, law), ("trunks", campaign.trunks, trunks)):
        for at, name in enumerate(names):
            if known is not None and name not in known:
                what = f"there is no {'pack of law' if key == 'law' else 'trunk'} {shown(name)}"
                sheet.wrong((*path, key, at), what, did_you_mean(name, known))
    if trunks is not None and not trunks:
        sheet.wrong(path, "there is no way out", "trunks in trunks.yaml", at_key=True)
    if not campaign.lists and "lists" not in table:
        sheet.wrong(path, "a campaign needs `lists`", "lists: {NAME: 1}", at_key=True)
    if not campaign.caller_ids and POOL not in table:
        sheet.wrong(path, "no number is shown to whom it calls", f"{POOL}: POOL, of trunks.yaml", at_key=True)
    _check_order(sheet, table, campaign)
    _check_mode(sheet, table, campaign)
    _check_machines(sheet, table, campaign)
    if campaign.target >= campaign.hard_stop:
        sheet.wrong((*path, "target" if "target" in table else "hard_stop"), "the target must be below the hard stop")


def _check_order(sheet: Sheet, table: Table, campaign: Campaign) -> None:
    if (campaign.order is LeadOrder.FIELD) != bool(campaign.order_field):
        sheet.wrong(table.path, "`order: field` and `order_field` go together", at_key=True)
    try:
        parse_filter(campaign.only)
    except FilterSyntaxError as error:
        sheet.wrong((*table.path, "only"), str(error), 'such as priority >= 5 and custom.city = "Hanoi"')


def _check_mode(sheet: Sheet, table: Table, campaign: Campaign) -> None:
    if campaign.mode is Mode.BROADCAST:
        if campaign.flow is None and "flow" not in table:
            sheet.wrong(table.path, "a broadcast needs a `flow` that people hear", at_key=True)
        if campaign.queue is not None:
            sheet.wrong((*table.path, "queue"), "a broadcast has no queue of its own", "its flow may lead to one")
    else:
        if campaign.queue is None and "queue" not in table:
            sheet.wrong(table.path, "a campaign needs a `queue`, whose agents talk", at_key=True)
        if campaign.flow is not None:
            sheet.wrong((*table.path, "flow"), "only a broadcast has a flow", "mode: broadcast")
    if campaign.mode in AHEAD and campaign.safe_harbour is None and "safe_harbour" not in table:
        what = f"{campaign.mode}: who has no agent must be told who called"
        sheet.wrong(table.path, what, "safe_harbour: {en: ...}", at_key=True)


def _check_machines(sheet: Sheet, table: Table, campaign: Campaign) -> None:
    if campaign.amd is not None and campaign.detector != ASTERISK:
        sheet.wrong((*table.path, "amd"), "these are settings of Asterisk's detector", "detector: asterisk")
    if campaign.machine is MachineRule.AS_HUMAN:
        return
    if not campaign.detector and "detector" not in table:
        sheet.wrong((*table.path, "machine"), "nobody says what is a machine", "detector: NAME")
    if campaign.machine is MachineRule.MESSAGE and campaign.machine_message is None and "machine_message" not in table:
        sheet.wrong((*table.path, "machine"), "there is no `machine_message` to leave")


def recycling_problems(configuration: Configuration, campaigns: Tree) -> Iterator[Problem]:
    """Rules of recycling that name neither an outcome nor anything that an agent of its queue can record."""
    for name, campaign in configuration.campaigns.items():
        queue = configuration.queues.get(campaign.queue) if campaign.queue is not None else None
        tree = queue.disposition.tree if queue is not None and queue.disposition is not None else None
        found = configuration.dispositions.get(tree) if tree is not None else None
        codes = found.outcomes if found is not None else {}
        known = {*(str(outcome) for outcome in RECYCLED), *codes}
        for key in campaign.recycle:
            if key not in known:
                what = f"{shown(key)} is neither an outcome nor a disposition of its queue"
                yield campaigns.problem((name, "recycle", key), what, did_you_mean(key, known), at_key=True)


def unlabelled(configuration: Configuration, campaigns: Tree) -> Iterator[Problem]:
    """Campaigns that act on a detector whose decisions nobody can say to be wrong: remarks."""
    for name, campaign in configuration.campaigns.items():
        queue = configuration.queues.get(campaign.queue) if campaign.queue is not None else None
        if campaign.machine is MachineRule.AS_HUMAN or queue is None:
            continue
        tree = configuration.dispositions.get(queue.disposition.tree) if queue.disposition is not None else None
        if tree is None or not any(says_machine(code) for code in tree.outcomes):
            what = "how often people are taken for machines stays unknown: no agent can record that it was one"
            yield campaigns.problem((name, "machine"), what, f"an outcome `machine` of the tree of queue {queue.name}")
