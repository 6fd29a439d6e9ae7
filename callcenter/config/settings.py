"""The settings of this machine: callcenter.toml, overruled by CALLCENTER_* in the environment, as frozen values.

What the call center does is not here but in its folder of configuration. Knows every key, its default and its bounds;
where one comes from is `settings_sources`. Port 0 means any free port, an empty password one that is made up at the
first start, a folder left out a place in `var_folder`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final

from annotated_types import Interval
from pydantic import AfterValidator

from callcenter.model.sealed import Codec

SETTINGS_FILE: Final = "callcenter.toml"
PASSWORD_CHARS_MAX: Final = 128
PORTS_PER_CALL: Final = 4
DAYS_MAX: Final = 36_500
MEGABYTES_MAX: Final = 1_000_000_000
PLACE_OF_NUMBER: Final = "{number}"

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ENDPOINT: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_.-]+/)*[A-Za-z0-9_.-]+/?")


class AsteriskSource(StrEnum):
    """Whose Asterisk is used."""

    AUTO = "auto"  # the system's if it is new enough, else one that is unpacked under var_folder
    EMBEDDED = "embedded"  # started and stopped by us
    SYSTEM = "system"  # runs already; we only connect to it


class WhenAway(StrEnum):
    """What callers get while the call center is not running."""

    QUEUE = "queue"  # a plain queue over all phones
    HANG_UP = "hang_up"


class LogLevel(StrEnum):
    """What is logged: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"  # for people on a terminal, else JSON
    CONSOLE = "console"
    JSON = "json"


def _address(text: str) -> str:
    ip_address(text)
    return text


def _network(text: str) -> str:
    ip_network(text, strict=False)
    return text


def _dial_template(text: str) -> str:
    tech, _, rest = text.partition("/")
    left = rest.replace(PLACE_OF_NUMBER, "", 1)
    if (
        not tech.isalnum()
        or PLACE_OF_NUMBER not in rest
        or any(sign in left for sign in "{},&\n\r ")
        or not text.isprintable()
    ):
        raise ValueError(f"expected a channel with the place of the number, such as PJSIP/{PLACE_OF_NUMBER}")
    return text


def _password(text: str) -> str:
    if len(text) > PASSWORD_CHARS_MAX or not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError(
            f"expected at most {PASSWORD_CHARS_MAX} printable ASCII characters without a blank at either end"
        )
    return text


