"""What is done with live calls, over the control socket. Knows bodies and addresses; decides nothing."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from callcenter.model.control import ConsultAct, TransferTo
from callcenter.model.events import (
    ConsultActRequested,
    ConsultRequested,
    DialRequested,
    Event,
    HangUpRequested,
    HoldRequested,
    KeysRequested,
    MuteRequested,
    TransferRequested,
)
from callcenter.model.ids import AgentId, ContactId, FlowName, QueueName, RequestId
from callcenter.model.parking import ParkRequested, PickUpRequested
from callcenter.model.payment_messages import PaymentCancelRequested, PaymentRequested
from callcenter.web.wire import body

Ask = Callable[[Callable[[RequestId], Event]], Awaitable[web.Response]]
"""Puts the event of a request to the center, and answers."""


class CallDeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/hangup, hold, resume, mute, unmute, conference, swap, drop."""

    by: str = ""


class KeysWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/keys."""

    keys: str
    by: str = ""


class DialWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/dial."""

    agent: str
    number: str
    queue: str
    name: str = ""
    by: str = ""


class TransferWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/transfer; without `to`: to the one who is consulted."""

    to: TransferTo | None = None
    name: str = ""
    priority: int | None = None
    needs: str | None = None
    by: str = ""


class ConsultWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/consult."""

    to: TransferTo
    name: str
    by: str = ""


class ParkWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/park; without `slot`: in the first one that is free."""

    slot: str = ""
    by: str = ""


class PickUpWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/slots/{slot}/pick-up."""

    agent: str
    by: str = ""


class PaymentWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/calls/{id}/pay."""

    flow: FlowName
    by: str = ""


DEEDS: Final[dict[str, Callable[[RequestId, ContactId, str], Event]]] = {
    "hangup": lambda request, contact, by: HangUpRequested(request=request, contact=contact, by=by),
    "hold": lambda request, contact, by: HoldRequested(request=request, contact=contact, held=True, by=by),
    "resume": lambda request, contact, by: HoldRequested(request=request, contact=contact, held=False, by=by),
    "mute": lambda request, contact, by: MuteRequested(request=request, contact=contact, muted=True, by=by),
    "cancel-payment": lambda request, contact, by: PaymentCancelRequested(request=request, contact=contact, by=by),
    "unmute": lambda request, contact, by: MuteRequested(request=request, contact=contact, muted=False, by=by),
    **{
        act.value: lambda request, contact, by, act=act: ConsultActRequested(  # type: ignore[misc]
            request=request, contact=contact, act=act, by=by
        )
        for act in (ConsultAct.CONFERENCE, ConsultAct.SWAP, ConsultAct.DROP)
    },
}
"""What needs no more than the call: the last part of the address -> the event."""


class CallRequests:
    """Takes them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def routes(self) -> list[web.RouteDef]:
        """All that can be done with a live call."""
        return [
            *(web.post(f"/v1/calls/{{contact}}/{deed}", self._deed) for deed in DEEDS),
            web.post("/v1/calls/{contact}/keys", self._keys),
            web.post("/v1/dial", self._dial),
            web.post("/v1/calls/{contact}/transfer", self._transfer),
            web.post("/v1/calls/{contact}/consult", self._consult),
            web.post("/v1/calls/{contact}/pay", self._pay),
            web.post("/v1/calls/{contact}/park", self._park),
            web.post("/v1/slots/{slot}/pick-up", self._pick_up),
        ]

    async def _deed(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, CallDeed), _contact(request)
        event = DEEDS[request.path.rpartition("/")[2]]
        return await self._ask(lambda number: event(number, contact, wish.by))

    async def _keys(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, KeysWish), _contact(request)
        return await self._ask(
            lambda number: KeysRequested(request=number, contact=contact, digits=wish.keys, by=wish.by)
        )

    async def _dial(self, request: web.Request) -> web.Response:
        wish = await body(request, DialWish)
        return await self._ask(
            lambda number: DialRequested(
                request=number,
                agent=AgentId(wish.agent),
                number=wish.number,
                queue=QueueName(wish.queue),
                name=wish.name,
                by=wish.by,
            )
        )

    async def _transfer(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, TransferWish), _contact(request)
        to = wish.to
        if to is None:
            return await self._ask(
                lambda number: ConsultActRequested(request=number, contact=contact, act=ConsultAct.TRANSFER, by=wish.by)
            )
        return await self._ask(
            lambda number: TransferRequested(
                request=number,
                contact=contact,
                to=to,
                name=wish.name,
                priority=wish.priority,
                needs=wish.needs,
                by=wish.by,
            )
        )

    async def _consult(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, ConsultWish), _contact(request)
        return await self._ask(
            lambda number: ConsultRequested(request=number, contact=contact, to=wish.to, name=wish.name, by=wish.by)
        )

    async def _pay(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, PaymentWish), _contact(request)
        return await self._ask(
            lambda number: PaymentRequested(request=number, contact=contact, flow=wish.flow, by=wish.by)
        )

    async def _park(self, request: web.Request) -> web.Response:
        wish, contact = await body(request, ParkWish), _contact(request)
        return await self._ask(
            lambda number: ParkRequested(request=number, contact=contact, slot=wish.slot, by=wish.by)
        )

    async def _pick_up(self, request: web.Request) -> web.Response:
        wish, slot = await body(request, PickUpWish), request.match_info["slot"]
        return await self._ask(
            lambda number: PickUpRequested(request=number, agent=AgentId(wish.agent), slot=slot, by=wish.by)
        )


def _contact(request: web.Request) -> ContactId:
    return ContactId(request.match_info["contact"])
