"""What comes next for a live contact, in sentences. Knows the words for every deadline; looks at nothing itself."""

from collections.abc import Callable, Mapping
from typing import Final

from callcenter.core.explain import Reason
from callcenter.core.outlook import GIVEN_UP, Outlook, Upcoming
from callcenter.core.timers import TimerKind
from callcenter.jobs.wording import NAMED_MAX, asked_words, duration, listed, target_words, who_and_why
from callcenter.model.callback import CallbackStep
from callcenter.model.contact import ContactState
from callcenter.model.relaxation import Ageing

SOON_MAX: Final = 3  # agents whose wrap-up or rest ends that are named


def where_words(found: Outlook) -> str:  # noqa: C901 (one arm per state)
    """Where the contact is now."""
    since = duration(found.state_s)
    match found.state:
        case ContactState.PROMISED if found.message:
            return f"is a message that waits to be heard (queue {found.queue}), for {since}"
        case ContactState.CONNECTED if found.message:
            return f"is a message that {found.agent} hears, for {since}"
        case ContactState.IN_FLOW:
            return f"is in the flow {found.flow}, at {found.node}, for {since}"
        case ContactState.WAITING:
            return f"waits in queue {found.queue}, number {found.position} of {found.waiting}, for {since}"
        case ContactState.PROMISED:
            return f"waits without the caller, who will be called back (queue {found.queue}), for {since}"
        case ContactState.DIALLING:
            with_ = f", and {found.agent} waits for her" if found.agent is not None else ""
            return f"is being made: the customer's phone rings (queue {found.queue}{with_}), for {since}"
        case ContactState.CALLED:
            return f"is being made by a campaign: the customer's phone rings for {since}"
        case ContactState.OFFERED:
            return f"is in queue {found.queue}; the phone of {listed(found.rung)} rings for {since}"
        case ContactState.CONNECTING:
            return f"{found.agent} has answered; the caller hears the announcement before the talk"
        case ContactState.CONNECTED:
            return f"talks with {found.agent} for {since}"
        case ContactState.PARKED:
            rings = f"; the phone of {listed(found.rung)} rings for it" if found.rung else ""
            return f"is parked in slot {found.slot} by {found.agent}, for {since}{rings}"
        case ContactState.FORWARDED:
            return f"talks with an outside number for {since}"
        case _:
            return "is over"


def agents_words(found: Outlook) -> list[str]:
    """Who could serve it, and what they are doing."""
    if found.state not in (ContactState.WAITING, ContactState.OFFERED, ContactState.PROMISED):
        return []
    if not found.agents and found.rung:
        return []
    if not found.agents:
        return [f"nobody is at work who could take it: it asks for {asked_words(found.needs)}"]
    more = " more" if found.rung else ""
    could = f"1{more} agent is" if len(found.agents) == 1 else f"{len(found.agents)}{more} agents are"
    said = [f"{could} at work who could take it ({asked_words(found.needs)})"]
    if found.wait is not None:
        sure = "" if found.wait.confident else f" (not sure: {found.wait.doubt})" if found.wait.doubt else " (not sure)"
        low, high = duration(found.wait.p50_s), duration(found.wait.p90_s)
        said.append(f"if it stays, it probably waits about {low} more, and hardly longer than {high}{sure}")
    if found.ageing is not None:
        said.append(_priority_words(found.priority, found.priority_max, found.ageing))
    if found.elsewhere:
        calls = "1 call of another queue is" if found.elsewhere == 1 else f"{found.elsewhere} calls of other queues are"
        by = "by priority, by the need of the queue" if found.ranks_queues else "by priority"
        said.append(f"{calls} before it for these agents ({by}, or by waiting longer)")
    together: dict[Reason | None, list[str]] = {}
    for standing in found.agents:
        together.setdefault(standing.reason, []).append(standing.agent)
    for reason, agents in sorted(together.items(), key=lambda item: (-len(item[1]), item[1])):
        if reason is None:
            said.append(f"{listed(agents)} {'is' if len(agents) == 1 else 'are'} free")
        else:
            said.append(who_and_why(agents, reason))
    return said


def _priority_words(now: float, most: float, ageing: Ageing) -> str:
    if now >= most:
        return f"its priority has grown with its wait to {most:g}, and grows no more"
    return f"its priority is {now:.1f} by now; it grows by {ageing.per_minute:g} a minute, to {most:g} at most"


def next_words(found: Outlook) -> list[tuple[float, str]]:
    """What will happen, soonest first; of many agents who become free only the first few."""
    said: list[tuple[float, str]] = []
    freed = 0
    for coming in found.upcoming:
        if coming.kind in (TimerKind.WRAP_UP, TimerKind.REST):
            freed += 1
            if freed > SOON_MAX:
                continue
        said.append((coming.at, DEADLINE_WORDS[coming.kind](coming)))
    return said


