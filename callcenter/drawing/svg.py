"""A graph as SVG: one file, no scripts, readable on white and on black. Knows ink; the places are `layout`'s."""

import re
import unicodedata
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from callcenter.drawing.graph import Box, Graph, Way
from callcenter.drawing.layout import Layout, Link, Rect, Route, Size, lay_out

TITLE_PX: Final = 14.0
LINE_PX: Final = 11.5
LABEL_PX: Final = 11.0
PAD: Final = 10.0
LINE_HEIGHT: Final = 15.0
BOX_MIN: Final = 96.0
BOLD: Final = 1.15  # a title is so much wider than other words
WIDTHS: Final = {"narrow": 0.36, "wide": 0.92, "full": 1.05, "usual": 0.6}
"""Widths of letters as parts of the font's size: measured on common sans-serif fonts, a little too wide to be safe."""
FAMILIES: Final = {
    "number": "door",
    "queue": "queue",
    "enqueue": "queue",
    "callback": "queue",
    "menu": "ask",
    "collect": "ask",
    "survey": "ask",
    "play": "say",
    "record": "record",
    "voicemail": "record",
    "hours": "decide",
    "check": "decide",
    "lookup": "look",
    "payment": "ask",
    "script": "look",
    "set": "decide",
    "language": "decide",
    "transfer": "leave",
    "outside": "leave",
    "leave": "leave",
    "return": "leave",
    "hangup": "end",
    "subflow": "flow",
    "flow": "flow",
}
COLOURS: Final = {  # family -> border and light ground, then the same on a dark page
    "door": ("#475569", "#e2e8f0", "#94a3b8", "#1e293b"),
    "queue": ("#1d4ed8", "#dbeafe", "#93c5fd", "#172554"),
    "ask": ("#b45309", "#fef3c7", "#fcd34d", "#3f2407"),
    "say": ("#0f766e", "#ccfbf1", "#5eead4", "#0c2e2b"),
    "record": ("#be185d", "#fce7f3", "#f9a8d4", "#42091f"),
    "decide": ("#6d28d9", "#ede9fe", "#c4b5fd", "#2a1355"),
    "look": ("#4d7c0f", "#ecfccb", "#bef264", "#1a2e05"),
    "leave": ("#0e7490", "#cffafe", "#67e8f9", "#0b2a33"),
    "end": ("#b91c1c", "#fee2e2", "#fca5a5", "#3f0a0a"),
    "flow": ("#334155", "#f1f5f9", "#cbd5e1", "#111827"),
    "other": ("#525252", "#f5f5f5", "#a3a3a3", "#1f1f1f"),
}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg(graph: Graph) -> str:
    """The picture as one XML document."""
    layout = lay_out(
        {box.id: _size(box) for box in graph.nodes},
        [Link(source=way.source, target=way.target, label=_label_width(way)) for way in graph.edges],
    )
    parts = [_head(graph, layout)]
    parts += [_way(way, route) for way, route in zip(graph.edges, layout.routes, strict=True)]
    parts += [_box(box, layout.rects[box.id]) for box in graph.nodes]
    parts += [_label(way, route) for way, route in zip(graph.edges, layout.routes, strict=True) if way.labels]
    return "\n".join([*parts, "</svg>", ""])


def text_width(text: str, px: float) -> float:
    """About how wide a text is; never too narrow by much, whatever the font."""
    return sum(WIDTHS[_width_class(sign)] for sign in text) * px


def _width_class(sign: str) -> str:
    if unicodedata.combining(sign):
        return "narrow"
    if unicodedata.east_asian_width(sign) in "WF":
        return "full"
    if sign in "ijl.,:;'|!ftr()[] ":
        return "narrow"
    return "wide" if sign in "mwMW@%…" else "usual"


