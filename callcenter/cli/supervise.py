"""`callcenter supervise`: listen, whisper, barge, steer those who wait, and who has done so. Decides nothing.

Whose phone rings, and whose rights count, is the supervisor that is named: whoever may use this socket owns the center.
"""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.find import live_contact
from callcenter.cli.screen import Json, clock, emit, length, say, seconds, show_grid, stamp, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import period

if TYPE_CHECKING:
    from callcenter.postgres.supervised import Heard, Steered

app = typer.Typer(name="supervise", help="Listen, whisper, barge; move and pick calls.", no_args_is_help=True)

Supervisor = Annotated[str, typer.Argument(metavar="SUPERVISOR", help="Her agent id; her phone is rung.")]
Call = Annotated[str, typer.Argument(metavar="CALL", help="The id of a waiting call, a part of it, or last.")]
By = Annotated[str | None, typer.Option("--as", metavar="SUPERVISOR", help="By her right; else the owner's.")]
LIVE_HEADS = ("supervisor!", "agent!", "mode", "state", "for>", "call!")
PAST_HEADS = ("began", "supervisor!", "agent!", "as", "for>", "call!")
STEERED_HEADS = ("when", "call!", "queue", "what", "by")


class Mode(StrEnum):
    """What a supervisor is to the talk; the words of `model.monitor.MonitorMode`."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


@app.command("start")
def start(
    context: typer.Context,
    supervisor: Supervisor,
    agent: Annotated[str | None, typer.Option("--agent", help="Follow this agent from call to call.")] = None,
    call: Annotated[str | None, typer.Option("--call", help="Hear this one talk to its end.")] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="Listen, whisper to the agent, or be heard by all.")
    ] = Mode.LISTEN,
    json: Json = False,
) -> None:
    """Ring a supervisor's phone, and let her hear an agent, or one talk. Her keys 4, 5, 6: listen, whisper, barge."""
    if (agent is None) is (call is None):
        raise Failure(Exit.USAGE, "name whom to hear: --agent or --call, one of the two")
    center = site_of(context).center
    contact = None if call is None else live_contact(center.view().contacts, call).id
    center.supervise("monitor", {"supervisor": supervisor, "agent": agent, "contact": contact, "mode": mode.value})
    _done(f"the phone of {supervisor} rings", {"supervisor": supervisor, "agent": agent, "call": contact}, json=json)


@app.command("mode")
def set_mode(
    context: typer.Context,
    supervisor: Supervisor,
    mode: Annotated[Mode, typer.Argument(metavar="MODE", help="listen, whisper or barge")],
    json: Json = False,
) -> None:
    """Let a supervisor who is on the line listen, whisper or barge from now on."""
    site_of(context).center.supervise("mode", {"supervisor": supervisor, "mode": mode.value})
    _done(f"{supervisor} will {mode.value}", {"supervisor": supervisor, "mode": mode.value}, json=json)


@app.command("take")
def take_over(context: typer.Context, supervisor: Supervisor, json: Json = False) -> None:
    """Let a supervisor have the talk that she hears; its agent is freed. Her key 7 does the same."""
    site_of(context).center.supervise("take", {"supervisor": supervisor})
    _done(f"the talk is {supervisor}'s", {"supervisor": supervisor}, json=json)


@app.command("leave")
def leave(context: typer.Context, supervisor: Supervisor, json: Json = False) -> None:
    """Let a supervisor go; the talk that she heard goes on."""
    site_of(context).center.supervise("leave", {"supervisor": supervisor})
    _done(f"{supervisor} is let go", {"supervisor": supervisor}, json=json)


@app.command("list")
def list_monitors(context: typer.Context, json: Json = False) -> None:
    """List the supervisors who are on the line now."""
    monitors = site_of(context).center.view().monitors
    if json:
        emit(
            {
                "monitors": [
                    {
                        "supervisor": one.supervisor,
                        "agent": one.agent,
                        "mode": one.mode.value,
                        "state": one.state.value,
                        "state_s": seconds(one.state_s),
                        "call": one.contact,
                    }
                    for one in monitors
                ]
            }
        )
        return
    rows = ((m.supervisor, m.agent, m.mode.value, m.state.value, length(m.state_s), m.contact) for m in monitors)
    show_grid(LIVE_HEADS, rows, empty="no supervisor is on the line")


