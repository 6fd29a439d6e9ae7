"""Where a call center of these settings keeps what programs beside it look for. Knows paths; makes nothing."""

import contextlib
from pathlib import Path
from typing import Final

from callcenter.config.settings import Settings
from callcenter.embedded.folders import socket_place
from callcenter.errors import ConfigurationError, Problem

CONTROL_SOCKET: Final = "control.sock"


def control_socket(settings: Settings) -> Path:
    """Where a running center listens for its command line; in /tmp if the var folder's path is too long for sockets."""
    return settings.web.control_socket or socket_place(settings.var_folder / "run", CONTROL_SOCKET) / CONTROL_SOCKET


def dsn_file(settings: Settings) -> Path:
    """Where the address of the embedded Postgres is kept (mode 0600: it holds the password)."""
    return settings.var_folder / "state" / "secrets" / "database-url"


def database_url(settings: Settings) -> str:
    """The database's address for a program beside the center. Raises ConfigurationError when there is none yet."""
    if settings.database_url:
        return settings.database_url
    with contextlib.suppress(FileNotFoundError):
        return dsn_file(settings).read_text().strip()
    raise ConfigurationError(
        [
            Problem(
                where=str(settings.var_folder),
                what="no database has been made here yet",
                remedy="start the call center once (`callcenter run`), or set CALLCENTER_DATABASE_URL",
            )
        ]
    )
