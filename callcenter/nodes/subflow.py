"""Goes through another flow and comes back. Knows its name and the words that it may come back with.

The other flow ends in nodes of kind `return`, each of which says one of the words under `returns`. Variables belong to
the contact, so both flows see the same ones; so it is with the language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import MaxLen, MinLen

from callcenter.model.flow import RETURNS, EnterFlow, Input, Turn, Visit
from callcenter.model.ids import FlowName
from callcenter.nodes.fields import RETURNS_MAX, NextNode, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Subflow:
    """Go through `flow`; when it returns with a word, go where `returns` says for that word."""

    when_silent: ClassVar[tuple[str, ...] | None] = None

    flow: FlowName
    returns: Annotated[Mapping[Word, NextNode], MinLen(1), MaxLen(RETURNS_MAX)]

    def exits(self) -> Mapping[str, str]:
        """One per word."""
        return {f"{RETURNS}.{word}": target for word, target in self.returns.items()}

    def enter(self, visit: Visit) -> Turn:
        """Into the other flow."""
        return Turn(actions=(EnterFlow(flow=self.flow),), memory=visit.memory)

    def resume(self, visit: Visit, told: Input) -> Turn:
        """Waits for nothing: while the other flow runs, its nodes are told."""
        return Turn(actions=(), memory=visit.memory)
