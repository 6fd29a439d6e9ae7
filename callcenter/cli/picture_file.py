"""Pictures that a command writes: SVG or PNG, by the name of the file. Knows files; draws nothing."""

from pathlib import Path
from typing import Final

from callcenter.cli.exits import Exit, Failure, named_by_user

SVG: Final = ".svg"
PNG: Final = ".png"
OTHERS: Final = (".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".pdf", ".eps")
"""What else a picture is called, and we do not write."""


def check_picture(file: Path) -> None:
    """Raises Failure if a picture cannot be written there: better before the minutes that it may take to make one."""
    if file.suffix.lower() not in (SVG, PNG):
        raise Failure(Exit.USAGE, f"{file}: pictures are written as SVG or PNG", remedy=f"{file.stem}{PNG}, say")
    if not file.parent.is_dir():
        raise Failure(Exit.PROBLEMS, f"{file}: there is no such folder")


def write_picture(file: Path, svg: str) -> None:
    """Write a drawing into a file whose name says whether as SVG or as PNG. Raises Failure if that cannot be."""
    with named_by_user(file):
        if file.suffix.lower() == PNG:
            from callcenter.drawing.raster import png

            file.write_bytes(png(svg))
        else:
            file.write_text(svg, encoding="utf-8")
