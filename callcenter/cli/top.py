"""`callcenter top`: the live wallboard's command. The screen itself is `wallboard`, which is heavy to import."""

from typing import Annotated

import typer

from callcenter.cli.agents_shown import agent_document
from callcenter.cli.calls import live_document
from callcenter.cli.queues import queue_document
from callcenter.cli.screen import Json, emit, stamp
from callcenter.cli.site import site_of


def top(
    context: typer.Context,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.2, max=60.0, help="How often to look.")
    ] = 1.0,
    json: Json = False,
) -> None:
    """Watch the center live. Keys: q ends, p stops the clock, a shows all agents, 1 2 3 0 choose a table."""
    center = site_of(context).center
    view = center.view()  # so that a call center that is not there is told before the screen is taken
    if json:
        emit(
            {
                "at": stamp(view.at),
                "queues": [queue_document(one) for one in view.queues],
                "agents": [agent_document(one) for one in view.agents],
                "calls": [live_document(one) for one in view.contacts],
            }
        )
        return
    from callcenter.cli.wallboard import Wallboard

    Wallboard(center.view, every_s=every).run()
