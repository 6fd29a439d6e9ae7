"""AMI's bytes: any segmentation gives the same messages, no bytes raise but NotAmi, no text leaves its line."""

import asyncio
import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.asterisk.ami import AmiLink
from callcenter.asterisk.ami_wire import (
    FIELDS_MAX,
    GREETING_MAX_BYTES,
    LINE_MAX_BYTES,
    MESSAGE_MAX_BYTES,
    AmiMessage,
    MessageFramer,
    NotAmi,
    UnsafeText,
    read_message,
    render_action,
)
from callcenter.errors import PeerFault
from tests.adapters.fake_ami import FakeSession, Fields, Heard, fake_ami, value
from tests.examples import examples

GREETING = b"Asterisk Call Manager/11.0.0\r\n"

keys = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,15}", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=60)
fields = st.lists(st.tuples(keys, texts), max_size=8)
events = st.lists(fields, max_size=8)


def stream_of(blocks: list[list[tuple[str, str]]]) -> bytes:
    raw = ("Event: Tick\r\n" + "".join(f"{key}: {text}\r\n" for key, text in block) + "\r\n" for block in blocks)
    return GREETING + "".join(raw).encode()


def messages_of(segments: list[bytes]) -> list[AmiMessage | None]:
    framer = MessageFramer()
    return [read_message(block) for segment in segments for block in framer.feed(segment)]


@given(events, st.data())
def test_any_segmentation_gives_the_same_messages(blocks: list[list[tuple[str, str]]], data: st.DataObject) -> None:
    stream = stream_of(blocks)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    segments = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = messages_of([stream])
    assert messages_of(segments) == whole
    assert messages_of([stream[at : at + 1] for at in range(len(stream))]) == whole
    assert len(whole) == len(blocks)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_no_bytes_raise_anything_but_not_ami(chunks: list[bytes]) -> None:
    framer = MessageFramer()
    framer.feed(GREETING)
    for chunk in chunks:
        for block in framer.feed(chunk + b"\r\n\r\n"):
            message = read_message(block)
            assert message is None or message.event or message.response


@given(
    st.lists(
        st.sampled_from(["Event", "Response", "ActionID", "EventList", "Message", "Result", "Content"]), max_size=9
    )
)
def test_every_value_of_a_repeated_key_is_read(names: list[str]) -> None:
    block = "\r\n".join(f"{name}: {at}" for at, name in enumerate(names))
    message = read_message(block)
    if message is not None:
        for name in set(names):
            assert message.every(name) == tuple(str(at) for at, each in enumerate(names) if each == name)
            assert message.get(name.upper()) == message.every(name)[0]


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"\x16\x03\x01",
        b"Asterisk Call Manager/" + b"1" * GREETING_MAX_BYTES,
        GREETING + b"x" * (MESSAGE_MAX_BYTES + 1),
    ],
)
def test_what_is_no_ami_is_refused(stream: bytes) -> None:
    with pytest.raises(NotAmi):
        MessageFramer().feed(stream)


def test_a_long_message_in_single_bytes_costs_no_square() -> None:
    framer = MessageFramer()
    framer.feed(GREETING)
    began = time.process_time()
    for _ in range(200_000):
        framer.feed(b"x")
    assert framer.feed(b"\r\n" * 200_000) == ["x" * 200_000]
    assert time.process_time() - began < 3.0  # seconds where a square costs minutes


def test_the_last_field_may_be_empty() -> None:
    message = read_message("Event: Newchannel\r\nAccountCode: ")
    assert message is not None
    assert "accountcode" in message
    assert list(message) == [("event", "Newchannel"), ("accountcode", "")]


@given(keys, texts)
def test_an_action_is_read_back_as_it_was_written(key: str, text: str) -> None:
    name = f"X{key}"  # Action and ActionID are the link's own
    rendered = render_action("Originate", "id-1", [(name, text)])
    lines = rendered.decode().split("\r\n")
    assert lines == ["Action: Originate", "ActionID: id-1", f"{name}: {text}", "", ""]


@given(texts, st.sampled_from("\r\n\0"), texts)
def test_no_break_of_a_line_gets_through(before: str, evil: str, after: str) -> None:
    with pytest.raises(UnsafeText):
        render_action("Originate", "id-1", [("CallerID", before + evil + after)])


@pytest.mark.parametrize("key", ["", " ", "A:B", "A B", "ActionID", "action", "A\r\nB", "Ä", "1A"])
def test_keys_that_are_none_are_refused(key: str) -> None:
    with pytest.raises(UnsafeText):
        render_action("Originate", "id-1", [(key, "x")])


def test_what_asterisk_would_not_read_is_refused() -> None:
    with pytest.raises(UnsafeText, match="bytes"):
        render_action("Originate", "id-1", [("Variable", "á" * LINE_MAX_BYTES)])
    with pytest.raises(UnsafeText, match="fields"):
        render_action("Originate", "id-1", [("Variable", "a=b")] * FIELDS_MAX)


def block_of(pairs: list[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {text}\r\n" for key, text in pairs).encode() + b"\r\n"


PENDING = "the id of the pending action"
junk_blocks = st.binary(max_size=120) | st.builds(
    block_of,
    st.lists(
        st.tuples(
            st.sampled_from(["Event", "Response", "ActionID", "EventList", "Message", "CommandID", "x", ""]),
            st.sampled_from(["", "Success", "Error", "start", "Complete", "Follows", PENDING, "queue", "\x00"]),
        ),
        max_size=6,
    ),
)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(junk_blocks, max_size=12))
def test_a_link_survives_whatever_a_logged_in_peer_sends(junk: list[bytes]) -> None:
    """The action that is answered with junk fails or not; the next one is answered, on the same connection."""

    def answer(session: FakeSession, request: Fields) -> None:
        session.writer.write(b"".join(junk).replace(PENDING.encode(), value(request, "ActionID").encode()))
        session.writer.write(b"\r\n\r\n")
        session.reply(request)

    async def story() -> None:
        faults: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        heard = Heard()
        async with fake_ami() as fake:
            fake.answers["junk"] = answer
            link = AmiLink("127.0.0.1", fake.port, "callcenter", "s3cret", on_event=heard.on_event)
            await link.connect()
            with contextlib.suppress(PeerFault):
                await link.action("Junk", timeout_s=0.1)
            await link.action("QueueStatus")
            assert fake.connections == 1
            await link.close()
        assert faults == []

    began = time.process_time()
    asyncio.run(story())
    assert time.process_time() - began < 2.0


def test_blocks_without_content_cost_no_time() -> None:
    framer = MessageFramer()
    framer.feed(GREETING)
    began = time.process_time()
    assert framer.feed(b"\r\n\r\n" * 200_000) == []
    assert time.process_time() - began < 3.0


def test_fields_whose_names_differ_in_case_are_one_field() -> None:
    message = read_message("Event: UserEvent\r\nContent: a\r\nVar: 1\r\nvar: 2\r\nVAR: 3")
    assert message is not None
    assert message.every("Var") == ("1", "2", "3")
    assert message.get("content") == "a"
