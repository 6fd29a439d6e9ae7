"""`callcenter calls hold, transfer, consult ...`: what agents do with live calls. Decides nothing."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

import typer

from callcenter.cli.find import Call, live_contact
from callcenter.cli.screen import Json, emit, say
from callcenter.cli.site import site_of

Agent = Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Her id.")]
Extension = Annotated[
    str | None, typer.Option("--extension", metavar="NUMBER", help="An agent's number, or one that leads to a flow.")
]
Number = Annotated[
    str | None, typer.Option("--number", metavar="NUMBER", help="Outside, if `forward_to` in numbers.yaml allows it.")
]
DONE: Final = {
    "hold": "is on hold",
    "resume": "is off hold",
    "mute": "does not hear the agent any more",
    "unmute": "hears the agent again",
    "conference": "is a conference",
    "swap": "is with the other one now",
    "drop": "is without the one who was consulted",
    "cancel-payment": "is with its agent again",
}


def hold(context: typer.Context, call: Call, json: Json = False) -> None:
    """Put the caller on hold: she hears music, and the agent hears nothing."""
    _do(context, call, "hold", json=json)


def resume(context: typer.Context, call: Call, json: Json = False) -> None:
    """Take the caller off hold."""
    _do(context, call, "resume", json=json)


def mute(context: typer.Context, call: Call, json: Json = False) -> None:
    """Let nobody hear the agent; she goes on hearing the others."""
    _do(context, call, "mute", json=json)


def unmute(context: typer.Context, call: Call, json: Json = False) -> None:
    """Let the agent be heard again."""
    _do(context, call, "unmute", json=json)


def keys(
    context: typer.Context,
    call: Call,
    digits: Annotated[str, typer.Argument(metavar="KEYS", help="0-9, *, #, A-D.")],
    json: Json = False,
) -> None:
    """Send keys to whom the agent speaks with."""
    _act(context, call, "keys", f"was sent {len(digits)} keys", json=json, keys=digits)


def dial(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Who calls; her phone is rung first.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Outside, if `callback_to` allows it.")],
    queue: Annotated[str, typer.Option("--queue", metavar="QUEUE", help="Whose rules hold for the talk.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the customer.")] = "",
    json: Json = False,
) -> None:
    """Let an agent call a customer now: her phone rings, then the customer's."""
    wish = {"agent": agent, "number": number, "queue": queue, "name": name}
    site_of(context).center.dial(wish)
    if json:
        emit({"agent": agent, "number": number, "queue": queue})
    else:
        say(f"the phone of {agent} rings, then {number} is called")


def transfer(
    context: typer.Context,
    call: Call,
    agent: Agent = None,
    queue: Annotated[str | None, typer.Option("--queue", metavar="QUEUE", help="Its name.")] = None,
    flow: Annotated[str | None, typer.Option("--flow", metavar="FLOW", help="Its name.")] = None,
    extension: Extension = None,
    number: Number = None,
    priority: Annotated[
        int | None, typer.Option("--priority", metavar="N", help="In that queue, in place of the queue's own.")
    ] = None,
    needs: Annotated[
        str | None, typer.Option("--needs", metavar="NEEDS", help="What the next agent must be able to do, likewise.")
    ] = None,
    json: Json = False,
) -> None:
    """Hand a call on: to a place, or, if none is named, to the one whom its agent consults."""
    place = _place(agent=agent, queue=queue, flow=flow, extension=extension, number=number)
    if place is None:
        if priority is not None or needs is not None:
            raise typer.BadParameter("--priority and --needs go with --queue")
        _act(context, call, "transfer", "is with the one who was consulted", json=json)
        return
    to, name = place
    if to != "queue" and (priority is not None or needs is not None):
        raise typer.BadParameter("--priority and --needs go with --queue")
    _act(
        context,
        call,
        "transfer",
        f"goes to {to} {name}",
        json=json,
        to=to,
        name=name,
        priority=priority,
        needs=needs,
    )


