"""One seed, one journal: in this process, in another, and under any hash seed."""

import hashlib
import os
import subprocess
import sys

import pytest

from callcenter.sim.run import run

pytestmark = pytest.mark.slow

SEEDS = (1, 2, 3, 5, 8, 13)
PRINT = """
import hashlib, sys
from callcenter.sim.run import run
for seed in map(int, sys.argv[1:]):
    print(hashlib.sha256(b"\\n".join(run(seed).journal)).hexdigest())
"""


def digest(journal: list[bytes]) -> str:
    return hashlib.sha256(b"\n".join(journal)).hexdigest()


def test_a_seed_gives_the_same_journal_twice() -> None:
    for seed in SEEDS:
        assert run(seed).journal == run(seed).journal


def test_different_seeds_give_different_journals() -> None:
    assert len({digest(run(seed).journal) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_a_seed_gives_the_same_journal_under_any_hash_seed(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT, *map(str, SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [digest(run(seed).journal) for seed in SEEDS]
