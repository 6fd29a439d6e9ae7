"""Ports on loopback: free ones, picked once and remembered.

Knows the state file and the kernel's answer to bind(2). Must not know what listens. A remembered port is kept across
restarts, because children that outlived us still hold theirs and softphones have theirs configured.
"""

import json
import secrets
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from callcenter.embedded.folders import write_whole
from callcenter.errors import ConfigurationError, Problem

LOOPBACK: Final = "127.0.0.1"
FIRST_PORT: Final = 20000
LAST_PORT: Final = 32767
"""Below Linux's ephemeral ports (32768 and up): those are lent to any outgoing connection while we are down."""

TRIES_MAX: Final = 500


class Kind(StrEnum):
    """What a port number counts."""

    TCP = "tcp"
    UDP = "udp"
    BOTH = "tcp+udp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Consecutive ports of one name."""

    first: int
    size: int

    def meets(self, other: "Range") -> bool:
        """Whether they have a port in common."""
        return self.first < other.first + other.size and other.first < self.first + self.size


class PortBook:
    """The ports of one call center, by name. One program at a time has the book: the one that runs the call center.

    `chosen` are those that a person has set: nobody may listen there yet, and still they are given to nothing else.
    """

    def __init__(self, file: Path, chosen: Sequence[Range] = ()) -> None:
        self._file = file
        self._chosen = tuple(chosen)
        self._ranges = _read(file)

    def pick(
        self,
        name: str,
        kind: Kind = Kind.TCP,
        *,
        size: int = 1,
        preferred: int | None = None,
        held: bool = False,
        taken_max: int = 0,
    ) -> int:
        """The first of `size` consecutive ports for `name`: the remembered ones, else `preferred`, else any free ones.

        `held` says that a child of ours lives and has them, so that being in use is right. `taken_max` of the range may
        be in use by others, for a program that passes over them. Ranges start at an even number, as RTP wants. Raises
        ConfigurationError if nothing is free.
        """
        known = self._ranges.get(name)
        if (
            known is not None
            and known.size == size
            and not any(known.meets(other) for other in self._chosen)
            and (held or free(known, kind, taken_max))
        ):
            return known.first
        others = [*self._chosen, *(other for key, other in self._ranges.items() if key != name)]
        for first in _candidates(preferred, size):
            wanted = Range(first=first, size=size)
            if not any(wanted.meets(other) for other in others) and free(wanted, kind, taken_max):
                self._ranges[name] = wanted
                self._write()
                return first
        raise ConfigurationError(
            [Problem(where=f"port {name}", what=f"found no {size} free {kind} ports", remedy="set it yourself")]
        )

    def known(self, name: str) -> int | None:
        """The first port remembered for `name`; None if none is. For who only looks."""
        found = self._ranges.get(name)
        return None if found is None else found.first

    def forget(self, name: str) -> None:
        """Pick anew next time."""
        if self._ranges.pop(name, None) is not None:
            self._write()

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        told = {name: [found.first, found.size] for name, found in sorted(self._ranges.items())}
        write_whole(self._file, json.dumps(told, indent=1) + "\n", mode=0o644)


def free(wanted: Range, kind: Kind, taken_max: int = 0) -> bool:
    """Whether every port of the range, but for `taken_max`, could be bound on loopback just now."""
    types = {
        Kind.TCP: (socket.SOCK_STREAM,),
        Kind.UDP: (socket.SOCK_DGRAM,),
        Kind.BOTH: (socket.SOCK_STREAM, socket.SOCK_DGRAM),
    }[kind]
    for port in range(wanted.first, wanted.first + wanted.size):
        for type_ in types:
            with socket.socket(socket.AF_INET, type_) as probe:  # one at a time: many have 1,024 open files at most
                if type_ is socket.SOCK_STREAM:
                    # Connections that linger in TIME_WAIT are no reason; a listener still is (socket(7)).
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOOPBACK, port))
                except OSError:
                    taken_max -= 1
                    if taken_max < 0:
                        return False
    return True


def require_free(port: int, kind: Kind, where: str) -> None:
    """Raise ConfigurationError, naming the setting `where`, if a port that a person chose is taken."""
    if not free(Range(first=port, size=1), kind):
        raise ConfigurationError(
            [Problem(where=where, what=f"port {port} is in use by another program", remedy="choose another or stop it")]
        )


def _candidates(preferred: int | None, size: int) -> Iterator[int]:
    if preferred is not None:
        yield preferred
    for _ in range(TRIES_MAX):
        first = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT - size + 1)
        yield first - first % 2 if size > 1 else first


def _read(file: Path) -> dict[str, Range]:
    """The remembered ranges; a file that is missing or broken is an empty book, it only costs new numbers."""
    try:
        told = json.loads(file.read_text())
        return {str(name): Range(first=int(first), size=int(size)) for name, (first, size) in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
