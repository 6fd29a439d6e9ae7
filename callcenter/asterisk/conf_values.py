"""What the configuration files are filled with, and what may stand in them. Knows values and rules; knows no files.

Asterisk takes a line apart at `;`, `=`, `[` and `#`, so a value from a person could become a line, or a section, of its
own: whatever Asterisk gives a meaning (names, addresses, codecs) must be on an allow-list; what is free text (secrets)
must at least be printable. `conf` escapes the rest.
"""

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Final

from callcenter.errors import Problem

NAME_MAX: Final = 40  # characters of an account
SECRET_MAX: Final = 128
RUN_PATH_MAX: Final = 94  # bytes; with "/asterisk.ctl" a unix socket's path must stay below 108

ABSENCE_LIMIT_S: Final = 30
SECRET_RULE: Final = f"1 to {SECRET_MAX} printable ASCII characters without a blank at either end"

PHONE_CODECS: Final = ("ulaw", "alaw", "g722")
"""What a phone may speak. ulaw first: carriers speak it (or alaw), and a leg that needs no transcoding is the cheapest.

g722 for phones that have nothing else; opus (res/codec_opus) costs far more to transcode and is left to the reader.
"""

_ACCOUNT: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_.+-]*[0-9A-Za-z])?")
_WORD: Final = re.compile(r"[A-Za-z][0-9A-Za-z_-]*")
_CODEC: Final = re.compile(r"[a-z][a-z0-9]*")
_SOUND: Final = re.compile(r"[0-9A-Za-z_/-]+")
_SECRET: Final = re.compile(
    r"[!-~](?:[ -~]*[!-~])?"
)  # printable ASCII, no blank at the ends: SIP and HTTP know no other
_HOST: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\]")
_CONTACT: Final = re.compile(r"sips?:(?:[0-9A-Za-z_.+-]+@)?(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_FOLDER: Final = re.compile(r"/[^\x00-\x1f;\[\]#=<>\x7f]*[^\x00-\x20;\[\]#=<>\x7f]")
_RESERVED: Final = frozenset({"general", "global", "globals", "system", "transport", "default"})


class Fallback(StrEnum):
    """What a caller gets after the announcement while the call center is away."""

    QUEUE = "queue"  # a plain queue over all phones
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Asterisk's folders, absolute, as in `[directories]` of asterisk.conf. `run` must be short: it holds a socket."""

    etc: Path  # where the files of asterisk-conf/ go
    modules: Path
    data: Path  # sounds/ and moh/
    varlib: Path
    keys: Path
    db: Path
    spool: Path
    run: Path
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount:
    """An agent's phone. `number` is extension, user name and the name of the endpoint: PJSIP/<number>."""

    number: str
    name: str  # shown to those she calls; any text
    secret: str = field(repr=False)
    codecs: tuple[str, ...] = PHONE_CODECS


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A carrier, known by its addresses: no password is asked. `contact` is where outside calls go; "": nowhere."""

    name: str = "carrier"
    addresses: tuple[str, ...] = ("127.0.0.1",)  # addresses or networks
    contact: str = ""  # "sip:sbc.example.net:5060"
    context: str = "from-carrier"
    codecs: tuple[str, ...] = ("ulaw", "alaw")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfValues:
    """Everything the templates ask for. Ports are those of this machine; ARI, AMI and FastAGI are on loopback."""

    folders: Folders | None  # None: the system's Asterisk, whose asterisk.conf is left alone
    http_port: int  # Asterisk's: ARI
    ari_password: str = field(repr=False)
    websocket_port: int  # ours: Asterisk connects to it
    websocket_password: str = field(repr=False)
    ami_port: int  # Asterisk's
    ami_password: str = field(repr=False)
    fastagi_port: int  # ours
    sip_port: int
    sip_host: str = "127.0.0.1"
    rtp_from: int = 10_000
    rtp_to: int = 20_000
    ari_username: str = "callcenter"
    websocket_username: str = "asterisk"
    ami_username: str = "callcenter"
    app: str = "callcenter"
    system_name: str = "callcenter"
    phones: tuple[PhoneAccount, ...] = ()
    trunks: tuple[Trunk, ...] = (Trunk(),)
    external_address: str = ""  # what the outside sees, behind NAT
    local_networks: tuple[str, ...] = ()
    fallback: Fallback = Fallback.QUEUE
    fallback_announcement: str = "tt-somethingwrong"  # core sounds
    fallback_goodbye: str = "vm-goodbye"
    fallback_queue_limit_s: int = 300
    absence_limit_s: int = ABSENCE_LIMIT_S
    present_from_start: bool = False  # True if the program runs `presence`: then one that never came is noticed too
    qualify_s: int = 15
    rtp_timeout_s: int = 120  # a softphone may send nothing while it is muted
    language: str = "en"
    tone_zone: str = "us"
    max_files: int = 16_384


def value_problems(values: ConfValues) -> list[Problem]:
    """Everything that is wrong with the values, for the person who set them."""
    problems = [*phone_problems(values.phones), *_trunk_problems(values)]

    def check(name: str, good: bool, what: str, remedy: str = "") -> None:
        if not good:
            problems.append(Problem(where=name, what=what, remedy=remedy))

    for name in ("http_port", "websocket_port", "ami_port", "fastagi_port", "sip_port", "rtp_from", "rtp_to"):
        check(name, 1 <= getattr(values, name) <= 65_535, f"{getattr(values, name)} is not a port", "1 to 65535")
    check("rtp_from", values.rtp_from % 2 == 0, f"{values.rtp_from} is odd", "sound uses even ports (RFC 3550)")
    check("rtp_to", values.rtp_to - values.rtp_from >= 3, "the range holds not even one call", "about 4 ports a call")
    tcp = [values.http_port, values.websocket_port, values.ami_port, values.fastagi_port]
    check("ports", len(set(tcp)) == len(tcp), "ARI, websocket, AMI and FastAGI need four different ports")
    for name in ("ari_password", "websocket_password", "ami_password"):
        check(name, _secret_is_good(getattr(values, name)), "cannot be used as a password", SECRET_RULE)
    for name in ("ari_username", "websocket_username", "ami_username", "app", "system_name", "language", "tone_zone"):
        value = getattr(values, name)
        good = _WORD.fullmatch(value) is not None and value not in _RESERVED and len(value) <= NAME_MAX
        check(name, good, f"{value!r} is not a name", "letters, digits, _ and -")
    for name in ("fallback_announcement", "fallback_goodbye"):
        good = _SOUND.fullmatch(getattr(values, name)) is not None
        check(name, good, f"{getattr(values, name)!r} is not the name of a sound", "letters, digits, /, _ and -")
    for name in ("fallback_queue_limit_s", "absence_limit_s", "qualify_s", "rtp_timeout_s", "max_files"):
        good = 0 <= getattr(values, name) <= 1_000_000
        check(name, good, f"{getattr(values, name)} is out of range", "0 to 1000000")
    check("sip_host", _is_address(values.sip_host), f"{values.sip_host!r} is not an address", "0.0.0.0 is all of them")
    good = not values.external_address or _HOST.fullmatch(values.external_address) is not None
    check("external_address", good, f"{values.external_address!r} is not a host", "an address or a name")
    for network in values.local_networks:
        check("local_networks", _is_network(network), f"{network!r} is not a network", "for example 192.168.0.0/16")
    for name, folder in _folders(values):
        good = _FOLDER.fullmatch(str(folder)) is not None and ".." not in folder.parts
        check(
            f"folders.{name}", good, f"{str(folder)!r} cannot be written in asterisk.conf", "absolute, no ; [ ] # = < >"
        )
    if values.folders is not None:
        good = len(os.fsencode(values.folders.run)) <= RUN_PATH_MAX
        check("folders.run", good, "the path is too long for a socket", f"at most {RUN_PATH_MAX} bytes")
    return problems


def _folders(values: ConfValues) -> Iterator[tuple[str, Path]]:
    if values.folders is not None:
        for one in fields(values.folders):
            yield one.name, getattr(values.folders, one.name)


def _trunk_problems(values: ConfValues) -> list[Problem]:
    problems = []
    taken = {phone.number for phone in values.phones}
    for trunk in values.trunks:
        where = f"trunk {trunk.name!r}"
        if not _WORD.fullmatch(trunk.name) or trunk.name in _RESERVED or len(trunk.name) > NAME_MAX:
            problems.append(Problem(where=where, what="is not a name", remedy="letters, digits, _ and -"))
        elif trunk.name in taken or trunk.name.startswith("callcenter-"):
            problems.append(Problem(where=where, what="the name is taken", remedy="choose another"))
        taken.add(trunk.name)
        if not trunk.addresses:
            problems.append(Problem(where=where, what="has no address", remedy="name the carrier's addresses"))
        problems += [
            Problem(where=where, what=f"{address!r} is not an address", remedy="an IP address or a network")
            for address in trunk.addresses
            if not _is_network(address)
        ]
        if trunk.contact and not _CONTACT.fullmatch(trunk.contact):
            what = f"{trunk.contact!r} is not where a call can go"
            problems.append(Problem(where=where, what=what, remedy="sip:host or sip:host:port"))
        if not _WORD.fullmatch(trunk.context):
            problems.append(Problem(where=where, what=f"{trunk.context!r} is not a context"))
        problems += _codec_problems(where, trunk.codecs)
    return problems


def phone_problems(phones: Sequence[PhoneAccount]) -> list[Problem]:
    """Everything that is wrong with the phones."""
    problems = []
    taken: set[str] = set()
    for phone in phones:
        where = f"phone {phone.number!r}"
        if not _ACCOUNT.fullmatch(phone.number) or len(phone.number) > NAME_MAX or phone.number in _RESERVED:
            remedy = f"at most {NAME_MAX} letters, digits, _ . + -, with a letter or digit at both ends"
            problems.append(Problem(where=where, what="is not a number for a phone", remedy=remedy))
        elif phone.number in taken or phone.number.startswith("callcenter-"):
            problems.append(Problem(where=where, what="the number is taken", remedy="choose another"))
        taken.add(phone.number)
        if not _secret_is_good(phone.secret):
            problems.append(Problem(where=where, what="the secret cannot be used", remedy=SECRET_RULE))
        problems += _codec_problems(where, phone.codecs)
    return problems


def _codec_problems(where: str, codecs: Sequence[str]) -> list[Problem]:
    if codecs and all(_CODEC.fullmatch(codec) for codec in codecs):
        return []
    return [Problem(where=where, what=f"{', '.join(codecs)!r} are not codecs", remedy="for example ulaw, alaw")]


def _secret_is_good(secret: str) -> bool:
    return len(secret) <= SECRET_MAX and _SECRET.fullmatch(secret) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a scope id is any text


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "%" not in text
