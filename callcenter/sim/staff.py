"""The staff: agents at their phones, and a supervisor who meddles. Knows what they do; decides nothing for the engine.

An agent logs in, pauses, comes back, ends her wrap-up early or asks for more; her phone rings and she answers, is busy,
says no, or is not there; her phone loses its registration and comes back.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

from callcenter.core.aside import CONFIRM_PROMPT
from callcenter.model.agent import Agent, AgentStatus
from callcenter.model.contact import LegEnd
from callcenter.model.events import (
    AgentRemoved,
    AgentSaved,
    AgentStatusRequested,
    CallbackCancelRequested,
    CallbackNowRequested,
    CallbackRequested,
    DialRequested,
    DrainRequested,
    Event,
    HangUpRequested,
    WrapUpRequested,
)
from callcenter.model.ids import AgentId, ContactId, LegId, QueueName, RequestId
from callcenter.model.mail import FROM_PROMPT, KEYS_PROMPT, REFUSED_PROMPT
from callcenter.sim.asterisk import FakeAsterisk
from callcenter.sim.callbacks import CALLERS, number_of
from callcenter.sim.controls import Controls
from callcenter.sim.flows import WISHES
from callcenter.sim.needs import SKILLS, draw_skills
from callcenter.sim.paperwork import CODE
from callcenter.sim.phones import draw_phone
from callcenter.sim.world import Agenda

MOOD_S: Final = 40.0  # an agent thinks of something to do about this often
TALK_MAX_S: Final = 40.0
DROPS: Final = 0.1  # share of talks on a phone that is nailed up after which it is put down
DIALS_BY_HERSELF: Final = 0.3  # share of calls to customers that are made at once
REASONS: Final = ("lunch", "training", "")

Ask = Callable[[Event], str | None]
"""Sends a request to the engine: what is wrong, "" when granted, None when nobody answers."""


class Staff:
    """Everybody who works here."""

    def __init__(self, agenda: Agenda, random: Random, asterisk: FakeAsterisk, ask: Ask, until: float) -> None:
        self.agenda = agenda
        self.random = random
        self.asterisk = asterisk
        self.ask = ask
        self.until = until
        self.controls: Controls | None = None  # what they do with their calls
        self.directory: dict[AgentId, Agent] = {}
        self._requests = 0

    def hire(self, agent: Agent) -> None:
        """Give an agent her desk. Most have a phone that works and log in within half a minute."""
        self.directory[agent.id] = agent
        desk = Desk(self, agent)
        self.asterisk.phones[agent.number] = desk
        self.asterisk.registered[agent.number] = self.random.random() < 0.9
        self.agenda.on_tick(self.random.random() * 30, desk.log_in)
        self.agenda.on_tick(self.random.uniform(10, 60), desk.mood)

    def somebody_dials_an_outcome(self, random: Random) -> None:
        """An agent dials the feature code that records what came of her talk."""
        number = self.directory[random.choice(sorted(self.directory))].number
        desk = self.asterisk.phones[number]
        if self.asterisk.registered[number]:
            leg = self.asterisk.call_in(desk, caller=number, dialled=CODE, agent_number=number)
            self.agenda.on_tick(random.uniform(2, 30), lambda: self.asterisk.hang_up(leg))

    def is_nailed(self, agent: AgentId) -> bool:
        """Whether her phone stays connected."""
        return self.directory[agent].phone.nailed

    def request(self) -> RequestId:
        """The id of a new request."""
        self._requests += 1
        return RequestId(f"r{self._requests}")

    def phones_return(self) -> None:
        """After Asterisk was away, phones register again one by one."""
        for number in self.asterisk.registered:
            self.agenda.on_tick(self.random.uniform(0.5, 8), partial(self.asterisk.register, number, True))

    def meddle(self, live: Callable[[], list[ContactId]], queues: list[QueueName]) -> None:
        """The supervisor does something, and again later."""
        random = self.random
        what = random.randrange(6)
        if what >= 4:
            self._call_back(live, random.choice(queues))
        elif what == 0 and (calls := live()):
            self.ask(HangUpRequested(request=self.request(), contact=random.choice(calls)))
        elif what == 1:
            queue, draining = random.choice(queues), random.random() < 0.5
            self.ask(DrainRequested(request=self.request(), queue=queue, draining=draining))
        elif what == 2:
            self._train(random.choice(sorted(self.directory)))
        elif what == 3:
            self._replace(random.choice(sorted(self.directory)))
        if self.agenda.now < self.until:
            self.agenda.on_tick(random.uniform(20, 120), lambda: self.meddle(live, queues))

    def _call_back(self, live: Callable[[], list[ContactId]], queue: QueueName) -> None:
        """Have somebody called back, or do something about one who is to be."""
        random, now, request = self.random, self.agenda.now, self.request()
        if random.random() < DIALS_BY_HERSELF:
            agent, number = random.choice(sorted(self.directory)), number_of(random.randrange(CALLERS))
            self.ask(DialRequested(request=request, agent=agent, number=number, queue=queue))
            return
        what, calls = random.randrange(5), live()
        if what < 3 or not calls:
            not_before = random.choice((0.0, now + random.uniform(1.0, 60.0)))
            number = number_of(random.randrange(CALLERS))
            self.ask(CallbackRequested(request=request, queue=queue, number=number, not_before=not_before, by="boss"))
        elif what == 3:
            self.ask(CallbackNowRequested(request=request, contact=random.choice(calls), by="boss"))
        else:
            self.ask(CallbackCancelRequested(request=request, contact=random.choice(calls), by="boss"))

    def _train(self, agent: AgentId) -> None:
        known = self.directory[agent]
        trained = replace(known, skills=draw_skills(self.random))
        if any(one.phone.nailed for one in self.directory.values()):  # where some are, others may become so
            trained = replace(trained, phone=draw_phone(self.random))
        if self.ask(AgentSaved(request=self.request(), agent=trained)) == "":
            self.directory[agent] = trained
            if known.phone.outside != trained.phone.outside:  # the accounts are written anew, and all phones listed
                self.asterisk.tell_phone(known.number)

    def _replace(self, agent: AgentId) -> None:
        """Somebody else gets the desk, the id and the number: old skills must not stick."""
        was = self.directory[agent]
        self.ask(AgentStatusRequested(request=self.request(), agent=agent, status=AgentStatus.LOGGED_OUT))
        if self.ask(AgentRemoved(request=self.request(), agent=agent)) == "":
            new = replace(was, skills={skill: 1 for skill in SKILLS if self.random.random() < 0.4})
            if self.ask(AgentSaved(request=self.request(), agent=new)) == "":
                self.directory[agent] = new
            self.asterisk.tell_phone(was.number)


class Desk:
    """One agent at her phone."""

    def __init__(self, staff: Staff, agent: Agent) -> None:
        self._staff = staff
        self._agent = agent.id
        self._number = agent.number
        self._met: LegId | None = None

    def log_in(self) -> None:
        """By request, or by feature code."""
        staff = self._staff
        if staff.random.random() < 0.3:
            self._dial("*11")
        else:
            self._become(AgentStatus.AVAILABLE)

    def mood(self) -> None:
        """Do something, now and then."""
        staff, random = self._staff, self._staff.random
        what = random.randrange(16)
        if what < 3:
            self._become(AgentStatus.PAUSED, random.choice(REASONS))
        elif what < 9:
            self._become(AgentStatus.AVAILABLE)
        elif what == 9:
            self._become(AgentStatus.LOGGED_OUT)
        elif what == 10:
            self._dial(random.choice(sorted(WISHES)))
        elif what == 11:
            self._lose_phone()
        elif what == 12:
            staff.ask(
                WrapUpRequested(request=staff.request(), agent=self._agent, extend_s=random.choice((0.0, 5.0, -1.0)))
            )
        if staff.agenda.now < staff.until:
            staff.agenda.on_tick(random.expovariate(1 / MOOD_S), self.mood)

    def rings(self, leg: LegId) -> None:
        """Mostly answer."""
        staff, random = self._staff, self._staff.random
        what = random.random()
        if what < 0.75:
            staff.agenda.on_tick(random.choice((0.5, 2, 5, random.random() * 12)), lambda: staff.asterisk.pick_up(leg))
        elif what < 0.85:
            how = random.choice((LegEnd.REJECTED, LegEnd.BUSY, LegEnd.UNREACHABLE, LegEnd.FAILED, LegEnd.NORMAL))
            staff.agenda.on_tick(random.random() * 4, lambda: staff.asterisk.decline(leg, how))
        # otherwise nobody is there: it rings until somebody stops it

    def hears(self, leg: LegId, prompts: tuple[str, ...]) -> None:
        """Of a message: press a key, the right one or not, or put the phone down; else nothing."""
        staff, random = self._staff, self._staff.random
        if prompts and prompts[-1] == CONFIRM_PROMPT:
            self._is_asked(leg)
        if not prompts or prompts[0] not in (FROM_PROMPT, KEYS_PROMPT, REFUSED_PROMPT):
            return
        key = random.choice("###12219*")
        what = random.random()
        if what < 0.7:
            staff.agenda.on_tick(random.random() * 6, lambda: staff.asterisk.press(leg, key))
        elif what < 0.85:
            staff.agenda.on_tick(random.random() * 6, lambda: staff.asterisk.hang_up(leg))
        if prompts[0] == FROM_PROMPT:  # nobody else would end it
            staff.agenda.on_tick(TALK_MAX_S, lambda: staff.asterisk.hang_up(leg))

    def _is_asked(self, leg: LegId) -> None:
        """Mostly press the key; sometimes another, or put the phone down, or be a voicemail."""
        staff, random = self._staff, self._staff.random
        what = random.random()
        if what < 0.85:
            key = random.choice("111115521")
            staff.agenda.on_tick(random.random() * 6, lambda: staff.asterisk.press(leg, key))
        elif what < 0.9:
            staff.agenda.on_tick(random.random() * 4, lambda: staff.asterisk.hang_up(leg))

    def meets(self, leg: LegId) -> None:
        """Talk; sometimes end the call, sometimes the wrap-up. Of a phone that stays connected: rarely."""
        staff = self._staff
        if self._met == leg:
            if staff.random.random() < DROPS and staff.is_nailed(self._agent):
                staff.agenda.on_tick(staff.random.uniform(0.5, TALK_MAX_S), lambda: staff.asterisk.hang_up(leg))
            return
        self._met = leg
        random = staff.random
        if staff.controls is not None:
            staff.controls.talks(self._agent)
        if random.random() < 0.5:
            staff.agenda.on_tick(random.uniform(0.5, TALK_MAX_S), lambda: staff.asterisk.hang_up(leg))

    def gone(self, leg: LegId) -> None:
        """The call is over; now and then she is done at once, or needs longer."""
        staff, random = self._staff, self._staff.random
        if self._met == leg and random.random() < 0.4:
            extend_s = random.choice((0.0, 0.0, 8.0))
            wrap_up = WrapUpRequested(request=staff.request(), agent=self._agent, extend_s=extend_s)
            staff.agenda.on_tick(random.random() * 4, lambda: staff.ask(wrap_up))

    def _become(self, status: AgentStatus, reason: str = "") -> None:
        staff = self._staff
        staff.ask(AgentStatusRequested(request=staff.request(), agent=self._agent, status=status, reason=reason))

    def _dial(self, code: str) -> None:
        staff = self._staff
        if staff.asterisk.registered[self._number]:
            leg = staff.asterisk.call_in(self, caller=self._number, dialled=code, agent_number=self._number)
            staff.agenda.on_tick(staff.random.uniform(2, 30), lambda: staff.asterisk.hang_up(leg))

    def _lose_phone(self) -> None:
        staff = self._staff
        staff.asterisk.register(self._number, False)
        staff.agenda.on_tick(staff.random.uniform(2, 40), lambda: staff.asterisk.register(self._number, True))
