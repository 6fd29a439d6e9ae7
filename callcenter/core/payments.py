"""Payments by the keys of a telephone: what is typed of a card, and the agent who waits meanwhile. Knows no digit.

Theory: a card is opened when its node is entered, and from then on every digit is kept aside by whoever feeds the
engine, under the card's id; the engine counts them (`card_digits`), so both mean the same digit by the same number.
A digit that comes for another card than the one it was kept under is dropped. Nothing is asked for twice: what was sent
and not answered is unknown, also after a restart.

A payment that an agent begins is a hold (`HeldBy.PAYMENT`): she is out of the bridge, hears nothing of keys and
prompts, and cannot come back before it is over. The recording is paused before the first prompt and goes on when she is
back; while it lasts nobody and no cap can resume it. Alone in her bridge, who presses keys is sent nothing and
sends no sound, and a recording of nothing is too short; so silence is played there, as a class of music.
"""

from collections.abc import Mapping
from typing import Final

from callcenter.core import control, recording, voice
from callcenter.core.errands import host_of
from callcenter.core.state import ContactRecord
from callcenter.core.timers import TimerKind
from callcenter.core.world import World
from callcenter.model.card import TAKEN, CardPart, CardSlice, Paying, PaymentOutcome, PaymentStep
from callcenter.model.commands import StartMusic, StopMusic
from callcenter.model.control import HeldBy
from callcenter.model.flow import PartChecked, PayByCard, PaymentDone
from callcenter.model.ids import FlowName
from callcenter.model.payment_messages import CheckCard, ForgetCard, PaymentAside, PaymentMoved, PostCard

GRACE_S: Final = 1.0  # an answer is not waited for longer than this beyond the payment's own time
SILENCE: Final = "silence"  # a class of asterisk-conf/musiconhold.conf
PAYMENT: Final = "payment"  # who has paused the recording


