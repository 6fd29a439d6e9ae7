"""What agents do with the calls they have: hold, mute, keys, transfer, consult, conference. Knows what people do.

Each time an agent talks she may think of something, and of something else a few seconds later: wishes that make sense,
and wishes that do not, because the engine must refuse those in words.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.events import (
    ConsultActRequested,
    ConsultRequested,
    Event,
    HoldRequested,
    KeysRequested,
    MuteRequested,
    TransferRequested,
)
from callcenter.model.ids import AgentId, ContactId, QueueName, RequestId
from callcenter.model.payment_messages import PaymentCancelRequested, PaymentRequested
from callcenter.sim.flows import MAIN, PAY
from callcenter.sim.world import Agenda

THINKS_S: Final = 12.0  # the longest that she takes to think of the next thing
BUSY_HANDS: Final = 0.5  # share of talks in which an agent does anything
AT_HER_PHONE: Final = 0.8  # share of talks in which she uses the keys of her phone,
REACHES_S: Final = 5.0  # soon after their beginning
GOES_ON: Final = 0.7  # share of deeds after which she does another
OUTSIDE: Final = ("0901234567", "0199")  # one that may be called, one that may not

Ask = Callable[[Event], str | None]


class Controls:
    """All agents' hands on all calls."""

    def __init__(
        self,
        agenda: Agenda,
        random: Random,
        ask: Ask,
        talking: Callable[[AgentId], ContactId | None],
        agents: Callable[[], list[AgentId]],
        queues: list[QueueName],
        press: Callable[[AgentId], None],
    ) -> None:
        """`talking` tells which contact an agent has now; `press` is what she does at her phone."""
        self._agenda = agenda
        self._random = random
        self._ask = ask
        self._talking = talking
        self._agents = agents
        self._queues = queues
        self._press = press
        self._requests = 0

    def talks(self, agent: AgentId) -> None:
        """An agent has been put through to somebody."""
        if self._random.random() < AT_HER_PHONE:
            self._agenda.on_tick(self._random.random() * REACHES_S, lambda: self._press(agent))
        if self._random.random() < BUSY_HANDS:
            self._agenda.on_tick(self._random.random() * THINKS_S, lambda: self._does_something(agent))

    def _does_something(self, agent: AgentId) -> None:
        contact = self._talking(agent)
        if contact is None:
            return
        self._ask(self._wish(contact))
        if self._random.random() < GOES_ON:
            self._agenda.on_tick(self._random.random() * THINKS_S, lambda: self._does_something(agent))

    def _wish(self, contact: ContactId) -> Event:
        random = self._random
        self._requests += 1
        request = RequestId(f"c{self._requests}")
        what = random.randrange(15)
        if what < 3:
            return HoldRequested(request=request, contact=contact, held=random.random() < 0.5)
        if what == 3:
            return MuteRequested(request=request, contact=contact, muted=random.random() < 0.6)
        if what == 4:
            return KeysRequested(request=request, contact=contact, digits=random.choice(("1", "12#", "", "x")))
        if what == 5:
            to, name = self._place()
            return TransferRequested(request=request, contact=contact, to=to, name=name)
        if what < 8:
            agent = random.random() < 0.7
            to = TransferTo.AGENT if agent else TransferTo.NUMBER
            name = random.choice(self._agents()) if agent else random.choice(OUTSIDE)
            return ConsultRequested(request=request, contact=contact, to=to, name=name)
        if what in (12, 13):
            return PaymentRequested(request=request, contact=contact, flow=random.choice((PAY, PAY, MAIN)))
        if what == 14:
            return PaymentCancelRequested(request=request, contact=contact)
        return ConsultActRequested(request=request, contact=contact, act=random.choice(list(ConsultAct)))

    def _place(self) -> tuple[TransferTo, str]:
        random = self._random
        match random.randrange(4):
            case 0:
                return TransferTo.AGENT, random.choice(self._agents())
            case 1:
                return TransferTo.QUEUE, random.choice(self._queues)
            case 2:
                return TransferTo.FLOW, random.choice((MAIN, "nowhere"))
            case _:
                return TransferTo.NUMBER, random.choice(OUTSIDE)
