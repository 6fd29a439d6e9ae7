"""The configuration that is live, and how it changes while calls go on. Decides nothing: the engine has the last word.

Theory: the journal says which version is in force, and the store what it was made of. Another version is read, its
prompts are spoken, it is stored and put on the engine's shelf; then the engine is told, and says yes or why not. Until
then nothing has changed for anybody, and what is wrong with an edit is told with file, line and column.

A center that starts takes the folder, if somebody has edited it since it was last looked at and nobody is in a call.
So a restart does what the person who edits expects; a rollback is not undone by one; and a restart after a crash goes
on with what its calls were in.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import structlog

from callcenter.config.folder import digest_of, read_configuration, read_files
from callcenter.config.reduced import read_reduced
from callcenter.config.strangers import strangers
from callcenter.core.applying import lived_by
from callcenter.core.campaign_pace import count_anew
from callcenter.core.campaign_rules import all_packs
from callcenter.core.engine import Engine
from callcenter.core.world import Library
from callcenter.errors import ConfigurationError, PeerFault, Problem
from callcenter.model.configuration import Configuration
from callcenter.model.events import ConfigurationApplied, Event
from callcenter.model.flow import Prompt
from callcenter.model.ids import UNVERSIONED, RequestId, Version
from callcenter.postgres.configurations import Configurations, Origin, Stored
from callcenter.versions.library import VersionLibrary, read_stored
from callcenter.web.views import Applied, ApplyWish, RollbackWish, VersionView

AT_START: Final = "the start"  # who applied what a start has taken
NOTHING_NEW: Final = "nothing has changed"
OLDER_MAX: Final = 100  # versions that are tried, from the newest on
MEND: Final = "mend it in the folder, then: callcenter apply"
MEND_FIRST: Final = "mend it there, and start again; until then callers are answered by Asterisk's dialplan alone"

log = structlog.get_logger(__name__)

Ask = Callable[[RequestId, Event], Awaitable[str]]


class Voice(Protocol):
    """Who speaks the prompts."""

    def use(self, prompts: Mapping[str, Prompt]) -> None:
        """From now on these are the prompts."""
        ...

    async def prepare(self, prompts: Mapping[str, Prompt]) -> Sequence[Problem]:
        """Speak those of them that are not spoken yet, without using them; gives what is wrong."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a start finds. `edited` is the folder as a configuration if it can be used and was edited since."""

    stored: Stored
    configuration: Configuration
    edited: Configuration | None = None
    edited_files: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()  # of the folder, which is then not taken
    reduced: bool = False  # what is live cannot be read as it was: its campaigns are left out

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """All that may be said at first."""
        return {**self.configuration.prompts, **(self.edited.prompts if self.edited is not None else {})}


async def look_around(folder: Path, store: Configurations) -> Beginning:
    """What is live and what is in the folder; a folder that nobody has taken yet becomes the first version.

    What was live may be read otherwise by another build. Then the folder is taken, if it can be used; else what is left
    without the campaigns; else the last version that can be read. Raises ConfigurationError if none can.
    """
    files, problems = read_files(folder)
    configuration, more = await asyncio.to_thread(read_configuration, files)
    problems = [*problems, *more]
    stored = await store.latest()
    if stored is None:
        if problems:
            raise ConfigurationError(problems)
        return Beginning(stored=await _kept(store, files, "the first", Origin.START), configuration=configuration)
    edited = digest_of(files) not in (stored.digest, stored.folder_digest)
    live, wrong = await asyncio.to_thread(read_reduced, stored.files)
    if wrong and not problems:
        log.warning("what was live cannot be read by this build; the folder is taken", error=_said(stored, wrong))
        return Beginning(stored=await _kept(store, files, "taken anew", Origin.START), configuration=configuration)
    for problem in wrong:
        log.error("a mistake, by this build, in what is live", problem=_said(stored, [problem]), remedy=MEND)
    if live is None:
        return await _older(folder, store, stored, files, [*problems, *wrong])
    if wrong:
        log.error("campaigns and trunks are left out until that is mended: nobody is called", version=stored.version)
    return Beginning(
        stored=stored,
        configuration=live,
        edited=configuration if edited and not problems else None,
        edited_files=files,
        problems=tuple(problems) if edited else (),
        reduced=bool(wrong),
    )


