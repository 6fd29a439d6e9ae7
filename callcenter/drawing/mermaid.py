"""A graph as a Mermaid flowchart, for pages that draw it themselves. Knows Mermaid's syntax; places nothing."""

from typing import Final

from callcenter.drawing.graph import Box, Graph, Way

SHAPES: Final = {"queue": ("[(", ")]"), "number": ("([", "])"), "menu": ("{{", "}}"), "hangup": ("((", "))")}


def mermaid(graph: Graph) -> str:
    """The flowchart, top down."""
    ids = {box.id: f"n{at}" for at, box in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    flows = dict.fromkeys(box.flow for box in graph.nodes)
    for number, flow in enumerate(flows):
        boxes = [f"  {ids[box.id]}{_box(box)}" for box in graph.nodes if box.flow == flow]
        lines += (
            [f'  subgraph f{number}["{_quoted(flow)}"]', *(f"  {line}" for line in boxes), "  end"] if flow else boxes
        )
    lines += [f"  {ids[way.source]} {_arrow(way)} {ids[way.target]}" for way in graph.edges]
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    left, right = SHAPES.get(box.kind, ("[", "]"))
    words = "<br>".join(_quoted(line) for line in (box.title, f"({box.kind})", *box.lines))
    return f'{left}"{words}"{right}'


def _arrow(way: Way) -> str:
    return f'-->|"{_quoted(", ".join(way.labels))}"|' if way.labels else "-->"


def _quoted(text: str) -> str:
    """Mermaid reads entities in quotes, and nothing else may end them."""
    signs = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "|": "#124;", "\\": "#92;", "`": "#96;"}
    return "".join(signs.get(sign, sign if sign.isprintable() else " ") for sign in text)
