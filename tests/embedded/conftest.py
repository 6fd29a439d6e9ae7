"""Fixtures of the embedded parts' tests."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.embedded.world import Kennel, kill, runs


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A short folder that other accounts can enter, as a checkout usually is; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def kennel(tmp_path: Path) -> AsyncIterator[Kennel]:
    """A small program to supervise; whatever still runs at the end is stopped."""
    made = Kennel(folder=tmp_path)
    yield made
    for supervisor in made.made:
        await supervisor.stop()
    for name in ("ready", "grandchild"):
        noted = tmp_path / name
        if noted.exists() and runs(pid := int(noted.read_text())) and os.getpgid(pid) != os.getpgrp():
            kill(pid)
