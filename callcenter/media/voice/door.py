"""The door for dialplans: `AGI(agi://host:port/flow/NAME)` runs a flow on a call that stays the dialplan's.

Knows FastAGI and how a leg is handed to the application; knows no flow. The session puts the channel into Stasis and
waits, so the flow runs as it does for any other call. If the flow gives the call back, the dialplan goes on and finds
the exit in CALLCENTER_EXIT; CALLCENTER_STATUS says RETURNED, FAILED (the call center is not there) or NOFLOW.
"""

import re
from collections.abc import Container
from typing import Final

import structlog

from callcenter.asterisk.agi_session import AgiSession
from callcenter.media.voice.ears import APP, ARG_FLOW
from callcenter.model.ids import LegId

ROUTE: Final = "flow/"
FLOW_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

log = structlog.get_logger(__name__)


class Door:
    """Lets dialplan calls in and out again."""

    def __init__(self, flows: Container[str]) -> None:
        self._flows = flows
        self._exits: dict[LegId, str | None] = {}  # of the legs whose sessions wait: None until they leave by an exit

    def leaving(self, leg: LegId, exit: str) -> None:
        """The leg is about to leave Stasis through this exit. One without a session has nobody to tell."""
        if leg in self._exits:
            self._exits[leg] = exit

    async def serve(self, session: AgiSession) -> None:
        """One AGI session."""
        name = session.request.path.removeprefix(ROUTE)
        if not FLOW_PATTERN.fullmatch(name) or name not in self._flows:
            log.warning("agi asked for something that is no flow", path=session.request.path)
            await session.set_variable("CALLCENTER_STATUS", "NOFLOW")
            return
        leg = LegId(session.request.uniqueid)
        self._exits[leg] = None
        try:
            await session.exec_app("Stasis", f"{APP},{ARG_FLOW},{name}")
        finally:
            exit_ = self._exits.pop(leg, None)
        if exit_ is None and await session.get_variable("STASISSTATUS") != "FAILED":
            return  # the call has ended; Asterisk says so to nobody but the next command
        await session.set_variable("CALLCENTER_STATUS", "RETURNED" if exit_ is not None else "FAILED")
        await session.set_variable("CALLCENTER_EXIT", exit_ or "")
