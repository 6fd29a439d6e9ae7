"""`callcenter replay`: the past once more, exactly, or through another configuration. Knows how to ask.

What is told again and how calls are compared is in `jobs/replaying` and `sim/replay`.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.replay_shown import row_words, tell_exactly, tell_runs, write_csv
from callcenter.cli.screen import Json, warn
from callcenter.cli.site import Site, site_of
from callcenter.cli.times import moment

if TYPE_CHECKING:
    from callcenter.jobs.replaying import Replay
    from callcenter.model.configuration import Configuration
    from callcenter.sim.replay.recorded import Recorded
    from callcenter.sim.replay.rerun import Rerun
    from callcenter.sim.replay.table import Columns

TABLE: Final = "anonymous-bank"


def replay(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="From then on; else from the beginning.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Up to then.")] = "",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FOLDER", help="Through this configuration instead.")
    ] = None,
    calls: Annotated[
        Path | None, typer.Option("--calls", metavar="FILE", help="A table of calls instead of the journal.")
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", help="What its columns say: a TOML file, or anonymous-bank (the default).")
    ] = "",
    instead: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="The queue that stands for one that is gone.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of what nobody saw: the patience of the served ...")] = 1,
    top: Annotated[int, typer.Option("--top", min=0, help="So many calls that came out otherwise.")] = 10,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Every such call, as CSV.")] = None,
    json: Json = False,
) -> None:
    """Tell the journal again and see that it comes out alike; or let its calls, or a table's, meet other rules."""
    site = site_of(context)
    now = time.time()
    span = (moment(since, now) if since else None, moment(until, now) if until else None)
    queue_of = instead_of(instead or [])
    if columns and calls is None:
        raise Failure(Exit.USAGE, "--columns says what the columns of a table are: --calls names it")
    if calls is not None:
        _table(site, calls, columns or TABLE, config, queue_of, seed, top, csv_file, json=json)
    elif config is not None:
        _other(site, span, config, queue_of, seed, top, csv_file, json=json)
    else:
        found = asyncio.run(_exactly(site, span))
        tell_exactly(found, json=json)
        if found.difference is not None:
            raise typer.Exit(Exit.PROBLEMS)


# -- exactly -----------------------------------------------------------------------------------------------------------


async def _exactly(site: Site, span: tuple[float | None, float | None]) -> "Replay":
    from callcenter.jobs.replaying import replay as told_again
    from callcenter.model.ids import UNVERSIONED
    from callcenter.postgres.configurations import Configurations
    from callcenter.postgres.reader import JournalReader
    from callcenter.postgres.snapshots import Snapshots
    from callcenter.versions.library import VersionLibrary

    async with site.database() as pool:
        reader, shelf = JournalReader(pool), VersionLibrary(Configurations(pool), otherwise=site.configuration)
        configuration = await shelf.need(UNVERSIONED)
        first, last = await reader.between(*span)
        if not first:
            raise Failure(Exit.NOT_FOUND, "the journal has no entry of that time")
        return await told_again(
            configuration, reader, Snapshots(pool), shelf, first=first, last=last, progress=_entries_told()
        )


def _entries_told() -> Any:
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        print(f"{done} of {total} entries", end="\r" if done < total else "\n", file=sys.stderr)  # noqa: T201

    return tell


# -- through another configuration -------------------------------------------------------------------------------------


def _other(
    site: Site,
    span: tuple[float | None, float | None],
    folder: Path,
    queue_of: Mapping[str, str],
    seed: int,
    top: int,
    csv_file: Path | None,
    *,
    json: bool,
) -> None:
    from callcenter.config.folder import load_configuration
    from callcenter.sim.replay.comparison import call_differences, of_record, of_rerun
    from callcenter.sim.replay.rerun import rerun
    from callcenter.sim.replay.unseen import Unseen

    other = load_configuration(folder)
    recorded, live = asyncio.run(traffic(site, *span))
    if not recorded.calls:
        raise Failure(Exit.NOT_FOUND, "no call of that time came into a queue")
    began = time.perf_counter()
    unseen = Unseen(recorded.calls, seed)
    before = rerun(recorded, live, unseen=unseen)
    after = rerun(recorded, other, unseen=unseen, queue_of=queue_of)
    took_s = time.perf_counter() - began
    found = call_differences(before, after)
    runs = {"recorded": of_record(recorded, live), "as it was": of_rerun(before), "other": of_rerun(after)}
    if csv_file is not None:
        write_csv(csv_file, found)
    remarks = [*_unwalked(live, other), *_homeless(after), *_unserved(recorded, after, queue_of)]
    tell_runs(recorded, runs, found, remarks, took_s, top, json=json)
    _need_a_home(recorded, after)


def _homeless(run: "Rerun") -> list[str]:
    return [f"{many} calls of {name} have no queue there: --map {name}=OTHER" for name, many in run.homeless.items()]


def _unserved(recorded: "Recorded", run: "Rerun", queue_of: Mapping[str, str]) -> list[str]:
    """Queues to which calls went and whose needs nobody meets who was at work then."""
    went = Counter(queue_of.get(call.queue, call.queue) for call in recorded.calls)
    alone = [name for name in sorted(went) if name in run.serving and not run.serving[name]]
    skills = ", ".join(sorted({skill for agent in recorded.agents for skill in agent.skills})) or "none"
    return [
        f"{went[name]} calls of {name} can be taken by nobody: it needs `{run.needs_of(name)}`, and of those who were "
        f"at work nobody has that (their skills: {skills})"
        for name in alone
    ]


