"""A result as diagrams: how soon callers are answered, the day period by period, how busy agents are. Draws nothing."""

from collections.abc import Iterator

from callcenter.sim.traffic.chart import Panel, Point, Series, svg
from callcenter.sim.traffic.figures import CURVE_S, Scope, Subject
from callcenter.sim.traffic.replicate import Result

EVERYBODY = "all"


def picture(result: Result) -> str:
    """The diagrams as one SVG text."""
    title = result.scenario.title or "Simulation"
    return svg(title, [panel for panel in _panels(result) if panel.series])


def _panels(result: Result) -> Iterator[Panel]:
    yield Panel(
        title="Answered within",
        x_title="seconds since coming into the queue",
        y_title="share of calls offered",
        y_max=1.0,
        series=tuple(_curves(result)),
    )
    periods = sorted({s.period for s in result.subjects() if s.scope is Scope.ALL and s.period is not None})
    if periods:
        marks = tuple(clock_of(result, period) for period in periods)
        yield Panel(
            title="Calls by period",
            x_title="time of day",
            y_title="calls per day",
            bars=True,
            marks=marks,
            series=tuple(_by_period(result, periods, ("offered", "abandoned"), per=result.scenario.days)),
        )
        yield Panel(
            title="Service by period",
            x_title="time of day",
            y_title="share",
            y_max=1.0,
            marks=marks,
            series=tuple(_by_period(result, periods, ("service_level", "p_abandon", "occupancy"))),
        )
    groups = [s for s in result.subjects() if s.scope is Scope.GROUP and s.period is None]
    yield Panel(
        title="Occupancy",
        x_title="agents",
        y_title="share",
        y_max=1.0,
        bars=True,
        marks=tuple(subject.name for subject in groups),
        series=(Series(name="occupancy", points=tuple(_points(result, groups, "occupancy"))),),
    )


def clock_of(result: Result, period: int) -> str:
    """When a period begins, as hours and minutes since the day began."""
    minutes = round(period * result.scenario.period_min)
    return f"{minutes // 60}:{minutes % 60:02}"


def _curves(result: Result) -> Iterator[Series]:
    kinds = [s for s in result.subjects() if s.scope is Scope.KIND and s.period is None]
    subjects = [Subject(Scope.ALL), *kinds] if len(kinds) > 1 else kinds
    reach = _reach(result)
    for subject in subjects:
        points = []
        for seconds in CURVE_S:
            found = result.estimate(subject, f"curve_{seconds}")
            if found is not None and seconds <= reach:
                points.append(Point(x=float(seconds), y=found.mean, half=found.half_width or 0.0))
        yield Series(name=subject.name or EVERYBODY, points=tuple(points))


def _reach(result: Result) -> float:
    """As far as anything still happens."""
    last = result.estimate(Subject(Scope.ALL), f"curve_{CURVE_S[-1]}")
    for seconds in CURVE_S[3:]:
        found = result.estimate(Subject(Scope.ALL), f"curve_{seconds}")
        if found is None or last is None or found.mean >= 0.995 * last.mean:
            return float(seconds)
    return float(CURVE_S[-1])


def _by_period(result: Result, periods: list[int], measures: tuple[str, ...], per: int = 1) -> Iterator[Series]:
    for measure in measures:
        points = []
        for at, period in enumerate(periods):
            found = result.estimate(Subject(Scope.ALL, "", period), measure)
            if found is not None:
                points.append(Point(x=float(at), y=found.mean / per, half=(found.half_width or 0.0) / per))
        yield Series(name=measure.replace("_", " "), points=tuple(points))


def _points(result: Result, subjects: list[Subject], measure: str) -> Iterator[Point]:
    for at, subject in enumerate(subjects):
        found = result.estimate(subject, measure)
        if found is not None:
            yield Point(x=float(at), y=found.mean, half=found.half_width or 0.0)
