"""A port where nobody listens most of the time, and where nobody else comes to listen meanwhile."""

import random
import socket

FIRST, LAST = 61_000, 65_535
"""Beyond what the kernel lends to anybody (to 60,999) and what we pick ourselves (to 32,767)."""


def lonely_port() -> int:
    """A free TCP port on loopback that no other program is given.

    An Asterisk whose peer is away tries to connect all the time. Whoever had been given the port would hear it: a
    telephone's control port, for one, which lets go of whom it served before.
    """
    while True:
        port = random.SystemRandom().randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
