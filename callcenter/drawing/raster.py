"""SVG to PNG. Knows pixels and a font; knows nothing of what is drawn.

The font comes with us: a server may have none, and whoever opens a picture should see the letters (Vietnamese ones
too) that were drawn. What a machine has of its own is not looked at, so that one drawing gives one picture everywhere.
"""

import math
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from callcenter.errors import Bug

ZOOM: Final = 2.0  # pixels for each of the drawing's: letters that can be read when it is printed
PIXELS_MAX: Final = 40_000_000  # of a very large drawing fewer
FONT: Final = "Source Sans Pro"
FACES: Final = ("Regular", "It", "Semibold", "Bold")
_SIZE: Final = re.compile(r'<svg[^>]*?\swidth="([\d.]+)"[^>]*?\sheight="([\d.]+)"')


def png(svg: str) -> bytes:
    """The drawing as a PNG file, on white where it has no ground of its own. Raises Bug if it is no drawing of ours."""
    from resvg_py import svg_to_bytes

    size = _SIZE.search(svg)
    if size is None:
        raise Bug("a drawing without a width and a height")
    area = float(size[1]) * float(size[2])
    try:
        drawn = svg_to_bytes(
            svg_string=svg,
            zoom=min(ZOOM, math.sqrt(PIXELS_MAX / area)),
            background="#ffffff",
            skip_system_fonts=True,
            font_files=_faces(),
            font_family=FONT,
            sans_serif_family=FONT,
        )
    except ValueError as error:
        raise Bug(f"a drawing that cannot be made a picture: {error}") from error
    return bytes(drawn)


@cache
def _faces() -> list[str]:
    found = find_spec("font_source_sans_pro")
    if found is None or found.origin is None:
        raise Bug("the font of pictures is not installed with us")
    folder = Path(found.origin).parent / "files"
    return [str(folder / f"SourceSansPro-{face}.ttf") for face in FACES]
