"""What a spectator of the demo sees: a line for every fact, and below it, on a terminal, everybody as she is now.

Knows views, words and terminals; knows no phone. Without a terminal there are only the lines.
"""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from callcenter.cli.demo.cast import Customer, Worker
from callcenter.cli.demo.checks import Findings
from callcenter.cli.demo.record import Record, talk_recording
from callcenter.cli.demo.words import ENDS, Words
from callcenter.cli.screen import cell, columns, grid, plain, share
from callcenter.model.agent import AgentState, AgentStatus
from callcenter.model.contact import ContactState, Direction
from callcenter.model.facts import ContactConnected, ContactEnded, OfferEnded, Surprise
from callcenter.model.ids import AgentId
from callcenter.model.view import AgentView, CenterView
from callcenter.postgres.reports import CallLine
from callcenter.runtime.feed import News

FRAMES_A_S: Final = 4
NO_TERMINAL_WIDTH: Final = 200
MARGIN: Final = 8  # columns that the frames of a table take
STYLES: Final = {ContactConnected: "green", ContactEnded: "cyan", OfferEnded: "yellow", Surprise: "bold red"}
STATES: Final = {
    ContactState.IN_FLOW: "greeting and menu",
    ContactState.WAITING: "in line, music",
    ContactState.OFFERED: "in line, a phone rings",
    ContactState.CONNECTING: "answered",
    ContactState.CONNECTED: "talks",
}
AGENT_STATES: Final = {
    AgentState.READY: ("ready", "green"),
    AgentState.OFFERED: ("phone rings", "yellow"),
    AgentState.ON_CONTACT: ("talks", "bold green"),
    AgentState.WRAP_UP: ("writes notes", "cyan"),
}

ALL_WELL: Final = """\
Caller and agent heard each other in every talk, and each is on a channel of her own in its recording. The caller
whom an agent let ring kept her place and was answered by another. No channel, no bridge and no program is left, and
neither Asterisk nor the call center has logged a warning."""


def spectator() -> Console:
    """Where the demo is shown."""
    probe = Console(highlight=False, markup=False, emoji=False)
    return probe if probe.is_terminal else Console(highlight=False, markup=False, emoji=False, width=NO_TERMINAL_WIDTH)


