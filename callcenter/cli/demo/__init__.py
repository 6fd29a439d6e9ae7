"""`callcenter demo`: a whole call center, real calls, a report; ends by itself."""

import typer

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.site import site_of


def demo(context: typer.Context) -> None:
    """Start a call center of its own, let thirteen people call it, show what happens and what is on record.

    Leaves var/demo/report.json and the recordings. Ends with 0 if everything that was promised was seen, else with 1.
    """
    import asyncio

    from callcenter.cli.demo.play import play
    from callcenter.cli.demo.screen import spectator

    try:
        code = asyncio.run(play(site_of(context).settings, spectator()))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise Failure(Exit.INTERRUPTED, "the demo was stopped; nothing of it runs any more") from None
    raise typer.Exit(code)
