"""FastAGI's lines: quoting is read back by Asterisk's rules, answers by their own, and nothing else raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.agi_wire import (
    ANSWER_LINES_MAX,
    ARGUMENTS_MAX,
    COMMAND_MAX_BYTES,
    AgiNonsense,
    AgiReply,
    AnswerReader,
    Said,
    checked_application,
    checked_variable,
    read_request,
    render_command,
)
from callcenter.asterisk.ami_wire import UnsafeText
from tests.adapters.fake_agi_peer import FakeCall, parse_args

texts = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
nasty = st.text('ab" \t\\,()${}', max_size=40)


@given(st.lists(texts | nasty, max_size=6))
def test_asterisk_reads_arguments_back_as_they_were_given(arguments: list[str]) -> None:
    line = render_command("EXEC", *arguments)
    assert "\n" not in line
    assert parse_args(line) == ["EXEC", *arguments]


@given(texts, st.sampled_from("\r\n\0"), texts)
def test_no_break_of_a_line_gets_through(before: str, evil: str, after: str) -> None:
    with pytest.raises(UnsafeText):
        render_command("SET VARIABLE", "A", before + evil + after)


@pytest.mark.parametrize("name", ["", "SET  VARIABLE", 'NOOP "', "NOOP\nEXEC", "1", "NOOP "])
def test_a_command_is_named_by_words(name: str) -> None:
    with pytest.raises(UnsafeText):
        render_command(name)


def test_what_asterisk_would_cut_off_is_refused() -> None:
    with pytest.raises(UnsafeText, match="bytes"):
        render_command("SET VARIABLE", "A", "á" * (COMMAND_MAX_BYTES // 2))
    with pytest.raises(UnsafeText, match="arguments"):
        render_command("EXEC", *(["a"] * (ARGUMENTS_MAX + 1)))


@pytest.mark.parametrize("name", ["A", "CHANNEL(language)", "PJSIP_HEADER(read,X-Id)", "DB(a/b)", "_inherited"])
def test_names_of_variables_and_functions_are_taken(name: str) -> None:
    assert checked_variable(name) == name


@pytest.mark.parametrize("name", ["", "A B", "${A}", "SHELL(rm -rf /)", "A(b)c", "A\n", "DB(${X})"])
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(UnsafeText):
        checked_variable(name)
    with pytest.raises(UnsafeText):
        checked_application(name)


# -- the request --------------------------------------------------------------------------------------------------


def test_a_request_is_read() -> None:
    call = FakeCall("flow/sales?day=monday&name=%C3%81nh&day=sunday&empty=")
    request = read_request(call.opening().decode().split("\n")[:-2])
    assert request.path == "flow/sales"
    assert request.query == (("day", "monday"), ("name", "Ánh"), ("day", "sunday"), ("empty", ""))
    assert request.parameter("day") == "monday"
    assert request.parameter("none", "x") == "x"
    assert (request.channel, request.uniqueid, request.language) == ("PJSIP/anna-00000001", "1700000000.1", "en")
    assert (request.caller_number, request.caller_name, request.dialled) == ("0901234567", "", "1900")
    assert (request.context, request.extension, request.priority) == ("in", "1900", "1")
    assert request.arguments == ("first", "")


@pytest.mark.parametrize("lines", [[], ["agi_network: yes"], ["GET / HTTP/1.1"], ["agi_network"], ["x: y"]])
def test_what_is_no_request_is_refused(lines: list[str]) -> None:
    with pytest.raises(AgiNonsense):
        read_request(lines)


@given(st.lists(st.text(max_size=30).map(lambda text: f"agi_{text}"), max_size=10))
def test_no_request_raises_anything_else(lines: list[str]) -> None:
    try:
        request = read_request([*lines, "agi_network_script: x?" + "&".join(lines)])
    except AgiNonsense:
        return
    assert request.path == "x"


# -- answers ------------------------------------------------------------------------------------------------------


def answers_of(*lines: str) -> list[AgiReply]:
    reader = AnswerReader()
    return [said for line in lines if isinstance(said := reader.feed(line), AgiReply)]


@pytest.mark.parametrize(
    ("line", "result", "value", "endpos"),
    [
        ("200 result=0", "0", None, ""),
        ("200 result=-1", "-1", None, ""),
        ("200 result=1 (hello)", "1", "hello", ""),
        ("200 result=1 ()", "1", "", ""),
        ("200 result=1 (a) b (c)", "1", "a) b (c", ""),
        ("200 result=1 (endpos=7)", "1", "endpos=7", ""),
        ("200 result= (timeout)", "", "timeout", ""),
        ("200 result=49 endpos=1234", "49", None, "1234"),
        ("200 result=0 (hangup) endpos=1234", "0", "hangup", "1234"),
        ("200 result=12#", "12#", None, ""),
        ("510 Invalid or unknown command", "", None, ""),
        ("511 Command Not Permitted on a dead channel or intercept routine", "", None, ""),
        ("520 Invalid command syntax.  Proper usage not available.", "", None, ""),
    ],
)
def test_one_line_is_one_answer(line: str, result: str, value: str | None, endpos: str) -> None:
    [reply] = answers_of(line)
    assert (reply.result, reply.value, reply.attribute("endpos")) == (result, value, endpos)
    assert reply.code == int(line[:3])


def test_patience_is_no_answer() -> None:
    assert [reply.result for reply in answers_of("100 result=0 Trying...", "200 result=5")] == ["5"]


def test_a_usage_text_is_one_answer_whatever_it_says() -> None:
    replies = answers_of(
        "520-Invalid command syntax.  Proper usage follows:",
        " Usage: SET VARIABLE <variablename> <value>",
        "200 result=1",
        "",
        "520 End of proper usage.",
        "200 result=2",
    )
    assert [(reply.code, reply.result) for reply in replies] == [(520, ""), (200, "2")]


def test_a_value_with_line_breaks_is_one_answer() -> None:
    replies = answers_of("200 result=1 (one", "", "two)", "200 result=0")
    assert [(reply.result, reply.value) for reply in replies] == [("1", "one\n\ntwo"), ("0", None)]


def test_an_answer_without_end_is_nonsense() -> None:
    reader = AnswerReader()
    reader.feed("520-Invalid")
    with pytest.raises(AgiNonsense):
        for _ in range(ANSWER_LINES_MAX):
            assert reader.feed("x") is Said.PART


@given(st.lists(st.text(max_size=60) | st.from_regex(r"(200|100|520|HANGUP)[ -](result=)?.{0,20}"), max_size=20))
def test_no_line_raises(lines: list[str]) -> None:
    reader = AnswerReader()
    for line in lines:
        said = reader.feed(line)
        if isinstance(said, AgiReply):
            assert said.result is not None
            assert said.value is None or said.value in said.text
            assert said.attribute("endpos") is not None
