"""Rendering Asterisk's configuration: what is written, what is left alone, and that no value becomes configuration."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.conf import (
    CONF_VERSION,
    MARK,
    caller_id,
    modules_to_reload,
    render,
    render_generated,
    render_phones,
)
from callcenter.asterisk.conf_values import ConfValues, Fallback, Folders, PhoneAccount, Trunk, value_problems
from callcenter.errors import Bug, ConfigurationError

TEMPLATES: Final = Path(__file__).parents[2] / "asterisk-conf"


def folders(base: Path) -> Folders:
    return Folders(
        etc=base / "etc",
        modules=Path("/usr/lib/asterisk/modules"),
        data=Path("/usr/share/asterisk"),
        varlib=base / "lib",
        keys=base / "keys",
        db=base / "db",
        spool=base / "spool",
        run=Path("/run/cc"),
        log=base / "log",
    )


def values(base: Path = Path("/var/cc"), **changes: Any) -> ConfValues:
    made = ConfValues(
        folders=folders(base),
        http_port=8088,
        ari_password="ari-secret",
        websocket_port=8089,
        websocket_password="websocket-secret",
        ami_port=5038,
        ami_password="ami-secret",
        fastagi_port=4573,
        sip_port=5060,
        phones=(
            PhoneAccount(number="1002", name="Bình", secret="second"),
            PhoneAccount(number="1001", name="An", secret="first"),
        ),
    )
    return replace(made, **changes)


def settings(path: Path) -> list[str]:
    """The lines Asterisk would act on, comments taken off as it does."""
    found = []
    for line in path.read_text().splitlines():
        text = re.split(r"(?<!\\);", line)[0].replace("\\;", ";").strip()
        if text:
            found.append(text)
    return found


def reading_of(etc: Path, name: str) -> list[str]:
    """A file's settings with its includes in place."""
    lines = []
    for line in settings(etc / name):
        match = re.fullmatch(r"#(?:try)?include (\S+)", line)
        if match is None:
            lines.append(line)
        elif (etc / match[1]).exists():
            lines += reading_of(etc, match[1])
    return lines


# -- files -------------------------------------------------------------------------------------------------------------


