"""The law of the API: whatever can be asked of the engine can be asked over it, or it is said why not."""

from enum import StrEnum
from typing import get_args

import msgspec
import pytest

from callcenter.core.requests import Request
from callcenter.model.ids import RequestId
from callcenter.model.message import Message
from callcenter.web.api.commands import COMMANDS, ELSEWHERE, Command
from callcenter.web.api.document import document
from callcenter.web.api.routes import ROUTES

NAMES = [command.name for command in COMMANDS]


def test_every_request_has_a_route_or_a_reason() -> None:
    routed = {command.event for command in COMMANDS}
    asked = set(get_args(Request))
    missing = sorted(event.__name__ for event in asked - routed - ELSEWHERE.keys())
    assert missing == [], "add an entry to COMMANDS in web/api/commands.py, or a reason to ELSEWHERE"
    assert routed | ELSEWHERE.keys() <= asked
    assert not routed & ELSEWHERE.keys()


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_a_commands_event_is_made_of_its_path_and_body_alone(command: Command) -> None:
    fields = {one.name: one for one in msgspec.structs.fields(command.event)}
    assert set(command.subjects) <= fields.keys()
    assert set(command.ours) | set(command.fields) <= fields.keys()
    required = {name: _example(one.type) for name, one in fields.items() if one.required}
    body = command.body.model_validate({name: required[name] for name in required.keys() & command.body.model_fields})
    made = command.event_of(RequestId("r-1"), "token:x", dict.fromkeys(command.subjects, "s-1"), body)
    assert isinstance(made, command.event)
    assert isinstance(made, Message)
    said = msgspec.to_builtins(made)
    assert said["request"] == "r-1"
    assert said.get("by", "token:x") == "token:x"
    assert all(said[name] == "s-1" for name in command.subjects)


def _example(kind: object) -> object:
    if kind is bool:
        return True
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind))
    if kind in (int, float):
        return 1
    return "x"


def test_every_route_is_documented_with_its_scope_and_no_name_is_there_twice() -> None:
    paths = document()["paths"]
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))
    assert len({(route.method, route.path) for route in ROUTES}) == len(names)
    for route in ROUTES:
        told = paths[f"/api{route.path}"][route.method.lower()]
        assert told["x-scope"] == f"{route.area}:{route.right}"
        assert told["summary"].endswith(".")
        assert ("Idempotency-Key" in {one["name"] for one in told["parameters"]}) is route.writes
