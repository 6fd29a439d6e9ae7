"""Asks a program outside over HTTP and goes by what it says. Knows the question; who asks it is not decided here.

Theory: the caller hears `prompt` (or nothing) while the question is on its way; the answer ends both. An answer has
three kinds only (found, not found, failed), so that a flow can be drawn and tested without the program that it asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from annotated_types import Interval, MaxLen

from callcenter.model.flow import Assign, DataDip, DipDone, Input, Leave, Prompt, Say, Turn, Visit
from callcenter.nodes.fields import (
    Filled,
    FilledUrl,
    HeaderName,
    JsonPlace,
    NextNode,
    SecretName,
    VariableName,
    Word,
    fill,
    fill_url,
    said,
)

VALUES_MAX: Final = 20
HEADERS_MAX: Final = 10
BODY_KEYS_MAX: Final = 20
LOOKUP_MAX_S: Final = 30.0


class Method(StrEnum):
    """How it is asked. What is sent with `post` may have been taken in though no answer came, and is not sent twice."""

    GET = "get"
    POST = "post"
    PUT = "put"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Ask `url`, keep what `set` names of the answer, and go on by what came of it."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    url: FilledUrl
    found: NextNode
    not_found: NextNode
    failed: NextNode
    set: Annotated[Mapping[VariableName, JsonPlace], MaxLen(VALUES_MAX)] = field(default_factory=dict)
    method: Method = Method.GET
    headers: Annotated[Mapping[HeaderName, Filled], MaxLen(HEADERS_MAX)] = field(default_factory=dict)
    secret_headers: Annotated[Mapping[HeaderName, SecretName], MaxLen(HEADERS_MAX)] = field(default_factory=dict)
    body: Annotated[Mapping[Word, Filled], MaxLen(BODY_KEYS_MAX)] = field(default_factory=dict)
    timeout_s: Annotated[float, Interval(ge=0.2, le=LOOKUP_MAX_S)] = 5.0
    prompt: Prompt | None = None

    def __post_init__(self) -> None:
        if self.body and self.method is Method.GET:
            raise ValueError("body: only post and put send one")

    def exits(self) -> Mapping[str, str]:
        """The three kinds of answer."""
        return {"found": self.found, "not_found": self.not_found, "failed": self.failed}

    def enter(self, visit: Visit) -> Turn:
        """Ask, and say something meanwhile."""
        dip = DataDip(
            method=self.method.value.upper(),
            url=fill_url(self.url, visit),
            timeout_s=self.timeout_s,
            take={str(name): str(place) for name, place in self.set.items()},
            headers={str(name): fill(text, visit) for name, text in self.headers.items()},
            secret_headers={str(name): str(secret) for name, secret in self.secret_headers.items()},
            body={str(name): fill(text, visit) for name, text in self.body.items()},
        )
        say = (Say(prompts=said(self.prompt), interruptible=False),) if self.prompt is not None else ()
        return Turn(actions=(*say, dip), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """The answer; variables for which it holds nothing are empty, whatever they were before."""
        if not isinstance(told, DipDone):
            return Turn(actions=(), memory=visit.memory)
        values = {str(name): told.values.get(name, "") for name in self.set}
        keep = (Assign(values=values),) if values else ()
        return Turn(actions=(*keep, Leave(exit=told.outcome.value)))
