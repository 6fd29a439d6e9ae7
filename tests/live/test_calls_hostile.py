"""Two hundred callers whose names and numbers are attacks: nothing breaks, nothing is executed, each is on record."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from callcenter.media.voice.ears import OUTSIDE_TEXT_MAX
from callcenter.sim.peers.places import LOOPBACK
from tests.live.aftermath import books_are_closed
from tests.live.center import Center
from tests.live.stranger import Fate, Strange, open_strangers

pytestmark = pytest.mark.live

CALLS: Final = 200
AT_ONCE: Final = 20
CALL_LIMIT_S: Final = 20.0
IGNORED_AFTER_S: Final = 2.0
COMPLAINTS: Final = (
    r"CallerID (?:Name|Number) .* has invalid UTF-8 characters which were replaced",
    r"sip_transport\.c Dropping .* packet .*PJSIP syntax error",
)

ATTACKS: Final = (
    b"plain",
    b"'; DROP TABLE contact; --",
    b"' OR '1'='1",
    b"{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    b"{{ config }}${7*7}#{7*7}<%= 7*7 %>",
    b"${SHELL(touch MARK)}",
    b"${CURL(http://127.0.0.1/MARK)}",
    b"$(touch MARK)",
    b"`touch MARK`",
    b"|touch MARK|",
    b"&& touch MARK &",
    b"1;touch MARK",
    b"a,b,c",
    b"x,,n,System(touch MARK)",
    b"../../../../etc/passwd",
    b"%0d%0aX-Evil: yes%0d%0a",
    b"%00null%00",
    b"line\\r\\nbreak",
    b"\r\n\tfolded",
    b"\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\u202egnp.exe\u202c \u2066rtl\u2069".encode(),
    "مرحبا".encode(),
    "Nguyễn Thị Ánh Tuyết".encode(),
    "👩‍👩‍👧‍👦🏴‍☠️".encode(),
    "\u0000\u0001\u0002".encode(),
    b"\xff\xfe\xc3\x28",
    b"A" * 500,
    "é".encode() * 300,
    b'\\"\\\\\\"',
    b"<script>alert(1)</script>",
    b"&amp;&lt;",
    b"=cmd|' /C calc'!A0",
    b"[from-phones]",
    b"1001",
    b"*31",
    b"h",
    b"t",
    b"s",
    b"i",
    b"_X.",
    b"PJSIP/1001",
    b"Local/s@callcenter-fallback/n",
    b"sip:1001@evil",
    b"NaN",
    b"-1",
    b"1e309",
    b"null",
    b"None",
)
VARIABLE_MAX: Final = 200
HEARD: Final = """
SELECT contact.caller, contact.dialled, o->'variables'->>'heard' AS heard
FROM journal, jsonb_array_elements(outputs) AS o JOIN contact ON contact.id = o->>'contact'
WHERE at >= to_timestamp($1) AND o->>'type' = 'PlayPrompts' AND o->'variables' ? 'heard'
"""
PARROT: Final = b"2018"  # says the caller's number aloud
LINE: Final = b"2006"  # leads to agents, whose telephones show the caller's name


def strange_calls(mark: Path) -> list[Strange]:
    """Attacks in names, numbers and dialled numbers; each caller's number begins with a mark of its own."""
    attacks = [attack.replace(b"MARK", str(mark).encode()) for attack in ATTACKS]
    made = []
    for at in range(CALLS):
        attack, other = attacks[at % len(attacks)], attacks[(at * 7 + 3) % len(attacks)]
        number, name = b"%03d" % at, attack
        dialled = (escaped(other), PARROT, LINE)[0 if at % 5 < 3 else at % 5 - 2]
        if dialled is PARROT or at % 2:
            number += b"~" + escaped(other)
        made.append(Strange(name=quoted(name), number=number, dialled=dialled, hangs_up=dialled is PARROT))
    return made


def escaped(text: bytes) -> bytes:
    """As in a SIP URI (RFC 3261, 25.1): what is no unreserved sign is escaped, so that it arrives."""
    kept = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/%"
    return b"".join(bytes((sign,)) if sign in kept else b"%%%02X" % sign for sign in text) or b"%20"


def quoted(text: bytes) -> bytes:
    """As a display name, unless it is an attack on the quotes themselves."""
    return text.replace(b'"', b'\\"') if b"\\" not in text else text


async def test_two_hundred_attacks_are_two_hundred_calls(center: Center, tmp_path: Path) -> None:
    center.expects(*COMPLAINTS)
    mark = tmp_path / "executed"
    await center.bank(talk_s=0.1)
    strangers = await open_strangers(LOOPBACK, center.premises.sip_port)
    calls = strange_calls(mark)
    gate = asyncio.Semaphore(AT_ONCE)

    async def call(strange: Strange) -> None:
        async with gate:
            with suppress(TimeoutError):
                await strangers.call(strange, CALL_LIMIT_S if b"\n" not in strange.name else IGNORED_AFTER_S)

    try:
        await asyncio.gather(*(call(strange) for strange in calls))
    finally:
        strangers.close()
    stuck = [strange for strange in calls if strange.fate not in (Fate.ENDED, Fate.REFUSED)]
    assert not [strange for strange in stuck if b"\n" not in strange.name], stuck  # that is no SIP message at all
    await center.until(lambda view: not view.contacts, "everybody is gone")
    await books_are_closed(center)
    assert not mark.exists()

    rows = await center.rows(
        "SELECT caller, caller_name, dialled FROM contact WHERE began >= to_timestamp($1)", center.began
    )
    answered = {f"{at:03d}" for at, strange in enumerate(calls) if strange.fate is Fate.ENDED}
    marked = {row["caller"][:3]: row for row in rows if row["caller"]}
    nameless = [row for row in rows if not row["caller"]]  # their numbers are longer than Asterisk keeps
    assert len(marked) + len(nameless) == len(rows) == len(answered), "each has one record"
    assert set(marked) <= answered
    assert len(nameless) <= 10
    refused = {at: strange.status for at, strange in enumerate(calls) if strange.fate is Fate.REFUSED}
    assert set(refused.values()) <= {400, 401, 404, 416, 484}, refused
    assert len(answered) >= CALLS * 3 // 4, refused
    for row in rows:
        assert all(len(text) <= OUTSIDE_TEXT_MAX and text.isprintable() for text in row)
    assert ATTACKS[3].decode().startswith(marked["003"]["caller_name"].strip()), "it is a name, and no template"
    said = await center.rows(HEARD, center.began)
    assert len(said) >= CALLS // 4
    for row in said:
        assert row["heard"] == f"{row['caller']}/{row['dialled']}"[:VARIABLE_MAX]
    tables = await center.rows("SELECT count(*) AS n FROM pg_tables WHERE tablename = 'contact'")
    assert tables[0]["n"] == 1
