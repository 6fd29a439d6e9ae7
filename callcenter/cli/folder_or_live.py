"""The configuration that something outside the folder is held against. Knows the folder and the stored versions.

An agent's account has nothing to do with a queue's typing error: while somebody edits the folder, what is live counts.
"""

import asyncio
from typing import TYPE_CHECKING

from callcenter.cli.screen import warn
from callcenter.cli.site import Site

if TYPE_CHECKING:
    from callcenter.model.configuration import Configuration


def folder_or_live(site: Site) -> "Configuration":
    """What is in the folder; while that has a mistake, what is live. An installation without a folder has nothing.

    Raises ConfigurationError, with the folder's mistakes, if no version has been live yet.
    """
    from callcenter.errors import ConfigurationError
    from callcenter.model.configuration import Configuration

    folder = site.settings.config_folder
    if not folder.is_dir():
        return Configuration()
    try:
        return site.configuration()
    except ConfigurationError as error:
        live = asyncio.run(_live(site))
        if live is None:
            raise
        warn(f"{folder} has a mistake, and what is live counts: {error.problems[0]}")
        return live


async def _live(site: Site) -> "Configuration | None":
    from callcenter.postgres.configurations import Configurations
    from callcenter.versions.library import read_stored

    async with site.database() as pool:
        stored = await Configurations(pool).latest()
    return None if stored is None else await read_stored(stored, stored.version)
