"""`callcenter report`: calls, queues and agents by interval, and the summary, out of Postgres. Computes nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from callcenter.cli.calls import PAST_HEADS, past_document, past_row
from callcenter.cli.dispositions import dispositions
from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import (
    NOTHING,
    Json,
    cell,
    clock,
    emit,
    length,
    say,
    seconds,
    share,
    show,
    show_grid,
    show_pairs,
    stamp,
    warn,
)
from callcenter.cli.site import Site, site_of
from callcenter.cli.surveys import surveys
from callcenter.cli.times import Since, Until, period, span
from callcenter.cli.voicemail_report import voicemails

if TYPE_CHECKING:
    from callcenter.postgres.reports import AgentLine, CallbackLine, QueueLine, Reports, Summary, WaitLine

T = TypeVar("T")

app = typer.Typer(name="report", help="What happened, in figures.", no_args_is_help=True)
app.command("surveys")(surveys)
app.command("dispositions")(dispositions)
app.command("voicemails")(voicemails)

Every = Annotated[str, typer.Option("--every", metavar="LENGTH", help="Length of an interval: 30m, 1h, 1d.")]
OneQueue = Annotated[str | None, typer.Option("--queue", help="Only this queue.")]
OneAgent = Annotated[str | None, typer.Option("--agent", help="Only this agent.")]
Sort = Annotated[str, typer.Option("--sort", help="By a column; a wrong word lists them.")]
LIST_MAX: Final = 10_000

CALLBACK_HEADS: Final = (
    "from!",
    "queue!",
    "promised>",
    "kept>",
    "rang back>",
    "hung up>",
    "no answer>",
    "expired>",
    "refused>",
    "cancelled>",
    "standing>",
    "attempts>",
    "in time>",
    "after>",
)
QUEUE_HEADS: Final = (
    "from!",
    "queue!",
    "offered>",
    "answered>",
    "abandoned>",
    "others>",
    "in time>",
    "service level>",
    "ASA>",
    "longest>",
    "handled>",
    "AHT>",
)
WAIT_HEADS: Final = (
    "from!",
    "queue!",
    "predicted>",
    "served>",
    "gave up>",
    "sent on>",
    "p50>",
    "p90>",
    "waited>",
    "p50 held>",
    "p90 held>",
    "error>",
    "bias>",
    "spoken>",
)
AGENT_HEADS: Final = (
    "from!",
    "agent!",
    "name",
    "logged in>",
    "ready>",
    "talking>",
    "wrap-up>",
    "paused>",
    "offers>",
    "accepted>",
    "missed>",
    "handled>",
    "AHT>",
    "occupancy>",
)


@app.command("summary")
def summary(
    context: typer.Context, since: Since = "today", until: Until = "now", queue: OneQueue = None, json: Json = False
) -> None:
    """Service level, speed of answer and handling time, of everything or of one queue, with the formulas used."""
    bounds = period(since, until)
    found = _asked(site_of(context), lambda reports: reports.summary(*bounds, queue=queue))
    if json:
        emit({**_bounds(bounds), "queue": queue, **_summary_document(found)})
    else:
        _show_summary(found, bounds, queue)


@app.command("calls")
def calls(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    queue: OneQueue = None,
    agent: OneAgent = None,
    sort: Sort = "began",
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIST_MAX, help="At most so many.")] = 1000,
    json: Json = False,
) -> None:
    """Every call: when, who, how long it waited and talked, and how it ended."""
    from callcenter.postgres.reports import CallFilter

    bounds = period(since, until)
    only = CallFilter(queue=queue, agent=agent)
    lines = _asked(site_of(context), lambda reports: reports.calls(*bounds, only, order=sort, limit=limit))
    if json:
        emit({**_bounds(bounds), "calls": [past_document(line) for line in lines]})
        return
    _say_bounds(bounds)
    show_grid(PAST_HEADS, (past_row(line) for line in lines), empty="no calls")
    if len(lines) == limit:
        warn(f"only the first {limit} are shown; --limit gives more")


@app.command("queues")
def queues(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    every: Every = "30m",
    queue: OneQueue = None,
    sort: Sort = "start",
    json: Json = False,
) -> None:
    """Queues by interval: offered, answered, abandoned, service level, ASA, AHT."""
    bounds, every_s = period(since, until), span(every)
    lines = _asked(site_of(context), lambda reports: reports.queues(*bounds, every_s=every_s, queue=queue, order=sort))
    if json:
        formulas = {"formulas": dict(_formulas("service_level", "asa", "aht"))}
        emit({**_bounds(bounds), "every_s": every_s, "queues": [_queue_document(one) for one in lines], **formulas})
        return
    _say_bounds(bounds)
    show_grid(QUEUE_HEADS, (_queue_row(one) for one in lines), empty="no call came into a queue")
    _say_formulas("service_level", "asa", "aht")


@app.command("callbacks")
def callbacks(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    every: Every = "1d",
    queue: OneQueue = None,
    json: Json = False,
) -> None:
    """Callbacks by interval of their promise: kept, in time or late, and what became of the others."""
    bounds, every_s = period(since, until), span(every)
    lines = _asked(site_of(context), lambda reports: reports.callbacks(*bounds, every_s=every_s, queue=queue))
    if json:
        formulas = {"formulas": dict(_formulas("kept_in_time"))}
        found = [_callback_document(one) for one in lines]
        emit({**_bounds(bounds), "every_s": every_s, "callbacks": found, **formulas})
        return
    _say_bounds(bounds)
    show_grid(CALLBACK_HEADS, (_callback_row(one) for one in lines), empty="no callback was promised in that time")
    _say_formulas("kept_in_time")


def _callback_row(line: "CallbackLine") -> tuple[object, ...]:
    counts = (line.promised, line.kept, line.rang_back, line.hung_up, line.no_answer, line.expired)
    more = (line.refused, line.cancelled, line.standing, line.attempts)
    return (clock(line.starts), line.queue, *counts, *more, share(line.kept_in_time), length(line.until_kept_s))


def _callback_document(line: "CallbackLine") -> dict[str, object]:
    names = ("promised", "kept", "rang_back", "hung_up", "no_answer", "expired", "refused", "cancelled", "ended")
    return {
        "starts": stamp(line.starts),
        "queue": line.queue,
        **{name: getattr(line, name) for name in (*names, "standing", "in_time", "attempts")},
        "kept_in_time": seconds(line.kept_in_time),
        "until_kept_s": seconds(line.until_kept_s),
    }


@app.command("waits")
def waits(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    every: Every = "1d",
    queue: OneQueue = None,
    sort: Sort = "start",
    json: Json = False,
) -> None:
    """Predicted waits beside the true ones: how often the forecasts held, and by how much they were off."""
    bounds, every_s = period(since, until), span(every)
    lines = _asked(site_of(context), lambda reports: reports.waits(*bounds, every_s=every_s, queue=queue, order=sort))
    if json:
        formulas = {"formulas": dict(_formulas("held", "error"))}
        emit({**_bounds(bounds), "every_s": every_s, "waits": [_wait_document(one) for one in lines], **formulas})
        return
    _say_bounds(bounds)
    show_grid(WAIT_HEADS, (_wait_row(one) for one in lines), empty="no wait was predicted")
    _say_formulas("held", "error")


@app.command("agents")
def agents(
    context: typer.Context,
    since: Since = "today",
    until: Until = "now",
    every: Every = "1d",
    agent: OneAgent = None,
    sort: Sort = "start",
    json: Json = False,
) -> None:
    """Agents by interval: times in each state, offers taken and missed, handling time, occupancy."""
    bounds, every_s = period(since, until), span(every)
    lines = _asked(site_of(context), lambda reports: reports.agents(*bounds, every_s=every_s, agent=agent, order=sort))
    if json:
        formulas = {"formulas": dict(_formulas("occupancy", "aht"))}
        emit({**_bounds(bounds), "every_s": every_s, "agents": [_agent_document(one) for one in lines], **formulas})
        return
    _say_bounds(bounds)
    show_grid(AGENT_HEADS, (_agent_row(one) for one in lines), empty="nobody was at work")
    _say_formulas("occupancy", "aht")


def _asked(site: Site, question: "Callable[[Reports], Coroutine[None, None, T]]") -> T:
    """Put a question to the reports. What cannot be asked is the command line's fault."""
    from callcenter.errors import ConfigurationError
    from callcenter.postgres.reports import Reports

    async def work() -> T:
        async with site.database() as pool:
            try:
                return await question(Reports(pool))
            except ConfigurationError as error:
                raise Failure(Exit.USAGE, str(error), problems=error.problems) from error

    return asyncio.run(work())