def _unwalked(live: "Configuration", other: "Configuration") -> list[str]:
    """That other flows are not walked, if there are any."""
    names = sorted({*live.flows, *other.flows})
    apart = [name for name in names if live.flows.get(name) != other.flows.get(name)]
    if not apart and live.numbers == other.numbers:
        return []
    what = f"the flows {', '.join(apart)}" if apart else "the numbers"
    return [f"NOT WALKED: {what} differ. Calls are put into the queues that they came into then"]


def _need_a_home(recorded: "Recorded", run: "Rerun") -> None:
    """Exit with PROBLEMS if no call at all went through the other configuration: nothing was compared."""
    if sum(run.homeless.values()) == len(recorded.calls):
        warn("no call has a queue in the other configuration: nothing was compared")
        raise typer.Exit(Exit.PROBLEMS)


async def traffic(site: Site, since: float | None, until: float | None) -> "tuple[Recorded, Configuration]":
    """The calls of a time, and the configuration that is live. Raises Failure if there are none."""
    from callcenter.postgres.configurations import Configurations
    from callcenter.postgres.reader import JournalReader
    from callcenter.postgres.snapshots import Snapshots
    from callcenter.versions.library import VersionLibrary, read_stored
    from callcenter.versions.traffic import recorded_traffic

    async with site.database() as pool:
        store = Configurations(pool)
        stored = await store.latest()
        live = site.configuration() if stored is None else await read_stored(stored, stored.version)
        library = VersionLibrary(store, otherwise=site.configuration)
        found = await recorded_traffic(live, JournalReader(pool), Snapshots(pool), library, since, until)
    if found is None:
        raise Failure(Exit.NOT_FOUND, "the journal has no entry of that time")
    return found, live


# -- a table -----------------------------------------------------------------------------------------------------------


def _table(
    site: Site,
    path: Path,
    columns: str,
    folder: Path | None,
    queue_of: Mapping[str, str],
    seed: int,
    top: int,
    csv_file: Path | None,
    *,
    json: bool,
) -> None:
    from callcenter.config.folder import load_configuration
    from callcenter.sim.replay.comparison import call_differences, of_record, of_rerun, with_record
    from callcenter.sim.replay.rerun import rerun
    from callcenter.sim.replay.table import ColumnsMissing, configuration_of, read_table
    from callcenter.sim.replay.unseen import Unseen

    began = time.perf_counter()
    try:
        with named_by_user(path), path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            table = read_table(lines, _columns(columns))
    except ColumnsMissing as error:
        raise Failure(Exit.USAGE, f"{path}: {error}", remedy="--columns says what its columns mean") from error
    recorded = table.recorded
    if not recorded.calls:
        raise Failure(Exit.PROBLEMS, f"{path} has no call that can be read: {row_words(table)}")
    plain, unseen = configuration_of(recorded), Unseen(recorded.calls, seed)
    before = rerun(recorded, plain, unseen=unseen, tick=_calls_driven(len(recorded.calls)))
    runs = {"recorded": of_record(recorded, plain), "as it was": of_rerun(before)}
    remarks: list[str] = []
    after = before
    if folder is None:
        found = with_record(before)
    else:
        after = rerun(recorded, load_configuration(folder), unseen=unseen, queue_of=queue_of)
        runs["other"] = of_rerun(after)
        found = call_differences(before, after)
        remarks = [*_homeless(after), *_unserved(recorded, after, queue_of)]
    took_s = time.perf_counter() - began
    if csv_file is not None:
        write_csv(csv_file, found)
    remarks = [row_words(table), *remarks]
    tell_runs(recorded, runs, found, remarks, took_s, top, json=json, table=table)
    _need_a_home(recorded, after)


def _columns(said: str) -> "Columns":
    import tomllib

    import msgspec

    from callcenter.config.sheet import did_you_mean
    from callcenter.errors import Problem
    from callcenter.sim.replay.table import KNOWN, Columns, faults_of

    if said in KNOWN:
        return KNOWN[said]
    path = Path(said)
    shown = "docs/configuration.md shows such a file"
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Failure(Exit.USAGE, f"--columns: no file {said}", remedy=f"there are also: {', '.join(KNOWN)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(Exit.CONFIGURATION, f"{said}: {error}", remedy=shown) from error
    keys = Columns.__dataclass_fields__
    strange = [key for key in written if key not in keys]
    problems = [Problem(where=said, what=f"unknown key `{key}`", remedy=did_you_mean(key, keys)) for key in strange]
    try:
        columns = msgspec.convert(written, Columns)
    except msgspec.ValidationError as error:
        problems.append(Problem(where=said, what=str(error), remedy=shown))
    else:
        problems += [Problem(where=f"{said}: {key}", what=what, remedy=shown) for key, what in faults_of(columns)]
        if not problems:
            return columns
    raise Failure(Exit.CONFIGURATION, f"{said} does not say what the columns mean", problems=problems)


def _calls_driven(total: int) -> Callable[[int], None] | None:
    if not sys.stderr.isatty():
        return None

    def tell(done: int) -> None:
        if done % 1000 == 0 or done == total:
            print(f"{done} of {total} calls", end="\r" if done < total else "\n", file=sys.stderr)  # noqa: T201

    return tell


def instead_of(said: Sequence[str]) -> dict[str, str]:
    """Queues that stand for others, as `--map OLD=NEW` names them."""
    found = {}
    for one in said:
        old, sign, new = one.partition("=")
        if not (old and sign and new):
            raise typer.BadParameter(
                f"{one!r}: a queue and the one that stands for it, as sales=support", param_hint="--map"
            )
        found[old.strip()] = new.strip()
    return found
