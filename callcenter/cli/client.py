"""Talks to the running call center over its control socket. Knows HTTP on a unix socket; knows no command's output.

Nothing but the standard library, so that a command that asks one question answers at once.
"""

import http.client
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from callcenter.cli.asker import asker
from callcenter.cli.exits import Exit, Failure
from callcenter.errors import Problem
from callcenter.model.view import CenterView
from callcenter.web.views import Applied, VersionView

ANSWER_LIMIT_S: Final = 20.0  # the engine's own limit is shorter
APPLY_LIMIT_S: Final = 300.0  # prompts are spoken before a configuration goes live
OK: Final = 200
REFUSED: Final = 409
MISSING: Final = 404
LATE: Final = 504
GONE: Final = (ConnectionError, http.client.HTTPException)

T = TypeVar("T")

_VIEW: Final = msgspec.json.Decoder(CenterView)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, limit_s: float) -> None:
        super().__init__("callcenter", timeout=limit_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class ControlClient:
    """Questions to the call center that listens at `path`. Every fault is a Failure with its exit code."""

    def __init__(self, path: Path, limit_s: float = ANSWER_LIMIT_S) -> None:
        self.path = path
        self._limit_s = limit_s

    def view(self) -> CenterView:
        """A picture of now."""
        status, body = self._get("/v1/view")
        return self._read(status, body, _VIEW)

    def health(self) -> Mapping[str, Any]:
        """Figures about the process and its peers."""
        status, body = self._get("/v1/health")
        return self._read(status, body, msgspec.json.Decoder(dict[str, Any]))

    def runs(self) -> bool:
        """Whether a call center answers here."""
        try:
            self.health()
        except Failure as failure:
            if failure.exit is Exit.NOT_RUNNING:
                return False
            raise
        return True

    def set_status(self, agent: str, status: str, reason: str = "") -> None:
        """Log an agent in or out, pause her, make her ready."""
        self._post(f"/v1/agents/{_part(agent)}/status", {"status": status, "reason": reason, "by": asker()})

    def wrap_up(self, agent: str, extend_s: float) -> None:
        """End a wrap-up (0), or give it so many more seconds."""
        self._post(f"/v1/agents/{_part(agent)}/wrap-up", {"extend_s": extend_s})

    def reload_agents(self) -> None:
        """The directory has changed."""
        self._post("/v1/agents/reload", {})

    def hang_up(self, contact: str) -> None:
        """End a call."""
        self._post(f"/v1/calls/{_part(contact)}/hangup", {"by": asker()})

    def pause_recording(self, contact: str, *, paused: bool) -> None:
        """Have silence recorded in a call, or what is said again."""
        self._post(f"/v1/calls/{_part(contact)}/recording", {"paused": paused, "by": asker()})

    def call_deed(self, contact: str, deed: str, **wish: object) -> None:
        """Do something with a live call: see web.calls."""
        self._post(f"/v1/calls/{_part(contact)}/{deed}", {**wish, "by": asker()})

    def dial(self, wish: Mapping[str, object]) -> None:
        """Have an agent call a customer now: see web.calls.DialWish."""
        self._post("/v1/dial", {**wish, "by": asker()})

    def pick_up(self, slot: str, agent: str) -> None:
        """Ring an agent for the call that is parked there."""
        self._post(f"/v1/slots/{_part(slot)}/pick-up", {"agent": agent, "by": asker()})

    def drain(self, queue: str, *, draining: bool) -> None:
        """Let no new calls into a queue, or let them in again."""
        self._post(f"/v1/queues/{_part(queue)}/drain", {"draining": draining, "by": asker()})

    def schedule_callback(self, wish: Mapping[str, object]) -> None:
        """Have a number called back: see web.control.CallbackWish."""
        self._post("/v1/callbacks", {**wish, "by": asker()})

    def cancel_callback(self, contact: str) -> None:
        """Take a promised callback back."""
        self._post(f"/v1/callbacks/{_part(contact)}/cancel", {"by": asker()})

    def call_back_now(self, contact: str) -> None:
        """Do not wait for its time."""
        self._post(f"/v1/callbacks/{_part(contact)}/now", {"by": asker()})

    def dispose(self, contact: str, wish: Mapping[str, object]) -> None:
        """Record what came of a talk: see web.customers.DispositionWish."""
        self._post(f"/v1/calls/{_part(contact)}/disposition", {**wish, "by": asker()})

    def customer_of(self, contact: str) -> dict[str, Any] | None:
        """What a screen shows of a call; None: the center knows no such call."""
        status, body = self._get(f"/v1/calls/{_part(contact)}/customer")
        return None if status == MISSING else self._read(status, body, msgspec.json.Decoder(dict[str, Any]))

    def reload_customers(self) -> None:
        """Customers may be marked otherwise."""
        self._post("/v1/customers/reload", {})

    def message_done(self, contact: str) -> None:
        """Nothing is left to be done about a message."""
        self._post(f"/v1/messages/{_part(contact)}/done", {"by": asker()})

    def supervise(self, what: str, wish: Mapping[str, object]) -> None:
        """Listen, whisper, move, pick ...: see web.supervision.REQUESTS."""
        self._post(f"/v1/supervision/{_part(what)}", {**wish, "by": asker()})

    def campaign(self, campaign: str, what: str, **wish: object) -> None:
        """Start or stop a campaign: see web.campaigns.REQUESTS."""
        self._post(f"/v1/campaigns/{_part(campaign)}/{_part(what)}", {**wish, "by": asker()})

    def decide_lead(self, agent: str, *, dial: bool) -> None:
        """An agent has read who would be called."""
        self._post("/v1/campaigns/-/decide", {"agent": agent, "dial": dial, "by": asker()})

    def configuration(self) -> VersionView:
        """Which version of the configuration is live."""
        status, body = self._get("/v1/configuration")
        return self._read(status, body, msgspec.json.Decoder(VersionView))

    def apply(self, folder: Path, message: str) -> Applied:
        """Put a folder in force."""
        return self._applied("/v1/configuration/apply", {"folder": str(folder), "message": message})

    def roll_back(self, version: int, message: str) -> Applied:
        """Put an older version in force again; 0 is the one before."""
        return self._applied("/v1/configuration/rollback", {"version": version, "message": message})

    def stop(self) -> None:
        """End the call center."""
        self._post("/v1/stop", {})

    # -- one request ---------------------------------------------------------------------------------------------------

    def _get(self, place: str) -> tuple[int, bytes]:
        return self._ask("GET", place, None)

    def _applied(self, place: str, body: Mapping[str, object]) -> Applied:
        slow = ControlClient(self.path, max(self._limit_s, APPLY_LIMIT_S))
        status, answer = slow._ask("POST", place, msgspec.json.encode({**body, "by": asker()}))
        if status == REFUSED and (problems := _problems(answer)):
            raise Failure(Exit.PROBLEMS, "nothing was changed: what was live goes on", problems=problems)
        self._granted(status, answer)
        return self._read(status, answer, msgspec.json.Decoder(Applied))

    def _post(self, place: str, body: Mapping[str, object]) -> None:
        status, answer = self._ask("POST", place, msgspec.json.encode(body))
        self._granted(status, answer)

    def _granted(self, status: int, answer: bytes) -> None:
        if status == OK:
            return
        problem = _problem(answer)
        if status == REFUSED:
            raise Failure(Exit.PROBLEMS, problem or "refused")
        if status == LATE:
            raise Failure(Exit.NO_ANSWER, problem or "the call center did not answer in time")
        raise self._strange(status, problem)

    def _ask(self, method: str, place: str, body: bytes | None) -> tuple[int, bytes]:
        link = _UnixConnection(self.path, self._limit_s)
        try:
            self._connect(link)
            link.request(method, place, body=body, headers={"Content-Type": "application/json"})
            answer = link.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            raise Failure(Exit.NO_ANSWER, f"the call center did not answer within {self._limit_s:g} s") from None
        except GONE as error:
            if method == "GET":
                raise self._not_running() from error
            raise Failure(Exit.NO_ANSWER, "the call center went away before it answered") from error
        finally:
            link.close()

    def _connect(self, link: _UnixConnection) -> None:
        try:
            link.connect()
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise self._not_running() from None
        except PermissionError:
            raise Failure(
                Exit.PROBLEMS,
                f"you may not speak to the call center: {self.path} belongs to another user",
                remedy="run this as the user that runs the call center",
            ) from None
        except TimeoutError:
            raise
        except OSError as error:  # a path too long for a socket, no socket at all
            raise Failure(Exit.CONFIGURATION, f"{self.path}: {error}", remedy="see web.control_socket") from error

    def _not_running(self) -> Failure:
        return Failure(
            Exit.NOT_RUNNING, f"no call center is running here ({self.path})", remedy="start one with: callcenter run"
        )

    def _read(self, status: int, body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
        if status != OK:
            raise self._strange(status, _problem(body))
        try:
            return decoder.decode(body)
        except msgspec.DecodeError as error:
            raise self._strange(status, str(error)) from error

    def _strange(self, status: int, problem: str) -> Failure:
        return Failure(
            Exit.PROBLEMS,
            f"the running call center answered {status}{f': {problem}' if problem else ''}",
            remedy="it may be another version than this command; restart it",
        )


class _Wrong(msgspec.Struct, frozen=True):
    where: str
    what: str
    remedy: str = ""


class _Answer(msgspec.Struct, frozen=True):
    problem: str = ""
    problems: tuple[_Wrong, ...] = ()


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def _problem(body: bytes) -> str:
    try:
        return _ANSWER.decode(body).problem
    except msgspec.DecodeError:
        return body[:200].decode(errors="replace")


def _problems(body: bytes) -> list[Problem]:
    try:
        found = _ANSWER.decode(body).problems
    except msgspec.DecodeError:
        return []
    return [Problem(where=one.where, what=one.what, remedy=one.remedy) for one in found]


def _part(name: str) -> str:
    """A name as one part of an address, whatever characters it has."""
    return quote(name, safe="")
