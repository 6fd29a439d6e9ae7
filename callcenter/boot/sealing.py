"""Plugs together what puts recordings away, for the running center and for commands. Knows settings; no call."""

import functools
from collections.abc import Callable, Mapping

from callcenter.boot.center import Chore, RunningCenter
from callcenter.config.settings import Settings
from callcenter.jobs.disk import DiskWatch, free_mb
from callcenter.jobs.sealing import Sealer, SealingJob
from callcenter.model.configuration import Configuration
from callcenter.postgres.pool import Pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.runtime.clock import SystemClock
from callcenter.sealing.keys import key_ring
from callcenter.sealing.store import FolderStore
from callcenter.sealing.workshop import Rules, Workshop

WORK_FOLDER = ".work"


def workshop(settings: Settings) -> Workshop:
    """What is done to files, as the settings say."""
    rules = Rules(codec=settings.recording.format, encrypt=settings.recording.encrypt)
    keys = functools.partial(key_ring, settings.recordings_keys)
    return Workshop(settings.recordings / WORK_FOLDER, FolderStore(settings.recordings_store), rules, keys)


def sealer(settings: Settings, pool: Pool) -> Sealer:
    """Who takes one recording from step to step."""
    return Sealer(SealedFiles(pool), workshop(settings))


def chores(settings: Settings, pool: Pool) -> tuple[Callable[[RunningCenter], Chore], ...]:
    """What a running center does beside its calls."""
    return (
        lambda center: _sealing(settings, pool, lambda: center.configuration),
        lambda center: _disk(settings, center),
    )


def _disk(settings: Settings, center: RunningCenter) -> DiskWatch:
    places = (center.wiring.recordings.conversations, settings.recordings, settings.recordings_store)
    return DiskWatch(
        lambda: free_mb(places),
        center.post,
        warn_below_mb=settings.recording.warn_below_mb,
        stop_below_mb=settings.recording.stop_below_mb,
    )


def _sealing(settings: Settings, pool: Pool, configuration: Callable[[], Configuration]) -> SealingJob:
    def retention() -> Mapping[str | None, float]:
        rules: dict[str | None, float] = {None: settings.recording.keep_days}
        rules |= {q.name: q.keep_recordings_days for q in configuration().queues.values() if q.keep_recordings_days}
        return rules

    return SealingJob(SealedFiles(pool), sealer(settings, pool), retention, SystemClock().now)
