"""The call center that the live tests call: its numbers, flows, queues and sounds. Knows files; runs nothing.

Times are as short as the rules allow. Every prompt is a recording of its own, a tone that nothing else sends, so that a
test can tell from a telephone's earpiece what was said, in which language, and when; who talks and the music are tones
too. Tones lie 50 Hz apart, which a tenth of a second tells apart.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from callcenter.model.agent import Agent, Supervision
from callcenter.model.ids import AgentId, Skill
from callcenter.sim.peers.tones import write_tone

LANGUAGES: Final = ("en", "vi")
PROMPTS: Final = (
    "welcome",
    "main_menu",
    "no_choice",
    "nothing_heard",
    "closed",
    "position",
    "announcement",
    "leave_message",
    "message_taken",
    "goodbye",
    "enter_pin",
    "thanks",
    "no_answer",
    "feature_done",
    "feature_refused",
)
LONG: Final = frozenset({"welcome", "announcement"})
PROMPT_S: Final = 0.6
LONG_PROMPT_S: Final = 2.0
MUSIC_S: Final = 10.0

TONE_STEP_HZ: Final = 50
PROMPT_TONES: Final[Mapping[tuple[str, str], int]] = {
    (prompt, language): 400 + TONE_STEP_HZ * (len(LANGUAGES) * at + LANGUAGES.index(language))
    for at, prompt in enumerate(PROMPTS)
    for language in LANGUAGES
}
MUSIC_TONE: Final = 1950
CALLER_TONES: Final = tuple(range(2000, 2700, TONE_STEP_HZ))
AGENT_TONES: Final = tuple(range(2700, 3400, TONE_STEP_HZ))

CARRIER_NUMBER: Final = "0909000111"  # the far end of the carrier's trunk


def _agent(id: str, number: str, supervises: Supervision | None = None, **skills: int) -> Agent:
    return Agent(
        id=AgentId(id),
        name=id.capitalize(),
        number=number,
        skills={Skill(name): at for name, at in skills.items()},
        supervises=supervises,
    )


CREW: Final = (
    _agent("alice", "1001", sales=5, crew=3),
    _agent("bob", "1002", sales=3, crew=3),
    _agent("carol", "1003", support=3, crew=3),
    _agent("dave", "1004", Supervision(everything=True), support=2),
)
BANK: Final = tuple(_agent(f"bank{at}", f"12{at:02}", load=3) for at in range(10))
"""Agents who are only there when many are needed: they share one program of telephones."""

TIMEZONE: Final = "Asia/Ho_Chi_Minh"
CALENDARS: Final = """\
never: {{timezone: {zone}, open: {{}}}}
today: {{timezone: {zone}, open: {{daily: "00:00-{closes}"}}}}
"""

NUMBERS: Final = f"""\
numbers:
  "1900": hotline
  "1910": pin
  "1920": message
  "1930": branch
  "1940": office
  "1950": who
  "1960": pay
  "1961": stuck
  "1962": nobody_pays
  "1970": name
  "1980": card
  "2001": sales
  "2002": crew
  "2003": vip
  "2004": told
  "2005": support
  "2006": load
  "2011": short_to_queue
  "2012": short_to_flow
  "2013": short_to_number
  "2014": short_to_message
  "2015": nobody
  "2016": closed_queue
  "2017": talkative
  "2018": parrot
  "2019": until_closing
  "2020": asked
  "2021": agent_first
  "2022": customer_first
  "2023": widening
  "2024": sticking
  "2025": sparing
  "2026": regulars
  "2030": keyed
  "2031": introduced
  "2027": foretold
  "*51": outcome_1
  "*31": agent_login
  "*32": agent_logout
  "*33": agent_pause
  "*34": agent_ready
