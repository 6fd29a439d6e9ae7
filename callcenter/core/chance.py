"""Chance for the core: numbers that look random and are the same for the same seed, everywhere. Knows arithmetic only.

The core may not draw random numbers, because a journal that is told again must give the same answers. What it simulates
(waiting lines, `core/paths.py`) draws from here instead, seeded from what is known at the time.

`seed_of` is the finaliser of splitmix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014).
The sequence is Lehmer's, modulo the prime 2**31 - 1 with the factor 48271 (Park, Miller, Stockmeyer, Another Test for
Choosing Parameters, 1993): its two thousand million states are enough for the few hundred thousand draws of one
forecast, and its products fit into one machine word, which makes it several times as fast in Python as anything of 64
bits. Loops that draw millions write `step` out.
"""

from typing import Final

MODULUS: Final = 2**31 - 1
FACTOR: Final = 48271
UNIT: Final = 1.0 / MODULUS  # a state, 1 to MODULUS - 1, by this is a share above 0 and below 1
_MASK: Final = (1 << 64) - 1


def seed_of(*known: int) -> int:
    """A state to begin with, made of what is known; near numbers give far states."""
    mixed = 0
    for number in known:
        mixed = (mixed + number + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return mixed % (MODULUS - 1) + 1


def step(state: int) -> int:
    """The state after this one."""
    return state * FACTOR % MODULUS
