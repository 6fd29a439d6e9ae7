"""A graph as a tree of lines for a terminal. Knows lines and branches; knows no ink.

Every box is told once, with all that follows from it; where a way leads to one that stands elsewhere, its name and an
arrow say so.
"""

from collections.abc import Iterator

from callcenter.drawing.graph import Box, Graph, Way


def tree(graph: Graph) -> str:
    """The picture, one box a line."""
    return "\n".join(_Tree(graph).lines()) + "\n"


class _Tree:
    def __init__(self, graph: Graph) -> None:
        self._boxes = {box.id: box for box in graph.nodes}
        self._out: dict[str, list[Way]] = {box.id: [] for box in graph.nodes}
        for way in graph.edges:
            self._out[way.source].append(way)
        led_to = {way.target for way in graph.edges if way.source != way.target}
        self._starts = [*(box.id for box in graph.nodes if box.id not in led_to), *self._boxes]
        self._told: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Every start, and what follows from it."""
        first = True
        for start in self._starts:
            if start not in self._told:
                if not first:
                    yield ""
                first = False
                self._told.add(start)
                yield _line(self._boxes[start])
                yield from self._below(start, "")

    def _below(self, source: str, margin: str) -> Iterator[str]:
        ways = self._out[source]
        for at, way in enumerate(ways):
            last = at == len(ways) - 1
            labels = ", ".join(way.labels)
            branch = f"{margin}{'└─' if last else '├─'} {labels + ' → ' if labels else ''}"
            target = self._boxes[way.target]
            if way.target in self._told:
                follows = "  ↑ see above" if self._out[way.target] else ""
                yield f"{branch}{_name(target)}{follows}"
                continue
            self._told.add(way.target)
            yield f"{branch}{_line(target)}"
            yield from self._below(way.target, margin + ("   " if last else "│  "))


def _name(box: Box) -> str:
    return box.title if box.flow else f"{box.kind} {box.title}"


def _line(box: Box) -> str:
    if box.kind == "number":
        return f"{box.flow}  ({box.title})"
    about = "; ".join(box.lines)
    kind = f"  [{box.kind}]" if box.flow else ""
    return f"{_name(box)}{kind}{'  ' + about if about else ''}"
