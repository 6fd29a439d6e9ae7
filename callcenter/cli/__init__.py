"""The command line: one file per area, each a Typer sub-app. Knows words and exit codes, decides nothing."""


def main() -> None:
    """The program `callcenter`. Ends with one of the codes in `callcenter.cli.exits`."""
    from callcenter.cli.app import app  # here, so that importing the package costs nothing

    app(machine_code=True)
