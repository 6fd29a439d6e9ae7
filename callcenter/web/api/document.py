"""The API as an OpenAPI 3.1 document, and as a page for people. Made of the routes' own types; knows no request.

aiohttp-pydantic was read and is not used: its document (OAS 3.0) has application/json as the only kind of content, so
it cannot say problem+json, and takes routes from classes of views, where ours come from tables (ARCHITECTURE.md).
"""

import functools
import html
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from pydantic import TypeAdapter

import callcenter
from callcenter.web.api.problems import KINDS, PROBLEM_JSON, Problem
from callcenter.web.api.route import Route
from callcenter.web.api.routes import ROUTES
from callcenter.web.api.upload import UPLOAD_BYTES_MAX

REF: Final = "#/components/schemas/{model}"
READ_PROBLEMS: Final = (401, 403, 421, 422, 429, 500, 503, 504)
BODY_PROBLEMS: Final = (400, 408, 413, 415)
DESCRIPTION: Final = (
    "What programs may ask of this call center. Every write may carry an Idempotency-Key; every problem is "
    "application/problem+json (RFC 9457). `GET /api/events` is a WebSocket: see docs/api.md."
)

Json = dict[str, Any]
Refs = Mapping[tuple[Any, Literal["validation", "serialization"]], Json]


@functools.cache
def document() -> Json:
    """The whole document."""
    refs, schemas = _schemas()
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call center",
            "version": getattr(callcenter, "__version__", "0.1.0"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "callcenter tokens add"},
            },
            "responses": {str(status): _problem(status) for status in sorted(KINDS)},
        },
    }


def _schemas() -> tuple[Refs, Json]:
    """The reference of each type, and all schemas."""
    wanted: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for route in ROUTES:
        if not route.file:
            wanted.append((route.answer, "serialization", TypeAdapter(route.answer)))
        if route.body is not None:
            wanted.append((route.body, "validation", TypeAdapter(route.body)))
        if route.query is not None:
            wanted.append((route.query, "validation", TypeAdapter(route.query)))
    each = {(key, mode): (key, mode, adapter) for key, mode, adapter in wanted}
    refs, definitions = TypeAdapter.json_schemas(each.values(), ref_template=REF)
    schemas: Json = dict(definitions.get("$defs", {}))
    _, problems = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    return refs, {name: _plain(one) for name, one in {**schemas, **problems}.items()}