def consult(
    context: typer.Context,
    call: Call,
    agent: Agent = None,
    extension: Extension = None,
    number: Number = None,
    json: Json = False,
) -> None:
    """Call somebody aside while the caller hears music; then `transfer`, `conference`, `swap` or `drop`."""
    place = _place(agent=agent, extension=extension, number=number)
    if place is None:
        raise typer.BadParameter("whom? --agent, --extension or --number")
    to, name = place
    _act(context, call, "consult", f"waits while its agent calls {name}", json=json, to=to, name=name)


def conference(context: typer.Context, call: Call, json: Json = False) -> None:
    """Bring the one who is consulted and the caller together, with the agent."""
    _do(context, call, "conference", json=json)


def swap(context: typer.Context, call: Call, json: Json = False) -> None:
    """Let the agent speak with the other one of the two: the caller, or the one who is consulted."""
    _do(context, call, "swap", json=json)


def drop(context: typer.Context, call: Call, json: Json = False) -> None:
    """Let the one go who is consulted, or who came into the conference last; the agent is back with the caller."""
    _do(context, call, "drop", json=json)


def pay(
    context: typer.Context,
    call: Call,
    flow: Annotated[str | None, typer.Option("--flow", metavar="FLOW", help="One that takes a payment.")] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Back to the agent, paid or not.")] = False,
    json: Json = False,
) -> None:
    """Let the caller pay by her keys; her agent waits, hears nothing of it, and nothing is recorded."""
    if cancel is (flow is not None):
        raise typer.BadParameter("one of --flow and --cancel")
    if cancel:
        _do(context, call, "cancel-payment", json=json)
    else:
        _act(context, call, "pay", f"is led through {flow}, and its agent waits", json=json, flow=flow)


def park(
    context: typer.Context,
    call: Call,
    slot: Annotated[str, typer.Option("--slot", metavar="SLOT", help="Left out: the first one that is free.")] = "",
    json: Json = False,
) -> None:
    """Park a call: the caller hears music in a numbered slot, her agent is free, and anybody picks her up."""
    center = site_of(context).center
    contact = live_contact(center.view().contacts, call)
    center.call_deed(contact.id, "park", slot=slot)
    where = next((one.slot for one in center.view().contacts if one.id == contact.id), slot)
    if json:
        emit({"call": contact.id, "done": "park", "slot": where or None})
    else:
        say(f"{contact.id} is parked in {where}" if where else f"{contact.id} was parked, and is so no more")


def pick_up(
    context: typer.Context,
    slot: Annotated[str, typer.Argument(metavar="SLOT", help="As `calls list` shows it.")],
    agent: Annotated[str, typer.Option("--agent", metavar="AGENT", help="Whose phone rings.")],
    json: Json = False,
) -> None:
    """Ring an agent for the call that is parked in a slot; dialling the slot from her phone does the same at once."""
    site_of(context).center.pick_up(slot, agent)
    if json:
        emit({"slot": slot, "agent": agent})
    else:
        say(f"the phone of {agent} rings for the call in {slot}")


def _place(**named: str | None) -> tuple[str, str] | None:
    """The one place that was named. Raises BadParameter for several."""
    given = [(to, name) for to, name in named.items() if name is not None]
    if len(given) > 1:
        raise typer.BadParameter(f"one place, not {len(given)}: {', '.join(f'--{to}' for to, _ in given)}")
    return given[0] if given else None


def _do(context: typer.Context, call: str, deed: str, *, json: bool) -> None:
    _act(context, call, deed, DONE[deed], json=json)


def _act(context: typer.Context, call: str, deed: str, done: str, *, json: bool, **wish: object) -> None:
    center = site_of(context).center
    contact = live_contact(center.view().contacts, call)
    center.call_deed(contact.id, deed, **wish)
    if json:
        emit({"call": contact.id, "done": deed})
    else:
        say(f"{contact.id} {done}")


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "hold": hold,
    "resume": resume,
    "mute": mute,
    "unmute": unmute,
    "keys": keys,
    "dial": dial,
    "transfer": transfer,
    "consult": consult,
    "conference": conference,
    "swap": swap,
    "drop": drop,
    "pay": pay,
    "park": park,
    "pick-up": pick_up,
}
"""What is to be found under `callcenter calls`."""