default: strangers
forward_to: ["{CARRIER_NUMBER}"]
callback_to: ["{CARRIER_NUMBER}"]
numbering: {{country_code: "84"}}
parking: {{slots: 801-803, number: "800", key: "9", back_after_s: 20}}
dial_out: agent_first
record_colleagues: told
end_key: "*0"
"""

_MISSED: Final = """\
  missed:
    no_answer: {then: pause}
    busy: {then: rest, rest_s: 2}
    rejected: {then: rest, rest_s: 2}
    unreachable: {then: rest, rest_s: 2}
"""
QUEUES: Final = f"""\
sales:
  needs: sales
  priority: 50
  offer_timeout_s: 3
  music: tone
{_MISSED}
vip:
  needs: sales
  priority: 90
  offer_timeout_s: 6
  music: tone
{_MISSED}
crew:
  needs: crew
  strategy: ring_all
  offer_timeout_s: 4
  music: tone
{_MISSED}
told:
  needs: sales
  offer_timeout_s: 3
  music: tone
  connect_announcement: announcement
  recording: {{opt_out: "2", pause_key: "*", pause_max_s: 5}}
{_MISSED}
support:
  needs: support
  strategy: best_skill
  offer_timeout_s: 3
  wrap_up_s: 1
  music: tone
{_MISSED}
asked: {{needs: sales, offer_timeout_s: 3, wrap_up_s: 1, music: tone, survey: {{flow: how_was_it}}}}
agent_first:
  needs: sales
  music: tone
  callback:
    {{at_one_key: true, ring_s: 5, retry_after_s: 10, briefing: thanks, law: [callers], caller_id: "02471090000"}}
customer_first:
  needs: sales
  music: tone
  callback: {{at_one_key: true, first: customer, ring_s: 5, retry_after_s: 10}}
widening:
  needs: support >= 3
  relax: [{{after_s: 1, lower: 1}}]
  offer_timeout_s: 3
  music: tone
{_MISSED}
sticking: {{needs: sales, sticky: {{for_s: 2}}, offer_timeout_s: 5, music: tone}}
regulars:
  needs: sales
  offer_timeout_s: 5
  wrap_up_s: 1
  music: tone
  vip: {{vip-customers: 30}}
  disposition: {{tree: talks, required: true, hold_s: 60}}
keyed:
  needs: sales
  confirm: true
  confirm_s: 3
  offer_timeout_s: 5
  music: tone
  missed: {{not_confirmed: {{then: pause}}}}
introduced:
  needs: sales
  agent_announcement: [thanks, goodbye]
  offer_timeout_s: 5
  wrap_up_s: 1
  music: tone
sparing: {{needs: sales, reserve: {{agents: [alice], above_s: 2}}, offer_timeout_s: 5, music: tone}}
foretold:
  needs: load
  offer_timeout_s: 5
  music: tone
  announce: {{first_after_s: 1, every_s: 4, wait: how_long}}
load: {{needs: load, strategy: longest_idle, offer_timeout_s: 5, music: tone}}
short_to_queue: {{needs: support, max_wait_s: 1.5, overflow: {{queue: sales}}, music: tone}}
short_to_flow: {{needs: support, max_wait_s: 1.5, overflow: {{flow: farewell}}, music: tone}}
short_to_number: {{needs: support, max_wait_s: 1.5, overflow: {{number: "{CARRIER_NUMBER}"}}, music: tone}}
short_to_message: {{needs: support, max_wait_s: 1.5, overflow: {{voicemail: sales}}, music: tone}}
nobody: {{needs: support >= 5, no_agents: {{flow: farewell}}, overflow: hang_up, music: tone}}
closed_queue: {{needs: sales, hours: never, at_close: hang_up, overflow: {{flow: farewell}}, music: tone}}
until_closing: {{needs: support, hours: today, at_close: {{flow: farewell}}, overflow: hang_up, music: tone}}
talkative:
  needs: support >= 3
  music: tone
  announce: {{first_after_s: 0.5, every_s: 1.5, position: position}}
"""

FLOWS: Final[Mapping[str, str]] = {
    "hotline": """\
