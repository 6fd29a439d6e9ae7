"""What `callcenter compliance text` finds: the texts of packs that are kept, all, by hash, or those of a receipt."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import stamp
from callcenter.cli.site import Site

if TYPE_CHECKING:
    from callcenter.postgres.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundText:
    """A text, or a receipt's word for one that is not kept (`kept` is None then)."""

    pack: str
    version: str  # as the receipt says, else as the text does
    digest: str
    kept: float | None
    text: str


def text_of(file: Path) -> tuple[str, str]:
    """A pack's name and text, found elsewhere: in an older program, a backup. Raises Failure."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, f"{file} cannot be read: {error}") from error
    if "\0" in text or not _version(text):
        raise Failure(Exit.USAGE, f"{file} is no pack of law", remedy="a file of law_packs, or of law/, as it was")
    return file.name.partition(".")[0], text


async def put_in(site: Site, pack: str, text: str) -> list[FoundText]:
    """Keep it. Raises Failure."""
    from callcenter.postgres.law_texts import keep_text

    async with site.database() as pool:
        digest = await keep_text(pool, pack, text)
    return await found_texts(site, digest, "", 0)


async def found_texts(site: Site, digest: str, campaign: str, seq: int) -> list[FoundText]:
    """Those that are asked for; of one hash exactly one. Raises Failure."""
    async with site.database() as pool:
        found = await (_of_receipt(pool, campaign, seq) if campaign else _kept(pool, digest))
    if not digest:
        return found
    chosen = [one for one in found if one.digest.startswith(digest)]
    where = f"receipt {seq} of {campaign} names" if campaign else "there is"
    if not chosen:
        raise Failure(Exit.NOT_FOUND, f"{where} no text {digest[:64]}", remedy="without DIGEST they are listed")
    if len(chosen) > 1:
        raise Failure(Exit.USAGE, f"{len(chosen)} texts begin with {digest}", remedy="more of its digits")
    if chosen[0].kept is None:
        raise Failure(Exit.NOT_FOUND, f"the text {chosen[0].digest} of {chosen[0].pack} is not kept")
    return chosen


async def _kept(pool: "Pool", digest: str) -> list[FoundText]:
    from callcenter.postgres.law_texts import kept, texts_of

    texts = await texts_of(pool, [one.digest for one in await kept(pool, digest)])
    return [
        FoundText(pack=one.pack, version=_version(one.text), digest=one.digest, kept=one.kept, text=one.text)
        for one in sorted(texts.values(), key=lambda one: (one.pack, one.kept, one.digest))
    ]


async def _of_receipt(pool: "Pool", campaign: str, seq: int) -> list[FoundText]:
    from callcenter.postgres.law_texts import packs_of_receipt, texts_of

    try:
        stamps = await packs_of_receipt(pool, campaign, seq)
    except ValueError as error:
        raise Failure(Exit.PROBLEMS, f"receipt {seq} of {campaign}: {error}") from error
    if stamps is None:
        raise Failure(Exit.NOT_FOUND, f"there is no receipt {seq} of {campaign}")
    if not stamps:
        what = f"receipt {seq} of {campaign} is of an outcome, and names no pack"
        raise Failure(Exit.NOT_FOUND, what, remedy="the receipt of its dial does")
    texts = await texts_of(pool, [stamp.digest for stamp in stamps])
    return [
        FoundText(
            pack=stamp.pack,
            version=stamp.version,
            digest=stamp.digest,
            kept=texts[stamp.digest].kept if stamp.digest in texts else None,
            text=texts[stamp.digest].text if stamp.digest in texts else "",
        )
        for stamp in stamps
    ]


def _version(text: str) -> str:
    """What a pack's text says of itself; "" if it says nothing."""
    line = next((line for line in text.splitlines() if line.startswith("version:")), "")
    return line.removeprefix("version:").split("#")[0].strip().strip("\"'")


def text_document(found: FoundText) -> dict[str, object]:
    """A text for programs."""
    return {
        "pack": found.pack,
        "version": found.version,
        "digest": found.digest,
        "kept_at": stamp(found.kept),
        "text": found.text,
    }
