"""The control socket's client against peers that are not what they should be."""

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from callcenter.cli.client import ControlClient
from callcenter.cli.exits import Exit, Failure

LIMIT_S = 10.0
IMPATIENT_S = 0.2


@pytest.fixture
def place() -> Iterator[Path]:
    """A path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="cc-", dir="/tmp") as folder:
        yield Path(folder) / "c.sock"


def answering(place: Path, answer: Callable[[socket.socket], None]) -> threading.Thread:
    """A peer that takes one connection and does `answer`."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as link:
            answer(link)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def says(text: str) -> Callable[[socket.socket], None]:
    """An answer, word for word."""

    def answer(link: socket.socket) -> None:
        request = b""
        while not request.endswith(b"{}" if request.startswith(b"POST") else b"\r\n\r\n"):
            request += link.recv(65_536)
        link.sendall(text.encode())

    return answer


def body(status: str, text: str) -> str:
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"


def silent(link: socket.socket) -> None:
    """No answer until the other side has given up."""
    while link.recv(65_536):
        pass


def asked(place: Path, answer: Callable[[socket.socket], None], *, change: bool) -> Failure:
    """What comes of a question (or of a change) put to such a peer."""
    thread = answering(place, answer)
    client = ControlClient(place, limit_s=IMPATIENT_S if answer is silent else LIMIT_S)
    with pytest.raises(Failure) as failure:
        client.stop() if change else client.view()
    thread.join()
    return failure.value


@pytest.mark.parametrize(
    ("answer", "change", "exit"),
    [
        (says(""), False, Exit.NOT_RUNNING),
        (says(""), True, Exit.NO_ANSWER),
        (says("SSH-2.0-OpenSSH\r\n"), False, Exit.NOT_RUNNING),
        (says("SSH-2.0-OpenSSH\r\n"), True, Exit.NO_ANSWER),
        (says(body("200 OK", "{}")), False, Exit.PROBLEMS),
        (says(body("200 OK", "nonsense")), False, Exit.PROBLEMS),
        (says(body("404 Not Found", "404: Not Found")), True, Exit.PROBLEMS),
        (says(body("500 Oops", "")), False, Exit.PROBLEMS),
        (says(body("409 Conflict", '{"problem": "no"}')), True, Exit.PROBLEMS),
        (says(body("504 Late", "")), True, Exit.NO_ANSWER),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), True, Exit.NO_ANSWER),
        (silent, True, Exit.NO_ANSWER),
        (silent, False, Exit.NO_ANSWER),
    ],
)
def test_a_peer_that_is_no_call_center(
    place: Path, answer: Callable[[socket.socket], None], change: bool, exit: Exit
) -> None:
    assert asked(place, answer, change=change).exit is exit


def test_another_version_is_told_to_be_that(place: Path) -> None:
    failure = asked(place, says(body("404 Not Found", "")), change=True)
    assert "another version" in failure.remedy


def test_nobody_listens(place: Path) -> None:
    client = ControlClient(place)
    assert not client.runs()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(place))  # as a killed program leaves it
    assert not client.runs()
    assert not ControlClient(place / "below").runs()


def test_what_is_no_socket_and_what_is_too_long(place: Path) -> None:
    place.write_text("")
    assert not ControlClient(place).runs()
    with pytest.raises(Failure) as failure:
        ControlClient(place.parent / ("x" * 200)).view()
    assert failure.value.exit is Exit.CONFIGURATION


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_of_somebody_else(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        place.chmod(0)
        with pytest.raises(Failure, match="another user"):
            ControlClient(place).view()
