"""Records as mypyc is given them: the same fields, the same defaults, and msgspec reads and writes the same."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from callcenter import compiled, native

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


def test_annotations_come_back_from_the_text(tmp_path: Path) -> None:
    module = loaded(native.as_native(RECORDS), "bare_records", tmp_path)
    module.Frame.__annotations__ = {"node": type}  # what mypyc leaves
    module.Record.__annotations__ = {"id": str, "leg": type, "since": float, "load": dict, "stack": list, "last": type}
    module.Record.__annotations__["steps"] = list
    native.annotate(module, RECORDS)
    assert module.Record.__annotations__["leg"] == "str | None"
    assert msgspec.json.encode(msgspec.json.decode(WRITTEN, type=module.Record)) == WRITTEN


def test_what_is_frozen_can_be_a_key(tmp_path: Path) -> None:
    frame = loaded(native.as_native(RECORDS), "keyed_records", tmp_path).Frame
    assert {frame(node="menu"): 1}[frame(node="menu")] == 1


def test_a_record_that_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(ValueError, match="Record: a record that is compiled is kw_only=True"):
        native.as_native("class Record(msgspec.Struct):\n    id: str")


def test_the_engines_records_can_be_compiled() -> None:
    for name in compiled.RECORDS:
        assert name in compiled.MODULES
        text = (compiled.PACKAGE.parent / name.replace(".", "/")).with_suffix(".py").read_text()
        assert "msgspec.Struct" not in native.as_native(text)
