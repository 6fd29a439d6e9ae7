"""The pages describe what there is: every kind of node, every setting, each key and default; their examples work."""

import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from callcenter.config import Settings, load_settings, read_configuration
from callcenter.config.settings_sources import known_keys
from callcenter.config.tree import Table, read_tree
from callcenter.nodes import NODES

PAGE = (Path(__file__).parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^#|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `(?P<key>\w+)` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)

AROUND = {
    "queues.yaml": "sales: {needs: sales}\nsupport: {needs: support}\n",
    "calendars.yaml": "office: {timezone: UTC, open: {daily: 08:00-20:00}}\n",
    "prompts.yaml": "welcome: {en: Welcome., vi: Xin chào.}\n",
    "numbers.yaml": "forward_to: [09XXXXXXXX]\n",
    "lists/vip.txt": "0901234567\n",
    "lookups.yaml": "hosts: [crm.example.com]\n",
    "flows/payment.yaml": (
        "nodes:\n  ask: {kind: menu, prompt: welcome, choices: {1: paid}, no_input: refused}\n"
        "  paid: {kind: return, word: paid}\n  refused: {kind: return, word: refused}\n"
    ),
}


def test_the_page_has_a_section_for_every_kind_and_no_other() -> None:
    assert list(SECTIONS) == list(NODES)


@pytest.mark.parametrize("kind", NODES)
def test_a_section_lists_every_key_with_its_default(kind: str) -> None:
    described = {row["key"]: row["default"].strip() for row in ROW.finditer(SECTIONS[kind])}
    assert described == {field.name: default_of(field) for field in fields(NODES[kind])}  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", NODES)
def test_a_section_has_an_example_that_works(kind: str) -> None:
    example = EXAMPLE.search(SECTIONS[kind])
    assert example is not None
    assert problems_of(example[1], kind) == []


def test_the_flow_at_the_top_of_the_page_works() -> None:
    example = EXAMPLE.search(PAGE)
    assert example is not None
    _, problems = read_configuration({**AROUND, "flows/office.yaml": example[1]})
    assert [str(problem) for problem in problems] == []


def problems_of(node: str, kind: str) -> list[str]:
    """Read one node in a flow in which every other node that it leads to is a hangup."""
    root = read_tree("example", node).root
    assert isinstance(root, Table)
    [name] = root
    text = "nodes:\n" + "".join(f"  {line}\n" for line in node.splitlines())
    found = read_configuration({**AROUND, "flows/example.yaml": text})[1]
    missing = sorted(set(re.findall(r"there is no node `(\w+)`", "\n".join(map(str, found)))))
    text += "".join(f"  {other}: {{kind: hangup}}\n" for other in missing)
    configuration, problems = read_configuration({**AROUND, "flows/example.yaml": text})
    if not problems:
        assert type(configuration.flows["example"].nodes[name]) is NODES[kind]  # type: ignore[index]
    return [str(problem) for problem in problems]


def default_of(field: Field[Any]) -> str:
    default = field.default if field.default_factory is MISSING else None
    match default:
        case _ if default is MISSING:
            return "required"
        case None | "" | ():
            return "–"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


SETTINGS_PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
SETTING = re.compile(r"^\| `(?P<key>[\w.]+)` \| (?P<default>[^|]+) \|[^|]*\|$", re.MULTILINE)


def test_the_page_of_settings_lists_every_key_with_its_default() -> None:
    described = [(row["key"], row["default"].strip()) for row in SETTING.finditer(SETTINGS_PAGE)]
    assert described == [(".".join(key), setting_default(key)) for key in known_keys()]


def test_the_example_on_the_page_of_settings_works(tmp_path: Path) -> None:
    example = re.search(r"^```toml\n(.*?)^```$", SETTINGS_PAGE, flags=re.MULTILINE | re.DOTALL)
    assert example is not None
    (tmp_path / "callcenter.toml").write_text(example[1], encoding="utf-8")
    assert load_settings(tmp_path / "callcenter.toml", {}).sip.port == 5060


def setting_default(key: tuple[str, ...]) -> str:
    value: Any = Settings()
    for part in key:
        value = getattr(value, part)
    match value:
        case None | "" | ():
            return "–"
        case dict():
            return ",".join(f"{name}={one}" for name, one in value.items())
        case tuple():
            return ",".join(value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)
