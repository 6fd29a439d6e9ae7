"""Rules of calling people in words. Knows their fields; judges nothing."""

from callcenter.model.calendar import Hours
from callcenter.model.law import KINDS, Rule


def kind_of(rule: Rule) -> str:
    """The name of its kind."""
    return str(KINDS[type(rule)])


def says(rule: Rule) -> str:
    """What a rule asks, in the words of its fields."""
    said: list[str] = []
    for name in rule.__dataclass_fields__:
        value = getattr(rule, name)
        if name == "source" or value is None:
            continue
        said.append(_hours(value) if isinstance(value, Hours) else f"{name} {_plain(value)}")
    return "; ".join(said)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _hours(hours: Hours) -> str:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    by_day = [
        f"{day} {', '.join(_span(one.start_min, one.end_min) for one in hours.spans if one.weekday == at)}"
        for at, day in enumerate(days)
        if any(one.weekday == at for one in hours.spans)
    ]
    off = hours.on_holidays
    holidays = "" if off is None else f"; holidays {', '.join(_span(*one) for one in off) or 'never'}"
    return f"{'; '.join(by_day)}{holidays}"


def _span(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