@app.command("move")
def move(
    context: typer.Context,
    call: Call,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Where it is to wait.")],
    supervisor: By = None,
    json: Json = False,
) -> None:
    """Put a waiting call into another queue; it keeps its place by time."""
    contact = _steer(context, "move", call, supervisor, {"queue": queue})
    _done(f"{contact} waits in {queue}", {"call": contact, "queue": queue}, json=json)


@app.command("priority")
def prioritise(
    context: typer.Context,
    call: Call,
    priority: Annotated[int, typer.Argument(metavar="PRIORITY", min=0, max=100, help="0 to 100.")],
    supervisor: By = None,
    json: Json = False,
) -> None:
    """Give a waiting call another priority."""
    contact = _steer(context, "priority", call, supervisor, {"priority": priority})
    _done(f"{contact} has priority {priority}", {"call": contact, "priority": priority}, json=json)


@app.command("pick")
def pick(
    context: typer.Context,
    call: Call,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Who is free, and is to have it.")],
    supervisor: By = None,
    json: Json = False,
) -> None:
    """Ring this agent for a waiting call, whatever line and skills say."""
    contact = _steer(context, "pick", call, supervisor, {"agent": agent})
    _done(f"the phone of {agent} rings for {contact}", {"call": contact, "agent": agent}, json=json)


@app.command("broadcast")
def broadcast(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One line.")],
    queue: Annotated[str | None, typer.Option("--queue", help="Only those who could serve this queue.")] = None,
    team: Annotated[str, typer.Option("--team", help="Only this team.")] = "",
    supervisor: By = None,
    json: Json = False,
) -> None:
    """Send words to the screens of all agents at work, or of those of a queue or a team."""
    wish: dict[str, object] = {"text": text, "queue": queue, "team": team, "supervisor": supervisor}
    site_of(context).center.supervise("broadcast", wish)
    _done("sent", {"text": text}, json=json)


@app.command("report")
def report(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="today, 7d, 2026-11-01 ...")] = "today",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="As --since.")] = "now",
    supervisor: Annotated[str | None, typer.Option("--supervisor", help="Only what she did.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only who heard this agent.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many of each.")] = 1000,
    json: Json = False,
) -> None:
    """Who heard which talk as what and for how long, and who meddled with waiting calls."""
    bounds = period(since, until)
    heard, steered = asyncio.run(_past(site_of(context), bounds, supervisor, agent, limit))
    if json:
        emit(
            {
                "since": stamp(bounds[0]),
                "until": stamp(bounds[1]),
                "heard": [
                    {
                        "began": stamp(one.began),
                        "supervisor": one.supervisor,
                        "agent": one.agent,
                        "as": one.state,
                        "seconds": seconds(one.seconds),
                        "call": one.contact,
                    }
                    for one in heard
                ],
                "steered": [
                    {
                        "at": stamp(one.at),
                        "call": one.contact,
                        "queue": one.queue,
                        "what": one.what,
                        "by": one.by,
                    }
                    for one in steered
                ],
            }
        )
        return
    rows = ((clock(one.began), one.supervisor, one.agent, one.state, length(one.seconds), one.contact) for one in heard)
    show_grid(PAST_HEADS, rows, empty="nobody was heard in that time")
    if steered:
        acts = ((clock(one.at), one.contact, one.queue, one.what, one.by) for one in steered)
        show_grid(STEERED_HEADS, acts, empty="")
    if limit in (len(heard), len(steered)):
        warn(f"only the first {limit} are shown; --limit gives more")


async def _past(
    site: Site, bounds: tuple[float, float], supervisor: str | None, agent: str | None, limit: int
) -> "tuple[tuple[Heard, ...], tuple[Steered, ...]]":
    from callcenter.postgres.supervised import heard, steered

    async with site.database() as pool:
        was_heard = await heard(pool, *bounds, supervisor=supervisor, agent=agent, limit=limit)
        acts = await steered(pool, *bounds, supervisor=supervisor, limit=limit) if agent is None else ()
        return was_heard, acts


def _steer(context: typer.Context, what: str, call: str, supervisor: str | None, wish: dict[str, object]) -> str:
    center = site_of(context).center
    contact = live_contact(center.view().contacts, call).id
    center.supervise(what, {"contact": contact, "supervisor": supervisor, **wish})
    return contact


def _done(words: str, document: dict[str, object], *, json: bool) -> None:
    if json:
        emit({**document, "done": words})
    else:
        say(words)
