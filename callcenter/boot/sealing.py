"""Plugs together what puts recordings away beside the calls. Knows settings; no call."""

from collections.abc import Callable, Mapping

from callcenter.boot.center import Chore, RunningCenter
from callcenter.boot.works import sealer
from callcenter.config.settings import Settings
from callcenter.jobs.disk import DiskWatch, free_mb
from callcenter.jobs.sealing import SealingJob
from callcenter.model.configuration import Configuration
from callcenter.postgres.pool import Pool
from callcenter.postgres.sealed import SealedFiles
from callcenter.runtime.clock import SystemClock


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
