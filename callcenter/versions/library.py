"""Every version of the configuration, as the engine reads it. Knows where texts are kept and how they are read.

An engine that is told a journal looks up the versions that the journal names, and cannot ask for them: whoever tells
it fetches them first.
"""

import asyncio
from collections.abc import Callable, Mapping

from callcenter.config.folder import read_configuration
from callcenter.config.reduced import read_reduced
from callcenter.core.snapshot import versions_of
from callcenter.core.world import Library
from callcenter.errors import ConfigurationError, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.events import ConfigurationApplied, EngineStarted, Event
from callcenter.model.ids import UNVERSIONED, Version
from callcenter.postgres.configurations import Configurations, Stored


async def parsed(files: Mapping[str, str]) -> Configuration:
    """Files as a configuration. Raises ConfigurationError with everything that is wrong; the loop goes on meanwhile."""
    configuration, problems = await asyncio.to_thread(read_configuration, files)
    if problems:
        raise ConfigurationError(problems)
    return configuration


class VersionLibrary:
    """Versions on the shelf (`configurations`), and the rest in the store."""

    def __init__(
        self,
        store: Configurations,
        configurations: Library | None = None,
        otherwise: Callable[[], Configuration] | None = None,
    ) -> None:
        """`otherwise` is asked for the configuration of a time without versions, if no version was ever stored."""
        self.configurations: Library = {} if configurations is None else configurations
        self.unreadable: set[Version] = set()  # by this build, as they were: others stand in for them
        self.stand_in: Configuration | None = None
        self._store = store
        self._otherwise = otherwise

    async def need(self, version: Version) -> Configuration:
        """Put a version on the shelf. Raises ConfigurationError if there is none, or nobody can read it.

        For a time in which nobody counted versions the oldest one stands in. Where there is a `stand_in`, what cannot
        be read is what is left of it without its campaigns, or else that: whoever is in a call keeps her place.
        """
        known = self.configurations.get(version)
        if known is None:
            stored = await (self._store.first() if version == UNVERSIONED else self._store.get(version))
            if stored is None and version == UNVERSIONED and self._otherwise is not None:
                known = self._otherwise()
            else:
                known = await self._read(stored, version)
            self.configurations[version] = known
        return known

    async def _read(self, stored: Stored | None, version: Version) -> Configuration:
        try:
            return await read_stored(stored, version)
        except ConfigurationError:
            if stored is None or self.stand_in is None:
                raise
        self.unreadable.add(version)
        reduced, _ = await asyncio.to_thread(read_reduced, stored.files)
        return self.stand_in if reduced is None else reduced

    async def need_for(self, event: Event) -> None:
        """What an event that is about to be told again names."""
        if isinstance(event, ConfigurationApplied | EngineStarted):
            await self.need(event.version)

    async def need_for_snapshot(self, taken: bytes) -> None:
        """What a snapshot names. Raises Bug if it is none."""
        for version in versions_of(taken):
            await self.need(version)


async def read_stored(stored: Stored | None, version: Version) -> Configuration:
    """A stored version as a configuration. Raises ConfigurationError."""
    if stored is None:
        remedy = "callcenter config versions lists them"
        raise ConfigurationError([Problem(where=f"version {version}", what="there is no such version", remedy=remedy)])
    try:
        return await parsed(stored.files)
    except ConfigurationError as error:
        raise ConfigurationError(
            [
                Problem(where=f"version {version}, {problem.where}", what=problem.what, remedy=problem.remedy)
                for problem in error.problems
            ]
        ) from error
