"""How many examples a property is shown: in the whole suite as many as it says, in the fast one at most a few.

`make test-fast` asks for the profile FAST. No example has a deadline: how long one takes depends on who else is using
the machine.
"""

from typing import Final

from hypothesis import settings

WHOLE: Final = "whole"
FAST: Final = "fast"
FAST_MAX: Final = 5

settings.register_profile(WHOLE, deadline=None)
settings.register_profile(FAST, deadline=None, max_examples=FAST_MAX)


def examples(whole: int, *, few: int = FAST_MAX) -> int:
    """`max_examples` of a property: so many in the whole suite, at most `few` of them in the fast one."""
    return min(whole, few) if settings.get_current_profile_name() == FAST else whole
