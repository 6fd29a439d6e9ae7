"""The part of the live tests' call center that calls people. Knows files; runs nothing."""

from pathlib import Path
from typing import Final

SHOWN: Final = "+842471090000"
FILES: Final = {
    "trunks.yaml": f"""\
trunks:
  main: {{lines_max: 30, calls_per_s: 20}}
guard: {{regions: [VN], per_trunk_h: 10000}}
caller_ids:
  office: [{{number: "{SHOWN}"}}]
""",
    "campaigns.yaml": """\
spring:
  mode: progressive
  queue: outbound
  lists: {spring-list: 1}
  caller_ids: office
  law: [anytime]
  ring_s: 15
  safe_harbour: thanks
  opted_out: goodbye
  recycle:
    busy: {after_s: 3600, at_most: 0}
    no_answer: {after_s: 3600, at_most: 0}
    failed: {after_s: 3600, at_most: 0}
    hung_up: {after_s: 3600, at_most: 0}
    dropped: {after_s: 3600, at_most: 0}
    lost: {after_s: 3600, at_most: 0}
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
QUEUE: Final = "outbound: {needs: load, offer_timeout_s: 5, music: tone, outbound: true, wrap_up_s: 1}\n"


def add_outbound(folder: Path) -> None:
    """Add to a folder of configuration a campaign, its way out, and a law that always allows."""
    (folder / "law").mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with (folder / "queues.yaml").open("a") as queues:
        queues.write(QUEUE)
