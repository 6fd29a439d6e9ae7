"""What is wrong, as application/problem+json (RFC 9457). Knows statuses and words; knows no route."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from aiohttp import web

PROBLEM_JSON: Final = "application/problem+json"

KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad-request", "The request cannot be read"),
    401: ("unauthorized", "Who asks is not known"),
    403: ("forbidden", "This token may not do that"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "That cannot be done here"),
    408: ("too-slow", "The request took too long to arrive"),
    409: ("refused", "The call center refuses"),
    412: ("changed-meanwhile", "It is not as you know it any more"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "The body is not JSON"),
    416: ("no-such-range", "The file has no such bytes"),
    421: ("misdirected", "This server is not the one that was asked for"),
    422: ("invalid", "The request does not make sense"),
    429: ("too-many", "Too many requests"),
    500: ("fault", "A fault of the call center's own"),
    503: ("unavailable", "Something that is needed does not answer"),
    504: ("late", "The call center did not answer in time"),
}
"""Status -> (kind, title). The address of a kind is `/api/problems#<kind>`."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in what was sent."""

    detail: str
    pointer: str = ""  # into the body (RFC 6901)
    parameter: str = ""  # of the address, or a header


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every answer that is not a success."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: tuple[Wrong, ...] = ()


class Refusal(Exception):
    """The request is answered with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.kind = kind or KINDS[status][0]

    def body(self, instance: str) -> bytes:
        """As it is sent."""
        problem = Problem(
            type=f"/api/problems#{self.kind}",
            title=KINDS[self.status][1],
            status=self.status,
            detail=self.detail,
            instance=instance,
            errors=self.errors,
        )
        return msgspec.json.encode(problem)


def problem_response(refusal: Refusal, instance: str) -> web.Response:
    """A refusal as it goes out."""
    return web.Response(
        status=refusal.status, body=refusal.body(instance), content_type=PROBLEM_JSON, headers=refusal.headers
    )
