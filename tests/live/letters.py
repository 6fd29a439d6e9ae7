"""The part of the live tests' call center that takes messages for agents. Knows files; runs nothing."""

from pathlib import Path
from typing import Final

from callcenter.sim.peers.tones import write_tone
from tests.live.office import LANGUAGES, PROMPT_S, PROMPT_TONES

NUMBER: Final = "1921"
FILES: Final = {
    "mailboxes.yaml": "letters: {route: {queue: letters, retry_after_s: 10}}\n",
    "flows/letters.yaml": """\
nodes:
  take:
    kind: voicemail
    mailbox: letters
    greeting: leave_message
    max_s: 5
    silence_s: 2
    done: thanks
    nothing: bye
  thanks: {kind: hangup, prompt: message_taken, reason: voicemail}
  bye: {kind: hangup, prompt: goodbye}
""",
}
QUEUE: Final = """\
letters:
  needs: sales
  offer_timeout_s: 6
  wrap_up_s: 1
  music: tone
  callback: {ring_s: 5, retry_after_s: 10}
"""
TO_AGENTS: Final = {
    "voicemail_from": "position",
    "voicemail_keys": "closed",
    "voicemail_refused": "no_answer",
    "confirm_call": "no_choice",
    "parked_in": "thanks",
}
"""What agents hear of a message, and the prompt that sounds the same: nothing else of a message sounds like it."""


def add_letters(folder: Path) -> None:
    """Add to a folder of configuration a number at which messages are left for the agents who sell."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with (folder / "queues.yaml").open("a") as queues:
        queues.write(QUEUE)
    numbers = folder / "numbers.yaml"
    numbers.write_text(numbers.read_text().replace("numbers:\n", f'numbers:\n  "{NUMBER}": letters\n', 1))


def write_prompts_for_agents(folder: Path) -> None:
    """What agents hear, as tones."""
    for name, like in TO_AGENTS.items():
        for language in LANGUAGES:
            (folder / language).mkdir(parents=True, exist_ok=True)
            write_tone(folder / language / f"{name}.wav", PROMPT_TONES[like, language], PROMPT_S)
