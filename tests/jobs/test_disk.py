"""Room on the disk: when it is said, when recording ends, and that it does not go on and off."""

from callcenter.jobs.disk import DiskWatch, Level, next_level
from callcenter.model.events import Event, RecordingAllowed


class Disk:
    """A disk that fills, and who watches it."""

    def __init__(self, free_mb: float) -> None:
        self.free_mb = free_mb
        self.broken = False
        self.told: list[bool] = []
        self.watch = DiskWatch(self._free, self._post, warn_below_mb=500, stop_below_mb=100)

    def _free(self) -> float:
        if self.broken:
            raise OSError("stale file handle")
        return self.free_mb

    def _post(self, event: Event) -> None:
        assert isinstance(event, RecordingAllowed)
        self.told.append(event.allowed)

    async def has(self, free_mb: float) -> object:
        self.free_mb = free_mb
        await self.watch.look()
        return self.watch.health()["level"]


def test_levels_come_at_their_thresholds_and_go_with_a_tenth_more() -> None:
    level, seen = Level.PLENTY, []
    for free_mb in (500, 499, 501, 549, 551, 499, 99, 101, 109, 111, 549, 551, 99, 551):
        level = next_level(level, free_mb, 500, 100)
        seen.append(level.value)
    full, low, plenty = "full", "low", "plenty"
    assert seen == [plenty, low, low, low, plenty, low, full, full, full, low, low, plenty, full, plenty]


async def test_the_engine_is_told_when_recording_has_to_end_and_when_it_may_go_on() -> None:
    disk = Disk(1000)
    assert [await disk.has(free_mb) for free_mb in (1000, 400, 90, 95, 105, 200, 600)] == [
        "plenty", "low", "full", "full", "full", "low", "plenty",
    ]  # fmt: skip
    assert disk.told == [True, False, True]


async def test_a_center_that_starts_with_a_full_disk_knows() -> None:
    disk = Disk(50)
    await disk.watch.look()
    assert disk.told == [False]
    assert disk.watch.health() == {"level": "full", "free_mb": 50}


async def test_a_disk_that_does_not_answer_changes_nothing() -> None:
    disk = Disk(50)
    await disk.watch.look()
    disk.broken = True
    await disk.watch.look()
    assert disk.told == [False]
    assert disk.watch.health()["level"] == "full"