class Screen:
    """Shows one running demo while it is entered."""

    def __init__(self, console: Console, view: Callable[[], CenterView], words: Words) -> None:
        self._console = console
        self._view = view
        self._words = words
        self._since = view().at
        self._live = (
            Live(console=console, get_renderable=self._picture, refresh_per_second=FRAMES_A_S, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def tell(self, news: News) -> None:
        """One fact of the feed."""
        said = self._words.line(news.fact)
        if said:
            self._line(news.at, said, STYLES.get(type(news.fact), ""))

    def say(self, text: str) -> None:
        """Something that is no fact of the call center."""
        self._line(self._view().at, text, "bold")

    def _line(self, at: float, text: str, style: str) -> None:
        self._console.print(Text(f"{at - self._since:6.1f} s  ", style="dim") + Text(plain(text), style=style))

    def _picture(self) -> RenderableType:
        view = self._view()
        width = self._console.width
        names = {agent.id: agent.name for agent in view.agents}
        callers = {contact.id: contact.caller_name or contact.caller for contact in view.contacts}
        agents = [_agent_row(agent, callers.get(agent.contact) if agent.contact else None) for agent in view.agents]
        calls = [
            (
                contact.caller_name or contact.caller,
                contact.dialled,
                contact.language,
                contact.queue,
                STATES.get(contact.state, contact.state),
                contact.position or None,
                names.get(contact.agent) if contact.agent else None,
                f"{contact.state_s:.0f} s",
            )
            for contact in view.contacts
            if contact.direction is not Direction.INTERNAL
        ]
        waiting = ", ".join(f"{queue.name}: {queue.waiting} waiting, {queue.talking} talking" for queue in view.queues)
        return Group(
            Text(""),
            grid(columns("Agent", "Number!", "Skills", "State!", "With", "For!>"), agents, width=width - MARGIN),
            Text(""),
            Text(waiting, style="bold"),
            Text(""),
            grid(
                columns("Caller!", "Dialled!", "Lang!", "Queue", "State", "Place!>", "Agent", "For!>"),
                calls,
                width=width - MARGIN,
            ),
        )


def _agent_row(agent: AgentView, caller: str | None) -> Sequence[object]:
    word, style = AGENT_STATES.get(agent.state, ("away", "dim"))
    if agent.status is AgentStatus.PAUSED:
        word, style = f"paused ({agent.reason})", "yellow"
    elif agent.status is AgentStatus.LOGGED_OUT:
        word, style = "logged out", "dim"
    skills = " ".join(f"{skill} {level}" for skill, level in agent.skills)
    return agent.name, agent.number, skills, cell(word, style), caller, f"{agent.state_s:.0f} s"


# -- the report --------------------------------------------------------------------------------------------------------


def show_report(
    console: Console, record: Record, findings: Findings, customers: Sequence[Customer], workers: Sequence[Worker]
) -> None:
    """Every call and the figures, as they are on record. Fits 80 columns."""
    names = {customer.number: customer.name for customer in customers}
    agents = {worker.agent.id: worker.agent.name for worker in workers}
    console.print()
    console.print(Text("The calls, as Postgres has them", style="bold"))
    console.print(Text(_columns("Caller", "Number", "Queue", "Wait", "Agent", "Talk", "Recording"), style="bold dim"))
    for line in record.calls:
        _show_call(console, line, names.get(line.caller, line.caller_name), agents, findings)
    console.print()
    figures = record.summary
    served = f"{figures.answered_in_time} of {figures.answered + figures.abandoned} calls in time"
    for name, value, detail, formula in (
        ("Service level", share(figures.service_level), served, "service_level"),
        ("ASA", _s(figures.asa_s), "average speed of answer", "asa"),
        ("AHT", _s(figures.aht_s), "average handling time", "aht"),
    ):
        console.print(Text(f"{name:<14}{value:>8}", style="bold") + Text(f"   {detail}"))
        console.print(Text(f"{'':<25}{figures.formulas[formula]}", style="dim"), soft_wrap=True)


def _show_call(console: Console, line: CallLine, name: str, agents: Mapping[AgentId, str], findings: Findings) -> None:
    agent = agents.get(AgentId(line.agent), line.agent) if line.agent else "-"
    recording = talk_recording(line)
    sound = findings.sounds.get(line.caller)
    heard = "" if sound is None else ", tones ok" if sound else ", TONES WRONG"
    kept = "-" if recording is None else f"{recording.seconds or 0.0:.1f} s, {recording.channels} ch{heard}"
    wait = _s(line.wait_s) if line.queue else "-"
    talk = _s(line.talk_s) if line.agent else "-"
    console.print(Text(plain(_columns(name, line.caller, line.queue or "-", wait, agent, talk, kept)).rstrip()))
    missed = f"{line.missed} phone rang in vain first; " if line.missed else ""
    why = f"{missed}{agent} was chosen by {line.why}; " if line.agent else ""
    end = ENDS.get(line.end_reason, line.end_reason) if line.end_reason else "still runs"
    console.print(Text(plain(f"{'':<8}{why}{end}"), style="dim"), soft_wrap=True)


def _columns(name: str, number: str, queue: str, wait: str, agent: str, talk: str, recording: str) -> str:
    return f"{name:<7} {number:<11} {queue:<8} {wait:>6}  {agent:<12} {talk:>6}  {recording}"


def show_findings(console: Console, findings: Findings) -> None:
    """What was promised and seen, or not."""
    console.print()
    if not findings.missing:
        console.print(Text(f"{findings.met} expectations checked, all met.", style="bold green"))
        console.print(Text(ALL_WELL), soft_wrap=True)
        return
    console.print(
        Text(f"{findings.met} expectations met, {len(findings.missing)} not:", style="bold red"), soft_wrap=True
    )
    for missing in findings.missing:
        console.print(Text(f"  - {plain(missing)}", style="red"), soft_wrap=True)


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