nodes:
  language:
    kind: menu
    prompt: welcome
    choices: {1: main, 2: main}
    languages: {1: en, 2: vi}
    timeout_s: 1.5
    tries: 2
    no_input_prompt: nothing_heard
    no_match_prompt: no_choice
    no_input: bye
  main:
    kind: menu
    prompt: main_menu
    choices: {1: sales, 2: support, "*": main, "#": bye}
    timeout_s: 3
    tries: 2
    no_match_prompt: no_choice
    no_input: support
  sales: {kind: enqueue, queue: sales}
  support: {kind: enqueue, queue: support}
  bye: {kind: hangup, prompt: goodbye}
""",
    "card": """\
nodes:
  card:
    kind: payment
    url: "http://127.0.0.1:CRM_PORT/payments"
    secret_headers: {Authorization: crm_token}
    body: {amount: "12.50", from: "{{ caller }}"}
    number: enter_pin
    expiry: leave_message
    code: position
    invalid_prompt: no_choice
    set: {token: token, result: result}
    last_digits: card_last
    timeout_s: 8
    digit_timeout_s: 4
    answer_s: 5
    paid: thanks
    refused: bye
    failed: bye
    unknown: bye
    given_up: bye
  thanks: {kind: hangup, prompt: thanks}
  bye: {kind: hangup, prompt: goodbye}
""",
    "pin": """\
nodes:
  ask:
    kind: collect
    prompt: enter_pin
    into: pin
    masked: true
    min_digits: 6
    max_digits: 12
    timeout_s: 5
    digit_timeout_s: 3
    next: thanks
    failed: bye
  thanks: {kind: hangup, prompt: thanks}
  bye: {kind: hangup, prompt: goodbye}
""",
    "message": """\
nodes:
  take:
    kind: voicemail
    mailbox: hotline
    greeting: leave_message
    max_s: 20
    silence_s: 2
    done: thanks
    nothing: bye
  thanks: {kind: hangup, prompt: message_taken, reason: voicemail}
  bye: {kind: hangup, prompt: goodbye}
""",
    "branch": f"""\
nodes:
  call: {{kind: transfer, number: "{CARRIER_NUMBER}", timeout_s: 5, failed: sorry}}
  sorry: {{kind: hangup, prompt: no_answer}}
""",
    "office": """\
nodes:
  hours: {kind: hours, calendar: never, open: sales, closed: closed}
  sales: {kind: enqueue, queue: sales}
  closed: {kind: hangup, prompt: closed, reason: closed}
""",
    "farewell": """\
nodes:
  bye: {kind: hangup, prompt: goodbye}
""",
    "strangers": """\
nodes:
  note: {kind: set, values: {heard: "{{ caller }}/{{ dialled }}"}, next: bye}
  bye: {kind: hangup, prompt: goodbye}
""",
    "parrot": """\
nodes:
  repeat: {kind: play, prompt: {en: "{{ caller[:20] }} calls.", vi: "{{ caller[:20] }}"}, next: bye}
  bye: {kind: hangup}
""",
    "quiz": """\
nodes:
  ask:
    kind: menu
    prompt: main_menu
    choices: {1: right, 2: wrong}
    timeout_s: 3
    tries: 1
    no_input: wrong
  right: {kind: leave, exit: right}
  wrong: {kind: leave, exit: wrong}
""",
    "who": """\
nodes:
  ask:
    kind: lookup
    url: "http://127.0.0.1:CRM_PORT/customers?phone={{ caller }}"
    secret_headers: {Authorization: crm_token}
    set: {customer_name: customer.name, level: level}
    prompt: position
    timeout_s: 2
    found: gold
    not_found: nobody
    failed: failed
  gold:
    kind: check
    of: level
    cases: [{equals: [gold], then: known}]
    otherwise: failed
  known: {kind: hangup, prompt: thanks}
  nobody: {kind: hangup, prompt: no_choice}
  failed: {kind: hangup, prompt: no_answer}
""",
    "pay": """\
