"""By what rules customers are kept here: how numbers are written, which fields there are. Knows no customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callcenter.customers.numbers import kept_form, written_forms
from callcenter.errors import unfit, unreadable
from callcenter.model.configuration import Configuration
from callcenter.model.customer import CustomerRules
from callcenter.model.form_field import read_fields
from callcenter.model.numbers import Numbering
from callcenter.nodes.fields import LANGUAGE_PATTERN
from callcenter.postgres.customers import KeptNumber


def rules_of(configuration: Configuration) -> "Rules":
    """Those of a configuration."""
    shown = [rules.caller_id for queue in configuration.queues.values() if (rules := queue.callback) is not None]
    shown += [one.number for campaign in configuration.campaigns.values() for one in campaign.caller_ids]
    ours = frozenset(configuration.numbering.normal(one) for one in (*configuration.numbers, *shown) if one)
    return Rules(numbering=configuration.numbering, customers=configuration.customers, ours=ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Those of a configuration, as far as customers need them."""

    numbering: Numbering
    customers: CustomerRules
    ours: frozenset[str] = frozenset()  # numbers of this call center, in the form that is compared

    def is_ours(self, number: str) -> bool:
        """Whether a number, however it is written, is one of this call center: nobody's who calls."""
        return self.numbering.normal(number) in self.ours

    def kept(self, number: str) -> str:
        """The form in which a number is kept; "" if it is none."""
        return kept_form(number, self.numbering)

    def forms(self, number: str) -> tuple[str, ...]:
        """The forms in which calls may have come from it."""
        kept = self.kept(number)
        return written_forms(kept, (number,), self.numbering) if kept else ()

    def numbers(self, said: Sequence[str]) -> list[KeptNumber]:
        """Numbers as they are kept. Raises Unreadable for what is none."""
        found = [KeptNumber(number=self.kept(one), raw=one) for one in said]
        for one in found:
            if not one.number:
                raise unreadable(repr(one.raw[:60]), "is not a telephone number")
        return found

    def language(self, said: str) -> str:
        """A language. Raises Unreadable for what is none."""
        if said and not LANGUAGE_PATTERN.fullmatch(said):
            raise unreadable(repr(said[:60]), "is not a language", "a tag such as en or vi")
        return said

    def fields(self, was: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
        """The fields after some were said; one that is said empty is none. Raises Unfit with all that is wrong."""
        given = {**was, **said}
        known = {name: value for name, value in given.items() if name in self.customers.fields or name not in was}
        values, problems = read_fields(self.customers.fields, known, whole=False)
        if problems:
            raise unfit("fields", "; ".join(problems), "fields are declared in customers.yaml")
        kept = {name: value for name, value in was.items() if name not in self.customers.fields}
        return {**kept, **values}
