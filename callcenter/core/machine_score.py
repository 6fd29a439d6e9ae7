"""How far a detector of answering machines is to be trusted, by what agents say of its decisions. Knows counts only.

Theory: who is taken for a machine is hung up on, so nobody would ever know. Therefore some who are taken for machines
are given to an agent all the same: every third until HEARD_ENOUGH of them have been labelled, every tenth from then
on. One of them who is a person stands for those between her and the one before, whom nobody heard: that many live
answers and drops are charged to the campaign (Ofcom, Persistent Misuse, 2016, annex on the abandoned call rate: a
reasoned estimate of answering machine detection's false positives counts as abandoned calls).

The rule: let k of n labelled ones be people. When the lower end of Wilson's interval of k/n (JASA 22, 1927; one-
sided, 95 %) is above PEOPLE_MAX, everybody is treated as a person, until its upper end is not above it any more. Both
counts are halved at MEMORY, so that what was long ago weighs less.
"""

import math
from typing import Final

import msgspec

HEARD_ENOUGH: Final = 20
EVERY_AT_FIRST: Final = 3
EVERY: Final = 10
PEOPLE_MAX: Final = 0.05
MEMORY: Final = 400
Z: Final = 1.645
MACHINE_CODES: Final = ("machine", "answering_machine", "voicemail")
"""What an agent records of a talk with a machine: an outcome of one of these codes, or one below any branch."""


class MachineScore(msgspec.Struct, kw_only=True, gc=False):
    """Of one detector in one campaign."""

    unheard: int = 0  # taken for machines since the last one that was given to an agent
    labelled: int = 0  # of those that were given to one
    people: int = 0  # of these
    trusted: bool = True

    def taken(self) -> int:
        """One more is taken for a machine: how many it stands for if it is given to an agent; 0: it is not."""
        self.unheard += 1
        every = EVERY_AT_FIRST if self.labelled < HEARD_ENOUGH else EVERY
        if self.trusted and self.unheard < every:
            return 0
        stands_for, self.unheard = self.unheard, 0
        return stands_for

    def label(self, *, person: bool) -> bool:
        """What an agent says of one that was taken for a machine; whether the trust has changed by it."""
        self.labelled += 1
        self.people += person
        low, high = wilson(self.people, self.labelled)
        was, self.trusted = self.trusted, low <= PEOPLE_MAX if self.trusted else high <= PEOPLE_MAX
        if self.labelled >= MEMORY:
            self.labelled, self.people = self.labelled // 2, self.people // 2
        return was is not self.trusted


def wilson(hits: int, of: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share, 0..1; (0, 1) of nothing."""
    if of <= 0:
        return 0.0, 1.0
    share, zz = hits / of, z * z / of
    middle = share + zz / 2
    half = z * math.sqrt(share * (1 - share) / of + zz / (4 * of))
    return max(0.0, (middle - half) / (1 + zz)), min(1.0, (middle + half) / (1 + zz))


def says_machine(code: str) -> bool:
    """Whether what an agent has recorded means that it was a machine."""
    return code.rpartition(".")[2] in MACHINE_CODES
