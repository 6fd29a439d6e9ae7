"""Answers to commands that may be asked again with the same key. Knows one table; knows no command.

Theory (draft-ietf-httpapi-idempotency-key-header): who does not know whether a command arrived sends it again with the
same key, and gets the answer of the first time. The key is claimed before the command is done, in the database, so that
it holds after a restart too. A claim without an answer is a command whose outcome nobody knows.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from callcenter.postgres.pool import Pool, asking
from callcenter.postgres.queries import sql
from callcenter.postgres.records import time_of

KEPT_S: Final = 86_400.0  # after that a key is as good as new
KEY_CHARS_MAX: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a key was used for. `status` is None while nobody knows what came of it."""

    same: bool  # the request is the one of the first time
    status: int | None
    body: bytes


class Answers:
    """All of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, owner: str, key: str, request: bytes) -> Kept | None:
        """Use the key for this request: None if nobody did yet, else what is kept."""
        digest = hashlib.sha256(request).digest()
        with asking():
            if await self._pool.fetchval(sql("access.claim"), owner, key, digest) is not None:
                return None
            record = await self._pool.fetchrow(sql("access.answer"), owner, key)
        if record is None:  # forgotten, or given back, in between
            return Kept(same=True, status=None, body=b"")
        return Kept(same=record["digest"] == digest, status=record["status"], body=record["body"] or b"")

    async def keep(self, owner: str, key: str, status: int, body: bytes) -> None:
        """The answer, for who asks again."""
        with asking():
            await self._pool.execute(sql("access.keep_answer"), owner, key, status, body)

    async def give_back(self, owner: str, key: str) -> None:
        """Nothing was done: the key may be used again."""
        with asking():
            await self._pool.execute(sql("access.drop_claim"), owner, key)

    async def forget(self, now: float) -> None:
        """Those that are too old."""
        with asking():
            await self._pool.execute(sql("access.forget_answers"), time_of(now - KEPT_S))
