"""Finding programs: the configured one, the system's if it is good enough, the unpacked one."""

from pathlib import Path

import pytest

from callcenter.embedded.programs import Origin, find_asterisk, find_tool, new_enough
from callcenter.errors import ConfigurationError


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ((16, 28, 0), False),
        ((20, 20, 0), False),
        ((20, 20, 1), True),
        ((20, 21, 0), True),
        ((21, 12, 0), False),
        ((22, 9, 9), False),
        ((22, 10, 0), False),
        ((22, 10, 1), True),
        ((23, 0, 0), True),
    ],
)
def test_new_enough(version: tuple[int, int, int], enough: bool) -> None:
    assert new_enough(version) is enough


def installed(prefix: Path, says: str, *, modules: str = "lib/asterisk/modules", sounds: bool = True) -> Path:
    """An Asterisk as `make install` with a prefix leaves it, as far as we look at it."""
    program = prefix / "sbin/asterisk"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    (prefix / modules).mkdir(parents=True)
    (prefix / modules / "res_ari.so").write_text("")
    if sounds:
        (prefix / "var/lib/asterisk/sounds/en").mkdir(parents=True)
    return program


def test_a_configured_asterisk_is_used_where_it_lies(tmp_path: Path) -> None:
    root = find_asterisk(tmp_path / "var", configured=installed(tmp_path / "opt", "Asterisk 22.10.2"))
    assert root.version == (22, 10, 2)
    assert root.tool.origin is Origin.CONFIGURED
    assert root.modules == tmp_path / "opt/lib/asterisk/modules"
    assert root.sounds == tmp_path / "opt/var/lib/asterisk/sounds"
    assert root.argv(["-V"]) == [str(tmp_path / "opt/sbin/asterisk"), "-V"]
    assert not (tmp_path / "var").exists()


def test_its_own_asterisk_conf_says_where_its_parts_are(tmp_path: Path) -> None:
    program = installed(tmp_path / "opt", "Asterisk 23.1.0", modules="odd/place")
    conf = tmp_path / "opt/etc/asterisk/asterisk.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(f"[directories](!)\n;astmoddir => /nowhere\nastmoddir => {tmp_path}/opt/odd/place\n")
    assert find_asterisk(tmp_path / "var", configured=program).modules == tmp_path / "opt/odd/place"


@pytest.mark.parametrize(
    ("says", "modules", "sounds", "complaint"),
    [
        ("Asterisk 18.9.0", "lib/asterisk/modules", True, "18.9.0; needed is"),
        ("something else", "lib/asterisk/modules", True, "does not say which"),
        ("Asterisk 22.10.1", "odd/place", True, "has no modules"),
        ("Asterisk 22.10.1", "lib/asterisk/modules", False, "has no English sounds"),
    ],
)
def test_a_configured_asterisk_that_will_not_do_is_refused_with_the_reason(
    tmp_path: Path, says: str, modules: str, sounds: bool, complaint: str
) -> None:
    program = installed(tmp_path / "opt", says, modules=modules, sounds=sounds)
    with pytest.raises(ConfigurationError, match=complaint):
        find_asterisk(tmp_path / "var", configured=program)


def test_a_configured_tool_must_be_a_program(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no program"):
        find_tool("sipp", tmp_path, configured=tmp_path / "sipp")
    (tmp_path / "sipp").write_text("#!/bin/sh\n")
    (tmp_path / "sipp").chmod(0o755)
    assert find_tool("sipp", tmp_path, configured=tmp_path / "sipp").argv(["-v"]) == [str(tmp_path / "sipp"), "-v"]


def test_nothing_of_our_environment_reaches_a_program(tmp_path: Path) -> None:
    (tmp_path / "sipp").write_text("#!/bin/sh\n")
    (tmp_path / "sipp").chmod(0o755)
    environment = find_tool("sipp", tmp_path, configured=tmp_path / "sipp").environment()
    assert set(environment) <= {"PATH", "LANG", "TERM", "HOME", "TZ", "TMPDIR", "USER", "LOGNAME"}
