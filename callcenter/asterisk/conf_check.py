"""Is this Asterisk configured as the call center needs it? Asks a running one; changes nothing.

Knows what must be loaded, bound, allowed and forbidden, and how to ask for it over ARI and AMI. Must not know files:
what counts is what Asterisk has read, not what lies in a folder.

Settings are asked for with AMI's Getvar and the dialplan function AST_CONFIG, which reads Asterisk's own files through
Asterisk; module func_config must be loaded for it.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from callcenter.asterisk.ami_actions import AsksAmi
from callcenter.asterisk.ami_wire import AmiReply
from callcenter.asterisk.ari.resources import Application, AsteriskInfo, Endpoint, Module, Sound
from callcenter.asterisk.ari.rest import Gone
from callcenter.asterisk.conf import CONF_VARIABLE, CONF_VERSION
from callcenter.asterisk.conf_values import ConfValues
from callcenter.errors import PeerFault, PeerRefused

OLDEST: Final = (22, 10, 1)
OLDEST_20: Final = (20, 20, 1)
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
SESSIONS_MIN: Final = 50
SESSIONS_DEFAULT: Final = 100

REQUIRED: Final = (
    "app_amd.so",
    "app_chanspy.so",
    "app_dial.so",
    "app_mixmonitor.so",
    "app_playback.so",
    "app_queue.so",
    "app_stasis.so",
    "bridge_holding.so",
    "bridge_simple.so",
    "bridge_softmix.so",
    "chan_audiosocket.so",
    "chan_bridge_media.so",
    "chan_pjsip.so",
    "codec_alaw.so",
    "codec_resample.so",
    "codec_ulaw.so",
    "format_pcm.so",
    "format_sln.so",
    "format_wav.so",
    "func_callerid.so",
    "func_channel.so",
    "func_config.so",
    "pbx_config.so",
    "res_agi.so",
    "res_ari_applications.so",
    "res_ari_asterisk.so",
    "res_ari_bridges.so",
    "res_ari_channels.so",
    "res_ari_endpoints.so",
    "res_ari_events.so",
    "res_ari_playbacks.so",
    "res_ari_recordings.so",
    "res_http_websocket.so",
    "res_manager_devicestate.so",
    "res_musiconhold.so",
    "res_pjsip.so",
    "res_pjsip_authenticator_digest.so",
    "res_pjsip_caller_id.so",
    "res_pjsip_endpoint_identifier_ip.so",
    "res_pjsip_endpoint_identifier_user.so",
    "res_pjsip_registrar.so",
    "res_pjsip_sdp_rtp.so",
    "res_pjsip_session.so",
    "res_rtp_asterisk.so",
    "res_stasis_answer.so",
    "res_stasis_playback.so",
    "res_stasis_recording.so",
    "res_timing_timerfd.so",
    "res_websocket_client.so",
)
"""Modules without which something the call center does fails."""

NEEDED_ACTIONS: Final = ("MixMonitor", "StopMixMonitor", "MixMonitorMute", "Setvar", "Redirect", "Ping")
FORBIDDEN_ACTIONS: Final = ("Originate", "Command", "UpdateConfig", "CreateConfig", "QueueAdd", "AGI")
"""AMI actions that a thief of our password must not have. Those of the class `system` come with MixMonitor."""

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_NO: Final = ("", "no", "false", "0", "off", "n", "f")


class Verdict(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    WARNING = "warning"  # works, but somebody should look
    WRONG = "wrong"  # something will not work, or is open to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: what it is, how it stands, what to do."""

    subject: str
    verdict: Verdict
    what: str
    remedy: str = ""


class AsksAsterisk(Protocol):
    """What `Ari.asterisk` offers here."""

    async def get_info(self) -> AsteriskInfo: ...
    async def list_modules(self) -> list[Module]: ...
    async def get_global_var(self, name: str) -> str: ...


class AsksApplications(Protocol):
    """What `Ari.applications` offers here."""

    async def get(self, app: str) -> Application: ...


class AsksSounds(Protocol):
    """What `Ari.sounds` offers here."""

    async def get(self, sound_id: str) -> Sound: ...


class AsksEndpoints(Protocol):
    """What `Ari.endpoints` offers here."""

    async def list_by_tech(self, tech: str) -> list[Endpoint]: ...


