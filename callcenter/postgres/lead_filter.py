"""A filter of leads as SQL. Fields come from an allow-list, values and names of custom fields are parameters: nothing
that somebody wrote becomes a part of the text."""

from typing import Final, assert_never

from callcenter.model.lead_filter import CUSTOM, All, Any, Compare, Filter, Not

COLUMNS: Final = {
    "priority": "priority",
    "attempts": "attempts",
    "outcome": "outcome",
    "reference": "reference",
    "name": "name",
    "zone": "zone",
    "part": "part",
}
SIGNS: Final = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
NUMBER: Final = r"^-?[0-9]{1,15}([.][0-9]{1,9})?$"
"""What of a text is a number, for Postgres and for Python."""


def as_number(text: str) -> str:
    """A text of SQL as a number; NULL if it is none."""
    return f"(CASE WHEN {text} ~ '{NUMBER}' THEN ({text})::numeric END)"


def compiled(only: Filter, first: int) -> tuple[str, tuple[int | str, ...]]:
    """The condition, and the values of its parameters, the first of which is number `first`."""
    values: list[int | str] = []

    def parameter(value: int | str) -> str:
        values.append(value)
        return f"${first + len(values) - 1}::{'integer' if isinstance(value, int) else 'text'}"

    def text(part: Filter) -> str:
        match part:
            case Compare(field=field, sign=sign, value=value):
                if field.startswith(CUSTOM) and isinstance(value, int):
                    number = as_number(f"custom ->> {parameter(field[len(CUSTOM) :])}")
                    return f"coalesce({number} {SIGNS[sign]} {parameter(value)}, {str(sign == '!=').lower()})"
                if field.startswith(CUSTOM):
                    return (
                        f"coalesce(custom ->> {parameter(field[len(CUSTOM) :])}, '') {SIGNS[sign]} {parameter(value)}"
                    )
                return f"{COLUMNS[field]} {SIGNS[sign]} {parameter(value)}"
            case Not(part=inner):
                return f"NOT ({text(inner)})"
            case All(parts=parts):
                return " AND ".join(f"({text(one)})" for one in parts) or "true"
            case Any(parts=parts):
                return " OR ".join(f"({text(one)})" for one in parts) or "false"
            case _:
                assert_never(part)

    return text(only), tuple(values)
