"""One request, from its head to its answer: who asks, what she may, what she said, and that a command is done once.

Knows the order of these and what each failure is called; knows no route's meaning.

Theory of writes: the key (if one is given) is claimed, then the act is in the audit, then it is done, then its outcome
and its answer are kept. So whatever moment the process dies at, what was done is in the audit, and a key whose outcome
nobody knows is never used for a second try by accident.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from callcenter.errors import AtOdds, ConfigurationError, OutcomeUnknown, PeerFault, PeerUnavailable, Unknown
from callcenter.postgres.answers import KEY_CHARS_MAX, Kept
from callcenter.postgres.audit import Act
from callcenter.postgres.tokens import Bearer, digest_of, like_a_token
from callcenter.web.api.deeds import refused
from callcenter.web.api.given import Given
from callcenter.web.api.limits import Lately, Rate
from callcenter.web.api.problems import Refusal, Wrong
from callcenter.web.api.public import encoded
from callcenter.web.api.route import Asked, Parts, Route
from callcenter.web.api.upload import upload

REQUESTS_PER_S: Final = 50.0  # of one token, in the long run
REQUESTS_BURST: Final = 200
STRANGERS_PER_S: Final = 0.2  # tokens of one address that are looked up and are not good
STRANGERS_BURST: Final = 30
BODY_LIMIT_S: Final = 10.0
DO_LIMIT_S: Final = 60.0
TIDY_EVERY_S: Final = 3_600.0  # answers that are too old are forgotten, when somebody comes with a key
SAME_KEY_LIMIT_S: Final = 30.0  # how long the second of two with one key waits for the first
_KEY: Final = re.compile(rf"[!-~]{{1,{KEY_CHARS_MAX}}}")
_VERSION: Final = re.compile(r'"[0-9]{1,9}"|\*')
WRONG_MAX: Final = 50  # mistakes that are told of one body
FINAL: Final = (200, 201, 202, 404, 409, 412, 422)  # answers that would be the same another time

JSON: Final = "application/json"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and a body of JSON."""

    status: int
    body: bytes
    problem: Refusal | None = None
    replayed: bool = False
    given: Given | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How much may be asked: of one token, and of one address without a good one."""

    requests_per_s: float = REQUESTS_PER_S
    requests_burst: int = REQUESTS_BURST
    strangers_per_s: float = STRANGERS_PER_S
    strangers_burst: int = STRANGERS_BURST


class Turn:
    """Answers requests. One for a listener."""

    def __init__(self, parts: Parts, rates: Rates) -> None:
        self._parts = parts
        self._rate = Rate(rates.requests_per_s, rates.requests_burst)
        self._strangers = Rate(rates.strangers_per_s, rates.strangers_burst)
        self._good = Lately()
        self._tidy_at = 0.0
        self._under_way: dict[tuple[str, str], asyncio.Event] = {}

    # -- who -----------------------------------------------------------------------------------------------------------

    async def bearer(self, request: web.Request) -> Bearer:
        """Who asks. Raises Refusal: 401 for nobody we know, 429 for who asks too often.

        What cannot be a token is not looked up, and costs nothing. What could be one is, so often from one address.
        Whose token was good lately is not kept waiting by those who guess, though they may share a proxy's address.
        """
        now, address = asyncio.get_running_loop().time(), request.remote or ""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        found, text = None, text.strip()
        if kind.lower() == "bearer" and like_a_token(text):
            digest = digest_of(text)
            if digest not in self._good and (wait := self._strangers.waits(address, now)):
                raise _too_many(wait)
            found = await self._parts.tokens.bearer(text)
            if found is None:
                self._strangers.take(address, now)
                self._good.forget(digest)
            else:
                self._good.was_here(digest)
        if found is None:
            words = (
                "this token is not known, or good no more" if kind else "a token is needed: Authorization: Bearer ..."
            )
            raise Refusal(401, words, headers={"WWW-Authenticate": 'Bearer realm="callcenter"'})
        if wait := self._rate.take(found.name, now):
            raise _too_many(wait)
        return found

    @staticmethod
    def allow(bearer: Bearer, route: Route) -> None:
        """Raises Refusal if the token is not for that."""
        if not bearer.rights.may(route.area, route.right):
            scope = f"{route.area}:{route.right}"
            raise Refusal(403, f"this needs a token with the scope {scope}", headers={"X-Scope-Needed": scope})

    # -- what ----------------------------------------------------------------------------------------------------------

    async def take(self, route: Route, request: web.Request) -> Answer:
        """Answer one request. Raises Refusal."""
        bearer = await self.bearer(request)
        self.allow(bearer, route)
        key = _key(request) if route.writes else None
        asked = Asked(
            parts=self._parts,
            bearer=bearer,
            subjects=dict(request.match_info),
            query=_query(route, request),
            body=None if route.upload else await _body(route, request),
            instance=request.path,
            if_match=_if_match(request) if route.guarded else "",
        )
        if route.upload:
            async with upload(request, route.upload, self._parts.works.uploads) as (path, digest):
                return await self._written(route, replace(asked, upload=path), key, _identity(request, digest))
        if not route.writes and not route.file:
            return await self._do(route, asked)
        return await self._written(route, asked, key, _identity(request, await request.read()))

    async def _written(self, route: Route, asked: Asked, key: str | None, identity: bytes) -> Answer:
        if key is None:
            return await self._audited(route, asked)
        return await self._once(route, asked, key, identity)

    async def _once(self, route: Route, asked: Asked, key: str, identity: bytes) -> Answer:
        """Do it, unless that key has done it already; of two at once the second waits for the first."""
        owner, answers = asked.bearer.name, self._parts.answers
        if asyncio.get_running_loop().time() >= self._tidy_at:
            self._tidy_at = asyncio.get_running_loop().time() + TIDY_EVERY_S
            await answers.forget(self._parts.now())
        async with asyncio.timeout(SAME_KEY_LIMIT_S):
            while (under_way := self._under_way.get((owner, key))) is not None:
                await under_way.wait()
        done = self._under_way[owner, key] = asyncio.Event()  # before the claim, whose answers may come in any order
        try:
            kept = await answers.claim(owner, key, identity)
            if kept is not None:
                return _again(kept)
            answer = await self._audited(route, asked)
            if answer.status in FINAL:
                await answers.keep(owner, key, answer.status, answer.body)
            elif answer.status != 504:
                await answers.give_back(owner, key)
            return answer
        except PeerUnavailable:  # nothing was begun
            await answers.give_back(owner, key)
            raise
        finally:
            del self._under_way[owner, key]
            done.set()

    async def _audited(self, route: Route, asked: Asked) -> Answer:
        subject = " ".join(asked.subjects.values()) or str(getattr(asked.body, "queue", ""))
        told = " ".join(sorted(asked.body.model_fields_set)) if asked.body is not None else ""
        async with self._parts.audit.act(asked.by, asked.bearer.via, route.name, subject, told) as act:
            answer = await self._do(route, asked)
            _judge(act, answer)
            return answer

    async def _do(self, route: Route, asked: Asked) -> Answer:
        """What the route says, whatever it raises."""
        try:
            async with asyncio.timeout(DO_LIMIT_S):
                value = await route.do(asked)
            if isinstance(value, Given):
                return Answer(status=route.status, body=b"", given=value)
            return Answer(status=route.status, body=encoded(value))
        except Exception as error:  # every failure has a status
            refusal = refusal_of(error)
            if refusal.status == 500:
                log.error("a request could not be answered", route=route.name, exc_info=error)
            return Answer(status=refusal.status, body=refusal.body(asked.instance), problem=refusal)


def refusal_of(error: Exception) -> Refusal:
    """What an exception is to who asked."""
    match error:
        case Refusal():
            return error
        case TimeoutError():
            return Refusal(504, "the call center did not answer in time: it may have been done, or may yet be")
        case OutcomeUnknown():
            return Refusal(504, f"it may or may not have been done: {error}")
        case PeerFault():
            return Refusal(503, str(error), headers={"Retry-After": "5"})
        case Unknown():
            return refused(error, 404)
        case AtOdds():
            return refused(error, 409)
        case ConfigurationError():
            return refused(error, 422)
        case _:
            return Refusal(500, "the log of the call center has the details")


def _judge(act: Act, answer: Answer) -> None:
    if answer.problem is None:
        return
    if answer.status >= 500:
        act.failed(answer.problem.detail)
    else:
        act.refused(answer.problem.detail)


def _again(kept: Kept) -> Answer:
    if not kept.same:
        raise Refusal(409, "this Idempotency-Key was used for another request", kind="key-used-otherwise")
    if kept.status is None:
        words = "nobody knows what came of it: the call center went away. Look, and use another key to do it (again)"
        raise Refusal(409, words, kind="outcome-unknown")
    return Answer(status=kept.status, body=kept.body, replayed=True)


def _too_many(wait_s: float) -> Refusal:
    after = str(max(1, round(wait_s + 0.5)))
    return Refusal(429, f"too many requests: again in {after} s", headers={"Retry-After": after})


# -- what was said -----------------------------------------------------------------------------------------------------


def _key(request: web.Request) -> str | None:
    return _header(request, "Idempotency-Key", _KEY, f"1 to {KEY_CHARS_MAX} visible ASCII characters")


def _if_match(request: web.Request) -> str:
    return _header(request, "If-Match", _VERSION, 'a version, such as "7", or *') or ""


def _header(request: web.Request, name: str, form: re.Pattern[str], words: str) -> str | None:
    text = request.headers.get(name)
    if text is not None and not form.fullmatch(text):
        raise Refusal(422, f"the header {name} cannot be used", errors=[Wrong(detail=words, parameter=name)])
    return text


def _identity(request: web.Request, body: bytes) -> bytes:
    return b"\n".join((request.method.encode(), request.path_qs.encode(), body))


def _query(route: Route, request: web.Request) -> BaseModel | None:
    said: dict[str, str] = {}
    for name, value in request.query.items():
        if name in said or route.query is None:
            what = "is there twice" if name in said else "is not known here"
            raise Refusal(422, f"the parameter {name[:60]} {what}", errors=[Wrong(detail=what, parameter=name[:60])])
        said[name] = value
    if route.query is None:
        return None
    try:
        return route.query.model_validate_strings(said)
    except ValidationError as error:
        wrong = [Wrong(detail=one["msg"], parameter=str(one["loc"][0])[:60]) for one in _mistakes(error)]
        raise Refusal(422, "the query cannot be used", errors=wrong) from None


async def _body(route: Route, request: web.Request) -> BaseModel | None:
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            text = await request.read()
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {BODY_LIMIT_S:g} s") from None
    if route.body is None:
        if text and text.strip() != b"{}":
            raise Refusal(422, "no body is expected here")
        return None
    if text and request.content_type != JSON:
        raise Refusal(415, f"expected {JSON}, not {request.content_type[:60]}")
    try:
        return route.body.model_validate_json(text or b"{}")
    except ValidationError as error:
        mistakes = _mistakes(error)
        if mistakes[0]["type"] == "json_invalid":
            raise Refusal(400, f"the body is not JSON: {mistakes[0]['msg']}") from None
        wrong = [Wrong(detail=one["msg"], pointer=_pointer(one["loc"])) for one in mistakes]
        raise Refusal(422, f"the body cannot be used: {len(wrong)} mistake(s)", errors=wrong) from None


def _mistakes(error: ValidationError) -> Sequence[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)[:WRONG_MAX]


def _pointer(loc: tuple[int | str, ...]) -> str:
    """A place in the body (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:60] for part in loc)
