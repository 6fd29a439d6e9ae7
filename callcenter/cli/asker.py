"""Who types the command. Light, so that every command may import it."""

import getpass


def asker() -> str:
    """Who asks, for the journal and the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name
        return "cli"
