"""What the commands print: tables, times, lengths, one JSON document. Knows terminals; knows nothing of call centers.

Names and numbers of callers are whatever a telephone sent, so a text goes to the terminal only through `plain`: no
control character, no change of direction and no markup of ours comes out of it, and a row stays a row.
"""

import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

NOTHING: Final = "-"  # an empty cell
PIPE_WIDTH: Final = 250  # columns, when a program or a file reads us
CELL_MAX: Final = 200  # characters of one cell
FLEXIBLE_MIN: Final = 6  # columns that a cell which may be cut keeps
MARKS_MAX: Final = 2  # accents on one letter; Vietnamese has up to two
GAP: Final = 2

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_BAD_IN_JSON: Final = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
_JOINERS: Final = "\u200c\u200d"  # belong into words of some languages, and change no direction


# -- texts -------------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The text as it may be shown: one line, every character that is not a visible one replaced, accents bounded."""
    shown: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if marks > MARKS_MAX:
            continue
        if sign == "\t" or kind == "Zs":
            shown.append(" ")
        elif (kind[0] == "C" and sign not in _JOINERS) or kind in ("Zl", "Zp"):
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            shown.append(sign)
    return "".join(shown)


def cell(value: object, style: str = "") -> "Text":
    """A value as it stands in a table. Markup in it stays text."""
    from rich.text import Text

    said = NOTHING if value is None or value == "" else plain(str(value))
    return Text(said[:CELL_MAX], style="dim" if said == NOTHING else style, no_wrap=True, end="")


def clock(at: float | None) -> str:
    """A time as the machine's clock on the wall shows it, with its date."""
    return NOTHING if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def length(seconds: float | None) -> str:
    """A length of time: m:ss, from an hour h:mm:ss."""
    if seconds is None:
        return NOTHING
    whole = max(round(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes_rest = divmod(minutes, 60)
    return f"{hours}:{minutes_rest:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def share(part: float | None) -> str:
    """A share as a percentage."""
    return NOTHING if part is None else f"{100 * part:.1f} %"


def stamp(at: float | None) -> str | None:
    """A time for programs: ISO 8601, UTC, milliseconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(value: float | None) -> float | None:
    """A length for programs: seconds, to the millisecond."""
    return None if value is None else round(value, 3)


# -- tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. What is `whole` is never cut, whatever the width of the terminal: somebody will copy it."""

    title: str
    right: bool = False
    whole: bool = False


def columns(*titles: str) -> tuple[Column, ...]:
    """Columns from titles: `!` at the end for what must stay whole, `>` for what stands to the right."""
    return tuple(
        Column(title=title.rstrip("!>"), right=">" in title, whole="!" in title or ">" in title) for title in titles
    )


def grid(heads: Sequence[Column], rows: Iterable[Sequence[object]], *, title: str = "", width: int) -> "Table":
    """A table of one line a row that fits into `width` where it can: cells that are not whole are cut."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [[value if isinstance(value, Text) else cell(value) for value in row] for row in rows]
    widths = _fitted(heads, cells, width)
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP, 0, 0), title=cell(title, "bold") if title else None
    )
    table.title_justify = "left"
    table.show_edge = False
    for head, wide in zip(heads, widths, strict=True):
        table.add_column(head.title, justify="right" if head.right else "left", no_wrap=True, width=wide)
    for row in cells:
        for text, wide in zip(row, widths, strict=True):
            text.truncate(wide, overflow="ellipsis")
        table.add_row(*row)
    return table


def _fitted(heads: Sequence[Column], rows: Sequence[Sequence["Text"]], width: int) -> list[int]:
    """The widths of the columns: as wide as what is in them, the widest that may be cut giving way first."""
    widths = [max([len(head.title), *(row[at].cell_len for row in rows)]) for at, head in enumerate(heads)]
    over = sum(widths) + GAP * len(widths) - width
    while over > 0:
        able = [at for at, head in enumerate(heads) if not head.whole and widths[at] > FLEXIBLE_MIN]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
        over -= 1
    return widths


# -- streams -----------------------------------------------------------------------------------------------------------


def emit(document: object) -> None:
    """Print the one JSON document. Invisible characters are escaped, so that it can be looked at safely."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    print(_BAD_IN_JSON.sub(lambda bad: f"\\u{ord(bad[0]):04x}", text))  # noqa: T201 (standard output is the answer)


def console(width: int | None = None) -> "Console":
    """Where tables go. A reader that is not a terminal gets wide lines, so that nothing is cut."""
    from rich.console import Console

    wide = width if width is not None or sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=wide, markup=False, highlight=False, emoji=False, soft_wrap=False)


def show(*pictures: "RenderableType") -> None:
    """Print tables and texts for a person."""
    out = console()
    for picture in pictures:
        out.print(picture, crop=False, overflow="ignore", no_wrap=True)


def show_grid(
    titles: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    empty: str = "",
    width: int | None = None,
) -> None:
    """Print a table, or `empty` in words if it has no rows. What must stay whole may stand out beyond `width`."""
    listed = list(rows)
    if not listed and empty:
        show(cell(empty))
        return
    room = width or console().width
    table = grid(columns(*titles), listed, title=title, width=room)
    needed = sum((column.width or 0) + GAP for column in table.columns)
    console(max(room, needed)).print(table, crop=False)


def show_pairs(pairs: Mapping[str, object], *, title: str = "") -> None:
    """Print what is known of one thing: a name and a value per line."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, GAP, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    for name, value in pairs.items():
        table.add_row(name, value if isinstance(value, Text) else cell(value))
    if title:
        show(cell(title, "bold"))
    show(table)


def say(text: str = "") -> None:
    """One line for a person, on standard output; an empty one parts what belongs apart."""
    show(cell(text) if text else "")


def warn(text: str) -> None:
    """One line for a person, on standard error."""
    print(plain(text), file=sys.stderr)  # noqa: T201 (standard error is where this belongs)
