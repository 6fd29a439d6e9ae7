"""`callcenter queues`: how full they are, who serves them, and letting no more calls in. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from callcenter.cli.agents_shown import AGENT_HEADS, agent_document, agent_row
from callcenter.cli.calls import LIVE_HEADS, WAIT_LONG_S, live_document, live_row
from callcenter.cli.find import named
from callcenter.cli.screen import NOTHING, Json, cell, emit, length, say, seconds, show, show_grid, show_pairs, stamp
from callcenter.cli.site import site_of

if TYPE_CHECKING:
    from callcenter.model.view import AgentView, CenterView, ContactView, QueueView

app = typer.Typer(name="queues", help="Where callers wait.", no_args_is_help=True)

QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="Its name.")]
QUEUE_HEADS: Final = (
    "queue!",
    "waiting>",
    "longest>",
    "ringing>",
    "talking>",
    "promised>",
    "messages>",
    "free>",
    "agents>",
    "expected>",
    "state",
    "strategy",
    "prio>",
    "needs",
)


@app.command("list")
def list_queues(context: typer.Context, json: Json = False) -> None:
    """List the queues with who waits, who talks and how many agents are free."""
    view = site_of(context).center.view()
    if json:
        emit({"at": stamp(view.at), "queues": [queue_document(one) for one in view.queues]})
    else:
        show_grid(QUEUE_HEADS, (queue_row(one) for one in view.queues), empty="no queue is configured")


@app.command("show")
def show_queue(context: typer.Context, queue: QueueName, json: Json = False) -> None:
    """Show one queue: the calls in it and the agents who have the skills for it."""
    view = site_of(context).center.view()
    found = named(view.queues, queue, "queue")
    calls = [one for one in view.contacts if one.queue == queue and one.state.value not in ("in_flow", "forwarded")]
    calls.sort(key=lambda one: (one.position == 0, one.position))
    agents = _able(view, found)
    if json:
        emit(
            {
                "at": stamp(view.at),
                **queue_document(found),
                "rules": dict(found.rules),
                "calls": [live_document(one) for one in calls],
                "able": [agent_document(one) for one in agents],
            }
        )
    else:
        _show(found, calls, agents)


@app.command("drain")
def drain(
    context: typer.Context,
    queue: QueueName,
    off: Annotated[bool, typer.Option("--off", help="Let calls in again.")] = False,
    json: Json = False,
) -> None:
    """Let no new calls into a queue; those who wait are still served. --off ends that."""
    center = site_of(context).center
    named(center.view().queues, queue, "queue")
    center.drain(queue, draining=not off)
    if json:
        emit({"queue": queue, "draining": not off})
    else:
        say(f"{queue} takes calls again" if off else f"{queue} takes no new calls; those who wait are still served")


def queue_row(one: "QueueView") -> tuple[object, ...]:
    """A queue as a row under QUEUE_HEADS."""
    style = "bold red" if one.longest_s >= WAIT_LONG_S else ("yellow" if one.waiting else "")
    return (
        one.name,
        cell(one.waiting, style),
        cell(length(one.longest_s) if one.waiting or one.ringing else NOTHING, style),
        one.ringing,
        one.talking,
        one.promised or "",
        one.messages or "",
        one.free,
        one.agents,
        wait(one),
        "draining" if one.draining else ("open" if one.open else "closed"),
        one.strategy,
        one.priority,
        one.needs,
    )


def queue_document(one: "QueueView") -> dict[str, object]:
    """A queue for programs."""
    return {
        "queue": one.name,
        "waiting": one.waiting,
        "ringing": one.ringing,
        "talking": one.talking,
        "promised": one.promised,
        "messages": one.messages,
        "longest_s": seconds(one.longest_s),
        "agents": one.agents,
        "free": one.free,
        "draining": one.draining,
        "open": one.open,
        "strategy": one.strategy,
        "priority": one.priority,
        "needs": one.needs,
        "estimated_wait_s": seconds(one.estimated_wait_s),
        "wait_p90_s": seconds(one.wait_p90_s),
        "wait_doubt": one.wait_doubt,
        "p50_held": one.p50_held,
        "p90_held": one.p90_held,
        "wait_error_s": seconds(one.wait_error_s),
    }


def wait(one: "QueueView") -> str:
    """The predicted wait of somebody who would come now: p50 to p90; with a question mark if it is not to be told."""
    if one.estimated_wait_s is None:
        return NOTHING
    return f"{length(one.estimated_wait_s)}-{length(one.wait_p90_s)}" + ("?" if one.wait_doubt else "")


def told(one: "QueueView") -> str:
    """Whether callers may be told the predicted wait."""
    if one.estimated_wait_s is None:
        return NOTHING
    return f"no: {one.wait_doubt}" if one.wait_doubt else "yes, where the queue announces it"


def truth(one: "QueueView") -> str:
    """How true the latest forecasts were."""
    if one.p50_held is None or one.p90_held is None:
        return NOTHING
    error = "" if one.wait_error_s is None else f", off by {one.wait_error_s:.0f} s on average"
    return f"p50 held for {one.p50_held:.0%} of callers (right: 50%), p90 for {one.p90_held:.0%} (90%){error}"


def _able(view: "CenterView", queue: "QueueView") -> "list[AgentView]":
    from callcenter.model.ids import Skill
    from callcenter.model.need import parse_need

    needs = parse_need(queue.needs)
    return [one for one in view.agents if needs.met_by({Skill(skill): level for skill, level in one.skills})]


def _show(queue: "QueueView", calls: "list[ContactView]", agents: "list[AgentView]") -> None:
    state = "draining: takes no new calls" if queue.draining else ("open" if queue.open else "closed")
    show_pairs(
        {
            "queue": queue.name,
            "state": state,
            "needs": queue.needs or "nothing in particular",
            "strategy": queue.strategy,
            "priority": queue.priority,
            **{key.removesuffix("_s").replace("_", " "): words for key, words in queue.rules},
            "expected wait": wait(queue) + (" (half of callers - nine of ten)" if wait(queue) != NOTHING else ""),
            "told to callers": told(queue),
            "latest forecasts": truth(queue),
        }
    )
    say()
    show(cell("Calls", "bold"))
    show_grid(LIVE_HEADS, (live_row(one) for one in calls), empty="  none")
    say()
    show(cell("Agents with the skills", "bold"))
    show_grid(AGENT_HEADS, (agent_row(one) for one in agents), empty="  none")
