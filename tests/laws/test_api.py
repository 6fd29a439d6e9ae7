"""The law of the API: whatever can be asked of the engine can be asked over it, or it is said why not."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

import msgspec
import pytest
import typer.main
from pydantic import TypeAdapter, ValidationError

from callcenter.cli.app import app
from callcenter.core.requests import Request
from callcenter.model.ids import RequestId
from callcenter.model.message import Message
from callcenter.web.api.commands import COMMANDS, ELSEWHERE, WHOLE_MAX, Command, Whole
from callcenter.web.api.document import document
from callcenter.web.api.routes import ROUTES

NAMES = [command.name for command in COMMANDS]

LIKE_THE_COMMAND_LINE = {
    "status": "center health",
    "calls list": "calls list",
    "calls show": "calls show",
    "calls hangup": "calls hang-up",
    "calls hold": "calls hold",
    "calls resume": "calls hold",
    "calls mute": "calls mute",
    "calls unmute": "calls mute",
    "calls keys": "calls keys",
    "calls dial": "agents dial",
    "calls transfer": "calls transfer",
    "calls consult": "calls consult",
    "calls conference": "calls consult act",
    "calls swap": "calls consult act",
    "calls drop": "calls consult act",
    "calls pay": "calls payment",
    "calls park": "calls park",
    "calls pick-up": "slots pick-up",
    "calls customer": "calls screen",
    "calls dispose": "calls disposition",
    "campaign list": "campaigns list",
    "campaign show": "campaigns show",
    "campaign start": "campaigns start",
    "campaign stop": "campaigns stop",
    "campaign drain": "campaigns stop",
    "campaign report": "campaigns report",
    "campaign preview": "agents lead",
    "leads next": "campaigns next",
    "leads import": "leads import",
    "leads list": "leads lists",
    "leads show": "leads show",
    "leads remove": "leads remove",
    "compliance packs": "compliance packs",
    "compliance check": "compliance check",
    "compliance verify": "compliance verify",
    "compliance report": "compliance report",
    "compliance text": "compliance text",
    "do-not-call list": "do-not-call list",
    "do-not-call add": "do-not-call add",
    "do-not-call remove": "do-not-call remove",
    "do-not-call load": "do-not-call load",
    "do-not-call agree": "do-not-call agree",
    "do-not-call revoke": "do-not-call revoke",
    "customers list": "customers list",
    "customers show": "customers show",
    "customers add": "customers add",
    "customers change": "customers change",
    "customers note": "customers note",
    "customers merge": "customers merge",
    "customers remove": "customers remove",
    "customers import": "customers import",
    "customers export": "customers export",
    "privacy export": "privacy export",
    "privacy erase": "privacy erase",
    "privacy again": "privacy again",
    "agents list": "agents list",
    "agents add": "agents add",
    "agents skills": "agents change",
    "agents rights": "agents change",
    "agents phone": "agents change",
    "agents remove": "agents remove",
    "agents login": "agents status",
    "agents logout": "agents status",
    "agents pause": "agents status",
    "agents ready": "agents status",
    "agents wrap-up": "agents wrap-up",
    "callbacks list": "callbacks list",
    "callbacks schedule": "callbacks create",
    "callbacks cancel": "callbacks cancel",
    "callbacks now": "callbacks now",
    "voicemail list": "messages list",
    "voicemail done": "messages done",
    "voicemail play-path": "messages file",
    "supervise start": "supervision monitor",
    "supervise mode": "supervision mode",
    "supervise take": "supervision take",
    "supervise leave": "supervision leave",
    "supervise list": "supervision list",
    "supervise move": "calls move",
    "supervise priority": "calls priority",
    "supervise pick": "calls pick",
    "supervise broadcast": "supervision broadcast",
    "supervise report": "supervision report",
    "queues list": "queues list",
    "queues show": "queues show",
    "queues drain": "queues drain",
    "flows list": "flows list",
    "apply": "configuration apply",
    "rollback": "configuration rollback",
    "config versions": "configuration versions",
    "config show": "configuration show",
    "recordings list": "recordings list",
    "recordings path": "recordings file",
    "recordings pause": "calls recording",
    "recordings resume": "calls recording",
    "recordings hold": "recordings hold",
    "recordings release": "recordings release",
    "recordings verify": "recordings verify",
    "recordings export": "recordings file",
    "recordings rotate-keys": "recordings rotate-keys",
    "webhooks add": "webhooks add",
    "webhooks list": "webhooks list",
    "webhooks remove": "webhooks remove",
    "webhooks enable": "webhooks enable",
    "webhooks replay": "webhooks replay",
    "webhooks test": "webhooks test",
    "audit": "audit list",
    "report summary": "reports summary",
    "report calls": "calls list",
    "report queues": "reports queues",
    "report callbacks": "reports callbacks",
    "report waits": "reports waits",
    "report dispositions": "reports dispositions",
    "report voicemails": "reports messages",
    "report surveys": "reports surveys",
    "report agents": "reports agents",
}
"""What people do at a terminal -> the route that does it."""

AT_A_TERMINAL_ONLY = {
    "run": "a center that listens runs",
    "demo": "likewise",
    "stop": "who may end it is on its machine",
    "doctor": "looks at the machine",
    "top": "a screen made of what the stream of events tells",
    "tokens add": "no token makes another",
    "tokens list": "likewise",
    "tokens revoke": "likewise",
    "agents account": "no SIP password is ever answered",
    "conf render": "writes files of Asterisk's",
    "conf check": "reads them",
    "db migrate": "the center does it when it starts",
    "flows check": "of files that are being edited",
    "flows test": "likewise",
    "flows draw": "likewise",
    "plan": "likewise",
    "config diff": "likewise",
    "bench": "a measurement of minutes",
    "simulate": "likewise",
    "replay": "likewise",
    "campaign simulate": "likewise",
    "campaign machines": "one campaign's detectors, for who tunes them",
    "explain": "the journal in words: the stream of events has its facts",
    "callbacks show": "the records of a promise that is over",
    "voicemail show": "the records of a message that is over",
}
"""Commands without a route, and why."""


def test_every_request_has_a_route_or_a_reason() -> None:
    routed = {command.event for command in COMMANDS}
    asked = set(get_args(Request))
    missing = sorted(event.__name__ for event in asked - routed - ELSEWHERE.keys())
    assert missing == [], "add an entry to COMMANDS in web/api/commands.py, or a reason to ELSEWHERE"
    assert routed | ELSEWHERE.keys() <= asked
    assert not routed & ELSEWHERE.keys()


def test_what_is_done_at_a_terminal_is_done_over_the_api_or_it_is_said_why_not() -> None:
    named = {route.name for route in ROUTES}
    assert sorted(set(LIKE_THE_COMMAND_LINE.values()) - named) == []
    assert not LIKE_THE_COMMAND_LINE.keys() & AT_A_TERMINAL_ONLY.keys()
    typed = {" ".join(path) for path in _typed(typer.main.get_command(app))}
    assert sorted(typed - LIKE_THE_COMMAND_LINE.keys() - AT_A_TERMINAL_ONLY.keys()) == []
    assert sorted((LIKE_THE_COMMAND_LINE.keys() | AT_A_TERMINAL_ONLY.keys()) - typed) == []


def _typed(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _typed(command, (*path, name))
        else:
            yield (*path, name)


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


def test_no_schema_needs_a_reader_who_knows_tuples() -> None:
    assert "prefixItems" not in json.dumps(document())


def test_whole_numbers_are_told_with_their_bounds_and_may_be_written_as_json_writes_them() -> None:
    reads: TypeAdapter[int] = TypeAdapter(Whole)
    assert reads.json_schema() == {"type": "integer", "minimum": -WHOLE_MAX, "maximum": WHOLE_MAX}
    assert [reads.validate_json(text, strict=True) for text in ("5", "5.0", "-5e0")] == [5, 5, -5]
    for strange in ("5.5", "1e10", '"5"', "true", "1e400"):
        with pytest.raises(ValidationError):
            reads.validate_json(strange, strict=True)


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
