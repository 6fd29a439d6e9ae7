"""The flows of a simulated call center: every node there is, drawn or always. Knows configuration; runs nothing."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from callcenter.model.flow import Flow, Node, Prompt
from callcenter.model.ids import CalendarName, FlowName
from callcenter.model.queue import Queue, mailbox_flow
from callcenter.nodes.agent import AgentRequest, Wish
from callcenter.nodes.check import Case, Check
from callcenter.nodes.collect import Collect
from callcenter.nodes.enqueue import Enqueue
from callcenter.nodes.fields import (
    Filled,
    FilledUrl,
    JsonPlace,
    Key,
    Language,
    NextNode,
    ScriptUrl,
    Subject,
    VariableName,
    Word,
)
from callcenter.nodes.hangup import Ending, Hangup
from callcenter.nodes.hours import Hours
from callcenter.nodes.language import Speak
from callcenter.nodes.leave import LeaveFlow
from callcenter.nodes.lookup import Lookup
from callcenter.nodes.menu import Menu
from callcenter.nodes.payment import Payment
from callcenter.nodes.play import Play
from callcenter.nodes.record import Record
from callcenter.nodes.return_to_flow import Return
from callcenter.nodes.script import Script
from callcenter.nodes.set_variables import SetVariables
from callcenter.nodes.subflow import Subflow
from callcenter.nodes.survey import AskSurvey, Question
from callcenter.nodes.transfer import Transfer
from callcenter.nodes.voicemail import Voicemail
from callcenter.sim.needs import draw_need

HOTLINE: Final = "100"
MAIN: Final = FlowName("main")
SECOND: Final = FlowName("second")  # where queues send those whom they will not keep
ERRAND: Final = FlowName("errand")  # for a dialplan that wants the call back
WISHES: Final[Mapping[str, Wish]] = {"*11": Wish.LOGIN, "*12": Wish.LOGOUT, "*13": Wish.PAUSE, "*14": Wish.READY}
HOW: Final = FlowName("how")  # the survey after a talk
ACCOUNT: Final = FlowName("account")  # what other flows go through
CRM: Final = "crm.example.com"
MAILBOX: Final = "team"
LATE: Final = "late"
OUTSIDE: Final = "0901234567"
FORBIDDEN: Final = "0066123"  # no pattern allows it
PAY: Final = FlowName("pay")
CARD: Final = ("card_number", "card_expiry", "card_code")  # the prompts of a payment
PIN: Final = "pin"  # the masked input, its prompt and its variable
PIN_DIGITS: Final = 8
OFFICE: Final = CalendarName("office")
ALWAYS: Final = CalendarName("always")


def node(name: str) -> NextNode:
    """The name of a node."""
    return NextNode(name)


def draw_flows(random: Random, queues: Sequence[Queue]) -> tuple[Flow, ...]:
    """The hotline, what queues send callers to, an errand for the dialplan, and the feature codes."""
    return (
        Flow(
            name=MAIN,
            start=random.choice(("welcome", "welcome", "hours", "menu")),
            nodes=_hotline(random, queues),
            not_aside="menu",
        ),
        Flow(name=SECOND, start=random.choice(("sorry", "message", "again", "out")), nodes=_second(random, queues)),
        Flow(name=ERRAND, start="menu", nodes=_errand()),
        Flow(name=PAY, start="card", nodes=_pay()),
        Flow(name=HOW, start="ask", nodes=_how(random)),
        Flow(name=ACCOUNT, start=random.choice(("who", "say", "script")), nodes=_account()),
        Flow(name=mailbox_flow(MAILBOX), start="message", nodes=_mailbox()),
        *(Flow(name=FlowName(wish), start="wish", nodes=_feature(wish)) for wish in WISHES.values()),
    )


def _hotline(random: Random, queues: Sequence[Queue]) -> dict[str, Node]:
    into = {f"into_{queue.name}": Enqueue(queue=queue.name) for queue in queues}
    first = node(next(iter(into)))
    choices = {Key(str(n)): node(name) for n, name in enumerate(into, 1)}
    outside = {
        Key("*"): node("who"),
        Key("#"): node("script"),
        Key("A"): node("name"),
        Key("B"): node("identify"),
        Key("C"): node("card"),
    }
    special = {Key("5"): node(PIN), Key("6"): node("account"), Key("7"): node("message"), Key("8"): node("out")}
    return {
        **into,
        "urgent": Enqueue(queue=random.choice(queues).name, priority=90, needs=draw_need(random)),
        "hours": Hours(calendar=OFFICE, open=node("welcome"), closed=node("closed")),
        "welcome": Play(prompt=Prompt(name="welcome"), next=node("menu"), interruptible=random.random() < 0.7),
        "menu": Menu(
            prompt=Prompt(name="menu"),
            choices={**choices, **special, **outside, Key("9"): node("vietnamese"), Key("0"): node("urgent")},
            no_input=first,
            no_match_prompt=Prompt(name="no_match"),
            timeout_s=random.choice((2.0, 5.0)),
            tries=2,
        ),
        "vietnamese": Speak(language=Language("vi"), next=node("menu")),
        PIN: Collect(
            prompt=Prompt(name=PIN),
            into=VariableName(PIN),
            next=node("known"),
            failed=node("bye"),
            min_digits=PIN_DIGITS,
            max_digits=PIN_DIGITS,
            timeout_s=4.0,
            digit_timeout_s=3.0,
            tries=2,
            masked=True,
        ),
        "known": SetVariables(values={VariableName("known"): Filled("yes, {{ caller }}")}, next=node("check")),
        "check": Check(of=Subject("known"), cases=(Case(then=first, starts_with=("yes",)),), otherwise=node("bye")),
        "account": Collect(
            prompt=Prompt(name="account"),
            into=VariableName("account"),
            next=first,
            failed=node("bye"),
            max_digits=4,
            timeout_s=4.0,
            digit_timeout_s=2.0,
            tries=2,
            confirm=Prompt(name="confirm"),
        ),
        "message": Voicemail(
            mailbox=Word(MAILBOX), done=node("thanks"), nothing=node("bye"), max_s=15.0, silence_s=2.0
        ),
        "card": _card("card", "known", "bye"),
        "out": Transfer(number=Filled(OUTSIDE), failed=first, timeout_s=10.0),
        "who": _lookup(random.choice((None, Prompt(name="one_moment"))), found=first, otherwise=node("bye")),
        "script": _script(done=first, failed=node("bye")),
        "name": Record(
            prompt=Prompt(name="say_name"),
            review=Prompt(name="review") if random.random() < 0.7 else None,
            into=VariableName("name"),
            recorded=first,
            empty=node("bye"),
            gave_up=node("bye"),
            max_s=10.0,
            silence_s=2.0,
            timeout_s=2.0,
            tries=3,
        ),
        "identify": Subflow(flow=ACCOUNT, returns={Word("known"): first, Word("unknown"): node("bye")}),
        "thanks": Hangup(reason=Ending.VOICEMAIL),
        "closed": Hangup(prompt=Prompt(name="closed"), reason=Ending.CLOSED),
        "bye": Hangup(prompt=Prompt(name="bye")),
    }


def _lookup(prompt: Prompt | None, *, found: NextNode, otherwise: NextNode) -> Lookup:
    return Lookup(
        url=FilledUrl(f"https://{CRM}/c?phone={{{{ caller }}}}"),
        set={VariableName("level"): JsonPlace("level"), VariableName("title"): JsonPlace("customer.title")},
        prompt=prompt,
        timeout_s=3.0,
        found=found,
        not_found=otherwise,
        failed=otherwise,
    )


def _script(*, done: NextNode, failed: NextNode) -> Script:
    return Script(
        url=ScriptUrl("agi://127.0.0.1/pay"),
        args=(Filled("{{ caller }}"),),
        set=(VariableName("receipt"),),
        timeout_s=15.0,
        done=done,
        failed=failed,
    )


def _account() -> dict[str, Node]:
    return {
        "say": Play(prompt=Prompt(name="welcome"), next=node("who")),
        "who": _lookup(Prompt(name="one_moment"), found=node("script"), otherwise=node("unknown")),
        "script": _script(done=node("known"), failed=node("unknown")),
        "known": Return(word=Word("known")),
        "unknown": Return(word=Word("unknown")),
    }


def _how(random: Random) -> dict[str, Node]:
    return {
        "ask": AskSurvey(
            questions=(
                Question(name=Word("friendly"), prompt=Prompt(name="rate")),
                Question(name=Word("solved"), prompt=Prompt(name="rate"), min=0, max=3),
            ),
            comment=Prompt(name="comment") if random.random() < 0.6 else None,
            timeout_s=2.0,
            comment_max_s=8.0,
            comment_silence_s=2.0,
            done=node("thanks"),
            gave_up=node("thanks"),
        ),
        "thanks": Hangup(prompt=Prompt(name="bye")),
    }


def _second(random: Random, queues: Sequence[Queue]) -> dict[str, Node]:
    return {
        "sorry": Play(prompt=Prompt(name="sorry"), next=node(random.choice(("message", "again", "bye")))),
        "message": Voicemail(mailbox=Word(LATE), done=node("bye"), nothing=node("bye"), max_s=10.0, silence_s=2.0),
        "again": Enqueue(queue=random.choice(queues).name),
        "out": Transfer(number=Filled(random.choice((OUTSIDE, FORBIDDEN))), failed=node("sorry"), timeout_s=10.0),
        "bye": Hangup(prompt=Prompt(name="bye")),
    }


def _mailbox() -> dict[str, Node]:
    return {
        "message": Voicemail(
            mailbox=Word(MAILBOX), done=node("left"), nothing=node("not_left"), max_s=20.0, silence_s=3.0
        ),
        "left": Hangup(reason=Ending.VOICEMAIL),
        "not_left": Hangup(),
    }


def _errand() -> dict[str, Node]:
    return {
        "menu": Menu(
            prompt=Prompt(name="errand"),
            choices={Key("1"): node("done"), Key("2"): node(PIN)},
            no_input=node("none"),
            timeout_s=2.0,
            tries=1,
        ),
        PIN: Collect(
            prompt=Prompt(name=PIN),
            into=VariableName(PIN),
            next=node("done"),
            failed=node("none"),
            max_digits=PIN_DIGITS,
            masked=True,
        ),
        "done": LeaveFlow(exit=Word("done")),
        "none": LeaveFlow(exit=Word("none")),
    }


def _pay() -> dict[str, Node]:
    """Beside a talk, or for who is transferred to it."""
    return {
        "card": _card("card", "thanks", "done"),
        "thanks": Play(prompt=Prompt(name="thanks"), next=node("done")),
        "done": Hangup(),
    }


def _card(again: str, paid: str, otherwise: str) -> Payment:
    return Payment(
        url=FilledUrl(f"https://{CRM}/pay"),
        number=Prompt(name=CARD[0]),
        expiry=Prompt(name=CARD[1]),
        code=Prompt(name=CARD[2]),
        set={VariableName("token"): JsonPlace("token")},
        timeout_s=4.0,
        digit_timeout_s=3.0,
        tries=2,
        answer_s=5.0,
        paid=node(paid),
        refused=node(again),
        failed=node(otherwise),
        unknown=node(otherwise),
        given_up=node(otherwise),
    )


def _feature(wish: Wish) -> dict[str, Node]:
    return {
        "wish": AgentRequest(
            wish=wish,
            done=node("done"),
            refused=node("refused"),
            reason="lunch" if wish is Wish.PAUSE else "",
        ),
        "done": Hangup(prompt=Prompt(name="done")),
        "refused": Hangup(prompt=Prompt(name="refused")),
    }