def _size(box: Box) -> Size:
    widest = max([BOLD * text_width(box.title, TITLE_PX), text_width(_kind(box), LINE_PX)])
    widest = max([widest, *(text_width(line, LINE_PX) for line in box.lines)])
    return Size(width=max(BOX_MIN, widest + 2 * PAD), height=2 * PAD + TITLE_PX + LINE_HEIGHT * (1 + len(box.lines)))


def _kind(box: Box) -> str:
    return f"{box.kind} · {box.flow}" if box.flow else box.kind


def _words(way: Way) -> str:
    return ", ".join(way.labels)


def _label_width(way: Way) -> float:
    return text_width(_words(way), LABEL_PX) + 4.0 if way.labels else 4.0


def _head(graph: Graph, layout: Layout) -> str:
    light = "".join(f".{name} rect{{stroke:{a};fill:{b}}}" for name, (a, b, _, _) in COLOURS.items())
    dark = "".join(f".{name} rect{{stroke:{c};fill:{d}}}" for name, (_, _, c, d) in COLOURS.items())
    style = (
        "svg{background:#ffffff;color:#0f172a;font-family:system-ui,'Segoe UI','Noto Sans',sans-serif}"
        "text{fill:currentColor}rect{stroke-width:1.5}.t{font-weight:600}.k{opacity:.65}"
        ".way{fill:none;stroke:#64748b;stroke-width:1.4}.back{stroke-dasharray:5 3}"
        ".arrow{fill:#64748b}.label{fill:#334155;paint-order:stroke;stroke:#ffffff;stroke-width:4px}"
        f"{light}@media (prefers-color-scheme:dark){{svg{{background:#0b1020;color:#e2e8f0}}"
        f".label{{fill:#cbd5e1;stroke:#0b1020}}.way{{stroke:#94a3b8}}.arrow{{fill:#94a3b8}}{dark}}}"
    )
    w, h = f"{layout.width:.0f}", f"{layout.height:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img">\n'
        f"<title>{_safe(graph.title)}</title>\n<style>{style}</style>\n"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path class="arrow" d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )


def _box(box: Box, rect: Rect) -> str:
    family = FAMILIES.get(box.kind, "other")
    round_ = 18 if family in ("door", "queue") else 6
    x = rect.x + PAD
    lines = [
        f'<g class="{family}" id={_attribute(box.id)}>',
        f'<rect x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" rx="{round_}"/>',
        f'<text class="t" x="{x:.1f}" y="{rect.y + PAD + TITLE_PX - 2:.1f}" font-size="{TITLE_PX}">'
        f"{_safe(box.title)}</text>",
    ]
    for at, line in enumerate((_kind(box), *box.lines)):
        y = rect.y + PAD + TITLE_PX + LINE_HEIGHT * (at + 1) - 3
        kind = ' class="k"' if at == 0 else ""
        lines.append(f'<text{kind} x="{x:.1f}" y="{y:.1f}" font-size="{LINE_PX}">{_safe(line)}</text>')
    return "\n".join([*lines, "</g>"])


def _way(way: Way, route: Route) -> str:
    path = _corners(route) if route.back else _curve(route)
    kind = "way back" if route.back else "way"
    told = _safe(f"{way.source} to {way.target}: {_words(way)}")
    return f'<path class="{kind}" d="{path}" marker-end="url(#arrow)"><title>{told}</title></path>'


def _label(way: Way, route: Route) -> str:
    x, y = route.label
    return (
        f'<text class="label" x="{x:.1f}" y="{y:.1f}" font-size="{LABEL_PX}" text-anchor="middle">'
        f"{_safe(_words(way))}</text>"
    )


def _corners(route: Route) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in route.points)


def _curve(route: Route) -> str:
    """Straight through the layers, bent between them."""
    (x, y), *rest = route.points
    path = f"M{x:.1f},{y:.1f}"
    for to_x, to_y in rest:
        bend = (to_y - y) * 0.55
        path += f" C{x:.1f},{y + bend:.1f} {to_x:.1f},{to_y - bend:.1f} {to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y
    return path


def _safe(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", text))
