"""A writer to be killed: appends the calls of a story, and prints each number after it was appended.

Before that it prints `ready N`: what it found appended, by earlier runs of it, when it started.

Usage: python -m tests.postgres.writer_program DSN SPOOL ENTRIES. What it appends as entry N depends on N only, so that
whoever starts it again goes on with the same story. It ends by itself after entry ENTRIES.
"""

import asyncio
import sys
from pathlib import Path

from callcenter.postgres.journal import PostgresJournal
from callcenter.postgres.spool import Spool
from tests.postgres.story import Told, endless_story


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def write(dsn: str, spool_folder: Path, count: int) -> None:
    spool = Spool(spool_folder, segment_max_bytes=20_000)
    async with PostgresJournal(dsn, spool_folder, spool=spool) as journal:
        seq = journal.health().last_seq
        story: list[Told] = endless_story(count)
        say(f"ready {seq}")
        while seq < count:
            seq = journal.append(*story[seq])
            say(str(seq))
            if seq % 7 == 0:
                await asyncio.sleep(0.001)
        await journal.settled(within_s=30.0)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