def otherwise_words(found: Outlook) -> str:
    """What nobody can know the time of."""
    match found.state:
        case ContactState.WAITING if found.agents:
            return "as soon as one of them is free and nobody is before it in line, she is rung for this call"
        case ContactState.WAITING:
            return "as soon as somebody logs in who could take it, she is rung for this call"
        case ContactState.OFFERED if found.message:
            return "when the phone is answered, the message is played"
        case ContactState.OFFERED:
            return "when the phone is answered, the two are connected"
        case ContactState.PROMISED if not found.agents:
            return "as soon as somebody logs in who could take it, and its turn has come, it goes on"
        case ContactState.PROMISED if found.message:
            return "as soon as one of them is free and its turn has come, she is rung for it and the message is played"
        case ContactState.PROMISED:
            return "once its time has come and one of them is free and nobody before it in line, the customer is called"
        case ContactState.CONNECTED if found.message:
            return "it ends when she says that it is done; if she hangs up without that, it comes back into line"
        case ContactState.PARKED:
            return f"whoever dials {found.slot}, or picks it up by a request, has it"
        case ContactState.CONNECTED | ContactState.FORWARDED:
            return "it ends when one of the two hangs up"
        case _:
            return ""


def _relax(coming: Upcoming) -> str:
    added = (
        f"which {listed(coming.added, NAMED_MAX)} could take as well"
        if coming.added
        else "but nobody more is at work who could take it then"
    )
    kept = coming.needs.removeprefix("@") if coming.needs.startswith("@") and " " not in coming.needs else ""
    why = {TimerKind.STICKY: "it is not kept for one agent any longer", TimerKind.RESERVE: "the reserve may take it"}
    if kept and coming.kind is not TimerKind.STICKY:
        return f"{why.get(coming.kind, 'less is asked for')}, once it is no longer kept for {kept}"
    return f"{why.get(coming.kind, 'less is asked for')}, {asked_words(coming.needs)}, {added}"


CALLBACK_STEPS: Final[Mapping[str, str]] = {
    CallbackStep.RESTING: "its time comes: the customer may be called back from then on",
    CallbackStep.ASKING: "the law is asked again whether the customer may be called",
    GIVEN_UP: "the promise is given up, if the customer has not been reached by then",
    CallbackStep.DUE: "the time in which the customer may be called ends for now",
}
"""What the deadline of a promise means, by how far it has come."""

DEADLINE_WORDS: Final[Mapping[TimerKind, Callable[[Upcoming], str]]] = {
    TimerKind.FLOW_WAIT: lambda _: "the flow stops waiting for a key",
    TimerKind.CUT_OFF: lambda _: "a prompt has failed; if the caller is still there, the call goes on",
    TimerKind.MESSAGE: lambda _: "the message is at its longest and ends",
    TimerKind.LOOKUP: lambda _: "the program that was asked is not waited for any longer",
    TimerKind.PAYMENT: lambda _: "whoever was asked for a payment is not waited for any longer",
    TimerKind.SCRIPT: lambda _: "the script has had its time, and the call is fetched back",
    TimerKind.CONSULT: lambda _: "whom its agent calls aside is not rung any longer",
    TimerKind.PARK: lambda _: "nobody has picked it up: back to who parked it, or into its queue, first in line",
    TimerKind.PICK_UP: lambda _: "the phone of whoever picks it up is not rung any longer",
    TimerKind.FORWARD: lambda _: "the outside number is not rung any longer",
    TimerKind.OFFER: lambda one: (
        f"{one.agent} has let it ring too long; the next one is tried, the call keeps its place"
    ),
    TimerKind.ANNOUNCE: lambda _: "the caller hears an announcement",
    TimerKind.RELAX: _relax,
    TimerKind.STICKY: _relax,
    TimerKind.RESERVE: _relax,
    TimerKind.MAX_WAIT: lambda one: f"it has waited as long as the queue allows, and then {target_words(one.target)}",
    TimerKind.CALLBACK: lambda one: CALLBACK_STEPS.get(one.step, "the promise to call back is looked at again"),
    TimerKind.CALLBACK_RING: lambda one: (
        "what the law says is not waited for any longer"
        if one.step == CallbackStep.ASKING
        else "the customer's phone is not rung any longer"
    ),
    TimerKind.PACE: lambda _: "the campaign asks how many lines to dial",
    TimerKind.DIAL: lambda _: "the customer's phone has rung for long enough",
    TimerKind.DETECT: lambda _: "the detector is not waited for: it counts as a person",
    TimerKind.BEEP: lambda _: "the machine's beep is not waited for any longer",
    TimerKind.DROP: lambda _: "no agent is there in time: it is said who called, and it counts as a drop",
    TimerKind.SETTLE: lambda _: "what the agent would record is not waited for any longer",
    TimerKind.MAIL: lambda _: "the message is in line again, and an agent who is free is rung for it",
    TimerKind.CLOSING: lambda one: f"the hours of the queue end or begin; at the end {target_words(one.target)}",
    TimerKind.TELLING: lambda _: "the agent has been told that a supervisor hears her",
    TimerKind.RECORDING: lambda _: "the recording has been paused for as long as it may be, and goes on",
    TimerKind.RECORD_AGAIN: lambda _: "the recording, which could not be begun, is tried once more",
    TimerKind.PHONE_USE: lambda one: f"if the phone of {one.agent} is still in use, it is so from outside",
    TimerKind.NAIL: lambda one: f"the phone of {one.agent} is not rung any longer, or is called again, to be nailed up",
    TimerKind.TOLD: lambda one: f"{one.agent} has been told who it is",
    TimerKind.TONE: lambda one: f"{one.agent} has heard the tone of a call",
    TimerKind.WRAP_UP: lambda one: f"{one.agent} has done with the call before, at the latest",
    TimerKind.REST: lambda one: f"{one.agent} may be offered calls again",
}
"""One per kind of deadline."""