def _plain(schema: Any) -> Any:
    """The same; but a pair of two of a kind is a list of two: many readers of OpenAPI know no `prefixItems`."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = schema.get("prefixItems", ())
    if kinds and all(one == kinds[0] for one in kinds):
        schema = {key: one for key, one in schema.items() if key != "prefixItems"} | {"items": kinds[0]}
    return {key: _plain(one) for key, one in schema.items()}


def _operation(route: Route, refs: Refs) -> Json:
    problems = list(READ_PROBLEMS)
    if route.subjects or route.query is not None:
        problems.append(404)
    if route.writes:
        problems += [*BODY_PROBLEMS, 404, 409]
    if route.guarded:
        problems.append(412)
    if route.ranges:
        problems.append(416)
    told: Json = {
        "operationId": route.name.replace(" ", "-"),
        "summary": route.words,
        "tags": [route.area.value],
        "x-scope": f"{route.area}:{route.right}",
        "parameters": _parameters(route, refs),
        "responses": {
            **_answers(route, refs),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(set(problems))},
        },
    }
    if route.upload:
        file = {"type": "string", "contentMediaType": route.upload[0], "minLength": 1, "maxLength": UPLOAD_BYTES_MAX}
        told["requestBody"] = {"required": True, "content": {kind: {"schema": file} for kind in route.upload}}
    if route.body is not None:
        schema = refs[route.body, "validation"]
        required = any(field.is_required() for field in route.body.model_fields.values())
        told["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return told


def _answers(route: Route, refs: Refs) -> Json:
    if route.file:
        content = {route.file: {"schema": {"type": "string", "contentMediaType": route.file}}}
        ranges = {"Content-Range": {"schema": {"type": "string"}, "required": True}}
        told: Json = {"200": {"description": "All of it.", "content": content}}
        if not route.ranges:
            return told
        return told | {
            "206": {"description": "The range that was asked for.", "content": content, "headers": ranges},
        }
    content = {"application/json": {"schema": refs[route.answer, "serialization"]}}
    words = "Here it is." if not route.writes else "It has begun." if route.status == 202 else "Done."
    return {str(route.status): {"description": words, "content": content}}


def _parameters(route: Route, refs: Refs) -> list[Json]:
    path: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.subjects
    ]
    if route.query is not None:
        schema = route.query.model_json_schema(ref_template=REF)
        for name, one in schema["properties"].items():
            required = name in schema.get("required", ())
            path.append({"name": name, "in": "query", "required": required, "schema": _without_null(one)})
    if route.writes:
        path.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key and request again give the same answer, and are not done again. "
                "A key is for one request: with another it is 409 (key-used-otherwise), and nothing is done.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )
    if route.ranges:
        path.append(
            {
                "name": "Range",
                "in": "header",
                "required": False,
                "description": "One range of bytes (RFC 9110, 14.2), such as bytes=0-1023; others mean the whole.",
                "schema": {"type": "string"},
            }
        )
    if route.guarded:
        path.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The version that is live, as you know it.",
                "schema": {"type": "string", "pattern": '^("[0-9]{1,9}"|[*])$'},
            }
        )
    return path


def _without_null(schema: Json) -> Json:
    """A parameter is there or not; it is never null."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key not in ("anyOf", "default")}, **options[0]}


def _problem(status: int) -> Json:
    return {
        "description": KINDS[status][1] + ".",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


# -- for people --------------------------------------------------------------------------------------------------------

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "code{background:#eee;padding:0 .2em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;"
    "border-bottom:1px solid #ddd}details{margin:.3em 0}summary{cursor:pointer}"
)


@functools.cache
def page() -> str:
    """The document as one page without a script."""
    areas = sorted({route.area.value for route in ROUTES})
    parts = [f"<h2>{area}</h2>{''.join(_shown(r) for r in ROUTES if r.area == area)}" for area in areas]
    kinds = "".join(
        f'<tr id="{kind}"><td>{status}</td><td><code>{kind}</code></td><td>{html.escape(title)}</td></tr>'
        for status, (kind, title) in KINDS.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>API</title><style>{_STYLE}</style>'
        f"<h1>API of this call center</h1><p>{html.escape(DESCRIPTION)}</p>"
        '<p><a href="openapi.json">openapi.json</a></p>'
        f"{''.join(parts)}<h2>problems</h2><table>{kinds}</table></html>"
    )


def _shown(route: Route) -> str:
    operation = document()["paths"][f"/api{route.path}"][route.method.lower()]
    rows = [
        (one["name"], one["in"], one.get("description", ""), _kind(one["schema"])) for one in operation["parameters"]
    ]
    if route.body is not None:
        schema = route.body.model_json_schema()
        rows += [
            (name, "body", one.get("description", ""), _kind(one)) for name, one in schema.get("properties", {}).items()
        ]
    cells = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    address = f"{route.method} /api{html.escape(route.path)}"
    return (
        f"<details><summary><code>{address}</code> {html.escape(route.words)}</summary>"
        f"<p>scope <code>{route.area}:{route.right}</code></p><table>{cells}</table></details>"
    )


def _kind(schema: Mapping[str, Any]) -> str:
    options: Sequence[Mapping[str, Any]] = schema.get("anyOf", (schema,))
    return " or ".join(
        str(one.get("format") or one.get("type") or str(one.get("$ref", "?")).rsplit("/", 1)[-1]) for one in options
    )