async def _older(
    folder: Path, store: Configurations, unread: Stored, files: Mapping[str, str], problems: Sequence[Problem]
) -> Beginning:
    """The last version before that this build can read is live again, as a new one."""
    tried = unread.version
    for _ in range(OLDER_MAX):
        version = await store.before(tried, unread.digest)
        stored = None if version is None else await store.get(version)
        if version is None or stored is None:
            break
        tried = version
        configuration, wrong = await asyncio.to_thread(read_configuration, stored.files)
        if not wrong:
            message = f"version {version} again: this build cannot read version {unread.version}"
            log.error("an older version is live", version=version, remedy=MEND)
            kept = await _kept(
                store, stored.files, message, Origin.ROLLBACK, folder_digest=digest_of(files), back_to=version
            )
            return Beginning(stored=kept, configuration=configuration, problems=())
    what = f"it cannot be used, and of the versions that were live (the last is {unread.version}) none can be read"
    raise ConfigurationError([*dict.fromkeys(problems), Problem(where=str(folder), what=what, remedy=MEND_FIRST)])


def _said(stored: Stored, problems: Sequence[Problem]) -> str:
    return "\n".join(f"version {stored.version}, {problem}" for problem in problems)


async def _kept(
    store: Configurations,
    files: Mapping[str, str],
    message: str,
    origin: Origin,
    *,
    folder_digest: str = "",
    back_to: Version | None = None,
) -> Stored:
    digest = digest_of(files)
    version = await store.add(
        files,
        digest=digest,
        folder_digest=folder_digest or digest,
        by=AT_START,
        message=message,
        origin=origin,
        back_to=back_to,
    )
    stored = await store.get(version)
    assert stored is not None
    return stored


