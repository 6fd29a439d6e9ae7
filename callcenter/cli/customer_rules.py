"""Where the rules stand by which customers are kept here, and who must be told of a change. Knows no rule."""

from typing import TYPE_CHECKING

from callcenter.cli.exits import Exit, Failure
from callcenter.cli.screen import warn
from callcenter.cli.site import Site

if TYPE_CHECKING:
    from callcenter.customers.rules import Rules
    from callcenter.postgres.pool import Pool


async def rules_of(site: Site, pool: "Pool", *, whole: bool = False) -> "Rules":
    """The rules of the configuration that is live; of the folder, if none ever was. `whole`: with our own numbers."""
    from callcenter.config.folder import CUSTOMERS, NUMBERS, read_configuration, read_files
    from callcenter.customers.rules import rules_of as rules_in
    from callcenter.postgres.configurations import Configurations

    stored = await Configurations(pool).latest()
    files = stored.files if stored is not None else {}
    if stored is None and site.settings.config_folder.is_dir():
        files = read_files(site.settings.config_folder)[0]
    asked = files if whole else {name: files[name] for name in (NUMBERS, CUSTOMERS) if name in files}
    configuration, _ = read_configuration(asked)  # flows that numbers lead to are not among them, and not needed
    return rules_in(configuration)


def tell_center(site: Site, *, marked: bool) -> None:
    """Let the running center know, if one runs, that customers may be marked otherwise."""
    if not marked:
        return
    try:
        site.center.reload_customers()
    except Failure as failure:
        if failure.exit is not Exit.NOT_RUNNING:
            warn(f"the running call center does not know of it yet: {failure.message}")
