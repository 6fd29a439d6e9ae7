"""The real programs: unpacked or the system's own, started, adopted after our sudden end, stopped."""

import asyncio
import dataclasses
import os
import subprocess
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.embedded.asterisk import AsteriskLayout, EmbeddedAsterisk, asterisk_lives, layout_for
from callcenter.embedded.programs import AsteriskRoot, Tool, find_asterisk, find_tool
from callcenter.embedded.supervise import ChildState
from callcenter.errors import PeerUnavailable
from tests.embedded.world import ROOT, Watcher, another_of_us, kill, runs

pytestmark = pytest.mark.live

VAR = ROOT / "var"
NOT_NEEDED = ("chan_iax2", "chan_unistim", "pbx_lua", "pbx_ael", "res_xmpp", "chan_pjsip", "res_config_ldap")

OWNER = """\
import asyncio, pathlib, sys
from tests.embedded.test_live import embedded
async def main():
    asterisk = embedded(pathlib.Path(sys.argv[1]))
    await asterisk.start()
    print("runs", asterisk.status().pid, file=sys.stderr, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def configured(folder: Path, root: AsteriskRoot) -> AsteriskLayout:
    """The smallest configuration that boots: everything on, no channel, nothing that listens."""
    conf = folder / "conf"
    conf.mkdir(exist_ok=True)
    layout = layout_for(root, conf=conf, var=folder / "var")
    lines = [f"{field.name} => {getattr(layout, field.name)}" for field in dataclasses.fields(layout)]
    (conf / "asterisk.conf").write_text("\n".join(["[directories]", *lines, ""]))
    noloads = [f"noload = {name}.so" for name in NOT_NEEDED]
    (conf / "modules.conf").write_text("\n".join(["[modules]", "autoload = yes", *noloads, ""]))
    return layout


def embedded(folder: Path, watcher: Watcher | None = None) -> EmbeddedAsterisk:
    root = find_asterisk(VAR)
    return EmbeddedAsterisk(root, configured(folder, root), var=folder / "var", changed=watcher)


@pytest.fixture
async def asterisk(open_folder: Path) -> AsyncIterator[tuple[EmbeddedAsterisk, Watcher]]:
    watcher = Watcher()
    made = await asyncio.to_thread(embedded, open_folder, watcher)
    yield made, watcher
    await made.stop()


def pid_of(asterisk: EmbeddedAsterisk) -> int:
    pid = asterisk.status().pid
    assert pid is not None
    return pid


async def test_asterisk_boots_answers_and_stops(asterisk: tuple[EmbeddedAsterisk, Watcher]) -> None:
    embedded, _ = asterisk
    await embedded.start()
    pid = pid_of(embedded)
    assert (await embedded.command("core show version")).startswith("Asterisk ")
    assert "ari" in await embedded.command("module show like res_ari.so")
    await embedded.stop()
    assert not runs(pid)
    assert embedded.status().last_exit == 0  # it took the order, no signal was needed
    with pytest.raises(PeerUnavailable):
        await embedded.command("core show version")


async def test_asterisk_killed_is_started_again(asterisk: tuple[EmbeddedAsterisk, Watcher]) -> None:
    embedded, watcher = asterisk
    await embedded.start()
    kill(pid_of(embedded))
    await watcher.until(ChildState.READY, times=2)
    assert "calls processed" in await embedded.command("core show channels")


async def test_asterisk_outlives_our_sudden_end(open_folder: Path, asterisk: tuple[EmbeddedAsterisk, Watcher]) -> None:
    async with another_of_us(OWNER, open_folder) as (words, die):
        pid = int(words[1])
        die()
    embedded, _ = asterisk
    assert asterisk_lives(open_folder / "var")
    await embedded.start()
    assert embedded.status().adopted
    assert pid_of(embedded) == pid
    await embedded.stop()
    assert not runs(pid)
    assert not asterisk_lives(open_folder / "var")


async def test_asterisk_runs_from_a_folder_with_a_long_name(open_folder: Path) -> None:
    deep = open_folder / ("long" * 30)
    deep.mkdir()
    embedded_ = await asyncio.to_thread(embedded, deep)
    root = await asyncio.to_thread(find_asterisk, VAR)
    short = layout_for(root, conf=deep / "conf", var=deep / "var").astrundir
    try:
        await embedded_.start()
        assert not short.is_relative_to(deep)
        assert "calls processed" in await embedded_.command("core show channels")
    finally:
        await embedded_.stop()
        await asyncio.to_thread(subprocess.run, ["rm", "-rf", "--", str(short)], check=True)


def test_its_sounds_speak_english() -> None:
    root = find_asterisk(VAR)
    assert (root.sounds / "en/vm-goodbye.wav").exists() or list((root.sounds / "en").glob("vm-goodbye.*"))


def said(tool: Tool, *args: str) -> str:
    done = subprocess.run(
        tool.argv(args),
        env=tool.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(("voice", "text"), [("en", "Good morning"), ("vi", "Xin chào")])
def test_espeak_writes_speech(tmp_path: Path, voice: str, text: str) -> None:
    said(find_tool("espeak-ng", VAR), "-v", voice, "-w", str(tmp_path / "a.wav"), text)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() / file.getframerate() > 0.3


def test_sipp_and_baresip_run(tmp_path: Path) -> None:
    assert "SIPp v3" in said(find_tool("sipp", VAR), "-v")
    baresip = find_tool("baresip", VAR)
    assert baresip.modules is not None
    modules = ("account", "g711", "ausine", "aufile", "menu", "ctrl_tcp")
    assert [name for name in modules if not (baresip.modules / f"{name}.so").exists()] == []
    (tmp_path / "accounts").write_text("")
    lines = [f"module_path {baresip.modules}", "sip_listen 127.0.0.1:0", "module g711.so", "module_app menu.so"]
    (tmp_path / "config").write_text("\n".join([*lines, ""]))
    assert "baresip is ready" in said(baresip, "-f", str(tmp_path), "-t", "1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_unpacked_root_carries_no_set_id_programs() -> None:
    root = find_asterisk(VAR)
    for folder, _, files in os.walk(root.shared.parents[1]):
        for name in files:
            assert not os.lstat(Path(folder, name)).st_mode & 0o6000 or os.path.islink(Path(folder, name))