# -- rows and documents ------------------------------------------------------------------------------------------------


def _queue_row(line: "QueueLine") -> tuple[object, ...]:
    return (
        clock(line.starts),
        line.queue,
        line.offered,
        line.answered,
        line.abandoned,
        line.other_exits,
        line.answered_in_time,
        share(line.service_level),
        length(line.asa_s),
        length(line.longest_wait_s),
        line.handled,
        length(line.aht_s),
    )


def _queue_document(line: "QueueLine") -> dict[str, object]:
    return {
        "from": stamp(line.starts),
        "queue": line.queue,
        "offered": line.offered,
        "answered": line.answered,
        "abandoned": line.abandoned,
        "other_exits": line.other_exits,
        "answered_in_time": line.answered_in_time,
        "abandoned_in_time": line.abandoned_in_time,
        "longest_wait_s": seconds(line.longest_wait_s),
        "handled": line.handled,
        "talk_s": seconds(line.talk_s),
        "wrap_up_s": seconds(line.wrap_up_s),
        "service_level": line.service_level,
        "asa_s": seconds(line.asa_s),
        "aht_s": seconds(line.aht_s),
    }


def _wait_row(line: "WaitLine") -> tuple[object, ...]:
    return (
        clock(line.starts),
        line.queue,
        line.predicted,
        line.served,
        line.gave_up,
        line.let_go,
        length(line.p50_s),
        length(line.p90_s),
        length(line.waited_s),
        share(line.p50_held),
        share(line.p90_held),
        length(line.error_s),
        f"{line.bias_s:+.0f} s" if line.bias_s is not None else NOTHING,
        line.announced,
    )


