"""The command line: one file per area, each a Typer sub-app. Knows words and exit codes, decides nothing."""