def _database(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("expected a Postgres address such as postgresql://user:password@host/database")
    return text


def _bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError("expected the name of a bucket: 3 to 63 small letters, digits, dots and dashes")
    return text


def _endpoint(text: str) -> str:
    if not _ENDPOINT.fullmatch(text):
        raise ValueError("expected an address such as https://s3.example.net, without a path")
    return text


def _prefix(text: str) -> str:
    if text and not _PREFIX.fullmatch(text):
        raise ValueError("expected what names begin with, such as calls/")
    return text


Port = Annotated[int, Interval(ge=0, le=65_535)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
DialTemplate = Annotated[str, AfterValidator(_dial_template)]
Password = Annotated[str, AfterValidator(_password)]
Days = Annotated[float, Interval(ge=0, le=DAYS_MAX)]
Megabytes = Annotated[int, Interval(ge=0, le=MEGABYTES_MAX)]
DatabaseAddress = Annotated[str, AfterValidator(_database)]
BucketName = Annotated[str, AfterValidator(_bucket)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Prefix = Annotated[str, AfterValidator(_prefix)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """[asterisk]: which one, and how it and we find each other. All of it stays on loopback."""

    source: AsteriskSource = AsteriskSource.AUTO
    program: Path | None = None  # /usr/sbin/asterisk; left out: looked for
    conf_folder: Path | None = None  # where its configuration is rendered to
    spool_folder: Path | None = None  # where it records (astspooldir)
    host: Address = "127.0.0.1"
    http_port: Port = 0  # Asterisk's: ARI
    ari_username: str = "callcenter"
    ari_password: Password = field(default="", repr=False)
    ami_port: Port = 0  # Asterisk's
    ami_username: str = "callcenter"
    ami_password: Password = field(default="", repr=False)
    websocket_port: Port = 0  # ours: Asterisk connects to it
    websocket_username: str = "asterisk"
    websocket_password: Password = field(default="", repr=False)
    fastagi_port: Port = 0  # ours
    when_away: WhenAway = WhenAway.QUEUE


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """[sip]: where phones and carriers reach Asterisk. Loopback, until somebody decides otherwise."""

    host: Address = "127.0.0.1"  # 0.0.0.0: every address of the machine
    port: Port = 0
    rtp_from: Port = 0
    rtp_to: Port = 0
    external_address: str = ""  # what the outside sees, behind NAT
    local_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """[trunk]: the carrier, known by its addresses."""

    addresses: tuple[Network, ...] = ("127.0.0.1",)  # calls from elsewhere are refused
    contact: str = ""  # where outside calls go: sip:sbc.example.net:5060; empty: nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class DialSettings:
    """[dial]: how a number becomes a channel of Asterisk."""

    phone: DialTemplate = "PJSIP/{number}"  # an agent's
    outside: DialTemplate = "PJSIP/{number}@carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """[speech]: who speaks the prompts."""

    voices: Mapping[str, str] = field(default_factory=lambda: {"en": "espeak:en-us", "vi": "espeak:vi"})
    piper_voices: Path | None = None  # folder of piper's .onnx files, for voices such as "piper:en_US-joe-medium"
    recorded_folder: Path | None = None  # <language>/<prompt>.wav; wins over speech


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """[recording]: how recordings are kept once they have been proven, and how much room there must be on the disk."""

    format: Codec = Codec.WAV
    encrypt: bool = False
    key_file: Path | None = None  # left out: in var_folder; without it nothing encrypted can be read
    store_folder: Path | None = None  # where they are kept for good; left out: in recordings_folder
    bucket: BucketName | None = None  # in place of store_folder: of S3, or of what speaks like it
    bucket_endpoint: Endpoint | None = None  # left out: Amazon's
    bucket_region: str | None = None
    bucket_prefix: Prefix = ""  # before the names of the objects: "calls/"
    bucket_profile: str | None = None  # of the credentials file; left out: what boto3 finds, from its environment on
    keep_days: Days = 0.0  # of those whose queue says nothing; 0: for ever
    warn_below_mb: Megabytes = 5_000  # of free disk: it is said
    stop_below_mb: Megabytes = 1_000  # of free disk: nothing is recorded any more, calls go on


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSettings:
    """[lookups]: what flows need that ask programs outside."""

    secrets_folder: Path | None = None  # a file for each secret that headers may hold; left out: below var_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """[web]: where the program listens for people and other programs."""

    host: Address = "127.0.0.1"
    port: Port = 0
    names: tuple[str, ...] = ()  # under which it may be asked, besides those of loopback and `host`
    origins: tuple[str, ...] = ()  # whose pages may ask, besides its own
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    open_without_tls: bool = False  # somebody else does TLS in front of it
    control_socket: Path | None = None  # for the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """[log]"""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything this machine is told. Paths are absolute once loaded; relative ones start at the file's folder."""

    var_folder: Path = Path("var")  # everything that is made: databases, recordings, programs, secrets
    config_folder: Path = Path("var/config")  # queues, flows, numbers ...
    database_url: DatabaseAddress = field(default="", repr=False)  # empty: a Postgres of our own in var_folder
    recordings_folder: Path | None = None
    asterisk: AsteriskSettings = field(default_factory=AsteriskSettings)
    sip: SipSettings = field(default_factory=SipSettings)
    trunk: TrunkSettings = field(default_factory=TrunkSettings)
    dial: DialSettings = field(default_factory=DialSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    lookups: LookupSettings = field(default_factory=LookupSettings)
    web: WebSettings = field(default_factory=WebSettings)
    log: LogSettings = field(default_factory=LogSettings)

    @property
    def recordings(self) -> Path:
        """Where finished recordings are kept."""
        return self.recordings_folder or self.var_folder / "recordings"

    @property
    def recordings_store(self) -> Path:
        """Where they are kept for good, if not in a bucket."""
        return self.recording.store_folder or self.recordings

    @property
    def recordings_keys(self) -> Path:
        """The keys of encrypted recordings."""
        return self.recording.key_file or self.var_folder / "state" / "secrets" / "recordings.keys"


def chosen_ports(settings: Settings) -> list[tuple[str, int, int]]:
    """The ports on this machine that somebody has chosen: key, the first, how many. All but the last are of TCP."""
    asterisk, sip, web = settings.asterisk, settings.sip, settings.web
    single = {
        "asterisk.http_port": asterisk.http_port,
        "asterisk.ami_port": asterisk.ami_port,
        "asterisk.websocket_port": asterisk.websocket_port,
        "asterisk.fastagi_port": asterisk.fastagi_port,
        "sip.port": sip.port,
        "web.port": web.port,
    }
    found = [(key, port, 1) for key, port in single.items() if port]
    if sip.rtp_from and sip.rtp_to >= sip.rtp_from:
        found.append(("sip.rtp_from", sip.rtp_from, sip.rtp_to - sip.rtp_from + 1))
    return found


def clashes(settings: Settings) -> list[tuple[str, str, str]]:
    """What each is right but does not go together: (key, problem, remedy)."""
    found: list[tuple[str, str, str]] = []
    asterisk, sip = settings.asterisk, settings.sip
    taken: dict[int, str] = {}
    for key, port, _ in chosen_ports(settings):
        if not key.startswith("asterisk."):  # may be at another address
            continue
        if port in taken:
            found.append((key, f"{port} is {taken[port]} already", "0 picks a free port"))
        taken.setdefault(port, key)
    if (sip.rtp_from == 0) != (sip.rtp_to == 0):
        found.append(("sip.rtp_from", "a range needs both rtp_from and rtp_to", "or neither: ports are picked"))
    elif sip.rtp_from and sip.rtp_to - sip.rtp_from < PORTS_PER_CALL - 1:
        found.append(("sip.rtp_to", f"{sip.rtp_from} to {sip.rtp_to} holds not even one call", "about 4 ports a call"))
    elif sip.rtp_from % 2:
        found.append(("sip.rtp_from", f"{sip.rtp_from} is odd", "sound uses even ports (RFC 3550)"))
    found += [*_open_doors(settings.web), *_late_warnings(settings.recording), *_two_stores(settings.recording)]
    if asterisk.source is AsteriskSource.SYSTEM:
        unknown = [key for key in ("http_port", "ami_port") if not getattr(asterisk, key)]
        found += [(f"asterisk.{key}", "an Asterisk that runs already has a port", "say which") for key in unknown]
    return found


def _two_stores(kept: RecordingSettings) -> list[tuple[str, str, str]]:
    if kept.bucket is not None and kept.store_folder is not None:
        return [("recording.bucket", "there is a recording.store_folder already", "one of the two")]
    if kept.bucket is None and (
        kept.bucket_endpoint or kept.bucket_region or kept.bucket_prefix or kept.bucket_profile
    ):
        return [("recording.bucket", "it is left out, and other keys say how to reach it", "say which bucket")]
    return []


def _late_warnings(kept: RecordingSettings) -> list[tuple[str, str, str]]:
    if kept.stop_below_mb <= kept.warn_below_mb:
        return []
    what = f"{kept.stop_below_mb} is more than recording.warn_below_mb, {kept.warn_below_mb}"
    return [("recording.stop_below_mb", what, "warn first")]


def _open_doors(web: WebSettings) -> list[tuple[str, str, str]]:
    """Tokens are not sent over a network in clear, unless somebody says that it is not in clear."""
    if (web.tls_certificate is None) != (web.tls_key is None):
        return [("web.tls_certificate", "a certificate and its key belong together", "set web.tls_key too, or neither")]
    if not ip_address(web.host).is_loopback and web.tls_certificate is None and not web.open_without_tls:
        what = f"{web.host} is open to others, and nothing is encrypted"
        return [("web.host", what, "set web.tls_certificate and web.tls_key, or web.open_without_tls behind a proxy")]
    return []
