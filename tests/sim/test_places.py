"""Ports for peers: free, their own, and never used up by having been given out."""

import socket
from itertools import pairwise
from typing import Final

import pytest

from callcenter.embedded.ports import FIRST_PORT, LAST_PORT, Kind, Range
from callcenter.sim.peers.places import LOOPBACK, free_ports, give_back

LARGE: Final = 1000
SMALL: Final = 20


@pytest.mark.parametrize("kind", list(Kind))
def test_after_any_number_of_small_ranges_there_is_room_for_large_ones(kind: Kind) -> None:
    """Fifty that were given out lately, all over the place, left no thousand in a row."""
    small = [Range(first=free_ports(SMALL, kind), size=SMALL) for _ in range(60)]
    large = [Range(first=free_ports(LARGE, Kind.UDP, taken_max=LARGE // 10), size=LARGE) for _ in range(12)]
    assert not any(one.meets(other) for at, one in enumerate(small[-50:]) for other in small[-50:][:at])
    assert not any(one.meets(other) for one, other in pairwise(large)), "the oldest gives way, not the last one"
    assert not any(one.meets(other) for one in small for other in large)
    for one in (*small, *large):
        assert one.first % 2 == 0
        assert FIRST_PORT <= one.first < one.first + one.size <= LAST_PORT
    for one in (*small, *large):
        give_back(one.first)


def test_a_port_that_is_bound_is_not_given_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind((LOOPBACK, free_ports(2, Kind.UDP)))
        taken = held.getsockname()[1]
        for _ in range(100):
            first = free_ports(SMALL, Kind.UDP)
            assert not first <= taken < first + SMALL
            give_back(first)