def _wait_document(line: "WaitLine") -> dict[str, object]:
    return {
        "from": stamp(line.starts),
        "queue": line.queue,
        "predicted": line.predicted,
        "served": line.served,
        "gave_up": line.gave_up,
        "let_go": line.let_go,
        "p50_s": seconds(line.p50_s),
        "p90_s": seconds(line.p90_s),
        "waited_s": seconds(line.waited_s),
        "p50_held": line.p50_held,
        "p90_held": line.p90_held,
        "error_s": seconds(line.error_s),
        "bias_s": seconds(line.bias_s),
        "announced": line.announced,
    }


def _agent_row(line: "AgentLine") -> tuple[object, ...]:
    return (
        clock(line.starts),
        line.agent,
        line.name,
        length(line.logged_in_s),
        length(line.ready_s),
        length(line.talk_s),
        length(line.wrap_up_s),
        length(line.paused_s),
        line.offers,
        line.accepted,
        line.missed,
        line.handled,
        length(line.aht_s),
        share(line.occupancy),
    )


def _agent_document(line: "AgentLine") -> dict[str, object]:
    return {
        "from": stamp(line.starts),
        "agent": line.agent,
        "name": line.name,
        "logged_in_s": seconds(line.logged_in_s),
        "ready_s": seconds(line.ready_s),
        "offered_s": seconds(line.offered_s),
        "on_contact_s": seconds(line.on_contact_s),
        "wrap_up_s": seconds(line.wrap_up_s),
        "paused_s": seconds(line.paused_s),
        "not_ready_s": seconds(line.not_ready_s),
        "offers": line.offers,
        "accepted": line.accepted,
        "missed": line.missed,
        "handled": line.handled,
        "talk_s": seconds(line.talk_s),
        "occupancy": line.occupancy,
        "aht_s": seconds(line.aht_s),
    }


def _summary_document(found: "Summary") -> dict[str, object]:
    return {
        "calls": found.contacts,
        "end_reasons": {reason or "still_up": count for reason, count in found.end_reasons.items()},
        "offered": found.offered,
        "answered": found.answered,
        "abandoned": found.abandoned,
        "other_exits": found.other_exits,
        "answered_in_time": found.answered_in_time,
        "abandoned_in_time": found.abandoned_in_time,
        "handled": found.handled,
        "talk_s": seconds(found.talk_s),
        "wrap_up_s": seconds(found.wrap_up_s),
        "longest_wait_s": seconds(found.longest_wait_s),
        "service_level": found.service_level,
        "asa_s": seconds(found.asa_s),
        "aht_s": seconds(found.aht_s),
        "formulas": dict(_formulas("service_level", "asa", "aht")),
    }


def _show_summary(found: "Summary", bounds: tuple[float, float], queue: str | None) -> None:
    _say_bounds(bounds)
    show_pairs(
        {
            "queue": queue or "all",
            "calls": found.contacts,
            "came into a queue": found.offered,
            "answered": f"{found.answered} ({found.answered_in_time} in time)",
            "abandoned": f"{found.abandoned} ({found.abandoned_in_time} within the threshold)",
            "left otherwise": found.other_exits,
            "service level": share(found.service_level),
            "ASA": length(found.asa_s),
            "AHT": length(found.aht_s),
            "longest wait": length(found.longest_wait_s),
        }
    )
    if found.end_reasons:
        say()
        show(cell("How calls ended", "bold"))
        ends = found.end_reasons.items()
        show_grid(("end", "calls>"), [((reason or "still up").replace("_", " "), count) for reason, count in ends])
    _say_formulas("service_level", "asa", "aht")


def _bounds(bounds: tuple[float, float]) -> Mapping[str, object]:
    return {"since": stamp(bounds[0]), "until": stamp(bounds[1])}


def _say_bounds(bounds: tuple[float, float]) -> None:
    say(f"from {clock(bounds[0])} to {clock(bounds[1])}, local time")


def _formulas(*names: str) -> list[tuple[str, str]]:
    from callcenter.postgres.reports import FORMULAS

    return [(name, FORMULAS[name]) for name in names]


def _say_formulas(*names: str) -> None:
    for name, formula in _formulas(*names):
        show(cell(f"{name.replace('_', ' ')} = {formula}", "dim"))
