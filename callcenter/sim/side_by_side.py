"""Runs on all cores. Knows how a process of a pool must begin; knows no run."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from callcenter import compiled


def pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that decide as this one does, in machine code or in plain Python.

    They are started afresh (spawned): a forked one would inherit the threads that draw the progress.
    """
    return ProcessPoolExecutor(
        max_workers=jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=compiled.follow,
        initargs=(compiled.in_use(),),
    )
