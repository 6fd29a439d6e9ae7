"""Draws lines and bars as SVG text. Knows shapes, axes and colours; knows no call center.

Hand-made, because what a result needs (a few curves with their intervals) is a page of code, and every library that
draws it is larger than the call center. `drawing.raster` makes a PNG of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 860
PANEL_HEIGHT: Final = 300
LEFT: Final = 64
RIGHT: Final = 190  # room for the names
TOP: Final = 40
BOTTOM: Final = 44
TICKS: Final = 5
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
"""Okabe and Ito's colours, which people who are colour-blind can tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value, and how far its interval reaches up and down (0: no interval)."""

    x: float
    y: float
    half: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named row of points."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One diagram. `bars` stands side by side instead of a line; `marks` are words at the x values."""

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    y_max: float | None = None
    bars: bool = False
    marks: tuple[str, ...] = ()


def svg(title: str, panels: Sequence[Panel]) -> str:
    """The whole picture, one panel below the other."""
    height = TOP + PANEL_HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        _text(LEFT, 24, title, size=16),
    ]
    for number, panel in enumerate(panels):
        parts += _Frame(panel, TOP + number * PANEL_HEIGHT).drawn()
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Frame:
    """One panel's place on the page."""

    def __init__(self, panel: Panel, top: float) -> None:
        self._panel = panel
        self._top, self._bottom = top + 28, top + PANEL_HEIGHT - BOTTOM
        self._right = WIDTH - RIGHT
        points = [point for series in panel.series for point in series.points]
        self._x_max = max((point.x for point in points), default=1.0) or 1.0
        self._x_min = min((point.x for point in points), default=0.0)
        if panel.bars:
            self._x_min, self._x_max = self._x_min - 0.5, self._x_max + 0.5
        highest = max((point.y + point.half for point in points), default=1.0)
        self._y_max = panel.y_max or nice(highest)

    def drawn(self) -> list[str]:
        panel = self._panel
        parts = [_text(LEFT, self._top - 10, panel.title, size=13)]
        parts += self._axes()
        for number, series in enumerate(panel.series):
            colour = COLOURS[number % len(COLOURS)]
            parts += self._bars(series, number, colour) if panel.bars else self._line(series, colour)
            y = self._top + 10 + 18 * number
            parts.append(f'<rect x="{self._right + 14}" y="{y - 9:.1f}" width="12" height="12" fill="{colour}"/>')
            parts.append(_text(self._right + 32, y + 1, series.name))
        return parts

    def _x(self, value: float) -> float:
        return LEFT + (value - self._x_min) / ((self._x_max - self._x_min) or 1.0) * (self._right - LEFT)

    def _y(self, value: float) -> float:
        within = min(max(value, 0.0), self._y_max)
        return self._bottom - within / self._y_max * (self._bottom - self._top)

    def _axes(self) -> list[str]:
        panel = self._panel
        name = _text(-(self._top + self._bottom) / 2, 16, panel.y_title, anchor="middle")
        parts = [
            f'<path d="M{LEFT} {self._top:.1f}V{self._bottom:.1f}H{self._right}" fill="none" stroke="black"/>',
            _text((LEFT + self._right) / 2, self._bottom + 36, panel.x_title, anchor="middle"),
            f'<g transform="rotate(-90)">{name}</g>',
        ]
        for step in range(TICKS + 1):
            value = self._y_max * step / TICKS
            y = self._y(value)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{self._right}" stroke="#ddd"/>')
            parts.append(_text(LEFT - 6, y + 4, f"{value:g}", anchor="end"))
        if panel.marks:
            every = max(math.ceil(len(panel.marks) / 12), 1)
            parts += [
                _text(self._x(at), self._bottom + 16, panel.marks[at], anchor="middle")
                for at in range(0, len(panel.marks), every)
            ]
        else:
            for step in range(TICKS + 1):
                value = self._x_min + (self._x_max - self._x_min) * step / TICKS
                parts.append(_text(self._x(value), self._bottom + 16, f"{value:g}", anchor="middle"))
        return parts

    def _line(self, series: Series, colour: str) -> list[str]:
        way = " ".join(f"{self._x(point.x):.1f},{self._y(point.y):.1f}" for point in series.points)
        parts = [f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>']
        parts += [self._whisker(self._x(p.x), p, colour) for p in series.points if p.half > 0]
        parts += [
            f'<circle cx="{self._x(p.x):.1f}" cy="{self._y(p.y):.1f}" r="2.5" fill="{colour}"/>' for p in series.points
        ]
        return parts

    def _bars(self, series: Series, number: int, colour: str) -> list[str]:
        room = (self._x(1) - self._x(0)) * 0.8
        wide = room / len(self._panel.series)
        parts: list[str] = []
        for point in series.points:
            x = self._x(point.x) - room / 2 + number * wide
            y = self._y(point.y)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{self._bottom - y:.1f}" fill="{colour}"/>'
            )
            if point.half > 0:
                parts.append(self._whisker(x + wide / 2, point, "black"))
        return parts

    def _whisker(self, x: float, point: Point, colour: str) -> str:
        low, high = self._y(point.y - point.half), self._y(point.y + point.half)
        ends = f"M{x - 3:.1f} {low:.1f}h6M{x - 3:.1f} {high:.1f}h6"
        return f'<path d="M{x:.1f} {low:.1f}V{high:.1f}{ends}" stroke="{colour}"/>'


def nice(highest: float) -> float:
    """The end of an axis: 1, 2, 2.5 or 5 times a power of ten that is not below `highest`; 1 for nothing."""
    if highest <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(highest))
    return next(unit * step for step in (1, 2, 2.5, 5, 10) if unit * step >= highest * (1 - 1e-9))


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
