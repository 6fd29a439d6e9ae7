"""Webhooks as people keep them: added, tried, told again. Knows which may be added; sends nothing but a try.

The one place for it: the command line and the API ask here.
"""

from collections.abc import Callable, Sequence
from typing import Final, get_args

from callcenter.core.errands import host_of
from callcenter.errors import PeerFault, Unknown, at_odds, unfit, unknown
from callcenter.jobs.webhooks import ALL
from callcenter.lookups.poster import Poster
from callcenter.model.facts import Fact
from callcenter.postgres.reader import JournalReader
from callcenter.postgres.webhooks import Webhook, Webhooks

TEST_BODY: Final = b'{"id":"test","number":0,"at":null,"fact":{"type":"Test"}}'
EVENTS: Final = tuple(sorted(kind.__name__ for kind in get_args(Fact)))


class HookDesk:
    """All of them. `hosts` are those of lookups.yaml now. Methods raise Unknown for a name that there is not."""

    def __init__(self, hooks: Webhooks, reader: JournalReader, hosts: Callable[[], Sequence[str]]) -> None:
        self._hooks = hooks
        self._reader = reader
        self._hosts = hosts

    async def add(self, name: str, url: str, events: Sequence[str], queues: Sequence[str], by: str) -> str:
        """Tell a program from now on; gives the secret of its signatures. Raises Unfit, AtOdds, ConfigurationError."""
        host = host_of(url) if url.startswith(("http://", "https://")) else ""
        if not host:
            raise unfit(url[:200], "is no address", "http:// or https://")
        if host not in self._hosts():
            remedy = "add it to the hosts of lookups.yaml, and apply"
            raise at_odds(host[:200], "is no host of lookups.yaml: nothing is sent there", remedy)
        if strange := sorted(set(events) - {*EVENTS, ALL}):
            raise unfit("events", f"there is no event {', '.join(strange)[:200]}", "docs/webhooks.md lists them")
        return await self._hooks.add(name, url, sorted(set(events)), sorted(set(queues)), by=by)

    async def listed(self) -> tuple[Webhook, ...]:
        """By name."""
        return await self._hooks.listed()

    async def one(self, name: str) -> Webhook:
        """One of them."""
        found = next((one for one in await self._hooks.listed() if one.name == name), None)
        if found is None:
            raise _none(name)
        return found

    async def remove(self, name: str) -> None:
        """It is told nothing more; what is on its way is dropped."""
        if not await self._hooks.remove(name):
            raise _none(name)

    async def enable(self, name: str) -> None:
        """What waits is sent now, also if it was disabled."""
        if not await self._hooks.enable(name):
            raise _none(name)

    async def replay(self, name: str, since: float) -> None:
        """It is told again of all from a time on (UTC seconds). Raises AtOdds if nothing has happened since."""
        first, _ = await self._reader.between(since, None)
        if not first:
            raise at_odds("since", "nothing has happened since then")
        if not await self._hooks.replay(name, first):
            raise _none(name)

    async def tried(self, name: str, now: float) -> str:
        """Send it one delivery that means nothing; gives why it was not taken, or ""."""
        hook = await self.one(name)
        async with Poster(self._hosts) as poster:
            try:
                await poster.post(hook.url, TEST_BODY, id_=f"{name}-test", secret=hook.secret, at=now)
            except PeerFault as fault:
                return str(fault)
        return ""


def state_of(hook: Webhook) -> str:
    """Well, failing or disabled."""
    if hook.disabled is not None:
        return "disabled"
    return "failing" if hook.failing_since is not None else "well"


def why_of(hook: Webhook) -> str:
    """Why it is not well."""
    return hook.disabled_why or hook.why


def _none(name: str) -> Unknown:
    return unknown(f"webhook {name[:60]}", "there is none", "callcenter webhooks list")
