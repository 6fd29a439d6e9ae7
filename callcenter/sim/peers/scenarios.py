"""SIPp scenarios, as text. Knows SIPp's XML and SIP; knows no process and no file but those it names.

A key is pressed inside the sound stream, as telephones do it (RFC 4733), but SIPp's own way of doing so needs a raw
socket and so the rights of root. Here a key is a small file that is streamed like sound, under the payload type of
telephone events: SIPp cuts it into packets of one size, and each of them is one packet of the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

EVENT_TYPE: Final = 101  # payload type of telephone events in our SDP
EVENT_PACKETS: Final = 5
EVENT_PACKET_S: Final = 0.03
EVENT_FORMAT: Final = "iLBC/8000"
"""The one dynamic sound format SIPp takes any payload type for: packets of 50 bytes, 30 ms (240 ticks) each."""

EVENT_BYTES: Final = 50
EVENT_TICKS: Final = 240
EVENT_VOLUME: Final = 10  # dBm0, below zero
END_BIT: Final = 0x80
KEYS: Final = "0123456789*#ABCD"
KEY_S: Final = 0.2
KEY_GAP_S: Final = 0.15
CALL_MAX_S: Final = 3600.0
REGISTER_EVERY_S: Final = 60.0
REFUSALS: Final = (401, 403, 404, 480, 484, 486, 488, 500, 503, 603)
GO_OVER: Final = '<nop next="over"/>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Talk (or be silent) for so long."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Press these keys."""

    digits: str


Step = Wait | Press


def key_file(key: str) -> bytes:
    """The packets of one pressed key (RFC 4733, 2.3): event, end bit and volume, duration.

    Only one of them has the end bit: SIPp gives every packet a new timestamp, and Asterisk takes an end with a new
    timestamp for another key.
    """
    event = KEYS.index(key.upper())
    packets = []
    for number in range(1, EVENT_PACKETS + 1):
        flags = (END_BIT if number == EVENT_PACKETS else 0) | EVENT_VOLUME
        packet = bytes((event, flags)) + (EVENT_TICKS * number).to_bytes(2, "big")
        packets.append(packet.ljust(EVENT_BYTES, b"\0"))
    return b"".join(packets)


def key_file_name(key: str) -> str:
    """A name without `*` and `#`."""
    return f"key-{KEYS.index(key.upper())}.event"


def caller(
    steps: Sequence[Step], *, sound: str | None, cancel_after_s: float | None, hang_up: bool, delayed: bool = False
) -> str:
    """Calls that take a row each: number;name;dialled. `sound` is a file of mu-law bytes that is repeated.

    `cancel_after_s`: it gives up so long after the INVITE if nobody has answered. After the steps it hangs up, or
    (`hang_up` false) waits for the other side to do so. `delayed`: a fourth column says how many milliseconds after its
    creation a call begins.
    """
    # SIPp counts the time for the message it stands at, so each of these needs the limit.
    limit = "" if cancel_after_s is None else f' timeout="{_ms(cancel_after_s)}" ontimeout="cancel"'
    silent = sound is None and not any(isinstance(step, Press) for step in steps)
    parts = [_delay()] if delayed else []
    parts += [_send(INVITE, retrans=True), _log("began")]
    parts += [f'<recv response="{code}" optional="true"{limit}/>' for code in (100, 180, 181, 182, 183)]
    parts += [f'<recv response="{code}" optional="true" next="refused{code}"{limit}/>' for code in REFUSALS]
    parts.append(f'<recv response="200" rtd="true"{limit}/>')
    parts += [_send(ACK), _log("answered")]
    if sound is not None:
        parts.append(_stream(sound))
    for number, step in enumerate(steps):
        match step:
            case Wait(seconds=seconds):
                parts.append(_until_bye(seconds, f"step{number}"))
            case Press(digits=digits):
                for place, key in enumerate(digits):
                    parts.append(_nop(f'rtp_stream="{key_file_name(key)},1,{EVENT_TYPE},{EVENT_FORMAT}"'))
                    parts.append(_until_bye(KEY_S, f"key{number}x{place}"))
                    if sound is not None:
                        parts.append(_stream(sound))
                    parts.append(_until_bye(KEY_GAP_S, f"gap{number}x{place}"))
    if hang_up:
        parts += [_log("hangs up"), _send(BYE, retrans=True), '<recv response="200" next="over"/>']
    else:
        parts.append(f'<recv request="BYE" timeout="{_ms(CALL_MAX_S)}" next="bye"/>')
    parts += [_label("bye"), _log("was hung up"), _send(OK_TO_BYE), GO_OVER]
    if cancel_after_s is not None:
        parts += [
            _label("cancel"),
            _log("cancels"),
            _send(CANCEL, retrans=True),
            '<recv response="200"/>',
            '<recv response="487"/>',
            _send(ACK_TO_REFUSAL),
            GO_OVER,
        ]
    for code in REFUSALS:
        parts += [_label(f"refused{code}"), _log(f"was refused with {code}"), _send(ACK_TO_REFUSAL), GO_OVER]
    parts += [_label("over"), _log("ended")]
    return _without_ports(_scenario("caller", parts)) if silent else _scenario("caller", parts)


