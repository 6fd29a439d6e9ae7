"""Boxes and ways into a plane, layer by layer. Pure geometry: knows sizes, no words and no ink.

Theory: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures" (1981), in
four steps: ways that lead back are set aside, each box gets the layer of its longest way from a start, the boxes of a
layer are ordered by the mean place of their neighbours (the ordering with the fewest crossings is kept), and they are
moved towards their neighbours as far as there is room. A way over several layers has a place in each, so that it never
runs through a box; ways that lead back run up beside the picture, and change over between the layers only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

GAP_X: Final = 26.0  # between boxes
GAP_Y: Final = 62.0  # between layers, with room for labels
LANE: Final = 13.0  # between ways that run back
MARGIN: Final = 24.0
SWEEPS: Final = 12
SLOT: Final = 10.0  # width that a way takes in a layer which it crosses
LABEL_GAP: Final = 10.0
SHELF_MIN: Final = 1_400.0  # groups stand side by side until they are so wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of a box without its place."""

    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A way to be laid; `label` is how wide its words are."""

    source: str
    target: str
    label: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A box in its place: `x`, `y` is its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The corners of a way, and the middle of its words."""

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float]
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All of it. `routes` in the order of the links."""

    rects: Mapping[str, Rect]
    routes: tuple[Route, ...]
    width: float
    height: float


@dataclass(slots=True)
class _Item:
    """A box, or the place of a way in a layer that it crosses."""

    name: str
    width: float
    height: float
    layer: int
    x: float = 0.0  # of its middle
    up: list["_Item"] = field(default_factory=list)
    down: list["_Item"] = field(default_factory=list)


def lay_out(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Find a place for everything. Every link's ends must be in `sizes`. What hangs together stands together."""
    rects: dict[str, Rect] = {}
    routes: dict[int, Route] = {}
    parts = [(names, *_part(sizes, links, names)) for names in _together(sizes, links)]
    room = max([SHELF_MIN, *(part.width for _, part, _ in parts)])
    x = y = shelf = width = 0.0
    for _, part, numbers in parts:
        if x and x + part.width > room:
            x, y, shelf = 0.0, y + shelf, 0.0
        for name, rect in part.rects.items():
            rects[name] = Rect(x=rect.x + x, y=rect.y + y, width=rect.width, height=rect.height)
        for at, route in zip(numbers, part.routes, strict=True):
            points = tuple((to_x + x, to_y + y) for to_x, to_y in route.points)
            routes[at] = Route(points=points, label=(route.label[0] + x, route.label[1] + y), back=route.back)
        x += part.width
        shelf, width = max(shelf, part.height), max(width, x)
    return Layout(rects=rects, routes=tuple(routes[at] for at in range(len(links))), width=width, height=y + shelf)