def test_every_file_that_is_included_is_made_or_the_readers_own(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    for path in tmp_path.rglob("*.conf"):
        for line in settings(path):
            match = re.fullmatch(r"#(try)?include (\S+)", line)
            if match is not None and match[1]:
                assert match[2].startswith("custom/")
            elif match is not None:
                assert match[2].startswith("callcenter/")
                assert (tmp_path / match[2]).is_file()


def test_every_thin_file_takes_the_readers_own_in(tmp_path: Path) -> None:
    for thin in TEMPLATES.glob("*.conf"):
        assert f"#tryinclude custom/{thin.name}" in settings(thin)
        assert thin.read_text().startswith(MARK)


def test_what_holds_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    for path in tmp_path.rglob("*.conf"):
        mode = stat.S_IMODE(path.stat().st_mode)
        template = TEMPLATES / f"{path.relative_to(tmp_path)}.j2"
        assert mode == (0o600 if template.exists() else 0o644)
        if re.search("-secret|first|second", path.read_text()) and path.parent.name == "callcenter":
            assert mode == 0o600


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    first = render(values(tmp_path), TEMPLATES, tmp_path)
    assert len(first) == len(list(tmp_path.rglob("*.conf"))) > 20
    before = {path: path.stat().st_ino for path in first}
    assert render(values(tmp_path), TEMPLATES, tmp_path) == []
    assert render(values(tmp_path, ami_port=5039), TEMPLATES, tmp_path) == [
        tmp_path / "callcenter/manager-general.conf"
    ]
    after = {path: path.stat().st_ino for path in first}
    assert {path for path in first if before[path] != after[path]} == {tmp_path / "callcenter/manager-general.conf"}


def test_a_mode_that_was_opened_is_closed_again(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    secret = tmp_path / "callcenter/ari.conf"
    secret.chmod(0o644)
    assert render(values(tmp_path), TEMPLATES, tmp_path) == []
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_nothing_is_left_beside_the_files(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r"[a-z_-]+\.conf", name) for name in names)


def test_somebody_elses_file_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "pjsip.conf"
    mine.write_text("[my-trunk]\ntype = endpoint\n")
    with pytest.raises(ConfigurationError) as caught:
        render(values(tmp_path), TEMPLATES, tmp_path)
    assert [problem.where for problem in caught.value.problems] == [str(mine)]
    assert "custom/pjsip.conf" in caught.value.problems[0].remedy
    assert mine.read_text().startswith("[my-trunk]")
    assert list(tmp_path.iterdir()) == [mine], "nothing at all was written"


def test_custom_files_are_left_alone(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    mine = tmp_path / "custom/extensions.conf"
    mine.write_text("[mine]\n")
    render(values(tmp_path, http_port=9999), TEMPLATES, tmp_path)
    assert mine.read_text() == "[mine]\n"
    assert "[mine]" in reading_of(tmp_path, "extensions.conf")


def test_the_systems_asterisk_keeps_its_asterisk_conf(tmp_path: Path) -> None:
    render(values(tmp_path, folders=None), TEMPLATES, tmp_path)
    assert not (tmp_path / "asterisk.conf").exists()


def test_generated_files_alone(tmp_path: Path) -> None:
    made = render_generated(values(tmp_path, folders=None), TEMPLATES, tmp_path)
    assert {path.parent for path in made} == {tmp_path / "callcenter"}
    assert {path.name for path in made} >= {"ari.conf", "extensions.conf", "phones.conf", "pjsip.conf"}


def test_templates_that_are_not_there_are_our_fault(tmp_path: Path) -> None:
    with pytest.raises(Bug):
        render(values(tmp_path), tmp_path / "nowhere", tmp_path / "etc")


def test_a_template_that_asks_for_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "callcenter").mkdir()
    (tmp_path / "callcenter/new.conf.j2").write_text("; callcenter: x\n\na = {{ no_such_value }}\n")
    with pytest.raises(ConfigurationError, match="no_such_value"):
        render(values(), tmp_path, tmp_path / "etc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_belong_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    os.chown(etc, 65534, 65534)
    render(values(tmp_path), TEMPLATES, etc)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in etc.rglob("*.conf")} == {(65534, 65534)}


# -- what is in them ---------------------------------------------------------------------------------------------------


def test_everything_that_controls_asterisk_is_on_loopback(tmp_path: Path) -> None:
    render(values(tmp_path, sip_host="0.0.0.0"), TEMPLATES, tmp_path)
    for name in ("http.conf", "manager.conf"):
        assert [line for line in reading_of(tmp_path, name) if "bind" in line and "port" not in line] == [
            "bindaddr = 127.0.0.1"
        ]
    assert "uri = ws://127.0.0.1:8089/ari" in reading_of(tmp_path, "websocket_client.conf")
    assert "CALLCENTER_FASTAGI = 127.0.0.1:4573" in reading_of(tmp_path, "extensions.conf")
    assert "live_dangerously = no" in settings(tmp_path / "asterisk.conf")


def test_the_ami_user_has_two_rights(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    assert [line for line in reading_of(tmp_path, "manager.conf") if line.startswith("write =")] == [
        "write = system,call"
    ]


def test_strangers_have_no_endpoint(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    everything = " ".join(reading_of(tmp_path, "pjsip.conf"))
    assert "anonymous" not in everything
    assert "anonymous" not in " ".join(settings(tmp_path / "modules.conf"))
    assert "guest" not in everything


def test_phones_in_order_of_number_whatever_order_they_are_given(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    phones = values().phones
    assert render_phones(tuple(reversed(phones)), TEMPLATES, tmp_path) == []
    numbers = [line for line in settings(tmp_path / "callcenter/phones.conf") if line.endswith("(callcenter-phone)")]
    assert numbers == ["[1001](callcenter-phone)", "[1002](callcenter-phone)"]


def test_a_new_phone_asks_for_two_reloads(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    changed = render_phones((*values().phones, PhoneAccount(number="1003", name="", secret="x")), TEMPLATES, tmp_path)
    assert modules_to_reload(changed) == ["res_pjsip.so", "app_queue.so"]
    again = replace(values().phones[0], secret="other")
    assert modules_to_reload(render_phones((again,), TEMPLATES, tmp_path)) == ["res_pjsip.so", "app_queue.so"]
    assert modules_to_reload(render_phones((replace(again, name="New"),), TEMPLATES, tmp_path)) == ["res_pjsip.so"]


def test_the_fallback_ends_the_call_or_asks_the_plain_queue(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path / "queue")
    render(values(tmp_path, fallback=Fallback.HANG_UP), TEMPLATES, tmp_path / "hang-up")
    assert "Queue(" in (tmp_path / "queue/callcenter/extensions.conf").read_text()
    assert "Queue(" not in (tmp_path / "hang-up/callcenter/extensions.conf").read_text()


def test_no_text_from_outside_is_in_an_applications_arguments(tmp_path: Path) -> None:
    render(values(tmp_path), TEMPLATES, tmp_path)
    text = " ".join(reading_of(tmp_path, "extensions.conf"))
    assert not re.search(r"\$\{(?:EXTEN|CALLERID|CHANNEL|SIP|PJSIP|DIALED)", text)
    assert f"CALLCENTER_CONF = {CONF_VERSION}" in text


def test_a_trunk_without_a_contact_takes_calls_only(tmp_path: Path) -> None:
    trunks = (
        Trunk(name="first", addresses=("192.0.2.1", "198.51.100.0/24")),
        Trunk(name="second", addresses=("2001:db8::1",), contact="sip:sbc.example.net:5070", context="from-second"),
    )
    render(values(tmp_path, trunks=trunks), TEMPLATES, tmp_path)
    text = "\n".join(settings(tmp_path / "callcenter/pjsip.conf"))
    assert "match = 192.0.2.1\nmatch = 198.51.100.0/24" in text
    assert re.findall("^contact = .*", text, re.MULTILINE) == ["contact = sip:sbc.example.net:5070"]
    assert "context = from-second" in text


def test_an_ipv6_address_is_bracketed(tmp_path: Path) -> None:
    render(values(tmp_path, sip_host="::1"), TEMPLATES, tmp_path)
    assert "bind = [::1]:5060" in settings(tmp_path / "callcenter/pjsip.conf")
    assert "media_address = ::1" in settings(tmp_path / "callcenter/pjsip.conf")


@pytest.mark.parametrize(
    ("sip_host", "own"), [("127.0.0.1", True), ("192.0.2.7", True), ("0.0.0.0", False), ("::", False)]
)
def test_sound_is_taken_where_calls_are_and_nowhere_else(sip_host: str, own: bool, tmp_path: Path) -> None:
    render(values(tmp_path, sip_host=sip_host), TEMPLATES, tmp_path)
    text = settings(tmp_path / "callcenter/pjsip.conf")
    assert (f"media_address = {sip_host}" in text) == own
    assert ("bind_rtp_to_media_address = yes" in text) == own


# -- hostile values ----------------------------------------------------------------------------------------------------

HOSTILE: Final = (
    "",
    " ",
    "a b",
    "a\nb",
    "a\rb",
    "a;b",
    "a]b",
    "[a",
    "#exec x",
    "a=b",
    "../x",
    "a\x00",
    "${X}",
    "a" * 300,
)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "name", ["app", "ari_username", "ami_username", "websocket_username", "system_name", "fallback_announcement"]
)
def test_a_name_that_asterisk_would_read_otherwise_is_refused(name: str, hostile: str, tmp_path: Path) -> None:
    if name == "fallback_announcement" and len(hostile) == 300:
        pytest.skip("a long name of a sound is merely not found")
    with pytest.raises(ConfigurationError):
        render(values(tmp_path, **{name: hostile}), TEMPLATES, tmp_path / "etc")
    assert not (tmp_path / "etc").exists()


@pytest.mark.parametrize("hostile", [*HOSTILE, "general", "callcenter-phone", "-1", "1-", "é"])
def test_a_number_that_is_no_section_is_refused(hostile: str) -> None:
    account = PhoneAccount(number=hostile, name="x", secret="secret")
    with pytest.raises(ConfigurationError):
        render_phones((account,), TEMPLATES, Path("/nowhere"))


@pytest.mark.parametrize(
    "hostile", ["", " q7x", "q7x ", "a\nb", "a\rb", "a\x00b", "é", "a" * 300, "a\x7fb", "a\u2028b"]
)
def test_a_secret_that_cannot_be_written_is_refused_without_telling_it(hostile: str) -> None:
    account = PhoneAccount(number="1001", name="x", secret=hostile)
    with pytest.raises(ConfigurationError) as caught:
        render_phones((account,), TEMPLATES, Path("/nowhere"))
    assert not hostile or hostile not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("http_port", 0),
        ("sip_port", 65_536),
        ("rtp_from", 10_001),
        ("rtp_to", 10_001),
        ("sip_host", "localhost; x"),
        ("sip_host", "fe80::1%eth0\n"),
        ("external_address", "a b"),
        ("external_address", "x\n[evil]"),
        ("local_networks", ("10.0.0.0/99",)),
        ("qualify_s", -1),
        ("trunks", (Trunk(name="1 2"),)),
        ("trunks", (Trunk(addresses=()),)),
        ("trunks", (Trunk(addresses=("not-an-address",)),)),
        ("trunks", (Trunk(contact="sip:x;transport=tcp\n"),)),
        ("trunks", (Trunk(), Trunk())),
        ("trunks", (Trunk(codecs=()),)),
        ("trunks", (Trunk(codecs=("ulaw\nx",)),)),
        ("trunks", (Trunk(context="a,b"),)),
        ("ami_port", 8088),
    ],
)
def test_every_bad_value_is_one_problem_with_its_place(name: str, bad: Any) -> None:
    problems = value_problems(values(**{name: bad}))
    assert len(problems) >= 1
    assert all(problem.where and problem.what for problem in problems)


def test_folders_that_break_asterisk_conf_are_refused() -> None:
    for bad in ("/a;b", "/a\nb", "relative", "/x/../y", "/a ", "/" + "r" * 100):
        assert value_problems(values(folders=replace(folders(Path("/var/cc")), run=Path(bad))))


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        render(values(http_port=0, app="a b", ami_password="\n"), TEMPLATES, Path("/nowhere"))
    assert {problem.where for problem in caught.value.problems} == {"http_port", "app", "ami_password"}


def test_passwords_are_not_in_what_a_log_would_show() -> None:
    assert not re.search("-secret|first|second", repr(values()))


@given(name=st.text(max_size=300))
def test_a_callers_name_stays_one_quoted_text(name: str) -> None:
    text = caller_id(name, "1001")
    assert re.fullmatch(r'(?:"[^"\\<>;\[\]#\x00-\x1f\x7f\x80-\x9f\u2028\u2029]{1,80}" )?<1001>', text)


@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128))
def test_any_printable_secret_comes_out_as_it_went_in(secret: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    etc = tmp_path_factory.mktemp("etc")
    render_phones((PhoneAccount(number="1001", name="x", secret=secret),), TEMPLATES, etc)
    lines = settings(etc / "callcenter/phones.conf")
    assert [line for line in lines if line.startswith("password = ")] == [f"password = {secret}"]
    assert [line for line in lines if line.startswith("[")] == [
        "[1001](callcenter-phone)",
        "[1001](callcenter-phone-auth)",
        "[1001](callcenter-phone-aor)",
    ]