def registrations(every_s: float = REGISTER_EVERY_S) -> str:
    """One phone a row, number;secret: registers, for twice as long as until it does so again."""
    register = REGISTER.replace("Expires: 120", f"Expires: {2 * every_s:.0f}")
    return _scenario(
        "registrations",
        [
            _label("again"),
            _send(register, retrans=True),
            '<recv response="100" optional="true"/>',
            '<recv response="401" auth="true"/>',
            _send(
                register.replace("Expires:", "[authentication username=[field0] password=[field1]]\nExpires:"),
                retrans=True,
            ),
            '<recv response="100" optional="true"/>',
            '<recv response="200"/>',
            _log("registered"),
            f'<pause milliseconds="{_ms(every_s)}"/>',
            '<nop next="again"/>',
        ],
    )


def phones(
    *,
    ring_s: float,
    answer: int,
    talk_s: float | None,
    sound: str | None,
    named_talk: bool = False,
    heard_at: str = "",
) -> str:
    """What all phones of one process do with a call: ring, then give this SIP answer (0: ring on).

    After 200 it talks for `talk_s` and hangs up; None: until the other side does. `named_talk`: the caller's name is
    the number of milliseconds to talk, so that the same calls last the same whoever distributes them. `heard_at`: the
    port for sound is this and the phone's number; SIPp itself hears nothing then.
    """
    parts = [
        '<recv request="OPTIONS" optional="true" next="options"/>',
        '<recv request="INVITE"><action>'
        + "".join(
            f'<ereg regexp="{regexp}" search_in="hdr" header="{header}:" check_it="true" assign_to="{variables}"/>'
            for regexp, header, variables in (
                (".*", "From", "from"),
                (".*", "To", "to"),
                ("sip:([^@]*)@", "To", "address,called"),
                ("[0-9]+", "CSeq", "number"),
                ("sip:[^&gt;;]*", "Contact", "target"),
                *((("^ *&quot;?([0-9]+)", "From", "name,talk"),) if named_talk else ()),
            )
        )
        + '<ereg regexp="sip:([^@&gt;;]*)@" search_in="hdr" header="From:" assign_to="origin,caller"/>'
        + ('<todouble assign_to="talk_ms" variable="talk"/>' if named_talk else "")
        + "</action></recv>",
        _send(RINGING),
        _log("rings", *PHONE),
    ]
    wait = CALL_MAX_S if answer == 0 else ring_s
    after = "given-up" if answer == 0 else "answer"
    parts.append(f'<recv request="CANCEL" timeout="{_ms(wait)}" ontimeout="{after}" next="cancelled"/>')
    parts.append(_label("answer"))
    if answer == 200:
        parts += [_send(OK_TO_INVITE, retrans=True), '<recv request="ACK"/>', _log("answers", *PHONE)]
        if sound is not None:
            parts.append(_stream(sound))
        if named_talk:
            parts.append('<pause variable="talk_ms"/>')
        elif talk_s is None:
            parts.append(f'<recv request="BYE" timeout="{_ms(CALL_MAX_S)}" next="bye"/>')
        else:
            parts.append(_until_bye(talk_s, "talked"))
        if named_talk or talk_s is not None:
            parts += [_log("hangs up", *PHONE), _send(PHONE_BYE, retrans=True), '<recv response="200" next="over"/>']
    elif answer:
        parts += [_send(REFUSAL.format(code=answer, words=REASONS.get(answer, "No")), retrans=True)]
        parts += ['<recv request="ACK"/>', _log(f"refuses with {answer}", *PHONE), GO_OVER]
    parts += [
        _label("cancelled"),
        _send(OK_TO_CANCEL),
        _send(CANCELLED, retrans=True),
        '<recv request="ACK"/>',
        _log("was cancelled", *PHONE),
        GO_OVER,
        _label("bye"),
        _log("was hung up", *PHONE),
        _send(OK_TO_BYE),
        GO_OVER,
        _label("options"),
        _send(OK_TO_OPTIONS),
        _label("given-up"),
        _label("over"),
        # not every branch uses every one
        f'<Reference variables="address,called,from,to,number,target,origin,caller{",name" * named_talk}"/>',
    ]
    whole = _scenario("phones", parts)
    if heard_at:
        return whole.replace("[rtpstream_audio_port]", f"{heard_at}[$called]")
    return _without_ports(whole) if sound is None else whole


PHONE: Final = ("[$called]", "[$caller]")
REASONS: Final = {480: "Temporarily Unavailable", 486: "Busy Here", 600: "Busy Everywhere", 603: "Decline"}


def _scenario(name: str, parts: Sequence[str]) -> str:
    body = "\n".join(part for part in parts if part)
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n{body}\n</scenario>\n'


def _without_ports(scenario: str) -> str:
    """The same with one port for all: who sends no sound needs no socket of its own for it in each call."""
    return scenario.replace("[rtpstream_audio_port]", "[media_port]")


