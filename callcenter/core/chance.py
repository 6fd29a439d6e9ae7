"""Chance for the core: numbers that look random and are the same for the same seed, everywhere. Knows arithmetic only.

The core may not draw random numbers, because a journal that is told again must give the same answers. What it simulates
(waiting lines, `core/paths.py`) draws from here instead, seeded from what is known at the time.

`seed_of` is the finaliser of splitmix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014). The
sequence is Knuth's linear congruential one modulo 2**64 (The Art of Computer Programming, vol. 2, 3.3.4, MMIX): its low
bits are poor and are not looked at, a share is made of the high ones. Loops that draw millions write `step` out.
"""

from typing import Final

MASK: Final = (1 << 64) - 1
FACTOR: Final = 6364136223846793005
SUMMAND: Final = 1442695040888963407
UNIT: Final = 2.0**-53


def seed_of(*known: int) -> int:
    """A state to begin with, made of what is known; near numbers give far states."""
    state = 0
    for number in known:
        state = (state + number + 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def step(state: int) -> int:
    """The state after this one; `(state >> 11) * UNIT` is a share of 0 to less than 1."""
    return (state * FACTOR + SUMMAND) & MASK
