"""What a flow asks of programs outside: lookups over HTTP, and scripts that have the call for a while.

Knows that an answer may never come: each errand has a deadline of the core's own, whatever its adapter promises. An
answer that comes late, twice or for another errand finds nobody who waits for it. Of what comes back only the variables
that were asked for are let in.

Theory of a script: an ARI channel cannot run one, so the leg leaves our hands for the dialplan (`RunScript`) and comes
back by itself (`ScriptEnded`). Meanwhile the contact keeps its bridge, and its leg may only be fetched back or hung up;
that it left our hands is no end of the call, and what is pressed is the script's business alone.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from callcenter.core import voice
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.commands import FetchBack, JoinBridge, LookUp, RunScript
from callcenter.model.contact import LookupOutcome
from callcenter.model.events import LegSeen
from callcenter.model.facts import LookupEnded, ScriptRun
from callcenter.model.flow import CallScript, DataDip, DipDone, ScriptDone

LOOKUP_GRACE_S: Final = 1.0  # an answer is not waited for longer than this beyond the lookup's own time
SCRIPT_GRACE_S: Final = 5.0  # a leg that has not come back so long after it was fetched is lost
REPEATABLE: Final = frozenset({"GET", "PUT"})  # asking twice is as asking once (RFC 9110, 9.2.2)
SUCCESS: Final = "SUCCESS"  # AGISTATUS of a script that came to its end
NOT_RUN: Final = "NOT_RUN"


def host_of(url: str) -> str:
    """Host, or host:port, in lower case; "" if there is none."""
    return urlsplit(url).netloc.lower()


class Errands:
    """Lookups and scripts under way, one for each contact at most."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    # -- lookups -----------------------------------------------------------------------------------------------------

    def look_up(self, contact: ContactRecord, flow: str, dip: DataDip) -> DipDone | None:
        """Ask; gives the end of it at once if it may not be asked."""
        world = self._world
        host = host_of(dip.url)
        if host not in world.configuration.lookup_hosts:
            world.surprise(f"no lookup may ask {host!r}", contact)
            return DipDone(outcome=LookupOutcome.FAILED)
        contact.lookup = LookUp(
            contact=contact.id,
            lookup=world.mints().lookup(),
            name=f"{flow}.{contact.node}",
            method=dip.method,
            url=dip.url,
            timeout_s=dip.timeout_s,
            take=dip.take,
            headers=dip.headers,
            secret_headers=dip.secret_headers,
            body=dip.body,
        )
        contact.lookup_began = world.now
        world.lookups[contact.lookup.lookup] = contact.id
        self._ask(contact, contact.lookup)
        return None

    def looked_up(
        self, contact: ContactRecord, outcome: LookupOutcome, values: Mapping[str, str], detail: str = ""
    ) -> DipDone | None:
        """The answer, or that there is none; None if nothing was asked."""
        lookup = contact.lookup
        if lookup is None:
            return None
        self.forget_lookup(contact)
        self._world.out.append(
            LookupEnded(
                contact=contact.id,
                name=lookup.name,
                outcome=outcome,
                took_s=self._world.now - contact.lookup_began,
                detail=detail,
            )
        )
        return DipDone(outcome=outcome, values={name: values[name] for name in sorted(lookup.take) if name in values})

    def forget_lookup(self, contact: ContactRecord) -> None:
        """Nobody waits for the answer any more."""
        if contact.lookup is not None:
            self._world.lookups.pop(contact.lookup.lookup, None)
            self._world.timers.cancel(TimerKind.LOOKUP, contact.id)
            contact.lookup = None

    def ask_again(self, contact: ContactRecord) -> None:
        """After a restart nobody is asking; what may not be asked twice is left to its deadline."""
        if contact.lookup is not None and contact.lookup.method in REPEATABLE:
            self._ask(contact, contact.lookup)

    def _ask(self, contact: ContactRecord, lookup: LookUp) -> None:
        self._world.timers.set(TimerKind.LOOKUP, contact.id, self._world.now + lookup.timeout_s + LOOKUP_GRACE_S)
        self._world.out.append(lookup)

    # -- scripts -----------------------------------------------------------------------------------------------------

    def run_script(self, contact: ContactRecord, call: CallScript) -> ScriptDone | None:
        """Let the call go; gives the end of it at once if it cannot."""
        world = self._world
        if contact.returns:  # its place in the dialplan that lent it would be lost
            world.surprise("a call that a dialplan has lent cannot run a script: the dialplan can", contact)
            return ScriptDone(ok=False)
        voice.take_call(world, contact)
        voice.hush(world, contact)
        voice.stop_music(world, contact)
        contact.run = RunScript(
            contact=contact.id,
            leg=voice.leg_of(contact),
            script=world.mints().script(),
            url=call.url,
            arguments=call.arguments,
            take=call.take,
        )
        contact.run_began, contact.fetched = world.now, False
        world.timers.set(TimerKind.SCRIPT, contact.id, world.now + call.timeout_s)
        world.out.append(contact.run)
        return None

    def script_ended(self, contact: ContactRecord, status: str, values: Mapping[str, str]) -> ScriptDone | None:
        """The leg is in our hands again; None if it was not away."""
        world, run = self._world, contact.run
        if run is None and not contact.fetched:  # told twice: it is in its bridge, and joining anew would cut it off
            return None
        contact.fetched = False
        if contact.bridge is not None:
            world.out.append(JoinBridge(contact=contact.id, bridge=contact.bridge, leg=voice.leg_of(contact)))
        if run is None:
            return None
        self.forget_script(contact)
        world.out.append(
            ScriptRun(contact=contact.id, url=run.url, status=status, took_s=world.now - contact.run_began)
        )
        return ScriptDone(ok=status == SUCCESS, values={name: values[name] for name in run.take if name in values})

    def script_overdue(self, contact: ContactRecord) -> bool:
        """The script has had its time: fetch the leg back; False if it was fetched and did not come."""
        world, run = self._world, contact.run
        if run is None or contact.fetched:
            return run is None
        contact.fetched = True
        world.timers.set(TimerKind.SCRIPT, contact.id, world.now + SCRIPT_GRACE_S)
        world.out.append(FetchBack(contact=contact.id, leg=voice.leg_of(contact), script=run.script))
        return True

    def forget_script(self, contact: ContactRecord) -> None:
        """The leg is not away any more, or the contact is over."""
        if contact.run is not None:
            self._world.timers.cancel(TimerKind.SCRIPT, contact.id)
            contact.run, contact.fetched = None, False

    def listed(self, contact: ContactRecord, seen: LegSeen) -> None:
        """After a restart or a lost link: whether the leg is where it should be. Its coming back is told by itself."""
        run = contact.run
        if run is not None:
            if seen.script != run.script:
                self._world.out.append(run)
        elif seen.away and seen.script is not None:
            contact.fetched = True
            self._world.out.append(FetchBack(contact=contact.id, leg=voice.leg_of(contact), script=seen.script))


def run_again(world: World, contact: ContactRecord) -> None:
    """Nobody knows whether the leg has gone to its script: it is sent once more, which one that has does not notice.

    A caller who hung up in that moment is found out so: that her leg left our hands was taken for its going there.
    """
    if contact.run is not None and not contact.fetched:
        world.out.append(contact.run)