class AsksAri(Protocol):
    """What `Ari` offers here."""

    @property
    def asterisk(self) -> AsksAsterisk: ...
    @property
    def applications(self) -> AsksApplications: ...
    @property
    def sounds(self) -> AsksSounds: ...
    @property
    def endpoints(self) -> AsksEndpoints: ...


async def check(ari: AsksAri, ami: AsksAmi, values: ConfValues) -> list[Finding]:
    """Everything that was looked at, in the order of the list below; wrong ones carry a remedy.

    A question that Asterisk does not answer is a finding too. Raises nothing of its own.
    """
    questions: Sequence[tuple[str, Callable[[], Awaitable[list[Finding]]]]] = (
        ("version", lambda: _version(ari)),
        ("modules", lambda: _modules(ari)),
        ("our files", lambda: _files(ari, ami)),
        ("application", lambda: _application(ari, values.app)),
        ("live_dangerously", lambda: _live_dangerously(ami)),
        ("ARI", lambda: _http(ami)),
        ("AMI", lambda: _manager(ami, values.ami_username)),
        ("strangers", lambda: _strangers(ari)),
        ("sounds", lambda: _sounds(ari, (values.fallback_announcement, values.fallback_goodbye), values.language)),
    )
    found: list[Finding] = []
    for subject, ask in questions:
        try:
            found += await ask()
        except PeerFault as fault:
            remedy = "check that Asterisk runs and that ports and passwords are those of the settings"
            found.append(_wrong(subject, f"could not be asked: {fault}", remedy))
    return found


def is_new_enough(version: str) -> bool:
    """Whether an Asterisk that says it is `version` has what we need: 20.20.1 and later 20s, 22.10.1 and later."""
    match = _VERSION.match(version)
    if match is None:
        return False
    number = (int(match[1]), int(match[2]), int(match[3]))
    return number >= OLDEST or OLDEST_20 <= number < (21, 0, 0)


# -- the questions -----------------------------------------------------------------------------------------------------


async def _version(ari: AsksAri) -> list[Finding]:
    version = (await ari.asterisk.get_info()).system.version
    if is_new_enough(version):
        return [_good("version", f"Asterisk {version}")]
    return [_wrong("version", f"Asterisk {version} is too old", "install 22.10.1 or later, or 20.20.1 or a later 20")]


async def _modules(ari: AsksAri) -> list[Finding]:
    running = {module.name for module in await ari.asterisk.list_modules() if module.status == "Running"}
    missing = [name for name in REQUIRED if name not in running]
    if not missing:
        return [_good("modules", f"all {len(REQUIRED)} that are needed are loaded")]
    return [_wrong("modules", f"{name} is not loaded", f"load = {name} in modules.conf") for name in missing]


async def _files(ari: AsksAri, ami: AsksAmi) -> list[Finding]:
    marked = await ari.asterisk.get_global_var(CONF_VARIABLE)
    if not marked:
        return [_wrong("our files", "Asterisk does not read them", "#include callcenter/extensions.conf and its like")]
    if marked != str(CONF_VERSION):
        what = f"they are of version {marked}, this program wants {CONF_VERSION}"
        return [_wrong("our files", what, "callcenter conf render, then `core reload` in Asterisk")]
    contexts = {
        "from-carrier": "1",
        "from-phones": "1",
        "callcenter-fallback": "s",
        "callcenter-script": "r-",
        "callcenter-ear": "s",
        "callcenter-amd": "s",
    }
    missing = [
        name
        for name, extension in contexts.items()
        if await _read(ami, f"DIALPLAN_EXISTS({name},{extension},1)") != "1"
    ]
    if missing:
        remedy = "#include callcenter/extensions.conf in extensions.conf"
        return [_wrong("our files", f"the dialplan has no {', '.join(missing)}", remedy)]
    return [_good("our files", f"read, version {marked}")]


async def _application(ari: AsksAri, app: str) -> list[Finding]:
    try:
        await ari.applications.get(app)
    except Gone:
        remedy = (
            "#include callcenter/ari.conf in ari.conf and callcenter/websocket_client.conf in websocket_client.conf"
        )
        return [_wrong("application", f"ARI knows no application {app!r}", remedy)]
    return [_good("application", f"{app!r} is registered")]


async def _live_dangerously(ami: AsksAmi) -> list[Finding]:
    if not await _setting(ami, "http.conf", "general", "enabled"):  # always there, for ARI has answered
        remedy = "load func_config.so; then Asterisk can tell its settings"
        return [_wrong("live_dangerously", "cannot be read", remedy)]
    value = await _setting(ami, "asterisk.conf", "options", "live_dangerously")
    if value.lower() in _NO:
        return [_good("live_dangerously", value or "not set, which is no")]
    what = f"is {value}: who reaches AMI or ARI gets shell and files"
    return [_wrong("live_dangerously", what, "live_dangerously = no in [options] of asterisk.conf")]


