"""A carrier: a second Asterisk at the far end of the trunk, whose dialplan answers, is busy, rings on, fails, greets.

What becomes of a call is told by the last digit of the number that is dialled. Every call is written into its log,
and Asterisk's own times of every answer can be watched. People say "Hello?", wait for an answer and go on as a tone,
so that detectors take them for people and recordings have something in them; a machine greets, beeps, and keeps what
it is told. Knows Asterisk and voices; knows no call center.
"""

import asyncio
import re
import secrets
from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ami_wire import AmiMessage
from callcenter.embedded.folders import write_whole
from callcenter.embedded.ports import Kind
from callcenter.embedded.programs import AsteriskRoot, Tool
from callcenter.errors import PeerUnavailable
from callcenter.sim.peers.places import LOOPBACK, free_ports, give_back, running, tail
from callcenter.sim.peers.tones import RATE, tone
from callcenter.speech.speakers import EspeakSpeaker, Program
from callcenter.speech.telephone import telephone_sound
from callcenter.speech.wav import Sound, read_wav, write_wav

PEOPLE: Final = "01234"
BUSY, RINGS_ON, FAILS, UNKNOWN, MACHINE = "5", "6", "7", "8", "9"
RING_S: Final = 0.3
TALK_HZ: Final = 700
KEYS_AFTER_S: Final = 1.0
LISTENS_S: Final = 1.0  # after her "Hello?"
BEEP_HZ: Final = 1_000
BEEP_S: Final = 0.5
GREETING: Final = "You have reached the mailbox of John Miller. Please leave a message after the tone."
MESSAGE_MAX_S: Final = 5
START_LIMIT_S: Final = 30.0
POLL_S: Final = 0.05
WATCHER: Final = "watcher"
SOUND_PORTS: Final = 400

