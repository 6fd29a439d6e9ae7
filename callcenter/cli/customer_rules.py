"""By what rules customers are kept here: how numbers are written, which fields there are. Knows where they stand."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import warn
from callcenter.cli.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callcenter.model.customer import CustomerRules
    from callcenter.model.numbers import Numbering
    from callcenter.postgres.customers import KeptNumber
    from callcenter.postgres.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The live configuration's, as far as customers need them."""

    numbering: "Numbering"
    customers: "CustomerRules"

    def kept(self, number: str) -> str:
        """The form in which a number is kept; "" if it is none."""
        from callcenter.customers.numbers import kept_form

        return kept_form(number, self.numbering)

    def forms(self, number: str) -> tuple[str, ...]:
        """The forms in which calls may have come from it."""
        from callcenter.customers.numbers import written_forms

        kept = self.kept(number)
        return written_forms(kept, (number,), self.numbering) if kept else ()

    def numbers(self, said: list[str] | None) -> "list[KeptNumber]":
        """Numbers as they are kept. Raises Failure for what is none."""
        from callcenter.postgres.customers import KeptNumber

        found = [KeptNumber(number=self.kept(one), raw=one) for one in said or ()]
        for one in found:
            if not one.number:
                raise Failure(Exit.USAGE, f"{one.raw!r} is not a telephone number")
        return found

    def language(self, said: str) -> str:
        """A language. Raises Failure for what is none."""
        from callcenter.nodes.fields import LANGUAGE_PATTERN

        if said and not LANGUAGE_PATTERN.fullmatch(said):
            raise Failure(Exit.USAGE, f"{said!r} is not a language", remedy="a tag such as en or vi")
        return said

    def fields(self, was: "Mapping[str, str]", said: list[str]) -> dict[str, str]:
        """The fields after NAME=VALUE were said. Raises Failure with all that is wrong."""
        from callcenter.model.form_field import read_fields

        given = dict(was)
        for one in said:
            name, sign, value = one.partition("=")
            if not sign:
                raise Failure(Exit.USAGE, f"{one!r} is no NAME=VALUE")
            given[name.strip()] = value
        known = {name: value for name, value in given.items() if name in self.customers.fields or name not in was}
        values, problems = read_fields(self.customers.fields, known, whole=False)
        if problems:
            raise Failure(Exit.PROBLEMS, "; ".join(problems), remedy="fields are declared in customers.yaml")
        kept = {name: value for name, value in was.items() if name not in self.customers.fields}
        return {**kept, **values}


async def rules_of(site: Site, pool: "Pool") -> Rules:
    """The rules of the configuration that is live; of the folder, if none ever was."""
    from callcenter.config.folder import CUSTOMERS, NUMBERS, read_configuration, read_files
    from callcenter.postgres.configurations import Configurations

    stored = await Configurations(pool).latest()
    files = stored.files if stored is not None else {}
    if stored is None and site.settings.config_folder.is_dir():
        files = read_files(site.settings.config_folder)[0]
    asked = {name: files[name] for name in (NUMBERS, CUSTOMERS) if name in files}
    configuration, _ = read_configuration(asked)  # flows that numbers lead to are not among them, and not needed
    return Rules(numbering=configuration.numbering, customers=configuration.customers)


def tell_center(site: Site, *, marked: bool) -> None:
    """Let the running center know, if one runs, that customers may be marked otherwise."""
    if not marked:
        return
    try:
        site.center.reload_customers()
    except Failure as failure:
        if failure.exit is not Exit.NOT_RUNNING:
            warn(f"the running call center does not know of it yet: {failure.message}")