class Live:
    """The versions of one running center."""

    def __init__(self, beginning: Beginning, folder: Path, store: Configurations, voice: Voice) -> None:
        self.flows: set[str] = set()  # that a dialplan may ask for
        self.library = VersionLibrary(store, {beginning.stored.version: beginning.configuration})
        self.library.stand_in = beginning.configuration
        if beginning.reduced:
            self.library.unreadable.add(beginning.stored.version)
        self._beginning = beginning
        self._folder = folder
        self._store = store
        self._voice = voice
        self._stored = beginning.stored
        self._engine: Engine | None = None
        self._ask: Ask | None = None
        self._changing = asyncio.Lock()
        self._numbers = itertools.count(1)

    @property
    def shelf(self) -> Library:
        """Where the engine looks versions up."""
        return self.library.configurations

    @property
    def is_sure(self) -> bool:
        """Whether the journal was told to the configurations that it was written with. If not, the engine does not know
        for certain what it has dialled: once `begin` has been asked."""
        return not self.library.unreadable

    async def begin(self, engine: Engine) -> Version:
        """The version that this run begins with, once the engine has found its place: see above for which."""
        self._engine = engine
        world, beginning = engine.world, self._beginning
        if not self.is_sure:
            log.error("campaigns' windows are counted anew, and calls that were being made count as made")
            count_anew(world.campaigns.values())
        known = world.version in (UNVERSIONED, beginning.stored.version)
        if not known and world.version not in self.library.unreadable:  # the journal knows what was in force
            self._stored = await self._known(world.version)
            await self._store.refuse(beginning.stored.version, "the center ended before it was in force")
        edited = beginning.edited
        for problem in beginning.problems:
            log.warning("the folder cannot be used; what was live goes on", problem=str(problem))
        if edited is not None and not world.contacts:
            files = beginning.edited_files
            self._stored = await _kept(self._store, files, "edited while it was not running", Origin.START)
            self.shelf[self._stored.version] = edited
            log.info("the folder has been edited and is taken", version=self._stored.version)
        elif edited is not None:
            log.warning("the folder has been edited; calls go on with what was live", version=self._stored.version)
        await self._keep_law(self.shelf[self._stored.version])
        self._use(self._stored.version)
        return self._stored.version

    def open(self, ask: Ask) -> None:
        """From now on versions can be applied."""
        self._ask = ask

    def view(self) -> VersionView:
        """Which version is live."""
        stored = self._stored
        return VersionView(
            version=stored.version,
            at=stored.at,
            by=stored.by,
            message=stored.message,
            digest=stored.digest,
            folder=str(self._folder),
            back_to=stored.back_to or UNVERSIONED,
        )

    async def apply(self, wish: ApplyWish) -> Applied:
        """Put a folder in force. Raises ConfigurationError with all that hinders it, PeerFault without Postgres."""
        async with self._changing:
            files, unreadable = await asyncio.to_thread(read_files, Path(wish.folder))
            configuration, problems = await asyncio.to_thread(read_configuration, files)
            if unreadable or problems:
                raise ConfigurationError([*unreadable, *problems])
            if digest_of(files) == self._stored.digest:
                return Applied(version=self._stored.version, changed=False, words=NOTHING_NEW)
            return await self._switch(configuration, files, Origin.APPLY, wish.by, wish.message)

    async def roll_back(self, wish: RollbackWish) -> Applied:
        """Put an older version in force again, by default the one before; it gets a number of its own.

        Raises as `apply` does, also if there is no such version.
        """
        async with self._changing:
            version = Version(wish.version) if wish.version else await self._one_before()
            stored = await self._store.get(version)
            configuration = await read_stored(stored, version)
            if stored is None or stored.refused:
                raise ConfigurationError([Problem(where=f"version {version}", what="was never live")])
            if stored.digest == self._stored.digest:
                return Applied(version=self._stored.version, changed=False, words=NOTHING_NEW)
            message = wish.message or stored.message
            return await self._switch(configuration, stored.files, Origin.ROLLBACK, wish.by, message, back_to=version)

    # -- one step each -------------------------------------------------------------------------------------------------

    async def _switch(
        self,
        configuration: Configuration,
        files: Mapping[str, str],
        origin: Origin,
        by: str,
        message: str,
        *,
        back_to: Version | None = None,
    ) -> Applied:
        """Speak, store, ask. An answer that does not come may still be yes: the engine knows."""
        if self._ask is None or self._engine is None:
            raise PeerFault("the call center is still starting")
        if problem := self._engine.why_not(configuration):
            raise _hindered(problem)
        agents = self._engine.world.agents.records.values()
        unknown = strangers(configuration, files, {one.agent.id: one.agent.skills for one in agents})
        warnings = [*await self._voice.prepare(configuration.prompts), *unknown]
        await self._keep_law(configuration)
        version = await self._store.add(
            files,
            digest=digest_of(files),
            folder_digest=await asyncio.to_thread(_digest_now, self._folder),
            by=by,
            message=message,
            origin=origin,
            back_to=back_to,
        )
        self.shelf[version] = configuration
        self._use(version)  # nothing is asked for that nobody can say, whichever version it is of
        request = RequestId(f"apply-{version}-{next(self._numbers)}")
        problem = await self._ask(request, ConfigurationApplied(request=request, version=version, by=by))
        if problem:
            self._use(self._stored.version)
            await self._store.refuse(version, problem)
            raise _hindered(problem)
        self._stored = await self._known(version)
        self._tidy()
        log.info("another configuration is live", version=version, was=self._engine.world.version, by=by)
        return Applied(version=version, changed=True, warnings=tuple(map(str, warnings)))

    async def _keep_law(self, configuration: Configuration) -> None:
        """The texts of its packs, before anybody is judged by them: receipts name them by their hash."""
        await self._store.keep_law(all_packs(configuration.campaigns.values(), configuration.law))

    def _use(self, version: Version) -> None:
        """Prompts and doors for every version that somebody lives by, this one's before all others."""
        order = [*sorted(self.shelf.keys() - {version}), version]
        self._voice.use({name: prompt for one in order for name, prompt in self.shelf[one].prompts.items()})
        self.flows.clear()
        self.flows.update(self.shelf[version].flows)

    def _tidy(self) -> None:
        """Versions that nobody lives by any more leave the shelf; the store has them."""
        if self._engine is not None:
            for version in self.shelf.keys() - lived_by(self._engine.world):
                del self.shelf[version]

    async def _known(self, version: Version) -> Stored:
        stored = await self._store.get(version)
        if stored is None:
            raise ConfigurationError([Problem(where=f"version {version}", what="there is no such version")])
        return stored

    async def _one_before(self) -> Version:
        now = self._stored
        found = await self._store.before(now.back_to or now.version, now.digest)
        if found is None:
            raise ConfigurationError([Problem(where="rollback", what="there is no version before this one")])
        return found


def _hindered(problem: str) -> ConfigurationError:
    return ConfigurationError([Problem(where="now", what=problem)])


def _digest_now(folder: Path) -> str:
    try:
        return digest_of(read_files(folder)[0])
    except ConfigurationError:  # it has gone, which is an edit of a kind
        return ""