async def _http(ami: AsksAmi) -> list[Finding]:
    found = [_binding("ARI", "http.conf", await _setting(ami, "http.conf", "general", "bindaddr"))]
    if (await _setting(ami, "http.conf", "general", "tlsenable")).lower() not in _NO:
        address = await _setting(ami, "http.conf", "general", "tlsbindaddr")
        host = address.rpartition(":")[0].strip("[]") if address.count(":") != 0 else address
        found.append(_binding("ARI over TLS", "http.conf", host))
    limit = await _setting(ami, "http.conf", "general", "sessionlimit")
    if limit.isdigit() and int(limit) < SESSIONS_MIN:
        remedy = f"leave it out ({SESSIONS_DEFAULT}) or raise it in http.conf"
        found.append(_warning("ARI", f"sessionlimit is {limit}: connections may be refused", remedy))
    return found


async def _manager(ami: AsksAmi, username: str) -> list[Finding]:
    found = [_binding("AMI", "manager.conf", await _setting(ami, "manager.conf", "general", "bindaddr"))]
    if (await _setting(ami, "manager.conf", "general", "webenabled")).lower() not in _NO:
        found.append(_warning("AMI", "can be reached over HTTP", "webenabled = no in manager.conf"))
    allowed = {key.lower() for key, _ in (await ami.action("ListCommands")).answer}
    found += [
        _wrong("AMI", f"user {username} may not {action}", "its write = system,call (callcenter/manager.conf)")
        for action in NEEDED_ACTIONS
        if action.lower() not in allowed
    ]
    too_much = [action for action in FORBIDDEN_ACTIONS if action.lower() in allowed]
    if too_much:
        what = f"user {username} may {', '.join(too_much)}, which it does not need"
        found.append(_wrong("AMI", what, "its write = system,call and no more (callcenter/manager.conf)"))
    else:
        found.append(_good("AMI", f"user {username} can record and cannot dial"))
    return found


async def _strangers(ari: AsksAri) -> list[Finding]:
    try:
        endpoints = await ari.endpoints.list_by_tech("PJSIP")
    except Gone:
        endpoints = []
    if any(endpoint.resource == "anonymous" for endpoint in endpoints):
        remedy = "remove the endpoint `anonymous` from pjsip.conf, unless strangers are meant to call"
        return [_wrong("strangers", "anybody on the network may call", remedy)]
    return [_good("strangers", "are asked for a password")]


async def _sounds(ari: AsksAri, names: Sequence[str], language: str) -> list[Finding]:
    missing = []
    for name in names:
        try:
            sound = await ari.sounds.get(name)
        except Gone:
            missing.append(name)
            continue
        if not any(each.language.startswith(language) for each in sound.formats):
            missing.append(name)
    if missing:
        remedy = "install Asterisk's core sounds (Debian: asterisk-core-sounds-en-wav)"
        return [_warning("sounds", f"no {', '.join(missing)} in {language}: the fallback says nothing", remedy)]
    return [_good("sounds", "of the fallback are there")]


# -- how to ask --------------------------------------------------------------------------------------------------------


async def _setting(ami: AsksAmi, file: str, section: str, name: str) -> str:
    """A setting as Asterisk reads it; empty if it is not there."""
    return await _read(ami, f"AST_CONFIG({file},{section},{name})")


async def _read(ami: AsksAmi, function: str) -> str:
    try:
        reply: AmiReply = await ami.action("Getvar", (("Variable", function),))
    except PeerRefused as refusal:
        if "not found" in str(refusal).lower():
            return ""
        raise
    return reply.answer.get("Value").strip()


def _binding(subject: str, file: str, address: str) -> Finding:
    if address in LOOPBACK:
        return _good(subject, f"listens on {address} only")
    what = f"listens on {address or 'every address'}: it must not leave this machine"
    return _wrong(subject, what, f"bindaddr = 127.0.0.1 in {file}")


def _good(subject: str, what: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.GOOD, what=what)


def _warning(subject: str, what: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WARNING, what=what, remedy=remedy)


def _wrong(subject: str, what: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WRONG, what=what, remedy=remedy)
