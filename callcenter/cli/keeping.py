"""`callcenter recordings hold|release|verify|export|rotate-keys`: what is kept. Knows words and exit codes only."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from callcenter.cli.asker import asker
from callcenter.cli.exits import Exit, Failure, named_by_user
from callcenter.cli.find import live_contact
from callcenter.cli.screen import Json, emit, say, show_grid
from callcenter.cli.site import Site, site_of
from callcenter.errors import PeerFault
from callcenter.model.ids import RecordingId

if TYPE_CHECKING:
    from callcenter.jobs.keeping import Vault

T = TypeVar("T")

Recording = Annotated[str, typer.Argument(metavar="RECORDING", help="A recording's id: callcenter recordings list.")]
Call = Annotated[str, typer.Argument(metavar="CALL", help="A live call: its id, a part of it, or `last`.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes on record.")]
LOOK = "callcenter recordings list"


def hold(context: typer.Context, recording: Recording, reason: Reason, json: Json = False) -> None:
    """Put a recording under legal hold: nothing removes it until it is released."""
    by, why = asker(), _said(reason)
    if not _asks(site_of(context), lambda vault: vault.hold(RecordingId(recording), by, why)):
        raise Failure(Exit.PROBLEMS, f"{recording} is held already, is unknown, or has been removed", remedy=LOOK)
    _done(json, "held", recording, by)


def release(context: typer.Context, recording: Recording, reason: Reason, json: Json = False) -> None:
    """End the legal hold of a recording: its retention counts again."""
    by, why = asker(), _said(reason)
    if not _asks(site_of(context), lambda vault: vault.release(RecordingId(recording), by, why)):
        raise Failure(Exit.PROBLEMS, f"{recording} is not held", remedy=LOOK)
    _done(json, "released", recording, by)


def pause(context: typer.Context, call: Call, json: Json = False) -> None:
    """Record silence in a live call from now on (card numbers), until `resume` or the queue's longest pause."""
    _pause(site_of(context), call, paused=True, json=json)


def resume(context: typer.Context, call: Call, json: Json = False) -> None:
    """Record what is said again."""
    _pause(site_of(context), call, paused=False, json=json)


def _pause(site: Site, call: str, *, paused: bool, json: bool) -> None:
    contact = live_contact(site.center.view().contacts, call)
    site.center.pause_recording(contact.id, paused=paused)
    if json:
        emit({"done": "paused" if paused else "resumed", "call": contact.id})
    else:
        say(f"the recording of {contact.id} {'is paused' if paused else 'goes on'}")


def verify(
    context: typer.Context,
    deep: Annotated[bool, typer.Option("--deep", help="Open and decode each, and compare its samples too.")] = False,
    json: Json = False,
) -> None:
    """Read every recording that is kept and compare it with its checksum. 1 if one is not as it was."""
    found = _asks(site_of(context), lambda vault: vault.verify(asker(), deep=deep))
    if json:
        emit(
            {
                "well": not found.wrong,
                "looked_at": found.looked_at,
                "underway": found.underway,
                "wrong": [
                    {"recording": one.recording, "file": one.place, "problem": one.problem} for one in found.wrong
                ],
            }
        )
    else:
        show_grid(("recording!", "file", "what is wrong"), ((w.recording, w.place, w.problem) for w in found.wrong))
        say(f"{found.looked_at} files read, {found.underway} not put away yet, {len(found.wrong)} wrong")
    if found.wrong:
        raise typer.Exit(Exit.PROBLEMS)


def export(
    context: typer.Context,
    recording: Recording,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FILE", help="The WAV; else <recording>.wav here.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Write a recording as WAV, decrypted and decoded, wherever and however it is kept. Goes on record."""
    path = into or Path(f"{recording}.wav")
    if path.exists():
        raise Failure(Exit.PROBLEMS, f"{path} is there already", remedy="--into another file")
    with named_by_user(path), _peers():
        into, wanted = path.absolute(), RecordingId(recording)
        if not _asks(site_of(context), lambda vault: vault.export(wanted, into, asker())):
            raise Failure(Exit.NOT_FOUND, f"there is no file of a recording {recording}", remedy=LOOK)
    if json:
        emit({"recording": recording, "file": str(path.absolute())})
    else:
        say(f"{path}")


def rotate_keys(
    context: typer.Context,
    forget: Annotated[bool, typer.Option("--forget", help="Forget older keys that nothing needs any more.")] = False,
    json: Json = False,
) -> None:
    """Make a new key, and put every sealed recording under it. Can be repeated when it was interrupted."""
    with _peers():
        found = _asks(site_of(context), lambda vault: vault.rotate(asker(), forget=forget))
    if json:
        needed = dict(found.needed)
        emit({"key": found.key, "rewrapped": found.rewrapped, "keys": list(found.keys), "needed": needed})
    else:
        say(f"key {found.key} seals from now on; {found.rewrapped} recordings were put under it")
        say(f"keys: {', '.join(found.keys)}")


@contextmanager
def _peers() -> Iterator[None]:
    try:
        yield
    except PeerFault as fault:
        raise Failure(Exit.PROBLEMS, str(fault), remedy="callcenter recordings verify") from fault


def _said(reason: str) -> str:
    if not reason.strip() or not reason.isprintable():
        raise Failure(Exit.USAGE, "a reason is needed, in one line", remedy="--reason TEXT")
    return reason.strip()


def _done(json: bool, what: str, recording: str, by: str) -> None:
    if json:
        emit({"done": what, "recording": recording, "by": by})
    else:
        say(f"{recording} is {what}")


def _asks(site: Site, ask: "Callable[[Vault], Awaitable[T]]") -> T:
    async def asked() -> T:
        from callcenter.boot.works import vault

        async with site.database() as pool:
            return await ask(vault(site.settings, pool))

    return asyncio.run(asked())
