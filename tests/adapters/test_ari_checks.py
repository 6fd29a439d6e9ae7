"""What may stand in a request, and what never leaves."""

import re
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.ari import Call, caller_id, checks
from callcenter.errors import Bug


@pytest.mark.parametrize("good", ["a", "l-abcdefgh-1", "1763757.12", "ast1-1763757.12", "c1;2", "x" * 149])
def test_ids_that_asterisk_takes(good: str) -> None:
    assert checks.identifier(good) == good


@pytest.mark.parametrize("bad", ["", "x" * 150, "a b", "a,b", "a\n", "é", "a\x00"])
def test_ids_that_it_does_not(bad: str) -> None:
    with pytest.raises(Bug):
        checks.identifier(bad)


@pytest.mark.parametrize("bad", ["", "../etc/passwd", "a/../b", "/a", "a/", "a.wav", "a b", "x" * 150, "a\\b", "a%2Fb"])
def test_a_recordings_name_is_no_path_out_of_its_folder(bad: str) -> None:
    with pytest.raises(Bug):
        checks.recording_name(bad)


def test_a_slash_in_a_recordings_name_is_escaped() -> None:
    assert checks.path("recordings", "live", checks.recording_name("2026/abc-1")) == "recordings/live/2026%2Fabc-1"


@pytest.mark.parametrize(
    "good",
    [
        "CC_CONTACT",
        "_INHERITED",
        "__ALL",
        "CALLERID(name)",
        "CHANNEL(language)",
        "PJSIP_TRANSFER_HANDLING()",
        "TALK_DETECT(set)",
    ],
)
def test_variables_that_may_be_set(good: str) -> None:
    assert checks.variable(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "DB(a/b)",
        "SHELL(id)",
        "CURL(http://x)",
        "FILE(/etc/passwd)",
        "A B",
        "",
        "1A",
        "${X}",
        "CHANNEL(${SHELL(id)})",
        "X\n",
        "ODBC_Q()",
    ],
)
def test_variables_that_may_not(bad: str) -> None:
    with pytest.raises(Bug):
        checks.variable(bad)


@pytest.mark.parametrize("bad", ["a,b", "a b", '"a"', "a(b)", "${X}", "a\n", "a\\", "a;b"])
def test_arguments_survive_asterisks_parser_or_are_refused(bad: str) -> None:
    with pytest.raises(Bug):
        checks.app_args(["ok", bad])


@pytest.mark.parametrize(
    "good", ["PJSIP/1001", "PJSIP/+49301234@trunk", "Local/in@test/n", "PJSIP/t/sip:1@h:5060;transport=tcp"]
)
def test_endpoints_that_may_be_dialled(good: str) -> None:
    assert checks.endpoint(good) == good


@pytest.mark.parametrize(
    "bad", ["1001", "PJSIP/", "PJSIP/1&PJSIP/2", "PJSIP/1 2", "PJSIP/1,30", "PJSIP/${X}", "PJSIP/1\r\nX: y", ""]
)
def test_endpoints_that_may_not(bad: str) -> None:
    with pytest.raises(Bug):
        checks.endpoint(bad)


@pytest.mark.parametrize(
    "bad", [[], ["hello"], ["sound:a,sound:b"], ["sound:../../etc/x"], ["sound:a\n"], ["http://x"]]
)
def test_media_that_is_none(bad: list[str]) -> None:
    with pytest.raises(Bug):
        checks.media(bad)


def test_media_are_played_in_a_row() -> None:
    assert checks.media(["sound:en/hello", "digits:12", "tone:ring;tonezone=us"]) == (
        "sound:en/hello,digits:12,tone:ring;tonezone=us"
    )


@given(name=st.text(), number=st.text())
def test_a_caller_id_holds_whatever_a_caller_sends(name: str, number: str) -> None:
    made = caller_id(name, number)
    assert re.fullmatch(r'(?:"[^"\\<>\x00-\x1f\x7f]*" )?<[0-9A-Za-z+*#._-]*>', made)


def test_a_caller_id_says_who() -> None:
    assert caller_id('Eve" <911>', "0901 23") == '"Eve 911" <090123>'
    assert caller_id("", "100") == "<100>"


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_a_query_string_hides_nothing(parameters: dict[str, str]) -> None:
    sent = dict(parse_qsl(checks.query(dict(parameters)), keep_blank_values=True, strict_parsing=False))
    assert sent == {name: value for name, value in parameters.items() if value}


def test_a_local_channel_has_both_names_and_a_format() -> None:
    with pytest.raises(Bug):
        Call(endpoint="Local/a@b/n", formats=("alaw",))
    with pytest.raises(Bug):
        Call(endpoint="Local/a@b", other_channel_id="x", formats=("alaw",))
    with pytest.raises(Bug):
        Call(endpoint="Local/a@b/n", other_channel_id="x")
    with pytest.raises(Bug):
        Call(endpoint="PJSIP/1", originator="x", formats=("alaw",))
    Call(endpoint="Local/a@b/n", other_channel_id="x", originator="y")