def _send(message: str, *, retrans: bool = False) -> str:
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n\n{message.strip()}\n\n]]></send>"


def _log(what: str, party: str = "[field0]", caller: str = "") -> str:
    """A line of the log: what;party;Call-ID;time;caller. The last is for phones: who calls them."""
    return f'<nop><action><log message="{escape(what)};{party};[call_id];[timestamp];{caller}"/></action></nop>'


def _delay() -> str:
    """Wait for as many milliseconds as the call's fourth column says."""
    return (
        '<nop><action><assignstr assign_to="delay" value="[field3]"/>'
        '<todouble assign_to="delay_ms" variable="delay"/></action></nop><pause variable="delay_ms"/>'
    )


def _nop(exec_: str) -> str:
    return f"<nop><action><exec {exec_}/></action></nop>"


def _stream(sound: str) -> str:
    return _nop(f'rtp_stream="{sound},-1,0,PCMU/8000"')


def _label(name: str) -> str:
    return f'<label id="{name}"/>'


def _until_bye(seconds: float, name: str) -> str:
    """Wait, and notice if the other side hangs up meanwhile."""
    return f'<recv request="BYE" timeout="{_ms(seconds)}" ontimeout="{name}" next="bye"/>\n{_label(name)}'


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


SDP: Final = f"""\
v=0
o=- 1 1 IN IP[media_ip_type] [media_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0 {EVENT_TYPE}
a=rtpmap:0 PCMU/8000
a=rtpmap:{EVENT_TYPE} telephone-event/8000
a=fmtp:{EVENT_TYPE} 0-15
a=ptime:20"""

_VIA: Final = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
# One branch for the INVITE, its CANCEL and the ACK to a refusal (RFC 3261, 9.1 and 17.1.1.3).
_INVITE_VIA: Final = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-invite"
# SIPp gives every call that comes to it the number 0, and so every transaction of a phone the same branch.
_PHONE_VIA: Final = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[call_id]-bye"
_FROM: Final = 'From: "[field1]" <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]c[call_number]'
_TO: Final = "To: <sip:[field2]@[remote_ip]:[remote_port]>"
_CALL: Final = "Call-ID: [call_id]"

INVITE: Final = f"""
INVITE sip:[field2]@[remote_ip]:[remote_port] SIP/2.0
{_INVITE_VIA}
{_FROM}
{_TO}
{_CALL}
CSeq: 1 INVITE
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS
Content-Type: application/sdp
Content-Length: [len]

{SDP}
"""
ACK: Final = f"""
ACK [next_url] SIP/2.0
{_VIA}
{_FROM}
{_TO}[peer_tag_param]
{_CALL}
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
"""
BYE: Final = ACK.replace("ACK [next_url]", "BYE [next_url]").replace("CSeq: 1 ACK", "CSeq: 2 BYE")
CANCEL: Final = f"""
CANCEL sip:[field2]@[remote_ip]:[remote_port] SIP/2.0
{_INVITE_VIA}
{_FROM}
{_TO}
{_CALL}
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0
"""
ACK_TO_REFUSAL: Final = f"""
ACK sip:[field2]@[remote_ip]:[remote_port] SIP/2.0
{_INVITE_VIA}
{_FROM}
{_TO}[peer_tag_param]
{_CALL}
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
"""
OK_TO_BYE: Final = """
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
"""
OK_TO_OPTIONS: Final = """
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]o[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0
"""
OK_TO_CANCEL: Final = OK_TO_OPTIONS.replace("]o[", "]p[")
REGISTER: Final = f"""
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
{_VIA}
From: <sip:[field0]@[remote_ip]>;tag=[pid]r[call_number]
To: <sip:[field0]@[remote_ip]>
{_CALL}
CSeq: [cseq] REGISTER
Contact: <sip:[field0]@[local_ip]:[local_port]>
Expires: 600
Max-Forwards: 70
Content-Length: 0
"""
_PHONE_ANSWER: Final = """
[last_Via:]
[last_From:]
[last_To:];tag=[pid]p[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
"""
RINGING: Final = f"SIP/2.0 180 Ringing{_PHONE_ANSWER}Content-Length: 0\n"
# After the wait for a CANCEL that did not come, the last message is still the INVITE.
OK_TO_INVITE: Final = f"SIP/2.0 200 OK{_PHONE_ANSWER}Content-Type: application/sdp\nContent-Length: [len]\n\n{SDP}\n"
REFUSAL: Final = f"SIP/2.0 {{code}} {{words}}{_PHONE_ANSWER}Content-Length: 0\n"
CANCELLED: Final = f"SIP/2.0 487 Request Terminated{_PHONE_ANSWER}Content-Length: 0\n".replace(
    "[last_CSeq:]", "CSeq: [$number] INVITE"
)
PHONE_BYE: Final = f"""
BYE [$target] SIP/2.0
{_PHONE_VIA}
From:[$to];tag=[pid]p[call_number]
To:[$from]
{_CALL}
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0
"""