MODULES: Final = (
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "format_wav",
    "format_pcm",
    "codec_ulaw",
    "codec_alaw",
    "codec_a_mu",
    "res_rtp_asterisk",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_endpoint_identifier_anonymous",
    "res_pjsip_caller_id",
    "res_pjsip_rfc3326",
    "res_pjsip_pubsub",
    "chan_pjsip",
    "func_strings",
    "func_callerid",
    "func_channel",
    "app_playback",
    "app_record",
    "app_senddtmf",
    "app_verbose",
    "pbx_config",
)
# Not EPOCH, which is time(2): of a coarse clock, whose second begins some milliseconds after everybody else's.
_NOW: Final = "${STRFTIME(,,%s.%6q)}"
_LINE: Final = re.compile(r"NOTICE\[.* CARRIER (?P<number>\+\d+) (?P<caller>\S*) (?P<at>\d+\.\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A call that came to the carrier."""

    number: str
    caller: str
    at: float  # UTC seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How those whom it connects behave. `people_s`: how long each of the people talks, by her last digit."""

    people_s: tuple[float, ...] = (30.0,) * len(PEOPLE)
    spoken: bool = True  # people say "Hello?" before; else a tone from the answer on
    keys: tuple[str, ...] = ("",) * len(PEOPLE)  # what each of them presses KEYS_AFTER_S after her answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A running one."""

    folder: Path
    port: int  # of SIP
    ami_port: int
    _secret: str = field(repr=False)

    def dialled(self) -> list[Dialled]:
        """Every call so far, by its log."""
        text = (self.folder / "log" / "messages").read_text(errors="replace")
        return [
            Dialled(number=one["number"], caller=one["caller"], at=float(one["at"])) for one in _LINE.finditer(text)
        ]

    def told(self, number: str) -> Path:
        """What the machine at this number was told after its beep: a WAV file, if it was told something."""
        return self.folder / "told" / f"{number}.wav"

    @asynccontextmanager
    async def answers_watched(self) -> AsyncIterator[dict[str, float]]:
        """Number -> when it was answered (UTC seconds, Asterisk's own clock), growing while the context lasts."""
        seen: dict[str, float] = {}

        def saw(event: AmiMessage) -> None:
            fields = event.first
            if fields.get("channelstatedesc") == "Up" and fields.get("event") == "Newstate":
                seen.setdefault(fields.get("accountcode", ""), float(fields["timestamp"]))

        link = AmiLink(LOOPBACK, self.ami_port, WATCHER, self._secret, on_event=saw, events="call")
        await link.connect()
        try:
            yield seen
        finally:
            await link.close()


@asynccontextmanager
async def carrier(
    root: AsteriskRoot,
    espeak: Tool,
    folder: Path,
    *,
    port: int,
    habits: Habits | None = None,
    sound_ports: int = SOUND_PORTS,
) -> AsyncIterator[Carrier]:
    """One that listens at this port of the loopback, from its start to its end. Raises PeerUnavailable."""
    habits = habits or Habits()
    rtp_from, ami_port = free_ports(sound_ports, Kind.UDP, taken_max=sound_ports // 10), free_ports(2, Kind.TCP)
    made = Carrier(folder=folder, port=port, ami_port=ami_port, _secret=secrets.token_urlsafe(18))
    for name in ("etc", "db", "spool", "run", "log", "keys", "sounds", "told"):
        (folder / name).mkdir(parents=True)
    await _record(espeak, folder / "sounds", habits)
    for name, text in _files(root, made, habits, rtp_from, sound_ports).items():
        write_whole(folder / "etc" / name, text, mode=0o600)
    argv = root.argv(["-f", "-C", str(folder / "etc" / "asterisk.conf")])
    try:
        async with running(argv, root.environment(), folder=folder, output=folder / "console") as process:
            await _booted(made, process)
            yield made
    finally:
        for first in (rtp_from, ami_port):
            give_back(first)


async def _booted(made: Carrier, process: asyncio.subprocess.Process) -> None:
    """Its dialplan is the last thing that it loads."""
    log = made.folder / "log" / "messages"
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while process.returncode is None:
                if log.exists() and "Asterisk Ready" in (made.folder / "console").read_text(errors="replace"):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        pass
    raise PeerUnavailable(f"the carrier did not start: {tail(made.folder / 'console')}")


# -- what is heard -----------------------------------------------------------------------------------------------------


async def _record(espeak: Tool, sounds: Path, habits: Habits) -> None:
    """The greetings: people's, each with her talk after it, and a machine's with its beep."""
    speaker = await EspeakSpeaker.open(
        Program(argv=tuple(espeak.argv()), environment=espeak.environment()), {"en": "en-us"}
    )
    pause, hello = _silence(0.3), await _said(speaker, "Hello?", sounds)
    for digit, talk_s in zip(PEOPLE, habits.people_s, strict=True):
        before = pause + hello + _silence(LISTENS_S) if habits.spoken else array("h")
        _write(sounds / f"person-{digit}.wav", before + tone(TALK_HZ, talk_s))
    beep = array("h", (sample // 2 for sample in tone(BEEP_HZ, BEEP_S)))
    _write(sounds / "machine.wav", pause + await _said(speaker, GREETING, sounds) + _silence(0.5) + beep)


async def _said(speaker: EspeakSpeaker, words: str, folder: Path) -> "array[int]":
    raw = folder / "said.wav"
    await speaker.speak(words, "en", raw)
    return telephone_sound(await asyncio.to_thread(read_wav, raw)).channels[0]


def _silence(seconds: float) -> "array[int]":
    return array("h", bytes(2 * round(seconds * RATE)))


def _write(path: Path, samples: "array[int]") -> None:
    write_wav(path, Sound(rate=RATE, channels=(samples,)))


# -- what is configured ------------------------------------------------------------------------------------------------


def _files(root: AsteriskRoot, made: Carrier, habits: Habits, rtp_from: int, sound_ports: int) -> Mapping[str, str]:
    folder = made.folder
    places = {
        "astetcdir": folder / "etc",
        "astmoddir": root.modules,
        "astvarlibdir": root.shared,
        "astdatadir": root.shared,
        "astdbdir": folder / "db",
        "astkeydir": folder / "keys",
        "astspooldir": folder / "spool",
        "astrundir": folder / "run",
        "astlogdir": folder / "log",
    }
    return {
        "asterisk.conf": "[directories]\n"
        + "".join(f"{name} => {path}\n" for name, path in places.items())
        + "[options]\nverbose = 1\nhideconnect = yes\n",
        "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in MODULES),
        "logger.conf": "[general]\n[logfiles]\nmessages = notice,warning,error\nconsole = verbose,error\n",
        "rtp.conf": f"[general]\nrtpstart = {rtp_from}\nrtpend = {rtp_from + sound_ports - 1}\n",
        "indications.conf": "[general]\ncountry = us\n[us]\ndescription = us\nringcadence = 2000,4000\n",
        "manager.conf": f"""\
[general]
enabled = yes
bindaddr = {LOOPBACK}
port = {made.ami_port}
timestampevents = yes
[{WATCHER}]
secret = {made._secret}
read = call
write =
eventfilter(action(include),name(Newstate)) =
""",
        "pjsip.conf": f"""\
[loopback]
type = transport
protocol = udp
bind = {LOOPBACK}:{made.port}
[anonymous]
type = endpoint
context = numbers
disallow = all
allow = ulaw,alaw
direct_media = no
""",
        "extensions.conf": extensions(folder, habits),
    }


def extensions(folder: Path, habits: Habits) -> str:
    """The dialplan. The number is the call's account, so that events about it name it."""
    rings = ["Ringing()", f"Wait({RING_S:g})", "Answer(,i)"]  # not before sound comes the other way
    ends: dict[str, Sequence[str]] = {
        **{
            digit: [*rings, *_pressed(keys), f"Playback({folder}/sounds/person-{digit})", "Hangup()"]
            for digit, keys in zip(PEOPLE, habits.keys, strict=True)
        },
        BUSY: ["Hangup(17)"],
        RINGS_ON: ["Ringing()", "Wait(600)"],
        FAILS: ["Hangup(34)"],
        UNKNOWN: ["Hangup(1)"],
        MACHINE: [
            *rings,
            f"Playback({folder}/sounds/machine)",
            f"Record({folder}/told/${{NUMBER}}.wav,0,{MESSAGE_MAX_S},kq)",
            "Hangup()",
        ],
    }
    lines = [
        "[numbers]",
        f"exten => _+X.,1,Log(NOTICE,CARRIER ${{EXTEN}} ${{CALLERID(num)}} {_NOW})",
        " same => n,Set(NUMBER=${EXTEN})",
        " same => n,Set(CHANNEL(accountcode)=${EXTEN})",
        " same => n,Goto(ends-${EXTEN:-1},s,1)",
    ]
    for digit, steps in ends.items():
        lines += [f"[ends-{digit}]", f"exten => s,1,{steps[0]}", *(f" same => n,{step}" for step in steps[1:])]
    return "\n".join(lines) + "\n"


def _pressed(keys: str) -> list[str]:
    return [f"Wait({KEYS_AFTER_S:g})", f"SendDTMF({keys})"] if keys else []
