"""`callcenter conf check`: what it says of an Asterisk that is well, and of each way it may not be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from callcenter.asterisk.ami_wire import AmiMessage, AmiReply, Fields
from callcenter.asterisk.ari.resources import (
    Application,
    AsteriskInfo,
    Endpoint,
    Module,
    Sound,
    SoundFormat,
    System,
)
from callcenter.asterisk.ari.rest import Gone
from callcenter.asterisk.conf import CONF_VERSION
from callcenter.asterisk.conf_check import (
    FORBIDDEN_ACTIONS,
    NEEDED_ACTIONS,
    REQUIRED,
    Finding,
    Verdict,
    check,
    is_new_enough,
)
from callcenter.errors import PeerRefused, PeerUnavailable
from tests.adapters.test_conf import values

WELL: Final = {
    "AST_CONFIG(http.conf,general,enabled)": "yes",
    "AST_CONFIG(http.conf,general,bindaddr)": "127.0.0.1",
    "AST_CONFIG(http.conf,general,tlsenable)": "",
    "AST_CONFIG(http.conf,general,sessionlimit)": "200",
    "AST_CONFIG(manager.conf,general,bindaddr)": "127.0.0.1",
    "AST_CONFIG(manager.conf,general,webenabled)": "no",
    "AST_CONFIG(asterisk.conf,options,live_dangerously)": "no",
    "DIALPLAN_EXISTS(from-carrier,1,1)": "1",
    "DIALPLAN_EXISTS(from-phones,1,1)": "1",
    "DIALPLAN_EXISTS(callcenter-fallback,s,1)": "1",
    "DIALPLAN_EXISTS(callcenter-script,r-,1)": "1",
    "DIALPLAN_EXISTS(callcenter-ear,s,1)": "1",
    "DIALPLAN_EXISTS(callcenter-amd,s,1)": "1",
}


@dataclass(slots=True)
class FakeAsterisk:
    """An Asterisk as its configuration makes it look from ARI and AMI; well to begin with."""

    version: str = "22.10.1+dfsg"
    modules: dict[str, str] = field(default_factory=lambda: dict.fromkeys(REQUIRED, "Running"))
    variables: dict[str, str] = field(default_factory=lambda: {"CALLCENTER_CONF": str(CONF_VERSION)})
    apps: set[str] = field(default_factory=lambda: {"callcenter"})
    voices: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"tt-somethingwrong": ("en",), "vm-goodbye": ("en_US", "en")}
    )
    phones: list[str] = field(default_factory=lambda: ["1001", "carrier"])
    settings: dict[str, str] = field(default_factory=lambda: dict(WELL))
    actions: set[str] = field(default_factory=lambda: set(NEEDED_ACTIONS))
    deaf: bool = False

    # ARI

    @property
    def asterisk(self) -> "FakeAsterisk":
        return self

    @property
    def applications(self) -> Any:
        return SimpleNamespace(get=self._application)

    @property
    def sounds(self) -> Any:
        return SimpleNamespace(get=self._sound)

    @property
    def endpoints(self) -> "FakeAsterisk":
        return self

    async def get_info(self) -> AsteriskInfo:
        return AsteriskInfo(system=System(version=self.version))

    async def list_modules(self) -> list[Module]:
        return [Module(name=name, status=status) for name, status in self.modules.items()]

    async def get_global_var(self, name: str) -> str:
        return self.variables.get(name, "")

    async def list_by_tech(self, tech: str) -> list[Endpoint]:
        return [Endpoint(technology=tech, resource=name) for name in self.phones]

    async def _application(self, app: str) -> Application:
        if app not in self.apps:
            raise Gone("GET applications", 404, "no such application")
        return Application(name=app)

    async def _sound(self, sound_id: str) -> Sound:
        if sound_id not in self.voices:
            raise Gone("GET sounds", 404, "no such sound")
        formats = tuple(SoundFormat(language=language, format="slin") for language in self.voices[sound_id])
        return Sound(id=sound_id, formats=formats)

    # AMI

    async def action(self, name: str, fields: Fields = ()) -> AmiReply:
        if self.deaf:
            raise PeerUnavailable("the link is down")
        if name == "ListCommands":
            return AmiReply(answer=AmiMessage(first={action.lower(): "..." for action in self.actions}))
        assert name == "Getvar"
        asked = dict(fields)["Variable"]
        if asked not in self.settings:
            raise PeerRefused("Getvar: Variable not found")
        return AmiReply(answer=AmiMessage(first={"response": "Success", "value": self.settings[asked]}))


async def looked_at(asterisk: FakeAsterisk) -> list[Finding]:
    return await check(asterisk, asterisk, values(Path("/var/cc")))


async def test_nothing_is_wrong_with_one_that_is_well() -> None:
    found = await looked_at(FakeAsterisk())
    assert {finding.verdict for finding in found} == {Verdict.GOOD}
    assert [finding.subject for finding in found] == [
        "version",
        "modules",
        "our files",
        "application",
        "live_dangerously",
        "ARI",
        "AMI",
        "AMI",
        "strangers",
        "sounds",
    ]


def _broken() -> Iterator[tuple[str, Verdict, str, Callable[[FakeAsterisk], object]]]:
    wrong, warning = Verdict.WRONG, Verdict.WARNING
    yield "version", wrong, "20.19.0", lambda a: setattr(a, "version", "20.19.0")
    yield "version", wrong, "too old", lambda a: setattr(a, "version", "GIT-master")
    yield "modules", wrong, "app_mixmonitor.so", lambda a: a.modules.pop("app_mixmonitor.so")
    yield "modules", wrong, "res_agi.so", lambda a: a.modules.update({"res_agi.so": "Not Running"})
    yield "our files", wrong, "does not read", lambda a: a.variables.clear()
    yield "our files", wrong, "version 0", lambda a: a.variables.update(CALLCENTER_CONF="0")
    yield "our files", wrong, "from-phones", lambda a: a.settings.update({"DIALPLAN_EXISTS(from-phones,1,1)": "0"})
    yield "application", wrong, "no application", lambda a: a.apps.clear()
    yield (
        "live_dangerously",
        wrong,
        "shell",
        lambda a: a.settings.update({"AST_CONFIG(asterisk.conf,options,live_dangerously)": "Yes"}),
    )
    yield "ARI", wrong, "0.0.0.0", lambda a: a.settings.update({"AST_CONFIG(http.conf,general,bindaddr)": "0.0.0.0"})
    yield (
        "ARI",
        warning,
        "sessionlimit",
        lambda a: a.settings.update({"AST_CONFIG(http.conf,general,sessionlimit)": "5"}),
    )
    yield (
        "ARI over TLS",
        wrong,
        "10.0.0.1",
        lambda a: a.settings.update(
            {
                "AST_CONFIG(http.conf,general,tlsenable)": "yes",
                "AST_CONFIG(http.conf,general,tlsbindaddr)": "10.0.0.1:8089",
            }
        ),
    )
    yield "AMI", wrong, "every address", lambda a: a.settings.pop("AST_CONFIG(manager.conf,general,bindaddr)")
    yield "AMI", warning, "HTTP", lambda a: a.settings.update({"AST_CONFIG(manager.conf,general,webenabled)": "yes"})
    yield "AMI", wrong, "MixMonitorMute", lambda a: a.actions.discard("MixMonitorMute")
    for action in FORBIDDEN_ACTIONS:
        yield "AMI", wrong, action, lambda a, action=action: a.actions.add(action)  # type: ignore[misc]
    yield "strangers", wrong, "anybody", lambda a: a.phones.append("anonymous")
    yield "sounds", warning, "vm-goodbye", lambda a: a.voices.pop("vm-goodbye")
    yield "sounds", warning, "tt-somethingwrong", lambda a: a.voices.update({"tt-somethingwrong": ("fr",)})


@pytest.mark.parametrize(("subject", "verdict", "words", "spoil"), list(_broken()))
async def test_each_fault_is_one_finding_with_a_remedy(
    subject: str, verdict: Verdict, words: str, spoil: Callable[[FakeAsterisk], object]
) -> None:
    asterisk = FakeAsterisk()
    spoil(asterisk)
    bad = [finding for finding in await looked_at(asterisk) if finding.verdict is not Verdict.GOOD]
    assert [(finding.subject, finding.verdict) for finding in bad] == [(subject, verdict)]
    assert words in bad[0].what
    assert bad[0].remedy


async def test_settings_that_cannot_be_read_are_not_taken_for_good() -> None:
    """Without func_config every setting reads as empty, and live_dangerously empty would mean "no"."""
    asterisk = FakeAsterisk(settings={key: value for key, value in WELL.items() if key.startswith("DIALPLAN")})
    bad = {finding.subject for finding in await looked_at(asterisk) if finding.verdict is Verdict.WRONG}
    assert bad == {"live_dangerously", "ARI", "AMI"}


async def test_a_link_that_is_down_is_a_finding_and_no_exception() -> None:
    found = await looked_at(FakeAsterisk(deaf=True))
    bad = {finding.subject for finding in found if finding.verdict is Verdict.WRONG}
    assert bad == {"our files", "live_dangerously", "ARI", "AMI"}
    assert all("the link is down" in finding.what for finding in found if finding.verdict is Verdict.WRONG)


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("22.10.1", True),
        ("22.10.1+dfsg+~cs6.17-1", True),
        ("22.10.0", False),
        ("23.0.0", True),
        ("21.99.9", False),
        ("20.20.1", True),
        ("20.20.0", False),
        ("20.21.0-rc1", True),
        ("18.26.4", False),
        ("", False),
    ],
)
def test_versions(version: str, fits: bool) -> None:
    assert is_new_enough(version) is fits
