"""The part of the live tests' call center that calls people. Knows files; runs nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

SHOWN: Final = "+842471090000"
CAMPAIGNS: Final[Mapping[str, str]] = {
    "spring": "mode: progressive, queue: outbound",
    "summer": "mode: predictive, queue: quick, target: 0.02, hard_stop: 0.03, "
    "machine: message, detector: cadence, machine_message: leave_message",
    "autumn": "mode: ratio, ratio: 2, queue: quick, machine: hang_up, detector: asterisk",
    "winter": "mode: preview, queue: quick",
    "offers": "mode: broadcast, flow: offer, lines_max: 10",
}
"""Of each mode one, each with a list of its own."""
ONCE: Final = ", ".join(
    f"{outcome}: {{after_s: 3600, at_most: 0}}"
    for outcome in ("busy", "no_answer", "machine", "failed", "hung_up", "dropped", "lost")
)
USUAL: Final = f"""\
caller_ids: office, law: [anytime], ring_s: 15, safe_harbour: thanks, opted_out: goodbye, recycle: {{{ONCE}}}"""
FILES: Final = {
    "trunks.yaml": f"""\
trunks:
  main: {{lines_max: 30, calls_per_s: 20}}
guard: {{regions: [VN], per_trunk_h: 10000}}
caller_ids:
  office: [{{number: "{SHOWN}"}}]
""",
    "campaigns.yaml": "".join(
        f"{name}: {{{what}, lists: {{{name}-list: 1}}, {USUAL}}}\n" for name, what in CAMPAIGNS.items()
    ),
    "flows/offer.yaml": """\
nodes:
  offer: {kind: menu, prompt: main_menu, choices: {1: talk}, timeout_s: 3, tries: 1, no_input: bye}
  talk: {kind: enqueue, queue: quick}
  bye: {kind: hangup, prompt: goodbye}
""",
    "law/callers.yaml": """\
title: For callbacks, for tests
version: "2026-11-30"
regions: [VN]
sources:
  us: {cite: a test, says: it is a test, read: here}
rules:
  - {rule: hours, source: us, open: {daily: "00:00-24:00"}}
  - {rule: ring, source: us, ring_s: 5}
  - {rule: caller_id, source: us}
""",
    "law/anytime.yaml": """\
title: Always open, for tests
version: "2026-11-30"
regions: [VN]
sources:
  us: {cite: a test, says: it is a test, read: here}
rules:
  - {rule: hours, source: us, open: {daily: "00:00-24:00"}}
  - {rule: ring, source: us, ring_s: 15}
  - {rule: caller_id, source: us}
  - {rule: attempts, source: us, at_most: 1, within_s: 86400}
  - {rule: drops, source: us, share_max: 0.03, within_s: 86400}
  - {rule: drop_message, source: us, within_s: 2}
""",
}
QUEUES: Final = """\
outbound: {needs: load, offer_timeout_s: 5, music: tone, outbound: true, wrap_up_s: 1}
quick: {needs: load, offer_timeout_s: 5, music: tone, outbound: true, wrap_up_s: 0.2}
"""


def add_outbound(folder: Path) -> None:
    """Add to a folder of configuration campaigns, their way out, and a law that always allows."""
    (folder / "law").mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with (folder / "queues.yaml").open("a") as queues:
        queues.write(QUEUES)
