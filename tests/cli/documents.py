"""docs/cli.md as data: the JSON documents it shows, and whether a real one has the same keys."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
_BLOCK = re.compile(r"^```json (?P<of>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ANY_KEY = "*"


@cache
def documentation() -> str:
    """The page."""
    return DOCS.read_text(encoding="utf-8")


@cache
def shown_documents() -> dict[str, Any]:
    """Command (or `error`) -> the document shown for it. A block may be for several, separated by commas."""
    found: dict[str, Any] = {}
    for block in _BLOCK.finditer(documentation()):
        for name in block["of"].split(","):
            found.setdefault(name.strip(), []).append(json.loads(block["text"]))
    return found


def shown_document(name: str) -> list[Any]:
    """The shapes that the documentation gives for a command; a command may have several."""
    found = shown_documents().get(name)
    assert found is not None, f"docs/cli.md shows no JSON for `{name}`"
    return list(found)


def disagreements(shapes: list[Any], real: Any) -> list[str]:
    """Where a real document differs in its keys from all shapes; the differences to the nearest are given."""
    return min((_differences(shape, real, "") for shape in shapes), key=len)


def _differences(shown: Any, real: Any, at: str) -> list[str]:
    if shown is None or real is None:
        return []
    if isinstance(shown, dict) != isinstance(real, dict) or isinstance(shown, list) != isinstance(real, list):
        return [f"{at}: shown as {type(shown).__name__}, is {type(real).__name__}"]
    if isinstance(shown, list):
        return [bad for one in real for bad in _differences(shown[0], one, f"{at}[]")] if shown else []
    if not isinstance(shown, dict):
        return []
    if ANY_KEY in shown:
        return [bad for key, value in real.items() for bad in _differences(shown[ANY_KEY], value, f"{at}.{key}")]
    odd = [f"{at}.{key} is not documented" for key in real.keys() - shown.keys()]
    odd += [f"{at}.{key} is documented and not there" for key in shown.keys() - real.keys()]
    return odd + [
        bad for key in real.keys() & shown.keys() for bad in _differences(shown[key], real[key], f"{at}.{key}")
    ]