nodes:
  hello: {kind: play, prompt: main_menu, next: pay}
  pay: {kind: subflow, flow: payment, returns: {paid: thanks, failed: sorry}}
  thanks: {kind: play, prompt: thanks, next: bye}
  bye: {kind: hangup, prompt: goodbye}
  sorry: {kind: hangup, prompt: no_answer}
""",
    "payment": """\
nodes:
  run:
    kind: script
    url: agi://127.0.0.1:SCRIPT_PORT/pay
    args: ["{{ caller }}", "hot,line ${EXTEN}"]
    set: [receipt]
    timeout_s: 60
    done: right
    failed: failed
  right:
    kind: check
    of: receipt
    cases: [{starts_with: ["4"], then: paid}]
    otherwise: failed
  paid: {kind: return, word: paid}
  failed: {kind: return, word: failed}
""",
    "stuck": """\
nodes:
  run: {kind: script, url: "agi://127.0.0.1:SCRIPT_PORT/stuck", timeout_s: 1.5, done: thanks, failed: sorry}
  thanks: {kind: hangup, prompt: thanks}
  sorry: {kind: hangup, prompt: no_answer}
""",
    "nobody_pays": """\
nodes:
  run: {kind: script, url: "agi://127.0.0.1:1/pay", timeout_s: 10, done: thanks, failed: sorry}
  thanks: {kind: hangup, prompt: thanks}
  sorry: {kind: hangup, prompt: no_answer}
""",
    "name": """\
nodes:
  ask:
    kind: record
    prompt: leave_message
    review: main_menu
    into: name
    max_s: 5
    silence_s: 2
    timeout_s: 3
    tries: 5
    recorded: thanks
    empty: empty
    gave_up: bye
  thanks: {kind: hangup, prompt: message_taken}
  empty: {kind: hangup, prompt: nothing_heard}
  bye: {kind: hangup, prompt: goodbye}
""",
    "how_was_it": """\
nodes:
  ask:
    kind: survey
    questions:
      - {name: friendly, prompt: feature_done}
      - {name: solved, prompt: feature_refused, min: 0, max: 1}
    comment: leave_message
    comment_max_s: 5
    comment_silence_s: 2
    timeout_s: 3
    done: thanks
    gave_up: bye
  thanks: {kind: hangup, prompt: thanks}
  bye: {kind: hangup, prompt: goodbye}
""",
    "to_sales": "nodes:\n  sales: {kind: enqueue, queue: sales}\n",
}
HOW_LONG: Final = """\
how_long:
  en: "Please wait for {{ wait_low_min | minutes_to(wait_high_min) }}."
  vi: "Xin chờ {{ wait_low_min | minutes_to(wait_high_min) }}."
