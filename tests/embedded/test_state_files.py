"""Ports, secrets and folders that are made at first start and found again."""

import os
import resource
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcenter.embedded.folders import SOCKET_PATH_MAX, private_folder, socket_folder, write_whole
from callcenter.embedded.ports import Kind, PortBook, Range, free, require_free
from callcenter.embedded.secrets import secret
from callcenter.errors import ConfigurationError


def listener(kind: int = socket.SOCK_STREAM) -> socket.socket:
    opened = socket.socket(socket.AF_INET, kind)
    opened.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        opened.listen()
    return opened


def test_a_port_is_picked_once_and_remembered(tmp_path: Path) -> None:
    file = tmp_path / "state/ports.json"
    port = PortBook(file).pick("sip", Kind.BOTH)
    assert 20000 <= port <= 32767
    assert PortBook(file).pick("sip", Kind.BOTH) == port
    assert PortBook(file).pick("http") != port


def test_a_remembered_port_that_was_taken_is_replaced_unless_our_child_has_it(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    with listener() as taken:
        port = taken.getsockname()[1]
        (tmp_path / "ports.json").write_text(f'{{"sip": [{port}, 1]}}')
        book = PortBook(tmp_path / "ports.json")
        assert book.pick("sip", held=True) == port
        assert book.pick("sip") != port


def test_the_preferred_port_is_taken_if_free(tmp_path: Path) -> None:
    with listener() as taken:
        port = taken.getsockname()[1]
        assert PortBook(tmp_path / "a.json").pick("sip", preferred=port) != port
    assert PortBook(tmp_path / "b.json").pick("sip", preferred=port) == port


def test_a_range_starts_even_and_meets_no_other(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    first = book.pick("rtp", Kind.UDP, size=200)
    assert first % 2 == 0
    assert book.pick("sip", preferred=first + 199) != first + 199
    assert PortBook(tmp_path / "ports.json").pick("rtp", Kind.UDP, size=200) == first
    assert PortBook(tmp_path / "ports.json").pick("rtp", Kind.UDP, size=400) != first  # it would not fit any more


def test_what_a_person_has_chosen_is_given_to_nothing_else_though_nobody_listens_there_yet(tmp_path: Path) -> None:
    port = PortBook(tmp_path / "ports.json").pick("websocket")
    chosen = [Range(first=port - 5, size=6)]
    assert PortBook(tmp_path / "b.json", chosen).pick("sip", preferred=port) != port
    picked = PortBook(tmp_path / "ports.json", chosen).pick("websocket", held=True)
    assert not chosen[0].meets(Range(first=picked, size=1))


def test_a_wide_range_is_found_with_few_files_to_open(tmp_path: Path) -> None:
    """Debian lets a person's program open 1,024 files; so many ports are not held while they are looked at."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        assert PortBook(tmp_path / "ports.json").pick("rtp", Kind.UDP, size=1_200, taken_max=120)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_udp_and_tcp_are_looked_at_apart(tmp_path: Path) -> None:
    # below the ephemeral ports, which any other program's connection may have as TCP just now
    port = PortBook(tmp_path / "ports.json").pick("both", Kind.BOTH)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        found = Range(first=port, size=1)
        assert not free(found, Kind.UDP)
        assert not free(found, Kind.BOTH)
        assert free(found, Kind.TCP)


def test_a_chosen_port_in_use_is_refused_with_its_setting() -> None:
    with listener() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"asterisk.ari_port: port {port} is in use"):
            require_free(port, Kind.TCP, "asterisk.ari_port")


@pytest.mark.parametrize("text", ["", "[]", '{"sip": "x"}', '{"sip": [1]}', "\xff"])
def test_a_broken_book_is_an_empty_book(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_bytes(text.encode("latin-1"))
    assert PortBook(tmp_path / "ports.json").pick("sip")


def test_a_forgotten_port_is_picked_anew(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    book.pick("sip")
    book.forget("sip")
    assert "sip" not in (tmp_path / "ports.json").read_text()


def test_a_secret_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    made = secret(tmp_path / "secrets", "ari")
    assert secret(tmp_path / "secrets", "ari") == made
    assert secret(tmp_path / "secrets", "ami").text != made.text
    assert len(made.text) == 32
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets/ari").stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path / "secrets")) == ["ami", "ari"]


def test_a_secret_does_not_print_itself(tmp_path: Path) -> None:
    made = secret(tmp_path / "secrets", "ari")
    assert made.text not in f"{made} {made!r}"


def test_those_who_ask_at_the_same_time_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = {job.result().text for job in [pool.submit(secret, tmp_path / "s", "ari") for _ in range(32)]}
    assert len(texts) == 1


@pytest.mark.parametrize(("text", "mode"), [("short", 0o600), ("long enough to be one" * 2, 0o644)])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str, mode: int) -> None:
    folder = private_folder(tmp_path / "secrets")
    (folder / "ari").write_text(text)
    (folder / "ari").chmod(mode)
    with pytest.raises(ConfigurationError, match="delete it"):
        secret(folder, "ari")


def test_a_private_folder_is_closed_again_and_never_a_link(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder(tmp_path / "open").stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "open")
    with pytest.raises(ConfigurationError, match="not a folder of ours"):
        private_folder(tmp_path / "link")


def test_a_socket_in_a_deep_folder_goes_to_a_short_one(tmp_path: Path) -> None:
    assert socket_folder(tmp_path / "run", "a.ctl") == tmp_path / "run"
    deep = tmp_path / ("d" * 120)
    short = socket_folder(deep, "a.ctl")
    try:
        assert len(str(short / "a.ctl")) <= SOCKET_PATH_MAX
        assert socket_folder(deep, "a.ctl") == short
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(str(short / "a.ctl"))
        (short / "a.ctl").unlink()
    finally:
        short.rmdir()


def test_a_file_is_written_whole_or_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, "one")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "two \udcff")
    assert file.read_text() == "one"
    assert os.listdir(tmp_path) == ["file"]