def _together(sizes: Mapping[str, Size], links: Sequence[Link]) -> list[list[str]]:
    """Boxes that hang together, the largest groups first, else in order."""
    group = {name: name for name in sizes}

    def head(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for link in links:
        group[head(link.target)] = head(link.source)
    found: dict[str, list[str]] = {}
    for name in sizes:
        found.setdefault(head(name), []).append(name)
    return sorted(found.values(), key=lambda names: -len(names))


def _part(sizes: Mapping[str, Size], links: Sequence[Link], names: Sequence[str]) -> tuple[Layout, list[int]]:
    """The layout of one group, and the numbers of the links in it."""
    inside = set(names)
    numbers = [at for at, link in enumerate(links) if link.source in inside]
    return _lay_group({name: sizes[name] for name in names}, [links[at] for at in numbers]), numbers


def _lay_group(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    back = _leading_back(sizes, links)
    layers = _layers(sizes, [link for at, link in enumerate(links) if at not in back])
    wide = _widened(sizes, links)
    items = {name: _Item(name, wide[name], sizes[name].height, layers[name]) for name in sizes}
    rows: list[list[_Item]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name in sizes:
        rows[layers[name]].append(items[name])
    chains = {at: _chain(items, rows, link, at) for at, link in enumerate(links) if at not in back}
    _order(rows)
    _spread(rows)
    return _drawn(items, rows, links, chains)


def _leading_back(sizes: Mapping[str, Size], links: Sequence[Link]) -> set[int]:
    """The links that close a circle, found by walking from the boxes that nothing leads to, in order."""
    out: dict[str, list[int]] = {name: [] for name in sizes}
    for at, link in enumerate(links):
        out[link.source].append(at)
    led_to = {link.target for link in links if link.source != link.target}
    back: set[int] = set()
    done: set[str] = set()
    for start in [*(name for name in sizes if name not in led_to), *sizes]:
        if start in done:
            continue
        way, open_ = [(start, iter(out[start]))], {start}
        while way:
            name, rest = way[-1]
            at = next(rest, -1)
            if at < 0:
                way.pop()
                open_.discard(name)
                done.add(name)
            elif links[at].target in open_:
                back.add(at)
            elif links[at].target not in done:
                target = links[at].target
                way.append((target, iter(out[target])))
                open_.add(target)
    return back


def _layers(sizes: Mapping[str, Size], links: Iterable[Link]) -> dict[str, int]:
    """The longest way from a start."""
    listed = list(links)
    layer = dict.fromkeys(sizes, 0)
    for _ in sizes:
        moved = False
        for link in listed:
            if layer[link.target] <= layer[link.source]:
                layer[link.target] = layer[link.source] + 1
                moved = True
        if not moved:
            break
    return layer


def _widened(sizes: Mapping[str, Size], links: Sequence[Link]) -> dict[str, float]:
    """A box is as wide as the words of all ways that leave it, so that these stand side by side."""
    wide = {name: size.width for name, size in sizes.items()}
    for name in sizes:
        words = [link.label for link in links if link.source == name]
        wide[name] = max(wide[name], sum(words) + LABEL_GAP * (len(words) + 1))
    return wide


def _chain(items: Mapping[str, _Item], rows: list[list[_Item]], link: Link, at: int) -> list[_Item]:
    """A link as steps from layer to layer."""
    chain = [items[link.source]]
    for layer in range(items[link.source].layer + 1, items[link.target].layer):
        step = _Item(f"{link.source}\0{at}\0{layer}", SLOT, 0.0, layer)
        rows[layer].append(step)
        chain.append(step)
    chain.append(items[link.target])
    for above, below in pairwise(chain):
        above.down.append(below)
        below.up.append(above)
    return chain


def _order(rows: list[list[_Item]]) -> None:
    """Order every layer by the mean place of its neighbours, down and up in turn; the best ordering seen is kept."""
    best, kept = _crossings(rows), [list(row) for row in rows]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows[1:] if down else reversed(rows[:-1]):
            place = {id(item): at for at, item in enumerate(rows[row[0].layer + (-1 if down else 1)])}
            old = {id(item): at for at, item in enumerate(row)}
            row.sort(
                key=lambda item: _mean([place[id(one)] for one in (item.up if down else item.down)], old[id(item)])
            )
        now = _crossings(rows)
        if now < best:
            best, kept = now, [list(row) for row in rows]
    rows[:] = kept


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(rows: list[list[_Item]]) -> int:
    count = 0
    for above, below in pairwise(rows):
        place = {id(item): at for at, item in enumerate(below)}
        ends = [place[id(to)] for item in above for to in sorted(item.down, key=lambda one: place[id(one)])]
        count += sum(left > right for at, left in enumerate(ends) for right in ends[at + 1 :])
    return count


def _spread(rows: list[list[_Item]]) -> None:
    """Side by side, then towards the neighbours as far as there is room."""
    for row in rows:
        x = 0.0
        for item in row:
            item.x = x + item.width / 2
            x += item.width + GAP_X
    for sweep in range(2 * SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wished = [_mean([one.x for one in (*item.up, *item.down)], item.x) for item in row]
            left, right = _pushed(row, wished), _pushed(row, wished, backwards=True)
            for item, a, b in zip(row, left, right, strict=True):
                item.x = (a + b) / 2
    least = min((item.x - item.width / 2 for row in rows for item in row), default=0.0)
    for row in rows:
        for item in row:
            item.x += MARGIN - least


def _pushed(row: list[_Item], wished: Sequence[float], *, backwards: bool = False) -> list[float]:
    """Places near those wished for, in order and without overlaps, giving way to one side."""
    sign = -1 if backwards else 1
    order = list(zip(row, wished, strict=True))[::sign]
    found: list[float] = []
    for at, (item, wish) in enumerate(order):
        place = wish * sign
        if at:
            before = order[at - 1][0]
            place = max(place, found[-1] + (before.width + item.width) / 2 + GAP_X)
        found.append(place)
    return [place * sign for place in found][::sign]


def _drawn(
    items: Mapping[str, _Item], rows: list[list[_Item]], links: Sequence[Link], chains: Mapping[int, list[_Item]]
) -> Layout:
    heights = [max((item.height for item in row), default=0.0) for row in rows]
    tops = [MARGIN + sum(heights[:at]) + GAP_Y * at for at in range(len(rows))]
    rects = {
        name: Rect(x=item.x - item.width / 2, y=tops[item.layer], width=item.width, height=item.height)
        for name, item in items.items()
    }
    ports = _ports(items, rects, links, chains)
    edges = [max((item.x + item.width / 2 for item in row), default=0.0) for row in rows]
    right = max(edges, default=0.0)
    routes: list[Route] = []
    lanes = 0
    for at, link in enumerate(links):
        start, below = ports[at], rects[link.source].y + rects[link.source].height
        words = (start, below + 14.0)
        if at in chains:
            points = [(start, below)]
            for item in chains[at][1:-1]:
                points += [(item.x, tops[item.layer] - 8.0), (item.x, tops[item.layer] + heights[item.layer] + 8.0)]
            target = rects[link.target]
            points.append((_landing(target, points[-1][0]), target.y))
            routes.append(Route(points=tuple(points), label=words, back=False))
            continue
        lanes += 1
        beside = edges[items[link.target].layer : items[link.source].layer + 1]
        lane, target = max(beside) + GAP_X / 2 + LANE * lanes, rects[link.target]
        right = max(right, lane)
        turn_low = tops[items[link.source].layer] + heights[items[link.source].layer] + GAP_Y - 22.0 - 3.0 * (lanes % 5)
        turn_high = target.y - 8.0 - 3.0 * (lanes % 4)
        landing = target.x + target.width - 12.0
        corners = ((start, below), (start, turn_low), (lane, turn_low), (lane, turn_high), (landing, turn_high))
        routes.append(Route(points=(*corners, (landing, target.y)), label=words, back=True))
    bottom = max((tops[at] + heights[at] for at in range(len(rows))), default=0.0)
    width = right + MARGIN
    return Layout(rects=rects, routes=tuple(routes), width=width, height=bottom + GAP_Y / 2 + MARGIN)


def _landing(target: Rect, from_x: float) -> float:
    """Where a way meets the upper side of a box: as straight below as it can."""
    return min(max(from_x, target.x + 14.0), target.x + target.width - 24.0)


def _ports(
    items: Mapping[str, _Item], rects: Mapping[str, Rect], links: Sequence[Link], chains: Mapping[int, list[_Item]]
) -> dict[int, float]:
    """Where each way leaves its box: in the order in which they lead to the left and right, as wide as their words."""
    ports: dict[int, float] = {}
    for name, rect in rects.items():
        mine = [at for at, link in enumerate(links) if link.source == name]
        mine.sort(key=lambda at: (at not in chains, chains[at][1].x if at in chains else 0.0, at))
        words = sum(links[at].label + LABEL_GAP for at in mine)
        x = rect.x + (rect.width - words) / 2
        for at in mine:
            room = links[at].label + LABEL_GAP
            ports[at] = x + room / 2
            x += room
    return ports
