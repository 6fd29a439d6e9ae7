"""Settings come from a file and the environment, and what is wrong with them is told by the place it came from."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.config import load_settings
from callcenter.config.places import control_socket
from callcenter.config.settings import AsteriskSource, LogLevel, Settings, chosen_ports
from callcenter.config.settings_sources import known_keys, variable_of
from callcenter.embedded.folders import SOCKET_PATH_MAX
from callcenter.errors import ConfigurationError
from tests.examples import examples


def write(folder: Path, text: str) -> Path:
    file = folder / "callcenter.toml"
    file.write_text(text, encoding="utf-8")
    return file


def told(file: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, environ)
    return [str(problem) for problem in caught.value.problems]


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    loaded = load_settings(write(tmp_path, ""), {})
    assert loaded.var_folder == tmp_path / "var"
    assert loaded.recordings == tmp_path / "var" / "recordings"
    assert loaded.asterisk.source is AsteriskSource.AUTO
    assert loaded.sip.host == "127.0.0.1", "nothing listens to the world unasked"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, '[sip]\nport = 5060\nhost = "0.0.0.0"\n[log]\nlevel = "error"\n')
    loaded = load_settings(
        file,
        {"CALLCENTER_SIP_PORT": "5080", "CALLCENTER_SIP_LOCAL_NETWORKS": "10.0.0.0/8, 192.168.0.0/16", "HOME": "/"},
    )
    assert (loaded.sip.port, loaded.sip.host, loaded.log.level) == (5080, "0.0.0.0", LogLevel.ERROR)
    assert loaded.sip.local_networks == ("10.0.0.0/8", "192.168.0.0/16")


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'database_url = "postgresql://somewhere/db"')
    assert load_settings(None, {"CALLCENTER_SETTINGS": str(file)}).database_url == "postgresql://somewhere/db"


def test_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    file = write(tmp_path, 'var_folder = "../else"\n[asterisk]\nprogram = "/usr/sbin/asterisk"\n')
    loaded = load_settings(file, {})
    assert loaded.var_folder == tmp_path / ".." / "else"
    assert loaded.asterisk.program == Path("/usr/sbin/asterisk")


def test_everything_wrong_is_told_at_once_by_its_place(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "databse_url = 'x'\nlog = 3\n[asterisk]\nhttp_port = 70000\nami_port = '80'\nsource = 'embeded'\n"
        "[sip]\nhost = 'everywhere'\n[dial]\nphone = 'PJSIP/201'\n",
    )
    assert told(file, {"CALLCENTER_SPI_PORT": "1", "CALLCENTER_SIP_PORT": "x"}) == [
        "callcenter.toml: databse_url: unknown key `databse_url` (did you mean `database_url`?)",
        "callcenter.toml: log: is a section ([log], and its keys below)",
        "callcenter.toml: asterisk.http_port: should be less than or equal to 65535",
        "callcenter.toml: asterisk.ami_port: should be a valid integer",
        "callcenter.toml: asterisk.source: should be 'auto', 'embedded' or 'system'",
        "callcenter.toml: sip.host: 'everywhere' does not appear to be an IPv4 or IPv6 address",
        "callcenter.toml: dial.phone: expected a channel with the place of the number, such as PJSIP/{number}",
        "CALLCENTER_SIP_PORT: should be a valid integer, unable to parse string as an integer",
        "CALLCENTER_SPI_PORT: no setting has this name (did you mean `CALLCENTER_SIP_PORT`?)",
    ]


def test_what_does_not_go_together_is_told_too(tmp_path: Path) -> None:
    file = write(tmp_path, "[asterisk]\nhttp_port = 8088\nami_port = 8088\n[sip]\nrtp_from = 10000\n")
    assert told(file, {}) == [
        "callcenter.toml: asterisk.ami_port: 8088 is asterisk.http_port already (0 picks a free port)",
        "callcenter.toml: sip.rtp_from: a range needs both rtp_from and rtp_to (or neither: ports are picked)",
    ]


def test_ports_that_somebody_has_chosen_are_known() -> None:
    assert chosen_ports(Settings()) == []
    text = {"CALLCENTER_SIP_PORT": "5060", "CALLCENTER_SIP_RTP_FROM": "10000", "CALLCENTER_SIP_RTP_TO": "10999"}
    assert chosen_ports(load_settings(None, text)) == [("sip.port", 5060, 1), ("sip.rtp_from", 10000, 1000)]


def test_a_running_asterisk_must_be_said_how_to_reach() -> None:
    assert told(None, {"CALLCENTER_ASTERISK_SOURCE": "system", "CALLCENTER_ASTERISK_HTTP_PORT": "8088"}) == [
        "callcenter.toml: asterisk.ami_port: an Asterisk that runs already has a port (say which)"
    ]


def test_a_file_that_is_not_toml_or_not_there(tmp_path: Path) -> None:
    assert told(write(tmp_path, "a = 1\nb = = 2"), {}) == ["callcenter.toml:2:5: not TOML: Invalid value"]
    missing = tmp_path / "missing.toml"
    assert told(missing, {}) == [f"{missing}: cannot be read: No such file or directory"]


def test_passwords_are_shown_nowhere(tmp_path: Path) -> None:
    file = write(tmp_path, 'database_url = "mysql://hunter2"\n[asterisk]\nari_password = " hunter2"\n')
    assert "hunter2" not in "\n".join(told(file, {"CALLCENTER_ASTERISK_AMI_PASSWORD": "hunter2 "}))
    loaded = load_settings(write(tmp_path, 'database_url = "postgres://u:hunter2@h/d"'), {})
    assert "hunter2" not in repr(loaded)


def test_every_key_has_a_variable_of_its_own() -> None:
    variables = [variable_of(key) for key in known_keys()]
    assert len(set(variables)) == len(variables)
    assert "CALLCENTER_DATABASE_URL" in variables


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet="ab=\n[]{}'\"0.#,- _", max_size=60) | st.text(max_size=40),
    environ=st.dictionaries(
        st.sampled_from([variable_of(key) for key in known_keys()]),
        st.text(max_size=12).filter(lambda t: "\x00" not in t),
    ),
)
def test_any_text_gives_settings_or_problems(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    file = tmp_path / "callcenter.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigurationError):
        assert isinstance(load_settings(file, environ), Settings)


def test_a_deep_var_folder_has_its_control_socket_where_its_name_fits(tmp_path: Path) -> None:
    near = load_settings(write(tmp_path, ""), {})
    assert control_socket(near) == tmp_path / "var" / "run" / "control.sock"
    deep = load_settings(write(tmp_path, f'var_folder = "{"ă" * 60}"\n'), {})
    assert len(os.fsencode(control_socket(deep))) <= SOCKET_PATH_MAX
    assert control_socket(deep) == control_socket(deep) != control_socket(near)
    chosen = load_settings(write(tmp_path, '[web]\ncontrol_socket = "mine.sock"\n'), {})
    assert control_socket(chosen) == tmp_path / "mine.sock"


def test_the_api_is_open_to_others_with_tls_only_or_when_somebody_says_so(tmp_path: Path) -> None:
    for text, key in (
        ('[web]\nhost = "0.0.0.0"\n', "web.host"),
        ('[web]\ntls_key = "key.pem"\n', "web.tls_certificate"),
    ):
        with pytest.raises(ConfigurationError, match=key):
            load_settings(write(tmp_path, text), {})
    open_ = load_settings(write(tmp_path, '[web]\nhost = "0.0.0.0"\nopen_without_tls = true\n'), {})
    assert open_.web.open_without_tls
    tls = load_settings(write(tmp_path, '[web]\nhost = "::"\ntls_certificate = "c.pem"\ntls_key = "k.pem"\n'), {})
    assert tls.web.tls_key == tmp_path / "k.pem"
