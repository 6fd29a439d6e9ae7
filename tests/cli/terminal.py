"""A terminal in front of the program: a command line goes in, what was printed and the exit code come out.

Every JSON document that a test sees is held against the one that docs/cli.md shows for the command.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from callcenter.cli.app import app
from callcenter.cli.exits import Exit
from tests.cli.documents import disagreements, shown_document

TOML = """
var_folder = "var"
config_folder = "config"
database_url = "{database}"
[web]
control_socket = "{socket}"
"""

QUEUES = """
sales:
  needs: sales
  offer_timeout_s: 15
  wrap_up_s: 10
  max_wait_s: 120
  overflow: { queue: support }
support:
  needs: support >= 2
  strategy: best_skill
  priority: 40
  relax:
    - { after_s: 60, needs: support }
"""

FLOWS = {
    "to_sales": "start: go\nnodes:\n  go:\n    kind: enqueue\n    queue: sales\n",
    "to_support": "start: go\nnodes:\n  go:\n    kind: enqueue\n    queue: support\n",
    "hotline": """
language: en
start: menu
nodes:
  menu:
    kind: menu
    prompt: welcome
    choices: { 1: sales, 2: support, 9: bye }
    timeout_s: 5
    tries: 2
    no_input: bye
  sales: { kind: enqueue, queue: sales }
  support: { kind: enqueue, queue: support }
  bye: { kind: hangup, prompt: goodbye }
""",
}

PROMPTS = """
welcome: { en: "Welcome. Press 1 or 2." }
goodbye: { en: "Goodbye, {{ caller | default('you') }}." }
"""

NUMBERS = """
numbers:
  "1900": hotline
default: to_sales
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command answered."""

    code: Exit
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


class Terminal:
    """One installation in a folder, and its command line."""

    def __init__(self, folder: Path, socket: Path, database: str = "postgresql://nobody@127.0.0.1:9/none") -> None:
        self.folder = folder
        self.socket = socket
        self.settings = folder / "callcenter.toml"
        self.config = folder / "config"
        self.write(QUEUES, "config/queues.yaml")
        self.write(PROMPTS, "config/prompts.yaml")
        self.write(NUMBERS, "config/numbers.yaml")
        for name, text in FLOWS.items():
            self.write(text, f"config/flows/{name}.yaml")
        self.uses_database(database)

    def uses_database(self, address: str) -> None:
        """From now on the settings name this database."""
        self.write(TOML.format(database=address, socket=self.socket), "callcenter.toml")

    def write(self, text: str, name: str) -> Path:
        """A file of the installation."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def __call__(
        self, *words: str, typed: str = "", expect: Exit = Exit.OK, env: Mapping[str, str] | None = None
    ) -> Said:
        """Type a command line; it must end with the exit code expected."""
        quiet = {name: None for name in os.environ if name.startswith("CALLCENTER_")}
        arguments = ["--settings", str(self.settings), *words]
        result = CliRunner().invoke(app, arguments, input=typed, env={**quiet, "COLUMNS": "200", **(env or {})})
        said = Said(code=Exit(result.exit_code), out=result.stdout, err=result.stderr)
        assert said.code is expect, f"{' '.join(words)}: {said.code!r}\n{said.out}\n{said.err}\n{result.exception!r}"
        assert "Traceback" not in said.err, said.err
        return said

    def json(self, *words: str, typed: str = "", expect: Exit = Exit.OK) -> Any:
        """The JSON of a command, which must have the shape that the documentation shows."""
        said = self(*words, "--json", typed=typed, expect=expect)
        document = said.document
        shown = shown_document("error" if "error" in document else command_of(words))
        assert disagreements(shown, document) == [], json.dumps(document, indent=1)
        return document


def command_of(words: Sequence[str]) -> str:
    """The command's name, without what it is given."""
    groups = (
        "calls",
        "agents",
        "queues",
        "flows",
        "recordings",
        "report",
        "conf",
        "config",
        "db",
        "callbacks",
        "campaign",
        "customers",
        "privacy",
        "compliance",
        "leads",
        "do-not-call",
        "tokens",
        "webhooks",
        "supervise",
        "voicemail",
    )
    return " ".join(words[: 2 if words[0] in groups else 1])