"""
"""The one that is really spoken: it says what nobody knows beforehand."""
ENQUEUERS: Final = (
    "sales",
    "crew",
    "vip",
    "told",
    "support",
    "load",
    "short_to_queue",
    "short_to_flow",
    "short_to_number",
    "short_to_message",
    "nobody",
    "closed_queue",
    "until_closing",
    "talkative",
    "asked",
    "agent_first",
    "customer_first",
    "widening",
    "sticking",
    "sparing",
    "regulars",
    "keyed",
    "introduced",
    "foretold",
)
"""Flows that do nothing but put a caller into the queue of the same name."""
WISHES: Final = ("login", "logout", "pause", "ready")

DIALPLAN: Final = """\
; The dialplan of somebody who lets a flow run on calls of her own.
[from-carrier](+)
exten => 7001,1,Answer()
 same => n,AGI(agi://${CALLCENTER_FASTAGI}/flow/quiz)
 same => n,Set(GLOBAL(quiz-${CALLERID(num)})=${CALLCENTER_STATUS}/${CALLCENTER_EXIT})
 same => n,Playback(beep)
 same => n,Hangup()
exten => 7002,1,AGI(agi://${CALLCENTER_FASTAGI}/flow/to_sales)
 same => n,Hangup()
exten => 7003,1,AGI(agi://${CALLCENTER_FASTAGI}/flow/no-such-flow)
 same => n,Set(GLOBAL(quiz-${CALLERID(num)})=${CALLCENTER_STATUS}/${CALLCENTER_EXIT})
 same => n,Hangup()
exten => 7004,1,AGI(agi://${CALLCENTER_FASTAGI}/flow/quiz)
 same => n,AGI(agi://${CALLCENTER_FASTAGI}/flow/quiz)
 same => n,Set(GLOBAL(quiz-${CALLERID(num)})=${CALLCENTER_STATUS}/${CALLCENTER_EXIT})
 same => n,Hangup()

; Calls of agents' phones of which the call center is not told.
[from-phones](+)
exten => 7777,1,Answer()
 same => n,Echo()
 same => n,Hangup()
[other-pbx]
exten => s,1,Answer()
 same => n,Echo()
 same => n,Hangup()
"""


def write_calendars(folder: Path, closes: str = "24:00") -> None:
    """The opening hours; `closes` is the local time of the calendar `today`."""
    (folder / "calendars.yaml").write_text(CALENDARS.format(zone=TIMEZONE, closes=closes))


def write_configuration(folder: Path, *, crm_port: int, script_port: int) -> None:
    """The folder of YAML files. On the ports are the programs outside that flows ask."""
    (folder / "flows").mkdir(parents=True)
    write_calendars(folder)
    texts = {
        "numbers.yaml": NUMBERS,
        "queues.yaml": QUEUES,
        "dispositions.yaml": "talks: {outcomes: {sold: {label: Sold, key: 1}, lost: {note: required}}}\n",
        "customers.yaml": 'crm_url: "https://crm.example.com/{{ number }}?name={{ name }}"\n',
        "lookups.yaml": f'hosts: ["127.0.0.1:{crm_port}"]\n',
        "prompts.yaml": "".join(f"{name}: {{en: {name}, vi: {name}}}\n" for name in PROMPTS) + HOW_LONG,
    }
    flows = dict(FLOWS)
    flows |= {name: f"nodes:\n  line: {{kind: enqueue, queue: {name}}}\n" for name in ENQUEUERS}
    flows |= {
        f"agent_{wish}": (
            f"nodes:\n  ask: {{kind: agent, wish: {wish}, done: done, refused: refused}}\n"
            "  done: {kind: hangup, prompt: feature_done}\n  refused: {kind: hangup, prompt: feature_refused}\n"
        )
        for wish in WISHES
    }
    flows["outcome_1"] = (
        "nodes:\n  ask: {kind: outcome, key: 1, done: done, refused: refused}\n"
        "  done: {kind: hangup, prompt: feature_done}\n  refused: {kind: hangup, prompt: feature_refused}\n"
    )
    for name, text in texts.items():
        (folder / name).write_text(text)
    for name, text in flows.items():
        text = text.replace("CRM_PORT", str(crm_port)).replace("SCRIPT_PORT", str(script_port))
        (folder / "flows" / f"{name}.yaml").write_text(text)


def write_recorded_prompts(folder: Path) -> None:
    """Every prompt in every language, as a tone."""
    for (name, language), hz in PROMPT_TONES.items():
        (folder / language).mkdir(parents=True, exist_ok=True)
        write_tone(folder / language / f"{name}.wav", hz, LONG_PROMPT_S if name in LONG else PROMPT_S)


def write_asterisk_extras(etc: Path, music: Path) -> None:
    """What the owner of an Asterisk may add: a dialplan of her own, and music that is a tone."""
    (etc / "custom").mkdir(parents=True)
    music.mkdir(parents=True)
    write_tone(music / "tone.wav", MUSIC_TONE, MUSIC_S)
    (etc / "custom" / "extensions.conf").write_text(DIALPLAN)
    (etc / "custom" / "musiconhold.conf").write_text(f"[tone]\nmode = files\ndirectory = {music}\n")
