"""This machine's call center, as the commands find it: settings, control socket, database, configuration.

Knows where things are and opens them on demand, so that a command pays only for what it asks. Decides nothing.
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from callcenter.cli.exits import Exit, Failure

if TYPE_CHECKING:
    from callcenter.cli.client import ControlClient
    from callcenter.config.settings import Settings
    from callcenter.model.configuration import Configuration
    from callcenter.postgres.pool import Pool

POOL_MAX = 2  # connections of a command


class Site:
    """One installation. `file` is the settings file given on the command line, if any."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file

    @cached_property
    def settings(self) -> "Settings":
        """The settings. Raises ConfigurationError."""
        from callcenter.config.settings_sources import load_settings

        return load_settings(self.file)

    @property
    def control_socket(self) -> Path:
        """Where a running center listens."""
        from callcenter.config.places import control_socket

        return control_socket(self.settings)

    @cached_property
    def center(self) -> "ControlClient":
        """The running center, if it runs."""
        from callcenter.cli.client import ControlClient

        return ControlClient(self.control_socket)

    def configuration(self) -> "Configuration":
        """Queues, flows and the rest. Raises ConfigurationError with every problem."""
        from callcenter.config.folder import load_configuration

        return load_configuration(self.settings.config_folder)

    def database_url(self) -> str:
        """The database's address, with its password."""
        from callcenter.config.places import database_url

        return database_url(self.settings)

    def sip_server(self) -> str:
        """Where phones register, as host:port; empty while no port has been picked yet."""
        from callcenter.embedded.ports import PortBook

        sip = self.settings.sip
        port = sip.port or PortBook(self.ports_file).known("sip")
        if not port:
            return ""
        host = sip.host if sip.host not in ("0.0.0.0", "::") else sip.external_address or own_address()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def ports_file(self) -> Path:
        """Where the running center remembers its ports."""
        return self.settings.var_folder / "state" / "ports.json"

    @asynccontextmanager
    async def database(self) -> AsyncIterator["Pool"]:
        """Postgres. That it is away, or lacks our tables, is a Failure with its own exit code."""
        quiet_logs()
        import asyncpg

        from callcenter.errors import OutcomeUnknown, PeerUnavailable
        from callcenter.postgres.pool import AWAY, open_pool, say

        try:
            pool = await open_pool(self.database_url(), size_max=POOL_MAX, wait_s=0.0)
        except PeerUnavailable as error:
            raise Failure(Exit.DATABASE, str(error), remedy="start it, or the call center that brings it") from error
        try:
            yield pool
        except PeerUnavailable as error:
            raise Failure(Exit.DATABASE, str(error)) from error
        except OutcomeUnknown as error:
            raise Failure(Exit.NO_ANSWER, f"it may or may not have been done: {error}") from error
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.UndefinedColumnError) as error:
            raise Failure(
                Exit.DATABASE, f"the database has not been migrated: {say(error)}", remedy="callcenter db migrate"
            ) from error
        except (*AWAY, asyncpg.QueryCanceledError) as error:
            raise Failure(Exit.DATABASE, f"Postgres went away or took too long: {say(error)}") from error
        finally:
            with contextlib.suppress(*AWAY):
                await pool.close()


def site_of(context: typer.Context) -> Site:
    """The site that the root command was told of."""
    return cast(Site, context.find_object(Site) or Site())


def own_address() -> str:
    """This machine's address as others on its network see it. Nothing is sent to find out."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): only the route to it is looked up
        except OSError:  # no network at all
            return socket.gethostname()
        return str(probe.getsockname()[0])


def quiet_logs() -> None:
    """Log lines of the parts we use are not this program's answer: only errors, and on standard error."""
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
