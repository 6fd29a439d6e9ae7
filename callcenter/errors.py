"""The exception tree. Knows who is at fault; knows nothing of what was being done.

Three kinds, never mixed. `Bug` is ours and crashes loudly. `PeerFault` is theirs (Asterisk, Postgres, a phone, a
provider): it is caught at the edge, retried where that is safe, and comes back to the core as an event.
`ConfigurationError` is the reader's: it names place, problem and remedy, and holds all problems, not the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class CallCenterError(Exception):
    """Root of everything this project raises on purpose."""


class Bug(CallCenterError):
    """An invariant of ours does not hold."""


class IllegalTransition(Bug):
    """A state machine was given an input that its table does not list."""


class PeerFault(CallCenterError):
    """Something outside failed or answered nonsense."""


class PeerUnavailable(PeerFault):
    """The peer could not be reached; nothing was sent."""


class PeerRefused(PeerFault):
    """The peer understood and said no; nothing was done."""


class SubjectGone(PeerRefused):
    """What the request was about (a channel, a bridge, a playback) does not exist any more; nothing was done."""


class OutcomeUnknown(PeerFault):
    """The request was sent and no answer came: it may have been, or may still be, carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in something a person wrote: where it is, what is wrong and what to do."""

    where: str  # "queues.yaml:14:9" or "callcenter.toml: asterisk.ari_port"
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class ConfigurationError(CallCenterError):
    """The configuration, or a command's arguments, cannot be used. Holds every problem found."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = (
            (Problem(where="configuration", what=problems),) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Unreadable(ConfigurationError):
    """What was said cannot be understood: a text that is no number, no language."""


class Unfit(ConfigurationError):
    """What was said fits nothing here: a field's value, an event that there is not, a host that may not be asked."""


class AtOdds(ConfigurationError):
    """What was said may be right, and stands against what is here: a number that somebody else has."""


class Unknown(ConfigurationError):
    """What was named is not there."""


def unreadable(where: str, what: str, remedy: str = "") -> Unreadable:
    """One of these."""
    return Unreadable([Problem(where=where, what=what, remedy=remedy)])


def at_odds(where: str, what: str, remedy: str = "") -> AtOdds:
    """One of these."""
    return AtOdds([Problem(where=where, what=what, remedy=remedy)])


def unfit(where: str, what: str, remedy: str = "") -> Unfit:
    """One of these."""
    return Unfit([Problem(where=where, what=what, remedy=remedy)])


def unknown(where: str, what: str, remedy: str = "") -> Unknown:
    """One of these."""
    return Unknown([Problem(where=where, what=what, remedy=remedy)])