class Payments:
    """Cards that are being typed, one for each contact at most."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    # -- a card ------------------------------------------------------------------------------------------------------

    def take_card(self, contact: ContactRecord) -> None:
        """A new card is typed from here on."""
        world = self._world
        self.forget_card(contact)
        contact.card, contact.card_digits, contact.card_sent = world.mints().card(), 0, False
        world.cards[contact.card] = contact.id
        self._tell(contact, PaymentStep.BEGAN)

    def digit(self, contact: ContactRecord) -> int:
        """One more digit was kept aside: which."""
        contact.card_digits += 1
        return contact.card_digits - 1

    def check(self, contact: ContactRecord, part: CardSlice, *, luhn: bool) -> PartChecked | None:
        """Have a part looked at; gives the answer at once if there is nothing to be looked at."""
        if contact.card is None:
            return PartChecked(ok=False)
        self._world.out.append(CheckCard(contact=contact.id, card=contact.card, slice=part, luhn=luhn))
        return None

    def checked(self, contact: ContactRecord, part: CardPart, *, ok: bool) -> PartChecked:
        """It was looked at."""
        self._tell(contact, TAKEN[part] if ok else PaymentStep.WRONG)
        return PartChecked(ok=ok)

    def pay(self, contact: ContactRecord, pay: PayByCard) -> PaymentDone | None:
        """Ask for a payment; gives the end of it at once if that may not be."""
        world = self._world
        host = host_of(pay.url)
        if contact.card is None:
            return PaymentDone(outcome=PaymentOutcome.FAILED)
        if host not in world.configuration.lookup_hosts:
            world.surprise(f"no payment may be asked of {host!r}", contact)
            return self.paid(contact, PaymentOutcome.FAILED, detail="its host is not in lookups.yaml")
        contact.card_sent = True
        world.timers.set(TimerKind.PAYMENT, contact.id, world.now + pay.timeout_s + GRACE_S)
        world.out.append(
            PostCard(
                contact=contact.id,
                card=contact.card,
                name=f"{contact.flow}.{contact.node}",
                url=pay.url,
                timeout_s=pay.timeout_s,
                slices=pay.slices,
                take=pay.take,
                headers=pay.headers,
                secret_headers=pay.secret_headers,
                body=pay.body,
            )
        )
        self._tell(contact, PaymentStep.SENT)
        return None

    def paid(
        self,
        contact: ContactRecord,
        outcome: PaymentOutcome,
        values: Mapping[str, str] | None = None,
        last: str = "",
        detail: str = "",
    ) -> PaymentDone:
        """What came of it; the card is not needed any more."""
        self._tell(contact, PaymentStep(outcome.value), last=last, detail=detail)
        contact.card_sent = False
        self._drop(contact)
        return PaymentDone(outcome=outcome, values=values or {}, last=last)

    def forget_card(self, contact: ContactRecord) -> None:
        """The node is left, or the contact is over: nothing is kept of what was typed."""
        if contact.card is not None:
            self._tell(contact, PaymentStep.UNKNOWN if contact.card_sent else PaymentStep.GIVEN_UP)
            contact.card_sent = False
            self._drop(contact)

    def _drop(self, contact: ContactRecord) -> None:
        world = self._world
        if contact.card is not None:
            world.out.append(ForgetCard(contact=contact.id, card=contact.card))
            world.cards.pop(contact.card, None)
            world.timers.cancel(TimerKind.PAYMENT, contact.id)
            contact.card = None

    def _tell(self, contact: ContactRecord, step: PaymentStep, last: str = "", detail: str = "") -> None:
        if contact.card is not None:
            moved = PaymentMoved(
                contact=contact.id, card=contact.card, step=step, agent=contact.agent, last=last, detail=detail
            )
            self._world.out.append(moved)

    # -- beside a talk -----------------------------------------------------------------------------------------------

    def hindrance(self, contact: ContactRecord, flow: FlowName) -> str:
        """Why the customer of a talk cannot be led through this flow now, in words, or ""."""
        known = self._world.library[contact.version].flows.get(flow)
        if known is None:
            return f"there is no flow {flow}"
        if known.not_aside:
            return f"flow {flow} cannot run beside a talk: its node {known.not_aside} leads the call away"
        if contact.consult is not None or contact.guests:
            return "others are in the call: drop them first"
        return ""

    def step_aside(self, contact: ContactRecord, flow: FlowName, by: str) -> None:
        """The recording pauses, and the agent is out of the bridge: before anything is said."""
        world = self._world
        pauses = contact.recording is not None and not contact.recording_paused
        holds = contact.held_since is None
        if pauses:
            recording.pause(world, contact, PAYMENT)
        contact.paying = Paying(by=by, flow=contact.flow, node=contact.node, pauses=pauses, holds=holds)
        if holds:
            control.hold(world, contact, HeldBy.PAYMENT)
        voice.stop_music(world, contact)
        world.out.append(StartMusic(contact=contact.id, bridge=voice.bridge_of(contact), music=SILENCE))
        agent, _ = control.agent_of(contact)
        world.out.append(PaymentAside(contact=contact.id, agent=agent, flow=flow, began=True, by=by))

    def step_back(self, contact: ContactRecord, why: str, *, talk_over: bool) -> None:
        """The silence ends; the agent is back, and the recording goes on, unless the talk is over as well."""
        world, paying = self._world, contact.paying
        if paying is None:
            return
        agent, _ = control.agent_of(contact)
        flow = contact.flow
        contact.paying = None
        contact.flow, contact.node = paying.flow, paying.node
        if flow is not None:
            world.out.append(PaymentAside(contact=contact.id, agent=agent, flow=flow, began=False, why=why))
        world.out.append(StopMusic(contact=contact.id, bridge=voice.bridge_of(contact)))
        if talk_over:
            return
        if paying.holds:
            control.resume(world, contact)
        else:
            control.play_music(world, contact)
        if paying.pauses:
            recording.resume(world, contact, PAYMENT)
