"""The control socket's part about versions of the configuration. Knows HTTP and JSON; decides nothing.

What hinders a version from being applied is a 409 whose body has every problem with its place and remedy.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from aiohttp import web

from callcenter.errors import ConfigurationError, PeerFault, Problem
from callcenter.web.views import Applied, ApplyWish, RollbackWish, VersionView
from callcenter.web.wire import answer, body


class Versions(Protocol):
    """The running center's configuration."""

    def view(self) -> VersionView:
        """Which version is live."""
        ...

    async def apply(self, wish: ApplyWish) -> Applied:
        """Put a folder in force. Raises ConfigurationError, PeerFault, TimeoutError."""
        ...

    async def roll_back(self, wish: RollbackWish) -> Applied:
        """Put an older version in force again. Raises the same."""
        ...


def routes(versions: Versions) -> list[web.RouteDef]:
    """What the control socket answers about versions."""

    async def look(_: web.Request) -> web.Response:
        return answer(versions.view())

    async def apply(request: web.Request) -> web.Response:
        return await _answer(versions.apply(await body(request, ApplyWish)))

    async def roll_back(request: web.Request) -> web.Response:
        return await _answer(versions.roll_back(await body(request, RollbackWish)))

    return [
        web.get("/v1/configuration", look),
        web.post("/v1/configuration/apply", apply),
        web.post("/v1/configuration/rollback", roll_back),
    ]


async def _answer(asked: Awaitable[Applied]) -> web.Response:
    try:
        return answer(await asked)
    except ConfigurationError as error:
        return _refused(error.problems)
    except PeerFault as error:
        return _refused([Problem(where="database", what=str(error))])
    except TimeoutError:
        return answer({"problem": "the call center did not answer in time: it may have been applied"}, status=504)


def _refused(problems: Sequence[Problem]) -> web.Response:
    listed = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in problems]
    return answer({"problem": "; ".join(map(str, problems)), "problems": listed}, status=409)
