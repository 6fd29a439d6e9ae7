"""Records as mypyc is given them: the same fields, the same defaults, and msgspec reads and writes the same."""

import importlib.util
import pickle
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import msgspec
import pytest

from callcenter import compiled, native
from callcenter.nodes import NODES

RECORDS = '''
import msgspec

class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Where to come back to."""

    node: str

class Record(msgspec.Struct, kw_only=True, gc=False):
    """One of something."""

    id: str
    leg: str | None  # the first
    since: float = 0.0
    load: dict[str, int] = {}
    stack: list[Frame] = []
    last: Frame | None = None
    steps: list[float] = msgspec.field(default_factory=lambda: [0.0] * 2)

    def length(self) -> int:
        return len(self.stack)
'''
RULES = '''
from dataclasses import dataclass, field
from typing import ClassVar

@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Says nothing."""

@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds."""

    silent: ClassVar[bool] = True

    name: str
    levels: dict[str, int] = field(default_factory=lambda: {"sales": 1})
    nothing: Nothing = field(default=Nothing())
    until: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("without a name")
'''
WRITTEN = (
    b'{"id":"r1","leg":null,"since":2.5,"load":{"voice":1},"stack":[{"node":"menu"}],"last":{"node":"q"},'
    b'"steps":[0.5,1.5]}'
)


def loaded(text: str, name: str, folder: Path) -> ModuleType:
    file = folder / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_msgspec_reads_and_writes_both_alike(tmp_path: Path) -> None:
    for text, name in ((RECORDS, "plain_records"), (native.as_native(RECORDS), "native_records")):
        record = loaded(text, name, tmp_path).Record
        read = msgspec.json.decode(WRITTEN, type=record)
        assert msgspec.json.encode(read) == WRITTEN
        fresh = record(id="r1", leg=None)
        assert msgspec.json.decode(b'{"id":"r1","leg":null}', type=record) == fresh
        assert (fresh.since, fresh.load, fresh.stack, fresh.last, fresh.steps) == (0.0, {}, [], None, [0.0, 0.0])
        assert (read.length(), fresh.length()) == (1, 0)
        assert record(id="r2", leg=None).load is not fresh.load


def test_annotations_come_back(tmp_path: Path) -> None:
    bare = "Record.__annotations__ = dict.fromkeys(Record.__annotations__, object)\n"  # what mypyc leaves, or less
    text = native.as_native(RECORDS).replace("setattr(Frame", f"{bare}setattr(Frame")
    record = loaded(text, "bare_records", tmp_path).Record
    assert record.__annotations__["leg"] == "str | None"
    assert msgspec.json.encode(msgspec.json.decode(WRITTEN, type=record)) == WRITTEN


def test_what_is_frozen_can_be_a_key(tmp_path: Path) -> None:
    frame = loaded(native.as_native(RECORDS), "keyed_records", tmp_path).Frame
    assert {frame(node="menu"): 1}[frame(node="menu")] == 1


def test_what_the_engine_is_configured_with_stays_what_it_is(tmp_path: Path) -> None:
    for text, name in ((RULES, "plain_rules"), (native.as_native(RULES), "native_rules")):
        module = loaded(text, name, tmp_path)
        rules = module.Rules(name="a")
        assert (rules.levels, rules.nothing, rules.until) == ({"sales": 1}, module.Nothing(), None)
        assert module.Rules(name="a").levels is not rules.levels
        assert replace(rules, until=2.0) == module.Rules(name="a", until=2.0) != rules
        assert pickle.loads(pickle.dumps(rules)) == rules
        assert get_type_hints(module.Rules)["levels"] == dict[str, int]
        assert [one.name for one in fields(rules)] == ["name", "levels", "nothing", "until"]
        assert module.Rules.silent is rules.silent is True
        assert msgspec.json.decode(msgspec.json.encode(rules), type=module.Rules) == rules
        with pytest.raises(ValueError, match="without a name"):
            module.Rules(name="")


def test_a_record_that_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(ValueError, match="Record: a record that is compiled is kw_only=True"):
        native.as_native("class Record(msgspec.Struct):\n    id: str")


def test_the_engines_records_can_be_compiled() -> None:
    for name in compiled.RECORDS:
        assert name in compiled.MODULES
        text = (compiled.PACKAGE.parent / name.replace(".", "/")).with_suffix(".py").read_text()
        assert "msgspec.Struct" not in native.as_native(text)
        assert "slots=True" not in native.as_native(text)


def test_every_kind_of_node_is_compiled() -> None:
    assert {kind.__module__ for kind in NODES.values()} == set(compiled.NODES)
